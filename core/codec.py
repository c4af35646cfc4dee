"""Codecs: sound to latents and back. 64 channels at 21.5 Hz, the geometry of the published model.

`OobleckCodec` is the neural autoencoder of the published checkpoint (stereo). `SpectralCodec` is
linear: the principal components of log-spectrum patches (core/spectral.py), fitted by
core/training/fit_codec.py. What the components leave out is drawn at random when decoding, under
a spread that depends on the patch; without it, rain and fire turn into hum.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Protocol

import torch
from diffusers import AutoencoderOobleck
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from core import spectral
from core.errors import WeightsError
from core.files import atomic_path

FORMAT = "audiostory-spectral-codec-1"
SPREAD_RANGE = (0.3, 1.5)
"""Bounds of the residual's scale, as shares of its mean over the fitted clips."""
RESIDUAL_LIMIT = 2.5
"""Largest residual, in scales: beyond it, a drawn bin would stand out as a click."""


class Codec(Protocol):
    """Sound to latents and back.

    Attributes:
        sample_rate: in Hz.
        hop: samples a latent frame.
        latent_channels: numbers a latent frame.
        audio_channels: 1 mono, 2 stereo.
    """

    sample_rate: int
    hop: int
    latent_channels: int
    audio_channels: int

    def encode(self, waveform: Tensor) -> Tensor:
        """Latents (B, T, latent_channels) of waveforms (B, audio_channels, N), full scale 1."""

    def decode(self, latents: Tensor, seed: int | Sequence[int]) -> Tensor:
        """Waveforms (B, audio_channels, T * hop); one seed for all items, or one for each."""

    def frames(self, seconds: float) -> int:
        """Latent frames that cover `seconds`."""


@dataclass(frozen=True)
class SpectralFit:
    """What fitting finds. P = 1408 numbers a patch, C = 64 components in order of variance.

    Attributes:
        weight: (P,) importance of each number to the ear; components are those of weighted patches.
        mean: (P,) of the weighted patches.
        components: (C, P), orthonormal.
        deviation: (C,) standard deviation of each component; latents are divided by it.
        spread: (P,) mean size of the residual, in log magnitude.
        spread_slope: (C, P) change of that size with the latents.
    """

    weight: Tensor
    mean: Tensor
    components: Tensor
    deviation: Tensor
    spread: Tensor
    spread_slope: Tensor

    def latents(self, patches: Tensor) -> Tensor:
        """Latents (..., C) of patches (..., P), of unit variance over the fitted clips."""
        return (patches * self.weight - self.mean) @ self.components.T / self.deviation

    def patches(self, latents: Tensor) -> Tensor:
        """The expected patches (..., P) of latents (..., C)."""
        return ((latents * self.deviation) @ self.components + self.mean) / self.weight

    def scale(self, latents: Tensor) -> Tensor:
        """Scale (..., P) of the residual around the expected patches; small where all is silent."""
        scale = self.spread + latents @ self.spread_slope
        return scale.clamp(SPREAD_RANGE[0] * self.spread, SPREAD_RANGE[1] * self.spread)


