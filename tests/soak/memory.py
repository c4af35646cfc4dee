"""Memory over many drafts, renders and visitors: it must not grow with what is behind."""

from __future__ import annotations

import gc
import os
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from pathlib import Path

import httpx

from core.audiostory import AudioStory
from core.director.plan import plan
from core.errors import PlanError
from core.profile import RenderSettings
from core.render.render import render_events
from core.story.story import Story
from studio.jobs.job import Job
from studio.jobs.queue import JobQueue
from tests.soak.instructions import WORDS

SETTLED = 20
"""Rounds in which caches may fill."""
MOST_GROWTH = 0.10
"""Of the memory after `SETTLED` rounds, by which it may be more at the end."""
MOST_FOR_NAMES = 75e6
"""Bytes that any number of sessions may cost; one costs some 300 kB, and 200 are kept."""
MOST_FOR_MORE = 5e6
"""Bytes that as many again may cost, once all that are kept are there."""
PATIENCE = 240.0
"""Seconds for one answer; a machine may be busy with other things."""
_REPORTED = 20
"""Rounds between two lines of a report."""


def resident() -> int:
    """Bytes of this process that lie in memory."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def stays_level(
    seed: int, model: AudioStory, rounds: int, settled: int = SETTLED, report: bool = False
) -> float:
    """Draft a short story and render its events, over and over, as the studio does both.

    Each job has a thread of its own and its turn in the queue, since the memory of dead threads is
    part of what is measured.

    Returns:
        By how much memory grew after the first `settled` rounds, as a share.
    """
    sizes = []
    for number, size in enumerate(_rounds(random.Random(seed), model, rounds), 1):
        sizes.append(size)
        if report and number % _REPORTED == 0:
            print(f"   {size / 1e6:.0f} MB after {number} drafts and renders", flush=True)
    growth = sizes[-1] / sizes[settled - 1] - 1.0
    assert growth < MOST_GROWTH, f"{100 * growth:.1f} % more after {rounds} drafts and renders"
    return growth


def _rounds(rng: random.Random, model: AudioStory, rounds: int) -> Iterator[int]:
    """Memory after each draft and render."""
    queue = JobQueue()
    for number in range(rounds):
        words = " ".join(rng.choice(WORDS) for _ in range(8))
        story = _in_turn(queue, partial(_draft, model, words, rng.uniform(3.0, 12.0), number))
        _in_turn(queue, partial(_render, model, story))
        yield resident()


def _in_turn(queue: JobQueue, work: Callable[[], Story | None]) -> Story | None:
    """What the work returns, done in a thread of its own."""
    done: Future[Story | None] = Future()

    def run() -> None:
        try:
            with queue.turn(Job("draft"), 1.0):
                result = work()
            done.set_result(result)
        except BaseException as failure:
            done.set_exception(failure)

    threading.Thread(target=run).start()
    return done.result()


def _draft(model: AudioStory, words: str, seconds: float, seed: int) -> Story | None:
    """A plan; None for words that name no sound."""
    try:
        return list(plan(model, words, seconds, seed=seed))[-1].story
    except PlanError:
        return None


def _render(model: AudioStory, story: Story | None) -> None:
    if story is not None:
        ids = [event.id for event in story.events]
        for _ in render_events(model, story, ids, RenderSettings(1, 1.0)):
            pass


def forgets_names(seed: int, address: str, names: int) -> None:
    """Ask a studio in this process for something under so many names, one call each."""
    with httpx.Client(base_url=address, trust_env=False, timeout=PATIENCE) as visitor:

        def call(name: str) -> None:
            answer = visitor.post(
                "gradio_api/run/cancel", json={"data": [], "session_hash": f"{seed}-{name}"}
            )
            answer.raise_for_status()

        call("first")
        before = resident()
        for number in range(names // 2):
            call(str(number))
        half = resident() - before
        for number in range(names // 2, names):
            call(str(number))
    growth = resident() - before
    print(f"   {names // 2} names cost {half / 1e6:.1f} MB, {names} {growth / 1e6:.1f}", flush=True)
    assert growth < MOST_FOR_NAMES, f"{names} names cost {growth / 1e6:.0f} MB"
    assert growth - half < MOST_FOR_MORE, f"the later half cost {(growth - half) / 1e6:.0f} MB"
