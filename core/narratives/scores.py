"""Pairs of brief and score, written one by one: what the director is to learn in stage III.

A *brief* is what a sound designer types; its *score* is the cue sheet that answers it: beds under
spots, shapes of level, repetitions, a source that returns, silence. The pairs are JSON Lines in
scores/, one file a writer, under the licence of the repository. core/language/score.py has the form
in which the director writes them.

    python -m core.narratives.scores

prints how many there are, by genre, style and what they hold, and every fault.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import PlanError
from core.language.score import GRID_SECONDS, ScoreEvent, sheet_faults
from core.schema import read_dataclass
from core.story.story import SILENCE

SCORES = Path(__file__).parent / "scores"
SHARED_RUN = 8
"""Words in a row that no two briefs may have in common."""


@dataclass(frozen=True)
class Score:
    """A brief and its cue sheet; `style` is the way in which the brief is written."""

    brief: str
    seconds: float
    genre: str
    style: str
    reasoning: str
    events: tuple[ScoreEvent, ...]


def read_scores(folder: Path = SCORES) -> list[Score]:
    """All pairs, by file and line; see `scores_by_writer`."""
    return [score for scores in scores_by_writer(folder).values() for score in scores]


def scores_by_writer(folder: Path = SCORES) -> dict[str, list[Score]]:
    """The pairs of each file, by its name without the ending.

    Raises:
        PlanError: a line is no pair of this form.
    """
    found: dict[str, list[Score]] = {}
    for path in sorted(folder.glob("*.jsonl")):
        pairs = found[path.stem] = []
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            place = f"{path.name}:{number}"
            try:
                data = json.loads(line, object_hook=_with_points)
            except ValueError as cause:
                raise PlanError(f"{place} is not JSON ({cause}); mend it.") from None
            pairs.append(read_dataclass(Score, data, place, PlanError))
    return found


def _with_points(table: dict[str, Any]) -> dict[str, Any]:
    if isinstance(table.get("shape"), list):
        return {**table, "shape": "points", "points": table["shape"]}
    return table


def score_faults(score: Score) -> Iterator[str]:
    """What is wrong with a score, in words; what the brief asks for is not looked at."""
    yield from sheet_faults(score.events, score.seconds)
    for number, event in enumerate(score.events):
        if event.start % GRID_SECONDS or event.seconds % GRID_SECONDS:
            yield f"event {number}: its times are no multiples of {GRID_SECONDS:g} s"
        others = [other for other in score.events if other is not event]
        if event.caption == SILENCE and any(
            other.start < event.end and event.start < other.end for other in others
        ):
            yield f"event {number}: something sounds during its silence"


def shared_runs(scores: Sequence[Score]) -> list[tuple[int, int, str]]:
    """Pairs of briefs with `SHARED_RUN` words in a row in common, with the first such words."""
    seen: dict[tuple[str, ...], int] = {}
    found: dict[tuple[int, int], str] = {}
    for number, score in enumerate(scores):
        words = score.brief.lower().split()
        for start in range(len(words) - SHARED_RUN + 1):
            run = tuple(words[start : start + SHARED_RUN])
            first = seen.setdefault(run, number)
            if first != number:
                found.setdefault((first, number), " ".join(run))
    return [(first, second, run) for (first, second), run in found.items()]


def scores_report(scores: Sequence[Score]) -> str:
    """Counts by genre, style and what the scores hold, as lines of text."""
    events = [event for score in scores for event in score.events]
    held = {
        "events": len(events),
        "beds": sum(event.role == "bed" for event in events),
        "shaped": sum(event.shape != "steady" for event in events),
        "repeated": sum(event.repetitions > 0 for event in events),
        "returning sources": sum(event.source is not None for event in events),
        "silences": sum(event.caption == SILENCE for event in events),
    }
    lines = [f"{len(scores)} pairs"]
    for title, counts in (
        ("genre", Counter(score.genre for score in scores)),
        ("style", Counter(score.style for score in scores)),
        ("in them", Counter(held)),
    ):
        lines += [f"{title}:", *(f"  {name:<20}{count:>6}" for name, count in counts.most_common())]
    return "\n".join(lines)


def main() -> None:
    """Print the report and all faults."""
    scores = read_scores()
    print(scores_report(scores))
    for number, score in enumerate(scores):
        for fault in score_faults(score):
            print(f"{number} {score.brief[:50]!r}: {fault}")
    for first, second, run in shared_runs(scores):
        print(f"{first} and {second} share {run!r}")


if __name__ == "__main__":
    main()
