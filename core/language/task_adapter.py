"""A small adapter beside the director's own, for what it writes besides plans.

The director's adapter is merged into the language model, whose states the bridge was trained on and
which therefore has to stay as it is. What another task needs is added for as long as it is at work:
low-rank updates (LoRA, Hu et al. 2021) of the linear layers, in the layout that peft saves.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn

from core.errors import WeightsError
from core.language.model import read_tensors

RANK = 8
ALPHA = 16
_PREFIX = "base_model.model.model."
_DOWN, _UP = ".lora_A.default.weight", ".lora_B.default.weight"


class TaskAdapter:
    """Low-rank updates by the name of their layer in the backbone: (rank, in), (out, rank)."""

    def __init__(self, updates: dict[str, tuple[Tensor, Tensor]]):
        self._updates = updates

    @staticmethod
    def load(path: Path) -> TaskAdapter:
        """Read an adapter's file.

        Raises:
            WeightsError: it is missing, damaged, or none.
        """
        weights = read_tensors(path)
        names = [name.removesuffix(_DOWN) for name in weights if name.endswith(_DOWN)]
        if not names or len(weights) != 2 * len(names):
            raise WeightsError(f"{path.name} is no adapter; fetch it again.")
        try:
            return TaskAdapter(
                {n.removeprefix(_PREFIX): (weights[n + _DOWN], weights[n + _UP]) for n in names}
            )
        except KeyError as missing:
            raise WeightsError(f"{path.name} lacks {missing}; fetch it again.") from None

    @contextmanager
    def at_work(self, backbone: nn.Module) -> Iterator[None]:
        """While inside, the layers of the backbone add their updates.

        Raises:
            WeightsError: the backbone lacks a layer.
        """
        hooks = []
        try:
            for name, (down, up) in self._updates.items():
                try:
                    layer = backbone.get_submodule(name)
                except AttributeError:
                    raise WeightsError(f"The language model lacks {name}.") from None
                hooks.append(layer.register_forward_hook(_adding(down, up * (ALPHA / len(down)))))
            yield
        finally:
            for hook in hooks:
                hook.remove()


def _adding(down: Tensor, up: Tensor):  # type: ignore[no-untyped-def]
    def hook(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        x = inputs[0]
        return output + torch.as_tensor(x @ down.to(x).T @ up.to(x).T)

    return hook
