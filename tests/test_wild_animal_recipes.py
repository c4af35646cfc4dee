"""Wild animals among the candidates: pitch, pace and band of each are those of its kind."""

from __future__ import annotations

import numpy as np
import pytest

from core.corpus.recordings import SAMPLE_RATE
from tests.clip_measures import clips, pitch, pulse_rate
from tests.sound_measures import centroid, mean_of, share
from tests.sound_measures import clips as sound_clips
from tests.sound_measures import onsets as sound_onsets


def test_a_woodpecker_drums_where_it_is_fast_and_pecks_where_it_is_slow() -> None:
    for clip in clips("woodpecker", tempo="fast"):
        assert 14 < pulse_rate(clip, 5, 40) < 30
    for clip in clips("woodpecker", tempo="slow"):
        assert pulse_rate(clip, 1, 40) < 9


def test_small_wings_beat_faster_than_large_ones() -> None:
    for clip in clips("wings", tempo="slow"):
        assert pulse_rate(clip, 1.5, 20) < 5
    for clip in clips("wings", tempo="fast"):
        assert pulse_rate(clip, 1.5, 20) > 8


def test_an_angry_bear_is_brighter() -> None:
    light, heavy = (
        np.mean([centroid(clip) for clip in clips("bear", strength=strength)])
        for strength in ("light", "heavy")
    )
    assert heavy > 1.15 * light


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("mosquito", 310, 750), ("fly", 110, 290), ("cuckoo", 400, 780), ("pigeon", 190, 620)],
)
def test_pitch_is_that_of_the_animal(name: str, low: float, high: float) -> None:
    for clip in clips(name, count="single") if name != "cuckoo" else clips(name):
        assert low < pitch(clip, 80, 1000) < high


@pytest.mark.parametrize(
    ("name", "low", "high", "least"),
    [
        ("pigeon", 150, 800, 0.8),
        ("cuckoo", 350, 900, 0.85),
        ("mosquito", 250, 8000, 0.9),
        ("fly", 100, 6000, 0.85),
        ("cicadas", 3000, 16_000, 0.85),
        ("snake", 1500, 16_000, 0.8),
        ("bear", 30, 1800, 0.85),
        ("lion", 30, 1200, 0.85),
        ("elephant", 300, 6000, 0.6),
        ("whale", 30, 1800, 0.85),
        ("monkey", 250, 8000, 0.9),
        ("bat", 3500, 17_000, 0.6),
    ],
)
def test_most_of_a_sound_lies_where_its_animal_has_it(
    name: str, low: float, high: float, least: float
) -> None:
    for clip in clips(name):
        assert share(clip, low, high) > least


def test_a_rattle_is_shaken_as_fast_as_it_says_and_is_bright() -> None:
    def shakes(samples: np.ndarray) -> float:
        loud = np.abs(samples) - np.abs(samples).mean()
        power = np.abs(np.fft.rfft(loud)) ** 2
        hz = np.fft.rfftfreq(len(loud), 1 / SAMPLE_RATE)
        inside = (hz > 45) & (hz < 220)
        return float(hz[inside][np.argmax(power[inside])])

    for tempo, low, high in (("slow", 50, 80), ("steady", 90, 125), ("fast", 140, 190)):
        for clip in sound_clips("rattlesnake", 2.0, tempo=tempo):
            assert low < shakes(clip) < high
            assert centroid(clip) > 2500


def test_a_screech_is_strained_and_more_of_them_are_more() -> None:
    for clip in clips("parrot", near=True):
        assert share(clip, 900, 12_000) > 0.7
    single = mean_of(sound_onsets, "parrot", 3.0, count="single")
    assert mean_of(sound_onsets, "parrot", 3.0, count="several") > 1.5 * single


def test_hooves_trot_faster_than_they_walk_and_clop_like_a_hollow_cup() -> None:
    slow = mean_of(sound_onsets, "hooves", 3.0, tempo="slow", distance="close")
    assert mean_of(sound_onsets, "hooves", 3.0, tempo="steady") > slow
    for clip in sound_clips("hooves", 3.0, distance="close"):
        assert share(clip, 450, 4000) > 0.4


def test_a_stronger_snort_is_longer() -> None:
    def length(samples: np.ndarray) -> float:
        block = SAMPLE_RATE // 20
        loud = np.abs(samples[: len(samples) // block * block]).reshape(-1, block).mean(1)
        runs = "".join("x" if heard else " " for heard in loud > 0.15 * loud.max()).split()
        return float(max(len(run) for run in runs))

    light = mean_of(length, "horse_snort", 3.0, strength="light")
    assert mean_of(length, "horse_snort", 3.0, strength="heavy") > 1.15 * light
