"""Undo and redo of a story that survive a crash: one line of JSON for each change.

A line says what a change took away and what it brought, so that a long session stays small. The
line is written before story.json is: after a crash between the two, opening the story brings the
change in. Files: `history.jsonl` in the story's folder.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import FileError, StoryError
from core.files import write_atomically
from core.schema import read_dataclass
from core.story.story import Story

MAX_STEPS = 200
_MAX_BYTES = 32_000_000
Patch = dict[str, Any]


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
    was, now = dataclasses.asdict(old), dataclasses.asdict(new)
    was_events = {e["id"]: e for e in was.pop("events")}
    now_events = {e["id"]: e for e in now.pop("events")}
    changed = [name for name in now if was[name] != now[name]]

    def patch(fields: Patch, events: Patch, others: Patch) -> Patch:
        differing = {key: e for key, e in events.items() if others.get(key) != e}
        return {
            "fields": {name: fields[name] for name in changed},
            "order": list(events),
            "events": differing,
        }

    return patch(was, was_events, now_events), patch(now, now_events, was_events)


def patched(story: Story, patch: Patch) -> Story:
    """The story with a patch applied.

    Raises:
        StoryError: the patch does not fit this story.
    """
    data = dataclasses.asdict(story)
    events = {e["id"]: e for e in data["events"]} | patch["events"]
    try:
        data |= patch["fields"] | {"events": [events[key] for key in patch["order"]]}
    except KeyError:
        raise StoryError("The story's history does not fit it; it starts anew.") from None
    return read_dataclass(Story, data, "story", StoryError)


def digest(text: bytes) -> str:
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

    @property
    def undo_label(self) -> str:
        """What undo would take back; empty when there is nothing."""
        return self.steps[self.place - 1].label if self.place else ""

    @property
    def redo_label(self) -> str:
        return self.steps[self.place].label if self.place < len(self.steps) else ""

    def record(self, label: str, old: Story, new: Story, group: str = "") -> None:
        """Write down a change; what had been undone is forgotten."""
        last = self.steps[self.place - 1] if self.place else None
        amends = bool(group) and last is not None and last.group == group
        since = patched(old, last.before) if amends and last is not None else old
        before, after = difference(since, new)
        step = Step(label, before, after, group)
        line = {"amend" if amends else "step": dataclasses.asdict(step)}
        self._append(line, new, difference(old, new)[1] if amends else None)
        self._take(step, amends)

    def undo(self, story: Story) -> Story:
        """The story before the last change; raises StoryError when there is none."""
        if not self.place:
            raise StoryError("There is nothing to undo.")
        return self._go(story, -1)

    def redo(self, story: Story) -> Story:
        """The story after the change that was undone last."""
        if self.place == len(self.steps):
            raise StoryError("There is nothing to redo.")
        return self._go(story, 1)

    def recovered(self, story: Story, text: bytes) -> Story:
        """Read the file; returns `story`, or the newer one that a crash kept from being saved.

        Args:
            text: story.json, which `story` was read from.

        A history that is damaged or belongs to another text of the story is begun anew.
        """
        self.now = digest(text)
        try:
            lines = _read_lines(self.path)
            for line in lines:
                self._replay(line)
            newer = self._newer(story, lines[-1]) if lines else story
        except (StoryError, KeyError, TypeError, ValueError, IndexError):
            self.steps, self.place, newer = [], 0, story
        if newer is not story:
            self.now = digest(newer.to_json().encode())
        self._compact()
        return newer

    def _go(self, story: Story, direction: int) -> Story:
        step = self.steps[self.place - 1 if direction < 0 else self.place]
        new = patched(story, step.before if direction < 0 else step.after)
        self._append({"go": direction}, new, None)
        self.place += direction
        return new

    def _take(self, step: Step, amends: bool) -> None:
        self.steps = [*self.steps[: self.place - amends], step][-MAX_STEPS:]
        self.place = len(self.steps)

    def _append(self, line: Patch, new: Story, catch_up: Patch | None) -> None:
        after = digest(new.to_json().encode())
        line |= {"was": self.now, "is": after}
        if catch_up is not None:
            line["catch_up"] = catch_up
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as cause:
            raise FileError(
                f"{self.path.name} cannot be written ({cause.strerror}); free some space."
            ) from None
        self.now = after

    def _replay(self, line: Patch) -> None:
        if "go" in line:
            if line["go"] not in (-1, 1) or not 0 <= self.place + line["go"] <= len(self.steps):
                raise StoryError("The history goes nowhere.")
            self.place += line["go"]
        elif "step" in line or "amend" in line:
            step = read_step(line.get("step") or line["amend"])
            self._take(step, "amend" in line and self.place > 0)

    def _newer(self, story: Story, last: Patch) -> Story:
        if self.now == last["is"]:
            return story
        if self.now != last["was"]:
            raise StoryError("The history belongs to another text of the story.")
        if "go" in last:
            undone = last["go"] < 0
            step = self.steps[self.place if undone else self.place - 1]
            return patched(story, step.before if undone else step.after)
        return patched(story, last.get("catch_up") or self.steps[self.place - 1].after)

    def _compact(self) -> None:
        """Rewrite the file with the steps that count, so that it does not grow for ever."""
        if not self.steps:
            self.path.unlink(missing_ok=True)
            return
        place = {"is": self.now, "was": ""}
        lines: list[Patch] = [{"step": dataclasses.asdict(s)} | place for s in self.steps]
        lines += [{"go": -1} | place] * (len(self.steps) - self.place)
        text = "".join(json.dumps(line) + "\n" for line in lines)
        write_atomically(self.path, text.encode())


def read_step(data: Any) -> Step:
    """A step from its JSON form; raises StoryError or KeyError when it is none."""
    step = Step(data["label"], data["before"], data["after"], data.get("group", ""))
    for patch in (step.before, step.after):
        if not all(isinstance(patch[k], t) for k, t in _PATCH_PARTS.items()):
            raise StoryError("The history is damaged.")
    return step


_PATCH_PARTS = {"fields": dict, "order": list, "events": dict}


def _read_lines(path: Path) -> list[Patch]:
    """The lines of the file; the last one may be half-written after a crash and is left out."""
    if not path.is_file() or path.stat().st_size > _MAX_BYTES:
        return []
    lines = []
    for text in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        if not text:
            continue
        try:
            lines.append(json.loads(text))
        except (ValueError, RecursionError):
            break
    return lines
