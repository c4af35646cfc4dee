"""Where training computes: the weights on this process's device, and each batch beside them.

Data are drawn on the processor by generators of their own, so that they are the same whatever
computes; what a loss reads goes to the weights then.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import torch
from torch import Tensor, nn


def own_device(environ: Mapping[str, str] = os.environ) -> torch.device:
    """What this process is to compute on, before any of them has spoken to another: a graphics card
    of its own, where there are any."""
    if torch.cuda.is_available():
        return torch.device("cuda", int(environ.get("LOCAL_RANK", 0)))
    return torch.device("cpu")


def device_of(module: nn.Module) -> torch.device:
    """Where a module's weights are."""
    return next(module.parameters()).device


def moved_to(module: nn.Module, *tensors: Tensor) -> tuple[Tensor, ...]:
    """The tensors where the module's weights are."""
    device = device_of(module)
    return tuple(tensor.to(device, non_blocking=True) for tensor in tensors)
