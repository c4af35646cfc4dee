"""The training loop that every stage shares: accelerate, averaging, resuming, and a record.

A run's folder holds `state.pt` (model, average, optimizers, step, parts; loaded with
weights_only=True), `average.safetensors` (the weights to use) and `losses.csv`. All of it is whole,
also where the weights were sharded, and says nothing of how many processes there were.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from core.errors import StudioError
from core.files import atomic_path
from core.performer.flow_performer import FlowPerformer
from core.placement import multiplies_bf16
from core.training.ranks import Ranks, average_gradients, part_seed
from core.training.sharding import (
    by_sharding,
    clip_gradients,
    gathered,
    own_share,
    shard,
    sharded_like,
)

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
            None: those of the run that is resumed, in a new one as many as there are processes.
        sharded: each process holds its share of the weights (`core.training.sharding`).
    """

    steps: int
    rate: float
    warmup: int = 100
    average: float = 0.999
    weight_decay: float = 0.01
    clip: float = 1.0
    save_minutes: float = 4.0
    seed: int = 0
    parts: int | None = None
    sharded: bool = False


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
    processes, which write to one folder that all of them see. The model is brought to this
    process's device and stays there; `losses` brings batches to it (`core.training.devices`). When
    done, the model holds the averaged weights (sharded, where they were).

    Args:
        held_out: losses on what is not trained on, which are printed and recorded with every
            checkpoint, of the averaged weights.

    Raises:
        StudioError: the parts of a step cannot be shared out among the processes, or are others
            than those of the run so far.
    """
    folder.mkdir(parents=True, exist_ok=True)
    accelerator = Accelerator(cpu=not torch.cuda.is_available(), mixed_precision=precision())
    ranks = Ranks.of(accelerator)
    kept = _Kept.read(folder)
    parts = _parts(run, kept, ranks)
    model.to(accelerator.device)
    if run.sharded and ranks.count > 1:
        shard(model, accelerator.device.type)
    parameters = trainable(model)
    optimizers = optimizers_of(model, run)
    average = {name: p.detach().clone() for name, p in parameters.items()}
    step = kept.put_in(parameters, average, optimizers) if kept else 0
    del kept
    record = _Record(folder / "losses.csv", step, ranks)
    saved = time.monotonic()
    model.train()
    while step < run.steps:
        for group in (group for optimizer in optimizers for group in optimizer.param_groups):
            group["lr"] = run.rate * schedule(step, run)
        for part in ranks.share(parts):
            generator = torch.Generator().manual_seed(part_seed(run.seed, step, part))
            # What draws from the common generator, too, depends on the part alone.
            torch.manual_seed(generator.initial_seed())
            lessons = losses(generator)
            while True:
                with accelerator.autocast():
                    terms = next(lessons, None)
                if terms is None:
                    break
                torch.autograd.backward(_weighted(terms, weights))
                record.add(terms)
        average_gradients(list(parameters.values()), ranks, parts)
        clip_gradients(list(parameters.values()), run.clip)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        _update(average, parameters, min(run.average, (1 + step) / (10 + step)))
        step += 1
        record.write(step)
        due = time.monotonic() - saved > run.save_minutes * 60 or step == run.steps
        if ranks.decided_by_first(due, accelerator.device):
            now = _Kept.of(parameters, average, optimizers, step, parts)
            if accelerator.is_main_process:
                now.write(folder)
            if held_out is not None:
                with _averaged(model, parameters, average), accelerator.autocast():
                    record.write_held_out(step, held_out())
            saved = time.monotonic()
    accelerator.wait_for_everyone()
    with torch.no_grad():
        for name, value in load_file(folder / "average.safetensors").items():
            parameters[name].copy_(sharded_like(value, parameters[name]))
    model.eval()


def _parts(run: TrainingRun, kept: _Kept | None, ranks: Ranks) -> int:
    """How many parts a step has.

    Raises:
        StudioError: they cannot be shared out, or are others than those of the run so far.
    """
    before = kept.parts if kept else None
    if before is not None and run.parts not in (None, before):
        raise StudioError(
            f"The steps of this run have {before} part(s); leave out --parts, or name another "
            "folder with --run for a new one."
        )
    parts = before or run.parts or ranks.count
    ranks.share(parts)
    if run.sharded and parts % ranks.count:
        raise StudioError(
            f"Sharded, {ranks.count} processes need a multiple of {ranks.count} parts, not "
            f"{parts}: all gather the weights together."
        )
    return parts


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
        groups = [{"params": kind} for kind in by_sharding(others)]
        chosen.append(
            torch.optim.AdamW(
                groups, run.rate, betas=(0.9, 0.98), weight_decay=run.weight_decay, fused=True
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
    before, now = ([own_share(t) for t in kind.values()] for kind in (average, parameters))
    torch._foreach_lerp_(before, now, 1.0 - decay)


@contextmanager
@torch.no_grad()
def _averaged(
    model: nn.Module, parameters: Mapping[str, nn.Parameter], average: Mapping[str, Tensor]
) -> Iterator[None]:
    """The model as it will be used: with its averaged weights."""
    own = {name: own_share(parameter).clone() for name, parameter in parameters.items()}
    model.eval()
    for name, parameter in parameters.items():
        own_share(parameter).copy_(own_share(average[name]))
    try:
        yield
    finally:
        for name, parameter in parameters.items():
            own_share(parameter).copy_(own[name])
        model.train()


@dataclass(frozen=True)
class _Kept:
    """What a run goes on with, whole.

    Attributes:
        model, average: weights by name.
        step: how many were done.
        moments: what the optimizers keep of each parameter, by its name.
        parts: those of a step; None in a run of an earlier version.
        optimizers: what the optimizers themselves kept, in a run of an earlier version.
    """

    model: Mapping[str, Tensor]
    average: Mapping[str, Tensor]
    step: int
    moments: Mapping[str, Mapping[str, Tensor]] = field(default_factory=dict)
    parts: int | None = None
    optimizers: Sequence[Any] = ()

    @staticmethod
    @torch.no_grad()
    def of(
        parameters: Mapping[str, nn.Parameter],
        average: Mapping[str, Tensor],
        optimizers: Sequence[torch.optim.Optimizer],
        step: int,
        parts: int,
    ) -> _Kept:
        """As things are now, on the processor. All processes call it together."""
        moments = {
            name: {key: gathered(value).cpu() for key, value in optimizer.state[parameter].items()}
            for optimizer in optimizers
            for name, parameter in parameters.items()
            if parameter in optimizer.state
        }
        return _Kept(
            {name: gathered(parameter.detach()).cpu() for name, parameter in parameters.items()},
            {name: gathered(value).cpu() for name, value in average.items()},
            step,
            moments,
            parts,
        )

    def write(self, folder: Path) -> None:
        with atomic_path(folder / "average.safetensors") as temporary:
            save_file({name: value.contiguous() for name, value in self.average.items()}, temporary)
        with atomic_path(folder / "state.pt") as temporary:
            torch.save(vars(self), temporary)

    @staticmethod
    def read(folder: Path) -> _Kept | None:
        """What was kept in a run's folder; None where nothing was."""
        path = folder / "state.pt"
        if not path.exists():
            return None
        return _Kept(**torch.load(path, weights_only=True, map_location="cpu"))

    @torch.no_grad()
    def put_in(
        self,
        parameters: Mapping[str, nn.Parameter],
        average: Mapping[str, Tensor],
        optimizers: Sequence[torch.optim.Optimizer],
    ) -> int:
        """Put all in its place; returns the step to go on from."""
        for name, parameter in parameters.items():
            parameter.copy_(sharded_like(self.model[name], parameter))
            average[name].copy_(sharded_like(self.average[name], parameter))
        for optimizer, stored in zip(optimizers, self.optimizers, strict=False):
            optimizer.load_state_dict(stored)
        for optimizer in optimizers:
            own = {id(p) for group in optimizer.param_groups for p in group["params"]}
            for name, moments in self.moments.items():
                if id(parameter := parameters[name]) in own:
                    optimizer.state[parameter] = {
                        key: sharded_like(value, parameter) for key, value in moments.items()
                    }
        return self.step


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
        if self.ranks.rank:
            return
        text = ", ".join(f"{name} {value:.4f}" for name, value in losses.items())
        print(f"step {step}, held out: {text}", flush=True)
        seconds = time.monotonic() - self.started
        with self.path.open("a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            for name, value in losses.items():
                writer.writerow([step, f"{seconds:.0f}", f"held out {name}", f"{value:.5f}"])
