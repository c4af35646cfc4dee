"""What an instruction says and a plan has no event for: told to the person, whatever the reason."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.bridge.lexicon import Lexicon
from core.director.clauses import align, stems
from core.director.constraints import unlike_known
from core.director.times import TimedInstruction
from core.story.durations import GRID

SOUND = 0.42
"""Cosine to a known caption from which a clause may be about a sound. Of the clauses of the
development set that became no event, "a chain rattles" (0.63) and even "thundr" (0.46) have it, "I
have no budget" (0.33) and "you know" (0.31) have not."""
LISTED = 6
"""Clauses that are named at most; the number of the others is said."""
_MOOD = re.compile(r"\s*in an? [^,.]{1,40} mood\W*")
"""How a mood is said; it colours all events."""
_INTRODUCES = re.compile(r"\s*:|\s[-\u2013\u2014]\s")


def left_out(timed: TimedInstruction, phrases: Sequence[str], lexicon: Lexicon | None) -> list[str]:
    """The clauses that may be about a sound and that no phrase of a plan takes up.

    What introduces a list ("Grandma's kitchen: …") sets its scene. Where no clause at all became an
    event, the instruction sets a scene and the sounds are the director's.
    """
    places = set(align(phrases, timed.clauses))
    mentioned = frozenset[str]().union(*(stems(phrase) for phrase in phrases))
    if places <= {None}:
        return []
    places |= _introductions(timed)
    silent = [
        timed.clause_text(i)
        for i, clause in enumerate(timed.clauses)
        if clause.words
        and i not in places
        and not clause.stems & mentioned
        and not _MOOD.fullmatch(clause.text)
    ]
    return [text for text in silent if lexicon is None or lexicon.names(text, 0.0, SOUND)]


def _introductions(timed: TimedInstruction) -> set[int]:
    """Clauses before the only colon or dash of their sentence, where something is listed after it.

    In "rain: 5 s, thunder: 3 s" there are two, and none introduces.
    """
    joints = [
        i for i, clause in enumerate(timed.clauses) if _INTRODUCES.match(timed.text, clause.end)
    ]
    sentences = [timed.clauses[i].sentence for i in joints]
    found: set[int] = set()
    for joint in joints:
        own = timed.clauses[joint].sentence
        members = [i for i, clause in enumerate(timed.clauses) if clause.sentence == own]
        if sentences.count(own) == 1 and members[-1] > joint:
            found.update(i for i in members if i <= joint)
    return found


def notes_on(
    timed: TimedInstruction, phrases: Sequence[str], most: int, lexicon: Lexicon | None
) -> list[str]:
    """What is to be said of a plan beside its instruction, a sentence each.

    Args:
        most: how many events there may be.
    """
    notes = list(timed.notes)
    missing = left_out(timed, phrases, lexicon)
    if missing:
        reason = ""
        if len(phrases) >= most:
            reason = f", because {timed.total:g} s have room for {most} events"
        elif timed.given_seconds > timed.total - GRID:
            reason = ", because all the time is given to the others"
        notes.append(
            f"No event was planned for {_named(missing)}{reason}; add one where it should be heard."
        )
    if lexicon is not None and phrases and unlike_known(timed, lexicon):
        notes.append(
            f"No known sound is like {_named(timed.clause_texts)}; say it in nearer words, "
            "or begin it from a recording."
        )
    if timed.count is not None and timed.count != len(phrases):
        notes.append(_miscounted(timed.count, len(phrases)))
    return notes


def notes_on_score(
    timed: TimedInstruction, captions: Sequence[str], lexicon: Lexicon | None
) -> list[str]:
    """What is to be said of a score beside its brief, a sentence each.

    A score keeps times that a list cannot, several of one sound among them: only those outside the
    whole are told.
    """
    notes = list(timed.outside)
    if missing := left_out(timed, captions, lexicon):
        notes.append(
            f"No event was planned for {_named(missing)}; add one where it should be heard."
        )
    if timed.count is not None and timed.count != len(captions):
        notes.append(_miscounted(timed.count, len(captions)))
    return notes


def _miscounted(asked: int, planned: int) -> str:
    return (
        f"The instruction asks for {asked} events, the plan has {planned}; "
        "name those that are missing, or add them."
    )


def _named(texts: Sequence[str]) -> str:
    quoted = [f"\u201c{text}\u201d" for text in texts[:LISTED]]
    if len(texts) > LISTED:
        quoted.append(f"{len(texts) - LISTED} more")
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
