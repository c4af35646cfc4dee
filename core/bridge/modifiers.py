"""How a caption says that a sound is: strong or soft, near or far, slow or fast.

Thousands of words say such things. `with_modifiers_of` puts them into a few, always the same, after
the plain caption of a sound: "a hound giving tongue beyond the hills" is "a dog barking in the
distance". The performer is trained on these words, and the director reads them in its paraphrases.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

SHORT = 4
"""Words of a phrase with no verb that an adjective may open."""
IMPLIED: tuple[tuple[str, str, re.Pattern[str]], ...] = tuple(
    (key, value, re.compile(rf"\b({words})\b"))
    for key, value, words in (
        ("strength", "light", "softly|soft|gentl\\w*|small|quiet\\w*|murmur\\w*|sigh\\w*|drips?"
         "|patter\\w*|dripping|trickl\\w*|babbl\\w*|lap|lapping|politely|polite|drops?|drizzl\\w*"
         "|faint\\w*|whisper\\w*|delicate\\w*|mild|tiny|lazy|timid|hush\\w*|calm|softest"
         "|light (rain|showers?|wind|winds|breeze|air|wash|chop|jog|jingle|surf|swell)"),
        ("strength", "heavy", "strong\\w*|powerful\\w*|huge|heavy|hard|loud|loudly"
         "|roar\\w*|pour\\w*|pound\\w*"
         "|howl\\w*|big|deep|bellow\\w*|booms?|booming|thundering|beating against"
         "|blaz\\w*|cheer\\w*|ovation|torrential|torrents?|deluge|downpour|cloudburst|massive"
         "|thunderous|deafening|violent\\w*|furious\\w*|fur(y|ies)|mighty|fierce\\w*|savage\\w*"
         "|lash\\w*|batter\\w*|raging|rages|enormous|giant|gale\\w*|hurricane|inferno"),
        ("distance", "distant", "distance|distant|far|away|echo\\w*|over the hills|horizon|beyond"
         "|afar|across the (valley|bay|marsh|field|fields|hills|water|lake)"),
        ("distance", "close", "overhead|past|closer|approach\\w*|nearby|near|close|close-up|macro"),
        ("tempo", "slow", "slow|slowly|twice|pac(es|ed|ing)|trudg\\w*|plod\\w*|toll\\w*"
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
"""Attribute, value, and the words that imply it."""
_ADJECTIVES: dict[str, dict[str, tuple[str, ...]]] = {
    "rain": {"light": ("light", "soft", "gentle"), "heavy": ("heavy", "hard", "pouring")},
    "wind": {"light": ("light", "gentle"), "heavy": ("strong", "fierce")},
    "waves": {"light": ("gentle", "small"), "heavy": ("big", "heavy")},
    "a fire": {"light": ("a small fire", "a low fire"), "heavy": ("a big fire", "a blazing fire")},
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
_MODIFIER = re.compile(r"(ly|hard|pace|strength|time|times|again|once|twice)$")


def says(phrase: str, key: str, value: str) -> bool:
    """Whether a phrase implies that an attribute has a value."""
    return any(k == key and v == value and words.search(phrase) for k, v, words in IMPLIED)


def words_for(plain: str, key: str, value: str) -> set[str]:
    """The words with which `with_attribute` says it, without those of the plain caption itself."""
    adjectives = [of.get(value, ()) for noun, of in _ADJECTIVES.items() if plain.startswith(noun)]
    of_nouns = _OF_NOUNS.get(key, {}).get(value, ())
    words = {*_ADVERBS[key][value], *of_nouns}
    if key == "strength":
        words.update(*adjectives)
    return words - set(re.findall(r"[\w']+", plain))


@lru_cache(maxsize=16384)
def with_modifiers_of(plain: str, text: str) -> str:
    """A plain caption with what a text says of strength, tempo and distance.

    What the plain caption says by itself, as that a waterfall roars, must be said in so many words.
    """
    text = text.lower()
    for key in ("strength", "tempo", "distance"):
        for value in _ADVERBS[key]:
            by_itself = says(plain, key, value)
            words = words_for(plain, key, value)
            plainly = any(re.search(rf"\b{word}\b", text) for word in words)
            if plainly if by_itself else says(text, key, value):
                plain = with_attribute(plain, key, value, first_choice)
                break
    return plain


def with_attribute(
    phrase: str, key: str, value: str, choose: Callable[[Sequence[str]], str]
) -> str:
    """A phrase that says one attribute more, or the phrase where that would sound odd.

    Args:
        choose: takes one of several words.
    """
    if key == "strength":
        for noun, of in _ADJECTIVES.items():
            if value in of and re.match(rf"{noun}\b", phrase):
                chosen = choose(of[value])
                return re.sub(
                    rf"^{noun}\b", chosen if noun in chosen else f"{chosen} {noun}", phrase
                )
    words = _OF_NOUNS.get(key, {}).get(value)
    if key != "distance" and not re.search(r"\wing\b", phrase):
        if words is None:
            return phrase
        short = len(phrase.split()) <= SHORT
        return _before_noun(phrase, choose(words)) if short else f"{phrase}, {words[0]}"
    if key != "distance" and _MODIFIER.search(phrase):
        return f"{phrase}, {words[0]}" if words else phrase
    return f"{phrase} {choose(_ADVERBS[key].get(value, ('',)))}".strip()


def _before_noun(phrase: str, adjective: str) -> str:
    """ "a splash in water" and "loud" are "a loud splash in water"."""
    article = re.match(r"(an?|the) ", phrase)
    if article is None:
        return f"{adjective} {phrase}"
    return f"{'the' if article[1] == 'the' else 'a'} {adjective} {phrase[article.end() :]}"


def first_choice(words: Sequence[str]) -> str:
    """The word that is always taken where nothing is left to chance."""
    return words[0]
