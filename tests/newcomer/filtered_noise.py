"""A performer that filters noise by the condition; what a newcomer writes first."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from core.errors import Cancelled
from core.performer.flow import KnownLatents
from core.performer.performer import Performer
from core.profile import PerformerConfig, RenderSettings


class FilteredNoise(Performer):
    """Noise whose channels are as loud as the condition's mean over its tokens says."""

    def __init__(self, config: PerformerConfig, semantic_tokens: int):
        super().__init__()
        self.latent_channels = config.latent_channels
        self.condition_width = config.condition_width

    def render(
        self,
        condition: Tensor,
        seconds: Sequence[float],
        frames: int,
        seeds: Sequence[int],
        settings: RenderSettings,
        *,
        known: KnownLatents | None = None,
        on_step: Callable[[int], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> Tensor:
        latents = torch.zeros(len(seeds), frames, self.latent_channels)
        draws = [torch.Generator().manual_seed(seed) for seed in seeds]
        levels = torch.nn.functional.interpolate(condition.mean(1)[:, None], self.latent_channels)
        for step in range(self.steps(settings, known)):
            if cancel is not None and cancel.is_set():
                raise Cancelled("Rendering was stopped.")
            if on_step is not None:
                on_step(step)
            noise = [torch.randn(latents.shape[1:], generator=draw) for draw in draws]
            latents += 0.01 * levels.sigmoid() * torch.stack(noise)
        if known is None:
            return latents
        return torch.lerp(known.latents, latents, known.strength[..., None])
