"""Sound embeddings by another judge: a network trained on AudioSet, with which nothing was tuned.

`mn04_as` of EfficientAT (Schmid et al., ICASSP 2023; MIT licence): MobileNetV3 at four tenths of
its width, a million parameters, mean average precision 0.432. No registry carries the file
`mn04_as_mAP_432.pt`; it is among the releases of github.com/fschmid56/EfficientAT.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import soxr
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.errors import WeightsError

_SAMPLE_RATE = 44100
HEARD_RATE = 32000
FFT, WINDOW, HOP, BANDS = 1024, 800, 320, 128
EMPHASIS = 0.97
_SHORTEST = 1.0
"""Seconds to which a shorter sound is filled up with silence."""
DIMENSIONS = 384
_SHA256 = "899a8c6217063f6941793102a2780b3dd788ab11fce468d9cf5f0577c453321c"

_ROWS = (
    # kernel, widened, out, squeezed to, stride
    (3, 8, 8, 0, 1),
    (3, 24, 16, 0, 2),
    (3, 32, 16, 0, 1),
    (5, 32, 16, 8, 2),
    (5, 48, 16, 16, 1),
    (5, 48, 16, 16, 1),
    (3, 96, 32, 0, 2),
    (3, 80, 32, 0, 1),
    (3, 72, 32, 0, 1),
    (3, 72, 32, 0, 1),
    (3, 192, 48, 48, 1),
    (3, 272, 48, 72, 1),
    (5, 272, 64, 72, 2),
    (5, 384, 64, 96, 1),
    (5, 384, 64, 96, 1),
)
HARD = 6
"""Rows from which the activation is the hard swish; it is ReLU before."""


def _convolution(
    inputs: int, outputs: int, kernel: int = 1, stride: int = 1, *, each: bool = False
) -> nn.Sequential:
    """Convolution and batch normalisation; `each`: every channel by itself."""
    groups = inputs if each else 1
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs, eps=1e-3),
    )


class _Excite(nn.Module):
    """Scales channels by what they all hold on average (squeeze and excitation)."""

    def __init__(self, width: int, squeezed: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, squeezed)
        self.fc2 = nn.Linear(squeezed, width)

    def forward(self, x: Tensor) -> Tensor:
        scale = torch.sigmoid(self.fc2(F.relu(self.fc1(x.mean((2, 3))))))
        return x * scale[:, :, None, None]


class _Excitation(nn.Module):
    def __init__(self, width: int, squeezed: int) -> None:
        super().__init__()
        self.conc_se_layers = nn.ModuleList([_Excite(width, squeezed)])

    def forward(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self.conc_se_layers[0](x))


class _Residual(nn.Module):
    """Widen, convolve each channel, excite, narrow; added to the input where shapes agree."""

    def __init__(
        self, inputs: int, kernel: int, wide: int, outputs: int, squeezed: int, stride: int
    ):
        super().__init__()
        self.added = stride == 1 and inputs == outputs
        layers: list[nn.Module] = [] if wide == inputs else [_convolution(inputs, wide)]
        layers.append(_convolution(wide, wide, kernel, stride, each=True))
        self.activated = len(layers)
        layers += [_Excitation(wide, squeezed)] if squeezed else []
        layers.append(_convolution(wide, outputs))
        self.block = nn.Sequential(*layers)

    def forward(self, x: Tensor, hard: bool) -> Tensor:
        y = x
        for place, layer in enumerate(self.block):
            y = layer(y)
            if place < self.activated:
                y = F.hardswish(y) if hard else F.relu(y)
        return x + y if self.added else y


class MobileNet(nn.Module):
    """The network, named as in the file."""

    def __init__(self) -> None:
        super().__init__()
        inputs = 8
        layers: list[nn.Module] = [_convolution(1, inputs, 3, 2)]
        for kernel, wide, outputs, squeezed, stride in _ROWS:
            layers.append(_Residual(inputs, kernel, wide, outputs, squeezed, stride))
            inputs = outputs
        layers.append(_convolution(inputs, DIMENSIONS))
        self.features = nn.ModuleList(layers)

    def forward(self, spectra: Tensor) -> Tensor:
        """The mean features (B, 384) of spectra (B, bands, T)."""
        first, *rows, last = self.features
        x = F.hardswish(first(spectra.unsqueeze(1)))
        for place, row in enumerate(rows):
            x = row(x, hard=place >= HARD)
        return F.hardswish(last(x)).mean((2, 3))


def kaldi_mel_filters() -> Tensor:
    """Triangles in mel (128, 513) from 0 Hz to 16 kHz, of height 1, as Kaldi has them."""
    top = 1127.0 * np.log(1.0 + HEARD_RATE / 2.0 / 700.0)
    corners = np.linspace(0.0, top, BANDS + 2)[:, None]
    bins = 1127.0 * np.log(1.0 + np.arange(FFT // 2 + 1) * HEARD_RATE / FFT / 700.0)
    low, centre, high = corners[:-2], corners[1:-1], corners[2:]
    rising, falling = (bins - low) / (centre - low), (high - bins) / (high - centre)
    return torch.from_numpy(np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32))


class AudioSetEmbedder:
    """Embeds mono sound at 44.1 kHz, the peak set to full scale first."""

    sample_rate = _SAMPLE_RATE
    name = "AudioSet"

    def __init__(self, network: MobileNet) -> None:
        self._network = network.eval().requires_grad_(False)
        self._filters = kaldi_mel_filters()
        self._window = torch.hann_window(WINDOW, periodic=False)

    @classmethod
    def load(cls, path: Path) -> AudioSetEmbedder:
        """From the published file.

        Raises:
            WeightsError: it is not there, or another one.
        """
        try:
            known = hashlib.sha256(path.read_bytes()).hexdigest() == _SHA256
        except OSError as error:
            raise WeightsError(f"Cannot read {path}; fetch mn04_as_mAP_432.pt.") from error
        if not known:
            raise WeightsError(f"{path} is not mn04_as_mAP_432.pt of EfficientAT's releases.")
        weights = torch.load(path, map_location="cpu", weights_only=True)
        network = MobileNet()
        network.load_state_dict({k: v for k, v in weights.items() if k.startswith("features.")})
        return cls(network)

    def spectrum(self, waveform: Tensor) -> Tensor:
        """Log-mel frames (128, T), one every 10 ms, of a waveform (N,), about -1 to 2."""
        sound = torch.from_numpy(soxr.resample(waveform.numpy(), _SAMPLE_RATE, HEARD_RATE))
        sound = sound / sound.abs().max().clamp_min(1e-5)
        sound = F.pad(sound, (0, max(0, round(_SHORTEST * HEARD_RATE) - len(sound))))
        sound = sound[1:] - EMPHASIS * sound[:-1]
        bins = torch.stft(sound, FFT, HOP, WINDOW, self._window, return_complex=True)
        return ((self._filters @ bins.abs().square() + 1e-5).log() + 4.5) / 5.0

    @torch.inference_mode()
    def embed(self, waveform: Tensor) -> Tensor:
        """Embedding (384,) of a waveform (N,) at 44.1 kHz: mean features over time."""
        return torch.as_tensor(self._network(self.spectrum(waveform)[None])[0])
