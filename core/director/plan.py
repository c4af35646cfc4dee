"""The director: from one instruction to a story, its reasoning streamed as it is written.

Decoding is greedy and constrained (core/director/constraints.py), so that every plan parses. The
reasoning is a list; once it is written, the lengths are settled (times that the instruction gives
exactly, the rest to suit the sound and the total), and the events follow the list, one for each
item. Whatever was corrected is recorded in the story.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from core.audiostory import AudioStory
from core.bridge.known_sounds import load_known_sounds
from core.director.answered_score import AnsweredScore
from core.director.clauses import end_list_lines
from core.director.comprehension import check_english, check_named
from core.director.constraints import (
    CaptionConstraint,
    Constraints,
    fit_lengths,
    list_constraints,
)
from core.director.external import Director, read_answer
from core.director.omissions import notes_on
from core.director.progress import Brief, PlanDraft, PlanProgress, Spans, events_so_far
from core.director.published import plan_freely
from core.director.score_plan import compose_score, plan_score, with_score_notes
from core.director.silence import with_silences
from core.director.times import TimedInstruction
from core.errors import PlanError
from core.language.reasoning import Item, ListGrammar, write_items
from core.language.score import CueSheet
from core.language.stream import (
    THINK,
    THINK_END,
    Plan,
    PlanGrammar,
    PlannedEvent,
    one_line,
    parse_plan,
    prompt_text,
)
from core.story.durations import GRID, Lengths, Span
from core.story.edits import UNKNOWN_LENGTH
from core.story.limits import MAX_INSTRUCTION, MAX_LAYER, MAX_REASONING, MIN_DURATION
from core.story.story import Event, Story

MIN_TOTAL = MIN_DURATION
"""Seconds of a story of one shot."""


def plan(
    model: AudioStory,
    instruction: str,
    total: float,
    seed: int,
    cancel: threading.Event | None = None,
    spans: Spans | None = None,
    director: Director | None = None,
    constraints: Constraints = "all",
) -> Iterator[PlanProgress]:
    """Reason out a story of `total` seconds.

    Args:
        seed: kept in the story for the performer; the plan itself does not depend on it.
        cancel: checked before every pass of the language model.
        spans: natural lengths of sounds, for the lengths that the instruction leaves open; by
            default those that the profile's known captions have.
        director: who plans; None: our own language model. The bridge is ours in any case.
        constraints: what our own language model is held to; a `published` planner to `none`, one of
            scores to its grammar or to `none`.

    Yields:
        The reasoning and the events so far, at least once a pass; the story at last. A phrase
        that is taken back makes the reasoning shorter again.

    Raises:
        PlanError: the instruction or the total cannot be planned, or the instruction is not
            understood (`core.director.comprehension`).
        Cancelled: `cancel` was set.
    """
    instruction = named_instruction(model, instruction, total)
    planner = model.profile.director.planner
    free = planner == "published" or (constraints == "none" and planner != "score")
    if free and director is not None:
        raise PlanError(
            f"The profile {model.profile.name} plans by itself alone; leave the other director's "
            "address empty, or choose the profile pocket."
        )
    if free:
        yield from plan_freely(model, instruction, total, seed, cancel)
        return
    if director is not None:
        yield from _plan_externally(model, director, instruction, total, seed, cancel, spans)
        return
    instruction = understood_instruction(model, instruction, total)
    brief = Brief(instruction, total, most=most_events(model, total))
    if planner == "score":
        yield from plan_score(model, brief, seed, cancel, held=constraints != "none")
        return
    draft = PlanDraft(())
    for draft in decode_plan(model, brief, cancel, spans, constraints=constraints):
        yield PlanProgress(*reasoning_and_events(model, draft))
    parsed = parse_plan(model.tokenizer.decode(draft.tokens))
    assert draft.lengths is not None
    story = compose_story(
        model.profile.name, instruction, total, seed, parsed, draft.items, draft.lengths
    )
    yield PlanProgress(parsed.reasoning, parsed.events, _finished(model, story, draft.items))


def _plan_externally(
    model: AudioStory,
    director: Director,
    instruction: str,
    total: float,
    seed: int,
    cancel: threading.Event | None,
    spans: Spans | None,
) -> Iterator[PlanProgress]:
    """Another director's score, or a plain list of events; its answer is shown as it comes."""
    text = ""
    for text in director.answer(instruction, total, cancel):
        yield PlanProgress(text[:MAX_REASONING], ())
    answered = read_answer(text, director.name)
    most = most_events(model, total)
    brief = Brief(instruction, total, most=most)
    known = spans or known_spans(model)
    score = answered.score(total, partial(natural_seconds, known), most)
    if score is None:
        story = _listed(model, brief, seed, answered.items[:most], known)
    else:
        story = _scored(model, brief, seed, score, director.name)
    if len(answered.items) > most:
        left = (
            f"{len(answered.items) - most} events of {director.name} were left out: "
            f"{total:g} s have no room for them."
        )
        story = replace(story, notes=(left, *story.notes))
    events = tuple(PlannedEvent(e.caption, e.duration, e.mood) for e in story.events)
    yield PlanProgress(story.reasoning, events, story)


