"""The model on its way to the workers: its code by name, its weights as arrays that they share.

What a pickle of the model holds beside weights is a few megabytes. The weights are kept apart as
plain arrays: Ray keeps them once a node in shared memory, and every worker there computes with
that copy.
"""

from __future__ import annotations

import copy
import hashlib
import io
import pickle
import warnings
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from core.audiostory import AudioStory, load_audiostory
from core.farm.cluster import CODE_FOLDER
from core.farm.tasks import ShippedModel
from core.placement import Placement

PLAIN = Placement()
"""How a model has to be placed to be shipped: its weights as they were loaded. Where it arrives it
is placed as suits the machine there."""


@cache
def code_version() -> str:
    """16 hex digits of all code of `core` and torch's version: equal code reads equal pickles."""
    digest = hashlib.sha256(str(torch.__version__).encode())
    for path in sorted(CODE_FOLDER.rglob("*.py")):
        digest.update(path.relative_to(CODE_FOLDER).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def ship(model: AudioStory) -> ShippedModel:
    """The model as data; it is loaded once more where it was placed for this machine.

    Raises:
        WeightsError: it cannot be loaded again.
    """
    if model.placement != PLAIN:
        model = load_audiostory(model.profile, PLAIN)
    bare = copy.copy(model)
    bare._decoder = None  # what the last draft read is of no use elsewhere
    file = io.BytesIO()
    pickler = _Pickler(file)
    pickler.dump(bare)
    return ShippedModel(file.getvalue(), pickler.arrays())


def unpack(shipped: ShippedModel) -> AudioStory:
    """The model again, computing with the arrays that it was shipped in; not yet placed.

    The arrays may be read-only: nothing writes to weights that are used.
    """
    model: AudioStory = _Unpickler(io.BytesIO(shipped.skeleton), shipped.storages).load()
    return model


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._storages: dict[int, tuple[int, torch.UntypedStorage]] = {}
        self._tensors: dict[int, tuple[int, Tensor]] = {}

    def persistent_id(self, value: Any) -> Any:
        if not isinstance(value, Tensor):
            return None
        storage = value.untyped_storage()
        place, _ = self._storages.setdefault(storage.data_ptr(), (len(self._storages), storage))
        number, _ = self._tensors.setdefault(id(value), (len(self._tensors), value))
        layout = (value.storage_offset(), tuple(value.shape), value.stride())
        return number, place, value.dtype, layout, isinstance(value, nn.Parameter)

    def arrays(self) -> list[npt.NDArray[np.uint8]]:
        storages = [storage for _, storage in self._storages.values()]
        return [torch.empty(0, dtype=torch.uint8).set_(s).numpy() for s in storages]


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, storages: list[npt.NDArray[np.uint8]]) -> None:
        super().__init__(file)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
            self._storages = [torch.from_numpy(array).untyped_storage() for array in storages]
        self._tensors: dict[int, Tensor] = {}

    def persistent_load(self, pid: Any) -> Tensor:
        """A tensor; one that stood in several places of the model does so again."""
        number, place, dtype, layout, is_parameter = pid
        if number not in self._tensors:
            tensor = torch.empty(0, dtype=dtype).set_(self._storages[place], *layout)
            self._tensors[number] = nn.Parameter(tensor, False) if is_parameter else tensor
        return self._tensors[number]
