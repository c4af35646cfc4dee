"""What another director's answer says as a score: beds, starts, shapes, repetitions, sources.

Everything but the caption may be left out and gets a default: a spot of normal level, steady, once,
after the spot before it, as long as it sounds by nature; a bed goes from the beginning to the end.
What is no such value is left out too, and a sentence says so. The text is a stranger's: it is read
as data, within bounds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, get_args

from core.director.quantities import read_quantities
from core.language.score import LevelShape, ScoreEvent
from core.story.edits import NaturalLength
from core.story.limits import EVERY_RANGE, GAIN_RANGE, MAX_POINTS, MAX_REPETITIONS, MIN_DURATION
from core.story.shape import LEVEL_SHAPES, ROLES, Level, Point, Role

SCORED = ("start", "role", "level", "shape", "count", "every", "at", "source")
"""Names of what a row of an answer says beside caption, seconds and mood."""
_LEVELS: tuple[Level, ...] = get_args(Level)
_LONGEST = 40
"""Characters of a value that is written as text, and of one that is shown in a sentence."""
_MILLISECONDS = 3


@dataclass
class _Row:
    """A row that is being read, and the sentences on what of it is nonsense."""

    caption: str
    values: Mapping[str, Any]
    notes: list[str] = field(default_factory=list)

    def given(self, name: str) -> Any:
        """A value, None where it is left out in any of the ways that there are."""
        value = self.values.get(name)
        return None if value in ("", [], {}) or value is None else value

    def refuse(self, name: str, value: Any, instead: str) -> None:
        shown = " ".join(str(value)[:_LONGEST].split())
        self.notes.append(
            f"The director's {name} of {self.caption[:40]!r} is not understood ({shown}); "
            f"{instead}."
        )

    def word(self, name: str, choices: Sequence[str], instead: str) -> str | None:
        value = self.given(name)
        if value is None:
            return None
        text = value[:_LONGEST] if isinstance(value, str) else ""
        plain = re.sub(r"[\s_-]+", " ", text).strip().lower()
        if plain in choices:
            return plain
        self.refuse(name, value, instead)
        return None

    def number(self, name: str, low: float, high: float, instead: str) -> float | None:
        value = self.given(name)
        if value is None:
            return None
        found = _number(value)
        if found is None or not low <= found <= high:
            self.refuse(name, value, instead)
            return None
        return found


@dataclass(frozen=True)
class AnsweredScore:
    """An answer as a score.

    Attributes:
        events: by their start.
        notes: what of the answer was nonsense or has no room, a sentence each.
    """

    events: tuple[ScoreEvent, ...]
    notes: tuple[str, ...]


def is_score(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether rows say more than what follows what for how long."""
    return any(_Row("", row).given(name) is not None for row in rows for name in SCORED)


def answered_score(
    rows: Sequence[Mapping[str, Any]],
    captions: Sequence[str],
    seconds: Sequence[float],
    moods: Sequence[str],
    total: float,
    natural: NaturalLength,
) -> AnsweredScore:
    """Rows of an answer as a score of `total` seconds.

    Args:
        captions, seconds, moods: of the rows, cleaned; 0 s stand for a length that is not given.
    """
    notes: list[str] = []
    lines: list[tuple[int, ScoreEvent]] = []
    clock = 0.0
    for place, values in enumerate(rows):
        row = _Row(captions[place], values)
        line = _line(row, seconds[place], moods[place], clock, total, natural)
        notes += row.notes
        if line is None:
            notes.append(
                f"{captions[place][:40]!r} was left out: it would begin after the {total:g} s of "
                "the story."
            )
            continue
        lines.append((place, line))
        if line.role == "spot":
            clock = max(clock, line.end)
    lines.sort(key=lambda pair: pair[1].start)
    events, lost = _with_sources(lines, rows)
    return AnsweredScore(events, (*notes, *lost))


