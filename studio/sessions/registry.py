"""All tabs of a running server: each one's session, and which stories it may see."""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
import threading
import time
import weakref
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import StudioError
from core.story.library import Library
from core.story.story import Story
from studio.sessions.session import Session

REMEMBERED_SECONDS = 3600.0
"""For which a tab whose connection broke may come back to its story."""
MAX_REMEMBERED = 200
"""Disconnected tabs that are remembered."""
MAX_TABS = 200
"""Tabs and programs that are known at once, beside those that something is being made for (the
model's queue bounds these). Any name asks for a session, and Gradio keeps 170 kB for each."""
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
    on: str | None

    def show_in(self, session: Session) -> None:
        """Open the story that the tab showed; without one when that was put away meanwhile."""
        with contextlib.suppress(StudioError):
            session.show(self.library.open(self.title))
            session.shown, session.selected = self.shown, self.selected


@dataclass
class _Tab:
    """A tab that is known.

    Attributes:
        used: when it last asked for something (monotonic seconds).
        connected: a page is open there, which says when it is closed; a program says nothing.
        opened: it shows what it showed when it left. Until then its requests wait, and nobody else.
    """

    session: Session
    used: float
    connected: bool = False
    opened: threading.Event = field(default_factory=threading.Event)

    @property
    def shows(self) -> bool:
        """Whether there is more to it than a name."""
        return self.connected or self.session.folder is not None


class Sessions:
    """All tabs of a running server.

    A tab is known by Gradio's session hash, which the page draws at random and tells nobody else.
    Gradio cannot tell a closed tab from one whose connection broke, so a
    disconnected tab is remembered for a while. A program says nothing when it leaves: it counts as
    disconnected when it has asked for nothing for as long. Where there are more than `MAX_TABS`,
    those go first that show nothing, then those that were not used for longest; all that is made
    for somebody stays.

    Args:
        stories: folder of the stories.
        private: give every visitor a library of their own below it.
        served: folder that the server may serve files from.
    """

    def __init__(self, stories: Path, served: Path, *, private: bool) -> None:
        self._root, self.served, self.private = stories, served, private
        self._guard = threading.Lock()
        self._tabs: dict[str, _Tab] = {}
        self._disconnected: dict[str, _Disconnected] = {}
        self._libraries: weakref.WeakValueDictionary[str, Library] = weakref.WeakValueDictionary()

    def __len__(self) -> int:
        """How many tabs are known."""
        return len(self._tabs)

    def of(self, tab: str | None) -> Session:
        """The session of a tab, by Gradio's session hash."""
        name, left = tab or "", None
        with self._guard:
            known = self._tabs.get(name)
            gone = {} if known else self._put_away()
            new = known is None
            if known is None:
                left = self._returning(name)
                known = self._tabs[name] = _Tab(self._session(left), 0.0)
            known.used = time.monotonic()
        if new:
            try:
                if left is not None:
                    left.show_in(known.session)
            finally:
                known.opened.set()
            self._let_go(gone)
        known.opened.wait()
        return known.session

    def connect(self, tab: str | None, visitor: str) -> tuple[Session, str]:
        """The session of a tab that has just loaded, and the visitor's name for the browser."""
        if not _VISITOR.match(visitor):
            visitor = secrets.token_urlsafe(24)
        session = self.of(tab)
        with self._guard:
            session.library = self._library(visitor)
            if known := self._tabs.get(tab or ""):
                known.connected = True
        return session, visitor

    def disconnect(self, tab: str | None) -> None:
        """A tab was closed or lost: its job is cancelled, its sounds are removed."""
        name = tab or ""
        with self._guard:
            known = self._forget(name) if name in self._tabs else None
        if known is not None:
            known.session.cancel_job()
            self._let_go({name: known})

    def _returning(self, tab: str) -> _Disconnected | None:
        """What is remembered of a tab that comes back."""
        left = self._disconnected.pop(tab, None)
        return left if left and time.monotonic() - left.at < REMEMBERED_SECONDS else None

    def _session(self, left: _Disconnected | None) -> Session:
        """A new session, for a tab that comes back with what needs no reading."""
        sounds = self.served / secrets.token_urlsafe(24)
        if left is not None:
            return Session(left.library, sounds, quality=left.quality, on=left.on)
        return Session(self._library(secrets.token_urlsafe(24)), sounds)

    def _put_away(self) -> dict[str, _Tab]:
        """Make room for another tab; returns the tabs that went, for `_let_go`."""
        since = time.monotonic() - REMEMBERED_SECONDS
        idle = {name: tab for name, tab in self._tabs.items() if not tab.session.working}
        left = {name for name, tab in idle.items() if not tab.connected and tab.used < since}
        more = len(self._tabs) - len(left) - (MAX_TABS - 1)
        if more > 0:
            staying = [name for name in idle if name not in left]
            staying.sort(key=lambda name: (idle[name].shows, idle[name].used))
            left.update(staying[:more])
        return {name: self._forget(name) for name in left}

    def _forget(self, name: str) -> _Tab:
        """Drop a tab, and remember what it showed where there was anything."""
        tab = self._tabs.pop(name)
        if name and tab.shows:
            self._remember(name, tab.session)
        return tab

    def _let_go(self, gone: dict[str, _Tab]) -> None:
        """Remember whose stories tabs showed none of, and remove their sounds.

        Call it without the guard: it looks at disks.
        """
        for name, tab in gone.items():
            if self.private and name and not tab.shows and tab.session.library.root.exists():
                with self._guard:
                    self._remember(name, tab.session)
            shutil.rmtree(tab.session.sounds, ignore_errors=True)

    def _remember(self, tab: str, session: Session) -> None:
        """Keep what a tab showed; see `MAX_REMEMBERED` and `REMEMBERED_SECONDS`."""
        now = time.monotonic()
        title = session.folder.title if session.folder else ""
        seen = (session.shown, session.selected, session.quality, session.on)
        self._disconnected[tab] = _Disconnected(now, session.library, title, *seen)
        recent = [
            (t, left)
            for t, left in self._disconnected.items()
            if now - left.at < REMEMBERED_SECONDS
        ]
        self._disconnected = dict(recent[-MAX_REMEMBERED:])

    def _library(self, visitor: str) -> Library:
        name = visitor if self.private else ""
        library = self._libraries.get(name)
        if library is None:
            library = Library(self._root / "visitors" / name if name else self._root)
            self._libraries[name] = library
        return library
