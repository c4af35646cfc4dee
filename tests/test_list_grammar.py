"""The list inside the reasoning: whatever is chosen under its grammar reads back as its items."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.audiostory import AudioStory
from core.language.reasoning import (
    COUNTS,
    Item,
    ListConstraints,
    ListGrammar,
    ListIds,
    read_items,
    write_items,
)
from core.language.stream import SUMMARY_TOKENS, PlanGrammar, StreamIds

WORDS = tuple(
    f" {word}" for word in ("rain", "dog", "thunder", "barks", "far", "calm", "tense", "plain")
)
STRUCTURE = (" (", " s", ",", ").", " ", "<think>", "</think>", "<gen>", "</gen>", "<time>")
ENDS = ("</time>", "<span>", "<end>")
NUMBERS = tuple(f"{number}." for number in range(1, len(COUNTS) + 1))
TEXTS = (
    *WORDS, *STRUCTURE, *ENDS, *NUMBERS, *"0123456789", *(f" {word}" for word in COUNTS),
    " event", " events", ".",
)  # fmt: skip
VOCABULARY = tuple(dict.fromkeys(TEXTS))
"""A vocabulary in which every piece of the list is one token."""
IDS = {text: i for i, text in enumerate(VOCABULARY)}
PIECES = re.compile("|".join(re.escape(t) for t in sorted(VOCABULARY, key=len, reverse=True)))


def encode(text: str) -> tuple[int, ...]:
    return tuple(IDS[piece] for piece in PIECES.findall(text))


def decode(tokens: Sequence[int]) -> str:
    return "".join(VOCABULARY[token] for token in tokens)


def of(*texts: str) -> frozenset[int]:
    return frozenset(IDS[text] for text in texts)


LIST_IDS = ListIds(
    numbers=tuple(encode(number) for number in NUMBERS),
    counts=tuple(encode(f" {word} event{'s' if n else ''}") for n, word in enumerate(COUNTS)),
    blank=IDS[" "],
    begin=of(*WORDS),
    text=of(*WORDS),
    letters=of(*WORDS),
    prose=of(*WORDS, "."),
    digits=of(*"0123456789"),
    opening=IDS[" ("],
    unit=IDS[" s"],
    comma=IDS[","],
    closing=IDS[")."],
)


def grammar(constraints: ListConstraints | None = None) -> ListGrammar:
    return ListGrammar(LIST_IDS, constraints or ListConstraints(), encode, decode)


def write(rules: ListGrammar, rng: random.Random) -> str:
    """Choose at random under the grammar until the list is done; the text that holds."""
    written: list[int] = []
    while not rules.finished:
        tokens = rules.forced or (rng.choice(sorted(rules.allowed)),)
        back = rules.advance(tokens)
        written += tokens
        del written[len(written) - back :]
    return decode(written)


def choose(rules: ListGrammar | PlanGrammar, text: str) -> int:
    """Advance through text token by token, forced blocks as blocks; the last one's taking back."""
    tokens, back = list(encode(text)), 0
    while tokens:
        block = rules.forced or (tokens[0],)
        assert tuple(tokens[: len(block)]) == block
        back = rules.advance(block)
        assert back >= 0
        del tokens[: len(block)]
    return back


ITEMS = st.builds(
    Item,
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(lambda words: "".join(words)[1:]),
    st.integers(1, 90).map(float),
    st.sampled_from(["calm", "tense"]),
)


@given(
    st.integers(0, 2**32),
    st.dictionaries(st.integers(0, 3), ITEMS, max_size=2),
    st.integers(1, 4),
    st.integers(4, 8),
    st.sampled_from(["", "calm"]),
)
def test_any_choice_under_the_grammar_reads_back_as_its_items(
    seed: int, settled: dict[int, Item], least: int, most: int, mood: str
) -> None:
    constraints = ListConstraints(settled=settled, least=least, most=most, mood=mood)
    rules = grammar(constraints)
    text = write(rules, random.Random(seed))
    read = read_items(text)
    assert tuple(rules.items) == read
    assert least <= len(read) <= most
    assert text.endswith(f" {COUNTS[len(read) - 1]} event{'s' if len(read) > 1 else ''}")
    for place, item in settled.items():
        assert read[place] == item
    if mood:
        assert {i.mood for place, i in enumerate(read) if place not in settled} <= {mood}


