"""Sounds through impulse responses: equalisers, air and rooms, read by position like any take.

The convolution is done in pieces of a grid that is counted from the sound's first frame, so that a
sound is the same to the bit in blocks of any size, and beginning anywhere. A piece is done by FFT
(overlap-save) and the last two are kept, as blocks seldom end where pieces do.
"""

from __future__ import annotations

import functools
from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.mix.crossfade import Samples
from core.mix.sources import Source

SHORTEST_FFT = 32_768
"""Frames of the smallest transform: 0.7 s of what a short response is applied to at a time."""
_KEPT = 2


@dataclass(frozen=True, eq=False)
class Impulse:
    """An impulse response.

    Attributes:
        taps: float64 (n,), or (n, 2) where the two channels have their own.
    """

    taps: npt.NDArray[np.float64]

    @property
    def frames(self) -> int:
        return len(self.taps)

    @property
    def channels(self) -> int:
        return 1 if self.taps.ndim == 1 else 2

    @functools.cached_property
    def fft_size(self) -> int:
        """Frames of a transform: twice the response at least, and a power of two."""
        return max(SHORTEST_FFT, 1 << (2 * self.frames - 1).bit_length())

    @functools.cached_property
    def spectrum(self) -> npt.NDArray[np.complex128]:
        """(channels, fft_size // 2 + 1)."""
        return np.asarray(np.fft.rfft(self.taps.reshape(self.frames, -1).T, self.fft_size))


class Convolved:
    """A source through an impulse response.

    Args:
        ringing: the response sounds on after the source's end; otherwise it ends with it.
    """

    def __init__(self, source: Source, impulse: Impulse, *, ringing: bool = False) -> None:
        self._source, self._impulse = source, impulse
        self._step = impulse.fft_size - impulse.frames + 1
        self._kept: dict[int, Samples] = {}
        self.frames = source.frames + (impulse.frames - 1 if ringing else 0)
        self.channels = max(source.channels, impulse.channels)

    @property
    def identity(self) -> Hashable:
        return None

    def read(self, start: int, count: int) -> Samples:
        """float32 (count, channels) from frame `start`."""
        sound = np.empty((count, self.channels), dtype=np.float32)
        at = start
        while at < start + count:
            number, inside = divmod(at, self._step)
            length = min(self._step - inside, start + count - at)
            sound[at - start :][:length] = self._piece(number)[inside : inside + length]
            at += length
        return sound

    def _piece(self, number: int) -> Samples:
        if number not in self._kept:
            self._kept[number] = self._convolved(number * self._step)
            while len(self._kept) > _KEPT:
                del self._kept[next(iter(self._kept))]
        return self._kept[number]

    def _convolved(self, first: int) -> Samples:
        """float32 (step, channels) from frame `first`."""
        before = self._impulse.frames - 1
        begin, end = first - before, first + self._step
        inside = max(0, begin), min(self._source.frames, end)
        heard = np.zeros((self._source.channels, self._impulse.fft_size))
        if inside[0] < inside[1]:
            part = self._source.read(inside[0], inside[1] - inside[0])
            heard[:, inside[0] - begin :][:, : len(part)] = part.T
        if not heard.any():
            return np.zeros((self._step, self.channels), dtype=np.float32)
        spectrum = np.fft.rfft(heard) * self._impulse.spectrum
        sound = np.fft.irfft(spectrum, self._impulse.fft_size)[:, before:]
        return sound.T.astype(np.float32)
