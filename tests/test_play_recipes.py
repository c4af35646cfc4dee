"""What clips of play, of electricity and of invented things tell of themselves is measured."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis import Synthesised, synthesise_clip

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


@pytest.mark.parametrize("name", ["electric_arc", "geiger_counter", "gun_loading"])
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
