"""Coherence: does a story hang together where one sound gives way to the next, and in between?

At a joint the half-seconds before and after are compared, for the embedding a block of the network
on each side. A loop is a fault wherever it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from core.evaluation.duration import AROUND, band_levels, periodicity
from core.evaluation.story.following import Embed, excerpt, is_silent
from core.listener.aisfx import AISFX_RATE, BLOCK, MEL_HOP

HEARD_AROUND = BLOCK * MEL_HOP / AISFX_RATE
"""Seconds before and after a joint that are embedded: a block of the network."""
SHORTEST_LOOPED = 4.0
"""Seconds; a shorter sound holds no two periods of a second or more."""
CLICK_WITHIN, CLICK_AROUND = 0.005, 0.04
"""Seconds on either side of a joint: where a click is, and what it is compared with."""
CORNER_FLOOR = 1e-3
"""Share of the story's peak; corners of what is softer are not heard as clicks."""


@dataclass(frozen=True)
class Coherence:
    """Breaks in a story; less is better in each.

    Attributes:
        level: mean change of level at a joint, dB.
        spectrum: mean change of the log spectrum at a joint, dB.
        drift: mean of 1 - cosine of the embeddings around a joint.
        loop: mean strength of a period in a sound (`core.evaluation.duration.periodicity`).
        click: how much sharper than its surroundings a joint is (`click_at`), mean.
        Not a number where there is no joint between two sounds, or no sound long enough.
    """

    level: float
    spectrum: float
    drift: float
    loop: float
    click: float


def coherence(
    sound: Tensor,
    joints: Sequence[float],
    spans: Sequence[tuple[float, float]],
    embed: Embed,
) -> Coherence:
    """Judge a story (N,).

    Args:
        joints: seconds at which one sound gives way to another.
        spans: beginning and end (s) of its sounds, which are searched for loops.
    """
    total = len(sound) / AISFX_RATE
    inside = [t for t in joints if AROUND <= t <= total - AROUND]
    sided = [t for t in inside if not any(is_silent(excerpt(sound, *s)) for s in _sides(t))]
    looped = [periodicity(excerpt(sound, a, b))[0] for a, b in spans if b - a >= SHORTEST_LOOPED]
    return Coherence(
        _mean_of(sided, lambda t: level_step(sound, t)),
        _mean_of(sided, lambda t: spectral_step(sound, t)),
        _mean_of(sided, lambda t: _drift(sound, t, embed)),
        sum(looped) / len(looped) if looped else float("nan"),
        _mean_of(inside, lambda t: click_at(sound, t)),
    )


def level_step(sound: Tensor, joint: float) -> float:
    """By how many dB the level changes at a joint (s)."""
    before, after = (_rms(excerpt(sound, *side)) for side in _sides(joint))
    return abs(20.0 * float(torch.log10(torch.tensor((after + 1e-9) / (before + 1e-9)))))


def spectral_step(sound: Tensor, joint: float) -> float:
    """By how many dB (root mean square of 24 bands) the spectrum changes at a joint (s)."""
    before, after = (band_levels(excerpt(sound, *side)).mean(0) for side in _sides(joint))
    decibels = (after - before) * (10.0 / torch.log(torch.tensor(10.0)))
    return float(decibels.square().mean().sqrt())


def click_at(sound: Tensor, joint: float) -> float:
    """How much sharper the waveform's corner at a joint is than all corners near it.

    A corner is a second difference; the sharpest within `CLICK_WITHIN` of the joint is divided by
    the sharpest of what surrounds that. A click is a corner where all around is smooth; the
    beginning of a struck sound is sharp too, and so is what follows it.
    """
    near = excerpt(sound, max(0.0, joint - CLICK_AROUND), joint + CLICK_AROUND)
    corners = near.diff(n=2).abs()
    middle = round((joint - max(0.0, joint - CLICK_AROUND)) * AISFX_RATE)
    width = round(CLICK_WITHIN * AISFX_RATE)
    inner = corners[max(0, middle - width) : middle + width]
    outer = torch.cat([corners[: max(0, middle - width)], corners[middle + width :]])
    return float(inner.max() / (outer.max() + CORNER_FLOOR * sound.abs().max()))


def _drift(sound: Tensor, joint: float, embed: Embed) -> float:
    before = excerpt(sound, max(0.0, joint - HEARD_AROUND), joint)
    after = excerpt(sound, joint, joint + HEARD_AROUND)
    return 1.0 - float(F.cosine_similarity(embed(before), embed(after), dim=0))


def _sides(joint: float) -> tuple[tuple[float, float], tuple[float, float]]:
    return (joint - AROUND, joint), (joint, joint + AROUND)


def _rms(sound: Tensor) -> float:
    return float(sound.square().mean().sqrt())


def _mean_of(joints: Sequence[float], measure: Callable[[float], float]) -> float:
    return sum(map(measure, joints)) / len(joints) if joints else float("nan")
