"""The master: loudness to a tenth of a LU, true peaks under their ceiling, nothing from nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pyloudnorm
import pytest
import soxr
from scipy.signal import firwin, lfilter, resample_poly

from core.errors import Cancelled
from core.mix.limiter import limit_blocks
from core.mix.loudness import Loudness
from core.mix.master import MAX_GAIN_DB, Master, MasterSettings, without_dc
from core.mix.resampling import resampled

RATE = 44_100
OVERSAMPLING = firwin(8 * 128 + 1, 1 / 8, window=("kaiser", 8.0))


def oversampled_peak(sound: np.ndarray) -> float:
    """dBTP by 8-times oversamplings that are not ours: soxr's, and scipy's around the peak."""
    ends = np.pad(sound, ((512, 512), (0, 0)))
    stream = soxr.ResampleStream(RATE, 8 * RATE, 2, "float32", "HQ")
    highest = 0.0
    for start in range(0, len(ends), 4 * RATE):
        part = ends[start : start + 4 * RATE].astype(np.float32)
        over = stream.resample_chunk(part, last=start + 4 * RATE >= len(ends))
        highest = max(highest, float(np.abs(over).max(initial=0.0)))
    loudest = int(np.argmax(np.abs(ends).max(axis=1)))
    around = ends[max(0, loudest - RATE) : loudest + RATE].astype(np.float64)
    by_scipy = resample_poly(around, 8, 1, axis=0, window=OVERSAMPLING)
    highest = max(highest, float(np.abs(by_scipy).max()))
    return 20 * np.log10(highest) if highest else -np.inf


def white(seconds: float, level: float, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return level * random.standard_normal((round(seconds * RATE), 2))


def tone(seconds: float, hertz: float, level: float) -> np.ndarray:
    wave = level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)
    return np.repeat(wave[:, None], 2, axis=1)


def clicks(seconds: float, every: float, length: float, level: float) -> np.ndarray:
    sound = np.zeros((round(seconds * RATE), 2))
    burst = white(length, level) * np.exp(-np.linspace(0, 5, round(length * RATE)))[:, None]
    for start in range(0, len(sound) - len(burst), round(every * RATE)):
        sound[start : start + len(burst)] = burst
    return sound


def pink(seconds: float, level: float) -> np.ndarray:
    """Noise whose power halves with each octave, by a few one-pole low-passes."""
    noises = (
        lfilter([weight], [1, -pole], white(seconds, 1, seed), axis=0)
        for seed, (pole, weight) in enumerate([(0.99, 0.03), (0.9, 0.1), (0.5, 0.3)])
    )
    sound = sum(noises)
    return level * sound / np.sqrt(np.mean(sound**2))


def storm(seconds: float) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    thunder = np.exp(-((time % 17.0) / 2.5)) * (np.sin(2 * np.pi * 43 * time) > 0)
    return pink(seconds, 0.03) + 0.4 * thunder[:, None] * white(seconds, 0.4, 1)


def one_impulse() -> np.ndarray:
    sound = np.zeros((4 * RATE, 2))
    sound[RATE] = 0.5
    return sound


STORIES: dict[str, Callable[[], np.ndarray]] = {
    "silence": lambda: np.zeros((5 * RATE, 2)),
    "hiss below the gate": lambda: white(5, 1e-5),
    "one impulse": one_impulse,
    "clicks, sparse": lambda: clicks(8, 0.5, 0.02, 0.3),
    "clicks, dense": lambda: clicks(8, 0.06, 0.01, 0.1),
    "knocks": lambda: clicks(8, 0.3, 0.15, 0.1),
    "0.3 s of tone": lambda: tone(0.3, 440, 0.2),
    "0.3 s of noise": lambda: white(0.3, 0.02),
    "0.1 s of noise": lambda: white(0.1, 0.3),
    "150 s of storm": lambda: storm(150),
    "low tone": lambda: tone(3, 50, 0.7),
    "high tone": lambda: tone(3, 11_025, 0.9),
    "white noise, too loud": lambda: white(4, 0.5),
    "pink noise": lambda: pink(5, 0.1),
    "tone on an offset": lambda: tone(4, 300, 0.1) + 0.3,
    "loud, then quiet": lambda: np.concatenate([white(3, 0.3), white(6, 0.003)]),
    "one sound in long silence": lambda: np.concatenate(
        [np.zeros((20 * RATE, 2)), white(1, 0.1), np.zeros((9 * RATE, 2))]
    ),
    "square wave": lambda: np.sign(tone(3, 110, 1.0)),
    "left only": lambda: white(4, 0.1) * np.array([1.0, 0.0]),
    "very quiet": lambda: white(5, 0.003),
    "a slow swell": lambda: pink(12, 0.2) * np.linspace(0, 1, 12 * RATE)[:, None] ** 2,
    "a knock over a quiet bed": lambda: pink(6, 0.01) + clicks(6, 3, 0.15, 0.3),
    "long pauses": lambda: clicks(60, 25, 3, 0.2),
}
OUT_OF_REACH = {"silence", "hiss below the gate", "one impulse"}
"""Nothing that has a loudness, or one sample, whose ceiling is met 14 LU below any target."""
TARGETS = (-23.0, -16.0, -14.0)
GENTLER = {"clicks, sparse": -23.0, "clicks, dense": -23.0, "knocks": -16.0}


def mastered(
    sound: np.ndarray, settings: MasterSettings, block: int = 20_000
) -> tuple[np.ndarray, Loudness, float]:
    blocks = (sound[at : at + block].astype(np.float32) for at in range(0, len(sound), block))
    master = Master(blocks, RATE, settings)
    result = np.concatenate(list(master.blocks()))
    master.close()
    assert master.result is not None
    return result, master.result, master.gain_db


def by_pyloudnorm(sound: np.ndarray) -> float:
    block = min(0.4, len(sound) / RATE)
    return float(pyloudnorm.Meter(RATE, block_size=block).integrated_loudness(sound.astype(float)))


@pytest.mark.parametrize("name", STORIES)
def test_loudness_and_true_peak_of_stories_of_all_kinds(name: str) -> None:
    target = GENTLER.get(name, TARGETS[list(STORIES).index(name) % 3])
    sound = STORIES[name]()
    result, measured, gain = mastered(sound, MasterSettings(target, -1.0))
    assert result.shape == sound.shape
    assert np.isfinite(result).all()
    assert gain <= MAX_GAIN_DB
    assert oversampled_peak(result) <= -1.0
    if name in OUT_OF_REACH:
        assert measured.true_peak < -20.0 or measured.true_peak > -1.5
    else:
        assert by_pyloudnorm(result) == pytest.approx(target, abs=0.1)
        assert measured.integrated == pytest.approx(target, abs=0.1)


@pytest.mark.parametrize("target", [None, -14.0])
def test_silence_stays_digital_silence(target: float | None) -> None:
    result, measured, gain = mastered(np.zeros((RATE, 2)), MasterSettings(target))
    assert not result.any()
    assert gain == 0.0
    assert measured.integrated == -np.inf


def test_without_a_target_the_loudness_is_left_alone() -> None:
    sound = white(2, 0.05).astype(np.float32)
    result, _, gain = mastered(sound, MasterSettings(None, -1.0, remove_dc=False))
    assert gain == 0.0
    assert np.array_equal(result, sound)


def test_an_offset_is_removed_and_silence_around_it_stays_silent() -> None:
    sound = np.concatenate([np.zeros((RATE, 2)), tone(4, 300, 0.1) + 0.3]).astype(np.float32)
    result = np.concatenate(list(without_dc([sound[:50_000], sound[50_000:]], RATE)))
    assert not result[:RATE].any()
    assert np.abs(result[-2 * RATE :].mean(axis=0)).max() < 1e-3
    assert np.abs(result[-RATE:]).max() == pytest.approx(0.1, abs=0.003)


@pytest.mark.parametrize("ceiling", [-0.1, -1.0, -6.0])
def test_the_limiter_holds_any_ceiling(ceiling: float) -> None:
    for sound in (white(2, 0.3), clicks(2, 0.1, 0.005, 2.0), tone(1, 11_025, 1.5)):
        blocks = np.array_split(sound.astype(np.float32), 13)
        limited = np.concatenate(list(limit_blocks(blocks, RATE, ceiling)))
        assert limited.shape == sound.shape
        assert oversampled_peak(limited) <= ceiling


def test_the_limiter_leaves_what_is_under_the_ceiling_bit_for_bit() -> None:
    quiet, loud = white(1, 0.05).astype(np.float32), white(0.1, 0.8).astype(np.float32)
    sound = np.concatenate([quiet, loud, np.zeros((3 * RATE, 2), np.float32), quiet])
    limited = np.concatenate(list(limit_blocks(np.array_split(sound, 7), RATE, -1.0)))
    assert np.array_equal(limited[: RATE - 500], quiet[:-500])
    assert np.array_equal(limited[-RATE:], quiet)


def test_the_limiter_turns_smoothly() -> None:
    """The gain that it applies never jumps: a low tone with a burst on it stays free of clicks."""
    sound = tone(2, 100, 0.5)
    sound[RATE : RATE + 50] += 0.9
    limited = np.concatenate(list(limit_blocks([sound.astype(np.float32)], RATE, -1.0)))
    gain = np.divide(limited, sound, out=np.ones_like(sound), where=np.abs(sound) > 0.05)
    steps = np.abs(np.diff(gain[:, 0]))[
        (np.abs(sound[1:, 0]) > 0.1) & (np.abs(sound[:-1, 0]) > 0.1)
    ]
    assert steps.max() < 0.02


def gain_of(sound: np.ndarray) -> np.ndarray:
    """Gain in dB at which the limiter lets each frame pass; both channels of `sound` are alike."""
    limited = np.concatenate(list(limit_blocks([sound.astype(np.float32)], RATE, -1.0)))
    return np.asarray(20 * np.log10(limited[:, 0] / sound[:, 0]))


def test_the_limiter_lets_go_sooner_after_a_stroke_than_after_what_lasts() -> None:
    """So the body of a knock keeps its level, and the waves of a low tone their shape."""
    reductions = []
    for seconds in (0.004, 0.5):
        sound = tone(2, 1000, 0.1) + 0.05
        last = RATE + round(seconds * RATE)
        sound[RATE:last] = 3.0
        gain = gain_of(sound)
        assert gain[RATE + 50 : last].max() < -10
        reductions.append(gain[last + round(0.03 * RATE)])
        assert gain[last + RATE // 3] == pytest.approx(0.0, abs=0.2)
    assert reductions[0] > -3 > -6 > reductions[1]


def test_the_limiter_bends_a_low_tone_little() -> None:
    low = tone(2, 50, 10 ** (9 / 20)).astype(np.float32)
    limited = np.concatenate(list(limit_blocks([low], RATE, -1.0)))
    spectrum = np.abs(np.fft.rfft(limited[RATE:, 0]))
    harmonics = np.sqrt(np.sum(spectrum[100::50] ** 2))
    assert harmonics < 0.05 * spectrum[50]


@pytest.mark.parametrize(("rate", "wanted"), [(44_100, 48_000), (48_000, 44_100), (44_100, 44_100)])
def test_resampling_keeps_positions_and_length(rate: int, wanted: int) -> None:
    sound = np.zeros((3 * rate, 2), np.float32)
    time = np.arange(-200, 201) / rate
    pulse = np.sinc(4000 * time) * np.hanning(401)
    sound[2 * rate - 200 : 2 * rate + 201] = pulse[:, None]
    blocks = list(resampled(np.array_split(sound, 9), rate, wanted, 3 * wanted))
    result = np.concatenate(blocks)
    assert result.shape == (3 * wanted, 2)
    assert int(np.argmax(result[:, 0])) == 2 * wanted


def test_a_cancelled_master_stops() -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        Master([np.zeros((10, 2), np.float32)], RATE, MasterSettings(), cancel=cancel)
