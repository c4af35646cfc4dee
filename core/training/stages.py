"""The paper's three training stages over one loop (section 3.3).

    python app.py train stage1 --run DIR [--from DIR] [--examples DIR] [--no-residual …]

Stage I: single events; first the semantic tokens and text alone (`warmup`), then the whole with
L_flow (`stage1`). Stage II adds understanding (core/training/understanding.py). Stage III:
interleaved stories with reasoning, and continuation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from torch import Tensor

from core.audiostory import AudioStory
from core.grammar import PlannedEvent
from core.training.loop import TrainingRun, train
from core.training.narratives import Narrative, narrative, single
from core.training.objective import Ablation, Lesson, Objective
from core.training.sounds import EventSounds
from core.training.text_encoder import TextEncoder

FULL = Ablation()
LAMBDA = {"mse": 1.0, "text": 1.0, "flow": 0.2, "reason": 0.4}


@dataclass(frozen=True)
class Stage:
    """One stage of training.

    Attributes:
        stories: share of interleaved stories among the lessons, the rest are single events.
        lessons: lessons an optimizer step.
        flow: L_flow takes part (needs examples).
    """

    name: str
    stories: float
    lessons: int
    flow: bool


STAGES: dict[str, Stage] = {
    stage.name: stage
    for stage in (
        Stage("warmup", stories=0.0, lessons=8, flow=False),
        Stage("stage1", stories=0.0, lessons=8, flow=True),
        Stage("plans", stories=0.9, lessons=3, flow=False),
        Stage("stage3", stories=0.8, lessons=3, flow=True),
    )
}


def lesson_of(told: Narrative) -> Lesson:
    events = tuple(PlannedEvent(e.caption, e.seconds, e.mood) for e in told.events)
    classes = tuple(e.classes for e in told.events)
    return Lesson(told.instruction, told.total, told.reasoning, events, classes)


def lessons(stage: Stage, generator: torch.Generator) -> Iterator[Lesson]:
    """The lessons of one step, drawn by the step's generator."""
    rng = Random(int(torch.randint(2**31, (1,), generator=generator)))
    for _ in range(stage.lessons):
        yield lesson_of(narrative(rng) if rng.random() < stage.stories else single(rng))


def step_losses(
    stage: Stage, objective: Objective
) -> Callable[[torch.Generator], Iterator[Mapping[str, Tensor]]]:
    """The loss terms of each lesson of a step."""

    def losses(generator: torch.Generator) -> Iterator[Mapping[str, Tensor]]:
        for lesson in lessons(stage, generator):
            yield dict(objective.terms(lesson, generator))

    return losses


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
    train(model, step_losses(stage, objective), LAMBDA, run, folder)
