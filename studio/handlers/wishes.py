"""Wishes in words: planned, shown as what they would change, and taken or discarded."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

import gradio as gr

from core.errors import StoryError, StudioError
from core.language.stream import one_line
from core.story.story import Story
from studio.editing.labels import label_about
from studio.handlers.draft_job import Planning, planning_work
from studio.handlers.job_request import request_handler, waiting_components
from studio.handlers.messages import errors_as_messages
from studio.handlers.mixing import then_mix
from studio.handlers.options import IMMEDIATE, NOTED_JOB, PRIVATE, QUICK
from studio.handlers.turns import AFTER_EDITS, in_turn
from studio.jobs.background import in_background
from studio.jobs.queue import QueuePosition
from studio.page.layout import Page
from studio.sessions.session import PlanProposal, Session
from studio.state import Studio
from studio.view.updates import Updates, components, view, view_after, waiting_view

_AGAIN = "The story was changed since; say the wish again."


def add_wish_listeners(studio: Studio, page: Page) -> None:
    """Connect the line of wishes, and what takes and discards what it would change."""
    outputs = components(page)

    def wish(text: str | None, request: gr.Request) -> Iterator[Updates]:
        """Work out what a wish in words would change; nothing is changed until it is taken."""
        session = studio.sessions.of(request.session_hash)
        yield from propose(studio, page, session, text or "")

    def take(request: gr.Request) -> Updates:
        """Change the story as the wish that was worked out last says."""
        session = studio.sessions.of(request.session_hash)
        proposal = session.proposal
        shown = view_after(studio, page, take_proposal, session)
        if proposal is not None and session.proposal is None:
            words = f"Changed: {proposal.wish}. Undo takes it back."
            shown[page.progress] = f'<span class="hint" role="status">{escape(words)}</span>'
        return shown

    def discard(request: gr.Request) -> Updates:
        """Leave the story as it is."""
        return view_after(studio, page, discard_proposal, studio.sessions.of(request.session_hash))

    def stop(request: gr.Request) -> Updates:
        session = studio.sessions.of(request.session_hash)
        session.cancel_job()
        if session.busy:
            return {page.progress: gr.update()}
        return view(studio, page, session)

    note, waits = request_handler(studio, page, "draft"), waiting_components(page)
    for begun, public in (
        (page.change_plan.click, {"api_name": "plan_wish"}),
        (page.plan_change.submit, PRIVATE),
    ):
        noted = begun(note, None, waits, **IMMEDIATE, **PRIVATE, **AFTER_EDITS)
        noted.then(wish, page.plan_change, outputs, **NOTED_JOB, **public)
    page.stop_wish.click(stop, None, outputs, **IMMEDIATE, **PRIVATE)
    taken = in_turn(page.take_plan.click, take, None, outputs, api_name="take_plan", **QUICK)
    then_mix(studio, page, taken)
    in_turn(page.discard_plan.click, discard, None, outputs, api_name="discard_plan", **QUICK)


def propose(studio: Studio, page: Page, session: Session, text: str) -> Iterator[Updates]:
    """Plan what a wish comes to and show it."""
    try:
        folder, job = session.open_folder, session.start_job("draft")
    except StudioError as error:
        gr.Warning(str(error))
        yield view(studio, page, session)
        return
    words = one_line(text)
    session.proposal, before, after = None, folder.story, None
    variation = session.replan_counts[f"{folder.title}/wish/{words}"]
    session.replan_counts[f"{folder.title}/wish/{words}"] += 1

    def planning(model: Any, cancel: Any) -> Iterator[Any]:
        nonlocal before
        from core.director.replan import change_by_wish

        before = folder.story
        return change_by_wish(model, before, words, cancel, variation)

    try:
        with errors_as_messages("Planning", "Planning was stopped; nothing is changed."):
            yield waiting_view(studio, page, session) | {page.progress: _hint("Reading the wish …")}
            for batch in in_background(planning_work(studio, job, Planning(planning)), job):
                last = batch[-1]
                if isinstance(last, QueuePosition):
                    yield {page.progress: _hint(f"{last} …")}
                else:
                    after = last.story or after
            if after is not None and session.folder is folder:
                session.proposal = _proposal(words, before, after)
    finally:
        job.done = True
    yield view(studio, page, session)


def _proposal(wish: str, before: Story, after: Story) -> PlanProposal:
    if after == before:
        raise StoryError(f"“{wish}” changes nothing: the story is like that already.")
    return PlanProposal(wish, before, after)


def take_proposal(session: Session) -> None:
    """Change the story to what was proposed, in one step.

    Raises:
        StoryError: there is nothing to take, or the story is another one by now.
    """
    folder, proposal, selected = session.open_folder, session.proposal, session.event
    if proposal is None:
        raise StoryError("There is nothing to take; say first what should change.")

    def replaced(now: Story) -> Story:
        if now != proposal.before:
            raise StoryError(_AGAIN)
        return proposal.after

    folder.edit(label_about("wish", proposal.wish), replaced)
    session.proposal = None
    session.made_by_action(_new_ids(proposal))
    session.follow(selected)


def discard_proposal(session: Session) -> None:
    """Forget what was proposed."""
    session.proposal = None


def _new_ids(proposal: PlanProposal) -> list[str]:
    there = {event.id for event in proposal.before.events}
    return [event.id for event in proposal.after.events if event.id not in there]


def _hint(words: str) -> str:
    return f'<span class="hint" role="status">{escape(words)}</span>'
