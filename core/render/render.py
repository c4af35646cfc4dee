"""From a story to takes by our own model: bridge it all once, then perform and decode by event.

A take begins from noise, or from known latents: another take's, or those of a recording
(`core.render.beginnings`). Events of equal length can share a batch where a device gains by it.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from core.audiostory import AudioStory
from core.errors import RenderError, raise_if_cancelled
from core.language.stream import PlannedEvent
from core.mix.blend import blended
from core.profile import RenderSettings
from core.render.beginnings import Beginning
from core.render.model_batch import batch_sound, sampler_work
from core.render.prepared_events import (
    PreparedEvent,
    batches_of,
    prepared_event,
    single_plan,
    too_long,
)
from core.render.rendered_take import RenderedTake, cut_to_take
from core.render.takes import contexts, narrative_order, plan_take, planned
from core.story.story import Event, Story

_BATCH = 1
"""Events of equal length that are rendered together where no GPU is planned for. Alone, an event
has the same bits whatever else is rendered; with more threads than one, a shared matrix product
does not. On one core 2 are only 10 % and 4 are 14 % faster."""


Conditioning = Callable[[str, float, str, Sequence[PlannedEvent]], Tensor]
"""Instruction, total seconds, reasoning and events to conditions (E, S, width)."""
OnWork = Callable[[Mapping[str, float]], None]
"""Told what there is to do (`sampler_work`), by event."""


@dataclass(frozen=True)
class RenderProgress:
    """`step` of `steps` of the event with this id, the `event`-th (from 1) of `events`."""

    event_id: str
    event: int
    events: int
    step: int
    steps: int


OnProgress = Callable[[RenderProgress], None]


class EventRenderer(Protocol):
    """Whoever renders events as `render_events` does, were it on other machines."""

    def __call__(
        self,
        model: AudioStory,
        story: Story,
        event_ids: Sequence[str],
        settings: RenderSettings,
        *,
        beginnings: Mapping[str, Beginning] | None = None,
        on_work: OnWork | None = None,
        on_progress: OnProgress | None = None,
        cancel: threading.Event | None = None,
    ) -> Iterator[RenderedTake]: ...


def render_events(
    model: AudioStory,
    story: Story,
    event_ids: Sequence[str],
    settings: RenderSettings,
    *,
    beginnings: Mapping[str, Beginning] | None = None,
    batch: int = _BATCH,
    conditioning: Conditioning | None = None,
    on_work: OnWork | None = None,
    on_progress: OnProgress | None = None,
    cancel: threading.Event | None = None,
) -> Iterator[RenderedTake]:
    """Render the named events in narrative order, except that equal lengths share a batch.

    Takes already yielded stay valid when a later event is cancelled or fails.

    Args:
        beginnings: by event id, where a take does not begin from noise alone.
        conditioning: how a plan becomes conditions; by default the model's own way, through its
            bridge.
        on_work: called before the first event with what there is to do (`sampler_work`), by event.

    Raises:
        Cancelled: `cancel` was set; checked before the conditions and every sampler step.
        RenderError: an event is too long, or the performer gave something that is not sound.
    """
    batches = event_batches(
        model,
        story,
        event_ids,
        settings,
        beginnings=beginnings,
        batch=batch,
        conditioning=conditioning,
        cancel=cancel,
    )
    if on_work is not None:
        prepared = (event for events in batches for event in events)
        on_work({event.event_id: sampler_work(model, event, settings) for event in prepared})
    for events in batches:
        yield from perform_batch(model, events, settings, on_progress=on_progress, cancel=cancel)


def event_batches(
    model: AudioStory,
    story: Story,
    event_ids: Sequence[str],
    settings: RenderSettings,
    *,
    beginnings: Mapping[str, Beginning] | None = None,
    batch: int = _BATCH,
    conditioning: Conditioning | None = None,
    cancel: threading.Event | None = None,
) -> list[list[PreparedEvent]]:
    """What `render_events` performs one after the other: the same batches have the same bits,
    wherever and in whichever order `perform_batch` performs them.

    Raises:
        Cancelled, RenderError: as `render_events`.
    """
    batch = 1 if model.performer.approximates else model.placement.events or batch
    order = narrative_order(story)
    wanted = [(place, event) for place, event in enumerate(order) if event.id in set(event_ids)]
    for _, event in wanted:
        if sentence := too_long(event, model.performer.longest_seconds):
            raise RenderError(sentence)
    condition_of = conditioning or model.conditions
    raise_if_cancelled(cancel, "Rendering")
    conditions = condition_of(story.instruction, story.total, story.reasoning, planned(order))
    texts = contexts(story)
    prepared = []
    for number, (place, event) in enumerate(wanted, 1):
        beginning = (beginnings or {}).get(event.id)
        condition = conditions[place : place + 1]
        if beginning is None:
            condition = _condition_of_sounds(model, event, condition, condition_of)
        made_of = (settings, model.profile.crossfade, model.weights)
        start = beginning.start if beginning else None
        take = plan_take(story, event, *made_of, start, texts[event.id])
        counted = (number, len(wanted))
        prepared.append(prepared_event(model, take, event.id, counted, condition, beginning))
    return batches_of(prepared, batch)


def _condition_of_sounds(
    model: AudioStory, event: Event, whole: Tensor, condition_of: Conditioning
) -> Tensor:
    """Conditions (P, S, width) of an event's simultaneous sounds; of a single one `whole`."""
    sounds = model.at_once(event.caption)
    if len(sounds) < 2:
        return whole
    apart = [(sound, event.duration) for sound in sounds]
    return torch.cat([condition_of(*one, *single_plan(*one)) for one in apart])


def perform_batch(
    model: AudioStory,
    events: Sequence[PreparedEvent],
    settings: RenderSettings,
    *,
    on_progress: OnProgress | None = None,
    cancel: threading.Event | None = None,
) -> Iterator[RenderedTake]:
    """One of `event_batches`, from conditions to sound.

    Raises:
        Cancelled: `cancel` was set; checked before every sampler step.
        RenderError: the performer gave something that is not sound.
    """

    def on_step(step: int, steps: int) -> None:
        if on_progress is not None:
            for one in events:
                on_progress(RenderProgress(one.event_id, one.number, one.events, step, steps))

    sounds, latents = batch_sound(model, events, settings, on_step, cancel)
    for event, heard, own in zip(events, sounds, latents, strict=True):
        samples = heard[0].numpy()
        if len(heard) > 1:
            samples = blended(heard.numpy(), model.sample_rate)
            own = model.codec.encode(torch.from_numpy(samples)[None])[0]
        sound = cut_to_take(samples, event.seconds, model.sample_rate)
        take = dataclasses.replace(event.take, made_on=model.numeric_path)
        yield RenderedTake(event.event_id, take, sound, own.cpu())
