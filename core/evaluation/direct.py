"""`python app.py evaluate direct`: does the director follow the instruction?

Judged on the development set, core/evaluation/development.jsonl: 132 instructions, written by other
rules than the training ones. They were looked at while constraints and thresholds were set, so that
they say how well those fit, not how well the director does on what nobody has seen. Each has the
events that it asks for in order (`required`: the words of which a caption must have one, as
beginnings of words and regardless of case) and the lengths that it gives (`explicit`: place in
`required`, seconds). Words accept what a sound designer would accept as that event in its context,
and nothing wider.

- Recall: of all required events of all instructions, the share that has an event of its own in the
  plan (the largest matching; one event never serves for two).
- Order: of the instructions of which two or more required events were found, the share in which all
  that were found can be matched in the order of the instruction.
- Nothing invented: the share of instructions without an invented event. Invented is an event that
  matches neither a required one nor what else may be heard (`optional`, words likewise), even
  where its words stand in the instruction ("nobody answers", "thank you"), or that repeats in the
  same words what is there as often as the instruction says it. A scene that names no sounds
  (`scene`) leaves the choice to the director, who may not repeat itself there either. An
  instruction that became no story counts as one with an invented event.
- Times: of all lengths given, the share whose event lasts exactly so long (to 0.05 s), the events
  taken as in the largest matching that keeps the order. An event that is missing is a miss.
- Parses: the share of instructions that became a story. Parse and sum: the share in which the
  lengths also summed to the total as the director wrote them, before any were scaled.

Five directors are compared. Ours plans by the studio's own function under each of the three sets
of constraints (core/director/constraints.py): `none`, `grammar` and `all`, the studio's.
`zero-shot` is the language model as it comes, without adapter, with the same prompt and the
grammar; `template` cuts the instruction at commas and joining words.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from core.audiostory import (
    AudioStory,
    build_audiostory,
    default_placement,
    load_audiostory,
)
from core.director.clauses import split_clauses, stems
from core.director.constraints import Constraints
from core.director.plan import plan
from core.director.progress import PlanProgress
from core.errors import FileError, StudioError
from core.language.stream import PlannedEvent
from core.places import cache_folder
from core.profile import Profile, load_profile
from core.story.durations import fit_durations
from core.story.story import Event, Story

DEVELOPMENT_SET = Path(__file__).parent / "development.jsonl"
CODE = Path(__file__).parent.parent
_NEAR = 0.05
_CONSTRAINED: Mapping[str, Constraints] = {"none": "none", "grammar": "grammar", "all": "all"}
_ROWS = (*_CONSTRAINED, "zero-shot", "template")

Planner = Callable[[str, float], PlanProgress]
"""An instruction and seconds to a finished plan."""


@dataclass(frozen=True)
class DevelopmentExample:
    """One instruction of the development set; see the module's docstring."""

    instruction: str
    seconds: float
    required: tuple[tuple[str, ...], ...]
    explicit: tuple[tuple[int, float], ...]
    scene: bool = False
    optional: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """What one director made of one instruction."""

    row: str
    place: int
    required: int = 0
    found: int = 0
    ordered: bool = False
    invented: tuple[str, ...] = ()
    times: int = 0
    obeyed: int = 0
    parses: bool = False
    sums: bool = False
    captions: tuple[str, ...] = ()


