"""From a story to takes: bridge the whole story once, then perform and decode event by event.

A take begins from noise, or from known latents: another take's, or those of a recording
(`core.render.takes`). Events of equal length can share a batch where a device gains by it.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.audiostory import AudioStory
from core.errors import AudioFileError, RenderError, raise_if_cancelled
from core.language.stream import PlannedEvent
from core.mix.blend import blended
from core.mix.cache import Cache
from core.performer.flow import KnownLatents
from core.profile import OWN, RenderSettings
from core.render.levels import DefaultLevels
from core.render.other_performers import (
    TAKE_PEAK,
    Known,
    known_sound,
    perform_other,
    refusal,
)
from core.render.performers import Performers
from core.render.start_sounds import StartSound, read_start_sound
from core.render.takes import (
    TakeRequest,
    contexts,
    grain_of,
    narrative_order,
    noise_of,
    plan_take,
    planned,
)
from core.render.unknown import (
    WAYS_OUT,
    assigned_performers,
    unknown_sentences,
    unknown_sounds,
)
from core.story.folders import StoryFolder
from core.story.latents import load_latents, save_latents
from core.story.recording import brought_to
from core.story.story import Event, Story
from core.story.take import Start, Take

_BATCH = 1
"""Events of equal length that are rendered together where no GPU is planned for. Alone, an event
has the same bits whatever else is rendered; with more threads than one, a shared matrix product
does not. On one core 2 are only 10 % and 4 are 14 % faster."""


Conditioning = Callable[[str, float, str, Sequence[PlannedEvent]], Tensor]
"""Instruction, total seconds, reasoning and events to conditions (E, S, width)."""
OnWork = Callable[[Mapping[str, float]], None]
"""Told what there is to do (`sampler_work`), by event."""


@dataclass(frozen=True)
class RenderProgress:
    """`step` of `steps` of the event with this id, the `event`-th (from 1) of `events`."""

    event_id: str
    event: int
    events: int
    step: int
    steps: int


OnProgress = Callable[[RenderProgress], None]


@dataclass(frozen=True)
class RenderedTake:
    """A take with its sound: float32 (channels, frames), `duration + tail` seconds long.

    Attributes:
        latents: (T, C), what the sound was decoded from; of several sounds at once, its own; None:
            its performer has none.
    """

    event_id: str
    take: Take
    samples: npt.NDArray[np.float32]
    latents: Tensor | None


@dataclass(frozen=True)
class Beginning:
    """What a take begins from, and its known latents (T, C)."""

    start: Start
    latents: Tensor


@dataclass(frozen=True)
class KeptTake:
    """A take that its event has now; `adopted`: its sound was on disk, nothing was rendered."""

    event_id: str
    take: Take
    adopted: bool


@dataclass(frozen=True, eq=False)
class PreparedEvent:
    """An event with all that is needed to perform it but the model; those of the same `kind` can
    share a batch.

    Attributes:
        number, events: it is the `number`-th (from 1) of so many.
        condition: (P, S, width), one for each of the sounds that are performed at once.
        frames: latent frames that are rendered.
        stops: flow times between which latents are known.
        known: (frames, C), what it begins from; None: noise alone.
    """

    event_id: str
    number: int
    events: int
    take: Take
    condition: Tensor
    frames: int
    stops: tuple[float, ...]
    known: Tensor | None

    @property
    def seconds(self) -> float:
        return self.take.duration + self.take.tail

    @property
    def kind(self) -> tuple[int, int, tuple[float, ...]]:
        return len(self.condition), self.frames, self.stops


class EventRenderer(Protocol):
    """Whoever renders events as `render_events` does, were it on other machines."""

    def __call__(
        self,
        model: AudioStory,
        story: Story,
        event_ids: Sequence[str],
        settings: RenderSettings,
        *,
        beginnings: Mapping[str, Beginning] | None = None,
        on_work: OnWork | None = None,
        on_progress: OnProgress | None = None,
        cancel: threading.Event | None = None,
    ) -> Iterator[RenderedTake]: ...


def render_events(
    model: AudioStory,
    story: Story,
    event_ids: Sequence[str],
    settings: RenderSettings,
    *,
    beginnings: Mapping[str, Beginning] | None = None,
    batch: int = _BATCH,
    conditioning: Conditioning | None = None,
    on_work: OnWork | None = None,
    on_progress: OnProgress | None = None,
    cancel: threading.Event | None = None,
) -> Iterator[RenderedTake]:
    """Render the named events in narrative order, except that equal lengths share a batch.

    Takes already yielded stay valid when a later event is cancelled or fails.

    Args:
        beginnings: by event id, where a take does not begin from noise alone.
        conditioning: how a plan becomes conditions; by default the model's own way, through its
            bridge.
        on_work: called before the first event with what there is to do (`sampler_work`), by event.

    Raises:
        Cancelled: `cancel` was set; checked before the conditions and every sampler step.
        RenderError: an event is too long, or the performer gave something that is not sound.
    """
    batches = event_batches(
        model,
        story,
        event_ids,
        settings,
        beginnings=beginnings,
        batch=batch,
        conditioning=conditioning,
        cancel=cancel,
    )
    if on_work is not None:
        prepared = (event for events in batches for event in events)
        on_work({event.event_id: sampler_work(model, event, settings) for event in prepared})
    for events in batches:
        yield from perform_batch(model, events, settings, on_progress=on_progress, cancel=cancel)


def event_batches(
    model: AudioStory,
    story: Story,
    event_ids: Sequence[str],
    settings: RenderSettings,
    *,
    beginnings: Mapping[str, Beginning] | None = None,
    batch: int = _BATCH,
    conditioning: Conditioning | None = None,
    cancel: threading.Event | None = None,
) -> list[list[PreparedEvent]]:
    """What `render_events` performs one after the other: the same batches have the same bits,
    wherever and in whichever order `perform_batch` performs them.

    Raises:
        Cancelled, RenderError: as `render_events`.
    """
    batch = 1 if model.performer.approximates else model.placement.events or batch
    order = narrative_order(story)
    for event in order:
        if event.id in event_ids and (
            sentence := _too_long(event, model.performer.longest_seconds)
        ):
            raise RenderError(sentence)
    condition_of = conditioning or model.conditions
    raise_if_cancelled(cancel, "Rendering")
    conditions = condition_of(story.instruction, story.total, story.reasoning, planned(order))
    texts = contexts(story)
    wanted = [(place, event) for place, event in enumerate(order) if event.id in set(event_ids)]
    left = []
    for number, (place, event) in enumerate(wanted, 1):
        beginning = (beginnings or {}).get(event.id)
        condition = conditions[place : place + 1]
        sounds = model.at_once(event.caption) if beginning is None else ()
        if len(sounds) > 1:
            apart = [(sound, event.duration) for sound in sounds]
            condition = torch.cat([condition_of(*one, *single_plan(*one)) for one in apart])
        made_of = (settings, model.profile.crossfade, model.weights)
        start = beginning.start if beginning else None
        take = plan_take(story, event, *made_of, start, texts[event.id])
        left.append(_prepared(model, take, event.id, (number, len(wanted)), condition, beginning))
    batches = []
    while left:
        batches.append([event for event in left if event.kind == left[0].kind][:batch])
        left = [event for event in left if event not in batches[-1]]
    return batches


def sampler_work(model: AudioStory, event: PreparedEvent, settings: RenderSettings) -> float:
    """What an event costs: sampler steps over seconds of sound, for each of its sounds."""
    known = _known_latents(model, [event]) if event.known is not None else None
    seconds = model.performer.canvas(event.frames) * model.codec.hop / model.sample_rate
    return len(event.condition) * max(1, model.performer.steps(settings, known)) * seconds


def single_plan(caption: str, seconds: float) -> tuple[str, list[PlannedEvent]]:
    """The reasoning and the event of a plan for one of several simultaneous sounds.

    Its reasoning is older than the director's list (`core.language.reasoning`); it stays, since
    takes with the same key must sound the same.
    """
    return f"One event. 1. {caption} ({seconds:g} s).", [PlannedEvent(caption, seconds)]


def _too_long(event: Event, longest: float) -> str:
    """Why our own performer cannot perform an event in one piece; empty: it can."""
    if event.duration <= longest:
        return ""
    return (
        f"{event.caption[:60]!r} lasts {event.duration:g} s, more than the {longest:g} s that "
        "can be rendered in one piece; split it."
    )


def _prepared(
    model: AudioStory,
    take: Take,
    event_id: str,
    place: tuple[int, int],
    condition: Tensor,
    beginning: Beginning | None,
) -> PreparedEvent:
    frames = model.codec.frames(take.duration + take.tail)
    stops: tuple[float, ...] = (1.0, 0.0)
    if beginning is not None:
        beyond = len(beginning.latents) < frames
        stops = tuple(sorted({1.0 if beyond else 0.0, beginning.start.strength, 0.0}, reverse=True))
    known = beginning.latents[:frames] if beginning else None
    return PreparedEvent(event_id, *place, take, condition, frames, stops, known)


def perform_batch(
    model: AudioStory,
    events: Sequence[PreparedEvent],
    settings: RenderSettings,
    *,
    on_progress: OnProgress | None = None,
    cancel: threading.Event | None = None,
) -> Iterator[RenderedTake]:
    """One of `event_batches`, from conditions to sound.

    Raises:
        Cancelled: `cancel` was set; checked before every sampler step.
        RenderError: the performer gave something that is not sound.
    """

    def on_step(step: int, steps: int) -> None:
        if on_progress is not None:
            for one in events:
                on_progress(RenderProgress(one.event_id, one.number, one.events, step, steps))

    known = _known_latents(model, events) if events[0].known is not None else None
    steps = max(1, model.performer.steps(settings, known))
    count = len(events[0].condition)
    takes = [event.take for event in events]
    sounds: list[Tensor] = []
    model.ready("performer")
    for number in range(count):

        def step_of_all(step: int, before: int = number * steps) -> None:
            on_step(before + step, count * steps)

        latents = model.performer.render(
            torch.stack([event.condition[number] for event in events]),
            [event.seconds for event in events],
            events[0].frames,
            [noise_of(take) + number for take in takes],
            settings,
            known=known,
            on_step=step_of_all,
            cancel=cancel,
        )
        grains = [grain_of(take) + number for take in takes]
        sounds.append(model.codec.decode(latents, seed=grains).cpu())
    on_step(count * steps, count * steps)
    for event, heard, own in zip(events, torch.stack(sounds, dim=1), latents, strict=True):
        samples = heard[0].numpy()
        if count > 1:
            samples = blended(heard.numpy(), model.sample_rate)
            own = model.codec.encode(torch.from_numpy(samples)[None])[0]
        sound = _cut(samples, event.seconds, model.sample_rate)
        take = dataclasses.replace(event.take, made_on=model.numeric_path)
        yield RenderedTake(event.event_id, take, sound, own.cpu())


def _known_latents(model: AudioStory, events: Sequence[PreparedEvent]) -> KnownLatents:
    """What a batch begins from; what lies beyond a known sound is all new."""
    frames = events[0].frames
    canvas = model.performer.canvas(frames)
    latents = torch.zeros(len(events), canvas, model.codec.latent_channels)
    strength = torch.ones(len(events), canvas)
    for row, event in enumerate(events):
        start, known = event.take.start, event.known
        assert start is not None
        assert known is not None
        latents[row, : len(known)] = known
        strength[row, : len(known)] = start.strength
        if start.span is not None:
            first, last = (round(s * model.sample_rate / model.codec.hop) for s in start.span)
            kept = torch.ones(len(known), dtype=torch.bool)
            kept[first : max(last, first + 1)] = False
            strength[row, : len(known)][kept] = 0.0
        strength[row, frames:] = 0.0 if start.span is not None else start.strength
    if canvas > frames:
        latents[:, frames:] = _silence(model)
    return KnownLatents(latents, strength)


def _silence(model: AudioStory) -> Tensor:
    """The latent frame (C,) of silence, which follows a sound in a canvas of fixed length."""
    nothing = torch.zeros(1, model.channels, 8 * model.codec.hop)
    return model.codec.encode(nothing)[0, 4].cpu()


def _cut(samples: npt.NDArray[np.float32], seconds: float, rate: int) -> npt.NDArray[np.float32]:
    if not np.isfinite(samples).all():
        raise RenderError("The performer produced no sound; try another seed.")
    frames = round(seconds * rate)
    if samples.shape[1] < frames:
        raise RenderError("The performer's sound is too short; report this with the story.")
    cut = np.ascontiguousarray(samples[:, :frames], dtype=np.float32)
    peak = float(np.abs(cut).max())
    return cut if peak <= TAKE_PEAK else cut * np.float32(TAKE_PEAK / peak)


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

    Each new take gets the gain that suits its sound, and at the end all that have such a default
    are balanced (`core.mix.levels`).

    The requests are noted first, so that it can be resumed after a crash (`takes.resumed`), were
    it for the balance alone.
    A take whose sound is on disk already is chosen and not rendered again. An event that its
    performer cannot perform is refused after the others have their takes, and so is one whose
    sound is not known.

    Args:
        group: all takes are undone together with those of the same group.
        on_work: as `render_events`; takes that are on disk already are no work.
        cache: keeps what is measured on takes from one rendering to the next.
        sounds: what takes begin from, as far as it was read before (`read_start_sounds`).
        render: who renders what our own model performs and is not on disk yet.
        performers: those beside our own; None: there are none.

    Raises:
        Cancelled, RenderError: as `render_events`; takes kept before stay.
        RenderError: an event asks for a performer that is not here.
        WeightsError: another performer cannot be loaded.
        AudioFileError: what a take should begin from cannot be read any more.
    """
    story = folder.story
    performers = performers or Performers(model.profile)
    there = {event.id for event in story.events}
    starts = {item.event_id: item.start for item in requests if item.event_id in there}
    unknown = unknown_sounds(model.profile, story, performers)
    unknown = {i: unknown[i] for i, start in starts.items() if start is None and i in unknown}
    starts = {event_id: start for event_id, start in starts.items() if event_id not in unknown}
    assigned = assigned_performers(story, performers)
    for name in {assigned[event_id] for event_id in starts} - {OWN}:
        performers.named(name)
    levels = DefaultLevels(model, folder, group, cache)
    cut_short = folder.begin_rendering(
        tuple(starts), settings, tuple(starts.values()), levels.fresh
    )
    if cut_short is not None:
        levels.go_on(cut_short.fresh)
    try:
        to_make = TakesToMake(model, story, settings, performers, assigned)
        for event in narrative_order(story):
            if event.id not in starts:
                continue
            take = to_make.planned(event, starts[event.id])
            if folder.has_sound(take):
                take = _as_made(event, take)
                folder.adopt_take(event.id, take, group, levels.setting(event.id))
                yield KeptTake(event.id, take, adopted=True)
            else:
                read = (sounds or {}).get(take.start) if take.start else None
                to_make.add(event, take, folder, read)
        for done in to_make.made(render, on_work, on_progress, cancel):
            if done.latents is not None:
                save_latents(folder.latents_file(done.take), done.latents)
            kept = (done.event_id, done.take, done.samples, model.sample_rate, group)
            folder.keep_take(*kept, levels.setting(done.event_id))
            yield KeptTake(done.event_id, done.take, adopted=False)
        unheard = [f"{sentence} {WAYS_OUT}." for sentence in unknown_sentences(story, unknown)]
        for sentence in (*to_make.refused, *unheard):
            raise RenderError(sentence)
    finally:
        try:
            levels.set_for_all()
        finally:  # not sooner: after a crash the balance is made when it is resumed
            folder.end_rendering()


