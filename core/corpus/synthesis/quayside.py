"""Small waves at a boat, a jetty or a stone wall: they slap, gurgle below it and drip off."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, contour, strike, swell
from core.corpus.synthesis.filters import bandpass, lowpass, resonances, shaped
from core.corpus.synthesis.grains import add_at, bubbles, poisson, scatter, sizes
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.sampling import Rng, Signal, between, chance, frames, level, log_between
from core.corpus.synthesis.sources import pink, white
from core.corpus.synthesis.space import outdoors

_CALM = (-52.0, -40.0)
"""Noise floor, dB of the peak, of a sheltered harbour."""
_LAPS = 4
"""Fewest different laps of a clip; longer ones have more."""
_WALLS = {
    "wood": ((140, 40, 0.7), (260, 80, 0.6), (480, 160, 0.4)),
    "stone": ((320, 300, 0.3), (900, 700, 0.3)),
    "plastic": ((95, 30, 0.9), (190, 50, 0.8), (340, 90, 0.5)),
}
"""How a hull or a wall answers: resonances of (Hz, width in Hz, gain)."""


def _lap(rng: Rng, bank: tuple[list[Signal], list[Signal]], force: float) -> Signal:
    """One wave: it swells up, slaps softly, is squeezed into bubbles and runs off in drops."""
    large, small = bank
    n = frames(between(rng, 0.7, 1.5))
    rise = between(rng, 0.2, 0.4)
    body = contour(n, (0, 0), (rise, 1.0), (rise + 0.15, 0.4), (1, 0))
    wash = shaped(white(n, rng), (100, -8), (350, 0), (1200, -9), (4000, -24), (12_000, -44))
    x = between(rng, 0.15, 0.3) * unit(wash) * body * swell(n, 14, rng, 0.4)
    m = frames(0.25)
    slap = bandpass(white(m, rng), 180, 1100 + 1500 * force, 1) * strike(
        m, 0.012, between(rng, 0.08, 0.16)
    )
    add_at(x, rise * n / frames(1.0), peaked(slap), force * between(rng, 0.2, 0.7))
    squeezed = 65 * contour(n, (0, 0.05), (rise, 0.6), (min(0.9, rise + 0.2), 1.0), (1, 0.05))
    places = poisson(n, force * squeezed + 1e-3, rng)
    x += 1.5 * scatter(n, places, sizes(len(places), rng, 1.4, 6), large, rng)
    falls = 45 * contour(n, (0, 0), (min(0.85, rise + 0.1), 0.3), (0.9, 1.0), (1, 0.4))
    places = poisson(n, falls + 1e-3, rng)
    x += 0.5 * scatter(n, places, sizes(len(places), rng, 1.5, 8), small, rng)
    return x * arch(n, 0.05, 0.12)


def water_lapping(seconds: float, rng: Rng) -> Synthesised:
    """Water laps at a hull of wood or plastic, or at stone, every 0.5 to 2 s and never evenly.

    *tempo* is how often; *strength* is how high the waves are.
    """
    n = frames(seconds)
    tempo, gap = level(rng, slow=1.7, steady=1.0, fast=0.55)
    strength, force = level(rng, light=0.45, moderate=0.75, heavy=1.1)
    surface = str(rng.choice(list(_WALLS)))
    size = 1.35 - 0.4 * force
    bank = (
        bubbles(rng, 28, 280 * size, 1300 * size, 0.2),
        bubbles(rng, 20, 900, 3800, 0.15),
    )
    x = np.zeros(n)
    laps: list[Signal] = []
    t = -between(rng, 0.0, 0.5)
    while t < seconds:
        if len(laps) < max(_LAPS, 0.8 * seconds):
            laps.append(_lap(rng, bank, force))
        add_at(x, t, laps[int(rng.integers(len(laps)))], log_between(rng, 0.45, 1.0))
        t += gap * log_between(rng, 0.55, 1.6)
    x = unit(x + resonances(x, *_WALLS[surface]))
    rest = shaped(pink(n, rng), (80, -6), (300, 0), (1500, -10), (6000, -26))
    x += between(rng, 0.03, 0.09) * unit(rest) * swell(n, 0.4, rng, 0.3)
    if surface != "stone" and chance(rng, 0.3):
        for place in poisson(n, 0.25, rng).tolist():
            m = frames(0.3)
            knock = lowpass(white(m, rng), 260, 2) * strike(m, 0.006, 0.15)
            add_at(x, place / frames(1.0), peaked(knock), between(rng, 0.5, 1.5))
    attributes = {"tempo": tempo, "strength": strength, "surface": surface}
    return finish(limited(outdoors(x, rng), 9), seconds, rng, attributes, _CALM, 0.1)


QUAYSIDE: dict[str, Recipe] = {"water_lapping": water_lapping}
"""By the name of the kind."""
