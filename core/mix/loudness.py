"""Loudness after ITU-R BS.1770-4 and EBU R 128 (libebur128), in blocks of any size.

Integrated loudness in LUFS, loudness range in LU, momentary (0.4 s) and short-term (3 s) loudness,
and the true peak of `core.mix.true_peak` in dBTP. Silence measures minus infinity.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyebur128

from core.mix.crossfade import Samples
from core.mix.true_peak import TruePeak, decibels

STEP_MS = 20
"""Milliseconds between two readings of momentary and short-term loudness.

EBU Tech 3341 asks for 100 at most; a file's highest momentary loudness needs finer steps.
"""
_BLOCK = 0.4
"""Seconds of a gating block; shorter sounds are measured as one block of their own length."""

K_OFFSET = -0.691
"""LUFS of a K-weighted power of 1."""
_SILENCE = 1e-14

_MODES = pyebur128.MeasurementMode


@dataclass(frozen=True)
class Loudness:
    """What a sound measures.

    Attributes:
        integrated, momentary, short_term: LUFS; the latter two are the highest readings.
        spread: loudness range (LRA) in LU.
        true_peak: dBTP.
    """

    integrated: float
    momentary: float
    short_term: float
    spread: float
    true_peak: float


@dataclass(frozen=True)
class LoudnessCurve:
    """Loudness over time, for drawing under a waveform.

    Attributes:
        seconds: (n,) end of each reading's window, every 0.02 s.
        momentary, short_term: (n,) LUFS, minus infinity where there is silence.
    """

    seconds: npt.NDArray[np.float64]
    momentary: npt.NDArray[np.float64]
    short_term: npt.NDArray[np.float64]


class Meter:
    """Feed blocks (n, channels) to `add`, then read `integrated`, or `result` and `curve`.

    Args:
        over_time: take the readings that `result` and `curve` need; without, only `integrated`
            and `true_peak` can be read.
        step_ms: milliseconds between two readings, of which 400 are a multiple.
        peaks: measure the true peak.
    """

    def __init__(
        self,
        rate: int,
        channels: int = 2,
        *,
        over_time: bool = True,
        peaks: bool = True,
        step_ms: int = STEP_MS,
    ) -> None:
        modes = _MODES.MODE_I | _MODES.MODE_LRA if over_time else _MODES.MODE_I
        self._state = pyebur128.R128State(channels, rate, modes)
        self._rate = rate
        self._step_ms = step_ms
        self._step = step_ms * rate // 1000 if over_time else rate
        self._over_time = over_time
        self._frames = 0
        self._true_peak = TruePeak(channels) if peaks else None
        self._powers: list[float] = []

    def add(self, block: Samples) -> None:
        """Measure `block` after what came before."""
        start = 0
        sound = np.require(block, dtype=np.float32, requirements=["C", "W"])
        while start < len(sound):
            count = min(len(sound) - start, self._step - self._frames % self._step)
            self._state.add_frames(sound[start : start + count].reshape(-1), count)
            self._frames += count
            start += count
            if self._over_time and self._frames % self._step == 0:
                loudness = pyebur128.get_loudness_window(self._state, self._step_ms)
                self._powers.append(_power(loudness))
        if self._true_peak is not None:
            self._true_peak.add(sound)

    @property
    def integrated(self) -> float:
        """LUFS of everything so far."""
        milliseconds = round(1000 * self._frames / self._rate)
        if self._frames >= _BLOCK * self._rate:
            return float(pyebur128.get_loudness_global(self._state))
        if milliseconds == 0:
            return -math.inf
        return float(pyebur128.get_loudness_window(self._state, milliseconds))

    @property
    def powers(self) -> npt.NDArray[np.float64]:
        """K-weighted power, summed over the channels, of each step so far."""
        return np.array(self._powers, dtype=np.float64)

    @property
    def true_peak(self) -> float:
        """dBTP of everything so far; not a number if peaks are not measured."""
        return math.nan if self._true_peak is None else decibels(self._true_peak.value)

    def result(self) -> Loudness:
        curve = self.curve()
        spread = float(pyebur128.get_loudness_range(self._state))
        return Loudness(
            integrated=self.integrated,
            momentary=float(curve.momentary.max(initial=-math.inf)),
            short_term=float(curve.short_term.max(initial=-math.inf)),
            spread=spread if math.isfinite(spread) else 0.0,
            true_peak=self.true_peak,
        )

    def curve(self) -> LoudnessCurve:
        powers = np.array(self._powers, dtype=np.float64)
        step = self._step_ms
        seconds = step / 1000 * np.arange(1, len(powers) + 1, dtype=np.float64)
        return LoudnessCurve(seconds, _windowed(powers, 400, step), _windowed(powers, 3000, step))


def _power(loudness: float) -> float:
    """K-weighted power that `loudness` (LUFS) stands for."""
    return float(10.0 ** ((loudness - K_OFFSET) / 10.0))


def _windowed(powers: npt.NDArray[np.float64], window: int, step: int) -> npt.NDArray[np.float64]:
    """LUFS over the last `window` ms at each reading; silence is taken to come before the first."""
    steps = window // step
    if not len(powers):
        return powers
    mean: npt.NDArray[np.float64] = np.convolve(powers, np.full(steps, 1.0 / steps))[: len(powers)]
    with np.errstate(divide="ignore"):
        loudness = K_OFFSET + 10.0 * np.log10(mean)
    loudness[mean < _SILENCE] = -np.inf
    return loudness


def measure(
    blocks: Iterable[Samples],
    rate: int,
    channels: int = 2,
    *,
    over_time: bool = True,
    peaks: bool = True,
) -> Meter:
    """A meter that has heard all of `blocks`; see `Meter`."""
    meter = Meter(rate, channels, over_time=over_time, peaks=peaks)
    for block in blocks:
        meter.add(block)
    return meter