class TakesToMake:
    """Takes that are not there yet: who makes them, and what they begin from.

    Args:
        settings: of our own model; the others' follow from them (`Performers.settings_of`).
        assigned: who performs each event (`core.render.unknown.assigned_performers`).

    Attributes:
        refused: why events cannot be performed, in sentences.
    """

    def __init__(
        self,
        model: AudioStory,
        story: Story,
        settings: RenderSettings,
        performers: Performers,
        assigned: Mapping[str, str],
    ) -> None:
        self.refused: list[str] = []
        self._model, self._story, self._settings = model, story, settings
        self._performers, self._assigned = performers, assigned
        self._texts = contexts(self._story)
        self._own: list[str] = []
        self._beginnings: dict[str, Beginning] = {}
        self._others: dict[str, list[tuple[Take, Known | None, str]]] = {}

    def planned(self, event: Event, start: Start | None = None) -> Take:
        """The take that an event is to have.

        Raises:
            RenderError: its performer is not here.
        """
        name = self._assigned[event.id]
        settings = self._performers.settings_of(name, self._settings)
        by = self._performers.named(name).description if name != OWN else None
        made_of = (self._model.profile.crossfade, by.weights if by else self._model.weights)
        return plan_take(self._story, event, settings, *made_of, start, self._texts[event.id], by)

    def add(
        self,
        event: Event,
        take: Take,
        folder: StoryFolder | None = None,
        read: StartSound | None = None,
    ) -> None:
        """Have a take made, unless its performer cannot.

        Args:
            folder: where the sound is that it begins from; None: it begins from noise alone.
            read: that sound, where it was read before.

        Raises:
            AudioFileError: what it should begin from is gone or cannot be read.
        """
        seconds = take.duration + take.tail
        if take.performer == OWN:
            if sentence := _too_long(event, self._model.performer.longest_seconds):
                self.refused.append(sentence)
                return
            self._own.append(event.id)
            if take.start is not None and folder is not None:
                latents = _known_of(self._model, folder, event, take.start, seconds, read)
                self._beginnings[event.id] = Beginning(take.start, latents)
            return
        by = self._performers.named(take.performer).description
        if sentence := refusal(by, take):
            self.refused.append(sentence)
            return
        known = None
        if take.start is not None and folder is not None:
            with _said_of(event, take.start):
                known = known_sound(
                    by, folder, event, take.start, seconds, self._model.sample_rate, read
                )
        self._others.setdefault(by.name, []).append((take, known, event.id))

    def made(
        self,
        render: EventRenderer,
        on_work: OnWork | None,
        on_progress: OnProgress | None,
        cancel: threading.Event | None,
    ) -> Iterator[RenderedTake]:
        """The takes; those of one performer follow one another, so that it is loaded once."""
        of_others = self._work_of_others()
        count = len(self._own) + len(of_others)

        def on_own_work(work: Mapping[str, float]) -> None:
            if on_work is not None:
                on_work({**work, **of_others})

        def among_all(progress: RenderProgress) -> None:
            if on_progress is not None:
                on_progress(dataclasses.replace(progress, events=count))

        if self._own:
            yield from render(
                self._model,
                self._story,
                tuple(self._own),
                self._settings,
                beginnings=self._beginnings,
                on_work=on_own_work,
                on_progress=among_all,
                cancel=cancel,
            )
        elif of_others:
            on_own_work({})
        number = len(self._own)
        for name, asked in self._others.items():
            performer = self._performers.named(name)
            for take, known, event_id in asked:
                number += 1
                raise_if_cancelled(cancel, "Rendering")
                rate = self._model.sample_rate
                seed = noise_of(take)

                def on_step(
                    step: int, steps: int, event_id: str = event_id, n: int = number
                ) -> None:
                    among_all(RenderProgress(event_id, n, count, step, steps))

                done = perform_other(
                    performer, take, seed, known, rate, on_step=on_step, cancel=cancel
                )
                sound = _cut(done.samples, take.duration + take.tail, rate)
                yield RenderedTake(event_id, done.take, sound, done.latents)

    def _work_of_others(self) -> dict[str, float]:
        """Steps over seconds of sound, by event."""
        return {
            event_id: take.steps * (take.duration + take.tail)
            for asked in self._others.values()
            for take, _, event_id in asked
        }


