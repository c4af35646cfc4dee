"""A score goes through the director's stream unchanged, in few tokens."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.audiostory import AudioStory
from core.errors import PlanError
from core.language.score import (
    CueSheet,
    LevelShape,
    ScoreEvent,
    lines_so_far,
    parse_score,
    prose_so_far,
    score_line,
    score_text,
    sheet_faults,
)
from core.language.stream import GEN
from core.narratives.scores import Score, read_scores

RAIN = ScoreEvent("rain on a tin roof", 0.0, 30.0, "bed", "quiet", "steady", "calm")
KNOCK = ScoreEvent("a fist knocking on wood", 5.0, 3.5, "spot", "loud", "steady", "tense", count=3)
MOST_TOKENS = 21.0
"""Of an event with its caption and marks, on average over the written pairs."""


@pytest.fixture(scope="module")
def scores() -> list[Score]:
    return read_scores()


def test_every_written_score_returns_from_the_stream_as_it_was(scores: list[Score]) -> None:
    assert len(scores) >= 1000
    for score in scores:
        sheet = CueSheet(score.reasoning, score.events)
        assert parse_score(score_text(sheet, score.seconds), score.seconds) == sheet


words = st.text(st.sampled_from("abc é'-雨"), min_size=1, max_size=12).map(
    lambda text: " ".join(f"a{text}".split())
)
halves = st.integers(0, 80).map(lambda n: n / 2)
decibels = st.integers(-60, 12).map(float)


@st.composite
def sheets(draw: st.DrawFn) -> tuple[CueSheet, float]:
    """Any score of any length."""
    total = draw(st.sampled_from([0.5, 7.3, 20.0, 149.9, 150.0]))
    last = int(2 * (total - 0.5))
    starts = sorted(draw(st.lists(st.integers(0, last), min_size=1, max_size=6)))
    events = []
    for number, start in enumerate(half / 2 for half in starts):
        length = draw(st.none() | st.integers(1, int(2 * (total - start))).map(lambda n: n / 2))
        seconds = round(total - start, 3) if length is None else length
        shape: LevelShape = draw(st.sampled_from(get_args(LevelShape)))
        inside = sorted({t for t in draw(st.lists(halves, max_size=4)) if 0 < t < seconds})
        points = tuple((t, draw(decibels)) for t in (0.0, *inside, seconds))
        way = draw(st.sampled_from(["", "count", "every", "at"]))
        moments = {t for t in draw(st.lists(halves, min_size=1, max_size=4)) if t <= seconds}
        events.append(
            ScoreEvent(
                draw(words),
                start,
                seconds,
                draw(st.sampled_from(["bed", "spot"])),
                draw(st.sampled_from(["quiet", "normal", "loud"])),
                shape,
                draw(st.just("") | words),
                points if shape == "points" else (),
                draw(st.integers(1, 24)) if way == "count" else None,
                draw(halves) + 0.5 if way == "every" else None,
                tuple(sorted(moments)) if way == "at" else (),
                draw(st.integers(0, number - 1)) if number and draw(st.booleans()) else None,
            )
        )
    return CueSheet(draw(words), tuple(events)), total


@given(sheets())
def test_any_score_returns_from_the_stream_as_it_was(drawn: tuple[CueSheet, float]) -> None:
    sheet, total = drawn
    assert not list(sheet_faults(sheet.events, total))
    assert parse_score(score_text(sheet, total), total) == sheet


def test_a_line_says_what_is_unusual_alone() -> None:
    assert score_line(RAIN, 30.0).endswith("<timestamp>0+end bed quiet, calm</timestamp><|/gen|>")
    assert "<timestamp>5+3.5 loud x3, tense</timestamp>" in score_line(KNOCK, 30.0)
    curve = replace(
        KNOCK, shape="points", points=((0.0, -30.0), (2.0, 0.0), (3.5, 3.0)), count=None, source=0
    )
    assert "<timestamp>5+3.5 loud levels -30 0@2 3 as 1, tense</timestamp>" in score_line(curve, 30)


def test_the_written_scores_take_few_tokens(tiny: AudioStory, scores: list[Score]) -> None:
    """The tokenizer of the pocket model; `pytest -s` prints the figure."""
    some = scores[::10]
    lines = [score_line(event, score.seconds) for score in some for event in score.events]
    captions = [event.caption for score in some for event in score.events]
    tokens = sum(map(len, tiny.tokenizer(lines, add_special_tokens=False)["input_ids"]))
    heard = sum(map(len, tiny.tokenizer(captions, add_special_tokens=False)["input_ids"]))
    print(f"{tokens / len(lines):.1f} tokens an event, {heard / len(lines):.1f} of its caption")
    assert tokens / len(lines) < MOST_TOKENS


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ("5+3 loud quiet, calm", "cannot be read"),
        ("5+3 x2 every 1, calm", "cannot be read"),
        ("5 3, calm", "cannot be read"),
        ("5+3 levels -30, calm", "cannot be read"),
        ("28+3, calm", "outside the whole"),
        ("5+3 at 0 4, calm", "outside it"),
        ("5+3 as 2, calm", "no earlier event"),
        ("5+3 levels 0 -3@4 0, calm", "from its beginning"),
    ],
)
def test_what_is_no_score_is_refused(fields: str, reason: str) -> None:
    line = score_line(RAIN, 30.0).replace("0+end bed quiet, calm", fields)
    with pytest.raises(PlanError, match=reason):
        parse_score(f"<|think|>Rain.\n2<|/think|>{score_line(RAIN, 30.0)}{line}<|im_end|>", 30.0)


def test_starts_that_fall_are_no_score() -> None:
    text = score_text(CueSheet("Rain.", (KNOCK, RAIN)), 30.0)
    with pytest.raises(PlanError, match="order of start"):
        parse_score(text, 30.0)


def test_what_is_written_so_far_is_read_already() -> None:
    text = score_text(CueSheet("Rain on tin. Then a knock.", (RAIN, KNOCK)), 30.0)
    assert prose_so_far(text[:20]) == "Rain on tin"
    assert prose_so_far(text) == "Rain on tin. Then a knock."
    assert lines_so_far(text[: text.rindex(GEN) + 20], 30.0) == (RAIN,)
    assert lines_so_far(text, 30.0) == (RAIN, KNOCK)
