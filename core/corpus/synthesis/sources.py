"""Excitations: coloured noise, harmonic and glottal oscillators, pulse trains."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import fft

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.filters import lowpass
from core.corpus.synthesis.levels import unit
from core.corpus.synthesis.sampling import Rng, Signal

_BLOCK = 4096


def white(n: int, rng: Rng) -> Signal:
    """White Gaussian noise of unit deviation."""
    return rng.standard_normal(n)


def coloured(n: int, slope: float, rng: Rng, floor: float = 25.0) -> Signal:
    """Noise of unit RMS whose power falls by `slope` dB an octave above `floor` Hz."""
    size = fft.next_fast_len(n + 64, real=True)
    hz = np.maximum(fft.rfftfreq(size, 1 / SAMPLE_RATE), floor)
    bins = fft.rfft(rng.standard_normal(size)) * (hz / 1000) ** (-slope / 6.02)
    bins[0] = 0
    noise: Signal = fft.irfft(bins, size)[:n]
    noise /= np.sqrt(np.mean(noise**2)) + 1e-12
    return noise


def pink(n: int, rng: Rng) -> Signal:
    """Noise that falls by 3 dB an octave."""
    return coloured(n, 3.0, rng)


def brown(n: int, rng: Rng) -> Signal:
    """Noise that falls by 6 dB an octave."""
    return coloured(n, 6.0, rng)


def room_air(n: int, rng: Rng) -> Signal:
    """The still air of a room, of unit RMS."""
    return unit(lowpass(brown(n, rng), 600, 1))


def phase(hz: Signal) -> Signal:
    """Cycles run through by an oscillator of instantaneous frequency `hz`."""
    return np.cumsum(hz) / SAMPLE_RATE


def sine(hz: Signal, start: float = 0.0) -> Signal:
    """Sine of instantaneous frequency `hz`, from a phase in cycles."""
    return np.sin(2 * np.pi * (phase(hz) + start))


def harmonics(hz: Signal, gains: Sequence[float] | Signal, rng: Rng) -> Signal:
    """Sum of sines at the multiples of `hz`; those above 18 kHz are left out.

    The sum is a polynomial in exp(i phase), evaluated by Horner's rule in blocks that stay
    in the cache.
    """
    weights = np.asarray(gains) * np.exp(2j * np.pi * rng.random(len(gains)))
    turn = np.exp(2j * np.pi * phase(hz))
    out = np.empty(len(hz))
    for start in range(0, len(hz), _BLOCK):
        z = turn[start : start + _BLOCK]
        heard = int(18_000 / max(1.0, float(np.max(hz[start : start + _BLOCK]))))
        total = np.zeros(len(z), complex)
        for weight in weights[:heard][::-1]:
            total += weight
            total *= z
        out[start : start + _BLOCK] = total.imag
    return out


def tilted(count: int, slope: float) -> Signal:
    """Gains of `count` harmonics that fall by `slope` dB an octave."""
    return np.arange(1.0, count + 1) ** (-slope / 6.02)


def glottal(hz: Signal, rng: Rng, openness: float = 0.6, breath: float = 0.02) -> Signal:
    """Derivative of Rosenberg's glottal flow, with breath noise while the glottis is open."""
    cycle = (phase(hz) + rng.random()) % 1.0
    u = np.minimum(cycle / openness, 1.0)
    flow = u * u * (1 - u) * 6.75
    wave: Signal = 2 * u - 3 * u * u + breath * flow * rng.standard_normal(len(hz))
    return wave


def pulses(hz: Signal, rng: Rng, jitter: float = 0.0, uneven: float = 0.0) -> Signal:
    """Unit impulses `hz` times a second.

    `jitter` is their deviation in periods, `uneven` the deviation of their height.
    """
    n = len(hz)
    beat = np.flatnonzero(np.diff(np.floor(phase(hz) + rng.random())) > 0)
    period = SAMPLE_RATE / np.maximum(hz[beat], 1e-3)
    where = np.clip(beat + period * jitter * rng.standard_normal(len(beat)), 0, n - 1).astype(int)
    out = np.zeros(n)
    np.add.at(out, where, np.maximum(0.05, 1 + uneven * rng.standard_normal(len(where))))
    return out
