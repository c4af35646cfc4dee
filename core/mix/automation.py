"""Automation: the shape of an event's level as the mix plays it, and the silences that cut into it.

Everything is reckoned from the frame alone, so that a sound is the same to the bit in blocks of any
size. What approaches or recedes (`core.story.shape.DISTANT`) is dull while it is soft, as air takes
the high tones first, and narrow, as a wide thing is from afar.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from core.mix.crossfade import Samples, rise
from core.mix.sources import Source
from core.story.shape import DISTANT
from core.story.story import Event

Gains = npt.NDArray[np.float64]
DULL: tuple[tuple[float, float], ...] = ((0.004, 0.3), (0.001, 0.8))
"""What the air and the ground take of a distant sound: seconds of a low-pass (6 dB down at their
reciprocal, nothing from twice that on), and the decibels that all above it loses beside each that
the level is down. Even an engine, which has little above 250 Hz, is duller from afar."""
NARROW_DB = 24.0
"""Decibels down for its distance at which a sound is a point."""
SILENCE_FALL = 0.25
"""Seconds in which all else is gone once a silence begins."""
SILENCE_RISE = 0.1
"""Seconds in which what goes on comes back after it."""
_ALIKE_DB = 0.1
"""Decibels between two parts of one sound that meet and are one curve."""
Silence = tuple[int, int]
"""Frames from and to which nothing sounds."""


@dataclass(frozen=True)
class Envelope:
    """A curve over the frames of something placed.

    Attributes:
        frames, values: its points, from the first frame on; between them it is straight, and the
            outer ones are held.
    """

    frames: tuple[float, ...]
    values: tuple[float, ...]

    def at(self, frames: Gains) -> Gains:
        """Its values at frames."""
        return np.interp(frames, self.frames, self.values)


@dataclass(frozen=True)
class Automation:
    """How the level of a placed event goes.

    Attributes:
        frames, levels: points of the curve, from the event's first frame on, and decibels; between
            them it is straight, and the outer ones are held.
        distant: what is softer is farther.
        rate: Hz.
    """

    frames: tuple[float, ...]
    levels: tuple[float, ...]
    distant: bool
    rate: int

    def decibels(self, frames: Gains) -> Gains:
        """Of the level at frames of the event."""
        return np.interp(frames, self.frames, self.levels)

    def gain(self, frames: Gains) -> Gains:
        """Linear gain at frames of the event."""
        return np.asarray(10.0 ** (self.decibels(frames) / 20.0))

    def width(self, frames: Gains) -> Gains:
        """What is left of a sound's width, 0 to 1."""
        if not self.distant:
            return np.ones(len(frames))
        return np.clip(1.0 + self.decibels(frames) / NARROW_DB, 0.0, 1.0)

    def brightness(self, frames: Gains, share: float) -> Gains:
        """Linear gain of the higher tones, which lose `share` dB for each of distance."""
        return np.asarray(10.0 ** (share * np.minimum(self.decibels(frames), 0.0) / 20.0))


def automation_of(event: Event, start: int, rate: int) -> Automation | None:
    """The automation of an event whose first frame in the mix is `start`; None: it is steady."""
    curve = event.level_points
    if not curve:
        return None
    return Automation(
        tuple((event.start + time) * rate - start for time, _ in curve),
        tuple(level for _, level in curve),
        event.shape in DISTANT,
        rate,
    )


def continued(first: Automation | None, then: Automation | None, at: int) -> Automation | None:
    """The automation of what goes on, from its frame `at` on, as the part after it does.

    Where the levels of the two differ there it stays as it is, and they are cross-faded.
    """
    if first is None or then is None or first.distant != then.distant:
        return first
    one, other = (Envelope(a.frames, a.levels) for a in (first, then))
    curve = carried_on(one, other, at, _ALIKE_DB)
    assert curve is not None
    return replace(first, frames=curve.frames, levels=curve.values)


def carried_on(
    first: Envelope | None, then: Envelope | None, at: int, alike: float
) -> Envelope | None:
    """The curve of what goes on, from its frame `at` on, as that of the part after it does.

    Where the two differ there by more than `alike` it stays as it is.
    """
    if first is None or then is None:
        return first
    seam = np.array([0.0])
    if abs(float(first.at(seam + at)[0] - then.at(seam)[0])) > alike:
        return first
    before = [point for point in zip(first.frames, first.values, strict=True) if point[0] < at]
    after = [(frame + at, value) for frame, value in zip(then.frames, then.values, strict=True)]
    frames, values = zip(*before, *after, strict=True)
    return Envelope(frames, values)


