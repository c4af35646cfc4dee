"""The performer: a flow-matching DiT that renders each event's condition as codec latents.

Its shape is TangoFlux's: diffusers' FluxTransformer2DModel over latent frames, a condition of
bridged tokens followed by one duration token, and a pooled projection of the same tokens.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from diffusers import FluxTransformer2DModel
from torch import Tensor, nn

from core import flow
from core.errors import Cancelled


@dataclass(frozen=True)
class PerformerConfig:
    """Sizes of the DiT.

    Attributes:
        latent_channels: channels of the codec's latents.
        condition_width: width of the condition's tokens.
        axes: how the rotary embedding divides a head; sums to `head_dim`.
        max_seconds: the duration at which the duration embedder's input reaches 1.
        fixed_frames: latents always have this many frames (the published checkpoint's habit);
            0: as many as the duration needs.
        window_frames: longer latents are rendered in overlapping windows of this many frames
            (what training saw); 0: in one piece.
    """

    latent_channels: int
    condition_width: int
    layers: int
    single_layers: int
    heads: int
    head_dim: int
    axes: tuple[int, int, int]
    max_seconds: float
    fixed_frames: int = 0
    window_frames: int = 0


@dataclass(frozen=True)
class RenderSettings:
    """How an event is sampled: Euler steps, and the scale of classifier-free guidance."""

    steps: int
    guidance: float


class DurationEmbedder(nn.Module):
    """A duration as one condition token: learned Fourier features, then a linear layer."""

    def __init__(self, width: int, max_seconds: float, frequencies: int = 128):
        super().__init__()
        self.max_seconds = max_seconds
        self.frequencies = nn.Parameter(torch.randn(frequencies))
        self.linear = nn.Linear(2 * frequencies + 1, width)

    def forward(self, seconds: Tensor) -> Tensor:
        """(B,) seconds, clamped to 0…max_seconds, to (B, 1, width)."""
        value = (seconds.clamp(0.0, self.max_seconds) / self.max_seconds)[:, None]
        angles = value * self.frequencies[None] * 2.0 * math.pi
        features = torch.cat([value, angles.sin(), angles.cos()], dim=-1)
        return torch.as_tensor(self.linear(features))[:, None]


class Performer(nn.Module):
    """DiT, duration embedder, pooled projection, and the stored condition of the empty caption."""

    negative: Tensor

    def __init__(self, config: PerformerConfig, semantic_tokens: int):
        super().__init__()
        self.config = config
        self.transformer = FluxTransformer2DModel(
            in_channels=config.latent_channels,
            num_layers=config.layers,
            num_single_layers=config.single_layers,
            attention_head_dim=config.head_dim,
            num_attention_heads=config.heads,
            joint_attention_dim=config.condition_width,
            pooled_projection_dim=config.condition_width,
            guidance_embeds=False,
            axes_dims_rope=config.axes,
        )
        self.duration_embedder = DurationEmbedder(config.condition_width, config.max_seconds)
        width = config.condition_width
        self.pool = nn.Sequential(nn.Linear(width, width), nn.ReLU())
        self.register_buffer("negative", torch.zeros(1, semantic_tokens, width))

    def velocity(self, latents: Tensor, t: Tensor, condition: Tensor, seconds: Tensor) -> Tensor:
        """The predicted velocity u(x_t, t, c).

        Args:
            latents: x_t, (B, T, C).
            t: flow time in 0…1, (B,).
            condition: tokens on the text encoder's level, (B, S, width).
            seconds: durations, (B,).

        Returns:
            (B, T, C).
        """
        tokens = torch.cat([condition, self.duration_embedder(seconds)], dim=1)
        frames = torch.arange(latents.shape[1], dtype=torch.float32, device=latents.device)
        output = self.transformer(
            hidden_states=latents,
            encoder_hidden_states=tokens,
            pooled_projections=self.pool(condition.mean(dim=1)),
            timestep=t,
            img_ids=frames[:, None].expand(-1, 3),
            txt_ids=torch.zeros(tokens.shape[1], 3, device=latents.device),
            return_dict=False,
        )
        return torch.as_tensor(output[0])

    @torch.inference_mode()
    def render(
        self,
        condition: Tensor,
        seconds: Sequence[float],
        frames: int,
        seeds: Sequence[int],
        settings: RenderSettings,
        *,
        on_step: Callable[[int], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> Tensor:
        """Sample latents for a batch of events of equal frame count.

        Args:
            condition: (B, S, width).
            seconds: duration told to the model, one an event.
            frames: latent frames to render.
            seeds: one an event; the noise is drawn on the CPU, each event by its own seed.
            on_step: called with the number of each step before it is made.
            cancel: checked before every step.

        Returns:
            Latents, (B, frames, C).

        Raises:
            Cancelled: `cancel` was set.
        """
        device = condition.device
        length = torch.tensor(list(seconds), dtype=torch.float32, device=device)
        noise = seeded_noise(seeds, self.config.fixed_frames or frames, self.config.latent_channels)

        def piece(latents: Tensor, t: Tensor) -> Tensor:
            return self._guided_velocity(latents, t, condition, length, settings.guidance)

        def velocity(latents: Tensor, t: Tensor) -> Tensor:
            return flow.windowed(piece, latents, t, self.config.window_frames)

        def before_step(step: int) -> None:
            if cancel is not None and cancel.is_set():
                raise Cancelled("Rendering was stopped.")
            if on_step is not None:
                on_step(step)

        return flow.euler(velocity, noise.to(device), settings.steps, before_step)[:, :frames]

    def _guided_velocity(
        self, latents: Tensor, t: Tensor, condition: Tensor, seconds: Tensor, guidance: float
    ) -> Tensor:
        """Classifier-free guidance, the negative and the positive in one batch."""
        count = len(latents)
        if guidance == 1.0:
            return self.velocity(latents, t.expand(count), condition, seconds)
        both = torch.cat([self.negative.expand(count, -1, -1), condition])
        doubled = self.velocity(
            torch.cat([latents, latents]), t.expand(2 * count), both, seconds.repeat(2)
        )
        negative, positive = doubled.chunk(2)
        return flow.guided(positive, negative, guidance)


def seeded_noise(seeds: Sequence[int], frames: int, channels: int) -> Tensor:
    """Standard normal noise (B, frames, channels), each item by its own seed, on the CPU."""
    rows = [
        torch.randn(frames, channels, generator=torch.Generator().manual_seed(seed))
        for seed in seeds
    ]
    return torch.stack(rows)
