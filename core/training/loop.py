"""The training loop that every stage shares: accelerate, averaging, resuming, and a record.

A run's folder holds `state.pt` (model, average, optimizer, step; loaded with weights_only=True),
`average.safetensors` (the weights to use) and `losses.csv`.
"""

from __future__ import annotations

import copy
import csv
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from core.files import atomic_path
from core.performer.flow_performer import FlowPerformer
from core.placement import multiplies_bf16
from core.training.ranks import Ranks, average_gradients, part_seed

Terms = Mapping[str, Tensor]
DECAY = 0.4
"""Share of a run in which the learning rate falls."""

Losses = Callable[[torch.Generator], Iterator[Terms]]


@dataclass(frozen=True)
class TrainingRun:
    """How long and how fast to train.

    Attributes:
        steps: optimizer steps in all; the learning rate falls to zero at the last. A run may be
            resumed with another count, to end it sooner or later.
        rate: peak learning rate.
        warmup: steps until the peak.
        average: decay of the weights' running average.
        save_minutes: a checkpoint is written this often.
        parts: batches or sets of lessons whose mean is a step; several processes share them out.
    """

    steps: int
    rate: float
    warmup: int = 100
    average: float = 0.999
    weight_decay: float = 0.01
    clip: float = 1.0
    save_minutes: float = 4.0
    seed: int = 0
    parts: int = 1


def trainable(model: nn.Module) -> dict[str, nn.Parameter]:
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


