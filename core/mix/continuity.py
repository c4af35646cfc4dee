"""Beds that go on: where a bed's take falls silent, what sounded before is heard again.

Picks on a rock, drips or a crowd are not rendered evenly; a bed that is said to carry on beneath
(`core.story.story.Event.role`) is to be heard throughout. The hole is filled with the stretch of
the take that ends where it begins (at the beginning: with the one after it), as often as it takes.
Evenly sounding takes have no holes and stay as they are.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.mix.crossfade import Samples, rise
from core.mix.sources import Source

HOLE_SECONDS = 0.5
"""Of quiet that is filled: in every second at least half is heard then."""
QUIET_DB = -45.0
"""RMS in dBFS of the mix below which a bed is not heard any more; half a second at it and half a
second of nothing are -48."""
BELOW_LOUD_DB = 12.0
"""Decibels below its own loud parts that a bed has to fall besides: a soft one is not broken."""
_STEP = 0.1
_EDGE = 0.03
"""Seconds of a fill's fades, which lie within it."""


@dataclass(frozen=True)
class Fill:
    """Frames of an event, from `start` to `end`, in which what begins at `source` is heard, too."""

    start: int
    end: int
    source: int


def fills_of(source: Source, first: int, frames: int, rate: int, gain: float) -> tuple[Fill, ...]:
    """What fills the holes of a bed.

    Args:
        first, frames: of the take that the event uses.
        gain: linear, of the take in the mix.
    """
    step = round(_STEP * rate)
    frames = min(frames, source.frames - first)
    levels = _levels(source, first, frames // step, step) * gain
    audible = levels[levels >= 10 ** (QUIET_DB / 20)]
    if not len(audible):
        return ()
    loud = float(np.median(audible))
    quiet = levels < min(10 ** (QUIET_DB / 20), loud * 10 ** (-BELOW_LOUD_DB / 20))
    runs = list(_runs(quiet))
    holes = [(b, e) for b, e, still in runs if still and (e - b) * _STEP >= HOLE_SECONDS - 1e-9]
    found: list[Fill] = []
    clock = 0
    for number, (begin, end) in enumerate(holes):
        after = holes[number + 1][0] if number + 1 < len(holes) else len(levels)
        heard = (clock, begin) if begin > clock else (end, after)
        found += _tiled(heard[0] * step, heard[1] * step, begin * step, end * step)
        clock = end
    return tuple(found)


def _tiled(first: int, last: int, begin: int, end: int) -> Iterator[Fill]:
    """A hole from `begin` to `end`, filled with the end of what sounds from `first` to `last`."""
    length = last - first
    while begin < end and length > 0:
        count = min(length, end - begin)
        yield Fill(begin, begin + count, last - count if last <= begin else first)
        begin += count


def _levels(source: Source, first: int, count: int, step: int) -> npt.NDArray[np.float64]:
    """RMS of so many steps of a take, (count,)."""
    levels = np.zeros(count)
    for at in range(count):
        sound = source.read(first + at * step, step)
        levels[at] = np.sqrt(np.mean(np.square(sound, dtype=np.float64)))
    return levels


def _runs(flags: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int, bool]]:
    """Stretches of equal flags: first, last and one more, and the flag."""
    edges = np.flatnonzero(np.diff(flags.astype(np.int8))) + 1
    bounds = [0, *edges.tolist(), len(flags)]
    for begin, end in itertools.pairwise(bounds):
        yield begin, end, bool(flags[begin])


class Filled:
    """A take with its holes filled.

    Args:
        offset: frame of the take at which the event begins.
    """

    def __init__(self, source: Source, fills: Sequence[Fill], offset: int, rate: int) -> None:
        self._source, self._fills, self._offset = source, tuple(fills), offset
        self._edge = round(_EDGE * rate)
        self.frames = source.frames
        self.channels = source.channels

    @property
    def identity(self) -> Hashable:
        name = self._source.identity
        return None if name is None else ("filled", name, self._fills, self._offset)

    def read(self, start: int, count: int) -> Samples:
        """float32 (count, channels) from frame `start`."""
        sound = self._source.read(start, count)
        for fill in self._fills:
            begin = max(start, fill.start + self._offset)
            end = min(start + count, fill.end + self._offset)
            if begin >= end:
                continue
            moved = fill.source - fill.start
            heard = self._source.read(begin + moved, end - begin)
            inside = np.arange(begin, end) - self._offset + 0.5
            nearest = np.minimum(inside - fill.start, fill.end - inside)
            edge = min(self._edge, (fill.end - fill.start) // 2)
            gains = rise("s-curve", np.minimum(nearest / max(1, edge), 1.0))
            if sound.base is not None or not sound.flags.writeable:
                sound = sound.copy()
            sound[begin - start : end - start] += heard * gains[:, None].astype(np.float32)
        return sound
