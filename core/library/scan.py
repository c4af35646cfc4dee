"""Looking through a folder: which files are sounds, and what changed since it was indexed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.library.catalogue import FileState

SOUND_SUFFIXES = frozenset(
    ".wav .wave .bwf .rf64 .w64 .aif .aiff .aifc .flac .ogg .oga .opus .mp3 .m4a .caf .au".split()  # noqa: SIM905
)
_MOST_FILES = 1_000_000
"""Files of one folder that are looked at."""
_MOST_DEPTH = 40
"""Folders within one another."""
_LONGEST_PATH = 1000
"""Characters of a path below the folder."""
_READ = 1 << 20


@dataclass(frozen=True)
class FoundFile:
    """A sound file: its path below the folder, with slashes, its bytes, and nanoseconds."""

    path: str
    size: int
    modified: int


@dataclass
class FolderChanges:
    """What a look through a folder found.

    Attributes:
        new: files that are new or changed.
        back: rows of files that were gone and are there again as they were.
        gone: rows of recordings whose files are not there, by path.
        forgotten: paths of files that could not be used, and are gone.
        unchanged: how many files are as they were.
        notices: in sentences, what could not be looked at.
    """

    new: list[FoundFile] = field(default_factory=list)
    back: list[int] = field(default_factory=list)
    gone: dict[str, FileState] = field(default_factory=dict)
    forgotten: list[str] = field(default_factory=list)
    unchanged: int = 0
    notices: list[str] = field(default_factory=list)


def sound_files(root: Path, notices: list[str]) -> Iterator[FoundFile]:
    """The sound files below a folder, links and hidden ones aside.

    Args:
        notices: gets a sentence on what cannot be looked at.
    """
    waiting, count = [(str(root), 0)], 0
    while waiting:
        folder, depth = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as cause:
            notices.append(f"{_shown(folder)} cannot be looked through ({cause.strerror}).")
            continue
        for entry in listed:
            if entry.name.startswith("."):
                continue
            try:
                if entry.is_dir(follow_symlinks=False):
                    if depth < _MOST_DEPTH:
                        waiting.append((entry.path, depth + 1))
                    continue
                if Path(entry.name).suffix.lower() not in SOUND_SUFFIXES:
                    continue
                if not entry.is_file(follow_symlinks=False):
                    continue
                state = entry.stat(follow_symlinks=False)
            except OSError as cause:
                notices.append(f"{_shown(entry.path)} cannot be looked at ({cause.strerror}).")
                continue
            path = Path(entry.path).relative_to(root).as_posix()
            if not _is_text(path):
                notices.append(f"{_shown(path)} has a name that is no text; rename it.")
                continue
            count += 1
            if count > _MOST_FILES:
                notices.append(f"Of more than {_MOST_FILES} files the others were left out.")
                return
            yield FoundFile(path, state.st_size, state.st_mtime_ns)


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return len(path) <= _LONGEST_PATH and "\0" not in path


def _shown(path: str) -> str:
    return path.encode("utf-8", "replace").decode()[-200:]


def folder_changes(root: Path, known: Mapping[str, FileState]) -> FolderChanges:
    """What is new, changed, back or gone in a folder, by size and time of its files."""
    changes = FolderChanges()
    left = dict(known)
    for file in sound_files(root, changes.notices):
        before = left.pop(file.path, None)
        if before is None or (before.size, before.modified) != (file.size, file.modified):
            changes.new.append(file)
        elif before.gone:
            changes.back.append(before.id)
        else:
            changes.unchanged += 1
    changes.gone = {path: state for path, state in left.items() if state.id}
    changes.forgotten = [path for path, state in left.items() if not state.id]
    return changes


def content_digest(path: Path) -> str:
    """Hash of a file's content; raises OSError."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(_READ):
            digest.update(block)
    return digest.hexdigest()
