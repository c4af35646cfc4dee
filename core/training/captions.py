"""Captions of single sounds: what the performer reads in training, and paraphrases to test it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random

from core.training.clauses import render
from core.training.manner import UNUSUAL, USUAL, Manner, in_series
from core.training.vocabulary import BY_NAME

MAX_WORDS = 14
TRIES = 8
"""Phrases that are tried for one into which all that is unusual can be woven."""
SHORT = 4
"""Words of a phrase with no verb that an adjective may open."""
WORDED = 0.75
"""Share of the captions that are taken from the many wordings, eight times as many."""

_TABLE = tomllib.loads((Path(__file__).parent / "phrases.toml").read_text(encoding="utf-8"))

MARKED: dict[str, tuple[str, ...]] = {name: tuple(_TABLE[name]["train"]) for name in BY_NAME}
"""Phrases of a class with their verbs starred (see clauses.py)."""

PHRASES: dict[str, tuple[str, ...]] = {
    name: tuple(dict.fromkeys([BY_NAME[name].caption, *(render(m, "gerund") for m in marked)]))
    for name, marked in MARKED.items()
}
"""Base captions of a class, the plain caption of the vocabulary first."""

WORDINGS: dict[str, tuple[str, ...]] = {
    name: tuple(phrases)
    for name, phrases in tomllib.loads(
        (Path(__file__).parent / "wordings.toml").read_text(encoding="utf-8")
    ).items()
}
"""The same sounds in many people's words, for captions alone: not all of them fit into a story's
sentences."""

HELD_OUT: dict[str, tuple[str, ...]] = {name: tuple(_TABLE[name]["held_out"]) for name in BY_NAME}
"""Paraphrases in other words, for evaluation only."""

MOODS: dict[str, str] = {name: _TABLE[name]["mood"] for name in BY_NAME}
"""How a class feels with no story around it."""

_IMPLIED: tuple[tuple[str, str, re.Pattern[str]], ...] = tuple(
    (key, value, re.compile(rf"\b({words})\b"))
    for key, value, words in (
        ("strength", "light", "softly|soft|gentle|small|quiet|murmur\\w*|sigh\\w*|drips?"
         "|patter\\w*|dripping|trickl\\w*|babbl\\w*|lap|lapping|politely|polite|drops?|drizzl\\w*"
         "|faint\\w*|whisper\\w*|delicate\\w*|mild|tiny|lazy|timid|hush\\w*|calm|softest"
         "|light (rain|showers?|wind|winds|breeze|air|wash|chop|jog|jingle|surf|swell)"),
        ("strength", "heavy", "strong|huge|heavy|hard|loud|loudly|roar\\w*|pour\\w*|pound\\w*"
         "|howl\\w*|big|deep|bellow\\w*|booms?|booming|thundering|beating against"
         "|blaz\\w*|cheer\\w*|ovation|torrential|torrents?|deluge|downpour|cloudburst|massive"
         "|thunderous|deafening|violent\\w*|furious\\w*|fur(y|ies)|mighty|fierce\\w*|savage\\w*"
         "|lash\\w*|batter\\w*|raging|rages|enormous|giant|gale\\w*|hurricane|inferno"),
        ("distance", "distant", "distance|distant|far|away|echo\\w*|over the hills|horizon|beyond"
         "|afar|across the (valley|bay|marsh|field|fields|hills|water|lake)"),
        ("distance", "close", "overhead|past|closer|approach\\w*|nearby|near|close|close-up|macro"),
        ("tempo", "slow", "slow|slowly|twice|pac\\w*|trudg\\w*|plod\\w*|toll\\w*"
         "|leisurely|sluggish\\w*|creeps?|weary"),
        ("tempo", "steady", "steady|steadily"),
        ("tempo", "fast", "run|running|hurry\\w*|gallop\\w*|fast|faster|rattl\\w*|rush\\w*"
         "|quick\\w*|rapid\\w*|racing|races|sprint\\w*|frantic\\w*|full tilt|runs"),
        ("count", "single", "once|single|lone|a clap|a gust|one|solitary"),
        ("count", "several", "twice|two|three|four|a few"),
        ("count", "many", "swarm|volley|chorus|pack|flock|herd|murder|brood|many|colony"
         "|dozens?|hundreds?|thousands?"),
    )
)  # fmt: skip
_PLACE = re.compile(
    r"\b(on|against|in|through|over|under|among|at|from|across|into|along|up|down)\b"
)

_ADJECTIVES: dict[str, dict[str, tuple[str, ...]]] = {
    "rain": {"light": ("light", "soft", "gentle"), "heavy": ("heavy", "hard", "pouring")},
    "wind": {"light": ("light", "gentle"), "heavy": ("strong", "fierce")},
    "waves": {"light": ("gentle", "small"), "heavy": ("big", "heavy")},
    "fire": {"light": ("a small fire", "a low fire"), "heavy": ("a big fire", "a blazing fire")},
    "thunder": {"light": ("low", "soft"), "heavy": ("loud", "mighty")},
}
_ADVERBS: dict[str, dict[str, tuple[str, ...]]] = {
    "strength": {
        "light": ("softly", "quietly", "gently"),
        "moderate": ("", "at medium strength"),
        "heavy": ("loudly", "strongly", "hard"),
    },
    "distance": {
        "close": ("nearby", "up close", "close by"),
        "distant": ("in the distance", "far away", "from afar"),
    },
    "tempo": {
        "slow": ("slowly", "at a slow pace"),
        "steady": ("steadily", "at a steady pace"),
        "fast": ("quickly", "at a fast pace", "rapidly"),
    },
    "count": {
        "single": ("once", "a single time"),
        "several": ("several times", "a few times"),
        "many": ("many times", "again and again"),
    },
}
_OF_NOUNS: dict[str, dict[str, tuple[str, ...]]] = {
    "strength": {"light": ("soft", "faint", "quiet"), "heavy": ("loud", "powerful", "strong")},
    "tempo": {"slow": ("slow",), "fast": ("fast", "quick")},
}
"""Where no verb is there for an adverb."""
SAID, UNSAID = 0.67, 0.15
"""How often a caption says what else is known of a sound, and how often what is usual."""
GOES_WITHOUT_SAYING = {"strength": "moderate", "distance": "close", "tempo": "steady"}
_JOINTS = (
    "{a} with {b}", "{a} with {b}", "{a} and {b}", "{a} and {b}", "{a} over {b}", "{b} over {a}",
    "{a} along with {b}", "{a} mixed with {b}", "{a} plus {b}", "both {a} and {b}", "{a} amid {b}",
    "{a}, {b} in the background", "{a} accompanied by {b}", "{a}, {b} all the while", "{a}, {b}",
    "{a} behind {b}", "{b}, with {a} going on", "during {a}, {b}",
)  # fmt: skip
_MANNER = re.compile(r"(ly|hard|pace|strength|time|times|again|once|twice)$")
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
        for key, value, words in _IMPLIED
    )


@lru_cache
def _by_itself(class_name: str) -> frozenset[tuple[str, str]]:
    """What the plain caption of a class says of attributes."""
    plain = BY_NAME[class_name].caption
    return frozenset((key, value) for key, value, words in _IMPLIED if words.search(plain))


def _says(phrase: str, key: str, value: str) -> bool:
    return any(k == key and v == value and words.search(phrase) for k, v, words in _IMPLIED)


def _with_strength(class_name: str, phrase: str, value: str, rng: Random) -> str | None:
    """The phrase with an adjective before its noun where the class has one: "heavy rain"."""
    words = _ADJECTIVES.get(class_name, {}).get(value)
    noun = class_name if class_name != "fire" else "a fire"
    if words is None or not re.match(rf"{noun}\b", phrase):
        return None
    chosen = rng.choice(words)
    return re.sub(rf"^{noun}\b", chosen if noun == "a fire" else f"{chosen} {noun}", phrase)


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
            tell. Where a surface is known, the many wordings, which name others, are left out.
        rng: source of the choices.
    """
    surfaced = "surface" in attributes and not class_name.startswith("footsteps_")
    worded = rng.random() < WORDED and not surfaced
    phrases = WORDINGS[class_name] if worded else PHRASES[class_name]
    plain = BY_NAME[class_name].caption
    fitting = [p for p in phrases if _fits(class_name, p, attributes)] or [plain]
    for phrase in [*rng.choices(fitting, k=TRIES), plain]:
        told = _told(class_name, phrase, attributes, rng)
        if Manner.of(attributes).beyond(said_manner(class_name, told.meant)) == USUAL:
            break
    return told


