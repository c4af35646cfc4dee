"""What sounds in the timeline's blocks: it comes after them, so that no edit waits for it."""

from __future__ import annotations

import itertools
import json
from html import escape

import gradio as gr

from studio.handlers.options import PRIVATE, UNMARKED
from studio.page.layout import Page
from studio.state import Studio
from studio.view.waves import waves

_ANSWERS = itertools.count(1)


def add_waves_listeners(studio: Studio, page: Page) -> None:
    """Connect what asks for the waves of the blocks that are shown."""

    def sounding(request: gr.Request) -> str:
        """The waves of the open story's blocks, and the fades in them."""
        session = studio.sessions.of(request.session_hash)
        told = escape(json.dumps(waves(session, studio.cache), separators=(",", ":")))
        return f'<data data-waves="{told}" data-answer="{next(_ANSWERS)}"></data>'

    page.timeline.waves(
        sounding,
        None,
        page.waves,
        concurrency_id="waves",
        concurrency_limit=2,
        trigger_mode="multiple",
        **UNMARKED,
        **PRIVATE,
    )
