"""A story folder as an export reads it: story.json and takes/*.flac, nothing outside it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import soundfile

from core.errors import AudioFileError, FileError
from core.mix.sources import FileSource
from core.story.story import Story
from core.story.take import Take

STORY_FILE = "story.json"


@dataclass(frozen=True)
class OpenStory:
    """A story with its sound.

    Attributes:
        folder: where story.json and the takes lie.
        sources: the chosen take of each event, by event id.
        rate: Hz of all takes.
        title: the folder's name.
    """

    story: Story
    folder: Path
    sources: dict[str, FileSource]
    rate: int
    title: str


def take_path(folder: Path, take: Take) -> Path:
    """The take's file, which lies inside `folder` and is not a link out of it.

    Raises:
        FileError: it is somewhere else, or nowhere.
    """
    home = folder.resolve()
    path = (home / take.file).resolve()
    if not take.file or not path.is_relative_to(home) or path == home:
        raise FileError(
            f"The take of {take.caption[:60]!r} has no file in the story's folder; render it again."
        )
    if not path.is_file():
        raise FileError(f"The sound file {take.file[:80]!r} is missing; render its event again.")
    return path


def takes_there(folder: Path, story: Story) -> Iterator[tuple[Take, Path]]:
    """Every take with its file, less those that are not chosen and whose file is gone.

    Raises:
        FileError: a chosen take's file is missing, or a file lies outside `folder`.
    """
    for event in story.events:
        for take in event.takes:
            chosen = take.key == event.chosen
            if take.file and (chosen or (folder / take.file).is_file()):
                yield take, take_path(folder, take)


def open_story(folder: Path, left_out: Collection[str] | None = ()) -> OpenStory:
    """Read a story folder for an export.

    Args:
        left_out: ids of events that may have no sound, as whose sound is not known; None: all may.
            A silence has none.

    Raises:
        StoryError: story.json is not a story.
        FileError: another event has no take, none has one, or a take's file is missing, damaged or
            elsewhere.
    """
    if folder.name == STORY_FILE:
        folder = folder.parent
    if not folder.is_dir():
        raise FileError(f"{folder.name} is not a story folder; choose the one with story.json.")
    story = Story.load(folder / STORY_FILE)
    paths: dict[str, Path] = {}
    for event in story.events:
        if event.take is None and (left_out is None or event.silent or event.id in left_out):
            continue
        if event.take is None:
            raise FileError(f"{event.caption[:60]!r} has not been rendered; render it first.")
        paths[event.id] = take_path(folder, event.take)
    if not paths:
        raise FileError("Nothing of the story has been rendered; render it first.")
    first = next(iter(paths.values()))
    try:
        rate = int(soundfile.info(str(first)).samplerate)
    except (soundfile.SoundFileError, OSError):
        raise AudioFileError(
            f"The sound file {first.name} is damaged; render its event again."
        ) from None
    sources = {event_id: FileSource(path, rate) for event_id, path in paths.items()}
    return OpenStory(story, folder, sources, rate, folder.resolve().name)
