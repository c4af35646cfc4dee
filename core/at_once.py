"""Several sounds that one caption tells of ("heavy rain with distant thunder"), heard at once.

A performer of eleven million parameters lets one of two sounds hide the other. Each is performed by
a condition of its own, and sounds add up as they do in the air; what Composable Diffusion (Liu et
al. 2022) does to velocities would give what both sounds have in common.
"""

from __future__ import annotations

import math
from statistics import fmean

import numpy as np
import numpy.typing as npt

from core.loudness import measure

NEARER = 0.5
"""Share of the way by which the sounds' levels approach their mean. What is told to be far or soft
stays below the rest, and is still heard."""


def blended(sounds: npt.NDArray[np.float32], rate: int) -> npt.NDArray[np.float32]:
    """The sounds (P, channels, N), their levels brought nearer to each other, as one (channels, N).

    Levels are integrated loudness (`core.loudness`); the mean of them is kept. Silence stays so.
    """
    channels = sounds.shape[1]
    levels = [
        measure([sound.T], rate, channels, over_time=False, peaks=False).integrated
        for sound in sounds
    ]
    middle = fmean([level for level in levels if math.isfinite(level)] or [0.0])
    gains = [NEARER * (middle - level) if math.isfinite(level) else 0.0 for level in levels]
    factors = np.power(10.0, np.array(gains) / 20.0).astype(np.float32)
    return np.asarray(np.tensordot(factors, sounds, axes=1), dtype=np.float32)
