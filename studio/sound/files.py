"""What a tab can hear: the mix of its story and the takes of its events, as files to load.

The server may serve only the folder of these files, and each tab's part of it has a name that
nobody can guess; stories themselves are never served.
"""

from __future__ import annotations

import contextlib
import itertools
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import soundfile

from core.errors import Cancelled, FileError
from core.files import atomic_path, incomplete, share_file
from core.mix.crossfade import Samples
from core.mix.mix import MixSettings, mix_blocks
from core.mix.sources import sources_of
from core.story.recording import Tell, keep_recording, read_recording
from core.story.take import Take
from studio.addresses import file_url
from studio.sessions.session import Session

LOADED_WITHIN = 30.0
"""Seconds in which a page that was told of a mix begins to load it, however fast edits follow."""
_FRAME_BYTES = 6
"""Two channels of 24 bits."""
_NUMBER = itertools.count(1)
"""Of mixes: a browser keeps what it loaded, so no two of them may have one address."""


def take_url(session: Session, take: Take) -> str:
    """Address of a take; empty when its file is gone, or cannot be served for want of space."""
    folder = session.open_folder
    if not folder.has_sound(take):
        return ""
    source, served = folder.take_file(take), session.sounds / f"{take.key}.flac"
    if not served.is_file():
        try:
            share_file(source, served)
        except FileError:
            return ""  # the mix, which has no room there either, says why
    return file_url(served)


def has_sound(session: Session) -> bool:
    """Whether anything of the story can be heard yet."""
    folder = session.folder
    if folder is None:
        return False
    takes = (event.take for event in folder.story.events)
    return any(take is not None and folder.has_sound(take) for take in takes)


def playable_recording(
    session: Session, path: Path, tell: Tell, cancel: threading.Event | None = None
) -> Path:
    """A recording of any kind as one that a browser plays (FLAC, 24 bits).

    Args:
        tell: called with each sentence on what of it was left out or changed.

    Raises:
        AudioFileError: it is not a recording that can be used.
        FileError: the disk is full.
        Cancelled: `cancel` was set.
    """
    recording = read_recording(path, cancel)
    for notice in recording.notices:
        tell(notice)
    return keep_recording(session.sounds, recording)


def mix_file(session: Session, rate: int) -> Path | None:
    """Mix the story as it is now into a WAV (24 bit) and return it.

    None when there is nothing to hear, or when the story changed meanwhile or another one was
    opened: that asks for its own mix. The mix before it stays too, since a player may still be in
    the midst of it.

    Raises:
        AudioFileError, FileError: a take cannot be read, or the disk is full.
    """
    folder = session.open_folder
    revision, story = folder.revision, folder.story
    if session.mix is not None and session.mix[:2] == (folder, revision):
        return session.mix[2]
    path = session.sounds / f"mix-{next(_NUMBER)}" / f"{folder.title}.wav"
    parts = sources_of(folder, story, rate)
    if not parts:
        return None

    def blocks() -> Iterator[Samples]:
        for block in mix_blocks(story, parts, MixSettings(rate)):
            if session.folder is not folder or folder.revision != revision:
                raise Cancelled("The story changed while it was mixed.")
            yield block

    try:
        write_served(path, blocks(), rate)
    except Cancelled:
        return None
    remove_served(session, "mix")
    session.mix = (folder, revision, path)
    return path


def write_served(path: Path, blocks: Iterable[Samples], rate: int) -> None:
    """Write a sound of two channels, that a page loads, as WAV of 24 bits; raises FileError."""
    frames = 0
    try:
        with (
            atomic_path(path) as temporary,
            soundfile.SoundFile(temporary, "w", rate, 2, "PCM_24") as file,
        ):
            for block in blocks:
                file.write(block)
                frames += len(block)
            file.close()  # before its size is looked at
            if temporary.stat().st_size < frames * _FRAME_BYTES:
                raise incomplete(path)
    except (soundfile.SoundFileError, AssertionError):  # what a full disk looks like from there
        raise incomplete(path) from None


def remove_served(session: Session, kind: str) -> None:
    """Remove all but the last two folders of a kind, unless a page may be about to load one.

    Another sound of this tab may remove them at the same time.
    """
    served = sorted(session.sounds.glob(f"{kind}-*"), key=lambda old: int(old.name.split("-")[1]))
    for old in served[:-2]:
        with contextlib.suppress(FileNotFoundError):
            if time.time() - old.stat().st_mtime > LOADED_WITHIN:
                shutil.rmtree(old, ignore_errors=True)
