"""A device that PyTorch takes for another than the processor, where there is no graphics card.

Its tensors lie in the processor's memory and are computed there, so that all values are right; but
as on a card no operation takes tensors of both. What stays behind when a model and its batches move
fails, as it would there.

PyTorch knows one such device a process (`PrivateUse1`), for good: `register` is for processes of
their own.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._pytree import tree_leaves, tree_map_only
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

NAME = "pretended"
_BETWEEN = {"aten::_copy_from", "aten::copy_", "aten::_to_copy"}
"""Operations that go from one device to the other."""
_WITH_PLACES = {"aten::index", "aten::index_put_", "aten::_index_put_impl_", "aten::index_put"}
"""Those whose places may lie on the processor, as on a card."""
_VIEWING = {"aten::view", "aten::_unsafe_view", "aten::_reshape_alias"}
_COMPOSED = ("CompositeExplicitAutograd", "CompositeExplicitAutogradNonFunctional")
"""What PyTorch composes of other operations for any device, by the memory of its tensors."""
_OF_ONE_STORAGE = {"aten::detach", "aten::alias"}
"""Whose results have their argument's storage and shape, and so its values."""
_libraries: list[torch.library.Library] = []
_FEW = 1000
"""Storages before those that are gone are looked for."""


class _Values:
    """The values of the device's tensors, by their storages, which are empty."""

    def __init__(self) -> None:
        self._held: dict[int, tuple[StorageWeakRef, Tensor]] = {}
        self._many = _FEW

    def of(self, tensor: Tensor) -> Tensor:
        return self._held[tensor.untyped_storage()._cdata][1]

    def hold(self, tensor: Tensor, values: Tensor) -> None:
        storage = tensor.untyped_storage()
        self._held[storage._cdata] = (StorageWeakRef(storage), values)
        if len(self._held) > self._many:
            self._held = {key: kept for key, kept in self._held.items() if not kept[0].expired()}
            self._many = max(_FEW, 2 * len(self._held))


_held = _Values()


def register() -> torch.device:
    """Have this process know the device; returns it."""
    _setup_privateuseone_for_python_backend(NAME)
    every = torch.library.Library("_", "IMPL")
    every.fallback(_computed, "PrivateUse1")
    single = torch.library.Library("aten", "IMPL")
    for name in torch._C._dispatch_get_all_op_names():
        of_one = name in _OF_ONE_STORAGE or not name.startswith("aten::")
        if not of_one and any(
            torch._C._dispatch_has_kernel_for_dispatch_key(name, key) for key in _COMPOSED
        ):
            packet, _, overload = name.removeprefix("aten::").partition(".")
            op = getattr(getattr(torch.ops.aten, packet), overload or "default")
            single.impl(name.removeprefix("aten::"), partial(_computed, op), "PrivateUse1")
    _libraries.extend((every, single))
    return torch.device(NAME, 0)


def _computed(op: Any, *args: Any, **kwargs: Any) -> Any:
    """An operation, on the values of its tensors."""
    name = op._schema.name
    given = [one for one in tree_leaves((args, kwargs)) if isinstance(one, Tensor)]
    if name not in _BETWEEN:
        free = tree_leaves(args[1]) if name in _WITH_PLACES else []
        for one in given:
            if one.device.type != NAME and one.dim() and all(one is not other for other in free):
                raise RuntimeError(f"{name} has a tensor {tuple(one.shape)} on the processor.")
    if name == "aten::_copy_from":
        _values(given[1]).copy_(_values(given[0]))
        return given[1]
    if name == "aten::_fused_sdp_choice":
        return 0  # attention as plain operations
    own = {id(_values(one)): one for one in given}
    asked = kwargs.get("device")
    leaves = asked is not None and asked.type != NAME
    args, kwargs = tree_map_only(Tensor, _values, (args, kwargs))
    if asked is not None:
        kwargs["device"] = torch.device("cpu")
    if name in _VIEWING:
        op = torch.ops.aten.reshape.default  # strides are those of the values
    if name == "aten::_fused_adamw_":  # which goes through all by the order in memory
        alike = [torch.empty_like(p).copy_(g) for p, g in zip(*args[:2], strict=True)]
        args = (args[0], alike, *args[2:])
    found = op(*args[: 2 if name in _VIEWING else None], **kwargs)
    return (
        found
        if leaves
        else tree_map_only(Tensor, lambda one: own[id(one)] if id(one) in own else _of(one), found)
    )


def _values(tensor: Tensor) -> Tensor:
    if tensor.device.type != NAME:
        return tensor
    return _held.of(tensor)


def _of(values: Tensor) -> Tensor:
    """A tensor of the device with these values."""
    made = torch._C._acc.create_empty_tensor(values.shape, values.dtype)
    _held.hold(made, values)
    return made
