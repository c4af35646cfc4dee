"""Briefs as sound designers write them, each with what a score of it must hold.

A file holds JSON Lines. Each brief has the sounds that it asks for (`required`: the words of which
a caption must have one, as beginnings of words), what else may be heard (`optional`) and what may
not (`forbidden`). A required sound may say its role, whether it goes on throughout, which others it
overlaps, which it comes after, its start, end and length, when or how often it is struck, the
shapes of which its level must have one, and as which it is the same source. A scene (`scene`) names
no sound; any of those that fit it (`fitting`) will do. A brief in another language than English
(`language`) is to be refused by a director that knows English alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.errors import FileError
from core.language.score import LevelShape
from core.schema import read_dataclass

SCORE_BRIEFS = Path(__file__).parent / "score_briefs.jsonl"


@dataclass(frozen=True)
class RequiredSound:
    """A sound that a brief asks for; see the module's docstring.

    Attributes:
        at: moments of the whole at which it is struck.
        overlaps, after, same_as: places in the list of required sounds.
    """

    words: tuple[str, ...]
    role: str = ""
    throughout: bool = False
    overlaps: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    start: float | None = None
    end: float | None = None
    seconds: float | None = None
    count: int | None = None
    every: float | None = None
    at: tuple[float, ...] = ()
    shape: tuple[LevelShape, ...] = ()
    same_as: int | None = None
    silence: bool = False


@dataclass(frozen=True)
class ScoreBrief:
    """A brief with what its score must hold; `language` is empty for English."""

    brief: str
    seconds: float
    required: tuple[RequiredSound, ...]
    optional: tuple[tuple[str, ...], ...] = ()
    forbidden: tuple[str, ...] = ()
    scene: bool = False
    fitting: tuple[tuple[str, ...], ...] = ()
    language: str = ""


def read_briefs(path: Path = SCORE_BRIEFS) -> list[ScoreBrief]:
    """The briefs of a file.

    A file that never says which sound comes after which lists them in order.

    Raises:
        FileError: a line is no such brief.
    """
    briefs = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        where = f"{path.name}:{number}"
        try:
            data = json.loads(line, object_hook=_with_shapes)
        except ValueError as cause:
            raise FileError(f"{where} is not JSON ({cause}); mend it.") from None
        briefs.append(read_dataclass(ScoreBrief, data, where, FileError))
    for number, brief in enumerate(briefs, 1):
        _check_places(brief, f"{path.name}:{number}")
    said = any(sound.after for brief in briefs for sound in brief.required)
    return briefs if said else [in_order(brief) for brief in briefs]


def _with_shapes(table: dict[str, Any]) -> dict[str, Any]:
    """A single shape as a list of one."""
    return {**table, "shape": [table["shape"]]} if isinstance(table.get("shape"), str) else table


def _check_places(brief: ScoreBrief, where: str) -> None:
    for sound in brief.required:
        first = () if sound.same_as is None else (sound.same_as,)
        for place in (*sound.overlaps, *sound.after, *first):
            if not 0 <= place < len(brief.required):
                raise FileError(f"{where} names the sound {place}, which it does not ask for.")


def in_order(brief: ScoreBrief) -> ScoreBrief:
    """A brief whose sounds that come and go come one after the other, as they are listed."""
    required: Sequence[RequiredSound] = brief.required
    passing = [place for place, sound in enumerate(required) if not sound.throughout]
    return replace(
        brief,
        required=tuple(
            replace(sound, after=tuple(p for p in passing if p < place))
            if place in passing
            else sound
            for place, sound in enumerate(required)
        ),
    )
