"""What goes wrong in a handler, as a message on the page."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr

from core.errors import Cancelled, StudioError


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
        gr.Warning(f"{work} failed through a fault of the studio; its terminal says more.")
