"""One-shots under a second and stories of a tenth of one: planned, rendered, mixed."""

from __future__ import annotations

import numpy as np
import pytest

from core.audiostory import AudioStory
from core.director.plan import MIN_TOTAL, plan
from core.mix.mix import MixSettings, mix_blocks, story_frames
from core.render.story import render_story


@pytest.mark.parametrize(
    ("instruction", "total", "lengths"),
    [
        ("a click", MIN_TOTAL, (0.1,)),
        ("500 ms of a click, then 300 ms of rain", 0.8, (0.5, 0.3)),
        ("rain for 1.2 s, then a quarter of a second of a bell", 1.45, (1.2, 0.25)),
    ],
)
def test_a_short_story_is_heard_at_its_length(
    tiny: AudioStory, instruction: str, total: float, lengths: tuple[float, ...]
) -> None:
    story = list(plan(tiny, instruction, total, seed=1))[-1].story
    assert story is not None
    assert story.notes == ()
    if len(lengths) > 1:
        assert [event.duration for event in story.events] == pytest.approx(lengths)
    story, sources = render_story(tiny, story, tiny.profile.draft, lambda progress: None)
    blocks = list(mix_blocks(story, sources, MixSettings(rate=tiny.sample_rate)))
    mix = np.concatenate(blocks)
    assert len(mix) == story_frames(story, tiny.sample_rate) == round(total * tiny.sample_rate)
    assert np.isfinite(mix).all()
    for event in story.events:
        begin, end = (round(at * tiny.sample_rate) for at in (event.start, event.end))
        assert np.abs(mix[begin:end]).max() > 1e-4, event.caption
