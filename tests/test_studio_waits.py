"""A running studio whose tabs wait for other machines and slow files: others go on meanwhile."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from gradio_client import Client

from core.director import endpoint
from core.director.endpoint import EndpointDirector
from core.story.folders import Library
from studio.jobs.model_service import ModelService
from studio.server import serving
from studio.sessions.registry import Sessions
from studio.sound.peaks import PeakCache
from studio.state import MOST_ELSEWHERE, Studio
from tests.hanging_servers import PLAN, hanging
from tests.http_servers import said, served

AN_HOUR = 3600.0
PATIENCE = 240
"""Seconds; a CI machine may be busy with other things."""
STAGES = ("look-up", "connecting", "head byte by byte", "body", "models", "end of the stream")
"""Where the directors of the tabs hang, one each."""


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stories")


@pytest.fixture(scope="module")
def studio(stories: Path, tmp_path_factory: pytest.TempPathFactory) -> Studio:
    sessions = Sessions(stories, tmp_path_factory.mktemp("served"), private=False)
    return Studio(ModelService("tiny"), sessions, PeakCache())


@pytest.fixture(scope="module")
def address(studio: Studio) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with serving(studio, "127.0.0.1", port) as blocks:
        yield blocks.local_url


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Directors that are waited for longer than any test takes, so that only Cancel ends it."""
    monkeypatch.setattr(endpoint, "_CONNECT", AN_HOUR)
    defaults = ("", "", AN_HOUR, AN_HOUR, AN_HOUR)
    monkeypatch.setattr(EndpointDirector.__init__, "__defaults__", defaults)


def test_others_draft_and_render_while_directors_hang_and_cancel_leaves_them(
    address: str, stories: Path, patient: None
) -> None:
    with ExitStack() as stack:
        waiting = []
        for stage in STAGES:
            server = stack.enter_context(hanging(stage))
            client = Client(address, verbose=False)
            model = "" if stage == "models" else "m1"
            given = (f"rain while {stage}", 4, "", 1, server.address, model, "")
            waiting.append((stage, client, client.submit(*given, api_name="/draft")))
            assert server.reached.wait(PATIENCE)
        other = Client(address, verbose=False)
        begun = time.monotonic()
        other.predict("rain on a tent", 3, "", 1, "", "", "", api_name="/draft")
        other.predict(api_name="/render")
        print(f"drafted and rendered in {time.monotonic() - begun:.2f} s")
        events = Library(stories).open("rain on a tent").story.events
        assert events
        assert all(event.take is not None for event in events)
        for stage, client, draft in waiting:
            assert not draft.done(), stage
            begun = time.monotonic()
            client.predict(api_name="/cancel")
            draft.result(PATIENCE)
            print(f"{stage}: {time.monotonic() - begun:.2f} s from Cancel to the end of the draft")
        _, client, _ = waiting[0]
        client.predict("a door slams", 3, "", 1, "", "", "", api_name="/draft")
        titles = Library(stories).titles()
    assert sorted(titles) == ["a door slams", "rain on a tent"]


def test_waits_for_directors_leave_threads_for_others(studio: Studio, address: str) -> None:
    """One draft more than there are places for is refused before its director is asked."""
    client = Client(address, verbose=False)
    with served(lambda request: request.reply(said(json.dumps(PLAN)))) as (url, seen):
        given = ("wind in trees", 4, "", 1, url, "m1", "")
        with ExitStack() as taken:
            for _ in range(MOST_ELSEWHERE):
                taken.enter_context(studio.directors.place())
            client.predict(*given, api_name="/draft")
            assert not seen
        client.predict(*given, api_name="/draft")
        assert len(seen) == 1
