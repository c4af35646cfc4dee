"""Times that an instruction gives, and the events that they belong to.

"5 seconds of rain", "for ten seconds", "after 10 s", "at 0:12", "[12s]", "from 0:15 to 0:20",
"until 0:30", "the last 4 seconds", "nine seconds each" are times of events; "30 seconds in all" and
any length that fills the story is that of the whole; "a second knock" is none. What a quantity is
comes from `core.director.quantities`; here the words beside it tell its role.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from core.director.clauses import InstructionClause, align, split_clauses, stem, stems
from core.director.quantities import Quantity, read_quantities, without
from core.story.durations import GivenTimes
from core.story.limits import TOLERANCE

_Kind = Literal["lasts", "waits", "starts", "spans", "ends", "opens", "closes", "each", "whole"]

_ABOUT = r"(?:(?:about|around|roughly|almost|nearly|some|another|the|its)\s+)*"
_PIECE = (
    r"(?:story|scene|soundscape|track|clip|sequence|audio|piece|mix|recording|ambien\w+|loop"
    r"|version|montage|drama)\b"
)
_THE_END = r"\s*(?:before|from)\s+the\s+end\b"
_ROLES: tuple[tuple[_Kind | Literal["none", "left"], str, str], ...] = (
    ("none", r"\b(?:every|per)\s*$", ""),
    ("none", "", r"\s*(?:apart|ago)\b"),
    ("each", "", r"\s*(?:each|apiece)\b"),
    ("each", r"\beach\s+(?:\w+\s+)?$", ""),
    ("whole", "", rf"\s*(?:in\s+all\b|in\s+total|total\b|altogether|overall|in\s+length|{_PIECE})"),
    ("whole", r"\b(?:total|length|duration)\s*(?:is|of|:|=)?\s*$", ""),
    ("whole", r"\bin\s+$", r"\s*(?:[.!?;:]|$)"),
    ("left", "", _THE_END),
    ("ends", rf"\b(?:until|till?|up\s+to|by|(?:end|stop|finish)\w*\s+at)\s+{_ABOUT}$", ""),
    ("starts", r"(?:\bat|\bfrom|@|\bt\s*[=+])\s*(?:the\s+)?$", ""),
    ("starts", "", r"[-\s]*mark\b"),
    ("starts", r"(?:^|[\n,;.]\s*)\[$", ""),
    ("starts", "", r"\s+in(?:to it)?\s*,"),
    ("waits", r"\bin\s+$", r",?\s+(?!of\b|long\b)[a-z]"),
    ("opens", r"\b(?:first|opening)\s*$", ""),
    ("closes", r"\b(?:last|final)\s*$", ""),
    ("waits", "", r"\s*(?:later|afterwards?|after)\b"),
    ("lasts", "", r"\s*(?:of\b|:|long\b)"),
    ("lasts", rf"\b(?:for|last(?:s|ing)?|takes?)\s+{_ABOUT}$", ""),
)
"""A role, and what stands before and after a duration that has it; the first that fits is taken."""
_WAITS_BEFORE = re.compile(rf"\bafter\s+{_ABOUT}$")
_FOLLOWS = re.compile(r"\s*(?:of\b|:)")
_RANGE = re.compile(r"\s*(?:-|\u2013|\u2014|\u2192|->|to|til+|until|through|and)\s*(?:second\s+)?")
_LENGTH_BEFORE = re.compile(rf"\b(?:for|last(?:s|ing)?|takes?|about|after|every|each)\s+{_ABOUT}$")
_LEADS = re.compile(
    r"(?:(?:\b(?:(?:start|begin|end|stop|finish)\w*\s+)?at|\bup\s+to"
    r"|\b(?:in|for|from|between|until|till?|by))\s+(?:the\s+)?"
    r"|(?:\bfor\s+)?\bthe\s+(?:first|last|opening|final)\s+|@\s*|\bt\s*[=+]\s*)?[\[(]?\Z"
)
"""What belongs to a time and stands before it."""
_TRAILS = re.compile(
    rf"[-\s]*mark\b|\s+more\b|{_THE_END}|\s+(?:until|till?|to)\s+the\s+end\b|[\])]"
)
_A_SECOND = re.compile(r"\s*(?:[,.;)]|$|(?:of|later|long|before|then|and|each)\b)")
_DECADE = re.compile(r"(?P<century>1[5-9]|20)?\d0s")
_ARTICLE = re.compile(r"\b(?:every|an?|the|early|mid|late)[\s-]*$")
_TOLD = 500.0
"""Seconds beyond which a time is told, not heard: "ten minutes before they go over the top"."""
_BARE: tuple[tuple[_Kind, str, str], ...] = (
    ("lasts", r"\bfor\s+$", r"(?:\s+more)?\s*(?:[,.;)]|$)"),
    ("starts", r"\bat\s+$", r"\s*(?:[,.;)]|$|with\b|and\b)"),
    ("lasts", r"[a-z] $", r"\s*(?:[,.;]|$)"),
)
"""Roles of numbers without a unit, where another time has one: "rain for 4 seconds, wind for 5"."""
CONTEXT = 60
"""Characters before and after a time that are looked at."""
_EVENTS = re.compile(r"\s+(?:different\s+)?(?:events|sounds|scenes|cues|segments|sections|parts)\b")
"""What a number of events is counted in."""


@dataclass(frozen=True)
class TimePhrase:
    """A time in the text.

    Attributes:
        kind: `lasts` (a length), `waits` (the length of what came before), `starts` and `ends`
            (moments of the story), `spans` (both: from `seconds` until `until`), `opens` and
            `closes` (the length of the first and last thing), `each`, `whole` (of all there is).
        begin, end: its place in the text.
        follows: it belongs to what stands after it ("5 seconds of …").
    """

    kind: _Kind
    seconds: float
    begin: int
    end: int
    follows: bool = False
    until: float = 0.0


def read_times(instruction: str, total: float) -> tuple[TimePhrase, ...]:
    """The times in the text, in order; they may reach beyond the total."""
    text = instruction.lower()
    quantities = read_quantities(text)
    found = _bare_cues(text, quantities)
    if found:
        return tuple(found)
    clocks: list[int] = []
    place = 0
    while place < len(quantities):
        span = _span(text, *quantities[place : place + 2])
        if span is not None:
            found.append(span)
            place += 2
            continue
        quantity = quantities[place]
        time = _timed(text, quantity, total)
        if time is not None:
            default = time.kind == "lasts" and not _says_length(text, quantity)
            if quantity.form == "clock" and default:
                clocks.append(len(found))
            found.append(time)
        place += 1
    found = _moments_or_lengths(found, clocks, total)
    if any(q.form != "number" for q in quantities):
        found += _bare_numbers(text, quantities, found, total)
    found.sort(key=lambda t: t.begin)
    return tuple(_whole(_cue_sheet(found), text, total))


def whole_length(instruction: str) -> float | None:
    """Seconds that an instruction says the story lasts in all; None where it says none."""
    found = (t.seconds for t in read_times(instruction, math.inf) if t.kind == "whole")
    return next(found, None)


def count_of_events(instruction: str) -> tuple[int, int, int] | None:
    """How many events are asked for ("ten events"), and where that stands; None where it is not."""
    for quantity in read_quantities(instruction):
        noun = _EVENTS.match(instruction.lower(), quantity.end)
        if quantity.form == "number" and noun and quantity.value >= 2:
            return int(quantity.value), quantity.begin, noun.end()
    return None


def _ahead(text: str, place: int) -> str:
    """What stands before a place, as far as it can tell a time's role."""
    return text[max(0, place - CONTEXT) : place]


