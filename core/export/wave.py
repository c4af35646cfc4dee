"""RIFF WAVE files with everything that sound people look for inside.

libsndfile writes no labels and puts broadcast data behind the sound, and silence before a stem
should cost nothing: so the container is written here. Chunks: fmt, bext (EBU Tech 3285 v2, with
the loudness), data, cue and LIST adtl (labels and regions), smpl (loop), LIST INFO, id3. Stretches
of are left as holes, which file systems store without taking room.
"""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np

from core.export.dither import Dither
from core.export.markers import Marker
from core.export.tags import ORIGINATOR, id3_bytes, tag_text
from core.mix.crossfade import Samples
from core.mix.loudness import Loudness

_PCM, _FLOAT = 1, 3
_UNMEASURED = 0x7FFF

Buffer = bytes | memoryview


@dataclass(frozen=True)
class Inside:
    """What a file says about itself.

    Attributes:
        title, comment: of any text; what no tag can hold is replaced (`tag_text`).
        created: None leaves the time out, so that equal sound gives equal bytes.
        markers: events and moments, in frames of this file.
        loop: first frame and the frame after the last of a seamless loop.
        position: frame of the story at which this file begins.
    """

    title: str
    comment: str
    created: datetime | None = None
    markers: tuple[Marker, ...] = ()
    loop: tuple[int, int] | None = None
    position: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", tag_text(self.title))
        object.__setattr__(self, "comment", tag_text(self.comment))


def chunk(name: bytes, data: bytes) -> bytes:
    """A RIFF chunk, padded to an even length."""
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _ascii(text: str, size: int) -> bytes:
    """At most `size` bytes of ASCII, padded; letters lose their accents, the rest becomes '?'."""
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return plain.encode("ascii", "replace")[:size].ljust(size, b"\0")


def _format_chunk(rate: int, channels: int, bits: int | None) -> bytes:
    width = (bits or 32) // 8
    kind = _PCM if bits else _FLOAT
    data = struct.pack(
        "<HHIIHH", kind, channels, rate, rate * channels * width, channels * width, 8 * width
    )
    return chunk(b"fmt ", data if bits else data + struct.pack("<H", 0))


def _hundredths(level: float) -> int:
    """A level as bext stores it, in hundredths; what cannot be stored counts as unmeasured."""
    return round(100 * level) if abs(level) < 300 else _UNMEASURED


def _broadcast_chunk(
    inside: Inside, rate: int, bits: int | None, loudness: Loudness | None
) -> bytes:
    created = inside.created
    date = created.strftime("%Y-%m-%d") if created else ""
    time = created.strftime("%H:%M:%S") if created else ""
    levels = (_UNMEASURED,) * 5
    if loudness is not None:
        measured = (
            loudness.integrated,
            loudness.spread,
            loudness.true_peak,
            loudness.momentary,
            loudness.short_term,
        )
        levels = tuple(_hundredths(level) for level in measured)  # type: ignore[assignment]
    history = f"A={'PCM' if bits else 'FLOAT'},F={rate},W={bits or 32},M=stereo,T={ORIGINATOR}\r\n"
    return chunk(
        b"bext",
        _ascii(f"{inside.title}: {inside.comment}", 256)
        + _ascii(ORIGINATOR, 32)
        + bytes(32)
        + _ascii(date, 10)
        + _ascii(time, 8)
        + struct.pack("<QH", inside.position, 2)
        + bytes(64)
        + struct.pack("<5h", *levels)
        + bytes(180)
        + history.encode(),
    )


def _cue_chunks(markers: Sequence[Marker]) -> bytes:
    """Events and moments as cue points with labels; events as regions with their lengths, too."""
    if not markers:
        return b""
    cues, texts = struct.pack("<I", len(markers)), b"adtl"
    for number, marker in enumerate(markers, start=1):
        cues += struct.pack("<II4sIII", number, marker.start, b"data", 0, 0, marker.start)
        label = struct.pack("<I", number) + marker.label.encode() + b"\0"
        texts += chunk(b"labl", label)
        if not marker.is_moment:
            length = marker.end - marker.start
            texts += chunk(b"ltxt", struct.pack("<II4sHHHH", number, length, b"rgn ", 0, 0, 0, 0))
    return chunk(b"cue ", cues) + chunk(b"LIST", texts)


