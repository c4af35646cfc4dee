"""Spectrograms for the timeline, some takes at a time, so that nothing waits for them."""

from __future__ import annotations

import itertools
import json
from html import escape

import gradio as gr

from core.errors import StudioError
from studio.handlers.arguments import event_value
from studio.handlers.options import PRIVATE, UNMARKED
from studio.page.layout import Page
from studio.sound.spectrogram import spectrogram_url, takes_of
from studio.state import Studio

MAX_AT_ONCE = 6
"""Takes of one request: the page asks again for the next."""
_ANSWERS = itertools.count(1)


def add_spectra_listeners(studio: Studio, page: Page) -> None:
    """Connect what asks for spectrograms."""

    def spectra(data: gr.EventData, request: gr.Request) -> str:
        """Addresses of takes' spectrograms by the takes' keys, empty where there is none."""
        session = studio.sessions.of(request.session_hash)
        keys = event_value(data, "keys", list[str])[:MAX_AT_ONCE]
        light = "light" if event_value(data, "light", bool) else "dark"
        found = dict.fromkeys(keys, "")
        try:
            for take in takes_of(session, keys):
                found[take.key] = spectrogram_url(session, take, light)
        except StudioError as error:
            gr.Warning(str(error))
        told = escape(json.dumps({"light": light, "found": found}))
        return f'<data data-spectra="{told}" data-answer="{next(_ANSWERS)}"></data>'

    page.timeline.spectra(
        spectra,
        None,
        page.spectra,
        concurrency_id="spectra",
        concurrency_limit=1,
        **UNMARKED,
        **PRIVATE,
    )
