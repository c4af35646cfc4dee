"""How long each event lasts: given times exactly, the rest as long as it sounds natural.

All seconds; lengths lie on the timeline's grid and sum to the total.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.errors import StoryError
from core.story.limits import MIN_DURATION, TOLERANCE

GRID = 0.1


@dataclass(frozen=True)
class Span:
    """Natural length of a sound in seconds; what `lasts` fills the time, a shot ends by itself."""

    shortest: float
    longest: float
    lasts: bool


@dataclass(frozen=True)
class Lengths:
    """The fitted lengths, and a sentence for each given time that could not be kept.

    Attributes:
        above: starts of the events that lie over the others, by place.
    """

    seconds: tuple[float, ...]
    contradictions: tuple[str, ...] = ()
    above: Mapping[int, float] = field(default_factory=dict)


def natural(wanted: Sequence[float], spans: Sequence[Span | None], total: float) -> list[float]:
    """Lengths brought towards what suits each sound, as far as the total has room for it.

    A shot is never made longer than it can be while something that lasts can take the time; where
    all is too short together, what lasts grows first. Sounds without a span keep their share.
    """
    known = [length for length in wanted if length > 0]
    average = sum(known) / len(known) if known else 1.0
    shares = [length if length > 0 else average for length in wanted]
    scale = total / sum(shares)
    lengths = [share * scale for share in shares]
    bounded = [
        min(max(length, span.shortest), span.longest) if span else length
        for length, span in zip(lengths, spans, strict=True)
    ]
    spare = total - sum(bounded)
    growing = [i for i, span in enumerate(spans) if span is None or span.lasts]
    if spare > 0 and growing:
        weight = sum(bounded[i] for i in growing)
        return [
            length + spare * length / weight if i in growing else length
            for i, length in enumerate(bounded)
        ]
    return [length * total / sum(bounded) for length in bounded]


@dataclass(frozen=True)
class GivenTimes:
    """Lengths and moments that are given, by place from 0, in seconds."""

    lengths: Mapping[int, float] = field(default_factory=dict)
    starts: Mapping[int, float] = field(default_factory=dict)
    ends: Mapping[int, float] = field(default_factory=dict)

    def length(self, place: int) -> float | None:
        """The length of an event, given as such or by its start and end."""
        if place in self.starts and place in self.ends:
            return round(max(0.0, self.ends[place] - self.starts[place]), 6) or None
        return self.lengths.get(place)

    def among(self, places: Sequence[int]) -> GivenTimes:
        """Those of some of the events, which are counted anew."""
        number = {place: i for i, place in enumerate(places)}
        lengths, starts, ends = (
            {number[p]: seconds for p, seconds in given.items() if p in number}
            for given in (self.lengths, self.starts, self.ends)
        )
        return GivenTimes(lengths, starts, ends)


def fit_story(
    wanted: Sequence[float],
    total: float,
    given: GivenTimes,
    spans: Sequence[Span | None] | None = None,
) -> Lengths:
    """Fit all events of a story to the total, given lengths and moments exactly.

    An event whose start and end are given, and that leaves a hole where it is told in turn, lies
    over the others. Times that contradict one another or the total give way with a sentence: a
    length that does not fit between two given moments, a moment that leaves no time for what comes
    before it, and an end after which nothing is told.
    """
    known = spans or [None] * len(wanted)
    both = {i for i in given.starts if i in given.lengths and i not in given.ends}
    ends = {**{i: given.starts[i] + given.lengths[i] for i in both}, **given.ends}
    given = GivenTimes(
        {i: seconds for i, seconds in given.lengths.items() if i not in both}, given.starts, ends
    )
    places = list(range(len(wanted)))
    told = _in_turn(places, wanted, total, given, known)
    movable = sorted(
        (i for i in given.starts if i in ends), key=lambda i: ends[i] - given.starts[i]
    )
    for place in movable:
        others = [i for i in places if i != place]
        if others and place in told.misses:
            without = _in_turn(others, wanted, total, given, known)
            if sum(without.misses.values()) < sum(told.misses.values()):
                places, told = others, without
    above = {i: given.starts[i] for i in movable if i not in places}
    seconds = told.seconds | {i: round(ends[i] - start, 6) for i, start in above.items()}
    notes = [*told.notes, *(told.note(i, given) for i in told.misses)]
    return Lengths(tuple(seconds[i] for i in range(len(wanted))), tuple(filter(None, notes)), above)


@dataclass(frozen=True)
class _Told:
    """Events one after the other.

    Attributes:
        seconds, begins: length and start of each event, by place.
        misses: seconds by which the moments given for an event are missed, where they are.
    """

    seconds: dict[int, float]
    begins: dict[int, float]
    misses: dict[int, float]
    notes: tuple[str, ...]

    def note(self, place: int, given: GivenTimes) -> str:
        """What is to be said of an event that goes on after its given end."""
        end = self.begins[place] + self.seconds[place]
        if end <= given.ends.get(place, end) + TOLERANCE:
            return ""
        return (
            f"Event {place + 1} was to end at {given.ends[place]:g} s, but nothing else is told "
            f"until {end:g} s; it goes on until then."
        )


def _in_turn(
    places: Sequence[int],
    wanted: Sequence[float],
    total: float,
    given: GivenTimes,
    spans: Sequence[Span | None],
) -> _Told:
    """Fit some of the events to the total, one after the other."""
    own = given.among(places)
    starts = dict(own.starts)
    for i, end in own.ends.items():
        if i + 1 < len(places):
            starts.setdefault(i + 1, end)
    notes: list[str] = []
    anchors = _anchors(len(places), total, starts, notes)
    fitted: list[float] = []
    for (first, begin), (after, end) in itertools.pairwise(anchors):
        part = range(first, after)
        lengths = {i - first: own.lengths[i] for i in part if i in own.lengths}
        fitted += _fit_part(
            [wanted[places[i]] for i in part], round(end - begin, 6), lengths,
            [spans[places[i]] for i in part], notes,
        )  # fmt: skip
    begins = [0.0, *itertools.accumulate(fitted)]
    misses = {
        place: abs(begins[i] - own.starts.get(i, begins[i]))
        + abs(begins[i + 1] - own.ends.get(i, begins[i + 1]))
        for i, place in enumerate(places)
    }
    return _Told(
        dict(zip(places, fitted, strict=True)),
        dict(zip(places, begins, strict=False)),
        {place: missed for place, missed in misses.items() if missed > TOLERANCE},
        tuple(notes),
    )


def _anchors(
    count: int, total: float, starts: Mapping[int, float], notes: list[str]
) -> list[tuple[int, float]]:
    """Places whose start is fixed, with it; the first is (0, 0), the last (count, total)."""
    anchors = [(0, 0.0)]
    for place in sorted(starts):
        start = round(starts[place], 3)
        before, clock = anchors[-1]
        if place == 0 and start > 0:
            notes.append(f"Nothing is told before {start:g} s; the first event starts at 0 s.")
        elif place > 0:
            room = start - clock >= MIN_DURATION * (place - before)
            later = total - start >= MIN_DURATION * (count - place)
            if room and later and place > before:
                anchors.append((place, start))
            else:
                notes.append(
                    f"The start at {start:g} s leaves no time for the events around it; "
                    "it was not kept."
                )
    return [*anchors, (count, total)]


def _fit_part(
    wanted: Sequence[float],
    room: float,
    given: Mapping[int, float],
    spans: Sequence[Span | None],
    notes: list[str],
) -> list[float]:
    """Fit the events between two moments; the given lengths give way if they must."""
    told = sum(given.values())
    free = [i for i in range(len(wanted)) if i not in given]
    least = told + MIN_DURATION * len(free)
    if least > room + 1e-6 or (not free and abs(told - room) > 1e-6):
        notes.append(
            f"The times given sum to {told:g} s where the story has {room:g} s; they were scaled."
        )
        scaled = [given.get(i, 1.0) for i in range(len(wanted))]
        return fit_durations(scaled, room)
    lengths = [given.get(i, wanted[i]) for i in range(len(wanted))]
    if free:
        shares = natural([wanted[i] for i in free], [spans[i] for i in free], room - told)
        for i, share in zip(free, shares, strict=True):
            lengths[i] = share
    return fit_durations(lengths, room, [i in given for i in range(len(wanted))])


def fit_durations(
    durations: Sequence[float], total: float, fixed: Sequence[bool] | None = None
) -> list[float]:
    """Scale durations so that they sum to `total` exactly; the shares stay as told.

    Args:
        durations: seconds; zero or less stands for "unknown" and gets an average share.
        total: seconds to fill.
        fixed: durations that must stay as they are (explicit or locked).

    Returns:
        Seconds on a grid of 0.1 s (the last one takes what is off the grid), each at least
        0.1 s.

    Raises:
        StoryError: the fixed durations leave no room for the others.
    """
    held = list(fixed or [False] * len(durations))
    free = [i for i, keep in enumerate(held) if not keep]
    room = total - sum(d for d, keep in zip(durations, held, strict=True) if keep)
    fitted = list(durations)
    if not free:
        if abs(room) > 1e-6:
            raise StoryError("All durations are fixed and do not sum to the total; unlock one.")
        return fitted
    if room < MIN_DURATION * len(free) - 1e-9:
        raise StoryError(f"{total:g} s leave no room for {len(durations)} events; make it longer.")
    known = [durations[i] for i in free if durations[i] > 0]
    average = sum(known) / len(known) if known else 1.0
    wanted = [durations[i] if durations[i] > 0 else average for i in free]
    for i, seconds in zip(free, _apportion(wanted, room), strict=True):
        fitted[i] = seconds
    return fitted


def _apportion(weights: Sequence[float], room: float) -> list[float]:
    """Largest remainders on the grid, with every share at least one grid step."""
    steps = int(room / GRID + 1e-6)
    exact = [steps * w / sum(weights) for w in weights]
    shares = [max(1, int(e + 1e-9)) for e in exact]
    while sum(shares) != steps:
        step = 1 if sum(shares) < steps else -1
        candidates = [i for i in range(len(shares)) if shares[i] + step >= 1]
        shares[max(candidates, key=lambda i: step * (exact[i] - shares[i]))] += step
    seconds = [round(share * GRID, 3) for share in shares]
    seconds[-1] = round(room - sum(seconds[:-1]), 6)
    return seconds
