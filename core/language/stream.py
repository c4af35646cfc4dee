"""The interleaved token stream of the director: written, parsed and enforced here and nowhere else.

    <|im_start|>system … <|im_end|> <|im_start|>user … <|im_end|> <|im_start|>assistant
    <|think|>{reasoning}<|/think|>
    <|gen|>{caption}<timestamp>{seconds}</timestamp>{paraphrase}<t5>…</t5><aud>…</aud><|/gen|>
    … once an event
    <|im_end|>

This is the paper's [BOT]…[EOT] ([BOG]…[EOG])* [EOS] with the names of the published checkpoint:
`t5` spans carry the semantic tokens, `aud` spans the residual tokens. The paraphrase
(core/bridge/lexicon.py) is read by the director, never written, and empty where a profile has none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.errors import PlanError
from core.language.reasoning import ListGrammar

THINK, THINK_END = "<|think|>", "<|/think|>"
GEN, GEN_END = "<|gen|>", "<|/gen|>"
TIME, TIME_END = "<timestamp>", "</timestamp>"
SEMANTIC, SEMANTIC_END = "<t5>", "</t5>"
RESIDUAL, RESIDUAL_END = "<aud>", "</aud>"
TURN_END = "<|im_end|>"

MARKS = (THINK, THINK_END, GEN, GEN_END, TIME, TIME_END)
SPAN_MARKS = (SEMANTIC, SEMANTIC_END, RESIDUAL, RESIDUAL_END)

_TOTAL = " The total duration is "
_PIECE = re.compile(f"(?={'|'.join(map(re.escape, (_TOTAL, THINK, GEN)))})")
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
    """What the director writes for one event; a duration of 0 s was unreadable.

    Attributes:
        paraphrase: what the caption may mean in plain words, which is looked up.
    """

    caption: str
    duration: float
    mood: str = ""
    paraphrase: str = ""


@dataclass(frozen=True)
class Plan:
    """A parsed stream: the reasoning, and the events in their order."""

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


def prompt_text(instruction: str, total: float, *, as_float: bool = False) -> str:
    """The chat turn that asks for a story of `total` seconds, up to the assistant's first token.

    Args:
        as_float: write whole seconds with a decimal point too, "50.0".
    """
    seconds = repr(float(total)) if as_float else f"{total:g}"
    return (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
        f"<|im_start|>user\n{without_marks(instruction)}"
        f"{_TOTAL}{seconds} seconds.<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def plan_text(reasoning: str, events: Iterable[PlannedEvent], span: str = "") -> str:
    """The assistant's turn for a finished plan; `span` is `span_text(...)` or empty."""
    parts = [THINK, one_line(reasoning), THINK_END]
    parts += [event_text(event, span) for event in events]
    return "".join(parts) + TURN_END


def event_text(event: PlannedEvent, span: str = "") -> str:
    """One event of a finished plan; `span` as in `plan_text`."""
    parts = [GEN, one_line(event.caption), TIME, f"{event.duration:g}", TIME_END]
    return "".join([*parts, one_line(event.paraphrase), span, GEN_END])


def stream_pieces(text: str) -> list[str]:
    """A stream cut where that of an edited story may go on in another way.

    These are the places before the prompt's total, before the reasoning and before each event.
    """
    return [piece for piece in _PIECE.split(text) if piece]


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
        texts: tokens of plain text, which cannot spell a mark, with what each is as text; `free`:
            these tokens; `word`: those with a letter.
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
    texts: Mapping[int, str]
    free: frozenset[int]
    word: frozenset[int]


TIME_TOKENS = 5
"""Tokens of a length, at most."""
SUMMARY_TOKENS = 32
"""Tokens of the reasoning after its list, at most."""


