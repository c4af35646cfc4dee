"""The meter as the studio uses it, on the signals of EBU Tech 3341 and 3342.

The signals are synthesised from their description at 48 kHz. Left out are 3341 cases 7 and 8 and
3342 cases 5 and 6, which are recordings. Cases 20 to 23 are described there by the way they were
made (a tone at a quarter of the rate that rises to full scale, sampled at four offsets); here the
same tone is computed at those offsets.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyloudnorm
import pytest

from core.mix.loudness import Meter, measure

RATE = 48_000


def tones(parts: Sequence[tuple[float, float]], channels: int = 2) -> np.ndarray:
    """1 kHz tones (dBFS of the peak, seconds) one after another, (frames, channels)."""
    levels = [np.full(round(seconds * RATE), 10 ** (db / 20)) for db, seconds in parts]
    level = np.concatenate(levels)
    wave = level * np.sin(2 * np.pi * 1000 * np.arange(len(level)) / RATE)
    return np.repeat(wave[:, None], channels, axis=1).astype(np.float32)


def heard(sound: np.ndarray) -> Meter:
    blocks = (sound[start : start + 30_011] for start in range(0, len(sound), 30_011))
    return measure(blocks, RATE, sound.shape[1])


SILENCE = -400.0


@pytest.mark.parametrize(("db", "expected"), [(-23.0, -23.0), (-33.0, -33.0)])
def test_3341_cases_1_and_2(db: float, expected: float) -> None:
    meter = heard(tones([(db, 20)]))
    result = meter.result()
    assert result.integrated == pytest.approx(expected, abs=0.1)
    assert result.momentary == pytest.approx(expected, abs=0.1)
    assert result.short_term == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize(
    "parts",
    [
        [(-36, 10), (-23, 60), (-36, 10)],
        [(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)],
        [(-26, 20), (-20, 20.1), (-26, 20)],
    ],
    ids=["3", "4", "5"],
)
def test_3341_cases_3_to_5(parts: list[tuple[float, float]]) -> None:
    assert heard(tones(parts)).integrated == pytest.approx(-23.0, abs=0.1)


def test_3341_case_6_five_channels() -> None:
    sound = tones([(0, 20)], channels=5)
    sound *= 10 ** (np.array([-28, -28, -24, -30, -30], dtype=np.float32) / 20)
    assert heard(sound).integrated == pytest.approx(-23.0, abs=0.1)


def test_3341_case_9_short_term_is_constant() -> None:
    curve = heard(tones([(-20, 1.34), (-30, 1.66)] * 5)).curve()
    settled = curve.short_term[curve.seconds >= 3.0]
    assert np.abs(settled + 23.0).max() <= 0.1


def test_3341_case_10_highest_short_term_of_each_file() -> None:
    for step in range(20):
        sound = tones([(SILENCE, step * 0.15), (-23, 3.0), (SILENCE, 1.0)])
        assert heard(sound).result().short_term == pytest.approx(-23.0, abs=0.1)


def test_3341_case_11_successive_highest_short_term() -> None:
    parts: list[tuple[float, float]] = []
    for step in range(20):
        parts += [(SILENCE, step * 0.15), (-38.0 + step, 3.0), (SILENCE, 3.0 - step * 0.15)]
    curve = heard(tones(parts)).curve()
    for step in range(20):
        so_far = curve.short_term[curve.seconds <= 6.0 * (step + 1) + 1e-6]
        assert so_far.max() == pytest.approx(-38.0 + step, abs=0.1)


def test_3341_case_12_momentary_is_constant() -> None:
    curve = heard(tones([(-20, 0.18), (-30, 0.22)] * 25)).curve()
    assert np.abs(curve.momentary[curve.seconds >= 1.0] + 23.0).max() <= 0.1


def test_3341_case_13_highest_momentary_of_each_file() -> None:
    for step in range(20):
        sound = tones([(SILENCE, step * 0.02), (-23, 0.4), (SILENCE, 1.0)])
        assert heard(sound).result().momentary == pytest.approx(-23.0, abs=0.1)


def test_3341_case_14_successive_highest_momentary() -> None:
    parts: list[tuple[float, float]] = []
    for step in range(20):
        parts += [(SILENCE, step * 0.02), (-38.0 + step, 0.4), (SILENCE, 0.4 - step * 0.02)]
    curve = heard(tones(parts)).curve()
    for step in range(20):
        so_far = curve.momentary[curve.seconds <= 0.8 * (step + 1) + 1e-6]
        assert so_far.max() == pytest.approx(-38.0 + step, abs=0.1)


@pytest.mark.parametrize(
    ("amplitude", "divisor", "degrees", "expected"),
    [
        (0.5, 4, 0.0, -6.0),
        (0.5, 4, 45.0, -6.0),
        (0.5, 6, 60.0, -6.0),
        (0.5, 8, 67.5, -6.0),
        (1.41, 4, 45.0, 3.0),
    ],
    ids=["15", "16", "17", "18", "19"],
)
def test_3341_cases_15_to_19_true_peak(
    amplitude: float, divisor: int, degrees: float, expected: float
) -> None:
    phase = 2 * np.pi * np.arange(RATE) / divisor + np.radians(degrees)
    edge = np.minimum(1.0, np.minimum(np.arange(RATE), np.arange(RATE)[::-1]) / 960)
    sound = np.repeat((amplitude * edge * np.sin(phase))[:, None], 2, axis=1)
    peak = heard(sound.astype(np.float32)).result().true_peak
    assert expected - 0.4 <= peak <= expected + 0.2


@pytest.mark.parametrize("offset", [0.0, 0.25, 0.5, 0.75], ids=["20", "21", "22", "23"])
def test_3341_cases_20_to_23_true_peak_between_samples(offset: float) -> None:
    time = np.arange(RATE) + offset - RATE // 2
    rise = np.where(np.abs(time) < 32, 0.5 + 0.5 * np.cos(np.pi * time / 32), 0.0)
    edge = np.minimum(1.0, (RATE // 2 - np.abs(time)).clip(0) / 960)
    wave = edge * (0.5 + 0.5 * rise) * np.cos(2 * np.pi * time / 4)
    sound = np.repeat(wave[:, None], 2, axis=1).astype(np.float32)
    assert -0.4 <= heard(sound).result().true_peak <= 0.2


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(-20, 20), (-30, 20)], 10.0),
        ([(-20, 20), (-15, 20)], 5.0),
        ([(-40, 20), (-20, 20)], 20.0),
        ([(-50, 20), (-35, 20), (-20, 20), (-35, 20), (-50, 20)], 15.0),
    ],
    ids=["1", "2", "3", "4"],
)
def test_3342_loudness_range(parts: list[tuple[float, float]], expected: float) -> None:
    assert heard(tones(parts)).result().spread == pytest.approx(expected, abs=1.0)


@pytest.mark.parametrize("rate", [44_100, 48_000])
@pytest.mark.parametrize("seconds", [0.1, 0.3, 0.37, 0.4, 0.5, 7.0])
def test_the_meter_agrees_with_pyloudnorm(rate: int, seconds: float) -> None:
    """Its default filters read 0.04 to 0.05 LU low, its exact ones ("DeMan") must agree.

    Lengths are whole steps of 0.1 s, since it counts a last block that is not quite full.
    """
    random = np.random.default_rng(3)
    sound = (0.1 * random.standard_normal((round(seconds * rate), 2))).astype(np.float32)
    measured = measure([sound], rate).integrated
    block = min(0.4, len(sound) / rate)
    theirs = pyloudnorm.Meter(rate, filter_class="DeMan", block_size=block)
    assert measured == pytest.approx(theirs.integrated_loudness(sound.astype(float)), abs=0.01)


def test_silence_measures_minus_infinity_and_no_readings_are_numbers_gone_wrong() -> None:
    meter = heard(np.zeros((RATE, 2), np.float32))
    result = meter.result()
    assert result.integrated == result.momentary == result.true_peak == -np.inf
    assert result.spread == 0.0
    assert not np.isnan(meter.curve().momentary).any()
    empty = Meter(RATE)
    assert empty.integrated == -np.inf
    assert len(empty.curve().seconds) == 0
