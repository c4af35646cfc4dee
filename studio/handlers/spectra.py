"""Spectrograms for the timeline, of some takes at a time and of the mix: nothing waits for them."""

from __future__ import annotations

import dataclasses
import itertools
import json
from html import escape
from typing import Any

import gradio as gr

from core.errors import StudioError
from studio.handlers.arguments import event_value
from studio.handlers.options import PRIVATE, UNMARKED
from studio.page.layout import Page
from studio.sound.spectrogram import mix_spectrogram, spectrogram_url, takes_of
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

    def mix_spectrum(data: gr.EventData, request: gr.Request) -> str:
        """Where the spectrogram of the newest mix is; no address where there is none yet."""
        session = studio.sessions.of(request.session_hash)
        light = "light" if event_value(data, "light", bool) else "dark"
        told: dict[str, Any] = {"address": ""}
        try:
            if made := mix_spectrogram(session, light):
                told = dataclasses.asdict(made)
        except StudioError as error:
            gr.Warning(str(error))
        text = escape(json.dumps(told))
        return f'<data data-mix-image="{text}" data-answer="{next(_ANSWERS)}"></data>'

    for asked, answer, shown in (
        (page.timeline.spectra, spectra, page.spectra),
        (page.timeline.mix_spectrum, mix_spectrum, page.mix_spectrum),
    ):
        asked(
            answer,
            None,
            shown,
            concurrency_id="spectra",
            concurrency_limit=1,
            **UNMARKED,
            **PRIVATE,
        )
