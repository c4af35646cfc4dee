"""Foreign sound files as samples: the one way in for everything that a person brings.

libsndfile reads what it reads exactly: uncompressed sound and FLAC whose headers tell the truth.
Everything else is ffmpeg's. What a header says is never believed: a length is what was decoded, and
where that is less than the file promised, a sentence says so.
"""

from __future__ import annotations

import io
import os
import stat
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from core.audio import ffmpeg
from core.audio.downmix import to_mono
from core.audio.joined import joinable, joined_parts, tag_length
from core.audio.riff import Wave, read_wave
from core.errors import AudioFileError, raise_if_cancelled

DECODING_SECONDS = 60.0
"""Of the clock for one file; ten minutes of any codec take two or three."""
_EXACT_BEGINNINGS = (b"RIFF", b"RIFX", b"RF64", b"riff", b"FORM", b".snd", b"caff", b"fLaC")
"""First bytes of the files that libsndfile is asked to open; it never sees an MP3 or an Ogg."""
_EXACT_SUBTYPES = {
    "PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW",
}  # fmt: skip
_HEAD = 64
_BLOCK = 1 << 16
"""Frames that are read between two looks at Cancel."""
_WORK = "Reading the recording"
_PRIMING = {"mp3": 1105, "aac": 1024}
"""Samples that encoder and decoder put before a sound whose container does not count them: 576 of
LAME's and 529 of every decoder's, one frame of AAC."""
_NOTABLE_SECONDS = 0.25
_NOTABLE_SHARE = 0.02
"""What a recording has to lack of the length that was promised, for a word on it: headers round."""

