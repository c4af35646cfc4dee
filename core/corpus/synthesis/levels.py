"""Levels: RMS, peak and soft limiting."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.sampling import Signal


def rms(x: Signal) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(x**2)) + 1e-12)


def unit(x: Signal) -> Signal:
    """The signal at unit RMS."""
    return x / rms(x)


def matched(x: Signal, other: Signal) -> Signal:
    """The signal at the RMS of another."""
    return unit(x) * rms(other)


def peaked(x: Signal) -> Signal:
    """The signal at unit peak."""
    loudest: Signal = x / (float(np.max(np.abs(x))) + 1e-12)
    return loudest


def limited(x: Signal, crest: float) -> Signal:
    """Soft limiting at `crest` times the RMS, as a recordist's limiter holds rare peaks."""
    top = crest * rms(x)
    held: Signal = top * np.tanh(x / top)
    return held
