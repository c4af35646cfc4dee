"""How fast this machine is: what jobs took, remembered from one start of the studio to the next."""

from __future__ import annotations

import contextlib
import json
import math
import threading
from pathlib import Path

from core.errors import StudioError
from core.files import write_atomically

MOST_READ = 100_000
"""Bytes of the file that are read; a line a kind of job takes a few hundred."""
_ADAPTION = 0.5
"""Share of the difference by which a job that took another time changes what is remembered."""


class Speed:
    """Seconds that a unit of work takes, by kind of job.

    Args:
        file: where they are kept; None: only as long as the studio runs. A file that is damaged or
            cannot be written costs nothing but the first estimate.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._guard = threading.Lock()
        self._paces = {} if file is None else _read(file)

    def pace(self, kind: str) -> float | None:
        """Seconds for a unit; None where no job of this kind was measured."""
        return self._paces.get(kind)

    def record(self, kind: str, seconds: float, amount: float = 1.0) -> None:
        """Learn from a job that is done; nothing is learned from one that had nothing to do."""
        if amount <= 0 or seconds <= 0:
            return
        with self._guard:
            before, now = self._paces.get(kind), seconds / amount
            self._paces[kind] = now if before is None else before + _ADAPTION * (now - before)
            if self._file is not None:
                with contextlib.suppress(OSError, StudioError):
                    write_atomically(self._file, json.dumps(self._paces).encode())


def _read(file: Path) -> dict[str, float]:
    try:
        with file.open(encoding="utf-8") as opened:
            found = json.loads(opened.read(MOST_READ))
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    paces = {kind: pace for kind, pace in found.items() if isinstance(pace, int | float)}
    return {kind: float(p) for kind, p in paces.items() if math.isfinite(p) and p > 0}
