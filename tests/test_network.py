"""The network: what is bounded, where proxies and certificates come from, what an error says.

Every server here is a real one, on this machine.
"""

from __future__ import annotations

import gzip
import socket
import ssl
import subprocess
import threading
import time
import tracemalloc
from pathlib import Path

import httpx
import pytest
import trustme

from core.errors import Cancelled, FileError
from core.network import (
    CERTIFICATES,
    Bounds,
    Connection,
    proxy_for,
    read_address,
    read_json,
    trusted_certificates,
    without_password,
)
from tests.http_servers import Request, forwarding, served, tunnelling

MB = 1_000_000
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxies and certificates but those of the test."""
    for name in (*PROXIES, *map(str.upper, PROXIES), *CERTIFICATES):
        monkeypatch.delenv(name, raising=False)


def body_from(
    url: str,
    size: int = MB,
    silent: float = 10.0,
    longest: float = 10.0,
    cancel: threading.Event | None = None,
) -> bytes:
    bounds = Bounds(size, connect=2.0, silent=silent, longest=longest)
    with (
        Connection("The server", FileError, bounds, cancel) as connection,
        connection.request("GET", httpx.URL(url)) as reply,
    ):
        return b"".join(reply.chunks())


def sentence_from(url: str, **bounds: float) -> str:
    with pytest.raises(FileError) as caught:
        body_from(url, **bounds)  # type: ignore[arg-type]
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def test_an_answer_is_bounded_by_its_size_after_decompression() -> None:
    """50 MB of zeros, packed to 50 kB, are refused after 1 MB, without being held."""
    packed = gzip.compress(bytes(50 * MB))
    with served(lambda r: r.reply(packed, Content_Encoding="gzip")) as (url, _):
        tracemalloc.start()
        assert "far too much (over 1 MB)" in sentence_from(url)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 8 * MB


def test_compressed_answers_are_read_though_none_is_asked_for() -> None:
    with served(lambda r: r.reply(gzip.compress(b"rain"), Content_Encoding="gzip")) as (url, seen):
        assert body_from(url) == b"rain"
    assert seen[0].headers["Accept-Encoding"] == "identity"
    with served(lambda r: r.reply(b"rain", Content_Encoding="gzip, gzip")) as (url, _):
        assert "cannot be unpacked" in sentence_from(url)
    with served(lambda r: r.reply(b"no gzip", Content_Encoding="gzip")) as (url, _):
        assert "cannot be unpacked" in sentence_from(url)


def drip(part: bytes, first: bytes = b"") -> object:
    """Sends a little every 50 ms for 3 s, which no limit on silence ends."""

    def answer(request: Request) -> None:
        request.wfile.write(first)
        for _ in range(60):
            request.wfile.write(part)
            time.sleep(0.05)

    return answer


@pytest.mark.parametrize(
    ("part", "first"),
    [(b": wait\n", b"HTTP/1.0 200 OK\r\n\r\n"), (b"X-Wait: 1\r\n", b"HTTP/1.0 200 OK\r\n")],
    ids=["body", "headers"],
)
def test_the_time_as_a_whole_is_bounded(part: bytes, first: bytes) -> None:
    begun = time.monotonic()
    with served(drip(part, first)) as (url, _):  # type: ignore[arg-type]
        assert "too slow (over 0.3 s)" in sentence_from(url, longest=0.3)
        assert time.monotonic() - begun < 1.0


def test_a_silent_server_is_left_at_once_when_it_is_stopped() -> None:
    cancel, answered = threading.Event(), threading.Event()
    threading.Timer(0.2, cancel.set).start()
    with served(lambda _: answered.wait(5.0)) as (url, _):  # type: ignore[arg-type, return-value]
        begun = time.monotonic()
        with pytest.raises(Cancelled):
            body_from(url, cancel=cancel)
        assert time.monotonic() - begun < 1.0
        answered.set()


def test_json_of_strangers_is_bounded_in_depth_and_its_numbers_are_finite() -> None:
    assert read_json(b'\xef\xbb\xbf{"a": [1, 2.5, "[[["]}') == {"a": [1, 2.5, "[[["]}
    assert read_json(f"[NaN, -Infinity, 1e999, {'9' * 5000}, 7]") == [None, None, None, None, 7]
    assert read_json("[" * 64 + "]" * 64)
    for text in ("[" * 65 + "]" * 65, "[" * 100_000, "{", "", "\0"):
        with pytest.raises(ValueError, match=r"nested too deep|Expecting"):
            read_json(text)


@pytest.mark.parametrize(
    ("url", "environment", "expected"),
    [
        ("http://d.example/v1", {}, ""),
        ("http://d.example/v1", {"http": "http://p:3128"}, "http://p:3128"),
        ("http://d.example/v1", {"http": "p:3128"}, "http://p:3128"),
        ("https://d.example/v1", {"http": "http://p:3128"}, ""),
        ("https://d.example/v1", {"https": "http://p:1", "all": "http://p:2"}, "http://p:1"),
        ("https://d.example/v1", {"all": "socks5://p:1080"}, "socks5://p:1080"),
        ("http://localhost:8080/v1", {"http": "http://p"}, ""),
        ("http://LOCALHOST./v1", {"http": "http://p"}, ""),
        ("http://studio.localhost/v1", {"http": "http://p"}, ""),
        ("http://127.0.0.2:8080/v1", {"http": "http://p"}, ""),
        ("http://[::1]:8080/v1", {"all": "http://p"}, ""),
        ("http://0.0.0.0:8080/v1", {"http": "http://p"}, ""),
        ("http://d.example/v1", {"http": "http://p", "no": "*"}, ""),
        ("http://d.example/v1", {"http": "http://p", "no": "other.example, d.example"}, ""),
        ("http://d.house.example/v1", {"http": "http://p", "no": ".house.example"}, ""),
        ("http://d.house.example/v1", {"http": "http://p", "no": "*.house.example"}, ""),
        ("http://dhouse.example/v1", {"http": "http://p", "no": "house.example"}, "http://p"),
        ("http://d.example:81/v1", {"http": "http://p", "no": "d.example:81"}, ""),
        ("http://d.example:82/v1", {"http": "http://p", "no": "d.example:81"}, "http://p"),
        ("http://192.168.3.4/v1", {"http": "http://p", "no": "192.168.0.0/16"}, ""),
        ("http://10.0.0.1/v1", {"http": "http://p", "no": "192.168.0.0/16"}, "http://p"),
        ("http://[fd00::1]/v1", {"http": "http://p", "no": "fd00::/8"}, ""),
    ],
)
def test_the_proxy_is_that_of_the_environment_but_for_what_it_excepts(
    url: str, environment: dict[str, str], expected: str
) -> None:
    assert proxy_for(httpx.URL(url), environment) == expected


def test_a_remote_server_is_asked_through_the_proxy_and_this_machine_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with (
        served(lambda r: r.reply(b"rain")) as (url, _),
        served(forwarding(url)) as (proxy, passed),
    ):
        monkeypatch.setenv("HTTP_PROXY", proxy.removesuffix("/v1"))
        assert body_from("http://director.example/v1") == b"rain"
        assert [r.path for r in passed] == ["http://director.example/v1"]
        assert body_from(url) == b"rain"
        assert len(passed) == 1


def test_a_proxy_that_fails_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    far = "https://director.example/v1"
    monkeypatch.setenv("HTTPS_PROXY", "http://me:secret@127.0.0.1:9")
    sentence = sentence_from(far)
    assert sentence.startswith("The proxy 127.0.0.1")
    assert "secret" not in sentence
    monkeypatch.setenv("HTTPS_PROXY", "gopher://me:secret@proxy")
    sentence = sentence_from(far)
    assert "not of a known kind" in sentence
    assert "secret" not in sentence
    with served(lambda r: r.reply(b"", 405)) as (proxy, _):  # a server that knows no CONNECT
        monkeypatch.setenv("HTTPS_PROXY", proxy.removesuffix("/v1"))
        assert "proxy 127.0.0.1 refused (501" in sentence_from(far)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority of one's own."""
    return trustme.CA()


