"""What the performer does not know, and what is no sound: examples to tell known sounds by.

other_sounds.toml goes through the ontologies of sounds, branch by branch, for what is neither in
the vocabulary nor among the candidates; its table `circumstances` holds what captions say besides.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from core.corpus.candidates import read_candidates
from core.corpus.vocabulary import BY_NAME

_TABLE = tomllib.loads((Path(__file__).parent / "other_sounds.toml").read_text(encoding="utf-8"))

WITHIN_KNOWN = frozenset(
    {
        "alarm_clock", "boiling_pot", "car_door", "car_passing", "cave", "child_laughing",
        "cicadas", "clapping", "cockerel", "crowd_cheering", "dog_growl", "drizzle",
        "dry_leaves", "engine_start", "fly", "footsteps_leaves", "gale", "hail", "heels",
        "hooves", "horse_snort",
        "lorry", "portal", "radio_tuning", "rain_on_tent", "rain_on_umbrella", "rain_on_window",
        "running", "sports_crowd", "steam_whistle", "talk_hall", "talk_restaurant",
        "train_horn", "under_water", "water_lapping",
    }
)  # fmt: skip
"""Candidates that narrow down a known class, whose recordings and captions hold them already: a
cockerel is among the chickens, cicadas are among the crickets, a fly is among the bees, a
steam whistle among the steam trains, a car that starts among the engines."""

CIRCUMSTANCES: tuple[str, ...] = tuple(
    text for texts in _TABLE.pop("circumstances").values() for text in texts
)
"""How, where and when: nothing that is heard by itself."""

OTHER_SOUNDS: dict[str, tuple[str, ...]] = {kind: tuple(texts) for kind, texts in _TABLE.items()}
"""A few wordings of each of a hundred kinds."""


def unknown_candidates() -> dict[str, tuple[str, ...]]:
    """The wordings of every candidate that no performer has learned, nor half learned.

    Raises:
        StoryError: see `read_candidates`.
    """
    return {
        kind.name: (kind.caption, *kind.words)
        for kind in read_candidates()
        if kind.name not in WITHIN_KNOWN and kind.name not in BY_NAME
    }
