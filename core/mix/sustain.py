"""A texture that goes on softly under the sounds after it, where those leave holes.

A performer's footsteps or slam are often heard for a second of an event of five, and then there is
digital silence, which no place has. The texture before it (rain, wind, a crowd) is there anyway:
its last seconds are heard again, cross-faded, below what follows, until the next sound that goes
on. Where there is no such texture, room tone is heard (`core.mix.room_tone`). An event that is
silent altogether is meant so and stays silent.
"""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from core.mix.crossfade import Samples, rise
from core.mix.sources import Source

HOLE = 1.0
"""Seconds of silence within an event that are heard as a hole."""
BELOW_DB = 12.0
"""Decibels by which the texture is softer under what follows, at least."""
LOOP = 2.0
"""Seconds of a take's end that come again and again, a quarter of them cross-faded."""
_HOP = 0.05
_SILENT, _HEARD = 1e-6, 1e-5
"""Powers (-60 and -50 dB) below which there is silence, and above which something is heard."""
_ENDLESS = 1 << 62


def has_hole(source: Source, rate: int, frames: int) -> bool:
    """Whether a take that can be heard is silent for `HOLE` seconds within its first `frames`.

    What it is shorter than they are counts as silence.
    """
    missing = max(0, frames - source.frames) / rate
    hop, frames = round(_HOP * rate), min(frames, source.frames)
    longest = run = 0
    heard = False
    for at in range(0, frames - hop + 1, 200 * hop):
        sound = source.read(at, min(200 * hop, (frames - at) // hop * hop))
        squares = np.square(sound, dtype=np.float64).mean(axis=1)
        for power in squares.reshape(-1, hop).mean(axis=1):
            run = run + 1 if power < _SILENT else 0
            longest = max(longest, run)
            heard = heard or bool(power > _HEARD)
    return heard and max(longest * _HOP, run * _HOP + missing) >= HOLE


class Ended:
    """A take that ends, and the silence after it; its last `fade` frames are faded out."""

    def __init__(self, source: Source, fade: int) -> None:
        self._source, self._fade = source, min(fade, source.frames)
        self.frames = _ENDLESS
        self.channels = source.channels

    @property
    def identity(self) -> Hashable:
        return None if self._source.identity is None else ("ended", self._source.identity)

    def read(self, start: int, count: int) -> Samples:
        """float32 (count, channels) from frame `start`, which may lie anywhere."""
        sound = np.zeros((count, self.channels), dtype=np.float32)
        before = max(0, min(count, self._source.frames - start))
        if before:
            sound[:before] = self._source.read(start, before)
            left = self._source.frames - np.arange(start, start + before) - 0.5
            progress = np.minimum(left / max(1, self._fade), 1.0)
            sound[:before] *= rise("s-curve", progress)[:, None].astype(np.float32)
        return sound


class Sustained:
    """A take that does not end: its last `LOOP` seconds come again, cross-faded into each other."""

    def __init__(self, source: Source, rate: int) -> None:
        self._source = source
        self._length = min(round(LOOP * rate), source.frames // 2)
        self._fade = self._length // 4
        self.frames = _ENDLESS
        self.channels = source.channels

    @property
    def identity(self) -> Hashable:
        return None if self._source.identity is None else ("sustained", self._source.identity)

    def read(self, start: int, count: int) -> Samples:
        """float32 (count, channels) from frame `start`, which may lie anywhere."""
        begin = self._source.frames - self._fade
        before = max(0, min(count, begin - start))
        sound = np.empty((count, self.channels), dtype=np.float32)
        if before:
            sound[:before] = self._source.read(start, before)
        if before < count:
            loop = self._loop()
            sound[before:] = loop[(np.arange(start + before, start + count) - begin) % len(loop)]
        return sound

    def _loop(self) -> Samples:
        fade = self._fade
        ending = self._source.read(self._source.frames - self._length, self._length)
        loop = ending[: self._length - fade].copy()
        progress = (np.arange(fade) + 0.5) / fade
        rising = rise("equal-power", progress)[:, None].astype(np.float32)
        falling = rise("equal-power", 1.0 - progress)[:, None].astype(np.float32)
        loop[:fade] = loop[:fade] * rising + ending[self._length - fade :] * falling
        return loop
