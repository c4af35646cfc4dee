"""Every gesture on the page, and sixty in a row by keyboard alone and by touch alone."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Page, sync_playwright

from studio.jobs.model_service import ModelService
from studio.server import serving
from studio.sessions.registry import Sessions
from studio.sound.peaks import PeakCache
from studio.state import Studio
from tests.page_gestures import (
    BY_KEYS,
    BY_MOUSE,
    BY_TOUCH,
    EVENTS,
    TOTAL,
    Gesture,
    Hand,
    try_gesture,
)
from tests.soak.server import free_port
from tests.studio_stories import long_story

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--mute-audio"]
IN_A_ROW = 60


def trial(seed: int, folder: Path) -> int:
    """Do all gestures of the mouse, and sixty by keys and by touch; returns how many were done."""
    stories = folder / "stories"
    long_story(stories, "Gestures", EVENTS, TOTAL)
    studio = Studio(
        ModelService("tiny"), Sessions(stories, folder / "served", private=False), PeakCache()
    )
    dice, troubles = random.Random(seed), list[str]()

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
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", note)
        open_gestures(page, blocks.local_url)
        hand, done = Hand(page, stories / "Gestures" / "story.json"), 0
        for kind, count in ((BY_MOUSE, len(BY_MOUSE)), (BY_KEYS, IN_A_ROW), (BY_TOUCH, IN_A_ROW)):
            for name in itertools.islice(endless(kind, dice), count):
                try_gesture(hand, name, kind[name])
                done += 1
        browser.close()
    assert not troubles, troubles
    return done


def open_gestures(page: Page, address: str) -> None:
    page.goto(address)
    page.locator("#stories input").click()
    page.get_by_role("option", name="Gestures", exact=True).click()
    page.locator(".event-block").first.wait_for()


def endless(kind: Mapping[str, Gesture], dice: random.Random) -> itertools.chain[str]:
    """All gestures in one order, then in another, and so on."""
    names = sorted(kind)
    return itertools.chain.from_iterable(dice.sample(names, len(names)) for _ in itertools.count())
