"""The cookie by which a browser comes back to the replica that knows its tabs."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class ReplicaCookie:
    """ASGI middleware that gives a replica's name to browsers that came with another, or with none.

    Args:
        name, value: of the cookie.
    """

    def __init__(self, app: ASGIApp, name: str, value: str) -> None:
        self._app, self._name, self._value = app, name, value

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        known = (
            scope["type"] != "http" or HTTPConnection(scope).cookies.get(self._name) == self._value
        )

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start" and not known:
                cookie = f"{self._name}={self._value}; Path=/; HttpOnly; SameSite=Lax"
                MutableHeaders(scope=message).append("Set-Cookie", cookie)
            await send(message)

        await self._app(scope, receive, marked)
