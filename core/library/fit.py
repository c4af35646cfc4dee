"""Making a span of a recording as long as an event: cut, time-fitted, looped, or left as it is.

What goes on evenly is looped without a seam; what ends by itself is stretched or squeezed a little
where that is enough, and otherwise followed by silence, as in any recording of it.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import python_stretch

from core.mix.crossfade import rise
from core.mix.loop import Looped, loop_of
from core.mix.sources import ArraySource

Fit = Literal["as it is", "cut", "looped", "time-fitted"]
MOST_STRETCH = 1.25
"""Times as long or as short; beyond it strokes smear."""
NEARLY = 0.02
"""Seconds that nobody misses."""
_STEADY_DB = 9.0
"""By which the parts of what goes on differ at most; one stroke that dies away falls by more."""
_PARTS = 6
_SHORTEST_LOOP = 0.5
_FADE_SECONDS = 0.03
_FLOOR = 1e-12

_Sound = npt.NDArray[np.float32]


def fitted(samples: _Sound, rate: int, frames: int) -> tuple[_Sound, Fit]:
    """Samples (channels, n) as (channels, frames), and how they were brought to that length."""
    length = samples.shape[1]
    near = abs(frames - length) <= NEARLY * rate
    steady = goes_on(samples, rate)
    if not near and not steady and 1 / MOST_STRETCH <= frames / length <= MOST_STRETCH:
        return stretched(samples, rate, frames), "time-fitted"
    if length >= frames:
        cut = samples[:, :frames].copy()
        if length > frames:
            _fade_out(cut, rate)
        return cut, "as it is" if near else "cut"
    if steady and not near:
        return looped(samples, rate, frames), "looped"
    longer = np.zeros((len(samples), frames), np.float32)
    longer[:, :length] = samples
    _fade_out(longer[:, :length], rate)
    return longer, "as it is"


def goes_on(samples: _Sound, rate: int) -> bool:
    """Whether a sound is about as loud from beginning to end, so that it can be looped."""
    length = samples.shape[1]
    if length < _SHORTEST_LOOP * rate:
        return False
    size = length // _PARTS
    squares = np.square(samples[:, : size * _PARTS], dtype=np.float64).mean(0)
    levels = 10.0 * np.log10(squares.reshape(_PARTS, size).mean(1) + _FLOOR)
    return bool(np.ptp(levels) <= _STEADY_DB)


def looped(samples: _Sound, rate: int, frames: int) -> _Sound:
    """Samples (channels, n) again and again, without a seam (core/mix/loop.py)."""
    source = ArraySource(samples)
    return np.ascontiguousarray(Looped(source, loop_of(source, rate)).read(0, frames).T)


def stretched(samples: _Sound, rate: int, frames: int) -> _Sound:
    """Samples (channels, n) as (channels, frames) at the same pitch."""
    stretch = python_stretch.Signalsmith.Stretch()
    stretch.preset(len(samples), rate)
    stretch.setTimeFactor(samples.shape[1] / frames)
    made = np.asarray(stretch.process(np.ascontiguousarray(samples)), np.float32)
    whole = np.zeros((len(samples), frames), np.float32)
    count = min(frames, made.shape[1])
    whole[:, :count] = made[:, :count]
    _fade_out(whole, rate)
    return whole


def _fade_out(samples: _Sound, rate: int) -> None:
    """Fade the end of a sound, in place."""
    count = min(round(_FADE_SECONDS * rate), samples.shape[1])
    if count:
        progress = (np.arange(count) + 0.5) / count
        samples[:, -count:] *= rise("s-curve", 1.0 - progress).astype(np.float32)
