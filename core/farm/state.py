"""A farm's state, in numbers and in words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from core.farm.tasks import WorkerReport
from core.time_format import about


@dataclass(frozen=True)
class FarmState:
    """What a farm is doing.

    Attributes:
        workers: those that are ready.
        starting: those that are not yet, or that are being replaced.
        waiting, running: events.
        seconds: until all of them are done; None: nothing was measured yet.
    """

    workers: tuple[WorkerReport, ...]
    starting: int
    waiting: int
    running: int
    seconds: float | None

    def __str__(self) -> str:
        busy = bool(self.waiting or self.running)
        return f"{self.doing}, {about(self.seconds)}" if busy and self.seconds else self.doing

    @property
    def doing(self) -> str:
        """Its workers and events, without the time."""
        parts = [_counted(len(self.workers), "worker")]
        if self.starting:
            parts.append(f"{self.starting} starting")
        if self.running:
            parts.append(f"{_counted(self.running, 'event')} at work")
        parts.append(f"{_counted(self.waiting, 'event')} waiting")
        return ", ".join(parts)

    @property
    def devices(self) -> list[str]:
        """What the workers compute on, one line a kind."""
        kinds = Counter((report.node, report.made_on) for report in self.workers)
        return [f"{count} on {node}: {made_on}" for (node, made_on), count in kinds.items()]

    def unlike(self, here: str) -> str:
        """A sentence where takes may differ in their last bits from one worker to another, or from
        those of this machine, whose numeric path is `here`; empty: they do not."""
        paths = sorted({report.made_on for report in self.workers})
        if len(paths) > 1:
            return (
                f"The workers are not alike ({'; '.join(paths)}): the same take may differ in its "
                "last bits between them. Each take says on which it was made."
            )
        if paths and paths[0] != here:
            return (
                f"The workers ({paths[0]}) are not as this machine ({here}): the same take may "
                "differ in its last bits here. Each take says on which it was made."
            )
        return ""


def _counted(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count} {noun}s"
