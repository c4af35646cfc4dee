"""Which process something belongs to, and whether that one still lives."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from functools import cache

import psutil

SAME_START = 2.0
"""Seconds by which two readings of one process's start may differ: systems derive it from the
clock, which is set right now and then."""


@dataclass(frozen=True)
class ProcessIdentity:
    """A process, told from a later one to which the system gave the same number.

    Attributes:
        pid: its number.
        started: seconds since 1970.
        host: name of the machine that it runs on; a network disk serves several.
    """

    pid: int
    started: float
    host: str

    @property
    def is_local(self) -> bool:
        """Whether it is, or was, a process of this machine."""
        return self.host == platform.node()

    @property
    def is_running(self) -> bool:
        """Whether it still runs; of another machine's process that is not known here, and False."""
        if not self.is_local:
            return False
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < SAME_START
            return same and process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
        except psutil.AccessDenied:
            return True
        except (psutil.Error, ValueError, OverflowError):
            return False


@cache
def _started(pid: int) -> float:
    return float(psutil.Process(pid).create_time())


def this_process() -> ProcessIdentity:
    """The process that asks."""
    pid = psutil.Process().pid
    return ProcessIdentity(pid, _started(pid), platform.node())
