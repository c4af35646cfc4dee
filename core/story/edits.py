"""Typed edits of a story: what a wish in words comes to ("add a dog at 10 s", "the rain softer").

The director writes them (core/director/wishes.py), in this form and no other:

    add "a dog bark" at 10 s. in its own length.
    lengthen 1. by 5 s.
    replace 3. with "a gate".

Events are numbered from 1 as `numbered_events` lists them. An edit acts on the events that it names
alone: what else moves or changes its length does so for the reason that `core.story.timeline`
gives: on layer 0 an edit ripples.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from core.errors import StoryError
from core.story import timeline
from core.story.limits import MIN_DURATION
from core.story.row import free_layer
from core.story.story import Event, Story
from core.story.strip import FARTHEST_HEARD, NEAR

Operation = Literal[
    "add", "remove", "lengthen", "shorten", "last", "move", "louder", "quieter", "replace",
    "closer", "farther", "faster", "slower", "stronger", "softer",
    "mood", "total", "continue", "again", "unknown",
]  # fmt: skip
Degree = Literal["a little", "somewhat", "a lot"]
STRETCH: dict[str, float] = {"a little": 1.2, "somewhat": 1.5, "a lot": 2.0}
"""What a length is multiplied with where no number is given; divided by it to shorten."""
DECIBELS: dict[str, float] = {"a little": 2.0, "somewhat": 4.0, "a lot": 8.0}
"""Of a change in level where no number is given: just noticeable, plain, about twice as loud."""
DESCRIPTIONS: dict[str, tuple[str, str]] = {
    "closer": ("distance", "close"),
    "farther": ("distance", "distant"),
    "faster": ("tempo", "fast"),
    "slower": ("tempo", "slow"),
    "stronger": ("strength", "heavy"),
    "softer": ("strength", "light"),
}
"""Attribute and value of `core.bridge.modifiers` that an operation adds to a caption."""
STEP_AWAY = 3.0
"""What the distance of a sound is multiplied with to be farther: about half as loud."""
WITH_SEAM = 0.25
"""Seconds that an event of layer 0 may miss the moment it is moved to; else it is lifted above."""
UNKNOWN_LENGTH = 3.0
"""Seconds of a sound of which no natural length is known."""
ALL = 0
"""As an event's number: every one of them."""


@dataclass(frozen=True)
class Edit:
    """One edit.

    Attributes:
        event: number of the event that it changes, or `ALL`.
        caption: of what is added or put in its place; of `mood`, the mood.
        where: "at", "after", "before", "over", "throughout", "start", "end" for an added event;
            "to", "later", "earlier", "before", "after", "start", "end" for a moved one.
        other: number of the event that `where` speaks of.
        amount: seconds of a moment, a shift or a length; dB of a level; None where none is given.
        seconds: length of an added event; None: its own.
        degree: how much, where no amount is given.
    """

    operation: Operation
    event: int = ALL
    caption: str = ""
    where: str = ""
    other: int = ALL
    amount: float | None = None
    seconds: float | None = None
    degree: Degree = "somewhat"


Describer = Callable[[str, str, str], str]
"""A caption, an attribute and its value to the caption that says so."""
NaturalLength = Callable[[str], float]
"""Natural length of a caption's sound in seconds."""


def numbered_events(story: Story) -> tuple[Event, ...]:
    """The events as a wish numbers them: by start, those of the story before those above it."""
    return tuple(sorted(story.events, key=lambda e: (e.start, e.layer)))


