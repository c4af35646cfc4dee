"""transformers' models as far as they run here, imported without what never does.

Its model classes import what trains on many machines (torch.distributed's tensors), what compiles
(torch._dynamo, and sympy with it) and what finds objects in pictures (scipy.optimize): a third of
the seconds that a plan's imports take. None of it has a part in a language model on one machine.
Modules that need the classes of a running model take them from here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from transformers import utils
from transformers.utils import import_utils

_ASKED = ("is_torch_distributed_available", "is_scipy_available")
"""What transformers asks before it imports these parts."""
_COMPILER = "torch._dynamo"
_INDEXING = f"{_COMPILER}._trace_wrapped_higher_order_op"


class TransformGetItemToIndex:
    """torch's context of the same name, imported when it is entered: only masks that are given as
    functions need it, and a text without gaps has none."""

    def __enter__(self) -> Any:
        self._entered = _indexing()
        return self._entered.__enter__()

    def __exit__(self, *error: Any) -> Any:
        return self._entered.__exit__(*error)


def _indexing() -> Any:
    from torch._dynamo._trace_wrapped_higher_order_op import TransformGetItemToIndex

    return TransformGetItemToIndex()


@contextmanager
def without_unused_parts() -> Iterator[None]:
    """Let transformers believe, while it is imported, that what is not needed is not installed.

    Only what it imports in the block is without; what it imported before stays as it is, and so
    does the compiler where it is there already.
    """
    usual = {name: getattr(import_utils, name) for name in _ASKED}
    standing_in = {} if _COMPILER in sys.modules else _compiler()
    sys.modules.update(standing_in)
    for module in (utils, import_utils):
        for name in usual:
            setattr(module, name, lambda: False)
    try:
        yield
    finally:
        for name in standing_in:
            del sys.modules[name]
        for module in (utils, import_utils):
            for name, answer in usual.items():
                setattr(module, name, answer)


class _NoCompiler(ModuleType):
    """A module in the compiler's place, whose marks leave functions as they are."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return _unmarked


def _unmarked(function: Any = None, *_: object, **__: object) -> Any:
    """A decorator that does nothing, also where it is called for one."""
    return _unmarked if function is None else function


def _compiler() -> dict[str, ModuleType]:
    """What transformers takes of the compiler while it is imported."""
    indexing = ModuleType(_INDEXING)
    indexing.TransformGetItemToIndex = TransformGetItemToIndex  # type: ignore[attr-defined]
    package = _NoCompiler(_COMPILER)
    package.__path__ = []
    return {_COMPILER: package, _INDEXING: indexing}


with without_unused_parts():
    from transformers import (
        AutoConfig,
        AutoModel,
        AutoModelForCausalLM,
        AutoTokenizer,
        DynamicCache,
        LlamaConfig,
        LlamaForCausalLM,
        PreTrainedModel,
        PreTrainedTokenizerBase,
    )

__all__ = [
    "AutoConfig",
    "AutoModel",
    "AutoModelForCausalLM",
    "AutoTokenizer",
    "DynamicCache",
    "LlamaConfig",
    "LlamaForCausalLM",
    "PreTrainedModel",
    "PreTrainedTokenizerBase",
]
