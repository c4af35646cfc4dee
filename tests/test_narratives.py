"""What the director is trained on: stories whose text, reasoning and timeline agree."""

from __future__ import annotations

import json
import re
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from core.corpus.captions import (
    HELD_OUT,
    MAX_WORDS,
    PARAPHRASES,
    PHRASES,
    Caption,
    caption,
    mixture_caption,
    plain_meaning,
)
from core.corpus.clauses import MarkedClause, in_form
from core.corpus.vocabulary import BY_NAME, CLASSES
from core.evaluation.combine import JOINTS
from core.narratives.narratives import Narrative, single, story_stream
from core.narratives.skeletons import SKELETONS, UNKNOWN
from core.narratives.timing import allocate, natural_span

EVALUATION = Path(__file__).parents[1] / "core" / "evaluation" / "development.jsonl"

SECONDS = r"\d+(?:\.5)?"
MOOD = r"[a-z]+"
SUM = re.compile(
    rf"(?P<count>[A-Z][a-z]+) events?, "
    rf"(?:{MOOD}|{MOOD} throughout|from {MOOD} to {MOOD}|from {MOOD} over {MOOD} to {MOOD})"
    r"(?:; (?P<why>[a-z ]+))?\."
)
LINE = re.compile(
    rf"(?P<n>\d+)\. (?P<phrase>[^()]+) \((?P<seconds>{SECONDS}) s, (?P<mood>{MOOD})\)\. "
)
REASONING = re.compile(rf"(?:{re.sub(r'[?]P<[a-z]+>', '', LINE.pattern)})+(?:{SUM.pattern})")


@pytest.fixture(scope="module")
def stories() -> list[Narrative]:
    return list(islice(story_stream(0), 2000))


def test_durations_sum_to_the_total_in_half_seconds(stories: list[Narrative]) -> None:
    for story in stories:
        assert sum(event.seconds for event in story.events) == story.total
        assert all(event.seconds >= 1 and event.seconds * 2 % 1 == 0 for event in story.events)
        assert 6 <= story.total <= 150
        assert 1 <= len(story.events) <= 8


def test_reasoning_is_regular_and_agrees_with_the_events(stories: list[Narrative]) -> None:
    names = ("One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight")
    for story in stories:
        assert REASONING.fullmatch(story.reasoning), story.reasoning
        sum_up = SUM.search(story.reasoning)
        lines = list(LINE.finditer(story.reasoning))
        assert sum_up is not None
        assert sum_up["count"] == names[len(story.events) - 1]
        assert [int(line["n"]) for line in lines] == list(range(1, len(story.events) + 1))
        assert [float(line["seconds"]) for line in lines] == [e.seconds for e in story.events]
        assert [line["mood"] for line in lines] == [e.mood for e in story.events]


def test_the_reasonings_phrases_stand_in_the_instruction_in_order(
    stories: list[Narrative],
) -> None:
    for story in stories:
        if "the scene suggests" in story.reasoning:
            continue
        phrases = [line["phrase"].lower() for line in LINE.finditer(story.reasoning)]
        text, at, found = story.instruction.lower(), 0, 0
        for phrase in phrases:
            place = text.find(phrase, at)
            if place >= 0:
                found, at = found + 1, place + len(phrase)
        # a typo may hide up to three of them
        assert found >= len(phrases) - 3, story


def test_times_given_in_the_instruction_are_obeyed(stories: list[Narrative]) -> None:
    pattern = re.compile(r"\b(\d+) ?(?:s|sec|seconds) of (.+)")
    checked = 0
    for story in stories:
        if "the times are given" not in story.reasoning:
            continue
        for line in LINE.finditer(story.reasoning):
            for length, rest in pattern.findall(story.instruction.lower()):
                if rest.startswith(line["phrase"]):
                    assert float(line["seconds"]) == float(length)
                    checked += 1
    assert checked > 20


def test_captions_are_short_and_plain(stories: list[Narrative]) -> None:
    for story in stories:
        for event in story.events:
            assert 1 <= len(event.caption.split()) <= MAX_WORDS
            assert event.caption[0].islower()
            assert not event.caption.endswith(".")
            assert "*" not in event.caption
            assert all(name in BY_NAME for name in event.classes)


def test_stories_are_deterministic_and_varied(stories: list[Narrative]) -> None:
    assert list(islice(story_stream(0), 50)) == stories[:50]
    assert list(islice(story_stream(1), 50)) != stories[:50]
    assert len({story.instruction for story in stories}) >= 0.9 * len(stories)


def test_every_class_and_many_unknown_sounds_occur(stories: list[Narrative]) -> None:
    seen = {name for story in stories for event in story.events for name in event.classes}
    assert seen == {c.name for c in CLASSES}
    unknown = sum(any(not event.classes for event in story.events) for story in stories)
    assert unknown > 0.2 * len(stories)


def test_there_is_enough_written_by_hand() -> None:
    assert len(SKELETONS) >= 300
    assert len(UNKNOWN) >= 150
    assert all(1 <= len(skeleton.sounds) <= 8 for skeleton in SKELETONS)
    assert all(len(PHRASES[name]) >= 10 and len(HELD_OUT[name]) >= 4 for name in BY_NAME)
    assert set(PARAPHRASES) == set(BY_NAME)
    assert all(len(set(PARAPHRASES[name])) == len(PARAPHRASES[name]) >= 15 for name in BY_NAME)
    assert all(
        len(text.split()) < MAX_WORDS and text == text.lower() and not text.endswith(".")
        for texts in PARAPHRASES.values()
        for text in texts
    )


