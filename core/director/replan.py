"""Planning a story that is there already: other words, another mood, another end.

A story goes in, the re-planned one comes out, streamed like a first plan. The director writes the
whole list and every event again, but what is kept is forced upon it as it stands, so that what it
adds follows from what stays. Locked events keep every field, their start included, but for a source
that they shared with what is planned anew; events above the story (layers from 1) stay where they
are. Bridging tokens need no care: rendering takes them from the story as it is.

A director of scores plans a score anew (core/director/replan_score.py), events above layer 0
included, unless what is kept lies on layer 0.
"""

from __future__ import annotations

import dataclasses
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from core.audiostory import AudioStory
from core.director.plan import (
    decode_plan,
    known_spans,
    most_events,
    natural_seconds,
    reasoning_and_events,
)
from core.director.progress import Brief, PlanDraft, PlanProgress, Spans
from core.director.replan_score import rescore_from, rescore_unlocked, rescores
from core.director.silence import silent_phrases
from core.director.times import TimedInstruction
from core.director.wishes import with_description, write_edits
from core.errors import PlanError, StoryError
from core.language.stream import PlannedEvent, one_line, parse_plan
from core.language.task_adapter import TaskAdapter
from core.story.durations import GRID, Lengths, Span, fit_durations, natural
from core.story.edits import Edit, apply_edits
from core.story.limits import MIN_DURATION, TOLERANCE
from core.story.same_source import with_sources_kept
from core.story.story import SILENCE, Event, Story

PLANNING = frozenset({"mood", "again", "continue"})
"""Operations for which the director writes the plan anew."""
CONTINUED = 10.0
"""Seconds by which a story goes on where no length is given."""


@dataclasses.dataclass(frozen=True)
class _Part:
    """A stretch of the story between kept events: how many events fill how many seconds."""

    first: int
    count: int
    begin: float
    end: float


def replan_unlocked(
    model: AudioStory,
    story: Story,
    cancel: threading.Event | None = None,
    variation: int = 0,
    spans: Spans | None = None,
    mood: str = "",
) -> Iterator[PlanProgress]:
    """Plan the unlocked events anew, as many as there are, in the time that the locked ones leave.

    Args:
        variation: 0 is the director's best plan; with 1, 2, … it draws other words than those of
            the story, the same ones for the same number.
        mood: the mood of the new events; empty: the director's choice.

    Raises:
        StoryError: every event is locked.
        PlanError, Cancelled: as in `core.director.plan.plan`.
    """
    locked = [event for event in story.events if event.locked]
    if rescores(model, locked):
        _require_unlocked(story.events)
        yield from rescore_unlocked(model, story, cancel, variation, mood)
        return
    sequence = _told(story)
    _require_unlocked(sequence)
    kept = {i: event for i, event in enumerate(sequence) if event.locked}
    avoid = tuple(e.caption for e in sequence if not e.locked) if variation else ()
    brief = Brief(
        story.instruction, story.total, _planned(kept), len(sequence), len(sequence), mood, avoid
    )
    ids = [event.id for event in sequence]
    yield from _replanned(model, story, brief, kept, ids, cancel, spans, variation)


def change_mood(
    model: AudioStory,
    story: Story,
    mood: str,
    cancel: threading.Event | None = None,
    spans: Spans | None = None,
) -> Iterator[PlanProgress]:
    """Plan the unlocked events anew in one mood.

    Raises:
        PlanError: the mood is not a word or two.
    """
    mood = one_line(mood).lower()
    if not re.fullmatch(r"[^\W\d_]{3,20}(?: [^\W\d_]{2,20})?", mood):
        raise PlanError("A mood is a word or two, like calm or very tense; type it again.")
    yield from replan_unlocked(model, story, cancel, 0, spans, mood)


