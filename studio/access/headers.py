"""Headers of every answer, the page's Content-Security-Policy among them.

What the policy has to let through, tried in Chromium with Gradio 6.31:

- 'unsafe-eval' in script-src: Gradio makes functions of the scripts of the page (`js=` of a
  listener, `js_on_load` of a component) by `new Function`. They come from assets/studio.
- 'unsafe-inline' in style-src: Gradio, Svelte and the timeline write style elements and attributes.
- data: and blob: for images, sounds and fetches: icons in Gradio's style sheets, drawn waveforms,
  recordings of the microphone before they are uploaded.

Scripts that stand in the page itself are named by their digests, so that 'unsafe-inline' is not
needed for them: of what comes into the page later, with a story's words, no script and no handler
in an attribute runs.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from hashlib import sha256

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self' 'unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
    "font-src": "'self' data:",
    "img-src": "'self' data: blob:",
    "media-src": "'self' data: blob:",
    "connect-src": "'self' data: blob:",
    "worker-src": "'self' blob:",
    "manifest-src": "'self'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
_HEADERS = {
    "X-Frame-Options": "DENY",  # for browsers that know no frame-ancestors
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: the page's own requests would then come from the origin "null".
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self), payment=(), usb=()",
}
_SCRIPT = re.compile(rb"<script(?P<attributes>[^>]*)>(?P<text>.*?)</script>", re.DOTALL)


def content_security_policy(scripts: Iterable[bytes] = ()) -> str:
    """The policy of an answer.

    Args:
        scripts: those that stand in the page and may run.
    """
    digests = {base64.b64encode(sha256(text).digest()).decode() for text in scripts}
    policy = dict(_POLICY)
    named = (f"'sha256-{digest}'" for digest in sorted(digests))
    policy["script-src"] = " ".join((policy["script-src"], *named))
    return "; ".join(f"{name} {value}" for name, value in policy.items())


def inline_scripts(page: bytes) -> list[bytes]:
    """The scripts that stand in a page, as a browser digests them."""
    scripts = _SCRIPT.finditer(page)
    return [found["text"] for found in scripts if b"src=" not in found["attributes"]]


def with_headers(send: Send) -> Send:
    """Send an answer with the headers that all have."""
    policy = content_security_policy()

    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(_HEADERS)
            headers.setdefault("Content-Security-Policy", policy)
        await send(message)

    return guarded


def with_own_scripts(send: Send, first: bytes) -> Send:
    """Send the page with a policy that names its scripts; it is held back until it is whole.

    Args:
        first: scripts that come before those of Gradio, whose own way in is after them.
    """
    start: Message = {}
    page = bytearray()

    async def hold(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            start = message
            return
        page.extend(message.get("body", b""))
        if message.get("more_body"):
            return
        whole = bytes(page).replace(b"<head>", b"<head>" + first, 1)
        headers = MutableHeaders(scope=start)
        headers["Content-Security-Policy"] = content_security_policy(inline_scripts(whole))
        if page and "Content-Length" in headers:
            headers["Content-Length"] = str(len(whole))
        await send(start)
        await send({"type": "http.response.body", "body": whole})

    return hold
