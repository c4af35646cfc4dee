"""Linear layers whose weights lie in memory as oneDNN multiplies them fastest.

A plan is written a few tokens at a time and the bridge reads about a hundred: with so few rows a
product spends much of its time on crossing the weight in another order. Measured in turn with plain
layers, the pocket model plans in 29 % less time and reads an event in 20 % less. torch packs
weights in compiled models only, which need a C++ compiler; its operations are there without one.
Results differ from those of `nn.Linear` in the last bits, and never between two runs.
"""

from __future__ import annotations

import platform

import torch
from torch import Tensor, nn

X86 = ("x86_64", "AMD64")
_ROWS = 96
"""Of the input that the order is chosen for; others are right, too, and as fast."""


class PackedLinear(nn.Module):
    """`nn.Linear` for inference in fp32 on a processor."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.in_features = layer.in_features
        self.out_features = layer.out_features
        self.bias = layer.bias
        self._packed = torch.ops.mkldnn._reorder_linear_weight(layer.weight.detach(), _ROWS)

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) to (..., out_features)."""
        multiplied = torch.ops.mkldnn._linear_pointwise(x, self._packed, self.bias, "none", [], "")
        return torch.as_tensor(multiplied)


def packs() -> bool:
    """Whether this build of torch can pack weights, for a processor that it was tried on."""
    known = platform.machine() in X86 and hasattr(torch.ops.mkldnn, "_reorder_linear_weight")
    return known and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]


def pack(module: nn.Module) -> None:
    """Replace the linear layers inside a module; each weight is let go once it is packed."""
    for name, child in list(module.named_children()):
        if isinstance(child, nn.Linear):
            setattr(module, name, PackedLinear(child))
        else:
            pack(child)
