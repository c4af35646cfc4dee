"""What is written inside a sound file: bext, INFO, iXML and XMP of a WAV, tags of other formats.

Files are untrusted: so many chunks are looked at, so many bytes of each are read, XML that defines
entities is not, and text has an end.
"""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree

import mutagen

_MOST_CHUNKS = 500
_LARGEST_CHUNK = 1_000_000
"""Bytes of a chunk of text."""
_LONGEST_TEXT = 500
"""Characters that are kept of a description; the sentence encoder reads some 300."""
_LONGEST_LICENCE = 200
_BEXT_DESCRIPTION = 256
_TEXTS = ("description", "fxname", "title", "category", "subcategory", "keywords", "subject")
"""Names of elements and tags that tell of a sound, what tells most first."""
_LICENCES = ("license", "licence", "usageterms", "rights", "copyright", "webstatement")
_INFO = {b"INAM": "title", b"ICMT": "description", b"IKEY": "keywords", b"ICOP": "copyright"}
_TAGS = {
    "TIT2": "title", "TCOP": "copyright", "WCOP": "license", "COMM": "description",
    "\xa9nam": "title", "\xa9cmt": "description", "desc": "description", "cprt": "copyright",
    "comment": "description",
}  # fmt: skip
"""ID3 frames, MP4 atoms and Vorbis comments whose names are not the text's own."""

Texts = dict[str, str]


@dataclass(frozen=True)
class EmbeddedText:
    """What a file says of its sound, and under which licence it stands; "" where it does not."""

    description: str = ""
    licence: str = ""


def read_embedded_text(path: Path) -> EmbeddedText:
    """The text in a sound file; none where it cannot be read, which decoding will say."""
    found: Texts = {}
    try:
        with path.open("rb") as file:
            head = file.read(12)
            if head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:] == b"WAVE":
                for name, text in _wave_texts(file):
                    found.setdefault(name, text)
                return _chosen(found)
        for name, text in _tag_texts(path):
            found.setdefault(name, text)
    except (OSError, mutagen.MutagenError, ValueError, LookupError, EOFError, struct.error):
        pass
    return _chosen(found)


def _chosen(found: Texts) -> EmbeddedText:
    said = dict.fromkeys(found[name] for name in _TEXTS if found.get(name))
    licence = next((found[name] for name in _LICENCES if found.get(name)), "")
    return EmbeddedText(", ".join(said)[:_LONGEST_TEXT].strip(), licence[:_LONGEST_LICENCE].strip())


def _wave_texts(file: IO[bytes]) -> Iterator[tuple[str, str]]:
    """Name and text of each that the chunks of a WAV hold; the file stands after its header."""
    large = 0
    for _ in range(_MOST_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            return
        name, size = struct.unpack("<4sI", head)
        if name == b"ds64" and size >= 16:
            data = file.read(size) if size <= _LARGEST_CHUNK else b""
            large = struct.unpack_from("<Q", data, 8)[0] if len(data) >= 16 else 0
            continue
        if name == b"data" and size == 0xFFFFFFFF:
            size = large
        if name in (b"bext", b"LIST", b"iXML", b"_PMX") and size <= _LARGEST_CHUNK:
            yield from _chunk_texts(name, file.read(size))
            file.seek(size % 2, 1)
        else:
            file.seek(size + size % 2, 1)


def _chunk_texts(name: bytes, data: bytes) -> Iterator[tuple[str, str]]:
    if name == b"bext":
        yield "description", _plain(_decoded(data[:_BEXT_DESCRIPTION]))
    elif name == b"LIST" and data[:4] == b"INFO":
        yield from _info_texts(data[4:])
    elif name in (b"iXML", b"_PMX"):
        yield from _xml_texts(data)


def _info_texts(data: bytes) -> Iterator[tuple[str, str]]:
    place = 0
    for _ in range(_MOST_CHUNKS):
        if place + 8 > len(data):
            return
        name, size = struct.unpack_from("<4sI", data, place)
        if name in _INFO:
            yield _INFO[name], _plain(_decoded(data[place + 8 : place + 8 + size]))
        place += 8 + size + size % 2


def _xml_texts(data: bytes) -> Iterator[tuple[str, str]]:
    """Texts of the elements that tell of a sound, by their names without namespace."""
    data = data.strip(b"\0 \r\n\t")
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        return
    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError:
        return
    for element in root.iter():
        name = str(element.tag).rpartition("}")[2].lower()
        if name in _TEXTS or name in _LICENCES:
            text = _plain(" ".join(element.itertext()))
            if text:
                yield name, text


def _tag_texts(path: Path) -> Iterator[tuple[str, str]]:
    """Texts of the tags of any other format."""
    file: Any = mutagen.File(path)
    tags = getattr(file, "tags", None)
    if not tags:
        return
    for key, value in list(tags.items())[:_MOST_CHUNKS]:
        plain = str(key).partition(":")[0]
        name = _TAGS.get(plain, plain.lower())
        if name in _TEXTS or name in _LICENCES:
            parts = value if isinstance(value, list) else [value]
            text = _plain(" ".join(str(part) for part in parts))
            if text:
                yield name, text


def _decoded(data: bytes) -> str:
    """Text of a WAV, whose encoding nobody states: UTF-8 if it is that, else Latin."""
    data = data.partition(b"\0")[0]
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _plain(text: str) -> str:
    """One line without control characters or half letters."""
    text = text[: 4 * _LONGEST_TEXT].encode("utf-8", "replace").decode()
    text = "".join(" " if unicodedata.category(c)[0] == "C" else c for c in text)
    return " ".join(text.split())[:_LONGEST_TEXT]
