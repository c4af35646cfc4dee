"""Attacks: the moments at which something in a sound is struck."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_HOP_SECONDS = 0.005
_STROKE = 6
"""Hops over which a stroke's level is taken, 30 ms: what the ear hears as one."""
_BEFORE = 12
"""Hops before a stroke that it has to stand out of, 60 ms."""
RISE_DB = 10.0
"""As in core/mix/onset.py: rendered strokes rise by 14 dB or more, textures by 7 at most."""
WEAKEST_DB = -20.0
"""Beside the loudest stroke: what is softer is an echo or handling."""
APART_SECONDS = 0.1
"""What follows sooner belongs to the same stroke."""
_DECAY, _DECAY_DB = 50, 6.0
"""What begins loud at once was struck if it is so much softer within so many hops, 0.25 s; else it
was cut out of what goes on."""
_FLOOR = 1e-9


def attack_times(samples: npt.NDArray[np.floating], rate: int) -> list[float]:
    """Seconds at which strokes begin in a mono sound (n,), exact to 5 ms or so.

    Empty where nothing stands out, as in what goes on evenly.
    """
    hop = max(1, round(_HOP_SECONDS * rate))
    count = len(samples) // hop
    if not count:
        return []
    power = np.square(samples[: count * hop].astype(np.float64)).reshape(count, hop).mean(1)
    total = np.concatenate([[0.0], np.cumsum(power)])
    places = np.arange(count)
    after = np.minimum(places + _STROKE, count)
    before = np.maximum(places - _BEFORE, 0)
    stroke = (total[after] - total[places]) / np.maximum(after - places, 1)
    quiet = (total[places] - total[before]) / np.maximum(places - before, 1)
    rise = stroke / (quiet + _FLOOR)
    loud = stroke >= max(_FLOOR, stroke.max() * 10 ** (WEAKEST_DB / 10))
    standing = loud & (rise >= 10 ** (RISE_DB / 10))
    found = _beginnings(standing, power)
    if found and found[0] == 0 and stroke[:_DECAY].min() > stroke[0] * 10 ** (-_DECAY_DB / 10):
        found = found[1:]
    return [float(place * hop / rate) for place in found]


def _beginnings(standing: npt.NDArray[np.bool_], power: npt.NDArray[np.float64]) -> list[int]:
    """The steepest hop of each run of hops that stand out, runs that are near joined."""
    apart = round(APART_SECONDS / _HOP_SECONDS)
    found: list[int] = []
    marked = np.flatnonzero(standing)
    for run in np.split(marked, np.flatnonzero(np.diff(marked) > 1) + 1):
        if not len(run):
            continue
        first, last = int(run[0]), min(int(run[-1]) + _STROKE, len(power))
        place = first + int(np.argmax(np.diff(power[max(first - 1, 0) : last], prepend=0.0)))
        place -= int(first > 0)
        if not found or place - found[-1] >= apart:
            found.append(max(place, 0))
    return found