class PlanGrammar:
    """Which tokens may come next, so that every stream that ends is a plan that parses.

    Feed it each chosen token with `advance`; `allowed` gives the candidates, or `forced` the block
    that must follow. The limits keep a model that rambles from never reaching its first event.

    Args:
        ids: the stream's token ids.
        max_reasoning, max_caption: limits in tokens.
        max_events: after so many events the turn ends.
        event_list: the grammar of the reasoning, if it is a list of events; as many events are
            written as it has items.
    """

    def __init__(
        self,
        ids: StreamIds,
        max_reasoning: int,
        max_caption: int,
        max_events: int,
        event_list: ListGrammar | None = None,
    ):
        self.ids = ids
        self.event_list = event_list
        self.limits = {"think": max_reasoning, "caption": max_caption, "time": TIME_TOKENS}
        self.max_events = max_events
        self.place = "start"
        self.count = 0
        self.events = 0
        self._captions: dict[int, Sequence[int]] = {}
        self._seconds: Sequence[Sequence[int]] = ()
        self._phrases: Sequence[Sequence[int]] = ()
        self._fits: Callable[[int, Sequence[int]], bool] = lambda event, caption: True
        self._caption: list[int] = []
        self._choices = {
            ("think", False): ids.word,
            ("think", True): ids.free | {ids.think_end},
            ("caption", False): ids.word,
            ("caption", True): ids.free | {ids.time},
            ("time", False): ids.time_text,
            ("time", True): ids.time_text | {ids.time_end},
            ("event", False): frozenset({ids.gen, ids.turn_end}),
        }
        if event_list is not None:
            self._choices["think", True] = event_list.ids.prose | {ids.think_end}

    @property
    def finished(self) -> bool:
        return self.place == "end"

    @property
    def list_finished(self) -> bool:
        """Whether the list is written and the first event is not begun: time for `settle`."""
        return self.place == "first" and self.event_list is not None and not self._seconds

    def settle(
        self,
        seconds: Sequence[Sequence[int]],
        captions: Mapping[int, Sequence[int]],
        phrases: Sequence[Sequence[int]],
        fits: Callable[[int, Sequence[int]], bool],
    ) -> None:
        """Fix how many events there are and how they begin, all as tokens.

        Args:
            seconds: their lengths.
            captions: those that are fixed, by place (from 0).
            phrases: those of the list; mostly a caption is its phrase with another verb form.
            fits: asked of a place and a caption; one that does not fit gives way to the phrase.
        """
        self._seconds, self._captions, self._phrases = seconds, dict(captions), phrases
        self._fits = fits

    def likely(self, written: Sequence[int]) -> Sequence[int]:
        """A guess at the rest of the caption."""
        if self.place != "caption" or not self._phrases:
            return ()
        phrase = [*self._phrases[self.events], self.ids.time]
        last = written[-1] if self.count else -1
        places = [i for i, token in enumerate(phrase) if token == last]
        begin = min(places, key=lambda i: abs(i - self.count)) + 1 if places else self.count
        return phrase[begin:]

    @property
    def forced(self) -> tuple[int, ...]:
        """Tokens that must come next, as one block; empty where there is a choice."""
        ids = self.ids
        if self.place == "start":
            return (ids.think,)
        if self._in_list is not None:
            return self._in_list.forced
        if self.place == "span":
            return (*ids.span, ids.gen_end)
        settled = self._settled
        if settled:
            return settled
        if self.place == "think" and self.count >= self.limits["think"]:
            return (ids.think_end,)
        if self.place == "first":
            return (ids.gen,)
        if self.place == "caption" and self.count >= self.limits["caption"]:
            return (ids.time,)
        if self.place == "time" and self.count >= self.limits["time"]:
            return (ids.time_end,)
        if self.place == "event" and self._seconds:
            return (ids.gen if self.events < len(self._seconds) else ids.turn_end,)
        if self.place == "event" and self.events >= self.max_events:
            return (ids.turn_end,)
        return ()

    @property
    def _in_list(self) -> ListGrammar | None:
        events = self.event_list
        return events if self.place == "think" and events and not events.finished else None

    @property
    def _settled(self) -> tuple[int, ...]:
        """The caption or length of this event, with its end, where it is fixed."""
        if self.count:
            return ()
        if self.place == "caption" and self.events in self._captions:
            return (*self._captions[self.events], self.ids.time)
        if self.place == "time" and self._seconds:
            return (*self._seconds[self.events], self.ids.time_end)
        return ()

    @property
    def allowed(self) -> frozenset[int]:
        """Candidates where there is a choice; the same object whenever they are the same."""
        if self._in_list is not None:
            return self._in_list.allowed
        return self._choices[self.place, self.count > 0]

    def advance(self, tokens: Sequence[int]) -> int:
        """Take note of tokens that were chosen or forced; returns how many are taken back.

        Raises:
            PlanError: a token that the grammar does not allow here.
        """
        forced = self.forced
        if forced and tuple(tokens) != forced:
            raise PlanError("The director left its grammar; draft again.")
        if not forced and (len(tokens) != 1 or tokens[0] not in self.allowed):
            raise PlanError("The director left its grammar; draft again.")
        event_list = self._in_list
        if event_list is None:
            return self._take_back(tokens) or self._moved(tokens[-1])
        back = event_list.advance(tokens)
        self.count += len(tokens) - back
        if self.count >= self.limits["think"]:
            event_list.end()
        if event_list.finished:
            self.count = max(1, self.limits["think"] - SUMMARY_TOKENS)
        return back

    def _take_back(self, tokens: Sequence[int]) -> int:
        """How much of a caption goes when it is done and does not fit: all of it, once."""
        if self.place != "caption" or self.events in self._captions or not self._phrases:
            return 0
        if tokens[-1] != self.ids.time:
            self._caption = [*self._caption, *tokens] if self.count else list(tokens)
            return 0
        if self._fits(self.events, self._caption):
            return 0
        self._captions[self.events] = self._phrases[self.events]
        back, self.count = self.count + 1, 0
        return back

    def _moved(self, token: int) -> int:
        self._move(token)
        return 0

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
