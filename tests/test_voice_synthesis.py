"""The synthetic voice: a larynx of given pitch, a tract of given size, speech of given speed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.sampling import Signal, frames
from core.corpus.synthesis.speech import Speaker, draw_speaker, speak
from core.corpus.synthesis.tract import (
    CONTROL_HOP,
    VOWEL_WIDTHS,
    VOWELS,
    Larynx,
    cascade,
    control_frames,
    phonation,
    through,
    vowel_tracks,
)
from core.corpus.synthesis.vocal import silent_voice, vocal_sound

STEADY = Larynx(tense=0.8, lax=2.2, breath=0.0, jitter=0.0, shimmer=0.0)


def _power(x: Signal) -> tuple[Signal, Signal]:
    return np.abs(np.fft.rfft(x)) ** 2, np.fft.rfftfreq(len(x), 1 / SAMPLE_RATE)


def _share_between(x: Signal, low: float, high: float) -> float:
    power, hz = _power(x)
    return float(power[(hz > low) & (hz < high)].sum() / power.sum())


def _voice(pitch: float, effort: float, larynx: Larynx = STEADY) -> Signal:
    n = frames(0.5)
    rng = np.random.default_rng(1)
    return phonation(np.full(n, pitch), np.full(n, effort), larynx, rng)


def _median_pitch(x: Signal) -> float:
    """By autocorrelation of the loudest tenths of a second."""
    size = frames(0.1)
    pieces = x[: len(x) // size * size].reshape(-1, size)
    loudest = pieces[np.argsort((pieces**2).sum(1))[-10:]]
    short, long = SAMPLE_RATE // 600, SAMPLE_RATE // 70
    found = []
    for piece in loudest:
        lag = np.fft.irfft(np.abs(np.fft.rfft(piece, 2 * size)) ** 2)[: long + 1]
        found.append(SAMPLE_RATE / (short + int(np.argmax(lag[short:]))))
    return float(np.median(found))


def _syllables(x: Signal) -> int:
    """Rises of the loudness, smoothed over 80 ms, over three tenths of its greatest."""
    block = SAMPLE_RATE // 100
    loud = np.sqrt(np.mean(x[: len(x) // block * block].reshape(-1, block) ** 2, 1))
    loud = np.convolve(loud, np.hanning(9) / 4, "same")
    peaks = (loud[1:-1] > loud[:-2]) & (loud[1:-1] >= loud[2:]) & (loud[1:-1] > 0.3 * loud.max())
    return int(peaks.sum())


@pytest.mark.parametrize("pitch", [110.0, 235.0, 480.0])
def test_the_larynx_sings_the_pitch_that_is_asked(pitch: float) -> None:
    power, hz = _power(_voice(pitch, 0.8))
    assert hz[np.argmax(power)] == pytest.approx(pitch, abs=2.1)
    heard = power[
        np.rint(np.arange(1, 8) * pitch * len(_voice(pitch, 0.8)) / SAMPLE_RATE).astype(int)
    ]
    assert heard.sum() > 0.3 * power.sum()  # harmonics, nothing between them


def test_a_louder_voice_is_a_brighter_one() -> None:
    soft, loud = (_share_between(_voice(120.0, effort), 1500, 20_000) for effort in (0.2, 1.0))
    assert loud > 3 * soft


def test_every_second_period_of_a_strained_voice_is_weaker() -> None:
    n = frames(0.5)
    strained = phonation(
        np.full(n, 200.0), np.full(n, 0.8), STEADY, np.random.default_rng(1), doubled=0.8
    )
    power, hz = _power(strained)
    octave_below = power[(hz > 90) & (hz < 110)].max()
    assert octave_below > 0.01 * power.max()
    plain, _ = _power(_voice(200.0, 0.8))
    assert octave_below > 100 * plain[(hz > 90) & (hz < 110)].max()


@pytest.mark.parametrize("size", [1.0, 1.4])
def test_a_tract_resounds_at_its_vowel_and_a_shorter_one_higher(size: float) -> None:
    n = 4 * CONTROL_HOP
    spectrum = np.abs(cascade(vowel_tracks(n, [(0, "A"), (1, "A")], size), VOWEL_WIDTHS, size)[0])
    hz = np.linspace(0, SAMPLE_RATE / 2, len(spectrum))
    first, second, _ = (formant * size for formant in VOWELS["A"])
    peaks = hz[1:-1][(spectrum[1:-1] > spectrum[:-2]) & (spectrum[1:-1] > spectrum[2:])]
    assert peaks[0] == pytest.approx(first, rel=0.06)
    assert peaks[1] == pytest.approx(second, rel=0.06)


def test_an_open_way_lets_a_sound_through_unchanged() -> None:
    x = np.random.default_rng(2).standard_normal(5000)
    count = control_frames(5000)
    everything = np.ones((count, 769), np.complex64)
    assert np.allclose(through(5000, (x, everything)), x, atol=1e-4)


def test_a_gesture_sounds_where_it_is_written_and_leaves_the_mouth_as_it_ends() -> None:
    voice = silent_voice(frames(1.0), 200.0)
    voice.write(
        0.4,
        0.3,
        pitch=((0, 200), (1, 300)),
        effort=((0, 0), (0.5, 1), (1, 0)),
        vowels=((0, "i"), (1, "A")),
    )
    voice.bend(0.9, 0.05, 2.0)
    x = vocal_sound(frames(1.0), voice, STEADY, 1.0, np.random.default_rng(0))
    assert np.abs(x[: frames(0.35)]).max() < 0.01 * np.abs(x[frames(0.45) : frames(0.6)]).max()
    at = round(0.92 * SAMPLE_RATE / CONTROL_HOP)
    assert voice.pitch[at] == pytest.approx(600)
    assert voice.pitch[-1] == pytest.approx(300)
    assert voice.formants[-1, 0] == VOWELS["A"][0]


def _steady_speaker(kind: str, seed: int = 3) -> Speaker:
    return replace(draw_speaker(np.random.default_rng(seed), kind), lively=1.0)


def test_men_women_and_children_speak_at_pitches_of_their_own() -> None:
    pitches = {}
    for kind in ("man", "woman", "child"):
        speaker = _steady_speaker(kind)
        pitches[kind] = _median_pitch(speak(frames(2.0), speaker, np.random.default_rng(0)))
        assert pitches[kind] == pytest.approx(speaker.pitch, rel=0.25)
    assert pitches["man"] < 160 < pitches["woman"] < 265 < pitches["child"]


def test_who_speaks_faster_says_more_syllables() -> None:
    speaker = replace(_steady_speaker("woman"), pause=(0.05, 0.06), closed=0.0)
    slow, fast = (
        _syllables(speak(frames(4.0), replace(speaker, rate=rate), np.random.default_rng(5)))
        for rate in (2.5, 6.0)
    )
    assert 5 <= slow <= 14
    assert fast > 1.3 * slow


def test_speech_is_loud_and_soft_as_often_as_speech_is() -> None:
    """Most of the loudness's modulation lies between 1.5 and 8 a second (Houtgast, Steeneken)."""
    x = speak(frames(5.0), _steady_speaker("man"), np.random.default_rng(7))
    block = SAMPLE_RATE // 100
    loud = np.sqrt(np.mean(x[: len(x) // block * block].reshape(-1, block) ** 2, 1))
    power = np.abs(np.fft.rfft(loud - loud.mean())) ** 2
    hz = np.fft.rfftfreq(len(loud), 0.01)
    assert power[(hz > 1.5) & (hz < 8)].sum() > 0.5 * power.sum()


def test_a_speaker_is_silent_outside_of_the_turns() -> None:
    x = speak(frames(3.0), _steady_speaker("man"), np.random.default_rng(1), [(1.0, 2.0)])
    said = np.abs(x[frames(1.0) : frames(2.0)]).max()
    assert np.abs(x[: frames(0.9)]).max() < 0.01 * said
    assert np.abs(x[frames(2.6) :]).max() < 0.05 * said


def test_a_voice_that_calls_is_brighter_than_one_that_murmurs() -> None:
    speaker = _steady_speaker("man")
    murmured, called = (
        speak(frames(2.0), replace(speaker, vigour=vigour), np.random.default_rng(4))
        for vigour in (0.2, 1.0)
    )
    # Below 4 kHz, above which a murmur is mostly breath.
    assert _share_between(called, 500, 4000) > 2 * _share_between(murmured, 500, 4000)
