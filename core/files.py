"""Writing files so that a reader never sees half of one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import FileError


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
