"""Workers of a farm killed at random while they render: nothing is lost, nothing comes twice."""

from __future__ import annotations

import os
import random
import signal

import numpy as np

from core.audiostory import AudioStory
from core.farm.farm import Farm
from core.profile import RenderSettings
from core.render.render import RenderProgress, render_events
from core.story.story import Event, Story

_SETTINGS = RenderSettings(steps=200, guidance=2.0)
"""So many that an event lasts long enough to be killed in its midst."""


def long_story(events: int, seed: int) -> Story:
    captions = ("rain falling", "a dog barking", "wind", "thunder")
    told = tuple(Event(f"e{n}", captions[n % 4], float(n), 1.0) for n in range(events))
    return Story("rain, a dog, wind", float(events), seed, "tiny", "Many events.", told)


def killed_workers(seed: int, model: AudioStory, farm: Farm, kills: int, events: int) -> int:
    """Render a story while workers are killed one after the other, each a random number of steps
    after the one before; a worker that is left is never killed.

    Returns:
        How many were killed.
    """
    rng = random.Random(seed)
    story = long_story(events, seed)
    ids = [event.id for event in story.events]
    killed, pause = set[int](), rng.randint(1, 3)

    def kill(_: RenderProgress) -> None:
        nonlocal pause
        pause -= 1
        if pause > 0 or len(killed) == kills:
            return
        living = [report.process for report in farm.state.workers if report.process not in killed]
        if len(living) > 1:
            one = rng.choice(living)
            os.kill(one, signal.SIGKILL)
            killed.add(one)
            pause = rng.randint(2, 8)

    found = {}
    for take in farm.renderer(f"seed {seed}")(model, story, ids, _SETTINGS, on_progress=kill):
        assert take.event_id not in found, f"{take.event_id} came twice"
        found[take.event_id] = take
    for expected in render_events(model, story, ids, _SETTINGS):
        take = found.pop(expected.event_id)
        assert take.take == expected.take
        assert np.array_equal(take.samples, expected.samples)
    assert not found
    assert (farm.state.waiting, farm.state.running) == (0, 0)
    return len(killed)
