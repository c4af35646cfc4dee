"""Which tokens may come next in a score, so that every turn that ends is a score that parses.

What is written is the turn of core/language/score.py. Prose, captions and moods are free text;
everything else is one of a finite set of values that fit what stands before: starts do not fall,
events lie inside the whole, shapes go from an event's beginning to its end, repetitions lie inside
it, sources point back, and there are as many lines as the reasoning has counted.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from core.errors import PlanError, WeightsError
from core.language.score import END, GRID_SECONDS, ROUNDING, SHAPES, number_text
from core.language.stream import TURN_END, StreamIds

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MOOD_TOKENS = 8
"""Tokens of a mood, at most."""
MOST_STRUCK = 24
"""Times that a sound is struck, and moments that are given, at most."""
MOST_POINTS = 24
"""Of one shape."""
STRUCK_SECONDS = 0.1
"""Repetitions lie on multiples of it."""
QUIETEST, LOUDEST = -60, 12
"""Decibels of a shape's points."""
_DIGITS = "0123456789."
_SIGNS = ("+", "@", " ", " -", ",", END)
_FIELDS = {
    "role": ("bed",),
    "level": ("quiet", "loud"),
    "shape": (*SHAPES, "levels"),
    "repetition": ("x", "every", "at"),
    "return": ("as",),
    "mood opens": (",",),
}
"""The fields of a line after its length, in their order, and the words that open each."""
_AFTER: dict[str, str] = {
    "begin": "prose",
    "prose": "number",
    "number": "caption",
    "caption": "start",
    "start": "length",
    "length": "role",
    "bed": "level",
    "quiet": "shape",
    "loud": "shape",
    **{shape: "repetition" for shape in SHAPES},
    "levels": "first level",
    "first level": "later level",
    "later level": "level ends",
    "@": "time",
    "time": "later level",
    "x": "count",
    "count": "return",
    "every": "interval",
    "interval": "return",
    "at": "moment",
    "moment": "moments",
    "moments": "moments",
    "as": "source",
    "source": "mood opens",
    ",": "mood",
    "mood": "line ends",
    "line ends": "caption",
}
"""What follows a place, or the word that was written there."""

Choices = dict[tuple[int, ...], str]
"""What may be written at one place: tokens, and the text that they are."""


@dataclass(frozen=True)
class ScoreIds:
    """Token ids of a score's structure.

    Attributes:
        digits: of each digit and the decimal point.
        fixed: of the words and signs of a line, as they stand there.
        newline: what stands between the reasoning and the number of events.
        begin, mood: tokens that may begin a mood, and go on in it.
    """

    digits: Mapping[str, int]
    fixed: Mapping[str, tuple[int, ...]]
    newline: int
    begin: frozenset[int]
    mood: frozenset[int]

    def number(self, value: float) -> tuple[int, ...]:
        return tuple(self.digits[c] for c in number_text(value))

    def decibels(self, level: int) -> tuple[int, ...]:
        """A level, with the blank before it."""
        return (*self.fixed[" -" if level < 0 else " "], *self.number(abs(level)))


def read_score_ids(tokenizer: PreTrainedTokenizerBase, texts: Mapping[int, str]) -> ScoreIds:
    """The ids of a score's structure, read from a tokenizer.

    Args:
        texts: tokens of plain text, and what each is.

    Raises:
        WeightsError: it does not write numbers digit by digit.
    """

    def encode(text: str) -> tuple[int, ...]:
        return tuple(tokenizer(text, add_special_tokens=False)["input_ids"])

    digits = {c: encode(c)[0] for c in _DIGITS}
    if encode("12.5+") != (*(digits[c] for c in "12.5"), *encode("+")):
        raise WeightsError("The tokenizer does not write digits one by one; use the shipped one.")
    signs = {sign: encode(sign) for sign in _SIGNS}
    opening = [word for field in _FIELDS.values() for word in field if word not in signs]
    words = {word: encode(f" {word}") for word in opening}
    alphabetic = {i for i, text in texts.items() if text.strip().isalpha()}
    joining = {encode(text)[0] for text in ("-", ",", "'")}
    return ScoreIds(
        digits,
        signs | words,
        encode("\n")[0],
        frozenset(i for i in alphabetic if texts[i].startswith(" ")),
        frozenset(alphabetic | joining),
    )


