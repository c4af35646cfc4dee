"""How far a caption is from anything that the performer knows, in the text encoder's space.

The profile ships the captions that the performer was trained on, with the natural lengths of their
sounds, and captions of sounds that it was never given. A caption is far where it is nearer to the
latter than to the former, by a margin that is calibrated when the file is made
(core/training/known.py).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from core.bridge.text_encoder import TextEncoder, sentence_encoder
from core.files import open_weights
from core.profile import Profile
from core.story.durations import Span
from core.story.limits import MAX_CAPTION

KNOWN_FILE = "grounding/known.safetensors"
OTHER = 0.8
"""Weight of the likeness to unknown sounds; between 0.5 and 1 it matters little."""
SAME_SOUND = 0.6
"""Cosine from which a caption's sound is taken to last as long as the known one."""
SUGGESTED = 3


@dataclass(frozen=True)
class CaptionMatch:
    """What the performer knows of a caption.

    Attributes:
        far: it has heard nothing like it.
        distance: from the border between known and unknown; above 0 is far.
        nearest: the known captions that are most like it, each of another sound, best first.
    """

    far: bool
    distance: float
    nearest: tuple[str, ...]


class KnownSounds:
    """The known captions of a profile.

    Args:
        captions: known captions, with the class and the natural length of each.
        known, unknown: unit vectors (K, D) and (U, D).
        border: likeness below which a caption is far.
    """

    def __init__(
        self,
        encoder: TextEncoder,
        captions: Sequence[str],
        classes: Sequence[str],
        spans: Sequence[Span],
        known: Tensor,
        unknown: Tensor,
        border: float,
    ):
        self.captions = tuple(captions)
        self.classes = tuple(classes)
        self._spans = tuple(spans)
        self._known = known
        self._unknown = unknown
        self._border = border
        self._encoder = encoder
        self._seen: dict[str, Tensor] = {}

    def match(self, captions: Sequence[str]) -> list[CaptionMatch]:
        """What the performer knows of each caption."""
        vectors = self._vectors(captions)
        near = vectors @ self._known.T
        away = self._border - _likeness(near, vectors @ self._unknown.T)
        return [
            CaptionMatch(bool(distance > 0), round(float(distance), 4), self._nearest(row))
            for distance, row in zip(away, near, strict=True)
        ]

    def spans(self, captions: Sequence[str]) -> list[Span | None]:
        """Natural lengths of the captions' sounds; None where no known one is like it."""
        near = self._vectors(captions) @ self._known.T
        best = near.max(1)
        return [
            self._spans[place] if cosine >= SAME_SOUND else None
            for cosine, place in zip(best.values.tolist(), best.indices.tolist(), strict=True)
        ]

    def with_nearest(self, caption: str) -> str:
        """The user's words and the nearest known ones: "a kettle whistling, like steam hissing"."""
        nearest = self.match([caption])[0].nearest[0]
        return f"{caption[: MAX_CAPTION - len(nearest) - 7]}, like {nearest}"

    def _nearest(self, row: Tensor) -> tuple[str, ...]:
        found: dict[str, str] = {}
        for place in row.argsort(descending=True).tolist():
            found.setdefault(self.classes[place], self.captions[place])
            if len(found) == SUGGESTED:
                break
        return tuple(found.values())

    def _vectors(self, captions: Sequence[str]) -> Tensor:
        keys = [caption.lower().strip() for caption in captions]
        missing = [key for key in dict.fromkeys(keys) if key not in self._seen]
        if missing:
            self._seen |= dict(zip(missing, self._encoder.sentences(missing), strict=True))
        return torch.stack([self._seen[key] for key in keys])


def _likeness(known: Tensor, unknown: Tensor) -> Tensor:
    """How much nearer captions are to known sounds than to unknown ones, by their cosines. (B,)."""
    return known.max(1).values - OTHER * unknown.max(1).values


def load_known_sounds(profile: Profile) -> KnownSounds | None:
    """The profile's known sounds, loaded once; None where it ships no known captions.

    Raises:
        WeightsError: the file is damaged, or the text encoder is missing.
    """
    path = profile.shipped(KNOWN_FILE)
    return _load(path) if path else None


@functools.lru_cache(maxsize=2)
def _load(path: Path) -> KnownSounds:
    with open_weights(path) as file:
        about = json.loads(file.metadata()["about"])
        known, unknown = (file.get_tensor(name).float() for name in ("known", "unknown"))
        spans = [Span(float(low), float(high), bool(lasts)) for low, high, lasts in about["spans"]]
        return KnownSounds(
            sentence_encoder(), about["captions"], about["classes"], spans, known, unknown,
            float(about["border"]),
        )  # fmt: skip
