"""Width: how a mono take is spread over two channels, so that one channel plays it unchanged.

A texture (rain, a crowd) surrounds the listener: left = take + side and right = take - side, where
`side` is the take through a sparse filter of a few delays and advances. The sum of the channels is
the take itself. The filter is odd in time, so that the side is a quarter turn away from the take at
every frequency: both channels are equally loud there, and neither is combed. A spot sound (a bell,
a step) has one place: a little left or right. Which of the two a take is shows in its level over
time, so it is measured on the take.

Sources: Lauridsen 1954 (complementary combs); Valimaki et al. 2013 (velvet noise: few signed taps).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.mix.sources import Source

WIDEST = 0.5
"""Level of the side over the middle of a steady take: 1 dB of level over two channels."""
FARTHEST = 0.25
"""Pan of a single shot: 1.7 dB between the channels' halves, and 0.2 dB less in mono."""
_READ_WHOLE = 40
"""Probes' lengths up to which a take is read at once: opening it eight times takes longer."""
PROBES = 8
PROBE_SECONDS = 0.1
"""At most; of a shorter take than two of them half of it, so that probes differ where it does."""
STEADY = (0.5, 0.85)
"""Steadiness at which a take is all spot sound, and at which it is all texture."""
TAPS = ((0.0031, 1), (0.0079, -1), (0.0173, 1))
"""Seconds of a delay and of the opposed advance, and the delay's sign."""


@dataclass(frozen=True)
class Spread:
    """Where a mono take sounds.

    Attributes:
        width: level of the side over the middle, 0 for a point.
        pan: added to the event's own pan, -1 to 1.
    """

    width: float = 0.0
    pan: float = 0.0


def spread_of(source: Source, rate: int, event_id: str, share: float | None) -> Spread:
    """The spread of a take; the side on which it is heard depends on the event's id alone.

    Args:
        share: 0 for a point in the middle to 1 for all that suits the take; None is 1.
    """
    share = 1.0 if share is None else share
    if share == 0.0:
        return Spread()
    low, high = STEADY
    texture = min(1.0, max(0.0, (steadiness(source, rate) - low) / (high - low)))
    side = 1.0 if hashlib.sha256(event_id.encode()).digest()[0] & 1 else -1.0
    return Spread(side * share * WIDEST * texture, side * share * FARTHEST * (1.0 - texture))


def steadiness(source: Source, rate: int) -> float:
    """How evenly a take's level lies over time: 1 for steady noise, 1/8 for one short shot."""
    return steadiness_of(probe_levels(source, rate))


def steadiness_of(levels: npt.NDArray[np.float64]) -> float:
    """The square of the mean level over the mean of the squares."""
    power = float(np.mean(levels**2))
    return float(np.mean(levels)) ** 2 / power if power > 0.0 else 0.0


def probe_levels(source: Source, rate: int) -> npt.NDArray[np.float64]:
    """RMS of short probes of a take's first channel, spread over its length, (PROBES,)."""
    count = min(-(-source.frames // 2), round(PROBE_SECONDS * rate))
    starts = np.linspace(0, source.frames - count, PROBES).astype(int)
    if source.frames <= _READ_WHOLE * count:
        whole = source.read(0, source.frames)[:, 0]
        return np.array([_rms(whole[start : start + count]) for start in starts])
    return np.array([_rms(source.read(int(start), count)[:, 0]) for start in starts])


def _rms(sound: npt.NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64)))) if len(sound) else 0.0


def reach(rate: int) -> int:
    """Frames before and after a block that its side depends on."""
    return round(TAPS[-1][0] * rate)


def side_of(sound: npt.NDArray[np.float32], rate: int, width: float) -> npt.NDArray[np.float32]:
    """The side (count,) of `sound` (reach + count + reach,); of noise, `width` times as loud."""
    margin = reach(rate)
    count = len(sound) - 2 * margin
    side = np.zeros(count, dtype=np.float32)
    for seconds, sign in TAPS:
        frames = sign * round(seconds * rate)
        side += sound[margin - frames :][:count]
        side -= sound[margin + frames :][:count]
    side *= np.float32(width * (2 * len(TAPS)) ** -0.5)
    return side
