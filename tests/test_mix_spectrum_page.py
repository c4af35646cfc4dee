"""The spectrogram of the mix under the lanes: of what is heard, and only where it is shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from page_gestures import TOTAL, Hand
from page_of_strips import CHROMIUM, opened
from playwright.sync_api import expect
from test_studio_page import shoot

from studio.sound.spectrogram import MAX_MIX_COLUMNS, picture, spectrogram

ALIGNED = 1.5
"""Pixels by which the picture may be off the lanes."""
EDGES = """img => {
    const box = img.getBoundingClientRect();
    return [box.left, box.right];
}"""
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium")


def aligned(hand: Hand) -> bool:
    """Whether the picture begins and ends where the story does."""
    left, right = hand.page.locator(".mix-spectrum img").evaluate(EDGES)
    return abs(left - hand.x(0.0)) < ALIGNED and abs(right - hand.x(TOTAL)) < ALIGNED


def test_it_is_made_of_each_mix_while_it_is_shown_and_follows_the_timeline(tmp_path: Path) -> None:
    with opened(tmp_path) as hand_at:
        hand = hand_at()
        page, asked = hand.page, []
        page.on("request", lambda sent: asked.append('"light":' in (sent.post_data or "")))
        image, switch = page.locator(".mix-spectrum img"), page.locator("[data-mix-spectrum]")
        mixed = lambda: not page.locator(".timeline.is-mixing").count()  # noqa: E731

        def made() -> list[Path]:
            return sorted(tmp_path.glob("served/*/mix-*/spectrum-*.png"))

        def is_of_the_newest_mix(light: str) -> bool:
            mixes = tmp_path.glob("served/*/mix-*/*.wav")
            newest = max(mixes, key=lambda file: int(file.parent.name.split("-")[1]))
            file = newest.with_name(f"spectrum-{light}.png")
            shown = (image.get_attribute("src") or "").endswith(f"{file.parent.name}/{file.name}")
            heights = spectrogram(newest, MAX_MIX_COLUMNS)
            return shown and file.read_bytes() == picture(heights, light)

        hand.block("e1").focus()
        hand.press("Alt+ArrowUp")
        hand.edited(lambda: hand.story.event("e1").gain_db == 1.0, "a level")
        hand.wait(mixed, "the mix")
        expect(page.locator(".mix-spectrum")).to_be_hidden()
        assert not any(asked), "nothing is asked for while it is off"
        assert not made()

        hand.press("f")
        expect(switch).to_have_attribute("aria-pressed", "true")
        expect(image).to_be_visible()
        assert is_of_the_newest_mix("dark")
        assert aligned(hand)
        rows = {page.locator(f"[data-{name}]").bounding_box()["y"] for name in ("ripple", "keys")}  # type: ignore[index]
        assert len(rows) == 1, "the buttons are one row"
        shoot(page, "mix-spectrum")
        for part in (".mix-spectrum", "[data-play]"):
            box = page.locator(part).bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= 800, "it is in view with what plays it"

        hand.press("+", "+", "+")
        hand.wait(lambda: hand.box("e1")["width"] > 400, "zoom")
        assert aligned(hand)
        page.locator(".lanes").evaluate("lanes => { lanes.scrollLeft = 500 }")
        assert aligned(hand)
        hand.press("0")

        hand.press("Alt+ArrowUp")
        hand.edited(lambda: hand.story.event("e1").gain_db == 2.0, "a level")
        hand.wait(lambda: mixed() and is_of_the_newest_mix("dark"), "a picture of the new mix")
        page.locator("#light").click()
        hand.wait(lambda: is_of_the_newest_mix("light"), "the other colours")
        shoot(page, "mix-spectrum-light")
        page.reload()
        expect(image).to_be_visible()  # as this person left it

        switch.click()
        expect(image).to_be_hidden()
        asked.clear()
        hand.block("e1").focus()
        hand.press("Alt+ArrowUp")
        hand.edited(lambda: hand.story.event("e1").gain_db == 3.0, "a level")
        hand.wait(mixed, "the mix")
        assert not any(asked)
