"""The published model's neural codec: diffusers' Oobleck autoencoder, for inference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from diffusers import AutoencoderOobleck
from diffusers.models.autoencoders.autoencoder_oobleck import Snake1d
from torch import Tensor, nn

from core.codec.codec import Codec
from core.errors import WeightsError

TILE = 160
"""Latent frames that are decoded at once."""
_BUFFERS = 4
"""Tensors of the size of the decoder's last stage that are held at once while it computes."""


def _reach(strides: Sequence[int]) -> int:
    """Latent frames on either side of one that its decoded samples depend on.

    Each stage of the decoder is a transposed convolution, which looks one frame aside, and three
    residual convolutions of width 7 and dilation 1, 3 and 9; before and after all, one of width 7.
    """
    reach = 3
    for stride in strides:
        reach = (reach + 1) * stride + 3 * (1 + 3 + 9)
    return math.ceil((reach + 3) / math.prod(strides))


class Snake(nn.Module):
    """x + sin(a x)^2 / b for inference: exponentials taken once, two passes over memory fewer.

    A third of the codec's time went into this alone.
    """

    a: Tensor
    share: Tensor

    def __init__(self, snake: Snake1d):
        super().__init__()
        self.register_buffer("a", snake.alpha.detach().exp())
        self.register_buffer("share", (snake.beta.detach().exp() + 1e-9).reciprocal())

    def forward(self, x: Tensor) -> Tensor:
        wave = torch.mul(x, self.a).sin_().square_()
        return torch.addcmul(x, wave, self.share)


class OobleckCodec(Codec):
    """The published model's neural codec: stereo, 44.1 kHz; decoding draws nothing."""

    reach: int

    def __init__(self, autoencoder: AutoencoderOobleck | None = None, tile: int = TILE) -> None:
        """Without an argument: the published shape with untrained weights.

        Args:
            tile: latent frames that are decoded at once.
        """
        self.tile = tile
        self.autoencoder = (autoencoder or AutoencoderOobleck()).eval().requires_grad_(False)
        self.autoencoder.enable_slicing()
        config = self.autoencoder.config
        self.sample_rate = int(config.sampling_rate)
        self.hop = int(self.autoencoder.hop_length)
        self.latent_channels = int(config.decoder_input_channels)
        self.audio_channels = int(config.audio_channels)
        self.reach = _reach(config.downsampling_ratios[::-1])
        for part in list(self.autoencoder.modules()):
            if hasattr(part, "weight_g"):
                torch.nn.utils.remove_weight_norm(part)
            for name, child in part.named_children():
                if isinstance(child, Snake1d):
                    setattr(part, name, Snake(child))

    @classmethod
    def load(cls, folder: Path) -> OobleckCodec:
        """From a folder in diffusers' layout (config.json and safetensors).

        Raises:
            WeightsError: the folder is missing or not such a model.
        """
        try:
            return cls(AutoencoderOobleck.from_pretrained(folder, local_files_only=True))
        except (OSError, ValueError) as error:
            raise WeightsError(f"Cannot read the codec in {folder}: download it again.") from error

    def encode(self, waveform: Tensor) -> Tensor:
        """Latents (B, T, 64), the posterior's mean, of waveforms (B, 2, N)."""
        gap = -waveform.shape[-1] % self.hop
        weight = next(self.autoencoder.parameters())
        with torch.inference_mode():
            padded = torch.nn.functional.pad(waveform, (0, gap)).to(weight)
            mean: Tensor = self.autoencoder.encode(padded).latent_dist.mode()
        return mean.transpose(1, 2).to(waveform)

    def decode(self, latents: Tensor, seed: int | Sequence[int]) -> Tensor:
        """Waveforms (B, 2, T * hop); the seed has no effect.

        Decoded item by item, in tiles that overlap by all that a sample depends on, so that no
        seam is left: the memory needed grows neither with the batch nor with the length.
        """
        tiles = [
            self._decode_tile(latents, start) for start in range(0, latents.shape[1], self.tile)
        ]
        return torch.cat(tiles, dim=-1)

    @torch.inference_mode()
    def _decode_tile(self, latents: Tensor, start: int) -> Tensor:
        """Waveforms (B, 2, tile * hop or less) of the frames from `start` on."""
        first = max(0, start - self.reach)
        tile = latents[:, first : start + self.tile + self.reach].transpose(1, 2)
        weight = next(self.autoencoder.parameters())
        waveform: Tensor = self.autoencoder.decode(tile.to(weight)).sample
        skipped = (start - first) * self.hop
        count = min(self.tile, latents.shape[1] - start) * self.hop
        return waveform[..., skipped : skipped + count].to(latents)

    def to(self, device: str) -> None:
        self.autoencoder.to(device)

    def decode_bytes(self) -> int:
        """Bytes that decoding takes at most beside the weights, in fp32."""
        samples = (self.tile + 2 * self.reach) * self.hop
        return 4 * _BUFFERS * samples * int(self.autoencoder.config.decoder_channels)
