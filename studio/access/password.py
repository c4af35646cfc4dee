"""The password of a studio that others can reach, asked for by HTTP's Basic scheme.

Browsers have a window for it, `curl --user`, Gradio's client and proxies know it as well. The
studio knows one password and no accounts, so any user name will do.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from hashlib import sha256

from starlette.responses import PlainTextResponse, Response

_ASK = 'Basic realm="AudioStory studio", charset="UTF-8"'


class Password:
    """What a visitor has to know; kept as a digest, so that no message or log can show it."""

    def __init__(self, words: str) -> None:
        self._digest = sha256(words.encode()).digest()

    def opens(self, authorization: str) -> bool:
        """Whether a request's Authorization holds the password, as Basic or as Bearer.

        Takes as long for a wrong one as for the right one, however much of it is right.
        """
        scheme, _, value = authorization.partition(" ")
        given = value.strip().encode("latin-1")  # as headers are read
        if scheme.lower() == "basic":
            try:
                given = base64.b64decode(given, validate=True).partition(b":")[2]
            except binascii.Error:
                given = b""
        elif scheme.lower() != "bearer":
            given = b""
        return hmac.compare_digest(sha256(given).digest(), self._digest)


def password_question() -> Response:
    """The answer to who has not given the password: the browser asks for it."""
    text = "This studio asks for a password; any user name will do."
    return PlainTextResponse(text, status_code=401, headers={"WWW-Authenticate": _ASK})
