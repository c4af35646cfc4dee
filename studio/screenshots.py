"""The README's pictures, taken from the running studio: `python -m studio.screenshots`.

Drafts, renders and edits a story with the shipped model in a real Chromium (Debian's, through
playwright), as a person would, and leaves the pictures in assets/studio/pictures/.
"""

from __future__ import annotations

import argparse
import socket
from pathlib import Path

from playwright.sync_api import FloatRect, Page, sync_playwright

from core.places import temporary_folder
from studio.page.theme import STUDIO_ASSETS
from studio.server import running

CHROMIUM = "/usr/bin/chromium"
_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--mute-audio"]
_PATIENCE = 900_000
_SETTLING = 1_500
_MARGIN = 16
_INSTRUCTION = "Rain on a tin roof, then thunder rolls far away and the rain fades"


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(prog="python -m studio.screenshots", description=__doc__)
    parser.add_argument("--out", type=Path, default=STUDIO_ASSETS / "pictures")
    parser.add_argument("--profile", default="pocket")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with socket.socket() as free, temporary_folder() as scratch:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        with (
            running(arguments.profile, "127.0.0.1", port, scratch / "stories", scratch),
            sync_playwright() as play,
        ):
            browser = play.chromium.launch(
                executable_path=CHROMIUM,
                args=_FLAGS,
                ignore_default_args=["--hide-scrollbars"],  # people have them
                timeout=_PATIENCE,
            )
            page = browser.new_page(viewport={"width": 1280, "height": 800}, device_scale_factor=1)
            page.set_default_timeout(_PATIENCE)
            page.goto(f"http://127.0.0.1:{port}")
            take_pictures(page, arguments.out)
            browser.close()


def take_pictures(page: Page, out: Path) -> None:
    """From the empty page to a rendered story with two takes of one event."""
    page.get_by_label("What should be heard?").fill(_INSTRUCTION)
    page.get_by_label("Seconds", exact=True).fill("18")
    _shoot(page, out / "1-ask.png")
    page.get_by_role("button", name="Draft", exact=True).click()
    block = page.get_by_role("option")
    block.first.wait_for()
    _shoot(page, out / "2-timeline.png", "#workspace")
    _render(page)
    page.get_by_role("button", name="New take", exact=True).click()
    page.get_by_role("button", name="Hear take 2").wait_for()
    page.get_by_role("button", name="Rendered", exact=True).wait_for()
    page.get_by_role("button", name="Lay over", exact=True).click()
    page.get_by_label("Lay over").fill("wind howls in the chimney")
    page.keyboard.press("Enter")
    page.get_by_role("option", name="wind howls in the chimney").wait_for()
    _render(page)
    block.first.click()
    page.get_by_role("button", name="Hear take 1").click()
    page.keyboard.press("Tab")
    _shoot(page, out / "3-rendered.png", "#workspace")
    page.locator("#light").click()
    _shoot(page, out / "4-light.png", "#workspace")
    page.locator("#light").click()
    page.set_viewport_size({"width": 390, "height": 844})
    _shoot(page, out / "5-narrow.png", "#workspace")


def _render(page: Page) -> None:
    page.locator("#render").click()
    page.get_by_role("button", name="Rendered", exact=True).wait_for()


def _shoot(page: Page, path: Path, part: str = "") -> None:
    page.wait_for_timeout(_SETTLING)
    if not part:
        page.screenshot(path=path)
        return
    box = page.locator(part).bounding_box()
    assert box is not None
    top = box["y"] + page.evaluate("window.scrollY")  # the box is that in the window
    x, y = max(0.0, box["x"] - _MARGIN), max(0.0, top - _MARGIN)
    width = min(box["width"] + 2 * _MARGIN, (page.viewport_size or {"width": 1280})["width"])
    clip: FloatRect = {"x": x, "y": y, "width": width, "height": box["height"] + 2 * _MARGIN}
    page.screenshot(path=path, full_page=True, clip=clip)


if __name__ == "__main__":
    main()