def _told(class_name: str, phrase: str, attributes: Mapping[str, str], rng: Random) -> Caption:
    """The phrase with some attributes woven in: all that is unusual, where there is room."""
    meant = _plain(class_name, phrase)
    said = 0
    for key in ("strength", "surface", "tempo", "count", "distance"):
        value = attributes.get(key, "")
        often = SAID if GOES_WITHOUT_SAYING.get(key) != value else UNSAID
        unusual = value in UNUSUAL.get(key, ())
        if not value or (not unusual and (said == 2 or rng.random() > often)):
            continue
        if _says(phrase, key, value) and (key, value) not in _by_itself(class_name):
            continue
        longer = _woven(class_name, phrase, key, value, rng)
        if longer != phrase and len(longer.split()) <= MAX_WORDS:
            meant = _woven(class_name, meant, key, value, _same())
            phrase, said = longer, said + 1
    return Caption(phrase, meant)


@lru_cache(maxsize=16384)
def said_manner(class_name: str, meant: str) -> Manner:
    """What the plain words of a caption (`Caption.meant`) say is unusual.

    What the class' own caption says is usual for it, and so is a tempo of what has none.
    """
    own = set(re.findall(r"\w+", BY_NAME[class_name].caption))
    said: dict[str, str] = {}
    for key, values in UNUSUAL.items():
        for value in values:
            words = {*_ADVERBS[key][value], *_OF_NOUNS.get(key, {}).get(value, ())}
            if key == "strength":
                words |= set(_ADJECTIVES.get(class_name, {}).get(value, ()))
            if any(re.search(rf"\b{word}\b", meant) for word in words - own):
                said[key] = value
    if not in_series(class_name):
        said.pop("tempo", None)
    return Manner(**said)


