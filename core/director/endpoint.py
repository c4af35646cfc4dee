"""A director behind an OpenAI-compatible endpoint: llama.cpp, Ollama, vLLM, a cloud.

Servers differ in what they take and where they put the answer. What one refuses is found out by
its refusal and left out, step by step and never twice; whatever remains is told in a sentence that
names the cause.
"""

from __future__ import annotations

import base64
import re
import threading
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from core.director.answer import (
    LONGEST_ANSWER,
    answer_schema,
    find_plan,
    request_messages,
    without_thinking,
)
from core.errors import PlanError
from core.language.stream import one_line
from core.network import (
    Bounds,
    Connection,
    Reply,
    mended_text,
    read_address,
    read_json,
    shown_address,
)

_BYTES_A_CHARACTER = 20
"""What a stream of small pieces needs around the text that it brings."""
_CONNECT = 5.0
"""Seconds until a connection has to stand."""
_SILENT = 60.0
"""Seconds that may pass between two pieces of an answer."""
_LONGEST = 300.0
"""Seconds that an answer may take in all; a model that thinks aloud writes some minutes."""
_MOST_LINES = 50_000
"""Lines of a stream that are read; a model writes some 8000 tokens at most, one a line."""
_AFTERWARDS = 2.0
"""Seconds for which a stream is read on whose last piece of text has come."""
_PATIENCE = 30.0
"""Seconds for which a busy server may ask to be left alone."""
_PAUSE = 2.0
"""Seconds after which one is asked again that is busy and does not say for how long."""
_MOST_PAUSES = 2
_MOST_TOKENS = 8000
"""Tokens of an answer with all its thinking; a score of 24 events needs some 2000."""
_MOST_ERROR = 20_000
"""Bytes that are read of a refusal."""
_MOST_NAMES = 5
"""Models that are named where one is not known."""
_QUOTED = 160
"""Characters of a server's own words in a sentence."""

_FORMS = ("json_schema", "json_object", "")
_LIMITS = ("max_tokens", "max_completion_tokens", "")
_CLUES = {
    "limit": r"max_(?:completion_|new_)?tokens|context (?:length|window|size)",
    "temperature": r"temperature",
    "form": r"response_format|json_schema|json_object|structured|schema|grammar|guided|parameters",
    "stream": r"\bstream",
    "system": r"\bsystem\b|developer instruction|roles must alternate",
}
"""Words by which a refusal names the part of a request that is not taken."""
_FORM_ONLY = (404, 415, 500, 501)
"""Statuses by which some servers refuse a form of answer that they do not know."""
_BUSY = (429, 503, 529)
_NOT_THERE = re.compile(
    r"\bno such\b|\bunknown\b|\binvalid\b|\bnot (?:be )?(?:found|a valid|exist|available|loaded)\b",
    re.IGNORECASE,
)
"""Words by which a refusal says that it knows no model of the name."""


