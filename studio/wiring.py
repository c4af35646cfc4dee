"""What happens on the page: each event of a component and the handler that answers it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import gradio as gr

from core import timeline
from core.errors import StoryError, StudioError
from studio import listening, table
from studio.drafting import draft
from studio.page import EXAMPLES, Page, Studio
from studio.rendering import render, render_again
from studio.session import Kind, Session
from studio.stage import stage
from studio.view import Updates, components, render_button, told, view, waiting

MODEL: dict[str, Any] = {"concurrency_id": "model", "concurrency_limit": 1}
QUICK: dict[str, Any] = {"concurrency_limit": 16, "show_progress": "hidden"}
PRIVATE: dict[str, Any] = {"api_visibility": "private"}
LIGHT = """() => {
  const light = document.documentElement.classList.toggle("light");
  localStorage.setItem("audiostory-light", light ? "yes" : "");
  document.getElementById("light").textContent = light ? "Dark" : "Light";
}"""
START = """() => {
  if (localStorage.getItem("audiostory-light")) {
    document.documentElement.classList.add("light");
    document.getElementById("light").textContent = "Dark";
  }
}"""


def wire(studio: Studio, page: Page, blocks: gr.Blocks) -> None:
    """Connect every component. Call inside the `gr.Blocks` that holds the page."""
    _wire_arrival(studio, page, blocks)
    _wire_draft(studio, page)
    _wire_render(studio, page)
    _wire_edits(studio, page)


def _wire_arrival(studio: Studio, page: Page, blocks: gr.Blocks) -> None:
    asked = [page.instruction, page.total, page.seed]
    outputs = [*components(page), *asked, page.memory, page.sound]

    def arrive(memory: dict[str, str], request: gr.Request) -> Updates:
        """Open the story that this browser showed last."""
        kept = memory if isinstance(memory, dict) else {}
        session, visitor = studio.sessions.arrive(
            request.session_hash, str(kept.get("visitor", ""))
        )
        title = str(kept.get("title", ""))
        if title and session.folder is None:
            with contextlib.suppress(StudioError):
                _open(session, title)
        return opened(session, {"visitor": visitor})

    def opened(session: Session, memory: dict[str, str]) -> Updates:
        shown = view(studio, page, session)
        title, story = "", session.story
        if session.folder is not None and story is not None:
            title = session.folder.title
            shown[page.instruction] = story.instruction
            shown[page.total] = story.total
            shown[page.seed] = story.seed
        return shown | {page.memory: {**memory, "title": title}, page.sound: ""}

    def open_story(title: str, memory: dict[str, str], request: gr.Request) -> Updates:
        """Show a story of the library, by its title."""
        session = studio.sessions.of(request.session_hash)
        try:
            _open(session, title)
        except StudioError as trouble:
            gr.Warning(str(trouble))
        return opened(session, memory)

    loaded = blocks.load(arrive, page.memory, outputs, js=None, **QUICK, **PRIVATE)
    _then_mix(studio, page, loaded)
    blocks.load(None, js=START)
    page.light.click(None, js=LIGHT)

    def leave(request: gr.Request) -> None:
        studio.sessions.leave(request.session_hash)

    blocks.unload(leave)

    def begin_anew(memory: dict[str, str], request: gr.Request) -> Updates:
        session = studio.sessions.of(request.session_hash)
        session.show(None)
        return opened(session, memory) | {page.instruction: ""}

    page.fresh.click(begin_anew, page.memory, outputs, queue=False, **PRIVATE)
    chosen = page.stories.input(
        open_story, [page.stories, page.memory], outputs, api_name="open", **QUICK
    )
    _then_mix(studio, page, chosen)


def _open(session: Session, title: str) -> None:
    if session.busy:
        raise StoryError("Something is being made here; cancel it before you open another story.")
    session.show(session.library.open(title))
    if session.open_folder.unfinished is not None:
        session.open_folder.end_rendering()
        gr.Info("The last rendering was cut short; Render goes on where it stopped.")


def _wire_draft(studio: Studio, page: Page) -> None:
    for button, (text, seconds) in zip(page.examples, EXAMPLES, strict=True):
        button.click(
            lambda text=text, seconds=seconds: (text, seconds),
            None,
            [page.instruction, page.total],
            queue=False,
            **PRIVATE,
        )

    def run(instruction: str, total: float, seed: int, request: gr.Request) -> Iterator[Updates]:
        """Draft a story: reason out a timeline of events from one instruction."""
        session = studio.sessions.of(request.session_hash)
        yield from draft(
            studio, page, session, instruction or "", float(total or 0), int(seed or 0)
        )

    def remember(memory: dict[str, str], request: gr.Request) -> dict[str, str]:
        session = studio.sessions.of(request.session_hash)
        return {**memory, "title": session.folder.title if session.folder else ""}

    asked = gr.on(
        [page.draft.click, page.instruction.submit],
        _asking(studio, page, "draft"),
        None,
        _waiting(page),
        queue=False,
        **PRIVATE,
    )
    drafted = asked.then(
        run,
        [page.instruction, page.total, page.seed],
        components(page),
        api_name="draft",
        show_progress="hidden",
        **MODEL,
    )
    drafted.then(remember, page.memory, page.memory, queue=False, **PRIVATE)
    _then_mix(studio, page, drafted)

    def stop(request: gr.Request) -> None:
        """Stop what is being made for this session, within a step."""
        studio.sessions.of(request.session_hash).stop()

    page.cancel.click(stop, None, None, queue=False, api_name="cancel")
    page.stop.click(stop, None, None, queue=False, **PRIVATE)


def _asking(studio: Studio, page: Page, kind: Kind) -> Callable[[gr.Request], Updates]:
    """Notes that something was asked for, before it is its turn."""

    def ask(request: gr.Request) -> Updates:
        session = studio.sessions.of(request.session_hash)
        try:
            session.ask(kind)
        except StudioError as trouble:
            gr.Warning(str(trouble))
        return waiting(studio, page, session)

    return ask


def _waiting(page: Page) -> list[Any]:
    return [page.draft, page.cancel, page.stop, page.render, page.welcome]


def _wire_render(studio: Studio, page: Page) -> None:
    def run(request: gr.Request) -> Iterator[Updates]:
        """Render every event that has no take yet or changed since."""
        yield from render(studio, page, studio.sessions.of(request.session_hash))

    def again(data: gr.EventData, request: gr.Request) -> Iterator[Updates]:
        session = studio.sessions.of(request.session_hash)
        yield from render_again(studio, page, session, str(data.id))

    asked = page.render.click(
        _asking(studio, page, "render"), None, _waiting(page), queue=False, **PRIVATE
    )
    rendered = asked.then(
        run, None, components(page), api_name="render", show_progress="hidden", **MODEL
    )
    one = page.stage.again(
        again, None, components(page), show_progress="hidden", **MODEL, **PRIVATE
    )
    for step in (rendered, one):
        _then_mix(studio, page, step)

    def choose_quality(quality: str, request: gr.Request) -> Any:
        session = studio.sessions.of(request.session_hash)
        session.quality = "final" if quality == "final" else "draft"
        return render_button(studio, session)

    page.quality.change(choose_quality, page.quality, page.render, queue=False, **PRIVATE)


def _wire_edits(studio: Studio, page: Page) -> None:
    def answer(act: Callable[[Session], Any], request: gr.Request) -> Updates:
        return told(studio, page, act, studio.sessions.of(request.session_hash))

    def edit(rows: list[list[Any]], request: gr.Request) -> Updates:
        """Change the story to what the table's rows say."""
        session = studio.sessions.of(request.session_hash)
        return told(studio, page, partial(_edit_table, rows=rows), session)

    def undo(request: gr.Request) -> Updates:
        """Take the last change back."""
        return answer(lambda s: s.open_folder.undo(), request)

    def redo(request: gr.Request) -> Updates:
        """Bring back what undo took."""
        return answer(lambda s: s.open_folder.redo(), request)

    def choose(data: gr.EventData, request: gr.Request) -> Updates:
        pick_take = partial(timeline.choose_take, event_id=str(data.id), key=str(data.key))
        return answer(lambda s: s.open_folder.edit("take", pick_take), request)

    def pick(data: gr.EventData, request: gr.Request) -> str:
        session = studio.sessions.of(request.session_hash)
        session.selected = str(data.id)
        return stage(session, studio.cache)

    def pick_row(data: gr.SelectData, request: gr.Request) -> str:
        session = studio.sessions.of(request.session_hash)
        if session.story is not None and data.index[0] < len(session.story.events):
            session.selected = session.story.events[data.index[0]].id
        return stage(session, studio.cache)

    outputs = components(page)
    changes = (
        page.table.input(edit, page.table, outputs, api_name="edit", **QUICK),
        page.undo.click(undo, None, outputs, api_name="undo", **QUICK),
        page.redo.click(redo, None, outputs, api_name="redo", **QUICK),
        page.stage.choose(choose, None, outputs, **QUICK, **PRIVATE),
    )
    for change in changes:
        _then_mix(studio, page, change)
    page.stage.pick(pick, None, page.stage, **QUICK, **PRIVATE)
    page.table.select(pick_row, None, page.stage, **QUICK, **PRIVATE)


def _edit_table(session: Session, rows: list[list[Any]]) -> None:
    """Gradio sends a cell twice, when Enter is pressed and when it loses the focus: refuse once."""
    now = time.monotonic()
    try:
        session.open_folder.edit("table", lambda story: table.edited(story, rows))
    except StudioError:
        since, before = session.refused
        session.refused = (now, rows)
        if rows != before or now - since > 3:
            raise


def _then_mix(studio: Studio, page: Page, change: Any) -> None:
    """After a change, mix the story anew for the player and the download."""

    def mix(request: gr.Request) -> Updates:
        session = studio.sessions.of(request.session_hash)
        try:
            path = (
                listening.mix_file(session, studio.engine.profile.sample_rate)
                if session.folder is not None
                else None
            )
        except StudioError as trouble:
            gr.Warning(str(trouble))
            path = None
        if path is None:
            return {} if listening.has_sound(session) else {page.sound: ""}
        return {
            page.sound: f'<span data-mix="{listening.address(path)}"></span>',
            page.download: gr.update(value=str(path), interactive=True),
        }

    change.then(
        mix,
        None,
        [page.sound, page.download],
        show_progress="hidden",
        concurrency_id="mix",
        concurrency_limit=2,
        **PRIVATE,
    )
