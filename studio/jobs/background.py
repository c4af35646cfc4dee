"""Long work for the page: it runs in a thread of its own and reports to a generator in batches.

A generator of Gradio can only yield between two steps of its own, while a sampler reports from deep
inside one; and a generator may be dropped when its tab closes. So the work has its own thread, and
dropping the generator cancels it.
"""

from __future__ import annotations

import contextvars
import functools
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from studio.jobs.job import Job

INTERVAL = 0.12
"""Seconds between two batches: often enough to look continuous, seldom enough for a slow page."""


class _End:
    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def in_background(work: Callable[[Callable[[Any], None]], None], job: Job) -> Iterator[list[Any]]:
    """Run `work(send)` and yield what it sends, in batches at most every `INTERVAL` seconds.

    Raises:
        whatever `work` raises, after the reports before it.
    """
    messages: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def run() -> None:
        try:
            work(messages.put)
        except BaseException as error:
            messages.put(_End(error))
        else:
            messages.put(_End(None))
        finally:
            job.done = True

    # In the context of whoever began it, so that it updates that page.
    in_context = functools.partial(contextvars.copy_context().run, run)
    threading.Thread(target=in_context, name="studio-work", daemon=True).start()
    try:
        yield from _batches(messages)
    finally:
        job.cancel.set()


def _batches(messages: queue.SimpleQueue[Any]) -> Iterator[list[Any]]:
    end = None
    while end is None:
        batch = [messages.get()]
        if not isinstance(batch[0], _End):
            time.sleep(INTERVAL)
        while not messages.empty():
            batch.append(messages.get())
        if isinstance(batch[-1], _End):
            end = batch.pop()
        if batch:
            yield batch
    if end.error is not None:
        raise end.error
