"""What people do, heard: the parameters that a clip tells of are in its sound, by numbers."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis import Synthesised, synthesise_clip
from core.corpus.synthesis.sampling import frames
from core.corpus.synthesis.singing import legato
from core.corpus.synthesis.talk import babble
from core.corpus.synthesis.vocal import silent_voice
from tests.sound_measures import mean_of, share


@cache
def _clip(name: str, seed: int, seconds: float) -> Synthesised:
    return synthesise_clip(name, seconds, np.random.default_rng(seed))


def _told(
    name: str, key: str, value: str, count: int = 2, seconds: float = 3.0
) -> list[np.ndarray]:
    """The first clips whose attribute `key` is `value`.

    Most are drawn before all else and found by short clips; how many there are depends on length.
    """
    look = seconds if key == "count" else 0.8
    found = []
    for seed in range(40):
        if _clip(name, seed, look).attributes.get(key) != value:
            continue
        found.append(_clip(name, seed, seconds).samples.astype(np.float64))
        if len(found) == count:
            return found
    raise AssertionError(f"{name} is hardly ever {value}")


def _loudness(samples: np.ndarray, milliseconds: int = 10) -> np.ndarray:
    block = SAMPLE_RATE * milliseconds // 1000
    return np.sqrt(np.mean(samples[: len(samples) // block * block].reshape(-1, block) ** 2, 1))


def _onsets(samples: np.ndarray) -> int:
    """Sudden rises of the loudness."""
    loud = _loudness(samples)
    return int(np.sum((loud[1:] > 0.25 * loud.max()) & (loud[:-1] < 0.6 * loud[1:])))


def _swells(samples: np.ndarray, over: float = 0.12) -> int:
    """Peaks of the loudness, smoothed over some seconds."""
    loud = np.convolve(_loudness(samples), np.hanning(round(over * 100)), "same")
    top = (loud[1:-1] > loud[:-2]) & (loud[1:-1] >= loud[2:]) & (loud[1:-1] > 0.2 * loud.max())
    return int(top.sum())


def _period(samples: np.ndarray, shortest: float, longest: float) -> float:
    """Seconds after which the loudness's changes are most alike."""
    change = np.maximum(np.diff(np.log(_loudness(samples) + 0.005)), 0)
    change = np.convolve(change - change.mean(), np.hanning(5), "same")
    alike = np.correlate(change, change, "full")[len(change) - 1 :]
    first = round(shortest * 100)
    return (first + int(np.argmax(alike[first : round(longest * 100)]))) / 100


def _share(samples: np.ndarray, low: float, high: float) -> float:
    power = np.abs(np.fft.rfft(samples)) ** 2
    hz = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    return float(power[(hz > low) & (hz < high)].sum() / power.sum())


@pytest.mark.parametrize(
    ("name", "length", "shortest", "longest"),
    [("heels", 2.0, 0.3, 0.85), ("running", 2.0, 0.22, 0.52), ("child_laughing", 3.0, 0.1, 0.32)],
)
def test_fast_is_faster_than_slow(
    name: str, length: float, shortest: float, longest: float
) -> None:
    slow, fast = (
        np.median([_period(x, shortest, longest) for x in _told(name, "tempo", value, 3, length)])
        for value in ("slow", "fast")
    )
    assert fast < 0.85 * slow


def test_who_breathes_fast_breathes_more_often() -> None:
    slow, fast = (
        np.mean([_swells(x, 0.5) for x in _told("breathing", "tempo", value, 2, 5.0)])
        for value in ("slow", "fast")
    )
    assert fast > 1.5 * slow


def test_one_cough_is_one_and_a_fit_is_more() -> None:
    for x in _told("cough", "count", "single"):
        loud = np.flatnonzero(_loudness(x) > 0.1 * _loudness(x).max())
        assert (loud[-1] - loud[0]) * 0.01 < 1.5
    assert min(_swells(x) for x in _told("cough", "count", "many")) >= 3


@pytest.mark.parametrize("name", ["kiss", "finger_snap"])
def test_several_are_more_than_a_single_one(name: str) -> None:
    single, several = (_told(name, "count", value, 2, 2.0) for value in ("single", "several"))
    assert max(_onsets(x) for x in single) < min(_onsets(x) for x in several) + 1
    assert sum(_onsets(x) for x in several) > 1.5 * sum(_onsets(x) for x in single)


