"""The director: from one instruction to a story, its reasoning streamed as it is written.

Decoding is greedy and held to the grammar, so that every plan parses. The reasoning is a list;
once it is written, the lengths are settled (times that the instruction gives exactly, the rest to
suit the sound and the total), and the events follow the list, one for each item. Whatever was
corrected is recorded in the story.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace

from core.audiostory import AudioStory
from core.bridge.known_sounds import load_known_sounds
from core.bridge.lexicon import Lexicon
from core.director.clauses import Clause, align, listed, related, stems
from core.director.external import Director, read_answer
from core.director.progress import Brief, PlanDraft, PlanProgress, Spans, events_so_far
from core.director.published import plan_published
from core.director.times import TimedInstruction
from core.errors import PlanError
from core.language.reasoning import (
    Item,
    ListConstraints,
    ListGrammar,
    write_items,
)
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
from core.story.durations import GRID, Lengths, Span, fit_story
from core.story.story import MAX_CAPTION, MAX_INSTRUCTION, MAX_REASONING, Event, Story

MIN_TOTAL = 3.0
_ENOUGH = 3
"""Clauses of an instruction that tells what it wants, rather than naming a scene."""
SURE = 0.8
"""Share and cosine from which a clause names a sound so surely that an event has to tell it."""


def plan(
    model: AudioStory,
    instruction: str,
    total: float,
    seed: int,
    cancel: threading.Event | None = None,
    spans: Spans | None = None,
    director: Director | None = None,
) -> Iterator[PlanProgress]:
    """Reason out a story of `total` seconds.

    Args:
        seed: kept in the story for the performer; the plan itself does not depend on it.
        cancel: checked before every pass of the language model.
        spans: natural lengths of sounds, for the lengths that the instruction leaves open; by
            default those that the profile's known captions have.
        director: who plans; None: our own language model. The bridge is ours in any case.

    Yields:
        The reasoning and the events so far, at least once a pass; the story at last. A phrase
        that is taken back makes the reasoning shorter again.

    Raises:
        PlanError: the instruction or the total cannot be planned.
        Cancelled: `cancel` was set.
    """
    instruction = check_instruction(model, instruction, total)
    if model.profile.director.planner == "published":
        yield from plan_published(model, instruction, total, seed, cancel)
        return
    if director is not None:
        yield from _planned_elsewhere(model, director, instruction, total, seed, cancel, spans)
        return
    brief = Brief(instruction, total, most=most_events(model, total))
    draft = PlanDraft(())
    for draft in write(model, brief, cancel, spans):
        yield PlanProgress(*reasoning_and_events(model, draft))
    parsed = parse_plan(model.tokenizer.decode(draft.tokens))
    assert draft.lengths is not None
    story = compose_story(
        model.profile.name, instruction, total, seed, parsed, draft.items, draft.lengths
    )
    yield PlanProgress(parsed.reasoning, parsed.events, story)


def _planned_elsewhere(
    model: AudioStory,
    director: Director,
    instruction: str,
    total: float,
    seed: int,
    cancel: threading.Event | None,
    spans: Spans | None,
) -> Iterator[PlanProgress]:
    """Another director's list, put into the words of ours; its answer is shown as it comes."""
    text = ""
    for text in director.answer(instruction, total, cancel):
        yield PlanProgress(text[:MAX_REASONING], ())
    told = read_answer(text, director.name)
    items = told[: most_events(model, total)]
    timed = TimedInstruction(instruction, total)
    lengths = _lengths(Brief(instruction, total), timed, items, spans or known_spans(model))
    settled = [replace(i, seconds=s) for i, s in zip(items, lengths.seconds, strict=True)]
    events = tuple(PlannedEvent(item.phrase, item.seconds, item.mood) for item in settled)
    parsed = Plan(write_items(settled), events)
    story = compose_story(model.profile.name, instruction, total, seed, parsed, items, lengths)
    if len(told) > len(items):
        left = f"{len(told) - len(items)} of its events were left out: {total:g} s have no room."
        story = replace(story, corrections=(*story.corrections, left))
    yield PlanProgress(parsed.reasoning, events, story)


def check_instruction(model: AudioStory, instruction: str, total: float) -> str:
    """The instruction on one line, a list as sentences, and without marks of the stream.

    Raises:
        PlanError: it is empty, too long, or the total is out of range.
    """
    limits = model.profile.director
    instruction = one_line(listed(instruction))
    if not instruction:
        raise PlanError("The instruction is empty; describe what should be heard.")
    if len(instruction) > MAX_INSTRUCTION:
        raise PlanError(f"The instruction is too long; keep it under {MAX_INSTRUCTION} characters.")
    if not MIN_TOTAL <= total <= limits.max_total:
        raise PlanError(
            f"A story lasts {MIN_TOTAL:g} to {limits.max_total:g} s, not {total:g} s; "
            "change the duration."
        )
    return instruction


