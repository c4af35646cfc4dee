"""Sampling units, array types and random draws shared by every recipe."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from core.corpus.recordings import SAMPLE_RATE

Signal = npt.NDArray[np.float64]
"""One channel of samples or of control values, shape (n,)."""

Rng = np.random.Generator

_T = TypeVar("_T")


def frames(seconds: float) -> int:
    """Samples in `seconds`, at least one."""
    return max(1, round(seconds * SAMPLE_RATE))


def ticks(n: int) -> Signal:
    """Time of each of `n` samples in seconds."""
    return np.arange(n) / SAMPLE_RATE


def between(rng: Rng, low: float, high: float) -> float:
    """One value, uniform between `low` and `high`."""
    return float(rng.uniform(low, high))


def log_between(rng: Rng, low: float, high: float) -> float:
    """One value, uniform in the logarithm: equal chance an octave."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def spread(rng: Rng, low: float, high: float, count: int) -> Signal:
    """`count` values, uniform in the logarithm, sorted."""
    return np.sort(np.exp(rng.uniform(np.log(low), np.log(high), count)))


def level(rng: Rng, **choices: _T) -> tuple[str, _T]:
    """Draw one named setting, e.g. ``level(rng, light=40.0, heavy=900.0)``."""
    name = list(choices)[int(rng.integers(len(choices)))]
    return name, choices[name]


def chance(rng: Rng, probability: float) -> bool:
    """True with the given probability."""
    return bool(rng.random() < probability)
