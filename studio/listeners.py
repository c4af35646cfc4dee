"""What happens on the page: each event of a component and the handler that answers it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from core.errors import AudioFileError, StudioError
from core.render import takes
from core.render.takes import TakeRequest
from core.story.folders import StoryFolder
from core.story.story import Event
from studio import table
from studio.actions import act
from studio.arrival import wire_arrival
from studio.delivery import wire_delivery
from studio.describing import wire_describing
from studio.directing import asking, waiting_components, wire_directing
from studio.events import AT_ONCE, LONG, PRIVATE, QUICK
from studio.page import Page, Studio
from studio.rendering import begin_from, render, render_again
from studio.session import Session
from studio.sounding import mixed, then_mix
from studio.view import Updates, components, panel, quick_view, render_buttons, told

TWICE = 3.0
"""Seconds within which a table with the same rows is the same one."""


def wire(studio: Studio, page: Page, blocks: gr.Blocks) -> None:
    """Connect every component. Call inside the `gr.Blocks` that holds the page."""
    wire_arrival(studio, page, blocks)
    wire_directing(studio, page)
    wire_describing(studio, page)
    _wire_render(studio, page)
    _wire_beginnings(studio, page)
    _wire_edits(studio, page)
    _wire_selection(studio, page)
    wire_delivery(studio, page)


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


def _wire_edits(studio: Studio, page: Page) -> None:
    outputs = components(page)

    def session_of(request: gr.Request) -> Session:
        return studio.sessions.of(request.session_hash)

    def edit(rows: list[list[Any]], request: gr.Request) -> Updates:
        """Change the story to what the table's rows say."""
        return told(studio, page, partial(edit_table, rows=rows), session_of(request))

    def undo(request: gr.Request) -> Updates:
        """Take the last change back."""
        return told(studio, page, lambda s: act(s, "undo", {}), session_of(request))

    def redo(request: gr.Request) -> Updates:
        """Bring back what undo took."""
        return told(studio, page, lambda s: act(s, "redo", {}), session_of(request))

    def do(data: gr.EventData, request: gr.Request) -> Updates:
        name, values = str(data.name), data.values
        values = values if isinstance(values, dict) else {}
        return told(studio, page, lambda s: act(s, name, values), session_of(request))

    for change in (
        page.table.input(edit, page.table, outputs, api_name="edit", **QUICK),
        page.undo.click(undo, None, outputs, api_name="undo", **QUICK),
        page.redo.click(redo, None, outputs, api_name="redo", **QUICK),
        page.stage.act(do, None, outputs, **QUICK, **PRIVATE),
        page.takes.act(do, None, outputs, **QUICK, **PRIVATE),
        page.flags.act(do, None, outputs, **QUICK, **PRIVATE),
    ):
        then_mix(studio, page, change)

    def perform(action: str, values: dict[str, Any], request: gr.Request) -> str:
        """Do one action of the timeline to the open story and return the story as JSON.

        Args:
            action: add, over, split, join, duplicate, delete, move, reorder, stretch, trim, roll,
                layer, lock, fit, caption, mood, gain, pan, fade_in, fade_out, seed, keep, restore,
                drop, undo or redo.
            values: the event's id, and what the action needs (see studio/actions.py).
        """
        session = session_of(request)
        try:
            with session.guard:
                act(session, action, values)
        except StudioError as trouble:
            raise gr.Error(str(trouble)) from None
        return session.open_folder.story.to_json()

    gr.api(perform, api_name="act")


def _wire_selection(studio: Studio, page: Page) -> None:
    def pick(data: gr.EventData, request: gr.Request) -> Updates:
        session = studio.sessions.of(request.session_hash)
        session.selected = str(data.id)
        return {page.takes: panel(studio, session)}

    def pick_row(data: gr.SelectData, request: gr.Request) -> Updates:
        session = studio.sessions.of(request.session_hash)
        story = session.shown
        if story is None or data.index[0] >= len(story.events):
            return {page.takes: gr.update()}
        event_id = table.ids_of(story)[data.index[0]]
        if event_id == session.selected:
            return {page.takes: gr.update()}
        session.selected = event_id
        return quick_view(studio, page, session)

    def back(request: gr.Request) -> Updates:
        """The tab was away: its sounds where they are now, which may be where they were."""
        session = studio.sessions.of(request.session_hash)
        return {page.takes: panel(studio, session)} | mixed(studio, page, session)

    page.sound.back(
        back,
        None,
        [page.takes, page.sound, page.download],
        concurrency_id="mix",
        show_progress="hidden",
        **PRIVATE,
    )
    page.stage.pick(pick, None, page.takes, **QUICK, **PRIVATE)
    page.table.select(pick_row, None, [page.stage, page.takes], **QUICK, **PRIVATE)


def edit_table(session: Session, rows: list[list[Any]]) -> None:
    """Gradio sends a cell twice, when Enter is pressed and when it loses the focus: the second time
    the rows are those of a table that is shown no more."""
    now = time.monotonic()
    since, before = session.typed
    session.typed = (now, rows)
    if rows == before and now - since < TWICE:
        return
    session.open_folder.edit("table", lambda story: table.edited(story, rows, session.shown))
