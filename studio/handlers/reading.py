"""Reading a file of a person's: in a thread of its own, with a Cancel that leaves it at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import gradio as gr

from core.detached import detached_result
from studio.handlers.options import IMMEDIATE, PRIVATE
from studio.sessions.session import ReadingKind, Session
from studio.state import Studio

_Result = TypeVar("_Result")


def read_until_cancelled(
    session: Session, kind: ReadingKind, read: Callable[[threading.Event], _Result]
) -> _Result:
    """What `read(cancel)` returns, as soon as it does.

    Raises:
        Cancelled: the person pressed Cancel, or left.
        whatever `read` raises.
    """
    with session.reading(kind) as cancel:
        return detached_result(lambda: read(cancel), cancel)


def cancellable(
    studio: Studio, kind: ReadingKind, begin: Callable[..., Any], stop: gr.Button
) -> Callable[..., Any]:
    """What adds a listener like `begin` does, and shows the button `stop` while it is at work.

    The listener reads a file of this kind; `stop` ends that, even when it has not begun yet.
    """

    def note(request: gr.Request) -> object:
        studio.sessions.of(request.session_hash).note_reading(kind)
        return gr.update(visible=True)

    def leave(request: gr.Request) -> None:
        studio.sessions.of(request.session_hash).stop_reading(kind)

    stop.click(leave, None, None, **IMMEDIATE, **PRIVATE)
    begun = begin(note, None, stop, **IMMEDIATE, **PRIVATE)

    def add(*listener: Any, **settings: Any) -> Any:
        done = begun.then(*listener, **settings)
        done.then(lambda: gr.update(visible=False), None, stop, **IMMEDIATE, **PRIVATE)
        return done

    return add
