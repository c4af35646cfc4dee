"""The published model run as its own code runs it, on the studio's modules.

What differs from the studio's defaults: the director is held to nothing but the forced spans, every
event is rendered in 30 s of latents from the same noise, all but the last one 3 s longer than told,
and the clips are joined at 32 kHz by 3 s of linear cross-fade, or appended where one is shorter.
What takes time but changes nothing is left out: forced spans go through the language model in one
pass that yields their states as well, and no sample is decoded that is cut off afterwards.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soxr
import torch
from torch import Tensor

from core.audiostory import AudioStory
from core.codec.codec import OobleckCodec
from core.errors import Cancelled, PlanError, RenderError
from core.language.decoding import Decoder
from core.language.stream import THINK, TIME, TIME_END, StreamIds, prompt_text
from core.mix.crossfade import rise
from core.mix.resampling import QUALITY
from core.profile import RenderSettings
from core.story.story import Event, Story

CROSSFADE = 3.0
RATE = 32_000
_Samples = npt.NDArray[np.float32]
OnStep = Callable[[int, int], None]


class ForcedSpans:
    """The release's only rule of decoding.

    After `<t5>` its 64 tokens and `</t5>` follow, after `<aud>` its 8 tokens and `</aud>`. Outside
    of a span these tokens have the score 0, which wins where all other scores are negative.

    Args:
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
    ):
        split = len(ids.semantic) + 2
        blocks = (ids.span[:split], ids.span[split:])
        self.rest = {block[i]: block[i + 1 :] for block in blocks for i in range(len(block) - 1)}
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
        captions, durations: of each event, in seconds as told.
        condition: (E, S, width).
    """

    ids: tuple[int, ...]
    reasoning: str
    captions: tuple[str, ...]
    durations: tuple[float, ...]
    condition: Tensor


@dataclass(frozen=True)
class Performance:
    """An exact run as a whole.

    Attributes:
        latents: (E, frames, C).
        samples: (channels, N) at `RATE`.
    """

    draft: PublishedPlan
    latents: Tensor
    samples: _Samples


@torch.inference_mode()
def draft_exactly(
    model: AudioStory, instruction: str, total: float, cancel: threading.Event | None = None
) -> PublishedPlan:
    """Let the director write freely and bridge what it wrote.

    Raises:
        PlanError: there is no event, or one is incomplete.
        Cancelled: `cancel` was set.
    """
    writing = written_freely(model, instruction, total, cancel)
    while True:
        try:
            next(writing)
        except StopIteration as end:
            return read_draft(model, *end.value)


@torch.inference_mode()
def written_freely(
    model: AudioStory, instruction: str, total: float, cancel: threading.Event | None = None
) -> Generator[list[int], None, tuple[list[int], Tensor]]:
    """The director's turn, held to nothing but the forced spans.

    Yields:
        The tokens written so far, after each pass.

    Returns:
        All tokens, and the states that they were fed with, (L, hidden).
    """
    prompt = model.encode(prompt_text(instruction, total) + THINK)
    limits = model.profile.director
    rules = ForcedSpans(model.ids, prompt, limits.stops, limits.max_new_tokens, limits.repetition)
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


def read_draft(model: AudioStory, written: Sequence[int], states: Tensor) -> PublishedPlan:
    """Captions, durations and conditions of a finished turn.

    Args:
        written: the turn's tokens.
        states: (L, hidden), the state of each token where it was fed itself.

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
    told = [text(written[b + 1 : e - semantic - 1]) for b, e in zip(begins, ends, strict=False)]
    rows = torch.stack([states[e - semantic : e] for e in ends])
    more = torch.stack([states[e - residual : e] for e in finals[: len(ends)]])
    thought = _places(written, ids.think_end) or begins
    captions, durations = zip(*map(read_caption, told), strict=True)
    return PublishedPlan(
        tuple(written),
        text(written[: thought[0]]),
        captions,
        durations,
        model.bridge(rows, more).condition.float(),
    )


def _places(written: Sequence[int], token: int) -> list[int]:
    return [place for place, other in enumerate(written) if other == token]