@given(st.lists(ITEMS, min_size=1, max_size=6))
def test_a_list_as_it_is_written_is_allowed_and_its_items_are_noted(items: list[Item]) -> None:
    rules = grammar()
    choose(rules, write_items(items)[:-1])
    assert rules.finished
    assert rules.items == items


def test_without_a_mood_that_is_fixed_the_mood_is_a_choice() -> None:
    rules = grammar()
    choose(rules, "1. rain (6 s,")
    assert not rules.forced
    assert rules.allowed == LIST_IDS.begin


def test_an_unbounded_list_ends_with_the_last_number_that_there_is() -> None:
    rules = grammar()
    choose(rules, " ".join(f"{n}. rain (6 s, calm)." for n in range(1, len(COUNTS) + 1)))
    assert rules.forced == LIST_IDS.counts[-1]


def test_a_refused_phrase_is_taken_back_and_cannot_begin_so_again() -> None:
    rules = grammar(ListConstraints(refuses=lambda phrases: phrases[-1] == "dog barks"))
    assert choose(rules, "1. dog barks (") == 3
    assert rules.items == []
    assert rules.allowed == LIST_IDS.begin - of(" dog")
    choose(rules, " rain (6 s, calm).")
    assert rules.items == [Item("rain", 6.0, "calm")]


def test_after_three_refusals_the_list_ends_before_the_item_that_found_no_phrase() -> None:
    rules = grammar(ListConstraints(refuses=lambda phrases: len(phrases) > 1))
    choose(rules, "1. rain (6 s, calm).")
    for word in (" dog", " thunder", " far"):
        choose(rules, " 2." if word == " dog" else "")
        assert choose(rules, f"{word} (") == 2
    assert choose(rules, " barks (") == len(encode(" 2. barks ("))
    assert rules.forced == LIST_IDS.counts[0]


def test_where_the_list_may_not_end_the_fourth_phrase_is_taken_as_it_is() -> None:
    rules = grammar(ListConstraints(refuses=lambda phrases: True))
    choose(rules, "1.")
    for word in (" dog", " thunder", " far"):
        assert choose(rules, f"{word} (") == 2
    assert choose(rules, " barks (") == 0
    assert [item.phrase for item in rules.items] == ["barks"]


def test_what_is_owed_takes_the_place_of_a_phrase_that_nothing_lets_end() -> None:
    """A phrase that is not refused stands, whatever else is owed at the list's end."""

    def owed(phrases: Sequence[str], ended: bool) -> str:
        return "thunder" if ended and "thunder" not in phrases else ""

    refused = ListConstraints(refuses=lambda phrases: phrases[-1] != "rain", owed=owed)
    rules = grammar(refused)
    choose(rules, "1.")
    for word in (" dog", " calm", " far"):
        assert choose(rules, f"{word} (") == 2
    assert choose(rules, " barks (") == 2
    assert rules.forced == encode(" thunder (")

    rules = grammar(refused)
    choose(rules, "1.")
    for word in (" dog", " calm", " far"):
        assert choose(rules, f"{word} (") == 2
    assert choose(rules, " rain (") == 0
    assert [item.phrase for item in rules.items] == ["rain"]


def test_the_pieces_of_the_list_are_read_from_the_directors_own_tokenizer(
    tiny: AudioStory,
) -> None:
    ids = tiny.list_ids
    assert len(ids.numbers) == len(ids.counts) == len(COUNTS)
    items = [Item(f"sound {WORDS[n % 5]}", float(n), "calm") for n in range(1, len(COUNTS) + 1)]
    rules = ListGrammar(ids, ListConstraints(), tiny.encode, tiny.tokenizer.decode)
    tokens = tiny.encode(write_items(items)[:-1])
    while tokens:
        block = rules.forced or (tokens[0],)
        assert tuple(tokens[: len(block)]) == block
        assert rules.advance(block) == 0
        del tokens[: len(block)]
    assert rules.finished
    assert [item.seconds for item in rules.items] == [item.seconds for item in items]


