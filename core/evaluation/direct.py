"""`python app.py evaluate direct`: does the director follow the instruction?

Judged on core/evaluation/instructions.jsonl: held-out instructions, written by other rules than the
training ones, each with the events that it asks for in order (`required`: the words of which a
caption must have one, as beginnings of words and regardless of case) and the lengths that it gives
(`explicit`: place in `required`, seconds). Words accept what a sound designer would accept as that
event in its context, and nothing wider.

- Recall: of all required events of all instructions, the share that has an event of its own in the
  plan (the largest matching; one event never serves for two).
- Order: of the instructions of which two or more required events were found, the share in which all
  that were found can be matched in the order told.
- Nothing invented: the share of instructions without an invented event. Invented is an event that
  matches neither a required one nor what else may be heard (`optional`, words likewise), even
  where its words stand in the instruction ("nobody answers", "thank you"), or that tells again in
  the same words what was told as often as the instruction tells it. A scene that names no sounds
  (`scene`) leaves the choice to the director, who may not repeat itself there either. An
  instruction that became no story counts as one with an invented event.
- Times: of all lengths given, the share whose event lasts exactly so long (to 0.05 s), the events
  taken as in the largest matching that keeps the order. An event that is missing is a miss.
- Parse and sum: the share of instructions that became a story whose events sum to the total.

Three directors are compared: ours, the language model as it comes (same prompt and grammar, no
adapter), and a template that cuts the instruction at commas and joining words.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from core.audiostory import AudioStory, build_audiostory, load_audiostory
from core.director.clauses import split_clauses, stems
from core.director.plan import plan
from core.errors import StudioError
from core.profile import Profile, load_profile
from core.story.durations import fit_durations
from core.story.story import Event, Story

INSTRUCTIONS = Path(__file__).parent / "instructions.jsonl"
CODE = Path(__file__).parent.parent
_NEAR = 0.05
_ROWS = ("ours", "zero-shot", "template")

Planner = Callable[[str, float], Story]


@dataclass(frozen=True)
class Held:
    """One held-out instruction; see the module's docstring."""

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
    sums: bool = False
    captions: tuple[str, ...] = ()


def held_out(path: Path = INSTRUCTIONS) -> list[Held]:
    """The held-out instructions in the order of the file."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        Held(
            row["instruction"],
            float(row["seconds"]),
            tuple(map(tuple, row["required"])),
            tuple((int(i), float(s)) for i, s in row["explicit"]),
            bool(row.get("scene", False)),
            tuple(row.get("optional", ())),
        )
        for row in rows
    ]


def _says(caption: str, words: Iterable[str]) -> bool:
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


def invented(held: Held, captions: Sequence[str]) -> tuple[str, ...]:
    """The captions that nothing in the instruction asks for."""
    parts = split_clauses(held.instruction)
    found = []
    for i, caption in enumerate(captions):
        asked = held.scene or any(_says(caption, w) for w in (*held.required, held.optional))
        said = stems(caption)
        before = sum(said == stems(other) for other in captions[:i])
        often = max((sum(s in part.stems for part in parts) for s in said), default=1)
        if not asked or before >= max(1, often):
            found.append(caption)
    return tuple(found)


def judge(row: str, place: int, held: Held, story: Story) -> Verdict:
    """Compare one plan with what its instruction asks for."""
    captions = [event.caption for event in story.sequence]
    lengths = [event.duration for event in story.sequence]
    fits = [[_says(caption, words) for caption in captions] for words in held.required]
    found = largest_matching(fits)
    order = ordered_matching(fits)
    obeyed = sum(
        i in order and abs(lengths[order[i]] - seconds) <= _NEAR for i, seconds in held.explicit
    )
    return Verdict(
        row,
        place,
        len(held.required),
        found,
        len(order) == found,
        invented(held, captions),
        len(held.explicit),
        obeyed,
        abs(sum(lengths) - held.seconds) < 1e-3,
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
            "nothing_invented": _share(sum(not v.invented and v.sums for v in own), len(own)),
            "times": _share(sum(v.obeyed for v in own), sum(v.times for v in own)),
            "parse_and_sum": _share(sum(v.sums for v in own), len(own)),
        }
    return figures


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else float("nan")


def ours(model: AudioStory) -> Planner:
    """A language model under our prompt and grammar."""

    def planned(instruction: str, seconds: float) -> Story:
        story = [p.story for p in plan(model, instruction, seconds, 0)][-1]
        assert story is not None
        return story

    return planned


def template(instruction: str, seconds: float) -> Story:
    """Every clause an event, all of the same length."""
    parts = [" ".join(part.text.split()).strip(" .,;:") for part in split_clauses(instruction)]
    parts = [part for part in parts if part][:24] or [instruction]
    lengths = fit_durations([1.0] * len(parts), seconds)
    events, clock = [], 0.0
    for number, (part, length) in enumerate(zip(parts, lengths, strict=True), 1):
        events.append(Event(f"e{number}", part[:400], round(clock, 3), length))
        clock += length
    return Story(instruction, seconds, 0, "template", "", tuple(events))


def planner(row: str, profile: Profile) -> Planner:
    """The director of that row of the table."""
    if row == "template":
        return template
    if row == "ours":
        return ours(load_audiostory(profile))
    return ours(build_audiostory(profile, adapter=False).eval().requires_grad_(False))


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
    instructions = list(enumerate(held_out()))
    if arguments.limit:
        step = max(1.0, len(instructions) / arguments.limit)
        chosen = {int(i * step) for i in range(arguments.limit)}
        instructions = [pair for pair in instructions if pair[0] in chosen]
    record = arguments.record or record_of(profile)
    verdicts: list[Verdict] = []
    known = _read(record)
    for row in arguments.rows:
        missing = [place for place, _ in instructions if (row, place) not in known]
        make = planner(row, profile) if missing else None
        for place, held in instructions:
            verdict = known.get((row, place))
            if verdict is None and make is not None:
                verdict = _judged(row, place, held, make)
                _append(record, verdict)
            assert verdict is not None
            verdicts.append(verdict)
            print(_line(verdict), flush=True)
    figures = table(verdicts)
    print(_text(figures), end="\n\n")
    print(json.dumps(figures))


def _judged(row: str, place: int, held: Held, make: Planner) -> Verdict:
    try:
        return judge(row, place, held, make(held.instruction, held.seconds))
    except StudioError as error:
        return Verdict(
            row, place, len(held.required), times=len(held.explicit), captions=(str(error),)
        )


def record_of(profile: Profile, code: Path = CODE) -> Path:
    """A file for these weights, these instructions and this code, so that a stopped run goes on."""
    digest = hashlib.sha256(INSTRUCTIONS.read_bytes())
    for path in (*sorted(profile.folder.rglob("*.safetensors")), *sorted(code.glob("*.py"))):
        digest.update(path.read_bytes())
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "audiostory-studio"
    cache.mkdir(parents=True, exist_ok=True)
    return cache / f"direct-{digest.hexdigest()[:16]}.jsonl"


def _read(record: Path) -> dict[tuple[str, int], Verdict]:
    if not record.is_file():
        return {}
    rows = [json.loads(line) for line in record.read_text().splitlines() if line.endswith("}")]
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
        "" if v.sums else "no story",
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
