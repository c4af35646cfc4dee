"""One recording: decoded, trimmed, set to the corpus's level and written as FLAC."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
from scipy.signal import butter, sosfiltfilt

from core.audio.decode import decode_file
from core.errors import AudioFileError
from core.story.recording import LIMITS

Waveform = npt.NDArray[np.float32]
SAMPLE_RATE = 44_100
LOWEST_RATE = 11_000
PEAK = 0.9
FLOOR_DB = -60.0
_SECONDS = (0.15, 90.0)
GAP_SECONDS = 3.0
RUMBLE_HZ = 25.0
MOST_PADDING = 16
"""Samples that the zero-phase filter needs at least."""


def _read(path: Path) -> tuple[Waveform, int]:
    """Samples (n, channels) at the file's own rate, through ffmpeg where libsndfile cannot."""
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        return samples, int(rate)
    except soundfile.LibsndfileError:
        try:
            decoded = decode_file(path, LIMITS)
        except AudioFileError as cause:
            raise AudioFileError(f"{path.name} cannot be decoded: {cause}") from None
        return decoded.samples, decoded.rate


def _mono(samples: Waveform) -> Waveform:
    """The mean of the channels, or the first one where they would cancel each other."""
    mean, first = samples.mean(axis=1), samples[:, 0]
    return first if np.sum(mean**2) < 0.1 * np.sum(first**2) else mean


def _trimmed(samples: Waveform, rate: int) -> Waveform:
    """The longest stretch without a gap of GAP_SECONDS below FLOOR_DB of the peak."""
    loud = np.flatnonzero(np.abs(samples) > np.max(np.abs(samples)) * 10 ** (FLOOR_DB / 20))
    stretches = np.split(loud, np.flatnonzero(np.diff(loud) > GAP_SECONDS * rate) + 1)
    longest = max(stretches, key=lambda s: s[-1] - s[0])
    return samples[longest[0] : longest[-1] + 1]


def _without_rumble(samples: Waveform, rate: int) -> Waveform:
    """Without what no one hears but what takes the level: offset and infrasound."""
    sections = butter(2, RUMBLE_HZ, "highpass", fs=rate, output="sos")
    return np.asarray(sosfiltfilt(sections, samples), dtype=np.float32)


def _digest(samples: Waveform) -> str:
    """Hash of decoded samples at their own rate: equal for the same audio in two packages."""
    level = samples / max(float(np.max(np.abs(samples))), 1e-9)
    return hashlib.sha256(np.round(level * 32_767).astype("<i2").tobytes()).hexdigest()


def decode(path: Path) -> tuple[Waveform, int, str]:
    """Samples (n,) at 44.1 kHz with peak 0.9, the original rate in Hz and the digest.

    Raises AudioFileError for a file that is unreadable, silent, too short or of too low a
    sample rate.
    """
    samples, rate = _read(path)
    if rate < LOWEST_RATE:
        raise AudioFileError(f"{path.name} has a rate of {rate} Hz: leave it out.")
    mono = np.nan_to_num(_mono(samples)) if len(samples) else np.zeros(0, np.float32)
    if len(mono) < MOST_PADDING or not np.any(np.abs(mono - mono.mean()) > 1e-4):
        raise AudioFileError(f"{path.name} is silent: leave it out.")
    mark = _digest(mono)
    mono = _trimmed(_without_rumble(mono, rate), rate)
    if len(mono) < _SECONDS[0] * rate:
        raise AudioFileError(f"{path.name} is shorter than {_SECONDS[0]} s: leave it out.")
    mono = mono[: int(_SECONDS[1] * rate)]
    if rate != SAMPLE_RATE:
        mono = soxr.resample(mono, rate, SAMPLE_RATE, quality="VHQ")
    return (mono * (PEAK / np.max(np.abs(mono)))).astype(np.float32), rate, mark


def write_clip(path: Path, samples: Waveform) -> None:
    """16-bit FLAC at 44.1 kHz, written whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    soundfile.write(partial, samples, SAMPLE_RATE, subtype="PCM_16", format="FLAC")
    os.replace(partial, path)
