"""A leaf blower: a small two-stroke or an electric motor that drives a fan through a pipe."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import swell, wander
from core.corpus.synthesis.filters import highpass, lowpass, resonances, shaped
from core.corpus.synthesis.grains import dust
from core.corpus.synthesis.levels import limited, unit
from core.corpus.synthesis.motors import bodies, commutator_motor, exhaust_pulses
from core.corpus.synthesis.sampling import Rng, Signal, between, chance, frames, level, log_between
from core.corpus.synthesis.sources import harmonics, pink, tilted, white
from core.corpus.synthesis.space import at_distance, draw_distance


def _jet(turns: Signal, top: float, rng: Rng) -> Signal:
    """Air out of the pipe: broad noise of 200 Hz to 8 kHz, and the blades' tone in it. Unit RMS."""
    n = len(turns)
    pipe = log_between(rng, 350, 700)
    air = shaped(white(n, rng), (80, -24), (pipe, 0), (2500, -3), (7000, -9), (15_000, -22))
    blades = turns * float(rng.integers(9, 15))
    tone = harmonics(np.minimum(blades, 9000), tilted(4, 9) * rng.uniform(0.4, 1, 4), rng)
    speed = turns / top
    x = unit(air) * speed**2.5 + log_between(rng, 0.1, 0.4) * unit(tone) * speed**2
    return unit(x * swell(n, 6, rng, 0.08))


def leaf_blower(seconds: float, rng: Rng) -> Synthesised:
    """A motor of 5000 to 7500 turns a minute, a fan of a dozen blades, and leaves that scurry.

    The throttle is squeezed and let go; an electric one whines and has no exhaust.
    """
    n = frames(seconds)
    tempo, speed = level(rng, slow=0.82, steady=1.0, fast=1.15)
    top = between(rng, 98, 116) * speed
    throttle = np.clip(0.55 * wander(n, between(rng, 0.3, 0.7), rng), -0.25, 0.08)
    turns = top * 2**throttle * (1 + between(rng, 0.004, 0.012) * wander(n, 14, rng))
    if chance(rng, 0.7):
        gas = exhaust_pulses(
            turns, rng, between(rng, 0.1, 0.2), log_between(rng, 0.001, 0.002), 0.3
        )
        pipes = bodies(rng, 150, 4500, 9, between(rng, 2.5, 3.8), between(rng, -0.2, 0.3))
        motor = unit(np.tanh(between(rng, 0.8, 1.5) * unit(resonances(gas, *pipes))))
        motor += log_between(rng, 0.15, 0.4) * unit(lowpass(gas, 300, 1))
    else:
        motor = commutator_motor(turns, rng, 5.0)
    x = between(rng, 0.5, 1.0) * motor + between(rng, 0.6, 1.1) * _jet(turns, top, rng)
    leaves = highpass(dust(900 * np.clip(wander(n, 0.8, rng), 0, 2) + 1e-3, rng, 1.5), 2000, 1)
    x += log_between(rng, 0.02, 0.12) * unit(leaves + 1e-9)
    distance = draw_distance(rng, 0.25)
    x = at_distance(x, distance, rng)
    x = unit(x) + log_between(rng, 0.008, 0.03) * pink(n, rng)
    return finish(limited(x, 4.5), seconds, rng, {"tempo": tempo, "distance": distance})


LEAF_BLOWER: dict[str, Recipe] = {"leaf_blower": leaf_blower}
"""By the name of the kind."""