def _widened(text: str, begin: int, end: int) -> tuple[int, int]:
    """A place with the brackets and the preposition around it."""
    before = _LEADS.search(_ahead(text, begin))
    after = _TRAILS.match(text[end:])
    return (begin - len(before[0]) if before else begin), end + (after.end() if after else 0)


def _span(text: str, first: Quantity, second: Quantity | None = None) -> TimePhrase | None:
    """Two moments that are joined: "from 0:15 to 0:20", "0-8 s", "between 4 and 8 s".

    "5 to 10 seconds of rain" and "for 5-10 seconds" are one length, the one in the middle.
    """
    numbered = re.search(r"\bsec(?:ond)?s?\s+$", _ahead(text, first.begin))
    if second is None or second.article or (second.form == "number" and not numbered):
        return None
    joint = _RANGE.fullmatch(text, first.end, second.begin)
    between = re.search(r"\bbetween\s+$", _ahead(text, first.begin))
    if not joint or (joint[0].strip() == "and" and not between):
        return None
    begins = first.value * (second.unit if first.form == "number" else 1.0)
    if not begins < second.value:
        return None
    begin, end = _widened(
        text, first.begin - len(numbered[0]) if numbered else first.begin, second.end
    )
    length = _LENGTH_BEFORE.search(_ahead(text, first.begin))
    if length or re.match(r"\s*(?:of\b|long\b|later\b)", text[second.end :]):
        middle = round((begins + second.value) / 2, 3)
        role = _timed(text, replace(second, value=middle, begin=first.begin), 2 * second.value)
        return role and replace(role, begin=begin, end=end)
    return TimePhrase("spans", begins, begin, end, until=second.value)


