"""What callers, scheduler and workers of a farm say to one another.

Plain data that needs neither model nor Ray: the scheduler reads them and loads nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Literal

import numpy as np
import numpy.typing as npt


class Priority(IntEnum):
    """Who is served first."""

    WAITED_FOR = 0
    """A person waits for it and looks on."""
    STORY = 1
    TABLE = 2
    """One of many stories that nobody looks at."""


JobKind = Literal["plan", "prepare"]
"""Of a job the kind is its first task's."""
TaskKind = Literal["plan", "prepare", "perform"]


@dataclass(frozen=True)
class ShippedModel:
    """A model as data (`core.farm.shipping`).

    Attributes:
        skeleton: pickle of the model with references in place of its tensors.
        storages: (bytes,) uint8 each, what the tensors lie in.
    """

    skeleton: bytes
    storages: list[npt.NDArray[np.uint8]]

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.skeleton) + sum(storage.nbytes for storage in self.storages)


@dataclass(frozen=True)
class Task:
    """What a worker does in one go.

    Attributes:
        job: id of what it is a part of.
        number: of a batch among the job's.
        event_ids: of the batch.
        work: what it costs (`core.render.model_batch.sampler_work`); 0: unknown.
        content: what the worker needs for it.
    """

    job: str
    kind: TaskKind
    number: int = 0
    event_ids: tuple[str, ...] = ()
    work: float = 0.0
    content: Any = field(default=None, compare=False, repr=False)

    @property
    def id(self) -> str:
        return f"{self.job}/{self.kind}/{self.number}"


@dataclass(frozen=True)
class Job:
    """What somebody asks the farm for: a rendering, which is prepared first, or a plan.

    Attributes:
        owner: whose it is, where several people share a farm; each has their turn.
    """

    id: str
    kind: JobKind
    owner: str
    priority: Priority


@dataclass(frozen=True)
class BatchAhead:
    """A batch that is ready to be performed; `content` is the pickle of its events."""

    event_ids: tuple[str, ...]
    work: Mapping[str, float]
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Done:
    """A task is done; `result`: batches of a job that was prepared, or a plan's story."""

    seconds: float
    result: Any = None


@dataclass(frozen=True)
class Refused:
    """A task cannot be done, wherever it is tried."""

    error: BaseException


@dataclass(frozen=True)
class Prepared:
    """What there is to do, by event."""

    work: Mapping[str, float]


@dataclass(frozen=True)
class Stepped:
    """So far is an event."""

    event_id: str
    step: int
    steps: int


@dataclass(frozen=True)
class Rendered:
    """A batch is done; `takes` refers to its takes."""

    task: Task
    takes: Any


@dataclass(frozen=True)
class WorkerLost:
    """A worker is gone; what it was at is done by another one."""

    event_ids: tuple[str, ...]


@dataclass(frozen=True)
class WorkerReport:
    """What a worker is: on which node, by which numeric path (`core.placement.numeric_path`).

    Attributes:
        process: id of its process there.
        problem: why it cannot be used; empty: it can.
    """

    node: str
    made_on: str
    process: int
    problem: str = ""
