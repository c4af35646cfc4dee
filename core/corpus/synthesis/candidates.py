"""Recipes of the candidates: kinds that the director has words for and no performer has learned."""

from __future__ import annotations

from core.corpus.synthesis import appliances, doorbell
from core.corpus.synthesis.clip import Recipe

CANDIDATE_RECIPES: dict[str, Recipe] = {
    **appliances.APPLIANCES,
    **doorbell.DOORBELL,
}
"""By the name of the kind in core/corpus/candidates/."""