def edit_slots(edit: Edit) -> tuple[str, ...]:
    """The edit as the director writes it, slot by slot; `read_edit` reads it back."""
    target = " all." if edit.event == ALL else f" {edit.event}."
    operation = f" {edit.operation}"
    match edit.operation:
        case "add":
            length = f" for {edit.seconds:g} s." if edit.seconds else " in its own length."
            return operation, f' "{edit.caption}"', _place(edit), length
        case "move":
            return operation, target, _place(edit)
        case "lengthen" | "shorten":
            return operation, target, _amount(edit, "s")
        case "louder" | "quieter":
            return operation, target, _amount(edit, "dB")
        case "last":
            return operation, target, f" {edit.amount:g} s."
        case "replace":
            return operation, target, f' with "{edit.caption}"'
        case "mood":
            return operation, f' "{edit.caption}"'
        case "total":
            return operation, f" {edit.amount:g} s."
        case "continue":
            if edit.amount is None:
                return operation, " as it likes."
            return operation, f" {edit.where} {edit.amount:g} s."
        case "again" | "unknown":
            return (operation,)
        case _:
            return operation, target


def _place(edit: Edit) -> str:
    if edit.where in ("at", "to"):
        return f" {edit.where} {edit.amount:g} s."
    if edit.where in ("after", "before", "over"):
        return f" {edit.where} {edit.other}."
    if edit.where in ("later", "earlier"):
        return f" {edit.where}." if edit.amount is None else f" {edit.where} by {edit.amount:g} s."
    return " throughout." if edit.where == "throughout" else f" at the {edit.where}."


def _amount(edit: Edit, unit: str) -> str:
    return f" {edit.degree}." if edit.amount is None else f" by {edit.amount:g} {unit}."


_SLOTS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("event", r" (?P<event>\d+)\."),
        ("all", r" all\."),
        ("caption", r'(?: with)? "(?P<caption>[^"]+)"'),
        ("degree", r" (?P<degree>a little|somewhat|a lot)\."),
        ("edge", r" at the (?P<where>start|end)\."),
        ("beside", r" (?P<where>after|before|over) (?P<other>\d+)\."),
        ("bare", r" (?P<where>later|earlier|throughout)\."),
        (
            "moment",
            r" (?:(?P<where>at|to|by|later|earlier)(?: by)? )?(?P<amount>[\d.]+) (?:s|dB)\.",
        ),
        ("length", r" for (?P<seconds>[\d.]+) s\."),
        ("own", r" (?:in its own length|as it likes)\."),
    )
)


def read_edit(slots: Sequence[str]) -> Edit:
    """The edit whose slots these are; see `edit_slots`.

    Raises:
        StoryError: they are those of none.
    """
    operation, *rest = slots
    values: dict[str, Any] = {"operation": operation.strip()}
    for slot in rest:
        match = next((m for _, pattern in _SLOTS if (m := pattern.fullmatch(slot))), None)
        if match is None:
            raise StoryError("That is no edit of a story.")
        values |= {name: value for name, value in match.groupdict().items() if value is not None}
    for name, kind in (("event", int), ("other", int), ("amount", float), ("seconds", float)):
        if name in values:
            values[name] = kind(values[name])
    if values["operation"] not in ("add", "move", "continue"):
        values.pop("where", None)
    return Edit(**values)


def apply_edits(
    story: Story, edits: Sequence[Edit], describe: Describer, natural: NaturalLength
) -> tuple[Story, tuple[str, ...]]:
    """The story after the edits, and a sentence for each of them.

    All numbers are those of the story as it was given.

    Raises:
        StoryError: one of the edits is impossible; the sentence names it.
    """
    ids = [event.id for event in numbered_events(story)]
    sentences: list[str] = []
    for edit in edits:
        if edit.event > len(ids) or edit.other > len(ids):
            raise StoryError(f"The story has {len(ids)} events; name one of them.")
        here = ids[edit.event - 1] if edit.event else ""
        other = ids[edit.other - 1] if edit.other else ""
        story, sentence = _applied(story, edit, here, other, describe, natural)
        sentences.append(sentence)
    return story, tuple(sentences)


