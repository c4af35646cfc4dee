"""Gestures on the page's timeline, each with the story that it has to lead to.

The story is that of `studio_stories.long_story` with five events of twelve seconds, a bed (0 to
36 s) and a spot (42 to 54 s) on layer 1. Moments are on the grid or on edges, so that what is
dropped is exact.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import CDPSession, Locator, Page

from core.story import timeline
from core.story.story import Event, Story

EVENTS, TOTAL = 5, 60.0
PATIENCE = 60.0
MOST_STOPS = 60
"""Of the Tab key on the whole page."""
REST = 150
"""Milliseconds of a finger at the end of its way."""
STEPS_A_SECOND = 10
"""Of the playhead by arrows."""
AFTER_FOCUS = """target => Boolean(
  document.activeElement.compareDocumentPosition(target) & Node.DOCUMENT_POSITION_FOLLOWING)"""
By = Literal["mouse", "keys", "touch"]
Place = tuple[float, float, int, float]
"""Start, length, layer, and seconds into its take."""
START: dict[str, Place] = {
    "e0": (0.0, 12.0, 0, 0.0),
    "e1": (12.0, 12.0, 0, 0.0),
    "e2": (24.0, 12.0, 0, 0.0),
    "e3": (36.0, 12.0, 0, 0.0),
    "e4": (48.0, 12.0, 0, 0.0),
    "bed": (0.0, 36.0, 1, 0.0),
    "spot": (42.0, 12.0, 1, 0.0),
}


def places(story: Story) -> dict[str, Place]:
    return {e.id: (e.start, e.duration, e.layer, e.offset) for e in story.events}


@dataclass
class Hand:
    """A hand at the page, and what it has led to on disk."""

    page: Page
    file: Path
    revision: str = ""
    """Of the story that the page showed after the last `edited`."""
    by: By = "mouse"
    """What it works with: of "keys" and "touch" nothing else is used."""

    @property
    def story(self) -> Story:
        return Story.load(self.file)

    def block(self, event_id: str) -> Locator:
        return self.page.locator(f".event-block[data-id='{event_id}']")

    def wait(self, holds: Callable[[], bool], what: object = "") -> None:
        until = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < until, f"{what}: {places(self.story)}"
            self.page.wait_for_timeout(30)

    def edited(self, holds: Callable[[], bool], what: object = "") -> None:
        """Wait for an edit, and until the page shows it: what is drawn anew takes no gesture."""
        self.wait(holds, what)
        timeline = self.page.locator(".timeline")
        self.wait(
            lambda: timeline.get_attribute("data-revision") not in (None, self.revision),
            f"picture after {what}",
        )
        self.revision = timeline.get_attribute("data-revision") or ""

    def box(self, event_id: str) -> dict[str, float]:
        boxes: list[dict[str, float]] = []

        def drawn() -> bool:
            box = self.block(event_id).bounding_box()  # None while it is drawn anew
            boxes.extend([dict(box)] if box else [])
            return bool(boxes)

        self.wait(drawn, f"block {event_id}")
        return boxes[0]

    def x(self, seconds: float) -> float:
        """Where a moment is in the window."""
        row = self.story.sequence
        first, last = self.box(row[0].id), self.box(row[-1].id)
        scale = (last["x"] + last["width"] - first["x"]) / (row[-1].end - row[0].start)
        return first["x"] + (seconds - row[0].start) * scale

    def drag(
        self, start: tuple[float, float], end: tuple[float, float], keys: Sequence[str] = ()
    ) -> None:
        mouse = self.page.mouse
        mouse.move(*start)
        for key in keys:
            self.page.keyboard.down(key)
        mouse.down()
        for share in (0.4, 0.8, 1.0):
            mouse.move(*(a + (b - a) * share for a, b in zip(start, end, strict=True)))
        mouse.up()
        for key in keys:
            self.page.keyboard.up(key)

    def edge(self, event_id: str, side: str, to: float, keys: Sequence[str] = ()) -> None:
        box = self.box(event_id)
        x = box["x"] + 3 if side == "left" else box["x"] + box["width"] - 3
        off = x - self.x(self.at(event_id, side))
        y = box["y"] + box["height"] / 2
        self.drag((x, y), (self.x(to) + off, y), keys)

    def at(self, event_id: str, side: str) -> float:
        event = self.story.event(event_id)
        return event.start if side == "left" else event.end

    def body(self, event_id: str, by: float, *, up: float = 0.0, keys: Sequence[str] = ()) -> None:
        box = self.box(event_id)
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.6
        self.drag((x, y), (x + self.x(by) - self.x(0.0), y - up), keys)

    def click(self, event_id: str, **how: Any) -> None:
        self.block(event_id).click(position={"x": 40, "y": 60}, **how)

    def focus(self, event_id: str) -> None:
        """Bring the focus to a block; by keys alone with Tab and arrows."""
        if self.by != "keys":
            self.block(event_id).focus()
            return
        for _ in range(MOST_STOPS):
            self.tab_to(".event-block")
            focused = self.page.evaluate("document.activeElement.dataset.id")
            if focused == event_id:
                return
            in_time = sorted(self.story.events, key=lambda event: (event.start, event.layer))
            order = [event.id for event in in_time]
            if focused in order:
                later = order.index(event_id) > order.index(focused)
                self.press("ArrowRight" if later else "ArrowLeft")
        raise AssertionError(f"no arrow leads to {event_id}")

    def tab_to(self, selector: str) -> None:
        """Press Tab, or Shift and Tab, until something has the focus."""
        here = "selector => Boolean(document.activeElement.closest(selector))"
        after = f"selector => ({AFTER_FOCUS})(document.querySelector(selector))"
        for _ in range(MOST_STOPS):
            if self.page.evaluate(here, selector):
                return
            self.press("Tab" if self.page.evaluate(after, selector) else "Shift+Tab")
        raise AssertionError(f"no Tab leads to {selector}")

    def playhead(self, seconds: float) -> None:
        if self.by == "keys":
            self.tab_to(".seek")
            tenth = self.story.total / 10  # as far as Page Up goes
            pages = int(seconds / tenth)
            steps = round((seconds - pages * tenth) * STEPS_A_SECOND)
            self.press("Home", *["PageUp"] * pages, *["ArrowRight"] * steps)
            assert float(self.page.locator(".seek").input_value()) == seconds
            return
        ruler = self.page.locator(".ruler").bounding_box()
        assert ruler is not None
        self.page.mouse.click(self.x(seconds), ruler["y"] + 10)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def chosen(self) -> set[str]:
        blocks = self.page.locator(".event-block[aria-selected=true]")
        return set(blocks.evaluate_all("all => all.map(b => b.dataset.id)"))

    def touch(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """A finger put down, drawn somewhere and lifted, but not at once: that is a fling, which
        the next tap only ends."""
        send = self.touches()
        send("touchStart", [start])
        for share in (0.3, 0.6, 1.0):
            send(
                "touchMove",
                [tuple(a + (b - a) * share for a, b in zip(start, end, strict=True))],
            )
        self.page.wait_for_timeout(REST)
        send("touchMove", [end])
        send("touchEnd", [])

    def touches(self) -> Callable[[str, Sequence[Any]], None]:
        session: CDPSession = self.page.context.new_cdp_session(self.page)

        def send(kind: str, points: Sequence[Any]) -> None:
            listed = [{"x": x, "y": y} for x, y in points]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": listed})

        return send


Do = Callable[[Hand], None]
Changes = Mapping[str, Place | None]
"""Where events are afterwards; None: gone."""


@dataclass(frozen=True)
class Gesture:
    """What a hand does, and what it leads to.

    Attributes:
        ripple: whether the switch is on.
        check: of the story, beside its places.
        steps: changes that it makes, each of which one undo takes back.
    """

    do: Do
    changes: Changes
    ripple: bool = True
    total: float = TOTAL
    check: Callable[[Story], bool] = lambda story: True
    steps: int = 1

    def expected(self) -> dict[str, Place]:
        return {i: p for i, p in {**START, **self.changes}.items() if p is not None}


def later(ids: Sequence[str], by: float) -> dict[str, Place]:
    return {i: (START[i][0] + by, *START[i][1:]) for i in ids}


def _marked(*markers: tuple[float, str]) -> Callable[[Story], bool]:
    return lambda story: [(marker.at, marker.name) for marker in story.markers] == [*markers]


def _mark(hand: Hand, at: float) -> None:
    hand.playhead(at)
    hand.focus("e0")
    hand.press("m")
    hand.page.locator(".mark").first.wait_for()


def _marker_dragged(hand: Hand) -> None:
    _mark(hand, 30.0)
    box = hand.page.locator(".mark").bounding_box()
    assert box is not None
    x, y = box["x"] + 6, box["y"] + 8
    hand.drag((x, y), (x + hand.x(36.0) - hand.x(30.0) + 2, y))


def _snapped_to_marker(hand: Hand) -> None:
    _mark(hand, 33.125)
    hand.playhead(58.0)
    hand.body("spot", 33.125 - 42.0 + 0.2)


def _marker_by_keys(hand: Hand) -> None:
    _mark(hand, 30.0)
    hand.tab_to(".mark")
    hand.press("Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowLeft")
    hand.wait(lambda: [m.at for m in hand.story.markers] == [30.1])
    hand.page.locator(".mark[data-at='30.1']").wait_for()
    _asked(hand, "F2", "the door")


def _marker_deleted(hand: Hand) -> None:
    _mark(hand, 30.0)
    hand.playhead(50.0)
    hand.focus("e0")
    hand.press("BracketLeft", "n")
    hand.page.get_by_text("Add at 30.0 s").wait_for()
    hand.press("Escape")
    hand.tab_to(".mark")
    hand.press("Delete")
    hand.wait(lambda: not hand.story.markers)


def _level(event_id: str, decibels: float) -> Callable[[Story], bool]:
    return lambda story: story.event(event_id).gain_db == decibels


def _asked(hand: Hand, key: str, words: str) -> None:
    hand.press(key)
    hand.page.locator(".ask input:focus").wait_for()
    hand.page.keyboard.type(words)  # in place of what stands there
    hand.press("Enter")


def _renamed(hand: Hand) -> None:
    hand.block("e1").locator('[part="name"]').dblclick()
    hand.page.locator(".ask input").fill("a heavy door")
    hand.press("Enter")


def _marquee(hand: Hand) -> None:
    bed, spot = hand.box("bed"), hand.box("spot")
    y = bed["y"] + bed["height"] / 2
    hand.drag((hand.x(39.0), y - 20), (spot["x"] + spot["width"] / 2, y + 20))
    hand.wait(lambda: hand.chosen() == {"spot"})
    hand.drag((hand.x(57.0), y - 20), (bed["x"] + bed["width"] - 10, y + 20))
    hand.wait(lambda: hand.chosen() == {"bed", "spot"})
    hand.press("Alt+ArrowUp")


def _menu(hand: Hand) -> None:
    hand.click("e1", button="right")
    hand.page.get_by_role("menuitem", name=re.compile("^Repeat")).click()


def _pasted(hand: Hand) -> None:
    hand.click("e1")
    hand.press("Control+c")
    hand.wait(lambda: bool(hand.page.evaluate("localStorage.getItem('audiostory-clip')")))
    hand.playhead(60.0)
    hand.click("e1", button="right")
    hand.page.get_by_role("menuitem", name=re.compile("^Paste")).click()


def _slipped(hand: Hand) -> None:
    hand.edge("e1", "right", 18.0)
    hand.wait(lambda: hand.story.event("e1").duration == 6.0)
    wait_until_drawn(hand, "the end that was pulled")  # else the pointer meets blocks of before
    hand.body("e1", -2.0, keys=("Alt",))


def _slipped_by_keys(hand: Hand) -> None:
    hand.focus("e1")
    hand.press(",", ",")
    hand.wait(lambda: hand.story.event("e1").duration == 11.8)
    hand.press("Alt+Shift+ArrowLeft")


def _grouped(hand: Hand) -> None:
    hand.click("e0")
    hand.click("spot", modifiers=["Shift"])
    hand.press("Control+g")
    hand.wait(lambda: hand.story.event("spot").group is not None)
    hand.click("e2")
    hand.click("spot")
    hand.wait(lambda: hand.chosen() == {"e0", "spot"})


BY_MOUSE: dict[str, Gesture] = {
    "an end with ripple": Gesture(
        lambda h: h.edge("e1", "right", 20.0),
        {
            "e1": (12.0, 8.0, 0, 0.0),
            **later(["e2", "e3", "e4"], -4.0),
            "spot": (38.0, 12.0, 1, 0.0),
        },
        total=56.0,
    ),
    "a beginning with ripple": Gesture(
        lambda h: h.edge("e1", "left", 15.0),
        {
            "e1": (12.0, 9.0, 0, 3.0),
            **later(["e2", "e3", "e4"], -3.0),
            "spot": (39.0, 12.0, 1, 0.0),
        },
        total=57.0,
    ),
    "a seam with Shift": Gesture(
        lambda h: h.edge("e1", "right", 20.0, keys=("Shift",)),
        {"e1": (12.0, 8.0, 0, 0.0), "e2": (20.0, 16.0, 0, 0.0)},
    ),
    "another place in the order": Gesture(
        lambda h: h.body("e0", 15.0),
        {"e1": (0.0, 12.0, 0, 0.0), "e0": (12.0, 12.0, 0, 0.0)},
    ),
    "a sound above to an edge": Gesture(
        lambda h: h.body("spot", -5.8), {"spot": (36.0, 12.0, 1, 0.0)}
    ),
    "a sound to a new layer": Gesture(
        lambda h: h.body("spot", 0.0, up=130), {"spot": (42.0, 12.0, 2, 0.0)}
    ),
    "its sound slipped with Alt": Gesture(
        _slipped,
        {
            "e1": (12.0, 6.0, 0, 2.0),
            **later(["e2", "e3", "e4"], -6.0),
            "spot": (36.0, 12.0, 1, 0.0),
        },
        total=54.0,
        check=lambda story: timeline.unrendered(story) == (),
        steps=2,
    ),
    "a marquee around two": Gesture(_marquee, {}, check=_level("spot", 1.0)),
    "another name on the block": Gesture(
        _renamed, {}, check=lambda story: story.event("e1").caption == "a heavy door"
    ),
    "the menu": Gesture(
        _menu,
        {
            "e5": (24.0, 12.0, 0, 0.0),
            **later(["e2", "e3", "e4"], 12.0),
            "spot": (54.0, 12.0, 1, 0.0),
        },
        total=72.0,
    ),
    "a copy pasted at the playhead": Gesture(_pasted, {"e5": (60.0, 12.0, 0, 0.0)}, total=72.0),
    "a group": Gesture(_grouped, {}, check=lambda story: story.event("e0").group == "g1"),
    "a marker drawn to an edge": Gesture(
        _marker_dragged, {}, check=_marked((36.0, "Marker 1")), steps=2
    ),
    "a sound drawn to a marker": Gesture(
        _snapped_to_marker, {"spot": (33.125, 12.0, 1, 0.0)}, steps=2
    ),
    "an end without ripple": Gesture(
        lambda h: h.edge("e1", "right", 20.0), {"e1": (12.0, 8.0, 0, 0.0)}, ripple=False
    ),
    "a beginning without ripple": Gesture(
        lambda h: h.edge("e1", "left", 15.0), {"e1": (15.0, 9.0, 0, 3.0)}, ripple=False
    ),
    "a sound moved away": Gesture(
        lambda h: h.body("e4", 2.0),
        {"e4": (50.0, 12.0, 0, 0.0)},
        ripple=False,
        total=62.0,
    ),
    "a sound moved onto others": Gesture(
        lambda h: h.body("e4", -12.0), {"e4": (36.0, 12.0, 2, 0.0)}, ripple=False
    ),
}


def _key(event_id: str, *keys: str) -> Do:
    def do(hand: Hand) -> None:
        hand.focus(event_id)
        hand.press(*keys)

    return do


def _playhead_and(seconds: float, then: Do) -> Do:
    def do(hand: Hand) -> None:
        hand.playhead(seconds)
        hand.focus("e0")
        then(hand)

    return do


def _several_deleted(hand: Hand) -> None:
    hand.focus("e0")
    hand.press("Control+ArrowRight")
    hand.wait(lambda: len(hand.chosen()) == 2)
    hand.press("Delete")


BY_KEYS: dict[str, Gesture] = {
    "a nudge above": Gesture(
        _key("spot", "Shift+ArrowRight", "Shift+ArrowRight"), {"spot": (42.2, 12.0, 1, 0.0)}
    ),
    "an end": Gesture(_key("e4", ","), {"e4": (48.0, 11.9, 0, 0.0)}, total=59.9),
    "a beginning": Gesture(_key("e4", "Shift+Period"), {"e4": (48.0, 11.9, 0, 0.1)}, total=59.9),
    "a level": Gesture(_key("e1", "Alt+ArrowDown", "Alt+ArrowDown"), {}, check=_level("e1", -2.0)),
    "a slip": Gesture(
        _slipped_by_keys,
        {
            "e1": (12.0, 11.8, 0, 0.1),
            **later(["e2", "e3", "e4"], -0.2),
            "spot": (41.8, 12.0, 1, 0.0),
        },
        total=59.8,
        steps=2,
    ),
    "a marker nudged and named": Gesture(
        _marker_by_keys, {}, check=_marked((30.1, "the door")), steps=3
    ),
    "a marker jumped to and deleted": Gesture(_marker_deleted, {}, check=_marked(), steps=2),
    "another layer": Gesture(_key("spot", "Shift+ArrowUp"), {"spot": (42.0, 12.0, 2, 0.0)}),
    "a split at the playhead": Gesture(
        _playhead_and(30.0, _key("e2", "s")),
        {"e2": (24.0, 6.0, 0, 0.0), "e5": (30.0, 6.0, 0, 6.0)},
    ),
    "a sound at the playhead": Gesture(
        _playhead_and(24.0, lambda h: _asked(h, "n", "a bell")),
        {
            "e5": (24.0, 4.0, 0, 0.0),
            **later(["e2", "e3", "e4"], 4.0),
            "spot": (46.0, 12.0, 1, 0.0),
        },
        total=64.0,
        check=lambda story: story.event("e5").caption == "a bell",
    ),
    "a sound over it": Gesture(
        _playhead_and(30.0, lambda h: _asked(h, "o", "a far bell")),
        {"e5": (30.0, 12.0, 2, 0.0)},
        check=lambda story: story.event("e5").caption == "a far bell",
    ),
    "two deleted": Gesture(
        _several_deleted,
        {
            "bed": None,
            "e0": None,
            **later(["e1", "e2", "e3", "e4"], -12.0),
            "spot": (30.0, 12.0, 1, 0.0),
        },
        total=48.0,
    ),
    "a new name": Gesture(
        lambda h: (h.focus("e3"), _asked(h, "F2", "far thunder"))[-1],
        {},
        check=lambda story: story.event("e3").caption == "far thunder",
    ),
}


def set_ripple(hand: Hand, on: bool) -> None:
    switch = hand.page.locator("[data-ripple]")
    if (switch.get_attribute("aria-pressed") == "true") == on:
        return
    if hand.by == "keys":
        hand.tab_to(".event-block")
        hand.press("i")
    elif hand.by == "touch":
        switch.tap()
    else:
        switch.click()


def undo(hand: Hand) -> None:
    if hand.by == "touch":
        hand.page.locator("#undo").tap()
        return
    if hand.by == "mouse":
        hand.page.locator("#brand").click()
    hand.press("Control+z")


def try_gesture(hand: Hand, name: str, gesture: Gesture) -> None:
    """Do it, see the story that it leads to, and undo it."""
    before = hand.story
    assert places(before) == START, name
    set_ripple(hand, gesture.ripple)
    if hand.by == "mouse":
        hand.playhead(TOTAL)  # where it snaps to nothing else than an edge
    if hand.by != "touch":
        hand.focus("e0")
        hand.press("Escape")  # what the gesture before has selected would go along
    gesture.do(hand)
    hand.wait(lambda: places(hand.story) == gesture.expected() and gesture.check(hand.story), name)
    assert hand.story.total == gesture.total, name
    for _ in range(gesture.steps):
        shown = hand.story
        undo(hand)
        hand.wait(lambda shown=shown: hand.story != shown, f"undo of {name}")  # type: ignore[misc]
    assert hand.story == before, name
    drawn = hand.page.locator(".event-block")
    hand.wait(lambda: drawn.count() == len(before.events), name)
    wait_until_drawn(hand, name)


def wait_until_drawn(hand: Hand, what: str) -> None:
    """Wait until the picture shows what is on disk."""
    hand.wait(lambda: drawn_starts(hand) == starts(hand.story.events), f"picture after {what}")


def starts(events: Sequence[Event]) -> dict[str, float]:
    return {event.id: event.start for event in events}


def drawn_starts(hand: Hand) -> dict[str, float]:
    """Seconds at which blocks are drawn."""
    zero, end = hand.x(0.0), hand.x(TOTAL)
    return {i: round((hand.box(i)["x"] - zero) / (end - zero) * TOTAL, 1) for i in START}
