"""A sound of one's own on the page: taught from an unknown event, stopped, gone on, performed."""

from __future__ import annotations

import dataclasses
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from test_own_sounds import write_pings
from test_studio_page import (
    CHROMIUM,
    DESK,
    FLAGS,
    PATIENCE,
    arrive,
    button,
    heard,
    open_story,
    shoot,
)

from core.bridge.known_sounds import load_known_sounds
from core.own_sounds.store import LESSON_FILE, SOUNDS_FOLDER, OwnSounds
from core.places import NAME
from core.profile import load_profile
from core.story.library import Library
from core.story.story import Event, Story
from core.training.sound_lessons import lesson_folder
from studio.jobs.lessons import Lessons
from studio.jobs.model_service import ModelService
from studio.server import serving
from studio.sessions.registry import Sessions
from studio.sound.peaks import PeakCache
from studio.state import Studio

TINY = load_profile("tiny")
TITLE = "Tea"
STEPS, REST = 4000, 40
"""Of a training, so many that it is stopped half-way; and once it was, that it is done soon."""
LEARNING = 4 * PATIENCE
"""Milliseconds that a process of its own may take to begin, and to learn, beside other tests."""

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium")


@pytest.fixture
def stories(tmp_path: Path) -> Path:
    story = Story(TITLE, 1.0, 1, "tiny", "", (Event("e1", "grandma's kettle whistling", 0.0, 1.0),))
    assert Library(tmp_path / "stories").create(story).title == TITLE
    return tmp_path / "stories"


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stories: Path) -> Iterator[Page]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    sounds = tmp_path / NAME / SOUNDS_FOLDER
    service = ModelService("tiny", others=OwnSounds(sounds, TINY))
    service.model_unless(threading.Event())  # the weights of tests, that know what pocket knows
    service.profile = dataclasses.replace(service.profile, weights="pocket")
    service.known_sounds = load_known_sounds(service.profile)
    lessons = Lessons("tiny", tmp_path / "uploads", STEPS)
    (tmp_path / "served").mkdir()
    sessions = Sessions(stories, tmp_path / "served", private=False)
    studio = Studio(service, sessions, PeakCache(), lessons=lessons)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with serving(studio, "127.0.0.1", port) as blocks, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport=DESK)
        page.set_default_timeout(PATIENCE)
        arrive(page, blocks.local_url)
        yield page
        browser.close()
    lessons.close()


def shorten(lesson: Path, steps: int) -> None:
    plan = json.loads((lesson / LESSON_FILE).read_text(encoding="utf-8"))
    (lesson / LESSON_FILE).write_text(json.dumps(plan | {"steps": steps}), encoding="utf-8")


def test_an_unknown_sound_is_taught_and_then_performs_its_event(
    page: Page, stories: Path, tmp_path: Path
) -> None:
    open_story(page, TITLE)
    ways = page.get_by_label("Unknown sounds")
    ways.get_by_role("button", name="teach it this sound").click()
    name = page.get_by_label("Name, as captions will have it")
    expect(name).to_have_value("grandma's kettle whistling")
    name.fill("grandma's kettle")
    page.locator("input[type=file][multiple]").set_input_files(write_pings(tmp_path / "recordings"))
    expect(page.get_by_text("5 recordings: ping 0.wav, ping 1.wav")).to_be_visible()
    page.get_by_label("Licence of the sound").fill("CC0-1.0")
    button(page, "Learn it").click()
    expect(page.get_by_text("takes consent").first).to_be_visible()
    page.get_by_label("I recorded these sounds myself").check()
    shoot(page, "own-sounds")
    button(page, "Learn it").click()
    mine = page.get_by_label("Your sounds").locator("li")
    expect(mine.locator("progress")).to_be_visible(timeout=LEARNING)
    button(page, "Stop: grandma's kettle").click()
    expect(mine).to_contain_text("its lesson was stopped")
    shorten(lesson_folder(tmp_path / NAME / SOUNDS_FOLDER, "grandma's kettle"), REST)
    button(page, "Go on: grandma's kettle").click()
    learned = page.get_by_text("captions that name it are performed by it").first
    expect(learned).to_be_visible(timeout=LEARNING)
    expect(mine).to_contain_text("5 recordings, CC0-1.0, learned")
    saved = mine.get_by_role("link", name="Save the file of grandma's kettle")
    with page.expect_download() as download:
        saved.click()
    assert download.value.suggested_filename == "grandma's-kettle.safetensors"
    expect(ways).to_be_hidden()
    button(page, "Render").click()
    expect(heard(page, "1")).to_be_visible(timeout=LEARNING)
    take = Story.load(stories / TITLE / "story.json").event("e1").take
    assert take is not None
    assert (take.performer, take.licence) == ("sound:grandma's kettle", "CC0-1.0")
    button(page, "Remove: grandma's kettle").click()
    expect(page.get_by_text("takes that it made stay").first).to_be_visible()
