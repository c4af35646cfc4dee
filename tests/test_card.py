"""The model card's counted parts, and the tables and records that are written beside them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.errors import FileError
from core.experiments import card

CLIPS = [
    {"class": c, "kind": k, "source": s, "licence": li, "seconds": 30.0, "split": p}
    for c, k, s, li, p in (
        ("rain", "recorded", "forest-data", "CC0-1.0", "train"),
        ("rain", "recorded", "forest-data", "CC0-1.0", "test"),
        ("owl", "recorded", "forest-data", "GPL-2+", "train"),
        ("owl", "synthesised", "core.corpus.synthesis", "Apache-2.0", "train"),
    )
]


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "manifest.jsonl"
    path.write_text("\n".join(json.dumps(clip) for clip in CLIPS))
    return path


def test_the_card_names_every_source_with_its_clips_by_licence(manifest: Path) -> None:
    text = card.sources(card.read_manifest(manifest))
    assert "2 sound classes" in text
    assert "| forest-data | CC0-1.0 (2), GPL-2+ (1) |" in text
    assert "| core.corpus.synthesis | Apache-2.0 (1) |" in text
    assert "| recorded | 2 (1 min) | 1 (0 min) |" in text
    with pytest.raises(FileError, match="build the corpus first"):
        card.read_manifest(manifest.with_name("nowhere.jsonl"))


def test_clips_and_minutes_are_counted_by_source_and_licence(manifest: Path) -> None:
    text = card.data(card.read_manifest(manifest))
    assert "| forest-data | CC0-1.0 | 2 | 1.0 |" in text
    assert "| forest-data | GPL-2+ | 1 | 0.5 |" in text


def test_a_run_sums_the_hours_of_every_sitting_and_shows_its_curves(tmp_path: Path) -> None:
    (tmp_path / "stage2.csv").write_text(
        "10,1800,text,2.0\n20,3600,text,1.5\n30,900,text,1.2\n40,1800,text,0.9\n"
    )
    (tmp_path / "stage2.png").write_bytes(b"\x89PNG")
    (tmp_path / "stage3.csv").write_text("10,3600,flow,0.5\n")
    text = card.runs(tmp_path)
    assert "| stage2 | 40 | 1.50 | text 2 to 0.9 |" in text
    assert "| stage3 | 10 | 1.00 | flow 0.5 to 0.5 |" in text
    assert "![losses of stage2](stage2.png)" in text
    assert "losses of stage3" not in text


def test_tables_hold_every_figure_and_the_rows_by_class(tmp_path: Path) -> None:
    rows = [{"name": "rain", "count": 3, "top_1": 2 / 3}, {"name": "owl", "count": 4, "top_1": 1.0}]
    found = {"renders": {"total": {"top_1": 0.5123456}, "classes": rows}, "cosine": None}
    (tmp_path / "recognise.json").write_text(json.dumps(found))
    text = card.tables(tmp_path)
    assert "| renders.total.top_1 | 0.5123 |" in text
    assert "renders.classes:\n\n| name | count | top_1 |" in text
    assert "| rain | 3 | 0.6667 |" in text
    assert "| owl | 4 | 1 |" in text


def test_headlines_are_read_from_the_evaluations_and_a_missing_one_is_named(tmp_path: Path) -> None:
    wanted = (card.Headline("renders", "recognise", ("total.top_1", "weakest"), "{:.1%}, {}"),)
    with pytest.raises(FileError, match=r"recognise\.json cannot be read"):
        card.headlines(tmp_path, wanted)
    (tmp_path / "recognise.json").write_text('{"total": {"top_1": 0.6174}}')
    with pytest.raises(FileError, match="no figure 'weakest'"):
        card.headlines(tmp_path, wanted)
    (tmp_path / "recognise.json").write_text('{"total": {"top_1": 0.6174}, "weakest": "water"}')
    assert "| renders | 61.7 %, water | `recognise` |" in card.headlines(tmp_path, wanted)


def test_only_the_named_parts_of_the_card_change(tmp_path: Path) -> None:
    path = tmp_path / "MODEL_CARD.md"
    path.write_text("# Card\nprose\n<!-- data -->\nold\n<!-- /data -->\nmore\n")
    card.write_card(path, {"data": "new"})
    assert path.read_text() == "# Card\nprose\n<!-- data -->\nnew\n<!-- /data -->\nmore\n"
    with pytest.raises(FileError, match="no place for the figures"):
        card.write_card(path, {"figures": "x"})
    with pytest.raises(FileError, match="cannot be read"):
        card.write_card(tmp_path / "nowhere.md", {"data": "new"})


def test_card_tables_runs_and_data_are_written_together(manifest: Path, tmp_path: Path) -> None:
    root = tmp_path / "repository"
    for folder in (card.TABLES.parent, card.RUNS.parent):
        (root / folder).mkdir(parents=True)
    (root / card.RUNS.parent / "ear.csv").write_text("10,3600,text,0.5\n")
    (root / card.TABLES.parent / "flags.json").write_text('{"unknown_flagged": 0.9}')
    page = root / card.CARD
    page.write_text("<!-- data -->\nold\n<!-- /data -->\n<!-- figures -->\n<!-- /figures -->\n")
    wanted = (card.Headline("flagged", "flags", ("unknown_flagged",), "{:.0%}"),)
    card.write_all(root, None, wanted)
    assert "old" in page.read_text()
    assert "| flagged | 90 % | `flags` |" in page.read_text()
    assert "| unknown_flagged | 0.9 |" in (root / card.TABLES).read_text()
    assert "| ear | 10 | 1.00 |" in (root / card.RUNS).read_text()
    assert not (root / card.DATA).exists()
    card.write_all(root, card.read_manifest(manifest), wanted)
    assert "old" not in page.read_text()
    assert "| forest-data | CC0-1.0 | 2 | 1.0 |" in (root / card.DATA).read_text()
