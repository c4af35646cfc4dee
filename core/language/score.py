"""The score in the director's stream: what overlaps, swells, repeats and returns, a line an event.

    <|think|>{reasoning in prose}
    {number of events}<|/think|>
    <|gen|>rain on a tin roof<timestamp>0+end bed quiet, calm</timestamp><|/gen|>
    <|gen|>a fist knocking on wood<timestamp>5+3 loud x3, tense</timestamp><|/gen|>
    … once an event
    <|im_end|>

A line says in this order, and leaves out what is usual (a spot, of normal level, steady, once):

    {start}+{length} [bed] [quiet|loud] [shape] [x{n}|every {s}|at {s} {s} …] [as {event}], mood

A length up to the end of the whole is `end`, so that what goes on throughout needs no sum. A shape
is one of `SHAPES`, or `levels -30 0@11 -10`: decibels at the event's beginning, at 11 s into it,
and at its end. `as 2` is the source of the second event again. The tokenizer has one token for each
digit, sign and word of this but "recede"; the written pairs take 19.0 tokens an event, of which 6.6
are its caption and 4 its marks.

Starts and lengths are seconds; bridging tokens have no part in it: the bridge reads a finished
story in the stream of core/language/stream.py, without the adapter that writes scores.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from core.errors import PlanError
from core.language.stream import (
    GEN,
    GEN_END,
    THINK,
    THINK_END,
    TIME,
    TIME_END,
    TURN_END,
    one_line,
)

GRID_SECONDS = 0.5
"""Starts and lengths are whole multiples of it; only what lasts to the end may be longer."""
LevelShape = Literal["steady", "fade in", "fade out", "swell", "approach", "recede", "points"]
SHAPES: tuple[LevelShape, ...] = ("fade in", "fade out", "swell", "approach", "recede")
"""Those that a line names by their word."""
END = "end"
"""In place of a length: up to the end of the whole."""
DECIMALS = 3
"""Of a line's numbers: what was settled by hand lies on the millisecond, not on the grid."""
ROUNDING = 1e-6
"""Seconds by which sums of times differ."""


@dataclass(frozen=True)
class ScoreEvent:
    """One line of the cue sheet; seconds count from the beginning of the whole.

    Attributes:
        role: a bed carries on beneath, a spot happens.
        level: in the mix.
        shape: of level over the event.
        points: (seconds from its start, dB) where the shape is `points`; in a file they stand in
            place of the shape.
        count, every, at: how often the sound is struck, or with how many seconds between, or at
            which seconds from the event's start; at most one of them.
        source: place (from 0) of the earlier event whose source sounds again.
    """

    caption: str
    start: float
    seconds: float
    role: Literal["bed", "spot"]
    level: Literal["quiet", "normal", "loud"]
    shape: LevelShape
    mood: str
    points: tuple[tuple[float, float], ...] = ()
    count: int | None = None
    every: float | None = None
    at: tuple[float, ...] = ()
    source: int | None = None

    @property
    def end(self) -> float:
        return self.start + self.seconds

    @property
    def repetitions(self) -> int:
        """How many ways of repeating are given."""
        return (self.count is not None) + (self.every is not None) + bool(self.at)


@dataclass(frozen=True)
class CueSheet:
    """A score as the director writes it: the reasoning in prose, and the events by their start."""

    reasoning: str
    events: tuple[ScoreEvent, ...]


def sheet_faults(events: Sequence[ScoreEvent], total: float) -> Iterator[str]:
    """What makes events no score of `total` seconds, in words."""
    starts = [event.start for event in events]
    if not events or starts != sorted(starts):
        yield "the events are not in order of start"
    for number, event in enumerate(events):
        yield from (f"event {number}: {fault}" for fault in _event_faults(number, event, total))


def _event_faults(number: int, event: ScoreEvent, total: float) -> Iterator[str]:
    if not 0.0 <= event.start < event.end <= total + ROUNDING:
        yield "it lies outside the whole"
    if event.repetitions > 1:
        yield "it repeats in two ways"
    if any(not 0.0 <= moment <= event.seconds for moment in event.at):
        yield "a repetition lies outside it"
    if event.source is not None and not 0 <= event.source < number:
        yield "its source is no earlier event"
    times = [time for time, _ in event.points]
    whole = len(times) > 1 and times[0] == 0.0 and times[-1] == event.seconds
    if event.shape == "points" and (times != sorted(times) or not whole):
        yield "its shape does not go from its beginning to its end"


def score_text(sheet: CueSheet, total: float) -> str:
    """The assistant's turn for a score of `total` seconds."""
    parts = [THINK, one_line(sheet.reasoning), f"\n{len(sheet.events)}", THINK_END]
    parts += [score_line(event, total) for event in sheet.events]
    return "".join(parts) + TURN_END


def score_line(event: ScoreEvent, total: float) -> str:
    """One event, with its marks."""
    return "".join((GEN, settled_text(event, total), GEN_END))


