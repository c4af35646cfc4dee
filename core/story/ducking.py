"""Ducking: a bed makes way while spots are heard over it.

What comes of it is an ordinary envelope of the bed's gain, which is drawn, heard and edited as one
that was set by hand: nothing listens in secret while the story is mixed. A spot is present from its
start to its end, as the story has them, so that a bed can be ducked before anything was rendered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.errors import StoryError
from core.story.lanes import change_lane
from core.story.limits import GAIN_RANGE, MIN_POINT_GAP, check_number
from core.story.shape import Point, cut_points
from core.story.story import Event, Story
from core.story.timeline import change

_Span = tuple[float, float]
"""Seconds of the story from and to which a spot is present."""
LONGEST_DUCK = 10.0
"""Seconds of an attack or a release."""


@dataclass(frozen=True)
class Ducking:
    """How a bed makes way.

    Attributes:
        depth_db: decibels by which it is softer while a spot is present.
        attack: seconds in which it falls, before the spot begins, so that the stroke stands clear.
        release: seconds in which it comes back after the spot.
    """

    depth_db: float = 9.0
    attack: float = 0.2
    release: float = 0.8

    def __post_init__(self) -> None:
        check_number("depth of the ducking", self.depth_db, 0.0, -GAIN_RANGE[0], "dB")
        for name, seconds in (("attack", self.attack), ("release", self.release)):
            check_number(f"{name} of the ducking", seconds, 2 * MIN_POINT_GAP, LONGEST_DUCK, "s")


def duck_event(story: Story, event_id: str, ducking: Ducking) -> Story:
    """Let a bed make way for the spots over it: its envelope of gain becomes what that takes.

    Raises:
        StoryError: no spot is heard while it is.
    """
    event = story.event(event_id)
    curve = ducking_points(_spots(story, without=(event,)), ducking)
    points = cut_points(curve, event.start, event.end)
    if not any(level for _, level in points):
        raise StoryError(f"No spot is heard over {event.caption!r}; there is nothing to duck for.")
    return change(story, event_id, gain_envelope=points)


def duck_lane(story: Story, layer: int, ducking: Ducking) -> Story:
    """Let all that lies on a layer make way for the spots of others; raises as `duck_event`."""
    own = [event for event in story.events if event.layer == layer]
    curve = ducking_points(_spots(story, without=own), ducking)
    points = cut_points(curve, 0.0, story.total)
    if not points:
        raise StoryError(f"No spot is heard on another layer than {layer}; there is nothing to do.")
    return change_lane(story, layer, gain_envelope=points)


def ducking_points(spans: Sequence[tuple[float, float]], ducking: Ducking) -> tuple[Point, ...]:
    """The envelope that makes way for spots: seconds of the story, which may begin below 0, and
    decibels.

    Args:
        spans: seconds of the story from and to which spots are present, in any order.
    """
    points: list[Point] = []
    for begin, end in _joined(spans):
        points = _up_to(points, begin, ducking)
        points += [(begin, -ducking.depth_db), (end, -ducking.depth_db)]
    return (*points, (points[-1][0] + ducking.release, 0.0)) if points else ()


def _up_to(points: list[Point], begin: float, ducking: Ducking) -> list[Point]:
    """The points so far, and how the level falls before what begins then.

    Where it has not come back by then, it turns where the two lines cross.
    """
    if not points:
        return [(begin - ducking.attack, 0.0)]
    end = points[-1][0]
    gap = begin - end
    if gap >= ducking.attack + ducking.release + MIN_POINT_GAP:
        return [*points, (end + ducking.release, 0.0), (begin - ducking.attack, 0.0)]
    share = min(1.0, gap / (ducking.attack + ducking.release))
    return [*points, (end + share * ducking.release, (share - 1.0) * ducking.depth_db)]


def _joined(spans: Iterable[_Span]) -> list[_Span]:
    """The spans in order, those that meet or nearly do as one."""
    joined: list[_Span] = []
    for begin, end in sorted(spans):
        if end - begin < MIN_POINT_GAP:
            continue
        if joined and begin - joined[-1][1] < 4 * MIN_POINT_GAP:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined


def _spots(story: Story, without: Sequence[Event]) -> list[_Span]:
    """When spots are heard other than these events."""
    left_out = {event.id for event in without}
    muted = {lane.layer for lane in story.lanes if lane.muted}
    return [
        (event.start, event.end)
        for event in story.events
        if event.id not in left_out
        and event.layer not in muted
        and not event.silent
        and story.role_of(event) == "spot"
    ]
