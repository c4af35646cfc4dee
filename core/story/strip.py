"""Channel strips: what an event, or a lane of them, goes through on its way into the mix.

A strip holds envelopes of gain and pan, fades and their curves, how far away it is heard, an
equaliser and a room. Events have their strip as fields of their own (`core.story.story.Event`), in
seconds from their start; a lane, which is all that lies on one layer, has it in seconds of the
story. How a strip sounds is `core.mix.strip`'s to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from core.errors import StoryError
from core.story.limits import GAIN_RANGE, MAX_ENVELOPE_POINTS, MAX_LAYER, MAX_TOTAL, check_number
from core.story.shape import Point, check_points

FadeCurve = Literal["linear", "equal-power", "exponential", "logarithmic", "s-curve"]
"""How a fade-in rises; a fade-out is the same backwards. An exponential one begins slowly, a
logarithmic one fast (`core.mix.crossfade.rise`)."""
RoomName = Literal["open air", "small room", "stairwell", "hall", "church"]
FADE_CURVES: tuple[FadeCurve, ...] = get_args(FadeCurve)
ROOM_NAMES: tuple[RoomName, ...] = get_args(RoomName)
NEAR = 1.0
"""Metres at which a sound is heard as its take has it."""
FARTHEST_HEARD = 1000.0
"""Metres: 60 dB down by distance alone, which is as far as any gain goes."""
LOW_CUT_RANGE = (20.0, 2000.0)
"""Hz."""
HIGH_CUT_RANGE = (200.0, 20_000.0)
TILT_RANGE = (-24.0, 24.0)
"""Decibels of the treble above the bass."""
PIVOT_RANGE = (100.0, 10_000.0)
SEND_DB = -12.0
"""Decibels of a room beside what is heard directly: plainly there, and not in the way."""


@dataclass(frozen=True)
class Equaliser:
    """A simple equaliser (`core.mix.equaliser`).

    Attributes:
        low_cut, high_cut: Hz at which the cut is 3 dB down; None: there is none.
        tilt_db: decibels by which what lies far above the pivot is raised over what lies far below.
        pivot: Hz that a tilt leaves as it is.
    """

    low_cut: float | None = None
    high_cut: float | None = None
    tilt_db: float = 0.0
    pivot: float = 1000.0

    def __post_init__(self) -> None:
        if self.low_cut is not None:
            check_number("low cut", self.low_cut, *LOW_CUT_RANGE, "Hz")
        if self.high_cut is not None:
            check_number("high cut", self.high_cut, *HIGH_CUT_RANGE, "Hz")
        check_number("tilt", self.tilt_db, *TILT_RANGE, "dB")
        check_number("tilt's pivot", self.pivot, *PIVOT_RANGE, "Hz")


@dataclass(frozen=True)
class RoomSend:
    """What of a sound goes into a room (`core.mix.rooms`).

    Attributes:
        level_db: of the reverberation beside the direct sound, at `NEAR`.
    """

    room: RoomName
    level_db: float = SEND_DB

    def __post_init__(self) -> None:
        check_number("level of the room", self.level_db, *GAIN_RANGE, "dB")


@dataclass(frozen=True)
class Lane:
    """The channel strip of a layer.

    Attributes:
        layer: that it is of.
        muted: nothing of it is heard.
        soloed: nothing is heard but it, and others of which the same is said.
        gain_db, pan: of its fader; the envelope of the gain is added to it, that of the pan takes
            its place.
        fade_in, fade_out: seconds from the story's beginning, and to its end; None: the mix's own
            curve.
        gain_envelope, pan_envelope: seconds of the story, and decibels or -1 left to 1 right.
        distance: metres; see `NEAR`.
    """

    layer: int
    gain_db: float = 0.0
    pan: float = 0.0
    muted: bool = False
    soloed: bool = False
    fade_in: float = 0.0
    fade_in_curve: FadeCurve | None = None
    fade_out: float = 0.0
    fade_out_curve: FadeCurve | None = None
    gain_envelope: tuple[Point, ...] = ()
    pan_envelope: tuple[Point, ...] = ()
    distance: float = NEAR
    equaliser: Equaliser | None = None
    room: RoomSend | None = None

    def __post_init__(self) -> None:
        check_number("lane's layer", self.layer, 0, MAX_LAYER, "")
        check_number("lane's gain", self.gain_db, *GAIN_RANGE, "dB")
        check_number("lane's pan", self.pan, -1.0, 1.0, "(left to right)")
        check_number("lane's fade in", self.fade_in, 0.0, MAX_TOTAL, "seconds")
        check_number("lane's fade out", self.fade_out, 0.0, MAX_TOTAL, "seconds")
        check_envelopes(self.gain_envelope, self.pan_envelope, MAX_TOTAL)
        check_distance(self.distance)


def check_envelopes(gain: tuple[Point, ...], pan: tuple[Point, ...], seconds: float) -> None:
    """Refuse envelopes that something of this length cannot have.

    Raises:
        StoryError: in a sentence that says why.
    """
    check_points("gain envelope", gain, seconds, GAIN_RANGE, "dB", MAX_ENVELOPE_POINTS)
    check_points("pan envelope", pan, seconds, (-1.0, 1.0), "(left to right)", MAX_ENVELOPE_POINTS)


def check_distance(metres: float) -> None:
    """Refuse a distance from which nothing is heard; raises StoryError."""
    check_number("distance", metres, NEAR, FARTHEST_HEARD, "metres")


def check_lanes(lanes: tuple[Lane, ...]) -> None:
    """Refuse two strips for one layer; raises StoryError."""
    if len({lane.layer for lane in lanes}) != len(lanes):
        raise StoryError("Two lanes are of one layer; keep one of them.")
