"""From a story to takes: bridge the whole story once, then perform and decode event by event."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core import grammar
from core.audiostory import AudioStory
from core.errors import RenderError
from core.grammar import PlannedEvent
from core.performer import RenderSettings
from core.story import Event, Story, Take

TAKE_PEAK = 0.999
"""Takes are turned down to this peak where the codec overshoots, since FLAC cannot hold more."""


@dataclass(frozen=True)
class RenderProgress:
    """`step` of `steps` of the event with this id, the `event`-th (from 1) of `events`."""

    event_id: str
    event: int
    events: int
    step: int
    steps: int


@dataclass(frozen=True)
class RenderedTake:
    """A take with its sound: float32 (channels, frames), `duration + tail` seconds long."""

    event_id: str
    take: Take
    samples: npt.NDArray[np.float32]


def told(story: Story) -> list[Event]:
    """The events in the order in which the director tells them: by start, then by layer."""
    return sorted(story.events, key=lambda event: (event.start, event.layer))


def event_seed(story: Story, event: Event) -> int:
    """The event's own seed, or one of 31 bits derived from the story's seed and the event's id."""
    if event.seed is not None:
        return event.seed
    digest = hashlib.sha256(f"{story.seed}/{event.id}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def plan_take(
    story: Story, event: Event, settings: RenderSettings, crossfade: float, weights: str
) -> Take:
    """The take that rendering this event would give, without rendering it.

    Equal keys mean equal sound: the key covers the director's text up to the event, the length,
    the seed, the sampler's settings, the profile and its weights.
    """
    sequence = story.sequence
    tail = crossfade if event in sequence[:-1] else 0.0
    take = Take(
        key="",
        stream=_stream_up_to(story, event),
        caption=event.caption,
        duration=event.duration,
        tail=tail,
        seed=event_seed(story, event),
        steps=settings.steps,
        guidance=settings.guidance,
        profile=story.profile,
        weights=weights,
    )
    return Take(**{**vars(take), "key": take_key(take)})


def take_key(take: Take) -> str:
    """Hash of everything that makes the take's sound."""
    parts = {k: v for k, v in vars(take).items() if k not in ("key", "file")}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


def _stream_up_to(story: Story, event: Event) -> str:
    order = told(story)
    before = order[: order.index(event) + 1]
    return grammar.prompt_text(story.instruction, story.total) + grammar.plan_text(
        story.reasoning, _planned(before)
    ).removesuffix(grammar.TURN_END)


def _planned(events: Sequence[Event]) -> list[PlannedEvent]:
    return [PlannedEvent(event.caption, event.duration, event.mood) for event in events]


def render_events(
    model: AudioStory,
    story: Story,
    event_ids: Sequence[str],
    settings: RenderSettings,
    *,
    on_progress: Callable[[RenderProgress], None] | None = None,
    cancel: threading.Event | None = None,
) -> Iterator[RenderedTake]:
    """Render the named events, one after another in the order told.

    Takes already yielded stay valid when a later event is cancelled or fails.

    Raises:
        Cancelled: `cancel` was set; checked before every sampler step.
        RenderError: the performer gave something that is not sound.
    """
    order = told(story)
    wanted = [event for event in order if event.id in set(event_ids)]
    conditions = model.conditions(story.instruction, story.total, story.reasoning, _planned(order))
    for number, event in enumerate(wanted, 1):
        take = plan_take(story, event, settings, model.profile.crossfade, model.weights)

        def on_step(step: int, event: Event = event, number: int = number) -> None:
            if on_progress is not None:
                progress = RenderProgress(event.id, number, len(wanted), step, settings.steps)
                on_progress(progress)

        seconds = take.duration + take.tail
        place = order.index(event)
        latents = model.performer.render(
            conditions[place : place + 1],
            [seconds],
            model.codec.frames(seconds),
            [take.seed],
            settings,
            on_step=on_step,
            cancel=cancel,
        )
        samples = model.codec.decode(latents, seed=take.seed)[0].cpu().numpy()
        on_step(settings.steps)
        yield RenderedTake(event.id, take, _cut(samples, seconds, model.sample_rate))


def _cut(samples: npt.NDArray[np.float32], seconds: float, rate: int) -> npt.NDArray[np.float32]:
    if not np.isfinite(samples).all():
        raise RenderError("The performer produced no sound; try another seed.")
    frames = round(seconds * rate)
    if samples.shape[1] < frames:
        raise RenderError("The performer's sound is too short; report this with the story.")
    cut = np.ascontiguousarray(samples[:, :frames], dtype=np.float32)
    peak = float(np.abs(cut).max())
    return cut if peak <= TAKE_PEAK else cut * np.float32(TAKE_PEAK / peak)
