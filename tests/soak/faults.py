"""A disk that fails at every change in turn: what was accepted is there, what was refused is not.

python -m tests.soak.faults                  every change of every operation, in three ways
python -m tests.soak.faults --seed 3 --points 12   so many of each operation, drawn by the seed

The failures come from below the C library (`faults.c`, which needs a C compiler), so that whatever
writes is hit: Python, libsndfile, Rust. A full disk lets files go, a read-only one nothing, and a
fault of the disk hits once; a write may get a part of its bytes through before. After each, the
story is compared in memory, on disk, and as another process opens it, and the next good edit has to
be accepted.
"""

from __future__ import annotations

import argparse
import ctypes
import errno
import os
import random
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SOURCE = Path(__file__).with_name("faults.c")
MEMORY = Path("/dev/shm")
"""A disk in memory, where there is one: hundreds of trials flush thousands of files."""


@dataclass(frozen=True)
class Failure:
    """How a disk fails: with which error, and what fails from then on (as in `faults.c`)."""

    name: str
    code: int
    after: int


FAILURES = (
    Failure("ENOSPC", errno.ENOSPC, 1),
    Failure("EIO", errno.EIO, 0),
    Failure("EROFS", errno.EROFS, 2),
)
PARTS = (1, 500, 999)
"""Thousandths of a write that get through before it fails."""


class Faults:
    """The library of `faults.c` in this process, which was started with it."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(None)
        self._library.faults_what.restype = ctypes.c_char_p
        self._library.faults_disarm.restype = ctypes.c_long

    def arm(self, folder: Path, point: int, failure: Failure, part: int = 0) -> None:
        """Let the change of this number (from 1) below `folder` fail; none of number 0."""
        about = (ctypes.c_int(failure.code), ctypes.c_int(failure.after), ctypes.c_long(part))
        self._library.faults_arm(os.fsencode(folder), ctypes.c_long(point), *about)

    def disarm(self) -> int:
        """No more failures; how many changes there were."""
        return int(self._library.faults_disarm())

    @property
    def what(self) -> str:
        """The change that failed."""
        return os.fsdecode(self._library.faults_what())


def start(arguments: Sequence[str], folder: Path) -> int:
    """Run the trials in a process of their own, with the library built in `folder`; what it
    returned.

    Raises:
        FileNotFoundError: there is no C compiler.
    """
    library = folder / "faults.so"
    build = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl", "-lpthread"]
    subprocess.run(build, check=True)
    command = [sys.executable, "-m", "tests.soak.faults", "--inside", *arguments]
    environ = os.environ | {"LD_PRELOAD": str(library)}
    return subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode


@dataclass
class Trials:
    """All operations on one disk.

    Attributes:
        points: of each operation, drawn by `seed`; None: every one.
    """

    folder: Path
    seed: int
    points: int | None
    faults: Faults = field(default_factory=Faults)
    tried: int = 0
    accepted: int = 0
    failed: int = 0

    def run(self, operations: Sequence[type[Any]]) -> None:
        for operation in operations:
            before = self.tried
            changes = self._changes(operation)
            for failure, point, part in self._drawn(operation, changes):
                self._try(operation, failure, point, part)
            print(
                f"{operation.__name__}: {changes} changes, {self.tried - before} points", flush=True
            )

    def _changes(self, operation: type[Any]) -> int:
        """How many changes an operation makes that nothing hinders."""
        with self._prepared(operation) as (trial, disk):
            self.faults.arm(disk, 0, FAILURES[0])
            try:
                trial.act()
            finally:
                changes = self.faults.disarm()
            trial.check(True)
            return changes

    def _drawn(self, operation: type[Any], changes: int) -> list[tuple[Failure, int, int]]:
        """Every change in each way, and once more after a part of its bytes; or so many of them."""
        dice = random.Random(f"{self.seed} {operation.__name__}")
        every = [
            (failure, point, part)
            for failure in FAILURES
            for point in range(1, changes + 1)
            for part in ((0,) if failure.name == "EROFS" else (0, dice.choice(PARTS)))
        ]
        return every if self.points is None else dice.sample(every, min(self.points, len(every)))

    def _try(self, operation: type[Any], failure: Failure, point: int, part: int) -> None:
        said = "accepted"
        try:
            with self._prepared(operation) as (trial, disk):
                self.faults.arm(disk, point, failure, part)
                try:
                    trial.act()
                except trial.refusals as error:
                    said = str(error)
                finally:
                    self.faults.disarm()
                accepted = said == "accepted"
                if not accepted:
                    check_sentence(said, failure)
                trial.check(accepted)
        except Exception:
            self.failed += 1
            traceback.print_exc(limit=-6)
            where = f"{operation.__name__}, {failure.name} at {point} ({self.faults.what})"
            print(f"FAILED: {where}, part {part}: {said}", flush=True)
        self.tried += 1
        self.accepted += said == "accepted"

    @contextmanager
    def _prepared(self, operation: type[Any]) -> Iterator[tuple[Any, Path]]:
        disk = self.folder / "disk"
        (disk / "tmp").mkdir(parents=True)
        usual, tempfile.tempdir = tempfile.tempdir, str(disk / "tmp")
        try:
            yield operation(disk), disk
        finally:
            tempfile.tempdir = usual
            shutil.rmtree(disk)


def check_sentence(sentence: str, failure: Failure) -> None:
    """It says where the fault is, and nothing wrong about what to do."""
    assert sentence.endswith("."), sentence
    assert "disk" in sentence or "folder" in sentence, sentence
    if failure.name == "EROFS":
        assert "free some space" not in sentence, sentence


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.faults", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("operations", nargs="*", help="names (default: all)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--points", type=int, help="of each operation (default: all)")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args(argv)
    home = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="faults-", dir=home) as folder:
        if not chosen.inside:
            return start(argv, Path(folder))
        from tests.soak.operations import OPERATIONS

        named = [OPERATIONS[name] for name in chosen.operations or OPERATIONS]
        trials = Trials(Path(folder), chosen.seed, chosen.points)
        trials.run(named)
        refused = trials.tried - trials.accepted
        said = f"{trials.accepted} accepted, {refused} refused, {trials.failed} failed"
        print(f"{trials.tried} points tried: {said}")
        return 1 if trials.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
