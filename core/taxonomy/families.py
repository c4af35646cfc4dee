"""Families of sounds: a bark belongs to dogs, dogs to pets, pets to animals.

Two taxonomies that exist are kept as data: AudioSet's ontology (audioset.toml), in which a class
may belong to several others, and the Universal Category System (ucs.toml), by which sound designers
name files. kinds.toml says where each sound of the vocabulary stands in both.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class SoundLabels:
    """What a kind of sound is called elsewhere.

    Attributes:
        audioset: class of AudioSet's ontology; "" where none fits.
        ucs: CatID of the Universal Category System; "" where none is sure.
    """

    audioset: str
    ucs: str


@functools.cache
def audioset_parents() -> Mapping[str, tuple[str, ...]]:
    """The classes of AudioSet's ontology, each with those that it belongs to."""
    return {name: tuple(parents) for name, parents in _table("audioset").items()}


@functools.cache
def ucs_categories() -> Mapping[str, tuple[str, str]]:
    """Category and subcategory by CatID."""
    return {name: (category, sub) for name, (category, sub) in _table("ucs").items()}


@functools.cache
def vocabulary_labels() -> Mapping[str, SoundLabels]:
    """The labels of the vocabulary's classes, by name."""
    return {name: SoundLabels(*labels) for name, labels in _table("kinds").items()}


def family(label: str) -> tuple[str, ...]:
    """A class of AudioSet's ontology and all that it belongs to, nearest first, each once.

    Raises:
        KeyError: the ontology has no such class.
    """
    parents = audioset_parents()
    found = dict.fromkeys([label])
    level: list[str] = [label]
    while level:
        level = [parent for name in level for parent in parents[name] if parent not in found]
        found.update(dict.fromkeys(level))
    return tuple(found)


def steps_apart(one: str, other: str) -> int | None:
    """Steps up from a class to the nearest one that another belongs to as well.

    0: the other is the same, or one of its kind. None: they share nothing.
    """
    shared = set(family(other))
    parents = audioset_parents()
    level, steps = {one}, 0
    while level:
        if level & shared:
            return steps
        level, steps = {parent for name in level for parent in parents[name]}, steps + 1
    return None


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
