"""Files: writing them so that a reader never sees half of one, and opening weights."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from core.errors import FileError, WeightsError


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its name when the block ends without an error.

    The temporary file keeps the suffix, which encoders read the format from.

    Raises:
        FileError: the folder cannot be written to or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-", suffix=path.suffix)
        os.close(handle)
    except OSError as cause:
        raise FileError(
            f"{path.name} cannot be written ({cause.strerror}); choose another folder."
        ) from None
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        os.replace(temporary, path)
    except OSError as cause:
        raise FileError(
            f"{path.name} cannot be written ({cause.strerror or cause}); "
            "free some space or choose another folder."
        ) from None
    finally:
        temporary.unlink(missing_ok=True)


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
