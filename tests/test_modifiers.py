"""What is said to be far away, loud or fast is made so, and captions say it of nothing else."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest
import soundfile
import torch
from torch import Tensor

from core.corpus.captions import GOES_WITHOUT_SAYING, caption, said_modifiers
from core.corpus.modifiers import (
    FAR_DB,
    LOUDEST,
    RINGING,
    SOFT_DB,
    USUAL,
    Modifiers,
    draw_modifiers,
    in_series,
    with_modifiers,
)
from core.corpus.recordings import SAMPLE_RATE, Waveform
from core.corpus.scenes import Clip, compose
from core.corpus.vocabulary import CLASSES
from core.evaluation.modifiers import MEASURES, brightness, onsets, ordered, rms_level
from core.evaluation.renders import Request

SOFT, STRONG, FAR = Modifiers("light"), Modifiers("heavy"), Modifiers(distance="distant")
SLOW, FAST = Modifiers(tempo="slow"), Modifiers(tempo="fast")


def hiss(seed: int, rms: float = 0.1, seconds: float = 2.0) -> Waveform:
    noise = np.random.default_rng(seed).standard_normal(round(seconds * SAMPLE_RATE))
    return (rms * noise).astype(np.float32)


def measured(sound: Waveform, measure: str) -> float:
    return MEASURES[measure](torch.from_numpy(sound))


@pytest.mark.parametrize("seed", range(4))
def test_what_is_soft_or_far_is_softer_and_duller_and_what_is_strong_neither(seed: int) -> None:
    sound = hiss(seed)
    soft, strong, far = (
        with_modifiers(sound, modifiers, np.random.default_rng(seed))
        for modifiers in (SOFT, STRONG, FAR)
    )
    change = {name: measured(made, "level") - measured(sound, "level") for name, made in (
        ("soft", soft), ("strong", strong), ("far", far[: len(sound)])
    )}  # fmt: skip
    assert change["soft"] == pytest.approx(SOFT_DB, abs=1.6)
    assert change["far"] == pytest.approx(FAR_DB, abs=1.6)
    assert 1.0 < change["strong"] < 6.0
    assert measured(far, "brightness") < measured(sound, "brightness") - 3.0
    assert measured(soft, "brightness") < measured(sound, "brightness")
    assert measured(strong, "brightness") > measured(sound, "brightness")
    assert np.abs(strong).max() <= LOUDEST + 1e-6


def test_what_is_far_away_rings_on_and_what_is_usual_stays_as_it_is() -> None:
    sound = hiss(1)
    far = with_modifiers(sound, FAR, np.random.default_rng(1))
    assert len(far) == len(sound) + round(RINGING * SAMPLE_RATE)
    ringing = far[len(sound) :]
    assert np.abs(ringing[:2000]).max() > 4 * np.abs(ringing[-2000:]).max() > 0
    assert with_modifiers(sound, USUAL, np.random.default_rng(1)) is sound


def test_what_is_fast_strikes_more_often(tmp_path: Path) -> None:
    click = hiss(3, 0.3, 0.1) * np.exp(-np.arange(4410) / 600).astype(np.float32)
    soundfile.write(tmp_path / "axe.wav", click, SAMPLE_RATE)
    clip = Clip(tmp_path / "axe.wav", "chopping", True, {})
    rates = {
        modifiers: measured(
            compose(
                clip, [clip], 6 * SAMPLE_RATE, np.random.default_rng(5), modifiers=modifiers
            ).samples,
            "onsets",
        )
        for modifiers in (SLOW, FAST)
    }
    assert rates[FAST] > 2.0 * rates[SLOW] > 0


def test_a_modifier_is_drawn_beyond_what_a_clip_has() -> None:
    rng = np.random.default_rng(0)
    for name in ("rain", "chopping", "footsteps_snow"):
        for own in (USUAL, FAR, Modifiers("heavy", "distant")):
            found = [draw_modifiers(name, own, rng, tempo=True) for _ in range(60)]
            assert all(own.beyond(modifiers) == USUAL for modifiers in found)
            assert any(modifiers != own for modifiers in found) == (
                own != Modifiers("heavy", "distant") or in_series(name)
            )
            assert any(modifiers.tempo for modifiers in found) == in_series(name)
            assert not any(draw_modifiers(name, own, rng, tempo=False).tempo for _ in range(60))


@pytest.mark.parametrize("name", [c.name for c in CLASSES])
def test_captions_say_all_that_is_unusual_and_of_the_usual_nothing(name: str) -> None:
    rng = Random(0)
    usual = {k: v for k, v in GOES_WITHOUT_SAYING.items() if k != "tempo" or in_series(name)}
    modifiers = [SOFT, STRONG, FAR, Modifiers("heavy", "distant"), USUAL]
    modifiers += [SLOW, FAST, Modifiers("light", tempo="fast")] if in_series(name) else []
    for each in modifiers:
        told = [caption(name, usual | each.attributes(), rng) for _ in range(20)]
        assert {said_modifiers(name, one.meant) for one in told} == {each}
        assert len({one.said for one in told}) > 5


def test_a_measure_tells_soft_from_loud_dull_from_bright_and_slow_from_fast() -> None:
    sound = torch.from_numpy(hiss(0))
    assert rms_level(0.1 * sound) == pytest.approx(rms_level(sound) - 20.0, abs=0.1)
    dull = torch.nn.functional.avg_pool1d(sound[None, None], 32, stride=1)[0, 0]
    assert brightness(dull) < brightness(sound) - 6.0
    time = np.arange(4 * SAMPLE_RATE, dtype=np.float32) / SAMPLE_RATE
    beats = [
        hiss(2, 0.2, 4.0) * np.exp(-20.0 * ((rate * time) % 1.0) / rate) for rate in (1.0, 4.0)
    ]
    slow, fast = (onsets(torch.from_numpy(beat)) for beat in beats)
    assert slow == pytest.approx(1.0, abs=0.4)
    assert fast == pytest.approx(4.0, abs=0.6)


def test_contrasts_are_counted_over_the_classes_that_can_have_them() -> None:
    sound = torch.from_numpy(hiss(0, seconds=4.0))

    def deaf(request: Request) -> Tensor:
        return sound

    def obedient(request: Request) -> Tensor:
        return 0.1 * sound if "distance" in request.caption else sound

    for render, right in ((deaf, 0.0), (obedient, 1.0)):
        rows = list(ordered(["rain", "chopping"], render, lambda line: None))
        by = {(row.contrast, row.words, row.measure): row for row in rows}
        assert by["distance", "seen", "level"].right == right
        assert by["distance", "seen", "level"].pairs == 2
        assert by["tempo", "unseen", "onsets"].pairs == 1
    assert by["distance", "seen", "level"].difference == pytest.approx(20.0, abs=0.1)
    assert by["strength", "seen", "level"].right == 0.0
