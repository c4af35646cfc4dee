"""Files that are several in one: joined MP3s, chained Ogg, WAVs and FLACs one after the other.

They come of `cat`, of radio dumps and of podcasts with inserted parts. A decoder that trusts the
first header stops after the first; one that reads on takes the next header for sound, or refuses
another rate. So each part is decoded by itself.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

MOST_PARTS = 200
"""Parts of a file that are decoded one by one; a file of more is decoded in one go."""
_MOST_MARKS = 4 * MOST_PARTS
"""Places that are looked at: a file made of nothing but beginnings has tens of millions."""
_BEGINNINGS = {
    b"RIFF": re.compile(rb"RIFF.{4}WAVE", re.DOTALL),
    b"fLaC": re.compile(rb"fLaC[\x00\x80]\x00\x00\x22"),
    b"OggS": re.compile(rb"OggS\x00[\x02\x03\x06\x07]"),
}
"""How a file of a kind begins, by its first four bytes: header, stream info, first page."""
_INFO = re.compile(rb"Xing|Info")
_INFO_OFFSETS = (36, 21, 13)
"""Bytes from the beginning of an MP3's frame to the mark of its information: after the header and
the side information of a stereo or mono frame of MPEG 1 or 2."""
_NEARLY = 4096
"""Bytes of padding that may lie between an MP3's tag and its first frame."""
_TAG_HEADER = 10
_TAG = re.compile(rb"ID3[\x02-\x04]\x00")
_LACING = 26
"""Where an Ogg page counts its segments; their lengths follow."""


def joinable(head: bytes) -> bool:
    """Whether a file of this beginning (10 bytes) may be several in one."""
    return head[:4] in _BEGINNINGS or _is_mp3(head)


def joined_parts(data: bytes) -> list[tuple[int, int]]:
    """The bytes, from and to, of each file in a file; all of it where it is one."""
    head = data[:4]
    if head in _BEGINNINGS:
        begins = _places(_BEGINNINGS[head], data)
        if head == b"OggS" and len(begins) <= _MOST_MARKS:
            begins = _first_pages(data, begins)
    else:
        begins = _further_mp3s(data)
    begins = sorted({0, *begins})
    if len(begins) > MOST_PARTS:
        return [(0, len(data))]
    return list(itertools.pairwise([*begins, len(data)]))


def _places(mark: re.Pattern[bytes], data: bytes, first: int = 0) -> list[int]:
    """Where a mark stands, from byte `first` on; of more than _MOST_MARKS only one more."""
    found = itertools.islice(mark.finditer(data, first), _MOST_MARKS + 1)
    return [match.start() for match in found]


def _is_mp3(head: bytes) -> bool:
    return head[:3] == b"ID3" or _is_frame(head)


def _is_frame(data: bytes) -> bool:
    """Whether the header of a frame of MPEG audio, layer III, begins here."""
    sync = len(data) >= 4 and data[0] == 0xFF and data[1] & 0xE6 == 0xE2
    return sync and data[1] & 0x18 != 0x08 and data[2] & 0x0C != 0x0C and data[2] & 0xF0 != 0xF0


def _first_pages(data: bytes, begins: list[int]) -> list[int]:
    """Pages that begin a link of a chain: those of streams played together follow each other."""
    firsts: list[int] = []
    expected = 0
    for begin in begins:
        if begin != expected or not firsts:
            firsts.append(begin)
        count = data[begin + _LACING] if begin + _LACING < len(data) else 0
        lengths = data[begin + _LACING + 1 : begin + _LACING + 1 + count]
        expected = begin + _LACING + 1 + count + sum(lengths)
    return firsts


def _further_mp3s(data: bytes) -> list[int]:
    """Where a further MP3 begins: with a tag before a frame, or a frame of information."""
    first = tag_length(data) + _NEARLY
    tags = {
        begin + tag_length(data[begin : begin + _TAG_HEADER]): begin
        for begin in _places(_TAG, data, first)
    }
    begins = {begin for end, begin in tags.items() if _is_frame(data[end : end + 4])}
    for frame in _information_frames(data, first):
        near = [begin for end, begin in tags.items() if 0 <= frame - end <= _NEARLY]
        begins |= {*near} or {frame}
    return sorted(begins)


def _information_frames(data: bytes, first: int) -> Iterator[int]:
    """Where frames begin that tell of their file, from byte `first` on."""
    for mark in _places(_INFO, data, first + max(_INFO_OFFSETS)):
        starts = (mark - offset for offset in _INFO_OFFSETS)
        yield from (start for start in starts if _is_frame(data[start : start + 4]))


def tag_length(data: bytes) -> int:
    """Bytes of the ID3 tag at the beginning; 0 where there is none."""
    if data[:3] != b"ID3" or len(data) < _TAG_HEADER:
        return 0
    length = 0
    for byte in data[6:_TAG_HEADER]:
        length = length << 7 | byte & 0x7F
    return _TAG_HEADER + length
