"""One browser tab's work: which story it shows, what is selected, what runs, what it can hear.

Nothing here is shared between tabs except the stories on disk, and those only between tabs of one
person: on a public address every visitor has a library of their own.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from core.errors import StoryError
from core.story.folders import StoryFolder
from core.story.library import Library
from core.story.story import Event, Story
from studio.access.person import asking_person
from studio.jobs.job import Job, JobKind

VIEWS_KEPT = 64
"""Of one page, which answers to a few of them at most at a time."""
ReadingKind = Literal["description", "upload", "zip"]
"""What a person's file is read for."""


@dataclass(frozen=True)
class LibraryOffer:
    """A recording of the library that is offered for an event.

    Attributes:
        recording: its row in the catalogue.
        file, licence: as provenance would name them.
        fit: how it was brought to the event's length.
        url: where it can be heard as it would sound there.
        variation, variations: which of how many spans it is.
    """

    recording: int
    file: str
    licence: str
    fit: str
    url: str
    variation: int = 0
    variations: int = 1


@dataclass(frozen=True)
class PlanProposal:
    """What a wish in words would make of a story, until it is taken or discarded.

    Attributes:
        before, after: the story that it was planned from, and the one that it leads to.
    """

    wish: str
    before: Story
    after: Story


@dataclass
class Session:
    """What one tab shows.

    Attributes:
        shown: the story as the tab's table shows it; another tab may have changed it since.
        views: what the table showed in the latest views, by their numbers: what is typed into it
            may come after another view was made.
        sounds: folder from which this tab, and nobody without its unguessable name, may load sound.
        mix: the newest mix in `sounds`, with the story and the revision that it is of.
        pick: how often the page had picked an event when it was last heard of.
        made: how many actions have made events, and the ids of those that the last one made.
        ripple: what follows moves along with edits in the table.
        rendering: ids of the events that are being rendered.
        variation: an event's id, and which of how many variations of it is being rendered.
        quality: "draft" or "final", the settings that rendering uses.
        guidance: prompt strength of takes to come, where the quality's sampler has one; None: the
            quality's own.
        on: where to render, as the person wrote it (`core.farm.address`), empty for here; None:
            where the studio renders usually.
        last_table: when the last edited table came, and its rows.
        widths: of the table's columns, as the page was told last.
        replan_counts: how often each way of planning again was used, for another plan each time.
        due_cache: what is left to render, kept for the revision and quality that it was found for.
        readings: of people's files, those that are under way here, and what cancels each.
        proposal: what a wish in words would change.
        offers: recordings of the library that are offered, by the event's id.
        noted_readings: what cancels those that the page asked for and that have not begun.
        guard: held by an edit and by the view of it, so that views come in the order of the edits.
    """

    library: Library
    sounds: Path
    folder: StoryFolder | None = None
    shown: Story | None = None
    views: dict[int, Story | None] = field(default_factory=dict)
    selected: str = ""
    pick: int = 0
    made: tuple[int, tuple[str, ...]] = (0, ())
    ripple: bool = True
    job: Job | None = None
    readings: list[tuple[ReadingKind, threading.Event]] = field(default_factory=list)
    noted_readings: dict[ReadingKind, threading.Event] = field(default_factory=dict)
    mix: tuple[StoryFolder, int, Path] | None = None
    rendering: frozenset[str] = frozenset()
    variation: tuple[str, int, int] | None = None
    quality: str = "draft"
    guidance: float | None = None
    on: str | None = None
    last_table: tuple[float, Sequence[Sequence[Any]]] = (0.0, ())
    widths: Sequence[str | int] = ()
    replan_counts: Counter[str] = field(default_factory=Counter)
    due_cache: dict[str, Any] = field(default_factory=dict)
    proposal: PlanProposal | None = None
    offers: dict[str, tuple[LibraryOffer, ...]] = field(default_factory=dict)
    guard: threading.RLock = field(default_factory=threading.RLock)

    @property
    def busy(self) -> bool:
        return self.job is not None and not self.job.done

    @property
    def working(self) -> bool:
        """Whether something is being made or read, not only noted to be."""
        made = self.job is not None and self.job.started and not self.job.done
        return made or bool(self.readings)

    @property
    def open_folder(self) -> StoryFolder:
        """The story's folder; raises StoryError when none is open.

        A page may show a story and the studio know of none: it was started anew since.
        """
        if self.folder is None:
            raise StoryError(
                "No story is open here. If this page shows one, reload it; else draft one first."
            )
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

    def picked(self, event_id: str, pick: int) -> None:
        """Select what the page picked; a pick that an action has overtaken changes nothing."""
        if pick > self.pick:
            self.selected, self.pick = event_id, pick

    def made_by_action(self, event_ids: Sequence[str]) -> None:
        """Note the events that an action made, which the page selects once."""
        if event_ids:
            self.made = (self.made[0] + 1, tuple(event_ids))

    def follow(self, before: Event | None) -> None:
        """Keep something selected that is where the selection was, when that is gone.

        Args:
            before: the event that was selected before the story changed.
        """
        story = self.story
        if story is None or before is None or any(e.id == self.selected for e in story.events):
            return
        self.selected = min(story.events, key=lambda event: _distance(event, before)).id

    def note_view(self, number: int) -> None:
        """Note that a view with this number goes to the page."""
        self.views[number] = self.shown
        if len(self.views) > VIEWS_KEPT:
            del self.views[next(iter(self.views))]

    def seen_in(self, number: int | None) -> Story | None:
        """What the table showed in a view; what it shows now where that is not known."""
        return self.shown if number is None else self.views.get(number, self.shown)

    def show(self, folder: StoryFolder | None) -> None:
        self.folder, self.selected, self.mix, self.due_cache = folder, "", None, {}
        self.shown, self.proposal, self.views = self.story, None, {}

    def has_job(self, kind: JobKind) -> bool:
        """Whether a job of this kind waits or runs."""
        return self.busy and self.job is not None and self.job.kind == kind

    def request_job(self, kind: JobKind) -> Job:
        """Note a job that waits for its turn, so that it can be cancelled before it starts.

        Raises:
            StoryError: another one is under way in this tab.
        """
        if self.busy:
            raise StoryError("Something is being made here already; wait for it or cancel it.")
        self.job = Job(kind, asking_person())
        return self.job

    def start_job(self, kind: JobKind) -> Job:
        """The job that was requested, or a new one; raises StoryError like `request_job`."""
        job = self.job
        if job is None or job.kind != kind or job.started:
            job = self.request_job(kind)
        job.started = True
        return job

    def note_reading(self, kind: ReadingKind) -> None:
        """Note that a file will be read, so that it can be cancelled before it begins."""
        self.noted_readings[kind] = threading.Event()

    @contextmanager
    def reading(self, kind: ReadingKind) -> Iterator[threading.Event]:
        """The event that cancels the reading of a file, which the block waits for."""
        under_way = kind, self.noted_readings.get(kind, threading.Event())
        self.readings.append(under_way)
        self.noted_readings.pop(kind, None)  # not sooner: there is no moment at which it is in none
        try:
            yield under_way[1]
        finally:
            self.readings.remove(under_way)

    def stop_reading(self, kind: ReadingKind | None = None) -> None:
        """Cancel the reading of files of this kind for this tab; of all where none is said."""
        for other, cancel in [*self.noted_readings.items(), *self.readings]:
            if kind in (None, other):
                cancel.set()

    def cancel_job(self) -> None:
        """Cancel what is made or read here. What has not begun is over at once, since it may never
        begin; if it still does, it starts as cancelled."""
        self.stop_reading()
        if self.job is not None:
            self.job.cancel.set()
            self.job.done = self.job.done or not self.job.started


def _distance(event: Event, gone: Event) -> tuple[float, bool, bool]:
    """Least for the event that stands where another one began: seconds between them, then what
    ended there, then what is on another layer."""
    away = max(event.start - gone.start, gone.start - event.end, 0.0)
    return away, event.end <= gone.start, event.layer != gone.layer
