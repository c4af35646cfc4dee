"""What is to be planned, and what the director has written of it so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from core.errors import PlanError
from core.language.reasoning import Item
from core.language.score import ScoreEvent
from core.language.stream import PlannedEvent, parse_plan
from core.story.durations import Lengths, Span
from core.story.story import Story

Spans = Callable[[Sequence[str]], Sequence[Span | None]]
"""Natural lengths of the sounds that phrases tell of; none where a sound is not known."""


@dataclass(frozen=True)
class PlanProgress:
    """What the director has written so far; the last one carries the story.

    Attributes:
        changes: what a wish has changed in a story, a sentence each.
    """

    reasoning: str
    events: tuple[PlannedEvent, ...]
    story: Story | None = None
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Brief:
    """What is to be planned.

    Attributes:
        settled: events that are written as they are, by place (from 0).
        least, most: how many events there may be.
        mood: the mood of the events that are not settled; empty: the director's choice.
        avoid: phrases that are not used again.
        lengths: fits the lengths wanted of all events, given their natural ones; by default to the
            instruction's times.
        lines: of a score that are written as they are, by place (from 0) and start.
        earliest: seconds before which none of a score's other lines begins.
    """

    instruction: str
    total: float
    settled: Mapping[int, PlannedEvent] = field(default_factory=dict)
    least: int = 1
    most: int = 24
    mood: str = ""
    avoid: tuple[str, ...] = ()
    lengths: Callable[[Sequence[float], Sequence[Span | None]], Lengths] | None = None
    lines: Mapping[int, ScoreEvent] = field(default_factory=dict)
    earliest: float = 0.0


@dataclass(frozen=True)
class PlanDraft:
    """A turn of the director, as far as it is written; once the list is done, what it settled.

    Attributes:
        items: the list, with the lengths that the director wanted.
        lengths: those that the events get.
    """

    tokens: tuple[int, ...]
    items: tuple[Item, ...] = ()
    lengths: Lengths | None = None


def events_so_far(text: str) -> tuple[PlannedEvent, ...]:
    """The whole events of an assistant turn that is still being written."""
    try:
        return parse_plan(text).events
    except PlanError:
        return ()
