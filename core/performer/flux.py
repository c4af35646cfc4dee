"""TangoFlux's network: a DiT over latent frames that predicts the velocity.

It is diffusers' FluxTransformer2DModel, with a condition of bridged tokens followed by one
duration token, and a pooled projection of the same tokens. A performer that has learned controls
(core/performer/controls.py) reads them beside the latents and after the duration token.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from diffusers import FluxTransformer2DModel
from diffusers.hooks import FirstBlockCacheConfig
from torch import Tensor, nn

from core.errors import ProfileError
from core.performer.controls import CONTROL_CHANNELS, Controls
from core.performer.flow_performer import FlowPerformer
from core.profile import PerformerConfig, Sampler

_WIDE = 16
"""A block holds about so many times its input: queries, keys, values, the wide layer between, and
what is added up from them."""
_LONGEST_FRAMES = 645
"""Frames that one event is taken to have where no window bounds them: the published 30 s."""


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


class FluxPerformer(FlowPerformer):
    """DiT, duration embedder and pooled projection; the distilled DiT shares the other two."""

    fast: FluxTransformer2DModel | None

    def __init__(self, config: PerformerConfig, semantic_tokens: int):
        super().__init__(config, semantic_tokens)
        if not (config.heads and config.head_dim and config.max_seconds):
            raise ProfileError(
                "The profile lacks sizes of its performer (layers, single_layers, heads, head_dim, "
                "axes, max_seconds); add them."
            )
        self.approximates = config.cache > 0.0
        self.transformer = _transformer(config)
        self.duration_embedder = DurationEmbedder(config.condition_width, config.max_seconds)
        width = config.condition_width
        self.pool = nn.Sequential(nn.Linear(width, width), nn.ReLU())
        self.earlier = nn.Linear(2 * config.latent_channels + 1, width) if config.controls else None

    def velocity(
        self,
        latents: Tensor,
        t: Tensor,
        condition: Tensor,
        seconds: Tensor,
        sampler: Sampler = "full",
        controls: Controls | None = None,
    ) -> Tensor:
        """See `FlowPerformer.velocity`.

        Args:
            controls: onsets, level and an earlier sound, of a performer that has learned them
                (`PerformerConfig.controls`); None: nothing is said of them.
        """
        pooled = condition.to(self.duration_embedder.linear.weight.dtype).mean(dim=1)
        return self.pooled_velocity(latents, t, condition, pooled, seconds, sampler, controls)

    def pooled_velocity(
        self,
        latents: Tensor,
        t: Tensor,
        condition: Tensor,
        pooled: Tensor,
        seconds: Tensor,
        sampler: Sampler = "full",
        controls: Controls | None = None,
    ) -> Tensor:
        """As `velocity`, with what the condition is as a whole, (B, width)."""
        transformer = self.fast if sampler == "fast" else self.transformer
        assert transformer is not None
        dtype = self.duration_embedder.linear.weight.dtype
        condition = condition.to(dtype)
        tokens = torch.cat([condition, self.duration_embedder(seconds)], dim=1)
        frames = torch.arange(latents.shape[1], dtype=torch.float32, device=latents.device)
        inputs = latents
        if self.earlier is not None:
            controls = controls or Controls.none(*latents.shape).to(latents.device)
            inputs = torch.cat([latents, controls.track.to(latents.dtype)], dim=2)
            tokens = torch.cat([tokens, self.earlier(controls.earlier.to(dtype))], dim=1)
        output = transformer(
            hidden_states=inputs.to(dtype),
            encoder_hidden_states=tokens,
            pooled_projections=self.pool(pooled.to(dtype)),
            timestep=t,
            img_ids=frames[:, None].expand(-1, 3),
            txt_ids=torch.zeros(tokens.shape[1], 3, device=latents.device),
            return_dict=False,
        )
        predicted = torch.as_tensor(output[0]).to(latents.dtype)
        if self.config.predicts == "velocity":
            return predicted
        return preconditioned(latents, predicted, t.to(latents.dtype)[:, None, None])

    def initialise(self) -> None:
        """adaLN-zero (Peebles & Xie 2023)."""
        transformer = self.transformer
        blocks = [*transformer.transformer_blocks, *transformer.single_transformer_blocks]
        norms = [b.norm for b in blocks if hasattr(b, "norm")]
        norms += [
            n for b in blocks if hasattr(b, "norm1_context") for n in (b.norm1, b.norm1_context)
        ]
        for layer in [*(norm.linear for norm in norms), transformer.proj_out]:
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def add_fast(self) -> nn.Module:
        self.fast = _transformer(self.config)
        self.fast.load_state_dict(self.transformer.state_dict())
        return self.fast  # type: ignore[no-any-return]

    def block_weights(self) -> list[nn.Parameter]:
        named = self.named_parameters()
        return [p for name, p in named if p.ndim == 2 and "transformer_blocks." in name]

    def compile_blocks(self, *, dynamic: bool | None = True) -> None:
        if self.approximates:
            return
        for transformer in (self.transformer, self.fast):
            if transformer is not None:
                transformer.compile_repeated_blocks(dynamic=dynamic)

    @contextmanager
    def caching(self, frames: int) -> Iterator[None]:
        """Where the profile asks for it, skip the later blocks while the first one hardly moves.

        What is kept belongs to one run over one window, so that longer latents do without.
        """
        if not self.approximates or 0 < self.window_frames < frames:
            yield
            return
        self.transformer.enable_cache(FirstBlockCacheConfig(threshold=self.config.cache))
        try:
            with self.transformer.cache_context("event"):
                yield
        finally:
            self.transformer.disable_cache()

    def event_bytes(self) -> int:
        """Two bytes a number, and guidance doubles the batch."""
        tokens = (self.window_frames or _LONGEST_FRAMES) + self.negative.shape[1] + 1
        return 2 * tokens * self.config.heads * self.config.head_dim * _WIDE * 2


def preconditioned(latents: Tensor, remainder: Tensor, t: Tensor) -> Tensor:
    """The velocity of which the network has predicted what does not follow from x_t.

    What Karras et al. (2022) do for diffusion, on the straight path: of latents of unit variance,
    which a whitened codec gives, the part of v that is linear in x_t is known, and the rest, once
    it is scaled, has unit variance at every t. Near noise the network then says which sound it is,
    near the sound what of it is noise; latents with as many channels as the network is wide need
    not pass through it whole.

    Args:
        latents: x_t (B, T, C).
        remainder: (B, T, C).
        t: flow time, (B, 1, 1).
    """
    variance = (1.0 - t).square() + t.square()
    return (2.0 * t - 1.0) / variance * latents + remainder / variance.sqrt()


def _transformer(config: PerformerConfig) -> FluxTransformer2DModel:
    return FluxTransformer2DModel(
        in_channels=config.latent_channels + (CONTROL_CHANNELS if config.controls else 0),
        out_channels=config.latent_channels,
        num_layers=config.layers,
        num_single_layers=config.single_layers,
        attention_head_dim=config.head_dim,
        num_attention_heads=config.heads,
        joint_attention_dim=config.condition_width,
        pooled_projection_dim=config.condition_width,
        guidance_embeds=False,
        axes_dims_rope=config.axes,
    )
