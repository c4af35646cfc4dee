"""Times as people read them."""

from __future__ import annotations


def minutes_and_seconds(seconds: float) -> str:
    """Minutes and seconds to the tenth: 0:07.5."""
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths % 600 / 10:04.1f}"


def spoken(seconds: float) -> str:
    """A time to wait, rounded as one says it: "8 seconds", "about" left to the sentence."""
    if seconds < 1.5:
        return "a second"
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes"
