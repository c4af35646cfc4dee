"""The model card's counted parts: data by licence, records of the runs, figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.errors import FileError
from core.training import card


def test_data_is_counted_by_source_and_licence(tmp_path: Path) -> None:
    rows = [
        {"class": c, "kind": k, "source": s, "licence": li, "seconds": 30.0, "split": p}
        for c, k, s, li, p in (
            ("rain", "recorded", "forest-data", "CC0-1.0", "train"),
            ("rain", "recorded", "forest-data", "CC0-1.0", "test"),
            ("owl", "recorded", "forest-data", "GPL-2+", "train"),
            ("owl", "synthesised", "core.corpus.synthesis", "Apache-2.0", "train"),
        )
    ]
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text("\n".join(json.dumps(row) for row in rows))
    text = card.data(manifest)
    assert "2 sound classes" in text
    assert "| forest-data | CC0-1.0 | 2 | 1.0 |" in text
    assert "| forest-data | GPL-2+ | 1 | 0.5 |" in text
    assert "| recorded | 2 (1 min) | 1 (0 min) |" in text
    with pytest.raises(FileError, match="build the corpus first"):
        card.data(tmp_path / "nowhere.jsonl")


def test_a_record_sums_the_hours_of_every_sitting_and_shows_its_curves(tmp_path: Path) -> None:
    folder = tmp_path / "assets" / "training"
    folder.mkdir(parents=True)
    (folder / "stage2.csv").write_text(
        "10,1800,text,2.0\n20,3600,text,1.5\n30,900,text,1.2\n40,1800,text,0.9\n"
    )
    (folder / "stage2.png").write_bytes(b"\x89PNG")
    text = card.records(folder, tmp_path / "MODEL_CARD.md")
    assert "| stage2 | 40 | 1.50 | text 2 to 0.9 |" in text
    assert "![losses of stage2](assets/training/stage2.png)" in text


def test_figures_are_flattened_and_tables_by_class_are_left_out(tmp_path: Path) -> None:
    found = {"renders": {"total": {"top_1": 0.5123456}, "classes": [1, 2]}, "cosine": None}
    (tmp_path / "recognise.json").write_text(json.dumps(found))
    text = card.figures(tmp_path)
    assert "| renders.total.top_1 | 0.5123 |" in text
    assert "classes" not in text


def test_only_the_named_parts_of_the_card_change(tmp_path: Path) -> None:
    path = tmp_path / "MODEL_CARD.md"
    path.write_text("# Card\nprose\n<!-- data -->\nold\n<!-- /data -->\nmore\n")
    card.write_card(path, {"data": "new"})
    assert path.read_text() == "# Card\nprose\n<!-- data -->\nnew\n<!-- /data -->\nmore\n"
    with pytest.raises(FileError, match="no place for the figures"):
        card.write_card(path, {"figures": "x"})
