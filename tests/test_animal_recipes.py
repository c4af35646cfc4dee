"""Animals among the candidates: what a clip says of itself, and what its animal does, is heard."""

from __future__ import annotations

import numpy as np
import pytest

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.pulsed_voices import Pressed, pressed_call, pulsed, scaled
from tests.clip_measures import clips, onsets, pulse_rate
from tests.sound_measures import centroid, share


@pytest.mark.parametrize("name", ["dog_pant", "duck"])
def test_a_faster_animal_calls_more_often(name: str) -> None:
    slow, fast = (
        np.mean([onsets(clip) for clip in clips(name, near=True, tempo=tempo)])
        for tempo in ("slow", "fast")
    )
    assert fast > 1.3 * slow


@pytest.mark.parametrize("name", ["dog_growl", "pig", "cat_purr"])
def test_a_stronger_voice_is_brighter(name: str) -> None:
    light, heavy = (
        np.mean([centroid(clip) for clip in clips(name, near=True, strength=strength)])
        for strength in ("light", "heavy")
    )
    assert heavy > 1.15 * light


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("cat_purr", 20, 36), ("goat", 7, 14), ("turkey", 11, 21)],
)
def test_a_voice_shakes_as_often_as_that_of_its_animal(name: str, low: float, high: float) -> None:
    alone = name == "cat_purr"
    for clip in clips(name, near=True) if alone else clips(name, near=True, count="single"):
        assert low <= pulse_rate(clip, 5, 40) <= high


@pytest.mark.parametrize(
    ("name", "low", "high", "least"),
    [
        ("dog_whimper", 350, 4000, 0.85),
        ("cat_hiss", 1500, 16_000, 0.7),
        ("goat", 400, 4500, 0.75),
        ("donkey", 150, 4000, 0.8),
        ("duck", 200, 4000, 0.85),
        ("goose", 200, 3500, 0.85),
        ("turkey", 400, 3500, 0.85),
        ("cockerel", 450, 4500, 0.85),
    ],
)
def test_most_of_a_call_lies_where_its_animal_has_it(
    name: str, low: float, high: float, least: float
) -> None:
    for clip in clips(name, near=True):
        assert share(clip, low, high) > least


def test_a_longer_tract_is_lower_at_the_same_pitch() -> None:
    mouth = ((500.0, 150.0, 1.0), (1500.0, 250.0, 0.7), (2600.0, 400.0, 0.5))
    hz, level = np.full(SAMPLE_RATE // 2, 120.0), np.ones(SAMPLE_RATE // 2)
    short, long = (
        pressed_call(hz, level, Pressed(), ((0, scaled(mouth, size)),), np.random.default_rng(1))
        for size in (0.7, 1.4)
    )
    assert centroid(long) < 0.7 * centroid(short)


def test_a_voice_whose_every_second_pulse_is_weaker_sounds_an_octave_below() -> None:
    def below(doubling: float) -> float:
        how = Pressed(jitter=0.0, shimmer=0.0, doubling=doubling, breath=0.0)
        wave = pulsed(np.full(SAMPLE_RATE, 200.0), how, np.random.default_rng(0))
        return share(wave, 80, 120)

    assert below(0.0) < 0.0005
    assert below(0.5) > 0.003
