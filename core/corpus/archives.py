"""Sounds inside the archives that packages keep them in: zip, tar, the formats of games, SoundFont.

Each reader yields (path, content) of the files whose path is wanted. Packages come from outside, so
every offset is checked, what is unpacked is bounded, and no path leads out of the archive.
"""

from __future__ import annotations

import gzip
import io
import re
import struct
import tarfile
import wave
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from core.errors import AudioFileError

MOST_BYTES = 1 << 30
"""Of an unpacked archive; OpenClonk's sounds are 50 MB."""
MOST_FILE_BYTES = 1 << 28
"""Of one file in it."""
MOST_ENTRIES = 100_000
DEEPEST_FOLDER = 16

Wanted = Callable[[str], bool]
Files = Iterator[tuple[str, bytes]]

COMMONS = {"Zero": "CC0", "Attribution": "CC-BY", "Attribution-ShareAlike": "CC-BY-SA"}
"""Names of Creative Commons licences in OpenTTD's containers, and their short names."""


_DAMAGED = (
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    EOFError,
    wave.Error,
    IndexError,
    UnicodeError,
)
"""What the readers raise for an archive that is not as its format says."""


def is_inside(path: str) -> bool:
    """Whether a relative path stays in the folder that it is resolved in."""
    parts = PurePosixPath(path)
    return not parts.is_absolute() and ".." not in parts.parts and "\\" not in path


def read_archive(archive: Path, wanted: Wanted) -> Files:
    """The wanted files of an archive, by its suffix: those of `READERS`; all others are zip.

    Raises:
        AudioFileError: it is damaged, or unpacks to more than the bounds allow.
    """
    reader = READERS.get(archive.suffix.lower(), read_zip)
    unpacked = 0
    try:
        for path, content in reader(archive, wanted):
            unpacked += len(content)
            _bounded(archive.name, unpacked, MOST_BYTES)
            if is_inside(path):
                yield path, content
    except _DAMAGED as error:
        raise AudioFileError(
            f"{archive.name} is damaged ({error}): delete the package and run again."
        ) from None


def read_zip(archive: Path, wanted: Wanted) -> Files:
    """Files of a zip (.zip, .pk3, .wz, .whl)."""
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            if wanted(entry.filename):
                _bounded(archive.name, entry.file_size, MOST_FILE_BYTES)
                yield entry.filename, opened.read(entry)


def read_tarball(archive: Path, wanted: Wanted) -> Files:
    """Files of a tar packed by gzip (.tgz), as npm has them; links and devices are passed over.

    What is not wanted is unpacked too to be skipped, so that it counts.
    """
    unpacked = 0
    with tarfile.open(archive, "r:gz") as tar:
        for seen, member in enumerate(tar):
            unpacked += member.size
            _bounded(archive.name, seen, MOST_ENTRIES)
            _bounded(archive.name, unpacked, MOST_BYTES)
            if member.isfile() and wanted(member.name):
                _bounded(archive.name, member.size, MOST_FILE_BYTES)
                content = tar.extractfile(member)
                assert content is not None
                yield member.name, content.read()


def _bounded(name: str, size: int, most: int) -> None:
    if not 0 <= size <= most:
        raise AudioFileError(f"{name} unpacks to {size} bytes (at most {most}): leave it out.")


def _slice(content: bytes, start: int, size: int) -> bytes:
    """Bytes of a place that a table of contents names; raises IndexError beyond the end."""
    if start < 0 or size < 0 or start + size > len(content):
        raise IndexError(f"{size} bytes at {start} of {len(content)}")
    return content[start : start + size]


def _inflated(name: str, packed: bytes, window: int, most: int) -> bytes:
    """Unpacked by zlib, at most so many bytes; `window` as zlib.decompressobj takes it."""
    unpacker = zlib.decompressobj(window)
    content = unpacker.decompress(packed, most)
    if unpacker.unconsumed_tail:
        _bounded(name, most + 1, most)
    if not unpacker.eof:
        raise zlib.error("it ends too soon")
    return content


# --- Clonk groups -------------------------------------------------------------------------

