"""Distillation of the performer for drafts: guidance folded in, few steps.

    python app.py train fast --states DIR --examples DIR --from RUN --run DIR --steps 1500

The student learns to go in one Euler step where the guided teacher goes in one of higher order:
progressive distillation (Salimans & Ho 2022) of a guided model (Meng et al. 2023), in one round.
The student is a second network; condition, duration embedder and pooled projection are the
teacher's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor

from core.audiostory import AudioStory
from core.performer import flow
from core.performer.flow_performer import FlowPerformer, flow_performer
from core.training.bridging import Performances
from core.training.devices import moved_to
from core.training.lesson import Ablation
from core.training.loop import TrainingRun, train
from core.training.objective import bridge_states
from core.training.pretrain import compiled

ON_GRID = 0.7
"""Share of the steps that begin where the sampler's begin; variations begin anywhere."""


@torch.no_grad()
def teachers_slope(
    performer: FlowPerformer,
    latents: Tensor,
    t: Tensor,
    after: Tensor,
    condition: Tensor,
    seconds: Tensor,
    guidance: float,
) -> Tensor:
    """The straight way (B, T, C) by which the guided teacher goes from t (B,) until `after` (B,).

    By the midpoint method, whose error falls with the third power of the way's length: two Euler
    steps cost as much and lose spread (`flow.integrate`), which the student would learn to lose.
    """
    slope = performer.guided_velocity(latents, t, condition, seconds, guidance)
    middle = latents + ((after - t) / 2.0)[:, None, None] * slope
    return performer.guided_velocity(middle, (t + after) / 2.0, condition, seconds, guidance)


def steps_of_student(
    count: int, steps: int, shift: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Flow times (count,) where steps of a sampler of `steps` begin, and where they end."""
    length = 1.0 / steps
    on_grid = torch.randint(1, steps + 1, (count,), generator=generator) * length
    anywhere = length + (1.0 - length) * torch.rand(count, generator=generator)
    chosen = torch.rand(count, generator=generator) < ON_GRID
    begin = torch.where(chosen, on_grid, anywhere)
    end = (begin - length).clamp_min(0.0)
    return flow.shifted(begin, shift), flow.shifted(end, shift)


def train_fast(
    model: AudioStory,
    performances: Performances,
    weights: Tensor,
    frame_seconds: float,
    run: TrainingRun,
    folder: Path,
) -> None:
    """Train `model.performer.fast` for the draft's steps, with the final's guidance.

    It begins as it is, where there is one already, and else as a copy of its teacher.

    Args:
        performances: states of the director's and latents that perform them.
        weights: what each latent channel counts, (C,).
        frame_seconds: length of a latent frame.
    """
    model.requires_grad_(False)
    performer = flow_performer(model.performer)
    (performer.fast or performer.add_fast()).requires_grad_(True)
    steps, guidance = model.profile.draft.steps, model.profile.final.guidance

    def losses(generator: torch.Generator) -> Iterator[Mapping[str, Tensor]]:
        drawn = performances.draw(generator)
        semantic, residual = moved_to(model.bridge, *performances.states.of(drawn.events))
        condition = bridge_states(model.bridge, semantic, residual, Ablation()).condition
        seconds = drawn.frames * frame_seconds
        count = len(drawn.latents)
        times = steps_of_student(count, steps, performer.config.shift, generator)
        noise = torch.randn(drawn.latents.shape, generator=generator)
        latents, noise, seconds = moved_to(performer, drawn.latents, noise, seconds)
        t, after, counts = moved_to(performer, *times, weights)
        noisy = flow.interpolate(latents, noise, t)
        wanted = teachers_slope(performer, noisy, t, after, condition, seconds, guidance)
        predicted = performer.velocity(noisy, t, condition, seconds, "fast")
        yield {"flow": ((predicted - wanted).square() * counts).mean()}

    with compiled(performer, run.steps):
        train(model, losses, {"flow": 1.0}, run, folder)
