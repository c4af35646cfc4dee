"""Several takes of one event at once, each from its own seed; the one that was kept stays so."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from core.audiostory import AudioStory
from core.profile import RenderSettings
from core.render.perform import KeptTake, perform
from core.render.takes import TakeRequest, free_event
from core.story import timeline
from core.story.folders import StoryFolder
from core.story.story import Story

OnVariation = Callable[[int, int], None]
"""Told, before it is made, which take it is (from 1) of how many."""


def perform_variations(
    model: AudioStory,
    folder: StoryFolder,
    event_id: str,
    seeds: Sequence[int],
    settings: RenderSettings,
    *,
    group: str,
    label: str,
    on_variation: OnVariation,
    **how: Any,
) -> Iterator[KeptTake]:
    """Give an event a take for each seed; each is on disk before it is yielded.

    Whichever take the event had stays kept, with its seed and all gains; where it had none, the
    first one is. Cancelled in between, the takes that are done stay.

    Args:
        group: all takes are undone together with those of the same group.
        label: of the step that undo takes back.
        how: as `core.render.perform.perform` takes it.

    Raises:
        StoryError: the event is gone or locked.
        Cancelled, RenderError, WeightsError: as `perform`.
    """
    event = free_event(folder, event_id)
    kept = folder.story if event.take is not None else None
    for number, seed in enumerate(seeds, 1):
        on_variation(number, len(seeds))
        seeded = lambda s, seed=seed: timeline.change(s, event_id, seed=seed)  # noqa: E731
        try:
            folder.edit(label, seeded, group)
            asked = [TakeRequest(event_id)]
            done = list(perform(model, folder, asked, settings, group=group, **how))
        finally:
            if kept is None and folder.story.event(event_id).take is not None:
                first = folder.story.event(event_id)
                kept = folder.story.replace_event(dataclasses.replace(first, seed=event.seed))
            as_kept = kept or folder.story.replace_event(event)
            folder.edit(label, lambda s, k=as_kept: _kept_as_in(s, k, event_id), group)  # type: ignore[misc]
        yield from done


def _kept_as_in(story: Story, kept: Story, event_id: str) -> Story:
    """The story with the kept take and the seed of an event, and all default gains, of another."""
    was = {event.id: event for event in kept.events}
    events = []
    for event in story.events:
        old = was.get(event.id)
        if old is not None and event.id == event_id:
            chosen = old.chosen if old.chosen else event.chosen
            event = dataclasses.replace(event, seed=old.seed, chosen=chosen)
        if old is not None and None not in (old.trim_db, event.trim_db):
            event = dataclasses.replace(event, gain_db=old.gain_db, trim_db=old.trim_db)
        events.append(event)
    return dataclasses.replace(story, events=tuple(events))
