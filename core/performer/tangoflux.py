"""TangoFlux by its own weights: the network of core/performer/flux.py, conditioned by text alone.

AudioStory's performer began from it, and reads bridging tokens in place of its text encoder's
states. Here the states are its own (Hung et al. 2024): as many tokens as a caption has, the empty
caption of guidance padded to as many, and the mean over the words alone for the whole.
"""

from __future__ import annotations

import torch
from torch import Tensor

from core.performer.controls import Controls
from core.performer.flux import FluxPerformer
from core.profile import PerformerConfig, Sampler


class TangoFlux(FluxPerformer):
    """Its conditions have one number more than the text encoder's states (`as_condition`)."""

    def __init__(self, config: PerformerConfig) -> None:
        super().__init__(config, semantic_tokens=1)

    def velocity(
        self,
        latents: Tensor,
        t: Tensor,
        condition: Tensor,
        seconds: Tensor,
        sampler: Sampler = "full",
        controls: Controls | None = None,
    ) -> Tensor:
        states, words = condition[..., :-1], condition[..., -1:]
        pooled = (states * words).sum(dim=1) / words.sum(dim=1)
        return self.pooled_velocity(latents, t, states, pooled, seconds, sampler, controls)


def as_condition(states: Tensor, words: Tensor) -> Tensor:
    """A condition (B, S, width + 1) of the text encoder's states (B, S, width), and of which of
    them are words (B, S), the others padding."""
    return torch.cat([states, words[..., None].to(states.dtype)], dim=2)
