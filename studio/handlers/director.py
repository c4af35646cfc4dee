"""The director's panel: a draft, another one, a changed plan, a continuation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from core.errors import StoryError, StudioError
from core.network import is_web_address
from core.schema import read_value
from core.story.limits import MAX_SEED, check_seed
from core.story.story import Story
from studio.handlers.draft_job import Planning, keep_draft, keep_plan, run_draft, with_mood
from studio.handlers.job_request import request_handler, waiting_components
from studio.handlers.mixing import then_mix
from studio.handlers.options import IMMEDIATE, NOTED_JOB, PRIVATE
from studio.page.layout import EXAMPLES, Page
from studio.state import Studio
from studio.view.updates import Updates, components, view


def add_director_listeners(studio: Studio, page: Page) -> None:
    """Connect Draft, its settings and the ways of planning again."""
    for button, (text, seconds) in zip(page.examples, EXAMPLES, strict=True):
        button.click(
            lambda text=text, seconds=seconds: (text, seconds, ""),
            None,
            [page.instruction, page.total, page.mood],
            **IMMEDIATE,
            **PRIVATE,
        )
    _add_draft_listeners(studio, page)
    _add_replanning_listeners(studio, page)

    def stop(request: gr.Request) -> Updates:
        """Stop what is being made for this session, within a step."""
        session = studio.sessions.of(request.session_hash)
        session.cancel_job()
        if session.busy:
            return {page.progress: gr.update()}
        with session.guard:
            return view(studio, page, session)

    outputs = components(page)
    page.cancel.click(stop, None, outputs, api_name="cancel", **IMMEDIATE)
    page.stop.click(stop, None, outputs, **IMMEDIATE, **PRIVATE)


def _add_draft_listeners(studio: Studio, page: Page) -> None:
    def run(
        instruction: str | None,
        total: float | None,
        mood: str | None,
        seed: int | None,
        address: str | None,
        name: str | None,
        key: str | None,
        request: gr.Request,
    ) -> Iterator[Updates]:
        """Draft a story: reason out a timeline of events from one instruction."""
        session = studio.sessions.of(request.session_hash)
        outside = ("", "", "") if studio.sessions.private else (address, name, key)
        given = (text or "" for text in outside)
        planning = plan_with(instruction or "", mood or "", total or 0.0, seed or 0, *given)
        yield from run_draft(
            studio, page, session, planning, lambda story: keep_draft(session, story)
        )

    def remember(memory: dict[str, Any] | None, request: gr.Request) -> tuple[dict[str, Any], str]:
        folder = studio.sessions.of(request.session_hash).folder
        title = folder.title if folder else ""
        return {**(memory or {}), "title": title}, title

    given = [page.instruction, page.total, page.mood, page.seed]
    outside = [page.director_address, page.director_model, page.director_key]
    waits = waiting_components(page)
    triggers = [page.draft.click, page.instruction.submit]
    noted = gr.on(
        triggers, request_handler(studio, page, "draft"), None, waits, **IMMEDIATE, **PRIVATE
    )
    other = page.another_seed.click(next_seed, page.seed, page.seed, **IMMEDIATE, **PRIVATE).then(
        request_handler(studio, page, "draft"), None, waits, **IMMEDIATE, **PRIVATE
    )
    for first, public in ((noted, {"api_name": "draft"}), (other, PRIVATE)):
        done = first.then(run, [*given, *outside], components(page), **NOTED_JOB, **public)
        done.then(remember, page.memory, [page.memory, page.title], **IMMEDIATE, **PRIVATE)
        then_mix(studio, page, done)


def next_seed(seed: int | None) -> int:
    return ((seed or 0) + 1) % MAX_SEED


def plan_with(
    instruction: str, mood: str, total: float, seed: int, address: str, name: str, key: str
) -> Planning:
    """A plan by our director, or by another one where its address is given.

    Visitors of a public studio get ours alone: an address may be a folder of the server.
    """

    def planning(model: Any, cancel: Any) -> Iterator[Any]:
        from core.director.plan import plan

        words = with_mood(instruction, mood)
        check_seed(seed)
        if not address:
            return plan(model, words, total, seed, cancel)
        from core.director.external import open_director

        director = open_director(address, name or "", key or "")
        return plan(model, words, total, seed, cancel, director=director)

    return Planning(planning, elsewhere=is_web_address(address))


GIVEN: dict[str, Any] = {
    "plan_again": str | None,
    "continue": float | None,
}
"""Ways of planning again, and what each is asked with."""


def _add_replanning_listeners(studio: Studio, page: Page) -> None:
    def again(way: str, replan: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Updates]]:
        def run(asked: Any, request: gr.Request) -> Iterator[Updates]:
            given = read_value(GIVEN[way], asked, "What was asked for", StoryError)
            session = studio.sessions.of(request.session_hash)
            try:
                folder, event = session.open_folder, session.event
            except StudioError as error:
                gr.Warning(str(error))
                yield view(studio, page, session)
                return
            variation = session.replan_counts[f"{folder.title}/{way}/{given}"]
            session.replan_counts[f"{folder.title}/{way}/{given}"] += 1

            before = folder.story

            def planning(model: Any, cancel: Any) -> Iterator[Any]:
                nonlocal before
                before = folder.story
                return replan(model, before, event.id if event else "", given, cancel, variation)

            keep = lambda story: keep_plan(folder, before, story)  # noqa: E731
            yield from run_draft(studio, page, session, Planning(planning), keep)

        return run

    ways = (
        (page.replan_unlocked, page.plan_change, "plan_again", _unlocked),
        (page.continue_plan, page.continue_seconds, "continue", _continued),
    )
    for button, given, name, replan in ways:
        noted = button.click(
            request_handler(studio, page, "draft"),
            None,
            waiting_components(page),
            **IMMEDIATE,
            **PRIVATE,
        )
        done = noted.then(again(name, replan), given, components(page), api_name=name, **NOTED_JOB)
        then_mix(studio, page, done)


def _unlocked(
    model: Any, story: Story, event_id: str, text: str | None, cancel: Any, variation: int
) -> Iterator[Any]:
    from core.director.replan import replan_unlocked

    return replan_unlocked(model, story, cancel, variation + 1)


def _continued(
    model: Any, story: Story, event_id: str, seconds: float | None, cancel: Any, variation: int
) -> Iterator[Any]:
    from core.director.replan import continue_from

    end = story.event(event_id).end + (seconds or 0.0)
    return continue_from(model, story, event_id, end, cancel, variation)
