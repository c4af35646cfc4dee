"""Chat servers as they are found: what one refuses is left out, what goes wrong is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import pytest

from core.director.endpoint import EndpointDirector, retry_after
from core.director.external import read_answer
from core.errors import PlanError
from tests.http_servers import Request, one_after_another, said, served

Answer = Callable[[Request], None]
PLAN = json.dumps({"events": [{"caption": "a kettle", "seconds": 5}, {"caption": "a phone"}]})
DRAFT = json.dumps({"events": [{"caption": "a dog", "seconds": 9}]})


def plans(request: Request) -> None:
    request.reply(said(PLAN))


def answers_of(url: str, model: str = "m1", key: str = "sk-secret", **bounds: float) -> list[str]:
    director = EndpointDirector(url, model, key, **bounds)
    return list(director.answer("a kettle, then a phone", 9.0, None))


def planned(answer: Answer, **bounds: float) -> tuple[list[str], list[dict[str, Any]]]:
    """The captions of the plan that a server brings out, and the requests that it took."""
    with served(answer) as (url, seen):
        final = answers_of(url, **bounds)[-1]
    items = read_answer(final, "It").items
    return [item.phrase for item in items], [request.asked for request in seen]


def sentence(answer: Answer, **given: Any) -> tuple[str, int]:
    """The error that a server's answer leads to, and the number of requests."""
    with served(answer) as (url, seen), pytest.raises(PlanError) as caught:
        answers_of(url, **given)
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text
    assert "sk-secret" not in text
    return text, len(seen)


def refusing(words: str, holds: Callable[[dict[str, Any]], bool], status: int = 400) -> Answer:
    """A server that refuses what `holds`, with these words, and plans otherwise."""

    def answer(request: Request) -> None:
        if holds(request.asked):
            request.reply({"error": {"message": words, "type": "invalid_request_error"}}, status)
        else:
            plans(request)

    return answer


def form(asked: dict[str, Any]) -> str:
    return str((asked.get("response_format") or {}).get("type", ""))


@pytest.mark.parametrize(
    ("words", "holds", "requests"),
    [
        (
            "Unsupported parameter: 'max_tokens' is not supported with this model. "
            "Use 'max_completion_tokens' instead.",
            lambda asked: "max_tokens" in asked,
            2,
        ),
        (
            "max_tokens is too large: 8000. The maximum context length is 4096 tokens.",
            lambda asked: "max_tokens" in asked or "max_completion_tokens" in asked,
            3,
        ),
        (
            "Unsupported value: 'temperature' does not support 0 with this model.",
            lambda asked: "temperature" in asked,
            2,
        ),
        ("response_format.type json_schema is unavailable", lambda a: form(a) == "json_schema", 2),
        ("Streaming is not supported: stream must be false", lambda asked: asked["stream"], 2),
        ("System role not supported", lambda a: a["messages"][0]["role"] == "system", 2),
        ("Invalid request", lambda asked: bool(form(asked)), 3),
        ("Invalid request", lambda asked: len(asked) > 3, 4),
    ],
)
def test_what_a_server_refuses_is_left_out(
    words: str, holds: Callable[[dict[str, Any]], bool], requests: int
) -> None:
    captions, asked = planned(refusing(words, holds))
    assert captions == ["a kettle", "a phone"]
    assert len(asked) == requests
    assert "a kettle, then a phone" in asked[-1]["messages"][-1]["content"]


def test_several_refusals_are_met_one_after_the_other() -> None:
    """As the newest models of a cloud do it, behind a server that knows no forms."""

    def answer(request: Request) -> None:
        for part in ("max_tokens", "temperature", "response_format"):
            if part in request.asked:
                request.reply({"detail": [{"loc": ["body", part], "msg": "no"}]}, 422)
                return
        plans(request)

    captions, asked = planned(answer)
    assert captions == ["a kettle", "a phone"]
    assert "max_completion_tokens" in asked[-1]
    assert len(asked) == 5


@pytest.mark.parametrize(
    "words", ["Invalid request", "temperature max_tokens stream system schema"]
)
def test_a_server_that_refuses_everything_is_not_asked_for_ever(words: str) -> None:
    text, requests = sentence(refusing(words, lambda _: True))
    assert f"refused (400: {words})" in text
    assert requests <= 8