def most_events(model: AudioStory, total: float) -> int:
    return max(1, min(model.profile.director.max_events, int(total / (2 * GRID))))


def write(
    model: AudioStory,
    brief: Brief,
    cancel: threading.Event | None = None,
    spans: Spans | None = None,
    variation: int = 0,
) -> Iterator[PlanDraft]:
    """Decode the assistant's turn; yields it after every pass.

    Args:
        variation: 0 takes the best token each time, any other number draws among the better ones.
    """
    model.ready("director")
    turn = Turn(model, brief, spans)
    decoder = model.borrow_decoder()
    for tokens in decoder.write(turn.prompt, turn.rules, cancel, variation):
        turn.settle()
        yield PlanDraft(tuple(tokens), turn.items, turn.lengths)
    model.return_decoder(decoder)


def known_spans(model: AudioStory) -> Spans:
    """Natural lengths by the profile's known captions, which are loaded at the first question."""

    def spans(phrases: Sequence[str]) -> Sequence[Span | None]:
        known_sounds = load_known_sounds(model.profile)
        return known_sounds.spans(phrases) if known_sounds else [None] * len(phrases)

    return spans


class Turn:
    """The rules of one turn of the director, and what is settled in the middle of it.

    Attributes:
        prompt: tokens of what is asked.
        items, lengths: see `PlanDraft`.
    """

    def __init__(self, model: AudioStory, brief: Brief, spans: Spans | None = None):
        limits = model.profile.director
        self._model = model
        self._brief = brief
        self._spans = spans or known_spans(model)
        self._timed = TimedInstruction(brief.instruction, brief.total)
        constraints = _constraints(brief, self._timed, model.lexicon)
        self._listing = ListGrammar(
            model.list_ids, constraints, model.encode, model.tokenizer.decode
        )
        self.rules = PlanGrammar(
            model.ids, limits.max_reasoning, limits.max_caption, brief.most, self._listing
        )
        self.prompt = model.encode(prompt_text(brief.instruction, brief.total))
        self.items: tuple[Item, ...] = ()
        self.lengths: Lengths | None = None

    def settle(self) -> None:
        """Once the list is written, fix the lengths and hold the events to it."""
        if not self.rules.listed:
            return
        encode, decode = self._model.encode, self._model.tokenizer.decode
        items = self.items = tuple(self._listing.items)
        captions = Captions([item.phrase for item in items])
        self.lengths = _lengths(self._brief, self._timed, items, self._spans)
        self.rules.settle(
            [encode(f"{seconds:g}") for seconds in self.lengths.seconds],
            {i: encode(event.caption) for i, event in self._brief.settled.items()},
            [encode(item.phrase) for item in items],
            lambda i, caption: captions.fits(i, decode(caption)),
        )


class Captions:
    """What the events are called, one after the other, held to the phrases of the list."""

    def __init__(self, phrases: Sequence[str]):
        self._phrases = phrases
        self._written: dict[int, str] = {}

    def fits(self, place: int, caption: str) -> bool:
        """Whether a caption tells of its phrase, and no event of another phrase has it already."""
        own = self._phrases[place]
        others = [i for i, written in self._written.items() if i < place and written == caption]
        taken = any(stems(self._phrases[i]) != stems(own) for i in others)
        if taken or not related(own, caption):
            return False
        self._written[place] = caption
        return True


def _constraints(brief: Brief, timed: TimedInstruction, lexicon: Lexicon | None) -> ListConstraints:
    named = named_sounds(brief, timed, lexicon)
    sure = frozenset[int]()
    if lexicon is not None:
        sure = timed.places(lambda said: lexicon.names(said, SURE, SURE))
    return ListConstraints(
        settled={
            i: Item(event.caption, event.duration, event.mood) for i, event in brief.settled.items()
        },
        told=named,
        least=max(brief.least, len(named)),
        most=len(named) or brief.most,
        mood=brief.mood,
        refuses=lambda phrases: refused(brief, timed, phrases) or unheard(timed, lexicon, phrases),
        complete=lambda phrases: complete(brief, timed, phrases),
        lacking=lambda phrases, ended: timed.lacking(phrases, ended, sure),
        length=lambda phrases: timed.tie(phrases).lengths.get(len(phrases) - 1),
    )


def complete(brief: Brief, timed: TimedInstruction, phrases: Sequence[str]) -> bool:
    """Whether a list may end where nothing fits any more."""
    full = timed.given > brief.total - GRID and not timed.lacking(phrases, True)
    return full or told_to_the_end(timed.clauses, phrases)


