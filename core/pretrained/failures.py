"""What libraries raise over other people's models, for sentences."""

from __future__ import annotations

UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, ImportError)
"""What libraries raise over files that are no model of theirs."""


def is_out_of_memory(cause: BaseException) -> bool:
    """Whether a library failed for want of memory, of the machine or of its graphics card."""
    texts = ("not enough memory", "can't allocate memory", "out of memory")
    told = isinstance(cause, RuntimeError) and any(text in str(cause) for text in texts)
    return told or isinstance(cause, MemoryError)


def first_line(cause: BaseException, most: int = 160) -> str:
    """What an error says first, for a sentence."""
    return (str(cause).strip().partition("\n")[0] or type(cause).__name__)[:most]
