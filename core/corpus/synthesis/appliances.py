"""Machines of the kitchen and the laundry: fridge."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import strike, swell
from core.corpus.synthesis.filters import lowpass, shaped
from core.corpus.synthesis.grains import add_at, bubbles, burst, poisson, scatter, sizes
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import metal
from core.corpus.synthesis.motors import housing, induction_hum, mains_frequency, switched
from core.corpus.synthesis.sampling import Rng, Signal, between, chance, frames, level, log_between
from core.corpus.synthesis.sources import pink, pulses, white
from core.corpus.synthesis.space import room


def _rattle(n: int, rng: Rng, hz: float) -> Signal:
    """Bottles or a loose panel that the vibration sets knocking, now and then."""
    loose = metal(rng, log_between(rng, 900, 2500), 9000, 12, t60=0.05)
    hits = pulses(np.full(n, hz), rng, 0.03, 0.6) * np.clip(swell(n, 0.6, rng, 1.0) - 0.7, 0, 2)
    grain = loose.struck(frames(0.06), rng)
    return np.convolve(hits, grain)[:n]


def _shudder(rng: Rng) -> Signal:
    """The compressor on its springs as it starts or stops: a few swings, and the relay's click."""
    m = frames(0.7)
    swings = np.sin(2 * np.pi * between(rng, 6, 11) * np.arange(m) / frames(1.0))
    thump = lowpass(white(m, rng), 160) * strike(m, 0.02, 0.6) * (0.4 + 0.6 * np.abs(swings))
    x = peaked(thump)
    add_at(x, 0.0, burst(rng, 900, 7000, 0.02), between(rng, 0.1, 0.3))
    return x


def fridge(seconds: float, rng: Rng) -> Synthesised:
    """A compressor hums through thin panels, at twice the mains' frequency and its multiples.

    Beside it the rotor, which beats with the mains once or twice a second or slower, the air of a
    condenser fan, and sometimes the refrigerant's gurgle or a rattle.
    """
    n = frames(seconds)
    strength, force = level(rng, light=0.5, moderate=1.0, heavy=1.8)
    mains = mains_frequency(rng)
    hum = induction_hum(n, rng, mains, between(rng, 7, 12) - 1.5 * force)
    hum = unit(hum + 1.5 * unit(housing(hum, rng, 90, 900, 5, 12)))
    running, on, off = switched(n, rng, 0.25, 0.4, 0.2)
    air = unit(
        shaped(pink(n, rng), (40, -12), (150, 0), (600, -6), (2500, -16), (8000, -26), (16e3, -34))
    )
    fan = between(rng, 0.08, 0.35)
    x = running * (hum * swell(n, 0.5, rng, 0.05) + fan * air)
    if chance(rng, 0.35):
        bank = bubbles(rng, 40, 300, 1800, 0.15)
        places = poisson(n, 14.0 * np.clip(swell(n, 0.8, rng, 1.2) - 0.6, 0, 3), rng)
        x += between(rng, 0.3, 1.0) * scatter(n, places, sizes(len(places), rng), bank, rng)
    if strength == "heavy" or chance(rng, 0.15):
        x += between(rng, 0.15, 0.5) * unit(_rattle(n, rng, mains)) * running
    for when in (on, off):
        if when is not None:
            add_at(x, when, _shudder(rng), between(rng, 1.0, 2.5))
    x = room(x, rng) + 10 ** (between(rng, -36, -24) / 20) / force * air
    return finish(limited(x, 6), seconds, rng, {"strength": strength})


APPLIANCES: dict[str, Recipe] = {"fridge": fridge}