def told_to_the_end(parts: Sequence[Clause], phrases: Sequence[str]) -> bool:
    """Whether the last clause that says something is told, or a scene is set that names no sound.

    A scene has no clause that any phrase tells, and so no end but the director's.
    """
    last = max((i for i, part in enumerate(parts) if part.words), default=0)
    told = align(phrases, parts)
    return last in told or not any(place is not None for place in told)


def refused(brief: Brief, timed: TimedInstruction, phrases: Sequence[str]) -> bool:
    """Whether the last phrase may not stand: nothing in the instruction asks for it any more.

    It may not tell again what has been told as often as the instruction tells it, nor take time
    where all time is given away, nor, where the instruction has told enough to go by, share no
    word with it.
    """
    last, parts = phrases[-1], timed.clauses
    if last.lower() in {phrase.lower() for phrase in brief.avoid}:
        return True
    said = stems(last)
    told = sum(said <= stems(phrase) for phrase in phrases[:-1])
    asked = max((sum(s in part.stems for part in parts) for s in said), default=1)
    if told and told >= max(1, asked):
        return True
    before, now = timed.tie(phrases[:-1]).lengths, timed.tie(phrases).lengths
    given = max(timed.given, sum(now.values()))
    if given > brief.total - GRID and len(now) <= len(before):
        return True
    spoken = [part for part in parts if part.words]
    return len(spoken) >= _ENOUGH and not any(related(last, part.text) for part in spoken)


def named_sounds(brief: Brief, timed: TimedInstruction, lexicon: Lexicon | None) -> tuple[str, ...]:
    """The sounds that an instruction names, where it does nothing else ("heavy rain, thunder").

    It is performed as it is: a small director reads a word as a scene and makes a story of it.
    """
    said = timed.said
    free = not (brief.settled or brief.avoid) and brief.least == 1
    few = 0 < len(said) < _ENOUGH and len(said) <= brief.most
    in_turn = all(time.kind == "lasts" for time in timed.times)
    short = all(0 < len(phrase) <= MAX_CAPTION for phrase in said)
    if lexicon is None or not (free and few and in_turn and short):
        return ()
    return said if all(lexicon.names(phrase) for phrase in said) else ()


def unheard(timed: TimedInstruction, lexicon: Lexicon | None, phrases: Sequence[str]) -> bool:
    """Whether the last phrase is made up, and is no sound that can be performed or one told before.

    What the instruction asks for may be any sound, as often as it is asked for. Where it only sets
    a scene, one phrase may take up each of its words.
    """
    if lexicon is None:
        return False
    *before, last = phrases
    spoken = [part for part in timed.clauses if part.words]
    *told, place = align(phrases, timed.clauses)
    wanted = frozenset[str]().union(*(part.stems for part in spoken))
    fresh = (stems(last) & wanted).difference(*(stems(phrase) for phrase in before))
    if fresh or (place is not None and place not in told):
        return False
    if len(spoken) >= _ENOUGH and any(related(last, part.text) for part in spoken):
        return False
    sound = lexicon.likeliest(last)
    return not sound or sound in {lexicon.likeliest(phrase) for phrase in before}


def _lengths(brief: Brief, timed: TimedInstruction, items: Sequence[Item], spans: Spans) -> Lengths:
    wanted = [item.seconds for item in items]
    phrases = [item.phrase for item in items]
    if brief.lengths is not None:
        return brief.lengths(wanted, spans(phrases))
    given = timed.tie(phrases)
    return fit_story(wanted, brief.total, given.lengths, given.starts, spans(phrases))


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
    """A story from a parsed plan, with what was corrected in it.

    Args:
        items: the list behind the plan, one for each event: lengths as wanted, and moods.
        lengths: the events' lengths as they are settled.
    """
    wanted = [item.seconds for item in items]
    corrections = [*_scaled(wanted, lengths.seconds, total), *lengths.contradictions]
    events, clock = [], 0.0
    told = zip(parsed.events, items, lengths.seconds, strict=True)
    for number, (event, item, seconds) in enumerate(told, 1):
        events.append(Event(f"e{number}", event.caption, round(clock, 3), seconds, item.mood))
        clock += seconds
    return Story(
        instruction, total, seed, profile, parsed.reasoning, tuple(events), tuple(corrections)
    )


def _scaled(wanted: Sequence[float], fitted: Sequence[float], total: float) -> list[str]:
    if all(abs(a - b) <= 1e-6 for a, b in zip(wanted, fitted, strict=True)):
        return []
    if abs(sum(wanted) - total) > 1e-6:
        told = f"The director's durations summed to {sum(wanted):g} s"
        return [f"{told}; they were scaled to {total:g} s."]
    return ["The director's durations were brought to the instruction's times and to the sounds'."]
