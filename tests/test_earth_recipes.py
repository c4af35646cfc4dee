"""What clips of weather, earth and water tell of themselves can be measured in them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis import Synthesised, synthesise_clip

SECONDS = 2.0
SEEDS = (11, 14, 21, 0, 2, 3)
"""Three that draw the first of three settings where it is drawn first, three that draw the last."""
BLOCK = SAMPLE_RATE // 200
"""Samples in 5 ms."""


@cache
def _clips(name: str, seeds: tuple[int, ...] = SEEDS) -> tuple[Synthesised, ...]:
    return tuple(synthesise_clip(name, SECONDS, np.random.default_rng(seed)) for seed in seeds)


def _blows(samples: np.ndarray) -> float:
    """Times at which the loudness doubles within 10 ms, up to a tenth of its peak or more."""
    whole = samples[: len(samples) // BLOCK * BLOCK].astype(float)
    loud = np.sqrt(np.mean(whole.reshape(-1, BLOCK) ** 2, 1))
    return float(np.sum((loud[2:] > 0.1 * loud.max()) & (loud[2:] > 2 * loud[:-2])))


def _middle(samples: np.ndarray) -> float:
    """The frequency in Hz below which half of the energy lies."""
    power = np.cumsum(np.abs(np.fft.rfft(samples)) ** 2)
    hz = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    return float(hz[np.searchsorted(power, 0.5 * power[-1])])


def _means(name: str, key: str, first: str, last: str, measure: object) -> tuple[float, float]:
    """The mean measure of the clips of one setting, and of those of another."""
    assert callable(measure)
    found = [(c.attributes[key], measure(c.samples)) for c in _clips(name)]
    one, other = ([m for setting, m in found if setting == value] for value in (first, last))
    return float(np.mean(one)), float(np.mean(other))


def _evenness(samples: np.ndarray) -> float:
    """RMS of a clip, whose peak is 0.9: low where single blows stand out."""
    return float(np.sqrt(np.mean(samples.astype(float) ** 2)))


@pytest.mark.parametrize("name", ["hail", "rain_on_window"])
def test_blows_of_few_drops_or_stones_stand_out_and_those_of_many_run_together(name: str) -> None:
    light, heavy = _means(name, "strength", "light", "heavy", _evenness)
    assert heavy > 1.2 * light


@pytest.mark.parametrize("name", ["branches", "rocks"])
def test_what_is_bigger_is_lower(name: str) -> None:
    small, big = _means(name, "strength", "light", "heavy", _middle)
    assert big < 0.7 * small


@pytest.mark.parametrize("name", ["mud", "cave"])
def test_faster_steps_and_drips_are_more(name: str) -> None:
    slow, fast = _means(name, "tempo", "slow", "fast", _blows)
    assert fast > 1.25 * slow


def test_ice_knocks_brighter_than_drops_on_canvas_and_water_swallows_high_tones() -> None:
    seeds = (11, 0)
    hail, canvas, under, drizzle = (
        float(np.mean([_middle(clip.samples) for clip in _clips(name, seeds)]))
        for name in ("hail", "rain_on_tent", "under_water", "drizzle")
    )
    assert drizzle > hail > 2 * canvas > 2 * under
