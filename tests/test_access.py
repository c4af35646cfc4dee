"""Who may ask the server what: by which name, from which page, which route, with what password."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from core.commands.serve import PASSWORD, visitors_password
from core.errors import FileError, StudioError
from studio.access.admission import Access, Admission
from studio.access.headers import content_security_policy, inline_scripts
from studio.access.hosts import is_foreign, named_hosts, trusted_hosts
from studio.access.password import Password
from studio.access.person import person_at
from studio.access.routes import Reach, reach_of
from studio.access.slow_clients import Patience
from studio.jobs.job import Job
from studio.jobs.model_service import ModelService
from studio.server import greeting, running, serving
from studio.sessions.registry import Sessions
from studio.sound.peaks import PeakCache
from studio.state import Studio

WORDS = "three words of räin"
HURRY = Patience(head=0.3, part=0.3, body=5.0)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    folder = tmp_path_factory.mktemp("access")
    sessions = Sessions(folder / "stories", folder / "served", private=False)
    return Studio(ModelService("tiny"), sessions, PeakCache())


@pytest.fixture(scope="module")
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def routes(studio: Studio, port: int) -> Iterator[set[tuple[str, str]]]:
    """Methods and paths of the running server's routes, which asks for a password."""
    access = Access(trusted_hosts("127.0.0.1", ("studio.lan",)), Password(WORDS), HURRY)
    with serving(studio, "127.0.0.1", port, mcp=True, access=access) as blocks:
        yield set(routes_of(blocks.app.routes))


def routes_of(found: Iterable[object], before: str = "") -> Iterator[tuple[str, str]]:
    for route in found:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from routes_of(included.routes, before)
            continue
        path = before + str(getattr(route, "path", f"unknown {route!r}"))
        yield from ((method, path) for method in getattr(route, "methods", None) or {"*"})
        yield from routes_of(getattr(route, "routes", None) or (), path)


@pytest.mark.parametrize(
    ("host", "allowed", "trusted", "refused"),
    [
        (
            "127.0.0.1",
            (),
            ("localhost", "127.0.0.1:7860", "127.3.2.1", "[::1]:80", "LocalHost.:9"),
            ("evil.test", "evil.test:7860", "192.168.1.5", "0.0.0.0:7860", "localhost.evil.test"),
        ),
        (
            "studio.lan",
            (),
            ("studio.lan:7860", "192.168.1.5", "localhost"),
            ("lan", "a.studio.lan"),
        ),
        ("0.0.0.0", ("Fox.Local",), ("fox.local", "192.168.1.5:7860", "[fe80::1]"), ("evil.test",)),
        ("127.0.0.1", ("a.example", "b.example"), ("a.example", "b.example:443"), ("c.example",)),
        ("127.0.0.1", (), (), ("", "a b", "127.0.0.1@evil.test", "[::1", "evil.test#127.0.0.1")),
    ],
)
def test_only_names_that_are_its_own_are_answered_on_any_port(
    host: str, allowed: tuple[str, ...], trusted: tuple[str, ...], refused: tuple[str, ...]
) -> None:
    hosts = trusted_hosts(host, allowed)
    for expected, names in ((True, trusted), (False, refused)):
        for name in names:
            said = named_hosts(Headers({"host": name}))
            assert all(map(hosts.trusts, said)) is expected, name
            passed_on = named_hosts(Headers({"host": "localhost", "x-forwarded-host": name}))
            assert all(map(hosts.trusts, passed_on)) is (expected or not name), name
    assert not all(map(hosts.trusts, named_hosts(Headers({}))))


def test_a_studio_is_shared_as_soon_as_others_can_come() -> None:
    assert not trusted_hosts("127.0.0.1", ("localhost", "::1")).shared
    for host, allowed in (("0.0.0.0", ()), ("::", ()), ("", ()), ("::1", ("studio.example",))):
        assert trusted_hosts(host, allowed).shared


HERE = {"host": "studio.lan:7860"}
LINKED = {"sec-fetch-site": "cross-site", "sec-fetch-dest": "document"}


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({}, False),
        ({"origin": "http://studio.lan:7860", "sec-fetch-site": "same-origin"}, False),
        ({"origin": "http://STUDIO.lan:7860"}, False),
        ({"sec-fetch-site": "none", "sec-fetch-dest": "document"}, False),
        ({"origin": "http://studio.lan:3000"}, True),
        ({"origin": "http://studio.lan"}, True),
        ({"origin": "http://evil.test:7860", "sec-fetch-site": "same-origin"}, True),
        ({"origin": "null"}, True),
        ({"origin": "http://[::1"}, True),
        ({"origin": "file://studio.lan:7860"}, True),
        ({"sec-fetch-site": "cross-site", "sec-fetch-dest": "audio"}, True),
        ({"sec-fetch-site": "same-site", "sec-fetch-dest": "iframe"}, True),
        ({"x-forwarded-host": "a.example", "origin": "https://a.example"}, False),
    ],
)
def test_pages_elsewhere_are_told_from_the_studios_own_and_from_programs(
    headers: dict[str, str], foreign: bool
) -> None:
    for opening in (True, False):
        assert is_foreign(Headers(HERE | headers), opening=opening) is foreign


