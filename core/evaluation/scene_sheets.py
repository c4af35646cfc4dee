"""`python app.py evaluate scenes`: are the plans of scenes fitting? Two judges say, on sheets.

A scene ("a ghost story in an old castle") names no sound, so that no list of words can judge its
plan. A judge sees brief and plan alone, in an order drawn by chance and without the planner's name,
and answers one question: has the plan at least four fitting sounds, unlike each other, none of them
the brief itself? The sheets are made of the plans that `evaluate scores --plans` writes:

    app.py evaluate scenes --plans plans.jsonl --out DIR
    app.py evaluate scenes --judged DIR/judge-1.csv DIR/judge-2.csv --key DIR/key.json

The first writes a sheet for each judge, whose last column is theirs to fill with yes or no. The
second prints for each planner which share each judge and which both find fitting, how often they
agree, and Cohen's kappa: agreement beyond what two who answer by chance would have, 1 is whole.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import FileError
from core.evaluation.score_briefs import SCORE_BRIEFS, read_briefs
from core.files import write_atomically

JUDGES = 2
SCENE_QUESTION = (
    "At least four fitting sounds, unlike each other, none of them the brief itself: yes or no?"
)
_COLUMNS = ("number", "brief", "seconds", "plan", SCENE_QUESTION)
_ANSWERS = {"yes": True, "y": True, "no": False, "n": False}


@dataclass(frozen=True)
class ScenePlan:
    """What a judge sees, and which planner made it; events as lines of text."""

    row: str
    brief: str
    seconds: float
    events: tuple[str, ...]


def read_scene_plans(plans: Path, briefs: Path = SCORE_BRIEFS) -> list[ScenePlan]:
    """The plans of scenes in a file of verdicts on these briefs.

    Raises:
        FileError: a line is no verdict on one of them, or none is on a scene.
    """
    known = read_briefs(briefs)
    found = []
    for number, line in enumerate(_text(plans).splitlines(), 1):
        try:
            verdict = json.loads(line)
            brief = known[verdict["place"]]
            row, events = str(verdict["row"]), tuple(map(str, verdict["plan"]))
        except (ValueError, LookupError, TypeError):
            raise FileError(
                f"{plans.name}:{number} is no verdict on {briefs.name}; write it with evaluate "
                "scores --plans."
            ) from None
        if brief.scene:
            found.append(ScenePlan(row, brief.brief, brief.seconds, events))
    if not found:
        raise FileError(f"{plans.name} holds no plan of a scene; judge more briefs.")
    return found


def write_sheets(plans: Sequence[ScenePlan], folder: Path, seed: int = 0) -> list[Path]:
    """Write a sheet for each judge, each in an order of its own, and key.json; returns all files.

    The key names the planner of each number.
    """
    folder.mkdir(parents=True, exist_ok=True)
    dice = random.Random(seed)
    numbers = dice.sample(range(1, len(plans) + 1), len(plans))
    numbered = dict(sorted(zip(numbers, plans, strict=True)))
    files = []
    for judge in range(1, JUDGES + 1):
        order = dice.sample(sorted(numbered), len(numbered))
        sheet = io.StringIO()
        table = csv.writer(sheet)
        table.writerow(_COLUMNS)
        for number in order:
            plan = numbered[number]
            table.writerow((number, plan.brief, f"{plan.seconds:g}", "\n".join(plan.events), ""))
        files.append(folder / f"judge-{judge}.csv")
        write_atomically(files[-1], sheet.getvalue().encode())
    key = {str(number): plan.row for number, plan in numbered.items()}
    files.append(folder / "key.json")
    write_atomically(files[-1], json.dumps(key).encode())
    return files


def read_judgments(sheet: Path) -> dict[str, bool]:
    """What a judge has answered, by number.

    Raises:
        FileError: a row has no answer of yes or no.
    """
    answers = {}
    for row in csv.DictReader(io.StringIO(_text(sheet))):
        number, answer = row.get("number") or "?", (row.get(SCENE_QUESTION) or "").strip().lower()
        if answer not in _ANSWERS:
            raise FileError(
                f"{sheet.name}: number {number} is answered {answer[:20]!r}; write yes or no."
            )
        answers[number] = _ANSWERS[answer]
    return answers


def judged_table(
    first: Mapping[str, bool], second: Mapping[str, bool], key: Mapping[str, str]
) -> dict[str, dict[str, float]]:
    """For each planner what the judges say of its plans, in shares of them, and their kappa.

    Raises:
        FileError: the three do not tell of the same plans.
    """
    if not first.keys() == second.keys() == key.keys():
        raise FileError("The sheets and the key are not of the same plans; judge those made last.")
    table = {}
    for row in dict.fromkeys(key.values()):
        pairs = [(first[n], second[n]) for n, planner in key.items() if planner == row]
        one, other = (sum(pair[i] for pair in pairs) / len(pairs) for i in (0, 1))
        agreed = sum(a == b for a, b in pairs) / len(pairs)
        table[row] = {
            "scenes": float(len(pairs)),
            "first": round(one, 4),
            "second": round(other, 4),
            "both": round(sum(a and b for a, b in pairs) / len(pairs), 4),
            "agreement": round(agreed, 4),
            "kappa": round(_kappa(agreed, one, other), 4),
        }
    return table


def _kappa(agreed: float, one: float, other: float) -> float:
    """Cohen's kappa of two judges (Educational and Psychological Measurement 20, 1960).

    Where both always say the same it is 1, though nothing is left to agree on by chance.
    """
    chance = one * other + (1.0 - one) * (1.0 - other)
    return 1.0 if chance == 1.0 else (agreed - chance) / (1.0 - chance)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as cause:
        raise FileError(f"{path} cannot be read ({cause}); check the path.") from None


def _read_key(path: Path) -> dict[str, str]:
    try:
        key: dict[str, Any] = json.loads(_text(path))
        return {str(number): str(row) for number, row in key.items()}
    except (ValueError, AttributeError):
        raise FileError(f"{path.name} is no key of sheets; take key.json beside them.") from None


def main(argv: Sequence[str]) -> None:
    """Write the sheets, or say what the judges say; then the last line is one JSON object."""
    parser = argparse.ArgumentParser(prog="app.py evaluate scenes", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--plans", type=Path, help="of evaluate scores --plans")
    parser.add_argument("--briefs", type=Path, default=SCORE_BRIEFS, help="that were planned")
    parser.add_argument("--out", type=Path, help="folder for sheets and key")
    parser.add_argument("--seed", type=int, default=0, help="of the order")
    parser.add_argument("--judged", type=Path, nargs=JUDGES, help="the sheets, filled in")
    parser.add_argument("--key", type=Path, help="that was written beside them")
    arguments = parser.parse_args(argv)
    if arguments.plans and arguments.out:
        plans = read_scene_plans(arguments.plans, arguments.briefs)
        for path in write_sheets(plans, arguments.out, arguments.seed):
            print(path)
    elif arguments.judged and arguments.key:
        judged = [read_judgments(sheet) for sheet in arguments.judged]
        print(json.dumps(judged_table(judged[0], judged[1], _read_key(arguments.key))))
    else:
        parser.error("give --plans and --out, or --judged and --key")
