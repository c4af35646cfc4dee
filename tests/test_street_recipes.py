"""Recipes of the street: what a clip says of itself is in its sound."""

from __future__ import annotations

import numpy as np
import pytest

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis import synthesise_clip
from core.corpus.synthesis.heavy_vehicles import air_release
from core.corpus.synthesis.rails import joints, traction
from core.corpus.synthesis.roads import Drive, drive_past, piston_engine, tyres
from core.corpus.synthesis.space import SPEED_OF_SOUND
from tests.sound_measures import BLOCK, centroid, clips, mean_of, onsets, power_spectrum, share

SECONDS = 2.0


def _loudness(samples: np.ndarray) -> np.ndarray:
    blocks = samples[: len(samples) // BLOCK * BLOCK].astype(np.float64).reshape(-1, BLOCK)
    return np.sqrt(np.mean(blocks**2, 1))


def _above_4_khz(samples: np.ndarray) -> float:
    return share(samples, 4000, 20_000)


def _steadiness(samples: np.ndarray) -> float:
    loud = _loudness(samples)
    return float(np.median(loud) / loud.max())


def test_what_drives_past_falls_in_pitch_by_dopplers_law_and_grows_as_it_comes_near() -> None:
    speed, hz, n = 20.0, 1000.0, 8 * SAMPLE_RATE
    heard = drive_past(np.sin(2 * np.pi * hz * np.arange(n) / SAMPLE_RATE), Drive(speed, 2.0, 4.0))

    def pitch(start: float) -> float:
        where, power = power_spectrum(heard[int(start * SAMPLE_RATE) :][:SAMPLE_RATE])
        return float(where[np.argmax(power)])

    assert pitch(0.5) == pytest.approx(hz / (1 - speed / SPEED_OF_SOUND), rel=0.005)
    assert pitch(6.5) == pytest.approx(hz / (1 + speed / SPEED_OF_SOUND), rel=0.005)
    assert np.abs(heard[4 * SAMPLE_RATE :][:BLOCK]).max() > 3 * np.abs(heard[:SAMPLE_RATE]).max()


def test_what_is_faster_is_past_sooner() -> None:
    noise = np.random.default_rng(4).standard_normal(4 * SAMPLE_RATE)
    slow, fast = (drive_past(noise, Drive(speed, 7.0, 2.0)) for speed in (9.0, 22.0))
    assert _steadiness(fast) < 0.6 * _steadiness(slow)


def test_a_distant_car_swells_more_slowly() -> None:
    close = mean_of(_steadiness, "car_passing", SECONDS, distance="close")
    assert mean_of(_steadiness, "car_passing", SECONDS, distance="distant") > 1.2 * close


def test_tyres_hiss_on_a_wet_road_and_are_louder_when_they_turn_faster() -> None:
    def rolled(speed: float, wet: float) -> np.ndarray:
        return tyres(SAMPLE_RATE, speed, np.random.default_rng(6), wet)

    assert _above_4_khz(rolled(14.0, 1.0)) > 3 * _above_4_khz(rolled(14.0, 0.0))
    assert np.std(rolled(28.0, 0.0)) == pytest.approx(2**1.5 * np.std(rolled(14.0, 0.0)))


def test_heavy_traffic_leaves_fewer_gaps() -> None:
    def gaps(samples: np.ndarray) -> float:
        loud = np.convolve(_loudness(samples), np.ones(20) / 20, "valid")
        return float(np.std(20 * np.log10(loud)))

    def unsteady(said: str, *seeds: int) -> float:
        made = [synthesise_clip("traffic", 4.0, np.random.default_rng(seed)) for seed in seeds]
        assert {clip.attributes["strength"] for clip in made} == {
            "light" if 11 in seeds else "heavy"
        }
        return float(np.mean([gaps(clip.samples) for clip in made]))

    assert unsteady("heavy", 0, 2) < 0.8 * unsteady("light", 11, 14)


def test_many_pushes_on_the_horn_are_more_than_one() -> None:
    single = mean_of(onsets, "car_horn", SECONDS, count="single")
    assert mean_of(onsets, "car_horn", SECONDS, count="several") > 1.3 * single


@pytest.mark.parametrize("name", ["reversing_beeper", "level_crossing"])
def test_a_faster_warning_comes_more_often(name: str) -> None:
    def rate(samples: np.ndarray) -> float:
        loud = _loudness(samples)
        rhythm = np.abs(np.fft.rfft((loud - loud.mean()) * np.hanning(len(loud)), 2000)) ** 2
        hz = np.arange(len(rhythm)) / 20
        heard = (hz > 0.5) & (hz < 5)
        return float(hz[heard][np.argmax(rhythm[heard])])

    slow = mean_of(rate, name, 3.0, tempo="slow")
    assert mean_of(rate, name, 3.0, tempo="fast") > 1.3 * slow


def test_a_faster_train_meets_more_joints_in_pairs() -> None:
    def beats(metres: float) -> int:
        speed = np.full(4 * SAMPLE_RATE, metres)
        loud = _loudness(joints(speed, 12.0, np.random.default_rng(3)))
        return int(np.sum((loud[1:] > 0.2 * loud.max()) & (loud[:-1] < 0.6 * loud[1:])))

    # Four axles a joint of 12 m: 6 beats in 4 s at 5 m/s, 16 at 12 m/s.
    assert beats(5.0) == pytest.approx(6, abs=2)
    assert beats(12.0) == pytest.approx(16, abs=4)


def test_motors_of_a_faster_train_sing_higher() -> None:
    def pitch(metres: float) -> float:
        hum = traction(np.full(SAMPLE_RATE, metres), np.random.default_rng(1), 6.0)
        hz, power = power_spectrum(hum)
        return float(hz[np.argmax(power)])

    assert pitch(15.0) == pytest.approx(3 * pitch(5.0), rel=0.05)


def test_a_larger_engine_sounds_lower() -> None:
    def middle(size: float) -> float:
        crank, load = np.full(SAMPLE_RATE, 20.0), np.full(SAMPLE_RATE, 0.7)
        made = (piston_engine(crank, load, 6, np.random.default_rng(s), size) for s in range(5, 8))
        return float(np.mean([share(sound, 150, 900) for sound in made]))

    assert middle(2.0) < 0.9 * middle(1.0)


def test_air_is_let_out_in_a_hiss_that_chokes_off() -> None:
    hiss = air_release(np.random.default_rng(2), 0.6)
    loud = _loudness(hiss)
    assert np.argmax(loud) < 5
    assert loud[len(loud) // 2] < 0.2 * loud.max()
    assert share(hiss, 1500, 12_000) > 0.8


def test_a_faster_boat_is_brighter() -> None:
    slow = mean_of(centroid, "motorboat", 1.2, tempo="slow")
    assert mean_of(centroid, "motorboat", 1.2, tempo="fast") > 1.1 * slow


def test_a_door_that_is_slammed_is_brighter_than_one_that_is_pressed_shut() -> None:
    def above_500_hz(samples: np.ndarray) -> float:
        loudest = int(np.argmax(np.abs(samples)))
        return share(
            samples[max(0, loudest - SAMPLE_RATE // 20) :][: SAMPLE_RATE // 4], 500, 20_000
        )

    light = mean_of(above_500_hz, "car_door", SECONDS, strength="light", distance="close")
    heavy = mean_of(above_500_hz, "car_door", SECONDS, strength="heavy", distance="close")
    assert heavy > 1.3 * light


def test_a_starter_chugs_as_fast_as_it_says_and_the_engine_is_lower_than_its_whine() -> None:
    def chug(samples: np.ndarray) -> float:
        block = SAMPLE_RATE // 100
        start = samples[int(0.15 * SAMPLE_RATE) : int(0.65 * SAMPLE_RATE)]
        whine = np.abs(start[: len(start) // block * block].reshape(-1, block)).max(1)
        rhythm = np.abs(np.fft.rfft((whine - whine.mean()) * np.hanning(len(whine)), 2048))
        hz = np.fft.rfftfreq(2048, 0.01)
        inside = (hz > 2.5) & (hz < 14)
        return float(hz[inside][np.argmax(rhythm[inside])])

    slow = mean_of(chug, "engine_start", 3.0, tempo="slow")
    assert mean_of(chug, "engine_start", 3.0, tempo="fast") > 1.4 * slow

    def falls(samples: np.ndarray) -> float:
        half = len(samples) // 5
        return centroid(samples[:half]) / centroid(samples[-half:])

    assert mean_of(falls, "engine_start", 3.0, distance="close") > 1.3


def test_a_train_horn_is_a_chord_below_700_hz_with_bright_reeds() -> None:
    for samples in clips("train_horn", 3.0, distance="close"):
        hz, power = power_spectrum(samples)
        low = power[(hz > 230) & (hz < 720)]
        assert np.sum(low > 0.02 * low.max()) >= 5
        assert share(samples, 1000, 6000) > 0.05
    several = mean_of(onsets, "train_horn", 3.0, count="several")
    assert several > mean_of(onsets, "train_horn", 3.0, count="single")


def test_a_horn_far_over_the_land_is_duller() -> None:
    near = mean_of(_above_4_khz, "train_horn", 3.0, distance="close")
    assert mean_of(_above_4_khz, "train_horn", 3.0, distance="distant") < 0.5 * near


def test_a_trolley_pushed_faster_is_brighter() -> None:
    slow = mean_of(centroid, "trolley", SECONDS, tempo="slow", distance="close")
    assert mean_of(centroid, "trolley", SECONDS, tempo="fast", distance="close") > slow
