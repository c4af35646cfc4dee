"""The recordings that an own sound is learned from: checked, and made several of each.

Few recordings are soon known by heart. Each is therefore heard in several versions that are the
same sound to a person: a little higher or lower, brighter or duller, softer. From where on, is
drawn anew in every step of the training.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr

from core.errors import AudioFileError, raise_if_cancelled
from core.library.scan import SOUND_SUFFIXES
from core.story.recording import brought_to, read_recording

FEWEST, MOST = 5, 50
"""Recordings of a sound."""
SHORTEST_SECONDS, LONGEST_SECONDS = 0.1, 60.0
"""Of a recording that is learned from; of a longer one, its beginning."""
_PEAK = 0.9
"""Of a recording, as of those that the performer was trained on."""
SEMITONES = 1.0
"""By so much at most a version is higher or lower, and faster or slower."""
TILT_DB = 4.0
"""Decibels a decade by which a version is brighter or duller, at most."""
SOFTER_DB = 6.0
"""By so much at most a version is softer."""
_QUIET_DB = -50.0
"""Below a recording's peak, from which its beginning and end are cut off."""
_TILTED_ABOUT = 1000.0
"""Hz that a tilt leaves as they are."""

_Sound = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class SoundRecording:
    """A recording to learn from.

    Attributes:
        samples: float32 (channels, frames) at the model's rate.
        digest: of the file's sound.
    """

    samples: _Sound
    digest: str


def recordings_in(folder: Path) -> list[Path]:
    """The sound files of a folder, by name, without those of folders within.

    Raises:
        AudioFileError: it is none, or holds too few or too many of them.
    """
    if not folder.is_dir():
        raise AudioFileError(f"There is no folder {folder}; name the one with the recordings.")
    names = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SOUND_SUFFIXES and not path.name.startswith(".")
    )
    return check_count(names)


def check_count(paths: Sequence[Path]) -> list[Path]:
    """The paths, if a sound can be learned from so many; raises AudioFileError."""
    if len(paths) < FEWEST:
        raise AudioFileError(
            f"There {'is 1 recording' if len(paths) == 1 else f'are {len(paths)} recordings'}; a "
            f"sound is learned from {FEWEST} at least. Record it a few times more."
        )
    if len(paths) > MOST:
        raise AudioFileError(
            f"There are {len(paths)} recordings; a sound is learned from {MOST} at most. Leave out "
            "those that are alike."
        )
    return list(paths)


def read_recordings_of(
    paths: Sequence[Path], rate: int, channels: int, cancel: threading.Event | None = None
) -> list[SoundRecording]:
    """The recordings at a model's rate, without silence around them.

    Raises:
        AudioFileError: one cannot be used, with its name; two are the same.
        Cancelled: `cancel` was set.
    """
    found: dict[str, tuple[str, SoundRecording]] = {}
    for path in check_count(paths):
        raise_if_cancelled(cancel, "Learning")
        try:
            recording = read_recording(path, cancel)
        except AudioFileError as cause:
            raise AudioFileError(f"{path.name} cannot be learned from. {cause}") from None
        longest = round(LONGEST_SECONDS * recording.rate)
        samples = brought_to(recording.samples[:, :longest], recording.rate, rate, channels)
        samples = trimmed(samples)
        if samples.shape[1] < SHORTEST_SECONDS * rate:
            raise AudioFileError(
                f"In {path.name} less than {SHORTEST_SECONDS:g} s is heard; leave it out."
            )
        if recording.digest in found:
            raise AudioFileError(
                f"{path.name} is the same recording as {found[recording.digest][0]}; leave one out."
            )
        samples = samples * np.float32(_PEAK / float(np.abs(samples).max()))
        found[recording.digest] = path.name, SoundRecording(samples, recording.digest)
    return [recording for _, recording in found.values()]


def trimmed(samples: _Sound) -> _Sound:
    """Samples (channels, frames) from where something is heard to where nothing is any more."""
    level = np.abs(samples).max(axis=0)
    heard = np.flatnonzero(level > float(level.max()) * 10.0 ** (_QUIET_DB / 20.0))
    return samples[:, heard[0] : heard[-1] + 1] if len(heard) else samples[:, :0]


def version_of(samples: _Sound, rate: int, rng: np.random.Generator) -> _Sound:
    """The same sound to a person: pitch, colour and level a little other.

    Args:
        samples: (channels, frames) at `rate` Hz.
    """
    factor = 2.0 ** (rng.uniform(-SEMITONES, SEMITONES) / 12.0)
    changed = soxr.resample(samples.T, rate, rate / factor, "HQ").T
    spectrum = np.fft.rfft(changed)
    hertz = np.fft.rfftfreq(changed.shape[1], 1.0 / rate)
    decades = np.log10(np.maximum(hertz, 20.0) / _TILTED_ABOUT)
    tilt = rng.uniform(-TILT_DB, TILT_DB)
    filtered = np.fft.irfft(spectrum * 10.0 ** (tilt * decades / 20.0), changed.shape[1])
    level = _PEAK * 10.0 ** (-rng.uniform(0.0, SOFTER_DB) / 20.0)
    scaled: _Sound = (filtered * (level / max(1e-9, float(np.abs(filtered).max())))).astype(
        np.float32
    )
    return scaled
