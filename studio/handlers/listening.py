"""What is heard and read while a story is mixed: meters, a lane by itself, another version."""

from __future__ import annotations

import itertools
import json
from html import escape
from typing import Any

import gradio as gr

from core.errors import Cancelled, StudioError
from studio.addresses import file_url
from studio.editing.labels import said
from studio.editing.strips import lane_name
from studio.handlers.arguments import event_value
from studio.handlers.options import PRIVATE, UNMARKED
from studio.page.layout import Page
from studio.sessions.session import Session
from studio.sound.auditions import Audition, lane_audition, meters_of, version_audition
from studio.state import Studio
from studio.view.strips import meters_data, readings_data

_NUMBER = itertools.count(1)
"""Of answers, so that the same one twice is news to the page."""
_LISTENING: dict[str, Any] = {
    **UNMARKED,
    "trigger_mode": "multiple",
    "concurrency_id": "listening",
    "concurrency_limit": 2,
    **PRIVATE,
}
BEGINNING = "The story as it began"


def add_listening_listeners(studio: Studio, page: Page) -> None:
    """Connect the mixer's meters, and what is heard in place of the mix."""
    rate = studio.service.profile.sample_rate

    def session_of(request: gr.Request) -> Session:
        return studio.sessions.of(request.session_hash)

    def meters(data: gr.EventData, request: gr.Request) -> str:
        """The meters of the mix, for a mixer that is open."""
        session = session_of(request)
        revision = event_value(data, "revision", int)
        if session.folder is None or session.folder.revision != revision:
            return gr.skip()  # type: ignore[no-any-return]  # another mix is on its way
        try:
            read = meters_of(session, rate, studio.cache)
        except StudioError:
            return gr.skip()  # type: ignore[no-any-return]  # the mix says why
        if read is None:
            return gr.skip()  # type: ignore[no-any-return]
        return _data("meters", meters_data(read) | {"revision": revision})

    def alone(data: gr.EventData, request: gr.Request) -> str:
        """A lane by itself."""
        session = session_of(request)
        layer = event_value(data, "lane", int)
        return _shown(
            lambda: lane_audition(session, rate, layer, lane_name(layer)), {"lane": layer}
        )

    def version(data: gr.EventData, request: gr.Request) -> str:
        """The story as it was, to be heard in turn with the story as it is."""
        session = session_of(request)
        place = event_value(data, "place", int)

        def made() -> Audition:
            labels = session.open_folder.history
            about = said(labels[place - 1]) if 0 < place <= len(labels) else BEGINNING
            return version_audition(session, rate, place, about)

        return _shown(made, {"version": place})

    page.timeline.meters(meters, None, page.listening, **_LISTENING)
    page.timeline.alone(alone, None, page.listening, **_LISTENING)
    page.timeline.compare(version, None, page.listening, **_LISTENING)
    page.history.compare(version, None, page.listening, **_LISTENING)


def _shown(make: Any, what: dict[str, Any]) -> str:
    try:
        audition = make()
    except Cancelled:
        return gr.skip()  # type: ignore[no-any-return]
    except StudioError as error:
        gr.Warning(str(error))
        return _data("audition", {})
    return _data(
        "audition",
        {
            **what,
            "about": audition.about,
            "url": file_url(audition.path),
            "gain": round(audition.gain_db, 2),
            "meter": readings_data(audition.readings),
        },
    )


def _data(kind: str, values: dict[str, Any]) -> str:
    text = escape(json.dumps(values, separators=(",", ":")))
    return f'<data data-kind="{kind}" data-values="{text}" data-number="{next(_NUMBER)}"></data>'
