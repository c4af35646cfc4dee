"""Takes: what they are keyed by, and what can be asked for: anew, varied, repainted, from a sound.

A `TakeRequest` names an event and what its take begins from; `core.render.perform.perform` makes
it. Nothing here needs the model, so that a page can ask while it is loading.
"""

from __future__ import annotations

import dataclasses
import hashlib
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.errors import StoryError
from core.language.stream import TURN_END, PlannedEvent, event_text, plan_text, prompt_text
from core.performer.event_performer import PerformerDescription
from core.performer.naming import takes_name
from core.profile import AUTO, OWN, Profile, RenderSettings
from core.render.performers import Performers, asked_of
from core.story.context import Context, extended
from core.story.folders import StoryFolder
from core.story.limits import TOLERANCE
from core.story.recording import Tell, keep_recording, read_recording, tell_nobody
from core.story.story import Event, Story
from core.story.take import Start, Take, same_sound, take_key

SHORTEST_SPAN = 0.1
"""Seconds; a latent frame lasts about half of it."""
_NOTABLE_CUT = 0.25
"""Seconds of a recording past its event that are worth a word."""


@dataclass(frozen=True)
class TakeRequest:
    """A take that is wanted of an event, and what it begins from (None: noise alone)."""

    event_id: str
    start: Start | None = None


def narrative_order(story: Story) -> list[Event]:
    """The events in the order in which the director writes them: by start, then by layer."""
    return sorted(story.events, key=lambda event: (event.start, event.layer))


def planned(events: Sequence[Event]) -> list[PlannedEvent]:
    """Events as the director's stream holds them."""
    return [PlannedEvent(event.caption, event.duration, event.mood) for event in events]


def event_seed(story: Story, event: Event) -> int:
    """The event's own seed, or one of 31 bits derived from the story's seed and the event's id."""
    if event.seed is not None:
        return event.seed
    digest = hashlib.sha256(f"{story.seed}/{event.id}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def plan_take(
    story: Story,
    event: Event,
    settings: RenderSettings,
    crossfade: float,
    weights: str,
    start: Start | None = None,
    context: Context | None = None,
    by: PerformerDescription | None = None,
) -> Take:
    """The take that rendering this event would give, without rendering it.

    Equal keys mean equal sound: the key covers the director's text up to the event, the length,
    the seed, the sampler's settings, the profile and its weights, and what the take begins from.

    Args:
        settings, weights: of the performer.
        context: the event's of `contexts(story)`, where it is known already.
        by: who performs it; None: our own model. Others read no text of the director's.
    """
    if context is None and by is None:
        context = contexts(story)[event.id]
    take = _asked_take(story, event, settings, crossfade, weights, start, context, by)
    return dataclasses.replace(take, key=take_key(take))


def _asked_take(
    story: Story,
    event: Event,
    settings: RenderSettings,
    crossfade: float,
    weights: str,
    start: Start | None,
    context: Context | None,
    by: PerformerDescription | None,
) -> Take:
    """The take that an event asks for, without its key."""
    return Take(
        key="",
        context=None if by else context,
        caption=event.caption,
        duration=float(event.duration),
        tail=0.0 if event.layer or event.id == story.last_id else float(crossfade),
        seed=event_seed(story, event),
        steps=settings.steps,
        guidance=float(settings.guidance),
        sampler=settings.sampler,
        profile=story.profile,
        weights=weights,
        start=start,
        performer=by.name if by else OWN,
        conditioning=by.conditioning if by else "bridge",
    )


def contexts(story: Story) -> dict[str, Context]:
    """What the director has read when it comes to each event, by the event's id."""
    prompt = prompt_text(story.instruction, story.total)
    context = extended(None, prompt + plan_text(story.reasoning, ()).removesuffix(TURN_END))
    found = {}
    for event in narrative_order(story):
        (event_planned,) = planned([event])
        context = found[event.id] = extended(context, event_text(event_planned))
    return found


def vary(
    folder: StoryFolder, event_id: str, key: str, strength: float, seed: int | None = None
) -> TakeRequest:
    """Ask for another take that begins from one of the event's takes.

    Args:
        strength: 0 (the take itself) to 1 (nothing of it).
        seed: of the variation; None: the first that was not made yet.

    Raises:
        StoryError: the take is gone, the event is locked, or the strength is out of range.
    """
    event, take = _source(folder, event_id, key)
    return TakeRequest(event_id, _start_from(folder, event, take, strength, seed, None))


