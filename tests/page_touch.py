"""Gestures of a finger on the page of a phone, each with the story that it has to lead to.

The story is that of `page_gestures`. A finger is less exact than a pointer: what is dropped snaps
to an edge, and the playhead goes to its moment by a marker, or to the beginning by the slider.
"""

from __future__ import annotations

import re

from playwright.sync_api import Locator

from core.story.story import Story
from tests.page_gestures import Do, Gesture, Hand, later

INSIDE = 6
"""Pixels from an edge of a block that a finger takes hold of."""
UP = 130
"""Pixels to above the uppermost lane."""


def seen(hand: Hand) -> None:
    """Bring the lanes into the window."""
    hand.page.locator(".lanes").scroll_into_view_if_needed()


def middle(hand: Hand, event_id: str) -> tuple[float, float]:
    box = hand.box(event_id)
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def tap(hand: Hand, event_id: str) -> None:
    """The first tap selects."""
    seen(hand)
    if hand.chosen() != {event_id}:
        hand.page.touchscreen.tap(*middle(hand, event_id))
        hand.wait(lambda: hand.chosen() == {event_id}, f"tap on {event_id}")


def rewind(hand: Hand) -> None:
    """The playhead to the beginning, where nothing snaps to it that does not to an edge."""
    slider = hand.page.locator(".seek")
    box = slider.bounding_box()
    assert box is not None
    slider.tap(position={"x": 1, "y": box["height"] / 2})
    hand.wait(lambda: slider.input_value() == "0", "slider at its beginning")
    seen(hand)


def press(name: str, *event_ids: str) -> Do:
    """A button of the tools, for an event that was tapped."""

    def do(hand: Hand) -> None:
        for event_id in event_ids:
            tap(hand, event_id)
        tool(hand, name).tap()

    return do


def tool(hand: Hand, name: str) -> Locator:
    return hand.page.locator(".tools").get_by_role("button", name=name, exact=True)


def body(event_id: str, by: float, *, up: float = 0.0) -> Do:
    """A block drawn by so many seconds."""

    def do(hand: Hand) -> None:
        tap(hand, event_id)
        rewind(hand)
        x, y = middle(hand, event_id)
        hand.touch((x, y), (x + hand.x(by) - hand.x(0.0), y - up))

    return do


def edge(event_id: str, side: str, to: float) -> Do:
    """An edge drawn to a moment."""

    def do(hand: Hand) -> None:
        tap(hand, event_id)
        rewind(hand)
        box = hand.box(event_id)
        x = box["x"] + INSIDE if side == "left" else box["x"] + box["width"] - INSIDE
        by = hand.x(to) - hand.x(hand.at(event_id, side))
        y = box["y"] + box["height"] / 2
        hand.touch((x, y), (x + by, y))

    return do


def asked(name: str, words: str) -> Do:
    """A sound at the beginning, by a tool that asks what is heard."""

    def do(hand: Hand) -> None:
        tap(hand, "e1")
        rewind(hand)
        tool(hand, name).tap()
        hand.page.get_by_text(re.compile(f"^{name} at 0.0 s")).wait_for()
        hand.page.locator(".ask input").tap()
        hand.page.keyboard.type(words)
        hand.press("Enter")  # the one of the keyboard on the screen

    return do


def _marked(hand: Hand, near: float, at: float) -> None:
    """A marker near a moment, and drawn to the edge that is there."""
    rewind(hand)
    ruler = hand.page.locator(".ruler").bounding_box()
    assert ruler is not None
    hand.page.touchscreen.tap(hand.x(near), ruler["y"] + 10)
    tool(hand, "Marker").tap()
    hand.wait(lambda: bool(hand.story.markers), "marker")
    flag = hand.page.locator(f".mark[data-at='{hand.story.markers[0].at:g}']")
    box = flag.bounding_box()
    assert box is not None
    x, y = box["x"] + INSIDE, box["y"] + box["height"] / 2
    hand.touch((x, y), (x + hand.x(at) - hand.x(hand.story.markers[0].at), y))
    hand.wait(lambda: [marker.at for marker in hand.story.markers] == [at], "marker at its edge")
    hand.page.locator(f".mark[data-at='{at:g}']").wait_for()


def _split_at_marker(hand: Hand) -> None:
    _marked(hand, 45.0, 42.0)
    tap(hand, "e3")
    hand.page.locator(".mark").tap()
    tool(hand, "Split").tap()


