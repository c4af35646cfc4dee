"""The long runs of `make soak`, short: they stop by themselves and say which seed failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.audiostory import AudioStory
from tests.soak import __main__ as soak
from tests.soak import memory, writers


def test_trials_go_on_with_the_next_seed_and_stop(capsys: pytest.CaptureFixture[str]) -> None:
    assert soak.main(["disk", "--seed", "3", "--trials", "2"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "disk: seed 3",
        "disk: seed 4",
        "disk: 2 trials, 0 failed",
    ]


def test_a_failure_is_reported_with_its_seed_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def odd(seed: int, folder: Path) -> None:
        assert seed % 2 == 0
        assert folder.is_dir()

    monkeypatch.setitem(soak.PARTS, "disk", odd)
    assert soak.main(["disk", "--seed", "6", "--trials", "3"]) == 1
    output = capsys.readouterr().out
    assert "again: python -m tests.soak disk --seed 7 --trials 1" in output
    assert "3 trials, 1 failed" in output


def test_time_ends_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    monkeypatch.setitem(soak.PARTS, "disk", lambda seed, folder: tried.append(seed))
    assert soak.main(["disk", "--seed", "1", "--minutes", "0"]) == 0
    assert tried == [1]


def test_memory_stays_level(tiny: AudioStory) -> None:
    memory.stays_level(0, tiny, rounds=6, settled=3)


def test_processes_that_write_to_one_story_lose_nothing_also_when_they_are_killed(
    tmp_path: Path,
) -> None:
    said = writers.many_writers(3, tmp_path, writers=3, edits=25, kills=5)
    assert said.startswith("3 processes, ")
