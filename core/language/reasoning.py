"""The reasoning: a list of what is heard, for how long and in which mood, before any event.

    1. rain falls (6 s, calm). 2. thunder rolls (4 s, tense). Two events, from calm to tense.

Read, written and enforced here. The count after the list is always that of the list, and the
events that follow are as many, since both are held to it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

COUNTS = (
    "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven",
    "Twelve", "Thirteen", "Fourteen", "Fifteen", "Sixteen", "Seventeen", "Eighteen", "Nineteen",
    "Twenty", "Twenty-one", "Twenty-two", "Twenty-three", "Twenty-four",
)  # fmt: skip

_ITEM = re.compile(
    r"(?:^|\s)(?P<number>\d{1,2})\.\s+(?P<phrase>[^()]+?)\s*"
    r"\((?P<seconds>\d{1,4}(?:\.\d+)?) s(?:, (?P<mood>[^()]{1,60}))?\)"
)


@dataclass(frozen=True)
class Item:
    """One line of the list; 0 s stands for a length that could not be read."""

    phrase: str
    seconds: float
    mood: str = ""


def read_items(reasoning: str) -> tuple[Item, ...]:
    """The items numbered 1, 2, 3, … in the reasoning; none where it is written in another way."""
    items: list[Item] = []
    for match in _ITEM.finditer(reasoning):
        if int(match["number"]) == len(items) + 1:
            mood = (match["mood"] or "").strip()
            items.append(Item(match["phrase"].strip(), float(match["seconds"]), mood))
    return tuple(items)


def write_items(items: Sequence[Item]) -> str:
    """The list and its count, as `read_items` reads it."""
    lines = [
        f"{number}. {item.phrase} ({item.seconds:g} s, {item.mood or 'plain'})."
        for number, item in enumerate(items, 1)
    ]
    count = COUNTS[len(items) - 1] if len(items) <= len(COUNTS) else str(len(items))
    return " ".join([*lines, f"{count} event{'s' if len(items) > 1 else ''}."])


def _number(text: str) -> float:
    match = re.search(r"\d+(?:\.\d+)?", text)
    return float(match[0]) if match else 0.0


@dataclass(frozen=True)
class ListIds:
    """Token ids of the list's structure.

    Attributes:
        numbers: "1.", "2.", … without the blank before; counts: " One event", " Two events", ….
        blank: what stands before the second and every later number.
        begin: tokens that may begin a phrase or mood; text: those inside a phrase; letters: those
            inside a mood; prose: those of what follows the list.
        opening, unit, comma, closing: " (", " s", "," and ").".
    """

    numbers: tuple[tuple[int, ...], ...]
    counts: tuple[tuple[int, ...], ...]
    blank: int
    begin: frozenset[int]
    text: frozenset[int]
    letters: frozenset[int]
    prose: frozenset[int]
    digits: frozenset[int]
    opening: int
    unit: int
    comma: int
    closing: int


def read_list_ids(
    tokenizer: PreTrainedTokenizerBase, texts: Mapping[int, str], digits: frozenset[int]
) -> ListIds:
    """The ids of the list's structure, read from a tokenizer.

    Args:
        texts: tokens of plain text, and what each is; digits: tokens of digits and decimal points.
    """

    def encode(text: str) -> tuple[int, ...]:
        return tuple(tokenizer(text, add_special_tokens=False)["input_ids"])

    plain = {i for i, t in texts.items() if not set(t) & set("()[]\n") and "_" not in t}
    return ListIds(
        numbers=tuple(encode(f"{n}.") for n in range(1, len(COUNTS) + 1)),
        counts=tuple(encode(f" {word} event{'s' if n else ''}") for n, word in enumerate(COUNTS)),
        blank=encode(" 2.")[0],
        begin=frozenset(i for i in plain if re.match(r" [^\W\d]", texts[i])),
        text=frozenset(i for i in plain if not texts[i].rstrip().endswith(".")),
        letters=frozenset(i for i in plain if texts[i].strip().isalpha()),
        prose=frozenset(i for i in plain if not any(c.isdigit() for c in texts[i])),
        digits=digits,
        opening=encode(" (")[0],
        unit=encode("6 s")[-1],
        comma=encode("6 s,")[-1],
        closing=encode("calm).")[-1],
    )


@dataclass(frozen=True)
class ListConstraints:
    """What is known of the list before the director writes it.

    Attributes:
        settled: items that must be written as they are, by place (from 0).
        phrases: those of the first items, where they are given; lengths and moods are not.
        least, most: how many items there may be.
        mood: the mood of every item that is not settled; empty: the director's choice.
        refuses: asked of the phrases so far, the last one new; true takes the last one back.
        complete: asked of the phrases so far; whether the list may end where nothing fits any more.
        owed: asked of the phrases so far, and whether the list is at its end; what has to come
            before the last phrase or before the end, "" if nothing.
        length: asked of the phrases so far; seconds that the instruction gives for the last one.
    """

    settled: Mapping[int, Item] = field(default_factory=dict)
    phrases: Sequence[str] = ()
    least: int = 1
    most: int = 24
    mood: str = ""
    refuses: Callable[[Sequence[str]], bool] = lambda phrases: False
    complete: Callable[[Sequence[str]], bool] = lambda phrases: True
    owed: Callable[[Sequence[str], bool], str] = lambda phrases, ended: ""
    length: Callable[[Sequence[str]], float | None] = lambda phrases: None


class ListGrammar:
    """Which tokens may come next inside the reasoning, so that it is a list of items and a count.

    Feed it with `advance`. `forced` gives a block that must follow, `allowed` the candidates where
    there is a choice. A phrase that the constraints refuse is taken back: `advance` returns how
    many of the last tokens no longer hold.
    """

    PHRASE = 24
    MOOD = 4
    SECONDS = 4
    """Tokens of a phrase, of a mood and of a length, at most."""
    TRIES = 3
    """Phrases that are refused for one item before the list ends, or takes what comes."""

    def __init__(
        self,
        ids: ListIds,
        constraints: ListConstraints,
        encode: Callable[[str], Sequence[int]],
        decode: Callable[[Sequence[int]], str],
    ):
        self.ids = ids
        self.constraints = constraints
        self._encode = encode
        self._decode = decode
        self.items: list[Item] = []
        self.place = "number"
        self._piece: list[int] = []
        self._refused: set[int] = set()
        self._ended = False
        self._owed = ""
        self._begin = ids.begin
        self._inside = ids.text | {ids.opening}
        self._seconds = ids.digits | {ids.unit}
        self._mood = ids.letters | {ids.closing}
        self._next: dict[int, frozenset[int]] = {}

    @property
    def phrases(self) -> list[str]:
        """The phrases so far, that of the item being written included once it is done."""
        return [item.phrase for item in self.items]

    @property
    def finished(self) -> bool:
        """Whether the list and its count are written; what follows is free."""
        return self.place == "end"

    @property
    def forced(self) -> tuple[int, ...]:
        place, ids, number = self.place, self.ids, len(self.items)
        if place == "number":
            return ids.numbers[number]
        if place == "phrase" and not self._piece:
            return self._forced_phrase()
        if place == "phrase" and len(self._piece) >= self.PHRASE:
            return (ids.opening,)
        if place == "seconds" and not self._piece:
            return self._forced_seconds()
        if place == "seconds" and len(self._piece) >= self.SECONDS:
            return (ids.unit,)
        if place == "comma":
            mood = self.constraints.mood
            return (ids.comma, *self._encode(f" {mood}"), ids.closing) if mood else (ids.comma,)
        if place == "mood" and len(self._piece) >= self.MOOD:
            return (ids.closing,)
        if place == "next" and self._must_end():
            return ids.counts[number - 1]
        if place == "next" and self._must_go_on():
            return (ids.blank,)
        if place == "count":
            return ids.counts[number - 1][1:]
        return ()

    def _forced_phrase(self) -> tuple[int, ...]:
        number = len(self.items)
        item = self.constraints.settled.get(number)
        if item is not None:
            text = f" {item.phrase} ({item.seconds:g} s, {item.mood or 'plain'})."
            return tuple(self._encode(text))
        given = self.constraints.phrases
        phrase = given[number] if number < len(given) else self._owed
        return (*self._encode(f" {phrase}"), self.ids.opening) if phrase else ()

    def _forced_seconds(self) -> tuple[int, ...]:
        seconds = self.constraints.length(self.phrases)
        return () if seconds is None else (*self._encode(f"{seconds:g}"), self.ids.unit)

    def end(self) -> None:
        """Let the list end after the item that is being written, unless more has to come."""
        self._ended = True

    def _must_end(self) -> bool:
        number = len(self.items)
        full = number >= min(self.constraints.most, len(self.ids.numbers))
        return full or (self._ended and not self._must_go_on())

    def _must_go_on(self) -> bool:
        number = len(self.items)
        later = any(place >= number for place in self.constraints.settled)
        return later or number < self.constraints.least or bool(self._owed)

    @property
    def allowed(self) -> frozenset[int]:
        number = len(self.items)
        if self.place == "phrase":
            if self._refused and not self._piece:
                return self._begin - self._refused
            return self._inside if self._piece else self._begin
        if self.place == "seconds":
            return self._seconds if self._piece else self.ids.digits
        if self.place == "mood":
            return self._mood if self._piece else self._begin
        if number not in self._next:
            self._next[number] = frozenset({self.ids.blank, self.ids.counts[number - 1][0]})
        return self._next[number]

    def advance(self, tokens: Sequence[int]) -> int:
        """Take note of a choice or of a forced block; returns how many tokens are taken back."""
        if self.place == "phrase":
            settled = self.forced and not self._piece
            return self._settle(tokens) if settled else self._phrase(tokens[0])
        if self.place == "next":
            return self._go_on(tokens)
        if self.place in ("seconds", "comma", "mood"):
            self._describe(tokens)
        else:
            self._enter("phrase" if self.place == "number" else "end")
        return 0

    def _describe(self, tokens: Sequence[int]) -> None:
        """The seconds, the comma after them, or the mood."""
        self._piece += tokens
        if self.place == "comma":
            if len(tokens) > 1:
                self._note(mood=self.constraints.mood)
            self._enter("mood" if len(tokens) == 1 else "next")
        elif tokens[-1] == self.ids.unit and self.place == "seconds":
            self._note(seconds=_number(self._decode(self._piece[:-1])))
            self._enter("comma")
        elif tokens[-1] == self.ids.closing and self.place == "mood":
            self._note(mood=self._decode(self._piece[:-1]).strip())
            self._enter("next")

    def _go_on(self, tokens: Sequence[int]) -> int:
        """Another item, or the count; the count is taken back while a clause is owed."""
        if tokens[0] != self.ids.blank and not self.forced:
            self._owed = self.constraints.owed(self.phrases, True)
            if self._owed:
                return 1
        self._enter("number" if tokens[0] == self.ids.blank else "count")
        if len(tokens) > 1 or (self.place == "count" and not self.forced):
            self._enter("end")
        return 0

    def _note(self, **values: Any) -> None:
        self.items[-1] = dataclasses.replace(self.items[-1], **values)

    def _enter(self, place: str) -> None:
        self.place, self._piece = place, []
        if place == "next" and self._ended:
            self._owed = self.constraints.owed(self.phrases, True)

    def _settle(self, tokens: Sequence[int]) -> int:
        """A phrase that was forced: a whole settled item, or one that was owed."""
        item = self.constraints.settled.get(len(self.items))
        self.items.append(item or Item(self._decode(tokens[:-1]).strip(), 0.0))
        self._refused, self._owed = set(), ""
        self._enter("next" if item else "seconds")
        return 0

    def _phrase(self, token: int) -> int:
        if token != self.ids.opening:
            self._piece.append(token)
            return 0
        phrase = self._decode(self._piece).strip(" ,;:")
        self._owed = self.constraints.owed([*self.phrases, phrase], False)
        if self._owed:
            back, self._piece = len(self._piece) + 1, []
            return back
        exhausted = len(self._refused) >= self.TRIES
        can_end = bool(self.phrases) and not self._must_go_on()
        can_end = can_end and self.constraints.complete(self.phrases)
        refused = self.constraints.refuses([*self.phrases, phrase])
        if refused and exhausted and not can_end:
            self._owed = self.constraints.owed(self.phrases, True)
            if self._owed:
                back, self._piece = len(self._piece) + 1, []
                return back
        if (exhausted and not can_end) or not refused:
            self.items.append(Item(phrase, 0.0))
            self._refused = set()
            self._enter("seconds")
            return 0
        back = len(self._piece) + 1
        self._refused.add(self._piece[0])
        self._piece = []
        if exhausted:
            back += 1 + len(self.ids.numbers[len(self.items)])
            self._refused, self._ended = set(), True
            self._enter("next")
        return back
