"""What constrains the director: nothing asked for goes missing, nothing else is made up."""

from __future__ import annotations

import pytest
import torch

from core.audiostory import AudioStory
from core.bridge.lexicon import Lexicon
from core.bridge.text_encoder import sentence_encoder
from core.director.clauses import related, split_clauses
from core.director.constraints import (
    CaptionConstraint,
    Constraints,
    complete,
    fit_lengths,
    list_constraints,
    named_sounds,
    owed_clause,
    reaches_the_end,
    refused,
    unheard,
)
from core.director.plan import plan
from core.director.progress import Brief
from core.director.published import ForcedSpans
from core.director.times import TimedInstruction
from core.errors import PlanError
from core.language.reasoning import Item, ListConstraints, read_items
from core.language.stream import PlannedEvent
from core.story.durations import Span


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


@pytest.fixture
def knowing(own_tiny: AudioStory, lexicon: Lexicon) -> AudioStory:
    """Random weights, with a lexicon of few sounds."""
    own_tiny.lexicon = lexicon
    return own_tiny


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
    knowing: AudioStory, instruction: str, phrases: list[str]
) -> None:
    story = list(plan(knowing, instruction, 10.0, seed=3))[-1].story
    assert story is not None
    assert [item.phrase for item in read_items(story.reasoning)] == phrases
    assert len(story.events) == len(phrases)


def test_what_sets_a_scene_or_has_its_time_is_left_to_the_director(lexicon: Lexicon) -> None:
    assert named("a rainy evening in the valley", lexicon) == ()
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
    rain = lambda text: "rain" in text  # noqa: E731
    spent = TimedInstruction("Rain falls, a dog barks, then 20 seconds of wind.", 20.5)
    whole = TimedInstruction(spent.text, 20.0)
    assert owed_clause(spent, ["wind"], True, spent.clauses_where(rain)) == ""
    assert owed_clause(whole, ["wind"], True, whole.clauses_where(rain)) == "rain falls"


def held(
    instruction: str, lexicon: Lexicon | None, constraints: Constraints = "all"
) -> ListConstraints:
    brief = Brief(instruction, 20.0)
    return list_constraints(brief, TimedInstruction(instruction, 20.0), lexicon, constraints)


def test_the_list_is_held_to_what_is_owed(lexicon: Lexicon) -> None:
    """Wired: a clause that surely names a sound, and one with a time, may not be left out."""
    farm = held("The farm wakes up. Steady rain, a dog barking and it is noon.", lexicon)
    assert farm.owed(["the farm", "a dog barking"], False) == "steady rain"
    assert farm.owed(["the farm", "steady rain"], True) == "a dog barking"
    timed = held("rain, 5 seconds of thunder, then a dog", None)
    assert timed.owed(["rain", "a dog"], False) == "thunder"
    assert timed.length(["rain", "thunder"]) == 5.0
    assert timed.length(["rain"]) is None
    cues = held("0-5 s rain; 5-8 s thunder, then a dog", None)
    assert cues.length(["rain", "thunder"]) == 3.0
    assert cues.length(["rain", "thunder", "a dog"]) is None


def test_the_list_is_held_to_sounds_that_are_asked_for_or_known(lexicon: Lexicon) -> None:
    """Wired: what is made up has to be a known sound, and nothing is repeated."""
    scene = held("a quiet evening in the valley", lexicon)
    assert scene.refuses(["the accountant signs a contract"])
    assert not scene.refuses(["a hound baying"])
    assert scene.refuses(["a hound baying", "a dog barking"])
    assert held("rain, thunder, a dog barks", None).refuses(["rain falls", "rain falls"])
    assert not held("rain, thunder, a dog barks", None).complete(["rain falls"])


def test_the_grammar_alone_lets_any_list_stand(lexicon: Lexicon) -> None:
    for instruction in ("a quiet evening in the valley", "rain, 5 seconds of thunder, then a dog"):
        free = held(instruction, lexicon, "grammar")
        assert not free.refuses(["the accountant signs a contract"] * 2)
        assert free.owed(["a dog"], True) == ""
        assert free.length(["thunder"]) is None
    assert held("heavy rain, thunder", lexicon).phrases == ("heavy rain", "thunder")
    assert held("heavy rain, thunder", lexicon, "grammar").phrases == ()


@pytest.mark.parametrize(
    ("instruction", "suited"),
    [("rain, then a dog", (18.0, 2.0)), ("5 seconds of rain, then a dog", (5.0, 15.0))],
)
def test_the_grammar_alone_only_scales_lengths(
    instruction: str, suited: tuple[float, float]
) -> None:
    timed = TimedInstruction(instruction, 20.0)
    items = [Item("rain", 2.0), Item("a dog", 2.0)]
    spans = lambda phrases: [Span(4.0, 60.0, True), Span(1.0, 2.0, False)]  # noqa: E731
    brief = Brief(instruction, 20.0)
    assert fit_lengths(brief, timed, items, spans, "grammar").seconds == pytest.approx((10, 10))
    assert fit_lengths(brief, timed, items, spans, "all").seconds == pytest.approx(suited)


@pytest.mark.parametrize("seed", range(3))
def test_sounds_that_are_asked_for_are_planned_even_by_a_director_that_knows_nothing(
    knowing: AudioStory, seed: int
) -> None:
    """End to end on random weights: owed clauses reach the plan."""
    instruction = ("The farm wakes up", "A day begins", "Somebody waits")[seed]
    instruction += ". Steady rain, a dog barking and it is noon."
    story = list(plan(knowing, instruction, 20.0, seed))[-1].story
    assert story is not None
    captions = [event.caption for event in story.events]
    assert any(related(caption, "steady rain") for caption in captions)
    assert any(related(caption, "a dog barking") for caption in captions)


def test_free_decoding_forces_the_spans_of_a_director_that_never_writes_them(
    tiny: AudioStory,
) -> None:
    ids = tiny.ids
    own = ForcedSpans(ids, [], (), 100, 1.0, opens=False)
    own.advance([ids.gen, 500, ids.time, 501])
    assert own.forced == ()
    own.advance([ids.time_end])
    assert own.forced == (*ids.span, ids.gen_end)
    published = ForcedSpans(ids, [], (), 100, 1.0)
    published.advance([ids.time_end])
    assert published.forced == ()
    published.advance([ids.span[0]])
    assert published.forced == (*ids.semantic, ids.span[len(ids.semantic) + 1])


def test_what_is_decoded_freely_and_does_not_parse_is_no_plan(tiny: AudioStory) -> None:
    with pytest.raises(PlanError):
        list(plan(tiny, "a storm", 10.0, 0, constraints="none"))
