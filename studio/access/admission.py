"""Every request is looked at before Gradio sees it: to whom, from which page, for what, by whom."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from studio.access.headers import with_headers, with_own_scripts
from studio.access.hosts import TrustedHosts, is_foreign, named_hosts
from studio.access.password import Password, password_question
from studio.access.routes import PAGE, Reach, reach_of
from studio.access.slow_clients import (
    Patience,
    UnreadAnswerError,
    receive_in_time,
    send_in_time,
)

_MAX_SHOWN = 100
"""Characters of a foreign name that a refusal repeats."""


@dataclass(frozen=True)
class Access:
    """Who may use a studio.

    Attributes:
        hosts: the names that it answers to.
        password: what visitors have to know; None asks for nothing.
        patience: with slow clients.
    """

    hosts: TrustedHosts
    password: Password | None = None
    patience: Patience = field(default_factory=Patience)

    def refusal(self, method: str, path: str, headers: Headers) -> Response | None:
        """The answer to a request that is refused; None where it is not."""
        for name in named_hosts(headers):
            if not self.hosts.trusts(name):
                return _unknown_name(name)
        opening = path == PAGE and method in ("GET", "HEAD")
        if is_foreign(headers, opening=opening):
            return PlainTextResponse(
                "The studio takes requests from its own page only; open it by its address. A "
                "proxy has to pass on the Host that it was asked for.",
                status_code=403,
            )
        reach = reach_of(method, path)
        if reach is Reach.NOBODY:
            return PlainTextResponse("There is nothing here.", status_code=404)
        if reach is Reach.VISITOR and not self._knows_password(headers):
            return password_question()
        return None

    def _knows_password(self, headers: Headers) -> bool:
        return self.password is None or self.password.opens(headers.get("authorization", ""))


class Admission:
    """ASGI middleware that refuses what `Access` refuses and hurries slow clients.

    Args:
        scripts: as markup, those that come before Gradio's own.
    """

    def __init__(self, app: ASGIApp, access: Access, scripts: bytes = b"") -> None:
        self._app, self._access, self._scripts = app, access, scripts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        method = scope.get("method", "WEBSOCKET")  # no route is open by such a method
        headers = Headers(scope=scope)
        refusal = self._access.refusal(method, scope["path"], headers)
        patience = self._access.patience
        send = with_headers(send_in_time(send, patience))
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        if scope["path"] == PAGE:
            send = with_own_scripts(send, self._scripts)
        with contextlib.suppress(UnreadAnswerError):
            await self._app(scope, receive_in_time(receive, patience), send)


def _unknown_name(name: str) -> Response:
    shown = name[:_MAX_SHOWN]
    return PlainTextResponse(
        f"The studio does not answer to the name {shown!r}; start it with --allow-host if that "
        "is one of its names.",
        status_code=421,
    )
