"""Recipes of tools and small engines: what a clip says of itself is in its sound."""

from __future__ import annotations

import numpy as np
import pytest

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.motors import exhaust_pulses
from core.corpus.synthesis.sprays import head_turns
from tests.sound_measures import centroid, clips, mean_of, onsets, share

BLOCK = SAMPLE_RATE // 500
"""Samples in 2 ms, shorter than any stroke."""


def _beat(samples: np.ndarray, low: float, high: float) -> float:
    """The frequency in Hz between two at which the loudness beats most."""
    loud = np.abs(samples[: len(samples) // BLOCK * BLOCK]).reshape(-1, BLOCK).mean(1)
    rhythm = np.abs(np.fft.rfft((loud - loud.mean()) * np.hanning(len(loud)), 8192))
    hz = np.fft.rfftfreq(8192, BLOCK / SAMPLE_RATE)
    inside = (hz > low) & (hz < high)
    return float(hz[inside][np.argmax(rhythm[inside])])


def test_each_firing_is_one_pulse_of_gas() -> None:
    rate = np.full(SAMPLE_RATE, 25.0)
    gas = exhaust_pulses(rate, np.random.default_rng(0), 0.1, 0.002, 0.0)
    starts = np.flatnonzero((gas[1:] > 0.2) & (gas[:-1] <= 0.2))
    assert len(starts) == pytest.approx(25, abs=1)
    assert np.diff(starts).std() < 0.01 * SAMPLE_RATE / 25


@pytest.mark.parametrize(
    ("name", "low", "high"), [("jackhammer", 12, 34), ("sander", 1, 5), ("ratchet", 20, 75)]
)
def test_a_faster_tool_strokes_more_often(name: str, low: float, high: float) -> None:
    def beat(samples: np.ndarray) -> float:
        return _beat(samples, low, high)

    slow = mean_of(beat, name, 2.0, tempo="slow")
    assert mean_of(beat, name, 2.0, tempo="fast") > 1.2 * slow


def test_a_faster_carpenter_strikes_more_often() -> None:
    slow = mean_of(onsets, "hammering", 2.0, tempo="slow")
    assert mean_of(onsets, "hammering", 2.0, tempo="fast") > 1.2 * slow


def test_a_mower_fires_22_to_30_times_a_second_and_a_chainsaw_five_times_as_often() -> None:
    for samples in clips("lawn_mower", 2.0, distance="close"):
        assert 21 < _beat(samples, 15, 40) < 31
    for samples in clips("chainsaw", 2.0, distance="close"):
        assert 70 < _beat(samples, 60, 240) < 240


def test_a_drill_whines_higher_the_faster_it_turns() -> None:
    slow = mean_of(centroid, "drill", 1.2, tempo="slow")
    assert mean_of(centroid, "drill", 1.2, tempo="fast") > 1.05 * slow


def test_compressed_air_is_a_bright_hiss_and_more_of_it_lasts() -> None:
    assert mean_of(centroid, "compressed_air", 2.0) > 4000

    def loud(samples: np.ndarray) -> float:
        blocks = np.abs(samples[: len(samples) // BLOCK * BLOCK]).reshape(-1, BLOCK).mean(1)
        return float(np.mean(blocks > 0.3 * blocks.max()))

    light = mean_of(loud, "compressed_air", 2.0, strength="light")
    assert mean_of(loud, "compressed_air", 2.0, strength="heavy") > light


def test_welding_crackles_above_two_kilohertz() -> None:
    def above_2_khz(samples: np.ndarray) -> float:
        return share(samples, 2000, 20_000)

    assert mean_of(above_2_khz, "welding", 1.2) > 0.5


def test_a_crane_that_hoists_faster_passes_more_teeth() -> None:
    def beat(samples: np.ndarray) -> float:
        return _beat(samples, 8, 45)

    slow = mean_of(beat, "crane", 2.0, tempo="slow")
    assert mean_of(beat, "crane", 2.0, tempo="fast") > 1.2 * slow


def test_a_can_is_shaken_as_fast_as_it_says_and_its_spray_is_bright() -> None:
    slow = mean_of(onsets, "spray_can", 3.0, tempo="slow")
    assert mean_of(onsets, "spray_can", 3.0, tempo="fast") > 1.2 * slow
    assert mean_of(centroid, "spray_can", 3.0) > 3000


def test_the_arm_of_a_sprinkler_runs_back_three_times_as_fast() -> None:
    seen = set()
    for seed in range(6):
        pace, way = head_turns(12 * SAMPLE_RATE, np.random.default_rng(seed), 4.0)
        turns = np.diff(way[:: SAMPLE_RATE // 10])
        forth, back = pace[(way > 0) & (pace < 8)], pace[pace > 8]
        assert np.mean(forth) == pytest.approx(4.0, rel=0.05)
        seen.add(len(back) > 0)
        if len(back):
            assert np.mean(back) == pytest.approx(12.0, rel=0.05)
            assert turns.min() > -0.2
    assert True in seen


def test_a_sprinkler_strikes_its_jet_more_often_where_it_is_fast() -> None:
    def period(samples: np.ndarray) -> float:
        loud = np.abs(samples[: len(samples) // BLOCK * BLOCK]).reshape(-1, BLOCK).mean(1)
        alike = np.fft.irfft(np.abs(np.fft.rfft(loud - loud.mean(), 2 * len(loud))) ** 2)
        shortest, longest = 60, 220
        return float(shortest + np.argmax(alike[shortest:longest])) * BLOCK / SAMPLE_RATE

    slow = mean_of(period, "sprinkler", 4.5, tempo="slow")
    assert slow > 0.3
    assert mean_of(period, "sprinkler", 4.5, tempo="fast") < 0.6 * slow


def test_a_larger_bottle_hoots_lower_at_its_own_pitch() -> None:
    def loudest(samples: np.ndarray) -> float:
        power = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
        return float(np.argmax(power) * SAMPLE_RATE / len(samples))

    for strength, low, high in (("light", 270, 420), ("moderate", 150, 235), ("heavy", 78, 125)):
        for samples in clips("bottle_blown", 2.0, strength=strength):
            assert low < loudest(samples) < high
