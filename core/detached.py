"""Work in a thread of its own, which the one who waits for it may leave at any moment.

Some waits cannot be broken off from outside: a name that is looked up, a handshake, a slow disk.
So the work is left behind instead. Its thread ends as soon as it notices.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import queue
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Generic, TypeVar

from core.errors import Cancelled

_Piece = TypeVar("_Piece")

GLANCE = 0.1
"""Seconds between two looks at whether to go on waiting."""
_AHEAD = 16
"""Pieces that the work may be ahead of the one who takes them."""


class LeftBehindError(Exception):
    """Nobody waits any more for the work that is being done."""


class Detached(Iterator[_Piece], Generic[_Piece]):
    """The pieces that `work(send)` sends, or what it raises; a context manager.

    Args:
        work: called in a thread of its own, with the context variables of the one who waits, so
            that it knows whom it works for; `send` raises LeftBehindError once nobody waits.
        check: called ten times a second while a piece is waited for; what it raises ends the wait.
    """

    def __init__(
        self, work: Callable[[Callable[[_Piece], None]], None], check: Callable[[], None]
    ) -> None:
        self._work = work
        self._check = check
        self._pieces: queue.Queue[tuple[_Piece] | BaseException | None] = queue.Queue(_AHEAD)
        self._left = threading.Event()
        self.ended = False
        run = functools.partial(contextvars.copy_context().run, self._run)
        threading.Thread(target=run, name="detached", daemon=True).start()

    def __enter__(self) -> Detached[_Piece]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.leave()

    def leave(self) -> None:
        """Wait no more; nothing happens where the work has ended."""
        self._left.set()

    def __next__(self) -> _Piece:
        if self.ended:
            raise StopIteration
        while True:
            self._check()
            with contextlib.suppress(queue.Empty):
                piece = self._pieces.get(timeout=GLANCE)
                break
        if isinstance(piece, tuple):
            return piece[0]
        self.ended = True
        raise StopIteration if piece is None else piece

    def _run(self) -> None:
        end: BaseException | None = None
        try:
            self._work(self._send)
        except BaseException as error:
            end = error
        with contextlib.suppress(LeftBehindError):
            self._put(end)

    def _send(self, piece: _Piece) -> None:
        self._put((piece,))

    def _put(self, piece: tuple[_Piece] | BaseException | None) -> None:
        while not self._left.is_set():
            with contextlib.suppress(queue.Full):
                self._pieces.put(piece, timeout=GLANCE)
                return
        raise LeftBehindError


_Result = TypeVar("_Result")


def detached_result(work: Callable[[], _Result], cancel: threading.Event) -> _Result:
    """What `work` returns or raises; Cancelled, at once, when `cancel` is set before that."""

    def check() -> None:
        if cancel.is_set():
            raise Cancelled("Stopped.")

    with Detached[_Result](lambda send: send(work()), check) as results:
        return next(results)
