"""Render: takes for the events that need one, shown event by event, stopped within a step."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from core.detached import detached_result
from core.errors import StoryError, StudioError
from core.farm.address import FarmAddress
from core.farm.state import FarmState
from core.profile import OWN
from core.render.start_sounds import StartSound, read_start_sounds
from core.render.takes import TakeRequest, free_event, unused_seeds
from core.render.unknown import WAYS_OUT, unknown_sentence
from core.story import timeline
from core.story.folders import StoryFolder
from core.story.story import Event
from core.story.take import Start
from core.time_format import about
from studio.editing.labels import label_of
from studio.editing.table import name_of
from studio.handlers.messages import errors_as_messages
from studio.handlers.mixing import mix_updates
from studio.jobs.background import in_background
from studio.jobs.job import Job
from studio.jobs.queue import QueuePosition
from studio.jobs.time_left import TimeLeft
from studio.page.layout import Page
from studio.sessions.session import Session
from studio.state import Studio
from studio.view.remaining import Scope, left_to_render, render_settings
from studio.view.unfamiliar import unknown_events
from studio.view.updates import Updates, selection_view, view

if TYPE_CHECKING:
    from core.audiostory import AudioStory
    from core.profile import RenderSettings
    from core.render.perform import KeptTake

VARIATIONS = 4
"""As many as can be told apart side by side."""
Send = Callable[[Any], None]
Ask = Callable[[threading.Event], Sequence[TakeRequest]]
"""Says what to make, until it is cancelled."""


@dataclass(frozen=True)
class Loading:
    """The model is not there yet."""


@dataclass(frozen=True)
class Work:
    """Rendering begins; `amounts` says what it has to do, by event."""

    amounts: Mapping[str, float]


@dataclass(frozen=True)
class Variation:
    """The `number`-th (from 1) of `count` takes of one event is begun."""

    event_id: str
    number: int
    count: int


def render_scope(studio: Studio, page: Page, session: Session, scope: Scope) -> Iterator[Updates]:
    """Render what changed, or everything that is not in the chosen quality yet."""
    requests = left_to_render(studio, session, scope)
    group = f"render-{secrets.token_hex(4)}"
    settings = render_settings(studio, session)
    yield from make_takes(studio, page, session, lambda cancel: requests, settings, group)


def render_event(studio: Studio, page: Page, session: Session, event_id: str) -> Iterator[Updates]:
    """Render one event: as it is when it changed, else another take with a new seed."""
    group = f"take-{secrets.token_hex(4)}"
    try:
        folder = session.open_folder
        event = folder.story.event(event_id)
        session.selected = event_id
        if event.locked:
            raise StoryError(f"{event.caption!r} is locked; unlock it to render it.")
        if session.busy:
            raise StoryError("Something is being made here already; wait for it or cancel it.")
        unknown = unknown_events(studio.service, session)
        if event_id in unknown:
            raise StoryError(f"{unknown_sentence(event, unknown[event_id])} {WAYS_OUT}.")
        due = {request.event_id: request for request in left_to_render(studio, session, "all")}
        if event_id not in due:
            (seed,) = unused_seeds(event, 1)
            folder.edit("new take", lambda s: timeline.change(s, event_id, seed=seed), group)
    except StudioError as error:
        gr.Warning(str(error))
        yield view(studio, page, session)
        return
    request, settings = due.get(event_id, TakeRequest(event_id)), render_settings(studio, session)
    yield from make_takes(studio, page, session, lambda cancel: (request,), settings, group)


def render_from(
    studio: Studio,
    page: Page,
    session: Session,
    make_request: Callable[[StoryFolder, Event, threading.Event], TakeRequest],
) -> Iterator[Updates]:
    """Render the selected event from a take, a span of one, or a recording.

    Args:
        make_request: says what to begin from, which it may have to read first, until it is
            cancelled; raises StudioError when that cannot be.
    """
    group = f"take-{secrets.token_hex(4)}"
    try:
        event = session.event
        if event is None:
            raise StoryError("No event is selected; select one first.")
        if event.locked:
            raise StoryError(f"{event.caption!r} is locked; unlock it to render it.")
        make = partial(make_request, session.open_folder, event)
    except StudioError as error:
        gr.Warning(str(error))
        yield view(studio, page, session)
        return
    settings = render_settings(studio, session)
    yield from make_takes(studio, page, session, lambda cancel: (make(cancel),), settings, group)


def render_variations(
    studio: Studio, page: Page, session: Session, event_id: str
) -> Iterator[Updates]:
    """Render an event from several seeds, one after the other; what is kept of it stays kept."""
    group = f"take-{secrets.token_hex(4)}"
    try:
        folder = session.open_folder
        event = free_event(folder, event_id)
        session.selected = event_id
        unknown = unknown_events(studio.service, session)
        if event_id in unknown:
            raise StoryError(f"{unknown_sentence(event, unknown[event_id])} {WAYS_OUT}.")
        if event.silent:
            raise StoryError("A silence has no takes; give it a caption to hear something.")
    except StudioError as error:
        gr.Warning(str(error))
        yield view(studio, page, session)
        return
    settings, seeds = render_settings(studio, session), unused_seeds(event, VARIATIONS)
    label = label_of("variations", [event])
    make = partial(_perform_variations, event_id=event_id, seeds=seeds, label=label)
    asked = (TakeRequest(event_id),) * VARIATIONS
    yield from make_takes(studio, page, session, lambda cancel: asked, settings, group, make)


def _perform_variations(
    model: AudioStory,
    folder: StoryFolder,
    requests: Sequence[TakeRequest],
    settings: RenderSettings,
    *,
    send: Send,
    on_work: Callable[[Mapping[str, float]], None],
    event_id: str,
    seeds: Sequence[int],
    label: str,
    **how: Any,
) -> Iterator[KeptTake]:
    """As `core.render.perform.perform`: variations, told of as parts of one work."""
    from core.render.variations import perform_variations

    told = False

    def begin(number: int, count: int) -> None:
        send(Variation(event_id, number, count))

    def work(amounts: Mapping[str, float]) -> None:
        nonlocal told
        if not told and event_id in amounts:
            parts = range(1, len(seeds) + 1)
            on_work({_part(event_id, number): amounts[event_id] for number in parts})
        told = told or event_id in amounts

    yield from perform_variations(
        model, folder, event_id, seeds, settings,
        label=label, on_variation=begin, on_work=work, **how,
    )  # fmt: skip


def _perform_all(
    model: AudioStory,
    folder: StoryFolder,
    requests: Sequence[TakeRequest],
    settings: RenderSettings,
    *,
    send: Send,
    **how: Any,
) -> Iterator[KeptTake]:
    from core.render.perform import perform

    return perform(model, folder, requests, settings, **how)


def _part(event_id: str, number: int) -> str:
    """A variation's name among the work that there is."""
    return f"{event_id}/{number}"


