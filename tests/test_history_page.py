"""What was done, as a list on the page: gone back along by keyboard, opened beside the story."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from studio_pages import page_of
from studio_stories import long_story
from test_studio_page import CHROMIUM, block, on_disk, open_story, shoot, wait_until

from core.story import timeline
from core.story.library import Library
from studio.jobs.model_service import ModelService
from studio.sessions.registry import Sessions
from studio.sessions.session import Session
from studio.sound.peaks import PeakCache
from studio.state import Studio
from studio.view.history import history_html

TITLE = "A history"
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium")


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """A story with three changes after its takes, opened."""
    folder = long_story(tmp_path / "stories", TITLE, events=5, total=60.0)
    for label, values in (
        ("gain: heavy rain", {"gain_db": -3.0}),
        ("pan: heavy rain", {"pan": 0.5}),
        ("caption: heavy rain", {"caption": "light rain"}),
    ):
        change = lambda story, values=values: timeline.change(story, "e0", **values)  # noqa: E731
        folder.edit(label, change)
    sessions = Sessions(tmp_path / "stories", tmp_path / "served", private=False)
    with page_of(Studio(ModelService("tiny"), sessions, PeakCache())) as page:
        open_story(page, TITLE)
        yield page


def test_the_list_is_gone_back_along_by_keys_and_a_version_opens_beside(
    page: Page, tmp_path: Path
) -> None:
    stories = tmp_path / "stories"
    before = on_disk(stories, TITLE)
    history = page.locator("#history")
    history.locator("summary").focus()
    page.keyboard.press("Enter")
    now = history.get_by_role("button", name="words of an event: heavy rain", exact=True)
    expect(now).to_be_focused()
    shoot(page, "history")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    then = history.get_by_role("button", name="level: heavy rain", exact=True)
    expect(then).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".said")).to_have_text("The story is as it was after: level: heavy rain")
    wait_until(page, lambda: on_disk(stories, TITLE).event("e0").pan == 0.0)
    event = on_disk(stories, TITLE).event("e0")
    assert (event.gain_db, event.caption) == (-3.0, "heavy rain on a tin roof")
    expect(history.locator(".is-undone")).to_have_count(2)
    expect(history.locator("summary")).to_be_focused()

    page.keyboard.press("Enter")
    expect(history.locator("[aria-current]")).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    with page.context.expect_page() as opened:
        page.keyboard.press("Enter")
    beside = opened.value
    expect(beside.locator("#stories input")).to_have_value(f"{TITLE} 2")
    block(beside, "1").wait_for()
    assert on_disk(stories, f"{TITLE} 2") == before
    expect(page.locator("#stories input")).to_have_value(TITLE)
    assert on_disk(stories, TITLE).event("e0").gain_db == -3.0
    assert on_disk(stories, TITLE).event("e0").pan == 0.0


def test_a_step_whose_time_is_not_known_shows_none(tmp_path: Path) -> None:
    library = Library(tmp_path / "stories")
    folder = long_story(library.root, TITLE, events=2, total=60.0)
    changes = folder.path / "changes.jsonl"
    changes.write_text(re.sub('"made": [0-9]+, ', "", changes.read_text()))
    session = Session(library, tmp_path / "served")
    session.show(Library(library.root).open(TITLE))
    shown = history_html(session)
    assert "A/B" in shown
    assert "<time" not in shown
