"""Files: writing them so that a reader never sees half of one, names, and opening weights.

What holds on every system stands here. Windows flushes through a handle that can write alone, does
not replace a file that somebody has open, knows names that are devices, and has short paths;
Windows and macOS see no difference between upper and lower case; sticks and shares may know no
permissions and nothing to flush.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from safetensors import SafetensorError, safe_open

from core.errors import FileError, WeightsError
from core.ownership import owned

PART = ".part-"
"""What the names of half-written files and folders begin with."""
_HALF = re.compile(re.escape(PART) + r"([0-9a-f]{16}|[0-9a-z_]{8})(\.\w+)?")
"""Our names of them, today's and those of earlier versions."""
_FULL = tuple(getattr(errno, name, 0) for name in ("ENOSPC", "EDQUOT", "EFBIG"))
"""How file systems say that there is no room, for this file or for this user."""
_FORBIDDEN = (errno.EACCES, errno.EPERM)
_NO_FLUSH = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)
"""How file systems say that they have nothing to flush."""
_IN_USE = (5, 32, 33)
"""Windows' codes for a file that is open elsewhere: access denied, sharing and lock violation."""
_TRIES = 10
_PAUSE = 0.1
"""Seconds between two tries to replace a file that is in use: indexers and scanners let go soon."""
_DEVICES = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])\s*(?:\..*)?",
    re.IGNORECASE | re.DOTALL,
)
_LONGEST_PATH = {"nt": 259, "posix": 1023}
"""Characters of a whole path, by `os.name`; macOS has the least of POSIX."""


def part_of(path: Path) -> Path:
    """An unused name beside `path` for what is to become it, with its suffix."""
    return path.with_name(f"{PART}{secrets.token_hex(8)}{path.suffix}")


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its name when the block ends without an error.

    The temporary file keeps the suffix, which encoders read the format from. A block that is killed
    leaves it behind, to be removed by `core.ownership.remove_abandoned`.

    Raises:
        FileError: the folder cannot be written to or the disk is full.
    """
    with _temporary(path, _new_file) as temporary:
        yield temporary
        flush_file(temporary)
        replace_path(temporary, path)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """The same for a folder: a new, empty one, of which nothing is seen before it is whole.

    Raises:
        FileError: it cannot be written, or `path` is there already.
    """
    with unnamed_folder(path) as temporary:
        yield temporary
        replace_path(temporary, path)


@contextmanager
def unnamed_folder(path: Path) -> Iterator[Path]:
    """A new, empty folder beside `path`, for who gives it a name of its own when it is whole; it
    goes with the end of the block where nobody did.

    Raises:
        FileError: it cannot be written.
    """
    with _temporary(path, _new_folder) as temporary:
        yield temporary


@contextmanager
def _temporary(path: Path, make: Callable[[Path], Path]) -> Iterator[Path]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with owned(lambda: make(path)) as temporary:
            try:
                yield temporary
            finally:
                _discard(temporary)
    except OSError as cause:
        raise unwritable(path, cause) from None


def _new_file(path: Path) -> Path:
    temporary = part_of(path)
    temporary.touch(exist_ok=False)  # with the permissions that the user's umask gives
    return temporary


def _new_folder(path: Path) -> Path:
    temporary = path.with_name(f"{PART}{secrets.token_hex(8)}")
    temporary.mkdir()
    return temporary


def half_written(folder: Path, below: Sequence[str] = ("",)) -> Iterator[Path]:
    """Files and folders of our own that are not whole: being written, or left so.

    Args:
        below: patterns of the folders to look in, each empty or with a slash at its end.
    """
    for pattern in below:
        yield from (p for p in folder.glob(f"{pattern}{PART}*") if _HALF.fullmatch(p.name))


def _discard(temporary: Path) -> None:
    if temporary.is_dir():
        shutil.rmtree(temporary, ignore_errors=True)
    else:
        with suppress(OSError):
            temporary.unlink()


def copy_flushed(source: str | Path, target: str | Path) -> None:
    """Copy a file's bytes and have the system write them to the disk."""
    shutil.copyfile(source, target)
    flush_file(Path(target))


