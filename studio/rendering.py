"""Render: takes for the events that need one, shown event by event, stopped within a step."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from core import timeline
from core.errors import Cancelled, StoryError, StudioError
from core.library import StoryFolder
from core.performer import RenderSettings
from core.render import RenderedTake, RenderProgress, plan_take, render_events
from core.story import Event
from studio.page import Page, Studio
from studio.session import Job, Session
from studio.stage import clock, number_of, stage
from studio.stream import reports
from studio.view import Updates, settings, view


@dataclass(frozen=True)
class Adopted:
    """An event whose take was on disk already."""

    event_id: str


def render(studio: Studio, page: Page, session: Session) -> Iterator[Updates]:
    """Render every event that needs it."""
    wanted = settings(studio, session)
    folder = session.folder
    ids = folder.unrendered(wanted.steps, wanted.guidance) if folder else ()
    yield from _rendering(studio, page, session, ids, "render")


def render_again(studio: Studio, page: Page, session: Session, event_id: str) -> Iterator[Updates]:
    """Render one event: with its own seed when it changed, else another take with a new seed."""
    group = f"take-{secrets.token_hex(4)}"
    try:
        folder = session.open_folder
        event = folder.story.event(event_id)
        session.selected = event_id
        if timeline.status(event) == "rendered":
            seed = _unused_seed(event)
            folder.edit("new take", lambda s: timeline.change(s, event_id, seed=seed), group)
        elif event.locked:
            raise StoryError(f"{event.caption!r} is locked; unlock it to render it.")
    except StudioError as trouble:
        gr.Warning(str(trouble))
        yield view(studio, page, session)
        return
    yield from _rendering(studio, page, session, (event_id,), group)


def _unused_seed(event: Event) -> int:
    used = {take.seed for take in event.takes}
    return next(seed for seed in range(1, len(used) + 2) if seed not in used)


def _rendering(
    studio: Studio, page: Page, session: Session, ids: Sequence[str], group: str
) -> Iterator[Updates]:
    try:
        folder, job = session.open_folder, session.start("render")
    except StudioError as trouble:
        gr.Warning(str(trouble))
        yield {}
        return
    if group == "render":
        group = f"render-{secrets.token_hex(4)}"
    wanted = settings(studio, session)
    progress = Progress(len(ids))
    try:
        yield view(studio, page, session) | {page.progress: progress.html("Waiting for its turn")}
        for batch in reports(_performing(studio, folder, job, ids, wanted, group), job):
            yield _shown(studio, page, session, folder, progress, batch)
    except Cancelled:
        gr.Info("Rendering was stopped; finished takes are kept.")
    except StudioError as trouble:
        gr.Warning(str(trouble))
    finally:
        job.done, session.working = True, ""
    yield view(studio, page, session)


def _performing(
    studio: Studio,
    folder: StoryFolder,
    job: Job,
    ids: Sequence[str],
    wanted: RenderSettings,
    group: str,
) -> Callable[[Callable[[Any], None]], None]:
    """The work itself: adopt what is on disk already, render the rest, keep each take at once."""

    def work(send: Callable[[Any], None]) -> None:
        with studio.engine.turn:
            model = studio.engine.model
            story = folder.story
            left = []
            for event in story.events:
                if event.id in ids:
                    take = plan_take(story, event, wanted, model.profile.crossfade, model.weights)
                    if folder.has_sound(take):
                        folder.adopt_take(event.id, take, group)
                        send(Adopted(event.id))
                    else:
                        left.append(event.id)
            if not left:
                return
            folder.begin_rendering(left, wanted.steps, wanted.guidance)
            try:
                made = render_events(
                    model, story, left, wanted, on_progress=send, cancel=job.cancel
                )
                for done in made:
                    samples, rate = done.samples, model.sample_rate
                    folder.keep_take(done.event_id, done.take, samples, rate, group)
                    send(done)
            finally:
                folder.end_rendering()

    return work


def _shown(
    studio: Studio,
    page: Page,
    session: Session,
    folder: StoryFolder,
    progress: Progress,
    batch: Sequence[Any],
) -> Updates:
    """The progress bar at every batch; the stage and the table when an event begins or ends."""
    if session.folder is not folder:
        return {}
    before = session.working
    for report in batch:
        if isinstance(report, RenderProgress):
            session.working = report.event_id
        progress.add(report)
    updates: Updates = {}
    if any(isinstance(report, (RenderedTake, Adopted)) for report in batch):
        updates = view(studio, page, session)
    elif session.working != before:
        updates = {page.stage: stage(session, studio.cache)}
    words = ""
    working = next((e for e in folder.story.events if e.id == session.working), None)
    if working is not None:
        words = f"{number_of(folder.story, working)}  {working.caption}"
    return updates | {page.progress: progress.html(words)}


class Progress:
    """How far a rendering is, and how long it will take from what it took so far."""

    def __init__(self, events: int) -> None:
        self.events = max(1, events)
        self.share = 0.0
        self._done = 0
        self._began = time.monotonic()

    def add(self, report: object) -> None:
        if isinstance(report, (RenderedTake, Adopted)):
            self._done += 1
            self.share = self._done / self.events
        elif isinstance(report, RenderProgress):
            self.share = (self._done + 0.95 * report.step / report.steps) / self.events

    @property
    def left(self) -> float | None:
        """Seconds left, once enough is done to tell."""
        if self.share < 0.05:
            return None
        return (time.monotonic() - self._began) * (1 - self.share) / self.share

    def html(self, words: str) -> str:
        left = "" if self.left is None else f" · {clock(self.left)} left"
        share = f"{100 * self.share:.0f}"
        return (
            f'<div class="progress"><span>{escape(words)}{left}</span>'
            f'<div class="track" role="progressbar" aria-label="Rendering" aria-valuemin="0"'
            f' aria-valuemax="100" aria-valuenow="{share}"><i style="width:{share}%"></i></div>'
            "</div>"
        )
