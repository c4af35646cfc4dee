"""The page in a real browser: draft, edit, drag, render, compare, undo, reload, export.

Screenshots of its states, at both widths, are left in screenshots/; axe-core looks at each of them.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import socket
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile
from gradio_client import Client
from http_servers import said, served
from page_gestures import BY_KEYS, BY_MOUSE, EVENTS, TOTAL, Hand, try_gesture
from playwright.sync_api import (
    APIResponse,
    Browser,
    Locator,
    Page,
    Route,
    ViewportSize,
    expect,
    sync_playwright,
)
from studio_stories import long_story

from core.bridge.known_sounds import load_known_sounds
from core.errors import Cancelled
from core.export import open_story as exported_story
from core.export.bundle import write_bundle
from core.library.catalogue import Catalogue
from core.library.index import Indexer
from core.story.library import Library
from core.story.story import Event, Story
from studio.jobs.job import Job
from studio.jobs.model_service import ModelService
from studio.jobs.queue import MAX_JOBS, JobQueue
from studio.server import serving
from studio.sessions.registry import Sessions
from studio.sound.library import SoundLibrary
from studio.sound.peaks import PeakCache
from studio.state import Studio
from tests.page_faults import grave_findings, misfits

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--mute-audio",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SCREENSHOTS = Path(__file__).parents[1] / "screenshots"
PATIENCE = 60_000
DESK: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
LONG = "A long night by the sea"
SLOWED_DOWN = 4.0
"""How much slower than an idle machine one may be on which other tests run as well."""

SHOWN_STORY = "sessionStorage.getItem('audiostory-title')"

PAINTED = """() => new Promise((done) => {
  requestAnimationFrame(() => setTimeout(() => requestAnimationFrame(done), 100));
})"""
"""Waits until a page of a new size is drawn, the lanes with it."""

expect.set_options(timeout=PATIENCE)
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium")


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stories")


@pytest.fixture(scope="module")
def studio(stories: Path, tmp_path_factory: pytest.TempPathFactory) -> Studio:
    sessions = Sessions(stories, tmp_path_factory.mktemp("served"), private=False)
    library = SoundLibrary(tmp_path_factory.mktemp("library") / "library.sqlite")
    return Studio(ModelService("tiny"), sessions, PeakCache(), sound_library=library)


@pytest.fixture(scope="module")
def address(studio: Studio) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with serving(studio, "127.0.0.1", port) as blocks:
        yield blocks.local_url


@pytest.fixture
def crowd(studio: Studio) -> Iterator[None]:
    """So many jobs before the model that no more may wait."""
    with contextlib.ExitStack() as jobs:
        first = Job("render")
        jobs.enter_context(studio.service.queue.turn(first, 60.0))
        waiting = [Job("render") for _ in range(MAX_JOBS - 1)]
        pool = jobs.enter_context(ThreadPoolExecutor(len(waiting)))
        for job in waiting:
            pool.submit(wait_in_queue, studio.service.queue, job)
        while studio.service.queue.position().before < MAX_JOBS:
            time.sleep(0.05)
        yield
        for job in waiting:
            job.cancel.set()


def wait_in_queue(queue: JobQueue, job: Job) -> None:
    with contextlib.suppress(Cancelled), queue.turn(job, 20.0):
        pass


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=FLAGS,
            ignore_default_args=["--hide-scrollbars"],  # people have them
            timeout=PATIENCE,
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def finished(stories: Path) -> None:
    """Stories with sound, which need no model."""
    for title in ("Every panel", "First menu", "Second menu"):
        long_story(stories, title, events=5, total=60.0)
    long_story(stories, "Twenty keys", events=6, total=60.0)


LEFT_BEHIND = ("AbortError", "Unexpected error Connection errored out")
"""What Gradio logs of answers that a page no longer waits for, since the test has left it."""


@pytest.fixture
def troubles() -> list[str]:
    """What the page's console calls an error; must be empty in the end."""
    return []


@pytest.fixture
def page(browser: Browser, address: str, troubles: list[str], finished: None) -> Iterator[Page]:
    """A fresh visitor's page; the test fails when it loads from elsewhere or a script fails."""
    context = browser.new_context(viewport=DESK)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(re.sub(r"^(\w+://[^/]*).*", r"\1", request.url)))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    arrive(page, address)
    left: list[str] = []
    page.on("framenavigated", lambda frame: left.append(frame.url))
    yield page
    context.close()
    assert {host for host in hosts if host.startswith("http")} == {address.rstrip("/")}
    assert not [said for said in troubles if not (left and said.startswith(LEFT_BEHIND))]


