"""Families of sounds: what belongs to what, and that every kind of ours has its place."""

from __future__ import annotations

import pytest

from core.corpus.candidates import read_candidates
from core.corpus.vocabulary import BY_NAME
from core.taxonomy.families import (
    audioset_parents,
    family,
    steps_apart,
    ucs_categories,
    vocabulary_labels,
)


def test_a_bark_is_a_dog_is_a_pet_is_an_animal() -> None:
    assert family("Bark") == ("Bark", "Dog", "Domestic animals, pets", "Animal")


def test_what_belongs_to_two_classes_belongs_to_all_above_both() -> None:
    assert set(audioset_parents()["Hiss"]) == {"Cat", "Snake", "Steam", "Onomatopoeia"} & set(
        family("Hiss")
    )
    assert {"Animal", "Natural sounds"} <= set(family("Hiss"))


def test_the_ontology_has_no_circle_and_seven_roots() -> None:
    parents = audioset_parents()
    assert len(parents) == 632
    assert all(above in parents for row in parents.values() for above in row)
    assert sum(not row for row in parents.values()) == 7
    for name, above in parents.items():
        assert all(name not in family(parent) for parent in above)


@pytest.mark.parametrize(
    ("one", "other", "steps"),
    [
        ("Bark", "Bark", 0),
        ("Dog", "Bark", 0),
        ("Bark", "Growling", 1),
        ("Bark", "Meow", 2),
        ("Bark", "Engine", None),
    ],
)
def test_steps_to_what_two_sounds_have_in_common(one: str, other: str, steps: int | None) -> None:
    assert steps_apart(one, other) == steps


def test_every_sound_of_the_vocabulary_has_a_place_in_both_taxonomies() -> None:
    labels = vocabulary_labels()
    assert labels.keys() == BY_NAME.keys()
    assert all(label.audioset in audioset_parents() for label in labels.values())
    assert all(label.ucs in ucs_categories() for label in labels.values())


def test_candidates_are_called_by_names_that_exist() -> None:
    for kind in read_candidates():
        assert not kind.audioset or kind.audioset in audioset_parents(), kind.name
        assert kind.ucs in ucs_categories(), kind.name
