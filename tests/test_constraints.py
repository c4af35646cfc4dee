"""What constrains the director: nothing asked for goes missing, nothing else is made up."""

from __future__ import annotations

import pytest
import torch

from core.audiostory import AudioStory
from core.bridge.lexicon import Lexicon
from core.bridge.text_encoder import sentence_encoder
from core.director.clauses import split_clauses
from core.director.constraints import (
    CaptionConstraint,
    complete,
    named_sounds,
    owed_clause,
    reaches_the_end,
    refused,
    unheard,
)
from core.director.plan import plan
from core.director.progress import Brief
from core.director.times import TimedInstruction
from core.language.reasoning import read_items
from core.language.stream import PlannedEvent


def test_what_nothing_asks_for_is_refused() -> None:
    brief = Brief("rain, thunder, a dog barks", 10.0)
    timed = TimedInstruction(brief.instruction, 10.0)
    assert not refused(brief, timed, ["rain falls"])
    assert refused(brief, timed, ["rain falls", "rain falls"])
    assert refused(brief, timed, ["rain falls", "the total duration"])
    knocks = Brief("knock knock. nobody answers. knock knock knock.", 10.0)
    timed = TimedInstruction(knocks.instruction, 10.0)
    assert not refused(knocks, timed, ["knock", "knock"])
    assert refused(knocks, timed, ["knock", "knock", "knock"])
    scene = Brief("lonely lighthouse", 10.0)
    assert not refused(scene, TimedInstruction("lonely lighthouse", 10.0), ["waves crash"])


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    known = [
        "heavy rain",
        "steady rain",
        "a dog barking",
        "a hound bays",
        "thunder",
        "a thunderclap",
    ]
    vectors = sentence_encoder().sentences(known)
    plain = ["rain falling", "a dog barking", "thunder rumbling"]
    return Lexicon(sentence_encoder(), plain, torch.tensor([0, 0, 1, 1, 2, 2]), vectors)


def named(instruction: str, lexicon: Lexicon, brief: Brief | None = None) -> tuple[str, ...]:
    timed = TimedInstruction(instruction, 10.0)
    return named_sounds(brief or Brief(instruction, 10.0), timed, lexicon)


@pytest.mark.parametrize(
    ("instruction", "phrases"),
    [
        ("Heavy rain!", ["heavy rain"]),
        ("Please play the sound of a dog barking", ["a dog barking"]),
        ("steady rain, then thunder", ["steady rain", "thunder"]),
        ("thunder. thunder", ["thunder", "thunder"]),
        ("steady rain\n\n- thunder\n", ["steady rain", "thunder"]),
        ("steady rain & thunder", ["steady rain", "thunder"]),
    ],
)
def test_an_instruction_that_only_names_sounds_is_planned_as_it_is(
    own_tiny: AudioStory, lexicon: Lexicon, instruction: str, phrases: list[str]
) -> None:
    own_tiny.lexicon = lexicon
    story = list(plan(own_tiny, instruction, 10.0, seed=3))[-1].story
    assert story is not None
    assert [item.phrase for item in read_items(story.reasoning)] == phrases
    assert len(story.events) == len(phrases)


def test_what_sets_a_scene_or_has_its_time_is_left_to_the_director(lexicon: Lexicon) -> None:
    assert named("a quiet evening in the valley", lexicon) == ()
    assert named("steady rain, a quiet evening in the valley", lexicon) == ()
    assert named("heavy rain for 4 seconds, thunder", lexicon) == ("heavy rain", "thunder")
    assert named("at 0:05 thunder", lexicon) == ()
    assert named("heavy rain, thunder, a dog barking", lexicon) == ()
    assert named("heavy rain, thunder", lexicon, Brief("heavy rain, thunder", 10.0, most=1)) == ()
    kept = Brief("thunder", 10.0, {0: PlannedEvent("rain", 5.0)})
    assert named("thunder", lexicon, kept) == ()


