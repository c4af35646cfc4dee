"""The report of a run: counts a module, and the survivors with their reasons.

Three files: the whole run as JSON, by which a run goes on and is compared; a summary as JSON, kept
beside the other evaluations; a page in Markdown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.mutation.sites import Mutant

KILLED = ("failed", "timeout")

HEAD = """# Mutation testing

One line at a time is changed, as a person could have got it wrong, and the tests that run the line
are run: does one fail? Not part of `make test`, since it takes an hour; the mutants that once
survived and matter are named in `tests/mutation/named.py`, and `tests/test_named_mutants.py` holds
them to their place.

    .venv/bin/pip install cosmic-ray coverage
    .venv/bin/python -m tests.mutation --sample 400 --seed 1
    .venv/bin/python -m tests.mutation --named

The mutations are cosmic-ray's and a few of our own; the sample is drawn by the seed, one mutant of
a place in the code, as many of each module (all of a module with fewer). `tests/mutation/sites.py`
says what is left out because no test could notice it, `tests/mutation/reached.py` how the tests are
chosen.
"""


@dataclass(frozen=True)
class Result:
    """What became of a mutant.

    Attributes:
        outcome: "failed" (a test did), "timeout", "survived", "unreached" (no test runs it), or
            "error" (the tests could not be run; counts as not killed).
        killer: the test that failed.
        tests: how many were chosen.
    """

    outcome: str
    killer: str
    tests: int
    seconds: float


def entry(mutant: Mutant, result: Result, reason: str = "") -> dict[str, Any]:
    """What the report keeps of a mutant, and why it may live."""
    kept = ("module", "file", "function", "operator", "line", "before", "after")
    found = {"key": mutant.key, **{name: getattr(mutant, name) for name in kept}, **asdict(result)}
    return found | ({"reason": reason} if reason and result.outcome not in KILLED else {})


def summary(seed: int, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Counts, in all and by module."""
    modules: dict[str, dict[str, int]] = {}
    for one in entries:
        count = modules.setdefault(one["module"], {"sample": 0, "killed": 0})
        count["sample"] += 1
        count["killed"] += one["outcome"] in KILLED
    sample = len(entries)
    killed = sum(count["killed"] for count in modules.values())
    share = round(killed / max(1, sample), 4)
    return {"seed": seed, "sample": sample, "killed": killed, "share": share, "modules": modules}


def write(path: Path, seed: int, entries: Sequence[Mapping[str, Any]]) -> None:
    """Write the whole report."""
    _write_json(path, {**summary(seed, entries), "mutants": list(entries)})


def write_summary(path: Path, report: Path) -> None:
    """Write the counts of a report, without its mutants."""
    found = json.loads(report.read_text())
    _write_json(path, {name: value for name, value in found.items() if name != "mutants"})


def _write_json(path: Path, found: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")


def read(path: Path) -> dict[str, dict[str, Any]]:
    """The entries of an earlier report, by key; none where there is no report."""
    if not path.exists():
        return {}
    return {one["key"]: one for one in json.loads(path.read_text())["mutants"]}


def page(report: Path) -> str:
    """A report as a page: how it is made, figures, survivors with their reasons."""
    found = json.loads(report.read_text())
    lines = [HEAD, f"## Figures\n\nSeed {found['seed']}.\n"]
    lines += ["| module | mutants | killed | share |", "|---|---:|---:|---:|"]
    for name, count in [*found["modules"].items(), ("all", found)]:
        share = count["killed"] / count["sample"]
        lines.append(f"| {name} | {count['sample']} | {count['killed']} | {share:.0%} |")
    lines += ["", "## Survivors"]
    for one in found["mutants"]:
        if one["outcome"] in KILLED:
            continue
        place = f"{one['file']}:{one['line']}, {one['function'] or 'module'}, {one['operator']}"
        reason = one.get("reason", "not looked at yet")
        lines += ["", f"{place} ({one['outcome']}, {one['tests']} tests): {reason}", "", "```diff"]
        lines += [f"-{line}" for line in one["before"].splitlines()]
        lines += [f"+{line}" for line in one["after"].splitlines()]
        lines += ["```"]
    return "\n".join(lines) + "\n"
