"""Procedural synthesis of every sound class, in the spirit of Farnell's Designing Sound.

Each recipe draws all of its parameters anew from the generator it is given, and says in
the clip's attributes what it drew, so that captions can be true.
"""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis import (
    birds,
    fire,
    house,
    insects,
    mammals,
    musical,
    noise,
    people,
    traffic,
    war,
    water,
    weather,
    work,
)
from core.corpus.synthesis.candidates import CANDIDATE_RECIPES
from core.corpus.synthesis.clip import Recipe, Synthesised
from core.errors import StudioError

RECIPES: dict[str, Recipe] = {
    "rain": weather.rain,
    "thunder": weather.thunder,
    "wind": weather.wind,
    "waves": water.waves,
    "stream": water.stream,
    "splash": water.splash,
    "bubbles": water.bubbling,
    "fire": fire.fire,
    "birds": birds.birds,
    "gulls": birds.gulls,
    "owl": birds.owl,
    "crow": birds.crow,
    "dog": mammals.dog,
    "wolf": mammals.wolf,
    "horse_gallop": mammals.horse_gallop,
    "horse_neigh": mammals.horse_neigh,
    "sheep": mammals.sheep,
    "cow": mammals.cow,
    "cat": mammals.cat,
    "chicken": birds.chicken,
    "frogs": insects.frogs,
    "crickets": insects.crickets,
    "bees": insects.bees,
    "footsteps_gravel": people.footsteps("gravel"),
    "footsteps_wood": people.footsteps("wood"),
    "footsteps_grass": people.footsteps("grass"),
    "footsteps_snow": people.footsteps("snow"),
    "footsteps_water": people.footsteps("water"),
    "crowd": people.crowd,
    "applause": people.applause,
    "heartbeat": people.heartbeat,
    "laughter": people.laughter,
    "snore": people.snore,
    "door_creak": house.door_creak,
    "door_slam": house.door_slam,
    "knock": house.knock,
    "glass": house.glass,
    "clock": house.clock,
    "telephone": house.telephone,
    "keys": house.keys,
    "light_switch": house.light_switch,
    "chair": house.chair,
    "anvil": work.anvil,
    "saw": work.saw,
    "chopping": work.chopping,
    "mining": work.mining,
    "digging": work.digging,
    "typewriter": work.typewriter,
    "loom": work.loom,
    "engine": traffic.engine,
    "motorcycle": traffic.motorcycle,
    "skid": traffic.skid,
    "crash": traffic.crash,
    "train": traffic.railway_train,
    "steam_train": traffic.steam_train,
    "helicopter": traffic.helicopter,
    "siren": traffic.siren,
    "ship_horn": traffic.ship_horn,
    "bicycle_bell": traffic.bicycle_bell,
    "sword": war.sword,
    "arrow": war.arrow,
    "gunshot": war.gunshot,
    "explosion": war.explosion,
    "cannon": war.cannon,
    "laser": war.laser,
    "robot": war.robot,
    "magic": war.magic,
    "church_bell": musical.church_bell,
    "drum": musical.drum,
    "horn": musical.horn,
    "gong": musical.gong,
    "music_box": musical.music_box,
    "machine": noise.machine,
    "static": noise.static,
    "alarm": noise.alarm,
}

SHORTEST_SECONDS = 0.8
"""No recipe can show its class in less."""


def synthesise_clip(class_name: str, seconds: float, rng: np.random.Generator) -> Synthesised:
    """One clip of a class.

    Args:
        class_name: a name of `core.corpus.vocabulary`, or of a candidate that has a recipe.
        seconds: length of the clip, at least 0.8.
        rng: where every parameter is drawn from; the same state gives the same clip.

    Raises:
        StudioError: the class is unknown or the length too short.
    """
    recipe = RECIPES.get(class_name) or CANDIDATE_RECIPES.get(class_name)
    if recipe is None:
        known = ", ".join({**RECIPES, **CANDIDATE_RECIPES})
        raise StudioError(f"There is no recipe for {class_name!r}: choose one of {known}.")
    if seconds < SHORTEST_SECONDS:
        raise StudioError(f"A clip needs at least {SHORTEST_SECONDS} s: ask for a longer one.")
    return recipe(seconds, rng)


__all__ = ["CANDIDATE_RECIPES", "RECIPES", "Recipe", "Synthesised", "synthesise_clip"]
