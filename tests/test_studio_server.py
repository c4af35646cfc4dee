"""A running studio: several people at once, kill -9 during a render, tools for other programs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile
from gradio_client import Client
from gradio_client.client import Job
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client

from studio.server import running
from tests.soak.server import PATIENCE, Server, killed_server, on_disk, rendered, wait_for


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server"))
    yield server
    server.kill()


def test_twenty_requests_of_two_people_do_not_mix_and_cancel_stops_its_owner_only(
    server: Server,
) -> None:
    harbour, forest = server.story("harbour"), server.story("forest", scale=12.0)
    first, second = server.client("harbour"), server.client("forest")
    second.predict("final", api_name="/quality")
    slow = second.submit(api_name="/render")
    wait_for((forest.path / "render.json").is_file)
    first.predict(api_name="/cancel")
    first.predict("draft", api_name="/quality")
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
    killed_server(0, server)


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
        running("tiny", "0.0.0.0", 0, tmp_path, tmp_path, mcp=True),
    ):
        pass
