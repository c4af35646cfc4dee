"""A slice of `python -m tests.soak recipes`, what it finds, and what makes recipes quick."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from core.corpus.learnable import CANDIDATES_BY_NAME
from core.corpus.recordings import PEAK, SAMPLE_RATE
from core.corpus.synthesis.filters import edge_section
from core.corpus.synthesis.grains import Bank
from tests.soak import recipes

SECONDS = 3.0
CROWDED = 0.5
"""Of the wanted speed, what is asked here: other processes take away from a core's caches."""


@pytest.mark.parametrize("name", ["cuckoo", "gravel_poured", "shaver", "small_bells"])
def test_a_clip_of_another_seed_and_length_is_whole_and_its_own(name: str) -> None:
    kind = CANDIDATES_BY_NAME[name]
    recipes.check(kind, recipes.lengths(kind)[0] + 0.7, 1234)


@pytest.mark.parametrize(
    "name",
    [
        "shaver", "stirring_glass", "radio_tuning", "gravel_poured", "drone", "arcade", "cuckoo",
        "metal_clank", "monkey", "goat", "small_bells", "coins",
    ],
)  # fmt: skip
def test_what_once_was_slow_is_made_faster_than_it_lasts(name: str) -> None:
    speed = recipes.speed(CANDIDATES_BY_NAME[name], SECONDS, (1,))
    assert speed >= CROWDED * recipes.FASTER_THAN_LIFE


def test_faults_of_a_clip_are_found() -> None:
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(2 * SAMPLE_RATE).astype(np.float32)
    fade = np.minimum(1, np.minimum(np.arange(len(noise)), np.arange(len(noise))[::-1]) / 2000)
    whole = (PEAK * noise * fade / np.abs(noise * fade).max()).astype(np.float32)

    def found(samples: np.ndarray) -> str:
        return " ".join(recipes.faults(samples, 2.0, texture=True))

    assert found(whole) == ""
    assert "of shape" in found(whole[1:])
    broken = whole.copy()
    broken[9] = np.nan
    assert "number" in found(broken)
    assert "peak" in found(0.5 * whole)
    assert "cut off" in found(np.clip(3 * whole, -PEAK, PEAK))
    lonely = 3e-4 * whole
    lonely[SAMPLE_RATE] = PEAK
    assert "RMS" in found(lonely)
    assert "mean" in found(whole + np.float32(0.02))
    tone = (PEAK * np.cos(2 * np.pi * 300 * np.arange(len(whole)) / SAMPLE_RATE)).astype(np.float32)
    assert "at its start" in found(tone)
    assert "at its end" in found(tone[::-1].copy())


def test_a_texture_is_not_still_for_long_and_a_shot_may_be() -> None:
    ended = np.zeros(5 * SAMPLE_RATE, np.float32)
    ended[: SAMPLE_RATE // 2] = 0.1
    assert recipes.stillness(ended) == pytest.approx(4.5)
    assert any("still" in fault for fault in recipes.faults(ended, 5.0, texture=True))
    assert not any("still" in fault for fault in recipes.faults(ended, 5.0, texture=False))


@pytest.mark.parametrize("kind", ["lowpass", "highpass"])
@pytest.mark.parametrize("order", [1, 2])
def test_quick_filters_are_scipys_to_the_bit(kind: str, order: int) -> None:
    for hz in np.geomspace(5, 21_600, 150):
        wanted = signal.butter(order, float(hz), kind, fs=SAMPLE_RATE, output="sos")
        assert np.array_equal(edge_section(order, float(hz), kind), wanted)


def test_sounds_of_a_bank_are_made_once_and_when_they_are_first_taken() -> None:
    made: list[int] = []

    def make(index: int) -> np.ndarray:
        made.append(index)
        return np.full(3, float(index))

    bank = Bank(4, make)
    assert made == []
    assert bank[2][0] == bank[2][0] == 2.0
    assert made == [2]
    drawn = {float(bank.draw(np.random.default_rng(seed))[0]) for seed in range(40)}
    assert drawn == {0.0, 1.0, 2.0, 3.0}
    assert sorted(made) == [0, 1, 2, 3]
