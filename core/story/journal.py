"""Undo and redo of a story that survive a crash: one line of JSON for each change.

A line says what a change took away and what it brought, so that a long session stays small. The
line is written before story.json is, and counts from the moment at which story.json has the digest
that the line names: a disk that fills up, or a crash, in the midst of either leaves a line that is
no part of the history, and is written over. Takes and their contexts are written once, in the first
line that needs them. Files: `changes.jsonl` in the story's folder.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import StoryError
from core.files import flush_opened, unwritable, write_atomically
from core.schema import parse_json, read_dataclass, read_field, read_value
from core.story.context import ContextReader, ContextTable
from core.story.story import Event, Story, event_data
from core.story.take import Take, read_take, take_data

CHANGES = "changes.jsonl"
MAX_STEPS = 200
_WHERE = "history"
MAX_JOURNAL_BYTES = 32_000_000
_FIELDS = tuple(f.name for f in dataclasses.fields(Story) if f.name not in ("events", "version"))
_EVENT_FIELDS = tuple(f.name for f in dataclasses.fields(Event) if f.name != "id")
Line = dict[str, Any]
_Place = tuple[int, tuple[int, int]]
_NOTHING: _Place = (0, (0, 0))
_State = tuple[list["Step"], int, str, int, _Place]
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
    """

    label: str
    before: Patch
    after: Patch
    group: str = ""


def difference(old: Story, new: Story) -> tuple[Patch, Patch]:
    """The patches from `new` back to `old` and from `old` to `new`."""
    was, now = ({event.id: event for event in story.events} for story in (old, new))
    differing = [name for name in _FIELDS if getattr(old, name) != getattr(new, name)]
    back: dict[str, dict[str, Any]] = {}
    forth: dict[str, dict[str, Any]] = {}
    for key in was.keys() & now.keys():
        one, other = was[key], now[key]
        if one is other:
            continue
        for name in _EVENT_FIELDS:
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


def _undone(story: Story, step: Step) -> Story:
    return _with_takes_of(story, patched(story, step.before), {})


def _redone(story: Story, step: Step) -> Story:
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


def _amended(step: Step, more: Step) -> Step:
    """Two changes as one."""
    before, after = _joined(more.before, step.before), _joined(step.after, more.after)
    return Step(more.label, before, after, more.group)


def digest(text: bytes) -> str:
    """Hash that ties a line of the history to story.json as it was then."""
    return hashlib.sha256(text).hexdigest()[:16]


