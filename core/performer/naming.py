"""Names of own sounds in captions: "grandma's kettle" in "Grandma's kettle boils over".

A name counts where its words stand in a caption one after another, as they are; nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

OWN_SOUND = "sound:"
"""What the names begin with by which stories and takes call an own sound as a performer."""
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text, in small letters, without what stands between them."""
    return tuple(_WORD.findall(text.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")))


def names_in(caption: str, names: Iterable[str]) -> bool:
    """Whether a caption has one of these names."""
    words = words_of(caption)
    for name in map(words_of, names):
        places = range(len(words) - len(name) + 1) if name else ()
        if any(words[place : place + len(name)] == name for place in places):
            return True
    return False


def length_of_name(caption: str, names: Iterable[str]) -> int:
    """Words of the longest of these names that a caption has; 0: none."""
    return max((len(words_of(name)) for name in names if names_in(caption, [name])), default=0)


def takes_name(performer: str, caption: str) -> bool:
    """Whether a caption names the own sound that a performer of this name is, here or gone."""
    name = performer.removeprefix(OWN_SOUND)
    return performer.startswith(OWN_SOUND) and names_in(caption, [name])
