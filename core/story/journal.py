"""Undo and redo of a story that survive a crash: one line of JSON for each change.

A line says what a change took away and what it brought, so that a long session stays small. The
line is written before story.json is, and counts from the moment at which story.json has the digest
that the line names: a disk that fills up, or a crash, in the midst of either leaves a line that is
no part of the history, and is written over.

The first line names the file: who knows it reads only what other programs have added since. Steps
stay in the file and are read when they are undone, so that thousands of them cost little. When the
file would grow beyond `MAX_JOURNAL_BYTES`, it is written anew under another name with the newest
steps, as many as `KEPT_BYTES` hold. Files: `changes.jsonl` in the story's folder.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from core.errors import FileError, StoryError
from core.files import flush_opened, unwritable, write_atomically
from core.story.journal_lines import DAMAGE, Line, LineTables, decoded, encoded, step_of
from core.story.patches import Step, amended, difference, redone, undone
from core.story.story import Story

CHANGES = "changes.jsonl"
MAX_JOURNAL_BYTES = 64_000_000
KEPT_BYTES = 48_000_000
"""Of steps, where not all fit: a plain edit (a caption, a level) has 300 to 500 bytes, one that
moves 100 events has 5000, so that more than 5000 of any are kept, but in the longest stories."""
_MAX_HEAD = 200
"""Bytes of the first line."""
KEPT = f"the newest {KEPT_BYTES // 1_000_000} MB of changes, more than 5000 as a rule"
FORGOTTEN = f"The oldest changes can no longer be undone: Undo keeps {KEPT}."
ANEW = "The story was changed outside the studio, or its history is damaged: Undo begins anew here."


@dataclass(frozen=True)
class _Span:
    """Where a line is in the file, in bytes."""

    offset: int
    length: int


@dataclass(frozen=True)
class _Entry:
    """A step that is in the file, in one line or in several that are undone together."""

    label: str
    group: str
    spans: tuple[_Span, ...]
    made: int | None

    @property
    def size(self) -> int:
        return sum(span.length for span in self.spans)


_Copy = tuple[str, str, Sequence[bytes], int | None]
"""A step's label, its group, its lines, and when it was made."""


@dataclass(frozen=True)
class _State:
    """What a line changes, to go back to where the story cannot be saved."""

    steps: tuple[_Entry, ...]
    place: int
    now: str
    size: int


