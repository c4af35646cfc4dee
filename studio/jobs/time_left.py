"""How long a rendering still takes, from the work that is left and from what this machine can do.

Work is counted in sampler steps over a second of sound (`core.render.model_batch.sampler_work`), so
that an event of 30 s weighs ten times as much as one of 3 s, and what lies on disk already nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

SAMPLING = 0.95
"""Share of an event's time that its sampler takes; decoding and writing take the rest."""
TRUST = 0.2
"""Share of the whole work after which what is measured now counts as much as what is remembered:
first steps are slower than the others, and the machine may be busier today."""
ENOUGH = 0.08
"""Share of the whole work that has to be measured where nothing is remembered."""


class TimeLeft:
    """A rendering under way.

    Args:
        pace: seconds that a unit of work takes, from renderings before; None where there were none.
    """

    def __init__(self, pace: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._pace = pace
        self._clock = clock
        self._work: Mapping[str, float] = {}
        self._parts: dict[str, float] = {}
        self._first: tuple[float, float] | None = None
        self._last = 0.0

    def begin(self, work: Mapping[str, float]) -> None:
        """Rendering begins now.

        Args:
            work: what there is to do, by event.
        """
        self._work, self._parts = work, {}
        self._last = self._clock()
        self._first = None if self._pace is None else (self._last, 0.0)

    def step(self, event_id: str, share: float) -> None:
        """The sampler is so far with an event, from 0 to 1."""
        self._reach(event_id, SAMPLING * share)

    def finish(self, event_id: str) -> None:
        """An event has its take."""
        self._reach(event_id, 1.0)

    def _reach(self, event_id: str, part: float) -> None:
        if event_id not in self._work:
            return
        self._parts[event_id] = part
        self._last = self._clock()
        if self._first is None:
            # The first step pays for what is made ready once, so measuring begins after it.
            self._first = self._last, self._done

    @property
    def _done(self) -> float:
        return sum(self._work[event_id] * part for event_id, part in self._parts.items())

    @property
    def share(self) -> float:
        """How much is done, from 0 to 1."""
        whole = sum(self._work.values())
        return self._done / whole if whole else 0.0

    @property
    def seconds(self) -> float | None:
        """Seconds left; None while they cannot be told yet."""
        whole = sum(self._work.values())
        if self._first is None or not whole:
            return None
        began, before = self._first
        measured, took = self._done - before, self._last - began
        if self._pace is None:
            if measured < ENOUGH * whole:
                return None
            pace = took / measured
        else:
            pace = (self._pace * TRUST * whole + took) / (TRUST * whole + measured)
        return max(0.0, pace * (whole - self._done) - (self._clock() - self._last))
