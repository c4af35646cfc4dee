"""True peak: the highest level between the samples, by 8-times oversampling (BS.1770-4, annex 2).

Only the gaps whose neighbouring samples come near the level of interest are interpolated, so that
quiet material costs next to nothing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from core.mix.crossfade import Samples

OVERSAMPLING = 8
HALF = 48
"""Samples on each side of a gap that its interpolation reads."""
BETA = 3.0
"""Shape of the interpolation's Kaiser window."""
_BANDS = (1.0, 0.96, 0.92, 0.88)
"""Parts of the band, up to half the sample rate, that the interpolations keep."""

_BATCH = 32_768


def _interpolators() -> Samples:
    """Windowed-sinc filters (2 HALF, points): one column for each point in a gap and each band.

    The full band shows what the samples say; the narrower ones show what a converter or codec
    makes of them, which is higher where loud noise reaches up to half the sample rate.
    """
    columns = []
    points = np.arange(OVERSAMPLING) / OVERSAMPLING
    for band in _BANDS:
        distance = np.arange(1 - HALF, HALF + 1)[:, None] - points
        window = np.i0(BETA * np.sqrt(1.0 - (distance / HALF) ** 2))
        filters = np.sinc(band * distance) * window
        columns.append(filters / filters.sum(axis=0))
    return np.concatenate(columns, axis=1).astype(np.float32)


_FILTERS = _interpolators()
REACH = 2.0
"""How far, as a factor, a true peak can lie above both of its neighbouring samples (6 dB).

Constructed signals reach 3.4, but sound does not, and 2 spares most of the interpolation.
"""


def frame_levels(samples: Samples) -> Samples:
    """Highest absolute value of each frame over its channels, (frames,)."""
    levels: Samples = np.abs(samples[:, 0])
    for channel in range(1, samples.shape[1]):
        np.maximum(levels, np.abs(samples[:, channel]), out=levels)
    return levels


def gap_peaks(samples: Samples, floor: float) -> Samples:
    """Highest absolute value in each gap between neighbouring frames, over all channels.

    Args:
        samples: (frames + 2 HALF - 1, channels); the gaps reported are those after the frames
            HALF - 1 to HALF - 2 + frames.
        floor: values under it need not be found.

    Returns:
        (frames,) float32, 0 where both neighbours are too low for a peak above `floor`.
    """
    frames = len(samples) - 2 * HALF + 1
    level = frame_levels(samples[HALF - 1 : HALF + frames])
    found = np.zeros(frames, dtype=np.float32)
    gaps = np.flatnonzero(np.maximum(level[:-1], level[1:]) > floor / REACH)
    for channel in range(samples.shape[1]):
        windows = sliding_window_view(np.ascontiguousarray(samples[:, channel]), 2 * HALF)
        for first in range(0, len(gaps), _BATCH):
            batch = gaps[first : first + _BATCH]
            peaks = np.abs(windows[batch] @ _FILTERS).max(axis=1)
            found[batch] = np.maximum(found[batch], peaks)
    return found


class TruePeak:
    """The highest true peak of a sound that arrives in blocks (frames, channels)."""

    def __init__(self, channels: int = 2) -> None:
        self._history: Samples = np.zeros((2 * HALF - 1, channels), dtype=np.float32)
        self._highest = 0.0

    def add(self, block: Samples) -> None:
        if not len(block):
            return
        self._highest = max(self._highest, float(np.abs(block).max()))
        samples = np.concatenate([self._history, block])
        self._highest = max(self._highest, float(gap_peaks(samples, self._highest).max()))
        self._history = samples[len(block) :]

    @property
    def value(self) -> float:
        """Linear; 1.0 is 0 dBTP. The last gaps are read as if silence followed."""
        ending = np.concatenate([self._history, np.zeros_like(self._history)])
        return max(self._highest, float(gap_peaks(ending, self._highest).max()))


def decibels(level: npt.ArrayLike) -> float:
    """20 log10 of a linear level; minus infinity for silence."""
    value = float(np.asarray(level))
    return float(20.0 * np.log10(value)) if value > 0 else float("-inf")