class Journal:
    """The steps of one story, and the place among them where the story is now.

    Whoever changes it holds the story's lock and has read what others wrote.

    Attributes:
        now: digest of story.json as it is or is about to be; ties the last line to it.
        notice: what a person should be told of the history, until it is taken.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now = ""
        self.notice = ""
        self._name = ""
        self._size = 0
        self._forgotten = False
        self._steps: list[_Entry] = []
        self._place = 0
        self._tables = LineTables()
        self._pending: Line | None = None
        self._before = self._state()

    @property
    def undo_label(self) -> str:
        """What undo would take back; empty when there is nothing."""
        return self._steps[self._place - 1].label if self._place else ""

    @property
    def redo_label(self) -> str:
        """What redo would make again; empty when there is nothing."""
        return self._steps[self._place].label if self._place < len(self._steps) else ""

    @property
    def undo_count(self) -> int:
        """How many changes can be undone."""
        return self._place

    @property
    def labels(self) -> tuple[str, ...]:
        """All changes, the first first; `undo_count` of them are done."""
        return tuple(step.label for step in self._steps)

    @property
    def dated_labels(self) -> tuple[tuple[str, int | None], ...]:
        """The same, each with when it was made, as `core.story.patches.Step.made` has it."""
        return tuple((step.label, step.made) for step in self._steps)

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
        step = Step(label, *difference(old, new), group, round(time.time()))
        after = digest(text)

        def line() -> Line:
            return self._tables.line(step, self.now, after, self._amends(group))

        span = self._append(line, after)
        self._take(label, group, span, self._amends(group), step.made)

    def take_back(self) -> None:
        """Forget what was written down last, since the story could not be saved.

        Its line may stay in the file: it leads to no story.json, and the next line takes its place.
        """
        before, self._pending = self._before, None
        self._steps, self._place = list(before.steps), before.place
        self.now, self._size = before.now, before.size

    def before(self, story: Story) -> Story:
        """The story before the last change.

        Takes that were made since stay with their events: undo takes back what was decided, and no
        sound.

        Raises:
            StoryError: there is none, or the history is damaged, and begins anew.
            FileError: it cannot be read.
        """
        if not self._place:
            why = f" Undo keeps {KEPT}." if self._forgotten else ""
            raise StoryError(f"There is nothing to undo.{why}")
        return self._stepped(story, self._steps[self._place - 1], undone)

    def after(self, story: Story) -> Story:
        """The story after the change that was undone last; raises as `before`.

        Only takes that the change itself took off a list leave it.
        """
        if self._place == len(self._steps):
            raise StoryError("There is nothing to redo.")
        return self._stepped(story, self._steps[self._place], redone)

    def at(self, story: Story, place: int) -> Story:
        """The story with so many changes done; raises as `before`."""
        if not 0 <= place <= len(self._steps):
            raise StoryError("That change is no longer in the history; open the list again.")
        for step in reversed(self._steps[place : self._place]):
            story = self._stepped(story, step, undone)
        for step in self._steps[self._place : place]:
            story = self._stepped(story, step, redone)
        return story

    def go(self, steps: int, text: bytes) -> None:
        """Write down that changes were undone (below 0) or made again; raises as `record`."""
        after = digest(text)
        self._append(lambda: self._tables.line(steps, self.now, after), after)
        self._place += steps

    def read(self, text: bytes) -> None:
        """Read what is new in the file, as far as it led to this story.json.

        What follows was never saved with the story. A history that is damaged or belongs to another
        text of the story is begun anew.

        Raises:
            FileError: the file cannot be read.
        """
        self._settle()
        try:
            with self.path.open("rb") as file:
                goes_on = self._recognise(file)
                size = file.seek(0, 2)
                file.seek(self._size)
                news = file.read() if size <= 2 * MAX_JOURNAL_BYTES else b"too large"
        except FileNotFoundError:
            self._begin("", 0)
            self.now = digest(text)
            return
        except OSError as cause:
            raise _unreadable(self.path, cause) from None
        known, self.now = self.now, digest(text)
        try:
            end = _end_of_saved(news, self.now)
            if not end and not (known == self.now if goes_on else _begins(news, self.now)):
                raise StoryError("The history belongs to another text of the story.")
            for span, line in _lines(news[:end], self._size):
                self._replay(span, line)
        except DAMAGE:
            self._begin("", size)
            self.notice = ANEW

    def begin_with(self, steps: Sequence[Step], place: int, text: bytes) -> None:
        """Write a history of these steps, `place` of which are not undone, to this story.json."""
        self.now, tables = digest(text), LineTables()
        entries = []
        for step in steps:
            line = tables.line(step, "", self.now)
            tables.take_up(line)
            entries.append((step.label, step.group, [encoded(line)], step.made))
        self._rewrite(tables, entries, len(steps) - place)

    def _begin(self, name: str, size: int) -> None:
        """Go on as if nothing were known of the file beyond so many bytes of it."""
        self._name, self._size = name, size
        self._steps, self._place, self._tables = [], 0, LineTables()
        self._pending = None
        self._before = self._state()

    def _recognise(self, file: IO[bytes]) -> bool:
        """Whether it is the file that was read before, and longer if anything; otherwise nothing of
        it is known."""
        head = file.readline(_MAX_HEAD)
        name, forgotten = _read_head(head)
        if name and name == self._name and file.seek(0, 2) >= self._size:
            return True
        if forgotten and self.now and not self._forgotten:
            self.notice = FORGOTTEN
        self._begin(name, len(head) if name else 0)
        self._forgotten = forgotten
        return False

    def _replay(self, span: _Span, line: Line) -> None:
        self._tables.take_up(line)
        if "go" in line:
            place = self._place + line["go"]
            if type(line["go"]) is not int or not 0 <= place <= len(self._steps):
                raise StoryError("The history goes nowhere.")
            self._place = place
        else:
            step, amends = step_of(line), "amend" in line
            if amends and not self._place:
                raise StoryError("The history amends nothing.")
            self._take(step["label"], step["group"], span, amends, step.get("made"))
        self._size = span.offset + span.length

    def _amends(self, group: str) -> bool:
        """Whether a change of this group is one with the last."""
        return bool(group and self._place) and self._steps[self._place - 1].group == group

    def _take(self, label: str, group: str, span: _Span, amends: bool, made: int | None) -> None:
        del self._steps[self._place :]
        before = self._steps.pop().spans if amends else ()
        self._steps.append(_Entry(label, group, (*before, span), made))
        self._place = len(self._steps)

    def _append(self, make: Callable[[], Line], after: str) -> _Span:
        """Write a line that is made once the file is ready for it; returns where it is."""
        self._settle()
        if not self._name:
            self._compact()
        line = make()
        data = encoded(line)
        if self._size + len(data) > MAX_JOURNAL_BYTES:
            self._compact()
            line = make()
            data = encoded(line)
        try:
            _write_at(self.path, self._size, data)
        except OSError as cause:
            raise unwritable(self.path, cause) from None
        self._before, self._pending = self._state(), line
        span = _Span(self._size, len(data))
        self._size, self.now = self._size + len(data), after
        return span

    def _settle(self) -> None:
        """Take up the line that was written last, now that the story was saved."""
        if self._pending is not None:
            self._tables.take_up(self._pending)
            self._pending = None

    def _state(self) -> _State:
        return _State(tuple(self._steps), self._place, self.now, self._size)

    def _stepped(self, story: Story, entry: _Entry, way: Callable[[Story, Step], Story]) -> Story:
        self._settle()
        try:
            with self.path.open("rb") as file:
                steps = [self._tables.step(_line_at(file, span)) for span in entry.spans]
            return way(story, functools.reduce(amended, steps))
        except OSError as cause:
            raise _unreadable(self.path, cause) from None
        except DAMAGE:
            self._begin("", self._size)
            raise StoryError("The story's history is damaged; Undo begins anew here.") from None

    def _compact(self) -> None:
        """Write the file anew, under another name, with the newest steps that fit.

        Raises:
            FileError: it cannot be read or written; nothing changed.
        """
        first = self._first_kept()
        kept = self._steps[first:] if first <= self._place else []
        tables = LineTables()
        try:
            entries = list(self._copied(kept, tables))
        except OSError as cause:
            raise _unreadable(self.path, cause) from None
        except DAMAGE:
            tables, entries, self.notice = LineTables(), [], ANEW
        if first and not self._forgotten:
            self._forgotten, self.notice = True, FORGOTTEN
        self._rewrite(tables, entries, min(len(self._steps) - self._place, len(entries)))

    def _copied(self, steps: Sequence[_Entry], tables: LineTables) -> Iterator[_Copy]:
        """Steps of the file with other tables; raises OSError, or one of `DAMAGE`."""
        if not steps:
            return
        with self.path.open("rb") as file:
            for entry in steps:
                lines = []
                for number, span in enumerate(entry.spans):
                    old = _line_at(file, span)
                    line = tables.copied(old, self._tables, self.now, amends=number > 0)
                    tables.take_up(line)
                    lines.append(encoded(line))
                yield entry.label, entry.group, lines, entry.made

    def _first_kept(self) -> int:
        size = 0
        for index in range(len(self._steps) - 1, -1, -1):
            size += self._steps[index].size
            if size > KEPT_BYTES:
                return min(index + 1, len(self._steps) - 1)
        return 0

    def _rewrite(
        self,
        tables: LineTables,
        entries: Sequence[_Copy],
        undone_steps: int,
    ) -> None:
        """Write a file of these entries."""
        written = [line for _, _, lines, _ in entries for line in lines]
        name = digest(b"".join([self._name.encode(), self.now.encode(), *written]))
        parts = [encoded({"journal": name, "forgotten": self._forgotten})]
        size, steps = len(parts[0]), []
        for label, group, lines, made in entries:
            spans = []
            for line in lines:
                spans.append(_Span(size, len(line)))
                size += len(line)
            parts += lines
            steps.append(_Entry(label, group, tuple(spans), made))
        if undone_steps:
            parts.append(encoded(tables.line(-undone_steps, "", self.now)))
            size += len(parts[-1])
        write_atomically(self.path, b"".join(parts))
        self._begin(name, size)
        self._tables, self._steps, self._place = tables, steps, len(steps) - undone_steps
        self._before = self._state()


def digest(text: bytes) -> str:
    """Hash that ties a line of the history to story.json as it was then."""
    return hashlib.sha256(text).hexdigest()[:16]


def saved_history(path: Path, text: bytes) -> bytes:
    """The history's file up to the line that led to this story.json; empty where none did."""
    try:
        data = path.read_bytes() if _size_of(path) <= MAX_JOURNAL_BYTES else b""
    except OSError:
        return b""
    return data[: _end_of_saved(data, digest(text))]