class Distant:
    """A take as it is heard from where its event is.

    Args:
        offset: frame of the take at which the event begins.
    """

    def __init__(self, source: Source, automation: Automation, offset: int) -> None:
        self._source, self._automation, self._offset = source, automation, offset
        self._kernels = [_kernel(seconds, automation.rate) for seconds, _ in DULL]
        self._reach = max(len(kernel) // 2 for kernel in self._kernels)

    @property
    def frames(self) -> int:
        return self._source.frames

    @property
    def channels(self) -> int:
        return self._source.channels

    @property
    def identity(self) -> Hashable:
        name = self._source.identity
        return None if name is None else ("distant", name, self._automation, self._offset)

    def read(self, start: int, count: int) -> Samples:
        """float32 (count, channels) from frame `start`."""
        around = self._around(start, count)
        frames = middles(start - self._offset, count)
        bands = [self._below(around, kernel, count) for kernel in self._kernels]
        bands.append(around[self._reach : self._reach + count])
        heard = bands[0]
        gains = np.ones(count)
        for lower, upper, (_, share) in zip(bands, bands[1:], DULL, strict=False):
            gains = gains * self._automation.brightness(frames, share)
            heard = heard + gains.astype(np.float32)[:, None] * (upper - lower)
        if self.channels == 1:
            return heard
        width = self._automation.width(frames).astype(np.float32)
        middle, side = 0.5 * (heard[:, 0] + heard[:, 1]), 0.5 * (heard[:, 0] - heard[:, 1])
        return np.stack([middle + width * side, middle - width * side], axis=1)

    def _below(self, around: Samples, kernel: Gains, count: int) -> Samples:
        """What a low-pass leaves of a sound, tap by tap: the same in blocks of any size."""
        half = len(kernel) // 2
        low = around[self._reach : self._reach + count] * np.float32(kernel[half])
        for reach in range(1, half + 1):
            share = np.float32(kernel[half + reach])
            low += share * around[self._reach - reach :][:count]
            low += share * around[self._reach + reach :][:count]
        return low

    def _around(self, start: int, count: int) -> Samples:
        """The take with as much before and after as the low-pass reaches; zeros outside of it."""
        first, last = start - self._reach, start + count + self._reach
        begin, end = max(0, first), min(self.frames, last)
        found = self._source.read(begin, end - begin)
        return np.pad(found, ((begin - first, last - end), (0, 0)))


def _kernel(seconds: float, rate: int) -> Gains:
    """A raised cosine of this length, whose sum is 1."""
    half = max(1, round(0.5 * seconds * rate))
    kernel = np.hanning(2 * half + 3)[1:-1]
    return np.asarray(kernel / kernel.sum())


def silent_spans(events: Sequence[Event], rate: int) -> tuple[Silence, ...]:
    """Frames from and to which events of silence last, in order, none overlapping another."""
    spans: list[Silence] = []
    for event in sorted(events, key=lambda event: event.start):
        if not event.silent:
            continue
        begin, end = round(event.start * rate), round(event.end * rate)
        if spans and begin <= spans[-1][1]:
            begin, end = spans[-1][0], max(end, spans[-1][1])
            spans.pop()
        spans.append((begin, end))
    return tuple(spans)


def within(spans: Sequence[Silence], start: int, end: int) -> Iterator[Silence]:
    """The silences that what sounds from `start` to `end` meets, in frames from its beginning."""
    for begin, stop in spans:
        if begin < end and start < stop:
            yield begin - start, stop - start


def silenced(spans: Sequence[Silence], frames: Gains, rate: int) -> Gains:
    """Gain at frames of an event that silences leave of it."""
    gains = np.ones(len(frames))
    for begin, end in spans:
        fall = 1.0 - np.clip((frames - begin) / min(SILENCE_FALL * rate, end - begin), 0.0, 1.0)
        back = np.clip((frames - end) / (SILENCE_RISE * rate), 0.0, 1.0)
        gains *= rise("s-curve", np.where(frames < end, fall, back))
    return gains


def middles(start: int, count: int) -> Gains:
    """The middle of each of `count` frames from `start` on, (count,)."""
    return np.arange(start, start + count, dtype=np.float64) + 0.5
