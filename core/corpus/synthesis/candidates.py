"""Recipes of the candidates: kinds that the director has words for and no performer has learned."""

from __future__ import annotations

from core.corpus.synthesis import (
    appliances,
    breath,
    cries,
    crowds,
    desk,
    dogs_and_cats,
    doorbell,
    earth,
    farm_animals,
    flying_insects,
    ground_water,
    hands_and_feet,
    large_animals,
    mechanisms,
    mouth,
    paper,
    poultry,
    rainfall,
    small_wild_animals,
    talk,
    wild_birds,
)
from core.corpus.synthesis.clip import Recipe

CANDIDATE_RECIPES: dict[str, Recipe] = {
    **appliances.APPLIANCES,
    **desk.DESK,
    **dogs_and_cats.DOGS_AND_CATS,
    **doorbell.DOORBELL,
    **earth.EARTH,
    **farm_animals.FARM_ANIMALS,
    **flying_insects.FLYING_INSECTS,
    **ground_water.GROUND_WATER,
    **large_animals.LARGE_ANIMALS,
    **mechanisms.MECHANISMS,
    **paper.PAPER,
    **poultry.POULTRY,
    **rainfall.RAINFALL,
    **small_wild_animals.SMALL_WILD_ANIMALS,
    **wild_birds.WILD_BIRDS,
    **talk.TALK,
    **cries.CRIES,
    **breath.BREATH,
    **mouth.MOUTH,
    **hands_and_feet.HANDS_AND_FEET,
    **crowds.CROWDS,
}
"""By the name of the kind in core/corpus/candidates/."""
