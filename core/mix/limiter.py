"""A look-ahead true-peak limiter, both channels linked, in blocks.

Where a true peak would pass the ceiling, the gain begins to fall `lookahead` earlier, so that the
turn is smooth, stays down while the peak lasts and recovers exponentially: soon after a stroke,
whose tail would go down with it, slowly after what lasts, whose waves would be bent. Elsewhere the
gain is exactly 1 and the samples are untouched.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from core.mix.crossfade import Samples
from core.mix.true_peak import HALF, frame_levels, gap_peaks

LOOKAHEAD = 0.003
RELEASE = 0.08
"""Seconds in which the gain reduction of what lasts falls to 37 %: long enough to leave low tones
their shape."""
QUICK_RELEASE = 0.008
"""The same for what is short. A 50 Hz tone driven 10 dB over the ceiling gets 8 % of distortion by
it alone, 3 % by the slow one alone, and 4 % by both."""
LASTING = 0.05
"""Seconds over which gain reductions are averaged before they recover slowly: of a stroke's of some
milliseconds a fifth is left."""
MARGIN_DB = 0.3
"""Kept below the ceiling, since readers interpolate with filters of their own."""

Gain = npt.NDArray[np.float64]


class Release:
    """Gain reduction that falls back exponentially: u[n] = max(v[n], a u[n-1])."""

    def __init__(self, frames: float) -> None:
        self._step = 1.0 / frames
        self._last = -math.inf

    @property
    def idle(self) -> bool:
        """The reduction has fallen below 0.00001 dB."""
        return self._last < math.log(1e-6)

    def process(self, gain: Gain) -> Gain:
        """The recursion as a running maximum: with w[n] = ln u[n] + n / frames it never falls."""
        slope = np.arange(1, len(gain) + 1) * self._step
        with np.errstate(divide="ignore"):
            wanted = np.log(1.0 - gain) + slope
        wanted[0] = max(wanted[0], self._last)
        reduction = np.maximum.accumulate(wanted) - slope
        self._last = float(reduction[-1])
        gained: Gain = 1.0 - np.exp(reduction)
        return gained


class Average:
    """Running mean over the last `frames` values; it begins at gain 1."""

    def __init__(self, frames: int) -> None:
        self._history = np.ones(frames)

    @property
    def idle(self) -> bool:
        return float(self._history.min()) > 1.0 - 1e-6

    def process(self, gain: Gain) -> Gain:
        frames = len(self._history)
        values = np.concatenate([self._history, gain])
        total = np.cumsum(values)
        self._history = values[len(gain) :]
        mean: Gain = np.minimum((total[frames:] - total[:-frames]) / frames, 1.0)
        return mean


class Recovery:
    """Gain that recovers soon from what is short, and slowly from what lasts.

    Args:
        rate: gains per second.
        release: seconds for what lasts; `QUICK_RELEASE`: all recovers as soon.
    """

    def __init__(self, rate: float, release: float = RELEASE) -> None:
        self._quick = Release(QUICK_RELEASE * rate)
        self._lasting = Average(max(1, round(LASTING * rate)))
        self._slow = Release(release * rate) if release > QUICK_RELEASE else None

    @property
    def idle(self) -> bool:
        """Nothing is left to recover from."""
        slow = self._slow is None or (self._slow.idle and self._lasting.idle)
        return slow and self._quick.idle

    def process(self, gain: Gain) -> Gain:
        """The gain at each place, at most the one needed there."""
        quick = self._quick.process(gain)
        if self._slow is None:
            return quick
        return np.minimum(quick, self._slow.process(self._lasting.process(quick)))


class Limiter:
    """Feed blocks (n, channels) to `process`; each sound comes out `delay` frames later.

    Attributes:
        delay: frames by which the output lags; the first `delay` frames out are silence.
        reduction_db: deepest gain reduction so far.
    """

    def __init__(
        self, rate: int, ceiling_db: float, channels: int = 2, release: float = RELEASE
    ) -> None:
        half = max(1, round(LOOKAHEAD * rate / 2))
        self._ceiling = 10.0 ** ((ceiling_db - MARGIN_DB) / 20.0)
        self._hold = 2 * half
        self.delay = HALF + self._hold
        self.reduction_db = 0.0
        self._history: Samples = np.zeros((2 * HALF - 1, channels), dtype=np.float32)
        self._delayed: Samples = np.zeros((self.delay, channels), dtype=np.float32)
        self._needed: Gain = np.ones(self._hold)
        self._last_gap = 0.0
        self._recovery = Recovery(rate, release)
        self._averages = (Average(half), Average(half))

    def process(self, block: Samples) -> Samples:
        """As many frames as came in, `delay` later and limited."""
        count = len(block)
        delayed = np.concatenate([self._delayed, block])
        self._delayed = delayed[count:]
        needed = np.concatenate([self._needed, self._gain_needed(block)])
        self._needed = needed[count:]
        idle = self._recovery.idle and all(average.idle for average in self._averages)
        if not count or (idle and float(needed.min()) == 1.0):
            return delayed[:count]
        from scipy.ndimage import minimum_filter1d  # slow to import, and most mixes need none

        held = minimum_filter1d(needed, self._hold + 1)[self._hold // 2 :][:count]
        gain = self._recovery.process(held)
        for average in self._averages:
            gain = average.process(gain)
        self.reduction_db = max(self.reduction_db, -20.0 * math.log10(float(gain.min())))
        return delayed[:count] * gain[:, None].astype(np.float32)

    def _gain_needed(self, block: Samples) -> Gain:
        """Gain for each frame from HALF frames before the block on, neighbouring gaps included."""
        count = len(block)
        samples = np.concatenate([self._history, block])
        self._history = samples[count:]
        gaps = gap_peaks(samples, self._ceiling)
        before = np.concatenate([[self._last_gap], gaps[:-1]])
        self._last_gap = float(gaps[-1])
        level = frame_levels(samples[HALF - 1 : HALF - 1 + count])
        peaks = np.maximum(np.maximum(level, gaps), before)
        return np.asarray(self._ceiling / np.maximum(peaks, self._ceiling), dtype=np.float64)


def limit_blocks(
    blocks: Iterable[Samples], rate: int, ceiling_db: float, release: float = RELEASE
) -> Iterator[Samples]:
    """The same frames as `blocks`, with true peaks under `ceiling_db` (dBTP)."""
    limiter = Limiter(rate, ceiling_db, release=release)
    skip = limiter.delay
    silence = np.zeros((limiter.delay, 2), dtype=np.float32)
    for block in itertools.chain(blocks, (silence,)):
        ready = limiter.process(block)[skip:]
        skip = max(0, skip - len(block))
        if len(ready):
            yield ready
