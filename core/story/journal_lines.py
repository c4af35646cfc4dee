"""Lines of a story's history: steps as JSON, and the takes that they name by number.

Takes and their contexts are written once, in the first line that needs them; every line holds those
that are new in it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.errors import StoryError
from core.schema import parse_json, read_dataclass, read_field, read_value
from core.story.context import ContextReader
from core.story.patches import EVENT_FIELDS, STORY_FIELDS, Patch, Step
from core.story.story import Event, Story, event_data, plain_data
from core.story.take import Take, read_take, take_data

Line = dict[str, Any]
DAMAGE = (StoryError, KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError)
"""What reading a line raises that is none."""
MAX_TAKES_READ = 50_000
"""Takes of a history; more are read too slowly."""
_WHERE = "history"
_Numbers = Callable[[Sequence[Take]], list[int]]


class LineTables:
    """The takes and contexts of the lines so far: what reads and makes the next line."""

    def __init__(self) -> None:
        self._contexts = ContextReader()
        self._takes: list[Take] = []
        self._numbers: dict[Take, int] = {}

    def take_up(self, line: Line) -> None:
        """Take up what is new in a line; raises one of `DAMAGE` where it is damaged."""
        self._contexts.read({name: line.get(name, []) for name in ("texts", "chains")})
        for data in line.get("takes", []):
            take = read_take(data, self._contexts, _WHERE)
            self._numbers.setdefault(take, len(self._takes))
            self._takes.append(take)
        if len(self._takes) > MAX_TAKES_READ:
            raise StoryError("The history holds too many takes.")

    def line(self, what: Step | int, was: str, after: str, amends: bool = False) -> Line:
        """A line of a step, or of so many steps forth (or back: below 0).

        Args:
            was, after: the digests of story.json between which it leads.
            amends: the step is one with that before it.
        """
        if isinstance(what, int):
            return {"go": what, "was": was, "is": after}
        new: dict[Take, int] = {}
        data = _step_data(what, lambda takes: [self._number(take, new) for take in takes])
        return self._whole(data, was, after, amends, new)

    def copied(self, line: Line, of: LineTables, after: str, amends: bool) -> Line:
        """A step's line with other tables, in a file that leads to story.json of this digest."""
        new: dict[Take, int] = {}

        def moved(numbers: Sequence[int]) -> list[int]:
            return [self._number(take, new) for take in of.takes(numbers)]

        data = step_of(line)
        for patch in (data["before"], data["after"]):
            for event in patch["events"]:
                event["takes"] = moved(event["takes"])
            column = patch["changed"].get("takes", {})
            patch["changed"] |= (
                {"takes": {k: moved(n) for k, n in column.items()}} if column else {}
            )
        return self._whole(data, "", after, amends, new)

    def takes(self, numbers: Any) -> tuple[Take, ...]:
        """The takes of these numbers; raises StoryError or IndexError where there are none."""
        read = read_value(tuple[int, ...], numbers, _WHERE, StoryError)
        if min(read, default=0) < 0:
            raise StoryError("The history is damaged.")
        return tuple(self._takes[number] for number in read)

    def step(self, line: Line) -> Step:
        """The step of a line; raises one of `DAMAGE` when it is none."""
        data = step_of(line)
        before, after = self._patch(data["before"]), self._patch(data["after"])
        return Step(data["label"], before, after, data["group"], data.get("made"))

    def _number(self, take: Take, new: dict[Take, int]) -> int:
        number = self._numbers.get(take)
        return number if number is not None else new.setdefault(take, len(self._takes) + len(new))

    def _whole(
        self, data: Line, was: str, after: str, amends: bool, new: Mapping[Take, int]
    ) -> Line:
        tables = self._contexts.news(take.context for take in new)
        tables |= {"takes": [take_data(take) for take in new]}
        line = {"amend" if amends else "step": data, "was": was, "is": after}
        return line | {name: rows for name, rows in tables.items() if rows}

    def _patch(self, data: Any) -> Patch:
        if not data["fields"].keys() <= set(STORY_FIELDS):
            raise StoryError("The history is damaged.")
        fields = {
            name: read_field(Story, name, value, _WHERE, StoryError)
            for name, value in data["fields"].items()
        }
        events = [
            read_dataclass(Event, event | {"takes": self.takes(event["takes"])}, _WHERE, StoryError)
            for event in data["events"]
        ]
        changed = {name: self._column(name, column) for name, column in data["changed"].items()}
        order = read_value(tuple[str, ...] | None, data["order"], _WHERE, StoryError)
        return Patch(fields, order, {event.id: event for event in events}, changed)

    def _column(self, name: str, column: Any) -> dict[str, Any]:
        if name not in EVENT_FIELDS:
            raise StoryError("The history is damaged.")
        if name == "takes":
            return {key: self.takes(numbers) for key, numbers in column.items()}
        return {
            key: read_field(Event, name, value, _WHERE, StoryError) for key, value in column.items()
        }


def step_of(line: Line) -> Line:
    """The step of a line as it is written; raises one of `DAMAGE` where it has no name."""
    data: Line = line["amend" if "amend" in line else "step"]
    for name in ("label", "group"):
        read_value(str, data[name], _WHERE, StoryError)
    read_value(int | None, data.get("made"), _WHERE, StoryError)
    return data


def encoded(line: Line) -> bytes:
    """The line as it is in the file."""
    return (json.dumps(line, ensure_ascii=False, default=plain_data) + "\n").encode()


def decoded(text: bytes) -> Line:
    """The line of its text; raises one of `DAMAGE` when it is none."""
    line = parse_json(text.decode())
    if not isinstance(line, dict):
        raise StoryError("The history is damaged.")
    return line


def read_lines(path: Path, most: int) -> list[Line]:
    """The lines of a file of at most `most` bytes; the last one may be half-written after a crash
    and is left out. A file that is not there, or is too large, has none."""
    if not path.is_file() or path.stat().st_size > most:
        return []
    lines = []
    for text in path.read_bytes().splitlines():
        try:
            lines.append(parse_json(text.decode(errors="replace")))
        except ValueError:
            break
    return lines


def _step_data(step: Step, numbers: _Numbers) -> Line:
    return {
        "label": step.label,
        "group": step.group,
        **({} if step.made is None else {"made": step.made}),
        "before": _patch_data(step.before, numbers),
        "after": _patch_data(step.after, numbers),
    }


def _patch_data(patch: Patch, numbers: _Numbers) -> Line:
    events = [
        event_data(event) | {"takes": numbers(event.takes)} for event in patch.events.values()
    ]
    changed = dict(patch.changed)
    if "takes" in changed:
        changed["takes"] = {key: numbers(takes) for key, takes in changed["takes"].items()}
    return {"fields": patch.fields, "order": patch.order, "events": events, "changed": changed}
