"""The director on a real (tiny, random) language model: whatever it writes becomes a story."""

from __future__ import annotations

import random
import threading

import pytest
import torch

from core.audiostory import AudioStory, load_audiostory
from core.bridge.lexicon import Lexicon
from core.bridge.text_encoder import sentence_encoder
from core.director.clauses import clauses, listed
from core.director.plan import (
    Captions,
    Turn,
    check_instruction,
    complete,
    compose_story,
    most_events,
    named_sounds,
    plan,
    refused,
    told_to_the_end,
    unheard,
    write,
)
from core.director.progress import Brief
from core.director.times import TimedInstruction
from core.errors import Cancelled, PlanError
from core.evaluation.bench_plan import measure
from core.language.decoding import Decoder
from core.language.reasoning import COUNTS, Item, read_items
from core.language.stream import Plan, PlannedEvent, parse_plan, prompt_text
from core.profile import load_profile
from core.story.durations import Lengths

WORDS = [
    "rain",
    "thunder",
    "Knocks!",
    "<|gen|>",
    "12.5",
    "—",
    "naïve",
    "雨",
    "🌧",
    "then",
    "\n\t",
    "door",
    ";",
    "creaks",
    "<t5>",
    "a",
    "0",
    "%s",
    "\\",
]


def last_story(model: AudioStory, instruction: str, total: float):  # type: ignore[no-untyped-def]
    return list(plan(model, instruction, total, seed=3))[-1].story


@pytest.mark.parametrize("seed", range(12))
def test_any_instruction_becomes_a_story_that_sums(tiny: AudioStory, seed: int) -> None:
    rng = random.Random(seed)
    instruction = "rain " + " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 30)))
    total = rng.choice([3.0, 7.3, 20.0, 149.9])
    story = last_story(tiny, instruction, total)
    assert story.total == total
    assert sum(event.duration for event in story.events) == pytest.approx(total, abs=1e-3)
    assert 1 <= len(story.events) <= tiny.profile.director.max_events
    assert story.seed == 3


def any_of(allowed: frozenset[int], rng: random.Random) -> int:
    """One of the tokens; a large set is not sorted for it."""
    if len(allowed) < 1000:
        return rng.choice(sorted(allowed))
    return next(token for _ in iter(int, 1) if (token := rng.randrange(50_000)) in allowed)


def test_a_thousand_instructions_parse_and_sum_under_any_choice(tiny: AudioStory) -> None:
    """Instructions and choices both at random: what the rules allow is always a whole plan."""
    rng = random.Random(0)
    for _ in range(1000):
        instruction = " ".join(["rain", *rng.choices(WORDS, k=rng.randint(0, 12))])
        total = rng.choice([3.0, 7.3, 20.0, 149.9])
        instruction = check_instruction(tiny, instruction, total)
        brief = Brief(instruction, total, most=min(3, most_events(tiny, total)))
        turn = Turn(tiny, brief, lambda phrases: [None] * len(phrases))
        written: list[int] = []
        while not turn.rules.finished:
            tokens = list(turn.rules.forced)
            if not tokens:
                tokens = [any_of(turn.rules.allowed, rng)]
            back = turn.rules.advance(tokens)
            written += tokens
            del written[len(written) - back :]
            turn.settle()
        planned = parse_plan(tiny.tokenizer.decode(written))
        assert len(planned.events) == len(turn.items)
        assert sum(event.duration for event in planned.events) == pytest.approx(total, abs=1e-3)


def test_the_reasoning_streams_and_the_plan_repeats(tiny: AudioStory) -> None:
    parts = list(plan(tiny, "a storm", 10.0, seed=1))
    lengths = [len(part.reasoning) for part in parts]
    assert lengths == sorted(lengths)
    assert len(set(lengths)) > 5
    again = list(plan(tiny, "a storm", 10.0, seed=1))
    assert again[-1].story == parts[-1].story


def test_another_seed_keeps_the_plan(tiny: AudioStory) -> None:
    one, two = (list(plan(tiny, "a storm", 10.0, seed=s))[-1].story for s in (1, 2))
    assert one is not None
    assert two is not None
    assert one.events == two.events
    assert one.seed != two.seed


@pytest.mark.parametrize(
    ("instruction", "total", "message"),
    [
        ("", 10.0, "empty"),
        (" <|gen|> \n", 10.0, "empty"),
        ("rain", 2.0, "lasts"),
        ("rain", 151.0, "lasts"),
        ("rain", float("nan"), "lasts"),
        ("rain " * 1000, 10.0, "too long"),
    ],
)
def test_what_cannot_be_planned_is_refused(
    tiny: AudioStory, instruction: str, total: float, message: str
) -> None:
    with pytest.raises(PlanError, match=message):
        last_story(tiny, instruction, total)


def test_drafting_can_be_stopped_between_tokens(tiny: AudioStory) -> None:
    cancel = threading.Event()
    drafting = plan(tiny, "a storm", 10.0, 1, cancel)
    next(drafting)
    cancel.set()
    with pytest.raises(Cancelled):
        list(drafting)