def test_what_is_made_up_for_a_scene_is_a_known_sound_and_each_only_once(
    lexicon: Lexicon,
) -> None:
    scene = TimedInstruction("a quiet evening in the valley", 10.0)
    assert not unheard(scene, lexicon, ["a hound baying"])
    assert unheard(scene, lexicon, ["a hound baying", "steady rain", "a dog barking"])
    assert unheard(scene, lexicon, ["the accountant signs a contract"])
    assert not unheard(scene, lexicon, ["a quiet valley"])  # asked for, whatever it is
    assert not unheard(scene, lexicon, ["steady rain in the valley"])
    assert unheard(scene, lexicon, ["steady rain in the valley", "heavy rain in the valley"])
    listed = TimedInstruction("1) a bell 2) the gangway rattling 3) people boarding", 10.0)
    assert not unheard(listed, lexicon, ["a bell", "the gangway rattling", "people boarding"])
    twice = TimedInstruction("a dog barks at the gate and another dog barks back", 10.0)
    assert not unheard(twice, lexicon, ["a dog barking at the gate", "another dog barking back"])
    assert not unheard(scene, None, ["a hound baying", "a hound baying"])


def test_a_caption_keeps_to_its_phrase_and_not_to_another() -> None:
    captions = CaptionConstraint(["a knight rides", "a knight falls", "a knight rides"])
    assert captions.fits(0, "a knight riding")
    assert not captions.fits(1, "a knight riding")
    assert not captions.fits(1, "a door closing")
    assert captions.fits(1, "a knight falling")
    assert captions.fits(2, "a knight riding")
    assert not captions.fits(2, "a door closing")


def test_a_list_may_end_with_the_last_clause_or_where_only_a_scene_is_set() -> None:
    storm = split_clauses("rain falls, thunder rolls, a dog barks")
    assert not reaches_the_end(storm, ["rain", "thunder"])
    assert reaches_the_end(storm, ["rain", "a dog barking"])
    assert reaches_the_end(split_clauses("a tense night in space"), ["a machine humming"])


def test_a_list_is_complete_where_all_time_is_given_away() -> None:
    brief = Brief("Horses, 7 seconds, at a gallop. Swords, 7 seconds, clashing.", 14.0)
    timed = TimedInstruction(brief.instruction, 14.0)
    assert not complete(brief, timed, ["horses"])
    assert complete(brief, timed, ["horses", "swords"])
    assert refused(brief, timed, ["horses", "a gallop"])
    assert refused(brief, timed, ["horses", "swords", "a crowd of swords"])
    assert refused(brief, timed, ["horses", "swords", "galloping"])


def test_a_timed_clause_that_no_phrase_covers_is_owed() -> None:
    timed = TimedInstruction("rain, 5 seconds of thunder, then a dog", 20.0)
    assert owed_clause(timed, ["rain"], False) == ""
    assert owed_clause(timed, ["rain", "a dog"], False) == "thunder"
    assert owed_clause(timed, ["rain"], True) == "thunder"
    assert owed_clause(timed, ["rain", "thunder", "a dog"], True) == ""


def test_what_is_left_of_the_whole_goes_to_the_next_clause() -> None:
    timed = TimedInstruction("sawing: 8 sec. chopping: 6 sec. whatever is left: birds", 20.0)
    assert owed_clause(timed, ["sawing", "chopping"], ended=True) == "birds"
    assert owed_clause(timed, ["sawing", "chopping"], ended=False) == ""
    assert owed_clause(timed, ["sawing", "chopping", "birds"], ended=True) == ""
    full = TimedInstruction("sawing: 8 sec. chopping: 6 sec. whatever is left: birds", 14.0)
    assert owed_clause(full, ["sawing", "chopping"], ended=True) == ""


def test_a_clause_that_names_a_sound_is_owed_before_what_comes_after_it() -> None:
    timed = TimedInstruction("The farm wakes up. Rain falls, a dog barks and it is noon.", 20.0)
    sounds = timed.clauses_where(lambda text: "rain" in text or "dog" in text)
    assert sounds == {1, 2}
    assert owed_clause(timed, ["the farm", "a dog barking"], False, sounds) == "rain falls"
    assert owed_clause(timed, ["the farm", "a dog barking"], False) == ""
    assert owed_clause(timed, ["the farm", "rain falling"], False, sounds) == ""
    assert owed_clause(timed, ["the farm", "rain falling"], True, sounds) == "a dog barks"
    assert owed_clause(timed, ["a dog barking in the rain"], True, sounds) == ""
    spent = TimedInstruction("Rain falls, a dog barks, then 20 seconds of wind.", 20.0)
    assert (
        owed_clause(spent, ["wind"], True, spent.clauses_where(lambda text: "rain" in text)) == ""
    )
