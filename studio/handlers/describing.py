"""A recording in words: what the director hears in it, as text to edit, take over or leave."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import gradio as gr

from core.errors import AudioFileError
from core.story.recording import Tell, read_recording, tell_nobody
from studio.access.person import asking_person
from studio.handlers.messages import errors_as_messages
from studio.handlers.options import IMMEDIATE, MODEL_JOB, PRIVATE
from studio.handlers.reading import cancellable, read_until_cancelled
from studio.jobs.job import Job
from studio.page.layout import Page
from studio.state import Studio

LISTENING = "Listening …"


def add_describing_listeners(studio: Studio, page: Page) -> None:
    """Connect the recording beside the instruction."""

    def describe(path: str | None, request: gr.Request) -> str:
        """Say what is heard in a recording; nothing where that failed or was cancelled."""
        text, session = "", studio.sessions.of(request.session_hash)
        with errors_as_messages("Describing", "Describing was stopped."):
            text = read_until_cancelled(
                session,
                "description",
                lambda cancel: description_of(studio, path, gr.Info, cancel),
            )
        return text

    def begin() -> object:
        return gr.update(value=LISTENING, interactive=False)

    def end(description: str | None) -> tuple[object, object]:
        again = gr.update(value=page.describe.value, interactive=True)
        return again, gr.update(visible=bool(description))

    begun = page.describe.click(begin, None, page.describe, **IMMEDIATE, **PRIVATE)
    add_listener = cancellable(studio, "description", begun.then, page.stop_describing)
    given = page.description_recording
    done = add_listener(describe, given, page.described, api_name="describe", **MODEL_JOB)
    shown = [page.describe, page.description_row]
    done.then(end, page.described, shown, **IMMEDIATE, **PRIVATE)
    for button, taken_over in (
        (page.use_description, only_description),
        (page.add_description, with_description),
    ):
        words = [page.instruction, page.described]
        button.click(taken_over, words, page.instruction, **IMMEDIATE, **PRIVATE)


def description_of(
    studio: Studio,
    path: str | None,
    tell: Tell = tell_nobody,
    cancel: threading.Event | None = None,
) -> str:
    """What the director says of an uploaded recording, when it is its turn.

    Raises:
        AudioFileError: there is no recording, or it cannot be used.
        WeightsError: the model has not learned to hear.
        StoryError: too many jobs wait for the model, or too many recordings are read.
        Cancelled: `cancel` was set.
    """
    if not path:
        raise AudioFileError("There is no recording yet; upload or record one.")
    service, job = studio.service, Job("draft", asking_person(), cancel or threading.Event())
    from core.director.describe import beginning, describe_recording

    with studio.recordings.place():  # and not in its turn: it may take a minute
        recording = beginning(read_recording(Path(path), cancel))  # the rest is not kept meanwhile
    with service.queue.turn(job, service.estimate("describe")):
        model = service.model_unless(job.cancel)
        began = time.monotonic()
        description = describe_recording(model, recording, tell=tell, cancel=job.cancel)
        took = time.monotonic() - began
    service.record_duration("describe", took)
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
