"""Edits of several events at once, each of which is one change of the story.

What is selected keeps its places in time beside each other. Events of one group (`Event.group`) are
selected together (`with_groups`). Ripple is that of `core.story.timeline`; every function raises
`StoryError` in one sentence when an edit is impossible, and then nothing is changed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence

from core.errors import StoryError
from core.story import timeline
from core.story.limits import MAX_TOTAL, check_number, to_milliseconds
from core.story.row import Row, free_ids, free_layer_among, laid_out, rippled
from core.story.story import Event, Story


def with_groups(story: Story, event_ids: Collection[str]) -> tuple[str, ...]:
    """These events and those of their groups, in the story's order."""
    groups = {e.group for e in story.events if e.id in event_ids and e.group is not None}
    return tuple(e.id for e in story.events if e.id in event_ids or e.group in groups)


def move_together(
    story: Story, event_ids: Collection[str], seconds: float, *, ripple: bool = True
) -> Story:
    """Move events so much later (earlier: below 0), as far as all of them can go.

    Those of layer 0 come with ripple to another place in the order, one after the other, and the
    rest goes as far; without it all go to their moments, on a free layer where one is taken.
    """
    events = _unlocked(story, event_ids)
    seconds = max(to_milliseconds(seconds), -min(event.start for event in events))
    over = [event for event in events if event.layer]
    if over:
        seconds = min(seconds, to_milliseconds(story.total - max(event.end for event in over)))
    sequential = [event for event in events if not event.layer]
    row, above = Row.of(story), [e for e in story.events if e.layer]
    if ripple and sequential:
        row, seconds = _reordered(row, sequential, seconds)
        sequential = []
    ids = {event.id for event in over}
    above = [
        dataclasses.replace(e, start=max(0.0, to_milliseconds(e.start + seconds)))
        if e.id in ids
        else e
        for e in above
    ]
    if not sequential:
        return laid_out(story, row, above)
    for event in reversed(sequential):
        row = row.without(row.events.index(event), closing=False)
    later = [dataclasses.replace(e, start=to_milliseconds(e.start + seconds)) for e in sequential]
    return _laid_freely(story, row, above, later)


def change_gains(story: Story, event_ids: Collection[str], decibels: float) -> Story:
    """Make events so much louder (softer: below 0)."""
    for event in _unlocked(story, event_ids):
        story = timeline.change(story, event.id, gain_db=round(event.gain_db + decibels, 2))
    return story


def delete_together(story: Story, event_ids: Collection[str], *, ripple: bool = True) -> Story:
    """Remove events, the last first."""
    for event in sorted(_unlocked(story, event_ids), key=lambda e: -e.start):
        story = timeline.delete(story, event.id, ripple=ripple)
    return story


def duplicate_together(
    story: Story, event_ids: Collection[str], *, ripple: bool = True
) -> tuple[Story, tuple[str, ...]]:
    """Repeat events, with their takes and sources, after the last of them; returns the copies' ids.

    They are as far from one another as the events are.
    """
    events = _chosen(story, event_ids)
    sourced = [dataclasses.replace(e, source=e.source or e.id) for e in events]
    return insert_events(story, sourced, max(event.end for event in events), ripple=ripple)


def group(story: Story, event_ids: Collection[str]) -> Story:
    """Make one group of events; what groups they were in, they leave."""
    events = _unlocked(story, event_ids)
    if len(events) < 2:
        raise StoryError("A group has two events or more; select another one too.")
    return _named(story, events, _free_groups(story, 1)[0])


def ungroup(story: Story, event_ids: Collection[str]) -> Story:
    """Dissolve the groups of events."""
    return _named(story, _unlocked(story, with_groups(story, event_ids)), None)


def insert_events(
    story: Story, events: Sequence[Event], at: float, *, ripple: bool = True
) -> tuple[Story, tuple[str, ...]]:
    """Put copies of events, of this story or another, into the story from a moment on; returns
    their ids.

    With ripple those of layer 0 come at the nearest seam, and what follows moves along; the others
    go as far. Without, each comes at its moment, on a free layer where that is taken. A source or a
    group that is not among them is not theirs, but for sources that are in the story.
    """
    check_number("moment", at, 0.0, MAX_TOTAL, "seconds")
    if not events:
        raise StoryError("There is nothing to put there; copy an event first.")
    events = sorted(events, key=lambda e: (e.start, e.layer))
    copies = _copies(story, events, to_milliseconds(at - events[0].start))
    row, above = Row.of(story), [e for e in story.events if e.layer]
    sequential = [copy for copy in copies if not copy.layer]
    over = [copy for copy in copies if copy.layer]
    if ripple and sequential and row.events:
        row, above, late = _block_inserted(row, above, sequential)
        starts = (max(0.0, to_milliseconds(copy.start + late)) for copy in over)
        over = [dataclasses.replace(c, start=start) for c, start in zip(over, starts, strict=True)]
        sequential = []
    made = _laid_freely(story, row, above, [*sequential, *over])
    return made, tuple(copy.id for copy in copies)