def train(
    model: nn.Module,
    losses: Losses,
    weights: Mapping[str, float],
    run: TrainingRun,
    folder: Path,
    held_out: Callable[[], Mapping[str, float]] | None = None,
) -> None:
    """Minimise the weighted sum of `losses` over the model's trainable parameters.

    `losses` yields the terms of one lesson or batch at a time; their gradients add up to a part of
    a step (`core.training.ranks`). The generator handed to `losses` is seeded by step and part, so
    that a resumed run sees the batches that the uninterrupted one would have seen, on however many
    processes. When done, the model holds the averaged weights. Several processes write to one
    folder, which all of them see.

    Args:
        held_out: losses on what is not trained on, which are printed and recorded with every
            checkpoint, of the averaged weights.

    Raises:
        StudioError: a step has fewer parts than there are processes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    accelerator = Accelerator(cpu=not torch.cuda.is_available(), mixed_precision=precision())
    ranks = Ranks.of(accelerator)
    own_parts = ranks.share(run.parts)
    parameters = trainable(model)
    optimizers = optimizers_of(model, run)
    prepared = [accelerator.prepare(optimizer) for optimizer in optimizers]
    average = {name: p.detach().clone() for name, p in parameters.items()}
    step = _resume(folder, parameters, average, optimizers)
    record = _Record(folder / "losses.csv", step, ranks)
    saved = time.monotonic()
    model.train()
    while step < run.steps:
        for group in (group for optimizer in prepared for group in optimizer.param_groups):
            group["lr"] = run.rate * schedule(step, run)
        for part in own_parts:
            generator = torch.Generator().manual_seed(part_seed(run.seed, step, part))
            if run.parts > 1:
                # What draws from the common generator, too, depends on the part alone.
                torch.manual_seed(generator.initial_seed())
            lessons = losses(generator)
            while True:
                with accelerator.autocast():
                    terms = next(lessons, None)
                if terms is None:
                    break
                accelerator.backward(_weighted(terms, weights))
                record.add(terms)
        average_gradients(list(parameters.values()), ranks, run.parts)
        accelerator.clip_grad_norm_(parameters.values(), run.clip)
        for optimizer in prepared:
            optimizer.step()
            optimizer.zero_grad()
        _update(average, parameters, min(run.average, (1 + step) / (10 + step)))
        step += 1
        record.write(step)
        due = time.monotonic() - saved > run.save_minutes * 60 or step == run.steps
        if due and accelerator.is_main_process:
            _save(folder, parameters, average, optimizers, step)
            if held_out is not None:
                with _averaged(model, parameters, average), accelerator.autocast():
                    record.write_held_out(step, held_out())
            saved = time.monotonic()
    accelerator.wait_for_everyone()
    with torch.no_grad():
        for name, value in load_file(folder / "average.safetensors").items():
            parameters[name].copy_(value)
    model.eval()


def optimizers_of(model: nn.Module, run: TrainingRun) -> list[torch.optim.Optimizer]:
    """Muon (Jordan et al. 2024) for the matrices of the performer's blocks, AdamW for all else.

    From the same weights and on the same batches, L_flow was 0.523 after 250 steps, with AdamW
    alone 0.543: as far as AdamW comes in thousands of steps. A step takes a quarter longer.
    """
    performers = [part for part in model.modules() if isinstance(part, FlowPerformer)]
    inside = {id(weight) for part in performers for weight in part.block_weights()}
    matrices = [p for p in trainable(model).values() if id(p) in inside]
    others = [p for p in trainable(model).values() if id(p) not in inside]
    chosen: list[torch.optim.Optimizer] = []
    if others:
        chosen.append(
            torch.optim.AdamW(
                others, run.rate, betas=(0.9, 0.98), weight_decay=run.weight_decay, fused=True
            )
        )
    if matrices:
        chosen.append(
            torch.optim.Muon(matrices, run.rate, run.weight_decay, adjust_lr_fn="match_rms_adamw")
        )
    return chosen


def precision() -> Literal["bf16", "no"]:
    """bf16 on a card, or where the processor multiplies it.

    In tiles it is 3 to 7 times faster, in vectors a compiled step takes seven tenths.
    """
    return "bf16" if torch.cuda.is_available() or multiplies_bf16() else "no"


def schedule(step: int, run: TrainingRun) -> float:
    """Linear warm-up, a plateau, and over the last two fifths a straight line down to zero.

    The plateau does not depend on the number of steps, so that a resumed run may change it
    (warmup-stable-decay, Hu et al. 2024).
    """
    if step < run.warmup:
        return (step + 1) / run.warmup
    left = max(0, run.steps - step)
    return min(1.0, left / max(1.0, DECAY * run.steps))


def _weighted(terms: Terms, weights: Mapping[str, float]) -> Tensor:
    return torch.stack([weights[name] * value for name, value in terms.items()]).sum()


@torch.no_grad()
def _update(average: dict[str, Tensor], parameters: dict[str, nn.Parameter], decay: float) -> None:
    torch._foreach_lerp_(list(average.values()), list(parameters.values()), 1.0 - decay)


@contextmanager
@torch.no_grad()
def _averaged(
    model: nn.Module, parameters: Mapping[str, nn.Parameter], average: Mapping[str, Tensor]
) -> Iterator[None]:
    """The model as it will be used: with its averaged weights."""
    own = {name: parameter.data for name, parameter in parameters.items()}
    model.eval()
    for name, parameter in parameters.items():
        parameter.data = average[name]
    try:
        yield
    finally:
        for name, parameter in parameters.items():
            parameter.data = own[name]
        model.train()


def _save(
    folder: Path,
    parameters: Mapping[str, Tensor],
    average: Mapping[str, Tensor],
    optimizers: Sequence[torch.optim.Optimizer],
    step: int,
) -> None:
    with atomic_path(folder / "average.safetensors") as temporary:
        save_file({name: value.contiguous() for name, value in average.items()}, temporary)
    state = {
        "model": {name: value.detach() for name, value in parameters.items()},
        "average": dict(average),
        "optimizers": [optimizer.state_dict() for optimizer in optimizers],
        "step": step,
    }
    with atomic_path(folder / "state.pt") as temporary:
        torch.save(state, temporary)


def _resume(
    folder: Path,
    parameters: dict[str, nn.Parameter],
    average: dict[str, Tensor],
    optimizers: Sequence[torch.optim.Optimizer],
) -> int:
    path = folder / "state.pt"
    if not path.exists():
        return 0
    state = torch.load(path, weights_only=True)
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(state["model"][name])
            average[name].copy_(state["average"][name])
    for optimizer, stored in zip(optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(copy.deepcopy(stored))
    return int(state["step"])


class _Record:
    """losses.csv: step, seconds of this sitting, mean of each loss over the last steps."""

    EVERY = 10

    def __init__(self, path: Path, step: int, ranks: Ranks):
        self.path = path
        self.ranks = ranks
        self.started = time.monotonic()
        self.sums: dict[str, list[float]] = {}
        if step == 0 and ranks.rank == 0:
            path.unlink(missing_ok=True)

    def add(self, terms: Terms) -> None:
        for name, value in terms.items():
            self.sums.setdefault(name, []).append(float(value.detach()))

    def write(self, step: int) -> None:
        if step % self.EVERY:
            return
        seconds = time.monotonic() - self.started
        gathered: list[dict[str, list[float]]] = gather_object([self.sums])
        self.sums = {}
        if self.ranks.rank:
            return
        with self.path.open("a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            for name in dict.fromkeys(name for sums in gathered for name in sums):
                values = [value for sums in gathered for value in sums.get(name, ())]
                mean = sum(values) / len(values)
                writer.writerow([step, f"{seconds:.0f}", name, f"{mean:.5f}"])

    def write_held_out(self, step: int, losses: Mapping[str, float]) -> None:
        """Print and note losses of what is not trained on, as terms of their own."""
        text = ", ".join(f"{name} {value:.4f}" for name, value in losses.items())
        print(f"step {step}, held out: {text}", flush=True)
        seconds = time.monotonic() - self.started
        with self.path.open("a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            for name, value in losses.items():
                writer.writerow([step, f"{seconds:.0f}", f"held out {name}", f"{value:.5f}"])
