"""What the tests of recipes measure of a sound at 44.1 kHz."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis import Synthesised, synthesise_clip

BLOCK = SAMPLE_RATE // 100
"""Samples of a 10 ms block."""


def onsets(samples: np.ndarray) -> int:
    """Blocks much louder than the one before."""
    loud = np.sqrt(np.mean(samples[: len(samples) // BLOCK * BLOCK].reshape(-1, BLOCK) ** 2, 1))
    return int(np.sum((loud[1:] > 0.2 * loud.max()) & (loud[:-1] < 0.6 * loud[1:])))


def power_spectrum(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies in Hz and the power at each."""
    power = np.abs(np.fft.rfft(samples.astype(np.float64))) ** 2
    return np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE), power


def share(samples: np.ndarray, low: float, high: float) -> float:
    """Share of the energy between `low` and `high` Hz."""
    hz, power = power_spectrum(samples)
    return float(power[(hz >= low) & (hz < high)].sum() / power.sum())


def centroid(samples: np.ndarray) -> float:
    """Mean frequency in Hz, weighted by energy."""
    hz, power = power_spectrum(samples)
    return float((hz * power).sum() / power.sum())


def spikiness(samples: np.ndarray) -> float:
    """Kurtosis: 3 for noise, far more where single events stand out."""
    samples = samples - samples.mean()
    return float(np.mean(samples**4) / np.mean(samples**2) ** 2)


SEEDS = (0, 2, 3, 1, 6, 9, 11, 14, 21)
"""Of the clips of a kind that are made once and shared by all that is measured of it: the first
draw of three is the last, the middle and the first choice, three times each."""


@cache
def _pool(name: str, seconds: float) -> tuple[Synthesised, ...]:
    seeds = (np.random.default_rng(seed) for seed in SEEDS)
    return tuple(synthesise_clip(name, seconds, rng) for rng in seeds)


def clips(name: str, seconds: float, /, **wanted: str) -> list[np.ndarray]:
    """Samples of the pool's clips whose attributes are as wanted; there has to be one."""
    found = [c.samples for c in _pool(name, seconds) if wanted.items() <= c.attributes.items()]
    assert found, f"no clip of {name} with {wanted} among those of {SEEDS}"
    return found


def mean_of(
    measure: Callable[[np.ndarray], float], name: str, seconds: float, /, **wanted: str
) -> float:
    """The mean measure of the clips whose attributes are as wanted."""
    return float(np.mean([measure(x) for x in clips(name, seconds, **wanted)]))
