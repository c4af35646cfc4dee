"""Captions of whole scenes, labelled by what of them the performer knows.

They were written for one purpose, to tell known sounds from others (core/training/known.py), in
five manners: AudioCaps', Clotho's, scripts', designers' shorthand, and sounds near known ones. A
caption is `known` where every sound in it is of a class of the vocabulary, `unknown` where none
is, `partly` where some are. None of them stands in a file that the flag is judged or calibrated
by.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from core.corpus.candidates import read_tables
from core.errors import StoryError

LABELLED_CAPTIONS = Path(__file__).parent / "labelled_captions"

Label = Literal["known", "partly", "unknown"]


@dataclass(frozen=True)
class LabelledCaption:
    """A caption in the words of one manner, and what of it is known."""

    text: str
    label: Label
    manner: str


def read_labelled_captions(folder: Path = LABELLED_CAPTIONS) -> tuple[LabelledCaption, ...]:
    """All captions, by file, label and place.

    Raises:
        StoryError: a file is no TOML, or holds another label.
    """
    found = []
    for path, tables in read_tables(folder):
        if unknown := set(tables) - set(get_args(Label)):
            raise StoryError(f"{path.name} has labels {sorted(unknown)}; use {get_args(Label)}.")
        for label in get_args(Label):
            found += [LabelledCaption(text, label, path.stem) for text in tables.get(label, ())]
    return tuple(found)
