"""Gains of fades and cross-fades.

A cross-fade of two unrelated sounds keeps its level when the squares of the two gains sum to one;
a cross-fade of a sound with itself keeps it when the gains themselves do. Real neighbours lie
anywhere between, so the pair is normalised by the correlation that is measured over the overlap.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from core.story.strip import FadeCurve

Curve = FadeCurve
Samples = npt.NDArray[np.float32]

STEEP = 100.0
"""Ratio over which an exponential fade is straight in decibels. With its 40 dB it begins to be
heard in its first quarter; with 60 it would be silent for half of its length."""
LOWEST_CORRELATION = -0.5
"""Opposed material cancels; below this, making up for it would add more than 3 dB of gain."""


def rise(curve: Curve, progress: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Gain of a fade-in, 0 to 1, at `progress` 0 to 1; a fade-out is `rise(curve, 1 - progress)`.

    "s-curve" is the raised cosine, whose slope is zero at both ends; "logarithmic" mirrors
    "exponential".
    """
    if curve == "linear":
        return progress
    if curve == "equal-power":
        return np.sin(0.5 * np.pi * progress)
    if curve == "exponential":
        return np.asarray((STEEP**progress - 1.0) / (STEEP - 1.0))
    if curve == "logarithmic":
        return np.asarray(1.0 - (STEEP ** (1.0 - progress) - 1.0) / (STEEP - 1.0))
    return 0.5 - 0.5 * np.cos(np.pi * progress)


def crossfade_gains(
    curve: Curve, progress: npt.NDArray[np.float64], correlation: float | None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Gains (outgoing, incoming) of a cross-fade at `progress` 0 to 1.

    Args:
        correlation: r of the two sounds over the overlap; the pair is scaled so that
            `out^2 + in^2 + 2 r out in = 1`. None leaves the curve as it is.
    """
    outgoing, incoming = rise(curve, 1.0 - progress), rise(curve, progress)
    if correlation is None:
        return outgoing, incoming
    power = outgoing**2 + incoming**2 + 2.0 * correlation * outgoing * incoming
    scale = 1.0 / np.sqrt(power)
    return outgoing * scale, incoming * scale


class Correlation:
    """Pearson's r, about zero, of two sounds that arrive in blocks."""

    def __init__(self) -> None:
        self._cross = self._first = self._second = 0.0

    def add(self, first: Samples, second: Samples) -> None:
        """Add two blocks of one shape."""
        a, b = first.astype(np.float64).ravel(), second.astype(np.float64).ravel()
        self._cross += float(a @ b)
        self._first += float(a @ a)
        self._second += float(b @ b)

    @property
    def value(self) -> float:
        """r, held to [-0.5, 1]; 0 where one of the sounds is silent."""
        power = math.sqrt(self._first * self._second)
        if power < 1e-20:
            return 0.0
        return min(1.0, max(LOWEST_CORRELATION, self._cross / power))
