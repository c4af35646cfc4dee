"""Whom a handler works for, as far as turns go: people are told apart by their addresses."""

from __future__ import annotations

import ipaddress

from gradio.context import LocalContext

from studio.access.hosts import is_local

_CONNECTION = 64
"""Leading bits of a public IPv6 address that are a connection's: the others a machine chooses for
itself, and as many of them as it likes (RFC 4862)."""


def asking_person() -> str:
    """The person that the running handler answers; empty for this machine, and outside of one.

    Sessions do not tell people apart: a program may open any number of them. Behind a proxy the
    address is the one that the proxy passes on, and nobody's where it passes on none.
    """
    client = getattr(LocalContext.request.get(None), "client", None)
    return person_at(client.host) if client else ""


def person_at(address: str) -> str:
    """Who is at an address: the same text for all that one person can have; empty for this machine.

    Args:
        address: IPv4 or IPv6; something else, as a proxy may pass on, is a person by that name.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "" if is_local(address) else address
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or found
    if isinstance(found, ipaddress.IPv6Address) and found.is_global:
        return str(ipaddress.IPv6Network((int(found), _CONNECTION), strict=False))
    return "" if found.is_loopback else str(found)
