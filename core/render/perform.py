"""Takes for events of a story's folder: adopted where their sound is on disk, made where it is not.

Each new take gets the gain that suits its sound, and at the end all that have such a default are
balanced (`core.mix.levels`). What is asked for is noted first, so that it can be resumed after a
crash (`core.render.takes.resumed`), were it for the balance alone.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.audiostory import AudioStory
from core.errors import RenderError
from core.mix.cache import Cache
from core.profile import OWN, RenderSettings
from core.render.levels import DefaultLevels
from core.render.performers import Performers
from core.render.render import EventRenderer, OnProgress, OnWork, render_events
from core.render.rendered_take import RenderedTake
from core.render.start_sounds import StartSound
from core.render.takes import TakeRequest, narrative_order
from core.render.takes_to_make import TakesToMake
from core.render.unknown import (
    WAYS_OUT,
    assigned_performers,
    unknown_sentences,
    unknown_sounds,
)
from core.story.folders import StoryFolder
from core.story.latents import save_latents
from core.story.story import Event, Story
from core.story.take import Start, Take

if TYPE_CHECKING:
    from core.bridge.known_sounds import CaptionMatch


@dataclass(frozen=True)
class KeptTake:
    """A take that its event has now; `adopted`: its sound was on disk, nothing was rendered."""

    event_id: str
    take: Take
    adopted: bool


def perform(
    model: AudioStory,
    folder: StoryFolder,
    requests: Sequence[TakeRequest],
    settings: RenderSettings,
    *,
    group: str,
    on_work: OnWork | None = None,
    on_progress: OnProgress | None = None,
    cancel: threading.Event | None = None,
    cache: Cache | None = None,
    sounds: Mapping[Start, StartSound] | None = None,
    render: EventRenderer = render_events,
    performers: Performers | None = None,
) -> Iterator[KeptTake]:
    """Give the requested events their takes; each is on disk before it is yielded.

    Args:
        group: all takes are undone together with those of the same group.
        on_work: as `render_events`; takes that are on disk already are no work.
        cache: keeps what is measured on takes from one rendering to the next.
        sounds: what takes begin from, as far as it was read before (`read_start_sounds`).
        render: who renders what our own model performs and is not on disk yet.
        performers: those beside our own; None: there are none.

    Raises:
        Cancelled, RenderError: as `render_events`; takes kept before stay.
        RenderError: an event asks for a performer that is not here; or, once the others have
            their takes, its performer cannot perform it or its sound is not known.
        WeightsError, AudioFileError: another performer, or what a take begins from, is unreadable.
    """
    story = folder.story
    performers = performers or Performers(model.profile)
    starts, unknown = _starts(model, story, requests, performers)
    assigned = _assigned(story, starts, performers)
    levels = DefaultLevels(model, folder, group, cache)
    with _noted(folder, starts, settings, levels):
        to_make = TakesToMake(model, story, settings, performers, assigned)
        asked = [(e, starts[e.id]) for e in narrative_order(story) if e.id in starts]
        yield from _adopted(folder, to_make, asked, sounds or {}, group, levels)
        made = to_make.made(render, on_work, on_progress, cancel)
        yield from _kept(folder, made, model.sample_rate, group, levels)
        unheard = [f"{sentence} {WAYS_OUT}." for sentence in unknown_sentences(story, unknown)]
        for sentence in (*to_make.refused, *unheard):
            raise RenderError(sentence)


def _starts(
    model: AudioStory, story: Story, requests: Sequence[TakeRequest], performers: Performers
) -> tuple[dict[str, Start | None], dict[str, CaptionMatch]]:
    """What the takes of events that are still there begin from, and which have no known sound; each
    by event."""
    there = {event.id for event in story.events}
    starts = {item.event_id: item.start for item in requests if item.event_id in there}
    unknown = unknown_sounds(model.profile, story, performers)
    unknown = {i: unknown[i] for i, start in starts.items() if start is None and i in unknown}
    return {i: start for i, start in starts.items() if i not in unknown}, unknown


def _assigned(story: Story, event_ids: Iterable[str], performers: Performers) -> dict[str, str]:
    """Who performs each event.

    Raises:
        RenderError: who is to perform one of these is not here.
    """
    assigned = assigned_performers(story, performers)
    for name in {assigned[event_id] for event_id in event_ids} - {OWN}:
        performers.named(name)
    return assigned


@contextmanager
def _noted(
    folder: StoryFolder,
    starts: Mapping[str, Start | None],
    settings: RenderSettings,
    levels: DefaultLevels,
) -> Iterator[None]:
    """A block in which these takes are made: noted before it, balanced and forgotten after it."""
    cut_short = folder.begin_rendering(
        tuple(starts), settings, tuple(starts.values()), levels.fresh
    )
    if cut_short is not None:
        levels.go_on(cut_short.fresh)
    try:
        yield
    finally:
        try:
            levels.set_for_all()
        finally:  # not sooner: after a crash the balance is made when it is resumed
            folder.end_rendering()


def _adopted(
    folder: StoryFolder,
    to_make: TakesToMake,
    asked: Iterable[tuple[Event, Start | None]],
    sounds: Mapping[Start, StartSound],
    group: str,
    levels: DefaultLevels,
) -> Iterator[KeptTake]:
    """Choose the takes whose sound is on disk, and have the others made."""
    for event, start in asked:
        take = to_make.planned(event, start)
        if folder.has_sound(take):
            take = _as_made(event, take)
            folder.adopt_take(event.id, take, group, levels.setting(event.id))
            yield KeptTake(event.id, take, adopted=True)
        else:
            to_make.add(event, take, folder, sounds.get(take.start) if take.start else None)


def _kept(
    folder: StoryFolder,
    made: Iterable[RenderedTake],
    rate: int,
    group: str,
    levels: DefaultLevels,
) -> Iterator[KeptTake]:
    """Write takes as they are made, each with its sound at this rate (Hz)."""
    for done in made:
        if done.latents is not None:
            save_latents(folder.latents_file(done.take), done.latents)
        kept = (done.event_id, done.take, done.samples, rate, group)
        folder.keep_take(*kept, levels.setting(done.event_id))
        yield KeptTake(done.event_id, done.take, adopted=False)


def _as_made(event: Event, take: Take) -> Take:
    """A take whose sound is on disk, with what its event knows of how that was made."""
    for one in event.takes:
        if one.key == take.key:
            made = {name: getattr(one, name) for name in ("made_on", "source", "licence")}
            return dataclasses.replace(take, **made)
    return take
