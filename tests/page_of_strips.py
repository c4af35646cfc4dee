"""A page with a story whose lanes, envelopes and strips are worked on, for its browser tests."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from page_gestures import EVENTS, TOTAL, Hand
from playwright.sync_api import ConsoleMessage, Page, ViewportSize, expect, sync_playwright
from studio_stories import long_story

from studio.jobs.model_service import ModelService
from studio.server import serving
from studio.sessions.registry import Sessions
from studio.sound.peaks import PeakCache
from studio.state import Studio
from tests import page_faults

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",
]
PATIENCE = 90_000
SETTLING = 400
"""Milliseconds until colours that change have changed."""
DESK: ViewportSize = {"width": 1280, "height": 800}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
}
FINGER = 43.9
"""Pixels that a finger needs, less what is lost in rounding."""
LEFT_BEHIND = ("AbortError", "Unexpected error Connection errored out")
"""What Gradio logs of answers that a page that is closed no longer waits for."""
expect.set_options(timeout=PATIENCE)


@contextmanager
def opened(folder: Path) -> Iterator[Callable[..., Hand]]:
    """What opens a page for a hand, in a window of given settings, with a story of five events, a
    bed and a spot; the block fails where a script does."""
    stories = folder / "stories"
    long_story(stories, "Strips", EVENTS, TOTAL)
    studio = Studio(
        ModelService("tiny"), Sessions(stories, folder / "served", private=False), PeakCache()
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    troubles: list[str] = []
    with serving(studio, "127.0.0.1", port) as blocks, sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=CHROMIUM,
            args=FLAGS,
            ignore_default_args=["--hide-scrollbars"],
            timeout=PATIENCE,
        )

        def hand_at(**window: Any) -> Hand:
            context = browser.new_context(**{"viewport": DESK} | window)
            context.set_default_timeout(PATIENCE)
            page = context.new_page()
            page.on("pageerror", lambda error: troubles.append(str(error)))
            page.on("console", note)
            page.goto(str(blocks.local_url))
            page.locator("#stories input").click()
            page.get_by_role("option", name="Strips", exact=True).click()
            page.locator(".event-block").first.wait_for()
            hand = Hand(page, stories / "Strips" / "story.json")
            hand.edited(lambda: True, "opening")
            return hand

        def note(said: ConsoleMessage) -> None:
            if said.type == "error":
                troubles.append(said.text)

        yield hand_at
        browser.close()
    assert [said for said in troubles if not said.startswith(LEFT_BEHIND)] == []


def undone(hand: Hand, steps: int, before: Any) -> None:
    """Take so many steps back, each until the page shows it, and see the story of before."""
    hand.page.locator("#brand").click()
    for _ in range(steps):
        shown = hand.story
        hand.press("Control+z")
        hand.edited(lambda shown=shown: hand.story != shown, "undo")  # type: ignore[misc]
    assert hand.story == before


def grave_findings(page: Page, part: str) -> list[str]:
    """What axe-core calls serious or critical in a part of the page, once its colours are still."""
    page.wait_for_timeout(SETTLING)
    return page_faults.grave_findings(page, part)


def sideways(page: Page) -> bool:
    """Whether the page scrolls sideways."""
    return bool(
        page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    )


Do = Callable[[Hand], None]
