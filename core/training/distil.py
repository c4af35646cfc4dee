"""Distillation of the performer for drafts: guidance folded in, few steps.

    python app.py train fast --states DIR --examples DIR --from RUN --run DIR --steps 1500

The student learns to go in one Euler step where the guided teacher goes in several: progressive
distillation (Salimans & Ho 2022) of a guided model (Meng et al. 2023), in one round. The student is
a second transformer; condition, duration embedder and pooled projection are the teacher's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor

from core import flow
from core.audiostory import AudioStory
from core.performer import Performer
from core.training.bridging import Performances
from core.training.loop import TrainingRun, train
from core.training.objective import Ablation, bridge_states
from core.training.pretrain import compiled

SUBSTEPS = 2
"""Steps of the teacher that one step of the student stands for."""
ON_GRID = 0.7
"""Share of the steps that begin where the sampler's begin; variations begin anywhere."""


@torch.no_grad()
def teachers_end(
    performer: Performer,
    latents: Tensor,
    t: Tensor,
    after: Tensor,
    condition: Tensor,
    seconds: Tensor,
    guidance: float,
) -> Tensor:
    """Where the guided teacher goes from latents (B, T, C) at t (B,) until the time `after`."""
    length = (after - t) / SUBSTEPS
    for step in range(SUBSTEPS):
        now = t + step * length
        velocity = performer.guided_velocity(latents, now, condition, seconds, guidance)
        latents = latents + length[:, None, None] * velocity
    return latents


def steps_of_student(count: int, steps: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Flow times (count,) where steps of a sampler of `steps` begin, and where they end."""
    length = 1.0 / steps
    on_grid = torch.randint(1, steps + 1, (count,), generator=generator) * length
    anywhere = length + (1.0 - length) * torch.rand(count, generator=generator)
    chosen = torch.rand(count, generator=generator) < ON_GRID
    begin = torch.where(chosen, on_grid, anywhere)
    return begin, (begin - length).clamp_min(0.0)


def train_fast(
    model: AudioStory,
    performances: Performances,
    weights: Tensor,
    frame_seconds: float,
    run: TrainingRun,
    folder: Path,
) -> None:
    """Train `model.performer.fast` for the draft's steps, with the final's guidance.

    Args:
        performances: states of the director's and latents that perform them.
        weights: what each latent channel counts, (C,).
        frame_seconds: length of a latent frame.
    """
    model.requires_grad_(False)
    performer = model.performer
    student = performer.add_fast().requires_grad_(True)
    steps, guidance = model.profile.draft.steps, model.profile.final.guidance

    def losses(generator: torch.Generator) -> Iterator[Mapping[str, Tensor]]:
        events, _, latents, lengths = performances.draw(generator)
        semantic, residual = performances.states.of(events)
        condition = bridge_states(model.bridge, semantic, residual, Ablation()).condition
        seconds = lengths * frame_seconds
        t, after = steps_of_student(len(events), steps, generator)
        noise = torch.randn(latents.shape, generator=generator)
        noisy = flow.interpolate(latents, noise, t)
        end = teachers_end(performer, noisy, t, after, condition, seconds, guidance)
        wanted = (end - noisy) / (after - t)[:, None, None]
        predicted = performer.velocity(noisy, t, condition, seconds, student)
        yield {"flow": ((predicted - wanted).square() * weights).mean()}

    with compiled([performer.transformer, student], run.steps):
        train(model, losses, {"flow": 1.0}, run, folder)
