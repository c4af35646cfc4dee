"""The network: one bounded way to ask a server, and a sentence for each way in which it fails.

Proxies are those of the environment (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY, or the
system's), but never for this machine itself. Certificates are those that SSL_CERT_FILE,
SSL_CERT_DIR or REQUESTS_CA_BUNDLE name, else certifi's and the system's. What a server sends is
untrusted: it is bounded in bytes, after decompression, and in time, as a whole.
"""

from __future__ import annotations

import ipaddress
import json
import math
import os
import re
import socket
import ssl
import threading
import time
import urllib.request
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

from core.detached import Detached, LeftBehindError
from core.errors import Cancelled, StudioError

_Cause = TypeVar("_Cause", bound=BaseException)

CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables that name the certificates to trust: files, or folders as `openssl rehash` lays out."""

_REDIRECTS = (301, 302, 307, 308)
"""A 303 is not among them: it asks to read what the request made, and ours makes nothing."""
_MOST_REDIRECTS = 5
_PIECE = 65_536
"""Bytes that are decompressed at once."""
_MOST_DEPTH = 64
"""Brackets within brackets in JSON; an answer in the form of chat completions has some six."""
_LONGEST_NUMBER = 40
"""Digits of a whole number in JSON; what is longer is no number that anything here could mean."""


@dataclass(frozen=True)
class Bounds:
    """What a conversation with a server may take.

    Attributes:
        size: bytes of one answer, after decompression.
        connect: seconds until a connection stands.
        silent: seconds between two pieces of an answer.
        longest: seconds for the whole conversation, retries and waits included.
    """

    size: int
    connect: float
    silent: float
    longest: float


def read_address(text: str, error: type[StudioError]) -> httpx.URL:
    """The address that a person wrote.

    Raises:
        error: it is not the whole address of a web server; the sentence shows no password.
    """
    try:
        url = httpx.URL(text)
        whole = url.scheme in ("http", "https") and bool(url.host)
    except (httpx.InvalidURL, ValueError):
        whole = False
    if not whole:
        raise error(
            f"{without_password(text)[:80]} is not a whole address; "
            "write it like http://HOST:PORT/v1."
        )
    return url


def is_web_address(text: str) -> bool:
    """Whether a text is meant as the address of a web server, right or wrong."""
    return re.match(r"\s*https?:", text, re.IGNORECASE) is not None


def without_password(text: str) -> str:
    """A text that may be meant as an address, for a sentence: without what stands before its @ or
    after its question mark, whether it is well-formed or not, and with no half of a character."""
    text = re.sub(r"^(\s*(?:[a-z]+:(?=/))?/*).*@", r"\1…@", text, flags=re.DOTALL | re.IGNORECASE)
    return re.sub(r"\?.*", "?…", text, flags=re.DOTALL).encode("utf-8", "replace").decode()


def shown_address(url: httpx.URL) -> str:
    """Host and port, which is all of an address that holds no secret."""
    return url.netloc.decode("ascii")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its very name."""
    host = host.strip("[]").rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    with suppress(ValueError):
        address = ipaddress.ip_address(host)
        return address.is_loopback or address.is_unspecified
    return False


def proxy_for(url: httpx.URL, proxies: Mapping[str, str]) -> str:
    """The proxy for a URL; empty: none.

    Args:
        proxies: by scheme, with `all` and `no`, as `urllib.request.getproxies` returns them.
    """
    proxy = proxies.get(url.scheme) or proxies.get("all") or ""
    if not proxy or is_loopback(url.host) or _excepted(url, proxies.get("no", "")):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _excepted(url: httpx.URL, names: str) -> bool:
    """Whether NO_PROXY names the host: itself, a domain above it, an address, a network or `*`."""
    host = url.host.rstrip(".").lower()
    for entry in filter(None, re.split(r"[,\s]+", names.lower())):
        with suppress(ValueError):
            if ipaddress.ip_address(host) in ipaddress.ip_network(entry.strip("[]"), strict=False):
                return True
            continue
        name, _, port = entry.partition(":") if entry.count(":") == 1 else (entry, "", "")
        name = name.removeprefix("*").lstrip(".")
        default = "443" if url.scheme == "https" else "80"
        if port not in ("", str(url.port or default)):
            continue
        if entry == "*" or (name and (host == name or host.endswith(f".{name}"))):
            return True
    return False