def settled_text(event: ScoreEvent, total: float) -> str:
    """One event from its caption to the end of its fields."""
    return "".join((one_line(event.caption), TIME, fields_text(event, total), TIME_END))


def fields_text(event: ScoreEvent, total: float) -> str:
    """What a line says beside its caption."""
    length = END if abs(event.end - total) <= ROUNDING else number_text(event.seconds)
    words = [f"{number_text(event.start)}+{length}"]
    words += ["bed"] if event.role == "bed" else []
    words += [event.level] if event.level != "normal" else []
    words += _shape_words(event)
    if event.count is not None:
        words.append(f"x{event.count}")
    if event.every is not None:
        words.append(f"every {number_text(event.every)}")
    if event.at:
        words += ["at", *map(number_text, event.at)]
    if event.source is not None:
        words.append(f"as {event.source + 1}")
    mood = one_line(event.mood)
    return " ".join(words) + (f", {mood}" if mood else "")


def _shape_words(event: ScoreEvent) -> list[str]:
    if event.shape != "points":
        return [] if event.shape == "steady" else [event.shape]
    (_, first), *between, (_, last) = event.points
    inside = [f"{number_text(level)}@{number_text(time)}" for time, level in between]
    return ["levels", number_text(first), *inside, number_text(last)]


def number_text(value: float) -> str:
    """A number as a line holds it, to the thousandth."""
    return f"{round(value, DECIMALS) + 0.0:.{DECIMALS}f}".rstrip("0").rstrip(".")


_NUMBER = r"\d{1,4}(?:\.\d{1,3})?"
_LINE = re.compile(
    f"{re.escape(GEN)}(?P<caption>.*?){re.escape(TIME)}(?P<fields>.*?){re.escape(TIME_END)}"
    f"(?:(?!{re.escape(GEN)}).)*?{re.escape(GEN_END)}",
    re.DOTALL,
)
_LEVELS = (
    rf"levels (?P<first>-?{_NUMBER})(?P<between>(?: -?{_NUMBER}@{_NUMBER})*) (?P<last>-?{_NUMBER})"
)
_FIELDS = re.compile(
    rf"(?P<start>{_NUMBER})\+(?P<length>{_NUMBER}|{END})"
    r"(?: (?P<role>bed))?"
    r"(?: (?P<level>quiet|loud))?"
    rf"(?: (?:(?P<shape>{'|'.join(SHAPES)})|{_LEVELS}))?"
    rf"(?: (?:x(?P<count>\d{{1,4}})|every (?P<every>{_NUMBER})|at(?P<at>(?: {_NUMBER})+)))?"
    r"(?: as (?P<source>\d{1,4}))?"
    r"(?:, (?P<mood>.+))?"
)


def parse_score(text: str, total: float) -> CueSheet:
    """Read an assistant turn.

    Raises:
        PlanError: a line is none of this form, or they are no score of `total` seconds.
    """
    head, _, rest = text.partition(THINK_END)
    events = lines_so_far(rest, total)
    if rest.count(GEN) != len(events):
        raise PlanError("The director's score has lines that cannot be read; draft again.")
    for fault in sheet_faults(events, total):
        raise PlanError(f"The director's score does not hold ({fault}); draft again.")
    return CueSheet(prose_so_far(head), events)


def prose_so_far(text: str) -> str:
    """The reasoning of a turn that is still being written."""
    return one_line(text.partition(THINK_END)[0].partition("\n")[0])


def lines_so_far(text: str, total: float) -> tuple[ScoreEvent, ...]:
    """The whole lines of a turn that is still being written, up to the first that is none."""
    events = []
    for line in _LINE.finditer(text):
        event = _read_event(one_line(line["caption"]), line["fields"], total)
        if event is None:
            break
        events.append(event)
    return tuple(events)


def _read_event(caption: str, text: str, total: float) -> ScoreEvent | None:
    fields = _FIELDS.fullmatch(text.strip())
    if fields is None or not caption:
        return None
    start = float(fields["start"])
    seconds = float(fields["length"]) if fields["length"] != END else round(total - start, 6)
    points = _read_points(fields, seconds)
    return ScoreEvent(
        caption,
        start,
        seconds,
        "bed" if fields["role"] else "spot",
        fields["level"] or "normal",  # type: ignore[arg-type]
        "points" if points else fields["shape"] or "steady",  # type: ignore[arg-type]
        one_line(fields["mood"] or ""),
        points,
        int(fields["count"]) if fields["count"] else None,
        float(fields["every"]) if fields["every"] else None,
        tuple(map(float, (fields["at"] or "").split())),
        int(fields["source"]) - 1 if fields["source"] else None,
    )


def _read_points(fields: re.Match[str], seconds: float) -> tuple[tuple[float, float], ...]:
    if not fields["first"]:
        return ()
    between = [pair.split("@") for pair in fields["between"].split()]
    inside = [(float(time), float(level)) for level, time in between]
    return ((0.0, float(fields["first"])), *inside, (seconds, float(fields["last"])))
