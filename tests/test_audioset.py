"""The second judge: it is built as its file has it, and hears what a judge should."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from core.errors import AudioFileError, WeightsError
from core.evaluation.audioset import DIMENSIONS, AudioSetEmbedder, MobileNet, kaldi_mel_filters
from core.evaluation.command import main

RATE = 44100


@pytest.fixture(scope="module")
def judge() -> AudioSetEmbedder:
    torch.manual_seed(0)
    return AudioSetEmbedder(MobileNet())


def tone(hertz: float, seconds: float = 1.5, gain: float = 0.5) -> Tensor:
    return gain * torch.sin(2 * torch.pi * hertz * torch.arange(round(seconds * RATE)) / RATE)


def test_the_network_has_the_published_size() -> None:
    """The convolutional part of mn04_as: 983 599 parameters less the two layers that classify."""
    classifier = 384 * 512 + 512 + 512 * 527 + 527
    assert sum(p.numel() for p in MobileNet().parameters()) == 983_599 - classifier


def test_a_tone_is_found_in_its_band_ten_milliseconds_a_frame(judge: AudioSetEmbedder) -> None:
    filters = kaldi_mel_filters()
    assert filters.shape == (128, 513)
    assert filters.max() <= 1.0
    for hertz in (500.0, 3000.0, 12000.0):
        spectrum = judge.spectrum(tone(hertz))
        assert spectrum.shape == (128, 150)
        band = int(spectrum.mean(1).argmax())
        assert (
            filters[band, round(hertz * 1024 / 32000)]
            == filters[:, round(hertz * 1024 / 32000)].max()
        )


def test_level_and_a_pad_of_silence_up_to_a_second_do_not_matter(judge: AudioSetEmbedder) -> None:
    assert judge.embed(tone(700)).shape == (DIMENSIONS,)
    loud, soft = judge.embed(tone(700)), judge.embed(tone(700, gain=0.01))
    assert F.cosine_similarity(loud, soft, dim=0) > 0.9999
    short = tone(700, 0.3)
    filled = F.pad(short, (0, RATE - len(short)))
    assert torch.allclose(judge.embed(short), judge.embed(filled), atol=1e-4)


def test_another_file_is_refused(tmp_path: Path) -> None:
    torch.save(MobileNet().state_dict(), tmp_path / "other.pt")
    asked = ["recognise", "--profile", "tiny", "--manifest", str(tmp_path / "manifest.jsonl")]
    with pytest.raises(WeightsError, match=re.escape("is not mn04_as_mAP_432.pt")):
        main([*asked, "--embedder", str(tmp_path / "other.pt")])
    with pytest.raises(WeightsError, match="Cannot read"):
        main([*asked, "--embedder", str(tmp_path / "none.pt")])


def test_another_judge_has_to_hear_the_recordings(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match="give --manifest too"):
        main(["recognise", "--profile", "tiny", "--embedder", str(tmp_path / "any.pt")])