def test_held_out_phrases_are_never_trained_on(stories: list[Narrative]) -> None:
    held_out = {phrase for phrases in HELD_OUT.values() for phrase in phrases}
    assert len(held_out) == sum(map(len, HELD_OUT.values()))
    trained = {phrase for phrases in PHRASES.values() for phrase in phrases}
    trained |= {phrase for phrases in PARAPHRASES.values() for phrase in phrases}
    trained |= {event.caption for story in stories for event in story.events}
    assert not held_out & trained


def test_attributes_are_said_and_never_contradicted() -> None:
    rng = Random(0)
    quiet = {"strength": "light", "distance": "distant"}
    texts = {caption("rain", quiet, rng).said for _ in range(300)}
    assert any("light" in text or "soft" in text for text in texts)
    assert any("distan" in text or "far away" in text for text in texts)
    assert not any(re.search(r"\b(heavy|heavily|loud|hard|pours|nearby)\b", text) for text in texts)
    tin = {caption("rain", {"surface": "tin roof"}, rng).said for _ in range(300)}
    assert any(text.endswith("on a tin roof") for text in tin)
    assert not any("leaves" in text or "window" in text for text in tin)
    for name in BY_NAME:
        for _ in range(20):
            text = caption(
                name,
                {"strength": "heavy", "tempo": "fast", "count": "many", "distance": "close"},
                rng,
            )
            assert len(text.said.split()) <= MAX_WORDS
            assert text.said[0].islower()
            assert set(BY_NAME[name].caption.split()[1:]) <= set(re.findall(r"[\w']+", text.meant))


def test_a_mixture_names_both_sounds_and_means_them_in_plain_words() -> None:
    rain, wind = Caption("it pours", "rain falling"), Caption("a gale", "wind blowing")
    mixed = [mixture_caption(rain, wind, Random(seed)) for seed in range(100)]
    assert all("it pours" in both.said and "a gale" in both.said for both in mixed)
    assert {both.meant for both in mixed} == {"rain falling with wind blowing"}
    assert len({both.said for both in mixed}) > 10
    assert any(both.said.startswith("a gale") for both in mixed)
    tested = {joint.format(a="it pours", b="a gale") for joint in JOINTS}
    assert not tested & {both.said for both in mixed}


def test_a_paraphrase_means_the_plain_caption_and_what_it_says_of_strength_and_distance() -> None:
    paraphrase = next(text for text in PARAPHRASES["siren"] if "howls" in text)
    far = plain_meaning(f"{paraphrase} in the distance", ["siren"])
    assert far == plain_meaning("a siren howling far away", ["siren"])
    assert far.startswith("a siren wailing ")
    assert far.endswith(("in the distance", "far away", "from afar"))
    for name in BY_NAME:
        assert plain_meaning(BY_NAME[name].caption, [name]) == BY_NAME[name].caption
        for text in PARAPHRASES[name]:
            meant = set(re.findall(r"[\w']+", plain_meaning(text, [name])))
            assert set(BY_NAME[name].caption.split()[1:]) <= meant


def test_what_no_class_covers_means_what_it_says() -> None:
    assert plain_meaning("a whispered name", []) == "a whispered name"
    assert (
        plain_meaning("an owl over embers", ["owl", "fire"])
        == "an owl hooting with a fire crackling"
    )
    for story in islice(story_stream(0), 200):
        for event in story.events:
            assert event.classes or event.meant == event.caption


def test_one_clause_gives_all_its_forms() -> None:
    clause = "thunder *rolls and *rumbles on"
    assert in_form(clause, "present") == "thunder rolls and rumbles on"
    assert in_form(clause, "gerund") == "thunder rolling and rumbling on"
    assert in_form(clause, "past") == "thunder rolled and rumbled on"
    assert in_form(clause, "progressive") == "thunder is rolling and rumbling on"
    assert MarkedClause("it *creaks open", "a door creaking open").is_anaphoric


def test_spot_sounds_stay_short_and_textures_take_the_rest() -> None:
    rain, knock = BY_NAME["rain"], BY_NAME["knock"]
    spans = [natural_span(c.kind, c.seconds) for c in (rain, knock, rain)]
    lengths = allocate(30, spans, ["texture", "spot", "texture"])
    assert sum(lengths) == 30
    assert lengths[1] <= knock.seconds[1]
    assert allocate(20, spans, ["texture", "spot", "texture"], {1: 12})[1] == 12


def test_a_single_sound_is_one_event() -> None:
    rng = Random(5)
    for _ in range(200):
        story = single(rng)
        assert len(story.events) == 1
        assert story.events[0].seconds == story.total
        assert REASONING.fullmatch(story.reasoning), story.reasoning


def test_evaluation_instructions_are_well_formed_and_unseen(stories: list[Narrative]) -> None:
    rows = [json.loads(line) for line in EVALUATION.read_text(encoding="utf-8").splitlines()]
    assert len(rows) >= 120
    assert len({row["instruction"] for row in rows}) == len(rows)
    assert not {row["instruction"].lower() for row in rows} & {
        s.instruction.lower() for s in stories
    }
    prompts = {skeleton.scene for skeleton in SKELETONS} | {skeleton.word for skeleton in SKELETONS}
    assert not {row["instruction"].lower() for row in rows} & prompts
    for row in rows:
        always = {"instruction", "seconds", "required", "explicit"}
        assert always <= set(row) <= always | {"optional", "scene"}
        assert all(word == word.lower() for word in row.get("optional", []))
        assert row.get("scene", True) is True
        assert 3 <= row["seconds"] <= 150
        assert row["required"]
        assert all(
            group and all(word == word.lower() for word in group) for group in row["required"]
        )
        assert sum(length for _, length in row["explicit"]) <= row["seconds"]
        assert all(0 <= index < len(row["required"]) for index, _ in row["explicit"])
