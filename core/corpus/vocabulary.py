"""The sound classes that the performer is trained on: what a soundscape is made of, by family."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["texture", "spot"]


@dataclass(frozen=True)
class SoundClass:
    """One class of sound.

    Attributes:
        name: identifier, also the folder name in the corpus.
        family: group in tables and figures.
        kind: `texture` lasts as long as it is asked to; `spot` is a shot that ends by itself.
        caption: the plain caption, used for evaluation; paraphrases live with the captions.
        seconds: shortest and longest natural length of an event of this class.
    """

    name: str
    family: str
    kind: Kind
    caption: str
    seconds: tuple[float, float]


def _family(family: str, *rows: tuple[str, Kind, str, float, float]) -> list[SoundClass]:
    return [SoundClass(name, family, kind, text, (lo, hi)) for name, kind, text, lo, hi in rows]


CLASSES: tuple[SoundClass, ...] = tuple(
    _family(
        "weather",
        ("rain", "texture", "steady rain falling", 4, 60),
        ("thunder", "spot", "thunder rumbling", 3, 12),
        ("wind", "texture", "wind blowing", 4, 60),
    )
    + _family(
        "water",
        ("waves", "texture", "waves crashing on the shore", 4, 60),
        ("stream", "texture", "a stream of water flowing", 4, 60),
        ("splash", "spot", "a splash in water", 1, 4),
        ("bubbles", "texture", "water bubbling", 2, 15),
        ("waterfall", "texture", "a waterfall roaring", 4, 60),
        ("drip", "texture", "water dripping in a cave", 3, 30),
    )
    + _family("fire", ("fire", "texture", "a fire crackling", 4, 60))
    + _family(
        "animals",
        ("birds", "texture", "birds singing", 3, 30),
        ("gulls", "texture", "gulls calling", 3, 20),
        ("owl", "spot", "an owl hooting", 2, 8),
        ("crow", "spot", "a crow cawing", 2, 8),
        ("dog", "spot", "a dog barking", 1, 8),
        ("wolf", "spot", "a wolf howling", 2, 8),
        ("horse_gallop", "spot", "a horse galloping", 3, 10),
        ("horse_neigh", "spot", "a horse neighing", 1, 4),
        ("sheep", "spot", "sheep bleating", 1, 8),
        ("cow", "spot", "a cow mooing", 1, 6),
        ("cat", "spot", "a cat meowing", 1, 6),
        ("chicken", "spot", "chickens clucking", 2, 10),
        ("frogs", "texture", "frogs croaking", 3, 20),
        ("crickets", "texture", "crickets chirping", 4, 60),
        ("bees", "texture", "bees buzzing", 3, 20),
    )
    + _family(
        "people",
        ("footsteps_gravel", "spot", "footsteps on gravel", 2, 10),
        ("footsteps_wood", "spot", "footsteps on a wooden floor", 2, 10),
        ("footsteps_grass", "spot", "footsteps in grass", 2, 10),
        ("footsteps_snow", "spot", "footsteps in snow", 2, 10),
        ("footsteps_water", "spot", "footsteps splashing through water", 2, 10),
        ("crowd", "texture", "a crowd murmuring", 4, 40),
        ("applause", "texture", "an audience applauding", 3, 15),
        ("heartbeat", "texture", "a heart beating", 3, 20),
        ("laughter", "texture", "people laughing", 2, 10),
        ("snore", "texture", "a person snoring", 3, 20),
        ("scream", "spot", "a person screaming", 1, 4),
    )
    + _family(
        "house",
        ("door_creak", "spot", "a wooden door creaking open", 1, 5),
        ("door_slam", "spot", "a door slamming shut", 1, 3),
        ("knock", "spot", "knocking on a door", 1, 4),
        ("glass", "spot", "glass breaking", 1, 4),
        ("clock", "texture", "a clock ticking", 3, 30),
        ("telephone", "spot", "a telephone ringing", 2, 10),
        ("keys", "spot", "keys jingling", 1, 5),
        ("light_switch", "spot", "a light switch clicking", 1, 3),
        ("chair", "spot", "a chair scraping on the floor", 1, 5),
    )
    + _family(
        "work",
        ("anvil", "spot", "a hammer striking an anvil", 2, 12),
        ("saw", "spot", "sawing wood", 2, 12),
        ("chopping", "spot", "an axe chopping wood", 2, 12),
        ("mining", "spot", "a pickaxe striking stone", 2, 12),
        ("digging", "spot", "a shovel digging in earth", 2, 12),
        ("typewriter", "texture", "a typewriter clattering", 2, 15),
        ("loom", "texture", "a loom weaving", 3, 20),
    )
    + _family(
        "traffic",
        ("engine", "texture", "an engine running", 3, 30),
        ("motorcycle", "texture", "a motorcycle running", 3, 20),
        ("skid", "spot", "car tyres skidding", 1, 4),
        ("crash", "spot", "a car crash", 1, 5),
        ("train", "texture", "a train passing", 4, 20),
        ("steam_train", "texture", "a steam train chuffing", 4, 20),
        ("helicopter", "texture", "a helicopter flying", 4, 20),
        ("aeroplane", "texture", "an aeroplane flying over", 4, 20),
        ("siren", "texture", "a siren wailing", 3, 20),
        ("ship_horn", "spot", "a ship's horn sounding", 2, 6),
        ("bicycle_bell", "spot", "a bicycle bell ringing", 1, 4),
    )
    + _family(
        "war",
        ("sword", "spot", "swords clashing", 1, 10),
        ("arrow", "spot", "an arrow shot from a bow", 1, 4),
        ("gunshot", "spot", "a gun firing", 1, 6),
        ("explosion", "spot", "an explosion", 2, 8),
        ("cannon", "spot", "a cannon firing", 1, 8),
        ("laser", "spot", "a laser firing", 1, 5),
        ("robot", "spot", "robot servos moving", 1, 6),
        ("magic", "spot", "a magic spell shimmering", 1, 6),
    )
    + _family(
        "music-like",
        ("church_bell", "spot", "a church bell tolling", 3, 15),
        ("drum", "spot", "drums beating", 2, 12),
        ("horn", "spot", "a horn blowing", 2, 6),
        ("gong", "spot", "a gong struck", 3, 10),
        ("music_box", "texture", "a music box playing", 3, 20),
    )
    + _family(
        "noise",
        ("machine", "texture", "machinery humming", 3, 30),
        ("static", "texture", "radio static", 2, 20),
        ("alarm", "texture", "an alarm beeping", 2, 12),
    )
)

BY_NAME: dict[str, SoundClass] = {c.name: c for c in CLASSES}
