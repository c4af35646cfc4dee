"""Training through the language model (paper, section 3.3).

    python app.py train plans --run DIR [--from DIR]
    python app.py train stage3 --run DIR --from DIR --examples DIR [--no-residual …]

`plans` teaches the director to reason and to plan, `stage3` trains everything end to end on
interleaved stories. Between them lies stage I (core/training/bridging.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from torch import Tensor, nn

from core.audiostory import AudioStory
from core.grammar import PlannedEvent
from core.text_encoder import TextEncoder
from core.training.loop import TrainingRun, precision, train
from core.training.narratives import Narrative, narrative, single
from core.training.objective import LAMBDA, Ablation, Lesson, Objective
from core.training.sounds import EventSounds

FULL = Ablation()


@dataclass(frozen=True)
class Stage:
    """One stage of training.

    Attributes:
        stories: share of interleaved stories among the lessons, the rest are single events.
        lessons: lessons an optimizer step.
        flow: L_flow takes part (needs examples).
        bridging: share of the lessons whose stream holds bridging tokens; the others are half as
            long and teach planning alone.
    """

    name: str
    stories: float
    lessons: int
    flow: bool
    bridging: float = 1.0


STAGES: dict[str, Stage] = {
    stage.name: stage
    for stage in (
        Stage("plans", stories=0.9, lessons=4, flow=False, bridging=0.2),
        Stage("stage3", stories=0.8, lessons=3, flow=True),
    )
}


def lesson_of(told: Narrative, bridging: bool = True) -> Lesson:
    events = tuple(PlannedEvent(e.caption, e.seconds, e.mood) for e in told.events)
    classes = tuple(e.classes for e in told.events)
    return Lesson(told.instruction, told.total, told.reasoning, events, classes, bridging)


def lessons(stage: Stage, generator: torch.Generator) -> Iterator[Lesson]:
    """The lessons of one step, drawn by the step's generator."""
    rng = Random(int(torch.randint(2**31, (1,), generator=generator)))
    for _ in range(stage.lessons):
        told = narrative(rng) if rng.random() < stage.stories else single(rng)
        yield lesson_of(told, rng.random() < stage.bridging)


def step_losses(
    stage: Stage, objective: Objective
) -> Callable[[torch.Generator], Iterator[Mapping[str, Tensor]]]:
    """The loss terms of each lesson of a step."""

    def losses(generator: torch.Generator) -> Iterator[Mapping[str, Tensor]]:
        for lesson in lessons(stage, generator):
            yield dict(objective.terms(lesson, generator))

    return losses


@contextmanager
def halved(llm: nn.Module) -> Iterator[None]:
    """What is not trained in bf16, in which it is read anyway, where that is faster."""
    frozen = [p for p in llm.parameters() if not p.requires_grad and precision() == "bf16"]
    whole = [parameter.data for parameter in frozen]
    for parameter in frozen:
        parameter.data = parameter.data.bfloat16()
    try:
        yield
    finally:
        for parameter, data in zip(frozen, whole, strict=True):
            parameter.data = data


def train_stage(
    model: AudioStory,
    stage: Stage,
    sounds: EventSounds | None,
    run: TrainingRun,
    folder: Path,
    ablation: Ablation = FULL,
) -> None:
    """Train LLM adapter, projectors, fuser and DiT together on one stage's lessons."""
    torch.manual_seed(run.seed)
    encoder = TextEncoder(model.profile.bridge.semantic_tokens)
    objective = Objective(model, encoder, sounds if stage.flow else None, ablation)
    model.performer.requires_grad_(stage.flow)
    with halved(model.llm):
        train(model, step_losses(stage, objective), LAMBDA, run, folder)