def _listed(
    model: AudioStory, brief: Brief, seed: int, items: Sequence[Item], spans: Spans
) -> Story:
    """Another director's list of events, one after the other, put into the words of ours."""
    timed = TimedInstruction(brief.instruction, brief.total)
    lengths = fit_lengths(brief, timed, items, spans)
    settled = [replace(i, seconds=s) for i, s in zip(items, lengths.seconds, strict=True)]
    events = tuple(PlannedEvent(item.phrase, item.seconds, item.mood) for item in settled)
    story = compose_story(
        model.profile.name, brief.instruction, brief.total, seed,
        Plan(write_items(settled), events), items, lengths,
    )  # fmt: skip
    return _finished(model, story, items)


def _scored(model: AudioStory, brief: Brief, seed: int, score: AnsweredScore, name: str) -> Story:
    """Another director's score, its reasoning the list that our own director writes.

    Raises:
        PlanError: none of it lies within the story.
    """
    if not score.events:
        raise PlanError(
            f"{name} planned nothing within the {brief.total:g} s of the story; draft again or "
            "choose another."
        )
    items = [Item(line.caption, line.seconds, line.mood) for line in score.events]
    sheet = CueSheet(write_items(items), score.events)
    story = compose_score(model.profile.name, brief.instruction, brief.total, seed, sheet)
    return with_score_notes(model, replace(story, corrections=score.notes))


def _finished(model: AudioStory, story: Story, items: Sequence[Item]) -> Story:
    """The story with its silences, and with what is to be said of it beside its instruction."""
    timed = TimedInstruction(story.instruction, story.total)
    phrases = [item.phrase for item in items]
    story = with_silences(story, timed, phrases)
    notes = notes_on(timed, phrases, most_events(model, story.total), model.lexicon)
    return replace(story, notes=(*story.notes, *notes))


def named_instruction(model: AudioStory, instruction: str, total: float) -> str:
    """The instruction as it is planned, which names something.

    Raises:
        PlanError: it does not, or is none (`check_instruction`).
    """
    instruction = check_instruction(model, instruction, total)
    check_named(instruction, TimedInstruction(instruction, total).clause_texts)
    return instruction


def understood_instruction(model: AudioStory, instruction: str, total: float) -> str:
    """The instruction as our own language model plans it, which is English.

    Raises:
        PlanError: it is in another language, or none (`named_instruction`).
    """
    instruction = named_instruction(model, instruction, total)
    if model.lexicon is not None:
        clauses = TimedInstruction(instruction, total).clause_texts
        check_english(instruction, clauses, model.lexicon)
    return instruction


def check_instruction(model: AudioStory, instruction: str, total: float) -> str:
    """The instruction on one line, a list as sentences, and without marks of the stream.

    Raises:
        PlanError: it is empty, too long, or the total is out of range.
    """
    limits = model.profile.director
    instruction = one_line(end_list_lines(instruction))
    if not instruction:
        raise PlanError("The instruction is empty; describe what should be heard.")
    if len(instruction) > MAX_INSTRUCTION:
        raise PlanError(
            f"The instruction has {len(instruction)} characters; shorten it to {MAX_INSTRUCTION}."
        )
    if not MIN_TOTAL <= total <= limits.max_total:
        raise PlanError(
            f"A story lasts {MIN_TOTAL:g} to {limits.max_total:g} s, not {total:g} s; "
            "change the duration."
        )
    return instruction


def most_events(model: AudioStory, total: float) -> int:
    return max(1, min(model.profile.director.max_events, int(total / (2 * GRID))))


def decode_plan(
    model: AudioStory,
    brief: Brief,
    cancel: threading.Event | None = None,
    spans: Spans | None = None,
    variation: int = 0,
    constraints: Constraints = "all",
) -> Iterator[PlanDraft]:
    """Decode the assistant's turn; yields it after every pass.

    Args:
        variation: 0 takes the best token each time, any other number draws among the better ones.
        constraints: `grammar` or `all`; free decoding is `core.director.published.decode_freely`.
    """
    model.ready("director")
    held = ConstrainedPlan(model, brief, spans, constraints)
    decoder = model.borrow_decoder()
    for tokens in decoder.write(held.prompt, held.grammar, cancel, variation):
        held.settle()
        yield PlanDraft(tuple(tokens), held.items, held.lengths)
    model.return_decoder(decoder)


