"""A running studio: several people at once, kill -9 during a render, tools for other programs."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile
from gradio_client import Client
from gradio_client.client import Job
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client

from core.story.folders import Library, StoryFolder
from core.story.story import Event, Story
from studio.server import running

ROOT = Path(__file__).parent.parent
PATIENCE = 240
"""Seconds; a CI machine may be busy with other things."""


class Server:
    """`python app.py serve --mcp` in a process of its own, on `tiny` with a slow final quality."""

    def __init__(self, folder: Path) -> None:
        self.stories = folder / "stories"
        self.profile = folder / "slow.toml"
        text = (ROOT / "core" / "profiles" / "tiny.toml").read_text()
        drafts, finals = text.split("[final]")
        drafts = drafts.replace("[draft]\nsteps = 2", "[draft]\nsteps = 40")
        finals = finals.replace("steps = 4", "steps = 5000")
        self.profile.write_text(f"{drafts}[final]{finals}")
        self.start()

    def start(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "app.py", "serve", "--mcp", "--no-browser"]
        command += ["--profile", str(self.profile), "--stories", str(self.stories)]
        self.address = f"http://127.0.0.1:{port}/"
        self.process = subprocess.Popen(
            [*command, "--port", str(port)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        line = ""
        while f"{self.address}gradio_api/mcp/" not in line:
            line = self.process.stdout.readline()
            assert line, "the server ended"

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)

    def story(self, name: str) -> StoryFolder:
        """A new story of four events whose captions all hold its name."""
        lengths = (1.0, 1.5, 2.0, 2.5)
        starts = (0.0, 1.0, 2.5, 4.5)
        events = tuple(
            Event(f"e{n}", f"{name} {n}", start, length)
            for n, (start, length) in enumerate(zip(starts, lengths, strict=True), 1)
        )
        story = Story(f"{name} story", 7.0, 1, "tiny", "Four events.", events)
        return Library(self.stories).create(story, name)

    def client(self, title: str) -> Client:
        client = Client(self.address, verbose=False)
        client.predict(title, {"title": "", "visitor": ""}, api_name="/open")
        return client


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server"))
    yield server
    server.kill()


def wait_for(there: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE
    while not there():
        assert time.monotonic() < until
        time.sleep(0.2)


def on_disk(folder: StoryFolder) -> Story:
    return Story.load(folder.path / "story.json")


def rendered(folder: StoryFolder) -> list[str]:
    return [event.id for event in on_disk(folder).events if event.take is not None]


def test_twenty_requests_of_two_people_do_not_mix_and_cancel_stops_its_owner_only(
    server: Server,
) -> None:
    harbour, forest = server.story("harbour"), server.story("forest")
    first, second = server.client("harbour"), server.client("forest")
    second.predict("final", api_name="/quality")
    slow = second.submit(api_name="/render")
    wait_for((forest.path / "render.json").is_file)
    first.predict(api_name="/cancel")
    mine = first.submit(api_name="/render")

    def caption(client: Client, name: str, number: int) -> Job:
        values = {"id": f"e{number % 4 + 1}", "text": f"{name} caption {number}"}
        return client.submit("caption", values, api_name="/act")

    edits = {
        name: [caption(client, name, number) for number in range(8)]
        for name, client in (("harbour", first), ("forest", second))
    }
    for name, other in (("harbour", "forest"), ("forest", "harbour")):
        for job in edits[name]:
            answered = str(job.result(PATIENCE))
            assert f"{name} caption" in answered
            assert f"{other} caption" not in answered
    assert not slow.done()
    assert not mine.done()
    second.predict(api_name="/cancel")
    for job, other in ((slow, "harbour"), (mine, "forest")):
        job.result(PATIENCE)
        assert f"{other} caption" not in str(job.outputs())
    assert rendered(harbour) == ["e1", "e2", "e3", "e4"]
    assert rendered(forest) == []
    for folder, name in ((harbour, "harbour"), (forest, "forest")):
        for number, event in enumerate(on_disk(folder).events):
            assert event.caption in (f"{name} caption {number}", f"{name} caption {number + 4}")
        assert not list(folder.path.rglob(".part-*"))
        assert not (folder.path / "render.json").exists()
    second.predict("draft", api_name="/quality")
    second.predict(api_name="/render")
    assert rendered(forest) == ["e1", "e2", "e3", "e4"]


def test_kill_nine_during_a_render_loses_nothing_that_was_finished(server: Server) -> None:
    folder = server.story("mill")
    client = server.client("mill")
    client.submit(api_name="/render")
    wait_for(lambda: rendered(folder))
    server.kill()
    finished = rendered(folder)
    assert 0 < len(finished) < 4
    assert (folder.path / "render.json").is_file()
    stamps = {p: p.stat().st_mtime_ns for p in (folder.path / "takes").glob("[!.]*.flac")}
    server.start()
    client = server.client("mill")
    assert rendered(folder) == finished
    client.predict(api_name="/render")
    assert rendered(folder) == ["e1", "e2", "e3", "e4"]
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    assert not list(folder.path.rglob(".part-*"))
    for event in on_disk(folder).events:
        assert event.take is not None
        sound = soundfile.info(folder.take_file(event.take))
        assert sound.frames == round((event.take.duration + event.take.tail) * 44_100)


async def with_tools(address: str, work: Callable[[ClientSession], Any]) -> None:
    connecting = streamablehttp_client(f"{address}gradio_api/mcp/")
    async with connecting as (read, write, _), ClientSession(read, write) as session:
        await session.initialize()
        await work(session)


async def answer(session: ClientSession, tool: str, **arguments: Any) -> Any:
    reply = await session.call_tool(tool, arguments)
    text = reply.content[0].text  # type: ignore[union-attr]
    return f"refused: {text}" if reply.isError else json.loads(text)


def test_draft_render_and_export_are_tools_for_other_programs(server: Server) -> None:
    async def work(session: ClientSession) -> None:
        tools = {tool.name: tool for tool in (await session.list_tools()).tools}
        assert list(tools) == ["draft_story", "render_story", "export_story"]
        schema = tools["draft_story"].inputSchema
        assert schema["required"] == ["instruction"]
        assert set(schema["properties"]) == {"instruction", "seconds", "seed"}
        assert all(part["description"] for part in schema["properties"].values())
        answered = await answer(session, "draft_story", instruction="rain on a tent", seconds=3)
        title, events = answered["title"], answered["events"]
        assert sum(event["duration"] for event in events) == pytest.approx(3)
        assert not any(event["rendered"] for event in events)
        first = await answer(session, "render_story", title=title)
        assert first["rendered"] == len(events)
        assert all(event["rendered"] for event in first["events"])
        again = await answer(session, "render_story", title=title)
        assert again["rendered"] == 0
        made = await answer(session, "export_story", title=title, format="flac")
        mix = Path(made["files"][0])
        assert mix.is_relative_to(server.stories / title)
        assert soundfile.info(mix).frames == 3 * 44_100
        for tool, arguments, sentence in (
            ("draft_story", {"instruction": " "}, "empty"),
            ("render_story", {"title": "../elsewhere"}, "no story called"),
            ("render_story", {"title": title, "quality": "best"}, "draft or final"),
            ("export_story", {"title": title, "format": "tape"}, "no format"),
        ):
            refused = await answer(session, tool, **arguments)
            assert sentence in refused
            assert "Traceback" not in refused

    asyncio.run(asyncio.wait_for(with_tools(server.address, work), PATIENCE))


def test_tools_are_for_this_machine_only(tmp_path: Path) -> None:
    from core.errors import StudioError

    with (
        pytest.raises(StudioError, match="this machine only"),
        running("tiny", "0.0.0.0", 0, tmp_path, mcp=True),
    ):
        pass
