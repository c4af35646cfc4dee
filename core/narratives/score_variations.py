"""Written scores told again: a brief typed by another hand, a scene of another length.

Nothing is said that is no longer true. A score is brought to another length only where neither its
brief nor its reasoning holds a number, spots keep their natural lengths, and whatever overlapped or
came first still does; otherwise it stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from core.director.quantities import read_quantities
from core.language.score import GRID_SECONDS, ScoreEvent
from core.narratives.realisation import as_typed
from core.narratives.scores import Score, score_faults

SHORTER, LONGER = 0.7, 1.4
"""How far a scene is drawn together or out."""
_TOTALS = (8.0, 150.0)
"""Seconds of the written scores."""
_CARRIES = 0.4
"""Share of the whole from which a spot is so long that it takes part in the change."""


def varied(score: Score, rng: Random) -> Score:
    """The score with its brief typed anew and, where that is true, in another length."""
    stretched = in_another_length(score, rng.uniform(SHORTER, LONGER)) or score
    return replace(stretched, brief=as_typed(score.brief, rng))


def in_another_length(score: Score, factor: float) -> Score | None:
    """The score drawn out by a factor; None where it would no longer be true."""
    if read_quantities(score.brief) or read_quantities(score.reasoning):
        return None
    total = float(round(score.seconds * factor))
    if not _TOTALS[0] <= total <= _TOTALS[1]:
        return None
    events = [_moved(event, score.seconds, total) for event in score.events]
    if None in events:
        return None
    moved = replace(score, seconds=total, events=tuple(event for event in events if event))
    same = _relations(moved.events) == _relations(score.events)
    return moved if same and not list(score_faults(moved)) else None


def _moved(event: ScoreEvent, before: float, after: float) -> ScoreEvent | None:
    """An event in a whole of another length; None where its repetitions would have to change."""
    start, end = _on_grid(event.start * after / before), _on_grid(event.end * after / before)
    carries = event.role == "bed" or event.seconds >= _CARRIES * before
    seconds = end - start if carries else event.seconds
    if not carries and event.end == before:
        start = after - seconds
    if seconds == event.seconds:
        return replace(event, start=start)
    if seconds <= 0.0 or event.repetitions:
        return None
    points = tuple((_on_grid(t * seconds / event.seconds), level) for t, level in event.points)
    if len({time for time, _ in points}) < len(points):
        return None
    return replace(event, start=start, seconds=seconds, points=points)


def _on_grid(seconds: float) -> float:
    return round(seconds / GRID_SECONDS) * GRID_SECONDS


def _relations(events: Sequence[ScoreEvent]) -> list[tuple[bool, bool, bool]]:
    """Of every event and every other: whether it begins before it, overlaps it and outlasts it."""
    return [
        (a.start < b.start, a.start < b.end and b.start < a.end, a.end > b.end)
        for a in events
        for b in events
    ]
