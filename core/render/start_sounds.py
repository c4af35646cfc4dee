"""The sounds that takes begin from, as they lie in the story's folder.

Reading one may wait for a slow disk. Who has to wait for the model too reads it before it is their
turn: nobody else should wait for that disk.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.errors import AudioFileError
from core.render.takes import TakeRequest
from core.story.folders import StoryFolder, read_sound
from core.story.recording import read_recording, recording_file
from core.story.take import Start

_MARGIN = 0.5
"""Seconds of a sound that are encoded beyond what is used, so that its cut is not heard."""


@dataclass(frozen=True, eq=False)
class StartSound:
    """What is used of a sound that a take begins from, from `Start.offset` on.

    Attributes:
        samples: float32 (channels, frames) at `rate` Hz.
        seconds: of the take that it was read for.
    """

    samples: npt.NDArray[np.float32]
    rate: int
    seconds: float

    def used_for(self, seconds: float) -> npt.NDArray[np.float32]:
        """Of it, what a take of this many seconds begins from, with a margin: (channels, frames).

        Raises:
            ValueError: it was read for a shorter take.
        """
        if seconds > self.seconds:
            raise ValueError(f"read for {self.seconds} s, used for {seconds} s")
        return self.samples[:, : round((seconds + _MARGIN) * self.rate)]


def read_start_sound(
    folder: StoryFolder, start: Start, seconds: float, cancel: threading.Event | None = None
) -> StartSound:
    """Read what a take of this many seconds begins from; not for a take with latents of its own.

    Raises:
        AudioFileError: it is gone or cannot be read.
        Cancelled: `cancel` was set.
    """
    if start.of == "recording":
        recording = read_recording(recording_file(folder.path, start.source), cancel)
        samples, rate = recording.samples, recording.rate
    else:
        samples, rate = read_sound(folder.path / "takes" / f"{start.source}.flac")
    first = min(round(start.offset * rate), samples.shape[1] - 1)
    last = first + round((seconds + _MARGIN) * rate)
    return StartSound(samples[:, first:last].copy(), rate, seconds)  # the whole is not kept


def read_start_sounds(
    folder: StoryFolder,
    requests: Sequence[TakeRequest],
    crossfade: float,
    cancel: threading.Event | None = None,
) -> dict[Start, StartSound]:
    """Read what these takes begin from, before `core.render.perform.perform` needs it.

    What cannot be read is left out: rendering says so, and of which event.

    Args:
        crossfade: the profile's, by which a take may be longer than its event.

    Raises:
        Cancelled: `cancel` was set.
    """
    lengths = {event.id: event.duration for event in folder.story.events}
    found = {}
    for request in requests:
        start, length = request.start, lengths.get(request.event_id)
        if start is None or start.of == "take" or length is None:
            continue
        with contextlib.suppress(AudioFileError):
            found[start] = read_start_sound(folder, start, length + crossfade, cancel)
    return found
