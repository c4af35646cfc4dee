"""Weights that no process holds whole while it trains: PyTorch's FSDP on the blocks of a model.

Sharded are the layers of the language model, and where none takes part the blocks of the performer:
what every part of a step runs through equally often, since all processes gather a block together.
(A lesson of stages II and III whose events no sound can perform leaves the performer out.) They are
nearly all of the weights; what is left is whole on every process.

Weights and optimizer states are sharded; what is written and read is whole, so that a run goes on
with another number of processes, sharded or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import torch
from torch import Tensor, distributed, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from transformers import GenerationMixin

_Tensor = TypeVar("_Tensor", bound=Tensor)
_SMALLEST = 1e-6
"""Added to a norm that is divided by."""


def shard(model: nn.Module, device: str) -> None:
    """Leave this process its share of the weights of the model's blocks, in place and for good.

    A forward pass gathers a block's weights and lets go of them; a backward pass leaves each
    process its share of the mean of all processes' gradients.

    Args:
        device: kind of device that the processes compute on.
    """
    mesh = init_device_mesh(device, (distributed.get_world_size(),))
    language = [part for part in model.modules() if isinstance(part, GenerationMixin)]
    for part in language or [model]:
        assert isinstance(part, nn.Module)
        for block in _blocks(part):
            if not isinstance(block, FSDPModule):  # a stage may train a model twice
                fully_shard(block, mesh=mesh, reshard_after_forward=True)


def _blocks(model: nn.Module) -> Iterator[nn.Module]:
    """What the model's outermost lists of modules hold."""
    for child in model.children():
        if isinstance(child, nn.ModuleList):
            yield from child
        else:
            yield from _blocks(child)


def own_share(tensor: Tensor) -> Tensor:
    """What this process has of a tensor, in the same memory: all of one that is not sharded."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def gathered(tensor: Tensor) -> Tensor:
    """The whole tensor; of a sharded one all processes have to ask together."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def sharded_like(value: Tensor, other: Tensor) -> Tensor:
    """A whole tensor, the same on all processes, where another one is, and sharded as that is where
    it has its shape."""
    value = value.to(other.device)
    if isinstance(other, DTensor) and value.shape == other.shape:
        return distribute_tensor(value, other.device_mesh, other.placements)
    return value


def by_sharding(tensors: Iterable[_Tensor]) -> list[list[_Tensor]]:
    """The tensors in lists of one kind, whole or sharded, since no operation may mix them."""
    kinds: dict[bool, list[_Tensor]] = {}
    for tensor in tensors:
        kinds.setdefault(isinstance(tensor, DTensor), []).append(tensor)
    return list(kinds.values())


@torch.no_grad()
def clip_gradients(parameters: Sequence[Tensor], most: float) -> None:
    """Shorten the gradients together to a norm of `most`, over the shares of all processes."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    if not gradients:
        return
    squares = torch.zeros(2, device=gradients[0].device)
    for gradient in gradients:
        squares[int(isinstance(gradient, DTensor))] += own_share(gradient).norm().square()
    if any(isinstance(gradient, DTensor) for gradient in gradients):
        distributed.all_reduce(squares[1:])
    factor = (most / (squares.sum().sqrt() + _SMALLEST)).clamp(max=1.0)
    torch._foreach_mul_([own_share(gradient) for gradient in gradients], factor)