@pytest.mark.parametrize(
    "answer",
    [
        lambda r: r.stream({"role": "assistant", "content": None}, {"content": PLAN}),
        lambda r: r.stream(*({"content": c} for c in PLAN)),
        lambda r: r.stream({"reasoning_content": f"Like {DRAFT}?"}, {"content": PLAN}),
        lambda r: r.stream({"reasoning": f"Like {DRAFT}?"}, {"content": PLAN}),
        lambda r: r.stream({"content": f"<think>{DRAFT}"}, {"content": f"</think>{PLAN}"}),
        lambda r: r.stream({"content": None}, {"reasoning_content": PLAN}),
        lambda r: r.stream({"content": f"{PLAN}\n\n\n"}, finish="length"),
        lambda r: r.reply(json.dumps(said(PLAN), indent=2).encode()),
        lambda r: r.reply(said([{"type": "text", "text": PLAN}])),  # type: ignore[arg-type]
        lambda r: r.reply(
            said([{"type": "thinking", "thinking": [{"text": DRAFT}]}, {"text": PLAN}])  # type: ignore[arg-type]
        ),
        lambda r: r.reply(f"data:{json.dumps(said(PLAN))}\r\n\r\ndata: [DONE]\r\n".encode()),
        lambda r: r.reply(f": ping\nevent: x\nid: 1\ndata: {json.dumps(said(PLAN))}".encode()),
        lambda r: r.reply(said(PLAN), Content_Type="text/html"),
        lambda r: r.reply(PLAN.encode()),
    ],
    ids=[
        "streamed", "letter by letter", "reasoning_content", "reasoning", "thinking in the text",
        "all in reasoning_content", "blank to the limit", "in one piece", "parts", "thinking parts",
        "CRLF", "other fields", "called a page", "no chat completion",
    ],
)  # fmt: skip
def test_the_answer_is_found_where_a_server_puts_it(answer: Answer) -> None:
    captions, asked = planned(answer)
    assert captions == ["a kettle", "a phone"]
    assert len(asked) == 1


def test_the_thinking_is_shown_until_the_answer_comes() -> None:
    def answer(request: Request) -> None:
        request.send_response(200)
        request.end_headers()
        for delta in ({"reasoning_content": "A kettle …"}, {"content": PLAN}):
            request.wfile.write(f"data: {json.dumps({'choices': [{'delta': delta}]})}\n".encode())
            request.wfile.flush()

    with served(answer) as (url, _):
        shown = answers_of(url)
    assert shown[0] in ("A kettle …", PLAN)  # both pieces may arrive as one
    assert shown[-1] == PLAN


def test_an_empty_answer_is_asked_for_in_another_form() -> None:
    captions, asked = planned(lambda r: r.stream({"content": "" if form(r.asked) else PLAN}))
    assert captions == ["a kettle", "a phone"]
    assert [form(a) for a in asked] == ["json_schema", "json_object", ""]
    text, requests = sentence(lambda r: r.stream({"content": ""}))
    assert "came to no answer" in text
    assert requests == 3


@pytest.mark.parametrize(
    "answer",
    [
        lambda r: r.stream({"content": PLAN[:40]}, finish="length"),
        lambda r: r.stream({"content": f"Maybe {DRAFT}, or rather"}, finish="length"),
        lambda r: r.stream({"content": f"<think>{DRAFT}"}, finish="length"),
        lambda r: r.stream({"reasoning_content": f"Maybe {DRAFT}, or"}, finish="length"),
    ],
)
def test_an_answer_cut_off_at_the_limit_is_none(answer: Answer) -> None:
    text, requests = sentence(answer)
    assert "cut off at its limit of tokens" in text
    assert requests == 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again_when_it_says_and_that_is_said(status: int) -> None:
    busy = lambda r: r.reply({"error": "Loading model"}, status, Retry_After="0.05")  # noqa: E731
    with served(one_after_another(busy, busy, plans)) as (url, seen):
        shown = answers_of(url)
    assert shown == [f"m1 at {url[7:-3]} is busy; it is asked again in 0.05 s."] * 2 + [PLAN]
    assert len(seen) == 3
    text, requests = sentence(busy)
    assert f"({status}: Loading model)" in text
    assert requests == 3


def test_a_server_that_is_busy_for_long_is_not_waited_for() -> None:
    text, requests = sentence(lambda r: r.reply({}, 429, Retry_After="3600"))
    assert "busy (429) and asks to wait 3600 s" in text
    assert requests == 1


def test_a_time_to_wait_is_seconds_or_a_date() -> None:
    now = 1_700_000_000.0
    assert retry_after("20", now) == 20.0
    assert retry_after(formatdate(now + 90, usegmt=True), now) == 90.0
    assert retry_after(formatdate(now - 90, usegmt=True), now) == 0.0
    assert retry_after("", now) is None
    assert retry_after("soon", now) is None
    assert retry_after("9" * 400, now) is None


