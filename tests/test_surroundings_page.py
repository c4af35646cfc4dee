"""The page where much is unlike the developer's machine, all at once: an installation and a folder
for temporary files whose names are full of signs, a temporary folder of Gradio's that belongs to
somebody else, proxies that lead nowhere, no output encoding to speak of, site data blocked."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright
from studio_stories import long_story
from test_studio_page import CHROMIUM, FLAGS, PATIENCE

ROOT = Path(__file__).parents[1]
SIGNS = "a #1 50%41 why? für & (b)"
BLOCKED = """
for (const name of ["localStorage", "sessionStorage"])
  Object.defineProperty(window, name, {
    configurable: true,
    get() { throw new DOMException("Access is denied for this document.", "SecurityError"); },
  });
"""
"""What a browser does whose user blocks all site data."""

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    installed, temporary = tmp_path / SIGNS, tmp_path / f"tmp {SIGNS}"
    for folder in (installed, temporary / "gradio"):
        folder.mkdir(parents=True)
    (temporary / "gradio" / "vibe_edit_history").write_text("in the way")
    for name in ("core", "studio", "assets"):
        (installed / name).symlink_to(ROOT / name)
    (installed / "app.py").write_bytes((ROOT / "app.py").read_bytes())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(installed / "app.py"), "--no-browser", "--port", str(port)]
    command += ["--profile", str(ROOT / "core" / "profiles" / "tiny.toml")]
    command += ["--stories", str(tmp_path / "stories")]
    odd = {"HTTP_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "socks5://127.0.0.1:9"}
    odd |= {"TMPDIR": str(temporary), "PYTHONIOENCODING": "ascii", "SSL_CERT_FILE": "/nowhere"}
    with subprocess.Popen(
        command, env=os.environ | odd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as studio:
        said = []
        for line in studio.stdout or ():
            said.append(line)
            if "is at" in line:
                break
        else:
            pytest.fail("".join(said))
        yield f"http://127.0.0.1:{port}/"
        studio.terminate()


def test_the_page_is_whole_and_a_story_is_opened(address: str, tmp_path: Path) -> None:
    long_story(tmp_path / "stories", "A short night", events=2, total=40.0)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=PATIENCE)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(PATIENCE)
        faults: list[str] = []
        refused: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("response", lambda r: refused.append(r.url) if r.status >= 400 else None)
        page.add_init_script(BLOCKED)
        page.goto(address)
        page.get_by_label("What should be heard?").wait_for()
        expect(page.get_by_text("The model is loading")).to_be_visible()
        page.locator("#stories input").click()
        page.get_by_role("option", name="A short night").click()
        blocks = page.locator("#timeline").get_by_role("option")
        expect(blocks).to_have_count(4)
        expect(page.get_by_text("The model is loading")).to_be_hidden(timeout=PATIENCE)
        expect(page.get_by_role("button", name="Play the story")).to_be_enabled()
        page.get_by_role("button", name="Light").click()
        expect(page.locator("html")).to_have_class(re.compile(r"\blight\b"))
        fonts = page.evaluate("document.fonts.load('16px Inter').then((faces) => faces.length)")
        assert fonts == 1
        assert not faults
        assert not [url for url in refused if "favicon" not in url]
        browser.close()
