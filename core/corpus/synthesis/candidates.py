"""Recipes of the candidates: kinds that the director has words for and no performer has learned."""

from __future__ import annotations

from core.corpus.synthesis import (
    appliances,
    desk,
    doorbell,
    earth,
    ground_water,
    mechanisms,
    paper,
    rainfall,
)
from core.corpus.synthesis.clip import Recipe

CANDIDATE_RECIPES: dict[str, Recipe] = {
    **appliances.APPLIANCES,
    **doorbell.DOORBELL,
    **desk.DESK,
    **earth.EARTH,
    **ground_water.GROUND_WATER,
    **mechanisms.MECHANISMS,
    **paper.PAPER,
    **rainfall.RAINFALL,
}
"""By the name of the kind in core/corpus/candidates/."""