def read_caption(told: str) -> tuple[str, float]:
    """Caption and seconds of `{caption}<timestamp>{seconds}</timestamp>`.

    Raises:
        PlanError: the seconds are missing or unreadable.
    """
    before, _, rest = told.partition(TIME)
    number, _, after = rest.partition(TIME_END)
    try:
        seconds = float(number)
    except ValueError:
        seconds = math.nan
    if not seconds > 0.0 or seconds == math.inf:
        raise PlanError(f"The director gave no duration for {before.strip()[:60]!r}; draft again.")
    return (before + after).strip(), seconds


@torch.inference_mode()
def perform_exactly(
    model: AudioStory,
    draft: PublishedPlan,
    seed: int,
    settings: RenderSettings,
    *,
    on_step: OnStep | None = None,
    cancel: threading.Event | None = None,
) -> Performance:
    """Render and join a draft.

    Args:
        seed: of the noise, the same one for every event.
        on_step: called with the number of the first event of a batch and that of the step.

    Raises:
        RenderError: the profile is not the published model's.
        Cancelled: `cancel` was set.
    """
    codec = model.codec
    if not isinstance(codec, OobleckCodec):
        raise RenderError("Only the published model has an exact mode; choose its profile.")
    if model.performer.config.cache:
        raise RenderError("The cached variant is not exact; choose the profile itself.")
    model.ready("performer")
    batch = model.placement.events or 1
    seconds = [duration + CROSSFADE for duration in draft.durations[:-1]] + [draft.durations[-1]]
    frames = model.profile.performer.window_frames
    latents = []
    for first in range(0, len(seconds), batch):
        told = seconds[first : first + batch]
        latents.append(
            model.performer.render(
                draft.condition[first : first + batch].to(model.device),
                told,
                frames,
                [seed] * len(told),
                settings,
                on_step=None if on_step is None else _numbered(on_step, first),
                cancel=cancel,
            )
        )
    together = torch.cat(latents)
    clips = [decoded(codec, item, s) for item, s in zip(together, seconds, strict=True)]
    return Performance(draft, together, joined(clips))


def _numbered(on_step: OnStep, first: int) -> Callable[[int], None]:
    return lambda step: on_step(first, step)


def decoded(codec: OobleckCodec, latents: Tensor, seconds: float) -> _Samples:
    """A clip (channels, n) at `RATE`, of the first `seconds` of latents (T, C)."""
    frames = codec.frames(seconds) + codec.reach
    wave = codec.decode(latents[None, :frames], seed=0)[0].cpu().numpy()
    wave = wave[:, : int(seconds * codec.sample_rate)]
    count = math.ceil(wave.shape[1] * (RATE / codec.sample_rate))
    clip = soxr.resample(np.ascontiguousarray(wave.T), codec.sample_rate, RATE, QUALITY).T[
        :, :count
    ]
    return np.pad(clip, ((0, 0), (0, count - clip.shape[1]))).astype(np.float32)


def joined(clips: Sequence[_Samples]) -> _Samples:
    """Clips (channels, n) one after another, 3 s of each pair in a linear cross-fade."""
    overlap = int(CROSSFADE * RATE)
    incoming = rise("linear", np.linspace(0.0, 1.0, overlap)).astype(np.float32)
    outgoing = rise("linear", np.linspace(1.0, 0.0, overlap)).astype(np.float32)
    whole = clips[0]
    for clip in clips[1:]:
        if min(whole.shape[1], clip.shape[1]) < overlap:
            whole = np.concatenate([whole, clip], axis=1)
            continue
        middle = whole[:, -overlap:] * outgoing + clip[:, :overlap] * incoming
        whole = np.concatenate([whole[:, :-overlap], middle, clip[:, overlap:]], axis=1)
    return whole


def story_of(draft: PublishedPlan, profile: str, instruction: str, seed: int) -> Story:
    """The draft as a story, as long as its events say."""
    events, clock = [], 0.0
    for number, (caption, seconds) in enumerate(zip(draft.captions, draft.durations, strict=True)):
        events.append(Event(f"e{number + 1}", caption, round(clock, 3), seconds))
        clock += seconds
    return Story(instruction, clock, seed, profile, draft.reasoning, tuple(events))
