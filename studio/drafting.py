"""Draft: from the instruction to a plan on the page, its reasoning shown as it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from typing import Any

import gradio as gr

from core.director import PlanProgress, plan
from core.errors import Cancelled, StudioError
from core.story import Story
from studio.page import Page, Studio
from studio.session import Job, Session
from studio.stream import reports
from studio.view import Updates, view


def draft(
    studio: Studio, page: Page, session: Session, instruction: str, total: float, seed: int
) -> Iterator[Updates]:
    """Stream the director's reasoning and events, then show the story.

    Drafting the same instruction again changes the open story, which can be undone; another
    instruction begins another story.
    """
    try:
        job = session.start("draft")
    except StudioError as trouble:
        gr.Warning(str(trouble))
        yield {}
        return
    try:
        first = "" if studio.engine.ready else "Loading the model …"
        yield {page.thinking: gr.update(visible=True, open=True), page.reasoning: _writing(first)}
        story = None
        for batch in reports(_planning(studio, job, instruction, total, seed), job):
            story = batch[-1].story
            yield _so_far(page, session, batch[-1])
        if story is not None:
            _keep(session, story)
    except Cancelled:
        gr.Info("Drafting was stopped.")
    except StudioError as trouble:
        gr.Warning(str(trouble))
    finally:
        job.done = True
    yield view(studio, page, session)


def _planning(
    studio: Studio, job: Job, instruction: str, total: float, seed: int
) -> Callable[[Callable[[Any], None]], None]:
    def work(send: Callable[[Any], None]) -> None:
        with studio.engine.turn:
            for progress in plan(studio.engine.model, instruction, total, seed, job.cancel):
                send(progress)

    return work


def _so_far(page: Page, session: Session, progress: PlanProgress) -> Updates:
    """The reasoning; and the events in the table, unless another story is still shown there."""
    updates: Updates = {page.reasoning: _writing(progress.reasoning)}
    if session.folder is None and progress.events:
        rows, clock = [], 0.0
        for number, event in enumerate(progress.events, 1):
            length = round(event.duration, 3)
            rows.append(
                [str(number), event.caption, clock, length, 0, 0, 0, 0, "", False, "drafted"]
            )
            clock = round(clock + length, 3)
        updates[page.events] = gr.update(visible=True)
        updates[page.table] = gr.update(value=rows, interactive=False)
    return updates


def _writing(text: str) -> str:
    return f'<div class="reasoning is-writing" aria-busy="true">{escape(text)}</div>'


def _keep(session: Session, story: Story) -> None:
    folder = session.folder
    if folder is not None and folder.story.instruction == story.instruction:
        folder.edit("draft", lambda _: story)
        session.selected = ""
    else:
        session.show(session.library.create(story))
