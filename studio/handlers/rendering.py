"""Render, the quality, and takes that begin from another take or from a recording."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import gradio as gr

from core.errors import AudioFileError
from core.render import takes
from core.render.takes import TakeRequest
from core.story.folders import StoryFolder
from core.story.story import Event
from studio.handlers.job_request import asking, waiting_components
from studio.handlers.mixing import then_mix
from studio.handlers.options import AT_ONCE, LONG, PRIVATE
from studio.handlers.render_job import begin_from, render, render_again
from studio.page.layout import Page
from studio.state import Studio
from studio.view.updates import Updates, components, quick_view, render_buttons


def wire_rendering(studio: Studio, page: Page) -> None:
    """Connect what makes takes."""
    _wire_render(studio, page)
    _wire_beginnings(studio, page)


def _wire_render(studio: Studio, page: Page) -> None:
    outputs = [*components(page), page.sound]

    def run(request: gr.Request) -> Iterator[Updates]:
        """Render every event that has no take yet or changed since."""
        yield from render(studio, page, studio.sessions.of(request.session_hash), "changed")

    def run_all(request: gr.Request) -> Iterator[Updates]:
        """Render every event that has no take in the chosen quality yet."""
        yield from render(studio, page, studio.sessions.of(request.session_hash), "all")

    def again(data: gr.EventData, request: gr.Request) -> Iterator[Updates]:
        session = studio.sessions.of(request.session_hash)
        yield from render_again(studio, page, session, str(data.id))

    note = asking(studio, page, "render")
    for button, work, name in (
        (page.render, run, "render"),
        (page.render_all, run_all, "render_all"),
    ):
        asked = button.click(note, None, waiting_components(page), **AT_ONCE, **PRIVATE)
        then_mix(studio, page, asked.then(work, None, outputs, api_name=name, **LONG))
    then_mix(studio, page, page.takes.again(again, None, outputs, **LONG, **PRIVATE))

    def choose_quality(quality: str, request: gr.Request) -> Updates:
        """Choose the quality of renderings to come: draft or final."""
        session = studio.sessions.of(request.session_hash)
        session.quality = "final" if quality == "final" else "draft"
        return render_buttons(studio, page, session) | quick_view(studio, page, session)

    page.quality.change(
        choose_quality,
        page.quality,
        [page.render, page.render_all, page.stage, page.takes],
        api_name="quality",
        **AT_ONCE,
    )


def _wire_beginnings(studio: Studio, page: Page) -> None:
    """Takes that begin from another take, from a span of it, or from a recording."""

    def begin(
        ask: Callable[[StoryFolder, Event], TakeRequest], request: gr.Request
    ) -> Iterator[Updates]:
        session = studio.sessions.of(request.session_hash)
        return begin_from(studio, page, session, ask)

    def vary(strength: float, request: gr.Request) -> Iterator[Updates]:
        """Vary the kept take of the selected event; strength 0 keeps it, 1 keeps nothing of it."""
        yield from begin(partial(_varied, strength=strength), request)

    def repaint(
        start: float, end: float, strength: float, request: gr.Request
    ) -> Iterator[Updates]:
        """Make a span of the selected event's kept take anew."""
        span = partial(_repainted, begin=start, end=end, strength=strength)
        yield from begin(span, request)

    def use(path: str | None, strength: float, request: gr.Request) -> Iterator[Updates]:
        """Begin the selected event's next take from a recording."""
        yield from begin(partial(_recorded, path=path, strength=strength), request)

    outputs = [*components(page), page.sound]
    for button, name, work, given in (
        (page.vary, "vary", vary, [page.strength]),
        (page.repaint, "repaint", repaint, [page.begin, page.end, page.strength]),
        (page.use, "use_recording", use, [page.recording, page.strength]),
    ):
        then_mix(studio, page, button.click(work, given, outputs, api_name=name, **LONG))


def _kept(event: Event) -> str:
    if event.chosen is None:
        raise AudioFileError(f"{event.caption!r} has no take yet; render it first.")
    return event.chosen


def _varied(folder: StoryFolder, event: Event, strength: float) -> TakeRequest:
    return takes.vary(folder, event.id, _kept(event), float(strength))


def _repainted(
    folder: StoryFolder, event: Event, begin: float, end: float, strength: float
) -> TakeRequest:
    span = float(begin or 0), float(end or 0)
    return takes.repaint(folder, event.id, _kept(event), *span, float(strength))


def _recorded(folder: StoryFolder, event: Event, path: str | None, strength: float) -> TakeRequest:
    if not path:
        raise AudioFileError("There is no recording yet; upload or record one.")
    return takes.use_recording(folder, event.id, Path(path), float(strength))
