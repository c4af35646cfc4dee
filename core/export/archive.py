"""Zips: written so that any date suits, and read whatever packed them.

A zip holds dates from 1980 to 2107 only; files of restored backups and of machines without a clock
have others. Finder adds `__MACOSX` and `.DS_Store`, Explorer and others `Thumbs.db`, a folder
around all, or backslashes; none of it says anything about the story.
"""

from __future__ import annotations

import re
import shutil
import stat
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

_EARLIEST = (1980, 1, 1, 0, 0, 0)
_LATEST = (2107, 12, 31, 23, 59, 58)
_PLAIN_FILE = (stat.S_IFREG | 0o644) << 16
_RUBBISH = re.compile(
    r"(?i)(.*/)?("
    r"(__macosx|@eadir|\.spotlight-v100|\.trashes|\.fseventsd|\$recycle\.bin)(/.*)?"
    r"|\._[^/]*|\.ds_store|\.localized|icon\r|thumbs\.db|ehthumbs\.db|desktop\.ini|\.directory"
    r"|\.part-[^/]*(/.*)?)"
)
"""What file managers and backups add beside files, and what an export left half-done."""


def add_text(archive: zipfile.ZipFile, name: str, text: str) -> None:
    """Add a text file, packed, dated now."""
    member = dated(name, time.time())
    member.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(member, text)


def add_file(archive: zipfile.ZipFile, name: str, source: Path) -> None:
    """Add a file as it is, with its date as near as a zip can tell it; sounds hardly shrink.

    Raises:
        OSError: it cannot be read, or the disk is full.
    """
    about = source.stat()
    member = dated(name, about.st_mtime)
    member.file_size = about.st_size  # beyond 2 GB the member is laid out for 64 bits
    with source.open("rb") as file, archive.open(member, "w") as packed:
        shutil.copyfileobj(file, packed)


def pack_folder(folder: Path, path: Path) -> None:
    """Write all files of a folder, below its own name-less root, to a new zip.

    Raises:
        OSError: a file cannot be read, or the disk is full.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for source in sorted(folder.rglob("*")):
            if source.is_file():
                add_file(archive, source.relative_to(folder).as_posix(), source)


def dated(name: str, seconds: float) -> zipfile.ZipInfo:
    """A plain file's entry, its date (seconds since 1970) as near as a zip can tell it."""
    try:
        moment = time.localtime(seconds)[:6]
    except (OverflowError, OSError, ValueError):
        moment = _EARLIEST
    member = zipfile.ZipInfo(name, min(max(moment, _EARLIEST), _LATEST))
    member.external_attr = _PLAIN_FILE
    return member


def named_members(archive: zipfile.ZipFile) -> Iterator[tuple[str, zipfile.ZipInfo]]:
    """The files with their paths, with slashes; without folders and what file managers add."""
    for info in archive.infolist():
        name = info.filename.replace("\\", "/").removeprefix("./")
        if not name.endswith("/") and not _RUBBISH.fullmatch(name):
            yield name, info
