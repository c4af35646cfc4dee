"""Errors that a person can cause or mend; each message is a sentence that says what to do next."""

from __future__ import annotations

import threading


class StudioError(Exception):
    """Base of every error whose message is shown to the user as it stands.

    What it quotes may be a stranger's: characters that cannot be written as UTF-8 become "?".
    """

    def __str__(self) -> str:
        return super().__str__().encode("utf-8", "replace").decode()


class StoryError(StudioError):
    """A story, event or take breaks one of its rules."""


class PlanError(StudioError):
    """The director could not turn the instruction into a plan."""


class RenderError(StudioError):
    """The performer or codec could not produce a take."""


class Cancelled(StudioError):  # noqa: N818 - not an error to the one who pressed Cancel
    """The user stopped the work; nothing half-done is left behind."""


def raise_if_cancelled(cancel: threading.Event | None, work: str) -> None:
    """Raise Cancelled if the event is set; `work` is the subject of its sentence."""
    if cancel is not None and cancel.is_set():
        raise Cancelled(f"{work} was stopped.")


class WeightsError(StudioError):
    """Model files are missing, damaged or do not fit the profile."""


class FarmError(StudioError):
    """Machines that render together cannot be had, or are lost."""


class StoryJudgeError(StudioError):
    """A language model that is to judge stories gave no marks."""


class FileError(StudioError):
    """A file cannot be read or written."""


class AudioFileError(FileError):
    """An audio file cannot be read or written."""


class ProfileError(StudioError):
    """A profile file has a missing, unknown or ill-typed setting."""
