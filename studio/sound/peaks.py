"""Peaks of takes, and the outline of a story put together from them.

The lanes of the story must follow an edit at once, so they are drawn from the peaks of the takes
with each event's gain and fades, never from a new mix.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import numpy as np
import numpy.typing as npt
import soundfile

from core.story.folders import StoryFolder
from core.story.story import Event

PER_SECOND = 100
Peaks = npt.NDArray[np.float32]


class PeakCache:
    """Peaks by file, the newest few hundred kept."""

    def __init__(self, size: int = 400) -> None:
        self._size, self._guard = size, Lock()
        self._kept: OrderedDict[Path, Peaks] = OrderedDict()

    def of(self, path: Path) -> Peaks:
        """Largest magnitude in each hundredth of a second; empty when the file cannot be read."""
        with self._guard:
            if path in self._kept:
                self._kept.move_to_end(path)
                return self._kept[path]
        peaks = read_peaks(path)
        with self._guard:
            self._kept[path] = peaks
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return peaks


def read_peaks(path: Path) -> Peaks:
    try:
        with soundfile.SoundFile(path) as file:
            hop = file.samplerate // PER_SECOND
            blocks = file.blocks(hop * PER_SECOND, dtype="float32", always_2d=True)
            return np.concatenate([_peaks(block, hop) for block in blocks] or [_no_peaks()])
    except (OSError, soundfile.LibsndfileError):
        return _no_peaks()


def outline(folder: StoryFolder, cache: PeakCache, events: Sequence[Event]) -> Peaks:
    """Peaks of some events over the story, (total * PER_SECOND,): where they overlap, the louder.

    Args:
        events: of the folder's story.
    """
    whole = np.zeros(max(1, round(folder.story.total * PER_SECOND)), np.float32)
    for event in events:
        take = event.take
        if take is None or not folder.has_sound(take):
            continue
        peaks = cache.of(folder.take_file(take))
        envelope = _envelope(event, take.tail, len(peaks))
        sound = peaks[: len(envelope)] * envelope
        start = round(event.start * PER_SECOND)
        part = whole[start : start + len(sound)]
        np.maximum(part, sound[: len(part)], out=part)
    return whole


def _envelope(event: Event, tail: float, count: int) -> Peaks:
    count = min(count, round((event.duration + tail) * PER_SECOND))
    seconds = (np.arange(count) + 0.5) / PER_SECOND
    gain = np.full(count, 10 ** (event.gain_db / 20), np.float32)
    if event.fade_in:
        gain *= np.clip(seconds / event.fade_in, 0, 1).astype(np.float32)
    if event.fade_out:
        gain *= np.clip((event.duration - seconds) / event.fade_out, 0, 1).astype(np.float32)
    elif tail:
        gain *= np.clip(1 - (seconds - event.duration) / tail, 0, 1).astype(np.float32)
    return gain


def _peaks(block: npt.NDArray[np.float32], hop: int) -> Peaks:
    loud = np.abs(block).max(axis=1)
    padded = np.pad(loud, (0, -len(loud) % hop))
    highest: Peaks = padded.reshape(-1, hop).max(axis=1)
    return highest


def _no_peaks() -> Peaks:
    return np.zeros(0, np.float32)