@pytest.fixture
def secured(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.mark.parametrize("variable", CERTIFICATES)
def test_certificates_of_the_environment_are_trusted(
    variable: str,
    authority: trustme.CA,
    secured: ssl.SSLContext,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "house.pem"
    authority.cert_pem.write_to_path(file)
    if variable == "SSL_CERT_DIR":
        file = file.rename(tmp_path / f"{subject_hash(file)}.0").parent
    with served(lambda r: r.reply(b"rain"), secured) as (url, _):
        assert "is not trusted" in sentence_from(url)
        monkeypatch.setenv(variable, str(file))
        assert body_from(url) == b"rain"


def subject_hash(file: Path) -> str:
    """The name under which OpenSSL looks for a certificate in a folder."""
    command = ["openssl", "x509", "-noout", "-subject_hash", "-in", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize(
    ("variable", "kind"),
    [("HTTPS_PROXY", "http://"), ("https_proxy", ""), ("ALL_PROXY", "socks5h://")],
)
def test_https_goes_through_the_proxy_and_the_house_is_trusted(
    variable: str,
    kind: str,
    authority: trustme.CA,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The certificate is the server's own, and checked, though a proxy stands between."""
    authority.cert_pem.write_to_path(tmp_path / "house.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "house.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("director.example").configure_cert(context)
    with (
        served(lambda r: r.reply(b"rain"), context) as (url, _),
        tunnelling(url) as (proxy, asked),
    ):
        monkeypatch.setenv(variable, f"{kind}{proxy}")
        assert body_from("https://director.example/v1") == b"rain"
        assert len(asked) == 1
        assert b"director.example" in asked[0]
        assert "is not trusted" in sentence_from("https://other.example/v1")


def test_certificates_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("no certificate")
    for name in ("empty.pem", "missing.pem"):
        with pytest.raises(FileError, match=f"SSL_CERT_FILE names .*{name}, which cannot be read"):
            trusted_certificates({"SSL_CERT_FILE": str(tmp_path / name)}, FileError)


def test_a_server_without_tls_and_one_with_are_told_apart(secured: ssl.SSLContext) -> None:
    with served(lambda r: r.reply(b"rain")) as (url, _):
        assert "does not speak HTTPS" in sentence_from(url.replace("http:", "https:"))
    with served(lambda r: r.reply(b"rain"), secured) as (url, _):
        assert "broke the connection off" in sentence_from(url.replace("https:", "http:"))


def test_a_redirect_is_followed_within_the_host_alone() -> None:
    def answer(request: Request) -> None:
        places = {"/v1/a": "/v1/b", "/v1/out": "http://localhost:1/v1", "/v1/round": "/v1/round"}
        if place := places.get(request.path):
            request.reply(b"", 308, Location=place)
        else:
            request.reply(request.command.encode())

    with served(answer) as (url, seen):
        assert body_from(f"{url}/a") == b"GET"
        assert "redirects to http://localhost:1; write that address" in sentence_from(f"{url}/out")
        assert "redirects without end" in sentence_from(f"{url}/round")
    assert len(seen) < 12


def test_whatever_keeps_a_server_from_answering_is_named() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        assert "cannot be reached (Connection refused)" in sentence_from(nobody)
    assert "The name nowhere.invalid is not known" in sentence_from("http://nowhere.invalid/v1")
    with served(lambda r: r.connection.close()) as (url, _):
        assert "broke the connection off" in sentence_from(url)
    with served(lambda _: time.sleep(0.6)) as (url, _):
        assert "too slow (silent for 0.2 s)" in sentence_from(url, silent=0.2)

    def halved(request: Request) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

    with served(halved) as (url, _):
        assert "broke the connection off" in sentence_from(url)


def test_no_sentence_shows_a_password() -> None:
    assert without_password("http://me:se/c@ret@host/v1") == "http://…@host/v1"
    for text in ("http://me:secret@", "http://me:secret@host:port/v1", "ftp://me:secret@host/v1"):
        with pytest.raises(FileError, match="is not a whole address") as caught:
            read_address(text, FileError)
        assert "secret" not in str(caught.value)
