"""Clips of an animal with what is measured of its voice: calls, pulses and pitch."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
from scipy import signal

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis import Synthesised, synthesise_clip

Samples = npt.NDArray[np.floating]
SECONDS = 1.6
SEEDS = (0, 2, 11, 14)
"""Every kind is measured on the same few clips; what is drawn first is least for the last two."""
_BLOCKS_A_SECOND = 200


@cache
def _clip(name: str, seed: int) -> Synthesised:
    return synthesise_clip(name, SECONDS, np.random.default_rng(seed))


def clips(name: str, *, near: bool = False, **said: str) -> list[Samples]:
    """The clips of a kind of which so much is said, at least one; `near`: none that is far away."""
    found = [
        clip.samples
        for clip in (_clip(name, seed) for seed in SEEDS)
        if clip.attributes.items() >= said.items()
        and not (near and clip.attributes.get("distance") == "distant")
    ]
    assert found
    return found


def _loudness(samples: Samples) -> Samples:
    block = SAMPLE_RATE // _BLOCKS_A_SECOND
    return np.sqrt(np.mean(samples[: len(samples) // block * block].reshape(-1, block) ** 2, 1))


def onsets(samples: Samples) -> float:
    """Peaks of the loudness, over 30 ms, that stand out by a quarter of the highest."""
    loud = np.convolve(_loudness(samples), np.ones(6) / 6, "valid")
    return float(len(signal.find_peaks(loud, prominence=0.25 * loud.max())[0]))


def pulse_rate(samples: Samples, low: float, high: float) -> float:
    """Where the loudness changes most, of the rates between `low` and `high` Hz."""
    loud = _loudness(samples) - _loudness(samples).mean()
    hz, power = signal.periodogram(loud * np.hanning(len(loud)), _BLOCKS_A_SECOND, nfft=4096)
    inside = (hz >= low) & (hz < high)
    return float(hz[inside][np.argmax(power[inside])])


def pitch(samples: Samples, low: float, high: float) -> float:
    """The pitch (Hz) of the loudest tenth of a second, by autocorrelation.

    Of periods that fit all but equally well, as two periods of a tone do, it is the shortest.
    """
    n = SAMPLE_RATE // 10
    energy = np.convolve(samples.astype(np.float64) ** 2, np.ones(n), "valid")
    loudest = samples[int(np.argmax(energy)) :][:n].astype(np.float64) * np.hanning(n)
    alike = np.fft.irfft(np.abs(np.fft.rfft(loudest, 4 * n)) ** 2)
    shortest, longest = int(SAMPLE_RATE / high), int(SAMPLE_RATE / low)
    inside = alike[shortest:longest]
    tops = signal.find_peaks(inside, height=0.97 * inside.max())[0]
    return SAMPLE_RATE / (shortest + int(tops[0] if len(tops) else np.argmax(inside)))
