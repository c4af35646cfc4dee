"""Tables of briefs: read, rendered row by row, taken up where they were left."""

from __future__ import annotations

import argparse
import csv
import dataclasses
from pathlib import Path

import pytest

from core import cli
from core.audiostory import AudioStory
from core.batch.briefs import TableBrief, read_table
from core.batch.table import REPORT, STORY_FOLDERS, BriefReport, render_table
from core.errors import FileError
from core.story.library import Library
from tests.soak.tables import SECONDS, killed_table, run_here, write_table

CSV_TABLE = """instruction,duration,seed,title
"rain, then a dog barks",2,7,Rain
wind,,,
"""
JSON_TABLE = """{"instruction": "rain, then a dog barks", "duration": 2, "seed": 7, "title": "Rain"}

{"instruction": "wind"}
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("briefs.csv", CSV_TABLE),
        ("briefs.csv", "\ufeff" + CSV_TABLE),
        ("briefs.tsv", CSV_TABLE.replace(",", "\t").replace('"rain\t', '"rain,')),
        ("briefs.jsonl", JSON_TABLE),
    ],
)
def test_briefs_are_read_from_csv_and_from_json_lines(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert read_table(path) == [
        TableBrief(1, "rain, then a dog barks", 2.0, 7, "0001 Rain"),
        TableBrief(2, "wind", None, 0, "0002 wind"),
    ]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("briefs.csv", "instruction,tempo\nwind,3\n", "row 1 has the unknown field 'tempo'"),
        ("briefs.csv", "instruction,seed\nwind,x\n", r"row 1\.seed should be a whole number"),
        ("briefs.csv", "instruction\nwind,3\n", "Line 2 has more cells than columns"),
        ("briefs.csv", "duration\n3\n", "row 1 lacks the field 'instruction'"),
        ("briefs.jsonl", '{"instruction": "wind"}\n{"instruc', "A line is no JSON"),
        ("briefs.jsonl", "", "holds no briefs"),
        ("briefs.jsonl", "\udcff", "cannot be read"),
        ("briefs.xls", "", r"should end in \.csv"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_in_a_sentence_that_names_the_row(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(FileError, match=said):
        read_table(path)


def test_a_brief_that_fails_is_reported_and_stops_no_other(
    tiny: AudioStory, tmp_path: Path
) -> None:
    table, out = tmp_path / "briefs.jsonl", tmp_path / "out"
    write_table(table, 3)
    first, second, third = read_table(table)
    briefs = [first, dataclasses.replace(second, seconds=9000.0), third]
    told: list[BriefReport] = []
    reports = render_table(run_here(tiny, out), briefs, told.append)
    assert reports == told
    assert [report.status for report in reports] == ["done", "failed", "done"]
    assert "9000 s" in reports[1].note
    assert sorted(path.name for path in out.iterdir()) == sorted(
        [reports[0].file, reports[2].file, REPORT, STORY_FOLDERS]
    )
    with (out / REPORT).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["number"], row["status"]) for row in rows] == [
        ("1", "done"),
        ("2", "failed"),
        ("3", "done"),
    ]
    again = render_table(run_here(tiny, out), [first, second, third], told.append)
    assert [report.status for report in again] == ["done"] * 3
    another = dataclasses.replace(first, seed=99)
    (refused,) = render_table(run_here(tiny, out), [another], told.append)
    assert "is of another brief" in refused.note
    assert len(Library(out / STORY_FOLDERS).titles()) == 3


def test_a_table_that_was_killed_is_taken_up_where_it_was(tiny: AudioStory, tmp_path: Path) -> None:
    killed_table(3, tiny, tmp_path, count=6, kills=1)


def test_the_command_says_what_becomes_of_each_brief(
    tiny: AudioStory,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("core.commands.batch.load_model", lambda _: tiny)
    table = tmp_path / "briefs.csv"
    table.write_text(f"instruction,duration\nrain,{SECONDS}\nwind,9000\n", encoding="utf-8")
    words = ["batch", str(table), "--out", str(tmp_path / "out"), "--draft"]

    def serve(_: argparse.Namespace) -> None:
        raise AssertionError

    assert cli.main(words, serve) == 1
    out, err = capsys.readouterr()
    assert "1 of 2 stories" in out
    assert "0001 rain: done\n" in err
    assert "0002 wind: failed: A story lasts" in err
    assert "1 could not be made" in err
