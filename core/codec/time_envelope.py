"""The level of the part above 1 kHz in bands and steps of 1.5 ms: what longer windows blur.

An attack, the roughness of a motor and the snaps of a fire are in it. It is measured when a sound
is coded, and imposed on what the phases give when it is decoded.

Both are done on a sound whose spectrum was tilted up by 6 dB an octave: through so short a window,
most sounds would otherwise show in every band what leaks from the lowest.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from core.codec.crossover import CODEC_RATE, bin_hertz, without_low_part

ENVELOPE_WINDOW = 128
"""Samples of a frame; frames lie half a window apart, where Hann windows add up to 1."""
STEP = ENVELOPE_WINDOW // 2
_EDGES_HZ = (2000.0, 3200.0, 4800.0, 7000.0, 10000.0, 14500.0)
"""Between the bands; the first one begins where the crossover ends."""
ENVELOPE_BANDS = len(_EDGES_HZ) + 1
ENVELOPE_TOPS_HZ = (*_EDGES_HZ, CODEC_RATE / 2)
"""Upper edges of the bands."""
_TILT_FROM_HZ, _TILT_TO_HZ, _TILT_PIVOT_HZ = 500.0, 16_000.0, 4000.0
_QUIET = 1e-5
"""Added to both sides of a gain: what lies lower is not raised."""
_MOST_GAIN = 8.0
"""18 dB: a band that the phases left empty for a moment is not blown up."""


def measure_envelope(high: Tensor) -> Tensor:
    """RMS magnitude (N / 64, 7) of the bands of the high part (N,) of a sound."""
    return _levels(_frames(_tilted(high)))


def impose_envelope(high: Tensor, envelope: Tensor, rounds: int) -> Tensor:
    """The high part (N,) with the levels `envelope` (N / 64, 7), nearer with every round.

    Frames overlap, so that a gain also changes its neighbours.
    """
    tilted = _tilted(high)
    for _ in range(rounds):
        frames = _frames(tilted)
        gains = (envelope + _QUIET) / (_levels(frames) + _QUIET)
        tilted = _overlap_add(frames * gains.clamp_max(_MOST_GAIN)[:, _band_of_bin()])
    spectrum = torch.fft.rfft(tilted)
    imposed: Tensor = torch.fft.irfft(
        without_low_part(spectrum) / _tilt(len(spectrum)), n=len(high)
    )
    return imposed


def _tilt(bins: int) -> Tensor:
    return bin_hertz(bins).clamp(_TILT_FROM_HZ, _TILT_TO_HZ) / _TILT_PIVOT_HZ


def _tilted(high: Tensor) -> Tensor:
    spectrum = torch.fft.rfft(high)
    tilted: Tensor = torch.fft.irfft(spectrum * _tilt(len(spectrum)), n=len(high))
    return tilted


def _frames(waveform: Tensor) -> Tensor:
    """Spectra (N / 64, 65) of frames whose middles lie in the middles of the steps."""
    padded = F.pad(waveform, (STEP // 2, STEP // 2))
    frames: Tensor = torch.fft.rfft(padded.unfold(0, ENVELOPE_WINDOW, STEP) * _hann())
    return frames


def _overlap_add(frames: Tensor) -> Tensor:
    halves = torch.fft.irfft(frames, n=ENVELOPE_WINDOW).view(-1, 2, STEP)
    added = F.pad(halves[:, 0], (0, 0, 0, 1)) + F.pad(halves[:, 1], (0, 0, 1, 0))
    return added.view(-1)[STEP // 2 : -(STEP // 2)]


def _hann() -> Tensor:
    return torch.hann_window(ENVELOPE_WINDOW)


def _band_of_bin() -> Tensor:
    hertz = torch.arange(ENVELOPE_WINDOW // 2 + 1) * (CODEC_RATE / ENVELOPE_WINDOW)
    return torch.bucketize(hertz, torch.tensor(_EDGES_HZ))


def _levels(frames: Tensor) -> Tensor:
    power = torch.view_as_real(frames).square().sum(-1)
    band = _band_of_bin()
    total = torch.zeros(len(power), ENVELOPE_BANDS).index_add_(1, band, power)
    return (total / torch.bincount(band)).sqrt() / STEP
