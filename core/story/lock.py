"""A lock on a folder between processes and threads: the studio, the command line, other studios.

The system's own lock is taken on a file in the folder, and goes with the process that holds it,
however it ends. Disks that know no such locks (some network disks) get a file that names its
holder instead; of a holder that crashed it is taken over.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

from core.errors import FileError, StoryError
from core.files import unwritable

LOCK = ".lock"
HOLDER = ".lock-holder"
"""The file that names its holder, where the disk knows no locks."""
WAIT_SECONDS = 15.0
"""Seconds to wait for another program; an edit takes a fraction of one."""
_POLL = 0.005
"""Seconds between two tries."""
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL)
"""How disks say that they know no locks."""


class FolderLock:
    """Held by one thread of one process at a time; the thread that holds it may take it again.

    Attributes:
        folder: the folder that is locked; it is not made here.
        patience: seconds to wait for those who hold it.
    """

    def __init__(self, folder: Path, patience: float = WAIT_SECONDS) -> None:
        self.folder, self.patience = folder, patience
        self._threads = threading.RLock()
        self._held: BaseFileLock | None = None
        self._depth = 0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold it for a block.

        Raises:
            StoryError: others hold it for longer than `patience`, or the folder is gone.
            FileError: the folder cannot be written to.
        """
        until = time.monotonic() + self.patience
        if not self._threads.acquire(timeout=self.patience):
            raise self._busy()
        try:
            if not self._depth:
                self._held = self._acquired(until)
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if not self._depth:
                    self._let_go()
        finally:
            self._threads.release()

    def before_moving(self) -> None:
        """Let go, while held, where a folder with an open or marked lock cannot be moved."""
        if os.name == "nt" or isinstance(self._held, SoftFileLock):
            self._let_go()

    def _acquired(self, until: float) -> BaseFileLock:
        try:
            return self._acquired_by(FileLock, LOCK, until)
        except FileNotFoundError:
            raise StoryError(
                f"{self.folder.name!r} cannot be read any more; it was moved or removed. "
                "Open it again."
            ) from None
        except OSError as cause:
            if cause.errno not in _NO_LOCKS:
                raise self._unwritable(cause) from None
        try:
            return self._acquired_by(SoftFileLock, HOLDER, until)
        except OSError as cause:
            raise self._unwritable(cause) from None

    def _acquired_by(self, kind: type[BaseFileLock], name: str, until: float) -> BaseFileLock:
        if not self.folder.is_dir():  # which filelock would make
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        lock = kind(
            self.folder / name, thread_local=False, poll_interval=_POLL, fallback_to_soft=False
        )
        try:
            lock.acquire(timeout=max(0.0, until - time.monotonic()))
        except Timeout:
            raise self._busy() from None
        except NotImplementedError:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS)) from None
        return lock

    def _let_go(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            with contextlib.suppress(OSError):  # its folder is gone
                held.release()

    def _busy(self) -> StoryError:
        return StoryError(
            f"Another program has been writing to {self.folder.name!r} for {self.patience:g} s; "
            "try again, or close it."
        )

    def _unwritable(self, cause: OSError) -> FileError:
        return unwritable(self.folder / LOCK, cause, f"{self.folder.name!r} cannot be written")