@dataclass(frozen=True)
class RequestParts:
    """The parts of a request that not every server takes.

    Attributes:
        form: place in the forms of answer: by JSON schema, as any JSON object, in plain words.
        limit: place in the names of the limit of tokens, the last of which is none.
        system: whether the instructions are a message of their own.
    """

    form: int = 0
    limit: int = 0
    temperature: bool = True
    stream: bool = True
    system: bool = True

    def body(
        self, model: str, messages: list[dict[str, str]], schema: dict[str, Any]
    ) -> dict[str, Any]:
        """The request as JSON; `schema` is that of the answer."""
        if not self.system:
            messages = [{"role": "user", "content": "\n\n".join(m["content"] for m in messages)}]
        body: dict[str, Any] = {"model": model, "messages": messages, "stream": self.stream}
        if self.temperature:
            body["temperature"] = 0.0
        if name := _LIMITS[self.limit]:
            body[name] = _MOST_TOKENS
        if form := _FORMS[self.form]:
            body["response_format"] = {"type": form}
        if form == "json_schema":
            named = {"name": "plan", "schema": schema, "strict": True}
            body["response_format"]["json_schema"] = named
        return body

    def without(self, part: str) -> RequestParts | None:
        """The parts with one of them left out or called otherwise; None: that was done already."""
        if part == "form":
            return replace(self, form=self.form + 1) if self.form + 1 < len(_FORMS) else None
        if part == "limit":
            return replace(self, limit=self.limit + 1) if self.limit + 1 < len(_LIMITS) else None
        return replace(self, **{part: False}) if getattr(self, part) else None

    def after(self, refusal: RefusedError) -> RequestParts | None:
        """What to ask next; None: nothing that was not tried.

        A part that the refusal names is left out; if it names none, forms are tried first, then
        the barest request of all.
        """
        if refusal.status in _FORM_ONLY:
            return self.without("form")
        named = [part for part, clue in _CLUES.items() if re.search(clue, refusal.words, re.I)]
        for part in [*named, "form"]:
            if changed := self.without(part):
                return changed
        barest = RequestParts(len(_FORMS) - 1, len(_LIMITS) - 1, False, False, False)
        return barest if self != barest else None


@dataclass(eq=False)
class RefusedError(Exception):
    """A server's answer that is none.

    Attributes:
        status: of HTTP, or the code in the answer.
        words: what the server says; empty: nothing that a person could read.
        code: the server's short name of the cause.
        wait: seconds that it asks to be left alone.
        page: it is a web page.
    """

    status: int
    words: str = ""
    code: str = ""
    wait: float | None = None
    page: bool = False


class TooLongError(Exception):
    """An answer consists of more pieces than are read."""


class Completion:
    """What has come of an answer so far.

    Attributes:
        text: what is said to the person.
        thinking: what the server sends apart as the model's thinking.
        finish: why the model ended.
        done: the server said that nothing more comes.
    """

    def __init__(self) -> None:
        self.done = False
        self._lines = 0
        self.text = ""
        self.thinking = ""
        self.finish = ""
        self.declined = ""
        self._events = False
        self._others: list[bytes] = []

    @property
    def shown(self) -> str:
        """What there is to see: the text, or the thinking that comes before it."""
        return self.text or self.thinking

    def take_line(self, line: bytes) -> None:
        """A line of the body, of an event stream or of an answer in one piece.

        Raises:
            TooLongError: there were more than any answer has.
        """
        self._lines += 1
        if self._lines > _MOST_LINES:
            raise TooLongError
        field, colon, data = line.partition(b":")
        if colon and field == b"data":
            self._events = True
            self.done = self.done or data.strip() == b"[DONE]"
            self._take(data)
        elif not (colon and field == b"error" and self._take(data)):
            self._others.append(line)

    def finish_body(self, page: bool) -> None:
        """The body is whole: if it was no event stream, it is the answer itself.

        Raises:
            RefusedError: it is an error, or a web page.
        """
        body = b"\n".join(self._others)
        if self._events or not body.strip():
            return
        if self._take(body):
            return
        if page or re.match(rb"\s*<(?:!doctype|html|head|body)\b", body, re.I):
            raise RefusedError(200, page=True)
        self.text = body.decode("utf-8", "replace")

    def _take(self, data: bytes) -> bool:
        """Take a piece in, or all; whether it has the form of chat completions."""
        try:
            piece = read_json(data)
        except ValueError:
            return False
        if not isinstance(piece, dict):
            return False
        if piece.get("error") or piece.get("object") == "error":
            raise _refusal(200, piece)
        choices = piece.get("choices")
        if not isinstance(choices, list):
            return False
        if choices and isinstance(choices[0], dict):
            self._take_choice(choices[0])
        return True

    def _take_choice(self, choice: dict[str, Any]) -> None:
        message = choice.get("delta") or choice.get("message")
        if isinstance(message, dict):
            self.text += _content(message.get("content"), "text")
            thinking = message.get("reasoning_content") or message.get("reasoning")
            self.thinking += _content(thinking, "text")
            self.thinking += _content(message.get("content"), "thinking")
            self.declined += _content(message.get("refusal"), "text")
        self.finish = str(choice.get("finish_reason") or self.finish)


