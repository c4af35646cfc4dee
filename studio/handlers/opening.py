"""Loading the page with the story that it showed last; opening and naming stories."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from html import escape
from typing import Any

import gradio as gr

from core.errors import Cancelled, StudioError
from core.export.bundle import NO_HISTORY
from core.render.takes import resumed
from studio.handlers.draft_job import without_mood
from studio.handlers.mixing import then_mix
from studio.handlers.options import IMMEDIATE, MODEL_JOB, MODEL_NOTICE, PRIVATE, QUICK
from studio.handlers.reading import cancellable
from studio.handlers.render_job import make_takes
from studio.handlers.turns import in_turn
from studio.page.layout import Page
from studio.page.scripts import LIGHT_JS, MANAGE_JS, START_JS, TAB_JS
from studio.sessions import stories
from studio.sessions.session import Session
from studio.state import Studio
from studio.view.updates import Updates, components, view

Memory = dict[str, Any]
"""What a browser keeps of the page: the visitor's name and the title of the open story."""
_LOADING = '<p class="hint">The model is loading; a draft begins as soon as it is there.</p>'
PAINT_SECONDS = 1.0
"""Seconds that a page is given to appear before the model starts to load."""


def add_opening_listeners(studio: Studio, page: Page, blocks: gr.Blocks) -> None:
    """Connect what opens and leaves stories."""
    outputs = opened_components(page)

    def load(memory: Any, request: gr.Request) -> Updates:
        """Open the story that this tab showed last, or in a new tab this browser.

        A memory of another form is an earlier version's, or damaged: it is begun anew.
        """
        studio.service.warm_up(PAINT_SECONDS)
        kept = memory if isinstance(memory, dict) else {}
        visitor, title = (
            text if isinstance(text := kept.get(name), str) else "" for name in ("visitor", "title")
        )
        session, visitor = studio.sessions.connect(request.session_hash, visitor)
        if title and session.folder is None:
            with contextlib.suppress(StudioError):
                stories.show_story(session, title)
        return _opened(studio, page, session, {"visitor": visitor})

    def resume(request: gr.Request) -> Iterator[Updates]:
        """Go on with a rendering that a crash cut short."""
        session = studio.sessions.of(request.session_hash)
        left = resumed(session.folder) if session.folder and not session.busy else None
        if left is None:
            yield {page.progress: gr.update()}
            return
        gr.Info("The last rendering was interrupted; it goes on.")
        requests, settings = left
        yield from make_takes(studio, page, session, lambda cancel: requests, settings, "resumed")

    def wait_for_model() -> Iterator[Any]:
        """Say that the model is loading behind the page, and what keeps it from that."""
        if studio.service.ready:
            yield gr.update(visible=False)
            return
        yield gr.update(value=_LOADING, visible=True)
        try:
            studio.service.wait()
        except StudioError as error:
            yield gr.update(value=f'<p class="hint">{escape(str(error))}</p>')
        except Exception:
            yield gr.update(visible=False)
            raise
        else:
            yield gr.update(visible=False)

    def unload(request: gr.Request) -> None:
        studio.sessions.disconnect(request.session_hash)

    loaded = blocks.load(load, page.memory, outputs, js=TAB_JS, **IMMEDIATE, **PRIVATE)
    then_mix(studio, page, loaded)
    loaded.then(wait_for_model, None, page.loading, **MODEL_NOTICE, **PRIVATE)
    resuming = loaded.then(resume, None, [*components(page), page.mix], **MODEL_JOB, **PRIVATE)
    blocks.load(None, js=START_JS)
    blocks.unload(unload)
    page.light.click(None, js=LIGHT_JS)
    chosen = _add_story_listeners(studio, page)
    for change in (resuming, *chosen):
        then_mix(studio, page, change)
    chosen[0].then(resume, None, [*components(page), page.mix], **MODEL_JOB, **PRIVATE)


def _add_story_listeners(studio: Studio, page: Page) -> tuple[Any, ...]:
    outputs = opened_components(page)

    def changing(
        act: Callable[[Session, str], None],
    ) -> Callable[[str | None, Memory | None, gr.Request], Updates]:
        def change(title: str | None, memory: Memory | None, request: gr.Request) -> Updates:
            session = studio.sessions.of(request.session_hash)
            if act is stories.show_story and session.folder and title == session.folder.title:
                # Gradio says so whenever the menu is left; what is written stays as it is.
                return {page.progress: gr.update()}
            try:
                act(session, title or "")
            except Cancelled:
                gr.Info("Opening the zip was stopped.")
                return view(studio, page, session)
            except StudioError as error:
                gr.Warning(str(error))
                return view(studio, page, session)
            if act is _archive:
                gr.Info("The story is in the archive; Bring back undoes that.")
            if act is stories.show_bundle and not session.open_folder.undo_count:
                gr.Info(NO_HISTORY)
            return _opened(studio, page, session, memory or {})

        return change

    opened_zip = cancellable(studio, "zip", page.bundle.upload, page.stop_opening)
    naming = partial(gr.on, [page.rename.click, page.title.submit])
    acts: dict[str, tuple[Any, Any, Callable[[Session, str], None]]] = {
        "open": (page.stories.input, page.stories, stories.show_story),
        "open_zip": (opened_zip, page.bundle, stories.show_bundle),
        "rename": (naming, page.title, stories.rename_story),
        "duplicate": (page.duplicate.click, page.title, lambda s, _: stories.duplicate_story(s)),
        "archive": (page.archive.click, page.title, _archive),
        "bring_back": (page.restore.click, page.archived, stories.restore_story),
        "new": (page.new_story.click, page.title, lambda s, _: s.show(None)),
    }
    page.manage.click(None, None, [page.manage_row, page.title], js=MANAGE_JS)
    return tuple(
        in_turn(add, changing(act), [given, page.memory], outputs, api_name=name, **QUICK)
        for name, (add, given, act) in acts.items()
    )


def _archive(session: Session, _: str) -> None:
    stories.archive_story(session)


def opened_components(page: Page) -> list[Any]:
    """What `_opened` updates."""
    given = [page.instruction, page.total, page.mood, page.seed, page.title, page.manage_row]
    return [*components(page), *given, page.memory, page.mix]


def _opened(studio: Studio, page: Page, session: Session, memory: Memory) -> Updates:
    """The whole page for another story, its instruction too; the browser remembers its title."""
    shown = view(studio, page, session)
    folder = session.folder
    shown[page.manage_row] = gr.update(visible=False)
    if folder is not None:
        words, mood = without_mood(folder.story.instruction)
        shown |= {page.instruction: words, page.mood: mood, page.total: folder.story.total}
        shown |= {page.seed: folder.story.seed, page.title: folder.title}
    elif memory.get("title"):
        shown |= {page.instruction: "", page.mood: ""}
    title = folder.title if folder else ""
    return shown | {page.memory: {**memory, "title": title}, page.mix: ""}
