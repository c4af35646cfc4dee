"""A marked clause and its forms: "thunder *rolls in" is rolls, rolling, rolled, is rolling.

The star marks a verb in the third person present; a clause without one is a noun phrase.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

Form = Literal["present", "gerund", "past", "progressive"]

_VERB = re.compile(r"\*([a-z]+)")
_ANAPHOR = re.compile(r"(it|they|he|she|its|their|his|her)\b")

_VERBS = tomllib.loads((Path(__file__).parent / "verbs.toml").read_text(encoding="utf-8"))
_DOUBLING = frozenset(_VERBS["doubling"].split())
_IRREGULAR_PAST: dict[str, str] = _VERBS["past"]


def lemma(verb: str) -> str:
    """The base form of a verb in the third person present, singular or plural."""
    if not verb.endswith("s") or verb.endswith("ss"):
        return verb
    if verb in ("dies", "lies", "ties", "tiptoes"):
        return verb[:-1]
    if verb.endswith("ies"):
        return verb[:-3] + "y"
    if re.search(r"(ss|sh|ch|x|zz|o)es$", verb):
        return verb[:-2]
    return verb[:-1]


def gerund(verb: str) -> str:
    base = lemma(verb)
    if base in _DOUBLING:
        return base + base[-1] + "ing"
    if base.endswith("ic"):
        return base + "king"
    if base.endswith("ie"):
        return base[:-2] + "ying"
    if base.endswith("e") and not base.endswith(("ee", "oe", "ye")) and base != "singe":
        return base[:-1] + "ing"
    return base + "ing"


def past(verb: str) -> str:
    base = lemma(verb)
    if base in _IRREGULAR_PAST:
        return _IRREGULAR_PAST[base]
    if base in _DOUBLING:
        return base + base[-1] + "ed"
    if base.endswith("ic"):
        return base + "ked"
    if base.endswith("e"):
        return base + "d"
    if re.search(r"[^aeiou]y$", base):
        return base[:-1] + "ied"
    return base + "ed"


@lru_cache(maxsize=16384)
def in_form(marked: str, form: Form) -> str:
    """The marked clause in one form; a noun phrase comes back as it is."""
    if form == "present":
        return marked.replace("*", "")
    if form == "gerund":
        return _VERB.sub(lambda match: gerund(match[1]), marked)
    if form == "past":
        return _VERB.sub(lambda match: past(match[1]), marked)
    first = _VERB.search(marked)
    if first is None:
        return marked
    auxiliary = "is" if lemma(first[1]) != first[1] else "are"
    with_auxiliary = marked[: first.start()] + f"{auxiliary} " + marked[first.start() :]
    return _VERB.sub(lambda match: gerund(match[1]), with_auxiliary)


@dataclass(frozen=True)
class MarkedClause:
    """One sound as a person describes it.

    Attributes:
        marked: the clause with its verbs starred.
        heard: caption for the performer where it is more than the clause with its verbs as gerunds.
    """

    marked: str
    heard: str = ""

    @property
    def has_verb(self) -> bool:
        return "*" in self.marked

    @property
    def is_anaphoric(self) -> bool:
        """Whether the clause needs the one before it: "it creaks open"."""
        return bool(self.heard) and _ANAPHOR.match(self.marked) is not None

    @property
    def caption(self) -> str:
        return self.heard or in_form(self.marked, "gerund")

    def written(self, form: Form) -> str:
        """The clause in one form."""
        return in_form(self.marked, form)

    def standing_alone(self) -> MarkedClause:
        """The same sound described without reference to the sound before."""
        return MarkedClause(self.heard) if self.is_anaphoric else self
