"""Whose a half-written file or a temporary folder is: a living process's, or nobody's any more.

The process that makes one holds the system's lock on it, which goes with the process however it
ends; so nothing is told from its age or its name, and a number that the system gave to another
process misleads nobody. Where there are no such locks (Windows, some network disks), what has not
changed for long is taken for abandoned.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LEFT_OVER = 3600.0
"""Seconds without a change after which something is abandoned, where no lock can tell."""


@contextmanager
def owned(make: Callable[[], Path]) -> Iterator[Path]:
    """A new file or folder that is this process's own as long as the block lasts.

    Args:
        make: makes it, and is called again where another process took it for abandoned before it
            was held.

    Raises:
        OSError: it cannot be made.
    """
    path, held = _held(make)
    try:
        yield path
    finally:
        if held is not None:
            os.close(held)


def remove_abandoned(paths: Iterable[Path]) -> None:
    """Remove those files and folders that no living process owns; what cannot be removed stays."""
    for path in paths:
        with suppress(OSError):  # gone by now, or not ours
            _remove_if_abandoned(path)


def _remove_if_abandoned(path: Path) -> None:
    if path.is_symlink():
        return
    held = _lock(path)
    try:
        if held is None and (_is_locked(path) or time.time() - path.stat().st_mtime < LEFT_OVER):
            return
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
    finally:
        if held is not None:
            os.close(held)


def _held(make: Callable[[], Path]) -> tuple[Path, int | None]:
    while True:
        path = make()
        held = _lock(path)
        if held is None or _is_at(path, held):
            return path, held
        os.close(held)


def _is_at(path: Path, held: int) -> bool:
    """Whether what is held still has its name."""
    try:
        return os.path.samestat(os.fstat(held), path.stat())
    except OSError:
        return False


def _lock(path: Path) -> int | None:
    """An open descriptor with the lock on a file or folder; None: another has it, or there is none
    to be had."""
    if fcntl is None:
        return None
    try:
        opened = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(opened)
        return None
    return opened


def _is_locked(path: Path) -> bool:
    """Whether another process has the lock, where there are locks."""
    if fcntl is None:
        return False
    opened = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(opened)
    return False