def plan_grammar(limit: int = 60) -> PlanGrammar:
    """A plan whose reasoning is a list, over the same vocabulary."""
    words = of(*WORDS)
    ids = StreamIds(
        think=IDS["<think>"], think_end=IDS["</think>"], gen=IDS["<gen>"], gen_end=IDS["</gen>"],
        time=IDS["<time>"], time_end=IDS["</time>"], semantic=(), residual=(),
        span=(IDS["<span>"],), turn_end=IDS["<end>"], time_text=LIST_IDS.digits, texts={},
        free=words, word=words,
    )  # fmt: skip
    return PlanGrammar(ids, limit, 5, 4, grammar())


LIST = "<think>1. rain (6 s, calm). 2. dog barks (2 s, tense). Two events"


def settled(fits: bool, phrase: str = " dog barks") -> PlanGrammar:
    """A plan of two events whose lengths are known, at the caption of the second."""
    rules = plan_grammar()
    choose(rules, f"{LIST}</think>")
    rules.settle(
        [encode("6"), encode("2")],
        {0: encode(" rain")},
        [encode(" rain"), encode(phrase)],
        lambda event, caption: fits,
    )
    assert rules.forced == encode("<gen>")
    choose(rules, "<gen>")
    assert rules.forced == encode(" rain<time>")
    choose(rules, " rain<time>6</time><span></gen><gen>")
    return rules


def test_a_caption_that_does_not_fit_is_taken_back_whole_and_its_phrase_is_forced() -> None:
    rules = settled(fits=False)
    assert choose(rules, " tense dog<time>") == len(encode(" tense dog<time>"))
    assert rules.forced == encode(" dog barks<time>")
    choose(rules, " dog barks<time>2</time><span></gen>")
    assert rules.forced == encode("<end>")


def test_a_caption_that_fits_stands_and_the_length_of_its_item_follows() -> None:
    rules = settled(fits=True)
    assert choose(rules, " tense dog<time>") == 0
    assert rules.forced == encode("2</time>")


def test_the_rest_of_a_caption_is_guessed_from_the_word_just_written() -> None:
    rules = settled(fits=True)
    assert rules.likely([]) == list(encode(" dog barks<time>"))
    choose(rules, " far")
    assert rules.likely(encode(" far")) == list(encode(" barks<time>"))
    choose(rules, " dog")
    assert rules.likely(encode(" far dog")) == list(encode(" barks<time>"))
    choose(rules, " barks")
    assert rules.likely(encode(" far dog barks")) == list(encode("<time>"))


def test_a_word_that_comes_twice_is_taken_for_the_nearer_one() -> None:
    rules = settled(fits=True, phrase=" dog far dog barks")
    choose(rules, " dog")
    assert rules.likely(encode(" dog")) == list(encode(" far dog barks<time>"))
    choose(rules, " tense dog")
    assert rules.likely(encode(" dog tense dog")) == list(encode(" barks<time>"))


@pytest.mark.parametrize("limit", [60, 40])
def test_after_the_list_a_summary_of_some_tokens_is_left_at_most(limit: int) -> None:
    rules = plan_grammar(limit)
    choose(rules, LIST)
    assert not rules.forced
    for _ in range(SUMMARY_TOKENS):
        assert not rules.forced
        rules.advance([IDS[" calm"]])
    assert rules.forced == encode("</think>")


def test_a_list_that_reaches_the_limit_ends_with_the_item_being_written() -> None:
    rules = plan_grammar(12)
    choose(rules, "<think>1. rain (6 s, calm). 2. dog (2 s, calm).")
    assert rules.forced == LIST_IDS.counts[1]
