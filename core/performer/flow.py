"""Flow matching apart from any network: x_t = (1 - t) x_data + t noise, velocity = noise - data.

A velocity function goes in, latents come out. Time runs from 1 (noise) to 0 (data), as in the
published checkpoint.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

Velocity = Callable[[Tensor, Tensor], Tensor]

AGREEMENT = 0.5
"""Flow time until which the windows of a long event agree on what it is as a whole. Until 0.2, a
minute of wind would come and go a fifth less, and one of rain be no steadier to the ear."""


def shifted(even: Tensor, shift: float) -> Tensor:
    """Flow times of evenly spread ones: the larger the shift, the denser near noise.

    There, where a guided render decides what it becomes, its way bends most (timestep shift,
    Esser et al. 2024). A shift of 1/s undoes one of s.
    """
    return shift * even / (1.0 + (shift - 1.0) * even)


def sigmas(steps: int, shift: float = 1.0) -> Tensor:
    """Noise levels of a run: linspace(1, 1/N, N), shifted, and the final 0. Shape (steps + 1,).

    Rounded once, from double precision, as diffusers' scheduler has them.
    """
    even = torch.linspace(1.0, 1.0 / steps, steps, dtype=torch.float64)
    return torch.cat([shifted(even, shift).float(), torch.zeros(1)])


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


def windows(total: int, longest: int) -> tuple[int, list[int]]:
    """The length of the windows over `total` frames, and where each starts.

    As few as there need to be of at most `longest` frames that follow one another by half a
    window, and all of one length, so that none is longer than it must be.

    Args:
        longest: 0, or `total` at least: one window over all.
    """
    if longest == 0 or total <= longest:
        return total, [0]
    count = math.ceil((total - longest) / (longest // 2)) + 1
    length = min(longest, math.ceil(2 * total / (count + 1)))
    return length, [(total - length) * number // (count - 1) for number in range(count)]


def windowed(
    velocity: Velocity, latents: Tensor, t: Tensor, longest: int, agreement: float = 1.0
) -> Tensor:
    """The velocity of long latents, blended from overlapping windows (MultiDiffusion in time).

    All W windows are one batch. Each counts by a triangle over its length, so that no seam is left.

    Windows know only their neighbours, so that level and colour wander from one to the next: the
    pocket model's minute of steady rain by 6 to 8 dB, in agreement by 1 to 2.

    Args:
        velocity: of all the windows, (W * B, frames, C), one window after another.
        latents: (B, T, C).
        longest: frames of a window at most (`windows`).
        agreement: flow time until which the windows agree; 1: never.
    """
    frames, starts = windows(latents.shape[1], longest)
    if len(starts) == 1:
        return velocity(latents, t)
    parts = torch.stack([latents[:, start : start + frames] for start in starts])
    velocities = velocity(parts.flatten(0, 1), t).reshape(parts.shape)
    velocities = torch.where(t > agreement, in_agreement(velocities, parts, t), velocities)
    ramp = torch.arange(1, frames + 1, device=latents.device)
    weight = torch.minimum(ramp, ramp.flip(0)).to(latents.dtype)[:, None]
    blended, weights = torch.zeros_like(latents), torch.zeros_like(latents[0, :, :1])
    for start, part in zip(starts, velocities, strict=True):
        blended[:, start : start + frames] += weight * part
        weights[start : start + frames] += weight
    return blended / weights


def in_agreement(velocities: Tensor, parts: Tensor, t: Tensor) -> Tensor:
    """Velocities that lead every window to the same mean over time: that of all windows.

    What SyncDiffusion (Lee et al. 2023) does by a gradient of how unlike the windows' foreseen
    ends look; of their means, the step that makes them equal is known.

    Args:
        velocities, parts: of the windows, (W, B, T, C), at flow time t.
    """
    ends = (parts - t * velocities).mean(dim=2, keepdim=True)
    return velocities + (ends - ends.mean(dim=0)) / t


@dataclass(frozen=True)
class KnownLatents:
    """Latents that a render begins from, or keeps, instead of beginning from noise alone.

    One mechanism for three uses, frame by frame. A frame is held on the path between its known
    latent and its noise until the run's time falls to its strength; from there it is free. One
    strength for all frames varies (SDEdit, Meng et al. 2022); 0 outside a span repaints the span
    (RePaint, Lugmayr et al. 2022); 1 beyond the end of what is known continues it.

    Attributes:
        latents: (B, T, C); what they are where the strength is 1 is of no effect.
        strength: (B, T) in 0…1: how far a frame may go from what is known; 0 keeps it exactly.
    """

    latents: Tensor
    strength: Tensor

    def to(self, device: torch.device) -> KnownLatents:
        return KnownLatents(self.latents.to(device), self.strength.to(device))

    def held(self, latents: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        """The latents at time t, the frames that are not yet free put back on their path."""
        on_path = interpolate(self.latents, noise, t.expand(len(noise)))
        return torch.where(self.free(t), latents, on_path)

    def free(self, t: Tensor) -> Tensor:
        """Which frames go their own way by time t, (B, T, 1); those freed at t begin to."""
        return (self.strength > t)[..., None]

    def levels(self, steps: int, shift: float) -> Tensor:
        """The flow times of a run that passes each strength (`levels_through`)."""
        stops = sorted({*self.strength.flatten().tolist(), 0.0}, reverse=True)
        return levels_through(steps, stops, shift)


def levels_through(steps: int, stops: Sequence[float], shift: float = 1.0) -> Tensor:
    """Times of a run through the stops, in proportion as fine as `sigmas` from 1 to 0.

    Args:
        stops: falling flow times; the first is where the run begins, the last is 0.

    Returns:
        (N + 1,); N is 0 where the only stop is 0.
    """
    exact = torch.tensor(stops)
    levels, even = exact[:1], shifted(exact, 1.0 / shift).tolist()
    for stop, (high, low) in zip(exact[1:], pairwise(even), strict=True):
        count = max(1, math.ceil(steps * (high - low) - 1e-6))
        between = shifted(torch.linspace(high, low, count + 1)[1:-1], shift)
        levels = torch.cat([levels, between, stop[None]])
    return levels


class _Step(NamedTuple):
    length: Tensor
    slope: Tensor


def integrate(
    velocity: Velocity,
    noise: Tensor,
    levels: Tensor,
    *,
    order: int = 1,
    known: KnownLatents | None = None,
    on_step: Callable[[int], None] | None = None,
) -> Tensor:
    """Integrate from noise to data; each step takes one evaluation of the velocity.

    Order 1 is Euler's method. It goes each step along the tangent and so ends too near to the
    mean: of 16 steps, latents of unit variance come out with 92 % of their deviation. Order 2 is
    the method of Adams and Bashforth: the slope goes on to change as it did since the step before.
    Of the same 16 steps they come out with 99.8 %.

    Args:
        velocity: (latents (B, T, C), t ()) -> velocity (B, T, C).
        noise: starting point (B, T, C).
        levels: flow times (N + 1,), falling to 0; `sigmas`, or `KnownLatents.levels`.
        known: latents to begin from or to keep; where their strength is 0, the result is they
            exactly.
        on_step: called before each step with its number; may raise to stop the run.
    """
    latents = known.held(noise, noise, levels[0]) if known else noise
    before: _Step | None = None
    for i, (t, after) in enumerate(pairwise(levels)):
        if on_step is not None:
            on_step(i)
        now = _Step(after - t, velocity(latents, t))
        slope = now.slope
        if order == 2 and before is not None:
            bend = now.length / (2.0 * before.length) * (now.slope - before.slope)
            slope = slope + (bend * known.free(t) if known else bend)
        latents = latents + now.length * slope
        if known is not None:
            latents = known.held(latents, noise, after)
        before = now
    return latents
