"""A recording in words: what the director hears in it, as text to edit and draft from."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import gradio as gr

from core.errors import AudioFileError, StudioError
from studio.handlers.options import AT_ONCE, LONG, PRIVATE
from studio.jobs.job import Job
from studio.page.layout import Page
from studio.state import Studio

LISTENING = "Listening …"


def wire_describing(studio: Studio, page: Page) -> None:
    """Connect the recording beside the instruction."""

    def describe(path: str | None, instruction: str) -> str:
        """Say what is heard in a recording, after the words that are there already."""
        try:
            return continued(instruction or "", described(studio, path))
        except StudioError as trouble:
            gr.Warning(str(trouble))
        except Exception:
            logging.exception("Describing failed")
            gr.Warning("Describing failed through a fault of the studio; its terminal says more.")
        return instruction or ""

    def begin() -> object:
        return gr.update(value=LISTENING, interactive=False)

    def end() -> object:
        return gr.update(value=page.describe.value, interactive=True)

    begun = page.describe.click(begin, None, page.describe, **AT_ONCE, **PRIVATE)
    asked = [page.overheard, page.instruction]
    done = begun.then(describe, asked, page.instruction, api_name="describe", **LONG)
    done.then(end, None, page.describe, **AT_ONCE, **PRIVATE)


def described(studio: Studio, path: str | None) -> str:
    """What the director says of an uploaded recording, when it is its turn.

    Raises:
        AudioFileError: there is no recording, or it cannot be used.
        WeightsError: the model has not learned to hear.
        StoryError: too many jobs wait for the model.
    """
    if not path:
        raise AudioFileError("There is no recording yet; upload or record one.")
    engine = studio.engine
    with engine.line.turn(Job("draft"), engine.expected("describe")):
        from core.director.describe import describe

        model = engine.model
        began = time.monotonic()
        told = describe(model, Path(path))
        engine.took("describe", time.monotonic() - began)
    return told


def continued(instruction: str, told: str) -> str:
    """The instruction with another sound after what it says already."""
    if not told:
        return instruction
    words = instruction.strip().rstrip(".,;")
    return f"{words}, then {told}" if words else told
