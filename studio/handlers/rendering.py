"""Render, the quality, and takes that begin from another take or from a recording."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Literal

import gradio as gr

from core.errors import AudioFileError, StoryError, StudioError
from core.profile import RenderSettings
from core.render import takes
from core.render.takes import TakeRequest
from core.story.folders import StoryFolder
from core.story.limits import check_number
from core.story.story import Event
from studio.handlers.arguments import event_value
from studio.handlers.job_request import request_handler, waiting_components
from studio.handlers.mixing import then_mix
from studio.handlers.options import IMMEDIATE, MODEL_JOB, NOTED_JOB, PRIVATE
from studio.handlers.render_job import (
    render_event,
    render_from,
    render_scope,
    render_variations,
)
from studio.handlers.turns import AFTER_EDITS
from studio.page.layout import STRENGTH_RANGE, Page, strength_words
from studio.sessions.session import Session
from studio.state import Studio
from studio.view.remaining import quality_settings, render_settings
from studio.view.updates import Updates, components, render_buttons, selection_view


def add_rendering_listeners(studio: Studio, page: Page) -> None:
    """Connect what makes takes."""
    _add_render_listeners(studio, page)
    _add_beginning_listeners(studio, page)


def _add_render_listeners(studio: Studio, page: Page) -> None:
    outputs = [*components(page), page.mix]

    def run(request: gr.Request) -> Iterator[Updates]:
        """Render every event that has no take yet or changed since."""
        yield from render_scope(studio, page, studio.sessions.of(request.session_hash), "changed")

    def run_all(request: gr.Request) -> Iterator[Updates]:
        """Render every event that has no take in the chosen quality yet."""
        yield from render_scope(studio, page, studio.sessions.of(request.session_hash), "all")

    def again(data: gr.EventData, request: gr.Request) -> Iterator[Updates]:
        session = studio.sessions.of(request.session_hash)
        yield from render_event(studio, page, session, event_value(data, "id", str))

    def variations(data: gr.EventData, request: gr.Request) -> Iterator[Updates]:
        session = studio.sessions.of(request.session_hash)
        yield from render_variations(studio, page, session, event_value(data, "id", str))

    note = request_handler(studio, page, "render")
    for button, work, name in (
        (page.render, run, "render"),
        (page.render_all, run_all, "render_all"),
    ):
        waits = waiting_components(page)
        noted = button.click(note, None, waits, **IMMEDIATE, **PRIVATE, **AFTER_EDITS)
        then_mix(studio, page, noted.then(work, None, outputs, api_name=name, **NOTED_JOB))
    for asked, make in ((page.takes.again, again), (page.takes.variations, variations)):
        then_mix(studio, page, asked(make, None, outputs, **MODEL_JOB, **PRIVATE, **AFTER_EDITS))

    _add_quality_listeners(studio, page)


def _add_quality_listeners(studio: Studio, page: Page) -> None:
    """The settings of renderings to come."""

    def choose_quality(quality: Literal["draft", "final"], request: gr.Request) -> Updates:
        """Choose the quality of renderings to come: draft or final."""
        session = studio.sessions.of(request.session_hash)
        session.quality, session.guidance = quality, None
        settings = render_settings(studio, session)
        strength = gr.update(
            value=settings.guidance,
            interactive=settings.sampler == "full",
            info=strength_words(settings),
        )
        shown = render_buttons(studio, page, session) | selection_view(studio, page, session)
        return shown | {page.prompt_strength: strength}

    def choose_strength(guidance: float, request: gr.Request) -> Updates:
        """Choose how closely takes to come follow their words."""
        session = studio.sessions.of(request.session_hash)
        try:
            with_strength(studio, session, guidance)
        except StudioError as error:
            gr.Warning(str(error))
        return render_buttons(studio, page, session)

    page.quality.change(
        choose_quality,
        page.quality,
        [page.render, page.render_all, page.timeline, page.takes, page.prompt_strength],
        api_name="quality",
        **IMMEDIATE,
    )
    page.prompt_strength.input(
        choose_strength,
        page.prompt_strength,
        [page.render, page.render_all],
        api_name="prompt_strength",
        trigger_mode="always_last",
        **IMMEDIATE,
    )


def with_strength(studio: Studio, session: Session, guidance: float) -> RenderSettings:
    """Set the prompt strength of takes to come; their settings with it.

    Raises:
        StoryError: their sampler has learned its own, or this one is out of range.
    """
    if quality_settings(studio, session).sampler == "fast":
        raise StoryError("Draft quality has learned its prompt strength; choose final quality.")
    check_number("prompt strength", guidance, *STRENGTH_RANGE, "")
    session.guidance = guidance
    return render_settings(studio, session)


def _add_beginning_listeners(studio: Studio, page: Page) -> None:
    """Takes that begin from another take, from a span of it, or from a recording."""

    def begin(
        make_request: Callable[[StoryFolder, Event, threading.Event], TakeRequest],
        request: gr.Request,
    ) -> Iterator[Updates]:
        session = studio.sessions.of(request.session_hash)
        return render_from(studio, page, session, make_request)

    def vary(strength: float, request: gr.Request) -> Iterator[Updates]:
        """Vary the kept take of the selected event; strength 0 keeps it, 1 keeps nothing of it."""
        yield from begin(partial(_varied, strength=strength), request)

    def repaint(
        start: float | None, end: float | None, strength: float, request: gr.Request
    ) -> Iterator[Updates]:
        """Make a span of the selected event's kept take anew."""
        span = partial(_repainted, begin=start or 0.0, end=end or 0.0, strength=strength)
        yield from begin(span, request)

    def use(path: str | None, strength: float, request: gr.Request) -> Iterator[Updates]:
        """Begin the selected event's next take from a recording."""
        yield from begin(partial(_recorded, path=path, strength=strength), request)

    def repaint_painted(
        data: gr.EventData, strength: float, request: gr.Request
    ) -> Iterator[Updates]:
        """Make the span of a take anew that was painted on its waveform."""
        session = studio.sessions.of(request.session_hash)
        session.selected = event_value(data, "id", str)
        begin, end = (event_value(data, name, float) for name in ("begin", "end"))
        key = event_value(data, "key", str)
        span = partial(_repainted, begin=begin, end=end, strength=strength, key=key)
        yield from render_from(studio, page, session, span)

    outputs = [*components(page), page.mix]
    painted = page.takes.repaint(
        repaint_painted, page.strength, outputs, **MODEL_JOB, **PRIVATE, **AFTER_EDITS
    )
    then_mix(studio, page, painted)
    for button, name, work, given in (
        (page.vary, "vary", vary, [page.strength]),
        (page.repaint, "repaint", repaint, [page.repaint_start, page.repaint_end, page.strength]),
        (page.use_recording, "use_recording", use, [page.recording, page.strength]),
    ):
        made = button.click(work, given, outputs, api_name=name, **MODEL_JOB, **AFTER_EDITS)
        then_mix(studio, page, made)


def _kept(event: Event) -> str:
    if event.chosen is None:
        raise AudioFileError(f"{event.caption!r} has no take yet; render it first.")
    return event.chosen


def _varied(
    folder: StoryFolder, event: Event, cancel: threading.Event, strength: float
) -> TakeRequest:
    return takes.vary(folder, event.id, _kept(event), strength)


def _repainted(
    folder: StoryFolder,
    event: Event,
    cancel: threading.Event,
    begin: float,
    end: float,
    strength: float,
    key: str = "",
) -> TakeRequest:
    return takes.repaint(folder, event.id, key or _kept(event), begin, end, strength)


def _recorded(
    folder: StoryFolder,
    event: Event,
    cancel: threading.Event,
    path: str | None,
    strength: float,
) -> TakeRequest:
    if not path:
        raise AudioFileError("There is no recording yet; upload or record one.")
    given = (event.id, Path(path), strength)
    return takes.use_recording(folder, *given, tell=gr.Info, cancel=cancel)
