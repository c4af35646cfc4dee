"""The published model run as its own code runs it, on the studio's modules.

What differs from the studio's defaults: the director is held to nothing but the forced spans, every
event is rendered in 30 s of latents from the same noise, all but the last one 3 s longer than it is
planned, and the clips are joined at 32 kHz by 3 s of linear cross-fade, or appended where one is
shorter. A length of 0 or less is rendered as the published code does it: below 0 it counts from the
end of the 30 s.
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
from core.language.stream import one_line, prompt_text
from core.mix.crossfade import rise
from core.mix.resampling import QUALITY
from core.profile import RenderSettings
from core.story.limits import MAX_CAPTION, MIN_DURATION
from core.story.story import Event, Story

USUAL_TOTAL = 50.0
"""Seconds that are asked for where none are given."""
CROSSFADE = 3.0
RATE = 32_000
_Samples = npt.NDArray[np.float32]
OnStep = Callable[[int, int], None]


@dataclass(frozen=True)
class Joining:
    """How the clips become one sound.

    Attributes:
        crossfade: seconds by which neighbours overlap; all clips but the last are longer by it.
        rate: of the sound, in Hz.
    """

    crossfade: float = CROSSFADE
    rate: int = RATE


@dataclass(frozen=True)
class ExactRender:
    """The plan of an exact run, and what it gives.

    Attributes:
        latents: (E, frames, C).
        samples: (channels, N) at the rate of its `Joining`.
    """

    plan: PublishedPlan
    latents: Tensor
    samples: _Samples


@torch.inference_mode()
def plan_exactly(
    model: AudioStory,
    instruction: str,
    total: float,
    cancel: threading.Event | None = None,
    *,
    as_float: bool = False,
    max_new_tokens: int | None = None,
) -> PublishedPlan:
    """Let the director write freely and bridge what it wrote.

    Args:
        as_float: ask for "50.0 seconds" rather than "50", as the published command does with every
            length that it is given.
        max_new_tokens: most tokens that the director writes; by default the profile's.

    Raises:
        PlanError: there is no event, one is incomplete, or the reasoning has no end.
        Cancelled: `cancel` was set.
    """
    prompt = prompt_text(instruction.strip(), total, as_float=as_float)
    writing = decode_freely(model, prompt, cancel, max_new_tokens)
    while True:
        try:
            next(writing)
        except StopIteration as end:
            return read_draft(model, *end.value, as_released=True)


@torch.inference_mode()
def render_exactly(
    model: AudioStory,
    plan: PublishedPlan,
    seed: int,
    settings: RenderSettings,
    joining: Joining = Joining(),
    *,
    on_step: OnStep | None = None,
    cancel: threading.Event | None = None,
) -> ExactRender:
    """Render and join the events of a plan.

    Args:
        seed: of the noise, the same one for every event.
        on_step: called with the number of the first event of a batch and that of the step.

    Raises:
        RenderError: the profile is not the published model's, or the plan has no length at all.
        Cancelled: `cancel` was set.
    """
    codec = model.codec
    if codec.reach is None:
        raise RenderError("Only the published model has an exact mode; choose its profile.")
    if model.performer.approximates:
        raise RenderError("The cached variant is not exact; choose the profile itself.")
    model.ready("performer")
    batch = model.placement.events or 1
    seconds = [d + joining.crossfade for d in plan.durations[:-1]] + [plan.durations[-1]]
    if not any(int(length * codec.sample_rate) for length in seconds):
        raise RenderError(
            "The director gave no event any length; word the instruction differently."
        )
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
    pairs = zip(stacked, seconds, strict=True)
    clips = [decode_clip(codec, item, length, joining.rate) for item, length in pairs]
    return ExactRender(plan, stacked, join_clips(clips, joining))


def _numbered(on_step: OnStep, first: int) -> Callable[[int], None]:
    return lambda step: on_step(first, step)


def decode_clip(codec: Codec, latents: Tensor, seconds: float, rate: int = RATE) -> _Samples:
    """A clip (channels, n) at `rate`, of the first `seconds` of latents (T, C).

    Below 0 s, `seconds` are what is cut off the end.
    """
    assert codec.reach is not None
    frames = codec.frames(seconds) + codec.reach if seconds > 0 else len(latents)
    wave = codec.decode(latents[None, :frames], seed=0)[0].cpu().numpy()
    wave = wave[:, : int(seconds * codec.sample_rate)]
    if rate == codec.sample_rate or not wave.shape[1]:
        return np.ascontiguousarray(wave, dtype=np.float32)
    count = math.ceil(wave.shape[1] * (rate / codec.sample_rate))
    clip = soxr.resample(np.ascontiguousarray(wave.T), codec.sample_rate, rate, QUALITY).T[
        :, :count
    ]
    return np.pad(clip, ((0, 0), (0, count - clip.shape[1]))).astype(np.float32)


def join_clips(
    clips: Sequence[_Samples],
    joining: Joining = Joining(),
) -> _Samples:
    """Clips (channels, n) one after another, each pair overlapping in a linear cross-fade."""
    overlap = int(joining.crossfade * joining.rate)
    incoming = rise("linear", np.linspace(0.0, 1.0, overlap)).astype(np.float32)
    outgoing = rise("linear", np.linspace(1.0, 0.0, overlap)).astype(np.float32)
    whole = clips[0]
    for clip in clips[1:]:
        if not overlap or min(whole.shape[1], clip.shape[1]) < overlap:
            whole = np.concatenate([whole, clip], axis=1)
            continue
        middle = whole[:, -overlap:] * outgoing + clip[:, :overlap] * incoming
        whole = np.concatenate([whole[:, :-overlap], middle, clip[:, overlap:]], axis=1)
    return whole


def story_of_plan(plan: PublishedPlan, profile: str, instruction: str, seed: int) -> Story:
    """The plan as a story, as long as its events say; an event has some length in a story."""
    events, start = [], 0.0
    corrections: list[str] = []
    for number, (caption, written) in enumerate(zip(plan.captions, plan.durations, strict=True)):
        line = one_line(caption)[:MAX_CAPTION] or "sound"
        seconds = max(written, MIN_DURATION)
        if seconds != written:
            corrections.append(f"The director gave {line!r} {written:g} s; it has {seconds:g} s.")
        events.append(Event(f"e{number + 1}", line, round(start, 3), seconds))
        start += seconds
    reasoning = one_line(plan.reasoning)
    return Story(instruction, start, seed, profile, reasoning, tuple(events), tuple(corrections))
