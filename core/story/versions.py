"""Stories as earlier versions of the studio wrote them, brought to today's form.

Version 1 had no `Take.start`. Version 2 kept in every take all of the director's text (`stream`)
and wrote guidance 0 for the fast sampler, so that its takes have other keys. What is new since has
defaults. `core.story.migration` renames the files of a story's folder.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import StoryError
from core.profile import NO_GUIDANCE
from core.schema import read_dataclass
from core.story.context import Context, shared
from core.story.take import Start, Take, take_key

VERSION = 3
_OLD_VERSIONS = (1, 2)
OLD_FAST_GUIDANCE = 0.0
"""The guidance that stood for the fast sampler."""


@dataclass(frozen=True)
class OldTake:
    """A take of version 1 or 2; see `core.story.take.Take`.

    Attributes:
        stream: the director's text up to and including the event.
        guidance: 0: the fast sampler.
    """

    key: str
    stream: str
    caption: str
    duration: float
    tail: float
    seed: int
    steps: int
    guidance: float
    profile: str
    weights: str
    file: str = ""
    start: Start | None = None


def is_old(data: Mapping[str, Any]) -> bool:
    """Whether a story's values are of an earlier version.

    Raises:
        StoryError: of an unknown one.
    """
    version = data.get("version", VERSION)
    if type(version) is not int or version not in (*_OLD_VERSIONS, VERSION):
        raise StoryError(
            f"The story has an unknown version ({str(version)[:20]}); "
            "open it with the studio that wrote it."
        )
    return version != VERSION


def modernised(data: dict[str, Any]) -> dict[str, Any]:
    """A story's values in today's form; those of an earlier version with their takes read.

    Raises:
        StoryError: an unknown version, or a take of an earlier version that is damaged.
    """
    if not is_old(data):
        return data
    events = data.get("events")
    if isinstance(events, list):
        old = [read_old_event(event, f"story.events[{i}]") for i, event in enumerate(events)]
        renewal = renew(old)
        events = [renewal.event(event) for event in old]
    return data | {"version": VERSION, "events": events}


def read_old_event(data: object, where: str) -> dict[str, Any]:
    """The values of an earlier version's event, its takes read.

    Raises:
        StoryError: they are no table, or the takes no list, or one is damaged.
    """
    if not isinstance(data, dict):
        raise StoryError(f"{where} should be a table of named values.")
    takes = data.get("takes", [])
    if not isinstance(takes, list):
        raise StoryError(f"{where}.takes should be a list.")
    read = [
        read_dataclass(OldTake, take, f"{where}.takes[{i}]", StoryError)
        for i, take in enumerate(takes)
    ]
    return data | {"takes": read}


def old_key(take: OldTake) -> str:
    """The key that a take had: a hash of everything that made its sound."""
    parts = dataclasses.asdict(take)
    for name in ("key", "file") if take.start is not None else ("key", "file", "start"):
        del parts[name]
    if take.start is not None:
        del parts["start"]["offset"]  # which no start had
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


@dataclass(frozen=True)
class Renewal:
    """How an earlier version's takes are called today.

    Attributes:
        keys: today's key by the key of then. A key that was no hash of its take stays.
        contexts: by the whole text.
    """

    keys: Mapping[str, str]
    contexts: Mapping[str, Context | None]

    def event(self, old: Mapping[str, Any], *, moved: bool = False) -> dict[str, Any]:
        """An event's values in today's form.

        Args:
            old: as `read_old_event` gave them.
            moved: the takes' files have their new names.
        """
        new = dict(old)
        if isinstance(takes := old.get("takes"), list):
            new["takes"] = [self._take(take, moved) for take in takes]
        if isinstance(chosen := old.get("chosen"), str):
            new["chosen"] = self.keys.get(chosen, chosen)
        return new

    def start(self, start: Start) -> Start:
        """What a take began from; a source that is a take has a new key."""
        if start.of == "recording":
            return start
        return dataclasses.replace(start, source=self.keys.get(start.source, start.source))

    def _take(self, old: OldTake, moved: bool) -> Take:
        key = self.keys.get(old.key, old.key)
        own = old.file == take_file(old.key)
        file = take_file(key) if moved and own else old.file
        return dataclasses.replace(self.unnamed(old), key=key, file=file)

    def unnamed(self, old: OldTake) -> Take:
        """The take in today's form, without key and file."""
        fast = old.guidance == OLD_FAST_GUIDANCE
        return Take(
            key="",
            context=self.contexts[old.stream],
            caption=old.caption,
            duration=old.duration,
            tail=old.tail,
            seed=old.seed,
            steps=old.steps,
            guidance=NO_GUIDANCE if fast else old.guidance,
            profile=old.profile,
            weights=old.weights,
            start=self.start(old.start) if old.start else None,
            sampler="fast" if fast else "full",
        )


def take_file(key: str) -> str:
    """Where the sound of a take of this key lies in a story's folder."""
    return f"takes/{key}.flac"


def renew(events: Iterable[Mapping[str, Any]]) -> Renewal:
    """Today's keys and contexts of all takes of these events, as `read_old_event` gave them."""
    takes = [
        take for event in events for take in event.get("takes", ()) if isinstance(take, OldTake)
    ]
    streams = list(dict.fromkeys(take.stream for take in takes))
    try:
        contexts = dict(zip(streams, shared(streams), strict=True))
        hashed = {take.key: take for take in takes if take.key == old_key(take)}
    except UnicodeEncodeError:
        raise StoryError("A take's text holds a broken character; open a copy.") from None
    keys: dict[str, str] = {}
    renewal = Renewal(keys, contexts)
    for key in hashed:
        # A variation's key covers its source's, which comes first. A hash cannot cover itself, so
        # that this ends.
        line = [key]
        while line:
            take = hashed[line[-1]]
            source = take.start.source if take.start else ""
            if source in hashed and source not in keys:
                line.append(source)
            else:
                keys[line.pop()] = take_key(renewal.unnamed(take))
    return renewal
