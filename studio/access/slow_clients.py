"""Clients that stop in the midst: of the head of a request, of its body, of reading the answer.

Each costs a connection, and what is kept for it, for as long as it likes. The times are long
enough for 64 MB over a slow line, and for a player that reads on when it needs more: that asks
again for the rest of a file.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Send


@dataclass(frozen=True)
class Patience:
    """For how many seconds the server waits.

    Attributes:
        head: for all of a request's head, from the connection on.
        part: for the next part of a body.
        body: for all of a body; 64 MB at a million bits a second take 540.
        reading: until a client has read on in an answer.
    """

    head: float = 20.0
    part: float = 30.0
    body: float = 900.0
    reading: float = 300.0


class UnreadAnswerError(Exception):
    """An answer that nobody reads is given up."""


def receive_in_time(receive: Receive, patience: Patience) -> Receive:
    """Receive a request's body; raises HTTPException (408) when that takes too long."""
    until: float | None = None
    whole = False

    async def hurried() -> Message:
        nonlocal until, whole
        if whole:  # what comes now is the end of the connection, which may be far away
            return await receive()
        now = asyncio.get_running_loop().time()
        until = now + patience.body if until is None else until
        try:
            async with asyncio.timeout_at(min(now + patience.part, until)):
                message = await receive()
        except TimeoutError:
            sentence = "The request took too long to arrive; try again on a faster line."
            raise HTTPException(408, sentence, {"Connection": "close"}) from None
        whole = message["type"] != "http.request" or not message.get("more_body")
        return message

    return hurried


def send_in_time(send: Send, patience: Patience) -> Send:
    """Send an answer; raises UnreadAnswerError when the client does not read on."""

    async def hurried(message: Message) -> None:
        try:
            async with asyncio.timeout(patience.reading):
                await send(message)
        except TimeoutError:
            raise UnreadAnswerError from None

    return hurried


def closing_slow_heads(protocol: type[Any], patience: Patience) -> type[asyncio.Protocol]:
    """uvicorn's protocol class, made to close connections on which no request is complete in time.

    uvicorn has a time-out between two requests only, which the first byte of the next one ends.
    """

    class ClosingSlowHeads(protocol):  # type: ignore[misc]
        _head_timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            self._await_head()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle is None or self.cycle.response_complete:
                self._await_head()
            else:
                self._stop_waiting()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_waiting()
            super().connection_lost(exc)

        def _await_head(self) -> None:
            if self._head_timer is None:
                loop = asyncio.get_running_loop()
                self._head_timer = loop.call_later(patience.head, self.transport.close)

        def _stop_waiting(self) -> None:
            if self._head_timer is not None:
                self._head_timer.cancel()
                self._head_timer = None

    return ClosingSlowHeads