def _loop_chunk(loop: tuple[int, int] | None, rate: int) -> bytes:
    """A sampler chunk with one endless forward loop; its last frame is played too."""
    if loop is None:
        return b""
    head = struct.pack("<9I", 0, 0, round(1e9 / rate), 60, 0, 0, 0, 1, 0)
    return chunk(b"smpl", head + struct.pack("<6I", 0, 0, loop[0], loop[1] - 1, 0, 0))


def _info_chunks(inside: Inside) -> bytes:
    entries = [(b"INAM", inside.title), (b"ICMT", inside.comment), (b"ISFT", ORIGINATOR)]
    if inside.created:
        entries.append((b"ICRD", inside.created.strftime("%Y-%m-%d")))
    body = b"".join(chunk(name, text.encode() + b"\0") for name, text in entries)
    tags = id3_bytes(inside.title, inside.comment, inside.created)
    return chunk(b"LIST", b"INFO" + body) + chunk(b"id3 ", tags)


@dataclass
class _Layout:
    """The bytes around the sound, for a sound of known length."""

    rate: int
    frames: int
    channels: int
    bits: int | None
    inside: Inside
    after: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.after = (
            _cue_chunks(self.inside.markers)
            + _loop_chunk(self.inside.loop, self.rate)
            + _info_chunks(self.inside)
        )

    @property
    def frame_bytes(self) -> int:
        return self.channels * (self.bits or 32) // 8

    @property
    def data_bytes(self) -> int:
        return self.frames * self.frame_bytes

    def before(self, loudness: Loudness | None) -> bytes:
        """Everything up to the first sample; its length does not depend on the loudness."""
        chunks = _format_chunk(self.rate, self.channels, self.bits)
        if self.bits is None:
            chunks += chunk(b"fact", struct.pack("<I", self.frames))
        chunks += _broadcast_chunk(self.inside, self.rate, self.bits, loudness)
        padding = self.data_bytes % 2
        size = 4 + len(chunks) + 8 + self.data_bytes + padding + len(self.after)
        head = b"RIFF" + struct.pack("<I", size) + b"WAVE"
        return head + chunks + b"data" + struct.pack("<I", self.data_bytes)


def _encoder(bits: int | None) -> Callable[[Samples], Buffer]:
    if bits is None:
        return lambda block: np.ascontiguousarray(block, dtype="<f4").data
    dither = Dither(bits)
    if bits == 16:
        return lambda block: dither.quantised(block).astype("<i2").data

    def three_bytes(block: Samples) -> Buffer:
        whole = dither.quantised(block).astype("<i4")
        return whole.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()

    return three_bytes


def write_wave(
    path: Path,
    blocks: Iterable[Samples],
    rate: int,
    frames: int,
    bits: int | None,
    inside: Inside,
    *,
    lead: int = 0,
    loudness: Callable[[], Loudness | None] = lambda: None,
) -> None:
    """Write stereo blocks as a WAVE file of exactly `frames` frames.

    Args:
        bits: 16, 24, or None for 32-bit float.
        lead: frames of silence before the first block; silence also fills up the end.
        loudness: asked for after the last block, for the bext chunk.

    Raises:
        OSError: the disk is full.
    """
    layout = _Layout(rate, frames, 2, bits, inside)
    encode = _encoder(bits)
    header = layout.before(None)
    with path.open("wb") as file:
        file.write(header)
        file.seek(len(header) + lead * layout.frame_bytes)
        written = lead
        for block in blocks:
            block = block[: frames - written]
            file.write(encode(block))
            written += len(block)
        end = len(header) + layout.data_bytes + layout.data_bytes % 2
        file.seek(end)
        file.write(layout.after)
        file.seek(0)
        file.write(layout.before(loudness()))
        file.truncate(end + len(layout.after))
