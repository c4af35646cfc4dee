"""The performer: a flow-matching DiT that renders each event's condition as codec latents.

Its shape is TangoFlux's: diffusers' FluxTransformer2DModel over latent frames, a condition of
bridged tokens followed by one duration token, and a pooled projection of the same tokens.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from diffusers import FluxTransformer2DModel
from diffusers.hooks import FirstBlockCacheConfig
from torch import Tensor, nn

from core.errors import Cancelled, WeightsError
from core.performer import flow
from core.profile import NO_GUIDANCE, PerformerConfig, RenderSettings


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
        return torch.as_tensor(self.linear(features.to(self.linear.weight.dtype)))[:, None]


class Performer(nn.Module):
    """DiT, duration embedder, pooled projection, and the stored condition of the empty caption.

    Attributes:
        fast: a second transformer, distilled from the first with its guidance for few steps
            (core/training/distil.py); None where there is none.
    """

    negative: Tensor

    def __init__(self, config: PerformerConfig, semantic_tokens: int):
        super().__init__()
        self.config = config
        self.transformer = _transformer(config)
        self.fast: FluxTransformer2DModel | None = None
        self.duration_embedder = DurationEmbedder(config.condition_width, config.max_seconds)
        width = config.condition_width
        self.pool = nn.Sequential(nn.Linear(width, width), nn.ReLU())
        self.register_buffer("negative", torch.zeros(1, semantic_tokens, width))

    def add_fast(self) -> FluxTransformer2DModel:
        """Give the performer its distilled transformer, which begins as a copy of the other."""
        self.fast = _transformer(self.config)
        self.fast.load_state_dict(self.transformer.state_dict())
        return self.fast

    def velocity(
        self,
        latents: Tensor,
        t: Tensor,
        condition: Tensor,
        seconds: Tensor,
        transformer: FluxTransformer2DModel | None = None,
    ) -> Tensor:
        """The predicted velocity u(x_t, t, c).

        Args:
            latents: x_t, (B, T, C).
            t: flow time in 0…1, (B,).
            condition: tokens on the text encoder's level, (B, S, width).
            seconds: durations, (B,).
            transformer: by default the full one.

        Returns:
            (B, T, C).
        """
        dtype = self.duration_embedder.linear.weight.dtype
        condition = condition.to(dtype)
        tokens = torch.cat([condition, self.duration_embedder(seconds)], dim=1)
        frames = torch.arange(latents.shape[1], dtype=torch.float32, device=latents.device)
        output = (transformer or self.transformer)(
            hidden_states=latents.to(dtype),
            encoder_hidden_states=tokens,
            pooled_projections=self.pool(condition.mean(dim=1)),
            timestep=t,
            img_ids=frames[:, None].expand(-1, 3),
            txt_ids=torch.zeros(tokens.shape[1], 3, device=latents.device),
            return_dict=False,
        )
        return torch.as_tensor(output[0]).to(latents.dtype)

    @torch.inference_mode()
    def render(
        self,
        condition: Tensor,
        seconds: Sequence[float],
        frames: int,
        seeds: Sequence[int],
        settings: RenderSettings,
        *,
        anchor: flow.Anchor | None = None,
        on_step: Callable[[int], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> Tensor:
        """Sample latents for a batch of events of equal frame count.

        Args:
            condition: (B, S, width).
            seconds: durations, one an event; of a longer one than the window, the model is told
                the window's, as in its training.
            frames: latent frames to render.
            seeds: one an event; the noise is drawn on the CPU, each event by its own seed.
            anchor: known latents to begin from, `canvas(frames)` long; its levels replace
                `settings.steps`.
            on_step: called with the number of each step before it is made.
            cancel: checked before every step.

        Returns:
            Latents, (B, frames, C).

        Raises:
            Cancelled: `cancel` was set.
            WeightsError: the settings ask for the fast transformer and there is none.
        """
        fast = settings.sampler == "fast"
        if fast and self.fast is None:
            raise WeightsError("These weights have no fast sampler; choose the full one.")
        device = condition.device
        window, _ = flow.windows(self.canvas(frames), self.config.window_frames)
        length = torch.tensor(list(seconds), dtype=torch.float32, device=device)
        length = length * (window / self.canvas(frames))
        noise = seeded_noise(seeds, self.canvas(frames), self.config.latent_channels).to(device)
        noise = self.config.temperature * noise

        def piece(latents: Tensor, t: Tensor) -> Tensor:
            count = len(latents) // len(condition)
            conditions, lengths = condition.repeat(count, 1, 1), length.repeat(count)
            if fast:
                return self.velocity(
                    latents, t.expand(len(latents)), conditions, lengths, self.fast
                )
            return self.guided_velocity(latents, t, conditions, lengths, settings.guidance)

        # Known latents say themselves how the event is, and it may change in the course of them.
        agreement = flow.AGREEMENT if anchor is None else 1.0

        def velocity(latents: Tensor, t: Tensor) -> Tensor:
            return flow.windowed(piece, latents, t, self.config.window_frames, agreement)

        def before_step(step: int) -> None:
            if cancel is not None and cancel.is_set():
                raise Cancelled("Rendering was stopped.")
            if on_step is not None:
                on_step(step)

        anchor = anchor.to(device) if anchor else None
        levels = anchor.levels if anchor else flow.sigmas(settings.steps, self.config.shift)
        with self._caching(noise.shape[1]):
            rendered = flow.integrate(
                velocity,
                noise,
                levels.to(device),
                order=1 if fast else self.config.order,
                anchor=anchor,
                on_step=before_step,
            )
        return rendered[:, :frames]

    @contextmanager
    def _caching(self, frames: int) -> Iterator[None]:
        """Where the profile asks for it, skip the later blocks while the first one hardly moves.

        What is kept belongs to one run over one window, so that longer latents do without.
        """
        window = self.config.window_frames
        if not self.config.cache or 0 < window < frames:
            yield
            return
        self.transformer.enable_cache(FirstBlockCacheConfig(threshold=self.config.cache))
        try:
            with self.transformer.cache_context("event"):
                yield
        finally:
            self.transformer.disable_cache()

    def canvas(self, frames: int) -> int:
        """How many frames are rendered so that `frames` can be heard."""
        return self.config.fixed_frames or frames

    def guided_velocity(
        self, latents: Tensor, t: Tensor, condition: Tensor, seconds: Tensor, guidance: float
    ) -> Tensor:
        """Classifier-free guidance, the negative and the positive in one batch.

        Args:
            t: one flow time, or one an item (B,).
            guidance: its scale; 1: none, and only the positive is evaluated.
        """
        count = len(latents)
        t = t.expand(count)
        if guidance == NO_GUIDANCE:
            return self.velocity(latents, t, condition, seconds)
        both = torch.cat([self.negative.expand(count, -1, -1), condition])
        doubled = self.velocity(torch.cat([latents, latents]), t.repeat(2), both, seconds.repeat(2))
        negative, positive = doubled.chunk(2)
        return flow.guided(positive, negative, guidance)


def _transformer(config: PerformerConfig) -> FluxTransformer2DModel:
    return FluxTransformer2DModel(
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


def seeded_noise(seeds: Sequence[int], frames: int, channels: int) -> Tensor:
    """Standard normal noise (B, frames, channels), each item by its own seed, on the CPU."""
    rows = [
        torch.randn(frames, channels, generator=torch.Generator().manual_seed(seed))
        for seed in seeds
    ]
    return torch.stack(rows)
