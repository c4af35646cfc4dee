"""Rooms: impulse responses that are made, not recorded, so that their decay is what is said of it.

A response is noise that falls by 60 dB in the room's decay time (RT60), of its own in each channel.
It begins after the way to the nearest wall, sparse at first and dense from the mixing time on, as
echoes of echoes fill it in. What lies above `BRIGHT_HZ` decays sooner, as it does in air and at
walls. The noise comes from the room's name, so that a room is the same in every mix.

Sources: Polack 1993 (late reverberation as decaying noise); Kuttruff, Room Acoustics (echo density
grows with the square of time; the reverberant level is the same everywhere in a room, so that the
ratio of direct to reverberant sound falls by 6 dB with each doubling of the distance).
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.mix.convolution import Impulse
from core.story.strip import RoomName


@dataclass(frozen=True)
class Room:
    """A room.

    Attributes:
        decay: seconds in which its sound falls by 60 dB (RT60), up to `BRIGHT_HZ`.
        delay: seconds until the first echo.
        mixing: seconds from there until echoes can no longer be told apart.
    """

    decay: float
    delay: float
    mixing: float


ROOMS: dict[RoomName, Room] = {
    "open air": Room(decay=0.9, delay=0.03, mixing=0.3),
    "small room": Room(decay=0.4, delay=0.004, mixing=0.02),
    "stairwell": Room(decay=1.6, delay=0.008, mixing=0.05),
    "hall": Room(decay=2.2, delay=0.02, mixing=0.08),
    "church": Room(decay=4.0, delay=0.03, mixing=0.12),
}
"""Open air is what trees and house fronts send back: late, sparse and soon over."""
BRIGHT_HZ = 3000.0
BRIGHT_DECAY = 0.6
"""Share of the decay time that what is brighter has."""
SLOPE = 0.5
"""Power of frequency by which the noise falls (3 dB an octave), from `_FLAT_HZ` on: rooms take the
treble first."""
_FLAT_HZ = 200.0
_LOWEST_HZ = 40.0
"""Below, nothing of a room is heard but rumble."""
_SPARSEST = 0.01
"""Share of the frames that hold an echo at first."""
_SEED_BYTES = 8


def room_frames(name: RoomName, rate: int) -> int:
    """Frames of a room's response: all of its 60 dB."""
    return round((ROOMS[name].delay + ROOMS[name].decay) * rate)


@functools.lru_cache(maxsize=16)
def room_impulse(name: RoomName, rate: int) -> Impulse:
    """A room's response at `rate` Hz, (n, 2); each channel has the energy 1, so that noise goes on
    as loud as it was."""
    room = ROOMS[name]
    count, first = room_frames(name, rate), round(room.delay * rate)
    digest = hashlib.sha256(name.encode()).digest()[:_SEED_BYTES]
    random = np.random.default_rng(int.from_bytes(digest, "big"))
    seconds = np.arange(count - first) / rate
    density = np.clip((seconds / room.mixing) ** 2, _SPARSEST, 1.0)[:, None]
    echoes = random.standard_normal((len(seconds), 2)) / np.sqrt(density)
    echoes *= random.random((len(seconds), 2)) < density
    taps = np.zeros((count, 2))
    for band, decay in zip(_bands(echoes, rate), (1.0, BRIGHT_DECAY), strict=True):
        taps[first:] += band * 10.0 ** (-3.0 * seconds / (decay * room.decay))[:, None]
    return Impulse(taps / np.sqrt(np.sum(np.square(taps), axis=0)))


def _bands(
    noise: npt.NDArray[np.float64], rate: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """What of the noise lies below and above `BRIGHT_HZ`, both coloured as rooms are."""
    size = 1 << (2 * len(noise) - 1).bit_length()
    hz = np.fft.rfftfreq(size, 1.0 / rate)
    colour = (np.maximum(hz, _FLAT_HZ) / _FLAT_HZ) ** -SLOPE
    colour *= 1.0 / (1.0 + (_LOWEST_HZ / np.maximum(hz, 1e-3)) ** 4)
    bright = 1.0 / (1.0 + (BRIGHT_HZ / np.maximum(hz, 1e-3)) ** 4)
    spectrum = np.fft.rfft(noise, size, axis=0) * colour[:, None]
    low, high = (
        np.fft.irfft(spectrum * share[:, None], size, axis=0)[: len(noise)]
        for share in (1.0 - bright, bright)
    )
    return low, high
