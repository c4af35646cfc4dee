"""Waiting for another machine or a slow file: Cancel ends it at every stage, at once."""

from __future__ import annotations

import os
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from core.audio import ffmpeg
from core.detached import detached_result
from core.director import endpoint
from core.director.endpoint import EndpointDirector
from core.director.external import read_answer
from core.errors import Cancelled, FileError, PlanError
from core.export.bundle import open_bundle
from core.network import Bounds, Connection
from core.story.library import Library
from core.story.recording import read_recording
from tests.hanging_servers import PLAN, STAGES, hanging
from tests.http_servers import Request, served

AN_HOUR = 3600.0
ONLY_CANCEL = Bounds(10**9, connect=AN_HOUR, silent=AN_HOUR, longest=AN_HOUR)
"""Bounds under which nothing but Cancel ends a wait."""


@pytest.fixture(autouse=True)
def _only_cancel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "_CONNECT", AN_HOUR)


@pytest.fixture
def cancel() -> Iterator[threading.Event]:
    cancel = threading.Event()
    yield cancel
    cancel.set()


@pytest.mark.parametrize("stage", STAGES)
def test_cancel_ends_a_wait_for_a_director_at_every_stage(
    stage: str, cancel: threading.Event
) -> None:
    """Its time-outs are an hour: without Cancel this test does not end."""
    ended: list[BaseException | None] = []

    def ask(address: str) -> None:
        model = "" if stage == "models" else "m1"
        director = EndpointDirector(address, model, silent=AN_HOUR, longest=AN_HOUR)
        try:
            list(director.answer("rain", 9.0, cancel))
            ended.append(None)
        except BaseException as error:
            ended.append(error)

    with hanging(stage) as server:
        asking = threading.Thread(target=ask, args=(server.address,), daemon=True)
        asking.start()
        assert server.reached.wait(60)
        assert not ended
        begun = time.monotonic()
        cancel.set()
        asking.join(60)
        print(f"{stage}: {time.monotonic() - begun:.2f} s after Cancel")
        (error,) = ended
        assert isinstance(error, Cancelled)
        if stage not in ("look-up", "connecting", "handshake", "pause"):
            assert server.left.wait(60)  # its connection is not kept


@pytest.mark.parametrize("stage", ["look-up", "connecting", "head", "body byte by byte"])
def test_the_time_of_a_conversation_is_bounded_at_every_stage(stage: str) -> None:
    bounds = Bounds(10**9, connect=AN_HOUR, silent=AN_HOUR, longest=0.3)
    with (
        hanging(stage) as server,
        pytest.raises(FileError, match=r"too slow \(over 0.3 s\)"),
        Connection("It", FileError, bounds) as connection,
        connection.request("GET", httpx.URL(server.address)) as reply,
    ):
        reply.body(1000)


def test_a_stream_that_says_its_end_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some servers keep the connection open after the last piece, or never send [DONE]."""
    monkeypatch.setattr(endpoint, "_AFTERWARDS", 0.1)
    over = threading.Event()

    def answers(last: bytes) -> object:
        def answer(request: Request) -> None:
            request.send_response(200)
            request.end_headers()
            text = str(PLAN).replace("'", '\\"').encode()
            piece = b'data: {"choices": [{"delta": {"content": "%s"}, "finish_reason": null}]}\n\n'
            request.wfile.write(piece % text + last)
            over.wait(60)

        return answer

    said_so = b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\n'
    for last in (b"data: [DONE]\n\n", said_so):
        with served(answers(last)) as (url, _):  # type: ignore[arg-type]
            director = EndpointDirector(url, "m1", silent=AN_HOUR, longest=AN_HOUR)
            *_, final = director.answer("rain", 9.0, None)
            over.set()
        over.clear()
        assert [item.phrase for item in read_answer(final, "It").items] == ["rain falling"]


def test_a_name_that_no_look_up_takes_is_an_address_to_mend() -> None:
    for host in ("a" * 64, "a..b"):
        director = EndpointDirector(f"http://{host}.example/v1", "m1")
        with pytest.raises(PlanError, match=r"check (how|its|HTTP)"):
            list(director.answer("rain", 9.0, None))


@pytest.fixture
def stuck_ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An ffmpeg that writes nothing and does not end; the file tells the process that it is."""
    binary, pid = tmp_path / "ffmpeg", tmp_path / "pid"
    binary.write_text(
        f'#!/bin/sh\n[ "$1" = -version ] && exit 0\necho $$ > {pid}.new\nmv {pid}.new {pid}\n'
        "exec sleep 3600\n"
    )
    binary.chmod(0o755)
    monkeypatch.setenv(ffmpeg.CHOSEN, str(binary))
    return pid


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_cancel_ends_ffmpeg_and_the_reading_of_a_recording(
    stuck_ffmpeg: Path, tmp_path: Path, cancel: threading.Event
) -> None:
    recording = tmp_path / "a.mp3"
    recording.write_bytes(b"\xff\xfb\x90\x00" * 1000)
    ended: list[BaseException] = []

    def read() -> None:
        try:
            read_recording(recording, cancel)
        except BaseException as error:
            ended.append(error)

    reading = threading.Thread(target=read, daemon=True)
    reading.start()
    while not stuck_ffmpeg.exists():
        assert reading.is_alive()
        time.sleep(0.01)
    cancel.set()
    reading.join(30)  # half of what a recording may take
    assert isinstance(ended[0], Cancelled)
    with pytest.raises(ProcessLookupError):
        os.kill(int(stuck_ffmpeg.read_text()), 0)


def test_a_result_is_not_waited_for_once_it_is_cancelled(cancel: threading.Event) -> None:
    over, begun = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        over.wait()

    threading.Thread(target=lambda: begun.wait() and cancel.set(), daemon=True).start()
    with pytest.raises(Cancelled):
        detached_result(work, cancel)
    over.set()
    assert detached_result(lambda: 7, threading.Event()) == 7


def test_a_cancelled_zip_leaves_nothing(tmp_path: Path, cancel: threading.Event) -> None:
    path = tmp_path / "a.story.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("story.json", "{}")
    cancel.set()
    library = tmp_path / "library"
    with pytest.raises(Cancelled):
        open_bundle(path, Library(library), cancel=cancel)
    assert not list(library.rglob("*"))
