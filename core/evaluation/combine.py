"""Prompts that combine two sounds: are both among the first five classes?

Forty pairs of a texture and another sound, said with paraphrases and joints that training never
saw. Classes are ranked by the nearest centroid, which is made for one sound, and by a tagger, which
is made for several (core/evaluation/tagger.py). Mixtures of two held-out recordings say how well
either hears what is real.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor

from core.corpus.vocabulary import BY_NAME
from core.evaluation.recognise import (
    Heard,
    Judge,
    LabelledRecording,
    Paraphrase,
    ignored,
    unseen_paraphrase,
)
from core.evaluation.renders import Request
from core.evaluation.tagger import unit_level
from core.listener.nearest import MIXTURE_SECONDS, TOP, centroids_without, nearest_classes

PAIRS = 40
JOINTS = ("while {b} is heard, {a}", "{a}; at the same time {b}", "{a}, together with {b}")
"""None of these is among those of `core.corpus.captions.mixture_caption`."""


@dataclass(frozen=True)
class Combination:
    """Two classes and the request for both at once."""

    classes: tuple[str, str]
    request: Request


def combinations(
    names: Sequence[str], paraphrase: Paraphrase = unseen_paraphrase, count: int = PAIRS
) -> list[Combination]:
    """Pairs of a texture with a class of another family among `names`; always the same."""
    rng = Random(0)
    beds = sorted(n for n in names if BY_NAME[n].kind == "texture")
    pairs: dict[tuple[str, str], Combination] = {}
    possible = [(a, b) for a in beds for b in sorted(names) if _apart(a, b)]
    for a, b in rng.sample(possible, min(count, len(possible))):
        number = len(pairs)
        first, second = paraphrase(a, number), paraphrase(b, number)
        caption = JOINTS[number % len(JOINTS)].format(a=first, b=second)
        pairs[a, b] = Combination((a, b), Request(caption, MIXTURE_SECONDS, number))
    return list(pairs.values())


def _apart(a: str, b: str) -> bool:
    return BY_NAME[a].family != BY_NAME[b].family


Ranking = Callable[[Combination, Tensor], Sequence[str]]
"""Class names, likeliest first, of a combination's embedding."""


@dataclass(frozen=True)
class Combined:
    """How many combinations there are, and the shares of them where both or one are found."""

    title: str
    count: int
    both: float
    one: float


def combined(
    title: str,
    wanted: Sequence[Combination],
    heard: Callable[[Combination], Tensor],
    ranked: Ranking,
    say: Callable[[str], None] = ignored,
) -> Combined:
    """Judges each combination by the first five classes of its embedding, likeliest first."""
    found = []
    for combination in wanted:
        first = ranked(combination, heard(combination))[:TOP]
        found.append(sum(name in first for name in combination.classes))
        names = " + ".join(combination.classes)
        say(f"{title}: {names}: {found[-1]} of 2 in {', '.join(first)}")
    count = len(found)
    return Combined(title, count, found.count(2) / count, sum(n > 0 for n in found) / count)


def rendered(heard: Heard) -> Callable[[Combination], Tensor]:
    """Renders of the combinations' captions."""
    return lambda c: heard(c.request.caption, c.request.seconds, c.request.seed)


class Mixtures:
    """Mixtures of two held-out recordings at equal level: how well does a judge hear them?

    As everywhere, a recording has no part in the class that it is judged by. With them in it, 50 %
    of the mixtures passed where 28 % do without.
    """

    def __init__(self, recordings: Sequence[LabelledRecording], judge: Judge) -> None:
        """The recordings in the order in which the judge has heard them."""
        self.recordings = recordings
        self.judge = judge

    def heard(self, combination: Combination) -> Tensor:
        """The embedding of the mixture, repeated to the length of a render."""
        length = round(MIXTURE_SECONDS * 44_100)
        parts = []
        for row in self._chosen(combination):
            sound = self.recordings[row].waveform
            sound = sound.repeat(-(-length // len(sound)))[:length]
            parts.append(unit_level(sound))
        return self.judge.embedder.embed(torch.stack(parts).sum(0))

    def nearest(self, combination: Combination, embedding: Tensor) -> list[str]:
        """Class names, nearest first, by the centroids of all other recordings."""
        others = centroids_without(self.judge.plain, self.judge.labels, self._chosen(combination))
        return nearest_classes(embedding, others)

    def _chosen(self, combination: Combination) -> list[int]:
        """The rows of the two recordings."""
        labels = self.judge.labels
        own = [[i for i, label in enumerate(labels) if label == n] for n in combination.classes]
        return [rows[combination.request.seed % len(rows)] for rows in own]