def _bare_cues(text: str, quantities: Sequence[Quantity]) -> list[TimePhrase]:
    """A cue sheet without units: "0-8: crickets, 8-12: an owl"; empty where it is none.

    Ranges of plain numbers are one where the first begins at zero, and each where one ended.
    """
    found: list[TimePhrase] = []
    for first, second in itertools.pairwise(quantities):
        joint = _RANGE.fullmatch(text, first.end, second.begin)
        plain = first.form == second.form == "number"
        begins = found[-1].until if found else 0.0
        if plain and joint and first.value == begins < second.value:
            place = _widened(text, first.begin, second.end)
            found.append(TimePhrase("spans", begins, *place, until=second.value))
    return found if len(found) > 1 else []


def _timed(text: str, quantity: Quantity, total: float) -> TimePhrase | None:
    """What a quantity with a unit says, by the words around it; None where it is no time."""
    before, after = _ahead(text, quantity.begin), text[quantity.end : quantity.end + CONTEXT]
    if quantity.form == "number" or (quantity.article and not _a_second(quantity, before, after)):
        return None
    decade = _DECADE.fullmatch(text, quantity.begin, quantity.end)
    if decade and (decade["century"] or _ARTICLE.search(before)):
        return None
    if quantity.value > max(total, _TOLD):
        return None
    kind: _Kind | Literal["none", "left"] = "lasts"
    follows = bool(_FOLLOWS.match(after))
    for role, ahead, behind in _ROLES:
        if re.search(ahead, before) and re.match(behind, after):
            kind = role
            break
        if role == "waits" and not follows and _WAITS_BEFORE.search(before):
            kind = "starts" if quantity.form == "clock" else "waits"
            break
    if kind == "none":
        return None
    begin, end = _widened(text, quantity.begin, quantity.end)
    if kind == "left":
        return TimePhrase("starts", max(0.0, total - quantity.value), begin, end)
    return TimePhrase(kind, quantity.value, begin, end, follows)


def _a_second(quantity: Quantity, before: str, after: str) -> bool:
    """Whether "a second" or "a minute" is a length, and not the next of several."""
    if quantity.unit != 1.0:
        return True
    alone = re.search(r"(?:^|[,.;:(]|\b(?:for|after|lasts|about|than|wait|only|and))\s*$", before)
    follows = re.match(r"\s*(?:of|later|long|each)\b", after)
    return bool(_A_SECOND.match(after) and (alone or follows))


def _says_length(text: str, quantity: Quantity) -> bool:
    before, after = _ahead(text, quantity.begin), text[quantity.end : quantity.end + CONTEXT]
    return bool(_LENGTH_BEFORE.search(before) or re.match(r"\s*(?:of\b|long\b)", after))


def _moments_or_lengths(
    times: Sequence[TimePhrase], clocks: Sequence[int], total: float
) -> list[TimePhrase]:
    """Clock times without a word that tells: moments where they rise, lengths where they do not,
    or where together they are the whole."""
    seconds = [times[i].seconds for i in clocks]
    rise = all(a < b for a, b in itertools.pairwise(seconds))
    fill = len(seconds) > 1 and abs(sum(seconds) - total) < TOLERANCE
    if not rise or fill:
        return list(times)
    return [replace(t, kind="starts") if i in clocks else t for i, t in enumerate(times)]


