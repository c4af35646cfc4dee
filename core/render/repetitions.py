"""Repetitions of a score, which no performer plays yet: that is said where they are planned.

How often a sound is struck, or when, is data of its event: table, picture and exports show it. A
performer renders the caption, and strikes as often as its take happens to.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.story.cue_words import repetition_words
from core.story.story import Event

_LISTED = 4
"""Events that are named at most; the number of the others is said."""
_SHOWN = 60
"""Characters of a caption in a sentence."""


def is_repeated(event: Event) -> bool:
    """Whether an event is struck more than once, or elsewhere than at its beginning."""
    return (event.count or 1) > 1 or event.every is not None or event.at not in ((), (0.0,))


def unplayed_repetitions(events: Sequence[Event]) -> list[str]:
    """A sentence on the events whose repetitions are not heard as planned; none: there are none."""
    repeated = [event for event in events if is_repeated(event)]
    if not repeated:
        return []
    named = [f"{event.caption[:_SHOWN]!r} ({repetition_words(event)})" for event in repeated]
    if len(named) > _LISTED:
        named = [*named[:_LISTED], f"{len(named) - _LISTED} more"]
    return [
        f"The performer does not count strokes: {', '.join(named)} may be heard more or less "
        "often than that. Try another take, duplicate the event for more strokes, or split it for "
        "fewer."
    ]