def _line(
    row: _Row, seconds: float, mood: str, clock: float, total: float, natural: NaturalLength
) -> ScoreEvent | None:
    """One row; None: there is no room for it."""
    role: Role = "bed" if row.word("role", ROLES, "it is a spot") == "bed" else "spot"
    said = row.word("level", _LEVELS, "it is normal")
    level: Level = next((level for level in _LEVELS if level == said), "normal")
    after = 0.0 if role == "bed" else clock
    start = row.number("start", 0.0, 1e9, "it follows the sound before it")
    start = round(after if start is None else start, _MILLISECONDS)
    room = round(total - start, _MILLISECONDS)
    if room < MIN_DURATION:
        return None
    wanted = seconds or (room if role == "bed" else natural(row.caption))
    length = round(min(room, max(MIN_DURATION, wanted)), _MILLISECONDS)
    shape, points = _shape(row, length)
    count, every, at = _repetitions(row, length)
    return ScoreEvent(
        row.caption, start, length, role, level, shape, mood, points, count, every, at
    )


def _shape(row: _Row, length: float) -> tuple[LevelShape, tuple[Point, ...]]:
    given = row.given("shape")
    if not isinstance(given, list):
        named = row.word("shape", LEVEL_SHAPES[:-1], "it is steady")
        return next((shape for shape in LEVEL_SHAPES if shape == named), "steady"), ()
    pairs = [_pair(each) for each in given[:MAX_POINTS]]
    points = sorted({pair[0]: pair for pair in pairs if pair and pair[0] <= length}.values())
    if not points or len(points) < len(given):
        instead = "what is understood of it is kept" if points else "it is steady"
        row.refuse("shape", given, instead)
    return ("points", tuple(points)) if points else ("steady", ())


def _pair(value: Any) -> Point | None:
    """A point of seconds and decibels, its level within what there is."""
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        return None
    time, level = _number(value[0]), _number(value[1])
    if time is None or level is None or time < 0.0:
        return None
    low, high = GAIN_RANGE
    return round(time, _MILLISECONDS), min(high, max(low, level))


def _repetitions(row: _Row, length: float) -> tuple[int | None, float | None, tuple[float, ...]]:
    """The first way to repeat that is given: how often, every so often, or when."""
    count = row.number("count", 1, MAX_REPETITIONS, "it is heard as it is")
    if count is not None and count != int(count):
        row.refuse("count", count, "it is heard as it is")
        count = None
    every = row.number("every", *EVERY_RANGE, "it is heard as it is")
    at = _moments(row, length)
    given = [name for name, value in (("count", count), ("every", every), ("at", at)) if value]
    if len(given) > 1:
        row.refuse(" and ".join(given), "two ways to repeat", f"its {given[0]} counts")
    kept = given[0] if given else ""
    return (
        int(count) if count is not None and kept == "count" else None,
        every if kept == "every" else None,
        at if kept == "at" else (),
    )


def _moments(row: _Row, length: float) -> tuple[float, ...]:
    given = row.given("at")
    if given is None:
        return ()
    values = given if isinstance(given, list) else [given]
    found = [_number(value) for value in values[:MAX_REPETITIONS]]
    inside = {round(m, _MILLISECONDS) for m in found if m is not None and 0.0 <= m <= length}
    if len(inside) < len(values):
        row.refuse("at", given, "the moments within it are kept")
    return tuple(sorted(inside))


def _with_sources(
    lines: Sequence[tuple[int, ScoreEvent]], rows: Sequence[Mapping[str, Any]]
) -> tuple[tuple[ScoreEvent, ...], list[str]]:
    """The events with the sources that rows give by the places of rows."""
    now = {place: number for number, (place, _) in enumerate(lines)}
    events, notes = [], []
    for number, (place, line) in enumerate(lines):
        row = _Row(line.caption, rows[place])
        named = row.number("source", 0, len(rows) - 1, "it has its own")
        source = now.get(int(named)) if named is not None and named == int(named) else None
        if named is not None and (source is None or source >= number):
            row.refuse("source", f"{named:g}", "it has its own")
            source = None
        notes += row.notes
        events.append(replace(line, source=source))
    return tuple(events), notes


def _number(value: Any) -> float | None:
    """A number as models write it: 5, "5", "0:05", "5 s"; None: it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value) if abs(value) < 1e9 else None  # NaN is not below
    if not isinstance(value, str):
        return None
    text = value[:_LONGEST].strip()
    with suppress(ValueError):
        return _number(float(text))
    found = read_quantities(text)
    return found[0].value if len(found) == 1 else None
