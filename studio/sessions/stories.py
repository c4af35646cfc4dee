"""Opening, duplicating, renaming and archiving stories of a session's library."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import threading
from pathlib import Path

from core.detached import detached_result
from core.errors import StoryError
from core.export.bundle import open_bundle
from core.story.folders import StoryFolder
from core.story.titles import MAX_TITLE
from studio.sessions.session import Session

MAX_UNPACKED = 1_000_000_000
"""Bytes of a story that is brought to the page; sounds hardly shrink in a zip."""


def show_story(session: Session, title: str) -> None:
    """Show a story of the library.

    Raises:
        StoryError: there is none of this title, or something is being made in this tab.
    """
    _require_idle(session)
    session.show(session.library.open(title))


def show_bundle(session: Session, upload: str) -> None:
    """Show a story that was exported as a zip; it becomes one of the library.

    Raises:
        StoryError: it is no story, or something is being made in this tab.
        FileError: it is no bundle, damaged, unsafe or too large.
        Cancelled: the person stopped it.
    """
    if not upload:
        raise StoryError("There is no file yet; choose a zip that the studio exported.")
    path, library = Path(upload), session.library
    own = path.parent / secrets.token_hex(8) / path.name

    def unpack(cancel: threading.Event) -> StoryFolder:
        try:
            own.parent.mkdir(parents=True)
            with contextlib.suppress(FileNotFoundError):
                path.rename(own)  # the same zip, uploaded again, comes to the same path
            _require_idle(session)
            return library.open(open_bundle(own, library, most=MAX_UNPACKED, cancel=cancel).name)
        finally:
            shutil.rmtree(own.parent, ignore_errors=True)

    with session.reading("zip") as cancel:
        folder = detached_result(lambda: unpack(cancel), cancel)
    session.show(folder)


def rename_story(session: Session, title: str) -> None:
    _require_idle(session)
    if not title.strip():
        raise StoryError("A story needs a title; type one first.")
    if len(title.strip()) > MAX_TITLE:
        raise StoryError(
            f"The title has {len(title.strip())} characters; shorten it to {MAX_TITLE}."
        )
    session.library.rename(session.open_folder.title, title)
    session.mix = None


def duplicate_story(session: Session) -> None:
    """Go on with a copy of the open story."""
    _require_idle(session)
    session.show(session.library.duplicate(session.open_folder.title))


def archive_story(session: Session) -> None:
    """Put the open story away; it stays in the folder Archive, and can be brought back."""
    _require_idle(session)
    session.library.archive(session.open_folder.title)
    session.show(None)


def restore_story(session: Session, title: str) -> None:
    """Bring a story back from the archive and show it."""
    _require_idle(session)
    session.show(session.library.restore(title))


def _require_idle(session: Session) -> None:
    if session.busy:
        raise StoryError("Something is being made here; cancel it before you change the story.")
