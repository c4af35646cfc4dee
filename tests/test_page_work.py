"""What the page does for a gesture, counted: how fast that is says `python -m tests.page_speed`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from page_gestures import Hand
from playwright.sync_api import Page
from studio_pages import page_of
from studio_stories import many_lanes

from core.profile import RenderSettings
from core.render import takes
from core.story.context import extended
from core.story.library import Library
from core.story.take import Start, Take, TakePart, same_sound, take_key
from studio.editing.actions import act
from studio.jobs.model_service import ModelService
from studio.page.layout import lay_out
from studio.server import _build
from studio.sessions.registry import Sessions
from studio.sessions.session import Session
from studio.sound import peaks
from studio.sound.peaks import PeakCache
from studio.state import Studio
from studio.view.remaining import left_to_render
from studio.view.updates import view_after
from studio.view.waves import waves

TITLE = "Many lanes"
EVENTS, LANES = 60, 8
MOVES = 40
"""Of the pointer in a drag."""


def studio_at(folder: Path) -> Studio:
    (folder / "served").mkdir(exist_ok=True)
    sessions = Sessions(folder / "stories", folder / "served", private=False)
    return Studio(ModelService("tiny"), sessions, PeakCache())


SETTLED = 3000
"""Milliseconds after which what a page asked for when it was opened is there."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("work")
    many_lanes(folder / "stories", TITLE, EVENTS, LANES)
    return folder


@pytest.fixture(scope="module")
def hand(folder: Path) -> Iterator[Hand]:
    """A hand at the story of sixty events, its waves drawn and its model at rest."""
    studio = studio_at(folder)
    with page_of(studio) as page:
        page.locator("#stories input").click()
        page.get_by_role("option", name=TITLE, exact=True).click()
        hand = Hand(page, folder / "stories" / TITLE / "story.json")
        hand.wait(lambda: page.locator(".event-block").count() == EVENTS)
        hand.wait(lambda: all(map(inked(hand), ("e0", "o0", "e29"))), "waves")
        studio.service.wait()
        page.wait_for_timeout(SETTLED)
        yield hand


def inked(hand: Hand) -> Any:
    """Whether a wave is drawn in the block of an event."""
    drawn = (
        "b => { const c = b.querySelector('canvas');"
        " return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(Boolean) }"
    )
    return lambda event_id: hand.block(event_id).evaluate(drawn)


def layouts(page: Page) -> int:
    """How often Chromium has laid the page out."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    metrics = session.send("Performance.getMetrics")["metrics"]
    session.detach()
    return next(int(m["value"]) for m in metrics if m["name"] == "LayoutCount")


def test_a_request_marks_no_component_of_the_page(tmp_path: Path) -> None:
    """A hidden sign on thirty of them is drawn four times a request; an export's is shown."""
    wired = _build(studio_at(tmp_path)).get_config_file()["dependencies"]
    marking = {
        each["api_name"]
        for each in wired
        if each["show_progress_on"] is None and each["backend_fn"]
    }
    assert marking <= {"export", "unload", "act"}


def test_an_edit_says_nothing_of_what_only_another_story_or_a_job_changes(folder: Path) -> None:
    studio = studio_at(folder)
    with gr.Blocks():
        page = lay_out(studio)
    session = Session(Library(folder / "stories"), folder)
    session.show(session.library.open(TITLE))
    shown = view_after(studio, page, lambda s: act(s, "gain_by", {"id": "e3", "by": 1}), session)
    assert page.timeline in shown
    assert page.table in shown
    assert not {page.workspace, page.welcome, page.stories, page.draft, page.cancel} & shown.keys()
    again = view_after(studio, page, lambda s: act(s, "gain_by", {"id": "e3", "by": 1}), session)
    assert again[page.table].keys() == {"value", "__type__"}
    there = [page.undo, page.redo, page.history, page.brief]
    assert not any("visible" in shown[component] for component in there)


