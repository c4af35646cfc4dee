"""Every gesture on the page, and sixty in a row by keyboard alone and by touch alone."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from playwright.sync_api import ConsoleMessage, Page, sync_playwright

from studio.jobs.model_service import ModelService
from studio.server import serving
from studio.sessions.registry import Sessions
from studio.sound.peaks import PeakCache
from studio.state import Studio
from tests.page_gestures import BY_KEYS, BY_MOUSE, EVENTS, TOTAL, By, Gesture, Hand, try_gesture
from tests.page_touch import BY_TOUCH
from tests.soak.server import free_port
from tests.studio_stories import long_story

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--mute-audio"]
IN_A_ROW = 60
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
}
KINDS: tuple[tuple[By, Mapping[str, Gesture], int, dict[str, Any]], ...] = (
    ("mouse", BY_MOUSE, len(BY_MOUSE), DESK),
    ("keys", BY_KEYS, IN_A_ROW, DESK),
    ("touch", BY_TOUCH, IN_A_ROW, PHONE),
)
"""What hands work with, their gestures, how many are done, and the window."""
LEFT_BEHIND = ("AbortError", "Unexpected error Connection errored out")
"""What Gradio logs of answers that a page that is closed no longer waits for."""
COUNTED = """() => {
  window.met = {};
  const count = (event) => {
    const name = event.pointerType ? `${event.type} by ${event.pointerType}` : event.type;
    if (event.isTrusted) window.met[name] = (window.met[name] || 0) + 1;
  };
  for (const name of ["pointerdown", "keydown"]) addEventListener(name, count, true);
}"""
"""Counts the presses of keys and pointers of the page from then on."""
MEETS: Mapping[By, frozenset[str]] = {
    "mouse": frozenset({"pointerdown by mouse", "keydown"}),
    "keys": frozenset({"keydown"}),
    "touch": frozenset({"pointerdown by touch", "keydown"}),
}
"""Presses that there may be; a finger's keys are those on the screen."""


def trial(seed: int, folder: Path) -> dict[str, int]:
    """Do all gestures of the mouse, and sixty by keys and by touch; returns how many were done."""
    stories = folder / "stories"
    long_story(stories, "Gestures", EVENTS, TOTAL)
    studio = Studio(
        ModelService("tiny"), Sessions(stories, folder / "served", private=False), PeakCache()
    )
    dice, troubles, done = random.Random(seed), list[str](), dict[str, int]()

    def note(said: ConsoleMessage) -> None:
        if said.type == "error":
            troubles.append(said.text)

    with (
        serving(studio, "127.0.0.1", free_port()) as blocks,
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(
            executable_path=CHROMIUM, args=FLAGS, ignore_default_args=["--hide-scrollbars"]
        )
        for by, kind, count, window in KINDS:
            page = browser.new_context(**window).new_page()
            page.on("pageerror", lambda error: troubles.append(str(error)))
            page.on("console", note)
            open_gestures(page, blocks.local_url)
            page.evaluate(COUNTED)
            hand = Hand(page, stories / "Gestures" / "story.json", by=by)
            for name in itertools.islice(endless(kind, dice), count):
                try_gesture(hand, name, kind[name])
                done[by] = done.get(by, 0) + 1
            met = page.evaluate("window.met")
            assert {*met} <= MEETS[by], (by, met)
            page.context.close()
        browser.close()
    assert not [said for said in troubles if not said.startswith(LEFT_BEHIND)], troubles
    return done


def open_gestures(page: Page, address: str) -> None:
    """Open the story, and wait until it can be worked on."""
    page.goto(address)
    page.locator("#stories input").click()
    page.get_by_role("option", name="Gestures", exact=True).click()
    page.locator(".event-block").first.wait_for()


def endless(kind: Mapping[str, Gesture], dice: random.Random) -> itertools.chain[str]:
    """All gestures in one order, then in another, and so on."""
    names = sorted(kind)
    return itertools.chain.from_iterable(dice.sample(names, len(names)) for _ in itertools.count())