_Frames = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Limits:
    """What a recording may be at most: seconds, channels, samples of all channels, bytes of its
    file; and its rates, from and to, in Hz."""

    seconds: float
    channels: int
    samples: int
    size: int
    rates: tuple[int, int]

    def check_form(self, rate: int, channels: int) -> None:
        if not self.rates[0] <= rate <= self.rates[1]:
            raise AudioFileError(f"The recording's rate is {rate} Hz; convert it to 44100 Hz.")
        if not 1 <= channels <= self.channels:
            raise AudioFileError(
                f"The recording has {channels} channels; mix it down to {self.channels} or fewer."
            )

    def check_length(self, frames: int, rate: int, channels: int) -> None:
        if frames > self.seconds * rate:
            raise AudioFileError(f"The recording is longer than {self.seconds:g} s; cut it.")
        if frames * channels > self.samples:
            raise AudioFileError(
                f"The recording holds more than {self.seconds:g} s of 48000 Hz stereo would; "
                "convert it to 48000 Hz and two channels, or cut it."
            )

    def most(self, rate: int, channels: int) -> int:
        """Frames that a recording of this form may have."""
        return min(round(self.seconds * rate), self.samples // channels)


@dataclass(frozen=True)
class Decoded:
    """Samples (frames, channels) at `rate` Hz; in sentences, what of the file is not among them."""

    samples: _Frames
    rate: int
    notices: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


def decode_file(path: Path, limits: Limits, cancel: threading.Event | None = None) -> Decoded:
    """Read a sound file, or the sound of a film.

    Raises:
        Cancelled: `cancel` was set.
        AudioFileError: it is none, cannot be read, is larger or longer than `limits` or takes
            longer than DECODING_SECONDS, or needs ffmpeg where there is none.
    """
    try:
        data = _contents(path, limits.size)
    except OSError as cause:
        raise AudioFileError(
            f"The recording cannot be read ({cause.strerror}); choose another file."
        ) from None
    try:
        return _decode(path, data, limits, cancel)
    except (MemoryError, OSError):
        raise AudioFileError(
            "The recording needs more memory or processes than there are; close other programs."
        ) from None


@dataclass(frozen=True)
class DecodedSpan:
    """A span of a sound file.

    Attributes:
        samples: (frames, channels) at `rate` Hz; fewer frames than asked where it ends sooner.
        total: seconds of the whole file, as its header states them where not all was read.
    """

    samples: _Frames
    rate: int
    total: float


def decode_span(
    path: Path,
    begin: float,
    seconds: float,
    limits: Limits,
    cancel: threading.Event | None = None,
) -> DecodedSpan:
    """Read so many seconds of a sound file from `begin` on.

    Where libsndfile reads exactly, nothing else of the file is read, so that it may be of any
    length; other files are decoded as a whole, within `limits`.

    Raises:
        Cancelled, AudioFileError: as `decode_file`.
    """
    try:
        with _open_regular(path) as file:
            found = _exact_span(file, begin, seconds, limits, cancel)
    except OSError as cause:
        raise AudioFileError(
            f"The recording cannot be read ({cause.strerror}); choose another file."
        ) from None
    if found is not None:
        return found
    whole = decode_file(path, limits, cancel)
    first = round(begin * whole.rate)
    samples = whole.samples[first : first + round(seconds * whole.rate)]
    return DecodedSpan(samples, whole.rate, whole.seconds)


def _exact_span(
    opened: io.BufferedReader,
    begin: float,
    seconds: float,
    limits: Limits,
    cancel: threading.Event | None,
) -> DecodedSpan | None:
    """None where the whole file has to be looked through."""
    if not opened.read(_HEAD).startswith(_EXACT_BEGINNINGS):
        return None
    opened.seek(0)
    try:
        with soundfile.SoundFile(opened) as file:
            if file.subtype not in _EXACT_SUBTYPES or not file.seekable():
                return None
            rate, channels, stated = file.samplerate, file.channels, file.frames
            limits.check_form(rate, channels)
            first = min(round(begin * rate), stated)
            count = min(round(seconds * rate), limits.most(rate, channels), stated - first)
            file.seek(first)
            samples = _read(file, count, cancel)
    except (soundfile.SoundFileError, RuntimeError, ValueError, TypeError, MemoryError):
        return None
    if len(samples) != count or not stated:
        return None
    return DecodedSpan(samples, rate, stated / rate)


def _contents(path: Path, most: int) -> bytes:
    """The file where it has to be looked through, else its beginning.

    The name is no part of it: libsndfile takes what is called `.raw` for samples without a header.
    """
    with _open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise AudioFileError(
                f"The recording is larger than {most // 1_000_000} MB; cut or compress it."
            )
        head = file.read(_HEAD)
        if not head:
            raise AudioFileError("The recording is empty; choose another file.")
        whole = joinable(head) or head.startswith(_EXACT_BEGINNINGS)
        return head + file.read(size - len(head)) if whole else head


def _open_regular(path: Path) -> io.BufferedReader:
    """Open a file; what would make a reader wait for ever (a pipe, a device) is refused."""
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise AudioFileError("The recording is a folder; choose a file.")
    if not stat.S_ISREG(mode):
        raise AudioFileError("The recording is not a file; choose another one.")
    return path.open("rb")


def _decode(path: Path, data: bytes, limits: Limits, cancel: threading.Event | None) -> Decoded:
    spans = joined_parts(data) if joinable(data) else [(0, len(data))]
    if len(spans) == 1:
        whole = DECODING_SECONDS, limits.samples
        exact = _exactly(data, limits, cancel)
        return exact or _through_ffmpeg(path, None, limits, *whole, cancel)
    return _joined(list(_each(path, data, spans, limits, cancel)), limits)


def _each(
    path: Path,
    data: bytes,
    spans: list[tuple[int, int]],
    limits: Limits,
    cancel: threading.Event | None,
) -> Iterator[Decoded]:
    """The parts of a file of several, together no longer than the limits."""
    until, room = time.monotonic() + DECODING_SECONDS, limits.samples
    for span in spans:
        exact = _exactly(data[slice(*span)], limits, cancel)
        left = max(1.0, until - time.monotonic())
        part = exact or _through_ffmpeg(path, span, limits, left, room, cancel)
        room -= part.samples.size
        if room < 0:
            limits.check_length(limits.samples // part.samples.shape[1] + 1, part.rate, 1)
        yield part


def _joined(found: list[Decoded], limits: Limits) -> Decoded:
    """One sound of several, at the first one's rate and with its channels."""
    first = found[0]
    rate, channels = first.rate, first.samples.shape[1]
    sounds = [_like(part, rate, channels) for part in found]
    notices = list(dict.fromkeys(notice for part in found for notice in part.notices))
    if any((part.rate, part.samples.shape[1]) != (rate, channels) for part in found):
        notices.append(
            f"The file is {len(found)} recordings in one, of different kinds; all were brought to "
            f"{rate} Hz and {channels} {'channel' if channels == 1 else 'channels'}."
        )
    samples = np.concatenate(sounds)
    limits.check_length(len(samples), rate, channels)
    return Decoded(samples, rate, tuple(notices))


def _like(part: Decoded, rate: int, channels: int) -> _Frames:
    samples = part.samples
    if samples.shape[1] != channels:
        samples = np.repeat(to_mono(samples.T).T, channels, axis=1)
    if part.rate != rate and len(samples):
        samples = soxr.resample(samples, part.rate, rate, "VHQ")
    return samples.astype(np.float32, copy=False)


def _exactly(data: bytes, limits: Limits, cancel: threading.Event | None) -> Decoded | None:
    """What libsndfile reads to the last sample; None where ffmpeg should try."""
    data = data[tag_length(data) :]
    if not data.startswith(_EXACT_BEGINNINGS):
        return None
    wave = read_wave(data) if data.startswith(b"RIFF") else None
    if wave is not None and not wave.regular:
        data = wave.mended(data)
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            if file.subtype not in _EXACT_SUBTYPES:
                return None
            rate, channels, stated = file.samplerate, file.channels, file.frames
            limits.check_form(rate, channels)
            most = limits.most(rate, channels)
            if stated > most:
                limits.check_length(_counted(file, most + 1, cancel), rate, channels)
                return None
            samples = _read(file, stated, cancel)
    except (soundfile.SoundFileError, RuntimeError, ValueError, TypeError):
        return None
    if len(samples) != stated or not stated:
        return None
    return Decoded(samples, rate, _notices_of(wave, rate, len(samples)))


def _read(file: soundfile.SoundFile, frames: int, cancel: threading.Event | None) -> _Frames:
    """So many frames, or as many as there are."""
    samples = np.empty((frames, file.channels), np.float32)
    done = 0
    while done < frames:
        raise_if_cancelled(cancel, _WORK)
        got = len(file.read(out=samples[done : done + _BLOCK]))
        if not got:
            break
        done += got
    return samples[:done]


def _counted(file: soundfile.SoundFile, most: int, cancel: threading.Event | None) -> int:
    """Frames that there are, as far as `most`; none is kept."""
    count = 0
    for block in file.blocks(_BLOCK, frames=most, dtype="float32", always_2d=True):
        raise_if_cancelled(cancel, _WORK)
        count += len(block)
    return count


def _notices_of(wave: Wave | None, rate: int, frames: int) -> tuple[str, ...]:
    """What of a WAV is not heard."""
    if wave is None:
        return ()
    seconds = frames / rate
    notices = []
    if wave.stated > wave.end - wave.begin:
        notices += _shortfall(seconds * wave.stated / (wave.end - wave.begin), seconds)
    if wave.left > (wave.end - wave.begin) * _NOTABLE_SECONDS / seconds:
        notices.append(
            f"After its {seconds:.1f} s of sound the recording goes on with "
            f"{wave.left / 1000:.0f} kB that its header does not speak of; they were left out."
        )
    return tuple(notices)


def _shortfall(stated: float, seconds: float) -> list[str]:
    if stated - seconds < max(_NOTABLE_SECONDS, _NOTABLE_SHARE * stated):
        return []
    return [
        f"The file says that the recording lasts {_spoken(stated)}, but only "
        f"{_spoken(seconds)} of it are there."
    ]


def _spoken(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 600 else f"{seconds / 60:.0f} minutes"


def _through_ffmpeg(
    path: Path,
    span: tuple[int, int] | None,
    limits: Limits,
    seconds: float,
    room: int,
    cancel: threading.Event | None,
) -> Decoded:
    """Decode a file, or a span of its bytes, and say what of it is missing."""
    try:
        binary = ffmpeg.find_ffmpeg()
    except AudioFileError as cause:
        raise AudioFileError(f"Only WAV, AIFF and FLAC can be read here, since {cause}") from None
    most = min(room, limits.samples) + limits.channels
    heard = ffmpeg.run_ffmpeg(binary, path, span, most, seconds, cancel)
    rate, channels = heard.rate, heard.samples.shape[1]
    limits.check_form(rate, channels)
    limits.check_length(len(heard.samples), rate, channels)
    samples = heard.samples
    if heard.start <= 0.0:
        samples = samples[_PRIMING.get(heard.demuxer, 0) :]
    notices = _shortfall(heard.stated, len(samples) / rate)
    if not notices and heard.broken_off:
        notices.append("The recording breaks off; what is there was read.")
    if heard.damaged:
        notices.append("Parts of the recording are damaged; they were left out.")
    if heard.tracks > 1:
        notices.append(f"The file has {heard.tracks} sound tracks; one of them was read.")
    return Decoded(samples, rate, tuple(notices))
