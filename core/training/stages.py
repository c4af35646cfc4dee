"""Training through the language model (paper, section 3.3).

    python app.py train plans --run DIR [--from DIR]
    python app.py train meaning --run DIR --from DIR --examples DIR
    python app.py train stage3 --run DIR --from DIR --examples DIR [--no-residual …]

`plans` teaches the director to reason and to plan, `meaning` to hand on what captions in any words
mean, `stage3` trains everything end to end on interleaved stories. Before it lies the rest of
stage I (core/training/bridging.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import torch
from torch import Tensor, nn

from core.audiostory import AudioStory
from core.bridge.text_encoder import TextEncoder
from core.corpus.examples import Examples
from core.errors import WeightsError
from core.language.stream import PlannedEvent
from core.narratives.narratives import Narrative, narrative, single
from core.training.lesson import Ablation, Lesson
from core.training.loop import TrainingRun, precision, train
from core.training.objective import LAMBDA, Objective
from core.training.pretrain import pays
from core.training.sounds import EventSounds
from core.training.states import lesson as reading

NO_ABLATION = Ablation()


@dataclass(frozen=True)
class _Stage:
    """One stage of training.

    Attributes:
        stories: share of interleaved stories among the lessons, the rest are single events.
        lessons: lessons an optimizer step.
        flow: L_flow takes part (needs examples).
        bridging: share of the lessons whose stream holds bridging tokens; the others are half as
            long and teach planning alone.
        captions: further lessons a step, of captions of examples that the director reads but is
            not to write; L_mse alone.
        kept: so many layers, counted from the embeddings, keep their adapter as it is.
    """

    name: str
    stories: float
    lessons: int
    flow: bool
    bridging: float = 1.0
    captions: int = 0
    kept: int = 0


STAGES: dict[str, _Stage] = {
    stage.name: stage
    for stage in (
        _Stage("plans", stories=0.9, lessons=4, flow=False, bridging=0.2),
        _Stage("meaning", stories=1.0, lessons=1, flow=False, bridging=0.0, captions=6, kept=15),
        _Stage("stage3", stories=0.8, lessons=3, flow=True),
    )
}


def lesson_of(story: Narrative, bridging: bool = True) -> Lesson:
    events = tuple(PlannedEvent(e.caption, e.seconds, e.mood) for e in story.events)
    return Lesson(
        story.instruction,
        story.total,
        story.reasoning,
        events,
        classes=tuple(e.classes for e in story.events),
        meant=tuple(e.meant for e in story.events),
        bridging=bridging,
    )


def stage_lessons(stage: _Stage, examples: Examples | None, rng: Random) -> Iterator[Lesson]:
    """The lessons of one step; those of captions read what `states` will read."""
    for _ in range(stage.lessons):
        story = narrative(rng) if rng.random() < stage.stories else single(rng)
        yield lesson_of(story, rng.random() < stage.bridging)
    if examples is None:
        return
    for _ in range(stage.captions):
        read = reading(examples, rng)
        story = replace(read.story, reasoning=read.reasoning)
        yield replace(lesson_of(story), written=False)


def _step_losses(
    stage: _Stage, objective: Objective, examples: Examples | None
) -> Callable[[torch.Generator], Iterator[Mapping[str, Tensor]]]:
    """The loss terms of each lesson of a step, which its generator draws."""

    def losses(generator: torch.Generator) -> Iterator[Mapping[str, Tensor]]:
        rng = Random(int(torch.randint(2**31, (1,), generator=generator)))
        for lesson in stage_lessons(stage, examples, rng):
            yield dict(objective.terms(lesson, generator))

    return losses


def layers_of(model: AudioStory) -> nn.ModuleList:
    """The layers of the director's transformer."""
    layers = model.backbone.layers
    assert isinstance(layers, nn.ModuleList)
    return layers


def keep_layers(model: AudioStory, count: int) -> None:
    """Leave the adapter of the first layers as it is, and what lies before them."""
    layers_of(model)[:count].requires_grad_(False)
    if count:
        model.llm.get_input_embeddings().requires_grad_(False)


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
            parameter.data = data.to(parameter.device)


def train_stage(
    model: AudioStory,
    stage: _Stage,
    sounds: EventSounds | None,
    run: TrainingRun,
    folder: Path,
    ablation: Ablation = NO_ABLATION,
) -> None:
    """Train LLM adapter, projectors, fuser and DiT together on one stage's lessons.

    Args:
        sounds: what performs the events, and the captions that are read; None leaves both out.

    Raises:
        WeightsError: the stage is about captions and there are none.
    """
    if stage.captions and sounds is None:
        raise WeightsError(f"The stage {stage.name} reads captions; name them with --examples.")
    torch.manual_seed(run.seed)
    encoder = TextEncoder(model.profile.bridge.semantic_tokens)
    objective = Objective(model, encoder, sounds if stage.flow else None, ablation)
    model.performer.requires_grad_(stage.flow)
    keep_layers(model, stage.kept)
    if pays(run.steps):
        for layer in layers_of(model):
            layer.compile(dynamic=True)
    losses = _step_losses(stage, objective, sounds.examples if sounds else None)
    with halved(model.llm):
        train(model, losses, LAMBDA, run, folder)
