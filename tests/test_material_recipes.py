"""Recipes of things struck, rubbed, torn and rolled: what a clip says of itself is in its sound."""

from __future__ import annotations

import numpy as np
import pytest

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis import synthesise_clip
from tests.sound_measures import BLOCK, centroid, clips, mean_of, onsets, power_spectrum, share


def _beat(samples: np.ndarray, low: float, high: float) -> float:
    """The frequency in Hz between two at which the loudness beats most."""
    loud = np.abs(samples[: len(samples) // BLOCK * BLOCK]).reshape(-1, BLOCK).mean(1)
    rhythm = np.abs(np.fft.rfft((loud - loud.mean()) * np.hanning(len(loud)), 4096))
    hz = np.fft.rfftfreq(4096, BLOCK / SAMPLE_RATE)
    inside = (hz > low) & (hz < high)
    return float(hz[inside][np.argmax(rhythm[inside])])


def _median_hz(samples: np.ndarray) -> float:
    """Half of the energy lies below this frequency."""
    hz, power = power_spectrum(samples)
    return float(hz[np.searchsorted(np.cumsum(power), 0.5 * power.sum())])


@pytest.mark.parametrize(
    ("name", "more"),
    [("tapping", 1.5), ("footsteps_metal", 1.2), ("metal_clank", 1.3), ("squeaky_shoes", 1.15)],
)
def test_what_is_faster_has_more_onsets(name: str, more: float) -> None:
    slow = mean_of(onsets, name, 3.0, tempo="slow")
    assert mean_of(onsets, name, 3.0, tempo="fast") > more * slow


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("scraping", 0.4, 4.0),
        ("sweeping", 0.4, 3.0),
        ("flag_flapping", 1.0, 12.0),
        ("chalk", 1.0, 8.0),
    ],
)
def test_faster_strokes_follow_each_other_sooner(name: str, low: float, high: float) -> None:
    def beat(samples: np.ndarray) -> float:
        return _beat(samples, low, high)

    slow = mean_of(beat, name, 3.0, tempo="slow")
    assert mean_of(beat, name, 3.0, tempo="fast") > 1.3 * slow


@pytest.mark.parametrize(
    "name",
    [
        "metal_clank", "chain", "metal_squeal", "object_dropped", "scraping", "dragging",
        "wood_creaking", "marble_rolling", "rummaging",
    ],
)  # fmt: skip
def test_what_is_bigger_sounds_lower(name: str) -> None:
    small = mean_of(_median_hz, name, 3.0, strength="light")
    assert mean_of(_median_hz, name, 3.0, strength="heavy") < 0.85 * small


def test_a_bag_crumpled_harder_is_hardly_ever_still() -> None:
    def still(samples: np.ndarray) -> float:
        loud = np.abs(samples[: len(samples) // BLOCK * BLOCK]).reshape(-1, BLOCK).mean(1)
        return float(np.mean(loud < 0.15 * loud.max()))

    gentle = mean_of(still, "plastic_bag", 3.0, strength="light")
    assert mean_of(still, "plastic_bag", 3.0, strength="heavy") < 0.8 * gentle


def test_cloth_torn_fast_is_done_sooner() -> None:
    def length(samples: np.ndarray) -> float:
        power = np.cumsum(samples.astype(np.float64) ** 2)
        low, high = (np.searchsorted(power, part * power[-1]) for part in (0.05, 0.95))
        return float(high - low)

    slow = mean_of(length, "cloth_tearing", 3.0, tempo="slow", count="single")
    assert mean_of(length, "cloth_tearing", 3.0, tempo="fast", count="single") < 0.5 * slow


def test_a_stronger_wind_beats_a_small_flag_with_more_cracks() -> None:
    def above_1_khz(strength: str) -> float:
        made = (synthesise_clip("flag_flapping", 1.5, np.random.default_rng(s)) for s in range(24))
        small = {"tempo": "fast", "strength": strength, "distance": "close"}
        cracks = [share(c.samples, 1000, 20_000) for c in made if c.attributes == small]
        return float(np.mean(cracks))

    assert above_1_khz("heavy") > 1.2 * above_1_khz("light")


def test_a_small_flag_is_higher_than_a_sail() -> None:
    sail = mean_of(centroid, "flag_flapping", 3.0, tempo="slow")
    assert mean_of(centroid, "flag_flapping", 3.0, tempo="fast") > sail


def test_a_ball_that_rolls_faster_is_brighter() -> None:
    slow = mean_of(_median_hz, "marble_rolling", 3.0, tempo="slow")
    assert mean_of(_median_hz, "marble_rolling", 3.0, tempo="fast") > slow


def test_who_searches_hastily_knocks_things_together_more_often() -> None:
    slow = mean_of(onsets, "rummaging", 3.0, tempo="slow")
    assert mean_of(onsets, "rummaging", 3.0, tempo="fast") > slow


@pytest.mark.parametrize(
    ("name", "low", "high", "least"),
    [
        ("plastic_bag", 1500, 16_000, 0.7),
        ("cloth_tearing", 400, 9000, 0.8),
        ("squeaky_shoes", 500, 12_000, 0.5),
        ("metal_squeal", 300, 12_000, 0.9),
        ("dragging", 30, 1500, 0.7),
        ("sweeping", 500, 14_000, 0.7),
        ("wood_creaking", 40, 4000, 0.9),
        ("chain", 500, 14_000, 0.8),
    ],
)
def test_most_of_a_sound_lies_where_its_thing_has_it(
    name: str, low: float, high: float, least: float
) -> None:
    assert np.mean([share(clip, low, high) for clip in clips(name, 3.0)]) > least


def test_steps_on_metal_ring_longer_than_steps_on_wood() -> None:
    def above_2_khz(samples: np.ndarray) -> float:
        loud = np.abs(samples[: len(samples) // BLOCK * BLOCK]).reshape(-1, BLOCK).mean(1)
        return float(np.median(loud) / loud.max())

    wooden = mean_of(above_2_khz, "footsteps_wood", 3.0)
    assert mean_of(above_2_khz, "footsteps_metal", 3.0) > 1.5 * wooden


def test_what_clanks_far_away_is_duller() -> None:
    def above_4_khz(samples: np.ndarray) -> float:
        return share(samples, 4000, 20_000)

    near = mean_of(above_4_khz, "metal_squeal", 3.0, distance="close")
    assert mean_of(above_4_khz, "metal_squeal", 3.0, distance="distant") < 0.5 * near
