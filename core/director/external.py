"""Other directors: any chat model behind an OpenAI-compatible endpoint, or in a folder.

Another director only writes the list of events; the bridge stays ours, since the finished plan is
teacher-forced through our own language model. What such a model sends is untrusted: it is
limited in size and time, and read as data alone.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlparse

import httpx

from core.errors import Cancelled, PlanError
from core.language.reasoning import Item
from core.language.stream import one_line
from core.story.limits import MAX_CAPTION

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

LARGEST = 200_000
"""Bytes that an answer may have; a plan of 24 events needs some 3000."""
_LONGEST = 180.0
"""Seconds that an answer may take in all."""
_SILENT = 60.0
"""Seconds that may pass between two pieces of an answer."""

_STARTS = 500
"""Brackets at which an answer is tried to be read: each may cost a thousand levels of nesting."""

SYSTEM = (
    "You plan soundscapes. Split the request into the sounds that are heard, one event each, in "
    "the order told, and add none of your own. Answer with JSON only, like "
    '{"events": [{"caption": "rain falling on a roof", "seconds": 6, "mood": "calm"}]}. '
    "The seconds of all events add up to the total; times in the request are kept exactly."
)

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "events": {
            "type": "array",
            "minItems": 1,
            "maxItems": 24,
            "items": {
                "type": "object",
                "properties": {
                    "caption": {"type": "string", "maxLength": 120},
                    "seconds": {"type": "number"},
                    "mood": {"type": "string", "maxLength": 30},
                },
                "required": ["caption", "seconds", "mood"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["events"],
    "additionalProperties": False,
}


class Director(Protocol):
    """Whoever plans in place of our own language model."""

    @property
    def name(self) -> str:
        """How the page and the errors call it."""

    def answer(
        self, instruction: str, total: float, cancel: threading.Event | None
    ) -> Iterator[str]:
        """The answer as far as it has come, again and again.

        Raises:
            PlanError: it cannot be reached, is too slow, or sends too much.
            Cancelled: `cancel` was set.
        """


def open_director(place: str, name: str = "", key: str = "") -> Director | None:
    """The director at a URL or in a folder; none for an empty place, which stands for our own.

    Raises:
        PlanError: the place is neither.
    """
    place = place.strip()
    if not place:
        return None
    if re.match(r"https?://", place):
        if not urlparse(place).hostname:
            raise PlanError(f"{place} is not a whole address; write it like http://HOST:PORT/v1.")
        return EndpointDirector(place, name.strip(), key.strip())
    if Path(place).expanduser().is_dir():
        return ChatModelDirector(Path(place).expanduser())
    raise PlanError(f"{place[:80]} is neither a URL nor a folder with a chat model; mend it.")


def read_answer(text: str, name: str) -> tuple[Item, ...]:
    """The events of an answer.

    Raises:
        PlanError: there are none in it.
    """
    for data in _objects(text):
        rows = data.get("events") if isinstance(data, dict) else data
        items = _items(rows) if isinstance(rows, list) else ()
        if items:
            return items
    raise PlanError(f"{name} answered without a list of events; draft again or choose another.")


def _objects(text: str) -> Iterator[Any]:
    """JSON values that begin anywhere in the text, so that fences and chatter do no harm."""
    decoder = json.JSONDecoder()
    for match in islice(re.finditer(r"[{\[]", text[:LARGEST]), _STARTS):
        try:
            yield decoder.raw_decode(text, match.start())[0]
        except (ValueError, RecursionError):
            continue


def _items(rows: Sequence[Any]) -> tuple[Item, ...]:
    items = []
    for row in rows[:24]:
        caption = row.get("caption") if isinstance(row, dict) else row
        caption = re.sub(r"[()]", " ", one_line(caption)) if isinstance(caption, str) else ""
        caption = " ".join(caption.split())[:MAX_CAPTION]
        if not any(c.isalpha() for c in caption):
            continue
        fields = row if isinstance(row, dict) else {}
        seconds, mood = fields.get("seconds"), fields.get("mood")
        length = float(seconds) if isinstance(seconds, (int, float)) else 0.0
        words = re.sub(r"[^\w' -]", " ", one_line(mood)) if isinstance(mood, str) else ""
        items.append(
            Item(
                caption,
                round(length, 1) if 0 < length <= 3600 else 0.0,
                " ".join(words.split())[:30],
            )
        )
    return tuple(items)


def _request(instruction: str, total: float) -> list[dict[str, str]]:
    return [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": f"{instruction}\nThe total is {total:g} seconds."},
    ]


@dataclass(frozen=True)
class EndpointDirector:
    """A chat model behind an OpenAI-compatible endpoint: llama.cpp, Ollama, vLLM, a cloud.

    The answer is requested by JSON schema, then as any JSON object, then in plain words: the first
    of these that the server accepts.

    Attributes:
        url: up to the version, like http://127.0.0.1:8080/v1.
        model: its name at the server; empty: the first that the server lists.
        key: bearer token; empty: none is sent.
    """

    url: str
    model: str = ""
    key: str = ""
    silent: float = _SILENT
    longest: float = _LONGEST

    @property
    def name(self) -> str:
        return f"{self.model or 'The director'} at {urlparse(self.url).netloc}"

    def answer(
        self, instruction: str, total: float, cancel: threading.Event | None
    ) -> Iterator[str]:
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        timeout = httpx.Timeout(self.silent, connect=min(5.0, self.silent))
        formats: tuple[dict[str, Any], ...] = (
            {
                "type": "json_schema",
                "json_schema": {"name": "plan", "schema": SCHEMA, "strict": True},
            },
            {"type": "json_object"},
            {},
        )
        try:
            with httpx.Client(timeout=timeout, headers=headers, trust_env=False) as client:
                body = {
                    "model": self.model or self._first_model(client),
                    "messages": _request(instruction, total),
                    "temperature": 0.0,
                    "max_tokens": 1200,
                    "stream": True,
                }
                for number, form in enumerate(formats, 1):
                    request = body | ({"response_format": form} if form else {})
                    refusable = number < len(formats)
                    stream = self._stream(client, request, refusable, cancel)
                    first = next(stream, None)
                    if first is None and refusable:
                        continue
                    yield first or ""
                    yield from stream
                    return
        except httpx.TimeoutException:
            raise PlanError(f"{self.name} is too slow; draft again or choose another.") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError):
            raise PlanError(
                f"{self.name} cannot be reached; start it or check its address."
            ) from None

    def _first_model(self, client: httpx.Client) -> str:
        """What the server calls its first model; servers of one model take any name."""
        try:
            with client.stream("GET", f"{self._base}/models") as response:
                data = json.loads(b"".join(_limited(response, self.name)))
            return str(data["data"][0]["id"])
        except (ValueError, LookupError, TypeError, PlanError):
            return "default"

    @property
    def _base(self) -> str:
        return self.url.rstrip("/").removesuffix("/chat/completions")

    def _stream(
        self,
        client: httpx.Client,
        body: dict[str, Any],
        refusable: bool,
        cancel: threading.Event | None,
    ) -> Iterator[str]:
        """The text so far; nothing at all if the server refuses this form of answer."""
        begun = time.monotonic()
        with client.stream("POST", f"{self._base}/chat/completions", json=body) as response:
            if refusable and response.status_code in (400, 404, 415, 422, 500, 501):
                return
            if response.status_code != 200:
                raise PlanError(
                    f"{self.name} refused with status {response.status_code}; "
                    "check its address, model and key."
                )
            text, rest = "", b""
            for chunk in _limited(response, self.name):
                if cancel is not None and cancel.is_set():
                    raise Cancelled("Drafting was stopped.")
                if time.monotonic() - begun > self.longest:
                    raise PlanError(f"{self.name} is too slow; draft again or choose another.")
                *lines, rest = (rest + chunk).split(b"\n")
                text += "".join(_delta(line) for line in lines)
                yield text
            text += _delta(rest) or (_whole(rest) if not text else "")
            yield text


def _limited(response: httpx.Response, name: str) -> Iterator[bytes]:
    """The body piece by piece.

    Raises:
        PlanError: it is larger than a plan can be.
    """
    size = 0
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > LARGEST * 20:
            raise PlanError(f"{name} sent far too much; choose another director.")
        yield chunk


def _delta(line: bytes) -> str:
    """The text in one line of an event stream."""
    if not line.startswith(b"data:"):
        return ""
    try:
        choice = json.loads(line[5:])["choices"][0]
        return str(choice.get("delta", {}).get("content") or "")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return ""


def _whole(body: bytes) -> str:
    """The text of an answer that was not streamed, from a server that cannot."""
    try:
        return str(json.loads(body)["choices"][0]["message"]["content"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return body.decode("utf-8", "replace")


@dataclass(frozen=True)
class ChatModelDirector:
    """Any transformers chat model in a folder; loaded at first use.

    Its answer is greedy and free; what is not JSON is looked through for some.
    """

    folder: Path
    most: int = 700

    @property
    def name(self) -> str:
        return self.folder.name

    @cached_property
    def _loaded(self) -> tuple[PreTrainedTokenizerBase, PreTrainedModel]:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(self.folder, local_files_only=True)
            model = AutoModelForCausalLM.from_pretrained(
                self.folder, local_files_only=True, use_safetensors=True
            )
        except Exception as cause:
            reason = one_line(str(cause))[:120]
            raise PlanError(f"{self.name} is not a chat model that loads ({reason}).") from None
        return tokenizer, model.eval()

    def answer(
        self, instruction: str, total: float, cancel: threading.Event | None
    ) -> Iterator[str]:
        import torch

        tokenizer, model = self._loaded
        if not tokenizer.chat_template:
            raise PlanError(f"{self.name} has no chat template; choose an instruction-tuned model.")
        ids = tokenizer.apply_chat_template(
            _request(instruction, total), add_generation_prompt=True, return_tensors="pt",
            return_dict=True,
        )["input_ids"]  # fmt: skip
        ends = model.generation_config.eos_token_id
        ends = set(ends if isinstance(ends, list) else [ends, tokenizer.eos_token_id])
        written: list[int] = []
        cache = None
        for _ in range(self.most):
            if cancel is not None and cancel.is_set():
                raise Cancelled("Drafting was stopped.")
            with torch.inference_mode():
                output = model(input_ids=ids, cache=cache, use_cache=True)
            cache = output.cache
            token = int(output.logits[0, -1].argmax())
            if token in ends:
                break
            written.append(token)
            ids = torch.tensor([[token]])
            yield tokenizer.decode(written, skip_special_tokens=True)
