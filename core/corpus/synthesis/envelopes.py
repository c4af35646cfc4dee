"""Control curves: decays, contours through points, slow random wandering, fades."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.sampling import Rng, Signal, frames, ticks


def decay(n: int, t60: float) -> Signal:
    """Exponential decay from 1 that falls by 60 dB in `t60` seconds."""
    return np.exp(-6.908 / max(t60, 1e-4) * ticks(n))


def strike(n: int, attack: float, t60: float) -> Signal:
    """Rise over `attack` seconds, then an exponential decay of `t60` seconds."""
    rise = min(n, frames(attack))
    shape = np.concatenate([np.sin(np.linspace(0, np.pi / 2, rise)), decay(n - rise, t60)])
    return shape[:n]


def contour(n: int, *points: tuple[float, float]) -> Signal:
    """Smooth curve without overshoot through (fraction of the length, value) points."""
    where, values = zip(*points, strict=True)
    curve: Signal = PchipInterpolator(where, values)(np.linspace(0, 1, n))
    held: Signal = np.clip(curve, min(values), max(values))
    return held


def wander(n: int, hz: float, rng: Rng) -> Signal:
    """Smooth random curve of zero mean and about unit deviation, turning about `hz` a second."""
    step = int(np.clip(SAMPLE_RATE / (12 * hz), 1, 2048))
    blocks = -(-n // step)
    knots = int(blocks * step / SAMPLE_RATE * hz) + 5
    spline = CubicSpline(np.arange(knots), rng.standard_normal(knots))
    coarse = spline(rng.random() + np.arange(blocks + 1) * (step * hz / SAMPLE_RATE))
    ramp = np.arange(step) / step
    curve: Signal = coarse[:-1, None] + np.diff(coarse)[:, None] * ramp
    return curve.ravel()[:n]


def swell(n: int, hz: float, rng: Rng, depth: float) -> Signal:
    """Positive gain that wanders about 1, `depth` in natural-log units (0.5 is about 4 dB)."""
    return np.exp(depth * np.clip(wander(n, hz, rng), -2.5, 2.5))


def arch(n: int, attack: float = 0.1, release: float = 0.3) -> Signal:
    """Bow from 0 to 1 to 0; `attack` and `release` are fractions of the length."""
    t = np.linspace(0, 1, n)
    rise = np.clip(t / max(attack, 1e-6), 0, 1)
    fall = np.clip((1 - t) / max(release, 1e-6), 0, 1)
    bow: Signal = (np.sin(rise * np.pi / 2) * np.sin(fall * np.pi / 2)) ** 2
    return bow


def fade(x: Signal, seconds_in: float, seconds_out: float) -> Signal:
    """The signal with its first and last moments faded by raised cosines."""
    n = len(x)
    out = x.copy()
    start, stop = min(n // 2, frames(seconds_in)), min(n // 2, frames(seconds_out))
    out[:start] *= 0.5 - 0.5 * np.cos(np.linspace(0, np.pi, start))
    out[n - stop :] *= 0.5 + 0.5 * np.cos(np.linspace(0, np.pi, stop))
    return out


def beats(
    seconds: float,
    interval: float,
    jitter: float,
    rng: Rng,
    first: float = 0.0,
    pattern: Sequence[float] = (1.0,),
) -> list[float]:
    """Times in seconds of events about `interval` apart.

    `pattern` multiplies the intervals in turn; `jitter` is their relative deviation.
    """
    times: list[float] = []
    t, index = first, 0
    while t < seconds:
        times.append(t)
        t += interval * pattern[index % len(pattern)] * max(0.3, 1 + jitter * rng.standard_normal())
        index += 1
    return times
