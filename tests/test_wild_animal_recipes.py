"""Wild animals among the candidates: pitch, pace and band of each are those of its kind."""

from __future__ import annotations

import numpy as np
import pytest

from tests.clip_measures import clips, pitch, pulse_rate
from tests.sound_measures import centroid, share


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
