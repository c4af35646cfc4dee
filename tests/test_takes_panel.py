"""Takes side by side: several at once, kept and removed, looped, repainted and compared."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from studio_pages import page_of
from studio_stories import long_story
from test_studio_page import (
    CHROMIUM,
    DESK,
    PHONE,
    block,
    button,
    heard,
    on_disk,
    open_story,
    shoot,
    wait_until,
)
from test_takes import SETTINGS, chosen, make, sample_story

from core.audiostory import AudioStory
from core.errors import Cancelled, StoryError
from core.profile import RenderSettings, load_profile
from core.render.perform import KeptTake, perform
from core.render.performers import Performers
from core.render.takes import TakeRequest, quality_of, unused_seeds
from core.render.variations import perform_variations
from core.story import timeline
from core.story.folders import StoryFolder
from core.story.library import Library
from core.story.story import Event, Story
from core.story.take import Start, Take
from studio.editing.actions import act
from studio.handlers.rendering import with_strength
from studio.jobs.model_service import ModelService
from studio.sessions.registry import Sessions
from studio.sessions.session import Session
from studio.sound.peaks import PeakCache, take_peaks
from studio.state import Studio
from studio.view.remaining import left_to_render, render_settings
from studio.view.takes import take_settings, takes_panel

TINY = Performers(load_profile("tiny"))


@pytest.fixture
def folder(tmp_path: Path) -> StoryFolder:
    return Library(tmp_path / "stories").create(sample_story(), "Rain")


@pytest.fixture
def rendered(tiny: AudioStory, folder: StoryFolder) -> StoryFolder:
    make(tiny, folder, *(TakeRequest(event.id) for event in folder.story.events))
    return folder


def vary_all(
    model: AudioStory, folder: StoryFolder, event_id: str, count: int, **how: Any
) -> list[KeptTake]:
    seeds = unused_seeds(folder.story.event(event_id), count)
    how = {"on_variation": lambda number, count: None, "group": "v", "label": "variations"} | how
    return list(perform_variations(model, folder, event_id, seeds, SETTINGS, **how))


class TestVariations:
    def test_a_kept_take_stays_kept_and_four_others_lie_beside_it(
        self, tiny: AudioStory, rendered: StoryFolder
    ) -> None:
        before = rendered.story
        made = vary_all(tiny, rendered, "e2", 4)
        event = rendered.story.event("e2")
        assert [kept.take.seed for kept in made] == [1, 2, 3, 4]
        assert len({kept.take.key for kept in made}) == 4
        assert event.takes[0] == before.event("e2").take == event.take
        assert [take.key for take in event.takes[1:]] == [kept.take.key for kept in made]
        assert all(rendered.has_sound(take) for take in event.takes)
        gains = [(e.id, e.gain_db, e.trim_db, e.seed) for e in rendered.story.events]
        assert gains == [(e.id, e.gain_db, e.trim_db, e.seed) for e in before.events]
        assert rendered.undo_label == "variations"

    def test_where_none_was_kept_the_first_one_is(
        self, tiny: AudioStory, folder: StoryFolder
    ) -> None:
        made = vary_all(tiny, folder, "e1", 2)
        event = folder.story.event("e1")
        assert (event.chosen, event.seed) == (made[0].take.key, None)
        assert timeline.status(event) == "rendered"

    def test_undo_takes_back_in_one_step_what_was_decided_and_no_sound(
        self, tiny: AudioStory, folder: StoryFolder
    ) -> None:
        vary_all(tiny, folder, "e1", 2)
        assert folder.undo_count == 1
        folder.undo()
        assert folder.story.event("e1").chosen is None
        assert len(folder.story.event("e1").takes) == 2
        folder.redo()
        assert folder.story.event("e1").chosen is not None

    def test_cancelled_in_between_the_finished_ones_stay(
        self, tiny: AudioStory, rendered: StoryFolder
    ) -> None:
        cancel, before = threading.Event(), rendered.story.event("e1")

        def begin(number: int, count: int) -> None:
            if number == 3:
                cancel.set()

        with pytest.raises(Cancelled):
            vary_all(tiny, rendered, "e1", 4, on_variation=begin, cancel=cancel)
        event = rendered.story.event("e1")
        assert len(event.takes) == 3
        assert (event.chosen, event.seed) == (before.chosen, before.seed)

    def test_a_locked_event_is_refused(self, tiny: AudioStory, rendered: StoryFolder) -> None:
        rendered.edit("lock", lambda story: timeline.lock(story, "e1"))
        with pytest.raises(StoryError, match="unlock it to render it"):
            vary_all(tiny, rendered, "e1", 2)

    def test_seeds_are_those_that_no_take_has(self) -> None:
        takes = tuple(take_of(f"k{seed}", seed=seed) for seed in (1, 3))
        event = Event("e1", "rain", 0.0, 2.0, takes=takes)
        assert unused_seeds(event, 3) == (2, 4, 5)


def take_of(key: str, **values: Any) -> Take:
    usual = {"seed": 1, "steps": 4, "guidance": 2.0, "profile": "tiny", "weights": "w"}
    return Take(key, None, "rain", 2.0, 0.0, **{**usual, **values})


@pytest.fixture
def session(tmp_path: Path) -> Session:
    takes = (take_of("a"), take_of("b", seed=2), take_of("c", seed=3))
    event = Event("e1", "rain", 0.0, 2.0, takes=takes, chosen="b")
    story = Story("rain", 4.0, 1, "tiny", "", (event, Event("e2", "a bell", 2.0, 2.0)))
    library = Library(tmp_path / "stories")
    session = Session(library, tmp_path / "served")
    session.show(library.create(story, "Takes"))
    session.selected = "e1"
    return session


def test_the_others_are_removed_together_and_come_back_together(session: Session) -> None:
    folder, before = session.open_folder, session.open_folder.story
    act(session, "drop_others", {"id": "e1"})
    assert [take.key for take in folder.story.event("e1").takes] == ["b"]
    folder.undo()
    assert folder.story == before
    with pytest.raises(StoryError, match="no kept take"):
        act(session, "drop_others", {"id": "e2"})
    act(session, "lock", {"id": "e1"})
    with pytest.raises(StoryError, match="locked"):
        act(session, "drop_others", {"id": "e1"})


def test_a_take_that_loops_is_long_enough_for_any_event(session: Session) -> None:
    folder = session.open_folder
    act(session, "loop", {"id": "e1", "on": True})
    act(session, "stretch", {"id": "e1", "duration": 9.0})
    event = folder.story.event("e1")
    assert (event.loop, event.duration, timeline.status(event)) == (True, 9.0, "rendered")
    assert 'data-loop-take aria-pressed="true"' in takes_panel(session, TINY, ready=True)
    act(session, "loop", {"id": "e1", "on": False})
    assert timeline.status(folder.story.event("e1")) == "changed"


def test_settings_are_told_apart_by_what_differs(session: Session) -> None:
    event = session.open_folder.story.event("e1")
    one = take_settings(event.takes[0], event, TINY)
    assert one == {
        "sound": "“rain”",
        "length": "2 s",
        "seed": "1",
        "prompt strength": "2",
        "quality": "final, 4 steps",
        "performed by": TINY.profile.title,
        "begun from": "noise",
    }
    start = Start("take", "a", 0.5, 7, 1, span=(0.5, 1.0))
    varied = take_settings(take_of("d", guidance=5.0, start=start), event, TINY)
    assert {name: value for name, value in varied.items() if one.get(name) != value} == {
        "prompt strength": "5",
        "begun from": "take 1, 0.5 to 1 s anew",
        "how much is new": "0.5",
        "variation": "7",
    }
    fast = take_settings(take_of("e", guidance=1.0, sampler="fast"), event, TINY)
    assert fast["prompt strength"] == "learned"


def test_variations_to_come_have_their_places(session: Session) -> None:
    session.variation = ("e1", 2, 4)
    panel = unescape(takes_panel(session, TINY, ready=True))
    assert re.findall(r'aria-busy="true">(\d)\s*<small>(\w+)', panel.replace("&ensp;", " ")) == [
        ("4", "rendering"),
        ("5", "waiting"),
        ("6", "waiting"),
    ]
    session.selected = "e2"
    assert "aria-busy" not in takes_panel(session, TINY, ready=True)


def test_a_take_is_drawn_as_loud_as_it_is(tiny: AudioStory, rendered: StoryFolder) -> None:
    take, cache = chosen(rendered, "e1"), PeakCache()
    peaks = take_peaks(rendered, take, 20, cache)
    assert len(peaks) == 20
    assert max(peaks) == 1.0
    assert min(peaks) >= 0.0
    rendered.take_file(take).unlink()
    assert take_peaks(rendered, take, 20, cache) == peaks, "kept"
    assert take_peaks(rendered, take, 20, PeakCache()) == ()


class TestPromptStrength:
    @pytest.fixture
    def studio_and_session(self, rendered: StoryFolder, tmp_path: Path) -> tuple[Studio, Session]:
        sessions = Sessions(rendered.path.parent, tmp_path / "served", private=False)
        session = Session(Library(rendered.path.parent), tmp_path / "served")
        session.show(rendered)
        session.quality = "final"
        return Studio(ModelService("tiny"), sessions, PeakCache()), session

    def test_takes_to_come_have_it_and_those_that_are_there_stay(
        self, tiny: AudioStory, studio_and_session: tuple[Studio, Session]
    ) -> None:
        studio, session = studio_and_session
        folder = session.open_folder
        assert left_to_render(studio, session, "changed") == ()
        session.guidance = 6.0
        assert render_settings(studio, session) == RenderSettings(4, 6.0)
        assert left_to_render(studio, session, "changed") == ()
        seeded = timeline.change(folder.story, "e1", seed=9)
        folder.edit("seed", lambda story: seeded)
        (asked,) = left_to_render(studio, session, "changed")
        (kept,) = make_with(tiny, folder, render_settings(studio, session), asked)
        assert kept.take.guidance == 6.0
        assert quality_of(kept.take, studio.service.profile) == "final"
        session.guidance = None
        assert left_to_render(studio, session, "changed") == ()
        assert left_to_render(studio, session, "all") == ()

    def test_a_sampler_that_has_learned_its_own_keeps_it(
        self, studio_and_session: tuple[Studio, Session]
    ) -> None:
        studio, session = studio_and_session
        assert with_strength(studio, session, 6.0).guidance == 6.0
        with pytest.raises(StoryError, match="choose between 1 and 12"):
            with_strength(studio, session, 50.0)
        assert session.guidance == 6.0
        pocket = Studio(ModelService("pocket"), studio.sessions, PeakCache())
        session.quality = "draft"
        assert render_settings(pocket, session) == pocket.service.profile.draft
        with pytest.raises(StoryError, match="has learned its prompt strength"):
            with_strength(pocket, session, 6.0)


def make_with(
    model: AudioStory, folder: StoryFolder, settings: RenderSettings, asked: TakeRequest
) -> list[KeptTake]:
    return list(perform(model, folder, [asked], settings, group="g"))


TITLE = "Takes side by side"


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stories")


@pytest.fixture(scope="module")
def opened(stories: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    sessions = Sessions(stories, tmp_path_factory.mktemp("served"), private=False)
    long_story(stories, TITLE, events=5, total=60.0)
    with page_of(Studio(ModelService("tiny"), sessions, PeakCache())) as page:
        open_story(page, TITLE)
        yield page


@pytest.fixture
def page(opened: Page) -> Page:
    """The page with the takes of an event of 12 s."""
    opened.set_viewport_size(DESK)
    block(opened, "2").click()
    expect(opened.get_by_role("group", name="Takes of event 2")).to_be_visible()
    return opened


def span_of(page: Page) -> tuple[float, ...]:
    """Seconds from and to which is painted."""
    edges = (page.get_by_role("slider", name=name) for name in ("From", "To"))
    return tuple(float(edge.get_attribute("aria-valuenow") or 0) for edge in edges)


@pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium")
def test_variations_are_heard_kept_compared_repainted_and_removed(
    page: Page, stories: Path
) -> None:
    said = page.locator(".said")
    before = on_disk(stories, TITLE).event("e1")
    page.keyboard.press("v")
    expect(page.locator(".takes [aria-busy]").first).to_be_visible()
    expect(heard(page, "5")).to_be_visible()
    expect(page.locator(".takes [aria-busy]")).to_have_count(0)
    event = on_disk(stories, TITLE).event("e1")
    assert (len(event.takes), event.chosen) == (5, before.chosen)

    page.keyboard.press("3")
    expect(heard(page, "3")).to_be_focused()
    expect(heard(page, "3")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("ArrowRight")
    expect(heard(page, "4")).to_be_focused()
    expect(heard(page, "4")).to_have_attribute("aria-pressed", "true")
    button(page, "A / B").click()
    button(page, "A / B").click()
    expect(heard(page, "1, draft, kept")).to_have_class(re.compile("is-sounding"))
    button(page, "Compare settings").click()
    compared = page.locator(".takes-compared")
    expect(compared).to_contain_text("Take 4 was made like take 1, but for:")
    expect(compared).to_contain_text("seed: 4, not 1")
    shoot(page, "variations", "#workspace")
    heard(page, "4").focus()
    page.keyboard.press("Enter")
    expect(heard(page, "4, draft, kept")).to_be_focused()
    expect(said).to_have_text("Take 4 is kept")
    assert on_disk(stories, TITLE).event("e1").chosen == event.takes[3].key

    button(page, "Repaint a span").click()
    edge = page.get_by_role("slider", name="From")
    expect(edge).to_be_focused()
    area = page.locator(".paint-area").bounding_box()
    assert area is not None
    seconds = event.takes[3].duration + event.takes[3].tail
    xs = [area["x"] + area["width"] * share for share in (0.25, 0.5)]
    y = area["y"] + area["height"] / 2
    page.mouse.move(xs[0], y)
    page.mouse.down()
    page.mouse.move(xs[1], y, steps=4)
    page.mouse.up()
    painted = span_of(page)
    assert painted == pytest.approx((0.25 * seconds, 0.5 * seconds), abs=0.03)
    edge.focus()
    page.keyboard.press("ArrowRight")
    assert span_of(page) == pytest.approx((painted[0] + 0.1, painted[1]), abs=0.001)
    span = span_of(page)
    expect(page.locator(".paint-words")).to_have_text(f"{span[0]:.2f} to {span[1]:.2f} s")
    shoot(page, "painted", "#takes")
    button(page, "Repaint it").click()
    expect(heard(page, "6")).to_be_visible()
    wait_until(page, lambda: len(on_disk(stories, TITLE).event("e1").takes) == 6)
    start = on_disk(stories, TITLE).event("e1").takes[5].start
    assert start is not None
    assert start.source == event.takes[3].key
    assert start.span == span

    button(page, "Remove 5 others").click()
    expect(heard(page, "2")).to_have_count(0)
    page.locator("#brand").click()
    page.keyboard.press("Control+z")
    expect(heard(page, "6")).to_be_visible()


@pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium")
def test_a_span_is_painted_by_touch_and_a_loop_switched(page: Page, stories: Path) -> None:
    button(page, "Loop the take").click()
    expect(button(page, "Loop the take")).to_have_attribute("aria-pressed", "true")
    assert on_disk(stories, TITLE).event("e1").loop
    page.set_viewport_size(PHONE)
    heard(page, "1").click()
    button(page, "Repaint a span").click()
    area = page.locator(".paint-area")
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box is not None
    edge = page.get_by_role("slider", name="To").bounding_box()
    assert edge is not None
    assert edge["width"] >= 44
    touches = page.context.new_cdp_session(page)
    y = box["y"] + box["height"] / 2

    def touch(kind: str, share: float | None) -> None:
        points = [] if share is None else [{"x": box["x"] + box["width"] * share, "y": y}]
        touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    for kind, share in (
        ("touchStart", 0.5),
        ("touchMove", 0.6),
        ("touchMove", 0.75),
        ("touchEnd", None),
    ):
        touch(kind, share)
    whole = float(page.get_by_role("slider", name="To").get_attribute("aria-valuemax") or 0)
    assert span_of(page) == pytest.approx((0.5 * whole, 0.75 * whole), abs=0.05)
