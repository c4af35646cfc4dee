"""Titles of stories, which are the names of their folders."""

from __future__ import annotations

import re
import unicodedata

from core.files import is_device, same_name

ARCHIVE = "Archive"
MAX_TITLE = 60


def safe_title(text: str) -> str:
    """A title that is a safe folder name on every system, made from any text."""
    text = unicodedata.normalize("NFC", text)
    words = re.sub(r"[^\w ,.'()&-]+", " ", text, flags=re.UNICODE)
    words = re.sub(r"\s+", " ", words).strip(" .")
    if len(words) > MAX_TITLE:
        words = words[: MAX_TITLE + 1].rsplit(" ", 1)[0][:MAX_TITLE]
    words = words.strip(" .,-") or "Story"
    taken = is_device(words) or same_name(words, ARCHIVE)
    return f"Story {words}"[:MAX_TITLE].strip(" .,-") if taken else words
