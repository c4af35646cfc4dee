"""Servers that hang: one for each stage of a conversation, which stays there until it is let go."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from unittest import mock

PLAN = {"events": [{"caption": "rain falling", "seconds": 4, "mood": "calm"}]}
UNKNOWN_HOST = "hanging.example"
"""A name whose look-up is never answered while the stage `look-up` is on."""
_PAUSE = 0.02
"""Seconds between two bytes of a server that sends one at a time."""


@dataclass
class Hanging:
    """A server that hangs.

    Attributes:
        address: up to /v1.
        reached: somebody is waiting for it.
        left: somebody who waited has hung up.
        released: set in the end, so that its threads end too.
    """

    address: str = ""
    reached: threading.Event = field(default_factory=threading.Event)
    left: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def drip(self, client: socket.socket, part: bytes) -> None:
        """Send a little again and again, until the other side or the test is done with it."""
        self.reached.set()
        with suppress(OSError):
            while not self.released.wait(_PAUSE):
                client.sendall(part)
        self.left.set()

    def silence(self, client: socket.socket) -> None:
        """Send nothing any more, until the other side hangs up."""
        self.reached.set()
        with suppress(OSError):
            while client.recv(65_536):
                pass
        self.left.set()


Answer = Callable[[Hanging, socket.socket, bytes], None]
_STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
_LINE = {"choices": [{"delta": {"content": json.dumps(PLAN)}, "finish_reason": None}]}


def _no_head(it: Hanging, client: socket.socket, request: bytes) -> None:
    it.silence(client)


def _dripping_head(it: Hanging, client: socket.socket, request: bytes) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\nX-Wait: ")
    it.drip(client, b"a")


def _endless_head(it: Hanging, client: socket.socket, request: bytes) -> None:
    it.drip(client, b"HTTP/1.1 100 Continue\r\n\r\n")


def _no_body(it: Hanging, client: socket.socket, request: bytes) -> None:
    client.sendall(_STREAM)
    it.silence(client)


def _dripping_body(it: Hanging, client: socket.socket, request: bytes) -> None:
    client.sendall(_STREAM)
    it.drip(client, b":")


def _models(it: Hanging, client: socket.socket, request: bytes) -> None:
    assert request.startswith(b"GET /v1/models ")
    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    it.drip(client, b"[")


def _dripping_refusal(it: Hanging, client: socket.socket, request: bytes) -> None:
    client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    it.drip(client, b" ")


def _busy(it: Hanging, client: socket.socket, request: bytes) -> None:
    client.sendall(b"HTTP/1.1 503 Busy\r\nRetry-After: 25\r\nContent-Length: 0\r\n\r\n")
    it.silence(client)


def _no_end(it: Hanging, client: socket.socket, request: bytes) -> None:
    client.sendall(_STREAM + b"data: " + json.dumps(_LINE).encode() + b"\n\n")
    it.silence(client)


_ANSWERS: dict[str, Answer] = {
    "head": _no_head,
    "head byte by byte": _dripping_head,
    "head after head": _endless_head,
    "body": _no_body,
    "body byte by byte": _dripping_body,
    "models": _models,
    "refusal": _dripping_refusal,
    "pause": _busy,
    "end of the stream": _no_end,
}
STAGES = ("look-up", "connecting", "handshake", *_ANSWERS)
"""Where a server can hang, in the order of a conversation. In the stage `models` it has to be asked
for its models, that is without the name of one."""


@contextmanager
def hanging(stage: str) -> Iterator[Hanging]:
    """A server on this machine that hangs at one of STAGES."""
    it = Hanging()
    with ExitStack() as stack:
        stack.callback(it.released.set)
        if stage == "look-up":
            stack.enter_context(_hanging_look_up(it))
            it.address = f"http://{UNKNOWN_HOST}/v1"
        else:
            server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
            port = server.getsockname()[1]
            it.address = f"{'https' if stage == 'handshake' else 'http'}://127.0.0.1:{port}/v1"
            if stage == "connecting":
                stack.enter_context(_full_backlog(it, port))
            else:
                threading.Thread(target=_accept, args=(it, stage, server), daemon=True).start()
                stack.callback(server.shutdown, socket.SHUT_RDWR)
        yield it


@contextmanager
def _hanging_look_up(it: Hanging) -> Iterator[None]:
    """A name server that does not answer, as far as this process can tell."""
    real = socket.getaddrinfo

    def look_up(host: object, *arguments: object, **named: object) -> object:
        if host == UNKNOWN_HOST:
            it.reached.set()
            it.released.wait()
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return real(host, *arguments, **named)  # type: ignore[call-overload]

    with mock.patch("socket.getaddrinfo", look_up):
        yield


@contextmanager
def _full_backlog(it: Hanging, port: int) -> Iterator[None]:
    """So many connections that nobody accepts that the system answers no further one."""
    with ExitStack() as stack:
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        real = socket.create_connection

        def connect(place: tuple[str, int], *arguments: object, **named: object) -> object:
            if place[1] == port:
                it.reached.set()
            return real(place, *arguments, **named)  # type: ignore[arg-type]

        stack.enter_context(mock.patch("socket.create_connection", connect))
        yield


def _accept(it: Hanging, stage: str, server: socket.socket) -> None:
    with suppress(OSError):
        while not it.released.is_set():
            client, _ = server.accept()
            threading.Thread(target=_serve, args=(it, stage, client), daemon=True).start()


def _serve(it: Hanging, stage: str, client: socket.socket) -> None:
    with client, suppress(OSError):
        if stage == "handshake":
            it.silence(client)
            return
        request = b""
        while b"\r\n\r\n" not in request:
            part = client.recv(65_536)
            if not part:
                return
            request += part
        _ANSWERS[stage](it, client, request)
