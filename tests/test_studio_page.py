"""The page in a real browser: draft, edit, render, re-render one, undo, hear, reload, download.

Screenshots of its states, at both widths, are left in screenshots/.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile
from gradio_client import Client
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from core.story import Story
from studio.server import running

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
PATIENCE = 90_000

expect.set_options(timeout=PATIENCE)
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium")


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stories")


@pytest.fixture(scope="module")
def address(stories: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with running("tiny", "127.0.0.1", port, stories) as blocks:
        yield blocks.local_url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A fresh visitor's page; the test fails when it loads anything from another host."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(re.sub(r"^(\w+://[^/]*).*", r"\1", request.url)))
    page.goto(address)
    page.get_by_label("What should be heard?").wait_for()
    yield page
    context.close()
    assert {host for host in hosts if host.startswith("http")} == {address.rstrip("/")}


def button(page: Page, name: str | re.Pattern[str]) -> Locator:
    return page.get_by_role("button", name=name, exact=isinstance(name, str))


def mark(page: Page, number: int) -> Locator:
    return page.locator(".block-of-event").nth(number - 1)


def cell(page: Page, row: int, column: int) -> Locator:
    return page.locator(f"#events [data-row='{row}'][data-col='{column}']").last


def write_cell(page: Page, row: int, column: int, text: str) -> None:
    cell(page, row, column).dblclick()
    editor = page.get_by_label("Edit cell")
    editor.fill(text)
    editor.press("Enter")


def draft(page: Page, instruction: str, seconds: int = 6) -> None:
    page.get_by_label("What should be heard?").fill(instruction)
    page.get_by_label("Seconds").fill(str(seconds))
    button(page, "Draft").click()
    page.locator(".stage").wait_for()


def on_disk(stories: Path, title: str) -> Story:
    return Story.load(stories / title / "story.json")


def shoot(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(150)
        page.screenshot(path=SCREENSHOTS / f"{name}-{width}.png", full_page=True)
        overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0, f"{name} scrolls sideways at {width}"
    page.set_viewport_size({"width": 1280, "height": 900})


def test_a_story_from_instruction_to_file(page: Page, stories: Path, tmp_path: Path) -> None:
    shoot(page, "empty")
    draft(page, "rain on a roof")
    folder = stories / "rain on a roof"
    first = on_disk(stories, "rain on a roof")
    assert first.total == 6
    shoot(page, "drafted")

    write_cell(page, 0, 1, "soft rain")
    expect(mark(page, 1)).to_contain_text("soft rain")
    write_cell(page, 0, 3, "4")
    expect(page.locator(".clock")).to_contain_text("of 0:04.0")
    story = on_disk(stories, "rain on a roof")
    assert (story.events[0].caption, story.events[0].duration) == ("soft rain", 4)

    write_cell(page, 0, 3, "-2")
    expect(page.locator(".toast-body")).to_contain_text("at least 0.1 s")
    expect(cell(page, 0, 3)).to_contain_text("4")
    expect(page.get_by_text("at least 0.1 s")).to_have_count(1)
    assert on_disk(stories, "rain on a roof") == story
    shoot(page, "refused")

    button(page, "Render").click()
    button(page, "Rendered").wait_for()
    rendered = on_disk(stories, "rain on a roof")
    takes = {event.take.key for event in rendered.events if event.take}
    assert len(takes) == len(rendered.events)
    kept = {path.name: path.stat().st_mtime_ns for path in (folder / "takes").iterdir()}
    shoot(page, "rendered")

    button(page, "New take").click()
    button(page, "Hear take 2").wait_for()
    after = {path.name: path.stat().st_mtime_ns for path in (folder / "takes").iterdir()}
    assert {name: after[name] for name in kept} == kept
    assert len(after) == len(kept) + 1
    expect(button(page, "Hear take 2")).to_have_attribute("aria-pressed", "true")
    button(page, "Hear take 1").click()
    expect(button(page, "Hear take 1")).to_have_attribute("aria-pressed", "true")
    expect(button(page, "Rendered")).to_be_visible()
    expect(button(page, "Hear take 1")).to_have_class(re.compile("is-sounding"))

    button(page, "Undo").click()
    expect(button(page, "Hear take 2")).to_have_attribute("aria-pressed", "true")
    button(page, "Redo").click()
    expect(button(page, "Hear take 1")).to_have_attribute("aria-pressed", "true")

    button(page, "Play the story").click()
    expect(page.locator("[data-clock]")).not_to_have_text("0:00.0")
    button(page, "Pause").click()

    page.reload()
    page.locator(".stage").wait_for()
    expect(button(page, "Hear take 1")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_label("What should be heard?")).to_have_value("rain on a roof")
    expect(cell(page, 0, 1)).to_contain_text("soft rain")

    expect(button(page, "Play the story")).to_be_enabled()
    with page.expect_download() as download:
        page.locator("#download").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    assert file.name == "rain on a roof.wav"
    info = soundfile.info(file)
    assert (info.samplerate, info.channels) == (44_100, 2)
    assert info.frames == round(on_disk(stories, "rain on a roof").total * 44_100)

    page.locator("#light").click()
    shoot(page, "light")


def test_cancelled_rendering_stops_soon_and_the_next_one_works(page: Page, stories: Path) -> None:
    draft(page, "a long wind", 120)
    button(page, "Render").click()
    page.locator(".progress").wait_for()
    button(page, "Cancel").click()
    began = time.monotonic()
    button(page, "Render").wait_for()
    assert time.monotonic() - began < 20
    assert not list((stories / "a long wind").rglob(".part-*"))
    assert not (stories / "a long wind" / "render.json").exists()
    write_cell(page, 0, 3, "3")
    button(page, re.compile("^Render")).first.click()
    button(page, "Rendered").wait_for()


def test_errors_are_one_sentence(page: Page) -> None:
    button(page, "Draft").click()
    expect(page.locator(".toast-body")).to_contain_text("describe what should be heard")
    expect(button(page, "Draft")).to_be_enabled()
    assert "Traceback" not in page.content()
    shoot(page, "error")


def test_two_visitors_work_on_different_stories(browser: Browser, address: str) -> None:
    pages = [browser.new_context().new_page() for _ in range(2)]
    for number, page in enumerate(pages):
        page.goto(address)
        page.get_by_label("What should be heard?").fill(f"visitor {number}")
        page.get_by_label("Seconds").fill(str(5 + number))
    for page in pages:
        button(page, "Draft").click()
    for number, page in enumerate(pages):
        expect(page.locator(".clock")).to_contain_text(f"of 0:0{5 + number}")
        expect(page.locator("#stories input")).to_have_value(f"visitor {number}")
        page.context.close()


def test_public_events_work_from_a_client(address: str, stories: Path) -> None:
    client = Client(address, verbose=False)
    client.predict("bells over a harbour", 5, 3, api_name="/draft")
    assert on_disk(stories, "bells over a harbour").seed == 3
    client.predict(api_name="/render")
    story = on_disk(stories, "bells over a harbour")
    assert all(event.take is not None for event in story.events)
    names = set(client.view_api(return_format="dict")["named_endpoints"])
    assert names == {"/draft", "/render", "/cancel", "/edit", "/undo", "/redo", "/open"}
