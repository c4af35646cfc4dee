"""Planning a score anew around what stays of it: locked events, and what a story begins with.

The director writes a whole score again. What is kept is forced upon it as lines, in its place among
the others by their starts, so that what is new knows of it; in the story each kept event stays what
it is, field by field, but for a source that it shared with what is gone. New events get the lanes
that are left.
"""

from __future__ import annotations

import dataclasses
import itertools
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence

from core.audiostory import AudioStory
from core.director.plan import most_events
from core.director.progress import Brief, PlanProgress
from core.director.score_plan import (
    bounded_lines,
    planned_lines,
    with_score_notes,
    write_score,
)
from core.errors import StoryError
from core.story.durations import GRID
from core.story.limits import MIN_DURATION, TOLERANCE
from core.story.same_source import with_sources_kept
from core.story.score import score_events, score_lines
from core.story.story import Event, Story


def by_start(story: Story) -> list[Event]:
    """The events in the order of a score."""
    return sorted(story.events, key=lambda event: event.start)


def rescores(model: AudioStory, kept: Iterable[Event]) -> bool:
    """Whether what is planned anew around these events is a score.

    Not where one of them lies on layer 0, which has no gaps: what is new there is a list.
    """
    return model.profile.director.planner == "score" and all(event.layer for event in kept)


def rescore_unlocked(
    model: AudioStory,
    story: Story,
    cancel: threading.Event | None,
    variation: int,
    mood: str,
) -> Iterator[PlanProgress]:
    """Plan the unlocked events anew, as many as there are; not all of them are locked.

    Raises:
        PlanError, Cancelled: as of `core.director.score_plan.write_score`.
    """
    events = by_start(story)
    kept = {place: event for place, event in enumerate(events) if event.locked}
    avoid = _captions(events, kept) if variation else ()
    brief = Brief(
        story.instruction, story.total, least=len(events), most=len(events), mood=mood, avoid=avoid
    )
    yield from _rescored(model, story, brief, kept, events, cancel, variation)


def rescore_from(
    model: AudioStory,
    story: Story,
    moment: float,
    seconds: float,
    cancel: threading.Event | None,
    variation: int,
) -> Iterator[PlanProgress]:
    """Keep what begins before a moment, and plan anew what follows until the story lasts `seconds`.

    Locked events further on stay, and as many events as now come before each of them.

    Raises:
        StoryError: the length leaves no room.
        PlanError, Cancelled: as of `core.director.score_plan.write_score`.
    """
    events = by_start(story)
    kept = {
        place: event
        for place, event in enumerate(events)
        if event.locked or event.start < moment - TOLERANCE
    }
    longest = model.profile.director.max_total
    least = max((event.end for event in kept.values()), default=0.0)
    if not least <= seconds <= longest:
        raise StoryError(
            f"With what is kept the story lasts {least:g} to {longest:g} s; choose a length "
            "between."
        )
    last = max(kept, default=-1)
    room = seconds - max(moment, events[last].start if kept else 0.0)
    if room < MIN_DURATION:
        raise StoryError("No time is left after that event; choose a longer story.")
    new = min(most_events(model, seconds) - len(kept), int(room / (2 * GRID)))
    brief = Brief(
        story.instruction, seconds, least=last + 2, most=last + 1 + max(1, new),
        avoid=_captions(events[last + 1 :], {}) if variation else (), earliest=moment,
    )  # fmt: skip
    yield from _rescored(model, story, brief, kept, events[: last + 1], cancel, variation)


def _captions(events: Sequence[Event], kept: Mapping[int, Event]) -> tuple[str, ...]:
    return tuple(event.caption for place, event in enumerate(events) if place not in kept)


def _rescored(
    model: AudioStory,
    story: Story,
    brief: Brief,
    kept: Mapping[int, Event],
    before: Sequence[Event],
    cancel: threading.Event | None,
    variation: int,
) -> Iterator[PlanProgress]:
    """Write the score, and put the kept events into it; others get the names of those `before`."""
    kept = dict(zip(kept, with_sources_kept(kept.values()), strict=True))
    brief = dataclasses.replace(brief, lines=score_lines(story, kept, brief.total))
    sheet = yield from write_score(model, brief, cancel, variation)
    names = [event.id for event in before][: len(sheet.events)]
    fresh = (f"e{n}" for n in itertools.count(1) if f"e{n}" not in {e.id for e in before})
    names += itertools.islice(fresh, len(sheet.events) - len(names))
    told = dataclasses.replace(
        story,
        total=brief.total,
        reasoning=sheet.reasoning,
        events=score_events(bounded_lines(sheet.events), brief.total, kept, names),
        corrections=(),
        notes=(),
    )
    yield PlanProgress(sheet.reasoning, planned_lines(sheet.events), with_score_notes(model, told))