def make_takes(
    studio: Studio,
    page: Page,
    session: Session,
    ask: Ask,
    settings: RenderSettings,
    group: str,
    make: Callable[..., Iterator[KeptTake]] = _perform_all,
) -> Iterator[Updates]:
    """Do the work and show it: the queue before it, its progress, each take as it is done.

    Args:
        ask: says what to make; called in the work, before it is its turn.
        make: makes it, as `core.render.perform.perform` does.
    """
    try:
        folder, job = session.open_folder, session.start_job("render")
    except StudioError as error:
        gr.Warning(str(error))
        yield {page.progress: gr.update()}
        return
    on = studio.place.of(session.on)
    pace = None if on is not None else studio.service.pace("render", settings)
    shown = RenderView(studio, page, session, folder, TimeLeft(pace))
    try:
        with errors_as_messages("Rendering", "Rendering was stopped; finished takes are kept."):
            yield view(studio, page, session, of_job=True) | {page.progress: shown.html()}
            work = render_work(studio, folder, job, ask, settings, group, on, make)
            for batch in in_background(work, job):
                yield shown.after(batch)
    finally:
        job.done, session.rendering, session.variation = True, frozenset(), None
    yield view(studio, page, session)


def render_work(
    studio: Studio,
    folder: StoryFolder,
    job: Job,
    ask: Ask,
    settings: RenderSettings,
    group: str,
    on: FarmAddress | None = None,
    make: Callable[..., Iterator[KeptTake]] = _perform_all,
) -> Callable[[Send], None]:
    """The work itself: read what takes begin from, wait for the model, then render; each take is
    kept at once.

    Args:
        on: the farm that renders; None: the studio itself.
        make: as for `make_takes`.
    """
    service = studio.service

    def read() -> tuple[Sequence[TakeRequest], dict[Start, StartSound]]:
        requests = ask(job.cancel)
        return requests, read_start_sounds(folder, requests, service.profile.crossfade, job.cancel)

    def work(send: Send) -> None:
        if not service.ready:
            send(Loading())
        requests, sounds = detached_result(read, job.cancel)  # nobody waits for this disk
        lengths = {event.id: event.duration for event in folder.story.events}
        amount = settings.steps * sum(lengths.get(request.event_id, 0.0) for request in requests)
        seconds = service.estimate("render", amount, settings)
        with studio.place.turn(service, job, seconds, send, len(requests), on) as render:
            model = service.model_unless(job.cancel)
            began, amount, others = time.monotonic(), 0.0, False

            def begin(amounts: Mapping[str, float]) -> None:
                nonlocal began, amount
                began, amount = time.monotonic(), sum(amounts.values())
                send(Work(amounts))

            for kept in make(
                model,
                folder,
                requests,
                settings,
                send=send,
                group=group,
                on_work=begin,
                on_progress=send,
                cancel=job.cancel,
                cache=studio.cache,
                sounds=sounds,
                render=render,
                performers=service.performers,
            ):
                others = others or kept.take.performer != OWN
                send(kept)
            if on is None and not others:
                service.record_duration("render", time.monotonic() - began, amount, settings)

    return work


