"""What a recipe is told of tempo, strength and distance is in its sound, kind by kind.

Clips come in pairs that differ in that alone (tests/told_clips.py). Kinds that are measured in
another file, by clips as they come, are not measured again here but for distance.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from core.corpus.recordings import SAMPLE_RATE, Waveform
from tests.clip_measures import onsets as swells
from tests.sound_measures import centroid, onsets, power_spectrum, share
from tests.told_clips import told

Measure = Callable[[Waveform], float]
BLOCK = SAMPLE_RATE // 200
"""Samples in 5 ms."""


def _loudness(samples: Waveform) -> np.ndarray:
    whole = samples[: len(samples) // BLOCK * BLOCK].astype(float)
    return np.asarray(np.sqrt(np.mean(whole.reshape(-1, BLOCK) ** 2, 1)))


def strokes(samples: Waveform) -> float:
    """Times at which the loudness grows by half within 10 ms, up to a tenth of its peak or more."""
    loud = _loudness(samples)
    return float(np.sum((loud[2:] > 0.1 * loud.max()) & (loud[2:] > 1.5 * loud[:-2])))


def rhythm(samples: Waveform) -> float:
    """The strongest rate at which the loudness comes and goes, 0.3 to 6 Hz."""
    loud = _loudness(samples)
    power = np.abs(np.fft.rfft((loud - loud.mean()) * np.hanning(len(loud)), 16_384))
    hz = np.fft.rfftfreq(16_384, BLOCK / SAMPLE_RATE)
    heard = (hz > 0.3) & (hz < 6)
    return float(hz[heard][power[heard].argmax()])


def middle(samples: Waveform) -> float:
    """The frequency in Hz below which half of the energy lies."""
    hz, power = power_spectrum(samples)
    return float(hz[np.searchsorted(np.cumsum(power), 0.5 * power.sum())])


def glide(samples: Waveform) -> float:
    """Octaves a second by which the centre of the spectrum moves."""
    size = SAMPLE_RATE // 20
    pieces = samples[: len(samples) // size * size].reshape(-1, size) * np.hanning(size)
    power = np.abs(np.fft.rfft(pieces)) ** 2
    hz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    return float(np.abs(np.diff(np.log2((power * hz).sum(1) / power.sum(1)))).mean() * 20)


def stillness(samples: Waveform) -> float:
    """Share of the time in which the loudness is 16 dB or more below its peak."""
    loud = _loudness(samples)
    return float(np.mean(loud < 0.15 * loud.max()))


def unsteadiness(samples: Waveform) -> float:
    """Deviation in dB of the loudness, smoothed over 0.1 s."""
    loud = np.convolve(_loudness(samples), np.ones(20) / 20, "valid")
    return float(np.std(20 * np.log10(loud + 0.01 * loud.max())))


def above_1_khz(samples: Waveform) -> float:
    return share(samples, 1000, 20_000)


def above_4_khz(samples: Waveform) -> float:
    return share(samples, 4000, 20_000)


def below_250_hz(samples: Waveform) -> float:
    return share(samples, 20, 250)


def _ratio(name: str, seconds: float, key: str, said: tuple[str, str], measure: Measure) -> float:
    """How many times the measure is that of the other, the geometric mean over two pairs."""
    one, other = (
        np.mean([np.log(measure(told(name, seconds, seed, key, word)) + 1e-9) for seed in (0, 1)])
        for word in said
    )
    return float(np.exp(other - one))


@pytest.mark.parametrize(
    ("name", "seconds", "measure", "least"),
    [
        ("printer", 3.0, strokes, 1.4),
        ("paper_turn", 3.0, strokes, 1.5),
        ("pen", 3.0, strokes, 1.3),
        ("tape", 3.0, onsets, 1.3),
        ("sewing_machine", 3.0, swells, 1.4),
        ("radio_tuning", 5.0, glide, 1.2),
        ("slot_machine", 5.0, rhythm, 1.2),
        ("clapping", 2.0, strokes, 1.5),
        ("eating", 3.0, rhythm, 1.4),
        ("drinking", 3.0, rhythm, 1.5),
        ("goat", 4.0, rhythm, 1.3),
        ("turkey", 3.0, strokes, 1.3),
        ("monkey", 3.0, strokes, 1.3),
        ("parrot", 3.0, strokes, 1.25),
        ("cicadas", 3.0, rhythm, 2.0),
        ("whale", 4.0, strokes, 1.1),
        ("roller_shutter", 3.0, strokes, 1.3),
        ("talk_loudspeaker", 3.0, strokes, 1.25),
        ("singing", 3.0, strokes, 1.4),
    ],
)
def test_what_is_faster_happens_more_often(
    name: str, seconds: float, measure: Measure, least: float
) -> None:
    assert _ratio(name, seconds, "tempo", ("slow", "fast"), measure) > least


@pytest.mark.parametrize(
    ("name", "measure", "least"),
    [
        ("air_conditioning", above_4_khz, 1.5),
        ("hair_dryer", above_4_khz, 1.05),
        ("dry_leaves", strokes, 1.5),
        ("children_playing", strokes, 1.15),
        ("sports_crowd", unsteadiness, 1.25),
        ("talk_man", middle, 1.5),
        ("talk_woman", middle, 1.5),
        ("talk_child", middle, 1.4),
        ("baby_crying", centroid, 1.2),
        ("sneeze", centroid, 1.1),
        ("kiss", centroid, 1.15),
        ("cough", below_250_hz, 1.3),
        ("chalk", below_250_hz, 1.3),
    ],
)
def test_what_is_stronger_has_more_of_what_strength_brings(
    name: str, measure: Measure, least: float
) -> None:
    assert _ratio(name, 3.0, "strength", ("light", "heavy"), measure) > least


@pytest.mark.parametrize(
    ("name", "measure", "most"),
    [
        ("microwave", above_4_khz, 0.7),
        ("drawer", middle, 0.85),
        ("gravel_poured", middle, 0.8),
        ("crying", centroid, 0.8),
        ("yawn", centroid, 0.9),
        ("arcade", stillness, 0.7),
        ("rain_on_umbrella", strokes, 0.7),
        ("rain_on_tent", strokes, 0.8),
        ("crowd_cheering", stillness, 0.7),
    ],
)
def test_what_is_bigger_is_lower_and_of_many_single_ones_stand_out_less(
    name: str, measure: Measure, most: float
) -> None:
    assert _ratio(name, 3.0, "strength", ("light", "heavy"), measure) < most


def test_many_cracks_of_ice_are_more_than_several() -> None:
    assert _ratio("ice_cracking", 4.0, "count", ("several", "many"), strokes) > 1.5


NEAR_AND_FAR = [
    "kettle_whistle", "toilet_flush", "shower", "vacuum_cleaner", "doorbell", "wood_creaking",
    "dog_whimper", "dog_growl", "cat_hiss", "goat", "pig", "donkey", "duck", "goose", "turkey",
    "cockerel", "pigeon", "wings", "mosquito", "fly", "snake", "bear", "lion", "elephant", "monkey",
    "falling_tree", "landslide", "fireworks", "whip", "steam_whistle", "small_bells", "rattlesnake",
    "flag_flapping", "horse_snort", "hooves", "parrot", "baby_crying", "child_laughing",
    "whistling", "talk_man", "talk_woman", "talk_child", "car_horn", "reversing_beeper",
    "motorboat", "rowing", "level_crossing", "tram", "bicycle", "skateboard", "roller_shutter",
    "lawn_mower", "jackhammer", "chainsaw", "car_door", "engine_start", "train_horn", "sprinkler",
    "trolley", "singing", "metal_squeal", "metal_clank", "footsteps_metal",
]  # fmt: skip
"""Of those that say how far away they are, all but four: cicadas lie in one narrow band, whales
and who hums below 4 kHz, and beside a woodpecker or cuckoo other birds sing."""


@pytest.mark.parametrize("name", NEAR_AND_FAR)
def test_what_is_nearer_is_brighter(name: str) -> None:
    near, far = (above_4_khz(told(name, 1.5, 0, "distance", said)) for said in ("close", "distant"))
    assert far < 0.9 * near
