"""A worker of a farm: holds the model and does one task at a time, which can be stopped in between.

A Ray actor; the class itself is plain and does not import Ray. Its `stop` is called beside a task
that runs (in the concurrency group CONTROL), and so is `live` (in LIFE).
"""

from __future__ import annotations

import dataclasses
import os
import pickle
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.allocator import collection_paused
from core.errors import StudioError
from core.farm.tasks import BatchAhead, Done, Refused, WorkerReport

if TYPE_CHECKING:
    from core.audiostory import AudioStory
    from core.profile import RenderSettings
    from core.render.beginnings import Beginning
    from core.render.prepared_events import PreparedEvent
    from core.render.rendered_take import RenderedTake
    from core.story.story import Story

CONTROL = "control"
"""Concurrency group of `stop`, which is called beside a task."""
LIFE = "life"
"""Concurrency group of `live`."""
REPORTED_EVERY = 0.2
"""Seconds between two reports of an event's progress: a page shows no more, and what scheduler and
caller do with them takes the workers' cores where there are no others."""


@dataclass(frozen=True)
class AskedRender:
    """A rendering that is asked for; `story` comes without its takes, which are of no use to it."""

    story: Story
    event_ids: tuple[str, ...]
    settings: RenderSettings
    beginnings: Mapping[str, Beginning]


@dataclass(frozen=True)
class AskedPlan:
    """A plan that is asked for."""

    instruction: str
    seconds: float
    seed: int


class Worker:
    """Args:
    scheduler: whom to report progress to.
    model: [a reference to a `ShippedModel`].
    version: the code that shipped it (`core.farm.shipping.code_version`).
    threads: of the processor.
    share: of a graphics card's memory.
    """

    def __init__(
        self, scheduler: Any, model: list[Any], version: str, threads: int, share: float
    ) -> None:
        import ray

        from core.farm.shipping import code_version

        self._scheduler = scheduler
        self._threads = threads
        self._running = ("", threading.Event())
        self._stopped = ""
        self._node = str(ray.util.get_node_ip_address())
        self._problem = ""
        if code_version() != version:
            self._problem = (
                f"The studio or torch on {self._node} is of another version than here; install the "
                "same there."
            )
            return
        try:
            with collection_paused():
                self._model: AudioStory = self._load(ray.get(model[0]), share)
        except StudioError as error:
            self._problem = f"{self._node}: {error}"

    def _load(self, shipped: Any, share: float) -> AudioStory:
        import torch

        from core.audiostory import default_placement
        from core.farm.shipping import unpack

        torch.set_num_threads(self._threads)
        model = unpack(shipped)
        model.place(default_placement(model, share))
        return model

    def report(self) -> WorkerReport:
        """What this worker is, once it is ready."""
        made_on = "" if self._problem else self._model.numeric_path
        return WorkerReport(self._node, made_on, os.getpid(), self._problem)

    def live(self) -> None:
        """Does not return: it fails when the worker is lost, were it idle."""
        threading.Event().wait()

    def stop(self, task_id: str) -> None:
        """End this task within a step, or before it begins."""
        running, cancel = self._running
        if running == task_id:
            cancel.set()
        else:
            self._stopped = task_id

    def plan(self, task_id: str, asked: AskedPlan) -> Done | Refused:
        """The director's plan, as the text of its story."""
        from core.director.plan import plan

        def work(cancel: threading.Event) -> str:
            story = None
            for progress in plan(self._model, asked.instruction, asked.seconds, asked.seed, cancel):
                story = progress.story
            assert story is not None
            return story.to_json()

        return self._done(task_id, work)

    def prepare(self, task_id: str, asked: AskedRender) -> Done | Refused:
        """The batches of a rendering: list[BatchAhead]."""
        from core.render.model_batch import sampler_work
        from core.render.render import event_batches

        def work(cancel: threading.Event) -> list[BatchAhead]:
            batches = event_batches(
                self._model,
                asked.story,
                asked.event_ids,
                asked.settings,
                beginnings=asked.beginnings,
                cancel=cancel,
            )
            ahead = []
            for events in batches:
                work = {e.event_id: sampler_work(self._model, e, asked.settings) for e in events}
                content = pickle.dumps([[_without_text(e) for e in events], asked.settings])
                ahead.append(BatchAhead(tuple(work), work, content))
            return ahead

        return self._done(task_id, work)

    def perform(
        self, task_id: str, content: bytes
    ) -> tuple[Done | Refused, list[RenderedTake] | None]:
        """The takes of a batch, without their texts."""
        from core.render.render import RenderProgress, perform_batch

        events: list[PreparedEvent]
        settings: RenderSettings
        events, settings = pickle.loads(content)
        takes: list[RenderedTake] = []
        reported: dict[str, float] = {}

        def report(now: RenderProgress) -> None:
            passed = time.monotonic() - reported.get(now.event_id, -REPORTED_EVERY)
            if passed >= REPORTED_EVERY or now.step == now.steps:
                reported[now.event_id] = time.monotonic()
                self._scheduler.step.remote(task_id, now.event_id, now.step, now.steps)

        def work(cancel: threading.Event) -> None:
            takes.extend(
                perform_batch(self._model, events, settings, on_progress=report, cancel=cancel)
            )

        outcome = self._done(task_id, work)
        return outcome, takes if isinstance(outcome, Done) else None

    def _done(self, task_id: str, work: Callable[[threading.Event], Any]) -> Done | Refused:
        import torch

        torch.set_num_threads(self._threads)  # each thread of a process has its own number
        began = time.monotonic()
        with self._stoppable(task_id) as cancel:
            try:
                result = work(cancel)
            except StudioError as error:
                return Refused(error)
        return Done(time.monotonic() - began, result)

    @contextmanager
    def _stoppable(self, task_id: str) -> Iterator[threading.Event]:
        cancel = threading.Event()
        self._running = (task_id, cancel)
        if self._stopped == task_id:
            cancel.set()
        try:
            yield cancel
        finally:
            self._running = ("", threading.Event())


def _without_text(event: PreparedEvent) -> PreparedEvent:
    """A context is a chain as long as the story; who asked has it, and the key is made already."""
    return dataclasses.replace(event, take=dataclasses.replace(event.take, context=None))
