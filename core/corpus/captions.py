"""Captions of single sounds: what the performer reads in training, and paraphrases to test it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random

from core.bridge.modifiers import (
    IMPLIED,
    first_choice,
    says,
    with_attribute,
    with_modifiers_of,
    words_for,
)
from core.corpus.clauses import in_form
from core.corpus.learnable import CANDIDATES_BY_NAME, LEARNABLE, candidate_wordings
from core.corpus.modifiers import UNUSUAL, USUAL, Modifiers, modifiers_of
from core.corpus.vocabulary import BY_NAME

MAX_WORDS = 14
TRIES = 8
"""Phrases that are tried for one into which all that is unusual can be put."""
PARAPHRASED = 0.75
"""Share of the captions that are taken from the many paraphrases, eight times as many."""

_TABLE = tomllib.loads((Path(__file__).parent / "phrases.toml").read_text(encoding="utf-8"))

MARKED: dict[str, tuple[str, ...]] = {name: tuple(_TABLE[name]["train"]) for name in BY_NAME}
"""Phrases of a class with their verbs starred (see clauses.py)."""

PHRASES: dict[str, tuple[str, ...]] = {
    name: tuple(dict.fromkeys([BY_NAME[name].caption, *(in_form(m, "gerund") for m in marked)]))
    for name, marked in MARKED.items()
}
"""Base captions of a class, the plain caption of the vocabulary first."""

PARAPHRASES: dict[str, tuple[str, ...]] = {
    name: tuple(phrases)
    for name, phrases in tomllib.loads(
        (Path(__file__).parent / "paraphrases.toml").read_text(encoding="utf-8")
    ).items()
}
"""The same sounds in many people's words, for captions alone: not all of them fit into a story's
sentences."""

HELD_OUT: dict[str, tuple[str, ...]] = {name: tuple(_TABLE[name]["held_out"]) for name in BY_NAME}
"""Paraphrases in other words, for evaluation only."""

MOODS: dict[str, str] = {name: _TABLE[name]["mood"] for name in BY_NAME}
"""How a class feels with no story around it."""

_PLACE = re.compile(
    r"\b(on|against|in|through|over|under|among|at|from|across|into|along|up|down)\b"
)

SAID, UNSAID = 0.67, 0.15
"""How often a caption says what else is known of a sound, and how often what is usual."""
GOES_WITHOUT_SAYING = {"strength": "moderate", "distance": "close", "tempo": "steady"}
_JOINTS = (
    "{a} with {b}", "{a} with {b}", "{a} and {b}", "{a} and {b}", "{a} over {b}", "{b} over {a}",
    "{a} along with {b}", "{a} mixed with {b}", "{a} plus {b}", "both {a} and {b}", "{a} amid {b}",
    "{a}, {b} in the background", "{a} accompanied by {b}", "{a}, {b} all the while", "{a}, {b}",
    "{a} behind {b}", "{b}, with {a} going on", "during {a}, {b}",
)  # fmt: skip
_COUNTED = re.compile(
    r"(roof|floor|path|road|street|window|door|deck|tent|shield|target|wall|field)$"
)


def _fits(class_name: str, phrase: str, attributes: Mapping[str, str]) -> bool:
    """Whether nothing in the phrase contradicts an attribute; what the class says by itself, as a
    waterfall that it roars, contradicts none."""
    says_surface = class_name.startswith("footsteps_") or attributes.get("surface", "") in phrase
    if "surface" in attributes and _PLACE.search(phrase) and not says_surface:
        return False
    return all(
        attributes.get(key, value) == value
        or not words.search(phrase)
        or (key, value) in _by_itself(class_name)
        for key, value, words in IMPLIED
    )


@lru_cache
def _by_itself(class_name: str) -> frozenset[tuple[str, str]]:
    """What the plain caption of a class says of attributes."""
    plain = LEARNABLE[class_name].caption
    return frozenset((key, value) for key, value, words in IMPLIED if words.search(plain))


@dataclass(frozen=True)
class Caption:
    """What is said of a sound, and the same in its class' plain words.

    "torrents lash the harbour, far away" means "steady rain falling loudly in the distance". The
    performer knows the plain words best, and a text encoder's tokens of others would say how they
    are written; what they mean is for the director to find out.
    """

    said: str
    meant: str


def caption(class_name: str, attributes: Mapping[str, str], rng: Random) -> Caption:
    """A caption of one sound, at most 14 words, lower case, without a full stop.

    Args:
        class_name: a class of the vocabulary.
        attributes: what is known of the clip, each optional: strength light|moderate|heavy,
            distance close|distant, tempo slow|steady|fast, surface (a word), count
            single|several|many. The phrase is chosen so as not to contradict them. What is
            unusual is always said, of the others two at most, as often as `SAID` and `UNSAID`
            tell. Where a surface is known, the many paraphrases, which name others, are left out.
        rng: source of the choices.
    """
    surfaced = "surface" in attributes and not class_name.startswith("footsteps_")
    phrases = _phrases(class_name, rng.random() < PARAPHRASED and not surfaced)
    plain, wanted = LEARNABLE[class_name].caption, modifiers_of(class_name, attributes).attributes()
    fitting = [p for p in phrases if _fits(class_name, p, attributes)] or [plain]
    for phrase in [*rng.choices(fitting, k=TRIES), plain]:
        found = _with_attributes(class_name, phrase, attributes, rng)
        said = said_modifiers(class_name, found.meant).attributes()
        if all(said.get(key) == wanted.get(key) for key in UNUSUAL if key in attributes):
            break
    return found


def _phrases(class_name: str, paraphrased: bool) -> Sequence[str]:
    """What a caption of a class is chosen from; candidates have one list, without plain phrases."""
    if class_name in CANDIDATES_BY_NAME:
        return _wordings(class_name)
    return PARAPHRASES[class_name] if paraphrased else PHRASES[class_name]


@lru_cache
def _wordings(name: str) -> tuple[str, ...]:
    """A candidate's wordings that are short enough for a caption."""
    return tuple(w for w in candidate_wordings(name) if len(w.split()) <= MAX_WORDS)


