"""Events made ready for the model: with take, condition and beginning, in batches of a kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from core.audiostory import AudioStory
from core.language.stream import PlannedEvent
from core.render.beginnings import Beginning
from core.story.story import Event
from core.story.take import Take


@dataclass(frozen=True, eq=False)
class PreparedEvent:
    """An event with all that is needed to perform it but the model; those of the same `kind` can
    share a batch.

    Attributes:
        number, events: it is the `number`-th (from 1) of so many.
        condition: (P, S, width), one for each of the sounds that are performed at once.
        frames: latent frames that are rendered.
        stops: flow times between which latents are known.
        known: (frames, C), what it begins from; None: noise alone.
    """

    event_id: str
    number: int
    events: int
    take: Take
    condition: Tensor
    frames: int
    stops: tuple[float, ...]
    known: Tensor | None

    @property
    def seconds(self) -> float:
        return self.take.duration + self.take.tail

    @property
    def kind(self) -> tuple[int, int, tuple[float, ...]]:
        return len(self.condition), self.frames, self.stops


def prepared_event(
    model: AudioStory,
    take: Take,
    event_id: str,
    place: tuple[int, int],
    condition: Tensor,
    beginning: Beginning | None,
) -> PreparedEvent:
    """An event made ready to be performed.

    Args:
        place: it is the first-th (from 1) of the second many events.
        condition: (P, S, width), one for each of its simultaneous sounds.
    """
    frames = model.codec.frames(take.duration + take.tail)
    stops: tuple[float, ...] = (1.0, 0.0)
    if beginning is not None:
        beyond = len(beginning.latents) < frames
        stops = tuple(sorted({1.0 if beyond else 0.0, beginning.start.strength, 0.0}, reverse=True))
    known = beginning.latents[:frames] if beginning else None
    return PreparedEvent(event_id, *place, take, condition, frames, stops, known)


def batches_of(events: Sequence[PreparedEvent], size: int) -> list[list[PreparedEvent]]:
    """The events in batches of one kind and of at most so many, each by its first event's place."""
    left, batches = list(events), []
    while left:
        batches.append([event for event in left if event.kind == left[0].kind][:size])
        left = [event for event in left if event not in batches[-1]]
    return batches


def single_plan(caption: str, seconds: float) -> tuple[str, list[PlannedEvent]]:
    """The reasoning and the event of a plan for one of several simultaneous sounds.

    Its reasoning is older than the director's list (`core.language.reasoning`); it stays, since
    takes with the same key must sound the same.
    """
    return f"One event. 1. {caption} ({seconds:g} s).", [PlannedEvent(caption, seconds)]


def too_long(event: Event, longest: float) -> str:
    """Why our own performer cannot perform an event in one piece; empty: it can."""
    if event.duration <= longest:
        return ""
    return (
        f"{event.caption[:60]!r} lasts {event.duration:g} s, more than the {longest:g} s that "
        "can be rendered in one piece; split it."
    )
