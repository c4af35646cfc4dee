"""A job noted at once, so that the page shows it and can cancel it before it starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from core.errors import StudioError
from studio.page.layout import Page
from studio.sessions.session import Session
from studio.state import Studio
from studio.view.updates import Updates, waiting


def asking(studio: Studio, page: Page, kind: Any) -> Callable[[gr.Request], Updates]:
    """Notes that something was asked for, before it is its turn."""

    def ask(request: gr.Request) -> Updates:
        session: Session = studio.sessions.of(request.session_hash)
        try:
            session.ask(kind)
        except StudioError as trouble:
            gr.Warning(str(trouble))
        return waiting(studio, page, session)

    return ask


def waiting_components(page: Page) -> list[Any]:
    """What `waiting` updates."""
    buttons = [page.draft, page.cancel, page.stop, page.render, page.render_all]
    return [*buttons, page.welcome]