def share_file(source: Path, target: Path) -> None:
    """Give a file that never changes a second name; a whole copy on another disk, or on one that
    knows no second names. A target that is there stays.

    Raises:
        FileError: the copy cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(source, target)
    except FileExistsError:
        pass
    except OSError:
        with atomic_path(target) as copy:
            shutil.copyfile(source, copy)


def unwritable(path: Path, cause: OSError, what: str = "") -> FileError:
    """The error that says why a file or folder cannot be written, on which disk, and what to do.

    Args:
        what: cannot be done, as a sentence without its end; by default that it cannot be written.
    """
    what = what or f"{path.name} cannot be written"
    return FileError(f"{what} ({cause.strerror or cause}); {_advice(path, cause)}.")


def incomplete(path: Path) -> FileError:
    """The error for a file that was cut off without a word, as libsndfile does on a full disk."""
    return FileError(
        f"{path.name} could not be written in full; check the disk at {disk_of(path)} and the "
        "space on it, or choose another folder."
    )


def _advice(path: Path, cause: OSError) -> str:
    disk = f"the disk at {disk_of(path)}"
    if cause.errno in _FULL:
        return f"free some space on {disk} or choose another folder"
    if cause.errno == errno.EROFS:
        return f"{disk} can only be read: allow writing there or choose another folder"
    if cause.errno in _FORBIDDEN:
        folder = path.parent.name or disk
        return f"allow writing in the folder {folder}, close what uses it, or choose another folder"
    if cause.errno == errno.EIO:
        return f"{disk} reports a fault: check it or choose another folder"
    return f"check {disk} and its space, or choose another folder"


def disk_of(path: Path) -> Path:
    """Where the disk is mounted that holds a path or will hold it; on Windows its drive."""
    path = existing_parent(path)
    while not os.path.ismount(path) and path != path.parent:
        path = path.parent
    return path


def remove(path: Path) -> None:
    """Remove a file, if it is there.

    Raises:
        FileError: it cannot be removed.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as cause:
        raise unwritable(path, cause, f"{path.name} cannot be removed") from None


def flush_file(path: Path) -> None:
    """Have the system write a file's bytes to the disk, as far as there is one."""
    with path.open("r+b") as written:
        flush_opened(written)


def flush_opened(file: IO[bytes]) -> None:
    """The same for a file that is open for writing."""
    try:
        os.fsync(file.fileno())
    except OSError as cause:
        if cause.errno not in _NO_FLUSH:
            raise


def replace_path(source: Path, target: Path) -> None:
    """Give a file or folder another name; a file of that name is replaced.

    Raises:
        OSError: it cannot be, or somebody has one of them open for longer than a second.
    """
    for left in reversed(range(_TRIES)):
        try:
            os.replace(source, target)
            return
        except PermissionError as cause:
            if getattr(cause, "winerror", None) not in _IN_USE or not left:
                raise
        time.sleep(_PAUSE)


def is_device(name: str) -> bool:
    """Whether Windows takes a file name for a device, whatever its suffix: "aux", "Con.flac"."""
    return _DEVICES.fullmatch(name) is not None


def room_for_name(folder: Path, system: str = os.name) -> int:
    """Characters that the name of a file in `folder` may have, on a system of that `os.name`."""
    return _LONGEST_PATH[system] - len(str(folder.absolute())) - 1


def same_name(name: str, other: str) -> bool:
    """Whether a system that knows no upper case, or composes letters, holds two names for one."""
    return _folded(name) == _folded(other)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def write_atomically(path: Path, data: bytes | memoryview) -> None:
    """Write `data` to `path`: after a crash either the old file or the new one is there.

    Raises:
        FileError: the folder cannot be written to or the disk is full.
    """
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


@contextmanager
def open_weights(path: Path) -> Iterator[Any]:
    """A safetensors file, open; what is made of it inside the block may find it damaged.

    Raises:
        WeightsError: the file, or what it holds, cannot be read.
    """
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as cause:
        raise WeightsError(f"{path.name} is damaged ({cause}); fetch it again.") from None


def existing_parent(path: Path) -> Path:
    """The path itself, or the nearest folder above it that exists."""
    path = path.absolute()
    while not path.exists():
        path = path.parent
    return path