def _applied(
    story: Story, edit: Edit, here: str, other: str, describe: Describer, natural: NaturalLength
) -> tuple[Story, str]:
    match edit.operation:
        case "add":
            return _added(story, edit, other, natural)
        case "remove":
            caption = story.event(here).caption
            return timeline.delete(story, here), f"Removed “{caption}”."
        case "lengthen" | "shorten" | "last":
            return _resized(story, edit, here)
        case "move":
            return _moved(story, edit, here, other)
        case "louder" | "quieter":
            return _levelled(story, edit, here)
        case "replace":
            old = story.event(here).caption
            changed = timeline.change(story, here, caption=edit.caption)
            return changed, f"“{old}” is now “{edit.caption}”."
        case "total":
            assert edit.amount is not None
            return timeline.fit(story, edit.amount), f"The story lasts {edit.amount:g} s."
        case "closer" | "farther" if (metres := _distance(story.event(here), edit)) is not None:
            caption = story.event(here).caption
            changed = timeline.change(story, here, distance=metres)
            return changed, f"“{caption}” is heard from {metres:g} m."
        case _ if edit.operation in DESCRIPTIONS:
            old = story.event(here).caption
            caption = describe(old, *DESCRIPTIONS[edit.operation])
            changed = timeline.change(story, here, caption=caption)
            return changed, f"“{old}” is now “{caption}”."
    raise StoryError("That cannot be done to a story; say it in other words.")


def _distance(event: Event, edit: Edit) -> float | None:
    """The distance at which an event is closer or farther; None: its caption has to say so.

    What has a sound already goes away with it, and comes back as near as its take is; nearer than
    that, and without a sound, it is for the performer to make it so.
    """
    if edit.operation == "closer":
        return max(NEAR, round(event.distance / STEP_AWAY, 3)) if event.distance > NEAR else None
    if event.take is None and event.distance == NEAR:
        return None
    if event.distance >= FARTHEST_HEARD:
        raise StoryError(f"{event.caption!r} is as far away as anything is heard.")
    return min(FARTHEST_HEARD, round(event.distance * STEP_AWAY, 3))


def _added(story: Story, edit: Edit, other: str, natural: NaturalLength) -> tuple[Story, str]:
    seconds = edit.seconds or natural(edit.caption)
    place = {"start": 0, "end": len(story.sequence)}.get(edit.where)
    anchor = story.event(other) if other else None
    if anchor is not None and edit.where in ("after", "before") and not anchor.layer:
        place = story.sequence.index(anchor) + (edit.where == "after")
    if place is not None and story.sequence:
        story, new = timeline.add(story, edit.caption, seconds, position=place)
    else:
        start, seconds = _span_above(story, edit, anchor, seconds)
        layer = free_layer(story, start, seconds)
        story, new = timeline.lay_over(story, edit.caption, start, seconds, layer=layer)
    event = story.event(new)
    return story, f"Added “{event.caption}” from {event.start:g} to {event.end:g} s."


def _span_above(
    story: Story, edit: Edit, anchor: Event | None, seconds: float
) -> tuple[float, float]:
    """Start and length of an event that lies over the story, or anywhere in one without layer 0."""
    if anchor is None and edit.where == "throughout":
        return 0.0, story.total
    start = edit.amount or 0.0
    if edit.where == "end":
        start = max(0.0, story.total - seconds)
    if anchor is not None and edit.where == "over":
        start, seconds = anchor.start, edit.seconds or anchor.duration
    elif anchor is not None:
        start = anchor.end if edit.where == "after" else max(0.0, anchor.start - seconds)
    if start > story.total - MIN_DURATION:
        raise StoryError(f"The story ends at {story.total:g} s; choose an earlier moment.")
    return start, min(seconds, story.total - start)


