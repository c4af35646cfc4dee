"""Consistency: do sounds of one source stay alike, and those of different sources apart?

The paper judges it by a language model that listens. Here a returning sound is compared with its
first appearance and with all else that the story holds, by cosine of embeddings from which what
all sounds share is taken out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from core.evaluation.story.brief import StoryBrief


@dataclass(frozen=True)
class SourceConsistency:
    """Of the returning sounds of a story.

    Attributes:
        same: mean cosine of a returning sound to its first appearance.
        margin: by how much that exceeds its mean cosine to the story's other sounds.
        All are not a number where nothing returns, or nothing else is there.
    """

    same: float
    margin: float


def source_consistency(
    brief: StoryBrief, embeddings: Sequence[Tensor], centre: Tensor
) -> SourceConsistency:
    """Judge a story by the embeddings (D,) of its wanted sounds, in their order.

    Args:
        centre: the mean embedding (D,), of unit length before, of many sounds.
    """
    if not embeddings:
        return SourceConsistency(float("nan"), float("nan"))
    units = F.normalize(torch.stack(list(embeddings)), dim=1) - centre
    cosines = F.cosine_similarity(units[:, None], units[None], dim=2)
    roots = _roots(brief)
    same, margins = [], []
    for place, wanted in enumerate(brief.wanted):
        if wanted.source is None:
            continue
        own = float(cosines[place, wanted.source])
        others = [float(cosines[place, p]) for p, root in enumerate(roots) if root != roots[place]]
        same.append(own)
        if others:
            margins.append(own - sum(others) / len(others))
    return SourceConsistency(_mean(same), _mean(margins))


def _roots(brief: StoryBrief) -> list[int]:
    """The first appearance of the source of every wanted sound."""
    roots: list[int] = []
    for place, wanted in enumerate(brief.wanted):
        roots.append(place if wanted.source is None else roots[wanted.source])
    return roots


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else float("nan")