def test_a_link_elsewhere_opens_the_page_and_nothing_else() -> None:
    assert not is_foreign(Headers(HERE | LINKED), opening=True)
    assert is_foreign(Headers(HERE | LINKED), opening=False)
    assert not is_foreign(
        Headers({"host": "a.example", "origin": "https://a.example"}), opening=False
    )


OPEN = {
    "anyone": """
        GET /favicon.ico  GET /manifest.json  GET /robots.txt  GET /gradio_api/startup-events
    """,
    "visitor": """
        GET /  HEAD /  GET /config  GET /config/  GET /theme.css
        GET /assets/{path:path}  GET /static/{path:path}
        GET /gradio_api/info  GET /gradio_api/app_id  GET /gradio_api/heartbeat/{session_hash}
        POST /gradio_api/queue/join  GET /gradio_api/queue/data
        POST /gradio_api/run/{api_name}
        POST /gradio_api/call/{api_name}  GET /gradio_api/call/{api_name}/{event_id}
        POST /gradio_api/call/v2/{api_name}  GET /gradio_api/call/v2/{api_name}/{event_id}
        POST /gradio_api/cancel  POST /gradio_api/reset
        POST /gradio_api/upload  GET /gradio_api/upload_progress
        GET /gradio_api/file={path_or_url:path}  HEAD /gradio_api/file={path_or_url:path}
        * /gradio_api/mcp  * /gradio_api/mcp/messages
        GET /gradio_api/mcp/schema  HEAD /gradio_api/mcp/schema
        GET /gradio_api/mcp/sse  HEAD /gradio_api/mcp/sse
    """,
    "nobody": """
        GET /monitoring  GET /monitoring/summary  GET /monitoring/{key}
        GET /gradio_api/openapi.json  GET /gradio_api/info/  GET /gradio_api/runs
        GET /gradio_api/runs/  GET /gradio_api/app_id/
        POST /login  POST /login/  GET /logout
        GET /gradio_api/login_check  GET /gradio_api/login_check/
        GET /gradio_api/token  GET /gradio_api/token/  GET /gradio_api/user  GET /gradio_api/user/
        POST /gradio_api/api/{api_name}  POST /gradio_api/api/{api_name}/
        POST /gradio_api/run/{api_name}/  POST /gradio_api/call/{api_name}/
        POST /gradio_api/call/v2/{api_name}/  POST /gradio_api/reset/
        POST /gradio_api/component_server  POST /gradio_api/component_server/
        GET /gradio_api/custom_component/{id}/{environment}/{type}/{file_name}
        GET /gradio_api/deep_link  GET /gradio_api/dev/reload  GET /gradio_api/queue/status
        GET /gradio_api/file/{path:path}
        GET /gradio_api/proxy={url_path:path}  HEAD /gradio_api/proxy={url_path:path}
        POST /gradio_api/process_recording
        POST /gradio_api/stream/{event_id}  POST /gradio_api/stream/{event_id}/close
        GET /gradio_api/stream/{session_hash}/{run}/{component_id}/playlist-file
        GET /gradio_api/stream/{session_hash}/{run}/{component_id}/playlist.m3u8
        GET /gradio_api/stream/{session_hash}/{run}/{component_id}/{segment_id}.{ext}
        GET /gradio_api/theme.css  GET /svelte/{path:path}
        GET /pwa_icon  GET /pwa_icon/{size}
        POST /gradio_api/vibe-edit  POST /gradio_api/vibe-edit/
        POST /gradio_api/undo-vibe-edit  POST /gradio_api/undo-vibe-edit/
        GET /gradio_api/vibe-code  GET /gradio_api/vibe-code/
        POST /gradio_api/vibe-code  POST /gradio_api/vibe-code/
        POST /gradio_api/vibe-starter-queries  POST /gradio_api/vibe-starter-queries/
    """,
}
"""Every route of the server, by who may ask for it."""


def named(text: str) -> list[tuple[str, str]]:
    words = text.split()
    return list(zip(words[::2], words[1::2], strict=True))


def test_every_route_is_named_with_who_may_ask_for_it(routes: set[tuple[str, str]]) -> None:
    decided = {route: Reach(who) for who, text in OPEN.items() for route in named(text)}
    assert routes == set(decided)
    for (method, path), reach in decided.items():
        assert reach_of("POST" if method == "*" else method, path) is reach, path


