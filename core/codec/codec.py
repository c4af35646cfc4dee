"""What the rest asks of a codec: sound to latents and back.

`core.codec.kinds` names the implementations and loads one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor


class Codec(Protocol):
    """Sound to latents and back; implementations inherit what they need not change.

    Attributes:
        sample_rate: in Hz.
        hop: samples a latent frame.
        latent_channels: numbers a latent frame.
        audio_channels: 1 mono, 2 stereo.
        reach: latent frames on either side of one that its decoded samples depend on; None: they
            depend on all.
    """

    sample_rate: int
    hop: int
    latent_channels: int
    audio_channels: int
    reach: int | None = None

    def encode(self, waveform: Tensor) -> Tensor:
        """Latents (B, T, latent_channels) of waveforms (B, audio_channels, N), full scale 1."""
        ...

    def encode_below(self, waveform: Tensor, limit_hz: float) -> Tensor:
        """Latents of waveforms that hold nothing above a frequency since their recording did not:
        what the codec's own knowledge of sounds expects there is put in, where it can.

        By default it cannot, and the latents say that there is silence.
        """
        return self.encode(waveform)

    def decode(self, latents: Tensor, seed: int | Sequence[int]) -> Tensor:
        """Waveforms (B, audio_channels, T * hop); one seed for all items, or one for each."""
        ...

    def frames(self, seconds: float) -> int:
        """Latent frames that cover `seconds`."""
        return math.ceil(round(seconds * self.sample_rate) / self.hop)

    def channel_weights(self) -> Tensor:
        """What each latent channel counts in the performer's loss, (latent_channels,), of mean 1:
        the share of the sound's features that it stands for."""
        return torch.ones(self.latent_channels)

    def to(self, device: str) -> None:
        """Bring the weights to a device; what computes on the processor alone stays there."""
        return


def decode_apart(
    latents: Tensor, seed: int | Sequence[int], decode_one: Callable[[Tensor, int], Tensor]
) -> Tensor:
    """Waveforms (B, 1, N) of latents (B, T, C), each item computed by itself.

    Its samples depend on its own seed and latents, never on what else is in the batch. All is done
    on the processor, wherever the latents are, so that the noise is the same on every machine.

    Args:
        decode_one: a waveform (N,) of latents (T, C) and a seed.
    """
    seeds = [seed] * len(latents) if isinstance(seed, int) else list(seed)
    if len(seeds) != len(latents):
        raise ValueError(f"{len(latents)} items need as many seeds, not {len(seeds)}")
    items = zip(latents.float().cpu(), seeds, strict=True)
    return torch.stack([decode_one(item, s) for item, s in items]).unsqueeze(1)
