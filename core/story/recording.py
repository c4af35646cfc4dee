"""Recordings of the user's own: checked, kept in the story's folder, brought to a codec's form."""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr

from core.audio.decode import Limits, decode_file
from core.audio.downmix import cancel_each_other, to_mono, to_stereo
from core.errors import AudioFileError, raise_if_cancelled
from core.story.flac import write_flac
from core.story.limits import RATE_RANGE

MIN_SECONDS = 0.05
MAX_SECONDS = 600.0
MAX_CHANNELS = 8
MAX_SAMPLES = round(MAX_SECONDS) * 48_000 * 2
"""Of all channels together: the longest recording as 48 kHz stereo, 230 MB of memory. A file of a
few megabytes may unpack to many times as much."""
MAX_RECORDING_BYTES = 4 * MAX_SAMPLES
"""Room for as many samples in any format, above all for the FLAC that a packed file is kept as."""
LIMITS = Limits(MAX_SECONDS, MAX_CHANNELS, MAX_SAMPLES, MAX_RECORDING_BYTES, RATE_RANGE)
_SILENCE = 1e-5
"""Peak below which a recording counts as silent (-100 dBFS)."""
_FULL_SCALE = 1.12
"""Peak (1 dB above full scale) from which turning a recording down is worth a word; lossy formats
overshoot by less."""

_Sound = npt.NDArray[np.float32]


Tell = Callable[[str], object]
"""Shows a person a sentence."""


def tell_nobody(sentence: str) -> None:
    """For those who have nobody to tell."""


@dataclass(frozen=True)
class Recording:
    """Samples (channels, frames) at `rate` Hz, and a hash that names them.

    Attributes:
        notices: in sentences, what of the file was cut, left out or changed.
    """

    samples: _Sound
    rate: int
    digest: str
    notices: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        return float(self.samples.shape[1] / self.rate)


def read_recording(path: Path, cancel: threading.Event | None = None) -> Recording:
    """Read a sound file that someone brought, or the sound of a film.

    Raises:
        AudioFileError: too large, too long or short, too many channels, silent, or no sound file.
        Cancelled: `cancel` was set.
    """
    decoded = decode_file(path, LIMITS, cancel)
    if decoded.seconds < MIN_SECONDS:
        raise AudioFileError(f"The recording is shorter than {MIN_SECONDS:g} s; choose another.")
    notices, rate = list(decoded.notices), decoded.rate
    samples = np.ascontiguousarray(decoded.samples.T)
    del decoded  # as large again
    peak = float(np.maximum(samples.max(), -samples.min()))
    if not math.isfinite(peak):
        raise AudioFileError("The recording holds damaged samples; save it anew.")
    if peak < _SILENCE:
        raise AudioFileError("The recording is silent; choose another one.")
    if peak > _FULL_SCALE:
        notices.append(
            f"The recording goes {20 * math.log10(peak):.1f} dB above full scale; "
            "it was turned down by as much."
        )
    samples /= max(1.0, peak)
    notices += _channel_notices(samples)
    raise_if_cancelled(cancel, "Reading the recording")
    digest = hashlib.sha256(f"{rate}/{samples.shape}".encode())
    digest.update(samples.data.cast("B"))
    return Recording(samples, rate, digest.hexdigest()[:24], tuple(notices))


def _channel_notices(samples: _Sound) -> list[str]:
    if cancel_each_other(samples):
        return [
            "The recording's channels are out of phase; they are mixed so that they do not "
            "cancel each other."
        ]
    if len(samples) > 2:
        return [f"The recording's {len(samples)} channels are mixed down."]
    return []


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
    """Samples (n, frames) at `rate` Hz as (channels, frames) at `wanted` Hz; soxr, very high.

    Args:
        channels: one or two.
    """
    samples = np.ascontiguousarray(to_mono(samples) if channels == 1 else to_stereo(samples))
    if rate != wanted:
        samples = np.ascontiguousarray(soxr.resample(samples.T, rate, wanted, "VHQ").T)
    return samples.astype(np.float32, copy=False)