def _read_head(line: bytes) -> tuple[str, bool]:
    """The file's name, and whether its oldest steps were forgotten; a file of an earlier version
    has no name."""
    try:
        head = decoded(line)
        return str(head["journal"]), head["forgotten"] is True
    except DAMAGE:
        return "", False


def _end_of_saved(data: bytes, now: str) -> int:
    """Bytes up to the end of the last whole line that led to story.json of this digest, or 0."""
    found = data.rfind(f'"is": "{now}"'.encode())
    return data.find(b"\n", found) + 1 if found >= 0 else 0


def _begins(data: bytes, now: str) -> bool:
    """Whether what is written begins at story.json of this digest, or nothing is written."""
    return not data or b"\n" not in data or decoded(data[: data.find(b"\n")])["was"] == now


def _lines(data: bytes, offset: int) -> Iterator[tuple[_Span, Line]]:
    """The lines of what the file holds from an offset on; raises one of `DAMAGE`."""
    begin = 0
    while begin < len(data):
        end = data.find(b"\n", begin) + 1 or len(data)
        yield _Span(offset + begin, end - begin), decoded(data[begin:end])
        begin = end


def _line_at(file: IO[bytes], span: _Span) -> Line:
    file.seek(span.offset)
    return decoded(file.read(span.length))


def _write_at(path: Path, size: int, line: bytes) -> None:
    """Write a line after so many bytes of the file, over what follows there, and have the system
    write it to the disk; where that fails, it is taken away again as far as the disk allows."""
    with path.open("r+b", buffering=0) as file:
        file.truncate(size)
        file.seek(size)
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


def _unreadable(path: Path, cause: OSError) -> FileError:
    return FileError(f"{path.name} cannot be read ({cause.strerror}); check the disk.")
