"""What clips of a desk, of paper and of machines tell of themselves can be measured in them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis import Synthesised, synthesise_clip
from core.corpus.synthesis.clip import how_many
from tests.sound_measures import share

SECONDS = 2.0
SEEDS = (11, 14, 21, 0, 2, 3)
"""Three that draw the first of three settings where it is drawn first, three that draw the last."""
BLOCK = SAMPLE_RATE // 250
"""Samples in 4 ms: shorter than the pause between a key's way down and back."""
LOUDEST_OF_A_CLICK = 3
"""Strokes at most of a button's way down, and as many of its way back."""
QUIET = 0.06
"""Of full scale, RMS: 24 dB below the peak."""


@cache
def _clips(name: str) -> tuple[Synthesised, ...]:
    return tuple(synthesise_clip(name, SECONDS, np.random.default_rng(seed)) for seed in SEEDS)


def _loudness(samples: np.ndarray) -> np.ndarray:
    """RMS of each 4 ms."""
    whole = samples[: len(samples) // BLOCK * BLOCK].astype(float)
    return np.asarray(np.sqrt(np.mean(whole.reshape(-1, BLOCK) ** 2, 1)))


def _strokes(samples: np.ndarray) -> int:
    """Times at which the loudness doubles within 8 ms, up to a tenth of its peak or more."""
    loud = _loudness(samples)
    return int(np.sum((loud[2:] > 0.1 * loud.max()) & (loud[2:] > 2 * loud[:-2])))


def _pulse(samples: np.ndarray) -> float:
    """The frequency in Hz, of 8 to 30, at which the loudness beats most."""
    loud = _loudness(samples)
    beat = np.abs(np.fft.rfft((loud - loud.mean()) * np.hanning(len(loud)), 8192))
    hz = np.fft.rfftfreq(8192, BLOCK / SAMPLE_RATE)
    inside = (hz > 8) & (hz < 30)
    return float(hz[inside][np.argmax(beat[inside])])


def _mean(name: str, key: str, value: str, measure: object) -> float:
    assert callable(measure)
    return float(
        np.mean([measure(c.samples) for c in _clips(name) if c.attributes.get(key) == value])
    )


@pytest.mark.parametrize("name", ["keyboard", "scissors"])
def test_who_works_faster_makes_more_strokes(name: str) -> None:
    slow = _mean(name, "tempo", "slow", _strokes)
    assert _mean(name, "tempo", "fast", _strokes) > 1.5 * slow


@pytest.mark.parametrize("name", ["mouse_click", "camera_shutter"])
def test_many_are_more_than_one(name: str) -> None:
    one = _mean(name, "count", "single", _strokes)
    assert _mean(name, "count", "many", _strokes) > 2.5 * one


def test_the_count_is_that_of_the_clicks_in_the_clip() -> None:
    found = {clip.attributes["count"]: _strokes(clip.samples) for clip in _clips("mouse_click")}
    assert found["single"] <= 2 * LOUDEST_OF_A_CLICK < found["many"]
    assert [how_many(made) for made in (1, 2, 4, 5)] == ["single", "several", "several", "many"]


def test_a_stiffer_sheet_crackles_more() -> None:
    light = _mean("paper_crumple", "strength", "light", _strokes)
    assert _mean("paper_crumple", "strength", "heavy", _strokes) > 1.15 * light


def test_a_slow_tear_is_heard_fibre_by_fibre() -> None:
    def longest(samples: np.ndarray) -> float:
        """The most 4 ms in a row without a moment of quiet."""
        quiet = np.flatnonzero(np.append(_loudness(samples) < QUIET, True))
        return float(np.max(np.diff(np.append(-1, quiet))))

    slow = _mean("paper_tear", "tempo", "slow", longest)
    assert _mean("paper_tear", "tempo", "fast", longest) > 1.6 * slow


def test_a_projector_beats_at_its_rate_of_frames() -> None:
    for clip in _clips("film_projector")[1:4]:
        rate = {"slow": 12.0, "steady": 17.5, "fast": 24.0}[clip.attributes["tempo"]]
        assert _pulse(clip.samples) == pytest.approx(rate, rel=0.06)


def _bursts(samples: np.ndarray) -> int:
    """How often the loudness of 40 ms rises through a third of its peak."""
    loud = _loudness(samples)
    smooth = np.convolve(loud, np.full(10, 0.1), "same")
    on = smooth > smooth.max() / 3
    return int(np.sum(on[1:] & ~on[:-1]))


def test_a_phone_buzzes_in_bursts_shorter_ones_for_a_message_than_for_a_call() -> None:
    for clip in _clips("phone_vibrating"):
        fewest, most = {"slow": (1, 2), "steady": (2, 4), "fast": (5, 9)}[clip.attributes["tempo"]]
        assert fewest <= _bursts(clip.samples) <= most


def test_the_more_a_phone_hops_the_more_the_table_clatters_over_its_motor() -> None:
    def above_1_khz(samples: np.ndarray) -> float:
        return share(samples, 1000, 20_000)

    light = _mean("phone_vibrating", "strength", "light", above_1_khz)
    assert _mean("phone_vibrating", "strength", "heavy", above_1_khz) > 1.6 * light
