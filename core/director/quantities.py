"""Quantities of time in English: "2,5 seconds", "1m30s", "a minute and a half", "0:12", "1½ min".

One tokenizer and one grammar for all of them; what a quantity says of a story is not decided here
(core/director/times.py).

    duration  = part {["," | "and"] smaller part} [bare rest] ["and" share] | clock unit
    part      = number [qualifier] unit
    number    = figures [fraction] | cardinal ["and" share] | share ["of"] ["a"] | "a" | …
    clock     = minutes ":" seconds | hours ":" minutes ":" seconds | preposition "second" figures
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from core.director.clauses import stems

_TO_NINETEEN = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen"
)
_ONES = {word: n for n, word in enumerate(_TO_NINETEEN.split())}
_TENS_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
_TENS = {word: 10 * n for n, word in enumerate(_TENS_WORDS.split(), 2)}
_FRACTIONS = {"½": 1 / 2, "¼": 1 / 4, "¾": 3 / 4, "⅓": 1 / 3, "⅔": 2 / 3}
_SHARES = {"half": 1 / 2, "quarter": 1 / 4, "third": 1 / 3, "tenth": 1 / 10}
_UNITS = {
    unit: seconds
    for seconds, names in (
        (0.001, "ms msec msecs millisecond milliseconds"),
        (1.0, "s sec secs second seconds \u2033"),
        (60.0, "min mins minute minutes \u2032"),
        (3600.0, "h hr hrs hour hours"),
    )
    for unit in names.split()
}
_PREPOSITIONS = frozenset(("at", "from", "to", "till", "until", "after", "between", "by"))
_QUALIFIERS = frozenset(("more", "full", "whole", "further", "extra", "solid"))
_TIMES_OF_DAY = re.compile(r"\s*(?:[ap]\.?m\b|o['\u2019]clock\b)", re.IGNORECASE)
_TOKEN = re.compile(
    r"(?P<clock>\d{1,2}:[0-5]\d(?::[0-5]\d)?(?:\.\d+)?(?!\d|:\d))"
    r"|(?P<figures>\d+(?:[.,]\d+)*|\.\d+)"
    r"|(?P<word>[^\W\d_½¼¾⅓⅔]+)"
    r"|(?P<mark>\S)"
)


@dataclass(frozen=True)
class Quantity:
    """A number in a text, with its unit if it has one.

    Attributes:
        form: `duration` ("8 s"), `clock` ("0:08") or `number` ("8", "eight").
        value: seconds, or the plain number.
        begin, end: its place in the text.
        unit: seconds of the last unit that is written; 1 where none is.
        article: it is only "a" with a unit, and may be no duration: "a second knock".
    """

    form: Literal["duration", "clock", "number"]
    value: float
    begin: int
    end: int
    unit: float = 1.0
    article: bool = False


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    begin: int
    end: int


@dataclass(frozen=True)
class _Number:
    value: float
    next: int
    article: bool = False


def read_quantities(text: str) -> tuple[Quantity, ...]:
    """The quantities of a text in order; none overlaps another."""
    reader = _Reader(text)
    found: list[Quantity] = []
    place = 0
    while place < len(reader.tokens):
        read = reader.quantity(place)
        if read is not None:
            found.append(read[0])
        place = read[1] if read is not None else place + 1
    return tuple(found)


class _Reader:
    """A recursive descent over the tokens; every method takes a place and returns the next one."""

    def __init__(self, text: str):
        self.text = text
        self.tokens = [
            _Token(str(m.lastgroup), m[0].lower(), m.start(), m.end())
            for m in _TOKEN.finditer(text)
        ]

    def quantity(self, place: int) -> tuple[Quantity, int] | None:
        """The longest quantity that begins at a token."""
        if self._glued(place):
            return None
        begin = self.tokens[place].begin
        if self._kind(place) == "clock":
            return self._clock(place, begin)
        if self._word(place) == "second" and self._kind(place + 1) == "figures":
            counted = self._figures(place + 1)  # "at second 12"
            if counted and self._word(place - 1) in _PREPOSITIONS:
                return self._quantity("clock", counted.value, begin, counted.next), counted.next
        number = self._number(place)
        if number is None:
            return None
        duration = self._duration(number, begin)
        if duration is not None:
            return duration
        if number.article or self._kind(place) not in ("figures", "word"):
            return None
        return self._quantity("number", number.value, begin, number.next), number.next

    def _clock(self, place: int, begin: int) -> tuple[Quantity, int] | None:
        if _TIMES_OF_DAY.match(self.text, self.tokens[place].end):
            return None
        seconds = 0.0
        for part in self.tokens[place].text.split(":"):
            seconds = 60 * seconds + float(part)
        after = place + 1
        with_unit = self._word(after) in _UNITS and _UNITS[self._word(after)] >= 1.0
        form: Literal["duration", "clock"] = "duration" if with_unit else "clock"
        after += with_unit
        return self._quantity(form, seconds, begin, after), after

    def _duration(self, number: _Number, begin: int) -> tuple[Quantity, int] | None:
        """A number with its unit, and what smaller units and shares add to it."""
        unit, place = self._unit(number.next)
        if not unit:
            return None
        seconds, whole_unit = number.value * unit, unit
        while True:
            added = self._smaller(place, unit)
            if added is None:
                break
            seconds, unit, place = seconds + added[0], added[1], added[2]
        share, after = self._and_share(place)
        if self._word(after) not in ("a", "an", "of") and not self._unit(after)[0]:
            seconds, place = seconds + share * unit, after
        article = number.article and seconds == whole_unit
        return self._quantity("duration", seconds, begin, place, unit, article), place

    def _unit(self, place: int) -> tuple[float, int]:
        """Seconds of a unit; 0 where there is none. "m" and a prime are minutes before seconds."""
        place = self._joined(place)
        while self._word(place) in _QUALIFIERS:
            place = self._joined(place + 1)
        word = self._word(place)
        if word in ("m", "'", "\u2019", "\u2032") and self._kind(place + 1) == "figures":
            return 60.0, place + 1
        if word == "m" or (word in _UNITS and self._before_figures(place)):
            return 0.0, place
        return _UNITS.get(word, 0.0), place + (word in _UNITS)

    def _before_figures(self, place: int) -> bool:
        """Whether a unit is not one: "5 s.12", "3 s:1"."""
        token = self.tokens[place]
        return bool(re.match(r"[:.]\d", self.text[token.end :]))

    def _smaller(self, place: int, above: float) -> tuple[float, float, int] | None:
        """A part in a smaller unit than the one above: "30 s", ", 30 seconds", "and 30 seconds",
        or without a unit: "1 min 30"."""
        comma = self._word(place) in (",", "and")
        number = self._number(place + comma)
        if number is None or number.article or above < 1:
            return None
        unit, after = self._unit(number.next)
        if unit and unit < above and number.value * unit < above:
            belongs_on = self._word(place) == "," and self._goes_on(after)
            return None if belongs_on else (number.value * unit, unit, after)
        after = number.next
        if self._word(after) in ('"', "\u201d", "'", "\u2019") and not comma:
            after += 1
            after += self._word(after) in ("'", "\u2019")
        elif comma or unit or above < 60 or not self._ends_here(after):
            return None
        unit = above / 60
        return (number.value * unit, unit, after) if 1 <= number.value < 60 else None

    def _goes_on(self, place: int) -> bool:
        """Whether something is said of the quantity before: "…, 30 seconds of thunder"."""
        return self._word(place) in ("of", ":") or not self._ends_here(place)

    def _ends_here(self, place: int) -> bool:
        """Whether no word of meaning follows, and no other quantity."""
        kind = self._kind(place)
        return kind in ("", "mark") or (kind == "word" and not stems(self._word(place)))

    def _and_share(self, place: int) -> tuple[float, int]:
        """ "and a half" behind a number or a unit."""
        after = self._joined(place)
        if self._word(after) != "and":
            return 0.0, place
        number = self._share(self._joined(after + 1), of_a=False)
        return (number.value, number.next) if number else (0.0, place)

    def _number(self, place: int) -> _Number | None:
        """A number in figures or words."""
        if self._kind(place) == "figures":
            return self._figures(place)
        if self._word(place) in _FRACTIONS:
            return _Number(_FRACTIONS[self._word(place)], place + 1)
        share = self._share(place)
        if share is not None:
            return share
        if self._word(place) in ("a", "an"):
            if self._word(place + 1) in ("couple", "dozen"):
                number = self._number(place + 1)
                return number and _Number(number.value, number.next)
            if self._word(place + 1) != "hundred":
                return _Number(1.0, place + 1, article=True)
        if self._word(place) in ("couple", "dozen"):
            of = self._word(place + 1) == "of"
            return _Number(2.0 if self._word(place) == "couple" else 12.0, place + 1 + of)
        number = self._cardinal(place)
        if number is None:
            return None
        added, after = self._and_share(number.next)
        return _Number(number.value + added, after)

    def _figures(self, place: int) -> _Number | None:
        text, after = self.tokens[place].text, place + 1
        if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", text):
            text = text.replace(",", "")
        elif text.count(",") + text.count(".") > 1:
            return None
        value = float(text.replace(",", "."))
        ahead = self.tokens[place : place + 4]
        if len(ahead) > 2 and ahead[1].text == "/" and ahead[2].kind == "figures":
            below = self._figures(place + 2)
            return _Number(value / below.value, below.next) if below and below.value else None
        if self._word(after) in _FRACTIONS:
            return _Number(value + _FRACTIONS[self._word(after)], after + 1)
        if len(ahead) > 3 and [t.kind for t in ahead[1:4]] == ["figures", "mark", "figures"]:
            part = self._figures(after)  # "1 1/2"
            if ahead[2].text == "/" and part is not None and part.value < 1:
                return _Number(value + part.value, part.next)
        added, after = self._and_share(after)
        return _Number(value + added, after)

    def _share(self, place: int, *, of_a: bool = True) -> _Number | None:
        """ "half a", "a half", "a quarter of a", "three quarters of a".

        Args:
            of_a: what it is a share of follows.
        """
        first = 1 if self._word(place) in ("a", "an") else _ONES.get(self._word(place), 0)
        place = self._joined(place + 1) if first else place
        word = self._word(place)
        share = _SHARES.get(word) or _SHARES.get(word.removesuffix("s"))
        if share is None or (not first and word not in ("half", "quarter")):
            return None  # "the third second" is none
        place += 1
        for joint in (("of",), ("a", "an", "one")) if of_a else ():
            place += self._word(place) in joint
        return _Number((first or 1) * share, place)

    def _cardinal(self, place: int) -> _Number | None:
        """Zero to nine hundred and ninety-nine, or with digits behind "point"."""
        hundreds = 0.0
        first = 1 if self._word(place) in ("a", "an") else _ONES.get(self._word(place), 0)
        if first and self._word(self._joined(place + 1)) == "hundred":
            hundreds, place = 100.0 * first, self._joined(place + 1) + 1
            below = self._to_ninety_nine(place + (self._word(place) == "and"))
            return (
                _Number(hundreds + below.value, below.next) if below else _Number(hundreds, place)
            )
        number = self._to_ninety_nine(place)
        if number is None or self._word(number.next) != "point":
            return number
        digits, after = "", number.next + 1
        while _ONES.get(self._word(after), 10) < 10:
            digits += str(_ONES[self._word(after)])
            after += 1
        return _Number(number.value + float(f"0.{digits}"), after) if digits else number

    def _to_ninety_nine(self, place: int) -> _Number | None:
        word = self._word(place)
        if word in _ONES:
            return _Number(float(_ONES[word]), place + 1)
        if word not in _TENS:
            return None
        ones = self._joined(place + 1)
        digit = _ONES.get(self._word(ones), 0)
        if 0 < digit < 10:
            return _Number(float(_TENS[word] + digit), ones + 1)
        return _Number(float(_TENS[word]), place + 1)

    def _kind(self, place: int) -> str:
        return self.tokens[place].kind if 0 <= place < len(self.tokens) else ""

    def _word(self, place: int) -> str:
        return self.tokens[place].text if 0 <= place < len(self.tokens) else ""

    def _joined(self, place: int) -> int:
        """The place after a hyphen, if one joins two words: "thirty-second"."""
        return place + (self._word(place) in ("-", "\u2010", "\u2011"))

    def _glued(self, place: int) -> bool:
        """Whether a token goes on with what stands before it: "mp3", "v2.5", "10:30:15:02"."""
        before = self.text[: self.tokens[place].begin][-1:]
        return before.isalnum() or (
            before in (".", ":", "_") and self.tokens[place].begin > 1
            and self.text[self.tokens[place].begin - 2].isalnum()
        )  # fmt: skip

    def _quantity(
        self,
        form: Literal["duration", "clock", "number"],
        value: float,
        begin: int,
        after: int,
        unit: float = 1.0,
        article: bool = False,
    ) -> Quantity:
        return Quantity(form, round(value, 6), begin, self.tokens[after - 1].end, unit, article)


def without(text: str, places: Collection[tuple[int, int]], filler: str) -> str:
    """The text with these places filled, so that all others stay where they are."""
    characters = list(text)
    for begin, end in places:
        characters[begin:end] = filler * (end - begin)
    return "".join(characters)
