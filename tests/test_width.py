"""Width: textures surround, spot sounds stand aside, and one channel still plays the take."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sounding_stories import RATE, noise, sources_of, story_of

from core.mix.mix import MixSettings, mix, mix_blocks, place_events, sum_blocks
from core.mix.sources import ArraySource
from core.mix.width import FARTHEST, WIDEST, steadiness
from core.story.story import Event, Story

OPEN = MixSettings(RATE, ceiling_db=None, declick=0.0)


def shot(seconds: float, at: float) -> np.ndarray:
    """A decaying burst of noise in silence."""
    sound = np.zeros((1, round(seconds * RATE)), np.float32)
    burst = noise(0.3, 5, 0.3)
    burst *= np.exp(-np.arange(burst.shape[1]) / (0.05 * RATE)).astype(np.float32)
    start = round(at * RATE)
    sound[:, start : start + burst.shape[1]] = burst
    return sound


def alone(sound: np.ndarray, event_id: str = "e", **changes: object) -> np.ndarray:
    """One event mixed by itself, (frames, 2)."""
    seconds = sound.shape[1] / RATE
    event = Event(event_id, "x", 0.0, seconds, **changes)  # type: ignore[arg-type]
    story = Story("t", seconds, 1, "tiny", "", (event,))
    return mix(story, {event_id: ArraySource(sound)}, OPEN)


def sounding(sound: np.ndarray) -> slice:
    """From the first to the last frame that is not silent: around it the mix has a room tone."""
    (places,) = np.nonzero(np.abs(sound).max(axis=0))
    return slice(places[0], places[-1] + 1)


def third_octaves(sound: np.ndarray) -> np.ndarray:
    """Level in dB of each third octave from 50 Hz to 16 kHz."""
    power = np.abs(np.fft.rfft(sound.astype(np.float64))) ** 2
    hertz = np.fft.rfftfreq(len(sound), 1.0 / RATE)
    centres = 1000.0 * 2.0 ** (np.arange(-13, 13) / 3.0)
    edges = [(c * 2 ** (-1 / 6), c * 2 ** (1 / 6)) for c in centres]
    levels = [power[(hertz >= low) & (hertz < high)].sum() for low, high in edges]
    return 10.0 * np.log10(np.array(levels))


@pytest.mark.parametrize("sound", [noise(4.0, 1), shot(4.0, 1.0)], ids=["texture", "shot"])
def test_the_mono_sum_is_the_take_within_a_decibel_in_every_third_octave(
    sound: np.ndarray,
) -> None:
    heard = sounding(sound)
    mono = alone(sound).mean(axis=1)
    assert np.abs(third_octaves(mono[heard]) - third_octaves(sound[0, heard])).max() < 0.5


def test_a_texture_is_wide_and_balanced() -> None:
    sound = alone(noise(6.0, 1))
    assert np.corrcoef(sound.T)[0, 1] < 0.75
    levels = 10 * np.log10(np.mean(sound.astype(np.float64) ** 2, axis=0))
    assert abs(levels[0] - levels[1]) < 0.3
    assert np.abs(third_octaves(sound[:, 0]) - third_octaves(sound[:, 1])).max() < 0.5


def test_a_shot_has_one_place_beside_the_middle_chosen_by_its_event() -> None:
    sides = set()
    for name in "abcdef":
        burst = shot(3.0, 1.0)
        sound = alone(burst, name)[sounding(burst)]
        loud = np.abs(sound).max(axis=0)
        assert np.corrcoef(sound.T)[0, 1] > 0.999
        sides.add(bool(loud[0] > loud[1]))
        assert 1.1 < loud.max() / loud.min() < np.tan(np.pi / 4 * (1 + FARTHEST)) + 1e-2
    assert sides == {True, False}


def test_steady_noise_is_steady_and_a_shot_is_not() -> None:
    assert steadiness(ArraySource(noise(5.0, 1)), RATE) > 0.95
    assert steadiness(ArraySource(shot(5.0, 2.0)), RATE) < 0.3
    assert steadiness(ArraySource(np.zeros((1, 100), np.float32)), RATE) == 0.0


def test_no_width_is_a_point_in_the_middle_and_a_chosen_pan_stays() -> None:
    still = alone(noise(3.0, 1), width=0.0)
    assert np.array_equal(still[:, 0], still[:, 1])
    half, whole = (alone(noise(3.0, 1), width=w) for w in (0.5, 1.0))
    ratio = [np.std(s[:, 0] - s[:, 1]) / np.std(s.sum(axis=1)) for s in (half, whole)]
    assert ratio[1] == pytest.approx(WIDEST, rel=0.1)
    assert ratio[0] == pytest.approx(WIDEST / 2, rel=0.1)
    story = story_of([3.0])
    panned = story.replace_event(dataclasses.replace(story.events[0], pan=-0.5))
    assert place_events(panned, {"e0": ArraySource(shot(3.0, 1.0))}, OPEN)[0].pan == -0.5


def test_a_stereo_take_keeps_its_own_width() -> None:
    sound = noise(2.0, 3, channels=2)
    assert np.allclose(alone(sound), sound.T, atol=1e-7)


def test_stems_sum_to_the_wide_mix_whatever_the_block() -> None:
    durations = [1.0, 0.7, 1.4]
    story, sources = story_of(durations), sources_of(durations)
    whole = mix(story, sources, OPEN)
    small = dataclasses.replace(OPEN, block=777)
    assert np.array_equal(whole, np.concatenate(list(mix_blocks(story, sources, small))))
    stems = [
        np.concatenate(list(sum_blocks([p], sources, 0, len(whole), 4000)))
        for p in place_events(story, sources, OPEN)
    ]
    assert np.allclose(sum(stems), whole, atol=1e-6)
