"""Small sounds of a day that captions ask for: what a clip tells of is in its sound, by numbers."""

from __future__ import annotations

import numpy as np
import pytest

from core.corpus.recordings import SAMPLE_RATE
from tests.sound_measures import centroid, clips, mean_of, onsets, power_spectrum, share

SECONDS = 3.0


def _loudness(samples: np.ndarray, milliseconds: int) -> np.ndarray:
    block = SAMPLE_RATE * milliseconds // 1000
    kept = samples[: len(samples) // block * block].astype(np.float64)
    return np.sqrt(np.mean(kept.reshape(-1, block) ** 2, 1))


def _events(samples: np.ndarray) -> float:
    """Stretches that are louder than a fifth of the loudest 40 ms."""
    loud = _loudness(samples, 40)
    heard = loud > 0.2 * loud.max()
    return float(heard[0]) + float(np.sum(heard[1:] & ~heard[:-1]))


def _rhythm(samples: np.ndarray) -> float:
    """Mean frequency in Hz of the loudness's changes, 0.5 to 8 Hz."""
    loud = _loudness(samples, 20)
    power = np.abs(np.fft.rfft((loud - loud.mean()) * np.hanning(len(loud)), 1000)) ** 2
    hz = np.arange(len(power)) / 20
    heard = (hz > 0.5) & (hz < 8)
    return float((hz * power)[heard].sum() / power[heard].sum())


@pytest.mark.parametrize(
    "name", ["breath_puff", "egg_crack", "groan", "lighter", "nose_blowing", "throat_clearing"]
)
def test_several_are_more_than_a_single_one(name: str) -> None:
    single = mean_of(_events, name, SECONDS, count="single")
    assert mean_of(_events, name, SECONDS, count="several") > 1.3 * single


@pytest.mark.parametrize("name", ["footsteps_leaves", "hand_sanding", "windscreen_wipers"])
def test_what_goes_faster_comes_more_often(name: str) -> None:
    slow = mean_of(_rhythm, name, SECONDS, tempo="slow")
    assert mean_of(_rhythm, name, SECONDS, tempo="fast") > 1.2 * slow


def test_an_indicator_ticks_and_tocks_60_to_120_times_a_minute() -> None:
    def clicking(samples: np.ndarray) -> float:
        return _events(np.diff(samples)) / SECONDS

    for tempo, fewest, most in (("slow", 1.0, 1.2), ("fast", 1.8, 2.0)):
        clicks = mean_of(clicking, "indicator", SECONDS, tempo=tempo)
        assert 2 * fewest - 0.4 <= clicks <= 2 * most + 0.4


def test_a_faster_leaf_blower_turns_faster() -> None:
    def turns(samples: np.ndarray) -> float:
        hz, power = power_spectrum(samples)
        levels = np.convolve(np.log(power + 1e-3), np.ones(5) / 5, "same")
        tried = np.arange(65.0, 140.0, 0.5)
        found = [sum(np.interp(k * f, hz, levels) for k in range(1, 7)) for f in tried]
        return float(tried[np.argmax(found)])

    slow = mean_of(turns, "leaf_blower", SECONDS, tempo="slow")
    assert mean_of(turns, "leaf_blower", SECONDS, tempo="fast") > 1.15 * slow


def test_coarser_paper_rubs_lower() -> None:
    fine = mean_of(centroid, "hand_sanding", SECONDS, strength="light")
    assert mean_of(centroid, "hand_sanding", SECONDS, strength="heavy") < 0.85 * fine


def test_more_steam_is_brighter_and_milk_grows_duller() -> None:
    weak = mean_of(centroid, "milk_steaming", SECONDS, strength="light")
    assert mean_of(centroid, "milk_steaming", SECONDS, strength="heavy") > 1.15 * weak
    third = round(SECONDS * SAMPLE_RATE / 3)
    for x in clips("milk_steaming", SECONDS):
        assert centroid(x[2 * third :]) < centroid(x[:third])


def test_a_whisper_has_no_voice_and_a_robot_no_melody() -> None:
    def below_300_hz(samples: np.ndarray) -> float:
        return share(samples, 60, 300)

    assert mean_of(below_300_hz, "whisper", SECONDS, distance="close") < 0.02
    assert mean_of(below_300_hz, "robot_voice", SECONDS, distance="close") > 0.05


def test_faster_talk_of_either_kind_has_more_syllables() -> None:
    for name in ("whisper", "robot_voice"):
        slow = mean_of(_rhythm, name, SECONDS, tempo="slow")
        assert mean_of(_rhythm, name, SECONDS, tempo="fast") > 1.05 * slow


def test_a_wetter_nose_honks() -> None:
    def honk(samples: np.ndarray) -> float:
        return share(samples, 150, 1300)

    dry = mean_of(honk, "nose_blowing", SECONDS, strength="light")
    assert mean_of(honk, "nose_blowing", SECONDS, strength="heavy") > 1.15 * dry


def test_a_groan_of_more_effort_is_brighter() -> None:
    def above_1500_hz(samples: np.ndarray) -> float:
        return share(samples, 1500, 8000)

    light = mean_of(above_1500_hz, "groan", SECONDS, strength="light")
    assert mean_of(above_1500_hz, "groan", SECONDS, strength="heavy") > 1.3 * light


def test_a_strike_is_louder_beside_its_roll_than_a_few_pins() -> None:
    def crash(samples: np.ndarray) -> float:
        return share(samples, 900, 8000)

    few = mean_of(crash, "bowling", SECONDS, strength="light")
    assert mean_of(crash, "bowling", SECONDS, strength="heavy") > 1.2 * few


def test_water_laps_more_often_where_it_is_said_to() -> None:
    slow = mean_of(onsets, "water_lapping", SECONDS, tempo="slow")
    assert mean_of(onsets, "water_lapping", SECONDS, tempo="fast") > 1.15 * slow


def test_keys_of_a_till_are_pressed_faster() -> None:
    slow = mean_of(onsets, "cash_register", SECONDS, tempo="slow")
    assert mean_of(onsets, "cash_register", SECONDS, tempo="fast") > slow
