"""What a hostile server answers to a director's request costs little, and ends in one sentence.

Sizes are those at which what grows with their square would not end; nothing here is timed.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from core.director.endpoint import EndpointDirector
from core.director.external import open_director, read_answer
from core.errors import PlanError
from core.network import read_json
from tests.http_servers import Request, said, served

Answer = Callable[[Request], None]
MANY = 200_000
MOST = 3_900_000
"""Bytes, just under those that are read at all."""


def piece(text: str) -> Answer:
    return lambda request: request.reply(said(text))


def body(data: bytes, **headers: str) -> Answer:
    return lambda request: request.reply(data, **headers)


def outcome(answer: Answer, model: str = "m1") -> str:
    """The first caption that is planned, and its seconds; or the error's sentence."""
    with served(answer) as (url, _):
        try:
            *_, final = EndpointDirector(url, model).answer("rain", 9.0, None)
            first = read_answer(final, "It").items[0]
        except PlanError as error:
            return str(error)
    return f"{first.phrase} {first.seconds:g}"


@pytest.mark.parametrize(
    "answer",
    [
        piece("[" * MANY),
        piece('[{"a":' * (MANY // 5)),
        piece("a</think>" * MANY),
        body(b"[" * MOST),
        body(b'"' + b'\\"' * (MOST // 2)),
        body(b'"' * MOST),
        body(b"\n" * MOST),
        body(b"data:\n" * (MOST // 6)),
        body(b"data: " + b"[" * MOST + b"\n\n"),
        body(gzip.compress(bytes(50_000_000)), Content_Encoding="gzip"),
        body(b"\x1b" * 1600, Content_Encoding="br"),
    ],
)
def test_what_is_made_to_be_costly_is_refused(answer: Answer) -> None:
    sentence = outcome(answer)
    assert sentence.endswith((".", "choose another."))
    assert "rain" not in sentence


@pytest.mark.parametrize(
    ("listed", "asked"),
    [
        (b"[" * MANY, "default"),
        (b'{"data":' + b"[" * 5000 + b"]" * 5000 + b"}", "default"),
        (b'{"data": null}', "default"),
        (b'{"data": [{"id": {"deep": 1}}]}', "{'deep': 1}"),
    ],
)
def test_a_strange_list_of_models_does_no_harm(listed: bytes, asked: str) -> None:
    models = []

    def answer(request: Request) -> None:
        if request.command == "GET":
            request.reply(listed)
        else:
            models.append(request.asked["model"])
            request.reply(said(json.dumps({"events": [{"caption": "rain", "seconds": 3}]})))

    assert outcome(answer, model="") == "rain 3"
    assert models == [asked]


@pytest.mark.parametrize(
    ("seconds", "read"),
    [("9" * 400, "0"), ("NaN", "0"), ("1e400", "0"), ("-5", "0"), (f'"{"9" * 400} s"', "0")],
)
def test_seconds_without_measure_are_as_none_that_were_given(seconds: str, read: str) -> None:
    plan = f'{{"events": [{{"caption": "rain", "seconds": {seconds}}}]}}'
    assert outcome(piece(plan)) == f"rain {read}"


@pytest.mark.parametrize("text", ['"' + '\\"' * MOST, '"' * MOST, "a" * MOST, "\\" * MOST])
def test_json_that_never_ends_is_read_once(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - what the decoder finds is its own affair
        read_json(text)


PLACES: list[Any] = [
    "me:secret@host:80/v1",
    "http:/me:secret@host/v1",
    "//me:se cret@host",
    "http://me:se cret@[::1/v1",
    "http://me:sec?ret@[::1/v1",
    "http://[::1/v1?key=secret",
    "a" * 300,
    "~nobody/model",
    "/" + "a/" * 1900,
    "\0",
    "\ud800",
    "http://\ud800/",
    "http://xn--a/v1",
    "http://127.0.0.1:9/\0",
]


@pytest.mark.parametrize("place", PLACES, ids=range(len(PLACES)))
def test_what_is_no_place_of_a_director_is_said_without_its_secrets(place: str) -> None:
    with pytest.raises(
        PlanError, match=r"write (an address|it) like http://HOST:PORT/v1\."
    ) as said_so:
        open_director(place)
    sentence = str(said_so.value)
    assert not any(secret in sentence for secret in ("secret", "cret@", "ret@"))
    sentence.encode()


@pytest.mark.parametrize(
    ("given", "what"),
    [
        (("h" * 5000, "", ""), "address"),
        (("", "m" * 5000, ""), "model's name"),
        (("", "", "k" * 5000), "API key"),
    ],
)
def test_what_is_too_long_is_said_and_not_cut(given: tuple[str, str, str], what: str) -> None:
    with pytest.raises(PlanError, match=f"{what} has 5000 characters"):
        open_director(*given)
