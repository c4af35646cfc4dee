"""Events on the clipboard: text that any story can take them from, and how their sounds follow.

The text is JSON: the events with their takes, and the director's text that each take was made with
(`core.story.context`). It holds all that an event is but the sounds themselves, which are found by
their takes' keys among the stories of the one who pastes. Whatever comes from a clipboard is as
little to be trusted as any file: it is bounded, and read by the same schema.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from core.errors import AudioFileError, StoryError
from core.files import share_file
from core.schema import parse_json
from core.story.context import ContextReader, ContextTable
from core.story.folders import StoryFolder
from core.story.library import Library
from core.story.limits import MAX_EVENTS, MAX_TAKES
from core.story.recording import recording_file
from core.story.story import Event, Story, event_data, plain_data, read_event
from core.story.take import Take, take_data
from core.story.titles import ARCHIVE
from core.story.versions import VERSION

KIND = "events"
"""What the text says that it holds."""
MAX_CLIP = 4_000_000
"""Characters: as many events as a story has, with three takes each, are a quarter of it."""
_MARK = "audiostory"
_NONE = "There are no events of the studio on the clipboard; copy some first."


def clip_text(story: Story, event_ids: Collection[str]) -> str:
    """The text for the clipboard of events of a story.

    Raises:
        StoryError: none are named, one is not there, or they are too many.
    """
    if not event_ids:
        raise StoryError("Nothing is selected; select an event first.")
    events = [story.event(event_id) for event_id in dict.fromkeys(event_ids)]
    table = ContextTable()
    for event in events:
        table.add(take.context for take in event.takes)
    listed = [event_data(e) | {"takes": [take_data(take) for take in e.takes]} for e in events]
    data = {_MARK: KIND, "version": VERSION, "events": listed, "contexts": table.news()}
    text = json.dumps(data, ensure_ascii=False, default=plain_data)
    if len(text) > MAX_CLIP:
        raise StoryError("Those events are too much for the clipboard; copy fewer at once.")
    return text


def read_clip(text: str) -> tuple[Event, ...]:
    """The events of a text from the clipboard.

    Raises:
        StoryError: it holds none, or is damaged.
    """
    if len(text) > MAX_CLIP:
        raise StoryError("The clipboard holds more than the studio takes; copy fewer events.")
    try:
        data: Any = parse_json(text)
    except ValueError:
        raise StoryError(_NONE) from None
    if not isinstance(data, dict) or data.get(_MARK) != KIND:
        raise StoryError(_NONE)
    if data.get("version") != VERSION or type(data["version"]) is not int:
        raise StoryError("The events were copied in another version of the studio; copy them here.")
    contexts, listed = ContextReader(), data.get("events")
    contexts.read(data.get("contexts"))
    if not isinstance(listed, list) or not 1 <= len(listed) <= MAX_EVENTS:
        raise StoryError(_NONE)
    events = tuple(read_event(e, contexts, f"clipboard[{i}]") for i, e in enumerate(listed))
    if len({event.id for event in events}) != len(events):
        raise StoryError("Two events on the clipboard share one id; copy them again.")
    if sum(len(event.takes) for event in events) > MAX_TAKES:
        raise StoryError(f"The clipboard holds more than {MAX_TAKES} takes; copy fewer events.")
    return events


def bring_sounds(
    events: Sequence[Event], folder: StoryFolder, library: Library
) -> tuple[tuple[Event, ...], int]:
    """Bring the sounds of events' takes into a story's folder, from wherever among a person's
    stories they are; returns the events, less the takes whose sound is nowhere, and how many those
    were.

    Raises:
        FileError: the folder cannot be written to or the disk is full.
    """
    lost, brought = 0, []
    for event in events:
        takes = tuple(take for take in event.takes if _bring(take, folder, library))
        lost += len(event.takes) - len(takes)
        chosen = event.chosen if any(take.key == event.chosen for take in takes) else None
        takes = tuple(dataclasses.replace(take, file=f"takes/{take.key}.flac") for take in takes)
        brought.append(dataclasses.replace(event, takes=takes, chosen=chosen))
    return tuple(brought), lost


def _bring(take: Take, folder: StoryFolder, library: Library) -> bool:
    """Give a take's files a place in the folder; says whether its sound is there then."""
    try:
        sound, latents = folder.take_file(take), folder.latents_file(take)
    except AudioFileError:
        return False
    if not sound.is_file():
        inside = sound.relative_to(folder.path)
        home = next((home for home in _homes(library) if (home / inside).is_file()), None)
        if home is None:
            return False
        # The sound comes last: where it is, everything is that belongs to it.
        for file in (latents, *_recordings(take, folder.path), sound):
            source = home / file.relative_to(folder.path)
            if source.is_file():
                share_file(source, file)
    return True


def _homes(library: Library) -> Iterator[Path]:
    """The folders of a person's stories, archived ones last."""
    yield from (library.root / title for title in library.titles())
    yield from (library.root / ARCHIVE / title for title in library.archived())


def _recordings(take: Take, folder: Path) -> Iterator[Path]:
    if take.start is not None and take.start.of == "recording":
        yield recording_file(folder, take.start.source)
