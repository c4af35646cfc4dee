"""What the player gets: the newest mix of the story, after every change of it."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core.errors import StudioError
from studio.page.layout import Page
from studio.sessions.session import Session
from studio.sound import files as listening
from studio.state import Studio

_PRIVATE: dict[str, Any] = {"api_visibility": "private"}
_Updates = dict[Any, Any]


def mixed(studio: Studio, page: Page, session: Session) -> _Updates:
    """Mix the story as it is now, for the player and the download."""
    if session.folder is None:
        return {page.sound: ""}
    try:
        path = listening.mix_file(session, studio.engine.profile.sample_rate)
    except StudioError as trouble:
        gr.Warning(str(trouble))
        path = None
    if path is None:
        return {page.sound: gr.update() if listening.has_sound(session) else ""}
    return {
        page.sound: f'<span data-mix="{listening.address(path)}"></span>',
        page.download: gr.update(value=str(path), interactive=True),
    }


def then_mix(studio: Studio, page: Page, change: Any) -> None:
    """After a change, mix the story anew."""

    def mix(request: gr.Request) -> _Updates:
        return mixed(studio, page, studio.sessions.of(request.session_hash))

    change.then(
        mix,
        None,
        [page.sound, page.download],
        show_progress="hidden",
        concurrency_id="mix",
        concurrency_limit=2,
        **_PRIVATE,
    )