_GROUP_HEADER = 204
_GROUP_ENTRY = 316
_GROUP_MARK = b"RedWolf Design GrpFolder"
_GROUP_KEY = 237
"""The header is exclusively ored with it."""
_GZIP_WINDOW = 31
_GZIP_MARK, _CLONK_MARK = b"\x1f\x8b", b"\x1e\x8c"


def read_clonk_group(archive: Path, wanted: Wanted) -> Files:
    """Files of a packed group of Clonk (.ocg, .ocd): gzip under a mark of its own.

    A group is a scrambled header of 204 bytes with the number of entries, entries of 316 bytes
    (name, whether it is a group itself, size, place), then the files one after another. Integers
    are little-endian.
    """
    packed = archive.read_bytes()
    if packed[:2] != _CLONK_MARK:
        raise zlib.error("it is no packed group")
    content = _inflated(archive.name, _GZIP_MARK + packed[2:], _GZIP_WINDOW, MOST_BYTES)
    yield from _group_files(content, 0, "", wanted)


def _group_files(content: bytes, start: int, folder: str, wanted: Wanted) -> Files:
    if folder.count("/") > DEEPEST_FOLDER:
        raise IndexError("groups in groups without end")
    first = start + _GROUP_HEADER
    count = _group_count(_slice(content, start, _GROUP_HEADER))
    files = first + count * _GROUP_ENTRY
    for place in range(first, files, _GROUP_ENTRY):
        entry = _slice(content, place, _GROUP_ENTRY)
        name = entry[:260].split(b"\0")[0].decode("utf-8", errors="replace")
        _, is_group, size, _, offset = struct.unpack_from("<5i", entry, 260)
        if is_group:
            yield from _group_files(content, files + offset, f"{folder}{name}/", wanted)
        elif wanted(folder + name):
            yield folder + name, _slice(content, files + offset, size)


def _group_count(header: bytes) -> int:
    """The number of entries of a group, from its header as it stands in the file."""
    plain = bytearray(header)
    for i in range(0, _GROUP_HEADER - 2, 3):
        plain[i], plain[i + 2] = plain[i + 2], plain[i]
    plain = bytearray(byte ^ _GROUP_KEY for byte in plain)
    (count,) = struct.unpack_from("<i", plain, 36)
    if not plain.startswith(_GROUP_MARK) or not 0 <= count <= MOST_ENTRIES:
        raise IndexError("it has no header of a group")
    return int(count)


# --- Qt resources -------------------------------------------------------------------------

_IS_PACKED, _IS_FOLDER, _IS_ZSTD = 1, 2, 4
_NODE_BYTES = {1: 14, 2: 22, 3: 22}
"""Of a node of the tree, by the version of the format."""


def read_qt_resources(archive: Path, wanted: Wanted) -> Files:
    """Files of a binary Qt resource file (.rcc), stored or packed by zlib; others are passed over.

    A header names the places of a tree, of data and of names. A node of the tree has a name (its
    length, a hash, UTF-16) and either the number and index of its children or the place of its
    data, which their length precedes. Integers are big-endian.
    """
    content = archive.read_bytes()
    mark, version, tree, data, names = struct.unpack_from(">4s4I", content)
    if mark != b"qres" or version not in _NODE_BYTES:
        raise IndexError("it is no Qt resource file of version 1 to 3")
    nodes = [(0, "", 0)]
    seen = 0
    while nodes:
        index, path, depth = nodes.pop()
        seen += 1
        if seen > MOST_ENTRIES or depth > DEEPEST_FOLDER:
            raise IndexError("folders in folders without end")
        place = tree + index * _NODE_BYTES[version]
        flags, first, second = struct.unpack_from(">4xHII", content, place)
        if flags & _IS_FOLDER:
            _bounded(archive.name, first, MOST_ENTRIES)
            for child in range(second, second + first):
                name = _resource_name(content, tree + child * _NODE_BYTES[version], names)
                nodes.append((child, f"{path}/{name}" if path else name, depth + 1))
        elif not flags & _IS_ZSTD and wanted(path):
            yield path, _resource_data(archive.name, content, data + second, flags)


