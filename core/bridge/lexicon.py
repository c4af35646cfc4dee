"""What a caption says in plain words, looked up among thousands of captions of known sounds.

A small language model has not met most words that people have for a sound; a sentence encoder has.
The director reads this paraphrase before an event's bridging tokens: retrieval, as in text-to-audio
by Re-AudioLDM (Yuan et al., ICASSP 2024), of words instead of sounds. Of 316 unseen paraphrases the
first plain caption is the right one in 90 %, one of all given in 97 %; which of them the caption
means is left to the director.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from core.bridge.modifiers import with_modifiers_of
from core.bridge.text_encoder import TextEncoder, sentence_encoder
from core.files import atomic_path, open_weights
from core.profile import Profile

LEXICON_FILE = "grounding/glossary.safetensors"
NEIGHBOURS = 20
SHARPNESS = 12.0
"""Neighbours vote for their sound with the exponential of so many times their cosine."""
SECOND = 0.15
"""Share of the votes from which the second sound is given too."""
PART, PART_ALIKE = 0.4, 0.5
"""Share and cosine from which a part of the caption adds the sound that it is most like."""
ONE_SOUND, PLAINLY = 0.9, 0.85
"""Share of the votes beyond which a caption as a whole tells of one sound, unless every part is as
good as a known caption: has this cosine to it."""
BESIDE, BESIDE_ALIKE = 0.25, 0.45
"""Share and cosine that suffice for a phrase that is said to be heard beside another: it hides no
joint, and is only to be a sound. Of 316 unseen phrases 307 have them, "a long pause" has not."""
NAMED, NAMED_ALIKE = 0.6, 0.74
"""Share and cosine from which a phrase names a sound: "applause" and "a train leaving the station"
do, "a storm" and "a day at the beach" set a scene."""
LIKELY, LIKELY_ALIKE = 0.5, 0.6
"""Share and cosine from which a phrase is about a known sound: "lightning flashes" is, "a ship
sails past" and "the sky darkens" are not."""
_MOST_SIMULTANEOUS = 3
"""Sounds that are performed at once, at most."""
SHORTEST_WORD = 3
MOST = 4
ANY = 2.0
"""A cosine that nothing exceeds: every neighbour counts."""
BYTE = 127.0

_JOINT = re.compile(
    r"\s*(?:[,;:]|\b(?:with|and|over|amid|while|plus|behind|beneath|under|during|as|against|then"
    r"|both|along|alongside|together|accompanied by|mixed with|in the background|at the same time"
    r"|is heard|going on|all the while)\b)\s*"
)
_TOGETHER = re.compile(
    r"^while\b(?P<first>[^,;]+),|;"
    r"|\b(?:while|together with|along with|alongside|accompanied by|mixed with|at the same time"
    r"|in the background|is heard|are heard|all the while)\b"
)
"""What tells that sounds are heard at once, and that what it joins is not one of them."""
_LINK = re.compile(
    r"^(?:[\s,]|\b(?:with|and|over|amid|plus|behind|beneath|under|as|against)\b)+"
    r"|(?:[\s,]|\b(?:is|are) heard\b)+$"
)
_IN_TURN = re.compile(r"\b(?:then|followed by|finally|at last)\b")
"""What tells that sounds are not heard at once."""
_PERHAPS_IN_TURN = re.compile(r"\b(?:before|after|until)\b")
"""What may tell that, and as well the time of day."""


@dataclass(frozen=True)
class _Vote:
    """What a text is about: the likeliest sound with its share of the votes, and a second one.

    Attributes:
        alike: the largest cosine to a known caption.
    """

    text: str
    sound: int
    second: int | None
    share: float
    alike: float

    @property
    def sure(self) -> bool:
        """Whether a part of a caption tells of that sound."""
        return self.share >= PART and self.alike >= PART_ALIKE


