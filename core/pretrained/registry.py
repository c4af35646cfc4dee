"""The performers that were added on this machine: one small file, and who is loaded of them.

The file lies where imported checkpoints do, and is replaced as a whole. A performer's own folder is
read when it is used, not before.
"""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from core.errors import FileError, WeightsError
from core.files import write_atomically
from core.places import data_folder
from core.pretrained.kinds import PRETRAINED
from core.pretrained.performer import FoundPerformer, RegisteredPerformer
from core.schema import parse_json, read_dataclass

FILE = "performers.json"
FETCHED = "performers"
"""Folder of those that were fetched."""
VERSION_WRITTEN = 1
MOST_REGISTRY_BYTES = 1_000_000
LOCK_SECONDS = 10.0
"""That another program is waited for, which writes the file too."""

_Entries = tuple[FoundPerformer, ...]


@dataclass(frozen=True)
class _Written:
    """What the file holds."""

    version: int
    performers: _Entries


def performers_folder() -> Path:
    """Where performers are registered.

    Raises:
        FileError: no home is known.
    """
    folder = data_folder()
    if folder is None:
        raise FileError("No home folder is known here; name one for performers in XDG_DATA_HOME.")
    return folder


def registered(folder: Path) -> _Entries:
    """Those that are registered in a folder.

    Raises:
        WeightsError: the file is damaged.
    """
    path = folder / FILE
    if not path.is_file():
        return ()
    try:
        if path.stat().st_size > MOST_REGISTRY_BYTES:
            raise ValueError
        data = parse_json(path.read_text(encoding="utf-8"))
        read = read_dataclass(_Written, data, FILE, WeightsError)
    except (OSError, ValueError, WeightsError):
        raise WeightsError(
            f"{path} is damaged; move it away and add the performers again."
        ) from None
    return tuple(found for found in read.performers if found.kind in PRETRAINED)


def register(folder: Path, found: FoundPerformer) -> None:
    """Add a performer; one of the same name is replaced.

    Raises:
        WeightsError: the file is damaged.
        FileError: the folder cannot be written.
    """
    _change(folder, lambda entries: (*(e for e in entries if e.name != found.name), found))


def unregister(folder: Path, name: str) -> FoundPerformer:
    """Take a performer off the list; its files stay.

    Raises:
        WeightsError: there is none of this name, or the file is damaged.
        FileError: the folder cannot be written.
    """
    gone = next((entry for entry in registered(folder) if entry.name == name), None)
    if gone is None:
        raise WeightsError(
            f"There is no performer {name[:60]!r}; `app.py performer list` lists those there are."
        )
    _change(folder, lambda entries: tuple(e for e in entries if e.name != name))
    return gone


def _change(folder: Path, change: Callable[[_Entries], _Entries]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f".{FILE}.lock", timeout=LOCK_SECONDS):
            now = change(registered(folder))
            data = dataclasses.asdict(_Written(VERSION_WRITTEN, now))
            write_atomically(folder / FILE, (json.dumps(data, indent=1) + "\n").encode())
    except (OSError, TimeoutError) as cause:
        raise FileError(f"{folder} cannot be written ({cause}); check the folder.") from None


class RegisteredPerformers(Mapping[str, RegisteredPerformer]):
    """The registered performers by their names; what is added or removed meanwhile is noticed.

    One at a time is loaded: the one before leaves the memory.

    Args:
        folder: where they are registered; None: nowhere, there are none.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._guard = threading.Lock()
        self._read_at: tuple[int, int] | None = None
        self._performers: dict[str, RegisteredPerformer] = {}

    def __getitem__(self, name: str) -> RegisteredPerformer:
        return self._now()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self._now()))

    def __len__(self) -> int:
        return len(self._now())

    def _now(self) -> dict[str, RegisteredPerformer]:
        if self._folder is None:
            return self._performers
        try:
            found = (self._folder / FILE).stat()
            read_at = (found.st_mtime_ns, found.st_size)
        except OSError:
            read_at = None
        with self._guard:
            if read_at != self._read_at:
                entries = registered(self._folder)
                kept = {p.found: p for p in self._performers.values()}
                self._performers = {
                    entry.name: kept.get(entry) or RegisteredPerformer(entry, self._unload_all)
                    for entry in entries
                }
                self._read_at = read_at
            return self._performers

    def _unload_all(self) -> None:
        for performer in self._performers.values():
            performer.unload()
