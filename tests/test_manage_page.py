"""The row that renames, copies and archives a story: one button opens and closes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from page_of_strips import CHROMIUM, grave_findings, opened
from playwright.sync_api import expect

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium")


def test_the_row_of_the_story_s_name_closes_by_all_that_a_menu_closes_by(tmp_path: Path) -> None:
    with opened(tmp_path) as hand_at:
        hand = hand_at()
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
        title.fill("Renamed")
        page.keyboard.press("Enter")
        expect(page.locator("#stories input")).to_have_value("Renamed")
        is_open(yes=False)
        expect(button).to_be_focused()
        assert (hand.file.parents[1] / "Renamed" / "story.json").is_file()