def trusted_certificates(
    environment: Mapping[str, str], error: type[StudioError]
) -> ssl.SSLContext:
    """Whom to trust: the certificates that the environment names, else certifi's and the system's.

    Raises:
        error: what a variable names cannot be read as certificates.
    """
    named = {name: environment[name] for name in CERTIFICATES if environment.get(name)}
    if not named:
        context = httpx.create_ssl_context(trust_env=False)  # certifi's
        context.load_default_certs()  # the system's
        return context
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for name, place in named.items():
        path = Path(place).expanduser()
        try:
            if path.is_dir():
                context.load_verify_locations(capath=path)
            else:
                context.load_verify_locations(cafile=path)
        except (OSError, ssl.SSLError):
            raise error(
                f"{name} names {place}, which cannot be read as certificates; mend or unset it."
            ) from None
    return context


def read_json(data: bytes | str) -> Any:
    """JSON of a stranger: nesting is bounded, and numbers are finite or None.

    Raises:
        ValueError: it is not JSON, or is nested too deep.
    """
    text = data if isinstance(data, str) else data.decode("utf-8-sig")
    if _is_deep(text):
        raise ValueError("nested too deep")
    return FINITE_JSON.decode(text)


def mended_text(text: str) -> str:
    """A stranger's text as one that can be written: what is half of a character becomes a mark.

    JSON writes characters beyond the sixteenth bit as two halves, and anyone can send one of them.
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


FINITE_JSON = json.JSONDecoder(
    strict=False,
    parse_float=_finite,
    parse_int=lambda digits: int(digits) if len(digits) <= _LONGEST_NUMBER else None,
    parse_constant=lambda _: None,
)
"""Reads NaN, infinities and numbers without measure as None, and line breaks within texts."""


_BRACKETS = re.compile(r'(?:[^][{}"]|"(?:[^"\\]|\\.)*+"?)*+(?:([][{}])|\Z)', re.DOTALL)
"""What comes before a bracket, texts with brackets of their own included, and the bracket. A text
that is not closed is passed over as a whole, lest it be read again from every quote in it."""


def _is_deep(text: str) -> bool:
    """Whether brackets stand within more brackets than are read."""
    depth = 0
    for match in _BRACKETS.finditer(text):
        depth += {"[": 1, "{": 1, None: 0}.get(match[1], -1)
        if depth > _MOST_DEPTH:
            return True
    return False


class _WholeError(Exception):
    """What is still to come of an answer is not worth waiting for."""


class Reply:
    """A server's answer while it comes in.

    Attributes:
        status: of HTTP.
        headers: by name, in any case.
    """

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str],
        body: Iterator[bytes],
        connection: Connection,
    ):
        self.status = status
        self.headers = headers
        self._body = body
        self._connection = connection
        self._until = math.inf

    def expect_end(self, seconds: float) -> None:
        """The answer is whole by now: what still comes is waited for no longer than this."""
        self._until = min(self._until, time.monotonic() + seconds)

    def check(self) -> None:
        """Raise if there is no more to wait for, like `Connection.check`."""
        self._connection.check()
        if time.monotonic() >= self._until:
            raise _WholeError

    def chunks(self) -> Iterator[bytes]:
        """The body piece by piece, decompressed.

        Raises:
            StudioError, of the connection's kind: it is too large, too slow, or cannot be unpacked.
            Cancelled: the person stopped it.
        """
        name, bounds, error = self._connection.name, self._connection.bounds, self._connection.error
        size = 0
        with suppress(_WholeError):
            for chunk in self._unpacked():
                size += len(chunk)
                if size > bounds.size:
                    raise error(
                        f"{name} sent far too much (over {bounds.size / 1e6:g} MB); choose another."
                    )
                self.check()
                yield chunk
        self._connection.check()

    def body(self, most: int) -> bytes:
        """The first `most` bytes of the body."""
        taken = bytearray()
        for chunk in self.chunks():
            taken += chunk
            if len(taken) >= most:
                break
        return bytes(taken[:most])

    def _unpacked(self) -> Iterator[bytes]:
        """The body without its compression, which was not asked for but may come all the same."""
        coding = self.headers.get("content-encoding", "").strip().lower()
        if coding in ("", "identity"):
            yield from self._body
            return
        unreadable = self._connection.error(
            f"{self._connection.name} sent an answer that cannot be unpacked; choose another."
        )
        if coding not in ("gzip", "x-gzip", "deflate"):
            raise unreadable
        inflating = zlib.decompressobj(zlib.MAX_WBITS | 32)  # 32: of gzip or of zlib, as it comes
        try:
            for raw in self._body:
                while raw:
                    yield inflating.decompress(raw, _PIECE)
                    raw = inflating.unconsumed_tail
            yield inflating.flush()
        except zlib.error:
            raise unreadable from None


class Connection:
    """A conversation with one server, within bounds, that Cancel ends at once.

    Use it as a context manager. A thread of its own asks and reads, since neither the look-up of a
    name nor a handshake can be broken off: once the time is over or the person stops, it is left
    behind, and its socket is shut.

    Args:
        name: how sentences call the server.
        error: the kind of error that they are.
        headers: sent with every request.
    """

    def __init__(
        self,
        name: str,
        error: type[StudioError],
        bounds: Bounds,
        cancel: threading.Event | None = None,
        headers: Mapping[str, str] | None = None,
    ):
        self.name = name
        self.error = error
        self.bounds = bounds
        self._cancel = cancel or threading.Event()
        self._headers = {"Accept-Encoding": "identity", **(headers or {})}
        self._clients: dict[str, httpx.Client] = {}
        self._proxy = ""
        self._socket: socket.socket | None = None
        self._over = threading.Event()
        self._ends = time.monotonic() + bounds.longest

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._hang_up()
        for client in self._clients.values():
            client.close()

    @property
    def left(self) -> float:
        """Seconds that the conversation may still take."""
        return self._ends - time.monotonic()

    def check(self) -> None:
        """Raise if the person stopped it, or its time is over."""
        if self._cancel.is_set():
            raise Cancelled(f"Waiting for {self.name} was stopped.")
        if self.left <= 0:
            raise self.error(
                f"{self.name} is too slow (over {self.bounds.longest:g} s); "
                "draft again or choose another."
            )

    def wait(self, seconds: float) -> None:
        """Pause before another request; raises as `check` does."""
        self._cancel.wait(max(0.0, min(seconds, self.left)))
        self.check()

    @contextmanager
    def request(self, method: str, url: httpx.URL, body: Any = None) -> Iterator[Reply]:
        """Send a request, with `body` as JSON, and read the answer inside of the block.

        Raises:
            StudioError, of the connection's kind: in a sentence that names the cause.
            Cancelled: the person stopped it.
        """

        def converse(send: Callable[[bytes], None]) -> None:
            response = self._send(method, url, body)
            try:
                heads.append(response)
                send(b"")  # the head is there
                for raw in response.iter_raw():
                    send(raw)
            finally:
                response.close()

        def check() -> None:
            (replies[0] if replies else self).check()

        heads: list[httpx.Response] = []
        replies: list[Reply] = []
        try:
            with Detached(converse, check) as pieces:
                next(pieces)
                replies.append(Reply(heads[0].status_code, heads[0].headers, pieces, self))
                try:
                    yield replies[0]
                finally:
                    if not pieces.ended:
                        self._hang_up()  # what is still to come is not read
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError) as cause:
            self.check()
            raise self.error(self._explained(cause, url)) from None
        except UnicodeError:  # of a name that no look-up takes, or a text that cannot be sent
            raise self.error(
                f"{self.name} cannot be asked (its name, or what is sent, holds characters that "
                "do not belong there); check how they are written."
            ) from None

    def _send(self, method: str, url: httpx.URL, body: Any) -> httpx.Response:
        """The answer to a request, after redirects within the host."""
        for _ in range(_MOST_REDIRECTS + 1):
            client = self._client(url)
            traced = {"trace": self._note_socket}
            request = client.build_request(method, url, json=body, extensions=traced)
            response = client.send(request, stream=True)
            place = response.headers.get("location")
            if response.status_code not in _REDIRECTS or not place:
                return response
            response.close()
            url = self._redirected(url, place)
        raise self.error(f"{self.name} redirects without end; check its address.")

    def _redirected(self, url: httpx.URL, place: str) -> httpx.URL:
        """Where a redirect leads: to the same host, and never from HTTPS back to HTTP."""
        target = url.join(place)
        safer = target.scheme == url.scheme or target.scheme == "https"
        if target.host != url.host or not safer:
            raise self.error(
                f"{self.name} redirects to {target.scheme}://{shown_address(target)}; "
                "write that address if you trust it."
            )
        return target

    def _client(self, url: httpx.URL) -> httpx.Client:
        """The client for a URL's scheme, since each has its own proxy."""
        self._proxy = proxy_for(url, urllib.request.getproxies())
        if self._proxy and urllib.request.proxy_bypass(url.host):  # knows the system's own list
            self._proxy = ""
        if url.scheme not in self._clients:
            secure = url.scheme == "https" or self._proxy.startswith("https:")
            nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            trusted = trusted_certificates(os.environ, self.error) if secure else nobody
            try:
                self._clients[url.scheme] = httpx.Client(
                    verify=trusted,
                    trust_env=False,
                    headers=self._headers,
                    timeout=httpx.Timeout(self.bounds.silent, connect=self.bounds.connect),
                    proxy=_proxy(self._proxy, trusted),
                )
            except (ValueError, ImportError, httpx.InvalidURL):
                raise self.error(
                    f"The proxy {without_password(self._proxy)[:80]} is not of a known kind; write "
                    "it in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY like http://HOST:PORT or "
                    "socks5://HOST:PORT."
                ) from None
        return self._clients[url.scheme]

    def _note_socket(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._socket = info["return_value"].get_extra_info("socket")
            if self._over.is_set():  # it took so long that nobody waits for it any more
                info["return_value"].close()
                raise LeftBehindError

    def _hang_up(self) -> None:
        """Shut the socket, on which a thread that was left behind may be waiting."""
        if self._socket is not None:
            with suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _explained(self, cause: BaseException, url: httpx.URL) -> str:
        """Why no answer came, and what to do."""
        behind = list(_causes(cause))
        host = url.host
        if self._proxy:
            host = httpx.URL(self._proxy).host
        if untrusted := _first(behind, ssl.SSLCertVerificationError):
            return (
                f"The certificate of {self.name} is not trusted ({untrusted.verify_message}); "
                "if it is one of your own, name the file of its authority in SSL_CERT_FILE."
            )
        if _first(behind, ssl.SSLError):
            return f"{self.name} does not speak HTTPS; check whether its address begins http://."
        if isinstance(cause, httpx.ProxyError):
            return f"The proxy {host} refused ({cause}); check its address, name and password."
        if _first(behind, socket.gaierror):
            return f"The name {host} is not known on this network; check how it is written."
        if isinstance(cause, httpx.ConnectTimeout | httpx.ConnectError):
            failed = _first(behind, OSError)
            late = isinstance(cause, httpx.ConnectTimeout)
            why = "no answer" if late or failed is None else failed.strerror or "no answer"
            if self._proxy:
                return f"The proxy {host} cannot be reached ({why}); check HTTP_PROXY and others."
            return f"{self.name} cannot be reached ({why}); start it or check its address."
        if isinstance(cause, httpx.TimeoutException):
            return (
                f"{self.name} is too slow (silent for {self.bounds.silent:g} s); "
                "draft again or choose another."
            )
        return f"{self.name} broke the connection off; draft again or check its address."


def _proxy(address: str, trusted: ssl.SSLContext) -> httpx.Proxy | None:
    if not address:
        return None
    return httpx.Proxy(address, ssl_context=trusted if address.startswith("https:") else None)


def _causes(cause: BaseException | None) -> Iterator[BaseException]:
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _first(causes: list[BaseException], kind: type[_Cause]) -> _Cause | None:
    return next((cause for cause in causes if isinstance(cause, kind)), None)