def test_guessing_and_caching_change_no_token_and_no_state(tiny: AudioStory) -> None:
    for instruction in ("a storm over the sea", "5 seconds of rain, then 3 seconds of wind"):
        figures = measure(tiny, Brief(instruction, 10.0))
        assert figures["same_tokens"] == 1.0
        assert figures["state_difference"] < 1e-3
        assert figures["passes"] < figures["tokens"] / 2


def test_a_prompt_that_begins_alike_is_not_read_again(tiny: AudioStory) -> None:
    decoder = Decoder(tiny)
    prompt = tiny.encode(prompt_text("a storm", 10.0))
    assert decoder.begin(prompt) == prompt
    with torch.inference_mode():
        decoder.feed(prompt)
    other = tiny.encode(prompt_text("a stormy day", 10.0))
    same = next(i for i, (a, b) in enumerate(zip(prompt, other, strict=False)) if a != b)
    assert decoder.begin(other) == other[same:]


def test_as_many_events_as_the_list_has_items(tiny: AudioStory) -> None:
    *_, draft = write(tiny, Brief("rain, then wind, then a dog, then a door", 12.0, most=3))
    plan_read = parse_plan(tiny.tokenizer.decode(draft.tokens))
    assert len(plan_read.events) == len(draft.items)
    assert draft.lengths is not None
    assert [e.duration for e in plan_read.events] == pytest.approx(draft.lengths.seconds)
    assert f"{COUNTS[len(draft.items) - 1]} event" in plan_read.reasoning


@pytest.mark.parametrize(
    ("instruction", "wanted"),
    [
        ("3 seconds of thunder, then 5 seconds of rain", {"thunder": 3.0, "rain": 5.0}),
        ("glass breaks (2 s), a dog barks (4 s)", {"glass": 2.0, "dog": 4.0}),
    ],
)
def test_times_are_obeyed_even_by_a_director_that_knows_nothing(
    tiny: AudioStory, instruction: str, wanted: dict[str, float]
) -> None:
    story = last_story(tiny, instruction, 20.0)
    for word, seconds in wanted.items():
        assert [e.duration for e in story.events if word in e.caption] == [pytest.approx(seconds)]


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
def test_an_instruction_that_only_names_sounds_is_told_as_it_is(
    lexicon: Lexicon, instruction: str, phrases: list[str]
) -> None:
    model = load_audiostory(load_profile("tiny"))
    model.lexicon = lexicon
    story = last_story(model, instruction, 10.0)
    assert [item.phrase for item in read_items(story.reasoning)] == phrases
    assert len(story.events) == len(phrases)


def test_lines_of_a_list_are_sentences_and_wrapped_lines_go_on() -> None:
    assert listed("rain\nthunder,\n a dog barks.\r\nwind\n") == "rain. thunder, a dog barks. wind"
    wrapped = "A storm gathers over the harbour while the gulls cry\nand a horn sounds."
    assert listed(wrapped) == wrapped.replace("\n", " ")
    assert listed(" \n") == ""


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


def test_a_caption_tells_of_its_phrase_and_not_of_another() -> None:
    captions = Captions(["a knight rides", "a knight falls", "a knight rides"])
    assert captions.fits(0, "a knight riding")
    assert not captions.fits(1, "a knight riding")
    assert not captions.fits(1, "a door closing")
    assert captions.fits(1, "a knight falling")
    assert captions.fits(2, "a knight riding")
    assert not captions.fits(2, "a door closing")


def test_a_list_may_end_with_the_last_clause_or_where_only_a_scene_is_set() -> None:
    storm = clauses("rain falls, thunder rolls, a dog barks")
    assert not told_to_the_end(storm, ["rain", "thunder"])
    assert told_to_the_end(storm, ["rain", "a dog barking"])
    assert told_to_the_end(clauses("a tense night in space"), ["a machine humming"])


def test_a_list_is_complete_where_all_time_is_given_away() -> None:
    brief = Brief("Horses, 7 seconds, at a gallop. Swords, 7 seconds, clashing.", 14.0)
    timed = TimedInstruction(brief.instruction, 14.0)
    assert not complete(brief, timed, ["horses"])
    assert complete(brief, timed, ["horses", "swords"])
    assert refused(brief, timed, ["horses", "a gallop"])
    assert refused(brief, timed, ["horses", "swords", "a crowd of swords"])
    assert refused(brief, timed, ["horses", "swords", "galloping"])


def test_what_is_corrected_is_recorded() -> None:
    parsed = Plan("", (PlannedEvent("rain", 6.0), PlannedEvent("wind", 6.0)))
    items = (Item("rain", 8.0, "calm"), Item("wind", 0.0, "cold"))
    story = compose_story("tiny", "rain, wind", 12.0, 0, parsed, items, Lengths((6.0, 6.0)))
    assert [event.duration for event in story.events] == [6.0, 6.0]
    assert [event.mood for event in story.events] == ["calm", "cold"]
    assert "scaled" in story.corrections[0]
    items = (Item("rain", 8.0), Item("wind", 4.0))
    exact = compose_story("tiny", "rain, wind", 12.0, 0, parsed, items, Lengths((8.0, 4.0)))
    assert exact.corrections == ()
