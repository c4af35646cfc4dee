"""Pages of others in a real browser: under a foreign name, around the studio, with forms of theirs.

Whatever they try, nothing of the studio is read and nothing is changed. That the studio's own page
works under its policy, all tests of tests/test_studio_page.py see: a violation is an error in the
console.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from http_servers import Request, served
from playwright.sync_api import Browser, Page, sync_playwright

from studio.jobs.model_service import ModelService
from studio.server import serving
from studio.sessions.registry import Sessions
from studio.sound.peaks import PeakCache
from studio.state import Studio

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
FLAGS += ["--host-resolver-rules=MAP *.test 127.0.0.1", "--disable-component-update"]
PATIENCE = 60_000
TITLE = "A secret story"
TOOL = {"name": "draft_story", "arguments": {"instruction": "rain", "seconds": 3}}
CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": TOOL}

ATTEMPTS = """async ([studio, call]) => {
  const read = [];
  const attempt = async (path, options) => {
    try {
      const answer = await fetch(studio + path, options);
      if (answer.ok) read.push(path);
    } catch { /* not readable at all */ }
  };
  const form = new FormData();
  form.append("files", new Blob(["x"]), "hers.wav");
  const asked = JSON.stringify({ data: ["A secret story", { title: "", visitor: "" }] });
  const accept = { Accept: "application/json, text/event-stream" };
  const json = { "Content-Type": "application/json", ...accept };
  const plain = { "Content-Type": "text/plain", ...accept };
  for (const mode of ["cors", "no-cors"]) {
    await attempt("config", { mode });
    await attempt("gradio_api/info", { mode });
    await attempt("gradio_api/upload", { mode, method: "POST", body: form });
    await attempt("gradio_api/call/open", { mode, method: "POST", body: asked, headers: plain });
    await attempt("gradio_api/mcp/", { mode, method: "POST", body: call, headers: plain });
  }
  await attempt("gradio_api/call/open", { method: "POST", body: asked, headers: json });
  await attempt("gradio_api/mcp/", { method: "POST", body: call, headers: json });
  return read;
}"""
"""What a page may try by scripts; says what it could read."""

FORM = """(studio) => {
  const form = document.createElement("form");
  Object.assign(form, { method: "POST", action: `${studio}gradio_api/upload`, target: "inside" });
  form.enctype = "multipart/form-data";
  form.innerHTML = '<input name="files" value="hers.wav">';
  document.body.append(form);
  form.submit();
}"""

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium")


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    return tmp_path / "uploads"


@pytest.fixture
def port(uploads: Path, tmp_path: Path) -> Iterator[int]:
    """Of a studio with tools and one story, for this machine only."""
    (tmp_path / "stories" / TITLE).mkdir(parents=True)
    sessions = Sessions(tmp_path / "stories", tmp_path / "served", private=False)
    studio = Studio(ModelService("tiny"), sessions, PeakCache())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    with serving(studio, "127.0.0.1", port, mcp=True):
        yield port


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=PATIENCE)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


@pytest.fixture
def answered(page: Page, port: int) -> list[tuple[str, int]]:
    """Paths and status of what the studio answered to this page."""
    answers: list[tuple[str, int]] = []

    def note(url: str, status: int) -> None:
        if urlsplit(url).port == port:
            answers.append((urlsplit(url).path, status))

    page.on("response", lambda answer: note(answer.url, answer.status))
    return answers


def untouched(tmp_path: Path) -> bool:
    """No story came or changed, no file of an upload is there."""
    stories = [path.name for path in (tmp_path / "stories").rglob("*")]
    kept = [path for path in (tmp_path / "uploads").rglob("*") if path.is_file()]
    return stories == [TITLE] and not kept


def test_a_page_under_a_foreign_name_reads_and_changes_nothing(
    page: Page, port: int, answered: list[tuple[str, int]], tmp_path: Path
) -> None:
    studio = f"http://evil.test:{port}/"
    refused = page.goto(studio)
    assert refused is not None
    assert refused.status == 421
    assert TITLE not in page.content()
    # The refusal is a page of that name too, whose scripts ask as hers would.
    answered.clear()
    assert page.evaluate(ATTEMPTS, [studio, json.dumps(CALL)]) == []
    assert len(answered) == 12
    assert {status for _, status in answered} == {421}
    assert untouched(tmp_path)


def test_a_page_elsewhere_neither_frames_the_studio_nor_sends_it_anything(
    page: Page, port: int, answered: list[tuple[str, int]], tmp_path: Path
) -> None:
    studio = f"http://127.0.0.1:{port}/"
    frame = f'<iframe name="inside" src="{studio}"></iframe>'

    def hers(request: Request) -> None:
        request.reply(frame.encode(), Content_Type="text/html")

    with served(hers) as (address, _):
        elsewhere = f"http://hers.test:{urlsplit(address).port}/"
        with page.expect_response(studio):
            page.goto(elsewhere)
        assert page.evaluate(ATTEMPTS, [studio, json.dumps(CALL)]) == []
        inside = page.frame("inside")
        assert inside is not None
        assert "What should be heard?" not in inside.content()
        with page.expect_response(f"{studio}gradio_api/upload"):
            page.evaluate(FORM, studio)
        assert ("/gradio_api/upload", 403) in answered
        assert {status for path, status in answered} <= {403}
    assert untouched(tmp_path)


def test_no_frame_and_no_handler_in_words_works_within_the_page_itself(
    page: Page, port: int
) -> None:
    studio = f"http://127.0.0.1:{port}/"
    page.goto(studio)
    page.get_by_label("What should be heard?").wait_for()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.evaluate(
        """(studio) => {
          const words = document.createElement("div");
          words.innerHTML = `<img src="x:" onerror="document.title = 'hers'">`
            + `<iframe src="${studio}"></iframe>`;
          document.body.append(words);
        }""",
        studio,
    )
    page.wait_for_function("document.querySelector('img[onerror]').complete")
    assert page.title() != "hers"
    assert any("inline event handler" in text for text in said)
    assert any("frame" in text for text in said)
