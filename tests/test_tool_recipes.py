"""Recipes of tools and small engines: what a clip says of itself is in its sound."""

from __future__ import annotations

import numpy as np
import pytest

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.motors import exhaust_pulses
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
