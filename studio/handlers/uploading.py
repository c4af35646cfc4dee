"""Recordings of any kind: decoded when they come, so that what cannot be used is said at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from studio.handlers.messages import errors_as_messages
from studio.handlers.options import PRIVATE, QUICK
from studio.page.layout import Page
from studio.sound.files import playable_recording
from studio.state import Studio


def add_uploading_listeners(studio: Studio, page: Page) -> None:
    """Connect the buttons that take any file to the players beside them."""

    def take(path: str, request: gr.Request) -> Any:
        session = studio.sessions.of(request.session_hash)
        with errors_as_messages("Reading the recording"):
            return str(playable_recording(session, Path(path), gr.Info))
        return gr.update()

    for button, player in (
        (page.description_upload, page.description_recording),
        (page.recording_upload, page.recording),
    ):
        button.upload(take, button, player, **QUICK, **PRIVATE)
