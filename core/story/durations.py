"""How long each event lasts: given times exactly, the rest as long as it sounds natural.

All seconds; lengths lie on the timeline's grid and sum to the total.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.errors import StoryError
from core.story.limits import MIN_DURATION

GRID = 0.1


@dataclass(frozen=True)
class Span:
    """Natural length of a sound in seconds; what `lasts` fills the time, a shot ends by itself."""

    shortest: float
    longest: float
    lasts: bool


@dataclass(frozen=True)
class Lengths:
    """The fitted lengths, and a sentence for each given time that could not be kept."""

    seconds: tuple[float, ...]
    contradictions: tuple[str, ...] = ()


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


def fit_story(
    wanted: Sequence[float],
    total: float,
    lengths: Mapping[int, float],
    starts: Mapping[int, float],
    spans: Sequence[Span | None] | None = None,
) -> Lengths:
    """Fit all events of a story to the total, given lengths and starts (by place) exactly.

    Times that contradict one another or the total give way with a sentence: a length that does
    not fit between two given moments, and a moment that leaves no time for what comes before it.
    """
    known = spans or [None] * len(wanted)
    notes: list[str] = []
    anchors = _anchors(len(wanted), total, starts, notes)
    fitted: list[float] = []
    for (first, begin), (after, end) in itertools.pairwise(anchors):
        places = range(first, after)
        given = {i - first: lengths[i] for i in places if i in lengths}
        fitted += _fit_part(
            [wanted[i] for i in places], round(end - begin, 6), given,
            [known[i] for i in places], notes,
        )  # fmt: skip
    return Lengths(tuple(fitted), tuple(notes))


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
