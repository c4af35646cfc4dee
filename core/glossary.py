"""What a caption says in plain words, looked up among thousands of captions of known sounds.

A small language model has not met most words that people have for a sound; a sentence encoder has.
The director reads this gloss before an event's bridging tokens: retrieval, as in text-to-audio by
Re-AudioLDM (Yuan et al., ICASSP 2024), of words instead of sounds. Of 316 unseen paraphrases the
first plain caption is the right one in 90 %, one of all given in 97 %; which of them the caption
means is left to the director.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from core.files import atomic_path
from core.language import opened
from core.profile import Profile
from core.text_encoder import TextEncoder, sentence_encoder
from core.wording import told_of

FILE = "grounding/glossary.safetensors"
NEIGHBOURS = 20
SHARPNESS = 12.0
"""Neighbours vote for their sound with the exponential of so many times their cosine."""
SECOND = 0.15
"""Share of the votes from which the second sound is given too."""
PART, PART_ALIKE = 0.4, 0.5
"""Share and cosine from which a part of the caption adds the sound that it is most like."""
SHORTEST_WORD = 3
MOST = 4
ANY = 2.0
"""A cosine that nothing exceeds: every neighbour counts."""
BYTE = 127.0
EDITION = 2
"""Counts in the hash of the weights, since what the director reads is heard; the first glosses did
not say how a sound is."""

_JOINT = re.compile(
    r"\s*(?:[,;:]|\b(?:with|and|over|amid|while|plus|behind|beneath|under|during|as|against|then"
    r"|both|along|alongside|together|accompanied by|mixed with|in the background|at the same time"
    r"|is heard|going on|all the while)\b)\s*"
)


class Glossary:
    """Captions of known sounds, and each sound's plain caption.

    Args:
        plain: plain caption of each of C sounds.
        sounds: which of them each known caption is about, (K,).
        known: unit vectors of the known captions, (K, D).
    """

    def __init__(self, encoder: TextEncoder, plain: Sequence[str], sounds: Tensor, known: Tensor):
        self.plain = tuple(plain)
        self._encoder = encoder
        self._sounds = sounds.long()
        self._known = known
        self._given: dict[tuple[str, float], str] = {}

    def gloss(self, caption: str, unlike: float = ANY) -> str:
        """Plain captions of what it may mean, likeliest first: "a stream flowing; frogs croaking
        in the distance".

        Args:
            unlike: known captions nearer than this cosine are left out, as if never written.
        """
        key = (caption, unlike)
        if caption and key not in self._given:
            found = self._found([caption, *parts(caption)], unlike)
            told = [told_of(self.plain[sound], text) for sound, text in found.items()]
            self._given[key] = "; ".join(told[:MOST])
        return self._given.get(key, "")

    def _found(self, texts: list[str], unlike: float) -> dict[int, str]:
        """Sounds, each with the text that tells of it."""
        vectors = self._encoder.sentences(texts)
        with torch.autocast("cpu", enabled=False):
            cosines = vectors @ self._known.T
        cosines = cosines.masked_fill(cosines > unlike, -1.0)
        nearest = cosines.topk(min(NEIGHBOURS, len(self._known)))
        votes = torch.zeros(len(texts), len(self.plain))
        votes.scatter_add_(1, self._sounds[nearest.indices], (SHARPNESS * nearest.values).exp())
        first = (votes / votes.sum(1, keepdim=True)).topk(min(2, len(self.plain)))
        shares: list[list[float]] = first.values.tolist()
        sounds: list[list[int]] = first.indices.tolist()
        found = dict.fromkeys(sounds[0] if shares[0][-1] >= SECOND else sounds[0][:1], texts[0])
        for place in range(1, len(texts)):
            if shares[place][0] >= PART and nearest.values[place, 0] >= PART_ALIKE:
                found[sounds[place][0]] = texts[place]
        return found

    def save(self, path: Path) -> None:
        """Write the vectors as bytes."""
        tensors = {
            "known": (self._known * BYTE).round().to(torch.int8),
            "sounds": self._sounds.to(torch.int16),
        }
        with atomic_path(path) as temporary:
            save_file(tensors, temporary, metadata={"plain": json.dumps(self.plain)})


def parts(caption: str) -> list[str]:
    """What stands between a caption's commas and joining words."""
    found = dict.fromkeys(part.strip() for part in _JOINT.split(caption.lower()))
    return [part for part in found if len(part) >= SHORTEST_WORD and part != caption.lower()]


def load_glossary(profile: Profile) -> Glossary | None:
    """The profile's glossary, loaded once; None where it ships none.

    Raises:
        WeightsError: the file is damaged, or the text encoder is missing.
    """
    path = profile.shipped(FILE)
    return _load(path) if path else None


@functools.lru_cache(maxsize=2)
def _load(path: Path) -> Glossary:
    with opened(path) as file:
        plain = json.loads(file.metadata()["plain"])
        known, sounds = (file.get_tensor(name) for name in ("known", "sounds"))
    return Glossary(sentence_encoder(), plain, sounds, known.float() / BYTE)