@dataclass(frozen=True)
class SettledLine:
    """A line that is written as it is.

    Attributes:
        tokens: from its caption to the end of its fields.
        start: in seconds.
    """

    tokens: tuple[int, ...]
    start: float


@dataclass(frozen=True)
class ScoreBounds:
    """What a score is held to beside its form.

    Attributes:
        settled: lines that are written as they are, by place (from 0); by their start.
        earliest: seconds before which no other line begins.
        mood: tokens of the mood of all other lines; empty: any mood.
        avoid: tokens of captions; no other line's caption begins with one.
    """

    settled: Mapping[int, SettledLine] = field(default_factory=dict)
    earliest: float = 0.0
    mood: tuple[int, ...] = ()
    avoid: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True)
class _Line:
    """What the line that is being written has fixed so far, in seconds.

    Attributes:
        time, points: of the last point of its shape, and how many there are.
        moment, moments: the last of the given repetitions, and how many there are.
    """

    start: float = 0.0
    seconds: float = 0.0
    time: float = 0.0
    points: int = 0
    moment: float = -STRUCK_SECONDS
    moments: int = 0

    def noted(self, place: str, text: str, total: float) -> _Line:
        """The line with what was written at a place."""
        if place == "start":
            return _Line(float(text))
        if place == "length":
            seconds = total - self.start if text == END else float(text)
            return replace(self, seconds=seconds)
        if place in ("first level", "later level"):
            return replace(self, points=self.points + 1)
        if place == "time":
            return replace(self, time=float(text))
        if place in ("moment", "moments") and text not in _AFTER:
            return replace(self, moment=float(text), moments=self.moments + 1)
        return self