PAGE = b"<!doctype html><html><body>Not here</body></html>"
CAUSES: list[tuple[int, Any, str]] = [
    (
        401,
        {"error": {"message": "Bad key sk-secret"}},
        "does not accept the API key (401: Bad key …)",
    ),
    (402, {"error": {"message": "No credits"}}, "wants to be paid (402: No credits)"),
    (403, PAGE, "does not allow this (403); check the key's rights"),
    (404, PAGE, "has nothing at this address (404); such addresses mostly end in /v1"),
    (404, {"detail": "Not Found"}, "has nothing at this address (404: Not Found)"),
    (404, {"error": {"message": "The model `m1` does not exist"}}, "does not know this model (404"),
    (404, {"error": "model 'm1' not found, try pulling it first"}, "does not know this model (404"),
    (400, {"error": {"message": "m1 is not a valid model ID"}}, "does not know this model (400"),
    (400, {"error": {"message": "?", "code": "model_not_found"}}, "does not know this model (400"),
    (413, PAGE, "finds the request too large (413); shorten"),
    (500, {"error": {"message": "out of memory"}}, "failed on its own side (500: out of memory)"),
    (502, PAGE, "cannot be reached by the server before it (502)"),
    (504, b"", "is too slow for the server before it (504)"),
    (407, PAGE, "behind a proxy that wants a name (407)"),
    (303, b"", "refused (303)"),
    (200, PAGE, "sent a web page, no answer; such addresses mostly end in /v1"),
    (
        200,
        {"error": {"message": "Rate limit", "code": 429}},
        "allowance is used up (429: Rate limit)",
    ),
    (200, {"error": "Unexpected endpoint"}, "refused (Unexpected endpoint)"),
    (200, said(None), "came to no answer"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(
    ("status", "body", "cause"), CAUSES, ids=[f"{s} {c}" for s, _, c in CAUSES]
)
def test_an_error_names_its_cause(
    status: int, body: Any, cause: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.director.endpoint._PAUSE", 0.01)
    text, requests = sentence(lambda r: r.reply(body, status))
    assert cause in text
    assert requests <= 4


def test_an_unknown_model_is_answered_with_those_that_there_are() -> None:
    def answer(request: Request) -> None:
        if request.command == "GET":
            request.reply({"data": [{"id": "qwen3"}, {"id": "llama\n4"}]})
        else:
            request.reply({"error": "model 'm1' not found"}, 404)

    assert "it has qwen3, llama 4." in sentence(answer)[0]


def test_without_a_name_the_first_model_of_the_server_is_asked() -> None:
    def answer(request: Request) -> None:
        request.reply({"data": [{"id": "qwen3"}]} if request.command == "GET" else said(PLAN))

    with served(answer) as (url, seen):
        answers_of(url, model="")
        assert seen[-1].asked["model"] == "qwen3"
    with served(plans) as (url, seen):
        answers_of(url, model="")
        assert seen[-1].asked["model"] == "default"


def test_the_key_is_sent_and_no_secret_is_shown() -> None:
    with served(plans) as (url, seen):
        answers_of(f"{url}/chat/completions?api-version=2")
        assert seen[0].path == "/v1/chat/completions?api-version=2"
        assert seen[0].headers["Authorization"] == "Bearer sk-secret"
        inside = url.replace("//", "//me:pass%20word@")
        answers_of(inside, key="")
        assert seen[1].headers["Authorization"] == "Basic bWU6cGFzcyB3b3Jk"
        answers_of(inside)
        assert seen[2].headers["Authorization"] == "Bearer sk-secret"
        assert "secret" not in repr(EndpointDirector(inside, "m1", "sk-secret"))
        assert "pass" not in repr(EndpointDirector(inside, "m1"))
        assert EndpointDirector(inside, "m1").name == f"m1 at {url[7:-3]}"
    for key in ("sk-\n", "schlüssel", "two words"):
        with pytest.raises(PlanError, match="characters that no key has"):
            EndpointDirector(url, "", key)


def test_a_redirect_within_the_host_still_asks() -> None:
    def answer(request: Request) -> None:
        if request.path.startswith("/v1"):
            request.reply(b"", 301, Location="/api" + request.path)
        else:
            plans(request)

    with served(answer) as (url, seen):
        assert answers_of(url)[-1] == PLAN
    assert [r.command for r in seen] == ["POST", "POST"]
    assert seen[1].headers["Authorization"] == "Bearer sk-secret"


def test_an_answer_is_bounded_in_size_and_time() -> None:
    assert "far too much" in sentence(lambda r: r.reply(b"data: {}\n" * 500_000))[0]

    def endless(request: Request) -> None:
        request.send_response(200)
        request.end_headers()
        while True:
            request.wfile.write(b"data: {}\n")

    assert "too slow (over 0.2 s)" in sentence(endless, longest=0.2)[0]
