"""A score's grammar: all that was written by hand passes, and whatever passes is a score."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.audiostory import AudioStory
from core.errors import PlanError
from core.language.decoding import Decoder
from core.language.score import CueSheet, parse_score, score_text
from core.language.score_grammar import STRUCK_SECONDS, ScoreBounds, ScoreGrammar
from core.language.stream import prompt_text
from core.narratives.scores import read_scores

EVERY = 16
"""One of so many written scores is fed to the grammar here."""
TOTALS = (0.5, 1.0, 7.3, 20.0, 149.9)


def grammar(
    model: AudioStory,
    total: float,
    counts: Sequence[int] = range(1, 5),
    words: int = 12,
    bounds: ScoreBounds | None = None,
) -> ScoreGrammar:
    return ScoreGrammar(model.ids, model.score_ids, total, counts, 2 * words, words, bounds)


def fed(held: ScoreGrammar, tokens: Sequence[int]) -> int:
    """Feed tokens as the director would write them; returns how many of them were forced."""
    forced = place = 0
    while not held.finished:
        block = len(held.forced)
        forced += block
        held.advance(tokens[place : place + max(1, block)])
        place += max(1, block)
    assert place == len(tokens)
    return forced


def chosen(held: ScoreGrammar, numbers: Iterator[int]) -> list[int]:
    """A turn in which every choice is made by the numbers."""
    written: list[int] = []
    while not held.finished:
        tokens = list(held.forced)
        if not tokens:
            allowed = sorted(held.allowed)
            tokens = [allowed[next(numbers) % len(allowed)]]
        assert held.advance(tokens) == 0
        written += tokens
    return written


def test_every_written_score_is_what_the_director_may_write(tiny: AudioStory) -> None:
    """Token for token as the tokenizer writes it in training; one repeats between tenths."""
    tokens = forced = 0
    for score in read_scores()[::EVERY]:
        struck = [t for e in score.events for t in (*e.at, e.every or 0.0)]
        if any(round(t / STRUCK_SECONDS, 6) % 1 for t in struck):
            continue
        turn = tiny.encode(score_text(CueSheet(score.reasoning, score.events), score.seconds))
        forced += fed(grammar(tiny, score.seconds, range(1, 25), 400), turn)
        tokens += len(turn)
    assert forced > 0.1 * tokens, "marks between lines cost no choice"


@given(
    st.sampled_from(TOTALS),
    st.integers(1, 6),
    st.lists(st.integers(0, 10**6), min_size=1, max_size=60),
)
@example(0.5, 1, [0])
@example(149.9, 6, [1, 0, 3])
def test_any_allowed_tokens_are_a_score(
    tiny: AudioStory, total: float, most: int, choices: list[int]
) -> None:
    written = chosen(grammar(tiny, total, range(1, most + 1)), itertools.cycle(choices))
    sheet = parse_score(tiny.tokenizer.decode(written), total)
    assert 1 <= len(sheet.events) <= most
    assert parse_score(score_text(sheet, total), total) == sheet
    for event in sheet.events:
        assert event.caption.strip()
        assert event.repetitions <= 1


@pytest.mark.parametrize("seed", range(2))
def test_an_untrained_model_writes_a_score(tiny: AudioStory, seed: int) -> None:
    """Greedily for 0, drawn for others; forced tokens take no pass of the model."""
    held = grammar(tiny, 20.0, (3,))
    decoder = Decoder(tiny)
    *_, written = decoder.write(
        tiny.encode(prompt_text("rain, then knocks", 20.0)), held, variation=seed
    )
    sheet = parse_score(tiny.tokenizer.decode(written), 20.0)
    assert len(sheet.events) == 3
    assert decoder.passes < len(written)


def test_a_token_that_is_not_allowed_is_refused(tiny: AudioStory) -> None:
    held = grammar(tiny, 20.0)
    with pytest.raises(PlanError, match="left its grammar"):
        held.advance([tiny.ids.gen])
    held.advance(held.forced)
    with pytest.raises(PlanError, match="left its grammar"):
        held.advance([tiny.ids.gen])


def turn_until(held: ScoreGrammar, model: AudioStory, text: str) -> ScoreGrammar:
    """The grammar after a text, whose forced blocks are all in it."""
    tokens, place = model.encode(text), 0
    while place < len(tokens):
        block = max(1, len(held.forced))
        held.advance(tokens[place : place + block])
        place += block
    return held


def test_what_is_written_fixes_what_may_follow(tiny: AudioStory) -> None:
    """Starts do not fall, sources point back, one way of repeating, as many lines as counted."""

    def options(text: str) -> set[str]:
        held = turn_until(grammar(tiny, 20.0), tiny, "<|think|>Rain.\n2<|/think|><|gen|>" + text)
        return set(tiny.tokenizer.batch_decode([[i] for i in held.forced or held.allowed]))

    first = "rain<timestamp>15+3 bed, calm</timestamp><|/gen|><|gen|>"
    assert options("rain<timestamp>") == set("0123456789")
    assert options(first + "knock<timestamp>") == {"1"}
    assert options(first + "knock<timestamp>1") == set("56789")
    assert options(first + "knock<timestamp>19.5+") == {"end"}
    assert " as" not in options("rain<timestamp>15+3 bed")
    assert " as" in options(first + "knock<timestamp>16+2")
    assert options(first + "knock<timestamp>16+2 as") == {" ", "1"}
    assert options(first + "knock<timestamp>16+2 every 1") == {".", " as", ","}
    assert options(first + "knock<timestamp>16+2 at 0 1.5") == {" ", " as", ","}
    assert options(first + "knock<timestamp>16+2 loud levels -20 0") == {
        "@", " x", " every", " at", " as", ",",
    }  # fmt: skip
    assert options(first + "knock<timestamp>16+2, tense</timestamp>") == {"<|/gen|>", "<|im_end|>"}


def test_no_line_begins_before_the_moment_from_which_a_score_is_planned(tiny: AudioStory) -> None:
    digits = tiny.score_ids.digits
    held = grammar(tiny, 20.0, bounds=ScoreBounds(earliest=12.5))
    turn_until(held, tiny, "<|think|>Rain.\n2<|/think|><|gen|>rain<timestamp>")
    assert held.allowed == {digits["1"]}
    held.advance([digits["1"]])
    assert held.allowed == {digits[c] for c in "23456789"}


def test_a_caption_that_is_to_be_avoided_is_not_written_as_a_whole(tiny: AudioStory) -> None:
    *before, final = tiny.encode("a dog barking")
    bounds = ScoreBounds(avoid=((*before, final),))
    for held, kept_out in (
        (grammar(tiny, 20.0, bounds=bounds), True),
        (grammar(tiny, 20.0), False),
    ):
        turn_until(held, tiny, "<|think|>Rain.\n2<|/think|><|gen|>")
        for token in before:
            assert token in held.allowed
            held.advance([token])
        assert (final not in held.allowed) == kept_out
