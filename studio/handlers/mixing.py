"""What the player gets: the newest mix of the story, after every change of it."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core.errors import StudioError
from studio.addresses import file_url
from studio.handlers.options import PRIVATE, UNMARKED
from studio.page.layout import Page
from studio.sessions.session import Session
from studio.sound import files as sound_files
from studio.state import Studio
from studio.view.updates import Updates


def mix_updates(studio: Studio, page: Page, session: Session) -> Updates:
    """Mix the story as it is now, for the player and the download."""
    if session.folder is None:
        return {page.mix: ""}
    revision = session.folder.revision
    try:
        path = sound_files.mix_file(session, studio.service.profile.sample_rate)
    except StudioError as error:
        gr.Warning(str(error))
        path = None
    if path is None:
        return {page.mix: gr.update() if sound_files.has_sound(session) else ""}
    return {
        page.mix: f'<span data-mix="{file_url(path)}" data-revision="{revision}"></span>',
        page.download: gr.update(value=str(path), interactive=True),
    }


def then_mix(studio: Studio, page: Page, change: Any) -> None:
    """After a change, mix the story anew."""

    def mix(request: gr.Request) -> Updates:
        return mix_updates(studio, page, studio.sessions.of(request.session_hash))

    change.then(
        mix,
        None,
        [page.mix, page.download],
        **UNMARKED,
        concurrency_id="mix",
        concurrency_limit=2,
        **PRIVATE,
    )
