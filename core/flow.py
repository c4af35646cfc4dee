"""Flow matching apart from any network: x_t = (1 - t) x_data + t noise, velocity = noise - data.

A velocity function goes in, latents come out. Time runs from 1 (noise) to 0 (data), as in the
published checkpoint.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

Velocity = Callable[[Tensor, Tensor], Tensor]


def sigmas(steps: int) -> Tensor:
    """Noise levels of an Euler run: linspace(1, 1/N, N) and the final 0. Shape (steps + 1,).

    Rounded once, from double precision, as diffusers' scheduler has them.
    """
    levels = torch.linspace(1.0, 1.0 / steps, steps, dtype=torch.float64)
    return torch.cat([levels.float(), torch.zeros(1)])


def interpolate(data: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """Point on the straight path at time t (B,) between data and noise (B, T, C)."""
    t = t[:, None, None]
    return (1.0 - t) * data + t * noise


def target_velocity(data: Tensor, noise: Tensor) -> Tensor:
    """The velocity v_t of the paper's L_flow, constant along the straight path."""
    return noise - data


def sample_times(count: int, generator: torch.Generator) -> Tensor:
    """Training times, logit-normal(0, 1). Shape (count,)."""
    return torch.sigmoid(torch.randn(count, generator=generator))


def guided(positive: Tensor, negative: Tensor, guidance: float) -> Tensor:
    """Classifier-free guidance: v = v_neg + g (v_pos - v_neg)."""
    return negative + guidance * (positive - negative)


def euler(
    velocity: Velocity,
    noise: Tensor,
    steps: int,
    on_step: Callable[[int], None] | None = None,
) -> Tensor:
    """Integrate from noise to data.

    Args:
        velocity: (latents (B, T, C), t ()) -> velocity (B, T, C).
        noise: starting point (B, T, C).
        steps: number of velocity evaluations.
        on_step: called before each step with its number; may raise to stop the run.
    """
    levels = sigmas(steps)
    latents = noise
    for i in range(steps):
        if on_step is not None:
            on_step(i)
        step = levels[i + 1] - levels[i]
        latents = latents + step * velocity(latents, levels[i])
    return latents


def windowed(velocity: Velocity, latents: Tensor, t: Tensor, frames: int) -> Tensor:
    """The velocity of long latents, blended from overlapping windows (MultiDiffusion in time).

    Windows of `frames` follow one another by half a window, the last one ends where the latents
    end. Each counts by a triangle over its length, so that no seam is left.

    Args:
        latents: (B, T, C).
        frames: length of a window; 0, or T at most: one piece.
    """
    total = latents.shape[1]
    if frames == 0 or total <= frames:
        return velocity(latents, t)
    starts = [*range(0, total - frames, frames // 2), total - frames]
    ramp = torch.arange(1, frames + 1, device=latents.device)
    weight = torch.minimum(ramp, ramp.flip(0)).to(latents.dtype)[:, None]
    blended, weights = torch.zeros_like(latents), torch.zeros_like(latents[0, :, :1])
    for start in starts:
        window = slice(start, start + frames)
        blended[:, window] += weight * velocity(latents[:, window], t)
        weights[window] += weight
    return blended / weights


@dataclass(frozen=True)
class Anchor:
    """Known latents that a run begins from, or keeps, instead of beginning from noise alone.

    One mechanism for three uses, frame by frame. A frame is held on the path between its known
    latent and its noise until the run's time falls to its release; from there it is free. One
    release for all frames varies (SDEdit, Meng et al. 2022); 0 outside a span repaints the span
    (RePaint, Lugmayr et al. 2022); 1 beyond the end of what is known continues it.

    Attributes:
        data: (B, T, C), known latents; what they are where the release is 1 is of no effect.
        release: (B, T), flow times in 0…1.
        levels: (N + 1,), the run's times, falling to 0; from `levels_through`, so that it passes
            each release.
    """

    data: Tensor
    release: Tensor
    levels: Tensor

    def to(self, device: torch.device) -> Anchor:
        return Anchor(self.data.to(device), self.release.to(device), self.levels.to(device))

    def held(self, latents: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        """The latents at time t, the frames that are not yet released put back on their path."""
        on_path = interpolate(self.data, noise, t.expand(len(noise)))
        free = (self.release > t)[..., None]
        return torch.where(free, latents, on_path)


def levels_through(steps: int, stops: Sequence[float]) -> Tensor:
    """Times of a run through the stops, in proportion as fine as `steps` from 1 to 0.

    Args:
        stops: falling flow times; the first is where the run begins, the last is 0.

    Returns:
        (N + 1,); N is 0 where the only stop is 0.
    """
    levels = torch.tensor([stops[0]])
    for high, low in pairwise(stops):
        count = max(1, math.ceil(steps * (high - low) - 1e-6))
        levels = torch.cat([levels[:-1], torch.linspace(high, low, count + 1)])
    return levels


def euler_from(
    velocity: Velocity,
    noise: Tensor,
    anchor: Anchor,
    on_step: Callable[[int], None] | None = None,
) -> Tensor:
    """Integrate from an anchor to data; where its release is 0, the result is its data exactly."""
    latents = anchor.held(noise, noise, anchor.levels[0])
    for i, (t, after) in enumerate(pairwise(anchor.levels)):
        if on_step is not None:
            on_step(i)
        latents = latents + (after - t) * velocity(latents, t)
        latents = anchor.held(latents, noise, after)
    return latents
