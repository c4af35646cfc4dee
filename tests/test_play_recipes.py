"""What clips of play, small things, electricity and inventions tell of themselves is measured."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis import Synthesised, synthesise_clip
from tests.sound_measures import share

SECONDS = 2.5
SEEDS = (11, 14, 21, 0, 2, 3)
"""Three that draw the first of three settings where it is drawn first, three that draw the last."""
BLOCK = SAMPLE_RATE // 200
"""Samples in 5 ms."""


@cache
def _clip(name: str, seed: int) -> Synthesised:
    return synthesise_clip(name, SECONDS, np.random.default_rng(seed))


def _loudness(samples: np.ndarray) -> np.ndarray:
    """RMS of each 5 ms."""
    whole = samples[: len(samples) // BLOCK * BLOCK].astype(float)
    return np.asarray(np.sqrt(np.mean(whole.reshape(-1, BLOCK) ** 2, 1)))


def _onsets(samples: np.ndarray) -> float:
    """Times at which the loudness grows by half within 10 ms, up to a tenth of its peak or more."""
    loud = _loudness(samples)
    return float(np.sum((loud[2:] > 0.1 * loud.max()) & (loud[2:] > 1.5 * loud[:-2])))


def _middle(samples: np.ndarray) -> float:
    """The frequency in Hz below which half of the energy lies."""
    power = np.cumsum(np.abs(np.fft.rfft(samples)) ** 2)
    hz = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    return float(hz[np.searchsorted(power, 0.5 * power[-1])])


def _mean(
    name: str, key: str, value: str, measure: object, seeds: tuple[int, ...] = SEEDS
) -> float:
    assert callable(measure)
    clips = [_clip(name, seed) for seed in seeds]
    return float(np.mean([measure(c.samples) for c in clips if c.attributes[key] == value]))


@pytest.mark.parametrize("name", ["electric_arc", "geiger_counter", "gun_loading", "squeaky_toy"])
def test_what_is_faster_strikes_more_often(name: str) -> None:
    slow = _mean(name, "tempo", "slow", _onsets)
    assert _mean(name, "tempo", "fast", _onsets) > 1.2 * slow


@pytest.mark.parametrize("name", ["fireworks", "sparkler", "vinyl_crackle", "wind_chimes"])
def test_stronger_ones_are_more_strokes(name: str) -> None:
    light = _mean(name, "strength", "light", _onsets)
    assert _mean(name, "strength", "heavy", _onsets) > 1.2 * light


def _rhythm(samples: np.ndarray) -> float:
    """The strongest rate at which the loudness comes and goes, 0.25 to 12 Hz."""
    loud = _loudness(samples)
    levels = np.log(loud + 0.02 * loud.max())
    power = np.abs(np.fft.rfft((levels - levels.mean()) * np.hanning(len(levels)), 8192)) ** 2
    hz = np.fft.rfftfreq(8192, BLOCK / SAMPLE_RATE)
    heard = (hz > 0.25) & (hz < 12)
    return float(hz[heard][power[heard].argmax()])


@pytest.mark.parametrize("name", ["portal", "sonar", "computer_beeps", "rowing", "bicycle"])
def test_what_is_faster_comes_and_goes_more_often(name: str) -> None:
    rates: dict[str, list[float]] = {"slow": [], "fast": []}
    for seed in SEEDS:
        clip = synthesise_clip(name, 2 * SECONDS, np.random.default_rng(seed))
        rates[clip.attributes["tempo"]].append(_rhythm(clip.samples))
    assert np.median(rates["fast"]) > 1.2 * np.median(rates["slow"])


def test_many_shell_cases_tinkle_more_than_several() -> None:
    several = _mean("shell_cases", "count", "several", _onsets)
    assert _mean("shell_cases", "count", "many", _onsets) > 1.5 * several


def test_a_larger_balloon_bursts_lower() -> None:
    small = _mean("balloon_pop", "strength", "light", _middle)
    assert _mean("balloon_pop", "strength", "heavy", _middle) < 0.7 * small


def test_a_distant_whip_cracks_duller() -> None:
    seeds = (11, 14, 2, 3)
    close = _mean("whip", "distance", "close", _middle, seeds)
    assert _mean("whip", "distance", "distant", _middle, seeds) < 0.8 * close


def _share_above(hz: float) -> object:
    def share(samples: np.ndarray) -> float:
        power = np.abs(np.fft.rfft(samples)) ** 2
        return float(power[round(hz * len(samples) / SAMPLE_RATE) :].sum() / power.sum())

    return share


@pytest.mark.parametrize(("name", "hz"), [("mains_hum", 1000.0), ("drone", 400.0)])
def test_a_stronger_hum_and_drone_have_more_overtones(name: str, hz: float) -> None:
    light = _mean(name, "strength", "light", _share_above(hz))
    assert _mean(name, "strength", "heavy", _share_above(hz)) > 1.3 * light


def test_a_hum_lies_on_the_multiples_of_the_mains() -> None:
    for seed in SEEDS:
        samples = _clip("mains_hum", seed).samples
        power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
        hz = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
        on = [
            power[np.abs((hz + mains / 2) % mains - mains / 2) < 2].sum() for mains in (50.0, 60.0)
        ]
        assert max(on) > 0.8 * power.sum()


def _share_reached(samples: np.ndarray) -> float:
    """Of the pitch at the end, the share that is there after a quarter of the time."""
    n = len(samples)
    return _middle(samples[n // 5 : 3 * n // 10]) / _middle(samples[4 * n // 5 :])


def test_a_machine_that_powers_up_rises_and_the_slow_ones_rise_longer() -> None:
    reached: dict[str, list[float]] = {"slow": [], "steady": [], "fast": []}
    for seed in range(16):
        clip = _clip("power_up", seed)
        reached[clip.attributes["tempo"]].append(_share_reached(clip.samples))
    slow, steady, fast = (np.median(reached[tempo]) for tempo in ("slow", "steady", "fast"))
    assert slow < 0.75
    assert slow < steady < fast < 1.0


def _peak(samples: np.ndarray, low: float, high: float) -> float:
    """The strongest frequency from `low` to `high` Hz."""
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 4 * len(samples)))
    hz = np.fft.rfftfreq(4 * len(samples), 1 / SAMPLE_RATE)
    heard = (hz > low) & (hz < high)
    return float(hz[heard][power[heard].argmax()])


def test_a_referees_whistle_is_a_high_tone() -> None:
    for seed in range(12):
        samples = _clip("referee_whistle", seed).samples
        assert 1800 < _peak(samples, 100, 16_000) < 4800
        assert share(samples, 1500, 5500) > 0.9


def _flutter(samples: np.ndarray) -> float:
    """The strongest rate from 20 to 70 Hz at which the loudness comes and goes."""
    block = SAMPLE_RATE // 441
    whole = samples[: len(samples) // block * block].astype(float)
    loud = np.sqrt(np.mean(whole.reshape(-1, block) ** 2, 1))
    power = np.abs(np.fft.rfft((loud - loud.mean()) * np.hanning(len(loud)), 8192))
    hz = np.fft.rfftfreq(8192, block / SAMPLE_RATE)
    heard = (hz > 20) & (hz < 70)
    return float(hz[heard][power[heard].argmax()])


def test_the_pea_of_a_whistle_that_is_blown_harder_flutters_faster() -> None:
    rates: dict[str, list[float]] = {"light": [], "moderate": [], "heavy": []}
    for seed in range(24):
        clip = _clip("referee_whistle", seed)
        rates[clip.attributes["strength"]].append(_flutter(clip.samples))
    assert np.median(rates["heavy"]) > 1.25 * np.median(rates["light"])


def test_a_larger_steam_whistle_is_lower() -> None:
    light = _mean("steam_whistle", "strength", "light", _middle)
    assert _mean("steam_whistle", "strength", "heavy", _middle) < 0.7 * light


def test_a_steam_whistle_begins_in_a_gasp_and_rises_to_its_pitch() -> None:
    block = SAMPLE_RATE // 10
    rises = []
    for seed in range(12):
        samples = _clip("steam_whistle", seed).samples
        loud = _loudness(samples)
        begins = BLOCK * int(np.flatnonzero(loud > 0.15 * loud.max())[0])
        first, later = samples[begins : begins + block], samples[begins + 3 * block :][:block]
        rises.append(_peak(later, 200, 1600) / _peak(first, 200, 1600))
    assert 1.01 < np.median(rises) < 1.25


def test_bells_on_a_strap_are_shaken_in_time_and_small() -> None:
    rates: dict[str, list[float]] = {"slow": [], "steady": [], "fast": []}
    for seed in range(12):
        clip = _clip("small_bells", seed)
        if clip.attributes["count"] == "many":
            rates[clip.attributes["tempo"]].append(_rhythm(clip.samples))
            assert share(clip.samples, 1500, 16_000) > 0.8
    assert np.median(rates["fast"]) > 1.5 * np.median(rates["slow"])


def _turns(samples: np.ndarray) -> float:
    """The rate from 60 to 200 Hz at which the wave repeats itself best, while it runs."""
    half = SAMPLE_RATE // 2
    running = samples[half:-half]
    power = np.abs(np.fft.rfft(running, 2 * len(running))) ** 2
    again = np.fft.irfft(power)[: SAMPLE_RATE // 60]
    shortest = SAMPLE_RATE // 200
    return SAMPLE_RATE / (shortest + int(again[shortest:].argmax()))


def test_the_motor_of_a_faster_shaver_turns_faster() -> None:
    slow = _mean("shaver", "tempo", "slow", _turns)
    assert _mean("shaver", "tempo", "fast", _turns) > 1.4 * slow


def test_a_toys_spring_runs_down_and_a_faster_one_has_more_teeth() -> None:
    for seed in SEEDS:
        loud = _loudness(_clip("wind_up_toy", seed).samples)
        early, late = loud[len(loud) // 8 : 3 * len(loud) // 8], loud[-len(loud) // 50 :]
        assert late.mean() < 0.15 * early.mean()
        assert loud[6 * len(loud) // 8 : 7 * len(loud) // 8].mean() < 0.8 * early.mean()
    slow = _mean("wind_up_toy", "tempo", "slow", _teeth)
    assert _mean("wind_up_toy", "tempo", "fast", _teeth) > 1.5 * slow


def _teeth(samples: np.ndarray) -> float:
    """Ticks a second in the first half: rises of the loudness of each millisecond."""
    block = SAMPLE_RATE // 1000
    half = samples[: len(samples) // 2 // block * block].astype(float)
    loud = np.sqrt(np.mean(half.reshape(-1, block) ** 2, 1))
    rises = (loud[2:] > 1.6 * loud[:-2]) & (loud[2:] > 0.1 * loud.max())
    return float(np.sum(rises[1:] & ~rises[:-1]) / (len(half) / SAMPLE_RATE))
