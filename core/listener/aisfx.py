"""Sound embeddings of the `aisfx` checkpoint: the judge of recognisability, never a loss.

The network was trained on professional sound-effect libraries labelled in the Universal Category
System (Ma and Lerch, ISMIR 2022; weights CC-BY 4.0). Only the checkpoint file of the package is
read; the package itself is not imported.
"""

from __future__ import annotations

import hashlib
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.errors import WeightsError

AISFX_RATE = 44100
_WINDOW = 2048
MEL_HOP = 1024
_BANDS = 96
BLOCK = 100
"""Mel frames in a block, 2.3 s; blocks overlap by half."""
_DIMENSIONS = 512
CEILING = 9.457798957824707
"""The largest log-mel value of the training libraries; inputs are divided by it."""
SHA256 = "499ea75909c932a2f94c35fa722fa4fabc5bcb7e84917209cc5f7402627b7eb5"


def checkpoint_path() -> Path:
    """The checkpoint inside the installed `aisfx` distribution.

    Raises:
        WeightsError: the package is not installed, or its checkpoint is not the known one.
    """
    try:
        entries = files("aisfx") or []
    except PackageNotFoundError:
        entries = []
    found = [Path(str(e.locate())) for e in entries if e.name == "checkpoint.pth"]
    if not found or not found[0].is_file():
        raise WeightsError("The sound judge is missing: run `make install` to install aisfx 0.1.2.")
    if hashlib.sha256(found[0].read_bytes()).hexdigest() != SHA256:
        raise WeightsError("The aisfx checkpoint has changed: reinstall aisfx 0.1.2.")
    return found[0]


def _read_weights(path: Path) -> dict[str, Tensor]:
    """The convolutional part of the checkpoint; its per-library classifiers are left out."""
    scalar: Any = np.float64(0).__reduce__()[0]
    count = (scalar, "numpy.core.multiarray.scalar")  # its name in numpy 1
    with torch.serialization.safe_globals([count, np.dtype, np.dtypes.Int64DType]):
        weights, _ = torch.load(path, map_location="cpu", weights_only=True)
    prefix = "embedding_net."
    return {k[len(prefix) :]: v for k, v in weights.items() if k.startswith(prefix)}


class _Block(nn.Module):
    """Two 3 x 3 convolutions, each followed by batch normalisation and ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.bn2 = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(x)))


class _Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv_block1 = _Block(1, 64)
        self.conv_block2 = _Block(64, 128)
        self.conv_block3 = _Block(128, 256)
        self.conv_block4 = _Block(256, _DIMENSIONS)

    def forward(self, spectra: Tensor) -> Tensor:
        """Features (B, T / 8, 512) of normalised log-mel spectra (B, T, 96)."""
        x = F.max_pool2d(self.conv_block1(spectra.unsqueeze(1)), 2)
        x = F.max_pool2d(self.conv_block2(x), 2)
        x = F.max_pool2d(self.conv_block3(x), 2)
        return torch.as_tensor(self.conv_block4(x)).mean(dim=3).transpose(1, 2)


def _mel(hz: Tensor) -> Tensor:
    return 1127.01048 * torch.log1p(hz / 700.0)


def mel_filters() -> Tensor:
    """Filters (1025, 96): triangles in mel from 0 Hz to 22.05 kHz, each of unit sum."""
    top = _mel(torch.tensor(AISFX_RATE / 2, dtype=torch.float64))
    corners = torch.linspace(0.0, 1.0, _BANDS + 2, dtype=torch.float64) * top
    bins = _mel(torch.arange(_WINDOW // 2 + 1, dtype=torch.float64) * AISFX_RATE / _WINDOW)
    step = corners[1] - corners[0]
    weights = (1.0 - (bins.unsqueeze(1) - corners[1:-1]).abs() / step).clamp_min(0.0)
    return (weights / weights.sum(0).clamp_min(1e-12)).float()


class Embedder(Protocol):
    """A judge of sounds: makes a vector of mono sound (N,) at 44.1 kHz."""

    name: str

    def embed(self, waveform: Tensor) -> Tensor: ...


class SoundEmbedder:
    """Embeds mono sound at 44.1 kHz.

    The level is taken out first (the peak is set to full scale): a class is not a loudness.

    Args:
        precision: what the network computes in. Half precision turns an embedding by a cosine of
            0.0001 or so: too much for a judge, nothing for a search.
    """

    name = "aisfx"
    sample_rate = AISFX_RATE

    def __init__(self, precision: torch.dtype = torch.float32) -> None:
        self._precision = precision
        self._network = _Network().eval().requires_grad_(False)
        self._network.load_state_dict(_read_weights(checkpoint_path()))
        if precision != torch.float32:
            self._network.to(precision)
            for weight in self._network.parameters():
                if weight.dim() == 4:  # as the processor's units for it read them
                    weight.data = weight.data.contiguous(memory_format=torch.channels_last)
        self._filters = mel_filters()
        self._window = torch.hann_window(_WINDOW, periodic=False)

    def spectrum(self, waveform: Tensor) -> Tensor:
        """Normalised log-mel frames (T, 96) of a waveform (N,), the first centred on its start."""
        waveform = waveform / waveform.abs().max().clamp_min(1e-5)
        padded = F.pad(waveform, (_WINDOW // 2, _WINDOW // 2 + MEL_HOP))
        power = torch.fft.rfft(padded.unfold(0, _WINDOW, MEL_HOP) * self._window).abs().square()
        return torch.log10(1.0 + 1e4 * (power @ self._filters)) / CEILING

    def blocks(self, waveform: Tensor) -> Tensor:
        """Blocks (B, 100, 96), half overlapping; what does not fill the last one is left out.

        A waveform shorter than a block is filled up with silence.
        """
        frames = self.spectrum(waveform)
        frames = F.pad(frames, (0, 0, 0, max(0, BLOCK - len(frames))))
        return frames.unfold(0, BLOCK, BLOCK // 2).transpose(1, 2)

    def embed(self, waveform: Tensor) -> Tensor:
        """Embedding (512,) of a waveform (N,) at 44.1 kHz: the largest activation over time."""
        with torch.inference_mode():
            each = [self._network(block.unsqueeze(0))[0] for block in self.blocks(waveform)]
        return torch.cat(each).amax(0)

    def embed_blocks(self, blocks: Tensor) -> Tensor:
        """Embeddings (B, 512), one a block (B, 100, 96), all at once."""
        with torch.inference_mode():
            return torch.as_tensor(self._network(blocks.to(self._precision))).amax(1).float()

    def frame_features(self, waveform: Tensor) -> Tensor:
        """Features (T, 512) of a waveform (N,), one for every 8 mel frames (186 ms)."""
        frames = self.spectrum(waveform)
        frames = F.pad(frames, (0, 0, 0, -len(frames) % 8))
        with torch.inference_mode():
            return torch.as_tensor(self._network(frames.unsqueeze(0)))[0]
