"""Loops: a take that sounds over and over without a seam, as the bed of an event of any length.

The take's end is cross-faded into its beginning, where the two are most alike, so that a hum goes
on in step, and at the level that it has around there (see `core.mix.crossfade`). The first time it
begins as it does.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from core.mix.crossfade import Correlation, Samples, crossfade_gains
from core.mix.sources import Source

LOOP_FADE = 1.0
"""Longest cross-fade of a take's end into its beginning, in seconds: long enough that no ear finds
it in rain or a crowd."""
SEARCH = 0.05
"""Seconds by which a loop may be shorter, so that its ends meet in step: one period of 20 Hz."""
_NOTHING = 1e-9
_SHARE = 4
"""Part of a short take that is cross-faded."""
ENDLESS = 1 << 62
"""Frames of a take that does not end."""


@dataclass(frozen=True)
class Loop:
    """How a take loops.

    Attributes:
        period: frames after which it is the same again.
        fade: frames of the take after them, which are cross-faded into its first ones.
        correlation: of these two.
    """

    period: int
    fade: int
    correlation: float


def loop_of(source: Source, rate: int) -> Loop:
    """How a take loops best."""
    fade = min(round(LOOP_FADE * rate), source.frames // _SHARE)
    search = min(round(SEARCH * rate), fade)
    period = source.frames - fade - search
    period += _best_shift(source.read(period, fade + search), source.read(0, fade))
    correlation = Correlation()
    correlation.add(source.read(period, fade), source.read(0, fade))
    return Loop(period, fade, correlation.value)


def _best_shift(ending: Samples, beginning: Samples) -> int:
    """Frames into `ending` from where it is most like `beginning`, which is shorter."""
    late, early = (sound.astype(np.float64).sum(axis=1) for sound in (ending, beginning))
    energies = np.concatenate([[0.0], np.cumsum(np.square(late))])
    energies = energies[len(early) :] - energies[: len(energies) - len(early)]
    size = 1 << (len(late) + len(early)).bit_length()
    product = np.fft.rfft(late, size) * np.conj(np.fft.rfft(early, size))
    alike = np.fft.irfft(product, size)[: len(energies)]
    return int(np.argmax(alike / np.sqrt(np.maximum(energies, _NOTHING))))


class Looped:
    """A take that does not end."""

    frames = ENDLESS

    def __init__(self, source: Source, loop: Loop) -> None:
        self._source, self._loop = source, loop
        self.channels = source.channels

    @property
    def identity(self) -> Hashable:
        name = self._source.identity
        return None if name is None else ("looped", name, self._loop)

    def read(self, start: int, count: int) -> Samples:
        """float32 (count, channels) from frame `start`, which may lie anywhere."""
        sound = np.empty((count, self.channels), dtype=np.float32)
        at = start
        while at < start + count:
            turn, inside = divmod(at, self._loop.period)
            length = min(self._loop.period - inside, start + count - at)
            sound[at - start :][:length] = self._turn(inside, length, first=turn == 0)
            at += length
        return sound

    def _turn(self, inside: int, length: int, *, first: bool) -> Samples:
        """A stretch within a period."""
        heard = self._source.read(inside, length)
        faded = 0 if first else min(length, self._loop.fade - inside)
        if faded <= 0:
            return heard
        progress = (np.arange(inside, inside + faded) + 0.5) / self._loop.fade
        falling, rising = crossfade_gains("equal-power", progress, self._loop.correlation)
        ending = self._source.read(self._loop.period + inside, faded)
        heard = heard.copy()
        heard[:faded] *= rising[:, None].astype(np.float32)
        heard[:faded] += ending * falling[:, None].astype(np.float32)
        return heard
