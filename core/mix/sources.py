"""Rendered sound that is read by position: from memory or from a file."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import soundfile

from core.errors import AudioFileError
from core.mix.crossfade import Samples
from core.story.folders import StoryFolder
from core.story.limits import MAX_TAKE_SECONDS, RATE_RANGE
from core.story.story import Story

_FORMATS = ("FLAC", "WAV", "WAVEX", "AIFF")


class Source(Protocol):
    """The rendered sound of one event, read by position."""

    @property
    def frames(self) -> int: ...

    @property
    def identity(self) -> Hashable:
        """Equal for equal sound, so that what is measured on it can be kept; None: never kept."""

    @property
    def channels(self) -> int:
        """1 or 2."""

    def read(self, start: int, count: int) -> Samples:
        """float32 (count, channels) from frame `start`; both lie inside the sound."""


class ArraySource:
    """A take in memory, samples (channels, frames) as the codec returns them."""

    def __init__(self, samples: npt.NDArray[np.floating]) -> None:
        if samples.ndim != 2 or samples.shape[0] not in (1, 2):
            raise AudioFileError("A take has 1 or 2 channels; render the event again.")
        self._samples = samples

    @property
    def identity(self) -> Hashable:
        return None

    @property
    def frames(self) -> int:
        return int(self._samples.shape[1])

    @property
    def channels(self) -> int:
        return int(self._samples.shape[0])

    def read(self, start: int, count: int) -> Samples:
        block = self._samples[:, start : start + count].T
        return np.ascontiguousarray(block, dtype=np.float32)


class Remainder:
    """A source from one of its frames on."""

    def __init__(self, source: Source, first: int) -> None:
        self._source, self._first = source, first

    @property
    def identity(self) -> Hashable:
        whole = self._source.identity
        return None if whole is None else (whole, self._first)

    @property
    def frames(self) -> int:
        return max(0, self._source.frames - self._first)

    @property
    def channels(self) -> int:
        return self._source.channels

    def read(self, start: int, count: int) -> Samples:
        return self._source.read(self._first + start, count)


def from_frame(source: Source, first: int) -> Source:
    """The source without its first frames."""
    return Remainder(source, first) if first else source


class FileSource:
    """A take on disk, as FLAC or uncompressed: formats whose length the samples themselves make.

    The file is opened for each read, so that a story of hundreds of takes holds no open files.

    Raises:
        AudioFileError: the file is missing or damaged, of another format, longer than any take,
            or its rate is not `rate`.
    """

    def __init__(self, path: Path, rate: int | None = None) -> None:
        self._path = path
        try:
            info = soundfile.info(str(path))
            written = path.stat().st_mtime_ns
        except (soundfile.SoundFileError, OSError):
            raise self._damaged() from None
        usual = RATE_RANGE[0] <= info.samplerate <= RATE_RANGE[1]
        long = info.frames > MAX_TAKE_SECONDS * info.samplerate
        if info.format not in _FORMATS or not usual or long:
            raise AudioFileError(
                f"The sound file {path.name} is not one that the studio wrote; render its event "
                "again."
            )
        if rate is not None and info.samplerate != rate:
            raise AudioFileError(
                f"{path.name} has {info.samplerate} Hz where the story has {rate} Hz; "
                "render the event again."
            )
        if info.channels not in (1, 2):
            raise AudioFileError(f"{path.name} has {info.channels} channels; use 1 or 2.")
        self.identity: Hashable = (str(path), written)
        self.frames = int(info.frames)
        self.channels = int(info.channels)
        self.rate = int(info.samplerate)

    def _damaged(self) -> AudioFileError:
        return AudioFileError(
            f"The sound file {self._path.name} is missing or damaged; render its event again."
        )

    def read(self, start: int, count: int) -> Samples:
        try:
            with soundfile.SoundFile(str(self._path)) as file:
                file.seek(start)
                block: Samples = file.read(count, dtype="float32", always_2d=True)
        except (soundfile.SoundFileError, OSError):
            raise self._damaged() from None
        if len(block) != count:
            raise self._damaged()
        return block


def sources_of(folder: StoryFolder, story: Story, rate: int) -> dict[str, Source]:
    """The sound of each event of a folder's story whose chosen take is there.

    Raises:
        AudioFileError: a take cannot be read.
    """
    takes = ((event.id, event.take) for event in story.events)
    return {
        event_id: FileSource(folder.take_file(take), rate)
        for event_id, take in takes
        if take is not None and folder.has_sound(take)
    }
