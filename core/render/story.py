"""A whole story rendered: in memory, or in its folder where only what changed is rendered."""

from __future__ import annotations

import dataclasses
import threading
from functools import partial

from core.audiostory import AudioStory
from core.bridge.levels import load_levels
from core.errors import RenderError
from core.mix.levels import with_levels
from core.mix.sources import ArraySource, Source, sources_of
from core.profile import RenderSettings
from core.render.perform import perform
from core.render.performers import Performers
from core.render.render import EventRenderer, OnProgress, render_events
from core.render.takes import due, narrative_order, resumed
from core.render.takes_to_make import TakesToMake
from core.render.unknown import WAYS_OUT, assigned_performers, unknown_sounds
from core.story.folders import StoryFolder
from core.story.story import Story

_NONE_KNOWN = f"The model knows none of the sounds. {WAYS_OUT}."


def render_story(
    model: AudioStory,
    story: Story,
    settings: RenderSettings,
    on_progress: OnProgress,
    render: EventRenderer = render_events,
    performers: Performers | None = None,
) -> tuple[Story, dict[str, Source]]:
    """Render every event whose sound is known, and keep nothing on disk.

    Args:
        render: who renders what our own model performs.
        performers: those beside it; None: there are none.

    Returns:
        The story with its takes and their default gains, and the sound of each event by its id.

    Raises:
        RenderError: no sound is known, an event cannot be performed or asks for a performer that
            is not here; else see `render_events`.
        WeightsError: another performer cannot be loaded.
    """
    performers = performers or Performers(model.profile)
    fresh = {event.id for event in story.events if not event.takes}
    sources: dict[str, Source] = {}
    unknown = unknown_sounds(model.profile, story, performers)
    heard = [event for event in narrative_order(story) if event.id not in unknown]
    if not heard:
        raise RenderError(_NONE_KNOWN)
    assigned = assigned_performers(story, performers)
    to_make = TakesToMake(model, story, settings, performers, assigned)
    for event in heard:
        to_make.add(event, to_make.planned(event))
    for sentence in to_make.refused:
        raise RenderError(sentence)
    for rendered in to_make.made(render, None, on_progress, None):
        event = story.event(rendered.event_id)
        others = tuple(take for take in event.takes if take.key != rendered.take.key)
        event = dataclasses.replace(event, takes=(*others, rendered.take), chosen=rendered.take.key)
        story = story.replace_event(event)
        sources[event.id] = ArraySource(rendered.samples)
    natural = load_levels(model.profile).of_all(story.events)
    return with_levels(story, sources, natural, model.sample_rate, fresh), sources


def render_folder(
    model: AudioStory,
    folder: StoryFolder,
    settings: RenderSettings,
    on_progress: OnProgress,
    render: EventRenderer = render_events,
    cancel: threading.Event | None = None,
    performers: Performers | None = None,
) -> tuple[Story, dict[str, Source]]:
    """Render what a crash left undone, then what changed; the takes are kept in the folder.

    Events whose sound is not known are left out.

    Args:
        render, performers: as `render_story`.

    Returns:
        As `render_story`.

    Raises:
        Cancelled, RenderError, AudioFileError: see `perform`.
    """
    left, left_settings = resumed(folder) or ((), settings)
    performers = performers or Performers(model.profile)
    how = partial(
        perform,
        group="render",
        on_progress=on_progress,
        cancel=cancel,
        render=render,
        performers=performers,
    )
    list(how(model, folder, left, left_settings))
    unknown = unknown_sounds(model.profile, folder.story, performers)
    crossfade = model.profile.crossfade
    requests = due(folder, settings, crossfade, unknown=unknown, performers=performers)
    list(how(model, folder, requests, settings))
    if not any(event.take for event in folder.story.events):
        raise RenderError(_NONE_KNOWN)
    return folder.story, sources_of(folder, folder.story, model.sample_rate)