def _resized(story: Story, edit: Edit, here: str) -> tuple[Story, str]:
    if not here:
        raise StoryError("Say which event should get another length.")
    event = story.event(here)
    if edit.operation == "last":
        assert edit.amount is not None
        seconds = edit.amount
    elif edit.amount is not None:
        seconds = event.duration + (edit.amount if edit.operation == "lengthen" else -edit.amount)
    else:
        ratio = STRETCH[edit.degree]
        seconds = event.duration * (ratio if edit.operation == "lengthen" else 1 / ratio)
    seconds = round(seconds, 1) if edit.amount is None else seconds
    story = timeline.stretch(story, here, seconds)
    length = f"“{event.caption}” lasts {story.event(here).duration:g} s"
    if event.layer:
        return story, f"{length}."
    return story, f"{length}, the story {story.total:g} s."


def _levelled(story: Story, edit: Edit, here: str) -> tuple[Story, str]:
    change = DECIBELS[edit.degree] if edit.amount is None else edit.amount
    change = change if edit.operation == "louder" else -change
    events = [story.event(here)] if here else [e for e in story.events if not e.locked]
    for event in events:
        story = timeline.change(story, event.id, gain_db=event.gain_db + change)
    what = f"“{events[0].caption}”" if here else "Every event that is not locked"
    return story, f"{what} is {abs(change):g} dB {edit.operation}."


def _moved(story: Story, edit: Edit, here: str, other: str) -> tuple[Story, str]:
    event = story.event(here)
    if event.layer or other or edit.where in ("start", "end"):
        moved = _moved_beside(story, edit, event, other)
    elif edit.amount is None:
        step = 1 if edit.where == "later" else -1
        moved = timeline.reorder(story, here, story.sequence.index(event) + step)
    else:
        moved = _moved_to(story, event, _moment(edit, event))
    now = moved.event(here)
    return moved, f"“{now.caption}” starts at {now.start:g} s."


def _moment(edit: Edit, event: Event) -> float:
    amount = edit.amount or 0.0
    return {"later": event.start + amount, "earlier": event.start - amount}.get(edit.where, amount)


def _moved_beside(story: Story, edit: Edit, event: Event, other: str) -> Story:
    anchor = story.event(other) if other else None
    if event.layer or (anchor is not None and anchor.layer):
        step = event.duration if edit.amount is None else edit.amount
        start = {"start": 0.0, "end": story.total, "later": event.start + step,
                 "earlier": event.start - step}.get(edit.where, edit.amount or 0.0)  # fmt: skip
        if anchor is not None:
            start = anchor.end if edit.where == "after" else anchor.start - event.duration
        return timeline.move(story, event.id, start)
    others = [e.id for e in story.sequence if e.id != event.id]
    if anchor is None:
        return timeline.reorder(story, event.id, 0 if edit.where == "start" else len(others))
    return timeline.reorder(story, event.id, others.index(anchor.id) + (edit.where == "after"))


def _moved_to(story: Story, event: Event, start: float) -> Story:
    """An event of layer 0 at a moment of the story.

    Where no order brings it there, it is lifted above the story, and the event beside it sounds on
    in its place, so that nothing else moves.
    """
    if not 0 <= start <= story.total - MIN_DURATION:
        raise StoryError(f"The story lasts {story.total:g} s; choose a moment within it.")
    reordered = timeline.move(story, event.id, start)
    if abs(reordered.event(event.id).start - start) <= WITH_SEAM:
        return reordered
    sequence = story.sequence
    place = sequence.index(event)
    if len(sequence) == 1:
        raise StoryError("The only event of a story cannot be moved; add another one first.")
    beside = sequence[place - 1] if place else sequence[1]
    lifted = timeline.set_layer(story, event.id, free_layer(story, start, event.duration))
    filled = timeline.stretch(lifted, beside.id, beside.duration + event.duration)
    end = min(start + event.duration, filled.total)
    above = dataclasses.replace(filled.event(event.id), start=start)
    if end - start < event.duration:
        filled = timeline.stretch(filled, event.id, end - start)
        above = dataclasses.replace(filled.event(event.id), start=start)
    return filled.replace_event(above)
