"""Training on several processes: which parts of a step each takes, and how their gradients meet.

A step consists of parts, each a batch or a few lessons that a generator of its own draws. Processes
share the parts out, so that the data of a step, and their order, do not depend on how many there
are: one process does all parts after one another, which is gradient accumulation. What is learned
from is the mean over the parts.

`accelerate launch` or `torchrun` begins the processes; without either there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from accelerate import Accelerator
from torch import distributed, nn

from core.errors import StudioError

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
        return range(self.rank, parts, self.count)


def part_seed(seed: int, step: int, part: int) -> int:
    """What the generator of a part is seeded by: the same on whichever process does it."""
    return seed * _STRIDE + step + part * _PART_STRIDE


@torch.no_grad()
def average_gradients(parameters: Sequence[nn.Parameter], ranks: Ranks, parts: int) -> None:
    """Turn the sums of this process's parts into the mean over all parts, on every process.

    A parameter that no part has used has no gradient afterwards, as if one process had trained.
    """
    if ranks.count > 1:
        used = torch.tensor([float(p.grad is not None) for p in parameters])
        distributed.all_reduce(used, distributed.ReduceOp.MAX)
        parameters = [p for p, by_any in zip(parameters, used.tolist(), strict=True) if by_any]
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        _add_up([p.grad for p in parameters if p.grad is not None])
    if parts > 1:
        torch._foreach_div_([p.grad for p in parameters if p.grad is not None], float(parts))


def _add_up(gradients: list[torch.Tensor]) -> None:
    """Sum each tensor over all processes, in one message."""
    if not gradients:
        return
    whole = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(whole)
    sizes = [gradient.numel() for gradient in gradients]
    for gradient, summed in zip(gradients, torch.split(whole, sizes), strict=True):
        gradient.copy_(summed.view_as(gradient))
