"""Hostile and careless input of every kind: a sentence or a valid result, and nothing between.

The same code goes on for twenty thousand tries: `python -m tests.soak.fuzzing --tries 20000`.
"""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import typing
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from core.errors import StoryError, StudioError
from core.schema import MOST_VALUES, parse_json, read_value
from core.story import timeline
from core.story.story import Event, Story
from core.story.take import Take
from studio.editing.cells import number, seed, whole, words
from studio.jobs.model_service import ModelService
from studio.server import _build
from studio.sessions.registry import Sessions
from studio.sound.peaks import PeakCache
from studio.state import Studio
from tests.soak import fuzzing
from tests.soak.hostile_input import a_story

SLICE = {kind: max(2, share // 3) for kind, share in fuzzing.SHARES.items()}
SLICE["call"] = fuzzing.SHARES["call"]  # cheap, and of four drawn calls all may be taken


@pytest.mark.parametrize("kind", SLICE)
def test_hostile_input_is_refused_in_a_sentence_or_taken_whole(kind: str, tmp_path: Path) -> None:
    figures = fuzzing.trial(1, tmp_path, {kind: SLICE[kind]})[kind]
    assert figures.tries == SLICE[kind]
    assert figures.refused


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> gr.Blocks:
    """The page with all its handlers and tools, not served."""
    folder = tmp_path_factory.mktemp("page")
    sessions = Sessions(folder / "stories", folder / "served", private=False)
    return _build(Studio(ModelService("tiny"), sessions, PeakCache()), mcp=True)


def said(blocks: gr.Blocks, endpoint: str, *given: Any) -> str:
    """What a program is told that calls an endpoint so."""
    listener = next(one for one in blocks.fns.values() if one.api_name == endpoint)
    request = gr.Request(session_hash="tab")
    with pytest.raises(gr.Error) as shown:
        asyncio.run(blocks.process_api(listener, list(given), request=request))
    return str(shown.value.message)


@pytest.mark.parametrize(
    ("endpoint", "given", "sentence"),
    [
        ("rename", (5, {}), "“Title” should be text, not a number."),
        ("rename", ("a\ud800", {}), "broken character"),
        ("rename", ("a", [1]), "The memory should be a table of named values, not a list."),
        ("open", ("a" * 200_000, {}), "far too long"),
        ("vary", ("much",), "how much is new” should be a number, not text."),
        ("vary", (float("nan"),), "should be an ordinary number"),
        ("vary", (True,), "how much is new” should be a number, not true or false."),
        ("plan_wish", (7,), "“Change the plan” should be text, not a number."),
        ("act", (["gain"], {}), "The action should be text, not a list."),
        ("act", ("gain", "loud"), "The values should be a table of named values, not text."),
        ("act", ("gain",), "lacks an argument"),
        ("draft_story", ([], 3.0, 1), "The instruction should be text, not a list."),
        ("draft_story", ("rain", "3", 1), "The seconds should be a number, not text."),
        ("draft_story", ("rain", 3.0, 10**400), "more than 64 bits"),
        ("draft_story", ("rain", 3.0, -1), "choose another"),
        ("render_story", ({}, "draft"), "The title should be text, not a table."),
        ("export_story", ("x", None), "The format should be text, not nothing."),
    ],
)
def test_an_argument_of_another_type_is_named_in_a_sentence(
    blocks: gr.Blocks, endpoint: str, given: tuple[Any, ...], sentence: str
) -> None:
    assert sentence in said(blocks, endpoint, *given)


def test_every_endpoint_says_what_it_takes(blocks: gr.Blocks) -> None:
    """What an argument may be is read from its annotation: none is without one."""
    for listener in blocks.fns.values():
        if listener.fn is None:
            continue
        hints = typing.get_type_hints(listener.fn)
        names = inspect.signature(listener.fn).parameters.values()
        taken = [p.name for p in names if p.default is p.empty]
        assert set(taken) <= set(hints), (listener.api_name, taken)


@pytest.mark.parametrize(
    "change",
    [
        {"profile": "\ud800"},
        {"corrections": ("\ud800",)},
        {"notes": ("n",) * 2000},
        {"instruction": "\udfff"},
        {"seed": 2**63},
        {"total": 1e308},
        {"total": float("nan")},
    ],
)
def test_no_story_breaks_a_range(change: dict[str, Any]) -> None:

    with pytest.raises(StoryError, match=r"\.$"):
        dataclasses.replace(a_story(), **change)


def test_a_story_holds_so_many_takes_and_says_how_many() -> None:
    take = Take("k", None, "rain", 1.0, 0.0, 1, 4, 2.0, "tiny", "w")
    event = Event("e1", "rain", 0.0, 1.0, takes=(take,) * 4001)
    with pytest.raises(StoryError, match="at most 4000 takes, not 4001"):
        Story("rain", 1.0, 1, "tiny", "", (event,))


@pytest.mark.parametrize("seconds", [1e308, -1e308, float("nan"), float("inf"), 10**400])
def test_a_time_beyond_all_stories_is_refused_before_it_is_reckoned_with(seconds: float) -> None:
    for edit in (
        lambda: timeline.fit(a_story(), seconds),
        lambda: timeline.stretch(a_story(), "e1", seconds),
        lambda: timeline.trim(a_story(), "bed", seconds),
        lambda: timeline.snapped(a_story(), seconds, reach=0.1, grid=0.5),
        lambda: timeline.add(a_story(), "rain", seconds),
    ):
        with pytest.raises(StoryError, match=r"\.$"):
            edit()


def test_what_is_typed_is_a_number_a_seed_or_words() -> None:
    assert number("1,5", "gain") == 1.5
    assert whole("3", "layer") == 3
    assert seed("") is None
    assert seed(7.0) == 7
    assert words("  a dog ", "caption") == "a dog"
    for read, typed in (
        (number, "1e400"), (number, 10**400), (number, True), (number, [1]), (number, "9" * 5000),
        (whole, 1.5), (words, 5), (words, "\ud800"), (words, "x" * 401),
    ):  # fmt: skip
        with pytest.raises(StoryError, match=r"\.$"):
            read(typed, "gain")
    for typed in ("9" * 5000, 10**400, -1, True, [], "²", 1.5, 2**63):
        with pytest.raises(StoryError, match="A seed is a whole number"):
            seed(typed)


def test_json_is_read_within_bounds() -> None:
    assert parse_json('{"a": [1]}') == {"a": [1]}
    for text in ("[" * 100_000, "[" + "0," * MOST_VALUES + "0]", "9" * 5000, "{"):
        with pytest.raises(ValueError, match=r"."):
            parse_json(text)
    assert parse_json('"' + ",[{" * MOST_VALUES + '"')  # a text, however long, is one value


def test_a_quoted_half_character_does_not_keep_a_sentence_from_being_shown() -> None:
    assert str(StudioError("There is no \ud800.")) == "There is no ?."


def test_plain_data_are_checked_in_depth() -> None:
    assert read_value(Any, {"a": [1, None, "b"]}, "It", StoryError) == {"a": [1, None, "b"]}
    deep: Any = 1
    for _ in range(40):
        deep = [deep]
    for data in (deep, {"a": ["\ud800"]}, {"\ud800": 1}, [float("inf")], [2**64], [object()]):
        with pytest.raises(StoryError, match=r"^(It|A name in It) .*\.$"):
            read_value(Any, data, "It", StoryError)
