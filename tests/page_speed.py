"""How fast the page is with a story of 60 events in 8 lanes: `python -m tests.page_speed`.

In Chromium, on an idle machine: frames a second while a block is dragged (from Chromium's own
trace), from an edit to its picture, and from choosing a story to all of its blocks. It ends with 1
where a figure misses its bound.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from studio.jobs.model_service import ModelService
from studio.server import serving
from studio.sessions.registry import Sessions
from studio.sound.peaks import PeakCache
from studio.state import Studio
from tests.page_gestures import Hand
from tests.soak.gestures import CHROMIUM, FLAGS
from tests.soak.server import free_port
from tests.studio_stories import many_lanes

TITLE = "Many lanes"
EVENTS, LANES = 60, 8
FRAMES, EDIT, OPEN = 30.0, 0.2, 1.5
"""Bounds: at least so many frames a second, at most so many seconds each."""
_MOVES, _TURN, _REACH = 150, 25, 80
"""Of the pointer in a drag: how many, after how many it turns, and how many pixels it goes."""
_PAUSE = 1000
"""Milliseconds after an edit, in which the mix is made."""
_TRACED = ["devtools.timeline.frame", "disabled-by-default-devtools.timeline.frame"]
_PRESSED = "addEventListener('keydown', () => { pressed = performance.now() }, true)"


@dataclass(frozen=True)
class Figures:
    """What was measured.

    Attributes:
        frames: drawn in a second, over a whole drag, for each kind of drag.
        slowest: milliseconds between two frames that 95 % of them stay below.
        edits: seconds from the key to the picture, the median for each kind of edit.
        opened: seconds from the choice of the story to all of its blocks, each time.
    """

    frames: dict[str, float]
    slowest: dict[str, float]
    edits: dict[str, float]
    opened: list[float]

    @property
    def misses(self) -> list[str]:
        """What is slower than its bound."""
        found = [
            f"{name}: {rate:.0f} frames" for name, rate in self.frames.items() if rate < FRAMES
        ]
        found += [
            f"{name}: {seconds:.3f} s" for name, seconds in self.edits.items() if seconds > EDIT
        ]
        opened = statistics.median(self.opened)
        return [*found, *([f"opened in {opened:.2f} s"] if opened > OPEN else [])]

    def __str__(self) -> str:
        drags = [
            f"{name}: {self.frames[name]:.0f} frames/s, 95 % within {self.slowest[name]:.0f} ms"
            for name in self.frames
        ]
        edits = [f"{name}: {1000 * seconds:.0f} ms" for name, seconds in self.edits.items()]
        times = ", ".join(f"{seconds:.2f}" for seconds in self.opened)
        return "\n".join([*drags, *edits, f"opened in {times} s"])


def measure(folder: Path, repeats: int = 5) -> Figures:
    """Serve the story from a folder, and measure the page that shows it."""
    stories = folder / "stories"
    many_lanes(stories, TITLE, EVENTS, LANES)
    studio = Studio(
        ModelService("tiny"), Sessions(stories, folder / "served", private=False), PeakCache()
    )
    with serving(studio, "127.0.0.1", free_port()) as blocks, sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=CHROMIUM, args=FLAGS, ignore_default_args=["--hide-scrollbars"]
        )
        opened = [_opened(browser, blocks.local_url)[1] for _ in range(repeats)]
        page, _ = _opened(browser, blocks.local_url)
        page.wait_for_timeout(1000)
        hand = Hand(page, stories / TITLE / "story.json")
        edits = _edits(hand, repeats)
        # Where a block snaps several moves show one picture, and Chromium draws it once.
        hand.page.locator("[data-snap]").click()
        drags = {name: _frames(browser, hand, *way) for name, way in _DRAGS.items()}
        browser.close()
    rates = {name: (len(times) - 1) / (times[-1] - times[0]) for name, times in drags.items()}
    return Figures(rates, {name: _slow(times) for name, times in drags.items()}, edits, opened)


def _opened(browser: Browser, address: str) -> tuple[Page, float]:
    """A page with the story, and seconds from its choice in the menu to the drawn blocks."""
    for context in browser.contexts:
        context.close()
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(address)
    page.locator("#stories input").click()
    page.evaluate("addEventListener('mousedown', () => { pressed = performance.now() }, true)")
    page.get_by_role("option", name=TITLE, exact=True).click()
    return page, _since(page, f"document.querySelectorAll('.event-block').length === {EVENTS}")


def _since(page: Page, holds: str) -> float:
    """Seconds from the press to the first frame in which something holds."""
    # Asked in a frame, answered in the next: what was drawn in between has been seen.
    page.wait_for_function(f"({holds}) && (window.seen ??= performance.now()) < performance.now()")
    seconds = page.evaluate("(seen - pressed) / 1000")
    page.evaluate("window.seen = undefined")
    return float(seconds)


_DRAGS: dict[str, tuple[str, str, Sequence[str]]] = {
    "moving a block": ("o8", "", ()),
    "moving all of them": ("e8", "", ("Control+a",)),
    "pulling an end": ("e8", "right", ()),
}
"""The block, the edge that is held, and the keys before."""


def _frames(
    browser: Browser, hand: Hand, event: str, edge: str, keys: Sequence[str]
) -> list[float]:
    """Seconds at which Chromium drew a frame while a block was dragged to and fro."""
    mouse = hand.page.mouse
    hand.block(event).focus()
    hand.press("Escape", *keys)
    box = hand.box(event)
    x = box["x"] + (box["width"] - 3 if edge else box["width"] / 2)
    y = box["y"] + box["height"] / 2
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + 8, y)
    browser.start_tracing(page=hand.page, categories=_TRACED)
    for n in range(_MOVES):
        mouse.move(x + 8 + _REACH * (1 - abs(n / _TURN % 2 - 1)), y)
    trace = json.loads(browser.stop_tracing())
    hand.press("Escape")  # nothing is dropped
    mouse.up()
    return sorted(e["ts"] / 1e6 for e in trace["traceEvents"] if e["name"] == "DrawFrame")


def _slow(times: Sequence[float]) -> float:
    gaps = sorted(1000 * (b - a) for a, b in itertools.pairwise(times))
    return gaps[int(0.95 * (len(gaps) - 1))]


_COUNT = "document.querySelectorAll('.event-block').length === {}"
_WORDS = "document.querySelector('.event-block[data-id=e3]').innerText"
_EDITS: dict[str, tuple[str, str, str]] = {
    "level": ("e3", "Alt+ArrowUp", f"before !== {_WORDS}"),
    "duplicate": ("e3", "d", _COUNT.format(EVENTS + 1)),
    "undo": ("e3", "Control+z", _COUNT.format(EVENTS)),
    "delete": ("e3", "Delete", _COUNT.format(EVENTS - 1)),
    "undo again": ("e4", "Control+z", _COUNT.format(EVENTS)),
}
"""The block with the focus, the key, and what holds once the server's answer is drawn. The picture
of what is nudged or dragged goes ahead of the answer."""


def _edits(hand: Hand, repeats: int) -> dict[str, float]:
    """Seconds from the key to the picture, the median of some, for each kind of edit."""
    times: dict[str, list[float]] = {name: [] for name in _EDITS}
    hand.page.evaluate(_PRESSED)
    for _ in range(repeats):
        for name, (focused, key, drawn) in _EDITS.items():
            hand.block(focused).focus()
            hand.page.evaluate(f"before = {_WORDS if focused == 'e3' else 0}")
            hand.press(key)
            times[name].append(_since(hand.page, drawn))
            hand.page.wait_for_timeout(_PAUSE)
    return {name: statistics.median(each) for name, each in times.items()}


def main(argv: Sequence[str]) -> int:
    """Measure, print, and say what is too slow."""
    parser = argparse.ArgumentParser(prog="python -m tests.page_speed", description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="of each edit and opening")
    chosen = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="page-speed-") as folder:
        figures = measure(Path(folder), chosen.repeats)
    print(figures)
    for miss in figures.misses:
        print(f"TOO SLOW: {miss}")
    return 1 if figures.misses else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
