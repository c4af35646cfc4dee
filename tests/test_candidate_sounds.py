"""How candidate clips are judged: nearest kind, heard class, summary."""

from __future__ import annotations

from pathlib import Path

from core.evaluation.audioset_tags import AudioSetTagger
from core.evaluation.candidate_sounds import KindFigures, kind_figures, summary
from tests.test_audioset_tags import tagger_file


def test_a_fridge_is_no_doorbell_and_is_heard_as_what_the_network_says(tmp_path: Path) -> None:
    tagger = AudioSetTagger(tagger_file(tmp_path / "yamnet.tflite"))
    doorbell, fridge = kind_figures(["fridge", "doorbell"], 2, tagger)[::-1]
    assert (doorbell.name, fridge.name) == ("doorbell", "fridge")
    assert doorbell.nearest == fridge.nearest == 1.0
    assert doorbell.heard == 0.0
    assert len(doorbell.classes) == 5
    assert doorbell.wordings >= 150


def test_the_summary_counts_kinds_that_are_heard_in_three_of_five_clips() -> None:
    rows = [
        KindFigures("a", 150, 1.0, 0.6, (), 50),
        KindFigures("b", 150, 0.5, 0.5, ("Music",), 30),
        KindFigures("c", 150, 0.0, None, (), 90),
    ]
    assert summary(rows) == {
        "kinds": 3,
        "nearest": 0.5,
        "slowest": 30,
        "judged": 2,
        "heard": 0.55,
        "kinds_heard": 0.5,
    }
    assert "judged" not in summary(rows[2:])
