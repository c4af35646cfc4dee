"""Whether the performer knows the sounds of a caption, and which of them it does not.

A linear classifier over the text encoder's sentence vectors tells what a text is about: one of the
kinds of sound that the performer was trained on, one of a few hundred that it was not, or nothing
that is heard by itself ("in the distance"). Small networks read the words of a caption as they
stand in it (caption_classifier.py) and tell whether all of it is known. Both are trained on
wordings of known and of other sounds, on pairs of them, and on whole captions
(core/training/known.py). A caption is known where what both say together lies above a border that
is calibrated on captions which the training did not see; which of its phrases is not known is told
by the linear one.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from core.bridge.caption_classifier import CaptionClassifier, padded
from core.bridge.lexicon import parts
from core.bridge.text_encoder import TextEncoder, sentence_encoder
from core.files import atomic_path, open_weights
from core.profile import Profile
from core.story.durations import Span

KNOWN_FILE = "grounding/known.safetensors"
SCALE = 12.0
"""What sentence vectors are multiplied by before the classifier: their elements are small."""
SAME_SOUND = 0.6
"""Cosine from which a caption's sound is taken for the known one: it lasts as long, and is of its
category."""
SUGGESTED = 3
MOST_KEPT = 4096
"""Vectors of captions that are kept, 1.5 kB each; a long story has some hundred phrases."""
EVEN = 0.5
"""Share of known kinds below which a phrase is the one that is not known; share of what is heard
below which it only says how or where."""
LINEAR = 0.5
"""What the linear classifier's log-odds count beside the networks' mean."""
_SURE = 1e-4
"""Share from which the linear classifier's log-odds grow no further."""
_SHORTEST_PHRASE = 3
_TELLING_WORDS = 3
"""Words from which a phrase is judged by itself: "revs up" has lost what it is about."""

_TURN = re.compile(r"[.;]|\b(?:followed by|finally|at last|before|after|until)\b")


@dataclass(frozen=True)
class CaptionMatch:
    """What the performer knows of a caption.

    Attributes:
        known: all its sounds are of known kinds.
        likelihood: how likely that is, 0 to 1, by the classifiers.
        unknown: the phrases whose sound is not known; the whole caption where none is.
        nearest: what is nearest to it among what is known: the caption's own known phrases where
            it has some, else known captions, each of another sound, best first.
        partly: some of its sounds are known, others are not.
    """

    known: bool
    likelihood: float
    unknown: tuple[str, ...]
    nearest: tuple[str, ...]
    partly: bool = False


@dataclass(frozen=True)
class SoundClassifier:
    """Linear, over sentence vectors.

    Attributes:
        weight, bias: (N, D) and (N,). The first `known` of N kinds are the performer's, the last
            one is no sound.
    """

    weight: Tensor
    bias: Tensor
    known: int

    def shares(self, vectors: Tensor) -> Tensor:
        """Of vectors (B, D) the shares of known kinds, of others and of no sound, (B, 3)."""
        with torch.autocast("cpu", enabled=False):
            kinds = (SCALE * vectors @ self.weight.T + self.bias).softmax(1)
        known, heard = kinds[:, : self.known].sum(1), kinds[:, :-1].sum(1)
        return torch.stack([known, heard - known, kinds[:, -1]], dim=1)


