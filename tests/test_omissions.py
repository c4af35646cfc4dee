"""What a plan leaves out of its instruction is said, with the reason."""

from __future__ import annotations

import pytest

from core.audiostory import AudioStory
from core.director.omissions import left_out, notes_on
from core.director.plan import plan
from core.director.times import TimedInstruction


@pytest.mark.parametrize(
    ("instruction", "phrases", "missing"),
    [
        ("rain, a chain rattles, a dog barks", ["rain", "a dog barking"], ["a chain rattles"]),
        ("rain, a dog barks", ["rain", "a dog barking"], []),
        ("Grandma's kitchen: the radio is on, a clock ticks", ["the radio", "a clock"], []),
        ("a kitchen - the radio is on, a clock ticks", ["the radio", "a clock"], []),
        ("rain: it falls, thunder", ["thunder"], ["it falls"]),
        ("a quiet evening in the valley", ["an owl", "crickets"], []),
        ("A market, ninety seconds, ten events: a bell, a dog", ["a bell", "a dog"], []),
        ("rain, a dog, in an eerie mood", ["rain", "a dog"], []),
        ("thunder over the lake, ducks", ["ducks in the thunder"], []),
    ],
)
def test_a_clause_without_an_event_is_found(
    instruction: str, phrases: list[str], missing: list[str]
) -> None:
    assert left_out(TimedInstruction(instruction, 90.0), phrases, None) == missing


def test_the_note_names_what_is_left_out_and_why() -> None:
    names = [f"sound {letter * 3}" for letter in "abcdefgh"]
    timed = TimedInstruction(", ".join(["rain", *names]), 10.0)
    (note,) = notes_on(timed, ["rain"], 24, None)
    assert "\u201csound aaa\u201d, \u201csound bbb\u201d" in note
    assert "and 2 more" in note
    full = TimedInstruction("10 seconds of rain, 5 seconds of wind, a dog", 15.0)
    assert "all the time is given" in notes_on(full, ["rain", "wind"], 24, None)[0]
    crowded = TimedInstruction("rain, wind, a dog", 0.5)
    assert "0.5 s have room for 2 events" in notes_on(crowded, ["rain", "wind"], 2, None)[0]
    counted = TimedInstruction("three events: rain, wind", 15.0)
    assert "asks for 3 events, the plan has 2" in notes_on(counted, ["rain", "wind"], 24, None)[0]


def test_a_story_says_what_its_plan_left_out(tiny: AudioStory) -> None:
    """The tiny profile has room for four events."""
    instruction = "6 seconds of rain, a dog, a bell, a horn, thunder, 14 seconds of wind"
    story = list(plan(tiny, instruction, 20.0, seed=1))[-1].story
    assert story is not None
    assert any("No event was planned for" in note for note in story.notes)
    assert story.corrections == () or "The director" in story.corrections[0]
