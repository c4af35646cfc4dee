"""Low-rank updates (LoRA, Hu et al. 2021) of a flow-matching performer's network.

They are learned through peft, and afterwards added to the weights for good: a performer with an
update in it costs what it costs without. Only the full network has them; the distilled one is left
as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from core.errors import WeightsError
from core.performer.flow_performer import FlowPerformer

DOWN, UP = "lora_A", "lora_B"
"""What peft calls the two factors of an update: (rank, in) and (out, rank)."""
_ADAPTER = "default"
_FAST = "fast."


class Factors(NamedTuple):
    """The update of one layer: W + up @ down."""

    down: Tensor
    up: Tensor


Updates = Mapping[str, Factors]
"""By the name of the layer within the performer."""


def block_layers(performer: FlowPerformer) -> dict[str, nn.Linear]:
    """The linear layers within the full network's blocks, by name."""
    inside = {id(weight) for weight in performer.block_weights()}
    return {
        name: module
        for name, module in performer.named_modules()
        if isinstance(module, nn.Linear)
        and id(module.weight) in inside
        and not name.startswith(_FAST)
    }


def with_low_rank(performer: FlowPerformer, rank: int) -> dict[str, nn.Parameter]:
    """Give every layer within the blocks an update that changes nothing yet; the performer's own
    weights are not trained any more.

    Returns:
        The factors, by the layer's name and `DOWN` or `UP`, joined by a dot.
    """
    import torch.distributed.tensor  # noqa: F401 (peft asks it for a class, and does not import it)
    from peft import LoraConfig, inject_adapter_in_model

    performer.requires_grad_(False)
    names = list(block_layers(performer))
    settings = LoraConfig(r=rank, lora_alpha=rank, target_modules=names)
    inject_adapter_in_model(settings, performer, _ADAPTER)
    found: dict[str, nn.Parameter] = {}
    for name, parameter in performer.named_parameters():
        for factor in (DOWN, UP):
            layer, inside, _ = name.partition(f".{factor}.{_ADAPTER}.")
            if inside:
                parameter.requires_grad_(True)
                found[f"{layer}.{factor}"] = parameter
    return found


def updates_of(factors: Mapping[str, Tensor]) -> Updates:
    """The updates from their factors by name, as `with_low_rank` names them.

    Raises:
        WeightsError: a factor is missing, or two do not fit together.
    """
    layers = {name.rpartition(".")[0] for name in factors}
    found: dict[str, Factors] = {}
    for layer in sorted(layers):
        down, up = factors.get(f"{layer}.{DOWN}"), factors.get(f"{layer}.{UP}")
        if down is None or up is None or down.ndim != 2 or up.ndim != 2:
            raise WeightsError(f"The update of {layer} is incomplete; fetch the file again.")
        if len(down) != up.shape[1]:
            raise WeightsError(f"The update of {layer} does not fit together; fetch it again.")
        found[layer] = Factors(down, up)
    return found


@torch.no_grad()
def merge_updates(performer: FlowPerformer, updates: Updates) -> None:
    """Add updates to the performer's weights, for good.

    Raises:
        WeightsError: the performer lacks a layer, or it has another size; nothing was changed.
    """
    layers = block_layers(performer)
    for name, (down, up) in updates.items():
        layer = layers.get(name)
        if layer is None or (up.shape[0], down.shape[1]) != tuple(layer.weight.shape):
            raise WeightsError(f"{name} of the update is no layer of this performer.")
    for name, (down, up) in updates.items():
        layers[name].weight += (up.float() @ down.float()).to(layers[name].weight)
