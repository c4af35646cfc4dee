"""pytest in forks of a process that has imported torch and the like, but nothing of core.

A fork imports core anew, so that a changed module can be put in its place before anything has
imported it: 2 s a run instead of 30 s.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import math
import os
import resource
import select
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import pytest

from core.environment import settle_libraries

MEMORY = 6 * 2**30
"""Bytes of data that a fork may ask for: a mutant must not take the machine with it."""

ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
"""Set before anything is imported: a process with threads cannot be forked safely."""


@dataclass(frozen=True)
class Outcome:
    """What became of a fork: its answer, or None where it was stopped after `seconds`."""

    answer: Any
    seconds: float


def preload(root: Path) -> None:
    """Import what core and the tests import of other people's, by asking a fork that did."""

    def scout() -> list[str]:
        sys.path[:0] = [str(root), str(root / "tests")]
        importlib.import_module("core.training.objective")
        importlib.import_module("core.render.render")
        audiostory = importlib.import_module("core.audiostory")
        profile = importlib.import_module("core.profile")
        audiostory.load_audiostory(profile.load_profile("tiny"))
        return [name for name in sys.modules if name.partition(".")[0] not in ("core", "tests")]

    os.environ |= ENVIRONMENT
    settle_libraries(os.environ)
    for name in ("torch", "transformers", "diffusers", "pytest", "hypothesis", "soundfile"):
        importlib.import_module(name)
    _settle()
    for name in in_fork(scout, 300.0).answer:
        if not name.startswith("__"):
            with contextlib.suppress(Exception):
                importlib.import_module(name)


def _settle() -> None:
    """One thread, and property tests that draw the same examples each time."""
    import torch
    from hypothesis import HealthCheck, settings

    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    settings.register_profile(
        "mutation",
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("mutation")


def in_fork(work: Callable[[], Any], limit: float, processor: float | None = None) -> Outcome:
    """What `work` returns in a fork, by way of JSON; the fork and its children end with it.

    Args:
        limit: seconds by the clock.
        processor: seconds of the processor, which a busy machine does not make longer.
    """
    reader, writer = os.pipe()
    began = time.monotonic()
    sys.stdout.flush()
    child = os.fork()
    if not child:
        os.close(reader)
        _work_and_exit(work, writer, processor)
    os.close(writer)
    received = b""
    try:
        while (left := limit - (time.monotonic() - began)) > 0:
            if not select.select([reader], [], [], left)[0]:
                break
            block = os.read(reader, 65_536)
            if not block:
                break
            received += block
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(reader)
    answer = json.loads(received) if received.endswith(b"\n") else None
    return Outcome(answer, time.monotonic() - began)


def _work_and_exit(work: Callable[[], Any], writer: int, processor: float | None) -> None:
    try:
        os.setsid()
        if processor is not None:
            seconds = math.ceil(time.process_time() + processor)
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        answer = json.dumps(work()).encode() + b"\n"
        while answer:
            answer = answer[os.write(writer, answer) :]
    finally:
        os._exit(0)


class Substitute(importlib.abc.MetaPathFinder):
    """Finds one module's changed source instead of its file."""

    def __init__(self, root: Path, file: str, source: str):
        self.name = file.removesuffix(".py").replace("/", ".")
        self.path = str(root / file)
        self.source = source

    def install(self) -> None:
        """Let every import from now on find the change."""
        sys.meta_path.insert(0, self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self.name:
            return None
        loader = _Loader(fullname, self.path, self.source)
        return importlib.util.spec_from_file_location(fullname, self.path, loader=loader)


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, source: str):
        super().__init__(name, path)
        self._changed = source

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._changed, self.path, "exec", dont_inherit=True)


class Watcher:
    """A pytest plugin that keeps what happened: failures, passes, and what stopped the run.

    Attributes:
        passed: seconds of the processor by test, children's included: what a test costs does not
            depend on what else the machine does.
    """

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.passed: dict[str, float] = {}
        self.problems: list[str] = []
        self._seconds = 0.0

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call(self) -> Iterator[None]:
        began = _processor()
        yield
        self._seconds = _processor() - began

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.failed.append(report.nodeid)
            self.problems.append(report.longreprtext[-600:])
        elif report.when == "call" and report.passed:
            self.passed[report.nodeid] = self._seconds

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.failed.append(f"collection of {report.nodeid}")
            self.problems.append(report.longreprtext[-600:])


def _processor() -> float:
    """Seconds of the processor, of this process and of children that have ended."""
    now = os.times()
    return now.user + now.system + now.children_user + now.children_system


class _InOrder:
    """A pytest plugin: the tests run as they are named, whatever the suite's own order is."""

    def __init__(self, tests: Sequence[str]):
        self._place = {test: place for place, test in enumerate(tests)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: self._place.get(item.nodeid, len(self._place)))


def run_pytest(root: Path, tests: Sequence[str], *plugins: object, first: bool = True) -> int:
    """pytest on some tests, in this process; `first`: stop at the first failure."""
    os.chdir(root)
    sys.path[:0] = [str(root)]
    sys.dont_write_bytecode = True
    with tempfile.TemporaryDirectory(prefix="mutation-") as base:
        options = ["-p", "no:cacheprovider", f"--basetemp={base}/tests", "--timeout=0"]
        options += ["-x"] if first else []
        return int(pytest.main([*options, *tests], [*plugins, _InOrder(tests)]))
