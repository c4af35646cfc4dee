"""Small HTTP servers for tests, in a thread of this process: they answer as they are told."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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


def forwarding(target: str) -> Callable[[Request], None]:
    """A forward proxy for plain HTTP: whatever host is asked for, `target` answers."""

    def answer(request: Request) -> None:
        to = HTTPConnection(urlsplit(target).netloc)
        to.request(request.command, urlsplit(request.path).path, request.body)
        response = to.getresponse()
        request.reply(response.read(), response.status)

    return answer