class Lexicon:
    """Captions of known sounds, and each sound's plain caption.

    Args:
        plain_captions: plain caption of each of C sounds.
        sounds: which of them each known caption is about, (K,).
        known: unit vectors of the known captions, (K, D).
    """

    def __init__(
        self, encoder: TextEncoder, plain_captions: Sequence[str], sounds: Tensor, known: Tensor
    ):
        self.plain_captions = tuple(plain_captions)
        self._encoder = encoder
        self._sounds = sounds.long()
        self._known = known
        self._read: dict[tuple[str, float], list[_Vote]] = {}

    def paraphrase(self, caption: str, unlike: float = ANY) -> str:
        """Plain captions of what it may mean, likeliest first: "a stream flowing; frogs croaking
        in the distance".

        Args:
            unlike: known captions nearer than this cosine are left out, as if never written.
        """
        if not caption:
            return ""
        found = self._found(caption, unlike)
        plain = [
            with_modifiers_of(self.plain_captions[sound], text) for sound, text in found.items()
        ]
        return "; ".join(plain[:MOST])

    def simultaneous(self, caption: str) -> tuple[str, ...]:
        """The parts of a caption that tell of several sounds heard at once: ("heavy rain", "distant
        thunder"). Empty where it tells of one, or of sounds in turn.
        """
        if _IN_TURN.search(caption.lower()):
            return ()
        phrases = together(caption)
        if len(phrases) > 1:
            votes = [vote for phrase in phrases for vote in self._beside(phrase)]
        else:
            votes = self._joined(caption)
        sounds: dict[int, str] = {}
        for vote in votes:
            sounds.setdefault(vote.sound, vote.text)
        return tuple(sounds.values())[:_MOST_SIMULTANEOUS] if len(sounds) > 1 else ()

    def _beside(self, phrase: str) -> list[_Vote]:
        """The sounds of a phrase that is said to be heard beside another; none may be known."""
        whole = self._votes(phrase, ANY)[0]
        known = whole.share >= BESIDE and whole.alike >= BESIDE_ALIKE
        return self._joined(phrase, PLAINLY) or ([whole] if known else [])

    def _joined(self, caption: str, alike: float = PART_ALIKE) -> list[_Vote]:
        """The parts that "and", "with" and the like join, if they tell of several sounds.

        Args:
            alike: the cosine to a known caption that each of them has at least.
        """
        if _PERHAPS_IN_TURN.search(caption.lower()):
            return []
        whole, *heard = self._votes(caption, ANY)
        votes = [vote for vote in heard if vote.sure]
        least = min((vote.alike for vote in votes), default=0.0)
        several = len({vote.sound for vote in votes}) > 1
        apart = several and least >= alike and (whole.share <= ONE_SOUND or least >= PLAINLY)
        return votes if apart else []

    def names(self, phrase: str, share: float = NAMED, alike: float = NAMED_ALIKE) -> bool:
        """Whether a phrase as a whole names a known sound, not a scene or an unknown one.

        Args:
            share, alike: of the votes, and the cosine to a known caption, at least.
        """
        whole = self._votes(phrase, ANY)[0]
        return whole.share >= share and whole.alike >= alike

    def likeliest(self, phrase: str) -> str:
        """The plain caption of the sound that a phrase is about; "" where none is likely."""
        whole = self._votes(phrase, ANY)[0]
        likely = whole.share >= LIKELY and whole.alike >= LIKELY_ALIKE
        return self.plain_captions[whole.sound] if likely else ""

    def performed_as(self, caption: str) -> str:
        """What a caption is performed as, for people to read: its paraphrase, or of several sounds
        at once the likeliest of each, "steady rain falling + thunder rumbling in the distance".
        """
        sounds = [self.paraphrase(sound).split("; ")[0] for sound in self.simultaneous(caption)]
        return " + ".join(sounds) or self.paraphrase(caption)

    def _found(self, caption: str, unlike: float) -> dict[int, str]:
        """Sounds, each with the text that tells of it."""
        whole, *votes = self._votes(caption, unlike)
        found = {whole.sound: whole.text}
        if whole.second is not None:
            found[whole.second] = whole.text
        return found | {vote.sound: vote.text for vote in votes if vote.sure}

    def _votes(self, caption: str, unlike: float) -> list[_Vote]:
        """What the neighbours of a caption and of each of its parts vote for; counted once."""
        key = (caption, unlike)
        if key not in self._read:
            self._read[key] = self._count_votes([caption, *parts(caption)], unlike)
        return self._read[key]

    def _count_votes(self, texts: list[str], unlike: float) -> list[_Vote]:
        vectors = self._encoder.sentences(texts)
        with torch.autocast("cpu", enabled=False):
            cosines = vectors @ self._known.T
        cosines = cosines.masked_fill(cosines > unlike, -1.0)
        nearest = cosines.topk(min(NEIGHBOURS, len(self._known)))
        votes = torch.zeros(len(texts), len(self.plain_captions))
        votes.scatter_add_(1, self._sounds[nearest.indices], (SHARPNESS * nearest.values).exp())
        first = (votes / votes.sum(1, keepdim=True)).topk(min(2, len(self.plain_captions)))
        rows = zip(
            texts, first.indices.tolist(), first.values.tolist(), nearest.values, strict=True
        )
        return [
            _Vote(
                text,
                sounds[0],
                sounds[-1] if shares[-1] >= SECOND else None,
                shares[0],
                float(cosines[0]),
            )
            for text, sounds, shares, cosines in rows
        ]

    def save(self, path: Path) -> None:
        """Write the vectors as bytes."""
        tensors = {
            "known": (self._known * BYTE).round().to(torch.int8),
            "sounds": self._sounds.to(torch.int16),
        }
        with atomic_path(path) as temporary:
            save_file(tensors, temporary, metadata={"plain": json.dumps(self.plain_captions)})


def parts(caption: str) -> list[str]:
    """What stands between a caption's commas and joining words."""
    found = dict.fromkeys(part.strip() for part in _JOINT.split(caption.lower()))
    return [part for part in found if len(part) >= SHORTEST_WORD and part != caption.lower()]


def together(caption: str) -> list[str]:
    """What a caption says is heard at once: ["a dog barks", "rain falls"] of "while a dog barks,
    rain falls".
    """
    split = [phrase for phrase in _TOGETHER.split(caption.lower()) if phrase]
    phrases = [_LINK.sub("", phrase) for phrase in split]
    return [phrase for phrase in phrases if len(phrase) >= SHORTEST_WORD]


def load_lexicon(profile: Profile) -> Lexicon | None:
    """The profile's lexicon, loaded once; None where it ships none.

    Raises:
        WeightsError: the file is damaged, or the text encoder is missing.
    """
    path = profile.shipped(LEXICON_FILE)
    return _load(path) if path else None


@functools.lru_cache(maxsize=2)
def _load(path: Path) -> Lexicon:
    with open_weights(path) as file:
        plain = json.loads(file.metadata()["plain"])
        known, sounds = (file.get_tensor(name) for name in ("known", "sounds"))
    return Lexicon(sentence_encoder(), plain, sounds, known.float() / BYTE)