class SpectralCodec:
    """The pocket codec: mono, 44.1 kHz, absolute levels kept, bit-identical for the same seed."""

    sample_rate = 44100
    hop = spectral.HOP
    audio_channels = 1

    def __init__(self, fit: SpectralFit, rounds: int = 16) -> None:
        """`rounds` of Griffin-Lim: more than 16 were measured and not heard by the judge."""
        self.fit = fit
        self.rounds = rounds
        self.latent_channels = len(fit.deviation)

    def encode(self, waveform: Tensor) -> Tensor:
        """Latents (B, T, 64) of waveforms (B, 1, N); the last frame is filled up with silence."""
        return torch.stack([self.fit.latents(spectral.analyse(item[0])) for item in waveform])

    def decode(self, latents: Tensor, seed: int | Sequence[int]) -> Tensor:
        """Waveforms (B, 1, T * 2048) of latents (B, T, 64).

        Each item is drawn and computed by itself: its samples depend on its own seed and latents,
        never on what else is in the batch.
        """
        seeds = [seed] * len(latents) if isinstance(seed, int) else list(seed)
        if len(seeds) != len(latents):
            raise ValueError(f"{len(latents)} items need as many seeds, not {len(seeds)}")
        items = zip(latents.float(), seeds, strict=True)
        return torch.stack([self._decode_one(item, s) for item, s in items]).unsqueeze(1)

    def _decode_one(self, latents: Tensor, seed: int) -> Tensor:
        draw = torch.Generator().manual_seed(seed)
        expected = self.fit.patches(latents)
        residual = _laplace(expected.shape, draw) * self.fit.scale(latents)
        noise = spectral.excitation(len(latents), draw)
        return spectral.synthesise(expected + residual, noise, self.rounds)

    def frames(self, seconds: float) -> int:
        """Latent frames that cover `seconds`."""
        return math.ceil(round(seconds * self.sample_rate) / self.hop)

    def save(self, path: Path) -> None:
        """Writes the fit as safetensors, large matrices in half precision; atomic."""
        tensors = {f.name: getattr(self.fit, f.name) for f in fields(self.fit)}
        half = {"components", "spread_slope"}
        stored = {k: (v.half() if k in half else v).contiguous() for k, v in tensors.items()}
        about = {"format": FORMAT, "sample_rate": self.sample_rate, "hop": self.hop}
        with atomic_path(path) as temporary:
            save_file(stored, temporary, metadata={"codec": json.dumps(about)})

    @classmethod
    def load(cls, path: Path, rounds: int = 16) -> SpectralCodec:
        """The codec of a file written by `save`.

        Raises:
            WeightsError: the file is missing, damaged or of another format.
        """
        names = [f.name for f in fields(SpectralFit)]
        try:
            with safe_open(path, framework="pt") as file:
                about = json.loads((file.metadata() or {}).get("codec", "{}"))
                tensors = {n: file.get_tensor(n).float() for n in names}
        except (OSError, SafetensorError, ValueError) as error:
            raise WeightsError(
                f"Cannot read the codec {path}: fit it again or restore it."
            ) from error
        if about.get("format") != FORMAT or tensors["components"].shape[1] != spectral.PATCH:
            raise WeightsError(f"{path} is not a codec of this version: fit it again.")
        return cls(SpectralFit(**tensors), rounds)


def _laplace(shape: torch.Size, draw: torch.Generator) -> Tensor:
    """Laplace noise of mean size 1; its rare extremes are cut, since they would be clicks."""
    uniform = torch.rand(shape, generator=draw) - 0.5
    size = (-torch.log1p(-2.0 * uniform.abs())).clamp_max(RESIDUAL_LIMIT)
    return size * uniform.sign()


class OobleckCodec:
    """The published model's neural codec: stereo, 44.1 kHz; decoding draws nothing."""

    def __init__(self, autoencoder: AutoencoderOobleck | None = None) -> None:
        """Without an argument: the published shape with untrained weights."""
        self.autoencoder = (autoencoder or AutoencoderOobleck()).eval().requires_grad_(False)
        config = self.autoencoder.config
        self.sample_rate = int(config.sampling_rate)
        self.hop = int(self.autoencoder.hop_length)
        self.latent_channels = int(config.decoder_input_channels)
        self.audio_channels = int(config.audio_channels)

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
        with torch.inference_mode():
            padded = torch.nn.functional.pad(waveform, (0, gap))
            mean: Tensor = self.autoencoder.encode(padded).latent_dist.mode()
        return mean.transpose(1, 2)

    def decode(self, latents: Tensor, seed: int | Sequence[int]) -> Tensor:
        """Waveforms (B, 2, T * hop); the seed has no effect."""
        with torch.inference_mode():
            waveform: Tensor = self.autoencoder.decode(latents.transpose(1, 2)).sample
        return waveform

    def frames(self, seconds: float) -> int:
        """Latent frames that cover `seconds`."""
        return math.ceil(round(seconds * self.sample_rate) / self.hop)