def known_spans(model: AudioStory) -> Spans:
    """Natural lengths by the profile's known captions, which are loaded at the first question."""

    def spans(phrases: Sequence[str]) -> Sequence[Span | None]:
        known_sounds = load_known_sounds(model.profile)
        return known_sounds.spans(phrases) if known_sounds else [None] * len(phrases)

    return spans


def natural_seconds(spans: Spans, caption: str) -> float:
    """How long a sound lasts that is added without a length; of textures the shortest."""
    (span,) = spans([caption])
    return UNKNOWN_LENGTH if span is None else max(span.shortest, min(span.longest, UNKNOWN_LENGTH))


class ConstrainedPlan:
    """The grammar that one plan is held to, and what is settled once its list is written.

    Attributes:
        prompt: tokens of the request.
        items, lengths: see `PlanDraft`.
    """

    def __init__(
        self,
        model: AudioStory,
        brief: Brief,
        spans: Spans | None = None,
        constraints: Constraints = "all",
    ):
        limits = model.profile.director
        self._model = model
        self._brief = brief
        self._constraints = constraints
        self._spans = spans or known_spans(model)
        self._timed = TimedInstruction(brief.instruction, brief.total)
        held = list_constraints(brief, self._timed, model.lexicon, constraints)
        self._event_list = ListGrammar(model.list_ids, held, model.encode, model.tokenizer.decode)
        self.grammar = PlanGrammar(
            model.ids, limits.max_reasoning, limits.max_caption, brief.most, self._event_list
        )
        self.prompt = model.encode(prompt_text(brief.instruction, brief.total))
        self.items: tuple[Item, ...] = ()
        self.lengths: Lengths | None = None

    def settle(self) -> None:
        """Once the list is written, fix the lengths and hold the events to it."""
        if not self.grammar.list_finished:
            return
        encode, decode = self._model.encode, self._model.tokenizer.decode
        items = self.items = tuple(self._event_list.items)
        captions = CaptionConstraint([item.phrase for item in items])
        free = self._constraints != "all"
        self.lengths = fit_lengths(self._brief, self._timed, items, self._spans, self._constraints)
        self.grammar.settle(
            [encode(f"{seconds:g}") for seconds in self.lengths.seconds],
            {i: encode(event.caption) for i, event in self._brief.settled.items()},
            [encode(item.phrase) for item in items],
            lambda i, caption: free or captions.fits(i, decode(caption)),
        )


def reasoning_and_events(
    model: AudioStory, draft: PlanDraft
) -> tuple[str, tuple[PlannedEvent, ...]]:
    """What a draft says so far."""
    text = model.tokenizer.decode(draft.tokens)
    return _reasoning_so_far(text), events_so_far(text)


def _reasoning_so_far(text: str) -> str:
    return text.partition(THINK_END)[0].removeprefix(THINK).strip()


def compose_story(
    profile: str,
    instruction: str,
    total: float,
    seed: int,
    parsed: Plan,
    items: Sequence[Item],
    lengths: Lengths,
) -> Story:
    """A story from a parsed plan, with what was corrected in it, and which times were not kept.

    Args:
        items: the list behind the plan, one for each event: lengths as wanted, and moods.
        lengths: the events' lengths as they are settled.
    """
    wanted = [item.seconds for item in items]
    corrections = _scaled(wanted, lengths.seconds, total)
    events: list[Event] = []
    clock = 0.0
    planned = zip(parsed.events, items, lengths.seconds, strict=True)
    for place, (event, item, seconds) in enumerate(planned):
        start = lengths.above.get(place, clock)
        planned_event = Event(f"e{place + 1}", event.caption, round(start, 3), seconds, item.mood)
        if place in lengths.above:
            planned_event = replace(planned_event, layer=_free_layer(events, planned_event))
        else:
            clock += seconds
        events.append(planned_event)
    return Story(
        instruction, total, seed, profile, parsed.reasoning, tuple(events), tuple(corrections),
        lengths.contradictions,
    )  # fmt: skip


def _free_layer(events: Sequence[Event], new: Event) -> int:
    """The lowest layer above the story on which nothing else is heard meanwhile."""
    taken = {e.layer for e in events if e.end > new.start and e.start < new.end}
    return next((layer for layer in range(1, MAX_LAYER) if layer not in taken), MAX_LAYER)


def _scaled(wanted: Sequence[float], fitted: Sequence[float], total: float) -> list[str]:
    if all(abs(a - b) <= 1e-6 for a, b in zip(wanted, fitted, strict=True)):
        return []
    if abs(sum(wanted) - total) > 1e-6:
        summed = f"The director's durations summed to {sum(wanted):g} s"
        return [f"{summed}; they were scaled to {total:g} s."]
    return ["The director's durations were brought to the instruction's times and to the sounds'."]