@dataclass
class RenderView:
    """What the page shows of a rendering.

    Attributes:
        working: how far the events are that are being rendered, from 0 to 1.
    """

    studio: Studio
    page: Page
    session: Session
    folder: StoryFolder
    left: TimeLeft
    text: str = "Starting"
    farm: str = ""
    begun: bool = False
    working: dict[str, float] = field(default_factory=dict)
    variation: Variation | None = None

    def after(self, batch: Sequence[Any]) -> Updates:
        """The progress at every batch; the timeline and the table when an event begins or ends."""
        session, kept = self.session, False
        before = (session.rendering, session.variation)
        for report in batch:
            self._note(report)
            kept = kept or hasattr(report, "take")
        session.rendering = frozenset(self.working)
        one = self.variation
        session.variation = None if one is None else (one.event_id, one.number, one.count)
        if session.folder is not self.folder:
            return {self.page.progress: gr.update()}
        updates: Updates = {}
        if kept:
            updates = view(self.studio, self.page, session, of_job=True) | mix_updates(
                self.studio, self.page, session
            )
        elif (session.rendering, session.variation) != before:
            updates = selection_view(self.studio, self.page, session)
        return updates | {self.page.progress: self.html()}

    def _note(self, report: object) -> None:
        self.text = self._text(report) or self.text
        event_id = str(getattr(report, "event_id", ""))
        if isinstance(report, FarmState):
            self.farm = f" · {report.doing if self.begun else report}"
        elif isinstance(report, Variation):
            self.variation = report
        elif isinstance(report, Work):
            self.begun = True
            self.left.begin(report.amounts)
        elif hasattr(report, "take"):
            self.left.finish(self._named(event_id))
            self.working.pop(event_id, None)
        elif steps := getattr(report, "steps", 0):
            self.working[event_id] = getattr(report, "step", 0) / steps
            self.left.step(self._named(event_id), self.working[event_id])

    def _named(self, event_id: str) -> str:
        """What is being made, among the work that there is."""
        one = self.variation
        return event_id if one is None else _part(event_id, one.number)

    def html(self) -> str:
        """What is being done, how much is done and how long the rest will take."""
        seconds = self.left.seconds
        time_left = "estimating the time left" if seconds is None else f"{about(seconds)} left"
        text = escape((self._at_work() or self.text) + self.farm)
        text += f" · {time_left}" if self.begun else ""
        share = f"{100 * self.left.share:.0f}"
        return (
            f'<div class="progress"><span>{text}</span>'
            f'<div class="track" role="progressbar" aria-label="Rendering" aria-valuemin="0"'
            f' aria-valuemax="100" aria-valuenow="{share}"><i style="width:{share}%"></i></div>'
            "</div>"
        )

    def _at_work(self) -> str:
        """How far each event is, where a farm renders several at once."""
        if len(self.working) < 2:
            return ""
        story = self.folder.story
        return ", ".join(
            f"{name_of(story, event)} {self.working[event.id]:.0%}"
            for event in story.events
            if event.id in self.working
        )

    def _text(self, report: object) -> str:
        if isinstance(report, Loading):
            return "Loading the model"
        if isinstance(report, QueuePosition):
            return str(report)
        event_id = str(getattr(report, "event_id", ""))
        event = next((e for e in self.folder.story.events if e.id == event_id), None)
        if event is None:
            return ""
        one = self.variation
        take = f", take {one.number} of {one.count}" if one else ""
        return f"{name_of(self.folder.story, event)}  {event.caption}{take}"
