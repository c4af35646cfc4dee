"""What a process finds around it, settled once before anything else runs.

Output that cannot show every letter, a working folder that is gone, proxies that libraries choke
on: `settle` makes them harmless, or says in one sentence what to do. Folders are in core/places.py.
"""

from __future__ import annotations

import codecs
import io
import json
import os
import sys
from collections.abc import Iterator, MutableMapping
from typing import TextIO
from urllib.parse import urlsplit

from core.errors import StudioError

LIBRARIES = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "LRU_CACHE_CAPACITY": "64",
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "64",
    "GOMP_SPINCOUNT": "30000",
}
"""Settings by which libraries stay on this machine, within their memory, and let others work.

Where a processor multiplies bf16, PyTorch and oneDNN each keep compiled code for the last 1024
shapes, 0.7 MB a shape, and every length of a plan or a sound is a new one. A step of the sampler
needs some 20. Of 1200 shapes stayed 726 MB, with these settings 54 MB.

Threads that share a product wait for one another by spinning, and hold the processor that the
other one needs where something else is at work: beside one busy process `plan` took 45 s and more
on two cores, with a tenth of the turns 15 to 23 s. With fewer still, rendering alone is slower.
"""
OURSELVES = ("localhost", "127.0.0.1", "::1")
"""Hosts that are this machine: no proxy leads there."""
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_PROXY_KINDS = ("http", "https", "socks5", "socks5h")
"""Proxies that httpx knows."""
_ESCAPED = "json-escaped"
"""Name under which codecs know `_escape`."""


def settle() -> None:
    """Settle all that does not depend on the command."""
    settle_output()
    settle_libraries(os.environ)
    for note in settle_proxies(os.environ):
        print(note, file=sys.stderr)


def settle_libraries(environ: MutableMapping[str, str]) -> None:
    """Keep libraries from the network and from memory, unless the user has said otherwise."""
    for name, value in LIBRARIES.items():
        environ.setdefault(name, value)


def settle_output() -> None:
    """Let text streams escape what their encoding lacks, and stand in for such as are closed."""
    codecs.register_error(_ESCAPED, _escape)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ESCAPED)


def _escape(error: UnicodeError) -> tuple[str, int]:
    r"""Write what cannot be encoded as JSON does, \u96e8, so that JSON stays JSON."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


def print_json(text: str) -> None:
    """Print JSON so that whoever reads it as UTF-8 can, whatever the output's encoding is."""
    utf8 = codecs.lookup(sys.stdout.encoding or "utf-8").name == "utf-8"
    print(text if utf8 else text.encode("ascii", _ESCAPED).decode("ascii"), end="")


def leave_output(stream: TextIO) -> None:
    """Point a stream whose reader is gone at nothing, so that what is left in it hurts nobody."""
    try:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)
    except (OSError, ValueError):
        return


def check_working_folder() -> None:
    """Raises StudioError where the folder that relative paths begin from was deleted."""
    try:
        os.getcwd()
    except OSError:
        raise StudioError(
            "The folder that this was started in is gone; change to another one and start again."
        ) from None


def settle_proxies(environ: MutableMapping[str, str]) -> list[str]:
    """Keep proxies to other machines, and only such as are understood; returns what to say.

    Libraries read these variables by themselves, and many fail on import when one is odd.
    """
    notes = [*_mend_proxies(environ), *_mend_certificates(environ)]
    direct = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    hosts = [host.strip().strip("[]") for host in direct.split(",")]
    known = [host for host in hosts if host and not (":" in host and "/" in host)]
    more = [] if "*" in known else [host for host in OURSELVES if host not in known]
    environ["no_proxy"] = environ["NO_PROXY"] = ",".join([*known, *more])
    return notes


def _mend_proxies(environ: MutableMapping[str, str]) -> Iterator[str]:
    for name in list(environ):
        if name.lower() not in _PROXIES or not environ[name].strip():
            continue
        address = environ[name].strip()
        kind, there, rest = address.partition("://")
        if there and kind.lower() == "socks":  # what GNOME writes
            environ[name] = f"socks5://{rest}"
        elif not _is_proxy(address if there else f"http://{address}"):
            del environ[name]
            yield (
                f"The proxy in {name} is not understood and not used; "
                "write it as http://HOST:PORT or socks5://HOST:PORT."
            )


def _mend_certificates(environ: MutableMapping[str, str]) -> Iterator[str]:
    for name, there in (("SSL_CERT_FILE", os.path.isfile), ("SSL_CERT_DIR", os.path.isdir)):
        if name in environ and not there(environ[name]):
            del environ[name]
            yield f"{name} names nothing that is there and is not used; mend it or unset it."


def _is_proxy(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme.lower() in _PROXY_KINDS and bool(parts.hostname) and (parts.port != 0)
    except ValueError:
        return False
