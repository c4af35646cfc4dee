"""Banded log-spectrum patches: the features under the pocket codec, and sound made from them.

A frame (2048 samples, hop 512) keeps the log magnitudes of the first 256 bins (to 5.5 kHz) and the
log RMS of 96 log-spaced bands above them. Four frames are one patch of 1408 numbers.

Phases are found where they are heard, below 5.5 kHz. Those 256 bins are all that a signal of a
quarter of the sample rate has, so Griffin-Lim runs there, at a quarter of the window, the hop and
the cost. The bands above are white noise coloured by their levels, which needs no phases found.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from core.codec.griffin_lim import Stft, find_phases
from core.codec.noise_bands import NoiseBands

WINDOW = 2048
BINS = 256
_BANDS = 96
NOISE_BANDS = NoiseBands.spaced(BINS, WINDOW // 2 + 1, _BANDS)
"""Above 5.5 kHz."""
FRAMES = 4
FEATURES = BINS + _BANDS
PATCH = FRAMES * FEATURES
FLOOR = 2e-3
"""Added to every magnitude before the log; a full-scale sine has magnitude 512."""

FULL = Stft(WINDOW)
LOW = Stft(WINDOW // 4)
HOP = FRAMES * FULL.hop


def analyse(waveform: Tensor) -> Tensor:
    """Patches (T, 1408) of a waveform (N,); its last patch is filled up with silence."""
    patches = math.ceil(len(waveform) / HOP)
    spectra = FULL.forward(torch.nn.functional.pad(waveform, (0, patches * HOP - len(waveform))))
    return log_levels(spectra).reshape(patches, PATCH)


def log_levels(spectra: Tensor) -> Tensor:
    """Log levels (F, 352) of the bins below 5.5 kHz and the bands above, of spectra (F, 1025)."""
    levels = torch.cat([spectra[:, :BINS].abs(), NOISE_BANDS.levels(spectra)], dim=1)
    return torch.log(levels + FLOOR)


def excitation(patches: int, generator: torch.Generator) -> Tensor:
    """Spectra (4 T, 1025) of white noise with unit mean power in every bin."""
    noise = torch.randn(patches * HOP, generator=generator)
    return FULL.forward(noise) / math.sqrt(WINDOW * 0.375)


def synthesise(patches: Tensor, noise: Tensor, start: Tensor, rounds: int) -> Tensor:
    """Waveform (T * 2048,) of patches (T, 1408).

    Args:
        noise: (4 T, 1025) from `excitation`: the grain of the bands above 5.5 kHz.
        start: (4 T, 1025), from whose phases the search below 5.5 kHz starts.
        rounds: of fast Griffin-Lim.
    """
    levels = (patches.reshape(-1, FEATURES).exp() - FLOOR).clamp_min(0.0)
    magnitudes = torch.nn.functional.pad(levels[:, :BINS], (0, 1))
    low = find_phases(LOW, magnitudes, start[:, : BINS + 1], rounds)[:, :BINS]
    gains = levels[:, BINS:] / NOISE_BANDS.levels(noise)
    high = noise[:, BINS:] * gains[:, NOISE_BANDS.of_bin]
    return FULL.inverse(torch.cat([low, high], dim=1))
