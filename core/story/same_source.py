"""Events that are one sound source heard again: the first is named by all others.

A bell that rings twice is one bell. `Event.source` names the event that has the source for itself,
so that there are neither chains nor circles.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from core.story.story import Event, Story


def with_source(story: Story, event_id: str, source_id: str | None) -> Story:
    """Let an event, and all that share its source, be the source of another; None: its own again.

    Raises:
        StoryError: there is no such event.
    """
    event = story.event(event_id)
    if source_id is None:
        return story.replace_event(dataclasses.replace(event, source=None))
    other = story.event(source_id)
    first = other.source or other.id
    if first == (event.source or event.id):
        return story
    moved = {event.id} if event.source else {e.id for e in story.events if e.source == event.id}
    return dataclasses.replace(
        story,
        events=tuple(
            dataclasses.replace(e, source=first) if e.id in moved | {event.id} else e
            for e in story.events
        ),
    )


def with_sources_kept(events: Iterable[Event]) -> tuple[Event, ...]:
    """Events of which some are gone: the earliest that shared a lost source has it for itself."""
    events = tuple(events)
    firsts = {event.id for event in events if event.source is None}
    heirs: dict[str, Event] = {}
    for event in events:
        if event.source is not None and event.source not in firsts:
            heir = heirs.setdefault(event.source, event)
            if event.start < heir.start:
                heirs[event.source] = event
    if not heirs:
        return events
    kept = []
    for event in events:
        if event.source in heirs:
            heir = heirs[event.source]
            source = None if heir is event else heir.id
            event = dataclasses.replace(event, source=source)
        kept.append(event)
    return tuple(kept)