def _bare_numbers(
    text: str, quantities: Sequence[Quantity], found: Sequence[TimePhrase], total: float
) -> list[TimePhrase]:
    times = []
    for number in (q for q in quantities if q.form == "number" and 0 < q.value <= total):
        apart = all(number.end <= t.begin or number.begin >= t.end for t in found)
        for kind, before, after in _BARE if apart else ():
            if re.search(before, _ahead(text, number.begin)) and re.match(
                after, text[number.end :]
            ):
                begin, end = _widened(text, number.begin, number.end)
                times.append(TimePhrase(kind, number.value, begin, end))
                break
    return times


def _cue_sheet(times: Sequence[TimePhrase]) -> list[TimePhrase]:
    """Lengths that rise and begin with zero are moments: a cue sheet."""
    rising = all(a.seconds < b.seconds for a, b in itertools.pairwise(times))
    if len(times) > 1 and times[0].seconds == 0 and rising:
        return [replace(t, kind="starts") if t.kind == "lasts" else t for t in times]
    return [t for t in times if t.seconds > 0 or t.kind in ("starts", "spans")]


def _whole(times: Sequence[TimePhrase], text: str, total: float) -> list[TimePhrase]:
    """A length that fills the story is that of the whole, and so is one that stands by itself or
    introduces a list: "… 60 seconds.", "A market, ninety seconds: a rooster, shutters, …"."""
    lengths = [t for t in times if t.kind in ("lasts", "opens", "closes")]
    filling = [t for t in lengths if abs(t.seconds - total) < TOLERANCE]

    def whole(time: TimePhrase) -> bool:
        only = lengths == [time]
        apart = only and (_stands_alone(text, time) or _introduces(text, time))
        return apart or filling == [time]

    return [replace(t, kind="whole") if t in lengths and whole(t) else t for t in times]


def _sentence(text: str, time: TimePhrase) -> tuple[str, str, bool]:
    """What stands before and after a time in its sentence, and whether that is first or last."""
    begin = max((m.end() for m in re.finditer(r"[.!?;]\s+|\n", text[: time.begin])), default=0)
    stop = re.search(r"[.!?;](?:\s+|$)|\n", text[time.end :])
    end = time.end + stop.start() if stop else len(text)
    outer = not text[:begin].strip() or not text[end:].strip(" .!?;\n")
    return text[begin : time.begin], text[time.end : end], outer


def _stands_alone(text: str, time: TimePhrase) -> bool:
    before, after, outer = _sentence(text, time)
    said = re.sub(rf"{_ABOUT}$|\blast\w*", "", before) + " " + after
    return outer and not stems(said) and bool(stems(text))


def _introduces(text: str, time: TimePhrase) -> bool:
    before, after, _ = _sentence(text, time)
    introduction, colon, listed = after.partition(":")
    said = stems(before) or stems(introduction)
    return bool(colon and said and len([part for part in listed.split(",") if stems(part)]) > 1)


