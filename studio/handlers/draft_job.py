"""Draft: from words to a plan on the page, its reasoning shown as it is written."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from core.errors import StoryError, StudioError
from core.story.folders import StoryFolder
from core.story.story import Story
from studio.handlers.messages import errors_as_messages
from studio.jobs.background import in_background
from studio.jobs.job import Job
from studio.jobs.queue import QueuePosition
from studio.page.layout import Page
from studio.sessions.session import Session
from studio.state import Studio
from studio.view.updates import Updates, view, waiting_view

if TYPE_CHECKING:
    import threading

    from core.audiostory import AudioStory
    from core.director.progress import PlanProgress


@dataclass(frozen=True)
class Planning:
    """A way to plan.

    Attributes:
        steps: plans with a model, until the event is set.
        elsewhere: a director on another machine plans; it takes no turn of the model here, so that
            nobody waits for it but its own tab.
    """

    steps: Callable[[AudioStory, threading.Event], Iterator[PlanProgress]]
    elsewhere: bool = False


MAX_MOOD = 40
"""Characters of a mood: a few words."""
_MOOD = re.compile(rf", in an? (?P<mood>[^,.]{{1,{MAX_MOOD}}}) mood$")


def with_mood(instruction: str, mood: str) -> str:
    """The instruction as the director reads it; what has no words gets no mood.

    Raises:
        StoryError: the mood is longer than MAX_MOOD.
    """
    words, mood = instruction.strip(), " ".join(mood.split())
    if len(mood) > MAX_MOOD:
        raise StoryError(
            f"The mood has {len(mood)} characters; shorten it to {MAX_MOOD}, or say it in the "
            "instruction."
        )
    if not mood or not any(character.isalpha() for character in words):
        return words
    article = "an" if mood[0].lower() in "aeiou" else "a"
    return f"{words.rstrip('.')}, in {article} {mood} mood"


def without_mood(instruction: str) -> tuple[str, str]:
    """The instruction and the mood that were put together."""
    found = _MOOD.search(instruction)
    return (instruction[: found.start()], found["mood"]) if found else (instruction, "")


def run_draft(
    studio: Studio, page: Page, session: Session, planning: Planning, keep: Callable[[Story], None]
) -> Iterator[Updates]:
    """Stream the director's reasoning and events, then show the story.

    Args:
        keep: what to do with the plan.
    """
    try:
        job = session.start_job("draft")
    except StudioError as error:
        gr.Warning(str(error))
        yield {page.progress: gr.update()}
        return
    try:
        with errors_as_messages("Drafting", "Drafting was stopped."):
            first = "" if studio.service.ready else "Loading the model …"
            opening = {
                page.reasoning_panel: gr.update(visible=True, open=True),
                page.reasoning: _writing_html(first),
            }
            # The answer to a page that was still loading may have undone the first `waiting_view`.
            yield waiting_view(studio, page, session) | opening
            story = None
            for batch in in_background(planning_work(studio, job, planning), job):
                last = batch[-1]
                if isinstance(last, QueuePosition):
                    yield {page.reasoning: _writing_html(f"{last} …")}
                    continue
                story = last.story
                yield {page.reasoning: _writing_html(progress_text(last))}
            if story is not None:
                keep(story)
    finally:
        job.done = True
    yield view(studio, page, session)


def keep_draft(session: Session, story: Story) -> None:
    """Drafting the same words again changes the open story, which can be undone; other words
    begin another story."""
    folder = session.folder
    before = "" if folder is None else without_mood(folder.story.instruction)[0]
    if folder is not None and before == without_mood(story.instruction)[0]:
        folder.edit("draft", lambda _: story)
        session.selected = ""
    else:
        session.show(session.library.create(story))


def keep_plan(folder: StoryFolder, before: Story, story: Story) -> None:
    """Change the story to what was planned from `before`.

    Raises:
        StoryError: the story is another one by now; what was done to it stays.
    """

    def replaced(now: Story) -> Story:
        if now != before:
            raise StoryError("The story was changed while it was planned; plan again.")
        return story

    folder.edit("plan again", replaced)


def progress_text(progress: PlanProgress) -> str:
    """The reasoning, and the events that are written already."""
    events = "\n".join(
        f"{number}. {event.caption} ({event.duration:g} s)"
        for number, event in enumerate(progress.events, 1)
    )
    return f"{progress.reasoning}\n\n{events}".strip()


def planning_work(
    studio: Studio, job: Job, planning: Planning
) -> Callable[[Callable[[Any], None]], None]:
    """The work itself: wait for the model, then plan; each step is sent."""
    service = studio.service

    def work(send: Callable[[Any], None]) -> None:
        if planning.elsewhere:
            with studio.directors.place():
                for progress in planning.steps(service.model_unless(job.cancel), job.cancel):
                    send(progress)
            return
        with service.queue.turn(job, service.estimate("draft"), send):
            model = service.model_unless(job.cancel)
            began = time.monotonic()
            for progress in planning.steps(model, job.cancel):
                send(progress)
            took = time.monotonic() - began
        service.record_duration("draft", took)

    return work


def _writing_html(text: str) -> str:
    return f'<div class="reasoning is-writing" aria-busy="true">{escape(text)}</div>'
