"""What the path of a recording says of its sound: words of its name and of its folders.

A name of the Universal Category System (CatID_FXName_CreatorID_SourceID) tells its category too.
Numbers, take marks and what recorders call their files say nothing: such a recording is found by
its sound alone.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from core.taxonomy.families import ucs_categories

_SAYING_NOTHING = """
rec recording recordings track audio take takes untitled unnamed file files sample samples clip
clips sound sounds sfx fx wav aif aiff flac mono stereo mix final edit edited copy version
zoom tascam memo lr ms xy ortf raw bounce export master misc library libraries
"""
SAYING_NOTHING = frozenset(_SAYING_NOTHING.split())
"""Words that stand in names of any sound."""
FOLDERS = 3
"""Nearest folders whose words count."""
_PARTS = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?|\d+", re.UNICODE)
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SHORTEST = 2
"""Letters of a word; single ones mark variants and channels."""


def words_in(text: str) -> list[str]:
    """The words of a name that may say something of a sound, in lower case.

    A part that mixes letters and digits ("ZOOM0012", "24b96k") is a mark, not a word; digits at
    the end of a word only count it ("bark03").
    """
    found = []
    for part in re.split(r"[\s_\-.,;()\[\]{}+&/\\]+", text):
        part = re.sub(r"(?<=[^\W\d_]{3})\d+$", "", part)
        if any(character.isdigit() for character in part):
            continue
        found += [word.lower() for piece in _HUMP.split(part) for word in _PARTS.findall(piece)]
    return [word for word in found if len(word) >= _SHORTEST and word not in SAYING_NOTHING]


def category_of(stem: str) -> tuple[str, str]:
    """The category that a UCS name begins with, in words, and the name without it.

    ("", the whole name) where it begins with no CatID.
    """
    head, _, rest = stem.partition("_")
    category = ucs_categories().get(head.partition("-")[0])
    if category is None or not rest:
        return "", stem
    fx_name = rest.split("_")[0]
    words = " ".join(dict.fromkeys(word.lower() for part in category for word in words_in(part)))
    return words, fx_name


def path_words(path: PurePosixPath) -> str:
    """What a path, relative to its library's folder, says of the sound: "" for nothing.

    The name comes first, then its category, then its folders, the nearest first.
    """
    category, name = category_of(path.stem)
    folders = [" ".join(words_in(folder)) for folder in reversed(path.parts[:-1][-FOLDERS:])]
    said = [" ".join(words_in(name)), category, *folders]
    return ", ".join(dict.fromkeys(part for part in said if part))
