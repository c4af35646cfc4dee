"""Highest resident memory of a process."""

from __future__ import annotations

import resource
from pathlib import Path

from core.errors import StudioError


def peak_mib(process: int | None = None) -> float:
    """MiB, of this process or of another one (Linux), without what its parent had before it.

    Raises:
        StudioError: there is no such process, or this system does not tell.
    """
    status = Path(f"/proc/{process or 'self'}/status")
    if status.exists():
        line = next(row for row in status.read_text().splitlines() if row.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    if process is not None:
        raise StudioError(f"There is no process {process} whose memory can be read.")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
