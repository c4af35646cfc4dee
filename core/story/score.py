"""The events of a story that a score becomes, the cue sheet that a director writes."""

from __future__ import annotations

from collections.abc import Sequence

from core.language.score import ScoreEvent
from core.story.limits import MAX_LAYER, MIN_POINT_GAP, TOLERANCE
from core.story.shape import LEVEL_DB, Point
from core.story.story import Event

_MILLISECONDS = 3
MOST_LANES = 8
"""Layers up to which every source gets one of its own, as tracks do; more are packed."""


def score_events(score: Sequence[ScoreEvent], total: float) -> tuple[Event, ...]:
    """The events of a story of `total` seconds, in the order of the score, named e1, e2, ….

    Where spots fill the whole without gap or overlap they are layer 0, which tells the story;
    otherwise all lie freely above it. Spots have the lower layers, beds those after them.

    Raises:
        StoryError: a line is nothing that an event can be, in a sentence.
    """
    firsts = [_first_of_source(score, place) for place in range(len(score))]
    layers = _layers(score, firsts, total)
    return tuple(
        Event(
            id=f"e{place + 1}",
            caption=line.caption,
            start=round(line.start, _MILLISECONDS),
            duration=round(line.seconds, _MILLISECONDS),
            mood=line.mood,
            layer=layers[place],
            gain_db=LEVEL_DB[line.level],
            role=line.role,
            shape=line.shape,
            points=_spaced(line.points),
            count=line.count,
            every=line.every,
            at=tuple(sorted(set(line.at))),
            source=f"e{firsts[place] + 1}" if firsts[place] != place else None,
        )
        for place, line in enumerate(score)
    )


def _spaced(points: Sequence[Point]) -> tuple[Point, ...]:
    """Points of which none comes too soon: what jumps takes its time."""
    spaced: list[Point] = []
    for time, level in sorted(points, key=lambda point: point[0]):
        soon = bool(spaced) and time - spaced[-1][0] < MIN_POINT_GAP
        spaced.append((spaced[-1][0] + MIN_POINT_GAP if soon else time, level))
    return tuple(spaced)


def _first_of_source(score: Sequence[ScoreEvent], place: int) -> int:
    """The place of the event that has an event's source for itself."""
    seen = {place}
    while (source := score[place].source) is not None and 0 <= source < len(score):
        if source in seen:
            break
        seen.add(source)
        place = source
    return place


def _layers(score: Sequence[ScoreEvent], firsts: Sequence[int], total: float) -> list[int]:
    """A layer for each event: one for each source while they are few, else the lowest free one."""
    layers = [0] * len(score)
    spots = [place for place, line in enumerate(score) if line.role == "spot"]
    beds = [place for place, line in enumerate(score) if line.role == "bed"]
    told = _tells(sorted((score[place] for place in spots), key=lambda line: line.start), total)
    laid: list[int] = []
    few = len(set(firsts)) <= MOST_LANES
    for group in (() if told else spots, beds):
        least = max((layers[place] for place in laid), default=0) + 1
        for place in group:
            layers[place] = _layer(score, firsts, layers, laid, place, least, few)
            laid.append(place)
    return layers


def _layer(
    score: Sequence[ScoreEvent],
    firsts: Sequence[int],
    layers: Sequence[int],
    laid: Sequence[int],
    place: int,
    least: int,
    few: bool,
) -> int:
    line = score[place]
    overlapping = {
        layers[other]
        for other in laid
        if score[other].start < line.end - TOLERANCE and line.start < score[other].end - TOLERANCE
    }
    own = {layers[other] for other in laid if firsts[other] == firsts[place]} - overlapping
    if own and few:
        return min(own)
    taken = {layers[other] for other in laid} if few else overlapping
    least = min(least, MAX_LAYER)
    return next((n for n in range(least, MAX_LAYER) if n not in taken), MAX_LAYER)


def _tells(spots: Sequence[ScoreEvent], total: float) -> bool:
    """Whether spots, in order, follow one another without a gap and fill the whole."""
    clock = 0.0
    for spot in spots:
        if abs(spot.start - clock) > TOLERANCE:
            return False
        clock = spot.end
    return bool(spots) and abs(clock - total) <= TOLERANCE
