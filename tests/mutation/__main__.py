"""The command: `python -m tests.mutation --help`."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.mutation import forks, named, report
from tests.mutation.reached import Reached, naming, reached
from tests.mutation.sites import Mutant, defined_at, mutants, sample

ROOT = Path(__file__).resolve().parents[2]

MODULES = {
    "bridge": ("core/bridge/bridge.py",),
    "performer": ("core/performer/*.py",),
    "flow": ("core/performer/flow.py",),
    "objective": ("core/training/objective.py", "core/training/lesson.py"),
    "mix": ("core/mix/mix.py", "core/mix/crossfade.py"),
    "grammar": ("core/language/stream.py", "core/language/reasoning.py"),
    "timeline": ("core/story/timeline.py",),
    "takes": ("core/render/takes.py",),
}
"""The modules of the report, by pattern; a file counts for the last that names it."""

REASONS = Path(__file__).with_name("reasons.json")
"""Why a survivor may live, by its key; the report has the keys."""

BUDGET = 30.0
"""Seconds of the processor for the tests of one mutant, the cheapest first."""

START = 60.0
"""Seconds that a run may take beyond five times what its tests take: imports, the tiny model."""


def files_of(modules: Sequence[str]) -> dict[str, str]:
    """{file: module} of the modules asked for."""
    found = {
        path.relative_to(ROOT).as_posix(): module
        for module, patterns in MODULES.items()
        for pattern in patterns
        for path in sorted(ROOT.glob(pattern))
        if path.name != "__init__.py"
    }
    return {file: module for file, module in found.items() if module in modules}


def judge(mutant: Mutant, tests: list[str], limit: float, busy: float) -> report.Result:
    """Run the tests against the mutant.

    Args:
        limit: seconds of the processor.
        busy: how many wait for each processor, by which the clock may take longer.
    """
    if not tests:
        return report.Result("unreached", "", 0, 0.0)

    def run() -> dict[str, Any]:
        substitute = forks.Substitute(ROOT, mutant.file, mutant.source)
        substitute.install()
        try:
            importlib.import_module(substitute.name)
        except Exception:
            return {"code": 1, "failed": [f"import {substitute.name}"]}
        watcher = forks.Watcher()
        return {"code": forks.run_pytest(ROOT, tests, watcher), "failed": watcher.failed}

    outcome = forks.in_fork(run, busy * limit, limit)
    seconds = round(outcome.seconds, 1)
    if outcome.answer is None:
        return report.Result("timeout", "", len(tests), seconds)
    code, failed = outcome.answer["code"], outcome.answer["failed"]
    if failed:
        return report.Result("failed", failed[0], len(tests), seconds)
    return report.Result("error" if code else "survived", "", len(tests), seconds)


def chosen(mutant: Mutant, covered: Reached, known: str, budget: float) -> list[str]:
    """The tests for a mutant, the one that killed it before first."""
    tests = [known] if known in covered.costs else []
    if names := defined_at(ROOT / mutant.file, mutant.line):
        tests += naming(ROOT, covered, names, budget)
    return list(dict.fromkeys(tests + covered.by(mutant.file, mutant.lines, budget)))


def drawn(modules: Sequence[str], count: int, seed: int) -> list[Mutant]:
    """The sample: as many of each module, or all that there are; the others make up for it."""
    found: dict[str, list[Mutant]] = {name: [] for name in modules}
    for file, module in files_of(modules).items():
        found[module] += mutants(module, ROOT, file)
    left, samples = count, []
    for index, name in enumerate(sorted(found, key=lambda name: len(found[name]))):
        part = sample(found[name], -(-left // (len(found) - index)), seed)
        left -= len(part)
        samples += part
    return samples


def take(given: argparse.Namespace) -> None:
    """Judge the sample, as far as the time goes, and write the report after each mutant."""
    began = time.monotonic()
    covered = reached(ROOT, sorted(files_of(list(MODULES))), given.map)
    wanted = drawn(given.module or list(MODULES), given.sample, given.seed)
    before = report.read(given.out)
    reasons = json.loads(REASONS.read_text()) if REASONS.exists() else {}
    done: dict[str, dict[str, Any]] = {}
    for mutant in wanted:
        known = before.get(mutant.key)
        again = given.again or (given.survivors and known and known["outcome"] not in report.KILLED)
        if known and not again:
            reason = {"reason": reasons[mutant.key]} if mutant.key in reasons else {}
            done[mutant.key] = known | reason
    for mutant in wanted:
        if mutant.key in done:
            continue
        if time.monotonic() - began > 60 * given.minutes:
            print(f"{len(done)} of {len(wanted)} done; run again to go on")
            break
        killer = before.get(mutant.key, {}).get("killer", "")
        tests = chosen(mutant, covered, killer, BUDGET)
        busy = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
        limit = START + 5 * sum(covered.costs[test] for test in tests)
        result = judge(mutant, tests, limit, busy)
        done[mutant.key] = report.entry(mutant, result, reasons.get(mutant.key, ""))
        print(result.outcome, mutant.file, mutant.line, mutant.operator, result.seconds, flush=True)
        report.write(given.out, given.seed, [*done.values()])
    report.write(given.out, given.seed, [*done.values()])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--sample", type=int, default=400, help="mutants in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--module", action="append", choices=MODULES, help="only these")
    parser.add_argument("--named", action="store_true", help="the mutants of tests/mutation/named")
    parser.add_argument("--out", type=Path, default=Path("/tmp/mutation/report.json"))
    parser.add_argument("--map", type=Path, default=Path("/tmp/mutation/reached.json"))
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after; run again to go on")
    parser.add_argument("--again", action="store_true", help="take what is in --out anew")
    parser.add_argument("--survivors", action="store_true", help="take the survivors of --out anew")
    parser.add_argument("--summary", type=Path, help="write the counts here as well")
    parser.add_argument("--page", type=Path, help="write the report as Markdown here as well")
    given = parser.parse_args(arguments)
    forks.preload(ROOT)
    if given.named:
        return named.check(ROOT)
    take(given)
    page = report.page(given.out)
    print(page)
    if given.page:
        given.page.write_text(page)
    if given.summary:
        report.write_summary(given.summary, given.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