def continue_from(
    model: AudioStory,
    story: Story,
    event_id: str,
    seconds: float,
    cancel: threading.Event | None = None,
    variation: int = 0,
    spans: Spans | None = None,
) -> Iterator[PlanProgress]:
    """Keep the story up to an event and plan anew what follows, until it lasts `seconds`.

    Locked events further on stay at their place in time, and as many events as now come before
    each of them. Where a score is planned, all that begins before the event ends is kept.

    Raises:
        StoryError: the event lies above the story, or the length leaves no room after it.
    """
    here = story.event(event_id)
    kept_events = [e for e in story.events if e.locked or e.start < here.end - TOLERANCE]
    if rescores(model, kept_events):
        yield from rescore_from(model, story, here.end, seconds, cancel, variation)
        return
    sequence = _told(story)
    if here not in sequence:
        raise StoryError(f"{here.caption!r} lies above the story; choose an event of the story.")
    place = sequence.index(here)
    kept = {i: e for i, e in enumerate(sequence) if i <= place or e.locked}
    last = max(kept)
    tail = round(seconds - sequence[last].end, 6)
    if not tail >= 0 or seconds > model.profile.director.max_total:
        least = sequence[last].end
        raise StoryError(
            f"With what is kept the story lasts {least:g} to "
            f"{model.profile.director.max_total:g} s; choose a length between."
        )
    if tail < MIN_DURATION and last == place:
        raise StoryError("No time is left after that event; choose a longer story.")
    room = most_events(model, seconds) - len(kept)
    grows = tail >= MIN_DURATION
    most = last + 1 + (max(1, min(room, int(tail / (2 * GRID)))) if grows else 0)
    least = last + 1 + grows
    avoid = tuple(e.caption for e in sequence[place + 1 :] if not e.locked) if variation else ()
    brief = Brief(story.instruction, seconds, _planned(kept), least, max(most, least), "", avoid)
    ids = [event.id for event in sequence[: last + 1]]
    yield from _replanned(model, story, brief, kept, ids, cancel, spans, variation)


def change_by_wish(
    model: AudioStory,
    story: Story,
    text: str,
    cancel: threading.Event | None = None,
    variation: int = 0,
    spans: Spans | None = None,
    adapter: TaskAdapter | None = None,
) -> Iterator[PlanProgress]:
    """Do what a wish in words says: edit what it names, or plan anew where it asks for that.

    Raises:
        PlanError: the wish is not understood, or cannot be done in one go.
        StoryError: an edit is impossible.
    """
    written = write_edits(model, story, text, cancel, adapter)
    if not written.understood:
        raise PlanError(
            f"“{one_line(text)}” is not understood as a change. Say what should happen to which "
            "sound, like: add a dog at 10 s; make the rain 5 s longer; remove the bell; more tense."
        )
    planning = [edit for edit in written.edits if edit.operation in PLANNING]
    if len(planning) > 1:
        raise PlanError("A mood, another plan or a continuation goes alone; say one after another.")
    plain = [edit for edit in written.edits if edit.operation not in PLANNING]
    known = spans or known_spans(model)
    changed, sentences = apply_edits(
        story, plain, with_description, partial(natural_seconds, known)
    )
    for edit in planning:
        for progress in _planned_anew(model, changed, edit, cancel, variation, spans):
            yield dataclasses.replace(progress, changes=sentences)
    if not planning:
        events = tuple(_planned(dict(enumerate(changed.sequence))).values())
        yield PlanProgress(changed.reasoning, events, changed, sentences)


def _planned_anew(
    model: AudioStory,
    story: Story,
    edit: Edit,
    cancel: threading.Event | None,
    variation: int,
    spans: Spans | None,
) -> Iterator[PlanProgress]:
    if edit.operation == "mood":
        yield from change_mood(model, story, edit.caption, cancel, spans)
    elif edit.operation == "again":
        yield from replan_unlocked(model, story, cancel, max(1, variation), spans)
    else:
        more = edit.amount or CONTINUED
        goal = more if edit.where == "to" else story.total + more
        if rescores(model, story.events):
            yield from rescore_from(model, story, story.total, goal, cancel, variation)
            return
        _told(story)
        yield from continue_from(model, story, story.last_id, goal, cancel, variation, spans)


def _require_unlocked(events: Sequence[Event]) -> None:
    if all(event.locked for event in events):
        raise StoryError("Every event is locked; unlock what should be planned anew.")


def _told(story: Story) -> list[Event]:
    """The events of layer 0, which are what is planned anew.

    Raises:
        StoryError: there are none.
    """
    if not story.sequence:
        raise StoryError(
            "The events of this story lie freely in time, and are not planned anew; change them by "
            "hand, or draft the story again."
        )
    return list(story.sequence)


def _planned(events: Mapping[int, Event]) -> dict[int, PlannedEvent]:
    return {i: PlannedEvent(e.caption, e.duration, e.mood) for i, e in events.items()}