def _pitch(samples: np.ndarray, lowest: float, highest: float) -> float:
    """By autocorrelation, the median of the ten loudest tenths of a second."""
    size = SAMPLE_RATE // 10
    pieces = samples[: len(samples) // size * size].reshape(-1, size)
    found = []
    for piece in pieces[np.argsort((pieces**2).sum(1))[-10:]]:
        lags = np.fft.irfft(np.abs(np.fft.rfft(piece, 2 * size)) ** 2)
        short, long = int(SAMPLE_RATE / highest), int(SAMPLE_RATE / lowest)
        found.append(SAMPLE_RATE / (short + int(np.argmax(lags[short:long]))))
    return float(np.median(found))


def test_a_baby_cries_high_for_seconds_with_a_breath_between() -> None:
    for x in _told("baby_crying", "strength", "heavy", 2, 4.0):
        assert 330 < _pitch(x, 250, 900) < 750
        assert _swells(x) >= 2
        assert _share(x, 700, 5000) > 0.5


def test_many_who_talk_at_once_are_steadier_than_a_few() -> None:
    few, many = (
        _loudness(
            babble(frames(3.0), np.random.default_rng(2), ("man", "woman"), voices, 0.6, 3), 40
        )
        for voices in (3, 30)
    )
    assert np.std(many) / np.mean(many) < 0.7 * np.std(few) / np.mean(few)


def test_a_wall_lets_the_low_tones_through() -> None:
    for seed in (0, 1):
        open_air = _clip("talk_man", seed, 2.0).samples
        walled = _clip("talk_through_wall", seed, 2.0).samples
        assert _share(walled, 1500, 20_000) < 0.02 < _share(open_air, 1500, 20_000) + 0.02
        assert _share(walled, 60, 700) > 0.9


def test_a_loudspeaker_has_neither_bass_nor_treble() -> None:
    for seed in (0, 1, 2):
        x = _clip("talk_loudspeaker", seed, 2.0).samples
        assert _share(x, 0, 180) < 0.02
        assert _share(x, 9000, 22_050) < 0.02


def test_a_whistle_is_one_tone() -> None:
    for x in _told("whistling", "distance", "close", 2, 2.0):
        size = SAMPLE_RATE // 10
        pieces = x[: len(x) // size * size].reshape(-1, size) * np.hanning(size)
        power = np.abs(np.fft.rfft(pieces)) ** 2
        top = np.argmax(power.sum(0))
        assert 500 < top * 10 < 4500
        loud = power[np.argsort(power.sum(1))[-8:]]
        near = [p[max(0, np.argmax(p) - 8) : np.argmax(p) + 9].sum() / p.sum() for p in loud]
        assert np.median(near) > 0.7


@pytest.mark.parametrize("name", ["sneeze", "gasp", "yawn", "drinking", "crying"])
def test_a_moment_holds_the_whole_of_it(name: str) -> None:
    """The shortest clip is no silence: the loudest tenth is far above the stillest."""
    loud = _loudness(_clip(name, 5, 0.8).samples, 50)
    assert loud.max() > 0.1
    assert np.median(loud) > 0.01 * loud.max()


def test_who_sniffles_more_often_is_heard_more_often() -> None:
    def sniffs(samples: np.ndarray) -> float:
        block = SAMPLE_RATE // 25
        loud = np.abs(samples[: len(samples) // block * block]).reshape(-1, block).mean(1)
        heard = loud > 0.15 * loud.max()
        return float(np.sum(heard[1:] & ~heard[:-1]))

    assert mean_of(sniffs, "sniffle", 3.0, count="single") == 1
    assert mean_of(sniffs, "sniffle", 3.0, count="several") > 2


def test_a_heavier_burp_is_longer_and_shakes_more_slowly() -> None:
    def shakes(samples: np.ndarray) -> float:
        loud = np.abs(np.fft.rfft(np.abs(samples)[: SAMPLE_RATE // 2]))
        hz = np.fft.rfftfreq(SAMPLE_RATE // 2, 1 / SAMPLE_RATE)
        inside = (hz > 25) & (hz < 180)
        return float((hz * loud**2)[inside].sum() / (loud**2)[inside].sum())

    def length(samples: np.ndarray) -> float:
        return float(np.mean(np.abs(samples) > 0.05))

    light = mean_of(shakes, "burp", 2.5, strength="light")
    assert mean_of(shakes, "burp", 2.5, strength="heavy") < 0.85 * light
    short = mean_of(length, "burp", 2.5, strength="light")
    assert mean_of(length, "burp", 2.5, strength="heavy") > 2 * short


def test_faster_gargling_bubbles_more_often() -> None:
    def bubbling(samples: np.ndarray) -> float:
        block = SAMPLE_RATE // 200
        loud = np.abs(samples[: len(samples) // block * block]).reshape(-1, block).mean(1)
        rhythm = np.abs(np.fft.rfft(loud - loud.mean(), 2000)) ** 2
        hz = np.arange(len(rhythm)) / 10
        heard = (hz > 6) & (hz < 40)
        return float((hz * rhythm)[heard].sum() / rhythm[heard].sum())

    slow = mean_of(bubbling, "gargling", 3.0, tempo="slow")
    assert mean_of(bubbling, "gargling", 3.0, tempo="fast") > 1.2 * slow


def test_humming_stays_behind_closed_lips_and_singing_does_not() -> None:
    def above_1_khz(samples: np.ndarray) -> float:
        return share(samples, 1000, 20_000)

    hummed = mean_of(above_1_khz, "humming", 3.0)
    assert hummed < 0.02
    assert mean_of(above_1_khz, "singing", 3.0, strength="heavy") > 5 * hummed


def test_a_louder_voice_sings_brighter() -> None:
    def above_2_khz(samples: np.ndarray) -> float:
        return share(samples, 2000, 20_000)

    light = mean_of(above_2_khz, "singing", 3.0, strength="light")
    assert mean_of(above_2_khz, "singing", 3.0, strength="heavy") > 2 * light


def test_notes_that_are_held_shake_five_or_six_times_a_second() -> None:
    voice = silent_voice(3 * SAMPLE_RATE, 220.0)
    legato(voice, [(0.0, 3.0, 0.0)], 220.0, 0.5, np.random.default_rng(0))
    shaken = 12 * np.log2(voice.pitch[80:] / 220.0)
    rhythm = np.abs(np.fft.rfft((shaken - shaken.mean()) * np.hanning(len(shaken)), 4096))
    hz = np.fft.rfftfreq(4096, 256 / SAMPLE_RATE)
    assert 4.5 < hz[np.argmax(rhythm)] < 6.8
    assert 0.6 < np.ptp(shaken) < 1.7
