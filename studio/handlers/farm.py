"""The setting on which machines to render, and what the farm that it names is doing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from html import escape

import gradio as gr

from core.commands.farm_option import read_on
from core.errors import FarmError, StudioError
from studio.handlers.options import MODEL_NOTICE
from studio.page.layout import Page
from studio.sessions.session import Session
from studio.state import Studio


def add_farm_listeners(studio: Studio, page: Page) -> None:
    """Connect the choice of where to render."""

    def choose(where: str | None, request: gr.Request) -> Iterator[str]:
        """Choose where to render from now on: on this machine (empty), or on a farm."""
        session = studio.sessions.of(request.session_hash)
        for sentence in choose_farm(studio, session, (where or "").strip()):
            yield f'<p class="hint" role="status">{escape(sentence)}</p>'

    gr.on(
        [page.use_farm.click, page.farm.submit],
        choose,
        page.farm,
        page.farm_state,
        api_name="render_on",
        **MODEL_NOTICE,
    )


def choose_farm(studio: Studio, session: Session, where: str) -> Iterator[str]:
    """Have a tab render on the farm that a text names, once it is reached, or here; what to say
    meanwhile, sentence by sentence."""
    try:
        if studio.sessions.private:
            raise FarmError("Where this studio renders is chosen by whoever started it.")
        address = read_on(where or None)
        if address is None:
            session.on = ""
            yield "Renderings are made on this machine."
            return
        yield "Waiting for the farm …"
        farm = studio.place.reach(studio.service, address, threading.Event())
        session.on = where
        state = farm.state
        unlike = state.unlike(studio.service.model.numeric_path)
        yield f"{state} ({'; '.join(state.devices)}). {unlike}".strip()
    except StudioError as error:
        yield str(error)
