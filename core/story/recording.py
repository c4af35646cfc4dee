"""Recordings of the user's own: checked, kept in the story's folder, brought to a codec's form."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from core.errors import AudioFileError
from core.story.flac import write_flac

MIN_SECONDS = 0.05
MAX_SECONDS = 600.0
MAX_CHANNELS = 8
_RATES = (4_000, 384_000)
MAX_SAMPLES = round(MAX_SECONDS) * 48_000 * 2
"""Of all channels together: the longest recording as 48 kHz stereo, 230 MB of memory. A file of a
few megabytes may unpack to many times as much."""
MAX_RECORDING_BYTES = 4 * MAX_SAMPLES
"""Room for as many samples in any format, above all for the FLAC that a packed file is kept as."""
_SILENCE = 1e-5
"""Peak below which a recording counts as silent (-100 dBFS)."""

_Sound = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Recording:
    """Samples (channels, frames) at `rate` Hz, and a hash that names them."""

    samples: _Sound
    rate: int
    digest: str

    @property
    def seconds(self) -> float:
        return float(self.samples.shape[1] / self.rate)


def read_recording(path: Path) -> Recording:
    """Read a sound file that someone brought (whatever libsndfile reads: WAV, FLAC, OGG, MP3, …).

    Raises:
        AudioFileError: too large, too long or short, too many channels, silent, or no sound file.
    """
    try:
        data = _read(path)
    except OSError as cause:
        raise AudioFileError(
            f"The recording cannot be read ({cause.strerror}); choose another file."
        ) from None
    except (soundfile.LibsndfileError, RuntimeError, ValueError, MemoryError):
        raise AudioFileError(
            "The recording is not a sound file that can be read; save it as WAV or FLAC."
        ) from None
    samples, rate = data
    peak = float(np.maximum(samples.max(), -samples.min()))
    if not math.isfinite(peak):
        raise AudioFileError("The recording holds damaged samples; save it anew.")
    if peak < _SILENCE:
        raise AudioFileError("The recording is silent; choose another one.")
    samples /= max(1.0, peak)
    digest = hashlib.sha256(f"{rate}/{samples.shape}".encode())
    digest.update(samples.data.cast("B"))
    return Recording(samples, rate, digest.hexdigest()[:24])


def _read(path: Path) -> tuple[_Sound, int]:
    """The header is checked before the samples are read, and its word is not taken for them."""
    if path.stat().st_size > MAX_RECORDING_BYTES:
        raise AudioFileError(
            f"The recording is larger than {MAX_RECORDING_BYTES // 1_000_000} MB; "
            "cut or compress it."
        )
    with soundfile.SoundFile(path) as file:
        rate, channels = file.samplerate, file.channels
        if not _RATES[0] <= rate <= _RATES[1]:
            raise AudioFileError(f"The recording's rate is {rate} Hz; convert it to 44100 Hz.")
        if channels > MAX_CHANNELS:
            raise AudioFileError(
                f"The recording has {channels} channels; mix it down to {MAX_CHANNELS} or fewer."
            )
        _check_length(file.frames, rate, channels)
        most = min(round(MAX_SECONDS * rate), MAX_SAMPLES // channels)
        data = file.read(most + 1, dtype="float32", always_2d=True)
    _check_length(len(data), rate, channels)
    if len(data) < MIN_SECONDS * rate:
        raise AudioFileError(f"The recording is shorter than {MIN_SECONDS:g} s; choose another.")
    return np.ascontiguousarray(data.T), rate


def _check_length(frames: int, rate: int, channels: int) -> None:
    if frames > MAX_SECONDS * rate:
        raise AudioFileError(f"The recording is longer than {MAX_SECONDS:g} s; cut it.")
    if frames * channels > MAX_SAMPLES:
        raise AudioFileError(
            f"The recording holds more than {MAX_SECONDS:g} s of 48000 Hz stereo would; "
            "convert it to 48000 Hz and two channels, or cut it."
        )


def recording_file(folder: Path, digest: str) -> Path:
    """Where a recording of this hash lies in a story's folder."""
    return folder / "recordings" / f"{digest}.flac"


def keep_recording(folder: Path, recording: Recording) -> Path:
    """Write a recording into a story's folder (24-bit FLAC) unless it is there already.

    Raises:
        FileError: the folder cannot be written to or the disk is full.
    """
    path = recording_file(folder, recording.digest)
    if not path.is_file():
        write_flac(path, recording.samples, recording.rate)
    return path


def brought_to(samples: _Sound, rate: int, wanted: int, channels: int) -> _Sound:
    """Samples (n, frames) at `rate` Hz as (channels, frames) at `wanted` Hz; soxr, very high."""
    if channels == 1 or len(samples) == 1:
        samples = np.repeat(samples.mean(axis=0, keepdims=True), channels, axis=0)
    samples = np.ascontiguousarray(samples[:channels])
    if rate != wanted:
        samples = np.ascontiguousarray(soxr.resample(samples.T, rate, wanted, "VHQ").T)
    return samples.astype(np.float32, copy=False)
