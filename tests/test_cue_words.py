"""Shapes, repetitions and roles as they are typed, and the cue sheet as lines."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import StoryError
from core.story.cue_words import (
    cue_lines,
    read_repetitions,
    read_role,
    read_shape,
    repetition_words,
    shape_words,
)
from core.story.shape import LEVEL_SHAPES
from core.story.story import Event, Story

EVENT = Event("e1", "a bell", 0.0, 10.0)
THOUSANDTHS = st.integers(0, 10_000).map(lambda n: n / 1000)
POINTS = st.lists(
    st.tuples(THOUSANDTHS, st.integers(-6000, 2400).map(lambda n: n / 100)),
    min_size=1,
    max_size=8,
    unique_by=lambda point: point[0],
).map(tuple)


@given(st.sampled_from(LEVEL_SHAPES[:-1]), POINTS, st.booleans())
def test_what_is_written_of_a_shape_is_read_back(shape, points, given_points) -> None:
    if given_points:
        shape = shape if shape in ("approach", "recede") else "points"
    else:
        points = ()
    assert read_shape(shape_words(shape, points)) == (shape, points)


@given(st.integers(1, 100), THOUSANDTHS, st.lists(THOUSANDTHS, min_size=1, unique=True))
def test_what_is_written_of_repetitions_is_read_back(count, every, at) -> None:
    at = tuple(sorted(at))
    for values in ({"count": count}, {"every": round(every + 0.05, 3)}, {"at": at}, {}):
        event = dataclasses.replace(EVENT, **values)
        read = read_repetitions(repetition_words(event))
        assert read == (values or {"count": None})


def test_people_may_write_them_otherwise() -> None:
    assert read_shape(" Fade_In ") == ("fade in", ())
    assert read_shape("") == ("steady", ())
    assert read_shape("0s: -20 dB, 3 : 0") == ("points", ((0.0, -20.0), (3.0, 0.0)))
    assert read_shape("0,5:-20; 3:-1,5") == ("points", ((0.5, -20.0), (3.0, -1.5)))
    assert read_shape("Approach 0:-18,4:-9") == ("approach", ((0.0, -18.0), (4.0, -9.0)))
    assert [read_repetitions(t)["count"] for t in ("3", "x3", "3 x", "3 times", "")] == [
        3, 3, 3, 3, None,
    ]  # fmt: skip
    assert [read_repetitions(t)["every"] for t in ("every 5", "Every 2,5 seconds")] == [5, 2.5]
    assert read_repetitions("at 4 s, 1") == {"at": (1.0, 4.0)}
    assert [read_role(t) for t in ("Bed ", "spot", " ")] == ["bed", "spot", None]


@pytest.mark.parametrize(
    ("read", "text", "why"),
    [
        (read_shape, "wobbly", "no shape; write steady, fade in"),
        (read_shape, "0:-20, loud", "no point"),
        (read_shape, "swell 0:-20", "no point"),
        (read_shape, "0:1e9", "no point"),
        (read_repetitions, "often", "no way to repeat"),
        (read_repetitions, "at noon", "no way to repeat"),
        (read_repetitions, "every now and then", "no way to repeat"),
        (read_role, "solo", "no role; write bed"),
    ],
)
def test_anything_else_is_refused_with_what_may_be_written(read, text, why) -> None:
    with pytest.raises(StoryError, match=why) as error:
        read(text)
    assert '"' in str(error.value) or "write" in str(error.value)


def test_a_story_is_listed_as_a_cue_sheet() -> None:
    events = (
        Event("e1", "a bell", 4.0, 2.0, layer=1, count=3, mood="tense"),
        Event("e2", "a bell", 12.5, 2.0, layer=1, source="e1", shape="recede"),
        Event("bed", "rain", 0.0, 20.0, layer=2, shape="fade out"),
    )
    assert cue_lines(Story("t", 20.0, 1, "tiny", "", events)) == [
        "      0 to      20 s  bed   rain (fade out)",
        "      4 to       6 s  spot  a bell (3x; tense)",
        "   12.5 to    14.5 s  spot  a bell (recede; the same as at 4 s)",
    ]
