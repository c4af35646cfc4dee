"""Which task of a farm is next: what a person waits for first, people in turn, nothing twice.

Among tasks of one priority, people get equal shares of the work (start-time fair queueing, Goyal et
al. 1996): a story of 200 events keeps nobody from one of three. Of one person's tasks the first
comes first. A task whose worker was lost goes back to where it stood.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from core.farm.tasks import Job, Task

MOST_LOSSES = 8
"""Workers that one task may cost. One that takes more is itself what ends them, for instance by
needing more memory than there is."""


@dataclass
class _Entry:
    task: Task
    job: Job
    place: int
    losses: int = 0


class TaskQueue:
    """Tasks that wait and that are being done."""

    def __init__(self) -> None:
        self._waiting: list[_Entry] = []
        self._running: dict[str, _Entry] = {}
        self._served: defaultdict[str, float] = defaultdict(float)
        self._come = 0

    def add(self, job: Job, task: Task) -> None:
        """A task comes; it is the last of its person."""
        if not any(entry.job.owner == job.owner for entry in self._entries()):
            # Who comes anew is owed nothing for the time away.
            self._served[job.owner] = max(self._served[job.owner], self._least_served())
        self._come += 1
        self._waiting.append(_Entry(task, job, self._come))

    def start_next(self) -> Task | None:
        """The task whose turn it is, which is being done from now on; None: none waits."""
        if not self._waiting:
            return None
        entry = min(self._waiting, key=self._rank)
        self._waiting.remove(entry)
        self._running[entry.task.id] = entry
        self._served[entry.job.owner] += max(entry.task.work, 1.0)
        return entry.task

    def finish(self, task: Task) -> bool:
        """A task is done; says whether it was still being done, so that its result counts."""
        finished = self._running.pop(task.id, None) is not None
        self._forget()
        return finished

    def lose(self, task: Task) -> bool:
        """A task's worker is gone: it waits again. False: it has cost too many workers."""
        entry = self._running.pop(task.id, None)
        if entry is None:
            return True
        entry.losses += 1
        if entry.losses >= MOST_LOSSES:
            return False
        self._waiting.append(entry)
        return True

    def drop(self, job_id: str) -> list[Task]:
        """Forget all of a job; returns those of its tasks that are being done."""
        self._waiting = [entry for entry in self._waiting if entry.job.id != job_id]
        running = [entry.task for entry in self._running.values() if entry.job.id == job_id]
        for task in running:
            del self._running[task.id]
        self._forget()
        return running

    @property
    def waiting(self) -> int:
        """Events that wait; of a job that is not prepared yet, one."""
        return sum(max(1, len(entry.task.event_ids)) for entry in self._waiting)

    @property
    def running(self) -> int:
        """Events that are being done."""
        return sum(max(1, len(entry.task.event_ids)) for entry in self._running.values())

    @property
    def work(self) -> float:
        """Of all that waits, and half of what is being done."""
        half = sum(entry.task.work for entry in self._running.values()) / 2
        return half + sum(entry.task.work for entry in self._waiting)

    def _rank(self, entry: _Entry) -> tuple[int, float, int]:
        return entry.job.priority, self._served[entry.job.owner], entry.place

    def _entries(self) -> list[_Entry]:
        return [*self._waiting, *self._running.values()]

    def _least_served(self) -> float:
        owners = {entry.job.owner for entry in self._entries()}
        return min((self._served[owner] for owner in owners), default=0.0)

    def _forget(self) -> None:
        """Keep accounts of those alone who have tasks."""
        owners = {entry.job.owner for entry in self._entries()}
        for owner in set(self._served) - owners:
            del self._served[owner]
