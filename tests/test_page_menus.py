"""The menus above the timeline: what was done and when, and the row of the story's name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from page_gestures import Hand
from page_of_strips import CHROMIUM, grave_findings, opened
from playwright.sync_api import expect

from core.story.library import Library

ZONE, LOCALE = "Asia/Kathmandu", "de-DE"
"""Of a reader: far from any server's, and of hours that no other zone has."""
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium")


@pytest.fixture(scope="module")
def hand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hand]:
    with opened(tmp_path_factory.mktemp("menus")) as hand_at:
        yield hand_at(timezone_id=ZONE, locale=LOCALE)


def test_each_step_of_the_history_has_the_reader_s_clock_time(hand: Hand) -> None:
    hand.block("e2").focus()
    hand.press("Alt+ArrowUp")
    hand.edited(lambda: hand.story.event("e2").gain_db == 1.0, "a level")
    history = hand.page.locator("#history")
    history.locator("summary").click()
    newest = history.locator("li").first
    made = Library(hand.file.parents[1]).open("Strips").dated_history[-1][1]
    assert made is not None
    told = datetime.fromtimestamp(made, ZoneInfo(ZONE)).strftime("%H:%M")
    expect(newest.locator("time")).to_have_text(told)
    expect(newest.get_by_role("button").first).to_have_accessible_description(told)
    expect(history.locator("li").last.locator("time")).to_have_count(0)  # how it began
    assert not grave_findings(hand.page, "#history")
    hand.press("ArrowDown", "ArrowRight", "ArrowRight")
    compared = history.locator("li").nth(1).get_by_role("button", name="A/B with")
    expect(compared).to_be_focused()
    hand.press("Escape")


def test_the_row_of_the_story_s_name_closes_by_all_that_a_menu_closes_by(hand: Hand) -> None:
    page = hand.page
    button, row = page.locator("#manage"), page.locator("#manage-row")
    title = row.get_by_label("Title")

    def is_open(*, yes: bool) -> None:
        expect(row).to_have_count(int(yes))
        expect(button).to_have_attribute("aria-expanded", str(yes).lower())

    is_open(yes=False)
    button.click()
    is_open(yes=True)
    expect(title).to_be_focused()
    assert not grave_findings(page, "#manage-row")
    button.click()
    is_open(yes=False)

    button.focus()
    page.keyboard.press("Enter")
    expect(title).to_be_focused()
    title.fill("Another name")
    page.keyboard.press("Escape")
    is_open(yes=False)
    expect(button).to_be_focused()

    page.keyboard.press("Enter")
    expect(title).to_have_value("Strips")  # what was typed and left is forgotten
    for name in ("Rename", "Duplicate story", "Archive"):
        page.keyboard.press("Tab")
        expect(row.get_by_role("button", name=name)).to_be_focused()
    page.keyboard.press("Tab")
    is_open(yes=False)
    assert not page.evaluate("document.activeElement.closest('#manage')"), "it is no trap"

    button.click()
    hand.block("e1").click(position={"x": 40, "y": 60})
    is_open(yes=False)
    assert hand.chosen() == {"e1"}, "the click that closes it is not lost"

    button.click()
    page.get_by_role("button", name="Ripple").click()
    is_open(yes=False)
    expect(page.get_by_role("button", name="Ripple")).to_have_attribute("aria-pressed", "false")

    button.click()
    title.fill("Renamed")
    page.keyboard.press("Enter")
    expect(page.locator("#stories input")).to_have_value("Renamed")
    is_open(yes=False)
    expect(button).to_be_focused()
    assert (hand.file.parents[1] / "Renamed" / "story.json").is_file()
