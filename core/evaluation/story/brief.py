"""The briefs of the paper's main table (section 4.2): what a story has to hold, and when.

A brief asks for sounds of known kinds. Systems are free in their times unless the brief states
them; a sound that it wants back later has to come from the same source.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from core.corpus.vocabulary import BY_NAME
from core.errors import PlanError

STORY_BRIEFS = Path(__file__).with_name("briefs.jsonl")


@dataclass(frozen=True)
class WantedSound:
    """A sound that a story must hold.

    Attributes:
        caption: as the brief's writer would caption it ("oracle caption").
        kind: the class by which it is judged.
        start, end: seconds; where the writer would have it.
        timed: the brief states these times, so that it is judged in them alone.
        source: the earlier sound of the brief whose source it shares; None for a new one.
    """

    caption: str
    kind: str
    start: float
    end: float
    timed: bool = False
    source: int | None = None


@dataclass(frozen=True)
class StoryBrief:
    """What a system is given, and what its story must hold.

    Attributes:
        name: of its sound in a folder of WAVs.
        implied: kinds that the scene needs and the brief does not name.
    """

    name: str
    text: str
    seconds: float
    wanted: tuple[WantedSound, ...]
    implied: tuple[str, ...] = ()

    @property
    def joints(self) -> tuple[float, ...]:
        """Seconds at which one sound gives way to another."""
        starts = sorted({sound.start for sound in self.wanted})
        return tuple(second for first, second in pairwise([0.0, *starts]) if second > first)


def read_story_briefs(path: Path = STORY_BRIEFS) -> list[StoryBrief]:
    """The briefs of a file of JSON lines.

    Raises:
        PlanError: there is no such file, a line lacks something, or wants what cannot be judged.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise PlanError(f"There are no briefs in {path}; name a file with --briefs.") from error
    lines = [line for line in text.splitlines() if line.strip()]
    return [_brief(path, number, line) for number, line in enumerate(lines, 1)]


def _brief(path: Path, number: int, line: str) -> StoryBrief:
    try:
        row = json.loads(line)
        wanted = tuple(
            WantedSound(
                event["caption"],
                event["kind"],
                float(event["start"]),
                float(event["start"]) + float(event["seconds"]),
                bool(event.get("timed", False)),
                event.get("source"),
            )
            for event in row["events"]
        )
        implied = tuple(row.get("implied", ()))
        brief = StoryBrief(f"{number:03}", row["brief"], float(row["seconds"]), wanted, implied)
    except (KeyError, TypeError, ValueError) as error:
        raise PlanError(f"{path.name}, line {number}: {error!r}; mend the line.") from error
    if fault := _fault(brief):
        raise PlanError(f"{path.name}, line {number}: {fault}")
    return brief


def _fault(brief: StoryBrief) -> str:
    for place, sound in enumerate(brief.wanted):
        if not 0.0 <= sound.start < sound.end <= brief.seconds:
            return f"{sound.caption!r} lies outside of the story."
        if sound.source is not None and not 0 <= sound.source < place:
            return f"{sound.caption!r} comes back from a sound that is not before it."
    unknown = _unknown([*(sound.kind for sound in brief.wanted), *brief.implied])
    return f"{unknown} is no class of the vocabulary." if unknown else ""


def _unknown(kinds: Sequence[str]) -> str:
    return next((kind for kind in kinds if kind not in BY_NAME), "")
