"""Pairs of brief and score, written one by one: what the director is to learn in stage III.

A *brief* is what a sound designer types; its *score* is the cue sheet that answers it: beds under
spots, shapes of level, repetitions, a source that returns, silence. The pairs are JSON Lines in
scores/, one file a writer, under the licence of the repository. No training uses them yet: the
director's stream does not carry these fields so far.

    python -m core.narratives.scores

prints how many there are, by genre, style and what they hold, and every fault.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from core.errors import PlanError
from core.schema import read_dataclass
from core.story.story import SILENCE

SCORES = Path(__file__).parent / "scores"
GRID_SECONDS = 0.5
"""Starts and lengths are whole multiples of it."""
SHARED_RUN = 8
"""Words in a row that no two briefs may have in common."""
"""Caption of an event during which nothing sounds."""

LevelShape = Literal["steady", "fade in", "fade out", "swell", "approach", "recede", "points"]


@dataclass(frozen=True)
class ScoreEvent:
    """One line of the cue sheet; seconds count from the beginning of the whole.

    Attributes:
        role: a bed carries on beneath, a spot happens.
        level: in the mix.
        shape: of level over the event.
        points: (seconds from its start, dB) where the shape is `points`; in a file they stand in
            place of the shape.
        count, every, at: how often the sound is struck, or with how many seconds between, or at
            which seconds from the event's start; at most one of them.
        source: place (from 0) of the earlier event whose source sounds again.
    """

    caption: str
    start: float
    seconds: float
    role: Literal["bed", "spot"]
    level: Literal["quiet", "normal", "loud"]
    shape: LevelShape
    mood: str
    points: tuple[tuple[float, float], ...] = ()
    count: int | None = None
    every: float | None = None
    at: tuple[float, ...] = ()
    source: int | None = None

    @property
    def end(self) -> float:
        return self.start + self.seconds

    @property
    def repetitions(self) -> int:
        """How many ways of repeating are given."""
        return (self.count is not None) + (self.every is not None) + bool(self.at)


@dataclass(frozen=True)
class Score:
    """A brief and its cue sheet; `style` is the way in which the brief is written."""

    brief: str
    seconds: float
    genre: str
    style: str
    reasoning: str
    events: tuple[ScoreEvent, ...]


def read_scores(folder: Path = SCORES) -> list[Score]:
    """All pairs, by file and line.

    Raises:
        PlanError: a line is no pair of this form.
    """
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            place = f"{path.name}:{number}"
            try:
                data = json.loads(line, object_hook=_with_points)
            except ValueError as cause:
                raise PlanError(f"{place} is not JSON ({cause}); mend it.") from None
            found.append(read_dataclass(Score, data, place, PlanError))
    return found


def _with_points(table: dict[str, Any]) -> dict[str, Any]:
    if isinstance(table.get("shape"), list):
        return {**table, "shape": "points", "points": table["shape"]}
    return table


def score_faults(score: Score) -> Iterator[str]:
    """What is wrong with a score, in words; what the brief asks for is not looked at."""
    starts = [event.start for event in score.events]
    if not score.events or starts != sorted(starts):
        yield "the events are not in order of start"
    for number, event in enumerate(score.events):
        yield from (f"event {number}: {fault}" for fault in _event_faults(score, number, event))


def _event_faults(score: Score, number: int, event: ScoreEvent) -> Iterator[str]:
    if not 0.0 <= event.start < event.end <= score.seconds:
        yield "it lies outside the whole"
    if event.start % GRID_SECONDS or event.seconds % GRID_SECONDS:
        yield f"its times are no multiples of {GRID_SECONDS:g} s"
    if event.repetitions > 1:
        yield "it repeats in two ways"
    if any(not 0.0 <= moment <= event.seconds for moment in event.at):
        yield "a repetition lies outside it"
    if event.source is not None and not 0 <= event.source < number:
        yield "its source is no earlier event"
    times = [time for time, _ in event.points]
    whole = len(times) > 1 and times[0] == 0.0 and times[-1] == event.seconds
    if event.shape == "points" and (times != sorted(times) or not whole):
        yield "its shape does not go from its beginning to its end"
    others = [other for other in score.events if other is not event]
    if event.caption == SILENCE and any(
        other.start < event.end and event.start < other.end for other in others
    ):
        yield "something sounds during its silence"


def shared_runs(scores: Sequence[Score]) -> list[tuple[int, int, str]]:
    """Pairs of briefs with `SHARED_RUN` words in a row in common, with the first such words."""
    seen: dict[tuple[str, ...], int] = {}
    found: dict[tuple[int, int], str] = {}
    for number, score in enumerate(scores):
        words = score.brief.lower().split()
        for start in range(len(words) - SHARED_RUN + 1):
            run = tuple(words[start : start + SHARED_RUN])
            first = seen.setdefault(run, number)
            if first != number:
                found.setdefault((first, number), " ".join(run))
    return [(first, second, run) for (first, second), run in found.items()]


def scores_report(scores: Sequence[Score]) -> str:
    """Counts by genre, style and what the scores hold, as lines of text."""
    events = [event for score in scores for event in score.events]
    held = {
        "events": len(events),
        "beds": sum(event.role == "bed" for event in events),
        "shaped": sum(event.shape != "steady" for event in events),
        "repeated": sum(event.repetitions > 0 for event in events),
        "returning sources": sum(event.source is not None for event in events),
        "silences": sum(event.caption == SILENCE for event in events),
    }
    lines = [f"{len(scores)} pairs"]
    for title, counts in (
        ("genre", Counter(score.genre for score in scores)),
        ("style", Counter(score.style for score in scores)),
        ("in them", Counter(held)),
    ):
        lines += [f"{title}:", *(f"  {name:<20}{count:>6}" for name, count in counts.most_common())]
    return "\n".join(lines)


def main() -> None:
    """Print the report and all faults."""
    scores = read_scores()
    print(scores_report(scores))
    for number, score in enumerate(scores):
        for fault in score_faults(score):
            print(f"{number} {score.brief[:50]!r}: {fault}")
    for first, second, run in shared_runs(scores):
        print(f"{first} and {second} share {run!r}")


if __name__ == "__main__":
    main()
