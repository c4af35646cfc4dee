"""Free planning, as the published director was trained: it reasons in words of its own.

Nothing but the bridging spans is forced; then the events are brought to the length that was asked
for. A director that plans by event lists can be let free as well, to see what it has learned.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from core.audiostory import AudioStory
from core.director.progress import PlanProgress, events_so_far
from core.errors import Cancelled, PlanError
from core.language.decoding import Decoder
from core.language.stream import (
    THINK,
    THINK_END,
    TIME,
    TIME_END,
    PlannedEvent,
    StreamIds,
    one_line,
    prompt_text,
)
from core.story.durations import fit_durations
from core.story.limits import MAX_CAPTION
from core.story.story import Event, Story


class ForcedSpans:
    """The release's only rule of decoding.

    After `<t5>` its 64 tokens and `</t5>` follow, after `<aud>` its 8 tokens and `</aud>`. Outside
    of a span these tokens have the score 0, which wins where all other scores are negative.

    Args:
        opens: the director opens its spans itself, as the published one does; otherwise both spans
            and the event's end follow every length, since it has not learned to write them.
        stops: ids that end the turn.
        limit: most tokens that are written.
        repetition: see `penalised`; the prompt counts as seen.
    """

    def __init__(
        self,
        ids: StreamIds,
        prompt: Sequence[int],
        stops: Sequence[int],
        limit: int,
        repetition: float,
        opens: bool = True,
    ):
        split = len(ids.semantic) + 2
        blocks = (ids.span[:split], ids.span[split:])
        self.rest = {block[i]: block[i + 1 :] for block in blocks for i in range(len(block) - 1)}
        if not opens:
            self.rest[ids.time_end] = (*ids.span, ids.gen_end)
        self.silenced = torch.tensor([token for block in blocks for token in block[1:]])
        self.prompt = list(prompt)
        self.stops = frozenset({*stops, ids.turn_end})
        self.limit = limit
        self.repetition = repetition
        self.written: list[int] = []

    @property
    def finished(self) -> bool:
        ended = bool(self.written) and self.written[-1] in self.stops
        return ended or len(self.written) >= self.limit

    @property
    def forced(self) -> tuple[int, ...]:
        if not self.written:
            return ()
        return self.rest.get(self.written[-1], ())[: self.limit - len(self.written)]

    def advance(self, tokens: Sequence[int]) -> None:
        self.written += tokens

    def choose(self, scores: Tensor) -> int:
        """The best token by its score (V,)."""
        scores = penalised(scores, self.prompt + self.written, self.repetition)
        return int(scores.index_fill(0, self.silenced.to(scores.device), 0.0).argmax())


def penalised(scores: Tensor, seen: Sequence[int], factor: float) -> Tensor:
    """Scores (V,) with those of tokens seen before divided by `factor`, or multiplied below 0.

    The base model's own settings ask for it (its generation_config.json), and so the release does
    it, without saying so.
    """
    if factor == 1.0:
        return scores
    ids = torch.tensor(sorted(set(seen)), device=scores.device)
    known = scores[ids]
    return scores.index_copy(0, ids, torch.where(known < 0, known * factor, known / factor))


@dataclass(frozen=True)
class PublishedPlan:
    """What the director wrote in an exact run.

    Attributes:
        ids: tokens written, without the prompt.
        captions, durations: of each event, in seconds as written; in an exact run also 0 and less.
        condition: (E, S, width).
    """

    ids: tuple[int, ...]
    reasoning: str
    captions: tuple[str, ...]
    durations: tuple[float, ...]
    condition: Tensor


@torch.inference_mode()
def decode_freely(
    model: AudioStory,
    prompt_text: str,
    cancel: threading.Event | None = None,
    limit: int | None = None,
) -> Generator[list[int], None, tuple[list[int], Tensor]]:
    """The director's turn, held to nothing but the forced spans.

    Args:
        prompt_text: the request, up to the assistant's first token
            (`core.language.stream.prompt_text`).
        limit: most tokens that are written; by default the profile's.

    Yields:
        The tokens written so far, after each pass.

    Returns:
        All tokens, and the states that they were fed with, (L, hidden).
    """
    prompt = model.encode(prompt_text + THINK)
    limits = model.profile.director
    rules = ForcedSpans(
        model.ids,
        prompt,
        limits.stops,
        limits.max_new_tokens if limit is None else limit,
        limits.repetition,
        opens=limits.planner == "published",
    )
    model.ready("director")
    decoder = Decoder(model)
    pending = decoder.begin(prompt)
    while not rules.finished:
        if cancel is not None and cancel.is_set():
            raise Cancelled("Drafting was stopped.")
        tokens = list(rules.forced)
        if not tokens:
            tokens = [rules.choose(model.head(decoder.feed(pending)[-1]).float())]
            pending = []
        rules.advance(tokens)
        pending += tokens
        yield rules.written
    decoder.feed(pending)
    return rules.written, decoder.states[len(prompt) :]


def read_draft(
    model: AudioStory, written: Sequence[int], states: Tensor, *, as_released: bool = False
) -> PublishedPlan:
    """Captions, durations and conditions of a finished turn.

    Args:
        written: the turn's tokens.
        states: (L, hidden), the state of each token where it was fed itself.
        as_released: as the published code, give up where the reasoning has no end, and take any
            number for a duration, also 0 and less.

    Raises:
        PlanError: there is no event, or one is incomplete.
    """
    ids, text = model.ids, model.tokenizer.decode
    semantic, residual = len(ids.semantic), len(ids.residual)
    begins = _places(written, ids.gen)
    ends = _places(written, ids.span[semantic + 1])
    finals = _places(written, ids.span[-1])
    if not ends or len(begins) < len(ends) or len(finals) < len(ends):
        raise PlanError("The director wrote no complete event; word the instruction differently.")
    heads = [text(written[b + 1 : e - semantic - 1]) for b, e in zip(begins, ends, strict=False)]
    rows = torch.stack([states[e - semantic : e] for e in ends])
    more = torch.stack([states[e - residual : e] for e in finals[: len(ends)]])
    thought = _places(written, ids.think_end)
    if as_released and not thought:
        raise PlanError(
            f"The director wrote no {THINK_END}, and there the published code gives up; word the "
            "instruction differently, or leave out --exact."
        )
    read = [read_caption(head, any_number=as_released) for head in heads]
    captions, durations = zip(*read, strict=True)
    return PublishedPlan(
        tuple(written),
        text(written[: (thought or begins)[0]]),
        captions,
        durations,
        model.bridge(rows, more).condition.float(),
    )


def _places(written: Sequence[int], token: int) -> list[int]:
    return [place for place, other in enumerate(written) if other == token]


def read_caption(head: str, *, any_number: bool = False) -> tuple[str, float]:
    """Caption and seconds of `{caption}<timestamp>{seconds}</timestamp>`.

    Args:
        any_number: take 0 and less for a duration, as the published code does.

    Raises:
        PlanError: the seconds are missing or unreadable.
    """
    before, _, rest = head.partition(TIME)
    number, _, after = rest.partition(TIME_END)
    try:
        seconds = float(number)
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds) or not (any_number or seconds > 0.0):
        raise PlanError(f"The director gave no duration for {before.strip()[:60]!r}; draft again.")
    return (before + after).strip(), seconds


def plan_freely(
    model: AudioStory,
    instruction: str,
    total: float,
    seed: int,
    cancel: threading.Event | None = None,
) -> Iterator[PlanProgress]:
    """Reason out a story of `total` seconds; see `core.director.plan.plan`.

    Raises:
        PlanError: the director wrote no complete event.
        Cancelled: `cancel` was set.
    """
    writing = decode_freely(model, prompt_text(instruction, total), cancel)
    while True:
        try:
            text = model.tokenizer.decode(next(writing))
        except StopIteration as end:
            draft = read_draft(model, *end.value)
            break
        yield PlanProgress(text.partition(THINK_END)[0].strip(), events_so_far(text))
    story = _compose(draft, model.profile.name, instruction, total, seed)
    written = zip(draft.captions, draft.durations, strict=True)
    events = tuple(PlannedEvent(caption, seconds) for caption, seconds in written)
    yield PlanProgress(story.reasoning, events, story)


def _compose(
    draft: PublishedPlan, profile: str, instruction: str, total: float, seed: int
) -> Story:
    """The draft as a story of `total` seconds, with what was corrected in it."""
    durations = fit_durations(draft.durations, total)
    corrections: tuple[str, ...] = ()
    if any(abs(a - b) > 1e-6 for a, b in zip(draft.durations, durations, strict=True)):
        summed = sum(draft.durations)
        corrections = (
            f"The director's durations summed to {summed:g} s; they were scaled to {total:g} s.",
        )
    events, clock = [], 0.0
    for number, (caption, seconds) in enumerate(zip(draft.captions, durations, strict=True), 1):
        line = one_line(caption)[:MAX_CAPTION] or "sound"
        events.append(Event(f"e{number}", line, round(clock, 3), seconds))
        clock += seconds
    reasoning = one_line(draft.reasoning)
    return Story(instruction, total, seed, profile, reasoning, tuple(events), corrections)
