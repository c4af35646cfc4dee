"""Highest resident memory of a process."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil

from core.errors import StudioError


def peak_mib(process: int | None = None) -> float:
    """MiB, of this process or of another one (Linux), without what its parent had before it.

    Linux hands what `getrusage` counts down to child processes, so that its own record is asked.

    Raises:
        StudioError: there is no such process, or this system does not tell.
    """
    status = Path(f"/proc/{process or 'self'}/status")
    if status.exists():
        lines = status.read_text(encoding="ascii", errors="replace").splitlines()
        return int(next(row for row in lines if row.startswith("VmHWM")).split()[1]) / 1024
    if process is not None:
        raise StudioError(f"There is no process {process} whose memory can be read.")
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset) / 2**20
    from resource import RUSAGE_SELF, getrusage  # Windows has no such module

    return mib_of_maxrss(getrusage(RUSAGE_SELF).ru_maxrss, sys.platform)


def mib_of_maxrss(maxrss: int, platform: str) -> float:
    """MiB of what `getrusage` counts: bytes on macOS, KiB elsewhere."""
    return maxrss / (2**20 if platform == "darwin" else 2**10)
