"""Coming and going: the story that a browser showed last, the list of stories, their names."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from core.errors import StudioError
from core.render.takes import resumed
from studio.handlers.draft_job import without_mood
from studio.handlers.mixing import then_mix
from studio.handlers.options import AT_ONCE, LONG, PRIVATE, QUICK
from studio.handlers.render_job import make_takes
from studio.page.layout import Page
from studio.page.scripts import LIGHT, START
from studio.sessions import stories
from studio.sessions.session import Session
from studio.state import Studio
from studio.view.updates import Updates, components, view

PAINTING = 1.0
"""Seconds that a page is given to appear before the model starts to load."""


def wire_arrival(studio: Studio, page: Page, blocks: gr.Blocks) -> None:
    """Connect what opens and leaves stories."""
    outputs = opened_components(page)

    def arrive(memory: dict[str, str], request: gr.Request) -> Updates:
        """Open the story that this browser showed last."""
        studio.engine.warm_up(PAINTING)
        kept = memory if isinstance(memory, dict) else {}
        session, visitor = studio.sessions.arrive(
            request.session_hash, str(kept.get("visitor", ""))
        )
        title = str(kept.get("title", ""))
        if title and session.folder is None:
            with contextlib.suppress(StudioError):
                stories.open_story(session, title)
        return _opened(studio, page, session, {"visitor": visitor})

    def resume(request: gr.Request) -> Iterator[Updates]:
        """Go on with a rendering that a crash cut short."""
        session = studio.sessions.of(request.session_hash)
        left = resumed(session.folder) if session.folder and not session.busy else None
        if left is None:
            yield {page.progress: gr.update()}
            return
        gr.Info("The last rendering was cut short; it goes on.")
        yield from make_takes(studio, page, session, *left, "resumed")

    def leave(request: gr.Request) -> None:
        studio.sessions.leave(request.session_hash)

    loaded = blocks.load(arrive, page.memory, outputs, **AT_ONCE, **PRIVATE)
    then_mix(studio, page, loaded)
    resuming = loaded.then(resume, None, [*components(page), page.sound], **LONG, **PRIVATE)
    blocks.load(None, js=START)
    blocks.unload(leave)
    page.light.click(None, js=LIGHT)
    chosen = _wire_stories(studio, page)
    for change in (resuming, *chosen):
        then_mix(studio, page, change)
    chosen[0].then(resume, None, [*components(page), page.sound], **LONG, **PRIVATE)


def _wire_stories(studio: Studio, page: Page) -> tuple[Any, ...]:
    outputs = opened_components(page)

    def changing(
        act: Callable[[Session, str], None],
    ) -> Callable[[str, dict[str, str], gr.Request], Updates]:
        def change(title: str, memory: dict[str, str], request: gr.Request) -> Updates:
            session = studio.sessions.of(request.session_hash)
            try:
                act(session, title or "")
            except StudioError as trouble:
                gr.Warning(str(trouble))
            return _opened(studio, page, session, memory)

        return change

    acts: dict[str, tuple[Any, Any, Callable[[Session, str], None]]] = {
        "open": (page.stories.input, page.stories, stories.open_story),
        "open_zip": (page.bundle.upload, page.bundle, stories.open_file),
        "rename": (page.rename.click, page.title, stories.rename),
        "duplicate": (page.duplicate.click, page.title, lambda s, _: stories.duplicate(s)),
        "archive": (page.archive.click, page.title, lambda s, _: stories.archive(s)),
        "new": (page.fresh.click, page.title, lambda s, _: s.show(None)),
    }
    page.manage.click(lambda: gr.update(visible=True), None, page.managing, **AT_ONCE, **PRIVATE)
    return tuple(
        listen(changing(act), [given, page.memory], outputs, api_name=name, **QUICK)
        for name, (listen, given, act) in acts.items()
    )


def opened_components(page: Page) -> list[Any]:
    """What `_opened` updates."""
    asked = [page.instruction, page.total, page.mood, page.seed, page.title, page.managing]
    return [*components(page), *asked, page.memory, page.sound]


def _opened(studio: Studio, page: Page, session: Session, memory: dict[str, str]) -> Updates:
    """The whole page for another story, its instruction too; the browser remembers its title."""
    shown = view(studio, page, session)
    folder = session.folder
    shown[page.managing] = gr.update(visible=False)
    if folder is not None:
        words, mood = without_mood(folder.story.instruction)
        shown |= {page.instruction: words, page.mood: mood, page.total: folder.story.total}
        shown |= {page.seed: folder.story.seed, page.title: folder.title}
    elif memory.get("title"):
        shown |= {page.instruction: "", page.mood: ""}
    title = folder.title if folder else ""
    return shown | {page.memory: {**memory, "title": title}, page.sound: ""}
