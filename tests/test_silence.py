"""Waits that an instruction gives a time become events of silence; nothing else does."""

from __future__ import annotations

import pytest

from core.director.silence import silent_phrases, with_silences
from core.director.times import TimedInstruction
from core.story.story import Event, Story


@pytest.mark.parametrize(
    ("instruction", "phrases", "silent"),
    [
        ("Rain for 5 seconds. Wait 5 seconds. A door slams.", "rain|wait|a door slams", {1}),
        ("a dog barks, pause for two seconds, a cat meows", "a dog barks|pause|a cat meows", {1}),
        ("footsteps, silence for 3 s, a gunshot", "footsteps|silence|a gunshot", {1}),
        ("thunder, then 3 seconds of silence, then rain", "thunder|silence|rain", {1}),
        ("a two second pause, then a scream", "a pause|a scream", {0}),
        ("Hold the hush for 3 secs, then a bell", "hold the hush|a bell", {0}),
        ("0:00 rain 0:05 dead quiet 0:10 a door", "rain|dead quiet|a door", {1}),
        ("knock, wait 2 s, knock, wait 3 s, knock", "knock|wait|knock|wait|knock", {1, 3}),
        ("chainsaw, silence, woodpecker", "chainsaw|silence|woodpecker", set()),
        ("a waiter drops a tray for 3 seconds, rain", "a waiter drops a tray|rain", set()),
        ("quiet rain for 5 seconds, a bell", "quiet rain|a bell", set()),
        ("she waits 3 seconds at the door, then knocks", "she waits at the door|knocks", set()),
        ("rain, 5 seconds later a dog barks", "rain|a dog barks", set()),
    ],
)
def test_only_a_clause_that_says_nothing_but_a_wait_and_its_time_is_a_silence(
    instruction: str, phrases: str, silent: set[int]
) -> None:
    timed = TimedInstruction(instruction, 20.0)
    assert silent_phrases(timed, phrases.split("|")) == silent


def test_its_event_keeps_its_time_and_is_a_silence() -> None:
    instruction, phrases = "rain, wait 5 seconds, a door slams", ["rain", "wait", "a door slams"]
    lengths = (6.0, 5.0, 4.0)
    starts = (0.0, 6.0, 11.0)
    events = tuple(
        Event(f"e{n}", *each) for n, each in enumerate(zip(phrases, starts, lengths, strict=True))
    )
    story = Story(instruction, 15.0, 1, "tiny", "", events)
    made = with_silences(story, TimedInstruction(instruction, 15.0), phrases)
    assert [event.silent for event in made.events] == [False, True, False]
    assert [(e.start, e.duration) for e in made.events] == list(zip(starts, lengths, strict=True))