def _content(content: Any, kind: str) -> str:
    """The text of a message, which may come as a list of parts of several kinds."""
    if isinstance(content, str):
        return mended_text(content) if kind == "text" else ""
    if not isinstance(content, list):
        return ""
    found = [part.get(kind) for part in content if isinstance(part, dict)]
    texts = (part if isinstance(part, str) else _content(part, "text") for part in found)
    return mended_text("".join(texts))


def _refusal(status: int, data: Any, wait: float | None = None) -> RefusedError:
    """A refusal from the JSON that came with it."""
    error = data.get("error", data) if isinstance(data, dict) else data
    fields = error if isinstance(error, dict) else {"message": error}
    words = next((fields[k] for k in ("message", "detail", "msg") if fields.get(k)), "")
    code = str(fields.get("code"))
    if status == 200 and re.fullmatch(r"[45]\d\d", code):
        status = int(code)
    named = " ".join(str(fields[key]) for key in ("code", "param", "type") if fields.get(key))
    return RefusedError(status, one_line(str(words))[: 10 * _QUOTED], named, wait)


def retry_after(value: str, now: float) -> float | None:
    """Seconds that a Retry-After header asks for, which holds seconds or a date; None: no header.

    Args:
        now: seconds since 1970.
    """
    if re.fullmatch(r"\s*\d{1,9}(\.\d{1,9})?\s*", value):
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, OverflowError):
        return None