def _woven(class_name: str, phrase: str, key: str, value: str, rng: Random) -> str:
    """The phrase with one attribute more, or as it was where the attribute would sound odd."""
    if key == "surface":
        if _PLACE.search(phrase) or value in phrase:
            return phrase
        return f"{phrase} on {'a ' if _COUNTED.search(value) else ''}{value}"
    if key == "strength":
        adjective = _with_strength(class_name, phrase, value, rng)
        if adjective is not None:
            return adjective
    words = _OF_NOUNS.get(key, {}).get(value)
    if key != "distance" and not re.search(r"\wing\b", phrase):
        if words is None:
            return phrase
        short = len(phrase.split()) <= SHORT
        return _before_noun(phrase, rng.choice(words)) if short else f"{phrase}, {words[0]}"
    if key != "distance" and _MANNER.search(phrase):
        return f"{phrase}, {words[0]}" if words else phrase
    adverbs = _ADVERBS[key].get(value, ("",))
    return f"{phrase} {rng.choice(adverbs)}".strip()


def said_by(classes: Sequence[str], meant: str) -> Manner:
    """The manner of an event's sound; of two at once nothing is known to be unusual."""
    return said_manner(classes[0], meant) if len(classes) == 1 else USUAL


def _before_noun(phrase: str, adjective: str) -> str:
    """ "a splash in water" and "loud" are "a loud splash in water"."""
    article = re.match(r"(an?|the) ", phrase)
    if article is None:
        return f"{adjective} {phrase}"
    return f"{'the' if article[1] == 'the' else 'a'} {adjective} {phrase[article.end() :]}"


def plainly(text: str, classes: Sequence[str]) -> str:
    """What a text about sounds of these classes means, in their plain captions.

    Of one class, what the text says of strength, tempo and distance stays said; what no class
    covers stays in its own words.
    """
    if not classes:
        return text
    if len(classes) == 1:
        return _plain(classes[0], text)
    return " with ".join(BY_NAME[name].caption for name in classes)


@lru_cache(maxsize=16384)
def _plain(class_name: str, text: str) -> str:
    phrase = BY_NAME[class_name].caption
    for key in ("strength", "tempo", "distance"):
        for value in _ADVERBS[key]:
            if _says(text, key, value) and not _says(phrase, key, value):
                phrase = _woven(class_name, phrase, key, value, _same())
    return phrase


def _same() -> Random:
    """For meanings: the same attribute is always put in the same words."""
    return Random(0)


def mixture_caption(a: Caption, b: Caption, rng: Random) -> Caption:
    """One caption of two sounds heard together."""
    said = rng.choice(_JOINTS).format(a=a.said, b=b.said)
    return Caption(said, f"{a.meant} with {b.meant}")
