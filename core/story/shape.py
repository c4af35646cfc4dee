"""What a cue sheet says of an event beside sound and time: role, shape of level, repetitions.

A shape is how the level goes over the event. Named ones follow its length; points are seconds from
its start and decibels, with straight lines between them and the outer ones held. `approach` and
`recede` are more than level: what is soft because it is far is dull and narrow, too, so that they
stay what they are where points give their level, as parts of an event that was split.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Literal, get_args

from core.errors import StoryError
from core.language.score import LevelShape
from core.story.limits import (
    EVERY_RANGE,
    GAIN_RANGE,
    MAX_POINTS,
    MAX_REPETITIONS,
    MIN_POINT_GAP,
    TOLERANCE,
    check_number,
)

Role = Literal["bed", "spot"]
"""A bed carries on beneath, a spot happens."""
Level = Literal["quiet", "normal", "loud"]
Point = tuple[float, float]
"""Seconds from the event's start, and decibels above its own level."""
ROLES: tuple[Role, ...] = get_args(Role)
LEVEL_SHAPES: tuple[LevelShape, ...] = get_args(LevelShape)
LEVEL_DB: dict[Level, float] = {"quiet": -8.0, "normal": 0.0, "loud": 6.0}
"""Decibels beside the level that suits a sound: about half and one and a half times as loud."""
DISTANT: frozenset[LevelShape] = frozenset({"approach", "recede"})
"""Shapes in which softer is farther."""
FADED_DB = -48.0
"""Where a fade begins or ends: not heard under anything."""
FAR_DB = -18.0
"""Of what approaches, at first: three doublings of its distance."""
_RISE = ((0.0, FADED_DB), (0.1, -24.0), (0.25, -14.0), (0.5, -6.0), (1.0, 0.0))
"""A fade as a mixer's hand does it: in proportion to time, to some decibels."""
_NAMED: dict[LevelShape, tuple[Point, ...]] = {
    "steady": (),
    "fade in": _RISE,
    "fade out": tuple((1.0 - share, level) for share, level in reversed(_RISE)),
    "swell": ((0.0, FAR_DB), (0.5, 0.0), (1.0, FAR_DB)),
    "approach": ((0.0, FAR_DB), (1.0, 0.0)),
    "recede": ((0.0, 0.0), (1.0, FAR_DB)),
    "points": (),
}
"""By shape: share of the event's length, and decibels."""
_DECIMALS = 6
"""Of seconds and decibels that are reckoned: what is cut and joined again is what it was."""
_ALIKE_DB = 0.01


def check_shape(shape: LevelShape, points: Sequence[Point], seconds: float) -> None:
    """Refuse a shape that an event of this length cannot have.

    Raises:
        StoryError: in a sentence that says why.
    """
    if shape == "points" and not points:
        raise StoryError('A shape of points needs some; write them like "0:-20, 3:0".')
    if points and shape != "points" and shape not in DISTANT:
        raise StoryError(f"The shape {shape!r} has no points; choose points, or leave them out.")
    check_points("shape", points, seconds, GAIN_RANGE, "dB", MAX_POINTS)


def check_points(
    name: str,
    points: Sequence[Point],
    seconds: float,
    values: tuple[float, float],
    unit: str,
    most: int,
) -> None:
    """Refuse points that a curve of this length cannot have.

    Args:
        name: of the curve, in a sentence.
        values: lowest and highest of its second numbers, which are in `unit`.
        most: points that it may have.

    Raises:
        StoryError: in a sentence that says why.
    """
    if len(points) > most:
        raise StoryError(f"A {name} has at most {most} points, not {len(points)}.")
    for time, level in points:
        check_number(f"time of a {name}'s point", time, 0.0, seconds + TOLERANCE, "seconds")
        check_number(f"level of a {name}'s point", level, *values, unit)
    for (before, _), (after, _) in itertools.pairwise(points):
        if after - before < MIN_POINT_GAP - TOLERANCE:
            raise StoryError(
                f"A {name}'s points follow one another by {MIN_POINT_GAP:g} s or more; "
                f"{after:g} s comes too soon after {before:g} s."
            )


