"""What the director is asked for: a draft, another one, a changed plan, a continuation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from core.errors import StoryError, StudioError
from core.story.limits import MAX_SEED
from core.story.story import Story
from studio.handlers.draft_job import Planning, draft, keep_draft, keep_plan, with_mood
from studio.handlers.job_request import asking, waiting_components
from studio.handlers.mixing import then_mix
from studio.handlers.options import AT_ONCE, LONG, PRIVATE
from studio.page.layout import EXAMPLES, Page
from studio.state import Studio
from studio.view.updates import Updates, components, view


def wire_directing(studio: Studio, page: Page) -> None:
    """Connect Draft, its settings and the ways of planning again."""
    for button, (text, seconds) in zip(page.examples, EXAMPLES, strict=True):
        button.click(
            lambda text=text, seconds=seconds: (text, seconds, ""),
            None,
            [page.instruction, page.total, page.mood],
            **AT_ONCE,
            **PRIVATE,
        )
    _wire_draft(studio, page)
    _wire_replanning(studio, page)

    def stop(request: gr.Request) -> Updates:
        """Stop what is being made for this session, within a step."""
        session = studio.sessions.of(request.session_hash)
        session.stop()
        if session.busy:
            return {page.progress: gr.update()}
        with session.guard:
            return view(studio, page, session)

    outputs = components(page)
    page.cancel.click(stop, None, outputs, api_name="cancel", **AT_ONCE)
    page.stop.click(stop, None, outputs, **AT_ONCE, **PRIVATE)


def _wire_draft(studio: Studio, page: Page) -> None:
    def run(
        instruction: str,
        total: float,
        mood: str,
        seed: int,
        place: str,
        name: str,
        key: str,
        request: gr.Request,
    ) -> Iterator[Updates]:
        """Draft a story: reason out a timeline of events from one instruction."""
        session = studio.sessions.of(request.session_hash)
        words = with_mood(instruction or "", mood or "")
        outside = ("", "", "") if studio.sessions.private else (place, name, key)
        planning = drafted(words, float(total or 0), int(seed or 0), *outside)
        yield from draft(studio, page, session, planning, lambda story: keep_draft(session, story))

    def remember(memory: dict[str, str], request: gr.Request) -> tuple[dict[str, str], str]:
        folder = studio.sessions.of(request.session_hash).folder
        title = folder.title if folder else ""
        return {**memory, "title": title}, title

    asked = [page.instruction, page.total, page.mood, page.seed]
    outside = [page.place, page.model_name, page.key]
    waits = waiting_components(page)
    triggers = [page.draft.click, page.instruction.submit]
    noted = gr.on(triggers, asking(studio, page, "draft"), None, waits, **AT_ONCE, **PRIVATE)
    other = page.another.click(
        lambda seed: (int(seed or 0) + 1) % MAX_SEED, page.seed, page.seed, **AT_ONCE, **PRIVATE
    ).then(asking(studio, page, "draft"), None, waits, **AT_ONCE, **PRIVATE)
    for first, public in ((noted, {"api_name": "draft"}), (other, PRIVATE)):
        done = first.then(run, [*asked, *outside], components(page), **LONG, **public)
        done.then(remember, page.memory, [page.memory, page.title], **AT_ONCE, **PRIVATE)
        then_mix(studio, page, done)


def drafted(instruction: str, total: float, seed: int, place: str, name: str, key: str) -> Planning:
    """A plan by our director, or by another one where a place is given.

    Visitors of a public studio get ours alone: a place is an address or a folder of the server.
    """

    def planning(model: Any, cancel: Any) -> Iterator[Any]:
        from core.director.plan import plan

        if not 0 <= seed <= MAX_SEED:
            raise StoryError("A seed is a whole number from 0 on; choose another one.")
        if not place:
            return plan(model, instruction, total, seed, cancel)
        from core.director.external import open_director

        director = open_director(place, name or "", key or "")
        return plan(model, instruction, total, seed, cancel, director=director)

    return planning


def _wire_replanning(studio: Studio, page: Page) -> None:
    def again(way: str, ask: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Updates]]:
        def run(given: Any, request: gr.Request) -> Iterator[Updates]:
            session = studio.sessions.of(request.session_hash)
            try:
                folder, event = session.open_folder, session.event
            except StudioError as trouble:
                gr.Warning(str(trouble))
                yield view(studio, page, session)
                return
            variation = session.pressed[f"{folder.title}/{way}/{given}"]
            session.pressed[f"{folder.title}/{way}/{given}"] += 1

            before = folder.story

            def planning(model: Any, cancel: Any) -> Iterator[Any]:
                nonlocal before
                before = folder.story
                return ask(model, before, event.id if event else "", given, cancel, variation)

            keep = lambda story: keep_plan(folder, before, story)  # noqa: E731
            yield from draft(studio, page, session, planning, keep)

        return run

    ways = (
        (page.tell, page.wish, "plan_wish", _wish),
        (page.again, page.wish, "plan_again", _unlocked),
        (page.go_on, page.further, "continue", _continued),
    )
    for button, given, name, ask in ways:
        noted = button.click(
            asking(studio, page, "draft"), None, waiting_components(page), **AT_ONCE, **PRIVATE
        )
        done = noted.then(again(name, ask), given, components(page), api_name=name, **LONG)
        then_mix(studio, page, done)
    page.wish.submit(
        asking(studio, page, "draft"), None, waiting_components(page), **AT_ONCE, **PRIVATE
    ).then(again("plan_wish", _wish), page.wish, components(page), **LONG, **PRIVATE)


def _wish(
    model: Any, story: Story, event_id: str, text: str, cancel: Any, variation: int
) -> Iterator[Any]:
    from core.director.replan import wish

    return wish(model, story, text or "", cancel, variation)


def _unlocked(
    model: Any, story: Story, event_id: str, text: str, cancel: Any, variation: int
) -> Iterator[Any]:
    from core.director.replan import replan_unlocked

    return replan_unlocked(model, story, cancel, variation + 1)


def _continued(
    model: Any, story: Story, event_id: str, seconds: float, cancel: Any, variation: int
) -> Iterator[Any]:
    from core.director.replan import continue_from

    end = story.event(event_id).end + float(seconds or 0)
    return continue_from(model, story, event_id, end, cancel, variation)
