"""Envelopes, fades and strips on the page, by mouse, keys and touch: each gesture ends in the story
written for it, and one undo takes it back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from page_gestures import Hand
from page_of_strips import CHROMIUM, FINGER, PHONE, Do, grave_findings, opened, sideways, undone
from playwright.sync_api import Locator, expect

from core.story.shape import Point
from core.story.story import Story
from core.story.strip import Equaliser, RoomSend

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium")
INSET = 6
"""Pixels of a block above and below its curve."""
FOOT, TOP = -48.0, 12.0
"""Decibels at the lower and upper end of a curve of gain."""


@pytest.fixture(scope="module")
def hand_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Hand]]:
    with opened(tmp_path_factory.mktemp("envelopes")) as hand_at:
        yield hand_at


@pytest.fixture(scope="module")
def hand(hand_at: Callable[..., Hand]) -> Hand:
    hand = hand_at()
    open_strip(hand, "e1")
    return hand


def open_strip(hand: Hand, event_id: str) -> None:
    hand.block(event_id).focus()
    panel = hand.page.locator(".strip-panel")
    if panel.is_hidden():
        hand.press("e")
    expect(panel).to_contain_text(hand.story.event(event_id).caption)


def panel_button(hand: Hand, name: str) -> Locator:
    return hand.page.locator(".strip-panel").get_by_role("button", name=name, exact=True)


def place(hand: Hand, event_id: str, seconds: float, decibels: float) -> tuple[float, float]:
    """Where a point of a gain is drawn in the window."""
    box = hand.box(event_id)
    share = (decibels - FOOT) / (TOP - FOOT)
    y = box["y"] + INSET + (1 - share) * (box["height"] - 2 * INSET)
    return hand.x(hand.story.event(event_id).start + seconds), y


def point(hand: Hand, number: int) -> Locator:
    return hand.page.locator(".envelope-point").nth(number - 1)


def middle(control: Locator) -> tuple[float, float]:
    box = control.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def two_points(hand: Hand) -> None:
    open_strip(hand, "e1")
    hand.page.mouse.dblclick(*place(hand, "e1", 3.0, -12.0))
    hand.edited(lambda: len(gain(hand.story)) == 1, "first point")
    expect(hand.page.locator(".envelope-point")).to_have_count(1)
    hand.page.mouse.dblclick(*place(hand, "e1", 9.0, 0.0))
    hand.edited(lambda: len(gain(hand.story)) == 2, "second point")
    expect(hand.page.locator(".envelope-point")).to_have_count(2)


def gain(story: Story) -> tuple[Point, ...]:
    return story.event("e1").gain_envelope


def near(points: tuple[Point, ...], *wanted: Point) -> bool:
    """To a few pixels."""
    return len(points) == len(wanted) and all(
        abs(t - at) < 0.1 and abs(v - level) <= 1.6
        for (t, v), (at, level) in zip(points, wanted, strict=True)
    )


def test_points_are_added_dragged_and_taken_off_by_mouse(hand: Hand) -> None:
    before = hand.story
    two_points(hand)
    assert near(gain(hand.story), (3.0, -12.0), (9.0, 0.0)), gain(hand.story)
    edited = hand.story
    hand.drag(middle(point(hand, 1)), place(hand, "e1", 6.0, -24.0))
    hand.edited(lambda: gain(hand.story) != gain(edited), "dragged")
    assert near(gain(hand.story), (6.0, -24.0), (9.0, 0.0)), gain(hand.story)
    undone(hand, 1, edited)
    # To the foot of the block is silence; past its neighbour it does not go.
    hand.drag(middle(point(hand, 1)), place(hand, "e1", 11.0, -60.0))
    hand.edited(lambda: gain(hand.story)[0][1] == -60.0, "at the foot")
    assert gain(hand.story)[0][0] == pytest.approx(gain(hand.story)[1][0] - 0.01)
    undone(hand, 1, edited)
    expect(point(hand, 1)).to_have_attribute("aria-valuetext", re.compile("1[23].[05] dB at 1"))
    hand.page.mouse.dblclick(*middle(point(hand, 1)))
    hand.edited(lambda: near(gain(hand.story), (9.0, 0.0)), "taken off")
    undone(hand, 3, before)


def test_points_are_worked_on_by_keys_alone(hand: Hand) -> None:
    before = hand.story
    open_strip(hand, "e1")
    hand.playhead(15.0)
    panel_button(hand, "Add point").focus()
    hand.press("Enter")
    hand.edited(lambda: near(gain(hand.story), (3.0, 0.0)), "added at the playhead")
    time = gain(hand.story)[0][0]
    point(hand, 1).focus()
    hand.press("ArrowDown")
    hand.edited(lambda: gain(hand.story) == ((time, -1.0),), "lower")
    expect(hand.page.locator(".said")).to_contain_text("1.0 dB at 1")
    hand.press("Shift+ArrowRight")
    later = round(time + 0.01, 3)
    hand.edited(lambda: gain(hand.story) == ((later, -1.0),), "later")
    expect(point(hand, 1)).to_be_focused()
    hand.press("Enter")
    middle = pytest.approx((later + 12.0) / 2, abs=1e-3)
    hand.edited(lambda: gain(hand.story) == ((later, -1.0), (middle, -1.0)), "one after it")
    expect(hand.page.locator(".envelope-point")).to_have_count(2)
    point(hand, 1).focus()
    hand.press("PageDown")
    expect(point(hand, 2)).to_be_focused()
    hand.press("Delete")
    hand.edited(lambda: gain(hand.story) == ((later, -1.0),), "taken off")
    expect(point(hand, 1)).to_be_focused()
    hand.press("Escape")
    expect(hand.block("e1")).to_be_focused()
    # Two presses of one point that follow at once are one step, where the machine is quick enough.
    hand.page.locator("#brand").click()
    while hand.story != before:
        shown = hand.story
        hand.press("Control+z")
        hand.edited(lambda shown=shown: hand.story != shown, "undo")  # type: ignore[misc]


def set_field(label: str, value: str) -> Do:
    def do(hand: Hand) -> None:
        field = hand.page.locator(".strip-panel").get_by_role("textbox", name=label)
        field.fill(value)
        field.press("Enter")

    return do


def choose(label: str, value: str) -> Do:
    return lambda hand: (
        hand.page.locator(".strip-panel").get_by_role("combobox", name=label).select_option(value)
    )


def press_button(name: str) -> Do:
    return lambda hand: panel_button(hand, name).click()


def fade_dragged(hand: Hand) -> None:
    box = hand.page.locator(".fade-handle.is-out").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    hand.drag((x, y), (x + hand.x(20.0) - hand.x(24.0), y))


def fade_by_keys(hand: Hand) -> None:
    hand.page.locator(".fade-handle.is-in").focus()
    hand.press("ArrowRight")


def curve_from_the_menu(hand: Hand) -> None:
    hand.page.locator(".fade-handle.is-out").click()
    hand.page.get_by_role("menuitem", name="s-curve").click()


def from_the_menu(name: str) -> Do:
    def do(hand: Hand) -> None:
        hand.block("bed").click(button="right", position={"x": 200, "y": 40})
        hand.page.get_by_role("menuitem", name=name).click()

    return do


ON_E1: dict[str, tuple[Do, Callable[[Story], bool]]] = {
    "a fade dragged": (fade_dragged, lambda s: s.event("e1").fade_out == 4.0),
    "a fade by keys": (fade_by_keys, lambda s: s.event("e1").fade_in == 0.1),
    "a fade's curve": (curve_from_the_menu, lambda s: s.event("e1").fade_out_curve == "s-curve"),
    "a low cut": (
        set_field("Low cut", "150"), lambda s: s.event("e1").equaliser == Equaliser(low_cut=150.0)
    ),
    "a distance": (set_field("Distance", "12,5"), lambda s: s.event("e1").distance == 12.5),
    "a room": (choose("Room", "hall"), lambda s: s.event("e1").room == RoomSend("hall")),
    "approach": (press_button("Approach"), lambda s: s.event("e1").shape == "approach"),
    "all beds ducked": (
        press_button("All beds"), lambda s: s.event("bed").gain_envelope[0] == (0.0, -9.0)
    ),
    "a bed ducked from its menu": (
        from_the_menu("Duck it under the spots"),
        lambda s: min(v for _, v in s.event("bed").gain_envelope) == -9.0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ON_E1)
def test_a_move_of_the_strip_is_the_story_written_for_it_and_one_undo(
    hand: Hand, name: str
) -> None:
    do, holds = ON_E1[name]
    before = hand.story
    open_strip(hand, "e1")
    do(hand)
    hand.edited(lambda: hand.story != before and holds(hand.story), name)
    undone(hand, 1, before)


def test_a_lane_has_a_strip_and_a_curve_of_its_own(hand: Hand) -> None:
    before = hand.story
    open_strip(hand, "bed")
    panel_button(hand, "Strip of the lane").click()
    expect(hand.page.locator(".strip-panel")).to_contain_text("Layer 1, the lane")
    hand.playhead(40.0)
    panel_button(hand, "Add point").click()
    hand.edited(lambda: hand.story.lane(1).gain_envelope == ((40.0, 0.0),), "a point of the lane")
    set_field("High cut", "4000")(hand)
    hand.edited(lambda: hand.story.lane(1).equaliser == Equaliser(high_cut=4000.0), "its high cut")
    panel_button(hand, "Strip of the event").click()
    expect(hand.page.locator(".strip-panel")).to_contain_text("steady rain")
    undone(hand, 2, before)


def test_what_is_refused_goes_back_and_says_why(hand: Hand) -> None:
    before = hand.story
    open_strip(hand, "e1")
    set_field("Low cut", "5")(hand)
    expect(hand.page.get_by_text(re.compile("The low cut"))).to_be_visible()
    expect(hand.page.locator(".strip-panel").get_by_role("textbox", name="Low cut")).to_have_value(
        ""
    )
    assert hand.story == before


def test_strip_and_points_shut_nobody_out(hand: Hand) -> None:
    page, before = hand.page, hand.story
    two_points(hand)
    assert grave_findings(page, ".timeline") == []
    for curve in ("Pan", "Shape", "Gain"):
        panel_button(hand, curve).click()
        expect(panel_button(hand, curve)).to_have_attribute("aria-pressed", "true")
    page.locator("#light").click()
    assert grave_findings(page, ".timeline") == []
    page.locator("#light").click()
    undone(hand, 2, before)
    open_strip(hand, "e1")
    panel_button(hand, "Gain").focus()
    hand.press("Escape")
    expect(page.locator(".strip-panel")).to_be_hidden()
    expect(hand.block("e1")).to_be_focused()


def test_a_finger_adds_drags_and_takes_off_a_point_of_its_size(
    hand_at: Callable[..., Hand],
) -> None:
    hand = hand_at(**PHONE)
    page, before = hand.page, hand.story
    page.locator("[data-strip]").tap()
    hand.block("spot").tap()
    hand.wait(lambda: hand.chosen() == {"spot"})
    expect(page.locator(".strip-panel")).to_contain_text("seagulls")
    panel_button(hand, "Add point").tap()
    hand.edited(lambda: len(hand.story.event("spot").gain_envelope) == 1, "added")
    point(hand, 1).wait_for()
    point(hand, 1).scroll_into_view_if_needed()
    box = point(hand, 1).bounding_box()
    fade = page.locator(".fade-handle.is-in").bounding_box()
    assert box is not None
    assert fade is not None
    assert min(box["width"], box["height"], fade["width"], fade["height"]) >= FINGER
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    hand.touch((x, y), (x, y + 200))
    hand.edited(lambda: hand.story.event("spot").gain_envelope[0][1] == -60.0, "dragged down")
    assert not sideways(page)
    undone(hand, 2, before)
    page.context.close()