def repaint(
    folder: StoryFolder,
    event_id: str,
    key: str,
    begin: float,
    end: float,
    strength: float = 1.0,
    seed: int | None = None,
) -> TakeRequest:
    """Ask for one of the event's takes with the seconds from `begin` to `end` made anew.

    Args:
        begin, end: seconds from the event's beginning.
        strength: how far from what was there: 1 is new.

    Raises:
        StoryError: as `vary`, or the span lies outside the take.
    """
    event, take = _source(folder, event_id, key)
    length = event.duration if take.part else take.duration + take.tail
    if not (begin >= 0.0 and begin + SHORTEST_SPAN - TOLERANCE <= end <= length + TOLERANCE):
        raise StoryError(
            f"A span to repaint lasts at least {SHORTEST_SPAN:g} s and lies between 0 and "
            f"{length:g} s; choose another."
        )
    span = (round(float(begin), 3), round(float(end), 3))
    return TakeRequest(event_id, _start_from(folder, event, take, strength, seed, span))


def use_recording(
    folder: StoryFolder,
    event_id: str,
    path: Path,
    strength: float,
    seed: int | None = None,
    tell: Tell = tell_nobody,
    cancel: threading.Event | None = None,
) -> TakeRequest:
    """Check a sound file, keep it in the story's folder, and ask for a take that begins from it.

    A recording longer than the event is cut; where it is shorter, the performer goes on from it.

    Args:
        tell: called with each sentence on what of the file is cut or changed.

    Raises:
        AudioFileError: the file is not a recording that can be used (see `read_recording`).
        StoryError: the event is gone or locked, or the strength is out of range.
        Cancelled: `cancel` was set.
    """
    event = free_event(folder, event_id)
    recording = read_recording(path, cancel)
    grain = event_seed(folder.story, event)
    asked = Start("recording", recording.digest, float(strength), seed or 0, grain)
    start = _with_seed(event, asked, seed)
    keep_recording(folder.path, recording)
    for notice in recording.notices:
        tell(notice)
    if recording.seconds > event.duration + _NOTABLE_CUT:
        tell(
            f"The event lasts {event.duration:g} s, so of the recording's "
            f"{recording.seconds:.1f} s only the beginning is used."
        )
    return TakeRequest(event_id, start)


def noise_of(take: Take) -> int:
    """The seed of the noise that a take was performed from."""
    return take.seed if take.start is None else take.start.seed


def grain_of(take: Take) -> int:
    """The seed with which the codec decoded a take."""
    return take.seed if take.start is None else take.start.grain


def unused_seeds(event: Event, count: int) -> tuple[int, ...]:
    """The smallest seeds from 1 that no take of the event has."""
    used = {take.seed for take in event.takes}
    return tuple(seed for seed in range(1, len(used) + count + 1) if seed not in used)[:count]


def _source(folder: StoryFolder, event_id: str, key: str) -> tuple[Event, Take]:
    event = free_event(folder, event_id)
    take = next((take for take in event.takes if take.key == key), None)
    if take is None or not folder.has_sound(take):
        raise StoryError("That take is no longer there; choose another.")
    return event, take


def free_event(folder: StoryFolder, event_id: str) -> Event:
    """An event of the folder's story that may get another take.

    Raises:
        StoryError: it is gone or locked.
    """
    event = folder.story.event(event_id)
    if event.locked:
        raise StoryError(f"{event.caption!r} is locked; unlock it to render it.")
    return event


def _start_from(
    folder: StoryFolder,
    event: Event,
    take: Take,
    strength: float,
    seed: int | None,
    span: tuple[float, float] | None,
) -> Start:
    """A beginning from one of the event's takes, from where the event is in it."""
    of: Literal["take", "sound"] = "take" if folder.latents_file(take).is_file() else "sound"
    offset = take.part.offset if take.part else 0.0
    start = Start(of, take.key, float(strength), seed or 0, grain_of(take), span, offset)
    return _with_seed(event, start, seed)


def _with_seed(event: Event, start: Start, seed: int | None) -> Start:
    """The beginning with a seed of its own, where none is given: the first that is free."""
    if seed is not None:
        return start
    used = {
        take.start.seed
        for take in event.takes
        if take.start is not None and dataclasses.replace(take.start, seed=0) == start
    }
    free = next(number for number in range(1, len(used) + 2) if number not in used)
    return dataclasses.replace(start, seed=free)


