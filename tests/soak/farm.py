"""Workers of a farm killed at random while they render: nothing is lost, nothing comes twice."""

from __future__ import annotations

import contextlib
import os
import random
import signal
from dataclasses import dataclass

import numpy as np
import psutil

from core.audiostory import AudioStory
from core.farm.farm import Farm
from core.farm.worker import Worker
from core.profile import RenderSettings
from core.render.render import RenderProgress, render_events
from core.story.story import Event, Story

_STEPS = 80
_SETTINGS = RenderSettings(steps=_STEPS, guidance=2.0)
"""So many that an event lasts long enough to be killed in its midst."""
_APART = (_STEPS // 2, 3 * _STEPS)
"""Steps between two kills: so far apart that no event loses as many workers as it may lose."""


def long_story(events: int, seed: int) -> Story:
    captions = ("rain falling", "a dog barking", "wind", "thunder")
    told = tuple(Event(f"e{n}", captions[n % 4], float(n), 1.0) for n in range(events))
    return Story("rain, a dog, wind", float(events), seed, "tiny", "Many events.", told)


@dataclass(frozen=True)
class Killed:
    """How many workers were killed while they were ready, and while they began."""

    ready: int
    beginning: int


def killed_workers(seed: int, model: AudioStory, farm: Farm, kills: int, events: int) -> Killed:
    """Render a story, over and over, while workers of a farm of this machine are killed one after
    the other, each a random number of steps after the one before; one that is ready is always left,
    and no more are killed while they begin than when they are ready."""
    rng = random.Random(seed)
    story = long_story(events, seed)
    ids = [event.id for event in story.events]
    expected = {take.event_id: take for take in render_events(model, story, ids, _SETTINGS)}
    killed, pause = dict[int, bool](), rng.randint(*_APART)
    seen = dict[str, int]()

    def kill(now: RenderProgress) -> None:
        nonlocal pause
        before = seen.get(now.event_id, 0)
        pause -= now.step - before if now.step > before else now.step  # or it was begun anew
        seen[now.event_id] = now.step
        if pause > 0 or len(killed) == kills:
            return
        ready = {report.process for report in farm.state.workers} - killed.keys()
        candidates = sorted(ready if len(ready) > 1 else ())
        if 2 * sum(killed.values()) >= len(killed):
            candidates += sorted(_workers() - ready - killed.keys())
        if candidates:
            one = rng.choice(candidates)
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
                killed[one] = one in ready
                pause = rng.randint(*_APART)

    while len(killed) < kills:
        left = dict(expected)
        for take in farm.renderer(f"seed {seed}")(model, story, ids, _SETTINGS, on_progress=kill):
            here = left.pop(take.event_id, None)
            assert here is not None, f"{take.event_id} came twice"
            assert take.take == here.take
            assert np.array_equal(take.samples, here.samples)
        assert not left
        assert (farm.state.waiting, farm.state.running) == (0, 0)
    return Killed(sum(killed.values()), len(killed) - sum(killed.values()))


def _workers() -> set[int]:
    """Processes of workers on this machine that live, ready or not."""
    found = set()
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            title, zombie = process.cmdline()[:1], process.status() == psutil.STATUS_ZOMBIE
            if title and title[0].startswith(f"ray::{Worker.__name__}") and not zombie:
                found.add(process.pid)
    return found