class Journal:
    """The steps of one story, and the place among them where the story is now.

    Attributes:
        now: digest of story.json as it is or is about to be; ties the last line to it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.steps: list[Step] = []
        self.place = 0
        self.now = ""
        self._size = 0
        self._writer: _Writer | None = _Writer()
        self._before = self._state()

    @property
    def undo_label(self) -> str:
        """What undo would take back; empty when there is nothing."""
        return self.steps[self.place - 1].label if self.place else ""

    @property
    def redo_label(self) -> str:
        """What redo would make again; empty when there is nothing."""
        return self.steps[self.place].label if self.place < len(self.steps) else ""

    def has_changed(self) -> bool:
        """Whether the file is not as long as it was left here: another program wrote to it."""
        return self._size != _size_of(self.path)

    def record(self, label: str, old: Story, new: Story, text: bytes, group: str = "") -> None:
        """Write down a change; what had been undone is forgotten.

        Args:
            text: story.json as it will be; where it cannot be saved, `take_back` is due.

        Raises:
            FileError: the folder cannot be written to or the disk is full; nothing changed.
        """
        last = self.steps[self.place - 1] if self.place else None
        amends = bool(group) and last is not None and last.group == group
        step = Step(label, *difference(old, new), group)
        self._append("amend" if amends else "step", step, text)
        self._take(step, amends)

    def take_back(self) -> None:
        """Forget what was written down last, since the story could not be saved.

        Its line may stay in the file: it leads to no story.json, and the next line takes its place.
        """
        self.steps, self.place, self.now, self._size, written = self._before
        if self._writer is not None:
            self._writer.go_back(written)

    def before(self, story: Story) -> Story:
        """The story before the last change; raises StoryError when there is none.

        Takes that were made since stay with their events: undo takes back what was decided, and no
        sound.
        """
        if not self.place:
            raise StoryError("There is nothing to undo.")
        return _undone(story, self.steps[self.place - 1])

    def after(self, story: Story) -> Story:
        """The story after the change that was undone last; raises StoryError when none was.

        Only takes that the change itself took off a list leave it.
        """
        if self.place == len(self.steps):
            raise StoryError("There is nothing to redo.")
        return _redone(story, self.steps[self.place])

    def go(self, direction: int, text: bytes) -> None:
        """Write down that a change was undone (-1) or made again (1); raises as `record`."""
        self._append("go", direction, text)
        self.place += direction

    def read(self, text: bytes) -> None:
        """Read the file, as far as it led to this story.json.

        What follows was never saved with the story. A history that is damaged or belongs to another
        text of the story is begun anew.
        """
        self.now, self._size, self._writer = digest(text), _size_of(self.path), None
        try:
            reader = _Reader()
            for line in self._saved(read_lines(self.path)):
                reader.tables(line)
                self._replay(reader, line)
        except (StoryError, KeyError, TypeError, ValueError, IndexError, AttributeError):
            self.steps, self.place = [], 0

    def _saved(self, lines: Sequence[Line]) -> Sequence[Line]:
        """The lines up to the last that led to story.json as it is; StoryError: none did."""
        for count in range(len(lines), 0, -1):
            line = lines[count - 1]
            if isinstance(line, dict) and line["is"] == self.now:
                return lines[:count]
        if lines and lines[0]["was"] != self.now:
            raise StoryError("The history belongs to another text of the story.")
        return ()

    def begin_with(self, steps: Sequence[Step], place: int, text: bytes) -> None:
        """Write a history of these steps, `place` of which are not undone, to this story.json."""
        self.steps, self.place, self.now = list(steps), place, digest(text)
        self.compact()

    def compact(self) -> _Writer:
        """Rewrite the file with the steps that count, so that it does not grow for ever.

        The oldest steps are forgotten where the file would be too large to be read again.

        Raises:
            FileError: the folder cannot be written to or the disk is full; nothing changed.
        """
        steps, place = self.steps, self.place
        while True:
            writer = _Writer()
            lines = []
            for step in steps:
                lines.append(writer.line("step", step, "", self.now))
                writer.written()
            lines += [writer.line("go", -1, "", self.now)] * (len(steps) - place)
            size = sum(map(len, lines))
            if size <= MAX_JOURNAL_BYTES // 2 or not place:
                break
            fewer = (place + 1) // 2
            steps, place = steps[fewer:], place - fewer
        if lines or self.path.exists():
            write_atomically(self.path, b"".join(lines))
        self.steps, self.place, self._size, self._writer = steps, place, size, writer
        return writer

    def _take(self, step: Step, amends: bool) -> None:
        kept = self.steps[: self.place]
        if amends:
            step = _amended(kept.pop(), step)
        self.steps = [*kept, step][-MAX_STEPS:]
        self.place = len(self.steps)

    def _append(self, kind: str, what: Step | int, text: bytes) -> None:
        after = digest(text)
        writer = self._up_to_date()
        line = writer.line(kind, what, self.now, after)
        if self._size + len(line) > MAX_JOURNAL_BYTES:
            writer = self.compact()
            line = writer.line(kind, what, self.now, after)
        before = self._state()
        try:
            _append_whole(self.path, line)
        except OSError as cause:
            raise unwritable(self.path, cause) from None
        self._before = before
        writer.written()
        self._size += len(line)
        self.now = after

    def _up_to_date(self) -> _Writer:
        """What writes the next line; the file is rewritten where it was only read so far, or holds
        something else."""
        if self._writer is None or self._size != _size_of(self.path):
            return self.compact()
        return self._writer

    def _state(self) -> _State:
        written = self._writer.place if self._writer else _NOTHING
        return self.steps, self.place, self.now, self._size, written

    def _replay(self, reader: _Reader, line: Line) -> None:
        if "go" in line:
            if line["go"] not in (-1, 1) or not 0 <= self.place + line["go"] <= len(self.steps):
                raise StoryError("The history goes nowhere.")
            self.place += line["go"]
        else:
            amends = "amend" in line
            if amends and not self.place:
                raise StoryError("The history amends nothing.")
            self._take(reader.step(line["amend" if amends else "step"]), amends)


class _Writer:
    """Makes lines of which each holds the takes and contexts that are new in it."""

    def __init__(self) -> None:
        self._contexts = ContextTable()
        self._takes: dict[Take, int] = {}
        self._written = 0

    def line(self, kind: str, what: Step | int, was: str, after: str) -> bytes:
        """A line that leads from one digest of story.json to another."""
        data = what if isinstance(what, int) else self._step(what)
        takes = list(self._takes)[self._written :]
        self._contexts.add(take.context for take in takes)
        tables = self._contexts.news() | {"takes": [take_data(take) for take in takes]}
        line = {kind: data, "was": was, "is": after} | {k: v for k, v in tables.items() if v}
        return (json.dumps(line, ensure_ascii=False) + "\n").encode()

    @property
    def place(self) -> _Place:
        """How much of the takes and contexts is in the file."""
        return self._written, self._contexts.place

    def written(self) -> None:
        """Remember that the lines made so far are in the file."""
        self._contexts.written()
        self._written = len(self._takes)

    def go_back(self, place: _Place) -> None:
        """Remember that the lines made since do not count."""
        self._written, self._contexts.place = place

    def _step(self, step: Step) -> Line:
        before, after = self._patch(step.before), self._patch(step.after)
        return {"label": step.label, "group": step.group, "before": before, "after": after}

    def _patch(self, patch: Patch) -> Line:
        events = [
            event_data(event) | {"takes": self._places(event.takes)}
            for event in patch.events.values()
        ]
        changed = dict(patch.changed)
        if "takes" in changed:
            changed["takes"] = {k: self._places(takes) for k, takes in changed["takes"].items()}
        return {"fields": patch.fields, "order": patch.order, "events": events, "changed": changed}

    def _places(self, takes: Sequence[Take]) -> list[int]:
        return [self._takes.setdefault(take, len(self._takes)) for take in takes]


class _Reader:
    """Reads lines one after another."""

    def __init__(self) -> None:
        self._contexts = ContextReader()
        self._takes: list[Take] = []

    def tables(self, line: Line) -> None:
        """Take up a line's takes and contexts; raises StoryError where they are damaged."""
        self._contexts.read({name: line.get(name, []) for name in ("texts", "chains")})
        for data in line.get("takes", []):
            self._takes.append(read_take(data, self._contexts, _WHERE))

    def step(self, data: Any) -> Step:
        """A step from its form in a line; raises StoryError or KeyError when it is none."""
        before, after = self._patch(data["before"]), self._patch(data["after"])
        label, group = (read_value(str, data[n], _WHERE, StoryError) for n in ("label", "group"))
        return Step(label, before, after, group)

    def _patch(self, data: Any) -> Patch:
        if not data["fields"].keys() <= set(_FIELDS):
            raise StoryError("The history is damaged.")
        fields = {
            name: read_field(Story, name, value, _WHERE, StoryError)
            for name, value in data["fields"].items()
        }
        events = [
            read_dataclass(
                Event, event | {"takes": self._found(event["takes"])}, _WHERE, StoryError
            )
            for event in data["events"]
        ]
        changed = {name: self._column(name, column) for name, column in data["changed"].items()}
        order = read_value(tuple[str, ...] | None, data["order"], _WHERE, StoryError)
        return Patch(
            fields,
            order,
            {event.id: event for event in events},
            changed,
        )

    def _column(self, name: str, column: Any) -> dict[str, Any]:
        if name not in _EVENT_FIELDS:
            raise StoryError("The history is damaged.")
        if name == "takes":
            return {key: self._found(places) for key, places in column.items()}
        return {
            key: read_field(Event, name, value, _WHERE, StoryError) for key, value in column.items()
        }

    def _found(self, places: Any) -> tuple[Take, ...]:
        read = read_value(tuple[int, ...], places, _WHERE, StoryError)
        if min(read, default=0) < 0:
            raise StoryError("The history is damaged.")
        return tuple(self._takes[place] for place in read)


def _append_whole(path: Path, line: bytes) -> None:
    """Append a line and have the system write it to the disk; where that fails, it is taken away
    again as far as the disk allows."""
    with path.open("ab", buffering=0) as file:
        size = file.tell()
        try:
            while line:
                line = line[file.write(line) :]
            flush_opened(file)
        except OSError:
            with contextlib.suppress(OSError):
                file.truncate(size)
            raise


def _size_of(path: Path) -> int:
    """Bytes of the file; those of one that is not there are none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def read_lines(path: Path) -> list[Line]:
    """The lines of the file; the last one may be half-written after a crash and is left out."""
    if not path.is_file() or path.stat().st_size > MAX_JOURNAL_BYTES:
        return []
    lines = []
    for text in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        if not text:
            continue
        try:
            lines.append(parse_json(text))
        except ValueError:
            break
    return lines
