"""Recipes of kitchen and bath: what a clip says of itself is in its sound."""

from __future__ import annotations

import numpy as np
import pytest

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis import synthesise_clip
from tests.sound_measures import (
    BLOCK,
    centroid,
    clips,
    mean_of,
    onsets,
    power_spectrum,
    share,
    spikiness,
)


@pytest.mark.parametrize("name", ["ice_in_glass", "cutlery", "knife_chopping", "stirring_glass"])
def test_a_faster_hand_makes_more_clinks(name: str) -> None:
    slow = mean_of(onsets, name, 1.5, tempo="slow")
    assert mean_of(onsets, name, 1.5, tempo="fast") > 1.5 * slow


def test_many_glasses_touch_more_often_than_two() -> None:
    once = mean_of(onsets, "toasting_glasses", 2.0, count="single")
    several = mean_of(onsets, "toasting_glasses", 2.0, count="several")
    assert once < several < mean_of(onsets, "toasting_glasses", 2.0, count="many")


@pytest.mark.parametrize("name", ["frying", "tap"])
def test_the_less_there_is_the_more_its_single_pops_and_drops_stand_out(name: str) -> None:
    light = mean_of(spikiness, name, 1.2, strength="light")
    assert light > 1.15 * mean_of(spikiness, name, 1.2, strength="heavy")


def test_frying_is_bright_and_a_boiling_pot_is_dull() -> None:
    assert mean_of(centroid, "frying", 1.2) > 4000
    assert mean_of(centroid, "boiling_pot", 1.2) < 1500


def test_a_kettle_sings_before_it_rolls() -> None:
    def above_1_khz(samples: np.ndarray) -> float:
        return share(samples, 1000, 20_000)

    cold = mean_of(above_1_khz, "kettle_boil", 1.2, strength="light")
    assert cold > 1.5 * mean_of(above_1_khz, "kettle_boil", 1.2, strength="heavy")


def test_a_whistle_is_a_tone_of_a_few_kilohertz() -> None:
    for samples in clips("kettle_whistle", 1.2, strength="heavy"):
        hz, power = power_spectrum(samples)
        loudest = hz[power.argmax()]
        assert 1000 < loudest < 5000
        assert share(samples, 0.85 * loudest, 1.15 * loudest) > 0.5


def test_a_glass_sounds_higher_as_it_fills() -> None:
    def above_1_khz(samples: np.ndarray) -> float:
        return share(samples, 1000, 3000) / share(samples, 500, 3000)

    def rise(samples: np.ndarray) -> float:
        empty, fuller = samples[: int(0.9 * SAMPLE_RATE)], samples[int(1.2 * SAMPLE_RATE) :]
        return above_1_khz(fuller) / above_1_khz(empty)

    assert mean_of(rise, "pouring", 2.1, strength="heavy") > 1.1


def test_a_flush_ends_in_the_hiss_of_the_valve() -> None:
    samples = synthesise_clip("toilet_flush", 6.0, np.random.default_rng(1)).samples
    rush, filling = samples[SAMPLE_RATE : 2 * SAMPLE_RATE], samples[5 * SAMPLE_RATE :]
    assert np.mean(rush**2) > 4 * np.mean(filling**2)
    assert share(filling, 2000, 20_000) > share(rush, 2000, 20_000)


@pytest.mark.parametrize("name", ["shower", "kettle_whistle"])
def test_far_away_is_duller(name: str) -> None:
    def above_5_khz(samples: np.ndarray) -> float:
        return share(samples, 5000, 20_000)

    near = mean_of(above_5_khz, name, 1.2, distance="close")
    assert mean_of(above_5_khz, name, 1.2, distance="distant") < 0.5 * near


def test_a_fridge_hums_at_twice_the_mains_and_its_multiples() -> None:
    def hum(samples: np.ndarray, mains: float) -> float:
        hz, power = power_spectrum(samples)
        beside = np.abs((hz + mains) % (2 * mains) - mains) < 2
        return float(power[beside & (hz > 90)].sum() / power.sum())

    for samples in clips("fridge", 1.2):
        assert max(hum(samples, 50), hum(samples, 60)) > 0.2


def test_a_knife_on_a_board_is_a_knock_that_is_gone_before_the_next() -> None:
    def quiet(samples: np.ndarray) -> float:
        blocks = np.abs(samples[: len(samples) // BLOCK * BLOCK].reshape(-1, BLOCK)).max(axis=1)
        return float(np.mean(blocks < 0.1 * blocks.max()))

    def below_1500_hz(samples: np.ndarray) -> float:
        return share(samples, 100, 1500)

    assert mean_of(quiet, "knife_chopping", 1.5, tempo="slow") > 0.6
    assert mean_of(below_1500_hz, "knife_chopping", 1.5) > 0.5


def test_the_more_gas_is_in_a_can_the_longer_it_fizzes() -> None:
    def fizz(samples: np.ndarray) -> float:
        tail = samples[int(1.4 * SAMPLE_RATE) :]
        assert share(tail, 2500, 20_000) > 0.3
        return float(np.mean(tail**2) / np.mean(samples**2))

    assert mean_of(fizz, "drink_can", 2.0, strength="heavy") > 3 * mean_of(
        fizz, "drink_can", 2.0, strength="light"
    )


def test_what_a_spoon_stirs_in_rings_above_800_hz() -> None:
    for samples in clips("stirring_glass", 1.5):
        assert share(samples, 800, 20_000) > 0.8


def test_a_coffee_grinder_whines_higher_the_faster_it_turns_and_cracks_beans() -> None:
    slow = mean_of(centroid, "coffee_grinder", 2.0, tempo="slow")
    assert mean_of(centroid, "coffee_grinder", 2.0, tempo="fast") > 1.05 * slow
    assert mean_of(spikiness, "coffee_grinder", 2.0) > 3.2