def test_nothing_else_is_open() -> None:
    for method, path in (
        ("GET", "/openapi.json"),
        ("GET", "/docs"),
        ("OPTIONS", "/"),
        ("PUT", "/gradio_api/upload"),
        ("WEBSOCKET", "/gradio_api/queue/join"),
        ("GET", "/gradio_api/file=http://169.254.169.254/latest"),
        ("GET", "/gradio_api/file=%20HTTPS:/a.example".replace("%20", " ")),
        ("GET", "//"),
        ("GET", "/monitoring/"),
    ):
        assert reach_of(method, path) is Reach.NOBODY, path


def basic(password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'me:{password}'.encode()).decode()}"}


def test_without_the_password_nothing_of_the_studio_is_reached(
    routes: set[tuple[str, str]], port: int
) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as visitor:
        for method, path in sorted(routes):
            reach = reach_of("POST" if method == "*" else method, path)
            if reach is Reach.ANYONE:
                continue
            answer = visitor.request("POST" if method == "*" else method, path)
            assert answer.status_code == (401 if reach is Reach.VISITOR else 404), path
            assert answer.headers.get("www-authenticate", "").startswith("Basic") is (
                reach is Reach.VISITOR
            )
        for wrong in (basic(""), basic("three words"), {"Authorization": "Basic ???"}, {}):
            assert visitor.get("/config", headers=wrong).status_code == 401
        for right in (basic(WORDS), {"Authorization": f"bearer {WORDS}".encode()}):
            assert visitor.get("/config", headers=right).status_code == 200
            assert visitor.get("/monitoring/summary", headers=right).status_code == 404
            assert visitor.get("/openapi.json", headers=right).status_code == 404