def development_set(path: Path = DEVELOPMENT_SET) -> list[DevelopmentExample]:
    """Its instructions in the order of the file."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        DevelopmentExample(
            row["instruction"],
            float(row["seconds"]),
            tuple(map(tuple, row["required"])),
            tuple((int(i), float(s)) for i, s in row["explicit"]),
            bool(row.get("scene", False)),
            tuple(row.get("optional", ())),
        )
        for row in rows
    ]


def mentions(caption: str, words: Iterable[str]) -> bool:
    """Whether the caption has one of the words, as the beginning of a word."""
    return any(re.search(rf"\b{re.escape(word)}", caption, re.IGNORECASE) for word in words)


def largest_matching(fits: Sequence[Sequence[bool]]) -> int:
    """How many rows can each have a column of their own (augmenting paths)."""
    owner: dict[int, int] = {}

    def place(row: int, seen: set[int]) -> bool:
        for column, fit in enumerate(fits[row]):
            if fit and column not in seen:
                seen.add(column)
                if column not in owner or place(owner[column], seen):
                    owner[column] = row
                    return True
        return False

    return sum(place(row, set()) for row in range(len(fits)))


def ordered_matching(fits: Sequence[Sequence[bool]]) -> dict[int, int]:
    """The largest matching of rows to columns that keeps the order: row to column."""
    rows, columns = len(fits), len(fits[0]) if fits else 0
    best = [[0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        for j in range(columns - 1, -1, -1):
            taken = 1 + best[i + 1][j + 1] if fits[i][j] else 0
            best[i][j] = max(taken, best[i + 1][j], best[i][j + 1])
    found: dict[int, int] = {}
    i = j = 0
    while i < rows and j < columns:
        if fits[i][j] and best[i][j] == 1 + best[i + 1][j + 1]:
            found[i] = j
            i, j = i + 1, j + 1
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            i += 1
    return found


def invented(example: DevelopmentExample, captions: Sequence[str]) -> tuple[str, ...]:
    """The captions that nothing in the instruction asks for."""
    parts = split_clauses(example.instruction)
    found = []
    for i, caption in enumerate(captions):
        heard = (*example.required, example.optional)
        wanted = example.scene or any(mentions(caption, words) for words in heard)
        own = stems(caption)
        before = sum(own == stems(other) for other in captions[:i])
        often = max((sum(s in part.stems for part in parts) for s in own), default=1)
        if not wanted or before >= max(1, often):
            found.append(caption)
    return tuple(found)


def judge(row: str, place: int, example: DevelopmentExample, planned: PlanProgress) -> Verdict:
    """Compare one finished plan with what its instruction asks for."""
    story = planned.story
    assert story is not None
    written = sum(event.duration for event in planned.events)
    captions = [event.caption for event in story.sequence]
    lengths = [event.duration for event in story.sequence]
    fits = [[mentions(caption, words) for caption in captions] for words in example.required]
    found = largest_matching(fits)
    order = ordered_matching(fits)
    obeyed = sum(
        i in order and abs(lengths[order[i]] - seconds) <= _NEAR for i, seconds in example.explicit
    )
    return Verdict(
        row,
        place,
        len(example.required),
        found,
        len(order) == found,
        invented(example, captions),
        len(example.explicit),
        obeyed,
        True,
        abs(written - example.seconds) < 1e-3,
        tuple(captions),
    )


def table(verdicts: Sequence[Verdict]) -> dict[str, dict[str, float]]:
    """Shares of each director, by its name."""
    figures = {}
    for row in dict.fromkeys(v.row for v in verdicts):
        own = [v for v in verdicts if v.row == row]
        several = [v for v in own if v.found > 1]
        figures[row] = {
            "instructions": float(len(own)),
            "recall": _share(sum(v.found for v in own), sum(v.required for v in own)),
            "order": _share(sum(v.ordered for v in several), len(several)),
            "nothing_invented": _share(sum(not v.invented and v.parses for v in own), len(own)),
            "times": _share(sum(v.obeyed for v in own), sum(v.times for v in own)),
            "parses": _share(sum(v.parses for v in own), len(own)),
            "parse_and_sum": _share(sum(v.sums for v in own), len(own)),
        }
    return figures


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else float("nan")


def directed(model: AudioStory, constraints: Constraints) -> Planner:
    """A language model that plans as in the studio, under these constraints."""

    def planned(instruction: str, seconds: float) -> PlanProgress:
        return list(plan(model, instruction, seconds, 0, constraints=constraints))[-1]

    return planned


def template(instruction: str, seconds: float) -> PlanProgress:
    """Every clause an event, all of the same length."""
    parts = [" ".join(part.text.split()).strip(" .,;:") for part in split_clauses(instruction)]
    parts = [part for part in parts if part][:24] or [instruction]
    lengths = fit_durations([1.0] * len(parts), seconds)
    events, clock = [], 0.0
    for number, (part, length) in enumerate(zip(parts, lengths, strict=True), 1):
        events.append(Event(f"e{number}", part[:400], round(clock, 3), length))
        clock += length
    story = Story(instruction, seconds, 0, "template", "", tuple(events))
    return PlanProgress("", tuple(PlannedEvent(e.caption, e.duration) for e in events), story)


class Directors:
    """The directors of the table's rows; each model is loaded once, where it is needed."""

    def __init__(self, profile: Profile):
        self._profile = profile

    def __getitem__(self, row: str) -> Planner:
        if row == "template":
            return template
        if row == "zero-shot":
            return directed(self._untrained, "grammar")
        return directed(self._trained, _CONSTRAINED[row])

    @cached_property
    def _trained(self) -> AudioStory:
        return load_audiostory(self._profile)

    @cached_property
    def _untrained(self) -> AudioStory:
        model = build_audiostory(self._profile, adapter=False).eval().requires_grad_(False)
        model.place(default_placement(model))
        return model


