"""How candidate clips are judged: nearest kind, heard class, summary."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.corpus.candidate_recordings import read_recordings, recordings_by_kind
from core.corpus.recordings import write_clip
from core.evaluation.audioset_tags import AudioSetTagger
from core.evaluation.candidate_sounds import (
    KindFigures,
    candidate_sheets,
    kind_figures,
    kind_line,
    nearest_shares,
    summary,
)
from core.evaluation.sound_sheets import HIGHEST, LOWEST, ROWS, log_spectrogram
from tests.test_audioset_tags import tagger_file


def test_a_fridge_is_no_doorbell_and_is_heard_as_what_the_network_says(tmp_path: Path) -> None:
    tagger = AudioSetTagger(tagger_file(tmp_path / "yamnet.tflite"))
    doorbell, fridge = kind_figures(["fridge", "doorbell"], 2, tagger)[::-1]
    assert (doorbell.name, fridge.name) == ("doorbell", "fridge")
    assert doorbell.heard == 0.0
    assert len(doorbell.classes) == 5
    assert doorbell.wordings >= 150
    listed = recordings_by_kind(read_recordings())
    assert doorbell.recordings == len(listed["doorbell"]) > 0
    assert f" {doorbell.recordings} recordings, " in kind_line(doorbell)
    assert "fridge" not in listed
    assert fridge.recordings == 0


def test_clips_lie_nearest_to_their_own_kind_and_strangers_do_not() -> None:
    rng = np.random.default_rng(0)
    time = np.arange(2 * 44_100) / 44_100
    clips = {
        "tones": [np.sin(2 * np.pi * hertz * time) for hertz in (400, 420, 440, 460)],
        "noises": [rng.standard_normal(len(time)) for _ in range(4)],
        "clicks": [
            (np.arange(len(time)) % gap < 9).astype(float) for gap in (9000, 9500, 9900, 9700)
        ],
    }
    found = {name: [0.5 * clip.astype(np.float32) for clip in own] for name, own in clips.items()}
    assert nearest_shares(found) == {"tones": 1.0, "noises": 1.0, "clicks": 1.0}
    found["clicks"][1] = found["noises"][0]
    assert nearest_shares(found)["clicks"] == 0.5


def test_the_summary_counts_kinds_that_are_heard_in_three_of_five_clips() -> None:
    rows = [
        KindFigures("a", 150, 4, 1.0, 0.6, (), 50),
        KindFigures("b", 150, 0, 0.5, 0.5, ("Music",), 30),
        KindFigures("c", 150, 1, 0.0, None, (), 90),
    ]
    assert summary(rows) == {
        "kinds": 3,
        "kinds_with_recordings": 2,
        "nearest": 0.5,
        "slowest": 30,
        "judged": 2,
        "heard": 0.55,
        "kinds_heard": 0.5,
    }
    assert "judged" not in summary(rows[2:])


@pytest.mark.parametrize("hertz", [100.0, 1000.0, 10_000.0])
def test_a_tone_is_drawn_at_its_height_on_the_logarithmic_axis(hertz: float) -> None:
    tone = np.sin(2 * np.pi * hertz * np.arange(44_100) / 44_100).astype(np.float32)
    levels = log_spectrogram(tone)
    assert levels.max() == 0.0
    row = int(levels.mean(axis=1).argmax())
    assert row == pytest.approx(ROWS * np.log(hertz / LOWEST) / np.log(HIGHEST / LOWEST), abs=3)


def test_a_family_is_a_sheet_on_which_recordings_stand_beside_what_was_made(tmp_path: Path) -> None:
    kinds = ["doorbell", "fridge"]
    sheets = candidate_sheets(kinds, tmp_path / "alone", None)
    alone = {path.name: path for path in sheets}
    assert set(alone) == {"house.webp", "kitchen.webp"}
    noise = np.random.default_rng(0).standard_normal(44_100).astype(np.float32)
    write_clip(tmp_path / "clips" / "fridge" / "a.flac", 0.1 * noise)
    beside = {
        path.name: path for path in candidate_sheets(kinds, tmp_path / "beside", tmp_path / "clips")
    }

    def right_half(path: Path) -> float:
        with Image.open(path) as image:
            grey = np.asarray(image.convert("L"))
        return float(grey[:, grey.shape[1] // 6 : grey.shape[1] // 3].mean())

    assert right_half(alone["kitchen.webp"]) > 235
    assert right_half(beside["kitchen.webp"]) < 200
    assert right_half(beside["house.webp"]) > 235
