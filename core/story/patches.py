"""What leads from one story to another and back: the steps of undo and redo, as plain data."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import StoryError
from core.story.story import Event, Story
from core.story.take import Take

STORY_FIELDS = tuple(
    f.name for f in dataclasses.fields(Story) if f.name not in ("events", "version")
)
EVENT_FIELDS = tuple(f.name for f in dataclasses.fields(Event) if f.name != "id")
Columns = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Patch:
    """What leads from one story to another.

    Attributes:
        fields: values of the story's own fields that differ.
        order: ids of all events; None: the same events in the same order.
        events: whole events that the other story has not, by id.
        changed: values that differ in events of both, by the field's name and the event's id. An
            edit of the sequence moves all that follows, so that most changes are of one field.
    """

    fields: Mapping[str, Any]
    order: tuple[str, ...] | None
    events: Mapping[str, Event]
    changed: Columns


@dataclass(frozen=True)
class Step:
    """One change: its name for people, and the patches that lead back and forth.

    Attributes:
        group: consecutive changes of one group are undone together (takes of one rendering).
        made: when, in seconds since 1970 (UTC); None: unknown, of a history of an earlier version.
    """

    label: str
    before: Patch
    after: Patch
    group: str = ""
    made: int | None = None


def difference(old: Story, new: Story) -> tuple[Patch, Patch]:
    """The patches from `new` back to `old` and from `old` to `new`."""
    was, now = ({event.id: event for event in story.events} for story in (old, new))
    differing = [name for name in STORY_FIELDS if getattr(old, name) != getattr(new, name)]
    back: dict[str, dict[str, Any]] = {}
    forth: dict[str, dict[str, Any]] = {}
    for key in was.keys() & now.keys():
        one, other = was[key], now[key]
        if one is other:
            continue
        for name in EVENT_FIELDS:
            value, changed = getattr(one, name), getattr(other, name)
            if value is not changed and value != changed:
                back.setdefault(name, {})[key] = value
                forth.setdefault(name, {})[key] = changed
    reordered = tuple(was) != tuple(now)

    def patch(story: Story, others: Mapping[str, Event], columns: Columns) -> Patch:
        return Patch(
            {name: getattr(story, name) for name in differing},
            tuple(event.id for event in story.events) if reordered else None,
            {event.id: event for event in story.events if event.id not in others},
            {name: _in_order(story, column) for name, column in sorted(columns.items())},
        )

    return patch(old, now, back), patch(new, was, forth)


def _in_order(story: Story, column: Mapping[str, Any]) -> dict[str, Any]:
    return {event.id: column[event.id] for event in story.events if event.id in column}


def patched(story: Story, patch: Patch) -> Story:
    """The story with a patch applied.

    Raises:
        StoryError: the patch does not fit this story.
    """
    events = {event.id: event for event in story.events}
    order = tuple(events) if patch.order is None else patch.order
    try:
        events |= _with_changes(events, patch.changed) | dict(patch.events)
        chosen = tuple(events[key] for key in order)
    except KeyError:
        raise StoryError("The story's history does not fit it; it starts anew.") from None
    return dataclasses.replace(story, events=chosen, **patch.fields)


def undone(story: Story, step: Step) -> Story:
    """The story before a step; takes that were made since stay. Raises StoryError as `patched`."""
    return _with_takes_of(story, patched(story, step.before), {})


def redone(story: Story, step: Step) -> Story:
    """The story after a step; takes that it did not take off a list stay. Raises as `patched`."""
    return _with_takes_of(story, patched(story, step.after), step.before.changed.get("takes", {}))


def _with_takes_of(old: Story, new: Story, known: Mapping[str, Iterable[Take]]) -> Story:
    """`new` with the takes that events of `old` have beside those `known` of them."""
    had = {event.id: event.takes for event in old.events}
    events = []
    for event in new.events:
        left_out = {take.key for take in (*event.takes, *known.get(event.id, ()))}
        more = tuple(take for take in had.get(event.id, ()) if take.key not in left_out)
        if more:
            event = dataclasses.replace(event, takes=(*event.takes, *more))
        events.append(event)
    return dataclasses.replace(new, events=tuple(events))


def _with_changes(events: Mapping[str, Event], changed: Columns) -> dict[str, Event]:
    """Those of the events that change, as they are then; raises KeyError where one is not there."""
    values: dict[str, dict[str, Any]] = {}
    for name, column in changed.items():
        for key, value in column.items():
            values.setdefault(key, {})[name] = value
    return {key: dataclasses.replace(events[key], **value) for key, value in values.items()}


def _joined(first: Patch, then: Patch) -> Patch:
    """The patch that leads where both do, one after the other."""
    order = first.order if then.order is None else then.order
    changed: dict[str, dict[str, Any]] = {name: dict(c) for name, c in first.changed.items()}
    new: dict[str, dict[str, Any]] = {}
    for name, column in then.changed.items():
        for key, value in column.items():
            (new if key in first.events else changed).setdefault(name, {})[key] = value
    events = {**first.events, **_with_changes(first.events, new), **then.events}
    return Patch({**first.fields, **then.fields}, order, events, changed)


def amended(step: Step, more: Step) -> Step:
    """Two changes as one."""
    before, after = _joined(more.before, step.before), _joined(step.after, more.after)
    return Step(more.label, before, after, more.group, more.made)
