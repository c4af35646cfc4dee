"""WAV files whose chunks do not lie where their lengths say.

Recorders that were cut off leave a length of 0 or of all ones; some programs leave out the byte
that pads a chunk of odd length. The sound is there: it gets a header that says so.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_RIFF_HEADER = 12
_CHUNK_HEADER = 8
_UNKNOWN = (0, 0xFFFFFFFF)
_KEPT = (b"fmt ", b"fact")
MOST_CHUNKS = 10_000
_PRINTABLE = range(0x20, 0x7F)


@dataclass(frozen=True)
class Wave:
    """What a WAV holds.

    Attributes:
        header: all that a reader needs before the samples.
        begin, end: bytes of the samples.
        stated: bytes of samples that the header says there are; 0: it does not say.
        left: bytes after them that are no chunk.
        regular: the file can be read as it is.
    """

    header: bytes
    begin: int
    end: int
    stated: int
    left: int
    regular: bool

    def mended(self, data: bytes) -> bytes:
        """The WAV, its chunks in order."""
        return self.header + data[self.begin : self.end]


def read_wave(data: bytes) -> Wave | None:
    """The chunks of a WAV; None where it has no format or no samples."""
    kept: dict[bytes, bytes] = {}
    place, regular = _RIFF_HEADER, True
    for _ in range(MOST_CHUNKS):
        name, length = _chunk(data, place)
        if not name:
            return None
        begin = place + _CHUNK_HEADER
        if name == b"data":
            break
        if name in _KEPT:
            kept[name] = data[begin : begin + length]
        place, padded = _next(data, begin + length)
        regular = regular and padded
    else:
        return None
    if b"fmt " not in kept:
        return None
    rest = len(data) - begin
    known = length not in _UNKNOWN
    count = min(length, rest) if known else rest
    after = begin + count
    left = 0 if after >= len(data) - 1 or _chunk(data, _next(data, after)[0])[0] else rest - count
    if not data[after:].strip(b"\0"):
        left = 0  # recorders fill up their last block
    chunks = b"".join(
        name + struct.pack("<I", len(kept[name])) + _even(kept[name]) for name in kept
    )
    header = b"RIFF" + struct.pack("<I", min(4 + len(chunks) + 8 + count, 0xFFFFFFFF)) + b"WAVE"
    header += chunks + b"data" + struct.pack("<I", min(count, 0xFFFFFFFF))
    return Wave(
        header, begin, after, length if known else 0, left, regular and known and count == length
    )


def _chunk(data: bytes, place: int) -> tuple[bytes, int]:
    """Name and length of the chunk that begins here; no name where none does."""
    head = data[place : place + _CHUNK_HEADER]
    if len(head) < _CHUNK_HEADER or any(byte not in _PRINTABLE for byte in head[:4]):
        return b"", 0
    return head[:4], int(struct.unpack("<I", head[4:])[0])


def _next(data: bytes, end: int) -> tuple[int, bool]:
    """Where the chunk after one that ends here begins, and whether it begins where it should."""
    padded = end + end % 2
    if padded == end or _chunk(data, padded)[0] or not _chunk(data, end)[0]:
        return padded, True
    return end, False


def _even(chunk: bytes) -> bytes:
    return chunk + b"\0" * (len(chunk) % 2)