@dataclass(frozen=True)
class EndpointDirector:
    """A chat model behind an OpenAI-compatible endpoint.

    Attributes:
        url: up to the version, like http://127.0.0.1:8080/v1.
        model: its name at the server; empty: the first that the server lists.
        key: bearer token; empty: name and password of the address, if it has any.
        silent: seconds that may pass between two pieces of an answer.
        longest: seconds that an answer may take, with all attempts and waits.
        patience: seconds for which a busy server may ask to be left alone.
    """

    url: str = field(repr=False)
    model: str = ""
    key: str = field(default="", repr=False)
    silent: float = _SILENT
    longest: float = _LONGEST
    patience: float = _PATIENCE

    def __post_init__(self) -> None:
        """Raises PlanError: the address or the key cannot be one."""
        read_address(self.url, PlanError)
        if not re.fullmatch(r"[!-~]*", self.key):
            raise PlanError("The API key holds characters that no key has; copy it again.")

    @property
    def name(self) -> str:
        """How the page and the errors call it; no secret is in it."""
        return f"{self.model or 'The director'} at {shown_address(self._address)}"

    def answer(
        self, instruction: str, total: float, cancel: threading.Event | None
    ) -> Iterator[str]:
        """The answer as far as it has come; see `core.director.external.Director`."""
        size = LONGEST_ANSWER * _BYTES_A_CHARACTER
        bounds = Bounds(size, min(_CONNECT, self.silent), self.silent, self.longest)
        with Connection(self.name, PlanError, bounds, cancel, self._authorization) as connection:
            model = self.model or next(iter(self._models(connection)), "default")
            messages, schema = request_messages(instruction, total), answer_schema(total)
            parts: RequestParts | None = RequestParts()
            pauses = 0
            while parts is not None:
                try:
                    body = parts.body(model, messages, schema)
                    final = yield from self._attempt(connection, body)
                except RefusedError as refusal:
                    if _worth_waiting(refusal, pauses):
                        pauses += 1
                        yield from self._pause(connection, refusal)
                    elif (changed := _mended(parts, refusal, model)) is not None:
                        parts = changed
                    else:
                        raise PlanError(self._explained(connection, refusal, model)) from None
                except TooLongError:
                    raise PlanError(
                        f"{self.name} sent far too much (over {_MOST_LINES} pieces); "
                        "choose another."
                    ) from None
                else:
                    if final:
                        yield final
                        return
                    parts = parts.without("form")
            raise PlanError(f"{self.name} came to no answer; draft again or choose another.")

    def _attempt(self, connection: Connection, body: dict[str, Any]) -> Generator[str, None, str]:
        """Ask once.

        Returns:
            The final answer; empty: there is none, for another form of request to bring out.

        Raises:
            RefusedError: the server does not take the request.
        """
        completion = Completion()
        with connection.request("POST", self._at("chat/completions"), body) as reply:
            if reply.status != 200:
                raise _read_refusal(reply)
            rest: list[bytes] = []
            for chunk in reply.chunks():
                rest.append(chunk)
                if b"\n" not in chunk:
                    continue
                *lines, last = b"".join(rest).split(b"\n")
                rest, before = [last], completion.shown
                for line in filter(None, lines):
                    completion.take_line(line)
                if completion.shown != before:
                    yield completion.shown
                if completion.done:
                    break
                if completion.finish:
                    reply.expect_end(_AFTERWARDS)
            completion.take_line(b"".join(rest))
            completion.finish_body("text/html" in reply.headers.get("content-type", ""))
        return self._final(completion)

    def _final(self, completion: Completion) -> str:
        """The answer proper.

        Raises:
            PlanError: the model was cut off or declined.
        """
        text, thinking = completion.text, completion.thinking
        answered = without_thinking(text).strip()
        plan = find_plan(text if answered else thinking)
        if completion.finish == "length" and not (plan and plan.last):
            raise PlanError(
                f"{self.name} was cut off at its limit of tokens; "
                "give it a larger context or choose a model that thinks less."
            )
        if completion.finish == "content_filter" or (completion.declined and not answered):
            said = _said(RefusedError(200, completion.declined), self.key)
            raise PlanError(f"{self.name} declined to plan this{said}; word it otherwise.")
        if answered:
            return text
        if plan and plan.last and plan.sure:  # a grammar can make of the answer a thought
            return thinking
        return ""

    def _pause(self, connection: Connection, refusal: RefusedError) -> Iterator[str]:
        """Leave a busy server alone for as long as it asks, and say so.

        Raises:
            PlanError: it asks for too long.
        """
        seconds = _PAUSE if refusal.wait is None else refusal.wait
        if seconds > min(self.patience, connection.left):
            raise PlanError(
                f"{self.name} is busy{_said(refusal, self.key)} and asks to wait "
                f"{seconds:.0f} s; draft again then."
            ) from None
        yield f"{self.name} is busy; it is asked again in {seconds:.3g} s."
        connection.wait(seconds)

    def _explained(self, connection: Connection, refusal: RefusedError, model: str) -> str:
        """A refusal as a sentence: the cause, the server's own words, what to do."""
        status, name = refusal.status, self.name
        said = _said(refusal, self.key)
        if refusal.page and status == 200:
            return f"{name} sent a web page, no answer; such addresses mostly end in /v1."
        if _unknown_model(refusal, model):
            others = self._models(connection)[:_MOST_NAMES]
            remedy = f"it has {', '.join(others)}" if others else "check the model's name"
            return f"{name} does not know this model{said}; {remedy}."
        if advice := _ADVICE.get(status):
            cause, remedy = advice
            if status == 401 and self.key:
                cause = "does not accept the API key"
            return f"{name} {cause}{said}; {remedy}."
        if status >= 500:
            return f"{name} failed on its own side{said}; draft again later."
        return f"{name} refused{said}; check its address and model."

    def _models(self, connection: Connection) -> list[str]:
        """The models that the server lists; servers of one model may have no list."""
        with connection.request("GET", self._at("models")) as reply:
            try:
                listed = read_json(reply.body(connection.bounds.size))
                return [one_line(str(row["id"]))[:_QUOTED] for row in listed["data"]]
            except (ValueError, LookupError, TypeError):
                return []

    @property
    def _address(self) -> httpx.URL:
        return read_address(self.url, PlanError)

    @property
    def _authorization(self) -> dict[str, str]:
        """The key, or what stands before the @ of the address."""
        address = self._address
        if self.key:
            return {"Authorization": f"Bearer {self.key}"}
        if not address.userinfo:
            return {}
        pair = f"{address.username}:{address.password}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}

    def _at(self, place: str) -> httpx.URL:
        """The address of one of the server's functions, without name and password."""
        base = self._address.path.rstrip("/").removesuffix("/chat/completions")
        return self._address.copy_with(userinfo=b"", path=f"{base}/{place}", fragment=None)


