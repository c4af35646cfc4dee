"""What differs between two stories, in words: event, what of it, from → to.

It is worked out from the same difference that undo is (`core.story.patches`), so that nothing that
changes goes without a word.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.story import timeline
from core.story.cue_words import repetition_words, shape_words
from core.story.patches import difference
from core.story.shape import Point
from core.story.story import Event, Story
from core.story.strip import FadeCurve

_UNSAID = "changed"
"""Where two values that differ are alike in words."""
_SHOWN = 120
"""Characters of a value in words."""


@dataclass(frozen=True)
class Change:
    """One thing that is another afterwards.

    Attributes:
        aspect: what it is, in a word or two.
        fields: the fields of the event or the story that hold it.
        was, now: before and after, in words.
    """

    aspect: str
    fields: tuple[str, ...]
    was: str
    now: str

    def __str__(self) -> str:
        return (
            f"{self.aspect}: {self.now}"
            if self.was == ""
            else (f"{self.aspect}: {self.was} → {self.now}")
        )


@dataclass(frozen=True)
class StoryChanges:
    """What leads from one story to another.

    Attributes:
        added, removed: whole events.
        events: what changes of each event that is in both, by its id.
        story: what changes of the story itself.
        unheard: ids of the events among these that have to be rendered to be heard so.
    """

    added: tuple[Event, ...]
    removed: tuple[Event, ...]
    events: Mapping[str, tuple[Change, ...]]
    story: tuple[Change, ...]
    unheard: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.events or self.story)


def story_changes(old: Story, new: Story) -> StoryChanges:
    """All that is another in `new` than in `old`."""
    back, forth = difference(old, new)
    fields: dict[str, set[str]] = {}
    for name, column in forth.changed.items():
        for event_id in column:
            fields.setdefault(event_id, set()).add(name)
    events = {
        event.id: tuple(_changes(_EVENT, old.event(event.id), event, fields[event.id]))
        for event in new.events
        if event.id in fields
    }
    added = tuple(event for event in new.events if event.id in forth.events)
    touched = {*events, *(event.id for event in added)}
    return StoryChanges(
        added,
        tuple(event for event in old.events if event.id in back.events),
        events,
        tuple(_changes(_STORY, old, new, set(forth.fields))),
        tuple(
            event.id
            for event in new.events
            if event.id in touched and timeline.status(event) != "rendered" and not event.silent
        ),
    )


def moved_along(changes: StoryChanges) -> dict[str, tuple[str, ...]]:
    """The ids of events that only begin elsewhere, by how many seconds, in words; those of a shift
    that two or more share: what an edit of the sequence moves along."""
    shifts: dict[str, list[str]] = {}
    for event_id, listed in changes.events.items():
        if [change.fields for change in listed] == [("start",)]:
            by = float(listed[0].now.split()[0]) - float(listed[0].was.split()[0])
            shifts.setdefault(f"{abs(by):g} s {'later' if by > 0 else 'earlier'}", []).append(
                event_id
            )
    return {shift: tuple(ids) for shift, ids in shifts.items() if len(ids) > 1}


@dataclass(frozen=True)
class _Aspect:
    """What fields hold together, and how it is said of an event or a story."""

    title: str
    fields: tuple[str, ...]
    words: Callable[[Any], str]


def _changes(
    aspects: Sequence[_Aspect], old: Any, new: Any, differing: set[str]
) -> Iterable[Change]:
    for aspect in aspects:
        fields = tuple(name for name in aspect.fields if name in differing)
        if fields:
            was, now = aspect.words(old), aspect.words(new)
            yield Change(aspect.title, fields, *(("", _UNSAID) if was == now else (was, now)))


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _SHOWN else f"{plain[: _SHOWN - 1]}…"


def _seconds(value: float) -> str:
    return f"{round(value, 3):g} s"


def _level(event: Event) -> str:
    suits = event.trim_db is not None and event.take is not None
    beside = "" if event.trim_db is None or suits else f", {event.trim_db:+g} dB to what suits it"
    return f"{_signed(event.gain_db)} dB{', set to suit the sound' if suits else beside}"


def _signed(value: float) -> str:
    return f"{round(value, 2):+g}" if round(value, 2) else "0"


def _fade(seconds: float, curve: FadeCurve | None) -> str:
    return f"{_seconds(seconds)}{f', {curve}' if curve else ''}"


def _envelope(points: Sequence[Point], unit: str) -> str:
    return _short(", ".join(f"{time:g} s: {value:g}{unit}" for time, value in points)) or "none"


def _part(part: Any) -> str:
    """A part of a strip: what of it is not as usual."""
    if part is None:
        return "none"
    values = ((f.name.replace("_", " "), getattr(part, f.name)) for f in dataclasses.fields(part))
    return ", ".join(f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
                     for name, value in values if value is not None)  # fmt: skip


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _take(event: Event) -> str:
    place = next((n for n, t in enumerate(event.takes, 1) if t.key == event.chosen), None)
    return f"take {place}" if place else "none"


_EVENT = (
    _Aspect("sound", ("caption",), lambda e: f"“{e.caption}”"),
    _Aspect("start", ("start",), lambda e: _seconds(e.start)),
    _Aspect("length", ("duration",), lambda e: _seconds(e.duration)),
    _Aspect("layer", ("layer",), lambda e: f"layer {e.layer}" if e.layer else "the story"),
    _Aspect("mood", ("mood",), lambda e: e.mood or "none"),
    _Aspect("level", ("gain_db", "trim_db"), _level),
    _Aspect("distance", ("distance",), lambda e: f"{e.distance:g} m"),
    _Aspect("pan", ("pan",), lambda e: _signed(e.pan)),
    _Aspect("width", ("width",), lambda e: "all" if e.width is None else f"{e.width:g}"),
    _Aspect("fade in", ("fade_in", "fade_in_curve"), lambda e: _fade(e.fade_in, e.fade_in_curve)),
    _Aspect(
        "fade out", ("fade_out", "fade_out_curve"), lambda e: _fade(e.fade_out, e.fade_out_curve)
    ),
    _Aspect("seed", ("seed",), lambda e: "the story's" if e.seed is None else f"{e.seed}"),
    _Aspect("locked", ("locked",), lambda e: _yes(e.locked)),
    _Aspect("placeholder", ("placeholder",), lambda e: _yes(e.placeholder)),
    _Aspect("role", ("role",), lambda e: e.role or "by its place"),
    _Aspect("shape", ("shape", "points"), lambda e: _short(shape_words(e.shape, e.points))),
    _Aspect(
        "repeats", ("count", "every", "at"), lambda e: _short(repetition_words(e)) or "as it likes"
    ),
    _Aspect("source", ("source",), lambda e: e.source or "its own"),
    _Aspect("gain envelope", ("gain_envelope",), lambda e: _envelope(e.gain_envelope, " dB")),
    _Aspect("pan envelope", ("pan_envelope",), lambda e: _envelope(e.pan_envelope, "")),
    _Aspect("equaliser", ("equaliser",), lambda e: _part(e.equaliser)),
    _Aspect("room", ("room",), lambda e: _part(e.room)),
    _Aspect("loops", ("loop",), lambda e: _yes(e.loop)),
    _Aspect("performer", ("performer",), lambda e: e.performer or "the story's"),
    _Aspect("group", ("group",), lambda e: e.group or "none"),
    _Aspect("takes", ("takes",), lambda e: f"{len(e.takes)}"),
    _Aspect("kept take", ("chosen",), _take),
)
_STORY = (
    _Aspect("length", ("total",), lambda s: _seconds(s.total)),
    _Aspect("instruction", ("instruction",), lambda s: f"“{_short(s.instruction)}”"),
    _Aspect("reasoning", ("reasoning",), lambda s: f"“{_short(s.reasoning)}”"),
    _Aspect("seed", ("seed",), lambda s: f"{s.seed}"),
    _Aspect("profile", ("profile",), lambda s: s.profile),
    _Aspect("performer", ("performer",), lambda s: s.performer),
    _Aspect("corrections", ("corrections",), lambda s: _short(" ".join(s.corrections)) or "none"),
    _Aspect("notes", ("notes",), lambda s: _short(" ".join(s.notes)) or "none"),
    _Aspect(
        "markers",
        ("markers",),
        lambda s: _short(", ".join(f"{m.name} at {_seconds(m.at)}" for m in s.markers)) or "none",
    ),
    _Aspect("master", ("master_db",), lambda s: f"{_signed(s.master_db)} dB"),
    _Aspect("lanes", ("lanes",), lambda s: _short("; ".join(map(_part, s.lanes))) or "none"),
)
