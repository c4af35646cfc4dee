"""Movement: what comes nearer or goes away, as settings of an event that can be changed one by one.

A macro over four things that change with distance: level (6 dB for each doubling, the inverse
distance law), brightness and width, which follow the level of these shapes
(`core.mix.automation`), and reverberation: a room answers a far sound as loudly as a near one, so
that the direct sound sinks into it (`core.mix.strip`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.story.limits import GAIN_RANGE, MIN_POINT_GAP, check_number
from core.story.shape import Point
from core.story.story import Story
from core.story.strip import FARTHEST_HEARD, RoomSend
from core.story.timeline import change

TIMES_FARTHER = 8.0
"""Three doublings of a distance: 18 dB, as `core.story.shape.FAR_DB` has it."""
OUTSIDE = RoomSend("open air", -24.0)
"""Where nothing else is said; as loud as the direct sound at 16 times the nearest distance."""
_STEP_DB = 1.0
"""Between two points of a movement: the line between them lies within 0.02 dB of the law."""
_DECIMALS = 6


def approach(story: Story, event_id: str, times: float = TIMES_FARTHER) -> Story:
    """Let an event come nearer at an even pace, from so many times its nearest distance."""
    return _moving(story, event_id, times, away=False)


def recede(story: Story, event_id: str, times: float = TIMES_FARTHER) -> Story:
    """Let an event go away at an even pace, to so many times its nearest distance."""
    return _moving(story, event_id, times, away=True)


def movement_points(times: float, seconds: float, *, away: bool) -> tuple[Point, ...]:
    """Level over time, in seconds and decibels, of what moves at an even pace for so long."""
    farthest = min(20.0 * math.log10(times), -GAIN_RANGE[0])
    count = max(1, math.ceil(farthest / _STEP_DB))
    points = []
    for step in range(count + 1):
        level = -farthest * step / count
        distance = 10.0 ** (-level / 20.0)
        share = (distance - 1.0) / (times - 1.0)
        points.append((seconds * share, level))
    if not away:
        points = [(seconds - time, level) for time, level in reversed(points)]
    return _thinned(points)


def _thinned(points: Sequence[Point]) -> tuple[Point, ...]:
    """The points less those that come too soon; both ends stay."""
    (begin, first), (end, last) = points[0], points[-1]
    inside = [(begin, first)]
    for time, level in points[1:-1]:
        if time - inside[-1][0] >= MIN_POINT_GAP and end - time >= MIN_POINT_GAP:
            inside.append((round(time, _DECIMALS), round(level, _DECIMALS)))
    return (*inside, (end, last))


def _moving(story: Story, event_id: str, times: float, *, away: bool) -> Story:
    check_number("ratio of the distances", times, 1.1, FARTHEST_HEARD, "(times)")
    event = story.event(event_id)
    points = movement_points(times, event.duration, away=away)
    return change(
        story,
        event_id,
        shape="recede" if away else "approach",
        points=points,
        room=event.room or OUTSIDE,
    )
