"""What people type, as numbers and words: a cell of the table, a value that the page sends."""

from __future__ import annotations

import math
from typing import Any

from core.errors import StoryError
from core.story.limits import MAX_CAPTION, MAX_SEED, check_text

_LARGEST = 1e9
"""Size of a number that means anything here: seconds, decibels, layers, picks."""
_LONGEST = 100
"""Characters of a number."""


def number(cell: Any, name: str) -> float:
    """A number of up to a thousand million; a decimal comma is one too.

    Raises:
        StoryError: it is none.
    """
    value = math.nan
    if isinstance(cell, (str, int, float)) and not isinstance(cell, bool):
        try:
            value = float(cell[:_LONGEST].replace(",", ".") if isinstance(cell, str) else cell)
        except (ValueError, OverflowError):
            value = math.nan
    if not abs(value) <= _LARGEST:
        raise StoryError(f"The {name} should be a number; {shown(cell)} is none.")
    return value


def whole(cell: Any, name: str) -> int:
    """A whole number; raises StoryError where it is none."""
    value = number(cell, name)
    if value != int(value):
        raise StoryError(f"The {name} should be a whole number; {shown(cell)} is none.")
    return int(value)


def words(cell: Any, name: str, most: int = MAX_CAPTION) -> str:
    """A text without the spaces around it; empty for None.

    Args:
        most: characters that it may have.

    Raises:
        StoryError: it is no text, is too long or cannot be written as UTF-8.
    """
    if cell is None:
        return ""
    if not isinstance(cell, str):
        raise StoryError(f"The {name} should be text; {shown(cell)} is none.")
    check_text(name, cell, most)
    return cell.strip()


def shown(cell: Any) -> str:
    """What was typed, for a sentence that refuses it."""
    if isinstance(cell, (list, dict)):
        return "a list" if isinstance(cell, list) else "a table"
    if isinstance(cell, int) and abs(cell) > _LARGEST:
        return "a number of so many digits"
    return repr(str(cell)[:20])


def seed(cell: Any) -> int | None:
    """A seed, or None where the cell is empty: the event then follows the story's own."""
    if isinstance(cell, float) and cell.is_integer():  # as a table of numbers sends it
        cell = int(cell)
    plain = cell is None or (isinstance(cell, (str, int)) and not isinstance(cell, bool))
    large = isinstance(cell, int) and abs(cell) > MAX_SEED
    text = "" if cell is None or not plain or large else str(cell).strip()
    if plain and not large and not text:
        return None
    if not text.isdecimal() or len(text) > len(str(MAX_SEED)) or int(text) > MAX_SEED:
        raise StoryError(
            f"A seed is a whole number up to {MAX_SEED}; leave it empty for the story's own."
        )
    return int(text)


def flag(cell: Any) -> bool:
    return cell is True or str(cell).lower() == "true"
