"""Planning with the published director, which reasons in words of its own.

It is held to its forced spans alone, as it was trained; then its events are brought to the length
that was asked for.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

from core.audiostory import AudioStory
from core.director.plan import PlanProgress
from core.errors import PlanError
from core.language.stream import THINK_END, PlannedEvent, one_line, parse_plan
from core.release.exact import PublishedPlan, read_draft, written_freely
from core.story.durations import fit_durations
from core.story.story import MAX_CAPTION, Event, Story


def plan_published(
    model: AudioStory,
    instruction: str,
    total: float,
    seed: int,
    cancel: threading.Event | None = None,
) -> Iterator[PlanProgress]:
    """Reason out a story of `total` seconds; see `core.director.plan.plan`.

    Raises:
        PlanError: the director wrote no complete event.
        Cancelled: `cancel` was set.
    """
    writing = written_freely(model, instruction, total, cancel)
    while True:
        try:
            text = model.tokenizer.decode(next(writing))
        except StopIteration as end:
            draft = read_draft(model, *end.value)
            break
        yield PlanProgress(text.partition(THINK_END)[0].strip(), _events(text))
    story = _compose(draft, model.profile.name, instruction, total, seed)
    told = zip(draft.captions, draft.durations, strict=True)
    events = tuple(PlannedEvent(caption, seconds) for caption, seconds in told)
    yield PlanProgress(story.reasoning, events, story)


def _events(text: str) -> tuple[PlannedEvent, ...]:
    try:
        return parse_plan(text).events
    except PlanError:
        return ()


def _compose(
    draft: PublishedPlan, profile: str, instruction: str, total: float, seed: int
) -> Story:
    """The draft as a story of `total` seconds, with what was corrected in it."""
    durations = fit_durations(draft.durations, total)
    corrections: tuple[str, ...] = ()
    if any(abs(a - b) > 1e-6 for a, b in zip(draft.durations, durations, strict=True)):
        told = sum(draft.durations)
        corrections = (
            f"The director's durations summed to {told:g} s; they were scaled to {total:g} s.",
        )
    events, clock = [], 0.0
    for number, (caption, seconds) in enumerate(zip(draft.captions, durations, strict=True), 1):
        line = one_line(caption)[:MAX_CAPTION] or "sound"
        events.append(Event(f"e{number}", line, round(clock, 3), seconds))
        clock += seconds
    reasoning = one_line(draft.reasoning)
    return Story(instruction, total, seed, profile, reasoning, tuple(events), corrections)
