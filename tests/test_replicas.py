"""Several studios behind one address: what keeps a browser with its own, and what is refused.

That people do not mix, and what a killed replica costs, is tried in tests/soak/replicas.py.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from core.doctor import examine
from core.errors import FarmError, StudioError
from core.farm.address import FarmAddress
from core.farm.replicas import HOW_TO_SERVE, ReplicaPlan, import_serve, serving_replicas
from studio.access.replica_cookie import ReplicaCookie
from studio.replicas import running_replicas

PLAN = ReplicaPlan(2, "127.0.0.1", 7860, 1)


def cookie_for(sent: str) -> str | None:
    """What a replica called `own` answers to a browser that sends this cookie."""

    async def page(_: object) -> PlainTextResponse:
        return PlainTextResponse("rain", headers={"Set-Cookie": "theme=dark"})

    app = ReplicaCookie(Starlette(routes=[Route("/", page)]), PLAN.cookie, "own")

    async def ask() -> httpx.Response:
        headers = {"Cookie": sent} if sent else {}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            return await client.get("http://studio/", headers=headers)

    answer = asyncio.run(ask())
    assert answer.text == "rain"
    assert "theme=dark" in answer.headers["set-cookie"]
    return answer.cookies.get(PLAN.cookie)


def test_a_browser_comes_back_to_the_replica_that_answered_it() -> None:
    """The cookie is named after the port too: browsers send one host's to all of its ports."""
    assert cookie_for("") == "own"
    assert cookie_for(f"{PLAN.cookie}=one-that-died; theme=light") == "own"
    assert cookie_for(f"theme=light; {PLAN.cookie}=own") is None
    assert ReplicaPlan(2, "127.0.0.1", 8000, 1).cookie != PLAN.cookie


def test_replicas_are_begun_where_their_stories_are() -> None:
    with (
        pytest.raises(FarmError, match="belong to the cluster"),
        serving_replicas(print, None, PLAN, FarmAddress("ray://head:10001")),
    ):
        pass


def test_without_ray_serve_one_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.farm.replicas.find_spec", lambda name: None)
    with pytest.raises(FarmError) as refused:
        import_serve()
    assert HOW_TO_SERVE in str(refused.value)
    found, *_ = examine(None)["More than one machine"]
    assert HOW_TO_SERVE in found.text


@pytest.mark.parametrize("count", [0, 65])
def test_so_many_replicas_are_refused(count: int, tmp_path: Path) -> None:
    with (
        pytest.raises(StudioError, match="1 to 64 replicas"),
        running_replicas(count, "tiny", "127.0.0.1", 7860, tmp_path),
    ):
        pass
