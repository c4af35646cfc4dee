"""Instruction following: are the sounds that a story must hold heard, and in their order?

The judge is the tagger (core/evaluation/tagger.py), which hears several sounds at once. A sound
whose time is given has to be heard in that time; any other one, anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor

from core.evaluation.story.brief import StoryBrief
from core.evaluation.tagger import Tagger
from core.listener.aisfx import AISFX_RATE
from core.listener.nearest import MIXTURE_SECONDS, TOP

_INAUDIBLE = 1e-5
"""RMS of what is not heard; full scale is 1."""
Embed = Callable[[Tensor], Tensor]
"""Makes the embedding (D,) of a mono sound (N,) at 44.1 kHz."""


@dataclass(frozen=True)
class Following:
    """How far a story holds what it must.

    Attributes:
        heard: share of the wanted sounds whose class is among the five that are heard best.
        certainty: the taggers' mean probability of the wanted classes, each where it is highest.
        order: share of the pairs of wanted sounds whose likeliest times are in the wanted order;
            not a number where there is no such pair.
        implied: share of the kinds that the scene needs and does not name which are heard; not a
            number where it needs none.
    """

    heard: float
    certainty: float
    order: float
    implied: float


def excerpt(sound: Tensor, start: float, end: float) -> Tensor:
    """What is heard of a mono sound (N,) from `start` to `end` (s), at least one sample."""
    first = min(round(start * AISFX_RATE), len(sound) - 1)
    return sound[max(0, first) : max(first + 1, round(end * AISFX_RATE))]


def is_silent(sound: Tensor) -> bool:
    """Whether nothing is heard in a sound (N,)."""
    return bool(sound.square().mean().sqrt() < _INAUDIBLE)


def hearing_windows(seconds: float) -> list[tuple[float, float]]:
    """Spans (s) of the length that the tagger learned from, half overlapping, that cover a sound.

    The last one ends with the sound.
    """
    last = max(0.0, seconds - MIXTURE_SECONDS)
    count = int(last / (MIXTURE_SECONDS / 2.0)) + 1
    starts = [place * MIXTURE_SECONDS / 2.0 for place in range(count)]
    if last > starts[-1]:
        starts.append(last)
    return [(start, min(seconds, start + MIXTURE_SECONDS)) for start in starts]


def follow(brief: StoryBrief, sound: Tensor, embed: Embed, tagger: Tagger) -> Following:
    """Judge the story `sound` (N,) by what its brief wants."""
    everywhere = hearing_windows(len(sound) / AISFX_RATE)
    column = {name: place for place, name in enumerate(tagger.names)}
    judged = [wanted for wanted in brief.wanted if wanted.kind in column]

    def logits(windows: Sequence[tuple[float, float]]) -> Tensor:
        """Logits (windows, classes), minus infinity for what is silent."""
        excerpts = [excerpt(sound, *window) for window in windows]
        found = tagger(torch.stack([embed(piece) for piece in excerpts]))
        silent = torch.tensor([is_silent(piece) for piece in excerpts])
        return torch.as_tensor(found.masked_fill(silent[:, None], -torch.inf))

    anywhere = brief.implied or any(not wanted.timed for wanted in judged)
    whole = logits(everywhere) if anywhere else torch.empty(0)
    heard, certainty, times = [], [], []
    for wanted in judged:
        windows = [(wanted.start, wanted.end)] if wanted.timed else everywhere
        found = logits(windows) if wanted.timed else whole
        own = found[:, column[wanted.kind]]
        heard.append(_among_first(found, column[wanted.kind]))
        certainty.append(float(own.max().sigmoid()))
        times.append(windows[int(own.argmax())][0])
    order = [
        times[a] <= times[b]
        for a, b in combinations(range(len(judged)), 2)
        if judged[a].start < judged[b].start
    ]
    implied = [_among_first(whole, column[kind]) for kind in brief.implied if kind in column]
    return Following(_mean(heard), _mean(certainty), _mean(order), _mean(implied))


def _among_first(logits: Tensor, column: int) -> bool:
    """Whether the class of a column is among the five that are heard best in one of the rows."""
    own = logits[:, column : column + 1]
    return bool((((logits > own).sum(1) < TOP) & own[:, 0].isfinite()).any())


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else float("nan")
