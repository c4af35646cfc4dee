"""File names: patterns such as "{title} - {index} {caption}", safe on every system.

What a person types must already be safe, or it is refused with a sentence; what comes out of the
story (a caption may hold anything) is made safe.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from core.errors import FileError
from core.files import is_device, room_for_name

FIELDS = ("title", "index", "caption", "id", "layer", "seed", "date", "ucs")
MAX_PATTERN = 120
MAX_NAME_BYTES = 150
"""Of the part before the suffix; file systems allow 255 in all, and suffixes are added."""

_SUFFIXES = 40
"""Characters that follow a name: " - layer 15", a number, ".provenance.json", or stand before it
while it is written."""
_SHORTEST = 16
"""Characters without which a name tells nothing."""

_FIELD = re.compile(r"\{([^{}]*)\}")
_JOINTS = " _-"
"""What joins fields; none stands beside a field that is empty."""
_FIELD_AND_JOINT = re.compile(rf"\{{([^{{}}]*)\}}([{_JOINTS}]*)")
_PUNCTUATION = " -_.,()+&'"


def _is_safe(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN" or character in _PUNCTUATION


def check_pattern(pattern: str) -> None:
    """Refuse a pattern that a person should change.

    Raises:
        FileError: too long, empty, an unknown field, or a character that some system lacks.
    """
    if len(pattern) > MAX_PATTERN:
        raise FileError(
            f"The file name has {len(pattern)} characters; shorten it to {MAX_PATTERN}."
        )
    for field in _FIELD.findall(pattern):
        if field not in FIELDS:
            known = ", ".join(f"{{{name}}}" for name in FIELDS)
            raise FileError(f"The file name holds the unknown field {{{field}}}; use {known}.")
    plain = _FIELD.sub("x", pattern)
    for character in plain:
        if character in "/\\" or ".." in plain:
            raise FileError(
                "The file name holds a path ('/', '\\' or '..'); choose the folder separately."
            )
        if not _is_safe(character):
            raise FileError(
                f"The file name holds {character!r}, which not every system can store; "
                "use letters, digits, spaces and dashes."
            )
    if not plain.strip(" ."):
        raise FileError("The file name is empty; give the file a name.")


def safe_name(text: str, limit: int = MAX_NAME_BYTES) -> str:
    """`text` as a name of at most `limit` bytes that every system can store; "Sound" if empty."""
    text = unicodedata.normalize("NFC", text)
    text = "".join(c if _is_safe(c) else " " for c in text)
    text = re.sub(r"\.{2,}", ".", text)
    text = re.sub(r"\s+", " ", text).strip(" .")
    text = text.encode()[:limit].decode(errors="ignore").strip(" .")
    if is_device(text):
        text = f"_{text}"
    return text or "Sound"


def file_name(pattern: str, values: Mapping[str, str], limit: int = MAX_NAME_BYTES) -> str:
    """The name of at most `limit` bytes, without a suffix, that `pattern` gives for these values.

    Raises:
        FileError: see `check_pattern`.
    """
    check_pattern(pattern)
    shortened = {name: safe_name(value, 60) if value else "" for name, value in values.items()}

    def filled(match: re.Match[str]) -> str:
        value = shortened.get(match.group(1), "")
        return value + match.group(2) if value else ""

    name = _FIELD_AND_JOINT.sub(filled, pattern)
    return safe_name(name.rstrip(_JOINTS), limit)


def longest_name(folder: Path, system: str = os.name) -> int:
    """Bytes that the names of an export in `folder` may have, before number and suffix.

    Raises:
        FileError: the folder's own path leaves no room for names.
    """
    room = room_for_name(folder, system) - _SUFFIXES
    if room < _SHORTEST:
        raise FileError(
            f"The path of {folder.name!r} is too long for this system; choose a folder nearer to "
            "the drive."
        )
    return min(MAX_NAME_BYTES, room)


class Names:
    """Gives each file of one export a name of its own, whatever a file system thinks of case."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def unique(self, name: str) -> str:
        candidate, number = name, 2
        while candidate.casefold() in self._taken:
            candidate = f"{name} {number}"
            number += 1
        self._taken.add(candidate.casefold())
        return candidate
