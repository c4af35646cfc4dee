"""A codec that turns frames of sound by an orthonormal matrix; what a newcomer writes first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from core.codec.codec import Codec


class FramingCodec(Codec):
    """Mono at 44.1 kHz. As many numbers a latent frame as samples, so that nothing is lost."""

    sample_rate = 44100
    audio_channels = 1
    reach = 0

    def __init__(self, matrix: Tensor) -> None:
        self.matrix = matrix
        self.hop = self.latent_channels = len(matrix)

    @classmethod
    def load(cls, path: Path) -> FramingCodec:
        return cls(load_file(path)["matrix"])

    def encode(self, waveform: Tensor) -> Tensor:
        padded = torch.nn.functional.pad(waveform, (0, -waveform.shape[-1] % self.hop))
        return padded.reshape(len(waveform), -1, self.hop) @ self.matrix

    def decode(self, latents: Tensor, seed: int | Sequence[int]) -> Tensor:
        return (latents @ self.matrix.T).reshape(len(latents), 1, -1)
