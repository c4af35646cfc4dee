"""A caption that tells of several sounds: each is performed by itself, and all are heard."""

from __future__ import annotations

import copy
import dataclasses
import math
import threading

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.audiostory import AudioStory
from core.bridge.lexicon import Lexicon
from core.bridge.text_encoder import sentence_encoder
from core.errors import Cancelled
from core.mix.blend import blended
from core.mix.loudness import measure
from core.profile import RenderSettings
from core.render.beginnings import Beginning
from core.render.other_performers import TAKE_PEAK
from core.render.prepared_events import single_plan
from core.render.render import RenderProgress, render_events
from core.render.rendered_take import RenderedTake
from core.story.story import Event, Story
from core.story.take import Start

RATE = 44100
SETTINGS = RenderSettings(steps=3, guidance=2.0)
TWO = "steady rain with a dog barking"


def tone(hertz: float, level: float, seconds: float = 1.0) -> np.ndarray:
    """A sine (1, N) of a level in dBFS."""
    time = np.arange(round(seconds * RATE)) / RATE
    wave = 10 ** (level / 20) * np.sin(2 * math.pi * hertz * time)
    return wave[None].astype(np.float32)


def lufs(sound: np.ndarray) -> float:
    return measure([sound.T], RATE, len(sound), over_time=False, peaks=False).integrated


@given(
    levels=st.lists(st.floats(-50.0, -10.0), min_size=2, max_size=3),
    seconds=st.sampled_from([0.2, 1.0]),
)
def test_levels_come_halfway_to_their_mean(levels: list[float], seconds: float) -> None:
    hertz = [300.0, 1000.0, 3000.0]
    sounds = np.stack([tone(h, level, seconds) for h, level in zip(hertz, levels, strict=False)])
    heard = blended(sounds, RATE)
    assert heard.shape == sounds.shape[1:]
    before = [lufs(sound) for sound in sounds]
    middle = sum(before) / len(before)
    for sound, level in zip(sounds, before, strict=True):
        share = float((heard[0] @ sound[0]) / (sound[0] @ sound[0]))
        after = level + 20 * math.log10(share)
        assert after == pytest.approx(middle + (level - middle) / 2, abs=0.05)


def strokes(crest: float, level: float) -> np.ndarray:
    """A 1 kHz sound (1, N) that is heard in one of so many shares of its time."""
    sound = tone(1000.0, level)
    sound[:, round(RATE / crest) :] = 0.0
    return sound


def share_of(sound: np.ndarray, heard: np.ndarray) -> float:
    """Decibels by which a sound is louder in a mixture with sounds that it is orthogonal to."""
    return 20 * math.log10(float((heard[0] @ sound[0]) / (sound[0] @ sound[0])))


def test_strokes_stand_out_from_what_is_steady_and_no_more_than_that() -> None:
    steady = tone(300.0, -20.0)
    for crest, apart in ((4.0, 0.5 * 10 * math.log10(4.0)), (100.0, 8.0)):
        sparse = strokes(crest, -20.0)
        heard = blended(np.stack([steady, sparse]), RATE)
        nearer = (lufs(steady) - lufs(sparse)) / 2
        difference = share_of(sparse, heard) - share_of(steady, heard)
        assert difference == pytest.approx(nearer + apart, abs=0.2)


def test_silence_stays_silent_and_changes_nothing() -> None:
    sound = tone(440.0, -20.0)
    assert np.array_equal(blended(np.stack([sound, 0 * sound]), RATE), sound)
    assert not blended(np.stack([0 * sound, 0 * sound]), RATE).any()


@pytest.fixture(scope="module")
def reading(tiny: AudioStory) -> AudioStory:
    """A tiny model with a lexicon of two sounds; it ships none."""
    known = ["rain", "steady rain", "a dog barking", "a dog"]
    vectors = sentence_encoder().sentences(known)
    plain = ["rain falling", "a dog barking"]
    model = copy.deepcopy(tiny)
    model.lexicon = Lexicon(sentence_encoder(), plain, torch.tensor([0, 0, 1, 1]), vectors)
    return model


@pytest.fixture
def story() -> Story:
    events = (Event("e1", TWO, 0.0, 1.5, seed=7), Event("e2", "a dog barking", 1.5, 0.5))
    return Story("rain and a dog", 2.0, 5, "tiny", "Two events.", events)


def take_of(model: AudioStory, story: Story, event_id: str = "e1") -> RenderedTake:
    return next(render_events(model, story, [event_id], SETTINGS))


def test_a_take_of_two_sounds_is_both_of_them(reading: AudioStory, story: Story) -> None:
    rate, long = reading.sample_rate, 1.5 + reading.profile.crossfade
    take = take_of(reading, story)
    assert take.samples.shape == (1, round(long * rate))
    alone = []
    for number, caption in enumerate(reading.at_once(TWO)):
        condition = reading.conditions(caption, 1.5, *single_plan(caption, 1.5))
        frames = reading.codec.frames(long)
        latents = reading.performer.render(condition, [long], frames, [7 + number], SETTINGS)
        alone.append(reading.codec.decode(latents, seed=7 + number)[0].numpy())
    both = blended(np.stack(alone), rate)
    heard = both[:, : take.samples.shape[1]]
    turned_down = np.float32(min(1.0, TAKE_PEAK / float(np.abs(heard).max())))
    assert np.array_equal(take.samples, heard * turned_down)
    assert torch.equal(take.latents, reading.codec.encode(torch.from_numpy(both)[None])[0])


def test_it_is_the_same_alone_and_among_all_and_another_by_another_seed(
    reading: AudioStory, story: Story
) -> None:
    first = take_of(reading, story).samples
    every = {r.event_id: r for r in render_events(reading, story, ["e1", "e2"], SETTINGS)}
    assert np.array_equal(first, every["e1"].samples)
    other = story.replace_event(dataclasses.replace(story.event("e1"), seed=8))
    assert not np.array_equal(first, take_of(reading, other).samples)


def test_the_steps_of_all_sounds_are_counted_and_each_can_be_the_last(
    reading: AudioStory, story: Story
) -> None:
    steps: list[RenderProgress] = []
    list(render_events(reading, story, ["e1"], SETTINGS, on_progress=steps.append))
    assert [(p.step, p.steps) for p in steps] == [(step, 6) for step in range(7)]
    cancel = threading.Event()

    def stop(progress: RenderProgress) -> None:
        if progress.step == 4:
            cancel.set()

    with pytest.raises(Cancelled):
        list(render_events(reading, story, ["e1"], SETTINGS, on_progress=stop, cancel=cancel))


def test_what_begins_from_a_sound_is_one_run(reading: AudioStory, story: Story) -> None:
    known = take_of(reading, story).latents
    start = Start("take", "k", 0.5, seed=1, grain=1)
    steps: list[RenderProgress] = []
    varied = next(
        render_events(
            reading,
            story,
            ["e1"],
            SETTINGS,
            beginnings={"e1": Beginning(start, known)},
            on_progress=steps.append,
        )
    )
    assert steps[-1].steps <= SETTINGS.steps
    assert varied.latents.shape == known.shape
