"""An instruction's clauses, and which clause each event of a plan comes from.

Nothing here understands English: clauses end at punctuation and joining words, and an event
belongs to the clause with which it shares most words, in the order of the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_END = r"[.!?;\n]+(?=\s|$)|\n+"
_JOINT = (
    r",\s*(?:and\s+then|and|then|but|while)\b|,(?!\d)|:(?!\d)|\s->|\s=>|\s[|/&+>\u2013\u2014-]\s|\u2026|\.\.\."
    r"|\b(?:and\s+then|followed\s+by|then|and|before|while|until|meanwhile)\b"
)
_BREAK = re.compile(f"(?P<end>{_END})|{_JOINT}", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")

LIST_LINE = 50
"""Characters of a line of a list at most; a longer one may have been wrapped by an editor."""

_STOP_WORD_LIST = """
a an the of in on at to for from by with without and or but then than as so it its is are
was were be been being he she they his her their him them i me my we us our you your that
this these those there here some any all both each every no not only just very quite rather
while when until before after again once more most into onto over under out up down off away
back first last next later finally start starts begin begins open opens end ends let give
gets get make makes need want sound sounds scene story please second seconds sec secs s
minute minutes min mins long rest remaining share one two three four five six seven eight
nine ten eleven twelve fifteen twenty thirty forty fifty half couple hear heard something
someone somebody whatever left what which who whom mark full another
"""
_STOP_WORDS = frozenset(_STOP_WORD_LIST.split())


@dataclass(frozen=True)
class InstructionClause:
    """A piece of the instruction.

    Attributes:
        begin, end: its place in the text.
        sentence: number of its sentence.
        words: stems of what it says, with their places in the text.
    """

    text: str
    begin: int
    end: int
    sentence: int
    words: tuple[tuple[str, int], ...]

    @property
    def stems(self) -> frozenset[str]:
        return frozenset(stem for stem, _ in self.words)


def stem(word: str) -> str:
    """A crude stem: "knocking", "knocks" and "knock" are one."""
    word = word.lower().replace("\u2019", "'").removesuffix("'s")
    for ending in ("ing", "ed", "es", "s", "e", "er"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word.removesuffix(ending)
            break
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    return word[:6]


def stems(text: str) -> frozenset[str]:
    """Stems of the words that carry a meaning."""
    return frozenset(s for s, _ in _words(text, 0))


def end_list_lines(text: str) -> str:
    """The text with a full stop where a line of a list ends; a line that was wrapped goes on."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    ends = [len(line) <= LIST_LINE and line[-1] not in ".,;:!?" for line in lines]
    return " ".join(line + "." * end for line, end in zip(lines, [*ends[:-1], False], strict=False))


def related(one: str, other: str) -> bool:
    """Whether two texts share a word, even if one of them has a slip of the finger in it."""
    a, b = stems(one), stems(other)
    return bool(a & b) or any(
        min(len(x), len(y)) >= 4 and SequenceMatcher(None, x, y).ratio() >= 0.75
        for x in a
        for y in b
    )


def _words(text: str, begin: int) -> tuple[tuple[str, int], ...]:
    return tuple(
        (stem(match[0]), begin + match.start())
        for match in _WORD.finditer(text)
        if match[0].lower() not in _STOP_WORDS
    )


def split_clauses(instruction: str, also_at: Sequence[int] = ()) -> tuple[InstructionClause, ...]:
    """The instruction cut at punctuation, at words that join what is heard, and at given places."""
    cuts = [(m.start(), m.end(), bool(m["end"])) for m in _BREAK.finditer(instruction)]
    cuts += [(place, place, False) for place in also_at]
    found: list[InstructionClause] = []
    begin, sentence = 0, 0
    for start, end, ends in [*sorted(cuts), (len(instruction), len(instruction), True)]:
        text = instruction[begin:start]
        if text.strip():
            found.append(InstructionClause(text, begin, start, sentence, _words(text, begin)))
        begin = max(begin, end)
        sentence += ends
    return tuple(found)


def align(phrases: Sequence[str], parts: Sequence[InstructionClause]) -> list[int | None]:
    """The clause of each phrase, none for one that shares no word with any; the order is kept.

    Of all ways to walk through the clauses in order, the one that shares most words; several
    phrases may share a clause, and a word of a clause counts more the fewer clauses have it.
    """
    if not parts:
        return [None] * len(phrases)
    common = {s: sum(s in part.stems for part in parts) for part in parts for s in part.stems}
    words = [stems(phrase) for phrase in phrases]
    score = [
        [sum(1 / common[s] for s in own & part.stems) - 0.001 * j for j, part in enumerate(parts)]
        for own in words
    ]
    best = [0.0] * len(parts)
    came: list[list[int]] = []
    for i, row in enumerate(score):
        fresh = [_says_more(words, i, part) for part in parts]
        reached, origin = [], []
        for j, gain in enumerate(row):
            share = max(0.0, gain)
            walks = [best[k] + (share if k < j or fresh[j] else 0.3 * share) for k in range(j + 1)]
            origin.append(max(range(j + 1), key=lambda k: (walks[k], k)))
            reached.append(walks[origin[-1]])
        best = reached
        came.append(origin)
    place = max(range(len(parts)), key=lambda j: best[j])
    found: list[int | None] = []
    for i in range(len(phrases) - 1, -1, -1):
        found.append(place if words[i] & parts[place].stems else None)
        place = came[i][place]
    return found[::-1]


def _says_more(words: Sequence[frozenset[str]], i: int, part: InstructionClause) -> bool:
    """Whether phrase i has a word of the clause that the phrase before lacks."""
    return i == 0 or bool((words[i] - words[i - 1]) & part.stems)
