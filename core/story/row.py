"""Layer 0 as it is laid out: its events in order, and the free seconds before, between, after them.

An edit changes events and gaps, and the starts follow from them. With ripple what follows an edit
moves along, so that all other gaps stay; without it everything else stays where it is, and a gap
opens or closes instead.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.errors import StoryError
from core.story.limits import MAX_LAYER, MIN_DURATION, TOLERANCE, to_milliseconds
from core.story.same_source import with_sources_kept
from core.story.story import Event, Story
from core.story.window import begun_later, with_length


@dataclass(frozen=True)
class Row:
    """The events of layer 0 and the gaps around them.

    Attributes:
        events: in order; their starts are those of the story that they come from.
        gaps: seconds before each event, and after the last to the story's end.
    """

    events: tuple[Event, ...]
    gaps: tuple[float, ...]

    @staticmethod
    def of(story: Story) -> Row:
        """The row of a story."""
        ends = [0.0, *(event.end for event in story.sequence)]
        starts = [*(event.start for event in story.sequence), story.total]
        gaps = (start - end for start, end in zip(starts, ends, strict=True))
        return Row(story.sequence, tuple(gap if gap > TOLERANCE else 0.0 for gap in gaps))

    @property
    def placed(self) -> tuple[Event, ...]:
        """The events with the starts that follow from the gaps."""
        clock, placed = 0.0, []
        for gap, event in zip(self.gaps, self.events, strict=False):
            clock += gap
            placed.append(dataclasses.replace(event, start=to_milliseconds(clock)))
            clock += event.duration
        return tuple(placed)

    @property
    def total(self) -> float:
        """Seconds of the story."""
        if not self.events:
            return self.gaps[0]
        return to_milliseconds(sum(self.gaps) + sum(event.duration for event in self.events))

    def with_event(self, place: int, event: Event, before: float = 0.0, after: float = 0.0) -> Row:
        """The row with another event at a place, and gaps around it that are so much longer."""
        gaps = list(self.gaps)
        gaps[place] += before
        gaps[place + 1] += after
        return Row((*self.events[:place], event, *self.events[place + 1 :]), tuple(gaps))

    def without(self, place: int, *, closing: bool) -> Row:
        """The row without an event: what follows moves up, or a gap is left."""
        left = self.gaps[place] + self.gaps[place + 1]
        left += 0.0 if closing else self.events[place].duration
        return Row(
            (*self.events[:place], *self.events[place + 1 :]),
            (*self.gaps[:place], left, *self.gaps[place + 2 :]),
        )

    def inserted(self, place: int, events: Sequence[Event], before: float, after: float) -> Row:
        """The row with events that follow one another, so long before and after the others."""
        between = (0.0,) * (len(events) - 1)
        return Row(
            (*self.events[:place], *events, *self.events[place:]),
            (*self.gaps[:place], before, *between, after, *self.gaps[place + 1 :]),
        )

    def with_free(self, event: Event, start: float) -> Row | None:
        """The row with an event at a moment where nothing else is; None: something is."""
        clock = 0.0
        for place, gap in enumerate(self.gaps):
            before = start - clock
            after = gap - before - event.duration
            last = place == len(self.events)
            if before >= -TOLERANCE and (after >= -TOLERANCE or last):
                return self.inserted(place, [event], max(0.0, before), max(0.0, after))
            if not last:
                clock += gap + self.events[place].duration
        return None

    def reaching(self, end: float) -> Row:
        """The row of a story that is long enough for what ends there."""
        more = max(0.0, end - self.total)
        return Row(self.events, (*self.gaps[:-1], self.gaps[-1] + more))

    def seam(self, seconds: float) -> int:
        """The place in the order whose seam, the end of what is before it, is nearest."""
        seams = [0.0, *(event.end for event in self.events)]
        return min(range(len(seams)), key=lambda i: abs(seams[i] - seconds))

    def end_before(self, place: int) -> float:
        """Seconds at which what is before a place ends."""
        return self.events[place - 1].end if place else 0.0

    def settled(self, place: int) -> Row:
        """The row with the neighbours of an event cut where it reaches into them.

        Raises:
            StoryError: a neighbour is locked, or nothing of it would be left.
        """
        row, last = self, len(self.events) - 1
        if place and (into := -row.gaps[place]) > TOLERANCE:
            before = row.events[place - 1]
            shorter = with_length(before, _left_of(before, into))
            row = row.with_event(place - 1, shorter, after=into)
        if place < last and (into := -row.gaps[place + 1]) > TOLERANCE:
            after = row.events[place + 1]
            shorter = begun_later(after, into, _left_of(after, into))
            row = row.with_event(place + 1, shorter, before=into)
        return Row(row.events, tuple(max(0.0, gap) for gap in row.gaps))


def _left_of(event: Event, seconds: float) -> float:
    """What is left of an event's length where it gives way for so many seconds."""
    if event.locked:
        raise StoryError(f"{event.caption!r} is locked and gives no room; unlock it first.")
    if event.duration - seconds < MIN_DURATION:
        raise StoryError(f"Nothing of {event.caption!r} would be left; stop sooner, or delete it.")
    return event.duration - seconds


def meeting_runs(events: Sequence[Event]) -> list[list[Event]]:
    """Events of layer 0 in order, as those that meet."""
    found: list[list[Event]] = []
    for event in events:
        if found and event.start - found[-1][-1].end <= TOLERANCE:
            found[-1].append(event)
        else:
            found.append([event])
    return found


def laid_out(story: Story, row: Row, above: Iterable[Event]) -> Story:
    """The story with this row as layer 0 and these events above it, kept within its total.

    Raises:
        StoryError: what is locked is longer than the story.
    """
    total = row.total
    inside = sorted((_inside(e, total) for e in above), key=lambda e: (e.layer, e.start, e.id))
    events = with_sources_kept((*row.placed, *inside))
    return dataclasses.replace(story, total=total, events=events)


def rippled(events: Iterable[Event], since: float, delta: float) -> list[Event]:
    """Events above the story follow a ripple when they start at or after it."""
    return [
        dataclasses.replace(e, start=max(0.0, to_milliseconds(e.start + delta)))
        if e.start >= since - TOLERANCE
        else e
        for e in events
    ]


def free_layer(story: Story, start: float, duration: float, layer: int = 1) -> int:
    """The lowest layer from `layer` on where nothing sounds during these seconds."""
    return free_layer_among(story.events, start, duration, layer)


def free_layer_among(events: Iterable[Event], start: float, duration: float, layer: int = 1) -> int:
    """The lowest layer from `layer` on where none of the events sounds during these seconds."""
    end = start + duration
    taken = {e.layer for e in events if e.start < end - TOLERANCE and start < e.end}
    return next((n for n in range(layer, MAX_LAYER) if n not in taken), MAX_LAYER)


def free_ids(story: Story, count: int) -> list[str]:
    """Ids that no event of the story has."""
    taken = {event.id for event in story.events}
    names = (f"e{number}" for number in itertools.count(1))
    return list(itertools.islice((name for name in names if name not in taken), count))


def _inside(event: Event, total: float) -> Event:
    if event.duration > total + TOLERANCE:
        if event.locked:
            raise StoryError(f"{event.caption!r} is locked and longer than that; unlock it first.")
        event = with_length(event, total)
    latest = to_milliseconds(total - event.duration)
    return dataclasses.replace(event, start=max(0.0, min(event.start, latest)))
