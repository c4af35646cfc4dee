"""Times that an instruction gives, and the events that they belong to.

"5 seconds of rain", "for ten seconds", "after 10 s", "at 0:12", "[12s]", "half a minute", "the last
4 seconds", "nine seconds each" are times; "two knocks" and "a second knock" are not, and neither is
the length of the whole ("30 seconds in all").
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from core.director.clauses import InstructionClause, align, split_clauses, stem

_Kind = Literal["lasts", "waits", "starts", "opens", "closes", "each"]

_TO_NINETEEN = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen"
)
_TO_NINETY = "twenty thirty forty fifty sixty seventy eighty ninety"
_ONES = {word: n for n, word in enumerate(_TO_NINETEEN.split())}
_TENS = {word: 10 * n for n, word in enumerate(_TO_NINETY.split(), 2)}
_WORDED = "|".join([*_TENS, *sorted(_ONES, key=len, reverse=True)])
_NUMBER = (
    rf"(?:\d+(?:\.\d+)?|(?:{'|'.join(_TENS)})[- ](?:{'|'.join(_ONES)})|{_WORDED}"
    r"|half\s+an?|an?\s+half|a\s+couple\s+of|an?)"
)
_UNIT = r"(?P<unit>seconds?|secs?|s|minutes?|mins?)"
_TIME = re.compile(
    rf"(?<![\w.:])(?P<number>{_NUMBER})(?P<half>\s+and\s+a\s+half)?[\s-]*(?:more\s+|full\s+)?{_UNIT}"
    r"(?!\w|[:.]\d)(?P<after_half>\s+and\s+a\s+half\b)?",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"(?<![\d:])(?P<minutes>\d{1,2}):(?P<seconds>[0-5]\d)(?![\d:])")
_BARE_FOR = re.compile(
    rf"\bfor\s+(?P<number>{_WORDED}|\d+(?:\.\d+)?)(?:\s+more)?(?=\s*(?:[,.;)]|$))", re.IGNORECASE
)
_BARE_AT = re.compile(r"\bat\s+(?P<number>\d+(?:\.\d+)?)(?=\s*(?:[,.;)]|$|with\b|and\b))")
_BARE_END = re.compile(
    rf"(?<=[a-z] )(?P<number>{_WORDED}|\d+(?:\.\d+)?)(?=\s*(?:[,.;]|$))", re.IGNORECASE
)
_A_SECOND = re.compile(r"\s*(?:[,.;)]|$|(?:of|later|long|before|then|and|each)\b)", re.IGNORECASE)
_WHOLE = re.compile(
    r"\s*(?:in\s+all\b|in\s+total|total\b|altogether|overall|in\s+length|(?:story|scene|soundscape"
    r"|track|clip|sequence|audio|piece|mix|recording)\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class TimePhrase:
    """A time in the text.

    Attributes:
        kind: `lasts` (a length), `waits` (the length of what came before), `starts` (a moment of
            the story), `opens` and `closes` (the length of the first and last thing), `each`.
        begin, end: its place in the text.
        follows: it belongs to what stands after it ("5 seconds of …").
    """

    kind: _Kind
    seconds: float
    begin: int
    end: int
    follows: bool = False


@dataclass(frozen=True)
class Timing:
    """What the instruction fixes about the events of a plan, by place from 0, in seconds."""

    lengths: dict[int, float]
    starts: dict[int, float]


def number_of(text: str) -> float:
    """The value of a number in digits or words: "twenty-five", "half a", "a couple of"."""
    text = " ".join(text.lower().replace("-", " ").split())
    if re.fullmatch(r"[\d.]+", text):
        return float(text)
    if text in ("half a", "half an", "a half"):
        return 0.5
    if text in ("a", "an", "a couple of"):
        return 2.0 if "couple" in text else 1.0
    return float(sum(_TENS.get(word, _ONES.get(word, 0)) for word in text.split()))


def read_times(instruction: str, total: float) -> tuple[TimePhrase, ...]:
    """The times in the text, in order; what is said of the whole story is left out."""
    found = [t for m in _TIME.finditer(instruction) if (t := _timed(instruction, m, total))]
    found += [
        TimePhrase(
            "starts", 60.0 * int(m["minutes"]) + int(m["seconds"]), *_widened(instruction, m)
        )
        for m in _CLOCK.finditer(instruction)
        if 60 * int(m["minutes"]) + int(m["seconds"]) <= total
    ]
    if found or _TIME.search(instruction):
        for pattern, kind in ((_BARE_FOR, "lasts"), (_BARE_AT, "starts"), (_BARE_END, "lasts")):
            for m in pattern.finditer(instruction):
                apart = all(m.end() <= t.begin or m.start() >= t.end for t in found)
                if apart and 0 < number_of(m["number"]) <= total:
                    found.append(_bare(kind, m))
    found.sort(key=lambda t: t.begin)
    return tuple(_cue_sheet(found, instruction))


def _bare(kind: str, match: re.Match[str]) -> TimePhrase:
    seconds = number_of(match["number"])
    if kind == "starts":
        return TimePhrase("starts", seconds, match.start(), match.end())
    return TimePhrase("lasts", seconds, match.start(), match.end())


def _widened(text: str, match: re.Match[str]) -> tuple[int, int]:
    """The place of a match with the brackets and the "at" around it."""
    before = re.search(r"(?:\b(?:at|from)\s+(?:the\s+)?|@\s*)?[\[(]?$", text[: match.start()])
    after = re.match(r"[-\s]*mark\b|[\])]", text[match.end() :])
    begin = before.start() if before else match.start()
    return begin, match.end() + (after.end() if after else 0)


def _timed(text: str, match: re.Match[str], total: float) -> TimePhrase | None:
    """What a number with a unit says, by the words around it; None where it is no time."""
    before, after = text[: match.start()].lower(), text[match.end() :].lower()
    word, unit = match["number"].lower(), match["unit"].lower()
    if word in ("a", "an") and unit in ("second", "sec", "s") and not _A_SECOND.match(after):
        return None
    seconds = number_of(word) + (0.5 if match["half"] or match["after_half"] else 0.0)
    seconds *= 60.0 if unit.startswith("min") else 1.0
    if seconds >= 1000:
        return None
    if unit == "s" and re.search(r"\b(?:every|an?|the|early|mid|late)[\s-]*$", before):
        return None
    if re.search(r"\bevery\s*$", before) or re.match(r"\s*(?:apart|ago)\b", after):
        return None
    if abs(seconds - total) < 1e-6 and (
        _WHOLE.match(after)
        or re.match(r"\s*long\b", after)
        or re.search(r"\b(?:about|around|roughly|total|keep it|make it|story|scene)\W*$", before)
    ):
        return None
    if _WHOLE.match(after):
        return None
    begin, end = _widened(text, match)
    follows = bool(re.match(r"\s*(?:of\b|:)", after))
    kind: _Kind = "lasts"
    if re.match(r"\s*(?:each|apiece)\b", after) or re.search(r"\beach\s+(?:\w+\s+)?$", before):
        kind = "each"
    elif (
        re.search(r"(?:\bat|\bfrom|@)\s*(?:the\s+)?$", before)
        or re.match(r"[-\s]*mark\b", after)
        or re.search(r"(?:^|[\n,;.]\s*)\[$", before)
        or re.match(r"\s+in(?:to it)?\s*,", after)
    ):
        kind = "starts"
    elif re.search(r"\b(?:first|opening)\s*$", before):
        kind = "opens"
    elif re.search(r"\b(?:last|final)\s*$", before):
        kind = "closes"
    elif re.match(r"\s*(?:later|afterwards?|after)\b", after) or (
        re.search(r"\bafter\s+(?:another\s+|about\s+)?$", before) and not follows
    ):
        kind = "waits"
    return TimePhrase(kind, seconds, begin, end, follows)


def _cue_sheet(times: Sequence[TimePhrase], text: str) -> list[TimePhrase]:
    """Bare lengths that begin their clauses, rise and begin with zero are moments: a cue sheet."""
    rising = all(a.seconds < b.seconds for a, b in itertools.pairwise(times))
    if len(times) > 1 and times[0].seconds == 0 and rising:
        return [TimePhrase("starts", t.seconds, t.begin, t.end) for t in times]
    return [t for t in times if t.seconds > 0 or t.kind == "starts"]


class TimedInstruction:
    """The clauses and the times of one instruction.

    Attributes:
        total: seconds of the whole story.
        clauses: without the times in them.
        places: for each time the clause that it speaks of; None where it is none or every one.
    """

    def __init__(self, instruction: str, total: float):
        self.text = instruction
        self.total = total
        self.times = read_times(instruction, total)
        parts = split_clauses(instruction, self._cuts(split_clauses(instruction)))
        self.clauses = tuple(_outside_times(part, self.times) for part in parts)
        self.places = [self._place(time) for time in self.times]

    def _cuts(self, parts: Sequence[InstructionClause]) -> list[int]:
        """Moments that begin a clause of their own: "0:00 engine starts 0:04 tires squeal"."""
        moments = [time.begin for time in self.times if time.kind == "starts"]
        inside = [[at for at in moments if part.begin <= at < part.end] for part in parts]
        bare = re.compile(r"[\[(\d]")
        return [at for cue in inside for at in cue if len(cue) > 1 or bare.match(self.text, at)]

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
        if own is None or time.kind == "each":
            return None
        if self.clauses[own].words:
            return own
        sentence = self.clauses[own].sentence
        taken = any(
            own > 0 and self.clauses[own - 1].begin <= t.begin < self.clauses[own - 1].end
            for t in self.times
        )
        near = own > 0 and not time.follows and time.kind not in ("waits", "starts") and not taken
        before = self.clauses[own - 1]
        if near and before.sentence == sentence and before.words:
            return own - 1
        later = (i for i in range(own + 1, len(self.clauses)) if self.clauses[i].words)
        return next(later, own - 1 if own else None)

    def timing(self, phrases: Sequence[str]) -> Timing:
        """Lengths and starts of the events that say these phrases, as far as times are given."""
        places = align(phrases, self.clauses)
        lengths: dict[int, float] = {}
        starts: dict[int, float] = {}
        for time, own in zip(self.times, self.places, strict=True):
            if time.kind == "each":
                lengths |= {i: time.seconds for i in range(len(phrases)) if i not in lengths}
                continue
            inside = [i for i, place in enumerate(places) if place == own and own is not None]
            if not inside:
                continue
            i = self._nearest(time, inside, phrases)
            if time.kind == "starts":
                starts[i] = time.seconds
            elif time.kind == "waits":
                if i > 0:
                    lengths.setdefault(i - 1, time.seconds)
            else:
                lengths.setdefault(i, time.seconds)
        return Timing(lengths, starts)

    def _nearest(self, time: TimePhrase, inside: Sequence[int], phrases: Sequence[str]) -> int:
        """Of the events in the clause, the one that the time stands by."""
        if time.kind in ("waits", "starts"):
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
        pairs = zip(self.times, self.places, strict=True)
        return sum(t.seconds for t, place in pairs if place is not None and t.kind in own)

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


def _outside_times(part: InstructionClause, times: Sequence[TimePhrase]) -> InstructionClause:
    """The clause with its times taken out of the text and the words."""
    text = list(part.text)
    for time in times:
        for i in range(max(time.begin, part.begin), min(time.end, part.end)):
            text[i - part.begin] = " "
    kept = tuple((s, at) for s, at in part.words if not any(t.begin <= at < t.end for t in times))
    return InstructionClause("".join(text), part.begin, part.end, part.sentence, kept)