def arrive(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_label("What should be heard?").wait_for(state="attached")


def open_brief(page: Page) -> None:
    """Once a story is there what it was drafted from is one line."""
    page.locator(".brief-line").click()
    page.get_by_label("What should be heard?").wait_for()


def button(page: Page, name: str | re.Pattern[str]) -> Locator:
    return page.get_by_role("button", name=name, exact=isinstance(name, str))


def block(page: Page, number: str) -> Locator:
    return page.get_by_role("option", name=re.compile(rf"^{re.escape(number)}\s"))


def heard(page: Page, take: str) -> Locator:
    return button(page, re.compile(f"^Hear take {take}"))


def length(page: Page) -> Locator:
    return page.get_by_label("Length of the story in seconds")


def cell(page: Page, row: int, column: int) -> Locator:
    return page.locator(f"#events [data-row='{row}'][data-col='{column}']").last


def write_cell(page: Page, row: int, column: int, text: str) -> None:
    cell(page, row, column).dblclick()
    editor = page.get_by_label("Edit cell")
    editor.fill(text)
    editor.press("Enter")


def drag(page: Page, grip: Locator, by: float, *, up: float = 0.0) -> None:
    """Drag something sideways by so many pixels."""
    grip.scroll_into_view_if_needed()
    box = grip.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for part in (0.3, 0.7, 1.0):
        page.mouse.move(x + by * part, y - up * part)
    page.mouse.up()


def pixels(page: Page, seconds: float) -> float:
    """How wide a time is in the picture."""
    box = block(page, "1").bounding_box()
    assert box is not None
    found = re.search(r"([\d.]+) s", block(page, "1").locator('[part="note"]').inner_text())
    assert found is not None
    return seconds * box["width"] / float(found[1])


def draft(page: Page, instruction: str, seconds: int = 6) -> None:
    page.get_by_label("What should be heard?").fill(instruction)
    page.get_by_label("Seconds", exact=True).fill(str(seconds))
    button(page, "Draft").click()
    block(page, "1").wait_for()
    expect(length(page)).to_have_value(str(seconds))


def open_story(page: Page, title: str) -> None:
    page.locator("#stories input").click()
    page.get_by_role("option", name=title, exact=True).click()
    expect(page.locator("#stories input")).to_have_value(title)
    # The menu shows the title at once, the lanes the story of before until the answer is here.
    wait_until(page, lambda: page.evaluate(SHOWN_STORY) == title)
    block(page, "1").wait_for()


def split_in_three(page: Page) -> None:
    """Two splits by keyboard, so that a story of any plan has events to move."""
    options = page.get_by_role("option")
    for _ in range(2):
        count = options.count()
        block(page, "1").click()
        page.keyboard.press("s")
        expect(options).to_have_count(count + 1)


def say(page: Page, key: str, caption: str) -> None:
    """Press the key of what asks for a caption, and give it one."""
    page.keyboard.press(key)
    page.locator(".ask input").fill(caption)
    page.keyboard.press("Enter")


def wait_until(page: Page, holds: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE / 1000
    while not holds():
        assert time.monotonic() < until
        page.wait_for_timeout(50)


def on_disk(stories: Path, title: str) -> Story:
    return Story.load(stories / title / "story.json")


def takes(stories: Path, title: str) -> dict[str, int]:
    """The files of takes with the times when they were written."""
    return {
        path.name: path.stat().st_mtime_ns for path in (stories / title / "takes").glob("*.flac")
    }


def shoot(page: Page, name: str, part: str = "") -> None:
    """Leave a screenshot at both widths, and have axe-core look for what shuts people out.

    Args:
        part: all that it has not looked at before in this test.
    """
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for size in (PHONE, DESK):
        page.set_viewport_size(size)
        page.evaluate(PAINTED)
        page.screenshot(path=SCREENSHOTS / f"{name}-{size['width']}.png", full_page=True)
        assert not misfits(page), f"{name} at {size['width']}"
    look_through(page, name, part)


def look_through(page: Page, name: str, part: str) -> None:
    grave = grave_findings(page, part)
    assert not grave, f"{name}: {grave}"


def test_a_story_from_instruction_to_file(page: Page, stories: Path, tmp_path: Path) -> None:
    title = "rain on a roof"
    shoot(page, "empty")
    draft(page, title, 6)
    split_in_three(page)
    shoot(page, "drafted")

    write_cell(page, 0, 1, "soft rain")
    expect(block(page, "1")).to_contain_text("soft rain")
    # The picture shows what was typed before it is saved.
    wait_until(page, lambda: on_disk(stories, title).sequence[0].caption == "soft rain")

    button(page, "Render").press("Enter")
    button(page, "Rendered").wait_for()
    expect(button(page, "Play the story")).to_be_focused()
    rendered = takes(stories, title)
    assert len(rendered) == len(on_disk(stories, title).events)
    shoot(page, "rendered", "#workspace")

    before = on_disk(stories, title).sequence
    drag(page, block(page, "1").locator('[part~="region-handle-right"]'), pixels(page, 0.5))
    expect(cell(page, 0, 3)).not_to_contain_text(re.compile(rf"^\s*{before[0].duration:g}\s*$"))
    after = on_disk(stories, title).sequence
    assert after[0].duration == pytest.approx(before[0].duration + 0.5, abs=0.11)
    assert after[0].end == after[1].start
    expect(button(page, re.compile(r"^Render 1 of"))).to_be_visible()

    button(page, "Render this").click()
    button(page, "Rendered").wait_for()
    again = takes(stories, title)
    assert {name: again[name] for name in rendered} == rendered
    assert len(again) == len(rendered) + 1
    shoot(page, "changed", "#workspace")

    page.keyboard.press("Control+z")
    expect(button(page, re.compile(r"^Render 1 of"))).to_be_visible()
    button(page, "Undo").click()
    expect(cell(page, 0, 3)).to_contain_text(re.compile(rf"^\s*{before[0].duration:g}\s*$"))
    button(page, "Redo").click()
    button(page, "Redo").click()
    button(page, "Rendered").wait_for()

    hear = heard(page, "1, draft")
    hear.click()
    expect(hear).to_have_attribute("aria-pressed", "true")
    button(page, "A / B").click()
    button(page, "A / B").click()
    kept = heard(page, "2, draft, kept")
    expect(kept).to_have_class(re.compile("is-sounding"))
    button(page, "Keep").press("Enter")
    expect(heard(page, "1, draft, kept")).to_be_focused()
    chosen = on_disk(stories, title).sequence[0]
    assert chosen.chosen == chosen.takes[0].key

    button(page, "Play the story").click()
    expect(page.locator("[data-clock]")).not_to_have_text("0:00.0")
    page.keyboard.press("Escape")
    page.locator("body").press("Space")
    expect(button(page, "Play the story")).to_be_visible()

    page.reload()
    block(page, "1").wait_for()
    expect(heard(page, "1, draft, kept")).to_be_visible()
    expect(page.get_by_label("What should be heard?")).to_have_value(title)
    expect(cell(page, 0, 1)).to_contain_text("soft rain")

    expect(button(page, "Play the story")).to_be_enabled()
    with page.expect_download() as download:
        page.locator("#download").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    assert file.name == f"{title}.wav"
    info = soundfile.info(file)
    assert (info.samplerate, info.channels) == (44_100, 2)
    assert info.frames == round(on_disk(stories, title).total * 44_100)

    page.locator("#light").click()
    shoot(page, "light")


def test_every_control_is_whole_at_every_width(page: Page) -> None:
    assert not misfits(page)
    open_story(page, "Every panel")
    assert not misfits(page)
    button(page, "Manage").click()
    for panel in page.locator(".gr-accordion > button:visible").all():
        panel.click()
    button(page, "Keys").click()
    for width in (1920, 768):
        page.set_viewport_size({"width": width, "height": 1000})
        page.evaluate(PAINTED)
        assert not misfits(page), width
    shoot(page, "panels")


def test_everything_frequent_has_a_key_that_does_what_is_asked_for_and_no_more(
    page: Page, stories: Path
) -> None:
    title = "Twenty keys"
    open_story(page, title)
    before = on_disk(stories, title)
    names = [event.id for event in before.events]
    keys = page.keyboard

    def now() -> Story:
        return on_disk(stories, title)

    def has(*events: str) -> None:
        wait_until(page, lambda: {event.id for event in now().events} == set(events))

    # Held down, lengthened and shortened: every press counts, though the picture is drawn anew.
    block(page, "2").focus()
    for _ in range(6):
        keys.press("Alt+ArrowRight")
    wait_until(page, lambda: now().total == pytest.approx(before.total + 0.6))
    expect(block(page, "2")).to_be_focused()
    address = page.url
    keys.press("Alt+ArrowLeft")
    keys.press(",")
    keys.press(".")
    wait_until(page, lambda: now().total == pytest.approx(before.total + 0.5))
    assert page.url == address
    assert [event.id for event in now().events] == names

    # What follows the deleted one is selected, never the opening.
    keys.press("Delete")
    has(*(set(names) - {"e1"}))
    expect(block(page, "2")).to_be_focused()
    expect(block(page, "2")).to_have_attribute("data-id", "e2")
    keys.press("Delete")
    has(*(set(names) - {"e1", "e2"}))
    keys.press("Control+z")
    has(*(set(names) - {"e1"}))
    keys.press("Control+z")
    has(*names)
    expect(block(page, "2")).to_have_attribute("data-id", "e1")

    block(page, "5").focus()
    for name in ("+2", "6"):
        keys.press("ArrowRight")
        expect(block(page, name)).to_be_focused()
    keys.press("Delete")
    has(*(set(names) - {"e5"}))
    expect(block(page, "5")).to_be_focused()
    keys.press("d")
    wait_until(page, lambda: len(now().sequence) == 6)
    expect(block(page, "6")).to_be_focused()
    say(page, "n", "a new sound")
    wait_until(page, lambda: len(now().sequence) == 7)
    expect(block(page, "1")).to_be_focused()
    keys.press("l")
    wait_until(page, lambda: now().sequence[0].locked)
    keys.press("Delete")
    page.get_by_text("is locked").first.wait_for()
    keys.press("l")
    wait_until(page, lambda: not now().sequence[0].locked)
    keys.press("Shift+ArrowRight")
    wait_until(page, lambda: now().sequence[1].caption == "a new sound")
    keys.press("Shift+ArrowRight")
    wait_until(page, lambda: now().sequence[2].caption == "a new sound")
    say(page, "o", "a far bell")
    expect(block(page, "+1")).to_contain_text("a far bell")
    expect(block(page, "+1")).to_be_focused()
    drag(page, block(page, "+1").locator('[part~="name"]'), pixels(page, 0.0), up=60)
    expect(block(page, "+1")).to_contain_text("layer 2")
    keys.press("l")
    expect(block(page, "+1")).to_contain_text("locked")
    shoot(page, "layers")
    keys.press("l")
    expect(block(page, "+1")).not_to_contain_text("locked")
    length(page).fill("50")
    keys.press("Tab")
    wait_until(page, lambda: now().total == 50)
    expect(block(page, "1")).to_contain_text(f"{round(now().sequence[0].duration, 2):g} s")
    edited = now()

    # In cells, headings, fields, menus and dialogs keys are only what they are there.
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<p contenteditable id=note>words</p>"
        "<div role=dialog><button id=yes>Yes</button></div>')"
    )
    button(page, re.compile("^Vary, repaint")).click()
    open_brief(page)
    page.get_by_label("Mood").focus()
    for place in ("#instruction textarea", "#note", "#yes", "#strength [type=range]", "#light"):
        page.locator(place).focus()
        for key in ("d", "n", "o", "s", "j", "l", "g", ".", "Delete", "Backspace"):
            keys.press(key)
    cell(page, 1, 4).focus()
    for key in ("Delete", "Backspace", "Shift+ArrowRight", "ArrowUp", "ArrowUp", "d", "Space"):
        keys.press(key)
    cell(page, 1, 0).focus()
    for key in ("d", "Delete", "n", "Space"):
        keys.press(key)
    gain = cell(page, 1, 13).inner_text()
    cell(page, 1, 13).focus()
    for key in ("Delete", "d", "Backspace"):
        keys.press(key)
    cell(page, 0, 1).click()
    expect(cell(page, 1, 13)).to_have_text(gain)
    cell(page, 1, 4).click(modifiers=["Shift"])
    keys.press("Delete")
    cell(page, 1, 1).focus()
    keys.type("dripping")
    keys.press("Enter")
    wait_until(page, lambda: now().sequence[1].caption == "dripping")
    expect(cell(page, 1, 1)).to_be_focused()
    assert [e.id for e in now().events] == [e.id for e in edited.events]
    assert now().sequence[0] == edited.sequence[0]
    assert now().sequence[2:] == edited.sequence[2:]
    assert now().sequence[1].trim_db == 0  # Delete in its cell brought the default back
    expect(page.locator("#events th").nth(3)).to_have_text(re.compile(r"^\s*Length\s*$"))

    # Undone one by one, it is the story of before.
    for _ in range(30):
        left = now()
        if left == before:
            break
        keys.press("Control+z")
        wait_until(page, lambda left=left: now() != left)  # type: ignore[misc]
    assert now() == before


USUAL_GESTURES = (
    (BY_MOUSE, "an end with ripple"),
    (BY_MOUSE, "a seam with Shift"),
    (BY_MOUSE, "a sound above to an edge"),
    (BY_MOUSE, "its sound slipped with Alt"),
    (BY_MOUSE, "a marquee around two"),
    (BY_MOUSE, "a copy pasted at the playhead"),
    (BY_MOUSE, "a sound drawn to a marker"),
    (BY_MOUSE, "a beginning without ripple"),
    (BY_MOUSE, "a sound moved onto others"),
    (BY_KEYS, "a beginning"),
    (BY_KEYS, "a level"),
    (BY_KEYS, "a marker nudged and named"),
    (BY_KEYS, "a sound at the playhead"),
    (BY_KEYS, "two deleted"),
)
"""All of them, sixty by keys alone and sixty by touch (`test_touch_page.py`), are `python -m
tests.soak gestures`."""


SPECTRA = 60_000
"""Milliseconds in which spectrograms of all takes are there, on a busy machine."""


def test_gestures_of_mouse_and_keys_lead_to_the_stories_written_for_them(
    page: Page, stories: Path
) -> None:
    long_story(stories, "Gestures", EVENTS, TOTAL)
    page.reload()
    open_story(page, "Gestures")
    for part in ("#render", ".lanes", "[data-play]"):
        box = page.locator(part).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= DESK["height"], part
    hand = Hand(page, stories / "Gestures" / "story.json")
    for kind, name in USUAL_GESTURES:
        hand.by = "keys" if kind is BY_KEYS else "mouse"
        try_gesture(hand, name, kind[name])
    hand.by = "mouse"

    # What is selected is one thing in picture and table, and is said.
    hand.block("e2").focus()
    expect(page.locator("#events [data-row='2'][data-col='1']").last).to_have_css(
        "background-color", re.compile("rgba")
    )
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator(".said")).to_contain_text("footsteps on gravel")
    expect(page.locator(".said")).to_contain_text("1 dB")

    # Ctrl and the wheel zoom in around the pointer.
    x = hand.x(30.0)
    page.mouse.move(x, hand.box("e2")["y"] + 50)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -400)
    page.keyboard.up("Control")
    wait_until(page, lambda: hand.box("e2")["width"] > 400)
    assert hand.x(30.0) == pytest.approx(x, abs=2)
    page.locator("body").press("0")
    wait_until(page, lambda: hand.box("e2")["width"] < 400)
    page.locator("[data-fold='1']").click()
    wait_until(page, lambda: hand.box("bed")["height"] < 40)
    page.locator("[data-fold='1']").click()

    # The table stands below or beside, as the person chose, and columns are as wide as their words.
    def places_of_parts() -> list[dict[str, float]]:
        parts = (page.locator(".timeline"), page.locator("#events"))
        return [dict(part.bounding_box() or {}) for part in parts]

    timeline, events = places_of_parts()
    assert events["y"] >= timeline["y"] + timeline["height"]
    button(page, "Table beside").click()
    wait_until(page, lambda: places_of_parts()[1]["x"] > timeline["x"] + 700)
    timeline, events = places_of_parts()
    assert events["x"] >= timeline["x"] + timeline["width"]
    assert timeline["y"] + timeline["height"] <= DESK["height"]
    assert page.evaluate("localStorage.getItem('audiostory-table')") == "beside"
    hand.block("e1").focus()
    page.keyboard.press("m")
    expect(page.locator(".said")).to_contain_text("Marker set: Marker 1, at")
    with page.expect_response(re.compile("k6-dark.png"), timeout=SPECTRA):
        button(page, "Spectrum").click()
    look_through(page, "beside", "#workspace")
    button(page, "Spectrum").click()
    button(page, "Table beside").click()
    for width in (1920, 2560):
        page.set_viewport_size({"width": width, "height": 1080})
        wait_until(page, lambda width=width: places_of_parts()[0]["width"] > width - 80)  # type: ignore[misc]
        assert not misfits(page), width
    page.set_viewport_size(DESK)

    # No state of it shuts anybody out.
    hand.click("e1", button="right")
    expect(page.get_by_role("menuitem").first).to_be_focused()
    look_through(page, "menu", ".timeline")
    page.keyboard.press("Escape")
    expect(hand.block("e1")).to_be_focused()
    page.keyboard.press("n")
    look_through(page, "asking", ".timeline")
    page.keyboard.press("Escape")
    expect(hand.block("e1")).to_be_focused()
    page.locator("#history summary").click()
    look_through(page, "history", "#history")
    page.locator("#history [data-place='0']").click()
    wait_until(page, lambda: hand.story.event("e2").gain_db == 0.0)


