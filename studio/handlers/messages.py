"""What goes wrong in a handler, as a message on the page.

What a handler expects it says itself; what it does not expect is said by `say_what_fails`, which
stands around every handler, so that none can fail without a word.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr

from core.errors import Cancelled, StudioError
from studio.handlers.arguments import argument_reader, errors_shown

_FAULT = "{} failed through a fault of the studio; its terminal says more."
Handler = Callable[..., Any]


@contextmanager
def errors_as_messages(work: str, cancelled: str = "") -> Iterator[None]:
    """Show an error of the block to the user, and go on after the block.

    Args:
        work: what the block does, as the subject of a sentence: "Rendering".
        cancelled: what to say when it was stopped; by default the error's own sentence.
    """
    try:
        yield
    except Cancelled as error:
        gr.Info(cancelled or str(error))
    except StudioError as error:
        gr.Warning(str(error))
    except Exception:
        logging.exception("%s failed", work)
        gr.Warning(_FAULT.format(work))


def say_what_fails(blocks: gr.Blocks) -> None:
    """Put a guard around every handler of the page: an error that it lets through is shown.

    Gradio by itself shows nothing but the errors that are meant for the page.
    """
    for listener in blocks.fns.values():
        if listener.fn is not None:
            listener.fn = guarded(listener.fn)


def guarded(handler: Handler) -> Handler:
    """The handler with every error turned into one that Gradio shows, in one sentence.

    It is given what its annotations say, and nothing else.
    """
    read = argument_reader(handler)
    name = getattr(handler, "__qualname__", "a handler")
    if inspect.isgeneratorfunction(handler):

        @functools.wraps(handler)
        def step_by_step(*given: Any, **named: Any) -> Iterator[Any]:
            with errors_shown(name, _sentence):
                yield from handler(*read(given), **named)

        return step_by_step

    @functools.wraps(handler)
    def at_once(*given: Any, **named: Any) -> Any:
        with errors_shown(name, _sentence):
            return handler(*read(given), **named)

    return at_once


def _sentence(error: Exception) -> str:
    """What a person can make of an error that nobody expected."""
    if isinstance(error, OSError) and error.strerror:
        return f"That failed: {error.strerror}; check the disk and the folder of your stories."
    return _FAULT.format("That")
