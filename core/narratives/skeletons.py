"""Hand-written stories to multiply: scenes with ordered events, and sounds outside the classes."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from random import Random

from core.corpus.clauses import MarkedClause, lemma
from core.corpus.vocabulary import BY_NAME, Kind

_FOLDER = Path(__file__).parent

_UNKNOWN_SECONDS: dict[Kind, tuple[float, float]] = {"spot": (1, 6), "texture": (3, 30)}


@dataclass(frozen=True)
class Sound:
    """One event of a skeleton: how it is written, what it is, its mood and its natural seconds.

    `meant` is its caption in plain words where the clause has others.
    """

    clause: MarkedClause
    mood: str
    classes: tuple[str, ...]
    kind: Kind
    seconds: tuple[float, float]
    meant: str = ""


@dataclass(frozen=True)
class Skeleton:
    """A scene with its sounds in order; `word` is the one-word prompt that may stand for it."""

    scene: str
    word: str
    sounds: tuple[Sound, ...]


def sound(clause: MarkedClause, mood: str, classes: tuple[str, ...]) -> Sound:
    """A sound of one class, or a mixture: a mixture is a texture when any of its classes is one."""
    known = [BY_NAME[name] for name in classes]
    kind: Kind = "texture" if any(c.kind == "texture" for c in known) else "spot"
    of_kind = [c.seconds for c in known if c.kind == kind]
    return Sound(
        clause, mood, classes, kind, (max(s[0] for s in of_kind), min(s[1] for s in of_kind))
    )


def unknown_sound(clause: MarkedClause, mood: str, kind: Kind) -> Sound:
    return Sound(clause, mood, (), kind, _UNKNOWN_SECONDS[kind])


def _clause(text: str) -> MarkedClause:
    marked, _, heard = (part.strip() for part in text.partition("->"))
    return MarkedClause(marked, heard)


def _sound(line: str, mood_before: str) -> Sound:
    label, _, rest = line.partition(": ")
    text, _, mood = (part.strip() for part in rest.partition("|"))
    mood = mood or mood_before
    if label in ("-s", "-t"):
        return unknown_sound(_clause(text), mood, "spot" if label == "-s" else "texture")
    return sound(_clause(text), mood, tuple(label.split("+")))


def _sounds(lines: str) -> tuple[Sound, ...]:
    sounds: list[Sound] = []
    for line in lines.strip().splitlines():
        sounds.append(_sound(line, sounds[-1].mood if sounds else "calm"))
    return tuple(sounds)


def _load_skeletons() -> tuple[Skeleton, ...]:
    stories: list[Skeleton] = []
    for path in sorted((_FOLDER / "skeletons").glob("*.toml")):
        for row in tomllib.loads(path.read_text(encoding="utf-8"))["story"]:
            stories.append(Skeleton(row["scene"], row.get("word", ""), _sounds(row["events"])))
    return tuple(stories)


def _load_unknown(lines: str, kind: Kind) -> tuple[Sound, ...]:
    rows = (line.partition("|") for line in lines.strip().splitlines())
    return tuple(unknown_sound(_clause(text.strip()), mood.strip(), kind) for text, _, mood in rows)


_OTHER = tomllib.loads((_FOLDER / "unknown.toml").read_text(encoding="utf-8"))

SKELETONS: tuple[Skeleton, ...] = _load_skeletons()
UNKNOWN: tuple[Sound, ...] = _load_unknown(_OTHER["spots"], "spot") + _load_unknown(
    _OTHER["textures"], "texture"
)
SILENT: tuple[str, ...] = tuple(_OTHER["silent"].strip().splitlines())

_SUBJECTS, _ACTIONS, _MODIFIERS, _FEELINGS = (
    tuple(_OTHER[name].strip().splitlines())
    for name in ("subjects", "actions", "modifiers", "feelings")
)
_ONE = re.compile(r"(an?|some) |(his|her|the|two|three) .*[^s]$|the (bus|boss)$")


def random_sound(rng: Random) -> Sound:
    """A sound that nobody wrote down: "a rusty bucket rattles in the cellar"."""
    subject, action = rng.choice(_SUBJECTS), rng.choice(_ACTIONS)
    if not _ONE.match(subject):
        verb, _, rest = action.removeprefix("*").partition(" ")
        action = " ".join(filter(None, ["*" + lemma(verb), rest]))
    modifiers = " " + rng.choice(_MODIFIERS) if rng.random() < 0.5 else ""
    kind: Kind = "spot" if rng.random() < 0.6 else "texture"
    return unknown_sound(
        MarkedClause(f"{subject} {action}{modifiers}"), rng.choice(_FEELINGS), kind
    )
