"""All tabs of a running server: each one's session, and which stories it may see."""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from core.errors import StudioError
from core.story.folders import Library
from core.story.story import Story
from studio.sessions.session import Session

MEMORY = 3600.0
"""Seconds for which a tab that left may come back to its story."""
MAX_LEFT = 200
_VISITOR = re.compile(r"^[A-Za-z0-9_-]{20,64}$")


@dataclass(frozen=True)
class _Left:
    """What is remembered of a tab that left, and when it did (monotonic seconds)."""

    at: float
    library: Library
    title: str
    shown: Story | None
    selected: str
    quality: str

    def back(self, sounds: Path) -> Session:
        """The tab's session anew; without a story when that was put away meanwhile."""
        session = Session(self.library, sounds, quality=self.quality)
        with contextlib.suppress(StudioError):
            session.show(self.library.open(self.title))
            session.shown, session.selected = self.shown, self.selected
        return session


class Sessions:
    """All tabs of a running server.

    A tab is known by Gradio's session hash, which the page draws at random and tells nobody else.
    Gradio cannot tell a closed tab from one whose connection broke, so a tab that left is
    remembered for a while.

    Args:
        stories: folder of the stories.
        private: give every visitor a library of their own below it.
        served: folder that the server may serve files from.
    """

    def __init__(self, stories: Path, served: Path, *, private: bool) -> None:
        self._root, self.served, self.private = stories, served, private
        self._guard = threading.Lock()
        self._tabs: dict[str, Session] = {}
        self._left: dict[str, _Left] = {}
        self._libraries: dict[str, Library] = {}

    def of(self, tab: str | None) -> Session:
        """The session of a tab, by Gradio's session hash."""
        with self._guard:
            session = self._tabs.get(tab or "")
            if session is None:
                sounds = self.served / secrets.token_urlsafe(24)
                left = self._left.pop(tab or "", None)
                if left is not None and time.monotonic() - left.at < MEMORY:
                    session = left.back(sounds)
                else:
                    session = Session(self._library(secrets.token_urlsafe(24)), sounds)
                self._tabs[tab or ""] = session
            return session

    def arrive(self, tab: str | None, visitor: str) -> tuple[Session, str]:
        """The session of a tab that has just loaded, and the visitor's name for the browser."""
        if not _VISITOR.match(visitor):
            visitor = secrets.token_urlsafe(24)
        session = self.of(tab)
        with self._guard:
            session.library = self._library(visitor)
        return session, visitor

    def leave(self, tab: str | None) -> None:
        """A tab was closed or lost: its job is cancelled, its sounds are removed."""
        with self._guard:
            session = self._tabs.pop(tab or "", None)
            if session is not None and tab:
                self._remember(tab, session)
        if session is not None:
            session.stop()
            shutil.rmtree(session.sounds, ignore_errors=True)

    def _remember(self, tab: str, session: Session) -> None:
        """Keep where a tab was; only of the last `MAX_LEFT` tabs, and no longer than `MEMORY`."""
        now = time.monotonic()
        title = session.folder.title if session.folder else ""
        seen = (session.shown, session.selected, session.quality)
        self._left[tab] = _Left(now, session.library, title, *seen)
        recent = [(t, left) for t, left in self._left.items() if now - left.at < MEMORY]
        self._left = dict(recent[-MAX_LEFT:])

    def _library(self, visitor: str) -> Library:
        name = visitor if self.private else ""
        if name not in self._libraries:
            root = self._root / "visitors" / name if name else self._root
            self._libraries[name] = Library(root)
        return self._libraries[name]
