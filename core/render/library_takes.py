"""Takes that are recordings of a person's library: nothing is performed, and no model is needed.

Such a take is chosen by hand. It stays until another is chosen: rendering what has changed leaves
it alone, though its event may have other words or another length since.
"""

from __future__ import annotations

import dataclasses
import threading

from core.library.catalogue import LibraryRecording
from core.library.excerpt import LIBRARY, LibraryExcerpt, read_excerpt
from core.profile import Profile
from core.render.levels import with_default_levels
from core.render.takes import free_event
from core.story.folders import StoryFolder
from core.story.story import Event, Story
from core.story.take import Take, take_key


def library_take(story: Story, event: Event, excerpt: LibraryExcerpt, tail: float) -> Take:
    """The take that an excerpt is."""
    take = Take(
        key="",
        context=None,
        caption=event.caption,
        duration=float(event.duration),
        tail=tail,
        seed=0 if event.seed is None else event.seed,
        steps=0,
        guidance=0.0,
        profile=story.profile,
        weights=excerpt.source.key,
        performer=LIBRARY,
        conditioning="recording",
        source=str(excerpt.source),
        licence=excerpt.source.licence,
    )
    return dataclasses.replace(take, key=take_key(take))


def excerpt_for(
    profile: Profile,
    story: Story,
    event: Event,
    recording: LibraryRecording,
    variation: int = 0,
    cancel: threading.Event | None = None,
) -> LibraryExcerpt:
    """What an event would sound like from a recording; raises as `read_excerpt`."""
    given = (event.duration, _tail(profile, story, event), profile.sample_rate)
    return read_excerpt(recording, *given, variation, cancel)


def take_from_library(
    profile: Profile,
    folder: StoryFolder,
    event_id: str,
    recording: LibraryRecording,
    variation: int = 0,
    group: str = "",
    cancel: threading.Event | None = None,
) -> Take:
    """Give an event a recording as its take, with the gain that suits it.

    Args:
        variation: which span of the recording, of those that stand for a sound of that length.
        group: changes of the same group are undone together.

    Raises:
        StoryError: the event is gone or locked.
        FileError, AudioFileError: the recording cannot be read, or the take not be written.
        Cancelled: `cancel` was set; nothing changed.
    """
    event, story = free_event(folder, event_id), folder.story
    excerpt = excerpt_for(profile, story, event, recording, variation, cancel)
    take = library_take(story, event, excerpt, _tail(profile, story, event))
    first = not event.takes
    folder.keep_take(event_id, take, excerpt.samples, profile.sample_rate, group)
    if first:

        def levelled(now: Story) -> Story:
            return with_default_levels(profile, folder, now, (event_id,))

        folder.edit("render", levelled, group)
    return take


def _tail(profile: Profile, story: Story, event: Event) -> float:
    """What the take is longer than its event, as a performed one is."""
    return 0.0 if event.layer or event.id == story.last_id else float(profile.crossfade)