def counted(calls: list[str], name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which notes that it was called."""

    def noted(*arguments: Any, **options: Any) -> Any:
        calls.append(name)
        return function(*arguments, **options)

    return noted


def test_what_an_edit_shows_reads_no_sound_and_hashes_no_take(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = studio_at(folder)
    with gr.Blocks():
        page = lay_out(studio)
    session = Session(Library(folder / "stories"), folder)
    session.show(session.library.open(TITLE))

    worked: list[str] = []
    for module, name in ((peaks, "outline"), (takes, "take_key")):
        monkeypatch.setattr(module, name, counted(worked, name, getattr(module, name)))
    shown = view_after(studio, page, lambda s: act(s, "gain_by", {"id": "e3", "by": 1}), session)
    assert page.render in shown
    assert left_to_render(studio, session, "all") == ()
    assert worked == []
    waves(session, studio.cache)
    story = session.open_folder.story
    takes.plan_take(story, story.event("e3"), RenderSettings(2), 0.0, "")
    assert set(worked) == {"outline", "take_key"}


def test_takes_are_of_the_same_sound_where_their_keys_are_equal() -> None:
    context = extended(None, "rain")
    take = Take(
        "k", context, "rain", 3.0, 0.5, 1, 8, 4.0, "tiny", "w", start=Start("take", "k", 1.0, 1, 1)
    )
    other = {
        "key": "l", "context": extended(None, "wind"), "caption": "wind", "duration": 4.0,
        "tail": 0.0, "seed": 2, "steps": 9, "guidance": 5.0, "profile": "pocket", "weights": "v",
        "file": "x.flac",
        "start": Start("take", "k", 0.5, 1, 1), "sampler": "fast", "part": TakePart("e", 1.0),
        "made_on": "here", "performer": "another", "conditioning": "caption", "source": "a file",
        "licence": "CC0",
    }  # fmt: skip
    assert set(other) == {field.name for field in dataclasses.fields(Take)}
    for name, value in other.items():
        changed = dataclasses.replace(take, **{name: value})
        assert same_sound(take, changed) == (take_key(take) == take_key(changed)), name
    assert same_sound(take, dataclasses.replace(take, file="x.flac", made_on="here"))
    assert not same_sound(take, dataclasses.replace(take, seed=2))


def test_a_page_that_nobody_touches_draws_no_frames(hand: Hand) -> None:
    hand.page.evaluate("""() => {
        window.asked = 0;
        const inFrame = window.requestAnimationFrame;
        window.requestAnimationFrame = (f) => inFrame((t) => { window.asked += 1; f(t) });
    }""")

    def at_rest() -> bool:
        before, drawn = hand.page.evaluate("asked"), layouts(hand.page)
        hand.page.wait_for_timeout(1000)
        return bool(hand.page.evaluate("asked") - before < 5 and layouts(hand.page) - drawn < 5)

    hand.wait(at_rest, "rest")  # what the opening began is over at some time


def test_a_block_that_an_edit_brings_gets_its_wave_and_the_others_stay_what_they_are(
    hand: Hand,
) -> None:
    page = hand.page
    page.evaluate("for (const b of document.querySelectorAll('.event-block')) b.kept = true")
    before = layouts(page)
    hand.block("e3").focus()
    hand.press("d")
    hand.wait(lambda: page.locator(".event-block").count() == EVENTS + 1)
    hand.wait(lambda: len(hand.story.events) == EVENTS + 1)
    kept = page.locator(".event-block").evaluate_all("all => all.filter(b => b.kept).length")
    assert kept == EVENTS
    made = next(e.id for e in hand.story.sequence if not hand.block(e.id).evaluate("b => b.kept"))
    hand.wait(lambda: inked(hand)(made), "its wave")
    assert layouts(page) - before < EVENTS, "the page is laid out for each block"
    hand.press("Control+z")
    hand.wait(lambda: page.locator(".event-block").count() == EVENTS)


def test_a_drag_lays_the_page_out_once_a_move(hand: Hand) -> None:
    mouse, box = hand.page.mouse, hand.box("o8")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + 8, y)
    before = layouts(hand.page)
    for n in range(MOVES):
        mouse.move(x + 8 + 2 * n, y)
    drawn = layouts(hand.page) - before
    hand.press("Escape")
    mouse.up()
    assert drawn <= MOVES + 5
