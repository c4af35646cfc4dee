"""Training on several processes: which parts of a step each takes, and how their gradients meet.

A step consists of parts, each a batch or a few lessons that a generator of its own draws. Processes
share the parts out, so that the data of a step, and their order, do not depend on how many there
are: one process does all parts after one another, which is gradient accumulation. What is learned
from is the mean over the parts.

`accelerate launch` or `torchrun` begins the processes; without either there is one. What is no
training, the first one does alone (`Ranks.here`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from accelerate import Accelerator, PartialState
from torch import distributed, nn

from core.errors import StudioError
from core.training.sharding import own_share

_STRIDE = 1_000_003
"""Between the seeds of two runs of one step more; a prime, so that they do not meet soon."""
_PART_STRIDE = 2_147_483_659
"""Between the seeds of two parts of a step; a prime above every step's seed in use."""


@dataclass(frozen=True)
class Ranks:
    """One of the processes that train together.

    Attributes:
        rank: its number, from 0.
        count: how many there are.
    """

    rank: int = 0
    count: int = 1

    @staticmethod
    def of(accelerator: Accelerator) -> Ranks:
        return Ranks(accelerator.process_index, accelerator.num_processes)

    @staticmethod
    def here(environ: Mapping[str, str] = os.environ) -> Ranks:
        """This process, before any of them has spoken to another."""
        return Ranks(int(environ.get("RANK", 0)), int(environ.get("WORLD_SIZE", 1)))

    def decided_by_first(self, choice: bool, device: torch.device) -> bool:
        """The first process's choice, on all of them, which compute on this kind of device."""
        if self.count == 1:
            return choice
        chosen = torch.tensor([choice], dtype=torch.int32, device=device)
        distributed.broadcast(chosen, 0)
        return bool(chosen)

    def own(self, count: int) -> range:
        """Which of so many things this process does."""
        return range(self.rank, count, self.count)

    def share(self, parts: int) -> range:
        """The parts of a step that this process does.

        Raises:
            StudioError: there are fewer parts than processes.
        """
        if parts < self.count:
            raise StudioError(
                f"A step of {parts} parts cannot be shared out among {self.count} processes; "
                f"train with --parts {self.count} or more."
            )
        return self.own(parts)


@contextmanager
def first_one_first() -> Iterator[None]:
    """The first process goes through the block before the others do, and leaves them its files."""
    with PartialState(cpu=not torch.cuda.is_available()).main_process_first():
        yield


def part_seed(seed: int, step: int, part: int) -> int:
    """What the generator of a part is seeded by: the same on whichever process does it."""
    return seed * _STRIDE + step + part * _PART_STRIDE


@torch.no_grad()
def average_gradients(parameters: Sequence[nn.Parameter], ranks: Ranks, parts: int) -> None:
    """Turn the sums of this process's parts into the mean over all parts, on every process.

    A parameter that no part has used has no gradient afterwards, as if one process had trained. Of
    sharded ones each process has its share of the mean over processes already.
    """
    if ranks.count > 1:
        whole = [p for p in parameters if own_share(p) is p]
        if used := _used(whole):
            for parameter in used:
                if parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)
            _add_up([p.grad for p in used if p.grad is not None])
        shares = [
            own_share(p.grad) for p in parameters if own_share(p) is not p and p.grad is not None
        ]
        if shares:
            torch._foreach_mul_(shares, float(ranks.count))
    gradients = [own_share(p.grad) for p in parameters if p.grad is not None]
    if parts > 1 and gradients:
        torch._foreach_div_(gradients, float(parts))


def _used(parameters: Sequence[nn.Parameter]) -> list[nn.Parameter]:
    """Those that a part has used on any process."""
    if not parameters:
        return []
    device = parameters[0].device
    used = torch.tensor([float(p.grad is not None) for p in parameters], device=device)
    distributed.all_reduce(used, distributed.ReduceOp.MAX)
    return [p for p, by_any in zip(parameters, used.tolist(), strict=True) if by_any]


def _add_up(gradients: list[torch.Tensor]) -> None:
    """Sum each tensor over all processes, in one message."""
    if not gradients:
        return
    whole = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(whole)
    sizes = [gradient.numel() for gradient in gradients]
    for gradient, summed in zip(gradients, torch.split(whole, sizes), strict=True):
        gradient.copy_(summed.view_as(gradient))