class KnownSounds:
    """The known captions of a profile, and what tells known sounds from others.

    Args:
        captions: known captions, with the class and the natural length of each.
        known: their unit vectors (K, D).
        classifier: of texts.
        networks: of captions; their mean counts.
        border: likelihood below which a caption is not known.
    """

    def __init__(
        self,
        encoder: TextEncoder,
        captions: Sequence[str],
        classes: Sequence[str],
        spans: Sequence[Span],
        known: Tensor,
        classifier: SoundClassifier,
        networks: Sequence[CaptionClassifier],
        border: float,
    ):
        self.captions = tuple(captions)
        self.classes = tuple(classes)
        self._spans = tuple(spans)
        self._known = known
        self._classifier = classifier
        self._networks = tuple(networks)
        self._border = border
        self._encoder = encoder
        self._seen: dict[str, Tensor] = {}
        self._matches: dict[str, CaptionMatch] = {}

    def match(self, captions: Sequence[str]) -> list[CaptionMatch]:
        """What the performer knows of each caption."""
        matches = self._matches
        if missing := self.unmatched(captions):
            self._vectors([text for caption in missing for text in (caption, *phrases(caption))])
            # One by one: in a batch a caption's figures would depend on what stands beside it.
            words = [self._encoder.words([_plain(caption)])[0] for caption in missing]
            found = map(self._match, missing, words)
            matches = matches | dict(zip(missing, found, strict=True))
            self._matches = dict(list(matches.items())[-MOST_KEPT:])
        return [matches[caption] for caption in captions]

    def unmatched(self, captions: Sequence[str]) -> list[str]:
        """Those that `match` was not asked about yet, each once: they take some 50 ms each."""
        return [caption for caption in dict.fromkeys(captions) if caption not in self._matches]

    def _match(self, caption: str, words: Tensor) -> CaptionMatch:
        said = phrases(caption) or [caption]
        shares = dict(zip(said, self._shares(said), strict=True))
        heard = {phrase: share for phrase, (share, silent) in shares.items() if silent < EVEN}
        likelihood = self._likelihood(caption, heard, words)
        if likelihood >= self._border:
            return CaptionMatch(True, likelihood, (), self._nearest(caption))
        known = tuple(phrase for phrase, share in heard.items() if share >= EVEN)
        unknown = tuple(phrase for phrase, share in heard.items() if share < EVEN)
        if known and unknown:
            return CaptionMatch(False, likelihood, unknown, known, partly=True)
        return CaptionMatch(False, likelihood, (caption,), self._nearest(caption))

    def _likelihood(self, caption: str, heard: Mapping[str, float], words: Tensor) -> float:
        """How likely all of a caption is known, by all classifiers.

        Args:
            heard: its phrases that tell of a sound, with their shares of known kinds.
            words: the states of its words.
        """
        share = likelihood_of(self._shares([caption])[0][0], heard)
        odds = torch.tensor(share).logit(eps=_SURE)
        states, counted = padded([words])
        with torch.inference_mode(), torch.autocast("cpu", enabled=False):
            logits = torch.cat([network(states, counted) for network in self._networks])
        return float((logits.mean() + LINEAR * odds).sigmoid())

    def _shares(self, texts: Sequence[str]) -> list[tuple[float, float]]:
        """Of each text the share of known kinds in what is heard, and the share of no sound."""
        shares = self._classifier.shares(self._vectors(texts))
        return [(known / (known + other), silent) for known, other, silent in shares.tolist()]

    def kinds(self, captions: Sequence[str]) -> list[str | None]:
        """The class whose known caption each caption is most like; None where none is like it."""
        places = self._same_sounds(captions)
        return [None if place is None else self.classes[place] for place in places]

    def spans(self, captions: Sequence[str]) -> list[Span | None]:
        """Natural lengths of the captions' sounds; None where no known one is like it."""
        places = self._same_sounds(captions)
        return [None if place is None else self._spans[place] for place in places]

    def _same_sounds(self, captions: Sequence[str]) -> list[int | None]:
        """The place of the known caption that each is most like; None where none is like it."""
        best = (self._vectors(captions) @ self._known.T).max(1)
        pairs = zip(best.values.tolist(), best.indices.tolist(), strict=True)
        return [place if cosine >= SAME_SOUND else None for cosine, place in pairs]

    def _nearest(self, caption: str) -> tuple[str, ...]:
        row = (self._vectors([caption]) @ self._known.T)[0]
        found: dict[str, str] = {}
        for place in row.argsort(descending=True).tolist():
            found.setdefault(self.classes[place], self.captions[place])
            if len(found) == SUGGESTED:
                break
        return tuple(found.values())

    def _vectors(self, captions: Sequence[str]) -> Tensor:
        keys = [_plain(caption) for caption in captions]
        seen = self._seen
        missing = [key for key in dict.fromkeys(keys) if key not in seen]
        if missing:
            rows = self._encoder.sentences(missing)
            seen = seen | {key: row.clone() for key, row in zip(missing, rows, strict=True)}
            self._seen = dict(list(seen.items())[-MOST_KEPT:])
        return torch.stack([seen[key] for key in keys])

    def save(self, path: Path) -> None:
        """Write all of it, in half precision."""
        about = {
            "captions": self.captions,
            "classes": self.classes,
            "spans": [dataclasses.astuple(span) for span in self._spans],
            "known": self._classifier.known,
            "border": self._border,
        }
        tensors = {
            "known": self._known,
            "weight": self._classifier.weight,
            "bias": self._classifier.bias,
        }
        for number, network in enumerate(self._networks):
            tensors |= {f"{number}.{name}": value for name, value in network.state_dict().items()}
        with atomic_path(path) as temporary:
            half = {name: value.half().contiguous() for name, value in tensors.items()}
            save_file(half, temporary, metadata={"about": json.dumps(about)})


def _plain(caption: str) -> str:
    return caption.lower().strip()


def phrases(caption: str) -> list[str]:
    """The phrases of a caption that may each tell of a sound of its own."""
    found: list[str] = []
    for turn in (turn.strip() for turn in _TURN.split(caption.lower())):
        inner = parts(turn)
        found += inner if len(inner) > 1 else [turn]
    return [phrase for phrase in dict.fromkeys(found) if len(phrase) >= _SHORTEST_PHRASE]


def likelihood_of(whole: float, heard: Mapping[str, float]) -> float:
    """How likely a caption is known by its share of known kinds and that of its worst phrase.

    The whole alone overlooks a kettle between two dogs.

    Args:
        heard: phrases that tell of a sound, with their shares.
    """
    telling = [share for phrase, share in heard.items() if len(phrase.split()) >= _TELLING_WORDS]
    return (whole + min(telling, default=whole)) / 2


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
        tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    spans = [Span(float(low), float(high), bool(lasts)) for low, high, lasts in about["spans"]]
    return KnownSounds(
        sentence_encoder(),
        about["captions"],
        about["classes"],
        spans,
        tensors["known"],
        SoundClassifier(tensors["weight"], tensors["bias"], int(about["known"])),
        _networks(tensors),
        float(about["border"]),
    )


def _networks(tensors: Mapping[str, Tensor]) -> list[CaptionClassifier]:
    """The networks of a file, whose tensors are named by number and by place: "0.mean.1.bias"."""
    states: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        number, point, place = name.partition(".")
        if point:
            states.setdefault(number, {})[place] = tensor
    networks = []
    for _, state in sorted(states.items()):
        network = CaptionClassifier(tensors["known"].shape[1])
        network.load_state_dict(state)
        networks.append(network.eval().requires_grad_(False))
    return networks
