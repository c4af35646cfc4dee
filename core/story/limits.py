"""What a story may hold at most, and the sentences that say which limit was passed."""

from __future__ import annotations

import math

from core.errors import StoryError

MAX_TOTAL = 3600.0
MIN_DURATION = 0.1
MAX_EVENTS = 500
MAX_LAYER = 15
MAX_INSTRUCTION = 4000
MAX_CAPTION = 400
MAX_REASONING = 20_000
MAX_SEED = 2**63 - 1
TOLERANCE = 1e-3
"""Seconds by which two times may differ and be the same."""


def check_text(name: str, text: str, limit: int) -> None:
    """Refuse a text that is too long or cannot be written as UTF-8.

    Raises:
        StoryError: in a sentence that names the text.
    """
    if len(text) > limit:
        raise StoryError(f"The {name} has {len(text)} characters; shorten it to {limit}.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise StoryError(f"The {name} holds a broken character; type it again.") from None


def check_number(name: str, value: float, low: float, high: float, unit: str) -> None:
    """Refuse a number outside `low` to `high`, NaN and infinity; raises StoryError."""
    if not math.isfinite(value) or not low <= value <= high:
        raise StoryError(f"The {name} is {value:g}; choose between {low:g} and {high:g} {unit}.")


def check_seed(seed: int) -> None:
    """Refuse a seed that generators do not take; raises StoryError."""
    if not 0 <= seed <= MAX_SEED:
        raise StoryError(f"A seed is a whole number from 0 to {MAX_SEED}; choose another.")
