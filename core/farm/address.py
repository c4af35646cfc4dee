"""Where a farm is, as one text: `local:4`, `ray://HOST:PORT`, `HOST:PORT`, with options after `?`.

local:4?threads=2               four workers of two threads each on this machine
ray://head:10001?gpus=0.5       a Ray cluster, two workers a graphics card
head:6379?workers=8             the same from a machine that belongs to the cluster
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from core.errors import FarmError

_FORM = re.compile(
    r"local(?::(?P<count>\d{1,4}))?|(?:ray://)?(?P<host>[^\s/?@]+):(?P<port>\d{1,5})"
)
MOST_WORKERS = 1024
"""Of one farm: what answers all of them is one process."""
_EXAMPLES = "write local:4, ray://HOST:PORT or HOST:PORT"


@dataclass(frozen=True)
class FarmAddress:
    """Where to render, and how the machines there are shared out among workers.

    Attributes:
        cluster: address of a Ray cluster as Ray understands it; empty: this machine alone.
        workers: None: as many as the cluster has room for.
        threads: of the processor, each worker's.
        gpus: of graphics cards, each worker's, fractions of one too; None: a whole one where the
            cluster has any.
    """

    cluster: str = ""
    workers: int | None = None
    threads: int = 1
    gpus: float | None = None

    def __str__(self) -> str:
        """The text that `read_farm_address` reads as this address."""
        options = {"workers": self.workers, "threads": self.threads, "gpus": self.gpus}
        said = [f"{name}={value}" for name, value in options.items() if value is not None]
        return f"{self.cluster or 'local'}?{'&'.join(said)}"

    def __post_init__(self) -> None:
        if self.workers is not None and not 1 <= self.workers <= MOST_WORKERS:
            raise FarmError(f"A farm has 1 to {MOST_WORKERS} workers, not {self.workers}.")
        if self.threads < 1:
            raise FarmError("A worker has at least one thread; write threads=1 or more.")
        share = self.gpus
        if share is not None and (not 0 <= share < math.inf or (share > 1 and share % 1)):
            raise FarmError("A worker has a share of one graphics card or whole ones: gpus=0.5.")


def read_farm_address(text: str) -> FarmAddress:
    """The address in a text of a person's.

    Raises:
        FarmError: it is none.
    """
    place, _, options = text.strip().partition("?")
    form = _FORM.fullmatch(place)
    if form is None or int(form["port"] or 1) > 0xFFFF:
        raise FarmError(f"{text[:80]!r} is no place to render on; {_EXAMPLES}.")
    given = _Options(**_options(options))
    if form["host"] is not None:
        threads = 1 if given.threads is None else given.threads
        return FarmAddress(place, given.workers, threads, given.gpus)
    cores = available_cores()
    workers = int(form["count"]) if form["count"] else given.workers
    workers = cores if workers is None else workers
    share = max(1, cores // max(1, workers))
    threads = share if given.threads is None else given.threads
    return FarmAddress("", workers, threads, given.gpus)


@dataclass(frozen=True)
class _Options:
    workers: int | None = None
    threads: int | None = None
    gpus: float | None = None


def available_cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _options(text: str) -> dict[str, Any]:
    kinds: dict[str, Callable[[str], Any]] = {"workers": int, "threads": int, "gpus": float}
    found: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        try:
            found[name] = kinds[name](value)
        except (KeyError, ValueError):
            raise FarmError(
                f"{name}={value} is no option of a farm; those are workers=4, threads=2, gpus=0.5, "
                "joined by &."
            ) from None
    return found