@pytest.mark.usefixtures("routes")
def test_programs_that_know_the_password_work(port: int, studio: Studio, tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{port}/"
    client = Client(address, headers=basic(WORDS), verbose=False)
    given = tmp_path / "no story.zip"
    given.write_bytes(b"PK")
    client.predict(handle_file(str(given)), {"title": "", "visitor": ""}, api_name="/open_zip")
    assert studio.sessions.of(client.session_hash).folder is None
    client.close()
    with pytest.raises((ValueError, AppError, httpx.HTTPError)):
        Client(address, headers=basic("another one"), verbose=False)


@pytest.mark.usefixtures("routes")
def test_who_comes_by_another_name_or_from_another_page_is_told_why(port: int) -> None:
    address = f"http://127.0.0.1:{port}"
    for path in ("/", "/config", "/gradio_api/mcp/", "/gradio_api/file=x", "/gradio_api/upload"):
        for method in ("GET", "POST"):
            asked = httpx.request(method, address + path, headers={"Host": "evil.test"})
            assert (asked.status_code, "--allow-host" in asked.text) == (421, True)
            page = basic(WORDS) | {"Origin": "http://evil.test"}
            asked = httpx.request(method, address + path, headers=page)
            assert (asked.status_code, "own page only" in asked.text) == (403, True)
    known = basic(WORDS) | {"Host": "studio.lan", "Origin": "http://studio.lan"}
    assert httpx.get(f"{address}/config", headers=known).status_code == 200


@pytest.mark.usefixtures("routes")
def test_the_page_may_not_be_framed_and_runs_no_script_that_came_with_words(port: int) -> None:
    page = httpx.get(f"http://127.0.0.1:{port}/", headers=basic(WORDS))
    rules = dict(rule.split(" ", 1) for rule in page.headers["content-security-policy"].split("; "))
    assert rules["frame-ancestors"] == "'none'"
    assert rules["default-src"] == "'none'"
    assert "'unsafe-inline'" not in rules["script-src"]
    scripts = inline_scripts(page.content)
    assert any(b"window.gradio_config" in script for script in scripts)
    assert set(content_security_policy(scripts).split()) <= set(
        page.headers["content-security-policy"].split()
    )
    refused = httpx.get(f"http://127.0.0.1:{port}/monitoring")
    for answer in (page, refused):
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "sha256" not in refused.headers["content-security-policy"]


@pytest.mark.usefixtures("routes")
@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: lo", b"GET / HTTP/1.1\r\n"])
def test_a_connection_on_which_no_request_comes_is_closed(port: int, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as slow:
        slow.sendall(sent)
        assert slow.recv(100) == b""


@pytest.mark.usefixtures("routes")
def test_the_next_request_on_a_connection_is_hurried_as_well(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as slow:
        slow.sendall(b"GET /robots.txt HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200 OK" in slow.recv(10_000)
        slow.sendall(b"GET /robots.txt HTTP/1.1\r\n")
        while slow.recv(10_000):
            pass


@pytest.mark.usefixtures("routes")
def test_a_body_that_stops_is_answered_and_the_connection_closed(port: int) -> None:
    head = (
        "POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n"
        f"Authorization: {basic(WORDS)['Authorization']}\r\n\r\n--x\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=60) as slow:
        slow.sendall(head.encode())
        answer = b""
        while part := slow.recv(10_000):
            answer += part
    assert b" 408 " in answer.splitlines()[0]
    assert b"took too long to arrive" in answer


def test_an_answer_that_nobody_reads_is_given_up() -> None:
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"unread"})
        raise AssertionError("the answer went on")

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    access = Access(trusted_hosts("127.0.0.1"), patience=Patience(reading=0.01))
    scope = {"type": "http", "method": "GET", "path": "/config", "headers": [(b"host", b"[::1]")]}
    asyncio.run(Admission(app, access)(scope, receive, send))
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]


def test_the_password_comes_from_a_file_or_the_environment_and_is_never_shown(
    tmp_path: Path,
) -> None:
    file = tmp_path / "password"
    file.write_text(f"{WORDS}\nsecond line", encoding="utf-8")
    assert visitors_password(None, {}) == visitors_password(None, {PASSWORD: ""}) == ""
    assert visitors_password(None, {PASSWORD: WORDS}) == WORDS
    assert visitors_password(file, {PASSWORD: "of the environment"}) == WORDS
    with pytest.raises(FileError, match="--password-file"):
        visitors_password(tmp_path / "none", {})
    with pytest.raises(StudioError, match="fewer than 8") as short:
        visitors_password(None, {PASSWORD: "sesame"})
    assert "sesame" not in str(short.value)
    assert WORDS not in repr(Access(trusted_hosts("::"), Password(WORDS)))
    assert WORDS not in str(vars(Password(WORDS)))


def test_a_public_studio_without_a_password_says_so_at_its_start() -> None:
    for host, allowed, password, told in (
        ("0.0.0.0", (), None, True),
        ("127.0.0.1", ("studio.example",), None, True),
        ("0.0.0.0", (), Password(WORDS), False),
        ("127.0.0.1", (), None, False),
    ):
        access = Access(trusted_hosts(host, allowed), password)
        said = greeting("http://localhost:7860/", access, mcp=False).splitlines()
        assert said[0] == "AudioStory is at http://localhost:7860/"
        assert [PASSWORD in line for line in said[1:]] == [True] * told


def test_tools_are_not_for_who_comes_through_a_proxy(tmp_path: Path) -> None:
    access = Access(trusted_hosts("127.0.0.1", ("studio.example",)))
    with (
        pytest.raises(StudioError, match="this machine only"),
        running("tiny", "127.0.0.1", 0, tmp_path, tmp_path, mcp=True, access=access),
    ):
        pass


def test_one_person_has_one_name_by_all_addresses_of_a_connection() -> None:
    for address in ("127.0.0.1", "127.3.2.1", "::1", "::ffff:127.0.0.1", "localhost"):
        assert person_at(address) == ""
    for same in (
        ("192.168.7.7", "::ffff:192.168.7.7"),
        ("9.9.9.9", "::ffff:9.9.9.9"),
        ("2a00:1:1:2::1", "2a00:1:1:2:ffff:ffff:ffff:ffff"),
    ):
        assert len(set(map(person_at, same))) == 1, same
    apart = (
        "::1",
        "9.9.9.8",
        "::ffff:9.9.9.9",
        "2a00:1:1:2::1",
        "2a00:1:1:3::1",
        "fe80::1",
        "fe80::2",
    )
    assert len(set(map(person_at, apart))) == len(apart)


@pytest.mark.usefixtures("routes")
def test_a_job_belongs_to_the_machine_that_asked_for_it(port: int, studio: Studio) -> None:
    """Programs ask as here; a draft waits for its turn until it is cancelled."""
    draft = f"http://127.0.0.1:{port}/gradio_api/call/draft"
    given = {"data": ["rain", 3, "", 1, "", "", ""]}
    for tab, address, person in (
        ("far", "192.168.7.7", "192.168.7.7"),
        ("here", "127.0.0.1", ""),
    ):
        proxy = basic(WORDS) | {"X-Forwarded-For": address}  # one on this machine
        with studio.service.queue.turn(Job("render"), 1.0):
            asked = httpx.post(draft, json=given | {"session_hash": tab}, headers=proxy, timeout=60)
            event = f"{draft}/{asked.json()['event_id']}"
            with httpx.stream("GET", event, headers=proxy, timeout=60) as answer:
                lines = answer.iter_lines()
                assert "event: generating" in lines
                session = studio.sessions.of(tab)
                assert session.job is not None
                assert session.job.person == person
                session.cancel_job()
                assert "event: complete" in lines
