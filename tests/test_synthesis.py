"""Every sound class can be synthesised, exactly as long as asked, and tells the truth of itself."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from core.corpus.candidates import read_candidates
from core.corpus.packages import audio_packages
from core.corpus.recordings import PEAK, SAMPLE_RATE
from core.corpus.synthesis import CANDIDATE_RECIPES, RECIPES, Synthesised, synthesise_clip
from core.corpus.synthesis.space import at_distance
from core.corpus.vocabulary import BY_NAME
from core.errors import StudioError

SECONDS = 1.5
ATTRIBUTES = {
    "strength": {"light", "moderate", "heavy"},
    "distance": {"close", "distant"},
    "tempo": {"slow", "steady", "fast"},
    "count": {"single", "several", "many"},
}
EVERY = sorted({**RECIPES, **CANDIDATE_RECIPES})
SILENT = 0.02
"""Of full scale: a first or last sample above it would be heard as a click."""


@cache
def _clip(name: str, seed: int, seconds: float = SECONDS) -> Synthesised:
    return synthesise_clip(name, seconds, np.random.default_rng(seed))


RECORDED_ALONE = {"aeroplane", "drip", "scream", "waterfall"}
"""Classes that are learned from recordings alone."""


def test_every_other_class_of_the_vocabulary_has_a_recipe() -> None:
    assert set(BY_NAME) - set(RECIPES) == RECORDED_ALONE
    assert set(RECIPES) <= set(BY_NAME)
    patterns = [name for source in audio_packages() for name in source.classes]
    assert all(patterns.count(name) > 1 for name in RECORDED_ALONE)


def test_a_recipe_for_what_no_performer_has_learned_is_that_of_a_candidate() -> None:
    assert set(CANDIDATE_RECIPES) <= {kind.name for kind in read_candidates()}
    assert not set(CANDIDATE_RECIPES) & set(RECIPES)


@pytest.mark.parametrize("name", EVERY)
def test_a_clip_has_its_length_and_level_and_is_finite(name: str) -> None:
    samples = _clip(name, 1).samples
    assert samples.shape == (round(SECONDS * SAMPLE_RATE),)
    assert samples.dtype == np.float32
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() == pytest.approx(PEAK, abs=1e-4)
    assert np.sqrt(np.mean(samples**2)) > 0.003
    assert max(abs(samples[0]), abs(samples[-1])) < SILENT


@pytest.mark.parametrize("name", EVERY)
def test_a_seed_gives_one_clip_and_another_seed_another(name: str) -> None:
    first, other = _clip(name, 1), _clip(name, 2)
    again = synthesise_clip(name, SECONDS, np.random.default_rng(1))
    assert np.array_equal(first.samples, again.samples)
    assert first.attributes == again.attributes
    assert not np.array_equal(first.samples, other.samples)


@pytest.mark.parametrize("name", EVERY)
def test_attributes_use_the_words_that_captions_know(name: str) -> None:
    for seed in (1, 2):
        for key, value in _clip(name, seed).attributes.items():
            if key == "surface":
                assert value.isalpha()
            else:
                assert value in ATTRIBUTES[key]


def _onsets(samples: np.ndarray) -> int:
    """Rises of the loudness over its own slow mean, by 10 ms blocks."""
    block = SAMPLE_RATE // 100
    loud = np.sqrt(np.mean(samples[: len(samples) // block * block].reshape(-1, block) ** 2, 1))
    return int(np.sum((loud[1:] > 0.25 * loud.max()) & (loud[:-1] < 0.6 * loud[1:])))


def _mean_over(name: str, key: str, value: str, measure: object, seconds: float = 6.0) -> float:
    assert callable(measure)
    clips = (_clip(name, seed, seconds) for seed in range(12))
    return float(np.mean([measure(c.samples) for c in clips if c.attributes.get(key) == value]))


def _brightness(samples: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(samples)) ** 2
    hz = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    return float(np.sum(power * hz) / np.sum(power))


@pytest.mark.parametrize("name", ["footsteps_wood", "clock", "drum"])
def test_fast_is_faster_than_slow(name: str) -> None:
    slow = _mean_over(name, "tempo", "slow", _onsets)
    assert _mean_over(name, "tempo", "fast", _onsets) > 1.3 * slow


@pytest.mark.parametrize("name", ["thunder", "gunshot"])
def test_distant_is_duller_than_close(name: str) -> None:
    close = _mean_over(name, "distance", "close", _brightness, 3.0)
    assert _mean_over(name, "distance", "distant", _brightness, 3.0) < 0.8 * close


def _share_above_2_khz(samples: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(samples)) ** 2
    hz = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    return float(power[hz > 2000].sum() / power.sum())


@pytest.mark.parametrize("name", ["dog", "horse_gallop"])
def test_every_sound_loses_high_tones_when_it_is_placed_far(name: str) -> None:
    # Paired: animals and grounds differ more from each other than near does from far.
    for seed in range(12):
        sound = _clip(name, seed).samples.astype(np.float64)
        near, far = (
            at_distance(sound, d, np.random.default_rng(seed)) for d in ("close", "distant")
        )
        assert _share_above_2_khz(far) < _share_above_2_khz(near)


def test_an_unknown_class_and_a_moment_are_refused_in_words() -> None:
    with pytest.raises(StudioError, match="choose one of"):
        synthesise_clip("unicorn", 2.0, np.random.default_rng(0))
    with pytest.raises(StudioError, match="longer"):
        synthesise_clip("rain", 0.1, np.random.default_rng(0))
