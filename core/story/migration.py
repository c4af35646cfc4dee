"""Brings a story's folder that an earlier version of the studio wrote to today's form, in place.

Takes have other keys today, so their files get other names, and the history is written anew.
Nothing is rendered. The order makes it safe to be killed at any moment:

1. what will be removed at the end is noted (migration.json),
2. every take's files get a second name, its key of today (hard links, copies where there are none),
3. the history is written under today's name; render.json is brought up to date,
4. story.json is replaced: until here the folder is what it was, from here on it is of today,
5. the old names, the old history and the note are removed.

A folder that was left before step 4 is migrated again, one that was left after it is tidied up.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import StoryError
from core.files import atomic_path, write_atomically
from core.profile import NO_GUIDANCE
from core.schema import parse_json, read_dataclass, read_field
from core.story.journal import CHANGES, MAX_JOURNAL_BYTES, Journal, digest
from core.story.journal_lines import read_lines
from core.story.patches import Patch, Step
from core.story.story import Event, Story, read_text, story_data
from core.story.take import Start
from core.story.versions import (
    OLD_FAST_GUIDANCE,
    VERSION,
    Renewal,
    is_old,
    read_old_event,
    renew,
    take_file,
)

STORY = "story.json"
RENDERING = "render.json"
_NOTE = "migration.json"
_HISTORY = "history.jsonl"
_KEY = re.compile(r"[0-9a-f]{24}")
_DAMAGE = (StoryError, KeyError, TypeError, ValueError, IndexError, AttributeError)
Values = dict[str, Any]


def read_story_folder(folder: Path) -> Story:
    """The story of a folder; one of an earlier version is brought to today's form first.

    Raises:
        StoryError: story.json is not a story.
        FileError: an earlier version's folder cannot be written to; the story is as it was.
    """
    text = read_text(folder / STORY)
    data = story_data(text)
    if is_old(data):
        _migrate(folder, data, text)
        data = story_data(read_text(folder / STORY))
    story = Story.from_data(data)
    if (folder / _NOTE).exists():
        _tidy(folder)
    return story


@dataclass(frozen=True)
class _History:
    """An earlier version's history.

    Attributes:
        newest: the story's values with the change that a crash kept from being saved.
        steps: the changes, as they were written.
        place: how many of them are not undone.
    """

    newest: Values
    steps: list[Values]
    place: int


@dataclass(frozen=True)
class _Renewed:
    """A story and its history in today's form."""

    story: Story
    steps: list[Step]
    place: int
    renewal: Renewal


def _migrate(folder: Path, data: Values, text: str) -> None:
    try:
        new = _renewed(_read_history(folder / _HISTORY, data, text))
    except _DAMAGE:
        new = _renewed(_History(data, [], 0))
    content = new.story.to_bytes()
    write_atomically(folder / _NOTE, json.dumps(dict(new.renewal.keys)).encode())
    for old_name, new_name in _files(folder, new.renewal.keys):
        if old_name.exists() and not new_name.exists():
            _link(old_name, new_name)
    journal = Journal(folder / CHANGES)
    journal.begin_with(new.steps, new.place, content)
    _renew_rendering(folder / RENDERING, new.renewal)
    write_atomically(folder / STORY, content)


def _renewed(history: _History) -> _Renewed:
    """Raises StoryError, or another of `_DAMAGE` where the history is damaged."""
    events = history.newest.get("events")
    old = [read_old_event(event, "story.events") for event in events or ()]
    patches = [
        {key: read_old_event(event, "history") for key, event in patch["events"].items()}
        for step in history.steps
        for patch in (step["before"], step["after"])
    ]
    renewal = renew([*old, *(event for patch in patches for event in patch.values())])
    data = history.newest | {"version": VERSION}
    if events:
        data["events"] = [renewal.event(event, moved=True) for event in old]
    changed = iter(patches)
    steps = [_step(step, next(changed), next(changed), renewal) for step in history.steps]
    return _Renewed(Story.from_data(data), steps, history.place, renewal)


