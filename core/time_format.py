"""Times as people read them."""

from __future__ import annotations


def about(seconds: float) -> str:
    """A time that is not known to the second: "about 40 s", "about 1½ min", "about 12 min"."""
    if seconds < 4:
        return "a few seconds"
    if seconds < 22.5:
        return f"about {5 * round(seconds / 5)} s"
    if seconds < 55:
        return f"about {10 * round(seconds / 10)} s"
    halves = max(2, round(seconds / 30))
    if halves < 6:
        return f"about {halves // 2}{'½' if halves % 2 else ''} min"
    return f"about {seconds / 60:.0f} min"


def spoken(seconds: float) -> str:
    """A time to wait, rounded as one says it: "8 seconds", "about" left to the sentence."""
    if seconds < 1.5:
        return "a second"
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes"
