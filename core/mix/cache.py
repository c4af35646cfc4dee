"""What was measured once and is asked for again: by what it was made of, the newest kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

_T = TypeVar("_T")


class Cache:
    """Results by key, the `size` used last; several threads may ask at once."""

    def __init__(self, size: int) -> None:
        self._size, self._guard = size, Lock()
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()

    def of(self, key: Hashable, make: Callable[[], _T]) -> _T:
        """What `make` gives, which is called where nothing is kept under `key`."""
        with self._guard:
            if key in self._kept:
                self._kept.move_to_end(key)
                kept: _T = self._kept[key]
                return kept
        made = make()
        with self._guard:
            self._kept[key] = made
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return made
