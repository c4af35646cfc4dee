"""Disks that fail at any change, processes killed at any moment: a change is in or out, whole.

`make soak` tries every change of every operation (`tests.soak.faults`).
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.soak import anywhere, faults
from tests.soak.operations import OPERATIONS


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or shutil.which("cc") is None,
    reason="the failures come from a library that a C compiler builds, for Linux",
)
def test_what_was_accepted_is_there_and_what_was_refused_is_not(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert faults.main(["--seed", "1", "--points", "1"]) == 0, capfd.readouterr()
    tried = re.search(r"^(\d+) points tried: .* 0 failed$", capfd.readouterr().out, re.MULTILINE)
    assert tried is not None
    assert int(tried[1]) == len(OPERATIONS)


def test_nothing_is_lost_or_left_by_a_process_that_is_killed(tmp_path: Path) -> None:
    assert anywhere.trials(1, 10, tmp_path) > 0
