"""Memory over many drafts and renders: it must not grow with what is behind."""

from __future__ import annotations

import gc
import os
import random
from pathlib import Path

from core.audiostory import AudioStory
from core.director.plan import plan
from core.profile import RenderSettings
from core.render.render import render_events
from tests.soak.instructions import WORDS

MOST_GROWTH = 40e6
"""Bytes between two thirds of a run; a story's sound of 12 s has 2 MB."""


def resident() -> int:
    """Bytes of this process that lie in memory."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def stays_level(seed: int, model: AudioStory, stories: int) -> int:
    """Draft and render so many stories; the first third is for caches to fill.

    Returns:
        Bytes by which memory grew from the second third to the last, at its highest.
    """
    rng = random.Random(seed)
    highest = [0, 0, 0]
    for number in range(stories):
        words = " ".join(rng.choice(WORDS) for _ in range(8))
        story = list(plan(model, words, rng.uniform(3.0, 12.0), seed=number))[-1].story
        assert story is not None
        ids = [event.id for event in story.events]
        for _ in render_events(model, story, ids, RenderSettings(1, 1.0)):
            pass
        third = 3 * number // stories
        highest[third] = max(highest[third], resident())
    growth = highest[2] - highest[1]
    assert growth < MOST_GROWTH, f"{growth / 1e6:.0f} MB more after {stories} stories"
    return growth
