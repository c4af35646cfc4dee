"""Sound files of every format the studio writes, each in one atomic step.

WAV is written by `core.export.wave`, M4A by pydub with ffmpeg (`core.audio.ffmpeg`), everything
else by libsndfile.
"""

from __future__ import annotations

import itertools
import mmap
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import soundfile
from mutagen import MutagenError

from core.audio.ffmpeg import find_ffmpeg
from core.errors import AudioFileError, FileError
from core.export.dither import Dither
from core.export.settings import FORMATS, Format, FormatName
from core.export.tags import write_tags
from core.export.wave import Inside, write_wave
from core.files import atomic_path, incomplete, unwritable
from core.mix.crossfade import Samples
from core.mix.loudness import Loudness

SLICE = 8192
"""Frames handed to an encoder at once; libsndfile's Vorbis encoder keeps them on the stack."""
COPIED = 65_536
"""Frames of a take copied at once."""
_QUALITY = {"mp3": 0.2, "ogg": 0.3, "opus": 0.3}
"""libsndfile's compression level, 0 best to 1 smallest: about 220, 200 and 180 kbit/s."""
AAC_BITRATE = "224k"
_UNKNOWN = "Unknown encoder"
"""What ffmpeg says where it was built without one."""

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message="Couldn't find ffmpeg", category=RuntimeWarning)
    from pydub import AudioSegment
    from pydub.exceptions import CouldntEncodeError

_FAILED = (soundfile.SoundFileError, AssertionError, CouldntEncodeError, MutagenError)
"""What encoders and taggers raise, also where the disk is full."""


def find_encoder(format_name: FormatName) -> str:
    """The ffmpeg that writes this format; empty where none is needed.

    Raises:
        FileError: it is needed, and there is none that runs.
    """
    kind = FORMATS[format_name]
    if kind.container or kind.suffix == ".wav":
        return ""
    try:
        return find_ffmpeg()
    except AudioFileError as cause:
        raise FileError(
            f"{kind.title} cannot be written, since {str(cause).rstrip('.')}, "
            "or choose another format."
        ) from None


def write_sound(
    path: Path,
    blocks: Iterable[Samples],
    rate: int,
    frames: int,
    format_name: FormatName,
    inside: Inside,
    *,
    lead: int = 0,
    loudness: Callable[[], Loudness | None] = lambda: None,
) -> None:
    """Write float32 (n, 2) blocks as a sound file of exactly `frames` frames.

    Args:
        lead: frames of silence before the first block; silence also fills up the end.
        loudness: asked for after the last block, where the format stores it.

    Raises:
        FileError: the folder cannot be written to, the disk is full, or the encoder is missing or
            failed.
    """
    kind, encoder = FORMATS[format_name], find_encoder(format_name)
    with atomic_path(path) as temporary:
        if kind.suffix == ".wav":
            write_wave(
                temporary, blocks, rate, frames, kind.bits, inside, lead=lead, loudness=loudness
            )
            return
        whole = _exactly(blocks, lead, frames)
        try:
            if kind.container:
                _write_libsndfile(temporary, whole, rate, format_name, kind)
            else:
                _write_aac(temporary, whole, rate, encoder)
            write_tags(temporary, inside.title, inside.comment, inside.created)
            written = soundfile.info(str(temporary)).frames if kind.container else frames
        except (
            soundfile.SoundFileError,
            AssertionError,
            CouldntEncodeError,
            MutagenError,
        ) as cause:
            if _UNKNOWN in str(cause):
                raise FileError(
                    f"{kind.title} cannot be written, since this ffmpeg has no encoder for it "
                    f"({encoder}); choose another format."
                ) from None
            written = -1
        if written != frames:
            raise incomplete(path)


def copy_as_wave(source: Path, target: Path) -> None:
    """The same samples as WAV, in the source's own depth.

    Raises:
        FileError: the source is damaged.
    """
    try:
        with soundfile.SoundFile(str(source)) as file:
            about = (str(target), "w", file.samplerate, file.channels, file.subtype)
            with soundfile.SoundFile(*about, format="WAV") as copy:
                for block in file.blocks(COPIED, dtype="int32"):
                    copy.write(block)
    except soundfile.SoundFileError:
        raise FileError(
            f"The sound file {source.name} is damaged, or the disk is full; render its event again."
        ) from None


def _exactly(blocks: Iterable[Samples], lead: int, frames: int) -> Iterator[Samples]:
    """`lead` frames of silence, the blocks, and silence up to `frames`, in small slices."""
    written = 0
    silence = np.zeros((SLICE, 2), dtype=np.float32)
    for block in itertools.chain(_silence(lead, silence), blocks):
        for start in range(0, len(block), SLICE):
            part = block[start : start + SLICE][: frames - written]
            written += len(part)
            if len(part):
                yield part
    yield from _silence(frames - written, silence)


def _silence(frames: int, silence: Samples) -> Iterator[Samples]:
    for start in range(0, frames, SLICE):
        yield silence[: min(SLICE, frames - start)]


def _write_libsndfile(
    path: Path,
    blocks: Iterable[Samples],
    rate: int,
    format_name: FormatName,
    kind: Format,
) -> None:
    dither = Dither(kind.bits) if kind.bits else None
    with soundfile.SoundFile(
        str(path),
        "w",
        samplerate=rate,
        channels=2,
        format=kind.container,
        subtype=kind.subtype,
        compression_level=_QUALITY.get(format_name),
    ) as file:
        for block in blocks:
            if dither is None:
                file.write(block)
            else:
                file.write(dither.quantised(block) << (32 - (kind.bits or 32)))


def _write_aac(path: Path, blocks: Iterable[Samples], rate: int, encoder: str) -> None:
    """AAC through pydub, which wants the whole sound at once: it gets a mapped scratch file."""
    dither = Dither(16)
    exact = ["-fflags", "+bitexact", "-flags:a", "+bitexact"]
    with tempfile.TemporaryFile(dir=path.parent) as scratch:
        for block in blocks:
            scratch.write(dither.quantised(block).astype("<i2").tobytes())
        scratch.flush()
        with mmap.mmap(scratch.fileno(), 0, access=mmap.ACCESS_READ) as data:
            segment = AudioSegment(data=data, sample_width=2, frame_rate=rate, channels=2)
            segment.converter = encoder
            coded = {"format": "ipod", "codec": "aac", "bitrate": AAC_BITRATE}
            try:
                segment.export(str(path), **coded, parameters=exact).close()
            except OSError as cause:  # pydub copies it to the temporary folder first
                needed = Path(tempfile.gettempdir()) / path.name
                raise unwritable(needed, cause, "M4A needs room for a while") from None
