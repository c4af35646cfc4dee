"""A batch of prepared events on the model: what it begins from, what it costs, how it sounds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from core.audiostory import AudioStory
from core.performer.flow import KnownLatents
from core.profile import RenderSettings
from core.render.prepared_events import PreparedEvent
from core.render.takes import grain_of, noise_of


def sampler_work(model: AudioStory, event: PreparedEvent, settings: RenderSettings) -> float:
    """What an event costs: sampler steps over seconds of sound, for each of its sounds."""
    known = _known_latents(model, [event]) if event.known is not None else None
    seconds = model.performer.canvas(event.frames) * model.codec.hop / model.sample_rate
    return len(event.condition) * max(1, model.performer.steps(settings, known)) * seconds


def batch_sound(
    model: AudioStory,
    events: Sequence[PreparedEvent],
    settings: RenderSettings,
    on_step: Callable[[int, int], None],
    cancel: threading.Event | None,
) -> tuple[Tensor, Tensor]:
    """What the performer and the codec make of a batch.

    Args:
        on_step: called with the number of each step and of all, and with both the same at the end.

    Returns:
        Sounds (E, P, channels, frames) of E events with P simultaneous sounds each, and the
        latents (E, T, C) of the last of these.

    Raises:
        Cancelled: `cancel` was set; checked before every sampler step.
    """
    known = _known_latents(model, events) if events[0].known is not None else None
    steps = max(1, model.performer.steps(settings, known))
    count = len(events[0].condition)
    takes = [event.take for event in events]
    sounds: list[Tensor] = []
    model.ready("performer")
    for number in range(count):

        def step_of_all(step: int, before: int = number * steps) -> None:
            on_step(before + step, count * steps)

        latents = model.performer.render(
            torch.stack([event.condition[number] for event in events]),
            [event.seconds for event in events],
            events[0].frames,
            [noise_of(take) + number for take in takes],
            settings,
            known=known,
            on_step=step_of_all,
            cancel=cancel,
        )
        grains = [grain_of(take) + number for take in takes]
        sounds.append(model.codec.decode(latents, seed=grains).cpu())
    on_step(count * steps, count * steps)
    return torch.stack(sounds, dim=1), latents


def _known_latents(model: AudioStory, events: Sequence[PreparedEvent]) -> KnownLatents:
    """What a batch begins from; what lies beyond a known sound is all new."""
    frames = events[0].frames
    canvas = model.performer.canvas(frames)
    latents = torch.zeros(len(events), canvas, model.codec.latent_channels)
    strength = torch.ones(len(events), canvas)
    for row, event in enumerate(events):
        start, known = event.take.start, event.known
        assert start is not None
        assert known is not None
        latents[row, : len(known)] = known
        strength[row, : len(known)] = start.strength
        if start.span is not None:
            first, last = (round(s * model.sample_rate / model.codec.hop) for s in start.span)
            kept = torch.ones(len(known), dtype=torch.bool)
            kept[first : max(last, first + 1)] = False
            strength[row, : len(known)][kept] = 0.0
        strength[row, frames:] = 0.0 if start.span is not None else start.strength
    if canvas > frames:
        latents[:, frames:] = _silence(model)
    return KnownLatents(latents, strength)


def _silence(model: AudioStory) -> Tensor:
    """The latent frame (C,) of silence, which follows a sound in a canvas of fixed length."""
    nothing = torch.zeros(1, model.channels, 8 * model.codec.hop)
    return model.codec.encode(nothing)[0, 4].cpu()
