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

REMEMBERED_SECONDS = 3600.0
"""For which a tab whose connection broke may come back to its story."""
MAX_REMEMBERED = 200
"""Disconnected tabs that are remembered."""
_VISITOR = re.compile(r"^[A-Za-z0-9_-]{20,64}$")


@dataclass(frozen=True)
class _Disconnected:
    """What is remembered of a disconnected tab, and since when (monotonic seconds)."""

    at: float
    library: Library
    title: str
    shown: Story | None
    selected: str
    quality: str

    def reopened(self, sounds: Path) -> Session:
        """The tab's session anew; without a story when that was put away meanwhile."""
        session = Session(self.library, sounds, quality=self.quality)
        with contextlib.suppress(StudioError):
            session.show(self.library.open(self.title))
            session.shown, session.selected = self.shown, self.selected
        return session


class Sessions:
    """All tabs of a running server.

    A tab is known by Gradio's session hash, which the page draws at random and tells nobody else.
    Gradio cannot tell a closed tab from one whose connection broke, so a
    disconnected tab is remembered for a while.

    Args:
        stories: folder of the stories.
        private: give every visitor a library of their own below it.
        served: folder that the server may serve files from.
    """

    def __init__(self, stories: Path, served: Path, *, private: bool) -> None:
        self._root, self.served, self.private = stories, served, private
        self._guard = threading.Lock()
        self._tabs: dict[str, Session] = {}
        self._disconnected: dict[str, _Disconnected] = {}
        self._libraries: dict[str, Library] = {}

    def of(self, tab: str | None) -> Session:
        """The session of a tab, by Gradio's session hash."""
        with self._guard:
            session = self._tabs.get(tab or "")
            if session is None:
                sounds = self.served / secrets.token_urlsafe(24)
                left = self._disconnected.pop(tab or "", None)
                if left is not None and time.monotonic() - left.at < REMEMBERED_SECONDS:
                    session = left.reopened(sounds)
                else:
                    session = Session(self._library(secrets.token_urlsafe(24)), sounds)
                self._tabs[tab or ""] = session
            return session

    def connect(self, tab: str | None, visitor: str) -> tuple[Session, str]:
        """The session of a tab that has just loaded, and the visitor's name for the browser."""
        if not _VISITOR.match(visitor):
            visitor = secrets.token_urlsafe(24)
        session = self.of(tab)
        with self._guard:
            session.library = self._library(visitor)
        return session, visitor

    def disconnect(self, tab: str | None) -> None:
        """A tab was closed or lost: its job is cancelled, its sounds are removed."""
        with self._guard:
            session = self._tabs.pop(tab or "", None)
            if session is not None and tab:
                self._remember(tab, session)
        if session is not None:
            session.cancel_job()
            shutil.rmtree(session.sounds, ignore_errors=True)

    def _remember(self, tab: str, session: Session) -> None:
        """Keep what a tab showed; see `MAX_REMEMBERED` and `REMEMBERED_SECONDS`."""
        now = time.monotonic()
        title = session.folder.title if session.folder else ""
        seen = (session.shown, session.selected, session.quality)
        self._disconnected[tab] = _Disconnected(now, session.library, title, *seen)
        recent = [
            (t, left)
            for t, left in self._disconnected.items()
            if now - left.at < REMEMBERED_SECONDS
        ]
        self._disconnected = dict(recent[-MAX_REMEMBERED:])

    def _library(self, visitor: str) -> Library:
        name = visitor if self.private else ""
        if name not in self._libraries:
            root = self._root / "visitors" / name if name else self._root
            self._libraries[name] = Library(root)
        return self._libraries[name]
