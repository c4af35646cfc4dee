"""Recipes of machines, fittings and games: what a clip says of itself is in its sound."""

from __future__ import annotations

import numpy as np
import pytest

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.games import bounces
from tests.sound_measures import centroid, clips, mean_of, onsets, share


@pytest.mark.parametrize("name", ["ball_bounce", "table_tennis", "cards"])
def test_faster_play_has_more_onsets(name: str) -> None:
    slow = mean_of(onsets, name, 2.0, tempo="slow")
    assert mean_of(onsets, name, 2.0, tempo="fast") > 1.2 * slow


def test_a_faster_arm_brushes_more_strokes() -> None:
    def strokes(samples: np.ndarray) -> float:
        block = SAMPLE_RATE // 100
        loud = np.abs(samples[: len(samples) // block * block]).reshape(-1, block).mean(1)
        rhythm = np.abs(np.fft.rfft(loud - loud.mean(), 1000))
        return float(np.argmax(rhythm[20:200]) + 20) / 10

    slow = mean_of(strokes, "brushing_teeth", 2.0, tempo="slow")
    assert mean_of(strokes, "brushing_teeth", 2.0, tempo="fast") > 1.3 * slow


def test_a_faster_zip_is_done_sooner() -> None:
    def length(samples: np.ndarray) -> float:
        power = np.cumsum(samples.astype(np.float64) ** 2)
        return float(
            np.searchsorted(power, 0.9 * power[-1]) - np.searchsorted(power, 0.1 * power[-1])
        )

    slow = mean_of(length, "zipper", 2.0, tempo="slow", count="single")
    assert mean_of(length, "zipper", 2.0, tempo="fast", count="single") < 0.6 * slow


@pytest.mark.parametrize("name", ["coins", "dice"])
def test_many_strike_more_often_than_one(name: str) -> None:
    def strikes(samples: np.ndarray) -> float:
        block = SAMPLE_RATE // 500
        loud = np.abs(samples[: len(samples) // block * block]).reshape(-1, block).max(1)
        return float(np.sum((loud[1:] > 1.6 * loud[:-1]) & (loud[1:] > 0.03)))

    single = mean_of(strikes, name, 2.0, count="single")
    assert mean_of(strikes, name, 2.0, count="many") > 1.3 * single


def test_a_dropped_thing_bounces_sooner_and_more_softly_each_time() -> None:
    impacts = bounces(1.0, 0.8, 10.0)
    times, speeds = zip(*impacts, strict=True)
    gaps = np.diff(times)
    assert gaps[0] == pytest.approx(2 * 0.8 * np.sqrt(2 / 9.81), rel=1e-3)
    assert gaps[1:] / gaps[:-1] == pytest.approx(np.full(len(gaps) - 1, 0.8))
    assert np.diff(speeds).max() < 0


def test_coins_are_bright_and_a_shut_drawer_is_dull() -> None:
    assert mean_of(centroid, "coins", 2.0) > 5000
    assert mean_of(centroid, "drawer", 1.2) < 2500


def test_a_heavier_bolt_sounds_lower() -> None:
    light = mean_of(centroid, "lock", 1.2, strength="light")
    assert mean_of(centroid, "lock", 1.2, strength="heavy") < light


def test_a_vacuum_cleaner_roars_and_a_fan_is_soft() -> None:
    def below_250_hz(samples: np.ndarray) -> float:
        return share(samples, 20, 250)

    roar = mean_of(below_250_hz, "vacuum_cleaner", 1.2)
    assert roar < 0.3
    assert mean_of(below_250_hz, "fan", 1.2) > 2 * roar


def test_a_blender_turns_faster_at_a_higher_setting() -> None:
    slow = mean_of(centroid, "blender", 1.2, tempo="slow")
    assert mean_of(centroid, "blender", 1.2, tempo="fast") > 1.2 * slow


def test_far_vacuum_cleaning_is_duller() -> None:
    def above_5_khz(samples: np.ndarray) -> float:
        return share(samples, 5000, 20_000)

    near = mean_of(above_5_khz, "vacuum_cleaner", 1.2, distance="close")
    assert mean_of(above_5_khz, "vacuum_cleaner", 1.2, distance="distant") < 0.5 * near


def test_a_doorbell_rings_again_where_it_says_so() -> None:
    def late(samples: np.ndarray) -> float:
        return float(np.mean(samples[-2 * SAMPLE_RATE :] ** 2) / np.mean(samples**2))

    several = mean_of(late, "doorbell", 4.0, count="several")
    assert several > 1.5 * mean_of(late, "doorbell", 4.0, count="single")


def test_a_drum_shakes_faster_as_it_spins() -> None:
    def shaking(samples: np.ndarray) -> float:
        block = SAMPLE_RATE // 200
        loud = np.abs(samples[: len(samples) // block * block]).reshape(-1, block).mean(1)
        rhythm = np.abs(np.fft.rfft(loud - loud.mean(), 2000)) ** 2
        hz = np.arange(len(rhythm)) / 10
        heard = (hz > 0.5) & (hz < 30)
        return float((hz * rhythm)[heard].sum() / rhythm[heard].sum())

    tumbling = mean_of(shaking, "washing_machine", 2.0, tempo="slow")
    assert mean_of(shaking, "washing_machine", 2.0, tempo="fast") > 1.5 * tumbling


def test_a_match_flares_up_and_leaves_a_small_dull_flame() -> None:
    def left(samples: np.ndarray) -> float:
        return float(np.sqrt(np.mean(ending(samples) ** 2)) / np.abs(samples).max())

    def ending(samples: np.ndarray) -> np.ndarray:
        return samples[int(2.4 * SAMPLE_RATE) : int(2.7 * SAMPLE_RATE)]

    def below_1_khz(samples: np.ndarray) -> float:
        return share(samples, 20, 1000)

    for samples in clips("match_strike", 3.0):
        assert left(samples) < 0.05
        assert share(samples, 1500, 20_000) > 0.4
    burning_on = mean_of(lambda samples: below_1_khz(ending(samples)), "match_strike", 3.0)
    assert burning_on > 1.3 * mean_of(below_1_khz, "match_strike", 3.0)


def test_a_big_match_flares_longer_beside_its_scrape() -> None:
    def later(samples: np.ndarray) -> float:
        return float(np.sum(samples[int(0.6 * SAMPLE_RATE) :] ** 2) / np.sum(samples**2))

    light = mean_of(later, "match_strike", 2.0, strength="light")
    assert mean_of(later, "match_strike", 2.0, strength="heavy") > 1.5 * light
