"""The sound judge: built from the checkpoint alone, and it tells sounds apart."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from core.errors import WeightsError
from core.listener import aisfx
from core.listener.aisfx import BLOCK, MEL_HOP, SoundEmbedder, mel_filters

RATE = 44100


@pytest.fixture(scope="module")
def judge() -> SoundEmbedder:
    return SoundEmbedder()


def noise(seconds: float, seed: int = 0) -> Tensor:
    draw = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(round(seconds * RATE), generator=draw)


def beeps(seconds: float, hertz: float) -> Tensor:
    time = torch.arange(round(seconds * RATE)) / RATE
    return 0.3 * torch.sin(2 * torch.pi * hertz * time) * (time * 4 % 1 < 0.4)


def test_two_unrelated_sounds_are_further_apart_than_two_of_a_kind(judge: SoundEmbedder) -> None:
    hiss, other_hiss = judge.embed(noise(3, 0)), judge.embed(noise(3, 1))
    alarm, other_alarm = judge.embed(beeps(3, 880)), judge.embed(beeps(3, 932))
    assert hiss.shape == (512,)
    same = min(
        F.cosine_similarity(hiss, other_hiss, dim=0), F.cosine_similarity(alarm, other_alarm, dim=0)
    )
    apart = F.cosine_similarity(hiss, alarm, dim=0)
    assert same > 0.9
    assert apart < same - 0.2


def test_level_does_not_matter(judge: SoundEmbedder) -> None:
    loud = noise(2.5)
    assert F.cosine_similarity(judge.embed(loud), judge.embed(loud * 0.03), dim=0) > 0.999


@pytest.mark.parametrize(("seconds", "blocks"), [(0.01, 1), (2.0, 1), (3.6, 2), (4.7, 3)])
def test_blocks_overlap_by_half_and_short_sounds_fill_one(
    judge: SoundEmbedder, seconds: float, blocks: int
) -> None:
    assert judge.blocks(noise(seconds)).shape == (blocks, BLOCK, 96)


def test_frame_features_come_every_eight_mel_frames(judge: SoundEmbedder) -> None:
    waveform = noise(2)
    features = judge.frame_features(waveform)
    assert features.shape[1] == 512
    assert abs(len(features) - len(waveform) / (8 * MEL_HOP)) <= 1


def test_silence_and_single_samples_are_embedded_too(judge: SoundEmbedder) -> None:
    assert judge.embed(torch.zeros(RATE)).isfinite().all()
    assert judge.embed(torch.ones(1)).isfinite().all()


def test_filters_have_unit_sum() -> None:
    assert torch.allclose(mel_filters().sum(0), torch.ones(96), atol=1e-5)


def test_a_changed_checkpoint_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert aisfx.checkpoint_path().is_file()
    monkeypatch.setattr(aisfx, "SHA256", "0" * 64)
    with pytest.raises(WeightsError, match="has changed"):
        aisfx.checkpoint_path()
