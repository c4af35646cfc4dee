"""What a valid story is: how much it may hold, and the ranges of its numbers and texts.

Types are checked by `core.schema` where data come in; ranges by the dataclasses themselves
(`core.story.story`, `core.story.take`) with the functions below, so that no story, event or take
that breaks one exists, wherever it comes from.
"""

from __future__ import annotations

from core.errors import StoryError
from core.schema import LARGEST_WHOLE, is_writable

MAX_TOTAL = 3600.0
MIN_DURATION = 0.1
MAX_EVENTS = 500
MAX_LAYER = 15
MAX_INSTRUCTION = 4000
MAX_CAPTION = 400
MAX_REASONING = 20_000
MAX_NAME = 200
"""Characters of a name: a take's key, its file, a profile, a marker."""
MAX_MARKERS = 500
MAX_NOTES = 1000
"""Corrections of a plan, and notes on it, each."""
MAX_TAKES = 4000
"""Takes of all events together. Each is a file that opening a bundle decodes, in 0.3 ms or more."""
MAX_TAKE_SECONDS = 3700
"""Of a take's sound: an event's most, and its cross-fade."""
RATE_RANGE = (4_000, 384_000)
"""Hz of a sound, foreign or our own. Whatever a file's header says of it has to lie in bounds
before anything is reckoned with it, and is believed only once it was decoded."""
MAX_SEED = LARGEST_WHOLE
GAIN_RANGE = (-60.0, 24.0)
"""Decibels."""
MAX_POINTS = 100
"""Of one shape of level."""
MAX_ENVELOPE_POINTS = 2000
"""Of one envelope: four for each of as many spots as a story may hold, where it makes way for
them."""
MAX_ALL_POINTS = 50_000
"""Of all envelopes of a story: a third of the values that a file may hold (`core.schema`)."""
MIN_POINT_GAP = 0.005
"""Seconds between two points of a shape: as short as a fade that cannot click."""
MAX_REPETITIONS = 100
"""Of one event."""
EVERY_RANGE = (0.05, MAX_TOTAL)
"""Seconds between repetitions; closer ones are one sound."""
_FAR = 1e9
"""Seconds beyond which a number is no time."""
_SHOWN = 1e300
"""Size from which a number is not written in a sentence."""
TOLERANCE = 1e-3
"""Seconds by which two times may differ and be the same."""


def check_text(name: str, text: str, limit: int) -> None:
    """Refuse a text that is too long or cannot be written as UTF-8.

    Raises:
        StoryError: in a sentence that names the text.
    """
    if len(text) > limit:
        raise StoryError(f"The {name} has {len(text)} characters; shorten it to {limit}.")
    if not is_writable(text):
        raise StoryError(f"The {name} holds a broken character; type it again.")


def check_number(name: str, value: float, low: float, high: float, unit: str) -> None:
    """Refuse a number outside `low` to `high`, NaN and infinity; raises StoryError."""
    if not low <= value <= high:
        shown = "beyond all measure" if abs(value) > _SHOWN else f"{value:g}"
        raise StoryError(f"The {name} is {shown}; choose between {low:g} and {high:g} {unit}.")


def check_seed(seed: int) -> None:
    """Refuse a seed that generators do not take; raises StoryError."""
    if not 0 <= seed <= MAX_SEED:
        raise StoryError(f"A seed is a whole number from 0 to {MAX_SEED}; choose another.")


def to_milliseconds(seconds: float) -> float:
    """A time to the millisecond; what no story could last is refused, before it is reckoned with.

    Edits cut and clamp what lies outside the story, so that the border is a wide one.

    Raises:
        StoryError: it is beyond all measure.
    """
    check_number("time", seconds, -_FAR, _FAR, "seconds")
    return float(round(seconds, 3))
