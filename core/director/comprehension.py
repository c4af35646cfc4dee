"""What of an instruction the director understands: said before it plans, instead of made up.

A small director makes a story of anything: of "!!!" as of a German sentence. What names nothing,
and what is not English, is refused with the ways out; a phrase in English that is like no known
sound is planned as it stands (`core.director.constraints.named_sounds`).
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.bridge.lexicon import Lexicon
from core.errors import PlanError

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

SHOWN = 40
"""Characters of the instruction that a message repeats at most."""
NOT_ENGLISH = 0.025
"""Probability of English below which a text is another language, or none. By all the rules below,
of 3152 English briefs (core/narratives/scores/, core/evaluation/writers_scores.jsonl) one is
refused, a German word; of 146 in other languages (tongues.jsonl there among them) 144 are."""
ENOUGH_WORDS = 4
"""Words from which the language is sure enough to need no likeness to a sound: "Radio leise" within
a German brief is like a radio."""
_OTHER_LETTERS = 0.5
"""Share of letters that are no Latin ones from which a text is not English, however short."""
PROBABLE, PROBABLE_WORD = 0.5, 0.9
"""Probability from which the other language is named, and where there is a single word."""
LIKE, VAGUELY_LIKE = 0.6, 0.5
"""Cosine to a known caption from which a text is English after all: in the first case even where
the language is sure ("siren" is a word of many), in the second where it is not."""

_LANGUAGES = {
    "ar": "Arabic", "bg": "Bulgarian", "ca": "Catalan", "cs": "Czech", "da": "Danish",
    "de": "German", "el": "Greek", "es": "Spanish", "et": "Estonian", "fa": "Persian",
    "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hr": "Croatian",
    "hu": "Hungarian", "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean",
    "la": "Latin", "lt": "Lithuanian", "lv": "Latvian", "nl": "Dutch", "no": "Norwegian",
    "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sk": "Slovak",
    "sl": "Slovenian", "sr": "Serbian", "sv": "Swedish", "th": "Thai", "tr": "Turkish",
    "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
_NO_LANGUAGE = "zxx"
"""Code of ISO 639 for what has no linguistic content."""


def check_named(instruction: str, clauses: Sequence[str]) -> None:
    """Refuse an instruction that names nothing.

    Args:
        clauses: what its clauses say; times and joining words say nothing.

    Raises:
        PlanError: there are none, as in "!!!" or "30 seconds".
    """
    if not clauses:
        raise PlanError(
            f"\u201c{_shortened(instruction)}\u201d names nothing to be heard; say it in English "
            "words, like: rain on a roof, then thunder."
        )


def check_english(instruction: str, clauses: Sequence[str], lexicon: Lexicon) -> None:
    """Refuse an instruction that is in another language, or in none.

    Raises:
        PlanError: it is, and is not like known sounds.
    """
    words = " ".join(clauses)
    language, probability, english = identify_language(words)
    count = len(words.split())
    sure = probability >= (PROBABLE_WORD if count == 1 else PROBABLE)

    def like(least: float) -> bool:
        return any(lexicon.names(clause, 0.0, least) for clause in clauses)

    if _in_other_letters(words):
        understood = False
    elif sure and language == _NO_LANGUAGE:
        understood = like(VAGUELY_LIKE)
    elif english >= NOT_ENGLISH:
        understood = True
    elif sure:
        understood = count < ENOUGH_WORDS and like(LIKE)
    else:
        understood = count == 1 or like(VAGUELY_LIKE)
    if understood:
        return
    named = sure and language in _LANGUAGES
    reads = f"reads as {_LANGUAGES[language]}" if named else "is not understood"
    raise PlanError(
        f"\u201c{_shortened(instruction)}\u201d {reads}, and the director knows English only; "
        "say it in English, or choose another director."
    )


def _in_other_letters(text: str) -> bool:
    """Whether more than a share of the letters are no Latin ones."""
    letters = [character for character in text if character.isalpha()]
    latin = sum(unicodedata.name(letter, "").startswith("LATIN") for letter in letters)
    return latin < (1.0 - _OTHER_LETTERS) * len(letters)


def identify_language(text: str) -> tuple[str, float, float]:
    """The likeliest language's code, its probability, and that of English."""
    ranked = [(str(code), float(share)) for code, share in _identifier().rank(text)]
    return *ranked[0], dict(ranked)["en"]


@functools.cache
def _identifier() -> LanguageIdentifier:
    """Loaded once, where it is asked for: it takes half a second."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(["en", _NO_LANGUAGE, *_LANGUAGES])
    return identifier


def _shortened(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}\u2026"
