"""Which tests run which lines of the modules, and how much of the processor each takes.

Taken once, by coverage.py with the test as context, and kept in a file; a test file is run anew
when it has changed, or a module that it reached. What a shared fixture runs counts for every test
that uses it.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.mutation.forks import Watcher, in_fork, run_pytest

TOO_SLOW = 900.0
"""Seconds after which a test file is given up."""

ELSEWHERE = (
    "test_studio_page",
    "test_studio_served",
    "test_studio_server",
    "test_studio_tabs",
    "test_pocket",
    "test_examples",
    "test_export_failures",
    "test_corpus",
    "test_synthesis",
    "test_direct_evaluation",
    "test_docs",
    "test_golden_plans",
    "test_layout",
    "test_named_mutants",
    "test_newcomer",
    "test_packaging",
)
"""Test files that drive a browser or other processes, render with the pocket weights, or have
nothing to do with the modules: they are not asked."""


@dataclass(frozen=True)
class Reached:
    """Of each test its cost in seconds, and the lines that it runs of each file."""

    costs: dict[str, float]
    lines: dict[str, dict[str, frozenset[int]]]

    def by(self, file: str, lines: Sequence[int], budget: float) -> list[str]:
        """The tests that run one of the lines, the cheapest first, of `budget` seconds in all."""
        wanted = frozenset(lines)
        tests = [test for test, files in self.lines.items() if wanted & files.get(file, set())]
        return _affordable(tests, self.costs, budget)


def naming(root: Path, covered: Reached, names: frozenset[str], budget: float) -> list[str]:
    """The tests whose functions name one of these, the cheapest first, of `budget` seconds.

    What stands outside of functions is run once, when it is imported, by whichever test is first.
    """
    wanted = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(names)))})\b")
    functions: dict[str, str] = {}
    for path in sorted((root / "tests").glob("test_*.py")):
        text = path.read_text()
        if wanted.search(text):
            functions |= {
                f"tests/{path.name}::{node.name}": ast.get_source_segment(text, node) or ""
                for node in ast.parse(text).body
                if isinstance(node, ast.FunctionDef)
            }
    tests = [
        test for test in covered.costs if wanted.search(functions.get(test.partition("[")[0], ""))
    ]
    return _affordable(tests, covered.costs, budget)


def _affordable(tests: Sequence[str], costs: Mapping[str, float], budget: float) -> list[str]:
    """Tests of `budget` seconds in all, the cheapest first; one at least."""
    chosen, spent = [], 0.0
    for test in sorted(tests, key=lambda test: (costs[test], test)):
        spent += costs[test]
        if chosen and spent > budget:
            break
        chosen.append(test)
    return chosen


def reached(root: Path, files: Sequence[str], kept: Path) -> Reached:
    """The map, made where `kept` has none for the test files and modules as they are."""
    known = json.loads(kept.read_text()) if kept.exists() else {}
    now = {file: _digest(root / file) for file in files}
    for path in sorted((root / "tests").glob("test_*.py")):
        if path.stem in ELSEWHERE:
            continue
        old = known.get(path.name)
        if old and old["digest"] == _digest(path):
            seen = {file for test in old["tests"].values() for file in test["lines"]}
            if all(old["modules"].get(file) == now.get(file) for file in seen):
                continue
        began = time.monotonic()
        outcome = in_fork(lambda p=path: _trace(root, files, p), TOO_SLOW)  # type: ignore[misc]
        tests = outcome.answer or {}
        print(f"{path.name}: {len(tests)} tests, {time.monotonic() - began:.0f} s", flush=True)
        known[path.name] = {"digest": _digest(path), "modules": now, "tests": tests}
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(known))
    present = {path.name for path in (root / "tests").glob("test_*.py")}
    tests = {
        name: test
        for file, entry in known.items()
        if file in present
        for name, test in entry["tests"].items()
    }
    costs = {name: test["seconds"] for name, test in tests.items()}
    lines = {
        name: {file: frozenset(found) for file, found in test["lines"].items()}
        for name, test in tests.items()
    }
    return Reached(costs, lines)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _trace(root: Path, files: Sequence[str], path: Path) -> dict[str, Any]:
    """Run one test file and take its passing tests' lines; {test: {seconds, lines}}."""
    import coverage

    tracer = coverage.Coverage(
        data_file=None, include=[str(root / file) for file in files], config_file=False
    )
    watcher, contexts = Watcher(), _Contexts(tracer)
    tracer.start()
    run_pytest(root, [str(path.relative_to(root))], watcher, contexts, first=False)
    tracer.stop()
    data = tracer.get_data()
    found: dict[str, dict[str, list[int]]] = {}
    for file in files:
        for line, names in data.contexts_by_lineno(str(root / file)).items():
            for name in names:
                found.setdefault(name, {}).setdefault(file, []).append(line)
    tests = {}
    for test, seconds in watcher.passed.items():
        merged: dict[str, set[int]] = {}
        for context in (test, *contexts.fixtures.get(test, ())):
            for file, lines in found.get(context, {}).items():
                merged.setdefault(file, set()).update(lines)
        if test not in watcher.failed:  # one that runs no line may still name a constant
            tests[test] = {
                "seconds": round(seconds, 3),
                "lines": {file: sorted(lines) for file, lines in merged.items()},
            }
    return tests


class _Contexts:
    """A pytest plugin that tells the tracer which test or shared fixture is running."""

    def __init__(self, tracer: Any):
        self.tracer = tracer
        self.fixtures: dict[str, list[str]] = {}
        self._stack = [""]

    def _within(self, context: str) -> Iterator[None]:
        self._stack.append(context)
        self.tracer.switch_context(context)
        try:
            yield
        finally:
            self._stack.pop()
            self.tracer.switch_context(self._stack[-1])

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: Any, nextitem: Any) -> Any:
        definitions = item._fixtureinfo.name2fixturedefs
        shared = [d[-1] for d in definitions.values() if d[-1].scope != "function"]
        self.fixtures[item.nodeid] = [_name(definition) for definition in shared]
        yield from self._within(item.nodeid)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> Any:
        scoped = fixturedef.scope != "function"
        yield from self._within(_name(fixturedef) if scoped else self._stack[-1])


def _name(definition: Any) -> str:
    return f"fixture {definition.baseid}::{definition.argname}"
