"""The director on a real (tiny, random) language model: whatever it writes becomes a story."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Sequence

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.audiostory import AudioStory
from core.director.clauses import end_list_lines
from core.director.constraints import Constraints
from core.director.plan import (
    ConstrainedPlan,
    check_instruction,
    compose_story,
    decode_plan,
    most_events,
    plan,
)
from core.director.progress import Brief
from core.errors import Cancelled, PlanError
from core.evaluation.bench_plan import plan_speed
from core.language.decoding import Decoder
from core.language.reasoning import COUNTS, Item
from core.language.stream import Plan, PlannedEvent, parse_plan, prompt_text
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


instructions = st.lists(st.sampled_from(WORDS), max_size=12).map(lambda w: " ".join(["rain", *w]))
numbers = st.lists(st.integers(0, 10**6), min_size=1, max_size=40)


def pieces(written: list[int], begin: int, end: int) -> list[list[int]]:
    """What stands between each `begin` and the next `end`."""
    begins = [i + 1 for i, token in enumerate(written) if token == begin]
    return [written[i : written.index(end, i)] for i in begins]


@given(
    instructions,
    st.sampled_from([3.0, 7.3, 20.0, 149.9]),
    st.integers(1, 4),
    st.sampled_from(["grammar", "all"]),
    numbers,
)
def test_any_sequence_of_allowed_tokens_is_a_plan_that_parses_and_sums(
    tiny: AudioStory,
    instruction: str,
    total: float,
    most: int,
    constraints: Constraints,
    choices: list[int],
) -> None:
    """Instruction and choices at random: the stream ends, parses, keeps the limits, and sums."""
    ids, limits = tiny.ids, tiny.profile.director
    instruction = check_instruction(tiny, instruction, total)
    brief = Brief(instruction, total, most=min(most, most_events(tiny, total)))
    held = ConstrainedPlan(tiny, brief, lambda phrases: [None] * len(phrases), constraints)
    numbers, written = itertools.cycle(choices), list[int]()
    while not held.grammar.finished:
        tokens = list(held.grammar.forced)
        if not tokens:
            allowed = sorted(held.grammar.allowed)
            tokens = [allowed[next(numbers) % len(allowed)]]
        back = held.grammar.advance(tokens)
        written += tokens
        del written[len(written) - back :]
        held.settle()
    planned = parse_plan(tiny.tokenizer.decode(written))
    phrases = [tiny.encode(item.phrase) for item in held.items]
    assert 1 <= len(planned.events) == len(held.items) <= brief.most
    assert sum(event.duration for event in planned.events) == pytest.approx(total, abs=1e-3)
    assert min(event.duration for event in planned.events) >= 0.1
    for caption, phrase in zip(pieces(written, ids.gen, ids.time), phrases, strict=True):
        assert len(caption) <= limits.max_caption or caption == phrase
    for span in pieces(written, ids.time_end, ids.gen_end):
        assert tuple(span) == ids.span
    assert f" {COUNTS[len(held.items) - 1]} event" in planned.reasoning


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
        ("rain", 0.04, "lasts"),
        ("!!! 123", 10.0, "names nothing to be heard"),
        ("🌧 30 seconds", 30.0, "names nothing to be heard"),
        ("rain", 151.0, "lasts"),
        ("rain", float("nan"), "lasts"),
        ("rain " * 1000, 10.0, "4999 characters; shorten it to 4000"),
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
        figures = plan_speed(tiny, Brief(instruction, 10.0))
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


def best_allowed(model: AudioStory, text: Sequence[int], allowed: frozenset[int]) -> int:
    """The allowed token with the highest score after the text, which is read anew as a whole."""
    states = model.backbone(input_ids=torch.tensor([list(text)])).last_hidden_state
    scores = model.head(states[0, -1])
    forbidden = torch.ones(len(scores), dtype=torch.bool)
    forbidden[list(allowed)] = False
    return int(scores.masked_fill(forbidden, -torch.inf).argmax())


@torch.inference_mode()
def test_every_token_of_a_plan_is_the_best_that_its_grammar_allows(tiny: AudioStory) -> None:
    brief = Brief("rain, then wind", 10.0, most=2)
    *_, draft = decode_plan(tiny, brief)
    held = ConstrainedPlan(tiny, brief)
    text = list(held.prompt)
    while not held.grammar.finished:
        grammar = held.grammar
        chosen = list(grammar.forced) or [best_allowed(tiny, text, grammar.allowed)]
        back = grammar.advance(chosen)
        text += chosen
        del text[len(text) - back :]
        held.settle()
    assert tuple(text[len(held.prompt) :]) == draft.tokens


def test_a_decoder_keeps_nothing_of_earlier_grammars(tiny: AudioStory) -> None:
    decoder, kept = Decoder(tiny), []
    for _ in range(3):
        held = ConstrainedPlan(tiny, Brief("rain", 5.0, most=1))
        for _ in decoder.write(held.prompt, held.grammar):
            held.settle()
        kept.append(len(decoder._masks))
    assert kept[0] == kept[1] == kept[2] > 0


def test_as_many_events_as_the_list_has_items(tiny: AudioStory) -> None:
    *_, draft = decode_plan(tiny, Brief("rain, then wind, then a dog, then a door", 12.0, most=3))
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


def test_lines_of_a_list_are_sentences_and_wrapped_lines_go_on() -> None:
    assert (
        end_list_lines("rain\nthunder,\n a dog barks.\r\nwind\n")
        == "rain. thunder, a dog barks. wind"
    )
    wrapped = "A storm gathers over the harbour while the gulls cry\nand a horn sounds."
    assert end_list_lines(wrapped) == wrapped.replace("\n", " ")
    assert end_list_lines(" \n") == ""


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