def _replanned(
    model: AudioStory,
    story: Story,
    brief: Brief,
    kept: Mapping[int, Event],
    ids: Sequence[str],
    cancel: threading.Event | None,
    spans: Spans | None,
    variation: int,
) -> Iterator[PlanProgress]:
    """Write the brief and put the kept events back into it, field by field as they were."""

    def lengths(wanted: Sequence[float], known: Sequence[Span | None]) -> Lengths:
        seconds: list[float] = []
        for part in _parts(kept, len(wanted), brief.total):
            if part.count:
                places = slice(part.first, part.first + part.count)
                shares = natural(wanted[places], known[places], part.end - part.begin)
                seconds += fit_durations(shares, round(part.end - part.begin, 3))
            if part.first + part.count in kept:
                seconds.append(kept[part.first + part.count].duration)
        return Lengths(tuple(seconds))

    brief = dataclasses.replace(brief, lengths=lengths)
    draft = PlanDraft(())
    for draft in decode_plan(model, brief, cancel, spans, variation):
        yield PlanProgress(*reasoning_and_events(model, draft))
    plan = parse_plan(model.tokenizer.decode(draft.tokens))
    assert draft.lengths is not None
    fresh = _Names(story, ids, kept)
    timed = TimedInstruction(brief.instruction, brief.total)
    silent = silent_phrases(timed, [item.phrase for item in draft.items])
    events, clock = [], 0.0
    planned = zip(plan.events, draft.items, draft.lengths.seconds, strict=True)
    for i, (event, item, seconds) in enumerate(planned):
        if i in kept:
            events.append(kept[i])
        else:
            caption = SILENCE if i in silent else event.caption
            events.append(fresh.event(i, caption, round(clock, 3), seconds, item.mood))
        clock = events[-1].end
    yield PlanProgress(
        plan.reasoning, plan.events, _with_layers(story, brief, plan.reasoning, events)
    )


class _Names:
    """New events for a story: they take the place, level and pan of the ones that they replace,
    but nothing that a score says of their sound."""

    def __init__(self, story: Story, ids: Sequence[str], kept: Mapping[int, Event]):
        self.story = story
        self.ids = ids
        self.taken = {e.id for e in story.events if e.layer} | {e.id for e in kept.values()}
        self.taken |= set(ids)

    def event(self, place: int, caption: str, start: float, seconds: float, mood: str) -> Event:
        if place < len(self.ids):
            old = self.story.event(self.ids[place])
            return dataclasses.replace(
                old, caption=caption, start=start, duration=seconds, mood=mood, seed=None,
                fade_in=min(old.fade_in, seconds), fade_out=min(old.fade_out, seconds),
                takes=(), chosen=None, role=None, shape="steady", points=(), count=None, every=None,
                at=(), source=None, gain_envelope=(), pan_envelope=(), loop=False,
            )  # fmt: skip
        name = next(f"e{n}" for n in range(1, len(self.taken) + 2) if f"e{n}" not in self.taken)
        self.taken.add(name)
        return Event(name, caption, start, seconds, mood)


def _parts(kept: Mapping[int, Event], count: int, total: float) -> Iterator[_Part]:
    """The stretches before each kept event and after the last; some hold nothing."""
    first, clock = 0, 0.0
    for place in sorted(kept):
        yield _Part(first, place - first, clock, kept[place].start)
        first, clock = place + 1, kept[place].end
    yield _Part(first, count - first, clock, total)


def _with_layers(story: Story, brief: Brief, reasoning: str, events: Sequence[Event]) -> Story:
    """The story with these events on layer 0; those above it are cut only where it got shorter."""
    above = [e for e in story.events if e.layer]
    for event in above:
        if event.end > brief.total and event.locked:
            raise StoryError(
                f"{event.caption!r} is locked and ends later; unlock or move it first."
            )
    inside = [
        dataclasses.replace(e, start=max(0.0, round(min(e.start, brief.total - e.duration), 3)))
        for e in above
        if e.duration <= brief.total
    ]
    known = set(story.events)
    replaced = {event.id for event in events if event not in known}
    kept = with_sources_kept(e for e in (*events, *inside) if e.id not in replaced)
    sources = {event.id: event.source for event in kept}
    return dataclasses.replace(
        story,
        total=brief.total,
        reasoning=reasoning,
        events=tuple(dataclasses.replace(e, source=sources.get(e.id)) for e in (*events, *inside)),
        corrections=(),
        notes=(),
    )
