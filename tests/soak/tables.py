"""A table of briefs whose program is killed at any moment, and taken up by the same line."""

from __future__ import annotations

import csv
import json
import random
from functools import partial
from pathlib import Path

import soundfile

from core.audiostory import AudioStory
from core.batch.briefs import read_table
from core.batch.table import REPORT, STORY_FOLDERS, TableRun, plan_here, render_table
from core.render.render import render_events
from core.story.library import Library
from tests.soak import children
from tests.soak.kills import kill_after

SECONDS = 2.0
_SOUNDS = ("rain", "a dog barks", "wind", "thunder", "a door slams")


def write_table(path: Path, count: int) -> None:
    """A table of so many short briefs."""
    told = (
        {"instruction": f"{_SOUNDS[n % 5]}, then {_SOUNDS[(n + 2) % 5]}", "seed": n}
        for n in range(count)
    )
    lines = [json.dumps(brief | {"duration": SECONDS}) for brief in told]
    path.write_text("\n".join(lines), encoding="utf-8")


def run_here(model: AudioStory, out: Path) -> TableRun:
    here = partial(plan_here, model)
    return TableRun(model, out, model.profile.draft, here, render_events, SECONDS)


def killed_table(seed: int, model: AudioStory, folder: Path, count: int, kills: int) -> None:
    """Each story is there once, and the report says so, though its program was killed."""
    rng = random.Random(seed)
    folder.mkdir(exist_ok=True)
    table, out = folder / "briefs.jsonl", folder / "out"
    write_table(table, count)
    done = 0
    for _ in range(kills):
        more = rng.randint(1, max(1, (count - done) // (kills + 1)))
        kill_after(children.start("table", table, out), done + more, rng.uniform(0.0, 0.3))
        done += more
    before = {path.name: path.stat().st_mtime_ns for path in out.glob("*.wav")}
    assert len(before) >= done
    reports = render_table(run_here(model, out), read_table(table), lambda _: None)
    assert [report.status for report in reports] == ["done"] * count
    assert all((out / name).stat().st_mtime_ns == when for name, when in before.items())
    assert len({report.file for report in reports}) == count
    titles = sorted(Library(out / STORY_FOLDERS).titles())
    assert titles == sorted(report.title for report in reports)
    for report in reports:
        story = Library(out / STORY_FOLDERS).open(report.title).story
        assert (story.seed, len(story.events)) == (report.number - 1, report.events)
        assert all(len(event.takes) == 1 for event in story.events)
        assert soundfile.info(out / report.file).duration == SECONDS
    with (out / REPORT).open(encoding="utf-8") as file:
        assert [row["status"] for row in csv.DictReader(file)] == ["done"] * count