def due(
    folder: StoryFolder,
    settings: RenderSettings,
    crossfade: float,
    accept: Sequence[RenderSettings] = (),
    unknown: Collection[str] = (),
    performers: Performers | None = None,
) -> tuple[TakeRequest, ...]:
    """What rendering what has changed would render, in the story's order.

    An event is due when it has no take, when the file of its take is gone, or when it is not
    locked and its take's key is no longer the one that it asks for. Captions of *other* events
    and new weights make no finished take due: the third event is mended without the others. Nor
    does it that "auto" would give the event to another performer today. A recording that a person
    picked for an event of another performer stays.

    Args:
        accept: settings whose takes are as good (a final take where drafts are being made).
        unknown: ids of events whose sound is not known (`core.render.unknown`); they are due only
            where they begin from a recording.
        performers: those beside our own, for their settings; None: there are none.
    """
    story = folder.story
    found = []
    for event in story.events:
        take = event.take
        if take is not None and folder.has_sound(take):
            asked = (settings, *accept)
            judged = (story, event, take)
            by_hand = event.locked or _is_picked(story, event, take)
            if by_hand or any(_is_asked(*judged, s, crossfade, performers) for s in asked):
                continue
        request = TakeRequest(event.id, _lasting_start(take))
        if request.start is not None or event.id not in unknown:
            found.append(request)
    return tuple(found)


def _is_asked(
    story: Story,
    event: Event,
    take: Take,
    settings: RenderSettings,
    crossfade: float,
    performers: Performers | None,
) -> bool:
    """Whether a take has the key that its event asks for, its context and its weights aside.

    A part of a take asks for no other length or tail than the take's, while that holds all of it;
    nor does an event whose take loops.
    Of a performer that is here no more nobody knows the settings, so that its takes stay; those of
    an own sound as long as the caption has its name.
    """
    asked = performers.asked_by(story, event) if performers else asked_of(story, event)
    gone = performers is None or performers.description(take.performer) is None
    named = gone and not event.performer and takes_name(take.performer, event.caption)
    if asked not in (AUTO, take.performer) and not named:
        return False
    if performers is not None:
        settings = performers.settings_of(take.performer, settings)
    made_of = (take.weights, take.start, take.context)
    now = _asked_take(story, event, settings, crossfade, *made_of, None)
    held = (event.loop or take.part is not None) and event.is_filled_by(take)
    wanted = dataclasses.replace(
        now,
        seed=now.seed if event.seed is not None else take.seed,
        duration=take.duration if held else now.duration,
        tail=take.tail if held else max(now.tail, take.tail),
        profile=take.profile,
        performer=take.performer,
        conditioning=take.conditioning,
    )
    if gone and take.performer != OWN:
        wanted = dataclasses.replace(
            wanted, steps=take.steps, guidance=take.guidance, sampler=take.sampler
        )
    return same_sound(wanted, take)


def _is_picked(story: Story, event: Event, take: Take) -> bool:
    """Whether a take is a recording that was picked, not asked for by its performer's name."""
    picked = take.conditioning == "recording"
    return picked and asked_of(story, event) not in (AUTO, take.performer)


def _lasting_start(take: Take | None) -> Start | None:
    """A recording stays the event's recording; a variation's source belongs to an older caption."""
    if take is None or take.start is None or take.start.of != "recording":
        return None
    offset = take.part.offset if take.part else 0.0
    return dataclasses.replace(take.start, offset=take.start.offset + offset)


def resumed(folder: StoryFolder) -> tuple[tuple[TakeRequest, ...], RenderSettings] | None:
    """What a crash cut short, less what was done: what to ask for, and with which settings."""
    left = folder.unfinished
    if left is None or folder.rendering:
        return None
    starts = dict(zip(left.event_ids, left.starts, strict=False))
    requests = tuple(TakeRequest(event_id, starts.get(event_id)) for event_id in left.event_ids)
    return requests, RenderSettings(left.steps, left.guidance, left.sampler)


def quality_of(
    take: Take, by: Profile | PerformerDescription
) -> Literal["draft", "final", "other"]:
    """Which of the two qualities of its profile, or of its performer, a take was made with.

    How closely it follows its words (its guidance) is no matter of quality.
    """
    if _sampled_as(take, by.final):
        return "final"
    return "draft" if _sampled_as(take, by.draft) else "other"


def _sampled_as(take: Take, settings: RenderSettings) -> bool:
    return (take.steps, take.sampler) == (settings.steps, settings.sampler)
