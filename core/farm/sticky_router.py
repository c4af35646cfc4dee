"""Which replica answers a request, under Ray Serve: the one that the browser's cookie names.

A studio knows in memory what each tab shows, so all of a browser's requests go to one replica.
Serve's own stickiness takes a header that browsers do not send, and hashes it over the replicas:
when one is replaced, others lose tabs as well. Here a cookie holds; who has none, or that of a
replica that is gone, gets any, which then gives its own (studio/access/replica_cookie.py).

Serve loads this module in its proxies; nothing imports it.
"""

from __future__ import annotations

import pickle
from typing import Any

from ray.serve.experimental.consistent_hash_router import ConsistentHashRouter
from starlette.requests import HTTPConnection


class StickyRouter(ConsistentHashRouter):  # type: ignore[misc]  # Ray is an extra
    """Serve's router for cookies; its own hash where no cookie decides."""

    def initialize_state(self, cookie: str, **rest: Any) -> None:
        """Take the settings of the deployment.

        Args:
            cookie: name of the cookie that names a replica.
        """
        super().initialize_state(**rest)
        self._cookie = cookie

    async def choose_replicas(
        self, candidate_replicas: list[Any], pending_request: Any = None
    ) -> list[list[Any]]:
        """The candidates in the order in which they are tried, as Serve asks for them."""
        named = self._named(pending_request)
        chosen = [r for r in candidate_replicas if r.replica_id.unique_id == named]
        if named and chosen:
            pending_request.routing_context.should_backoff = True
            return [chosen]
        ranked: list[list[Any]] = await super().choose_replicas(candidate_replicas, pending_request)
        return ranked

    def _routing_key(self, pending_request: Any) -> str | None:
        """What decides where no replica is named that is there: a program that keeps the name of
        one that is gone still comes to the same replica every time."""
        key: str | None = self._named(pending_request) or super()._routing_key(pending_request)
        return key

    def _named(self, request: Any) -> str:
        """The replica that a request's cookie names; the request comes as Serve packed it."""
        if request is None or not request.args:
            return ""
        packed = request.args[0]
        asked = pickle.loads(packed) if isinstance(packed, bytes) else packed
        return HTTPConnection(asked.asgi_scope).cookies.get(self._cookie, "")
