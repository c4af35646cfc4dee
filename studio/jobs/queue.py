"""The queue of the model: jobs take turns, first come first served, and know how long they wait.

The model is used by one job at a time. A job that waits is given how many are before it and how
long they will take, from what the jobs so far took; when the queue is full, a new one is refused
with the same figures.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from core.allocator import give_back_free_memory
from core.errors import Cancelled, StoryError
from studio.jobs.job import Job
from studio.time_format import spoken

MAX_JOBS = 24
"""Waiting and running; at 20 s each, the last one begins after 8 minutes."""
_POLL = 0.5
"""Seconds between two looks at whether a waiting job was cancelled."""


@dataclass(frozen=True)
class QueuePosition:
    """How many jobs are before one, and how many seconds they will take."""

    before: int
    seconds: float

    def __str__(self) -> str:
        jobs = "one job" if self.before == 1 else f"{self.before} jobs"
        return f"Waiting for {jobs}, about {spoken(self.seconds)}"


@dataclass
class _Entry:
    job: Job
    seconds: float


class JobQueue:
    """Jobs in the order in which they came; the first one runs."""

    def __init__(self, limit: int = MAX_JOBS) -> None:
        self._limit = limit
        self._moved = threading.Condition()
        self._entries: list[_Entry] = []

    def position(self) -> QueuePosition:
        """What a job that came now would wait for."""
        with self._moved:
            return self._before(len(self._entries))

    @contextmanager
    def turn(
        self, job: Job, seconds: float, on_wait: Callable[[QueuePosition], None] = lambda _: None
    ) -> Iterator[None]:
        """Wait until it is the job's turn, and keep the turn as long as the block lasts.

        What the block no longer needs is given back to the system when it ends.

        Args:
            seconds: how long the job will take, for those behind it.
            on_wait: called whenever a job before it has ended.

        Raises:
            StoryError: the queue is full.
            Cancelled: the job was cancelled while it waited.
        """
        entry = self._enter(job, seconds)
        try:
            self._wait(entry, on_wait)
            yield
        finally:
            with self._moved:
                self._entries.remove(entry)
                self._moved.notify_all()
            give_back_free_memory()

    def _enter(self, job: Job, seconds: float) -> _Entry:
        with self._moved:
            if len(self._entries) >= self._limit:
                wait = self._before(len(self._entries))
                raise StoryError(
                    f"The studio is full: {wait.before} jobs wait, which takes about "
                    f"{spoken(wait.seconds)}; try again then."
                )
            entry = _Entry(job, seconds)
            self._entries.append(entry)
            return entry

    def _wait(self, entry: _Entry, on_wait: Callable[[QueuePosition], None]) -> None:
        reported: QueuePosition | None = None
        with self._moved:
            while self._entries[0] is not entry:
                if entry.job.cancel.is_set():
                    raise Cancelled("Stopped while it waited for its turn.")
                now = self._before(self._entries.index(entry))
                if now != reported:
                    reported = now
                    on_wait(now)
                self._moved.wait(_POLL)

    def _before(self, count: int) -> QueuePosition:
        return QueuePosition(count, sum(entry.seconds for entry in self._entries[:count]))
