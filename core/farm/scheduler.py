"""The scheduler of a farm: whose turn it is, who does it, what became of it.

A Ray actor with one event loop, so that nothing in it needs a lock; the class itself is plain. It
holds no model. Callers ask it again and again what is new of their jobs (`news`); who has not asked
for LEASE seconds is gone, and so are their jobs.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from core.errors import FarmError, RenderError
from core.farm.state import FarmState
from core.farm.task_queue import MOST_LOSSES, TaskQueue
from core.farm.tasks import (
    BatchAhead,
    Done,
    Job,
    Prepared,
    Refused,
    Rendered,
    Stepped,
    Task,
    WorkerLost,
    WorkerReport,
)
from core.farm.worker import CONTROL, LIFE, Worker

LEASE = 120.0
"""Seconds after which a caller that does not ask is taken for dead."""
NEWS_WITHIN = 10.0
"""Seconds that a question for news waits for some."""
_ADAPTION = 0.3
"""Share of the difference by which a task that took another time changes the pace."""
_STEPS_WITHIN = 0.1
"""Seconds that steps may be told late, so that those of several workers are told together."""
_SETTLING = 0.2
"""Seconds between two looks at workers that are not ready yet."""


@dataclass
class _Member:
    """A worker as the scheduler sees it; `report` is None until it is ready."""

    actor: Any
    report: WorkerReport | None = None
    task: Task | None = None

    @property
    def idle(self) -> bool:
        return self.report is not None and self.task is None


@dataclass
class _Caller:
    """A job and what its caller has not heard yet."""

    job: Job
    heard: float
    news: list[Any] = field(default_factory=list)
    steps: dict[str, Stepped] = field(default_factory=dict)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, news: Any) -> None:
        self.news.append(news)
        self.arrived.set()


class Scheduler:
    """Args:
    model: the `ShippedModel`, which stays with the scheduler from now on.
    version: as `Worker`.
    threads, gpus: of each worker.
    """

    def __init__(self, model: Any, version: str, threads: int, gpus: float) -> None:
        import ray

        self._ray = ray
        self._model = [ray.put(model)]
        self._version, self._threads, self._gpus = version, threads, gpus
        self._queue = TaskQueue()
        self._members: list[_Member] = []
        self._callers: dict[str, _Caller] = {}
        self._pace: float | None = None
        self._problem = ""
        self._busy: set[asyncio.Task[None]] = set()

    async def grow(self, workers: int) -> None:
        """Have at least so many workers."""
        self._problem = ""
        if not self._busy:
            self._spawn(self._look_after_leases())
        for _ in range(workers - len(self._members)):
            member = _Member(self._new_worker())
            self._members.append(member)
            self._spawn(self._keep(member))

    async def ready(self, workers: int, seconds: float) -> str:
        """Wait until so many workers are ready; why they are not after so many seconds, or an
        empty text."""
        until = time.monotonic() + seconds
        while sum(member.report is not None for member in self._members) < workers:
            if self._problem:
                return self._problem
            if time.monotonic() > until:
                return "Too few workers are ready: the cluster has no room for them, or is slow."
            await asyncio.sleep(_SETTLING)
        return ""

    async def submit(self, job: Job, content: list[Any]) -> None:
        """Take up a job; `content` holds the reference to what its first task needs."""
        self._callers[job.id] = _Caller(job, time.monotonic())
        self._queue.add(job, Task(job.id, job.kind, content=content[0]))
        self._deal_out()

    async def news(self, job_id: str) -> list[Any]:
        """What is new of a job, at once or after NEWS_WITHIN seconds at most, and what the farm is
        doing (`FarmState`).

        Raises:
            FarmError: there is no such job (any more).
        """
        caller = self._callers.get(job_id)
        if caller is None:
            raise FarmError("The farm knows nothing of this rendering any more; render again.")
        caller.heard = time.monotonic()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(caller.arrived.wait(), NEWS_WITHIN)
        caller.arrived.clear()
        caller.heard = time.monotonic()
        news, caller.news = [*caller.steps.values(), *caller.news], []
        caller.steps.clear()
        return [*news, await self.state()]

    async def drop(self, job_id: str) -> None:
        """Forget a job: it is done, or its caller wants it no more. What is being done of it ends
        within a step."""
        self._callers.pop(job_id, None)
        stopped = {task.id for task in self._queue.drop(job_id)}
        for member in self._members:
            if member.task is not None and member.task.id in stopped:
                member.actor.stop.options(concurrency_group=CONTROL).remote(member.task.id)
        self._deal_out()

    async def lost(self, task: Task) -> None:
        """A result was lost with the machine that it lay on: the task is done once more."""
        caller = self._callers.get(task.job)
        if caller is not None:
            self._queue.add(caller.job, task)
            caller.tell(WorkerLost(task.event_ids))
            self._deal_out()

    async def step(self, task_id: str, event_id: str, step: int, steps: int) -> None:
        """A worker has got so far with an event."""
        caller = self._callers.get(task_id.partition("/")[0])
        if caller is None:
            return
        if not caller.steps:
            asyncio.get_running_loop().call_later(_STEPS_WITHIN, caller.arrived.set)
        caller.steps[event_id] = Stepped(event_id, step, steps)

    async def state(self) -> FarmState:
        reports = tuple(member.report for member in self._members if member.report)
        starting = len(self._members) - len(reports)
        seconds = None
        if self._pace is not None:
            seconds = self._pace * self._queue.work / max(1, len(reports))
        return FarmState(reports, starting, self._queue.waiting, self._queue.running, seconds)

    async def pace(self) -> float | None:
        """Seconds that a unit of work takes a worker; None: nothing was measured yet."""
        return self._pace

    def _new_worker(self) -> Any:
        options = {
            "num_cpus": self._threads,
            "num_gpus": self._gpus,
            "max_restarts": -1,
            "concurrency_groups": {CONTROL: 1, LIFE: 1},
        }
        here = self._ray.get_runtime_context().current_actor
        actor_class = self._ray.remote(**options)(Worker)
        share = min(1.0, self._gpus) or 1.0
        return actor_class.remote(here, self._model, self._version, self._threads, share)

    async def _keep(self, member: _Member) -> None:
        """Have a worker work whenever it is ready, the first time and in place of one that was
        lost; that is noticed at once, were it idle."""
        while report := await self._report_of(member):
            member.report = report
            self._deal_out()
            with contextlib.suppress(self._ray.exceptions.RayError):
                await member.actor.live.options(concurrency_group=LIFE).remote()
            member.report = None
        self._members.remove(member)

    async def _report_of(self, member: _Member) -> WorkerReport | None:
        """Wait until a worker is ready; None: it cannot be used."""
        while True:
            try:
                report: WorkerReport = await member.actor.report.remote()
            except self._ray.exceptions.RayError as error:
                if getattr(error, "actor_init_failed", False):  # Ray begins no other in its place
                    self._problem = f"A worker cannot begin: {str(error).splitlines()[-1]}."
                    return None
                await asyncio.sleep(_SETTLING)
                continue
            self._problem = self._problem or report.problem
            return None if report.problem else report

    def _deal_out(self) -> None:
        """Give every idle worker the task whose turn it is."""
        for member in self._members:
            if member.idle and (task := self._queue.start_next()) is not None:
                member.task = task
                self._spawn(self._do(member, task))

    async def _do(self, member: _Member, task: Task) -> None:
        """Have a task done, and tell what became of it."""
        outcome, takes = self._begin(member, task)
        try:
            done = await outcome
        except self._ray.exceptions.RayTaskError as error:  # a fault of ours: wherever it is tried
            done = Refused(error.cause)
        except self._ray.exceptions.RayError:
            self._lose(member, task)
            return
        member.task = None
        if self._queue.finish(task):
            self._tell(task, done, takes)
        self._deal_out()

    def _begin(self, member: _Member, task: Task) -> tuple[Any, Any]:
        """References to what became of a task, and to its takes."""
        if task.kind == "perform":
            begin = member.actor.perform.options(num_returns=2)
            outcome, takes = begin.remote(task.id, task.content)
            return outcome, takes
        begin = member.actor.plan if task.kind == "plan" else member.actor.prepare
        return begin.remote(task.id, task.content), None

    def _lose(self, member: _Member, task: Task) -> None:
        """A worker is gone: Ray begins another in its place, and its task waits again."""
        member.report = member.task = None
        caller = self._callers.get(task.job)
        if caller is None:
            self._queue.finish(task)
        elif self._queue.lose(task):
            caller.tell(WorkerLost(task.event_ids))
        else:
            error = f"{MOST_LOSSES} workers were lost over one event; they may lack memory."
            caller.tell(Refused(RenderError(f"{error} Render it by itself, or split it.")))
        self._deal_out()

    def _tell(self, task: Task, done: Done | Refused, takes: Any) -> None:
        caller = self._callers.get(task.job)
        if caller is None:
            return
        if isinstance(done, Refused) or task.kind == "plan":
            caller.tell(done)
        elif task.kind == "prepare":
            self._add_batches(caller, done.result)
        else:
            self._learn(task.work, done.seconds)
            caller.tell(Rendered(task, takes))

    def _add_batches(self, caller: _Caller, batches: list[BatchAhead]) -> None:
        caller.tell(Prepared({e: work for batch in batches for e, work in batch.work.items()}))
        for number, batch in enumerate(batches):
            work = sum(batch.work.values())
            task = Task(caller.job.id, "perform", number, batch.event_ids, work, batch.content)
            self._queue.add(caller.job, task)

    def _learn(self, work: float, seconds: float) -> None:
        if work > 0:
            now = seconds / work
            before = self._pace
            self._pace = now if before is None else before + _ADAPTION * (now - before)

    async def _look_after_leases(self) -> None:
        while True:
            await asyncio.sleep(LEASE / 10)
            now = time.monotonic()
            for caller in list(self._callers.values()):
                if now - caller.heard > LEASE:
                    await self.drop(caller.job.id)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Let something go on by itself; the loop alone would not keep it alive."""
        started = asyncio.get_running_loop().create_task(work)
        self._busy.add(started)
        started.add_done_callback(self._busy.discard)