class ScoreGrammar:
    """The grammar of one score (`core.language.decoding.Grammar`); nothing is ever taken back.

    Args:
        ids, words: the stream's and the score's token ids.
        total: seconds of the whole.
        counts: how many events there may be.
        max_reasoning, max_caption: limits in tokens.
        bounds: what else it is held to.

    Attributes:
        place: what is being written.
        forced, allowed: see `core.language.decoding.Grammar`.
    """

    def __init__(
        self,
        ids: StreamIds,
        words: ScoreIds,
        total: float,
        counts: Sequence[int],
        max_reasoning: int,
        max_caption: int,
        bounds: ScoreBounds | None = None,
    ):
        self._ids = ids
        self._bounds = bounds or ScoreBounds()
        self._written: list[int] = []
        self._words = words
        self._total = total
        self._counts = counts
        self._events = self._lines = 0
        self._line = _Line()
        self._choices: Choices = {}
        self._free = {
            "prose": (ids.word, ids.free | {words.newline}, words.newline, max_reasoning),
            "caption": (ids.word, ids.free | {ids.time}, ids.time, max_caption),
            "mood": (words.begin, words.mood | {ids.time_end}, ids.time_end, MOOD_TOKENS),
        }
        """What begins free text, what goes on in it, what ends it, and its tokens at most."""
        self._enter("begin")

    @property
    def finished(self) -> bool:
        return self.place == "end"

    def likely(self, written: Sequence[int]) -> Sequence[int]:
        """No guess of its own: captions are looked up in the brief."""
        return ()

    def advance(self, tokens: Sequence[int]) -> int:
        """Take note of a choice or of a forced block; returns 0, nothing is taken back.

        Raises:
            PlanError: a token that the grammar does not allow here.
        """
        if self.forced:
            right = tuple(tokens) == self.forced
        else:
            right = len(tokens) == 1 and tokens[0] in self.allowed
        if not right:
            raise PlanError("The director left its grammar; draft again.")
        if self.place == "settled":
            self._line = _Line(self._bounds.settled[self._lines].start)
            self._enter("line ends")
            return 0
        for token in tokens:
            if self.place in self._free:
                self._write(token)
            else:
                self._choose(token)
        return 0

    def _write(self, token: int) -> None:
        """A token of free text, or what ends it."""
        self._count += 1
        self._written.append(token)
        if token == self._free[self.place][2]:
            self._enter(_AFTER[self.place])
        else:
            self._narrow()

    def _choose(self, token: int) -> None:
        """A token of a value, or the first of what follows a value that is whole."""
        if not any(self._goes_on(tokens, token) for tokens in self._choices):
            self.place, self._line, self._choices = self._following(self._whole())
            self._count = 0
        kept = {c: text for c, text in self._choices.items() if self._goes_on(c, token)}
        self._choices, self._count = kept, self._count + 1
        (tokens, text), *others = kept.items()
        if others or len(tokens) > self._count:
            self._narrow()
            return
        self._lines += self.place == "line ends"
        self._events = int(text) if self.place == "number" else self._events
        self._line = self._line.noted(self.place, text, self._total)
        self._enter("end" if text == TURN_END else self._place_after(text))

    def _goes_on(self, choice: tuple[int, ...], token: int) -> bool:
        return len(choice) > self._count and choice[self._count] == token

    def _whole(self) -> str | None:
        """The value that is written already, if it is one."""
        return next((t for c, t in self._choices.items() if len(c) == self._count), None)

    def _place_after(self, text: str) -> str:
        return _AFTER.get(text) or _AFTER[self.place]

    def _following(self, text: str | None) -> tuple[str, _Line, Choices]:
        """The place after a whole value, with the line so far and what may be written there."""
        assert text is not None
        line = self._line.noted(self.place, text, self._total)
        place = self._place_after(text)
        return place, line, self._choices_at(place, line)

    def _enter(self, place: str) -> None:
        if place == "caption" and self._lines in self._bounds.settled:
            place = "settled"
        self.place, self._count, self._written = place, 0, []
        structured = place not in self._free and place not in ("end", "settled")
        self._choices = self._choices_at(place, self._line) if structured else {}
        self._narrow()

    def _narrow(self) -> None:
        """What may come next: a forced block, or candidates."""
        self.forced: tuple[int, ...] = ()
        self.allowed: frozenset[int] = frozenset()
        if self.place == "settled":
            self.forced = self._bounds.settled[self._lines].tokens
            return
        if self.place in self._free:
            begin, inside, end, most = self._free[self.place]
            self.forced = (end,) if self._count >= most else ()
            if self.place == "mood" and self._bounds.mood:
                self.forced = (*self._bounds.mood, end)
            self.allowed = inside if self._count else begin
            if avoided := self._avoided():
                self.allowed -= avoided
            return
        rests = [c[self._count :] for c in self._choices if len(c) > self._count]
        whole = self._whole()
        if whole is None:
            self.forced = _common(rests)
        else:
            rests += self._following(whole)[2]
        self.allowed = frozenset(rest[0] for rest in rests)

    def _avoided(self) -> frozenset[int]:
        """Tokens that would make the caption so far one that is to be avoided."""
        if self.place != "caption":
            return frozenset()
        so_far = tuple(self._written)
        return frozenset(tokens[-1] for tokens in self._bounds.avoid if tokens[:-1] == so_far)

    def _starts(self, line: _Line) -> Choices:
        """When a line may begin: not before the one before it, nor after the next settled one."""
        later = [s.start for place, s in self._bounds.settled.items() if place > self._lines]
        least = max(line.start, self._bounds.earliest)
        most = min([self._total - GRID_SECONDS, *later])
        plus = self._words.fixed["+"]
        # Between what was settled off the grid there may be none of its multiples.
        at_once: Choices = {(*self._words.number(least), *plus): number_text(least)}
        return self._numbers(least, most, after=plus) or at_once

    def _choices_at(self, place: str, line: _Line) -> Choices:
        """What may be written at a place."""
        ids, words = self._ids, self._words
        if place == "begin":
            return {(ids.think,): ""}
        if place == "number":
            return {(*words.number(n), ids.think_end, ids.gen): str(n) for n in self._counts}
        if place == "start":
            return self._starts(line)
        if place == "length":
            # What lasts to the end of the whole says so: it is written in one way alone.
            shorter = self._total - line.start - GRID_SECONDS / 2
            to_the_end: Choices = {words.fixed[END]: END}
            return to_the_end | self._numbers(GRID_SECONDS, shorter)
        if place == "line ends" and self._lines + 1 < self._events:
            return {(ids.gen_end, ids.gen): ""}
        if place == "line ends":
            return {(ids.gen_end, ids.turn_end): TURN_END}
        return self._fields(place) if place in _FIELDS else self._details_at(place, line)

    def _details_at(self, place: str, line: _Line) -> Choices:
        """What may be written inside a shape, a repetition or a return."""
        words, blank = self._words, self._words.fixed[" "]
        if place in ("first level", "later level"):
            return {words.decibels(level): str(level) for level in range(QUIETEST, LOUDEST + 1)}
        if place == "time":
            return self._numbers(line.time + GRID_SECONDS, line.seconds - GRID_SECONDS / 2)
        if place == "level ends":
            more = line.points < MOST_POINTS and bool(self._details_at("time", line))
            further: Choices = {words.fixed["@"]: "@"} if more else {}
            return further | self._fields("repetition")
        if place == "count":
            return {words.number(n): str(n) for n in range(1, MOST_STRUCK + 1)}
        if place == "interval":
            return self._numbers(STRUCK_SECONDS, line.seconds, blank, step=STRUCK_SECONDS)
        if place == "moment":
            return self._numbers(0.0, line.seconds, blank, step=STRUCK_SECONDS)
        if place == "moments":
            if line.moments >= MOST_STRUCK:
                return self._fields("return")
            next_one = line.moment + STRUCK_SECONDS
            later = self._numbers(next_one, line.seconds, blank, step=STRUCK_SECONDS)
            return later | self._fields("return")
        assert place == "source"
        return {(*blank, *words.number(n)): str(n) for n in range(1, self._lines + 1)}

    def _fields(self, first: str) -> Choices:
        """The words that open a field from this one on."""
        names = list(_FIELDS)
        fields = names[names.index(first) :]
        if not self._lines:
            fields = [field for field in fields if field != "return"]
        return {self._words.fixed[word]: word for field in fields for word in _FIELDS[field]}

    def _numbers(
        self,
        least: float,
        most: float,
        before: tuple[int, ...] = (),
        after: tuple[int, ...] = (),
        step: float = GRID_SECONDS,
    ) -> Choices:
        """The multiples of a step in seconds from `least` to `most`, both included."""
        first, last = math.ceil((least - ROUNDING) / step), math.floor((most + ROUNDING) / step)
        values = [round(number * step, 2) for number in range(first, last + 1)]
        return {(*before, *self._words.number(v), *after): f"{v:g}" for v in values}


class FreeScore:
    """Text and marks in any order, until the turn ends (`core.language.decoding.Grammar`).

    Args:
        most: tokens of the turn at most.
    """

    def __init__(self, ids: StreamIds, words: ScoreIds, most: int):
        marks = {ids.think_end, ids.gen, ids.gen_end, ids.time, ids.time_end, ids.turn_end}
        self.allowed = ids.free | marks | {words.newline}
        self.forced: tuple[int, ...] = (ids.think,)
        self.finished = False
        self._end = ids.turn_end
        self._left = most

    def advance(self, tokens: Sequence[int]) -> int:
        """Take note of what was written; returns 0, nothing is taken back."""
        self._left -= len(tokens)
        self.forced = ()
        self.finished = tokens[-1] == self._end or self._left <= 0
        return 0

    def likely(self, written: Sequence[int]) -> Sequence[int]:
        """No guess of its own."""
        return ()


def _common(choices: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """What all choices begin with."""
    same = itertools.takewhile(lambda column: len(set(column)) == 1, zip(*choices, strict=False))
    return tuple(column[0] for column in same)
