"""Codecs: sound to latents and back. 64 channels at 21.5 Hz, the geometry of the published model.

`OobleckCodec` is the neural autoencoder of the published checkpoint (stereo). `SpectralCodec` is
linear: the principal components of log-spectrum patches (core/codec/patches.py), fitted by
core/training/fit_codec.py. What the components leave out is drawn at random when decoding, under a
distribution that depends on the patch and its neighbours (core/codec/grain.py); without it, rain
and fire turn into hum.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Protocol

import torch
from diffusers import AutoencoderOobleck
from diffusers.models.autoencoders.autoencoder_oobleck import Snake1d
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from core.codec.grain import Grain, GrainConfig, drawn
from core.codec.patches import FULL, HOP, PATCH, analyse, excitation, synthesise
from core.errors import WeightsError
from core.files import atomic_path

FORMAT = "audiostory-spectral-codec-1"
GRAIN = "grain."
"""Prefix of the network's tensors in the codec's file."""
SPREAD_RANGE = (0.3, 1.5)
"""Bounds of the residual's scale, as shares of its mean over the fitted clips."""


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

    def offset(self, latents: Tensor) -> Tensor:
        """Change of the patches (..., P) for a change of the latents (..., C)."""
        return (latents * self.deviation) @ self.components / self.weight

    def scale(self, latents: Tensor) -> Tensor:
        """Scale (..., P) of the residual around the expected patches; small where all is silent."""
        scale = self.spread + latents @ self.spread_slope
        return scale.clamp(SPREAD_RANGE[0] * self.spread, SPREAD_RANGE[1] * self.spread)


class SpectralCodec:
    """The pocket codec: mono, 44.1 kHz, absolute levels kept, bit-identical for the same seed."""

    sample_rate = 44100
    hop = HOP
    audio_channels = 1
    rounds = 8
    """Of Griffin-Lim in each pass."""
    passes = 2
    """After each but the last, the sound is encoded and its patches are moved by what its latents
    miss, so that a decoded sound has the latents that it was decoded from."""

    def __init__(self, fit: SpectralFit, grain: Grain | None = None) -> None:
        """Without `grain` the residual's size is told from its own patch alone."""
        self.fit = fit
        self.grain = grain
        self.latent_channels = len(fit.deviation)

    def encode(self, waveform: Tensor) -> Tensor:
        """Latents (B, T, 64) of waveforms (B, 1, N); the last frame is filled up with silence."""
        return torch.stack([self.fit.latents(analyse(item[0])) for item in waveform])

    def decode(self, latents: Tensor, seed: int | Sequence[int]) -> Tensor:
        """Waveforms (B, 1, T * 2048) of latents (B, T, 64).

        Each item is drawn and computed by itself: its samples depend on its own seed and latents,
        never on what else is in the batch. All is done on the processor, wherever the latents are,
        so that the noise is the same on every machine.
        """
        seeds = [seed] * len(latents) if isinstance(seed, int) else list(seed)
        if len(seeds) != len(latents):
            raise ValueError(f"{len(latents)} items need as many seeds, not {len(seeds)}")
        items = zip(latents.float().cpu(), seeds, strict=True)
        return torch.stack([self._decode_one(item, s) for item, s in items]).unsqueeze(1)

    def _decode_one(self, latents: Tensor, seed: int) -> Tensor:
        draw = torch.Generator().manual_seed(seed)
        noise = excitation(len(latents), draw)
        expected, size = self._distribution(latents)
        patches = expected + drawn(size, draw)
        start = noise
        for _ in range(self.passes - 1):
            sound = synthesise(patches, noise, start, self.rounds)
            missed = latents - self.fit.latents(analyse(sound))
            patches = patches + self.fit.offset(missed)
            start = FULL.forward(sound)
        return synthesise(patches, noise, start, self.rounds)

    @torch.inference_mode()
    def _distribution(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Medians of the patches' numbers, and their mean distances from them, (T, 1408) each."""
        expected = self.fit.patches(latents)
        if self.grain is None:
            return expected, self.fit.scale(latents)
        shift, log_size = self.grain(latents[None])
        return expected + shift[0], log_size[0].exp()

    def frames(self, seconds: float) -> int:
        """Latent frames that cover `seconds`."""
        return math.ceil(round(seconds * self.sample_rate) / self.hop)

    def save(self, path: Path) -> None:
        """Writes the fit as safetensors, large matrices in half precision; atomic."""
        tensors = {f.name: getattr(self.fit, f.name) for f in fields(self.fit)}
        half = {"components", "spread_slope"}
        stored = {k: (v.half() if k in half else v).contiguous() for k, v in tensors.items()}
        about: dict[str, Any] = {"format": FORMAT, "sample_rate": self.sample_rate, "hop": self.hop}
        if self.grain is not None:
            about["grain"] = asdict(self.grain.config)
            stored |= {f"{GRAIN}{k}": v.half() for k, v in self.grain.state_dict().items()}
        with atomic_path(path) as temporary:
            save_file(stored, temporary, metadata={"codec": json.dumps(about)})

    @classmethod
    def load(cls, path: Path) -> SpectralCodec:
        """The codec of a file written by `save`.

        Raises:
            WeightsError: the file is missing, damaged or of another format.
        """
        names = [f.name for f in fields(SpectralFit)]
        try:
            with safe_open(path, framework="pt") as file:
                about = json.loads((file.metadata() or {}).get("codec", "{}"))
                tensors = {n: file.get_tensor(n).float() for n in names}
                inside = {n: file.get_tensor(n).float() for n in file.keys() if n.startswith(GRAIN)}  # noqa: SIM118
        except (OSError, SafetensorError, ValueError) as error:
            raise WeightsError(
                f"Cannot read the codec {path}: fit it again or restore it."
            ) from error
        if about.get("format") != FORMAT or tensors["components"].shape[1] != PATCH:
            raise WeightsError(f"{path} is not a codec of this version: fit it again.")
        fit = SpectralFit(**tensors)
        return cls(fit, _grain(len(fit.deviation), about["grain"], inside) if inside else None)


def _grain(channels: int, config: Mapping[str, int], weights: Mapping[str, Tensor]) -> Grain:
    grain = Grain(channels, GrainConfig(**config)).eval().requires_grad_(False)
    grain.load_state_dict({name.removeprefix(GRAIN): value for name, value in weights.items()})
    return grain


TILE = 160
"""Latent frames that the neural codec decodes at once."""


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


class OobleckCodec:
    """The published model's neural codec: stereo, 44.1 kHz; decoding draws nothing."""

    def __init__(self, autoencoder: AutoencoderOobleck | None = None) -> None:
        """Without an argument: the published shape with untrained weights."""
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
        tiles = [self._tile(latents, start) for start in range(0, latents.shape[1], TILE)]
        return torch.cat(tiles, dim=-1)

    @torch.inference_mode()
    def _tile(self, latents: Tensor, start: int) -> Tensor:
        """Waveforms (B, 2, TILE * hop or less) of the frames from `start` on."""
        first = max(0, start - self.reach)
        tile = latents[:, first : start + TILE + self.reach].transpose(1, 2)
        weight = next(self.autoencoder.parameters())
        waveform: Tensor = self.autoencoder.decode(tile.to(weight)).sample
        skipped = (start - first) * self.hop
        count = min(TILE, latents.shape[1] - start) * self.hop
        return waveform[..., skipped : skipped + count].to(latents)

    def frames(self, seconds: float) -> int:
        """Latent frames that cover `seconds`."""
        return math.ceil(round(seconds * self.sample_rate) / self.hop)
