"""The queue of the model: people take turns, and jobs know how long they wait.

One person's jobs are served in the order in which they came, and after each of them everybody else
who waits has a turn: thirty sessions of one person keep another waiting for one job.
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
from core.time_format import spoken
from studio.jobs.job import Job

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
    """A job in the queue. In each round everybody has one job at most (start-time fair queueing,
    Goyal et al. 1996, with jobs of one size): who had none in the round that runs comes into it."""

    job: Job
    seconds: float
    round: int


class JobQueue:
    """Jobs in the order in which they will run; the first one does.

    Args:
        limit: of jobs that wait or run. One person may have half of what the others leave, so that
            there is a place for whoever comes.
    """

    def __init__(self, limit: int = MAX_JOBS) -> None:
        self._limit = limit
        self._moved = threading.Condition()
        self._entries: list[_Entry] = []
        self._rounds: dict[str, int] = {}  # the last one in which each person had a job that ran

    def position(self) -> QueuePosition:
        """What a job that came now would wait for at most."""
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
            Cancelled: the job was cancelled before its turn.
        """
        entry = self._enter(job, seconds)
        try:
            self._wait(entry, on_wait)
            yield
        finally:
            with self._moved:
                self._entries.remove(entry)
                self._forget_past_rounds()
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
            self._check_share(job.person)
            entry = _Entry(job, seconds, self._next_round(job.person))
            places = enumerate(self._entries)
            later = (n for n, other in places if n and other.round > entry.round)
            self._entries.insert(next(later, len(self._entries)), entry)
            self._moved.notify_all()
            return entry

    def _check_share(self, person: str) -> None:
        own = sum(entry.job.person == person for entry in self._entries)
        others = len(self._entries) - own
        if person and 2 * own >= self._limit - others:
            jobs = "one job" if own == 1 else f"{own} jobs"
            raise StoryError(
                f"You have {jobs} in the queue, as many as one person may have now; "
                "try again when one is done."
            )

    def _next_round(self, person: str) -> int:
        """The first round that runs or will, and in which the person has had no job."""
        own = [entry.round for entry in self._entries if entry.job.person == person]
        if person in self._rounds:
            own.append(self._rounds[person])
        return max([self._running_round, *(had + 1 for had in own)])

    @property
    def _running_round(self) -> int:
        return self._entries[0].round if self._entries else 0

    def _forget_past_rounds(self) -> None:
        """Keep who had a job in the round that runs: they come into the next one."""
        self._rounds = {
            person: had
            for person, had in self._rounds.items()
            if self._entries and had >= self._running_round
        }

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
            if entry.job.cancel.is_set():
                raise Cancelled("Stopped before it began.")
            self._rounds[entry.job.person] = entry.round

    def _before(self, count: int) -> QueuePosition:
        return QueuePosition(count, sum(entry.seconds for entry in self._entries[:count]))
