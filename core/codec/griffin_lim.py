"""Short-time Fourier transform on a patch grid, and phases for given magnitudes.

Frames are centred on half hops, so that F frames cover exactly F * hop samples and the grid has
no odd frame at the end. The hop divides the window: overlap-add is a reshape and four sums.

Source: Griffin and Lim 1984; Perraudin, Balazs and Sondergaard 2013 (the fast, accelerated form).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

MOMENTUM = 0.99
TINY = 1e-9


@dataclass(frozen=True)
class Stft:
    """A Hann-windowed transform whose hop is a quarter of its window.

    Attributes:
        window: samples in a frame, a multiple of 4; a frame has window / 2 + 1 bins.
    """

    window: int

    @property
    def hop(self) -> int:
        return self.window // 4

    @property
    def margin(self) -> int:
        """Samples of padding before the first and after the last hop."""
        return (self.window - self.hop) // 2

    def forward(self, waveform: Tensor) -> Tensor:
        """Spectra (F, window / 2 + 1) of a waveform (F * hop,)."""
        return self._analyse(F.pad(waveform, (self.margin, self.margin)))

    def inverse(self, spectra: Tensor) -> Tensor:
        """Waveform (F * hop,) nearest in least squares to spectra (F, window / 2 + 1)."""
        return self._overlap_add(spectra)[self.margin : -self.margin]

    def _analyse(self, padded: Tensor) -> Tensor:
        frames = padded.unfold(0, self.window, self.hop) * _hann(self.window)
        spectra: Tensor = torch.fft.rfft(frames)
        return spectra

    def _overlap_add(self, spectra: Tensor) -> Tensor:
        count = spectra.shape[0]
        frames: Tensor = torch.fft.irfft(spectra, n=self.window)
        frames = frames.mul_(_synthesis(self.window))
        hops = frames.view(count, 4, self.hop)
        out = frames.new_zeros(count + 3, self.hop)
        for k in range(4):
            out[k : k + count] += hops[:, k]
        return out.view(-1)


@lru_cache(maxsize=8)
def _hann(window: int) -> Tensor:
    return torch.hann_window(window)


@lru_cache(maxsize=8)
def _synthesis(window: int) -> Tensor:
    """The window over the sum of its squares, which is 1.5 wherever four frames overlap."""
    return _hann(window) / 1.5


def find_phases(stft: Stft, magnitudes: Tensor, start: Tensor, rounds: int) -> Tensor:
    """Spectra with the given magnitudes and phases that belong together, by fast Griffin-Lim.

    Args:
        magnitudes: (F, bins), linear.
        start: (F, bins) complex; only its phases count.
        rounds: projections on the consistent spectra.

    Returns:
        (F, bins) complex, its modulus equal to `magnitudes`.
    """
    pull = MOMENTUM / (1 + MOMENTUM)
    spectra = _with_modulus(start, magnitudes)
    previous = torch.zeros_like(spectra)
    for _ in range(rounds):
        consistent = stft._analyse(stft._overlap_add(spectra))
        spectra = _with_modulus(torch.sub(consistent, previous, alpha=pull), magnitudes)
        previous = consistent
    return spectra


def _with_modulus(spectra: Tensor, magnitudes: Tensor) -> Tensor:
    return spectra * (magnitudes / (spectra.abs() + TINY))
