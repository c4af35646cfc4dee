"""The events of a story that a score becomes, the cue sheet that a director writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.language.score import ScoreEvent
from core.story.limits import MAX_LAYER, MIN_POINT_GAP, TOLERANCE
from core.story.shape import LEVEL_DB, Level, Point, level_at
from core.story.story import Event, Story

_MILLISECONDS = 3
MOST_LANES = 8
"""Layers up to which every source gets one of its own, as tracks do; more are packed."""


def score_events(
    score: Sequence[ScoreEvent],
    total: float,
    kept: Mapping[int, Event] | None = None,
    ids: Sequence[str] = (),
) -> tuple[Event, ...]:
    """The events of a story of `total` seconds, in the order of the score, named e1, e2, ….

    Where spots fill the whole without gap or overlap they are layer 0, which tells the story;
    otherwise all lie freely above it. Spots have the lower layers, beds those after them.

    Args:
        kept: events that stay as they are, by place; none lies on layer 0, nor has the source of
            one that is not kept.
        ids: names for all events, those that are kept among them.

    Raises:
        StoryError: a line is nothing that an event can be, in a sentence.
    """
    kept = kept or {}
    firsts = [_first_of_source(score, place) for place in range(len(score))]
    layers = _layers(score, firsts, total, kept)
    names = ids or [f"e{place + 1}" for place in range(len(score))]
    sources = [
        kept[first].source or names[first] if first in kept else names[first] for first in firsts
    ]
    return tuple(
        kept.get(place)
        or Event(
            id=names[place],
            caption=line.caption,
            start=round(line.start, _MILLISECONDS),
            duration=round(line.seconds, _MILLISECONDS),
            mood=line.mood,
            layer=layers[place],
            gain_db=LEVEL_DB[line.level],
            role=line.role,
            shape=line.shape,
            points=_spaced(line.points, line.seconds),
            count=line.count,
            every=line.every,
            at=tuple(sorted(set(line.at))),
            source=sources[place] if firsts[place] != place else None,
        )
        for place, line in enumerate(score)
    )


def score_lines(story: Story, events: Mapping[int, Event], total: float) -> dict[int, ScoreEvent]:
    """The lines of a score of `total` seconds that events of a story are, by their places in it.

    What an event has besides (pan, fades, takes) is not in them.
    """
    firsts: dict[str, int] = {}
    lines = {}
    for place, event in sorted(events.items()):
        first = firsts.setdefault(event.source or event.id, place)
        line = _line_of(event, total, first if first != place else None)
        lines[place] = replace(line, role=story.role_of(event))
    return lines


def _line_of(event: Event, total: float, source: int | None) -> ScoreEvent:
    seconds = min(round(event.duration, _MILLISECONDS), total - event.start)
    curve = event.level_points if event.shape == "points" else ()
    inside = [point for point in curve if 0.0 < point[0] < seconds]
    ends = [(time, level_at(curve, time)) for time in (0.0, seconds)]
    return ScoreEvent(
        caption=event.caption,
        start=event.start,
        seconds=seconds,
        role=event.role or "spot",
        level=_level_of(event),
        shape=event.shape,
        mood=event.mood,
        points=(ends[0], *inside, ends[1]) if curve else (),
        count=event.count,
        every=event.every,
        at=tuple(moment for moment in event.at if moment <= seconds),
        source=source,
    )


def _level_of(event: Event) -> Level:
    """The level nearest to an event's gain, as far as it is known beside that of its take."""
    louder = event.trim_db
    if louder is None:
        louder = 0.0 if event.take else event.gain_db
    return min(LEVEL_DB, key=lambda level: abs(LEVEL_DB[level] - louder))


def _spaced(points: Sequence[Point], seconds: float) -> tuple[Point, ...]:
    """Points within so many seconds of which none comes too soon: what jumps takes its time."""
    spaced: list[Point] = []
    for time, level in sorted(points, key=lambda point: point[0]):
        soon = bool(spaced) and time - spaced[-1][0] < MIN_POINT_GAP
        spaced.append((spaced[-1][0] + MIN_POINT_GAP if soon else time, level))
    if spaced and spaced[-1][0] > seconds:
        before = [point for point in spaced[:-1] if point[0] <= seconds - MIN_POINT_GAP]
        spaced = [*before, (seconds, spaced[-1][1])]
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


def _layers(
    score: Sequence[ScoreEvent], firsts: Sequence[int], total: float, kept: Mapping[int, Event]
) -> list[int]:
    """A layer for each event: one for each source while they are few, else the lowest free one."""
    layers = [kept[place].layer if place in kept else 0 for place in range(len(score))]
    spots = [place for place, line in enumerate(score) if line.role == "spot"]
    beds = [place for place, line in enumerate(score) if line.role == "bed"]
    fills = _is_sequence(
        sorted((score[place] for place in spots), key=lambda line: line.start), total
    )
    fills = fills and not kept
    laid = list(kept)
    few = len(set(firsts)) <= MOST_LANES
    below: list[int] = []
    for group in ([] if fills else spots, beds):
        least = max((layers[place] for place in below), default=0) + 1
        for place in group:
            if place not in kept:
                layers[place] = _layer(score, firsts, layers, laid, place, least, few)
                laid.append(place)
        below = group
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


def _is_sequence(spots: Sequence[ScoreEvent], total: float) -> bool:
    """Whether spots, in order, follow one another without a gap and fill the whole."""
    clock = 0.0
    for spot in spots:
        if abs(spot.start - clock) > TOLERANCE:
            return False
        clock = spot.end
    return bool(spots) and abs(clock - total) <= TOLERANCE