def _with_attributes(
    class_name: str, phrase: str, attributes: Mapping[str, str], rng: Random
) -> Caption:
    """The phrase with some attributes put in: all that is unusual, where there is room."""
    meant = with_modifiers_of(LEARNABLE[class_name].caption, phrase)
    said = 0
    for key in ("strength", "surface", "tempo", "count", "distance"):
        value = attributes.get(key, "")
        often = SAID if GOES_WITHOUT_SAYING.get(key) != value else UNSAID
        unusual = value in UNUSUAL.get(key, ())
        if not value or (not unusual and (said == 2 or rng.random() > often)):
            continue
        if says(phrase, key, value) and (key, value) not in _by_itself(class_name):
            continue
        longer = _longer(phrase, key, value, rng.choice)
        if longer != phrase and len(longer.split()) <= MAX_WORDS:
            meant = _longer(meant, key, value, first_choice)
            phrase, said = longer, said + 1
    return Caption(phrase, meant)


@lru_cache(maxsize=16384)
def said_modifiers(class_name: str, meant: str) -> Modifiers:
    """What the plain words of a caption (`Caption.meant`) say is unusual.

    What the class' own caption says is usual for it, and so is a tempo of what has none.
    """
    plain = LEARNABLE[class_name].caption
    said = {
        key: value
        for key, values in UNUSUAL.items()
        for value in values
        if any(re.search(rf"\b{word}\b", meant) for word in words_for(plain, key, value))
    }
    return modifiers_of(class_name, said)


def _longer(phrase: str, key: str, value: str, choose: Callable[[Sequence[str]], str]) -> str:
    """The phrase with one attribute more, or as it was where the attribute would sound odd."""
    if key != "surface":
        return with_attribute(phrase, key, value, choose)
    if _PLACE.search(phrase) or value in phrase:
        return phrase
    return f"{phrase} on {'a ' if _COUNTED.search(value) else ''}{value}"


def said_by(classes: Sequence[str], meant: str) -> Modifiers:
    """The modifiers of an event's sound; of two at once nothing is known to be unusual."""
    return said_modifiers(classes[0], meant) if len(classes) == 1 else USUAL


def plain_meaning(text: str, classes: Sequence[str]) -> str:
    """What a text about sounds of these classes means, in their plain captions.

    Of one class, what the text says of strength, tempo and distance stays said; what no class
    covers stays in its own words.
    """
    if not classes:
        return text
    if len(classes) == 1:
        return with_modifiers_of(LEARNABLE[classes[0]].caption, text)
    return " with ".join(LEARNABLE[name].caption for name in classes)


def mixture_caption(a: Caption, b: Caption, rng: Random) -> Caption:
    """One caption of two sounds heard together."""
    said = rng.choice(_JOINTS).format(a=a.said, b=b.said)
    return Caption(said, f"{a.meant} with {b.meant}")
