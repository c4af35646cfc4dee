"""Channel strips and the mixer, as data that the page draws.

assets/studio/timeline/mixer.js, envelopes.js and strip.js draw them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.mix.meters import MixMeters, Readings
from core.story.shape import Point
from core.story.story import Event, Story
from core.story.strip import Lane
from studio.editing.strips import lane_name, points_of

_TENTHS = 10
SILENT = -1200
"""Tenths of a decibel where there is nothing: JSON has no infinity."""


def mixer(story: Story, layers: Sequence[int]) -> dict[str, Any]:
    """The faders of lanes, in the order of the picture, and of the master."""
    return {"master": story.master_db, "lanes": [_lane(story, layer) for layer in layers]}


def _lane(story: Story, layer: int) -> dict[str, Any]:
    lane = story.lane(layer)
    return {
        "layer": layer,
        "name": lane_name(layer),
        "gain": lane.gain_db,
        "pan": lane.pan,
        "muted": lane.muted,
        "soloed": lane.soloed,
        "heard": story.hears(layer),
        "strip": _through(lane),
        "curves": {name: _points(points_of(lane, name)) for name in ("gain", "pan")},
    }


def event_strip(event: Event) -> dict[str, Any]:
    """What an event goes through, and what is drawn on its block."""
    return {
        "strip": _through(event),
        "curves": {
            "gain": _points(event.gain_envelope),
            "pan": _points(event.pan_envelope),
            "shape": _points(event.level_points),
        },
        "fades": {
            "in": [event.fade_in, event.fade_in_curve or ""],
            "out": [event.fade_out, event.fade_out_curve or ""],
        },
    }


def _through(strip: Event | Lane) -> dict[str, Any]:
    equaliser, room = strip.equaliser, strip.room
    return {
        "distance": strip.distance,
        "low_cut": equaliser.low_cut if equaliser else None,
        "high_cut": equaliser.high_cut if equaliser else None,
        "tilt_db": equaliser.tilt_db if equaliser else 0.0,
        "room": room.room if room else "",
        "room_level": room.level_db if room else None,
    }


def _points(points: Sequence[Point]) -> list[list[float]]:
    return [[round(time, 3), round(value, 3)] for time, value in points]


def meters_data(meters: MixMeters) -> dict[str, Any]:
    """Readings in whole tenths of a decibel, ten a second."""
    return {
        "master": readings_data(meters.master),
        "lanes": {str(layer): readings_data(read) for layer, read in meters.lanes.items()},
    }


def readings_data(read: Readings) -> dict[str, Any]:
    """One meter's readings in whole tenths of a decibel, ten a second."""
    return {
        "peak": _tenths(read.peak),
        "momentary": _tenths(read.momentary),
        "short": _tenths(read.short_term),
        "integrated": _tenths([read.integrated])[0],
    }


def _tenths(levels: Any) -> list[int]:
    return [round(_TENTHS * level) if level > SILENT / _TENTHS else SILENT for level in levels]