class TimedInstruction:
    """The clauses and the times of one instruction.

    Attributes:
        total: seconds of the whole story.
        times: those of events; what is said of the whole, or reaches beyond it, is in `notes`.
        count: how many events are asked for; None where no number is given.
        outside: a sentence for each time that reaches beyond the whole, or is another whole.
        notes: those, and one for each other time that a list of events cannot keep.
        clauses: without the times in them.
        places: for each time the clause that it speaks of; None where it is none or every one.
    """

    def __init__(self, instruction: str, total: float):
        self.text = instruction
        self.total = total
        read = read_times(instruction, total)
        counted = count_of_events(instruction)
        self.count = counted[0] if counted else None
        self.times = tuple(t for t in read if t.kind != "whole" and not _beyond(t, total))
        places = [(t.begin, t.end) for t in read]
        places += [counted[1:]] if counted else []
        masked = without(instruction, places, _MASK)
        parts = split_clauses(masked, self._cuts(split_clauses(masked)))
        self.clauses = tuple(replace(part, text=part.text.replace(_MASK, " ")) for part in parts)
        self.places = [self._place(time) for time in self.times]
        self.outside = tuple(self._outside(read))
        self.notes = (*self.outside, *self._unplaced())

    def _outside(self, read: Sequence[TimePhrase]) -> Iterator[str]:
        for time in read:
            written = self.text[time.begin : time.end].strip()
            if time.kind == "whole" and abs(time.seconds - self.total) >= TOLERANCE:
                yield (
                    f"The instruction asks for {time.seconds:g} s in all, the story lasts "
                    f"{self.total:g} s; set its length to {time.seconds:g} s and draft again."
                )
            elif time.kind != "whole" and _beyond(time, self.total):
                yield (
                    f"\u201c{written}\u201d is not within the story's {self.total:g} s; "
                    "it was not kept."
                )

    def _unplaced(self) -> Iterator[str]:
        for time, place in zip(self.times, self.places, strict=True):
            if place is None and time.kind in ("starts", "spans", "ends"):
                yield (
                    f"\u201c{self.text[time.begin : time.end].strip()}\u201d was not kept: a sound "
                    "has one time; name it once more for another."
                )

    def _cuts(self, parts: Sequence[InstructionClause]) -> list[int]:
        """Moments that begin a clause of their own: "0:00 engine starts 0:04 tires squeal".

        What is said in such a clause follows the moment.
        """
        trailing = [t for part in parts for t in self._bracketed_behind(part)]
        cuts = [
            t.end
            for part in parts
            for t in trailing
            if part.begin <= t.begin < part.end and part.words[-1][1] > t.end
        ]
        moments = [
            t.begin for t in self.times if t.kind in ("starts", "spans") and t not in trailing
        ]
        inside = [
            [at for at in moments if part.begin <= at < (part.words or [("", 0)])[-1][1]]
            for part in parts
        ]
        bare = re.compile(r"[\[(\d]")
        return cuts + [
            at for cue in inside for at in cue if len(cue) > 1 or bare.match(self.text, at)
        ]

    def _bracketed_behind(self, part: InstructionClause) -> list[TimePhrase]:
        """Times in brackets behind what they speak of: "rain (3 s) thunder (4 s)"."""
        own = [t for t in self.times if part.begin <= t.begin < part.end]
        own = [t for t in own if self.text[t.end - 1] in ")]"]
        behind = bool(own and part.words and part.words[0][1] < own[0].begin)
        return own if behind else []

    def _place(self, time: TimePhrase) -> int | None:
        """The clause that a time speaks of: its own, or a neighbour if its own says no more."""
        own = next(
            (
                i
                for i, p in enumerate(self.clauses)
                if p.begin <= time.begin < max(p.end, p.begin + 1)
            ),
            None,
        )
        if own is None or time.kind == "each" or self._said_again(own, time):
            return None
        if self.clauses[own].words:
            return own
        sentence = self.clauses[own].sentence
        taken = any(
            own > 0 and self.clauses[own - 1].begin <= t.begin < self.clauses[own - 1].end
            for t in self.times
        )
        labelled = re.search(r":\s*\Z", _ahead(self.text, time.begin)) is not None
        ahead = time.follows or (time.kind in ("waits", "starts", "spans") and not labelled)
        near = own > 0 and not ahead and (not taken or labelled or time.kind == "ends")
        before = self.clauses[own - 1]
        members = [clause for clause in self.clauses if clause.sentence == sentence]
        alone = not any(clause.words for clause in members)
        if near and before.words and (before.sentence == sentence or alone):
            return own - 1
        later = (i for i in range(own + 1, len(self.clauses)) if self.clauses[i].words)
        return next(later, own - 1 if own else None)

    def _said_again(self, own: int, time: TimePhrase) -> bool:
        """Whether a time is a second one of what was said before: "and again at 0:16"."""
        clause = self.clauses[own]
        before = clause.text[: max(0, time.begin - clause.begin)]
        return not clause.words and re.search(r"\bagain\b", before) is not None

    def timing(self, phrases: Sequence[str]) -> GivenTimes:
        """Times of the events that say these phrases, as far as they are given."""
        places = align(phrases, self.clauses)
        lengths: dict[int, float] = {}
        starts: dict[int, float] = {}
        ends: dict[int, float] = {}
        for time, own in zip(self.times, self.places, strict=True):
            if time.kind == "each":
                lengths |= {i: time.seconds for i in range(len(phrases)) if i not in lengths}
                continue
            inside = [i for i, place in enumerate(places) if place == own and own is not None]
            if not inside:
                continue
            i = self._nearest(time, inside, phrases)
            if time.kind == "starts":
                starts.setdefault(i, time.seconds)
            elif time.kind == "ends":
                ends[i] = time.seconds
            elif time.kind == "spans":
                starts[i], ends[i] = time.seconds, time.until
            elif time.kind == "waits":
                if i > 0:
                    lengths.setdefault(i - 1, time.seconds)
            else:
                lengths.setdefault(i, time.seconds)
        return GivenTimes(lengths, starts, ends)

    def _nearest(self, time: TimePhrase, inside: Sequence[int], phrases: Sequence[str]) -> int:
        """Of the events in the clause, the one that the time stands by."""
        if time.kind in ("waits", "starts", "spans"):
            after = [i for i in inside if self._offset(i, phrases) >= time.end]
            return (after or inside)[0]
        behind = [i for i in inside if self._offset(i, phrases) < time.begin]
        ahead = [i for i in inside if self._offset(i, phrases) >= time.end]
        if time.follows or not behind:
            return (ahead or inside)[0]
        return behind[-1]

    def _offset(self, i: int, phrases: Sequence[str]) -> int:
        """Where in the text an event's first word stands."""
        wanted = {stem(word) for word in re.findall(r"[^\W\d_]+", phrases[i])}
        place = align(phrases, self.clauses)[i]
        words = self.clauses[place].words if place is not None else ()
        return next((offset for s, offset in words if s in wanted), -1)

    @property
    def given_seconds(self) -> float:
        """Seconds that the instruction gives away to what its clauses say."""
        own = ("lasts", "opens", "closes")
        placed = [t for t, p in zip(self.times, self.places, strict=True) if p is not None]
        spans = sum(t.until - t.seconds for t in placed if t.kind == "spans")
        return spans + sum(t.seconds for t in placed if t.kind in own)

    def timed_clauses(self) -> list[int]:
        """Clauses that have to become events: a length or a moment hangs on them."""
        found: set[int] = set()
        for time, place in zip(self.times, self.places, strict=True):
            if place is None:
                continue
            found.add(place)
            if time.kind == "waits":
                before = [i for i in range(place) if self.clauses[i].words]
                found.update(before[-1:])
        return sorted(found)

    @property
    def clause_texts(self) -> tuple[str, ...]:
        """What the clauses say, but for those that only hold times or joining words."""
        return tuple(self.clause_text(i) for i, part in enumerate(self.clauses) if part.words)

    def clauses_where(self, holds: Callable[[str], bool]) -> frozenset[int]:
        """Places of the clauses of whose text that holds."""
        spoken = [i for i, part in enumerate(self.clauses) if part.words]
        return frozenset(i for i in spoken if holds(self.clause_text(i)))

    def clause_text(self, place: int) -> str:
        """What a clause says, without its time and what introduces it."""
        text = " ".join(re.sub(r"[()\[\]]", " ", self.clauses[place].text).split())
        return _TAIL.sub("", _HEAD.sub("", text)).strip(" .,;:!").lower()


_HEAD = re.compile(
    r"^\W*(?:(?:and|then|after|for|of|with|let|give|make|the rest|the last|the first|i need|hold on"
    r"|nothing but|later|is|are|more|(?:it )?(?:starts?|opens?|begins?)(?: with| on)?"
    r"|please|(?:i|we)(?:['\u2019]d| would)? (?:want|need|like)(?: to hear)?|create|generate|play"
    r"|me|us|hear|(?:the |an? |some )?(?:sounds?|audio|noises?|clip|recording|soundscape) of)\s+)*",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"(?:\s+(?:for|gets?|lasts?|lasting|of|to|in|at|an?|full|follows?))+$", re.IGNORECASE
)


_MASK = "\x00"
"""Stands for the characters of times, so that nothing in them joins or ends a clause."""


def _beyond(time: TimePhrase, total: float) -> bool:
    """Whether a time lies outside the story, or would take more than all of it."""
    moment = time.kind in ("starts", "spans")
    return (time.seconds > total - TOLERANCE) if moment else time.seconds > total + TOLERANCE