def _chosen(story: Story, event_ids: Collection[str]) -> list[Event]:
    if not event_ids:
        raise StoryError("Nothing is selected; select an event first.")
    return sorted((story.event(i) for i in set(event_ids)), key=lambda e: (e.start, e.layer))


def _unlocked(story: Story, event_ids: Collection[str]) -> list[Event]:
    events = _chosen(story, event_ids)
    for event in events:
        if event.locked:
            raise StoryError(f"{event.caption!r} is locked; unlock it to change it.")
    return events


def _reordered(row: Row, events: Sequence[Event], seconds: float) -> tuple[Row, float]:
    """The row with events one after the other at another place in the order, and by how much later
    the first of them begins."""
    rest = row
    for event in reversed(events):
        rest = rest.without(rest.events.index(event), closing=True)
    centre = events[0].start + seconds + sum(event.duration for event in events) / 2
    place = sum(other.start + other.duration / 2 < centre for other in rest.events)
    moved = rest.inserted(place, events, 0.0, rest.gaps[place])
    return moved, moved.placed[place].start - events[0].start


def _block_inserted(
    row: Row, above: Sequence[Event], events: Sequence[Event]
) -> tuple[Row, list[Event], float]:
    """The row with events at the seam that is nearest, the gaps between them kept; what is above it
    then; and by how much later than they asked they begin."""
    place = row.seam(events[0].start)
    since = row.end_before(place)
    after = row.gaps[place]
    for number, event in enumerate(events):
        gap = max(0.0, event.start - events[number - 1].end) if number else 0.0
        row = row.inserted(place + number, [event], gap, after)
    length = events[-1].end - events[0].start
    return row, rippled(above, since, length), since - events[0].start


def _laid_freely(story: Story, row: Row, above: Sequence[Event], events: Sequence[Event]) -> Story:
    """The story of this row with events at their moments: on layer 0 where nothing else of it is,
    else on the lowest free layer from theirs on. Nothing is put there where the story has none."""
    row, over, sequential = row.reaching(_end(events)), list(above), bool(story.sequence)
    for event in events:
        free = row.with_free(event, event.start) if sequential and not event.layer else None
        if free is not None:
            row = Row(free.placed, free.gaps)
            continue
        layer = free_layer_among(over, event.start, event.duration, max(1, event.layer))
        over.append(dataclasses.replace(event, layer=layer))
    return laid_out(story, row, over)


def _end(events: Iterable[Event]) -> float:
    return max((event.end for event in events), default=0.0)


def _copies(story: Story, events: Sequence[Event], later: float) -> list[Event]:
    """Copies with ids of their own, so much later; sources and groups among them are theirs."""
    names = dict(zip((e.id for e in events), free_ids(story, len(events)), strict=True))
    old_groups = list(dict.fromkeys(e.group for e in events if e.group is not None))
    groups = dict(zip(old_groups, _free_groups(story, len(old_groups)), strict=True))
    return [
        dataclasses.replace(
            event,
            id=names[event.id],
            start=max(0.0, to_milliseconds(event.start + later)),
            locked=False,
            source=_source(story, event, names),
            group=groups.get(event.group) if event.group else None,
        )
        for event in events
    ]


def _source(story: Story, event: Event, names: Mapping[str, str]) -> str | None:
    if event.source is None:
        return None
    first = next((e for e in story.events if e.id == event.source), None)
    if first is not None:
        return first.source or first.id
    return names.get(event.source)


def _named(story: Story, events: Sequence[Event], name: str | None) -> Story:
    ids = {event.id for event in events}
    return dataclasses.replace(
        story,
        events=tuple(
            dataclasses.replace(e, group=name) if e.id in ids else e for e in story.events
        ),
    )


def _free_groups(story: Story, count: int) -> list[str]:
    taken = {event.group for event in story.events}
    names = (f"g{number}" for number in range(1, len(taken) + count + 1))
    return [name for name in names if name not in taken][:count]
