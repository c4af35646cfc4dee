"""What is heard in place of the mix: a lane by itself, or the story as it was at another time."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import soundfile

from core.errors import Cancelled, StoryError
from core.mix.cache import Cache
from core.mix.crossfade import Samples
from core.mix.meters import MixMeters, Readings, mix_meters, sound_readings
from core.mix.mix import MixSettings, mix_blocks
from core.mix.sources import sources_of
from core.story.lanes import change_lane
from core.story.story import Story
from studio.sessions.session import Session
from studio.sound.files import mix_file, remove_served, write_served

_NUMBER = itertools.count(1)
_BLOCK = 65_536
MOST_MATCHED_DB = 24.0
"""Decibels by which the louder of two versions is turned down, at most: more is no match but a
silence."""
NOTHING = "Nothing of it can be heard yet; render first."


@dataclass(frozen=True)
class Audition:
    """A sound that is heard in place of the mix, at the same playhead.

    Attributes:
        about: what it is, in words.
        path: WAV that the page may load.
        readings: of its meter.
        gain_db: by which it is turned down beside the mix, so that the two are as loud; where it
            is above 0 the mix is turned down instead.
    """

    about: str
    path: Path
    readings: Readings
    gain_db: float = 0.0


def lane_audition(session: Session, rate: int, layer: int, about: str) -> Audition:
    """A lane by itself, behind its fader, as its solo would have it; nothing of the story changes.

    Args:
        about: how the lane is called.

    Raises:
        StoryError: no sound of it is there yet, or the story changed meanwhile.
        AudioFileError, FileError: a take cannot be read, or the disk is full.
    """
    story = session.open_folder.story
    if all(event.layer != layer for event in story.events):
        raise StoryError("Nothing lies on that lane; choose another.")
    lanes = tuple(dataclasses.replace(lane, soloed=False) for lane in story.lanes)
    alone = change_lane(dataclasses.replace(story, lanes=lanes), layer, soloed=True, muted=False)
    return _audition(session, rate, alone, about)


def version_audition(session: Session, rate: int, place: int, about: str) -> Audition:
    """The story with so many changes done, beside the mix of today and as loud; raises as
    `lane_audition`.

    Args:
        about: what the last of those changes was, in words.
    """
    heard = _audition(session, rate, session.open_folder.version(place), about)
    path = mix_file(session, rate)
    if path is None:
        raise StoryError("The story has no mix to compare it with now; try again.")
    today = sound_readings(_read(path), rate).integrated
    gain = today - heard.readings.integrated
    if not math.isfinite(gain):
        return heard
    return dataclasses.replace(heard, gain_db=max(-MOST_MATCHED_DB, min(MOST_MATCHED_DB, gain)))


def meters_of(session: Session, rate: int, cache: Cache) -> MixMeters | None:
    """The meters of the open story's mix; None: nothing can be heard yet.

    Raises:
        AudioFileError, RenderError: a take cannot be read.
    """
    folder = session.open_folder
    story = folder.story
    sources = sources_of(folder, story, rate)
    return mix_meters(story, sources, MixSettings(rate), cache) if sources else None


def _audition(session: Session, rate: int, story: Story, about: str) -> Audition:
    folder = session.open_folder
    sources = sources_of(folder, story, rate)
    if not sources:
        raise StoryError(NOTHING)
    path = session.sounds / f"audition-{next(_NUMBER)}" / f"{folder.title}.wav"

    def blocks() -> Iterator[Samples]:
        for block in mix_blocks(story, sources, MixSettings(rate)):
            if session.folder is not folder:
                raise Cancelled("Another story was opened meanwhile.")
            yield block

    write_served(path, blocks(), rate)
    remove_served(session, "audition")
    return Audition(about, path, sound_readings(_read(path), rate))


def _read(path: Path) -> Iterator[Samples]:
    with soundfile.SoundFile(str(path)) as file:
        yield from file.blocks(_BLOCK, dtype="float32", always_2d=True)
