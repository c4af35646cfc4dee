"""The director that writes a score: prose, then a line for each event (core/language/score.py).

Beds lie under spots, levels rise and fall, sounds repeat and return, and silence is an event. The
grammar keeps what is written a score of the length that was asked for; no rule about words has a
part in it. Bridging tokens are none of the turn: a render reads them from the finished story as
from any other, with the director's own weights alone.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace

from core.audiostory import AudioStory
from core.director.omissions import notes_on_score
from core.director.progress import Brief, PlanProgress
from core.director.times import TimedInstruction
from core.language.decoding import Decoder, Grammar
from core.language.score import (
    DECIMALS,
    CueSheet,
    ScoreEvent,
    lines_so_far,
    parse_score,
    prose_so_far,
    settled_text,
)
from core.language.score_grammar import FreeScore, ScoreBounds, ScoreGrammar, SettledLine
from core.language.stream import THINK_END, PlannedEvent, prompt_text
from core.language.task_adapter import TaskAdapter
from core.profile import SCORING
from core.render.repetitions import unplayed_repetitions
from core.story.limits import MAX_CAPTION
from core.story.score import score_events
from core.story.story import Story

_MOST_MOOD = 80
"""Characters of a mood."""


class ScorePlan:
    """What one score is held to, and what of it is written.

    Args:
        held: to the grammar; otherwise the turn may be anything, and need not parse.

    Attributes:
        prompt: tokens of the request.
        grammar: which tokens may come next.
    """

    def __init__(self, model: AudioStory, brief: Brief, *, held: bool = True):
        limits = model.profile.director
        self._model = model
        self._total = brief.total
        self.prompt = model.encode(prompt_text(brief.instruction, brief.total))
        self.grammar: Grammar = FreeScore(model.ids, model.score_ids, limits.max_new_tokens)
        if held:
            counts = range(brief.least, brief.most + 1)
            self.grammar = ScoreGrammar(
                model.ids,
                model.score_ids,
                brief.total,
                counts,
                limits.max_reasoning,
                limits.max_caption,
                _bounds(model, brief),
            )

    def progress(self, tokens: Sequence[int]) -> PlanProgress:
        """What a turn says so far."""
        text = self._model.tokenizer.decode(tokens)
        events = lines_so_far(text.partition(THINK_END)[2], self._total)
        return PlanProgress(prose_so_far(text), planned_lines(events))

    def sheet(self, tokens: Sequence[int]) -> CueSheet:
        """The score of a finished turn.

        Raises:
            PlanError: it is none, which only a turn that was not held to the grammar can be.
        """
        return parse_score(self._model.tokenizer.decode(tokens), self._total)


def _bounds(model: AudioStory, brief: Brief) -> ScoreBounds:
    """What a brief holds a score to, in tokens."""
    settled = {
        place: SettledLine(
            tuple(model.encode(settled_text(line, brief.total))), round(line.start, DECIMALS)
        )
        for place, line in brief.lines.items()
    }
    mood = tuple(model.encode(f" {brief.mood}")) if brief.mood else ()
    avoid = tuple(tuple(model.encode(caption)) for caption in brief.avoid)
    return ScoreBounds(settled, brief.earliest, mood, avoid)


def planned_lines(events: Sequence[ScoreEvent]) -> tuple[PlannedEvent, ...]:
    """Lines of a score as far as a stream of captions and lengths holds them."""
    return tuple(PlannedEvent(e.caption, e.seconds, e.mood) for e in events)


def decode_score(
    model: AudioStory,
    held: ScorePlan,
    cancel: threading.Event | None = None,
    variation: int = 0,
    adapter: TaskAdapter | None = None,
) -> Iterator[list[int]]:
    """The assistant's turn, yielded after every pass.

    Args:
        variation: 0 takes the best token each time, any other number draws among the better ones.
        adapter: that is at work in each pass; by default the profile's, if it ships one.

    Raises:
        Cancelled: `cancel` was set.
    """
    path = model.profile.shipped(SCORING)
    if adapter is None and path is not None:
        adapter = TaskAdapter.load(path)
    model.ready("director")
    # A decoder of its own: what others have read was read without the adapter.
    writing = Decoder(model).write(held.prompt, held.grammar, cancel, variation)
    tokens: list[int] | None = []
    while tokens is not None:
        with adapter.at_work(model.backbone) if adapter else nullcontext():
            tokens = next(writing, None)
        if tokens is not None:
            yield tokens


def write_score(
    model: AudioStory,
    brief: Brief,
    cancel: threading.Event | None,
    variation: int = 0,
    *,
    held: bool = True,
    adapter: TaskAdapter | None = None,
) -> Generator[PlanProgress, None, CueSheet]:
    """Write a score, and return it at last; yields what is written so far.

    Args:
        held, variation, adapter: as of `ScorePlan` and `decode_score`.

    Raises:
        PlanError: the turn is no score, where it was not held to the grammar.
        Cancelled: `cancel` was set.
    """
    plan = ScorePlan(model, brief, held=held)
    tokens: list[int] = []
    for tokens in decode_score(model, plan, cancel, variation, adapter):
        yield plan.progress(tokens)
    return plan.sheet(tokens)


def plan_score(
    model: AudioStory,
    brief: Brief,
    seed: int,
    cancel: threading.Event | None,
    *,
    held: bool = True,
    adapter: TaskAdapter | None = None,
) -> Iterator[PlanProgress]:
    """Reason out a story of `brief.total` seconds; see `core.director.plan.plan`.

    Args:
        held, adapter: as of `ScorePlan` and `decode_score`.

    Raises:
        PlanError, Cancelled: as of `write_score`.
    """
    sheet = yield from write_score(model, brief, cancel, held=held, adapter=adapter)
    story = compose_score(model.profile.name, brief.instruction, brief.total, seed, sheet)
    story = with_score_notes(model, story)
    yield PlanProgress(sheet.reasoning, planned_lines(sheet.events), story)


def compose_score(
    profile: str, instruction: str, total: float, seed: int, sheet: CueSheet
) -> Story:
    """A story from a score, its events by their start."""
    events = score_events(bounded_lines(sheet.events), total)
    return Story(instruction, total, seed, profile, sheet.reasoning, events)


def bounded_lines(lines: Sequence[ScoreEvent]) -> list[ScoreEvent]:
    """Lines with no more words than an event holds."""
    return [
        replace(line, caption=line.caption[:MAX_CAPTION], mood=line.mood[:_MOST_MOOD])
        for line in lines
    ]


def with_score_notes(model: AudioStory, story: Story) -> Story:
    """The story with what is to be said of its score: what of the brief has no event, and what the
    performer cannot play of it."""
    timed = TimedInstruction(story.instruction, story.total)
    notes = notes_on_score(timed, [event.caption for event in story.events], model.lexicon)
    unplayed = unplayed_repetitions(story.events)
    return replace(story, notes=(*story.notes, *notes, *unplayed))