def _step(step: Values, before: Values, after: Values, renewal: Renewal) -> Step:
    reordered = step["before"]["order"] != step["after"]["order"]

    def patch(old: Values, events: Values) -> Patch:
        fields = {
            name: read_field(Story, name, value, "history", StoryError)
            for name, value in old["fields"].items()
        }
        renewed = (renewal.event(event, moved=True) for event in events.values())
        read = [read_dataclass(Event, event, "history", StoryError) for event in renewed]
        order = tuple(old["order"]) if reordered else None
        return Patch(fields, order, {event.id: event for event in read}, {})

    return Step(
        step["label"], patch(step["before"], before), patch(step["after"], after),
        step.get("group", ""),
    )  # fmt: skip


def _files(folder: Path, keys: Mapping[str, str]) -> Iterator[tuple[Path, Path]]:
    """Sounds and latents of takes under their old and their new names."""
    for old, new in keys.items():
        for suffix in (".flac", ".safetensors"):
            yield (
                (folder / take_file(old)).with_suffix(suffix),
                (folder / take_file(new)).with_suffix(suffix),
            )


def _link(old: Path, new: Path) -> None:
    """Give a file a second name; a copy where the file system has no links."""
    try:
        os.link(old, new)
    except OSError:
        with atomic_path(new) as copy:
            shutil.copyfile(old, copy)


def _tidy(folder: Path) -> None:
    """Remove what the earlier version left, now that the story is of today."""
    try:
        note = parse_json((folder / _NOTE).read_text(encoding="utf-8"))
        keys = {
            old: new for old, new in note.items() if _KEY.fullmatch(old) and _KEY.fullmatch(new)
        }
    except (OSError, ValueError, TypeError, AttributeError):
        keys = {}
    with contextlib.suppress(OSError):
        for old, new in _files(folder, keys):
            if new.exists():
                old.unlink(missing_ok=True)
        (folder / _HISTORY).unlink(missing_ok=True)
        (folder / _NOTE).unlink(missing_ok=True)


def _renew_rendering(path: Path, renewal: Renewal) -> None:
    """Bring what a crash left to be rendered to today's form."""
    try:
        data = parse_json(path.read_text(encoding="utf-8"))
        if "sampler" in data:
            return
        fast = data["guidance"] == OLD_FAST_GUIDANCE
        starts = [_renewed_start(start, renewal) for start in data.get("starts", ())]
    except (OSError, *_DAMAGE):
        return
    data |= {"sampler": "fast" if fast else "full", "starts": starts}
    data |= {"guidance": NO_GUIDANCE} if fast else {}
    write_atomically(path, (json.dumps(data) + "\n").encode())


def _renewed_start(data: Any, renewal: Renewal) -> Values | None:
    if data is None:
        return None
    start = read_dataclass(Start, data, RENDERING, StoryError)
    return dataclasses.asdict(renewal.start(start))


def _read_history(path: Path, data: Values, text: str) -> _History:
    """Read the history of a story; begun anew where it is damaged or of another text."""
    steps: list[Values] = []
    place = 0
    try:
        lines = read_lines(path, MAX_JOURNAL_BYTES)
        for line in lines:
            if "go" in line:
                place += line["go"]
                if line["go"] not in (-1, 1) or not 0 <= place <= len(steps):
                    raise StoryError("The history goes nowhere.")
            elif "step" in line or "amend" in line:
                amends = "amend" in line and place > 0
                step = line.get("step") or line["amend"]
                steps = [*steps[: place - amends], step]
                place = len(steps)
        newest = _newest(data, digest(text.encode()), lines[-1], steps, place) if lines else data
    except _DAMAGE:
        return _History(data, [], 0)
    return _History(newest, steps, place)


def _newest(data: Values, now: str, last: Values, steps: list[Values], place: int) -> Values:
    if now == last["is"]:
        return data
    if now != last["was"]:
        raise StoryError("The history belongs to another text of the story.")
    if "go" in last:
        patch = steps[place]["before"] if last["go"] < 0 else steps[place - 1]["after"]
    else:
        patch = last.get("catch_up") or steps[place - 1]["after"]
    events = {event["id"]: event for event in data["events"]} | patch["events"]
    return {**data, **patch["fields"], "events": [events[key] for key in patch["order"]]}
