"""A job noted at once, so that the page shows it and can cancel it before it starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from core.errors import StudioError
from studio.page.layout import Page
from studio.sessions.session import Session
from studio.state import Studio
from studio.view.updates import Updates, waiting_view


def request_handler(studio: Studio, page: Page, kind: Any) -> Callable[[gr.Request], Updates]:
    """A handler that notes a requested job, before it is its turn."""

    def note_job(request: gr.Request) -> Updates:
        session: Session = studio.sessions.of(request.session_hash)
        try:
            session.request_job(kind)
        except StudioError as error:
            gr.Warning(str(error))
        return waiting_view(studio, page, session)

    return note_job


def waiting_components(page: Page) -> list[Any]:
    """What `waiting_view` updates."""
    buttons = [page.draft, page.cancel, page.stop, page.render, page.render_all]
    buttons += [page.change_plan, page.stop_wish]
    return [*buttons, page.welcome]
