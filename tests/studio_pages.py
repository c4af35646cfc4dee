"""A studio in a browser, for tests of a part of its page."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

from playwright.sync_api import Page, sync_playwright
from test_studio_page import CHROMIUM, DESK, FLAGS, PATIENCE

from studio.server import serving
from studio.state import Studio


@contextlib.contextmanager
def page_of(studio: Studio) -> Iterator[Page]:
    """The studio's page as a visitor sees it; no script of it may fail."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with serving(studio, "127.0.0.1", port) as blocks, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=FLAGS,
            ignore_default_args=["--hide-scrollbars"],  # people have them
            timeout=PATIENCE,
        )
        page = browser.new_page(viewport=DESK)
        page.set_default_timeout(PATIENCE)
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(blocks.local_url)
        page.get_by_label("What should be heard?").wait_for(state="attached")
        yield page
        browser.close()
        assert not faults
