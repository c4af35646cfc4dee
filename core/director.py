"""The director: from one instruction to a story, its reasoning streamed as it is written.

Decoding is greedy and held to the grammar, so that every plan parses; durations are then made to
sum to what was asked, and whatever was corrected is recorded in the story.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import DynamicCache

from core import grammar
from core.audiostory import AudioStory
from core.durations import GRID, fit_durations
from core.errors import Cancelled, PlanError
from core.grammar import Plan, PlanGrammar, PlannedEvent, parse_plan
from core.story import MAX_INSTRUCTION, Event, Story

MIN_TOTAL = 3.0


@dataclass(frozen=True)
class PlanProgress:
    """What the director has written so far; the last one carries the story."""

    reasoning: str
    events: tuple[PlannedEvent, ...]
    story: Story | None = None


def plan(
    model: AudioStory,
    instruction: str,
    total: float,
    seed: int,
    cancel: threading.Event | None = None,
) -> Iterator[PlanProgress]:
    """Reason out a story of `total` seconds.

    Args:
        seed: kept in the story for the performer; the plan itself does not depend on it.
        cancel: checked before every token.

    Yields:
        The reasoning and the events so far, at least once a token; the story at last.

    Raises:
        PlanError: the instruction or the total cannot be planned.
        Cancelled: `cancel` was set.
    """
    instruction = check_instruction(model, instruction, total)
    prompt = model.encode(grammar.prompt_text(instruction, total))
    written: list[int] = []
    for tokens in write_stream(model, prompt, total, cancel):
        written += tokens
        text = model.tokenizer.decode(written)
        yield PlanProgress(_reasoning_so_far(text), _events_so_far(text))
    parsed = parse_plan(model.tokenizer.decode(written))
    story = compose_story(model.profile.name, instruction, total, seed, parsed)
    yield PlanProgress(parsed.reasoning, parsed.events, story)


def check_instruction(model: AudioStory, instruction: str, total: float) -> str:
    """The instruction on one line and without marks of the stream.

    Raises:
        PlanError: it is empty, too long, or the total is out of range.
    """
    limits = model.profile.director
    instruction = grammar.one_line(instruction)
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


@torch.inference_mode()
def write_stream(
    model: AudioStory, prompt: Sequence[int], total: float, cancel: threading.Event | None = None
) -> Iterator[list[int]]:
    """Decode the assistant's turn token by token; forced blocks go through in one pass."""
    limits = model.profile.director
    rules = PlanGrammar(
        model.ids,
        limits.max_reasoning,
        limits.max_caption,
        min(limits.max_events, int(total / (2 * GRID))),
    )
    masks: dict[int, Tensor] = {}
    cache = DynamicCache()
    pending = list(prompt)
    while not rules.finished:
        if cancel is not None and cancel.is_set():
            raise Cancelled("Drafting was stopped.")
        tokens = list(rules.forced)
        if not tokens:
            states = model.backbone(
                input_ids=torch.tensor([pending]), past_key_values=cache, use_cache=True
            ).last_hidden_state[0, -1]
            pending = []
            tokens = [_best(model.head(states), rules, masks)]
        rules.advance(tokens)
        pending += tokens
        yield tokens


def _best(logits: Tensor, rules: PlanGrammar, masks: dict[int, Tensor]) -> int:
    allowed = rules.allowed
    if id(allowed) not in masks:
        masks[id(allowed)] = torch.tensor(sorted(allowed))
    candidates = masks[id(allowed)]
    return int(candidates[logits[candidates].argmax()])


def _reasoning_so_far(text: str) -> str:
    return text.partition(grammar.THINK_END)[0].removeprefix(grammar.THINK).strip()


def _events_so_far(text: str) -> tuple[PlannedEvent, ...]:
    try:
        return parse_plan(text).events
    except PlanError:
        return ()


def compose_story(profile: str, instruction: str, total: float, seed: int, parsed: Plan) -> Story:
    """A story from a parsed plan: durations fitted to the total, corrections noted."""
    wanted = [event.duration for event in parsed.events]
    durations = fit_durations(wanted, total)
    corrections = []
    if any(abs(a - b) > 1e-6 for a, b in zip(wanted, durations, strict=True)):
        corrections.append(
            f"The director's durations summed to {sum(wanted):g} s; "
            f"they were scaled to {total:g} s."
        )
    events, clock = [], 0.0
    for number, (event, seconds) in enumerate(zip(parsed.events, durations, strict=True), 1):
        events.append(Event(f"e{number}", event.caption, round(clock, 3), seconds, event.mood))
        clock += seconds
    return Story(
        instruction, total, seed, profile, parsed.reasoning, tuple(events), tuple(corrections)
    )
