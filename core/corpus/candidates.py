"""Kinds of sound of daily life that no performer has learned yet: their words, and how they are.

They are candidates: a kind counts as known only where the loaded weights' own list holds it
(core/bridge/known_sounds.py), so that nothing here is offered or performed so far. The tables in
candidates/*.toml were written kind by kind, under the licence of the repository.

    python -m core.corpus.candidates

lists them, with how many wordings each has.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from core.errors import StoryError
from core.schema import read_dataclass

CANDIDATES = Path(__file__).parent / "candidates"


@dataclass(frozen=True)
class CandidateKind:
    """One kind of sound.

    Attributes:
        name: identifier, unlike that of any class of the vocabulary.
        kind: a texture lasts as long as asked, a shot ends by itself, repeated ones come in series.
        caption: the plain caption.
        seconds: shortest and longest natural length.
        level: loudness alone, at a normal distance, in LUFS.
        audioset: its label in AudioSet's ontology; empty: none fits.
        ucs: its CatID in the Universal Category System; empty: not sure.
        mood: how it feels with no story around it.
        words: wordings of people who want to hear just this sound.
    """

    name: str
    family: str
    kind: Literal["texture", "shot", "repeated"]
    caption: str
    seconds: tuple[float, float]
    level: float
    audioset: str
    ucs: str
    mood: str
    words: tuple[str, ...]


def read_tables(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The TOML files of a folder in order, with what each holds; raises StoryError for another."""
    for path in sorted(folder.glob("*.toml")):
        try:
            yield path, tomllib.loads(path.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as cause:
            raise StoryError(f"{path.name} is not TOML ({cause}); mend it.") from None


def read_candidates(folder: Path = CANDIDATES) -> tuple[CandidateKind, ...]:
    """All candidates, by file and place.

    Raises:
        StoryError: a table is no kind of this form.
    """
    found = []
    for path, tables in read_tables(folder):
        for name, table in tables.items():
            place = f"{path.name}: {name}"
            found.append(read_dataclass(CandidateKind, {"name": name, **table}, place, StoryError))
    return tuple(found)


def main() -> None:
    """Print a line a kind."""
    for kind in read_candidates():
        lengths = f"{kind.seconds[0]:g} to {kind.seconds[1]:g} s"
        print(f"{kind.name:<20}{kind.family:<12}{kind.kind:<10}{len(kind.words):>5}  {lengths}")


if __name__ == "__main__":
    main()
