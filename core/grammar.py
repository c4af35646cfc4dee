"""The interleaved token stream of the director: written, parsed and enforced here and nowhere else.

    <|im_start|>system … <|im_end|> <|im_start|>user … <|im_end|> <|im_start|>assistant
    <|think|>{reasoning}<|/think|>
    <|gen|>{caption}<timestamp>{seconds}</timestamp><t5>…</t5><aud>…</aud><|/gen|>   once an event
    <|im_end|>

This is the paper's [BOT]…[EOT] ([BOG]…[EOG])* [EOS] with the names of the published checkpoint:
`t5` spans carry the semantic tokens, `aud` spans the residual tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.errors import PlanError

THINK, THINK_END = "<|think|>", "<|/think|>"
GEN, GEN_END = "<|gen|>", "<|/gen|>"
TIME, TIME_END = "<timestamp>", "</timestamp>"
SEMANTIC, SEMANTIC_END = "<t5>", "</t5>"
RESIDUAL, RESIDUAL_END = "<aud>", "</aud>"
TURN_END = "<|im_end|>"

MARKS = (THINK, THINK_END, GEN, GEN_END, TIME, TIME_END)
SPAN_MARKS = (SEMANTIC, SEMANTIC_END, RESIDUAL, RESIDUAL_END)

_MARK = re.compile(r"<\|?/?(?:think|gen|timestamp|t5|aud|im_start|im_end)(?:_\d+)?\|?>")
_EVENT = re.compile(
    re.escape(GEN)
    + r"(?P<caption>.*?)"
    + re.escape(TIME)
    + r"(?P<seconds>[^<]*)"
    + re.escape(TIME_END)
    + r"(?:(?!<\|gen\|>).)*?"
    + re.escape(GEN_END),
    re.DOTALL,
)
_MOOD = re.compile(r"\d+\.\s[^()]*\((?P<seconds>[\d.]+) s, (?P<mood>[^()]{1,60})\)")


@dataclass(frozen=True)
class PlannedEvent:
    """What the director writes for one event; a duration of 0 s was unreadable."""

    caption: str
    duration: float
    mood: str = ""


@dataclass(frozen=True)
class Plan:
    """A parsed stream: the reasoning and the events in the order told."""

    reasoning: str
    events: tuple[PlannedEvent, ...]


def without_marks(text: str) -> str:
    """User text with everything removed that the tokenizer would read as structure."""
    previous = None
    while previous != text:
        previous, text = text, _MARK.sub(" ", text)
    return text


def one_line(text: str) -> str:
    """Text without marks and with every run of white space made one space."""
    return " ".join(without_marks(text).split())


def semantic_names(count: int) -> list[str]:
    return [f"<t5_{i:05d}>" for i in range(count)]


def residual_names(count: int) -> list[str]:
    return [f"<aud_{i:05d}>" for i in range(count)]


def special_tokens(semantic: int, residual: int) -> list[str]:
    """Every token that a plain chat tokenizer lacks, in the order of their ids."""
    return [*MARKS, *SPAN_MARKS, *semantic_names(semantic), *residual_names(residual)]


def span_text(semantic: int, residual: int) -> str:
    """The bridging tokens of one event, which are always the same."""
    parts = [SEMANTIC, *semantic_names(semantic), SEMANTIC_END]
    parts += [RESIDUAL, *residual_names(residual), RESIDUAL_END]
    return "".join(parts)


def prompt_text(instruction: str, total: float) -> str:
    """The chat turn that asks for a story of `total` seconds, up to the assistant's first token."""
    return (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
        f"<|im_start|>user\n{without_marks(instruction)} "
        f"The total duration is {total:g} seconds.<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def plan_text(reasoning: str, events: Iterable[PlannedEvent], span: str = "") -> str:
    """The assistant's turn for a finished plan; `span` is `span_text(...)` or empty."""
    parts = [THINK, one_line(reasoning), THINK_END]
    for event in events:
        parts += [GEN, one_line(event.caption), TIME, f"{event.duration:g}", TIME_END]
        parts += [span, GEN_END]
    return "".join(parts) + TURN_END


def parse_plan(text: str) -> Plan:
    """Read an assistant turn.

    Raises:
        PlanError: there is no event, or an event has no caption.
    """
    head, _, rest = text.partition(THINK_END)
    reasoning = without_marks(head).strip()
    if not rest:
        reasoning, rest = "", text
    moods = [match["mood"] for match in _MOOD.finditer(reasoning)]
    events: list[PlannedEvent] = []
    for match in _EVENT.finditer(rest):
        mood = moods[len(events)] if len(events) < len(moods) else ""
        events.append(
            PlannedEvent(one_line(match["caption"]), _seconds(match["seconds"]), mood.strip())
        )
    if not events or any(not event.caption for event in events):
        raise PlanError("The director found no events; describe what should be heard.")
    return Plan(reasoning, tuple(events))


def _seconds(text: str) -> float:
    number = re.search(r"\d{1,4}(?:\.\d+)?", text)
    return float(number[0]) if number else 0.0


@dataclass(frozen=True)
class StreamIds:
    """Token ids of the stream's structure, read from a tokenizer.

    Attributes:
        span: the bridging block of one event, from `<t5>` to `</aud>`.
        time_text: tokens of digits and decimal points.
        free: tokens of plain text, which cannot spell a mark; `word`: those with a letter.
    """

    think: int
    think_end: int
    gen: int
    gen_end: int
    time: int
    time_end: int
    semantic: tuple[int, ...]
    residual: tuple[int, ...]
    span: tuple[int, ...]
    turn_end: int
    time_text: frozenset[int]
    free: frozenset[int]
    word: frozenset[int]


class PlanGrammar:
    """Which tokens may come next, so that every stream that ends is a plan that parses.

    Feed it each chosen token with `advance`; `allowed` gives the candidates, or `forced` the block
    that must follow. The limits keep a model that rambles from never reaching its first event.

    Args:
        ids: the stream's token ids.
        max_reasoning, max_caption: limits in tokens.
        max_events: after so many events the turn ends.
    """

    def __init__(self, ids: StreamIds, max_reasoning: int, max_caption: int, max_events: int):
        self.ids = ids
        self.limits = {"think": max_reasoning, "caption": max_caption, "time": 5}
        self.max_events = max_events
        self.place = "start"
        self.count = 0
        self.events = 0
        self._choices = {
            ("think", False): ids.word,
            ("think", True): ids.free | {ids.think_end},
            ("caption", False): ids.word,
            ("caption", True): ids.free | {ids.time},
            ("time", False): ids.time_text,
            ("time", True): ids.time_text | {ids.time_end},
            ("event", False): frozenset({ids.gen, ids.turn_end}),
        }

    @property
    def finished(self) -> bool:
        return self.place == "end"

    @property
    def forced(self) -> tuple[int, ...]:
        """Tokens that must come next, as one block; empty where there is a choice."""
        ids = self.ids
        if self.place == "start":
            return (ids.think,)
        if self.place == "span":
            return (*ids.span, ids.gen_end)
        if self.place == "think" and self.count >= self.limits["think"]:
            return (ids.think_end,)
        if self.place == "first":
            return (ids.gen,)
        if self.place == "caption" and self.count >= self.limits["caption"]:
            return (ids.time,)
        if self.place == "time" and self.count >= self.limits["time"]:
            return (ids.time_end,)
        if self.place == "event" and self.events >= self.max_events:
            return (ids.turn_end,)
        return ()

    @property
    def allowed(self) -> frozenset[int]:
        """Candidates where there is a choice; the same object whenever they are the same."""
        return self._choices[self.place, self.count > 0]

    def advance(self, tokens: Sequence[int]) -> None:
        """Take note of tokens that were chosen or forced.

        Raises:
            PlanError: a token that the grammar does not allow here.
        """
        forced = self.forced
        if forced:
            if tuple(tokens) != forced:
                raise PlanError("The director left its grammar; draft again.")
            self._move(forced[-1])
            return
        for token in tokens:
            if token not in self.allowed:
                raise PlanError("The director left its grammar; draft again.")
            self._move(token)

    def _move(self, token: int) -> None:
        ids = self.ids
        moves = {
            ids.think: "think",
            ids.think_end: "first",
            ids.gen: "caption",
            ids.time: "time",
            ids.time_end: "span",
            ids.gen_end: "event",
            ids.turn_end: "end",
        }
        if token in moves:
            self.place, self.count = moves[token], 0
            self.events += token == ids.gen_end
        else:
            self.count += 1
