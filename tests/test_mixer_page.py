"""The mixer on the page, by mouse, keys and touch: each move ends in the story written for it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import soundfile
from page_gestures import Hand
from page_of_strips import CHROMIUM, FINGER, PHONE, Do, grave_findings, opened, sideways, undone
from playwright.sync_api import Locator, expect
from studio_stories import RATE

from core.mix.loudness import measure
from core.story.story import Story

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium")


@pytest.fixture(scope="module")
def hand_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Hand]]:
    with opened(tmp_path_factory.mktemp("mixer")) as hand_at:
        yield hand_at


@pytest.fixture(scope="module")
def hand(hand_at: Callable[..., Hand]) -> Hand:
    hand = hand_at()
    hand.press("Control+m")
    fader(hand, "Master").wait_for()
    return hand


def fader(hand: Hand, lane: str) -> Locator:
    return hand.page.get_by_role("slider", name=f"Level of {lane}", exact=True)


def panner(hand: Hand, lane: str) -> Locator:
    return hand.page.get_by_role("slider", name=f"Pan of {lane}", exact=True)


def switch(hand: Hand, name: str) -> Locator:
    return hand.page.get_by_role("button", name=name, exact=True)


def keys(control: Callable[[Hand], Locator], *pressed: str) -> Do:
    def do(hand: Hand) -> None:
        control(hand).focus()
        hand.press(*pressed)

    return do


def dragged_to_the_foot(hand: Hand) -> None:
    box = fader(hand, "Layer 1").bounding_box()
    assert box is not None
    x = box["x"] + box["width"] / 2
    hand.drag((x, box["y"] + 20), (x, box["y"] + box["height"] + 100))


def typed(hand: Hand) -> None:
    field = hand.page.get_by_label("Level of Story in dB")
    field.fill("-7,5")
    field.press("Enter")


MOVES: dict[str, tuple[Do, Callable[[Story], bool]]] = {
    "a fader by keys": (
        keys(lambda h: fader(h, "Layer 1"), "Shift+ArrowDown"), lambda s: s.lane(1).gain_db == -0.1
    ),
    "a fader dragged to its foot": (dragged_to_the_foot, lambda s: s.lane(1).gain_db == -60.0),
    "a level typed": (typed, lambda s: s.lane(0).gain_db == -7.5),
    "the master by page keys": (
        keys(lambda h: fader(h, "Master"), "PageDown"), lambda s: s.master_db == -6.0
    ),
    "pan by keys": (
        keys(lambda h: panner(h, "Story"), "ArrowLeft"),
        lambda s: s.lane(0).pan == -0.05,
    ),
    "mute": (lambda h: switch(h, "Mute Layer 1").click(), lambda s: s.lane(1).muted),
    "solo by keys": (
        keys(lambda h: switch(h, "Solo Story"), "Enter"),
        lambda s: s.lane(0).soloed and not s.hears(1),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MOVES)
def test_a_move_of_the_mixer_is_the_story_written_for_it_and_one_undo(
    hand: Hand, name: str
) -> None:
    do, holds = MOVES[name]
    before = hand.story
    do(hand)
    hand.edited(lambda: holds(hand.story), name)
    expect(hand.page.locator(".mixing")).to_be_hidden()
    undone(hand, 1, before)


def test_a_refused_level_goes_back_and_says_why(hand: Hand) -> None:
    before = hand.story
    field = hand.page.get_by_label("Level of Layer 1 in dB")
    field.fill("99")
    field.press("Enter")
    expect(hand.page.get_by_text(re.compile("lane's gain"))).to_be_visible()
    expect(fader(hand, "Layer 1")).to_have_attribute("aria-valuenow", "0")
    expect(field).to_have_value("0.0")
    assert hand.story == before


def test_meters_move_while_it_plays_and_are_within_half_a_decibel_of_the_file(hand: Hand) -> None:
    page = hand.page
    expect(page.locator(".mixing")).to_be_hidden()
    address = page.locator("[data-mix]").get_attribute("data-mix") or ""
    file, rate = soundfile.read(address.partition("file=")[2], dtype="float32")
    assert rate == RATE
    hand.playhead(5.0)
    meter = page.locator("[data-of=master] [part=meter]")
    page.locator("[data-play]").click()
    expect(meter).to_have_attribute("data-at", re.compile(r"\d"))
    seen = []
    for _ in range(6):
        page.wait_for_timeout(250)
        seen.append(
            meter.evaluate(
                "m => [Number(m.dataset.at), Number(m.dataset.peak), Number(m.dataset.loud)]"
            )
        )
    page.locator("[data-play]").click()
    assert len({tuple(each) for each in seen}) > 2
    for at, peak, loud in seen:
        end = round(at * RATE)
        heard = file[end - RATE // 10 : end]
        assert peak == pytest.approx(20 * np.log10(np.abs(heard).max()), abs=0.5)
        last = measure([file[end - round(0.4 * RATE) : end]], RATE, over_time=False, peaks=False)
        assert loud == pytest.approx(last.integrated, abs=0.5)


def test_a_lane_is_listened_to_and_two_versions_are_switched_at_one_playhead(hand: Hand) -> None:
    page, before = hand.page, hand.story
    switch(hand, "Listen to Layer 1 alone").click()
    heard = page.locator(".heard")
    expect(heard).to_contain_text("Layer 1 alone")
    expect(switch(hand, "Listen to Layer 1 alone")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("b")
    expect(page.locator(".said")).to_have_text("Heard: the story as it is")
    heard.get_by_role("button", name="End", exact=True).click()
    expect(heard).to_be_hidden()
    assert hand.story == before

    fader(hand, "Master").focus()
    hand.press("PageDown")
    hand.edited(lambda: hand.story.master_db == -6.0)
    expect(page.locator(".mixing")).to_be_hidden()
    page.locator("#history summary").click()
    last = page.locator("#history [data-compare]").nth(1)
    last.click()
    expect(heard).to_contain_text("B")
    now, then = heard.get_by_role("button").all()[:2]
    expect(then).to_have_attribute("aria-pressed", "true")
    page.locator("body").press("b")
    expect(now).to_have_attribute("aria-pressed", "true")
    heard.get_by_role("button", name="End", exact=True).click()
    if page.locator(".is-playing").count():
        page.locator("[data-play]").click()
    undone(hand, 1, before)


def test_a_marked_region_is_played_over_and_over(hand: Hand) -> None:
    page = hand.page
    ruler = page.locator(".ruler").bounding_box()
    assert ruler is not None
    hand.drag((hand.x(10.0), ruler["y"] + 10), (hand.x(12.0), ruler["y"] + 10), keys=("Shift",))
    loop = page.locator("[data-loop]")
    expect(loop).to_have_attribute("aria-pressed", "true")
    expect(loop).to_have_text("Loop 10.0 to 12.0 s")
    hand.playhead(11.0)
    page.locator("[data-play]").click()
    places = []
    for _ in range(14):
        page.wait_for_timeout(200)
        places.append(float(page.locator(".seek").input_value()))
    page.locator("[data-play]").click()
    assert max(places) < 12.3
    assert any(later < earlier for earlier, later in itertools.pairwise(places))
    page.locator("body").press("c")
    expect(loop).to_have_attribute("aria-pressed", "false")
    hand.playhead(24.0)
    page.locator("body").press("Shift+BracketLeft")
    hand.playhead(30.0)
    page.locator("body").press("Shift+BracketRight")
    expect(loop).to_have_text("Loop 24.0 to 30.0 s")
    loop.click()


def test_the_mixer_shuts_nobody_out_and_fits_a_phone(hand: Hand) -> None:
    page = hand.page
    assert grave_findings(page, ".timeline") == []
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        page.wait_for_timeout(300)
        assert not sideways(page)
    page.locator("#light").click()
    assert grave_findings(page, ".mixer") == []
    page.locator("#light").click()


def test_a_finger_moves_a_fader_of_its_size(hand_at: Callable[..., Hand]) -> None:
    hand = hand_at(**PHONE)
    before = hand.story
    hand.page.locator("[data-mixer]").click()
    fader(hand, "Layer 1").scroll_into_view_if_needed()
    cap = fader(hand, "Layer 1").locator('[part="cap"]').bounding_box()
    assert cap is not None
    assert min(cap["width"], cap["height"]) >= FINGER
    x, y = cap["x"] + cap["width"] / 2, cap["y"] + cap["height"] / 2
    hand.touch((x, y), (x, y + 400))
    hand.edited(lambda: hand.story.lane(1).gain_db == -60.0)
    solo = switch(hand, "Solo Layer 1").bounding_box()
    assert solo is not None
    assert min(solo["width"], solo["height"]) >= FINGER
    undone(hand, 1, before)
