"""The published model run as its own code runs it, on the studio's modules.

What differs from the studio's defaults: the director is held to nothing but the forced spans, every
event is rendered in 30 s of latents from the same noise, all but the last one 3 s longer than it is
planned, and the clips are joined at 32 kHz by 3 s of linear cross-fade, or appended where one is
shorter.
What takes time but changes nothing is left out: forced spans go through the language model in one
pass that yields their states as well, and no sample is decoded that is cut off afterwards.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soxr
import torch
from torch import Tensor

from core.audiostory import AudioStory
from core.codec.codec import Codec
from core.director.published import PublishedPlan, decode_freely, read_draft
from core.errors import RenderError
from core.mix.crossfade import rise
from core.mix.resampling import QUALITY
from core.profile import RenderSettings
from core.story.story import Event, Story

CROSSFADE = 3.0
RATE = 32_000
_Samples = npt.NDArray[np.float32]
OnStep = Callable[[int, int], None]


@dataclass(frozen=True)
class ExactRender:
    """The plan of an exact run, and what it gives.

    Attributes:
        latents: (E, frames, C).
        samples: (channels, N) at `RATE`.
    """

    plan: PublishedPlan
    latents: Tensor
    samples: _Samples


@torch.inference_mode()
def plan_exactly(
    model: AudioStory, instruction: str, total: float, cancel: threading.Event | None = None
) -> PublishedPlan:
    """Let the director write freely and bridge what it wrote.

    Raises:
        PlanError: there is no event, or one is incomplete.
        Cancelled: `cancel` was set.
    """
    writing = decode_freely(model, instruction, total, cancel)
    while True:
        try:
            next(writing)
        except StopIteration as end:
            return read_draft(model, *end.value)


@torch.inference_mode()
def render_exactly(
    model: AudioStory,
    plan: PublishedPlan,
    seed: int,
    settings: RenderSettings,
    *,
    on_step: OnStep | None = None,
    cancel: threading.Event | None = None,
) -> ExactRender:
    """Render and join the events of a plan.

    Args:
        seed: of the noise, the same one for every event.
        on_step: called with the number of the first event of a batch and that of the step.

    Raises:
        RenderError: the profile is not the published model's.
        Cancelled: `cancel` was set.
    """
    codec = model.codec
    if codec.reach is None:
        raise RenderError("Only the published model has an exact mode; choose its profile.")
    if model.performer.approximates:
        raise RenderError("The cached variant is not exact; choose the profile itself.")
    model.ready("performer")
    batch = model.placement.events or 1
    seconds = [duration + CROSSFADE for duration in plan.durations[:-1]] + [plan.durations[-1]]
    frames = model.performer.window_frames
    latents = []
    for first in range(0, len(seconds), batch):
        lengths = seconds[first : first + batch]
        latents.append(
            model.performer.render(
                plan.condition[first : first + batch].to(model.device),
                lengths,
                frames,
                [seed] * len(lengths),
                settings,
                on_step=None if on_step is None else _numbered(on_step, first),
                cancel=cancel,
            )
        )
    stacked = torch.cat(latents)
    clips = [decode_clip(codec, item, s) for item, s in zip(stacked, seconds, strict=True)]
    return ExactRender(plan, stacked, join_clips(clips))


def _numbered(on_step: OnStep, first: int) -> Callable[[int], None]:
    return lambda step: on_step(first, step)


def decode_clip(codec: Codec, latents: Tensor, seconds: float) -> _Samples:
    """A clip (channels, n) at `RATE`, of the first `seconds` of latents (T, C)."""
    assert codec.reach is not None
    frames = codec.frames(seconds) + codec.reach
    wave = codec.decode(latents[None, :frames], seed=0)[0].cpu().numpy()
    wave = wave[:, : int(seconds * codec.sample_rate)]
    count = math.ceil(wave.shape[1] * (RATE / codec.sample_rate))
    clip = soxr.resample(np.ascontiguousarray(wave.T), codec.sample_rate, RATE, QUALITY).T[
        :, :count
    ]
    return np.pad(clip, ((0, 0), (0, count - clip.shape[1]))).astype(np.float32)


def join_clips(clips: Sequence[_Samples]) -> _Samples:
    """Clips (channels, n) one after another, 3 s of each pair in a linear cross-fade."""
    overlap = int(CROSSFADE * RATE)
    incoming = rise("linear", np.linspace(0.0, 1.0, overlap)).astype(np.float32)
    outgoing = rise("linear", np.linspace(1.0, 0.0, overlap)).astype(np.float32)
    whole = clips[0]
    for clip in clips[1:]:
        if min(whole.shape[1], clip.shape[1]) < overlap:
            whole = np.concatenate([whole, clip], axis=1)
            continue
        middle = whole[:, -overlap:] * outgoing + clip[:, :overlap] * incoming
        whole = np.concatenate([whole[:, :-overlap], middle, clip[:, overlap:]], axis=1)
    return whole


def story_of_plan(plan: PublishedPlan, profile: str, instruction: str, seed: int) -> Story:
    """The plan as a story, as long as its events say."""
    events, start = [], 0.0
    for number, (caption, seconds) in enumerate(zip(plan.captions, plan.durations, strict=True)):
        events.append(Event(f"e{number + 1}", caption, round(start, 3), seconds))
        start += seconds
    return Story(instruction, start, seed, profile, plan.reasoning, tuple(events))
