"""The names that the studio answers to, and the pages that may ask it something.

A page elsewhere can give its own name the address of this machine (DNS rebinding). Its requests
then come from a browser here, and count there as its own; only the name in Host tells. So the
studio answers to names that belong to it. An address in Host cannot be rebound: who reaches the
studio by one was led there by nobody's name.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers

_AUTHORITY = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^\s\[\]:/?#@]+)(?::(?P<port>[0-9]{1,5}))?")
_PORTS = {"http": 80, "https": 443}
_LOCALHOST = "localhost"


def is_local(host: str) -> bool:
    """Whether only this machine can reach the address."""
    address = _address(host)
    return host == _LOCALHOST if address is None else address.is_loopback


def bare_name(host: str) -> str:
    """A host's name or address as names are compared: no brackets, no final dot, small letters."""
    return host.strip("[]").removesuffix(".").lower()


@dataclass(frozen=True)
class TrustedHosts:
    """What the studio answers to, besides this machine's own names.

    Attributes:
        names: of `--host` and every `--allow-host`.
        shared: other machines can reach the studio, by any of this one's addresses.
    """

    names: frozenset[str]
    shared: bool

    def trusts(self, name: str) -> bool:
        """Whether a request may name this host, on whatever port."""
        name = bare_name(name)
        return is_local(name) or name in self.names or (self.shared and _address(name) is not None)


def trusted_hosts(host: str, allowed: Iterable[str] = ()) -> TrustedHosts:
    """What a studio at `host` answers to.

    Args:
        allowed: further names by which it is reached; one that is not this machine's means that
            others come by it, through a proxy that passes their requests on.
    """
    names = frozenset(map(bare_name, (host, *allowed)))
    return TrustedHosts(names - {""}, shared=not all(map(is_local, names)))


def named_hosts(headers: Headers) -> list[str]:
    """Hosts that a request names, ports left out: where it was sent, and what a proxy says of that.

    A header that names no host counts as the name "". Gradio makes addresses of what a proxy says.
    """
    said = [headers.get("host", ""), *_forwarded(headers)]
    found = [_AUTHORITY.fullmatch(text) for text in said]
    return [bare_name(match["name"]) if match else "" for match in found]


def is_foreign(headers: Headers, *, opening: bool) -> bool:
    """Whether a page asks that is not the studio's own; programs, which send no Origin, are not.

    Args:
        opening: the request opens the studio's page, which a link elsewhere may do.
    """
    origin = headers.get("origin")
    if origin is not None:
        authorities = (headers.get("host", ""), *_forwarded(headers))
        return not any(_same(origin, authority) for authority in authorities)
    if headers.get("sec-fetch-site", "none") in ("same-origin", "none"):
        return False
    in_a_tab = headers.get("sec-fetch-dest") == "document"
    return not (opening and in_a_tab)


def _forwarded(headers: Headers) -> list[str]:
    """Hosts in X-Forwarded-Host, which a page elsewhere cannot set without being asked first."""
    said = headers.get("x-forwarded-host", "")
    return [part.strip() for part in said.split(",")] if said else []


def _same(origin: str, authority: str) -> bool:
    found = _AUTHORITY.fullmatch(authority)
    try:
        page = urlsplit(origin)
        usual = _PORTS.get(page.scheme)
        asked = (page.hostname, page.port or usual)
    except ValueError:
        return False
    if not found or not page.hostname or usual is None:
        return False
    return asked == (found["name"].strip("[]").lower(), int(found["port"] or usual))


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None
