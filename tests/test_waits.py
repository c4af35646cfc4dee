"""Waiting for another machine: Cancel ends it at every stage, and nothing is left waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from core.director import endpoint
from core.director.endpoint import EndpointDirector
from core.director.external import read_answer
from core.errors import Cancelled, FileError, PlanError
from core.network import Bounds, Connection
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
        assert [item.phrase for item in read_answer(final, "It")] == ["rain falling"]


def test_a_name_that_no_look_up_takes_is_an_address_to_mend() -> None:
    for host in ("a" * 64, "a..b"):
        director = EndpointDirector(f"http://{host}.example/v1", "m1")
        with pytest.raises(PlanError, match=r"check (how|its|HTTP)"):
            list(director.answer("rain", 9.0, None))
