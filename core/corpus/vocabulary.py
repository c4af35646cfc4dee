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
        level: loudness alone, at a normal distance, in LUFS. What counts is how far apart two
            sounds lie: as in a film, where a shot is nearer to footsteps than it is in the field.
    """

    name: str
    family: str
    kind: Kind
    caption: str
    seconds: tuple[float, float]
    level: float


def _family(family: str, *rows: tuple[str, Kind, str, float, float, float]) -> list[SoundClass]:
    return [
        SoundClass(name, family, kind, text, (lo, hi), level)
        for name, kind, text, lo, hi, level in rows
    ]


CLASSES: tuple[SoundClass, ...] = tuple(
    _family(
        "weather",
        ("rain", "texture", "steady rain falling", 4, 60, -30),
        ("thunder", "spot", "thunder rumbling", 3, 12, -19),
        ("wind", "texture", "wind blowing", 4, 60, -31),
    )
    + _family(
        "water",
        ("waves", "texture", "waves crashing on the shore", 4, 60, -26),
        ("stream", "texture", "a stream of water flowing", 4, 60, -33),
        ("splash", "spot", "a splash in water", 1, 4, -26),
        ("bubbles", "texture", "water bubbling", 2, 15, -34),
        ("waterfall", "texture", "a waterfall roaring", 4, 60, -23),
        ("drip", "texture", "water dripping in a cave", 3, 30, -34),
    )
    + _family("fire", ("fire", "texture", "a fire crackling", 4, 60, -32))
    + _family(
        "animals",
        ("birds", "texture", "birds singing", 3, 30, -33),
        ("gulls", "texture", "gulls calling", 3, 20, -28),
        ("owl", "spot", "an owl hooting", 2, 8, -32),
        ("crow", "spot", "a crow cawing", 2, 8, -27),
        ("dog", "spot", "a dog barking", 1, 8, -23),
        ("wolf", "spot", "a wolf howling", 2, 8, -26),
        ("horse_gallop", "spot", "a horse galloping", 3, 10, -25),
        ("horse_neigh", "spot", "a horse neighing", 1, 4, -24),
        ("sheep", "spot", "sheep bleating", 1, 8, -26),
        ("cow", "spot", "a cow mooing", 1, 6, -24),
        ("cat", "spot", "a cat meowing", 1, 6, -28),
        ("chicken", "spot", "chickens clucking", 2, 10, -29),
        ("frogs", "texture", "frogs croaking", 3, 20, -31),
        ("crickets", "texture", "crickets chirping", 4, 60, -34),
        ("bees", "texture", "bees buzzing", 3, 20, -34),
    )
    + _family(
        "people",
        ("footsteps_gravel", "spot", "footsteps on gravel", 2, 10, -29),
        ("footsteps_wood", "spot", "footsteps on a wooden floor", 2, 10, -29),
        ("footsteps_grass", "spot", "footsteps in grass", 2, 10, -32),
        ("footsteps_snow", "spot", "footsteps in snow", 2, 10, -32),
        ("footsteps_water", "spot", "footsteps splashing through water", 2, 10, -29),
        ("crowd", "texture", "a crowd murmuring", 4, 40, -29),
        ("applause", "texture", "an audience applauding", 3, 15, -23),
        ("heartbeat", "texture", "a heart beating", 3, 20, -34),
        ("laughter", "texture", "people laughing", 2, 10, -25),
        ("snore", "texture", "a person snoring", 3, 20, -31),
        ("scream", "spot", "a person screaming", 1, 4, -19),
    )
    + _family(
        "house",
        ("door_creak", "spot", "a wooden door creaking open", 1, 5, -31),
        ("door_slam", "spot", "a door slamming shut", 1, 3, -21),
        ("knock", "spot", "knocking on a door", 1, 4, -26),
        ("glass", "spot", "glass breaking", 1, 4, -23),
        ("clock", "texture", "a clock ticking", 3, 30, -35),
        ("telephone", "spot", "a telephone ringing", 2, 10, -25),
        ("keys", "spot", "keys jingling", 1, 5, -34),
        ("light_switch", "spot", "a light switch clicking", 1, 3, -36),
        ("chair", "spot", "a chair scraping on the floor", 1, 5, -29),
    )
    + _family(
        "work",
        ("anvil", "spot", "a hammer striking an anvil", 2, 12, -21),
        ("saw", "spot", "sawing wood", 2, 12, -27),
        ("chopping", "spot", "an axe chopping wood", 2, 12, -23),
        ("mining", "spot", "a pickaxe striking stone", 2, 12, -23),
        ("digging", "spot", "a shovel digging in earth", 2, 12, -29),
        ("typewriter", "texture", "a typewriter clattering", 2, 15, -28),
        ("loom", "texture", "a loom weaving", 3, 20, -27),
    )
    + _family(
        "traffic",
        ("engine", "texture", "an engine running", 3, 30, -27),
        ("motorcycle", "texture", "a motorcycle running", 3, 20, -22),
        ("skid", "spot", "car tyres skidding", 1, 4, -21),
        ("crash", "spot", "a car crash", 1, 5, -16),
        ("train", "texture", "a train passing", 4, 20, -21),
        ("steam_train", "texture", "a steam train chuffing", 4, 20, -21),
        ("helicopter", "texture", "a helicopter flying", 4, 20, -20),
        ("aeroplane", "texture", "an aeroplane flying over", 4, 20, -23),
        ("siren", "texture", "a siren wailing", 3, 20, -20),
        ("ship_horn", "spot", "a ship's horn sounding", 2, 6, -18),
        ("bicycle_bell", "spot", "a bicycle bell ringing", 1, 4, -29),
    )
    + _family(
        "war",
        ("sword", "spot", "swords clashing", 1, 10, -23),
        ("arrow", "spot", "an arrow shot from a bow", 1, 4, -29),
        ("gunshot", "spot", "a gun firing", 1, 6, -13),
        ("explosion", "spot", "an explosion", 2, 8, -13),
        ("cannon", "spot", "a cannon firing", 1, 8, -13),
        ("laser", "spot", "a laser firing", 1, 5, -24),
        ("robot", "spot", "robot servos moving", 1, 6, -31),
        ("magic", "spot", "a magic spell shimmering", 1, 6, -29),
    )
    + _family(
        "music-like",
        ("church_bell", "spot", "a church bell tolling", 3, 15, -22),
        ("drum", "spot", "drums beating", 2, 12, -22),
        ("horn", "spot", "a horn blowing", 2, 6, -21),
        ("gong", "spot", "a gong struck", 3, 10, -22),
        ("music_box", "texture", "a music box playing", 3, 20, -33),
    )
    + _family(
        "noise",
        ("machine", "texture", "machinery humming", 3, 30, -28),
        ("static", "texture", "radio static", 2, 20, -31),
        ("alarm", "texture", "an alarm beeping", 2, 12, -24),
    )
)

BY_NAME: dict[str, SoundClass] = {c.name: c for c in CLASSES}