def _muted(hand: Hand) -> None:
    mixer = hand.page.locator("[data-mixer]")
    mixer.tap()
    switch = hand.page.get_by_role("button", name="Mute Layer 1", exact=True)
    switch.tap()
    hand.wait(lambda: hand.story.lane(1).muted, "mute")
    mixer.tap()


def _point(hand: Hand) -> None:
    strip = hand.page.locator("[data-strip]")
    tap(hand, "spot")
    strip.tap()
    panel = hand.page.locator(".strip-panel")
    panel.get_by_role("button", name="Add point", exact=True).tap()
    hand.wait(lambda: bool(hand.story.event("spot").gain_envelope), "point")
    strip.tap()


def _locked(story: Story) -> bool:
    return story.event("e3").locked


BY_TOUCH: dict[str, Gesture] = {
    "a sound above to an edge": Gesture(body("spot", -6.0), {"spot": (36.0, 12.0, 1, 0.0)}),
    "a sound above to a new layer": Gesture(
        body("spot", 0.0, up=UP), {"spot": (42.0, 12.0, 2, 0.0)}
    ),
    "another place in the order": Gesture(
        body("e0", 15.0), {"e1": (0.0, 12.0, 0, 0.0), "e0": (12.0, 12.0, 0, 0.0)}
    ),
    "a sound moved onto others": Gesture(
        body("e4", -12.0), {"e4": (36.0, 12.0, 2, 0.0)}, ripple=False
    ),
    "an end above": Gesture(edge("bed", "right", 24.0), {"bed": (0.0, 24.0, 1, 0.0)}),
    "a beginning above": Gesture(edge("bed", "left", 12.0), {"bed": (12.0, 24.0, 1, 12.0)}),
    "an end with ripple": Gesture(
        edge("e3", "right", 42.0),
        {"e3": (36.0, 6.0, 0, 0.0), "e4": (42.0, 12.0, 0, 0.0)},
        total=54.0,
    ),
    "a beginning with ripple": Gesture(
        edge("e3", "left", 42.0),
        {"e3": (36.0, 6.0, 0, 6.0), "e4": (42.0, 12.0, 0, 0.0)},
        total=54.0,
    ),
    "an end without ripple": Gesture(
        edge("e3", "right", 42.0), {"e3": (36.0, 6.0, 0, 0.0)}, ripple=False
    ),
    "a beginning without ripple": Gesture(
        edge("e4", "left", 54.0), {"e4": (54.0, 6.0, 0, 6.0)}, ripple=False
    ),
    "a sound repeated": Gesture(
        press("Duplicate", "e1"),
        {
            "e5": (24.0, 12.0, 0, 0.0),
            **later(["e2", "e3", "e4"], 12.0),
            "spot": (54.0, 12.0, 1, 0.0),
        },
        total=72.0,
    ),
    "a sound deleted": Gesture(
        press("Delete", "e1"),
        {"e1": None, **later(["e2", "e3", "e4"], -12.0), "spot": (30.0, 12.0, 1, 0.0)},
        total=48.0,
    ),
    "two joined": Gesture(press("Join", "e1"), {"e1": (12.0, 24.0, 0, 0.0), "e2": None}),
    "a sound settled": Gesture(
        press("Settle", "spot"),
        {"spot": (36.0, 12.0, 0, 0.0), **later(["e3", "e4"], 12.0)},
        total=72.0,
    ),
    "a sound locked": Gesture(press("Lock", "e3"), {}, check=_locked),
    "a sound at the playhead": Gesture(
        asked("Add", "a bell"),
        {
            "e5": (0.0, 4.0, 0, 0.0),
            **later(["e0", "e1", "e2", "e3", "e4", "bed", "spot"], 4.0),
        },
        total=64.0,
        check=lambda story: story.event("e5").caption == "a bell",
    ),
    "a sound laid over it": Gesture(
        asked("Lay over", "a far bell"),
        {"e5": (0.0, 12.0, 2, 0.0)},
        check=lambda story: story.event("e5").caption == "a far bell",
    ),
    "a marker drawn to an edge": Gesture(
        lambda hand: _marked(hand, 33.0, 36.0),
        {},
        check=lambda story: [(m.at, m.name) for m in story.markers] == [(36.0, "Marker 1")],
        steps=2,
    ),
    "a split at a marker": Gesture(
        _split_at_marker,
        {"e3": (36.0, 6.0, 0, 0.0), "e5": (42.0, 6.0, 0, 6.0)},
        steps=3,
    ),
    "a lane muted": Gesture(_muted, {}, check=lambda story: story.lane(1).muted),
    "a point of an envelope": Gesture(
        _point, {}, check=lambda story: len(story.event("spot").gain_envelope) == 1
    ),
}
