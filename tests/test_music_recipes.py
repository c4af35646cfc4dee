"""Music that is made, heard: what a clip of it tells is in its sound, by numbers."""

from __future__ import annotations

import numpy as np
import pytest

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.strings import bowed, decaying, piano_note, plucked_note, sawtooth
from tests.sound_measures import mean_of, power_spectrum, share

SECONDS = 3.0


def _begun(samples: np.ndarray) -> float:
    """Moments at which the spectrum grows, a second."""
    size, hop = 2048, 512
    pieces = np.lib.stride_tricks.sliding_window_view(samples, size)[::hop] * np.hanning(size)
    levels = np.log(np.abs(np.fft.rfft(pieces))[:, 4:400] + 0.5)
    growth = np.maximum(np.diff(levels, axis=0), 0).mean(1)
    peaks = (growth[1:-1] > growth[:-2]) & (growth[1:-1] >= growth[2:])
    return float(np.sum(peaks & (growth[1:-1] > 0.3 * growth.max()))) / SECONDS


@pytest.mark.parametrize("name", ["clock_chime", "guitar", "piano"])
def test_faster_music_has_more_notes(name: str) -> None:
    slow = mean_of(_begun, name, SECONDS, tempo="slow")
    assert mean_of(_begun, name, SECONDS, tempo="fast") > 1.25 * slow


@pytest.mark.parametrize("name", ["choir", "piano", "violin"])
def test_louder_players_and_singers_sound_brighter(name: str) -> None:
    def above_2500_hz(samples: np.ndarray) -> float:
        return share(samples, 2500, 20_000)

    light = mean_of(above_2500_hz, name, SECONDS, strength="light")
    assert mean_of(above_2500_hz, name, SECONDS, strength="heavy") > 1.5 * light


def test_monks_recite_lower_than_a_crowd_shouts() -> None:
    def below_160_hz(samples: np.ndarray) -> float:
        return share(samples, 60, 160)

    monks = mean_of(below_160_hz, "chanting", SECONDS, strength="light")
    assert mean_of(below_160_hz, "chanting", SECONDS, strength="heavy") < 0.5 * monks


def test_music_from_the_next_room_has_lost_its_high_tones() -> None:
    def above_2_khz(samples: np.ndarray) -> float:
        return share(samples, 2000, 20_000)

    close = mean_of(above_2_khz, "music_playing", SECONDS, distance="close")
    assert mean_of(above_2_khz, "music_playing", SECONDS, distance="distant") < 0.3 * close


def _loudest(samples: np.ndarray, low: float, high: float) -> float:
    hz, power = power_spectrum(samples)
    inside = (hz > low) & (hz < high)
    return float(hz[inside][np.argmax(power[inside])])


@pytest.mark.parametrize("hz", [110.0, 262.0, 523.0])
def test_strings_sound_at_their_pitch_and_die_away_unless_they_are_bowed(hz: float) -> None:
    rng = np.random.default_rng(0)
    n = SAMPLE_RATE
    notes = [piano_note(rng, hz, 1.5, 0.6), plucked_note(rng, hz, 1.5, 0.6)]
    notes.append(bowed(np.full(n, hz), np.ones(n), rng))
    for note in notes:
        assert _loudest(note[: n // 2], 0.8 * hz, 1.3 * hz) == pytest.approx(hz, rel=0.02)
    for note in notes[:2]:
        early, late = (np.sqrt(np.mean(note[a : a + 8820] ** 2)) for a in (2205, 44_100))
        assert late < 0.7 * early


def test_partials_fall_by_60_db_in_their_time_and_begin_in_silence() -> None:
    x = decaying(SAMPLE_RATE, np.array([500.0]), np.array([0.5]), np.array([1.0]))
    assert abs(x[0]) < 1e-12
    assert np.abs(x[:441]).max() == pytest.approx(0.97, abs=0.03)
    assert np.abs(x[22_050:22_491]).max() == pytest.approx(1e-3, rel=0.1)


def test_a_sawtooth_does_not_fold_its_overtones_back() -> None:
    hz = 1990.0
    spectrum = np.abs(np.fft.rfft(sawtooth(np.full(SAMPLE_RATE, hz)) * np.hanning(SAMPLE_RATE)))
    overtone = np.zeros(len(spectrum), bool)
    for order in range(1, 12):
        overtone[round(hz * order) - 12 : round(hz * order) + 13] = True
    low = slice(30, 8000)
    folded = spectrum[low][~overtone[low]].max()
    assert folded < 0.01 * spectrum[low].max()
