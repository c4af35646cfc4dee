"""Waits that an instruction gives a time: they become events of silence, and are not performed.

"Wait 5 seconds", "a two-second pause", "silence for 3 s" and "0:05 silence" name no sound. Nothing
else would keep their time: a performer makes a sound of any words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.director.clauses import align, stems
from core.director.times import TimedInstruction
from core.story.story import SILENCE, Story

_ABSENT = stems("wait pause silence silent quiet hush stillness nothing")
"""Words for no sound."""
_BESIDE = stems("hold keep leave stay add insert complete total absolute dead utter short brief")
"""Words that may stand beside them: what is done with a silence, and how much of one it is."""


def silent_phrases(timed: TimedInstruction, phrases: Sequence[str]) -> frozenset[int]:
    """Which phrases of a list stand for a clause that says nothing but a silence and its time."""
    silent = {
        place
        for place in timed.places
        if place is not None and _is_silence(timed.clauses[place].stems)
    }
    places = align(phrases, timed.clauses)
    return frozenset(i for i, place in enumerate(places) if place in silent)


def with_silences(story: Story, timed: TimedInstruction, phrases: Sequence[str]) -> Story:
    """The story with its waits as events of silence.

    Args:
        phrases: of the list behind the plan, one for each event.
    """
    silent = silent_phrases(timed, phrases)
    events = tuple(
        replace(event, caption=SILENCE) if i in silent else event
        for i, event in enumerate(story.events)
    )
    return replace(story, events=events)


def _is_silence(words: frozenset[str]) -> bool:
    return bool(words & _ABSENT) and words <= _ABSENT | _BESIDE
