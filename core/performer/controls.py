"""What may be said of a sound beside caption and length: strokes, level, an earlier sound.

- *Onsets*: the moments, in seconds from the event's start, at which strokes begin: three knocks at
  1.0, 2.5 and 4.0 s. Frame by frame, two channels: 1 where a stroke begins, and where within the
  frame it begins, -0.5 to 0.5 of a frame.
- *Level*: a slow curve in decibels below its loudest moment. One channel, in units of 20 dB.
- *Earlier sound*: one that is to return, this rain or this bell. Its latents, as the mean and the
  deviation of eight stretches of it: condition tokens of their own.

Two more channels say whether onsets and level are known, so that "no stroke here" is not "nobody
says". The channels stand beside the latents, as in inpainting models (the known is an input, never
noised). In training each of the three is left out half of the time; left out of a render, it is as
if there were none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

ONSET, WITHIN, ONSETS_KNOWN, LEVEL, LEVEL_KNOWN = range(5)
CONTROL_CHANNELS = 5
LEVEL_UNIT_DB = 20.0
SOFTEST_DB = -60.0
"""Below, a level curve says the same: silence."""
EARLIER_TOKENS = 8
LONGEST_EARLIER = 86
"""Frames of an earlier sound that are heard, 4 s of pocket's: enough for its colour."""


@dataclass(frozen=True)
class Controls:
    """Controls of a batch of sounds.

    Attributes:
        track: (B, T, CONTROL_CHANNELS).
        earlier: (B, EARLIER_TOKENS, 2 C + 1), of `earlier_tokens`; zeros where there is none.
    """

    track: Tensor
    earlier: Tensor

    def to(self, device: torch.device) -> Controls:
        return Controls(self.track.to(device), self.earlier.to(device))

    @staticmethod
    def none(count: int, frames: int, channels: int) -> Controls:
        """Nothing is said of `count` sounds of so many frames of latents with C channels."""
        return Controls(
            torch.zeros(count, frames, CONTROL_CHANNELS),
            torch.zeros(count, EARLIER_TOKENS, 2 * channels + 1),
        )


def control_track(
    frames: int,
    frame_seconds: float,
    onsets: Sequence[float] | None = None,
    level_db: Tensor | None = None,
) -> Tensor:
    """The track (T, CONTROL_CHANNELS) of one sound.

    Args:
        onsets: seconds from its start; those outside of it are left out. None: not said.
        level_db: (T,) decibels below its loudest moment. None: not said.
    """
    track = torch.zeros(frames, CONTROL_CHANNELS)
    if onsets is not None:
        track[:, ONSETS_KNOWN] = 1.0
        for moment in onsets:
            place = int(moment / frame_seconds)
            if 0 <= place < frames:
                track[place, ONSET] = 1.0
                track[place, WITHIN] = moment / frame_seconds - place - 0.5
    if level_db is not None:
        track[:, LEVEL_KNOWN] = 1.0
        track[:, LEVEL] = level_db.clamp(SOFTEST_DB, 0.0) / LEVEL_UNIT_DB
    return track


def earlier_tokens(latents: Tensor) -> Tensor:
    """Mean and deviation (EARLIER_TOKENS, 2 C + 1) of stretches of a sound's latents (T, C); the
    last number is 1: there is an earlier sound."""
    heard = latents[:LONGEST_EARLIER].float().T[None]
    mean = functional.adaptive_avg_pool1d(heard, EARLIER_TOKENS)[0].T
    square = functional.adaptive_avg_pool1d(heard.square(), EARLIER_TOKENS)[0].T
    deviation = (square - mean.square()).clamp_min(0.0).sqrt()
    return torch.cat([mean, deviation, torch.ones(EARLIER_TOKENS, 1)], dim=1)
