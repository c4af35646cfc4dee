"""Channel strips on the sample grid: what an event or a lane goes through on its way into the mix.

In this order: equaliser and air, then (of an event: after its place in the stereo image) the
envelopes of gain and pan and the loss by distance; from there a room is sent to, which answers a
far sound as loudly as a near one, so that the ratio of direct to reverberant sound falls as the
direct sound does.

Distance: the direct sound falls by the inverse distance law, 6 dB for each doubling; the air takes
the treble (`core.mix.air`); the level of the room stays (`core.mix.rooms`). What is far and in no
room is under the open sky. Sounds are as their takes have them at `core.story.strip.NEAR`.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from core.mix.air import air_taps
from core.mix.automation import Envelope, Gains, carried_on
from core.mix.convolution import Convolved, Impulse
from core.mix.equaliser import equaliser_taps
from core.mix.rooms import room_frames, room_impulse
from core.mix.sources import Source
from core.story.story import Event
from core.story.strip import NEAR, Equaliser, Lane, RoomSend

OPEN_AIR = RoomSend("open air", -30.0)
"""The room of what is far and has none: as loud as the direct sound at 32 metres, across a wide
street."""
_ALIKE_DB = 0.1
"""Decibels between two parts of one sound that meet and are one curve."""
_ALIKE_PAN = 0.01


@dataclass(frozen=True)
class Filtering:
    """What of a strip is the same at all times and no matter of level alone.

    Attributes:
        metres: of air, beyond `NEAR`.
    """

    equaliser: Equaliser | None
    metres: float
    rate: int


@functools.lru_cache(maxsize=64)
def filter_impulse(filtering: Filtering) -> Impulse:
    """The impulse response of an equaliser and of air."""
    taps = np.ones(1)
    if filtering.equaliser is not None:
        taps = equaliser_taps(filtering.equaliser, filtering.rate)
    if filtering.metres:
        taps = np.convolve(taps, air_taps(filtering.metres, filtering.rate))
    return Impulse(taps)


@dataclass(frozen=True)
class PlacedStrip:
    """The strip of a placed event or lane.

    Attributes:
        gain: decibels over its frames.
        pan: -1 left to 1 right over its frames; None: a fixed one, which is dealt with before.
        direct: linear gain of the direct sound, by its distance.
        filtering: None: its sound is as it is.
        room: what goes into a room.
        rate: Hz.
    """

    gain: Envelope | None
    pan: Envelope | None
    direct: float
    filtering: Filtering | None
    room: RoomSend | None
    rate: int

    @property
    def ring(self) -> int:
        """Frames that the room sounds on."""
        return room_frames(self.room.room, self.rate) if self.room else 0

    @property
    def lag(self) -> int:
        """Frames that the equaliser of a lane sounds on."""
        return filter_impulse(self.filtering).frames if self.filtering else 0

    @property
    def timeless(self) -> PlacedStrip:
        """The strip of a sound without beginning and end: no envelopes, no room."""
        return replace(self, gain=None, pan=None, room=None)

    def filtered(self, source: Source, *, ringing: bool = False) -> Source:
        """A source through equaliser and air."""
        if self.filtering is None:
            return source
        return Convolved(source, filter_impulse(self.filtering), ringing=ringing)

    def reverberant(self, source: Source) -> Convolved | None:
        """What a room answers to a source of one channel that is sent to it as loud as it is."""
        if self.room is None:
            return None
        return Convolved(source, room_impulse(self.room.room, self.rate), ringing=True)

    @property
    def send(self) -> float:
        """Linear gain of the room beside the direct sound at `NEAR`."""
        return float(10.0 ** (self.room.level_db / 20.0)) if self.room else 0.0

    def level(self, frames: Gains) -> Gains:
        """Linear gain of the direct sound at frames of the event or the story."""
        gains = np.full(len(frames), self.direct)
        return gains if self.gain is None else gains * 10.0 ** (self.gain.at(frames) / 20.0)

    def gains(self, frames: Gains, channels: int, *, send: bool) -> Gains:
        """Linear gains (n, 1), or (n, 2) of the two channels, at frames of the event or the story.

        Args:
            channels: of the take, by which its pan is reckoned.
            send: of what goes to the room instead of the direct sound.
        """
        gains = self.level(frames) / (self.direct if send else 1.0)
        if self.pan is None:
            return gains[:, None]
        return gains[:, None] * np.stack(pan_law(self.pan.at(frames), channels), axis=1)


def pan_law(
    pan: npt.ArrayLike, channels: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Linear gains (left, right) of what is heard at `pan`, -1 left to 1 right.

    One channel is panned at constant power, 0 dB in the middle; of two the far side is turned down,
    which keeps the near side as it is.
    """
    angle = 0.25 * np.pi * (np.asarray(pan) + 1.0)
    left, right = np.sqrt(2.0) * np.cos(angle), np.sqrt(2.0) * np.sin(angle)
    if channels == 2:
        left, right = np.minimum(1.0, left), np.minimum(1.0, right)
    return np.asarray(left), np.asarray(right)


def strip_of(event: Event | Lane, begin: float, rate: int) -> PlacedStrip | None:
    """The strip of an event or a lane; None: it changes nothing.

    Args:
        begin: frames from the first of it to where its envelopes count from.
    """
    far = event.distance > NEAR
    room = event.room or (OPEN_AIR if far else None)
    if not (event.gain_envelope or event.pan_envelope or event.equaliser or room):
        return None
    filtering = None
    if event.equaliser or far:
        filtering = Filtering(event.equaliser, event.distance - NEAR, rate)
    gain, pan = (
        Envelope(tuple(begin + time * rate for time, _ in points), tuple(v for _, v in points))
        if points
        else None
        for points in (event.gain_envelope, event.pan_envelope)
    )
    return PlacedStrip(gain, pan, NEAR / event.distance, filtering, room, rate)


def strip_carried_on(
    first: PlacedStrip | None, then: PlacedStrip | None, at: int
) -> PlacedStrip | None:
    """The strip of what goes on, whose envelopes are those of the part after it from `at` on."""
    if first is None or then is None:
        return first
    gain = carried_on(first.gain, then.gain, at, _ALIKE_DB)
    return replace(first, gain=gain, pan=carried_on(first.pan, then.pan, at, _ALIKE_PAN))