def _as_made(event: Event, take: Take) -> Take:
    """A take whose sound is on disk, with what its event knows of how that was made."""
    for one in event.takes:
        if one.key == take.key:
            made = {name: getattr(one, name) for name in ("made_on", "source", "licence")}
            return dataclasses.replace(take, **made)
    return take


@contextmanager
def _said_of(event: Event, start: Start) -> Iterator[None]:
    """The error that a beginning cannot be read says of which event among many."""
    try:
        yield
    except AudioFileError as cause:
        name = event.caption[:60]
        raise AudioFileError(f"{name!r} cannot begin from its {start.of}. {cause}") from None


def _known_of(
    model: AudioStory,
    folder: StoryFolder,
    event: Event,
    start: Start,
    seconds: float,
    read: StartSound | None,
) -> Tensor:
    """As `known`; of another performer's take the sound counts, since its latents are not ours."""
    source = next((take for take in event.takes if take.key == start.source), None)
    if start.of == "take" and source is not None and source.performer != OWN:
        start = dataclasses.replace(start, of="sound")
    with _said_of(event, start):
        return known(model, folder, start, seconds, read)


def known(
    model: AudioStory,
    folder: StoryFolder,
    start: Start,
    seconds: float,
    read: StartSound | None = None,
) -> Tensor:
    """The latents (T, C) that a take of this many seconds begins from, from `start.offset` on.

    Of a sound only whole latent frames count, so that the performer goes on from its sound
    and not from the silence that fills up the last one.

    Args:
        read: its sound, where that was read before; the event may have become longer since.

    Raises:
        AudioFileError: the source is gone or cannot be read.
    """
    if start.of == "take":
        path = folder.path / "takes" / f"{start.source}.safetensors"
        latents = load_latents(path, model.codec.latent_channels)
        first = round(start.offset * model.sample_rate / model.codec.hop)
        return latents[min(first, len(latents) - 1) :]
    if read is None or read.seconds < seconds:
        read = read_start_sound(folder, start, seconds)
    heard = read.used_for(seconds)
    sound = torch.from_numpy(brought_to(heard, read.rate, model.sample_rate, model.channels))
    latents = model.codec.encode(sound[None])[0].cpu()
    return latents[: max(1, sound.shape[1] // model.codec.hop)]
