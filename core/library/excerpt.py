"""A recording of the library as an event's sound: read, its best span found, fitted in time."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.audio.decode import decode_span
from core.errors import AudioFileError, FileError
from core.library.catalogue import LibraryRecording
from core.library.fit import Fit, fitted
from core.library.limits import LIBRARY_LIMITS
from core.library.spans import best_spans
from core.story.limits import MAX_CAPTION
from core.story.recording import brought_to

LIBRARY = "library"
"""By which stories and takes call the library as a performer."""
VARIATIONS = 8
"""Spans of one recording that are offered at most."""
EXAMINED_SECONDS = 120.0
"""Of a recording's beginning, among which spans are chosen for a shorter event."""
_LONGEST_NAME = MAX_CAPTION - 60
"""Characters of a file's name beside what was used of it."""
_PEAK = 0.999
"""To which what goes beyond full scale is turned down, since FLAC cannot hold more."""


@dataclass(frozen=True)
class ExcerptSource:
    """Where an excerpt is from, and what was made of it.

    Attributes:
        file: its name, from the indexed folder's own on: "SFX/doors/creak.wav".
        digest: hash of the file's content, by which the library finds it wherever it lies.
        licence: as its file or its folder states it; "" where neither does.
        begin, end: seconds of the file that are used.
        fit: how they were brought to the event's length: as it is, cut, looped, time-fitted.
    """

    file: str
    digest: str
    licence: str
    begin: float
    end: float
    fit: Fit

    def __str__(self) -> str:
        """As a take and its provenance name it."""
        return f"{self.file[-_LONGEST_NAME:]}, {self.begin:g} to {self.end:g} s, {self.fit}"

    @property
    def key(self) -> str:
        """What makes its sound, in place of a performer's weights."""
        return f"{self.digest}/{self.begin:g}-{self.end:g}/{self.fit}"


@dataclass(frozen=True, eq=False)
class LibraryExcerpt:
    """What an event sounds like from a recording.

    Attributes:
        samples: (channels, frames) at the rate that was asked for, one or two channels.
        source: where it is from.
        variations: how many spans the recording has for an event of this length.
    """

    samples: npt.NDArray[np.float32]
    source: ExcerptSource
    variations: int


def read_excerpt(
    recording: LibraryRecording,
    seconds: float,
    tail: float,
    rate: int,
    variation: int = 0,
    cancel: threading.Event | None = None,
) -> LibraryExcerpt:
    """The excerpt of a recording that stands for an event.

    Args:
        seconds, tail: the event's length, and what its take is longer for a cross-fade.
        rate: Hz.
        variation: which of the spans; they come round.

    Raises:
        FileError: its drive is not there, or the file has changed since it was indexed.
        AudioFileError: it cannot be read.
        Cancelled: `cancel` was set.
    """
    _check_there(recording)
    wanted = seconds + tail
    looked = max(EXAMINED_SECONDS, 2.0 * wanted)
    read = decode_span(recording.file, 0.0, looked, LIBRARY_LIMITS, cancel)
    samples = np.ascontiguousarray(read.samples.T)
    if not np.isfinite(samples).all():
        raise AudioFileError(f"{recording.name} holds damaged samples; choose another recording.")
    spans = best_spans(samples, read.rate, wanted, VARIATIONS)
    span = spans[variation % len(spans)]
    first, last = round(span.begin * read.rate), round(span.end * read.rate)
    channels = 1 if len(samples) == 1 else 2
    sound = brought_to(samples[:, first : max(last, first + 1)], read.rate, rate, channels)
    sound, fit = fitted(sound, rate, round(wanted * rate))
    sound = sound / max(1.0, float(np.abs(sound).max(initial=0.0)) / _PEAK)
    source = ExcerptSource(
        recording.name,
        recording.digest,
        recording.licence,
        round(span.begin, 3),
        round(span.end, 3),
        fit,
    )
    return LibraryExcerpt(sound.astype(np.float32), source, len(spans))


def _check_there(recording: LibraryRecording) -> None:
    if not recording.folder.is_dir():
        raise FileError(f"{recording.folder} is not there; connect its drive.")
    try:
        state = recording.file.stat()
    except OSError:
        raise FileError(
            f"{recording.name} is not there any more; scan its folder again to find it."
        ) from None
    if (state.st_size, state.st_mtime_ns) != (recording.size, recording.modified):
        raise FileError(f"{recording.name} has changed since it was indexed; scan it again.")
