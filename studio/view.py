"""What the page shows for a session: one function from the story on disk to every component.

Table, picture and buttons are always updated together from the same story, so they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import gradio as gr

from core.errors import StudioError
from core.performer import RenderSettings
from core.story import Story
from studio import listening, table
from studio.page import Page, Studio
from studio.session import Session
from studio.stage import stage

Updates = dict[Any, Any]


def components(page: Page) -> list[Any]:
    """The components that `view` updates."""
    return [
        page.stories,
        page.fresh,
        page.undo,
        page.redo,
        page.draft,
        page.cancel,
        page.stop,
        page.welcome,
        page.thinking,
        page.reasoning,
        page.desk,
        page.stage,
        page.render,
        page.progress,
        page.download,
        page.events,
        page.table,
    ]


def view(studio: Studio, page: Page, session: Session) -> Updates:
    """Everything that depends on the story and on what is running."""
    folder, story, busy = session.folder, session.story, session.busy
    there = story is not None
    undo = folder.undo_label if folder else ""
    redo = folder.redo_label if folder else ""
    return {
        page.stories: _stories(session),
        page.fresh: gr.update(visible=there, interactive=not busy),
        page.undo: gr.update(visible=there, interactive=bool(undo) and not busy),
        page.redo: gr.update(visible=there, interactive=bool(redo) and not busy),
        page.draft: _draft_button(session),
        page.cancel: gr.update(visible=session.making("draft")),
        page.stop: gr.update(visible=session.making("render")),
        page.welcome: gr.update(visible=not there and not busy),
        page.thinking: gr.update(visible=there, open=False),
        page.reasoning: reasoning(story),
        page.desk: gr.update(visible=there),
        page.stage: stage(session, studio.cache),
        page.render: render_button(studio, session),
        page.progress: "",
        page.download: gr.update(interactive=listening.has_sound(session)),
        page.events: gr.update(visible=there),
        page.table: gr.update(value=table.rows_of(story), interactive=True),
    }


def reasoning(story: Story | None) -> str:
    if story is None:
        return ""
    notes = "".join(f'<p class="hint">{escape(note)}</p>' for note in story.corrections)
    return f'<div class="reasoning">{escape(story.reasoning)}</div>{notes}'


def settings(studio: Studio, session: Session) -> RenderSettings:
    """The performer's settings of the chosen quality."""
    profile = studio.engine.profile
    return profile.final if session.quality == "final" else profile.draft


def render_button(studio: Studio, session: Session) -> Updates:
    """Says how much there is to render."""
    if session.folder is None:
        return gr.update(visible=False)
    wanted = settings(studio, session)
    left = len(session.folder.unrendered(wanted.steps, wanted.guidance))
    whole = left == len(session.folder.story.events)
    label = "Rendered" if not left else "Render" if whole else f"Render {left} of {_of(session)}"
    ready = bool(left) and not session.busy
    return gr.update(value=label, interactive=ready, visible=not session.making("render"))


def _stories(session: Session) -> Updates:
    titles = list(session.library.titles())
    title = session.folder.title if session.folder else None
    return gr.update(choices=titles, value=title, visible=bool(titles), interactive=True)


def _of(session: Session) -> int:
    return 0 if session.story is None else len(session.story.events)


def _draft_button(session: Session) -> Updates:
    there = session.folder is not None
    return gr.update(
        value="Draft again" if there else "Draft",
        variant="secondary" if there else "primary",
        visible=not session.making("draft"),
        interactive=not session.busy,
    )


def waiting(studio: Studio, page: Page, session: Session) -> Updates:
    """What shows at once that something was asked for, even while others are before it."""
    return {
        page.draft: _draft_button(session),
        page.cancel: gr.update(visible=session.making("draft")),
        page.stop: gr.update(visible=session.making("render")),
        page.render: render_button(studio, session),
        page.welcome: gr.update(visible=False),
    }


def told(studio: Studio, page: Page, act: Callable[[Session], None], session: Session) -> Updates:
    """Run an edit and show the story; what goes wrong is said in one sentence."""
    try:
        act(session)
    except StudioError as trouble:
        gr.Warning(str(trouble))
    return view(studio, page, session)
