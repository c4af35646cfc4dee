"""What lies behind an animal's call: the faint floor of a field, a wood, a yard or a room."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.birds import song
from core.corpus.synthesis.envelopes import swell
from core.corpus.synthesis.filters import bandpass, highpass, lowpass, shaped
from core.corpus.synthesis.grains import add_at, bursts, poisson, scatter, sizes
from core.corpus.synthesis.levels import peaked, unit
from core.corpus.synthesis.sampling import Rng, Signal, between, chance, frames, log_between
from core.corpus.synthesis.sources import pink
from core.corpus.synthesis.space import reverb


def open_air(x: Signal, rng: Rng) -> Signal:
    """The sound over quiet air, 40 to 60 dB below its peak."""
    air = unit(bandpass(pink(len(x), rng), 80, between(rng, 3000, 9000), 1))
    return peaked(x) + log_between(rng, 0.0006, 0.006) * air


def woodland(x: Signal, rng: Rng) -> Signal:
    """The sound over the leaves of a wood."""
    n = len(x)
    leaves = shaped(pink(n, rng), (40, -8), (300, 0), (2000, -5), (7000, -7), (15_000, -18))
    return peaked(x) + log_between(rng, 0.001, 0.012) * unit(leaves) * swell(n, 0.4, rng, 0.3)


_OTHER_BIRDS = (1, 3, 6)
"""How many of them sing."""


def among_birds(x: Signal, seconds: float, rng: Rng, gain: float) -> Signal:
    """The sound in a wood by day, where other birds sing farther off, `gain` beside its peak."""
    others = np.zeros(len(x))
    for _ in range(int(rng.choice(_OTHER_BIRDS))):
        add_at(others, 0.0, song(seconds, rng), between(rng, 0.2, 1.0))
    others = reverb(others, rng, between(rng, 0.8, 2.0), between(rng, 0.2, 0.6), 3500)
    heard = peaked(x) + gain * peaked(lowpass(others, between(rng, 5000, 9000), 1))
    return woodland(heard, rng)


def straw_yard(x: Signal, rng: Rng) -> Signal:
    """The sound in a yard or sty: air, and now and then the rustle of straw."""
    n = len(x)
    straw = bursts(rng, 16, (2000, 7500), (0.004, 0.025), 1.5)
    places = poisson(n, between(rng, 1, 12) * swell(n, 0.7, rng, 0.8), rng)
    rustle = scatter(n, places, sizes(len(places), rng), straw, rng)
    return open_air(x, rng) + between(rng, 0.0, 0.05) * rustle


def over_ground(x: Signal, distance: str, rng: Rng) -> Signal:
    """Open ground: one reflection of it, hardly a tail; far away high tones are lost to the air.

    A field sends back little: after 20 ms a call is some 30 dB down, which keeps its notes apart.
    """
    late = frames(between(rng, 0.0008, 0.006))
    out = x.copy()
    out[late:] += between(rng, 0.15, 0.5) * lowpass(x, between(rng, 1500, 5000), 1)[: len(x) - late]
    if distance == "close":
        return reverb(out, rng, between(rng, 0.15, 0.5), between(rng, 0.0, 0.04), 2500)
    dull = lowpass(highpass(out, 70, 1), between(rng, 2200, 4500), 1)
    return reverb(dull, rng, between(rng, 0.3, 0.9), between(rng, 0.06, 0.16), 2000)


def beside(x: Signal, rng: Rng) -> Signal:
    """A furnished room, the microphone an arm's length away: its tail is faint."""
    return reverb(x, rng, between(rng, 0.15, 0.45), between(rng, 0.02, 0.09), 4000)


def kept_or_outside(x: Signal, distance: str, rng: Rng, indoors: float) -> Signal:
    """Near: in a room or stall with probability `indoors`, else in the open; far: in the open."""
    if distance == "close" and chance(rng, indoors):
        return beside(x, rng)
    return over_ground(x, distance, rng)
