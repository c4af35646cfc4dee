"""Recordings of any kind: decoded when they come, so that what cannot be used is said at once."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from core.errors import AudioFileError
from core.files import unwritable
from studio.handlers.messages import errors_as_messages
from studio.handlers.options import PRIVATE, QUICK
from studio.handlers.reading import cancellable, read_until_cancelled
from studio.page.layout import Page
from studio.sound.files import playable_recording
from studio.state import Studio

INSUFFICIENT_STORAGE = 507
"""HTTP's status for a server whose disk takes nothing."""


async def say_why_nothing_is_kept(request: Request, error: Exception) -> Response:
    """The answer where the disk failed, above all to an upload: the page shows it."""
    assert isinstance(error, OSError)
    place = Path(str(error.filename or os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir()))
    said = unwritable(place, error, "The file cannot be taken")
    return PlainTextResponse(str(said), INSUFFICIENT_STORAGE)


def add_uploading_listeners(studio: Studio, page: Page) -> None:
    """Connect the buttons that take any file to the players beside them."""

    def take(path: str | None, request: gr.Request) -> Any:
        session = studio.sessions.of(request.session_hash)
        with errors_as_messages("Reading the recording", "Reading the recording was stopped."):
            if not path:
                raise AudioFileError("There is no recording yet; upload one.")
            recording = Path(path)
            made = read_until_cancelled(
                session,
                "upload",
                lambda cancel: playable_recording(session, recording, gr.Info, cancel),
            )
            return str(made)
        return gr.update()

    for button, stop, player in (
        (page.description_upload, page.stop_uploading_description, page.description_recording),
        (page.recording_upload, page.stop_uploading_recording, page.recording),
    ):
        add_listener = cancellable(studio, "upload", button.upload, stop)
        add_listener(take, button, player, **QUICK, **PRIVATE)
