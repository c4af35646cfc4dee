"""What people type, as numbers: a cell of the table, a value that the page sends."""

from __future__ import annotations

import math
from typing import Any

from core.errors import StoryError
from core.story.limits import MAX_SEED


def number(cell: Any, name: str) -> float:
    """A finite number; a decimal comma is one too.

    Raises:
        StoryError: it is none.
    """
    try:
        value = float(str(cell).replace(",", ".").strip())
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise StoryError(f"The {name} should be a number; {str(cell)[:20]!r} is none.")
    return value


def seed(cell: Any) -> int | None:
    """A seed, or None where the cell is empty: the event then follows the story's own."""
    text = str(cell if cell is not None else "").strip()
    if not text:
        return None
    if not text.isdecimal() or int(text) > MAX_SEED:
        raise StoryError("A seed is a whole number; leave it empty for the story's own.")
    return int(text)


def flag(cell: Any) -> bool:
    return cell is True or str(cell).lower() == "true"
