"""Opening, duplicating, renaming and archiving stories of a session's library."""

from __future__ import annotations

from core.errors import StoryError
from studio.session import Session


def open_story(session: Session, title: str) -> None:
    """Show a story of the library.

    Raises:
        StoryError: there is none of this title, or something is being made in this tab.
    """
    _require_idle(session)
    session.show(session.library.open(title))


def rename(session: Session, title: str) -> None:
    _require_idle(session)
    if not title.strip():
        raise StoryError("A story needs a title; type one first.")
    session.library.rename(session.open_folder.title, title)
    session.heard = None


def duplicate(session: Session) -> None:
    """Go on with a copy of the open story."""
    _require_idle(session)
    session.show(session.library.duplicate(session.open_folder.title))


def archive(session: Session) -> None:
    """Put the open story away; it stays in the folder Archive."""
    _require_idle(session)
    session.library.archive(session.open_folder.title)
    session.show(None)


def _require_idle(session: Session) -> None:
    if session.busy:
        raise StoryError("Something is being made here; cancel it before you change the story.")
