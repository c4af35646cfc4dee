"""The line before the model: jobs take turns, first come first served, and know how long they wait.

The model is used by one job at a time. A job that waits hears who is before it and how long that
will take, from what the jobs so far took; when the line is full, a new one is turned away with the
same figure.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from core.errors import Cancelled, StoryError
from studio.jobs.job import Job
from studio.time_format import spoken

MAX_WAITING = 24
CHECK = 0.5


@dataclass(frozen=True)
class Waiting:
    """How many jobs are before one, and how many seconds they will take."""

    before: int
    seconds: float


@dataclass
class _Place:
    job: Job
    seconds: float
    running: bool = field(default=False)


class Line:
    """Jobs in the order in which they came; the first one runs."""

    def __init__(self, limit: int = MAX_WAITING) -> None:
        self._limit = limit
        self._moved = threading.Condition()
        self._places: list[_Place] = []

    def waiting(self) -> Waiting:
        """What a job that came now would wait for."""
        with self._moved:
            return self._before(len(self._places))

    @contextmanager
    def turn(
        self, job: Job, seconds: float, on_wait: Callable[[Waiting], None] = lambda _: None
    ) -> Iterator[None]:
        """Wait until it is the job's turn, and keep the turn as long as the block lasts.

        Args:
            seconds: how long the job will take, for those behind it.
            on_wait: called whenever the line before the job moves.

        Raises:
            StoryError: the line is full.
            Cancelled: the job was cancelled while it waited.
        """
        place = self._join(job, seconds)
        try:
            self._wait(place, on_wait)
            yield
        finally:
            with self._moved:
                self._places.remove(place)
                self._moved.notify_all()

    def expects(self, job: Job, seconds: float) -> None:
        """Tell those behind a running job how long it will take from now."""
        with self._moved:
            for place in self._places:
                if place.job is job:
                    place.seconds = seconds

    def _join(self, job: Job, seconds: float) -> _Place:
        with self._moved:
            if len(self._places) >= self._limit:
                wait = self._before(len(self._places))
                raise StoryError(
                    f"The studio is full: {wait.before} jobs wait, which takes about "
                    f"{spoken(wait.seconds)}; try again then."
                )
            place = _Place(job, seconds)
            self._places.append(place)
            return place

    def _wait(self, place: _Place, on_wait: Callable[[Waiting], None]) -> None:
        told: Waiting | None = None
        with self._moved:
            while self._places[0] is not place:
                if place.job.cancel.is_set():
                    raise Cancelled("Stopped while it waited for its turn.")
                now = self._before(self._places.index(place))
                if now != told:
                    told = now
                    on_wait(now)
                self._moved.wait(CHECK)
            place.running = True

    def _before(self, count: int) -> Waiting:
        return Waiting(count, sum(place.seconds for place in self._places[:count]))
