"""Random instructions, mostly nonsense, planned and rendered by the shipped model."""

from __future__ import annotations

import random

import numpy as np
import pytest

from core.audiostory import AudioStory
from core.director.plan import plan
from core.errors import PlanError
from core.profile import RenderSettings
from core.render.render import render_events

WORDS = ["rain", "then", "a", "dog", "barks", "twice", "10", "seconds", ",", "Über", "!?", "door"]

SOUNDS = {"rain", "dog", "barks", "door"}


def trial(seed: int, model: AudioStory) -> None:
    """The plan sums to the length asked for, and each of its events is rendered to finite sound.

    What names no sound is refused.
    """
    rng = random.Random(seed)
    instruction = " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 12)))
    total = rng.choice([6.0, 17.5, 40.0])
    try:
        story = list(plan(model, instruction, total, seed))[-1].story
    except PlanError:
        assert not SOUNDS & set(instruction.split()), instruction
        return
    assert story is not None
    assert sum(event.duration for event in story.events) == pytest.approx(total, abs=1e-3)
    assert story.reasoning
    ids = [event.id for event in story.events]
    takes = list(render_events(model, story, ids, RenderSettings(1, 1.0)))
    assert [take.event_id for take in takes] == ids
    assert all(np.isfinite(take.samples).all() for take in takes)
