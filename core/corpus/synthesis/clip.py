"""The finished clip: samples of fixed length and level with what is true of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.corpus.recordings import PEAK
from core.corpus.synthesis.envelopes import fade
from core.corpus.synthesis.filters import highpass, lowpass
from core.corpus.synthesis.levels import peaked
from core.corpus.synthesis.sampling import Rng, Signal, between, frames, log_between
from core.corpus.synthesis.sources import pink


@dataclass(frozen=True)
class Synthesised:
    """One synthesised clip.

    Attributes:
        samples: float32 of shape (n,), mono, 44.1 kHz, peak 0.9.
        attributes: what is true of this clip, from the keys strength (light, moderate,
            heavy), distance (close, distant), tempo (slow, steady, fast), surface (one
            word) and count (single, several, many).
    """

    samples: npt.NDArray[np.float32]
    attributes: dict[str, str]


Recipe = Callable[[float, Rng], Synthesised]

LIVED_IN = (-46.0, -34.0)
"""Noise floor, dB of the peak, of a recording in a place that is not silent: air that moves, a
fan, the street behind a window. Few recordings of daily life are cleaner."""

OUT_OF_DOORS = (-38.0, -31.0)
"""The same in the open, where there is always wind or a road."""

MANY = 5
"""So many of a thing are *many*, fewer than that *several*."""


def how_many(made: int) -> str:
    """The attribute *count* of a clip in which a thing happens `made` times."""
    return "single" if made <= 1 else "several" if made < MANY else "many"


def finish(
    x: Signal,
    seconds: float,
    rng: Rng,
    attributes: dict[str, str],
    floor_db: tuple[float, float] = (-92.0, -64.0),
    fade_out: float = 0.05,
) -> Synthesised:
    """Cut to length, pass a microphone with a noise floor (dB of the peak), fade, set the peak."""
    n = frames(seconds)
    out = np.zeros(n)
    out[: min(n, len(x))] = x[:n]
    out = lowpass(highpass(out, 20, 2), log_between(rng, 6500, 18_000), 1)
    out = peaked(out)
    floor = lowpass(pink(n, rng), between(rng, 4000, 16_000), 1)
    out += 10 ** (between(rng, *floor_db) / 20) * floor
    out = PEAK * peaked(fade(out, 0.004, fade_out))
    return Synthesised(out.astype(np.float32), attributes)