def _resource_name(content: bytes, node: int, names: int) -> str:
    place = names + int(struct.unpack_from(">I", content, node)[0])
    (length,) = struct.unpack_from(">H", content, place)
    return _slice(content, place + 6, 2 * length).decode("utf-16-be")


def _resource_data(name: str, content: bytes, place: int, flags: int) -> bytes:
    (size,) = struct.unpack_from(">I", content, place)
    stored = _slice(content, place + 4, size)
    if not flags & _IS_PACKED:
        return stored
    return _inflated(name, stored[4:], zlib.MAX_WBITS, MOST_FILE_BYTES)


# --- OpenTTD ------------------------------------------------------------------------------


def read_openttd_sounds(archive: Path, wanted: Wanted) -> Files:
    """Sounds of an OpenTTD container (.cat), each followed by a file of the licence it states.

    The container opens with offset and size of each sound (little-endian, 32 bits); at the
    offset stand the length of a description, the description and a WAV file.
    """
    content = archive.read_bytes()
    count = (struct.unpack_from("<I", content)[0] & 0x7FFFFFFF) // 8
    for index in range(count):
        offset, size = struct.unpack_from("<II", content, 8 * index)
        start = (offset & 0x7FFFFFFF) + 1
        wave = start + content[start - 1]
        text = content[start:wave].rstrip(b"\0").decode("utf-8", errors="replace")
        name = re.search(r'"([^"]+)"', text)
        licence = re.search(r"License: Creative Commons ([\w-]+) (\d\.\d)", text)
        if name and licence and licence[1] in COMMONS and content[wave : wave + 4] == b"RIFF":
            title = re.sub(r"\W+", "-", name[1]).strip("-")
            path = f"{index:02d}-{title}.wav"
            if wanted(path):
                yield path, content[wave : wave + size]
                stated = f"{COMMONS[licence[1]]}-{licence[2]}\n"
                yield f"{index:02d}-{title}.licence", stated.encode()


# --- SoundFont ----------------------------------------------------------------------------

_SAMPLE_HEADER = struct.Struct("<20s5I6x")
"""Name, first and end sample, both ends of its loop, rate in Hz; then its pitch and its pair."""
_LIST_TYPE = 4


def read_soundfont(archive: Path, wanted: Wanted) -> Files:
    """Samples of a SoundFont 2 bank (.sf2), as mono WAV files named by number and name.

    A RIFF file of lists: one holds all samples one after another (16 bits), another the headers
    that say where each begins and ends; the last header ends the table.
    """
    content = archive.read_bytes()
    chunks = dict(_sound_chunks(content))
    if content[:4] != b"RIFF" or not {b"smpl", b"shdr"} <= chunks.keys():
        raise IndexError("it is no SoundFont bank")
    samples, headers = chunks[b"smpl"], chunks[b"shdr"]
    last = len(headers) // _SAMPLE_HEADER.size - 1
    for index in range(last):
        name, start, end, _, _, rate = _SAMPLE_HEADER.unpack_from(
            headers, index * _SAMPLE_HEADER.size
        )
        title = re.sub(r"\W+", "-", name.split(b"\0")[0].decode("ascii", errors="replace"))
        path = f"{index:04d}-{title.strip('-')}.wav"
        if wanted(path):
            yield path, _wave_file(_slice(samples, 2 * start, 2 * (end - start)), rate)


def _sound_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names and contents of the chunks in the lists of a RIFF file."""
    place = 12
    while place < len(content):
        mark, size = struct.unpack_from("<4sI", content, place)
        place += 8
        if mark == b"LIST":
            place += _LIST_TYPE
        else:
            yield mark, _slice(content, place, size)
            place += size + size % 2


def _wave_file(samples: bytes, rate: int) -> bytes:
    """A mono WAV file of 16-bit samples."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples)
    return out.getvalue()


READERS: dict[str, Callable[[Path, Wanted], Files]] = {
    ".cat": read_openttd_sounds,
    ".ocd": read_clonk_group,
    ".ocg": read_clonk_group,
    ".rcc": read_qt_resources,
    ".sf2": read_soundfont,
    ".tgz": read_tarball,
}
