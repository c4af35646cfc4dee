"""Actions on channel strips: faders of lanes and of the master, envelopes, fades, ducking, and what
an event or a lane goes through. Their values are as those of `studio.editing.actions`; those on
a lane have its layer as `lane`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Literal

from core.errors import StoryError
from core.story import timeline
from core.story.ducking import Ducking, duck_event, duck_lane
from core.story.lanes import change_lane
from core.story.limits import GAIN_RANGE
from core.story.movement import TIMES_FARTHER, approach, recede
from core.story.shape import DISTANT, Point
from core.story.story import Event, Story
from core.story.strip import (
    FADE_CURVES,
    NEAR,
    ROOM_NAMES,
    Equaliser,
    Lane,
    RoomSend,
)
from studio.editing.cells import flag, number, whole, words

_Values = Mapping[str, Any]
_OnEvent = Callable[[Story, Event, _Values], Story]
_OnLane = Callable[[Story, Lane, _Values], Story]
Curve = Literal["gain", "pan", "shape"]
"""What is drawn on a block: the envelopes of gain and pan, and the shape of the level."""
_PAN_RANGE = (-1.0, 1.0)
_MILLISECONDS = 3
_HUNDREDTHS = 2
"""Decimals of decibels that a hand sets."""


def _choice(values: _Values, name: str, choices: tuple[str, ...]) -> str | None:
    """One of some words, or None for an empty one; raises StoryError."""
    word = words(values.get(name), name)
    if word and word not in choices:
        raise StoryError(f"There is no {name} called {word[:30]!r}; choose {', '.join(choices)}.")
    return word or None


def _level(values: _Values, now: float, name: str, limits: tuple[float, float]) -> float:
    """The value that is set, or the present one `by` so much more, which ends at its limits."""
    if "by" not in values:
        return number(values.get("value"), name)
    stepped = round(now + number(values.get("by"), name), _MILLISECONDS)
    return min(max(stepped, limits[0]), limits[1])


def _curve_of(values: _Values) -> Curve:
    curve = words(values.get("of", "gain"), "curve")
    if curve not in ("gain", "pan", "shape"):
        raise StoryError("A curve is one of gain, pan and shape; choose one of them.")
    return curve  # type: ignore[return-value]


def points_of(strip: Event | Lane, curve: Curve) -> tuple[Point, ...]:
    """The points of a curve: seconds, and decibels or -1 left to 1 right."""
    if curve == "gain":
        return strip.gain_envelope
    if curve == "pan":
        return strip.pan_envelope
    return strip.level_points if isinstance(strip, Event) else ()


def _with_points(
    story: Story, strip: Event | Lane, curve: Curve, points: tuple[Point, ...]
) -> Story:
    if isinstance(strip, Lane):
        if curve == "shape":
            raise StoryError("A lane has no shape; choose its gain or its pan.")
        return change_lane(story, strip.layer, **{f"{curve}_envelope": points})
    if curve == "shape":
        distant = strip.shape in DISTANT and points
        shape = strip.shape if distant else "points" if points else "steady"
        return timeline.change(story, strip.id, shape=shape, points=points)
    return timeline.change(story, strip.id, **{f"{curve}_envelope": points})


def _point(values: _Values) -> Point:
    seconds = round(number(values.get("at"), "time of the point"), _MILLISECONDS)
    return seconds, round(number(values.get("value"), "level of the point"), _HUNDREDTHS)


def _place(values: _Values, points: tuple[Point, ...]) -> int:
    place = whole(values.get("point"), "point")
    if not 0 <= place < len(points):
        raise StoryError("That point is no longer there; choose another.")
    return place


def _set_points(story: Story, strip: Event | Lane, values: _Values) -> Story:
    """All points of a curve at once; none takes it away."""
    given = values.get("points")
    if not isinstance(given, list) or not all(isinstance(p, list) and len(p) == 2 for p in given):
        raise StoryError("The points should be a list of seconds with a level each.")
    points = tuple(_point({"at": at, "value": value}) for at, value in given)
    return _with_points(story, strip, _curve_of(values), points)


def _add_point(story: Story, strip: Event | Lane, values: _Values) -> Story:
    curve, point = _curve_of(values), _point(values)
    return _with_points(story, strip, curve, tuple(sorted((*points_of(strip, curve), point))))


def _move_point(story: Story, strip: Event | Lane, values: _Values) -> Story:
    """To a time and a level, or both by so much; it stays between its neighbours' times only if it
    is put there, else a sentence says why not."""
    curve = _curve_of(values)
    points = points_of(strip, curve)
    place = _place(values, points)
    at, value = points[place]
    moved = {
        "at": at + number(values["by_time"], "time") if "by_time" in values else values.get("at"),
        "value": value + number(values["by"], "level") if "by" in values else values.get("value"),
    }
    changed = (*points[:place], _point(moved), *points[place + 1 :])
    return _with_points(story, strip, curve, changed)


def _remove_point(story: Story, strip: Event | Lane, values: _Values) -> Story:
    curve = _curve_of(values)
    points = points_of(strip, curve)
    place = _place(values, points)
    return _with_points(story, strip, curve, (*points[:place], *points[place + 1 :]))


def _fade(story: Story, event: Event, values: _Values) -> Story:
    """Length or curve of the fade at an edge, or both."""
    side = words(values.get("side"), "side")
    if side not in ("in", "out"):
        raise StoryError("A fade is at one of two sides, in or out; choose one of them.")
    changes: dict[str, Any] = {}
    if "value" in values or "by" in values:
        now = event.fade_in if side == "in" else event.fade_out
        seconds = _level(values, now, "fade", (0.0, event.duration))
        changes[f"fade_{side}"] = round(seconds, _MILLISECONDS)
    if "curve" in values:
        changes[f"fade_{side}_curve"] = _choice(values, "curve", FADE_CURVES)
    return timeline.change(story, event.id, **changes)


def _through(strip: Event | Lane, values: _Values) -> dict[str, Any]:
    """Distance, equaliser and room with one setting changed; an empty one is as usual."""
    name = words(values.get("of"), "setting")
    if name == "room":
        return {"room": _room(strip, values)}
    value = values.get("value")
    empty = value is None or value == ""
    if name == "distance":
        return {"distance": NEAR if empty else number(value, name)}
    if name == "room_level":
        if strip.room is None:
            raise StoryError("There is no room whose level could be set; choose a room first.")
        changed = RoomSend(strip.room.room) if empty else None
        return {"room": changed or RoomSend(strip.room.room, number(value, "level of the room"))}
    if name not in ("low_cut", "high_cut", "tilt_db", "pivot"):
        raise StoryError(f"There is no setting called {name[:30]!r}; choose another.")
    usual = getattr(Equaliser(), name)
    said = name.replace("_db", "").replace("_", " ")
    changed_eq = dataclasses.replace(
        strip.equaliser or Equaliser(), **{name: usual if empty else number(value, said)}
    )
    plain = dataclasses.replace(changed_eq, pivot=Equaliser().pivot) == Equaliser()
    return {"equaliser": None if plain else changed_eq}


def _room(strip: Event | Lane, values: _Values) -> RoomSend | None:
    room = _choice({"room": values.get("value")}, "room", ROOM_NAMES)
    if room is None:
        return None
    level = {"level_db": strip.room.level_db} if strip.room else {}
    return RoomSend(room, **level)  # type: ignore[arg-type]


def _ducking(values: _Values) -> Ducking:
    given = {
        name: number(values[name], name.removesuffix("_db"))
        for name in ("depth_db", "attack", "release")
        if values.get(name) not in (None, "")
    }
    return Ducking(**given)


def _duck_beds(story: Story, event: Event, values: _Values) -> Story:
    """Every bed makes way for the spots over it, in one step."""
    ducked, refusal = 0, StoryError("There is no bed to duck; say in the table what is one.")
    for bed in story.events:
        if story.role_of(bed) != "bed" or bed.locked:
            continue
        try:
            story, ducked = duck_event(story, bed.id, _ducking(values)), ducked + 1
        except StoryError as error:
            refusal = error
    if not ducked:
        raise refusal
    return story


def _times(values: _Values) -> float:
    given = values.get("times")
    return TIMES_FARTHER if given in (None, "") else number(given, "ratio of the distances")


EVENT_ACTIONS: dict[str, _OnEvent] = {
    "points": _set_points,
    "point_add": _add_point,
    "point_move": _move_point,
    "point_remove": _remove_point,
    "fade": _fade,
    "strip": lambda s, e, v: timeline.change(s, e.id, **_through(e, v)),
    "approach": lambda s, e, v: approach(s, e.id, _times(v)),
    "recede": lambda s, e, v: recede(s, e.id, _times(v)),
    "duck": lambda s, e, v: duck_event(s, e.id, _ducking(v)),
    "duck_beds": _duck_beds,
}
LANE_ACTIONS: dict[str, _OnLane] = {
    "lane_gain": lambda s, lane, v: change_lane(
        s, lane.layer, gain_db=_level(v, lane.gain_db, "gain", GAIN_RANGE)
    ),
    "lane_pan": lambda s, lane, v: change_lane(
        s, lane.layer, pan=_level(v, lane.pan, "pan", _PAN_RANGE)
    ),
    "lane_mute": lambda s, lane, v: change_lane(s, lane.layer, muted=flag(v.get("on"))),
    "lane_solo": lambda s, lane, v: change_lane(s, lane.layer, soloed=flag(v.get("on"))),
    "lane_strip": lambda s, lane, v: change_lane(s, lane.layer, **_through(lane, v)),
    "lane_duck": lambda s, lane, v: duck_lane(s, lane.layer, _ducking(v)),
    "lane_points": _set_points,
    "lane_point_add": _add_point,
    "lane_point_move": _move_point,
    "lane_point_remove": _remove_point,
}


def set_master(story: Story, values: _Values) -> Story:
    """The fader that all lanes go through."""
    gain = _level(values, story.master_db, "gain of the master", GAIN_RANGE)
    return dataclasses.replace(story, master_db=gain)


def lane_action(name: str, story: Story, values: _Values) -> Story:
    """One of `LANE_ACTIONS`, or `master`.

    Raises:
        StoryError: nothing lies on the lane, or it cannot be changed so.
    """
    if name == "master":
        return set_master(story, values)
    return LANE_ACTIONS[name](story, _lane(story, values), values)


def lane_label(name: str, values: _Values) -> str:
    """What an action on a lane was done to."""
    return "" if name == "master" else lane_name(whole(values.get("lane"), "lane"))


def lane_name(layer: int) -> str:
    """How the page calls the lane of a layer."""
    return f"Layer {layer}" if layer else "Story"


def _lane(story: Story, values: _Values) -> Lane:
    layer = whole(values.get("lane"), "lane")
    if all(event.layer != layer for event in story.events):
        raise StoryError("Nothing lies on that lane; choose another.")
    return story.lane(layer)