def main(argv: Sequence[str]) -> None:
    """Judge, a line an instruction; the last line is one JSON object."""
    parser = argparse.ArgumentParser(prog="app.py evaluate direct", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--profile", default="pocket")
    parser.add_argument("--limit", type=int, help="judge so many instructions, evenly chosen")
    parser.add_argument("--rows", nargs="+", choices=_ROWS, default=list(_ROWS))
    parser.add_argument("--record", type=Path, help="file of verdicts; one that is there goes on")
    arguments = parser.parse_args(argv)
    profile = load_profile(arguments.profile)
    instructions = list(enumerate(development_set()))
    if arguments.limit:
        step = max(1.0, len(instructions) / arguments.limit)
        chosen = {int(i * step) for i in range(arguments.limit)}
        instructions = [pair for pair in instructions if pair[0] in chosen]
    record = arguments.record or record_of(profile)
    verdicts: list[Verdict] = []
    known = _read(record)
    directors = Directors(profile)
    for row in arguments.rows:
        for place, example in instructions:
            verdict = known.get((row, place))
            if verdict is None:
                verdict = _judged(row, place, example, directors[row])
                _append(record, verdict)
            verdicts.append(verdict)
            print(_line(verdict), flush=True)
    figures = table(verdicts)
    print(_text(figures), end="\n\n")
    print(json.dumps(figures))


def _judged(row: str, place: int, example: DevelopmentExample, planner: Planner) -> Verdict:
    try:
        return judge(row, place, example, planner(example.instruction, example.seconds))
    except StudioError as error:
        return Verdict(
            row, place, len(example.required), times=len(example.explicit), captions=(str(error),)
        )


def record_of(profile: Profile, code: Path = CODE) -> Path:
    """A file for these weights, these instructions and this code, so that a stopped run goes on.

    Args:
        code: folder whose modules and data, in all folders below it, decide on a verdict.
    """
    digest = hashlib.sha256()
    weights = profile.folder.rglob("*.safetensors") if profile.weights else []
    for path in (*sorted(weights), *sorted(code.rglob("*"))):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(path.name.encode() + path.read_bytes())
    cache = cache_folder()
    if cache is None:
        raise FileError("There is no folder to keep verdicts in; name one in XDG_CACHE_HOME.")
    return cache / f"direct-{digest.hexdigest()[:16]}.jsonl"


def _read(record: Path) -> dict[tuple[str, int], Verdict]:
    if not record.is_file():
        return {}
    rows = [
        json.loads(line)
        for line in record.read_text(encoding="utf-8").splitlines()
        if line.endswith("}")
    ]
    verdicts = [
        Verdict(**{**r, "invented": tuple(r["invented"]), "captions": tuple(r["captions"])})
        for r in rows
    ]
    return {(v.row, v.place): v for v in verdicts}


def _append(record: Path, verdict: Verdict) -> None:
    with record.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(verdict), ensure_ascii=False) + "\n")


def _line(v: Verdict) -> str:
    notes = [
        f"{v.found}/{v.required}",
        "" if v.ordered or v.found < 2 else "order",
        f"invented: {'; '.join(v.invented)}" if v.invented else "",
        f"times {v.obeyed}/{v.times}" if v.obeyed < v.times else "",
        "" if v.sums else "sum" if v.parses else "no story",
    ]
    return f"{v.row:10s} {v.place:4d}  {'  '.join(filter(None, notes))}  [{' | '.join(v.captions)}]"


def _text(figures: dict[str, dict[str, float]]) -> str:
    names = list(next(iter(figures.values())))
    lines = [f"{'':12s}" + "".join(f"{name:>18s}" for name in names)]
    lines += [
        f"{row:12s}" + "".join(f"{values[name]:18.3f}" for name in names)
        for row, values in figures.items()
    ]
    return "\n".join(lines)