_ADVICE = {
    401: ("wants an API key", "write it under API key, for commands in AUDIOSTORY_DIRECTOR_KEY"),
    402: ("wants to be paid", "see to the account or choose another"),
    403: ("does not allow this", "check the key's rights and the address"),
    404: ("has nothing at this address", "such addresses mostly end in /v1"),
    405: ("has no chat at this address", "such addresses mostly end in /v1"),
    407: (
        "lies behind a proxy that wants a name",
        "write HTTP_PROXY like http://NAME:PASSWORD@HOST",
    ),
    413: ("finds the request too large", "shorten the instruction or choose another model"),
    429: ("is busy, or its allowance is used up", "draft again in a minute"),
    502: ("cannot be reached by the server before it", "start it or check its address"),
    503: ("is not ready", "draft again in a minute"),
    504: ("is too slow for the server before it", "draft again in a minute"),
    529: ("is busy", "draft again in a minute"),
}
"""What a status means, and what to do."""


def _read_refusal(reply: Reply) -> RefusedError:
    wait = retry_after(reply.headers.get("retry-after", ""), time.time())
    body = reply.body(_MOST_ERROR)
    try:
        return _refusal(reply.status, read_json(body), wait)
    except ValueError:
        page = b"<" in body[:200]
        words = "" if page else one_line(body.decode("utf-8", "replace"))
        return RefusedError(reply.status, words[: 10 * _QUOTED], wait=wait, page=page)


def _worth_waiting(refusal: RefusedError, pauses: int) -> bool:
    """Whether a busy server is asked again: once more often if it says for how long to wait."""
    most = _MOST_PAUSES - (refusal.wait is None)
    return refusal.status in _BUSY and pauses < most


def _mended(parts: RequestParts, refusal: RefusedError, model: str) -> RequestParts | None:
    """What to ask after a refusal; None where another form of request would not help."""
    about_form = re.search("|".join(_CLUES.values()), refusal.words, re.I)
    if refusal.page or refusal.status not in (200, 400, 404, 415, 422, 500, 501):
        return None
    if _unknown_model(refusal, model) or (refusal.status in (200, 404) and not about_form):
        return None
    return parts.after(refusal)


def _unknown_model(refusal: RefusedError, model: str) -> bool:
    """Whether the model's name is what a server does not know."""
    if refusal.status not in (400, 404, 422):
        return False
    if "model_not_found" in refusal.code:
        return True
    if re.search("|".join(_CLUES.values()), refusal.words, re.I):
        return False
    named = rf"(?<![\w.-])(?:{re.escape(model)}|model)(?![\w.-])"
    return bool(re.search(named, refusal.words, re.I) and _NOT_THERE.search(refusal.words))


def _said(refusal: RefusedError, key: str) -> str:
    """Status and words of a refusal for a sentence, on one line and without the key."""
    words = refusal.words.replace(key, "…") if key else refusal.words
    words = "".join(c for c in words if c.isprintable()).strip(" .;:")[:_QUOTED]
    parts = [str(refusal.status)] * (refusal.status != 200) + [words] * bool(words)
    return f" ({': '.join(parts)})" if parts else ""
