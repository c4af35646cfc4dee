"""A sound in two parts, below and above 1 kHz, that add up to it.

Below, partials lie close together; the low part is kept at a sixteenth of the rate.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

CODEC_RATE = 44_100
DECIMATION = 16
LOWEST_HZ, HIGHEST_HZ = 900.0, 1100.0
"""Where the low part begins to fade, and where it has ended."""


def divide(waveform: Tensor) -> tuple[Tensor, Tensor]:
    """The low part (N / 16,) at a sixteenth of the rate and the rest (N,) of a waveform (N,).

    N is a multiple of 16. The filter is symmetric: it shifts nothing in time.
    """
    spectrum = torch.fft.rfft(waveform)
    low = torch.fft.irfft(spectrum * _low_share(len(spectrum)), n=len(waveform))
    return resample(low, len(waveform) // DECIMATION), waveform - low


def without_low_part(spectrum: Tensor) -> Tensor:
    """The spectrum (N / 2 + 1,) of what `divide` leaves above."""
    return spectrum * (1.0 - _low_share(len(spectrum)))


def resample(waveform: Tensor, samples: int) -> Tensor:
    """The same sound (samples,) at another rate, of a waveform (N,); what that lacks is cut off."""
    spectrum = torch.fft.rfft(waveform)
    bins = samples // 2 + 1
    kept = F.pad(spectrum, (0, max(0, bins - len(spectrum))))[:bins]
    resampled: Tensor = torch.fft.irfft(kept, n=samples) * (samples / len(waveform))
    return resampled


def bin_hertz(bins: int) -> Tensor:
    """Frequencies (bins,) of the spectrum of a whole sound."""
    return torch.linspace(0.0, CODEC_RATE / 2, bins)


def _low_share(bins: int) -> Tensor:
    place = ((bin_hertz(bins) - LOWEST_HZ) / (HIGHEST_HZ - LOWEST_HZ)).clamp(0.0, 1.0)
    return torch.cos(place * math.pi / 2).square()
