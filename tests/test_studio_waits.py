"""A running studio whose tabs wait for other machines and slow files: others go on meanwhile."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event

import pytest
from gradio_client import Client, handle_file
from studio_stories import long_story

from core.audio.ffmpeg import CHOSEN
from core.director import endpoint
from core.director.endpoint import EndpointDirector
from core.errors import Cancelled
from core.export import ExportSettings, bundle, export
from core.export import open_story as exported_story
from core.files import PART
from core.story.library import Library
from studio.handlers.reading import read_until_cancelled
from studio.jobs.model_service import ModelService
from studio.server import serving
from studio.sessions.registry import Sessions
from studio.sessions.session import Session
from studio.sound.peaks import PeakCache
from studio.state import MOST_ELSEWHERE, Studio
from tests.hanging_servers import PLAN, hanging
from tests.http_servers import said, served
from tests.soak.server import wait_for

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


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_cancel_leaves_a_recording_that_is_described(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its decoding does not end by itself; nobody else waits for it, nor for a turn behind it."""
    binary, begun = tmp_path / "ffmpeg", tmp_path / "begun"
    binary.write_text(f'#!/bin/sh\n[ "$1" = -version ] && exit 0\n: > {begun}\nexec sleep 3600\n')
    binary.chmod(0o755)
    monkeypatch.setenv(CHOSEN, str(binary))
    recording = tmp_path / "a.mp3"
    recording.write_bytes(b"\xff\xfb\x90\x00" * 1000)
    client, other = Client(address, verbose=False), Client(address, verbose=False)
    description = client.submit(handle_file(recording), api_name="/describe")
    wait_for(begun.exists)
    other.predict("bells in a tower", 3, "", 1, "", "", "", api_name="/draft")
    assert not description.done()
    client.predict(api_name="/cancel")
    assert description.result(PATIENCE) == ""
    assert client.predict(None, api_name="/describe") == ""


def test_cancel_leaves_a_zip_that_is_opened_and_no_story_comes_of_it(
    address: str, studio: Studio, stories: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last check does not end before somebody else has drafted."""
    folder = long_story(tmp_path / "elsewhere", "Harbour", events=4, total=40.0).path
    files = export(exported_story(folder), tmp_path / "out", ExportSettings(bundle=True)).files
    begun, over, check = Event(), Event(), bundle._check_history

    def slow_check(unpacked: Path) -> None:
        begun.set()
        over.wait(PATIENCE)
        check(unpacked)

    monkeypatch.setattr(bundle, "_check_history", slow_check)
    client, other = Client(address, verbose=False), Client(address, verbose=False)
    zipped = next(handle_file(path) for path in files if path.suffix == ".zip")
    memory = {"title": "", "visitor": ""}
    opening = client.submit(zipped, memory, api_name="/open_zip")
    assert begun.wait(PATIENCE)
    other.predict("an owl in a wood", 3, "", 1, "", "", "", api_name="/draft")
    assert not opening.done()
    client.predict(api_name="/cancel")
    opening.result(PATIENCE)
    assert not over.is_set()
    over.set()
    wait_for(lambda: not list(stories.glob(f"{PART}*")))
    assert not list(stories.glob("*Harbour*"))
    assert studio.sessions.of(client.session_hash).folder is None
    client.predict(zipped, memory, api_name="/open_zip")
    assert studio.sessions.of(client.session_hash).open_folder.title == "Harbour"


def test_readings_of_a_tab_end_each_by_itself_and_all_at_cancel(tmp_path: Path) -> None:
    session = Session(Library(tmp_path), tmp_path / "sounds")
    with session.reading("zip") as one:
        assert session.working
        assert read_until_cancelled(session, "upload", lambda cancel: 7) == 7
        with pytest.raises(Cancelled):
            read_until_cancelled(
                session, "upload", lambda cancel: session.stop_reading("upload") or cancel.wait()
            )
        assert not one.is_set()
        session.cancel_job()
        assert one.is_set()
    assert not session.working


def test_a_reading_that_is_cancelled_before_it_begins_starts_as_cancelled(tmp_path: Path) -> None:
    session = Session(Library(tmp_path), tmp_path / "sounds")
    for kind, cancelled in (("upload", True), ("zip", False)):
        session.note_reading(kind)
        session.stop_reading("upload")
        with session.reading(kind) as cancel:
            assert cancel.is_set() is cancelled
    with session.reading("upload") as another:
        assert not another.is_set()
