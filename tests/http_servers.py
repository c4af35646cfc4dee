"""Small HTTP servers for tests, in a thread of this process: they answer as they are told."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import create_connection, socket
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any
from urllib.parse import urlsplit


class Request(BaseHTTPRequestHandler):
    """One request: `body` as it came, `asked` as JSON; `reply` and `stream` answer it."""

    answer: Callable[[Request], None]
    seen: list[Request]

    def do_POST(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        type(self).seen.append(self)
        with suppress(OSError):  # the one who asked may have hung up
            type(self).answer(self)

    def do_GET(self) -> None:
        self.do_POST()

    @property
    def asked(self) -> dict[str, Any]:
        return json.loads(self.body) if self.body else {}

    def reply(self, body: bytes | Any, status: int = 200, **headers: str) -> None:
        """Answer in one piece; what is not bytes is sent as JSON. `_` in names stands for `-`."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def stream(self, *deltas: dict[str, Any], finish: str = "stop") -> None:
        """Answer as an event stream of chat completions."""
        choices = [{"delta": delta, "finish_reason": None} for delta in deltas]
        lines = [{"choices": [c]} for c in [*choices, {"delta": {}, "finish_reason": finish}]]
        text = "".join(f"data: {json.dumps(line)}\n\n" for line in lines) + "data: [DONE]\n\n"
        self.reply(text.encode(), Content_Type="text/event-stream")

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served(
    answer: Callable[[Request], None], tls: ssl.SSLContext | None = None
) -> Iterator[tuple[str, list[Request]]]:
    """A server on this machine; yields its address up to /v1, and the requests that it got."""
    seen: list[Request] = []
    handler = type("Handler", (Request,), {"answer": staticmethod(answer), "seen": seen})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}/v1", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def said(text: str) -> dict[str, Any]:
    """A completion in one piece."""
    return {"choices": [{"message": {"role": "assistant", "content": text}}]}


def one_after_another(*answers: Callable[[Request], None]) -> Callable[[Request], None]:
    """A server that answers each request by the next of these, and all further ones by the last."""
    left = list(answers)

    def answer(request: Request) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(request)

    return answer


@contextmanager
def tunnelling(target: str) -> Iterator[tuple[str, list[bytes]]]:
    """A proxy for HTTPS and for SOCKS 5: whatever host is asked for, `target` is connected.

    Yields HOST:PORT, and what it was asked for.
    """
    asked: list[bytes] = []

    class Tunnel(StreamRequestHandler):
        def handle(self) -> None:
            first = self.rfile.read1(3)
            if first[:1] == b"\x05":  # one way to log in, which is none; then the host
                self.wfile.write(b"\x05\x00")
                asked.append(self.rfile.read1(300)[4:-2].lstrip())
                self.wfile.write(b"\x05\x00\x00\x01" + bytes(6))
            else:
                lines = list(iter(self.rfile.readline, b"\r\n"))
                asked.append((first + lines[0]).split()[1])
                self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            with create_connection(("127.0.0.1", urlsplit(target).port or 0)) as far:
                threading.Thread(target=self.copy, args=(self.rfile, far), daemon=True).start()
                with suppress(OSError):
                    while data := far.recv(65_536):
                        self.wfile.write(data)

        @staticmethod
        def copy(near: Any, far: socket) -> None:
            with suppress(OSError, ValueError):  # hung up, or closed here
                while data := near.read1(65_536):
                    far.sendall(data)

    with ThreadingTCPServer(("127.0.0.1", 0), Tunnel) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()
        thread.join()


def forwarding(target: str) -> Callable[[Request], None]:
    """A forward proxy for plain HTTP: whatever host is asked for, `target` answers."""

    def answer(request: Request) -> None:
        to = HTTPConnection(urlsplit(target).netloc)
        to.request(request.command, urlsplit(request.path).path, request.body)
        response = to.getresponse()
        request.reply(response.read(), response.status)

    return answer