def test_menus_are_left_shut_and_the_table_has_none(page: Page, stories: Path) -> None:
    open_story(page, "First menu")
    open_brief(page)
    written = page.get_by_label("What should be heard?")
    written.fill("words not drafted yet")
    page.locator("#brand").click()
    menus = page.locator("[role=combobox]:visible")
    met = set()
    for _ in range(14):
        page.keyboard.press("Tab")
        met.add(page.evaluate("document.activeElement.getAttribute('aria-label')"))
        assert set(menus.evaluate_all("all => all.map(m => m.ariaExpanded)")) == {"false"}
    assert {"Story", "Mood"} <= met
    covered = """all => all.filter((menu) => {
        const arrow = menu.parentElement.querySelector(".icon-wrap").getBoundingClientRect();
        const padding = parseFloat(getComputedStyle(menu).paddingRight);
        return arrow.left < menu.getBoundingClientRect().right - padding;
    }).map((menu) => menu.ariaLabel)"""
    assert menus.evaluate_all(covered) == []
    expect(page.locator("#stories input")).to_have_value("First menu")
    expect(written).to_have_value("words not drafted yet")
    page.get_by_label("Mood").focus()
    for key in ("Shift", "ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_label("Mood")).not_to_have_value("any")

    start = on_disk(stories, "First menu")
    cell(page, 1, 1).click(button="right")
    page.locator("#events th").nth(2).click()
    page.locator("#events th").nth(2).dblclick()
    expect(page.locator("#events").get_by_role("textbox")).to_have_count(0)
    expect(page.get_by_role("menuitem")).to_have_count(0)
    refused = page.locator("#events .table-wrap").evaluate(
        """(table) => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File(["a,b\\n1,2"], "rows.csv", {type: "text/csv"}));
          const options = {dataTransfer, bubbles: true, cancelable: true};
          const refuses = (name) => !table.dispatchEvent(new DragEvent(name, options));
          return ["dragenter", "dragover", "drop"].map(refuses);
        }"""
    )
    assert refused == [True, True, True]
    write_cell(page, 0, 4, "-3")
    wait_until(page, lambda: on_disk(stories, "First menu").sequence[0].gain_db == -3)
    assert on_disk(stories, "First menu").events[1:] == start.events[1:]


def test_refused_edits_go_back_and_say_why_once(page: Page, stories: Path) -> None:
    title = "a bell tower"
    draft(page, title)
    story = on_disk(stories, title)
    write_cell(page, 0, 3, "-2")
    expect(page.locator(".toast-body")).to_contain_text("at least 0.1 s")
    expect(cell(page, 0, 3)).to_contain_text(f"{story.events[0].duration:g}")
    expect(page.get_by_text("at least 0.1 s")).to_have_count(1)
    assert on_disk(stories, title) == story
    shoot(page, "error")


def test_a_number_out_of_range_is_answered_in_a_sentence(page: Page, stories: Path) -> None:
    title = "a slow river"
    seconds, seed = page.get_by_label("Seconds", exact=True), page.get_by_label("Seed", exact=True)
    page.get_by_label("What should be heard?").fill(title)
    button(page, re.compile("^Director")).click()
    for field, number, sentence in (
        (seconds, "200", "0.1 to 150 s, not 200 s"),
        (seconds, "", "0.1 to 150 s, not 0 s"),
        (seed, "-1", "seed is a whole number"),
    ):
        usual = field.input_value()
        field.fill(number)
        button(page, "Draft").click()
        page.get_by_text(sentence).wait_for()
        expect(button(page, "Draft")).to_be_enabled()
        field.fill(usual)
    draft(page, title)
    drafted = on_disk(stories, title)
    open_brief(page)
    page.get_by_label("Seconds after the selected event").fill("-1000")
    button(page, "Continue from here").click()
    page.get_by_text("choose a length between").wait_for()
    expect(button(page, "Draft again")).to_be_enabled()
    assert on_disk(stories, title) == drafted


def test_who_waits_for_the_model_knows_how_long_and_may_leave(page: Page, studio: Studio) -> None:
    draft(page, "a slow clock")
    with studio.service.queue.turn(Job("render"), 30.0):
        button(page, "Render").click()
        waiting = page.get_by_text("Waiting for one job, about 30 seconds")
        waiting.wait_for()
        shoot(page, "rendering")
        button(page, "Cancel").click()
        button(page, "Render").wait_for()
    assert studio.service.queue.position().before == 0


def test_a_draft_that_waits_says_so_and_can_be_left(page: Page, studio: Studio) -> None:
    page.get_by_label("What should be heard?").fill("a slow storm")
    with studio.service.queue.turn(Job("render"), 30.0):
        button(page, "Draft").click()
        page.get_by_text("Waiting for one job, about 30 seconds").wait_for()
        shoot(page, "drafting")
        button(page, "Cancel").click()
        button(page, "Draft").wait_for()
    assert studio.service.queue.position().before == 0


def test_a_draft_asked_for_while_the_page_arrives_can_be_left(
    page: Page, studio: Studio, address: str
) -> None:
    arrival: list[tuple[Route, APIResponse]] = []
    drafting: list[Route] = []

    def late(route: Route) -> None:
        if arrival:
            route.continue_()
        else:
            arrival.append((route, route.fetch()))

    def hold(route: Route) -> None:
        drafting.append(route)

    # The fixture's own page may be arriving yet; what it asks for is not to be taken for this.
    page.goto("about:blank")
    page.route("**/run/**", late)
    page.route("**/queue/join*", hold)
    arrive(page, address)
    wait_until(page, lambda: bool(arrival))
    page.get_by_label("What should be heard?").fill("a slow storm")
    with studio.service.queue.turn(Job("render"), 30.0):
        button(page, "Draft").click()
        button(page, "Cancel").wait_for()
        wait_until(page, lambda: bool(drafting))
        route, response = arrival[0]
        route.fulfill(response=response)
        button(page, "Draft").wait_for()
        page.unroute("**/queue/join*")
        for asked in drafting:
            asked.continue_()
        page.get_by_text("Waiting for one job, about 30 seconds").wait_for()
        button(page, "Cancel").click()
        button(page, "Draft").wait_for()


def test_cancelled_rendering_stops_soon_and_the_next_one_works(
    page: Page, studio: Studio, stories: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    title = "a long wind"
    draft(page, title, 150)
    many_steps = dataclasses.replace(studio.service.profile.final, steps=4000)  # none ends
    slow = dataclasses.replace(studio.service.profile, final=many_steps)
    monkeypatch.setattr(studio.service, "profile", slow)
    page.get_by_label("Final quality").check()
    button(page, "Render").click()
    button(page, "Cancel").click()
    began = time.monotonic()
    button(page, "Render").wait_for()
    assert time.monotonic() - began < 20
    assert not list((stories / title).rglob(".part-*"))
    assert not (stories / title / "render.json").exists()
    monkeypatch.undo()
    write_cell(page, 0, 3, "3")
    button(page, re.compile("^Render")).first.click()
    button(page, "Rendered").wait_for()


def test_stories_are_renamed_duplicated_archived_and_opened(page: Page, stories: Path) -> None:
    draft(page, "steam in a kitchen")
    button(page, "Manage").click()
    page.get_by_label("Title").fill("Kitchen")
    button(page, "Rename").click()
    expect(page.locator("#stories input")).to_have_value("Kitchen")
    button(page, "Manage").click()
    button(page, "Duplicate story").click()
    expect(page.locator("#stories input")).to_have_value("Kitchen 2")
    button(page, "Manage").click()
    button(page, "Archive").click()
    expect(page.locator("#welcome")).to_be_visible()
    assert (stories / "Archive" / "Kitchen 2" / "story.json").is_file()
    page.locator("#stories input").click()
    page.get_by_role("option", name="Kitchen", exact=True).click()
    block(page, "1").wait_for()
    expect(page.get_by_label("What should be heard?")).to_have_value("steam in a kitchen")


def test_tabs_keep_their_stories_and_edges_and_undo_say_what_they_change(
    page: Page, address: str
) -> None:
    open_story(page, "First menu")
    other = page.context.new_page()
    arrive(other, address)
    open_story(other, "Second menu")
    for tab, title in ((page, "First menu"), (other, "Second menu")):
        tab.reload()
        expect(tab.locator("#stories input")).to_have_value(title)
        block(tab, "2").wait_for()
    other.close()
    left, right = (
        block(page, "2").locator(f'[part~="region-handle-{side}"]') for side in ("left", "right")
    )
    for edge in (left, right):
        expect(edge).to_have_attribute("title", re.compile("What follows moves along.* Shift"))
    total = float(length(page).input_value())
    timeline = page.locator(".timeline")
    drawn = timeline.get_attribute("data-revision") or ""
    page.mouse.move(*moved_by(right, 0))
    page.mouse.down()
    page.mouse.move(*moved_by(right, 40))
    expect(block(page, "2").locator('[part="note"]')).to_contain_text("story: ")
    page.mouse.up()
    expect(timeline).not_to_have_attribute("data-revision", drawn)  # the edge is elsewhere then
    assert float(length(page).input_value()) > total + 0.4
    total = float(length(page).input_value())
    page.keyboard.down("Shift")
    page.mouse.move(*moved_by(right, 0))
    page.mouse.down()
    page.mouse.move(*moved_by(right, -40))
    expect(block(page, "2").locator('[part="note"]')).to_contain_text("3: ")
    page.mouse.up()
    page.keyboard.up("Shift")
    expect(page.locator("#undo")).to_have_attribute(
        "title",
        re.compile(r"^Undo: seam between events: [\w ]+\n\d+ can be undone; Undo keeps the newest"),
    )
    assert float(length(page).input_value()) == total
    button(page, "Undo").click()
    expect(page.locator("#progress")).to_contain_text("Undone: seam between events")
    button(page, "Manage").click()
    button(page, "Archive").click()
    expect(page.locator("#archived input")).to_have_value("First menu")
    button(page, "Bring back").click()
    expect(page.locator("#stories input")).to_have_value("First menu")


def moved_by(grip: Locator, by: float) -> tuple[float, float]:
    box = grip.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2 + by, box["y"] + box["height"] / 2


def test_a_story_from_a_zip_is_opened_on_the_empty_page(page: Page, tmp_path: Path) -> None:
    home = long_story(tmp_path / "elsewhere", "Steam in a kitchen", events=2, total=60.0)
    zipped = tmp_path / "Pantry.story.zip"
    write_bundle(zipped, exported_story(home.path), None)
    with page.expect_file_chooser() as choosing:
        button(page, "Open a story from a zip").click()
    choosing.value.set_files(zipped)
    expect(page.locator("#stories input")).to_have_value("Pantry")
    expect(page.get_by_label("What should be heard?")).to_have_value("Steam in a kitchen")
    block(page, "1").wait_for()


def test_export_delivers_files(page: Page, stories: Path) -> None:
    draft(page, "a drum", 5)
    button(page, "Render").click()
    button(page, "Rendered").wait_for()
    page.get_by_role("button", name="Export").first.click()
    page.get_by_label("Reaper").check()
    page.locator("#export-button").click()
    with page.expect_download() as download:
        page.locator("#export a[download='a drum.zip']").click()
    with zipfile.ZipFile(download.value.path()) as delivered:
        names = set(delivered.namelist())
    assert {"a drum.wav", "a drum.rpp", "a drum.provenance.json"} <= names
    assert [name for name in names if name.endswith(".flac")]
    shoot(page, "exported")


def test_a_page_that_was_away_finds_its_sounds_again(page: Page, studio: Studio) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    draft(page, "a far storm")
    button(page, "Render").click()
    button(page, "Rendered").wait_for()
    expect(button(page, "Play the story")).to_be_enabled()
    heartbeat = next(url for url in asked if "/heartbeat/" in url)
    session = studio.sessions.of(heartbeat.rsplit("/", 1)[1])
    with httpx.stream("GET", heartbeat) as stream:
        next(stream.iter_lines())
    wait_until(page, lambda: not session.sounds.exists())
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_function(
        "gone => !document.querySelector('[data-listen]').dataset.listen.includes(gone)",
        arg=session.sounds.name,
    )
    with page.expect_download() as download:
        page.locator("#download").click()
    assert soundfile.info(download.value.path()).frames == 6 * 44_100
    heard(page, "1, draft").click()
    expect(heard(page, "1, draft")).to_have_class(re.compile("is-sounding"))


@pytest.mark.usefixtures("crowd")
def test_a_full_studio_says_how_long_it_takes(page: Page) -> None:
    draft_button = button(page, "Draft")
    page.get_by_label("What should be heard?").fill("one too many")
    draft_button.click()
    expect(page.locator(".toast-body")).to_contain_text("24 jobs wait, which takes about 9 minutes")
    expect(draft_button).to_be_enabled()
    shoot(page, "full")


def test_long_stories_open_and_follow_edits_at_once(page: Page, stories: Path) -> None:
    long_story(stories, LONG)
    page.reload()
    page.locator("#stories input").click()
    page.evaluate("addEventListener('mousedown', () => { pressed = performance.now() }, true)")
    page.get_by_role("option", name=LONG).click()
    shown = page.wait_for_function(
        """() => {
          const blocks = document.querySelectorAll('.event-block').length;
          return blocks === 26 && performance.now() - pressed;
        }"""
    )
    opened = shown.json_value() / 1000
    write_cell(page, 0, 1, "hail")
    began = time.monotonic()
    page.wait_for_function("document.querySelector('.lanes').textContent.includes('hail')")
    assert time.monotonic() - began < 2 * SLOWED_DOWN
    assert opened < 5 * SLOWED_DOWN
    shoot(page, "long")


SCORE = [
    {"caption": "steady rain", "start": 0, "seconds": 20, "role": "bed", "level": "quiet"},
    {"caption": "a bell", "start": 4, "seconds": 5, "shape": "swell", "count": 3},
    {"caption": "a dog barks", "start": 12, "seconds": 2.5, "level": "loud", "mood": "tense"},
]


def test_a_bed_and_two_spots_of_another_director_lie_in_three_lanes_and_take_a_typed_shape(
    page: Page, stories: Path
) -> None:
    title = "rain throughout, three strokes of a bell and a dog"
    with served(lambda request: request.reply(said(json.dumps({"events": SCORE})))) as (url, _):
        button(page, re.compile("^Director")).click()
        page.get_by_label("Another director").fill(url)
        page.get_by_label("Its model").fill("m1")
        draft(page, title, 20)
    made = on_disk(stories, title)
    expect(page.locator("#notes li")).to_contain_text("'a bell' (3x) may be heard more or less")
    rain, bell, dog = (block(page, number).bounding_box() for number in "123")
    assert rain is not None
    assert bell is not None
    assert dog is not None
    assert rain["y"] > max(bell["y"], dog["y"])
    assert bell["y"] != dog["y"]
    assert rain["width"] == pytest.approx(4 * bell["width"], abs=3)
    assert bell["x"] - rain["x"] == pytest.approx(rain["width"] / 5, abs=3)
    expect(block(page, "1")).to_have_attribute("part", re.compile(r"\bbed\b"))
    expect(block(page, "1")).to_contain_text("bed")
    expect(block(page, "2")).to_contain_text("swell, 3x")
    lines = page.locator('[part="curve-line"]')
    expect(lines).to_have_count(1)
    shown = [
        cell(page, row, column).inner_text().strip() for row in (0, 1) for column in (8, 9, 10)
    ]
    assert shown == ["bed", "steady", "", "spot", "swell", "3x"]
    write_cell(page, 0, 9, "0:-20, 10:0")
    expect(lines).to_have_count(2)
    wait_until(page, lambda: on_disk(stories, title).event("e1").shape == "points")
    assert on_disk(stories, title).event("e1").points == ((0.0, -20.0), (10.0, 0.0))
    write_cell(page, 1, 9, "wobbly")
    expect(page.locator(".toast-body")).to_contain_text("is no shape; write steady")
    expect(cell(page, 1, 9)).to_contain_text("swell")
    shoot(page, "score")
    button(page, "Undo").click()
    expect(lines).to_have_count(1)
    assert on_disk(stories, title).events == made.events


def test_two_visitors_work_on_different_stories(browser: Browser, address: str) -> None:
    pages = [browser.new_context().new_page() for _ in range(2)]
    for number, page in enumerate(pages):
        page.set_default_timeout(PATIENCE)
        arrive(page, address)
        page.get_by_label("What should be heard?").fill(f"visitor {number}")
        page.get_by_label("Seconds", exact=True).fill(str(5 + number))
    for page in pages:
        button(page, "Draft").click()
    for number, page in enumerate(pages):
        expect(length(page)).to_have_value(str(5 + number))
        expect(page.locator("#stories input")).to_have_value(f"visitor {number}")
        page.context.close()


def test_public_events_work_from_a_client(address: str, stories: Path) -> None:
    client = Client(address, verbose=False)
    title = "bells over a harbour"
    client.predict(title, 5, "", 3, "", "", "", api_name="/draft")
    assert on_disk(stories, title).seed == 3
    story = Story.from_json(client.predict("duplicate", {}, api_name="/act"))
    assert story == on_disk(stories, title)
    client.predict(api_name="/render")
    assert all(event.take is not None for event in on_disk(stories, title).events)
    client.predict(0.5, api_name="/vary")
    assert max(len(event.takes) for event in on_disk(stories, title).events) == 2
    client.predict(api_name="/undo")
    assert on_disk(stories, title) != story
    assert client.predict(None, api_name="/describe") == ""
    files = client.predict("", "wav24", [], api_name="/export")
    assert [Path(file).suffix for file in files["value"]] == [".wav", ".json"]
    public = set(client.view_api(return_format="dict")["named_endpoints"])
    assert public == {
        *(
            "/draft",
            "/cancel",
            "/plan_wish",
            "/take_plan",
            "/discard_plan",
            "/plan_again",
            "/continue",
            "/describe",
        ),
        *(
            "/render",
            "/render_all",
            "/render_on",
            "/quality",
            "/prompt_strength",
            "/vary",
            "/repaint",
            "/use_recording",
        ),
        *("/edit", "/act", "/undo", "/redo", "/export"),
        *("/open", "/open_zip", "/rename", "/duplicate", "/archive", "/bring_back", "/new"),
    }


@pytest.fixture
def kettle(stories: Path) -> str:
    """The title of a story of one event, without a take."""
    events = (Event("e1", "a kettle whistling on the stove", 0.0, 3.0),)
    story = Story("A kettle by itself", 3.0, 1, "tiny", "One.", events)
    return Library(stories).create(story).title


def test_an_unknown_event_shows_its_ways_out_and_a_recording_becomes_its_take(
    kettle: str,
    page: Page,
    studio: Studio,
    stories: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    profile = dataclasses.replace(studio.service.profile, weights="pocket")
    monkeypatch.setattr(studio.service, "profile", profile)
    monkeypatch.setattr(studio.service, "known_sounds", load_known_sounds(profile))
    for name, pitch in (("kettle whistling.wav", 2300), ("engine idling.wav", 90)):
        sound = 0.3 * np.sin(2 * np.pi * pitch * np.arange(44_100) / 44_100)
        soundfile.write(tmp_path / name, sound, 44_100)
    assert studio.sound_library is not None
    catalogue = Catalogue(studio.sound_library.file)
    Indexer(catalogue).scan(catalogue.add_folder(tmp_path, "CC0"))
    open_story(page, kettle)
    ways = page.get_by_label("Unknown sounds")
    expect(ways).to_contain_text("Not rendered: the model knows no sound like")
    expect(ways).to_contain_text("begin from a recording, or render a placeholder")
    button(page, "search your library").click()
    offers = page.get_by_label("Recordings of your library")
    expect(offers.get_by_role("listitem")).to_have_count(2)
    expect(offers.get_by_role("listitem").first).to_contain_text("kettle whistling.wav")
    played = "audio => audio.play().then(() => audio.duration)"
    assert offers.locator("audio").first.evaluate(played) == pytest.approx(3.0, abs=0.1)
    button(page, "Take it").first.click()
    expect(ways).to_be_hidden()
    expect(heard(page, "1, recording, kept")).to_be_visible()
    take = on_disk(stories, kettle).event("e1").take
    assert take is not None
    assert "/kettle whistling.wav, 0 to 1 s, looped" in take.source
    assert (take.performer, take.licence) == ("library", "CC0")


def test_what_is_not_understood_or_not_kept_is_said_where_one_looks(page: Page) -> None:
    draft(page, "3 seconds of rain, 2 seconds of wind, a bell at 0:30, a horn, a dog", 10)
    notes = page.locator("#notes li")
    expect(notes.first).to_contain_text("not within the story's 10 s")
    said, picture = notes.last.bounding_box(), page.locator("#timeline").bounding_box()
    assert said is not None
    assert picture is not None
    assert said["y"] + said["height"] <= picture["y"] < DESK["height"]
    shoot(page, "notes")
    open_brief(page)
    page.get_by_label("What should be heard?").fill("!!!")
    button(page, "Draft again").click()
    page.get_by_text("names nothing to be heard").wait_for()
    expect(button(page, "Draft again")).to_be_enabled()
    expect(notes.first).to_be_visible()
