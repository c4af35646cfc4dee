"""What lies behind an animal's call: the faint floor of a field, a wood, a yard or a room."""

from __future__ import annotations

from core.corpus.synthesis.envelopes import swell
from core.corpus.synthesis.filters import bandpass, shaped
from core.corpus.synthesis.grains import bursts, poisson, scatter, sizes
from core.corpus.synthesis.levels import peaked, unit
from core.corpus.synthesis.sampling import Rng, Signal, between, chance, log_between
from core.corpus.synthesis.sources import pink
from core.corpus.synthesis.space import at_distance, room


def open_air(x: Signal, rng: Rng) -> Signal:
    """The sound over quiet air, 40 to 60 dB below its peak."""
    air = unit(bandpass(pink(len(x), rng), 80, between(rng, 3000, 9000), 1))
    return peaked(x) + log_between(rng, 0.0006, 0.006) * air


def woodland(x: Signal, rng: Rng) -> Signal:
    """The sound over the leaves of a wood."""
    n = len(x)
    leaves = shaped(pink(n, rng), (40, -8), (300, 0), (2000, -5), (7000, -7), (15_000, -18))
    return peaked(x) + log_between(rng, 0.001, 0.012) * unit(leaves) * swell(n, 0.4, rng, 0.3)


def straw_yard(x: Signal, rng: Rng) -> Signal:
    """The sound in a yard or sty: air, and now and then the rustle of straw."""
    n = len(x)
    straw = bursts(rng, 16, (2000, 7500), (0.004, 0.025), 1.5)
    places = poisson(n, between(rng, 1, 12) * swell(n, 0.7, rng, 0.8), rng)
    rustle = scatter(n, places, sizes(len(places), rng), straw, rng)
    return open_air(x, rng) + between(rng, 0.0, 0.05) * rustle


def kept_or_outside(x: Signal, distance: str, rng: Rng, indoors: float) -> Signal:
    """Near: in a room or stall with probability `indoors`, else in the open; far: in the open."""
    if distance == "close" and chance(rng, indoors):
        return room(x, rng)
    return at_distance(x, distance, rng)
