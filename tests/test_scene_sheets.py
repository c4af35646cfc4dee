"""Sheets on which two judges say whether plans of scenes fit: blind, and read back."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from core.errors import FileError
from core.evaluation.scene_sheets import (
    SCENE_QUESTION,
    judged_table,
    main,
    read_judgments,
    read_scene_plans,
    write_sheets,
)

SCENES = ("a harbour at night", "a ghost story", "a launderette", "a forest")


@pytest.fixture
def plans(tmp_path: Path) -> tuple[Path, Path]:
    """Verdicts of two planners on four scenes and another brief, and the briefs."""
    briefs = tmp_path / "briefs.jsonl"
    rows = [{"brief": text, "seconds": 20, "required": [], "scene": True} for text in SCENES]
    rows.append({"brief": "rain", "seconds": 5, "required": [{"words": ["rain"]}]})
    briefs.write_text("\n".join(map(json.dumps, rows)))
    verdicts = [
        {"row": row, "place": place, "plan": [f"{row} sound {place}", "b, 0-3"], "figures": {}}
        for row in ("score", "template")
        for place in range(5)
    ]
    path = tmp_path / "plans.jsonl"
    path.write_text("\n".join(map(json.dumps, verdicts)))
    return path, briefs


def filled(sheet: Path, fits: dict[str, bool]) -> None:
    """Answer a sheet: for each scene whether its plan fits, for the planner of lists never."""
    rows = list(csv.DictReader(sheet.read_text().splitlines(keepends=True)))
    with sheet.open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        for row in rows:
            fitting = fits[row["brief"]] and "template" not in row["plan"]
            table.writerow(row | {SCENE_QUESTION: " Yes" if fitting else "no"})


def test_judges_see_brief_and_plan_alone_and_are_read_back(
    plans: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, briefs = plans
    main(["--plans", str(path), "--briefs", str(briefs), "--out", str(tmp_path / "out")])
    one, two, key = (tmp_path / "out" / n for n in ("judge-1.csv", "judge-2.csv", "key.json"))
    sheets = [list(csv.DictReader(s.read_text().splitlines(keepends=True))) for s in (one, two)]
    assert list(sheets[0][0]) == ["number", "brief", "seconds", "plan", SCENE_QUESTION]
    assert len(sheets[0]) == 2 * len(SCENES), "what is no scene is not asked about"
    assert sheets[0] != sheets[1]
    assert sorted(map(str, sheets[0])) == sorted(map(str, sheets[1]))
    numbers = [row["number"] for row in sheets[0] if "template" in row["plan"]]
    assert sorted(map(int, numbers)) != [5, 6, 7, 8], "numbers do not tell the planner"
    filled(one, dict.fromkeys(SCENES, True))
    filled(two, dict.fromkeys(SCENES, True) | {"a forest": False})
    capsys.readouterr()
    main(["--judged", str(one), str(two), "--key", str(key)])
    table = json.loads(capsys.readouterr().out)
    assert table["score"] == {
        "scenes": 4.0, "first": 1.0, "second": 0.75, "both": 0.75, "agreement": 0.75, "kappa": 0.0,
    }  # fmt: skip
    assert table["template"]["both"] == 0.0
    assert table["template"]["kappa"] == 1.0


def test_agreement_is_counted_beyond_chance() -> None:
    first = {str(n): n < 5 for n in range(10)}
    second = {str(n): n < 4 for n in range(10)}
    row = judged_table(first, second, dict.fromkeys(first, "score"))["score"]
    assert row["agreement"] == 0.9
    assert row["kappa"] == 0.8, "by chance they would agree on half"


def test_what_is_no_sheet_is_a_sentence(plans: tuple[Path, Path], tmp_path: Path) -> None:
    path, briefs = plans
    write_sheets(read_scene_plans(path, briefs), tmp_path)
    with pytest.raises(FileError, match=r"number \d is answered ''; write yes or no"):
        read_judgments(tmp_path / "judge-1.csv")
    with pytest.raises(FileError, match="not of the same plans"):
        judged_table({"1": True}, {"2": True}, {"1": "score"})
    with pytest.raises(FileError, match=r"is no verdict on briefs\.jsonl"):
        read_scene_plans(briefs, briefs)
    with pytest.raises(SystemExit):
        main(["--plans", str(path)])
