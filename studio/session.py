"""One browser tab's work: which story it shows, what is selected, what runs, what it can hear.

Nothing here is shared between tabs except the stories on disk, and those only between tabs of one
person: on a public address every visitor has a library of their own.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from core.errors import StoryError, StudioError
from core.story.folders import Library, StoryFolder
from core.story.story import Event, Story

MEMORY = 3600.0
"""Seconds for which a tab that left may come back to its story."""
MAX_LEFT = 200
_VISITOR = re.compile(r"^[A-Za-z0-9_-]{20,64}$")


_Kind = Literal["draft", "render"]


@dataclass
class Job:
    """Something that is made for a tab: a draft, a rendering. Cancelling ends it within a step."""

    kind: _Kind
    cancel: threading.Event = field(default_factory=threading.Event)
    started: bool = False
    done: bool = False


@dataclass
class Session:
    """What one tab shows.

    Attributes:
        shown: the story as the tab's table shows it; another tab may have changed it since.
        sounds: folder from which this tab, and nobody without its unguessable name, may load sound.
        heard: the newest mix in `sounds`, with the story and the revision that it is of.
        working: id of the event that is being rendered.
        quality: "draft" or "final", the settings that rendering uses.
        typed: when the last edited table came, and its rows.
        pressed: how often each way of planning again was asked for, for another plan each time.
        due: what is left to render, kept for the revision and quality that it was found for.
        guard: held by an edit and by the view of it, so that views come in the order of the edits.
    """

    library: Library
    sounds: Path
    folder: StoryFolder | None = None
    shown: Story | None = None
    selected: str = ""
    job: Job | None = None
    heard: tuple[StoryFolder, int, Path] | None = None
    working: str = ""
    quality: str = "draft"
    typed: tuple[float, Sequence[Sequence[Any]]] = (0.0, ())
    pressed: Counter[str] = field(default_factory=Counter)
    due: dict[str, Any] = field(default_factory=dict)
    guard: threading.RLock = field(default_factory=threading.RLock)

    @property
    def busy(self) -> bool:
        return self.job is not None and not self.job.done

    @property
    def open_folder(self) -> StoryFolder:
        """The story's folder; raises StoryError when none is open."""
        if self.folder is None:
            raise StoryError("No story is open; draft one first.")
        return self.folder

    @property
    def story(self) -> Story | None:
        return None if self.folder is None else self.folder.story

    @property
    def event(self) -> Event | None:
        """The selected event; the first one when the selection is gone."""
        if self.story is None:
            return None
        for event in self.story.events:
            if event.id == self.selected:
                return event
        return self.story.events[0]

    def show(self, folder: StoryFolder | None) -> None:
        self.folder, self.selected, self.heard, self.due = folder, "", None, {}
        self.shown = self.story

    def making(self, kind: _Kind) -> bool:
        """Whether a job of this kind waits or runs."""
        return self.busy and self.job is not None and self.job.kind == kind

    def ask(self, kind: _Kind) -> Job:
        """Note a job that waits for its turn, so that it can be cancelled before it starts.

        Raises:
            StoryError: another one is under way in this tab.
        """
        if self.busy:
            raise StoryError("Something is being made here already; wait for it or cancel it.")
        self.job = Job(kind)
        return self.job

    def start(self, kind: _Kind) -> Job:
        """The job that was asked for, or a new one; raises StoryError like `ask`."""
        job = self.job
        if job is None or job.kind != kind or job.started:
            job = self.ask(kind)
        job.started = True
        return job

    def stop(self) -> None:
        """Cancel what is made here. What has not begun is over at once, since it may never begin;
        if it still does, it starts as cancelled."""
        if self.job is not None:
            self.job.cancel.set()
            self.job.done = self.job.done or not self.job.started


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
