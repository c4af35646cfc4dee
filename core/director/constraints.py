"""What constrains the director's decoding, all of it, behind one switch of three values.

- `none`: free decoding; only the bridging spans, which are always the same, are forced
  (core/director/published.py). What is written may not parse, nor sum to the total.
- `grammar`: the token grammar alone (core/language/stream.py, core/language/reasoning.py). The
  plan parses, it has an event for each item of its list, and the lengths sum to the total.
- `all`, the studio's: what the instruction says counts as well. No item of the list repeats or
  makes up what nothing asks for, none that is asked for goes missing, the times given are kept,
  lengths suit the sounds, and a caption keeps to the phrase of its item.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

from core.bridge.lexicon import Lexicon
from core.director.clauses import InstructionClause, align, related, stems
from core.director.progress import Brief, Spans
from core.director.times import TimedInstruction
from core.language.reasoning import Item, ListConstraints
from core.story.durations import GRID, GivenTimes, Lengths, fit_story
from core.story.limits import MAX_CAPTION

Constraints = Literal["none", "grammar", "all"]

DETAILED = 3
"""Clauses of an instruction that says what it wants, rather than naming a scene."""
SURE = 0.8
"""Share and cosine from which a clause names a sound so surely that an event has to perform it."""
UNLIKE = 0.47
"""Cosine to a known caption below which a phrase is a sound that nothing is known of ("UI
confirmation click"), and no scene: of 192 briefs one ("first day of term") is below it."""
SCENE = 3.0
"""Seconds that a scene needs at least; what is shorter is one shot, and is planned as it stands."""
LEFT, LEFT_SHARE = 1.0, 1 / 3
"""Seconds of the whole that are enough for another event, and of a short story the share."""
OWED_WORDS = 10
"""Words of a clause that are forced upon the list, at most."""


def list_constraints(
    brief: Brief,
    timed: TimedInstruction,
    lexicon: Lexicon | None,
    constraints: Constraints = "all",
) -> ListConstraints:
    """What the list of a plan is held to."""
    settled = {
        i: Item(event.caption, event.duration, event.mood) for i, event in brief.settled.items()
    }
    if constraints != "all":
        return ListConstraints(settled=settled, least=brief.least, most=brief.most, mood=brief.mood)
    named = named_sounds(brief, timed, lexicon)
    sounds = frozenset[int]()
    if lexicon is not None:
        sounds = timed.clauses_where(lambda text: lexicon.names(text, SURE, SURE))
    return ListConstraints(
        settled=settled,
        phrases=named,
        least=max(brief.least, len(named)),
        most=len(named) or brief.most,
        mood=brief.mood,
        refuses=lambda phrases: refused(brief, timed, phrases) or unheard(timed, lexicon, phrases),
        complete=lambda phrases: complete(brief, timed, phrases),
        owed=lambda phrases, ended: owed_clause(timed, phrases, ended, sounds),
        length=lambda phrases: timed.timing(phrases).length(len(phrases) - 1),
    )


def refused(brief: Brief, timed: TimedInstruction, phrases: Sequence[str]) -> bool:
    """Whether the last phrase may not stand: nothing in the instruction asks for it any more.

    It may not repeat what stands in the list as often as the instruction says it, nor take time
    where all time is given away, nor, where the instruction says enough to go by, share no word
    with it.
    """
    last = phrases[-1]
    if last.lower() in {phrase.lower() for phrase in brief.avoid}:
        return True
    words = stems(last)
    before = sum(words <= stems(phrase) for phrase in phrases[:-1])
    wanted = max((sum(word in c.stems for c in timed.clauses) for word in words), default=1)
    if before and before >= max(1, wanted):
        return True
    given, before_it = timed.timing(phrases), timed.timing(phrases[:-1])
    seconds = max(timed.given_seconds, sum(given.lengths.values()))
    timed_too = len(given.lengths) + len(given.ends) > len(before_it.lengths) + len(before_it.ends)
    if seconds > brief.total - GRID and not timed_too:
        return True
    spoken = [clause for clause in timed.clauses if clause.words]
    return len(spoken) >= DETAILED and not any(related(last, clause.text) for clause in spoken)


def unheard(timed: TimedInstruction, lexicon: Lexicon | None, phrases: Sequence[str]) -> bool:
    """Whether the last phrase is made up, and no sound that is known or one listed before.

    What the instruction asks for may be any sound, as often as it is asked for. Where it only sets
    a scene, one phrase may take up each of its words.
    """
    if lexicon is None:
        return False
    *before, last = phrases
    spoken = [clause for clause in timed.clauses if clause.words]
    *taken, own = align(phrases, timed.clauses)
    wanted = frozenset[str]().union(*(clause.stems for clause in spoken))
    fresh = (stems(last) & wanted).difference(*(stems(phrase) for phrase in before))
    if fresh or (own is not None and own not in taken):
        return False
    if len(spoken) >= DETAILED and any(related(last, clause.text) for clause in spoken):
        return False
    sound = lexicon.likeliest(last)
    return not sound or sound in {lexicon.likeliest(phrase) for phrase in before}


def owed_clause(
    timed: TimedInstruction,
    phrases: Sequence[str],
    ended: bool,
    sounds: Collection[int] = frozenset(),
) -> str:
    """What has to come before the last phrase, or before the end; "" if nothing.

    A clause with a time, or one of the `sounds`, that no phrase covers, while a later one is
    covered. And at the end, where all phrases have their time and leave some of the whole: the next
    clause that is not covered.

    Args:
        ended: the list is at its end.
        sounds: clauses that name a sound; they count while some time is not given away.
    """
    places = align(phrases, timed.clauses)
    last = places[-1] if places else None
    covered = {place for place in places if place is not None}
    furthest = max(covered, default=-1)
    free = timed.given_seconds <= timed.total - _enough(timed.total)
    mentioned = frozenset[str]().union(*(stems(phrase) for phrase in phrases))
    silent = {i for i in sounds if free and not timed.clauses[i].stems & mentioned}
    for place in sorted(silent.union(timed.timed_clauses())):
        early = ended or (last is not None and place < furthest)
        if place not in covered and early and (text := _shortened(timed, place)):
            return text
    return _for_the_time_left(timed, phrases, furthest) if ended else ""


def _enough(total: float) -> float:
    """Seconds that another event needs in a story of `total` seconds."""
    return min(LEFT, LEFT_SHARE * total)


def _for_the_time_left(timed: TimedInstruction, phrases: Sequence[str], furthest: int) -> str:
    given = timed.timing(phrases)
    lengths = [length for i in range(len(phrases)) if (length := given.length(i)) is not None]
    if len(lengths) < len(phrases) or sum(lengths) > timed.total - _enough(timed.total):
        return ""
    later = (i for i in range(furthest + 1, len(timed.clauses)) if timed.clauses[i].words)
    return next((text for i in later if (text := _shortened(timed, i))), "")


def _shortened(timed: TimedInstruction, place: int) -> str:
    return " ".join(timed.clause_text(place).split()[:OWED_WORDS])


def complete(brief: Brief, timed: TimedInstruction, phrases: Sequence[str]) -> bool:
    """Whether a list may end where nothing fits any more."""
    full = timed.given_seconds > brief.total - GRID and not owed_clause(timed, phrases, True)
    return full or reaches_the_end(timed.clauses, phrases)


def reaches_the_end(clauses: Sequence[InstructionClause], phrases: Sequence[str]) -> bool:
    """Whether the last clause that says something is covered, or none is.

    Where a scene is set that names no sound, no clause is covered, and the end is the director's.
    """
    last = max((i for i, clause in enumerate(clauses) if clause.words), default=0)
    places = align(phrases, clauses)
    return last in places or not any(place is not None for place in places)


def named_sounds(brief: Brief, timed: TimedInstruction, lexicon: Lexicon | None) -> tuple[str, ...]:
    """The sounds that an instruction names, where it does nothing else ("heavy rain, thunder").

    It is performed as it is: a small director reads a word as a scene and makes a story of it. So
    are a single one that is too short for a scene, and those that are like nothing known, which a
    director would replace by what it knows.
    """
    texts = timed.clause_texts
    first_plan = not (brief.settled or brief.avoid) and brief.least == 1
    few = 0 < len(texts) < DETAILED and len(texts) <= brief.most
    sequential = all(time.kind == "lasts" for time in timed.times)
    short = all(0 < len(text) <= MAX_CAPTION for text in texts)
    if lexicon is None or not (first_plan and few and sequential and short):
        return ()
    shot = len(texts) == 1 and brief.total < SCENE
    return texts if shot or all(map(lexicon.names, texts)) or unlike_known(timed, lexicon) else ()


def unlike_known(timed: TimedInstruction, lexicon: Lexicon) -> bool:
    """Whether nothing that an instruction says is like a known sound."""
    return not any(lexicon.names(text, 0.0, UNLIKE) for text in timed.clause_texts)


def fit_lengths(
    brief: Brief,
    timed: TimedInstruction,
    items: Sequence[Item],
    spans: Spans,
    constraints: Constraints = "all",
) -> Lengths:
    """The lengths that the events of a list get, from those that the director wanted.

    Args:
        spans: natural lengths of the sounds.
    """
    wanted = [item.seconds for item in items]
    phrases = [item.phrase for item in items]
    if brief.lengths is not None:
        return brief.lengths(wanted, spans(phrases))
    if constraints != "all":
        return fit_story(wanted, brief.total, GivenTimes())
    return fit_story(wanted, brief.total, timed.timing(phrases), spans(phrases))


class CaptionConstraint:
    """Holds the captions of the events, one after the other, to the phrases of the list."""

    def __init__(self, phrases: Sequence[str]):
        self._phrases = phrases
        self._written: dict[int, str] = {}

    def fits(self, place: int, caption: str) -> bool:
        """Whether a caption keeps to its phrase, and no event of another phrase has it already."""
        own = self._phrases[place]
        others = [i for i, written in self._written.items() if i < place and written == caption]
        taken = any(stems(self._phrases[i]) != stems(own) for i in others)
        if taken or not related(own, caption):
            return False
        self._written[place] = caption
        return True
