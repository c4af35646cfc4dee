"""A recording in words: what the director hears in it, as text to edit, take over or leave."""

from __future__ import annotations

import time
from pathlib import Path

import gradio as gr

from core.errors import AudioFileError
from core.story.recording import Tell, tell_nobody
from studio.access.person import asking_person
from studio.handlers.messages import errors_as_messages
from studio.handlers.options import IMMEDIATE, MODEL_JOB, PRIVATE
from studio.jobs.job import Job
from studio.page.layout import Page
from studio.state import Studio

LISTENING = "Listening …"


def add_describing_listeners(studio: Studio, page: Page) -> None:
    """Connect the recording beside the instruction."""

    def describe(path: str | None) -> str:
        """Say what is heard in a recording; nothing where that failed."""
        text = ""
        with errors_as_messages("Describing"):
            text = description_of(studio, path, gr.Info)
        return text

    def begin() -> object:
        return gr.update(value=LISTENING, interactive=False)

    def end(description: str | None) -> tuple[object, object]:
        again = gr.update(value=page.describe.value, interactive=True)
        return again, gr.update(visible=bool(description))

    begun = page.describe.click(begin, None, page.describe, **IMMEDIATE, **PRIVATE)
    given = page.description_recording
    done = begun.then(describe, given, page.described, api_name="describe", **MODEL_JOB)
    shown = [page.describe, page.description_row]
    done.then(end, page.described, shown, **IMMEDIATE, **PRIVATE)
    for button, taken_over in (
        (page.use_description, only_description),
        (page.add_description, with_description),
    ):
        words = [page.instruction, page.described]
        button.click(taken_over, words, page.instruction, **IMMEDIATE, **PRIVATE)


def description_of(studio: Studio, path: str | None, tell: Tell = tell_nobody) -> str:
    """What the director says of an uploaded recording, when it is its turn.

    Raises:
        AudioFileError: there is no recording, or it cannot be used.
        WeightsError: the model has not learned to hear.
        StoryError: too many jobs wait for the model.
    """
    if not path:
        raise AudioFileError("There is no recording yet; upload or record one.")
    service = studio.service
    with service.queue.turn(Job("draft", asking_person()), service.estimate("describe")):
        from core.director.describe import describe

        model = service.model
        began = time.monotonic()
        description = describe(model, Path(path), tell=tell)
        service.record_duration("describe", time.monotonic() - began)
    return description


def only_description(instruction: str | None, description: str | None) -> str:
    """The description in the instruction's place."""
    return description or ""


def with_description(instruction: str | None, description: str | None) -> str:
    """The instruction with another sound after what it says already."""
    if not description:
        return instruction or ""
    words = (instruction or "").strip().rstrip(".,;")
    return f"{words}, then {description}" if words else description