def check_repetitions(
    count: int | None, every: float | None, at: Sequence[float], seconds: float
) -> None:
    """Refuse repetitions that an event of this length cannot have.

    Raises:
        StoryError: in a sentence that says why.
    """
    if (count is not None) + (every is not None) + bool(at) > 1:
        raise StoryError("An event repeats in one way; give how often, every so often, or when.")
    if count is not None:
        check_number("number of repetitions", count, 1, MAX_REPETITIONS, "")
    if every is not None:
        check_number("time between repetitions", every, *EVERY_RANGE, "seconds")
    if len(at) > MAX_REPETITIONS:
        raise StoryError(f"An event has at most {MAX_REPETITIONS} repetitions, not {len(at)}.")
    for moment in at:
        check_number("moment of a repetition", moment, 0.0, seconds + TOLERANCE, "seconds")
    for before, after in itertools.pairwise(at):
        if after <= before:
            raise StoryError(f"Repetitions stand in order; {after:g} s comes after {before:g} s.")


def level_points(shape: LevelShape, points: Sequence[Point], seconds: float) -> tuple[Point, ...]:
    """The curve of a shape over an event of this length; none where the level is steady."""
    if points:
        return tuple(points)
    return tuple((share * seconds, level) for share, level in _NAMED[shape])


def level_at(points: Sequence[Point], time: float) -> float:
    """Decibels of a curve at a time; 0 where there is none."""
    if not points:
        return 0.0
    for (before, low), (after, high) in itertools.pairwise(points):
        if before <= time <= after:
            return low + (high - low) * (time - before) / (after - before)
    return points[0][1] if time < points[0][0] else points[-1][1]


def cut_points(points: Sequence[Point], begin: float, end: float) -> tuple[Point, ...]:
    """A curve from `begin` (below 0: earlier than it starts) to `end`, in seconds from `begin`."""
    if not points:
        return ()
    inside = [
        (round(time - begin, _DECIMALS), level) for time, level in points if begin <= time <= end
    ]
    if points[0][0] < begin:
        inside = [p for p in inside if p[0] >= MIN_POINT_GAP]
        inside.insert(0, (0.0, round(level_at(points, begin), _DECIMALS)))
    if points[-1][0] > end:
        last = round(end - begin, _DECIMALS)
        inside = [p for p in inside if p[0] <= last - MIN_POINT_GAP]
        inside.append((last, round(level_at(points, end), _DECIMALS)))
    return tuple(inside)


def scaled_points(points: Sequence[Point], ratio: float, most: float) -> tuple[Point, ...]:
    """A curve in proportion, within `most` seconds; what comes too close then is left out."""
    scaled: list[Point] = []
    for time, level in points:
        moment = min(time * ratio, most)
        if not scaled or moment - scaled[-1][0] >= MIN_POINT_GAP:
            scaled.append((moment, level))
    return tuple(scaled)


def joined_points(first: Sequence[Point], then: Sequence[Point], seam: float) -> tuple[Point, ...]:
    """Two curves as one, the second beginning at `seam` seconds; a jump between them is steep."""
    one = list(first) or [(0.0, 0.0), (seam, 0.0)]
    one = [*one, *([(seam, one[-1][1])] if one[-1][0] < seam - MIN_POINT_GAP else [])]
    jumps = abs(level_at(then, 0.0) - one[-1][1]) > _ALIKE_DB
    start = seam + MIN_POINT_GAP if jumps else seam
    two = [(round(seam + time, _DECIMALS), level) for time, level in then]
    two = [p for p in two if p[0] >= start + MIN_POINT_GAP]
    if jumps:
        two.insert(0, (start, round(level_at(then, 0.0), _DECIMALS)))
    if not jumps and two and one[-1][0] > 0.0 and len(one) > 1:
        around = [one[-2], two[0]]
        if abs(level_at(around, one[-1][0]) - one[-1][1]) < _ALIKE_DB:
            one.pop()
    return (*one, *two)


def named_shape(shape: LevelShape, points: Sequence[Point], seconds: float) -> LevelShape | None:
    """The named shape whose curve this is, `shape` itself if it has one; None: it is no such."""
    others = LEVEL_SHAPES if shape == "points" else (shape,)
    for name in others:
        curve = level_points(name, (), seconds)
        if name == "steady":
            curve = ((0.0, 0.0),)
        if not curve or (shape == "points" and name in DISTANT):
            continue
        times = [time for time, _ in (*curve, *points)]
        if all(abs(level_at(curve, t) - level_at(points, t)) < _ALIKE_DB for t in times):
            return name
    return None
