"""Own sounds that are being learned, each by a process of its own, one at a time.

What `app.py sound learn` does, in the background: it takes no part of the studio's memory, ends
within a step when it is stopped, and leaves its lesson to be gone on with, as a crash does.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from core.errors import StudioError
from core.own_sounds.own_sound import check_sound_name

_PROGRAM = Path(__file__).parents[2] / "app.py"
_PROGRESS = re.compile(r"(\d+) of (\d+) steps(?:, ([\d.]+) minutes left)?")
_NICE = 5 if os.name == "posix" else psutil.BELOW_NORMAL_PRIORITY_CLASS
"""Priority below that of the studio, which goes on rendering."""
_PATIENCE = 5.0
"""Seconds in which a process that is stopped ends."""


@dataclass
class Lesson:
    """A sound that is being learned, or was just now.

    Attributes:
        name: of the sound.
        step, steps: how many were done, of how many; 0 of 0: the recordings are being read.
        minutes_left: as the learning says; None: not known yet.
        done: it ended; `error` says why where it did not succeed.
        stopped: a person ended it before the sound was learned.
        told: that it ended was said.
    """

    name: str
    step: int = 0
    steps: int = 0
    minutes_left: float | None = None
    done: bool = False
    error: str = ""
    stopped: bool = False
    told: bool = False
    process: subprocess.Popen[str] | None = field(default=None, repr=False)


class Lessons:
    """Learns one sound after another for the person at this machine.

    Args:
        profile: name of the model that learns.
        scratch: folder for copies of what was uploaded.
        steps: of each training; 0: the usual.
    """

    def __init__(self, profile: str, scratch: Path, steps: int = 0) -> None:
        self._profile, self._scratch, self._steps = profile, scratch, steps
        self._guard = threading.Lock()
        self.now: Lesson | None = None

    @property
    def busy(self) -> bool:
        return self.now is not None and not self.now.done

    def begin(self, name: str, recordings: Sequence[Path], licence: str, by: str) -> Lesson:
        """Learn a sound, to which consent was given.

        Raises:
            StudioError: another one is being learned, or nothing can be called so.
        """
        self._scratch.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=self._scratch, prefix="learn-"))
        for number, path in enumerate(recordings):
            shutil.copy(path, folder / f"{number:03d} {path.name}")
        given = [str(folder), f"--licence={licence}", f"--by={by}", "--consent"]
        given += [f"--steps={self._steps}"] if self._steps else []
        return self._start(name, given, folder)

    def go_on(self, name: str) -> Lesson:
        """Go on with a lesson that was cut short; raises as `begin`."""
        return self._start(name, [], None)

    def stop(self) -> None:
        """End what is being learned; its lesson stays."""
        lesson = self.now
        if lesson is None or lesson.done or lesson.process is None:
            return
        lesson.stopped = True
        lesson.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            lesson.process.wait(_PATIENCE)

    def close(self) -> None:
        """The studio ends: what is being learned is gone on with another time."""
        self.stop()

    def _start(self, name: str, given: Sequence[str], folder: Path | None) -> Lesson:
        with self._guard:
            if self.busy:
                assert self.now is not None
                raise StudioError(
                    f"{self.now.name!r} is being learned; wait for that, or stop it first."
                )
            command = [sys.executable, str(_PROGRAM), "sound", "--profile", self._profile]
            process = subprocess.Popen(
                [*command, "learn", check_sound_name(name), *given],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
            )
            with suppress(psutil.Error):
                psutil.Process(process.pid).nice(_NICE)
            lesson = self.now = Lesson(name, process=process)
        threading.Thread(target=_follow, args=(lesson, process, folder), daemon=True).start()
        return lesson


def _follow(lesson: Lesson, process: subprocess.Popen[str], folder: Path | None) -> None:
    """Read what a process says until it ends."""
    said = ""
    assert process.stderr is not None
    for line in process.stderr:  # each "\r" ends one
        if found := _PROGRESS.search(line):
            lesson.step, lesson.steps = int(found[1]), int(found[2])
            lesson.minutes_left = float(found[3]) if found[3] else None
        elif line.strip():
            said = line.strip()
    failed = process.wait() != 0
    lesson.stopped = lesson.stopped and failed  # the sound may have been learned before that
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
    if failed and not lesson.stopped:
        lesson.error = said or "Learning ended without a word; go on with it, or begin anew."
    lesson.done = True
