"""Small petrol engines at work: lawn mower and chainsaw."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import swell, wander
from core.corpus.synthesis.filters import bandpass, lowpass, resonances, shaped
from core.corpus.synthesis.grains import ringing
from core.corpus.synthesis.levels import limited, unit
from core.corpus.synthesis.modes import metal
from core.corpus.synthesis.motors import bodies, exhaust_pulses
from core.corpus.synthesis.sampling import Rng, Signal, between, frames, level, log_between
from core.corpus.synthesis.sources import harmonics, phase, pink, pulses, tilted, white
from core.corpus.synthesis.space import at_distance, draw_distance

BLADE_TIPS = 2
"""Ends of a mower's one blade, each of which passes once a turn."""


def _cutting_deck(crank: Signal, rng: Rng) -> Signal:
    """The blade under its deck: air chopped twice a turn, and the tone of that chopping."""
    n = len(crank)
    tips = BLADE_TIPS * crank
    low, high = log_between(rng, 600, 1250), log_between(rng, 3400, 4900)
    air = shaped(white(n, rng), (100, -20), (low, 0), (high, -2), (12_000, -16))
    air = air * (1 + between(rng, 0.5, 0.8) * np.sin(2 * np.pi * phase(tips)))
    gains = tilted(16, between(rng, 3, 6)) * np.exp(0.5 * rng.standard_normal(16))
    tone = harmonics(tips, gains, rng)
    return log_between(rng, 0.13, 0.35) * unit(air) + log_between(rng, 0.35, 0.95) * unit(tone)


def lawn_mower(seconds: float, rng: Rng) -> Synthesised:
    """One four-stroke cylinder of 2700 to 3500 turns a minute over a blade in a steel deck.

    It fires every other turn, 22 to 29 times a second; the blade's ends pass four times as often.
    Pipe and deck resound from 80 Hz to 4 kHz, and loose steel rattles with each stroke.
    """
    n = frames(seconds)
    tempo, speed = level(rng, slow=0.93, steady=1.0, fast=1.09)
    fires = between(rng, 24.5, 27) * speed * swell(n, 1, rng, between(rng, 0.015, 0.05))
    fires = fires * (1 + between(rng, 0.006, 0.02) * wander(n, 8, rng))
    uneven, fall = between(rng, 0.08, 0.25), log_between(rng, 0.0012, 0.0055)
    gas = exhaust_pulses(fires, rng, uneven, fall, between(rng, 0.7, 1.4))
    pipes = bodies(rng, 80, 4000, 9, between(rng, 2.4, 4.2), between(rng, -0.5, 0.25))
    x = unit(resonances(gas, *pipes))
    x += log_between(rng, 0.17, 0.42) * unit(lowpass(gas, 200, 1))
    x = unit(np.tanh(between(rng, 0.6, 1.5) * unit(x)))
    x += _cutting_deck(2 * fires, rng)
    loose = metal(rng, 900, 7000, 12, t60=0.03).struck(frames(0.06), rng, 6000)
    rattle = ringing(pulses(fires, rng, 0.05, 0.4), loose)
    x += log_between(rng, 0.1, 0.3) * unit(rattle)
    distance = draw_distance(rng, 0.1)
    x = at_distance(x, distance, rng)
    x = lowpass(unit(x) + log_between(rng, 0.006, 0.03) * pink(n, rng), between(rng, 4200, 8000), 1)
    return finish(limited(x, 5), seconds, rng, {"tempo": tempo, "distance": distance})


def chainsaw(seconds: float, rng: Rng) -> Synthesised:
    """One two-stroke cylinder of 5,000 to 14,000 turns a minute that revs and is bogged down.

    It fires every turn, at 85 to 230 Hz, every second pulse a little weaker; the muffler is small,
    so that it rasps up to 10 kHz. The chain grinds through wood as hard as the saw is pressed.
    """
    n = frames(seconds)
    tempo, speed = level(rng, slow=0.9, steady=1.0, fast=1.1)
    revs = between(rng, 0.33, 0.52) * np.clip(wander(n, between(rng, 0.95, 1.5), rng), -1.5, 1)
    fires = between(rng, 126, 154) * speed * 2**revs
    fires = fires * (1 + between(rng, 0.015, 0.024) * wander(n, 25, rng))
    uneven, fall = between(rng, 0.17, 0.26), log_between(rng, 0.0008, 0.0013)
    gas = exhaust_pulses(fires, rng, uneven, fall, between(rng, 0.03, 0.3))
    gas = gas * (1 + between(rng, 0.12, 0.33) * np.sin(np.pi * phase(fires)))
    pipes = bodies(rng, 250, 6000, 10, between(rng, 2.9, 3.8), between(rng, -0.5, -0.15))
    x = unit(resonances(gas, *pipes)) + log_between(rng, 0.22, 0.6) * unit(lowpass(gas, 400, 1))
    x = unit(np.tanh(between(rng, 1.1, 1.7) * unit(x)))
    pressed = swell(n, 3, rng, 0.4) * (0.4 + gas / float(np.max(gas)))
    chain = bandpass(white(n, rng), log_between(rng, 1100, 2500), 10_000, 1) * pressed
    x += log_between(rng, 0.28, 0.63) * unit(chain)
    x = lowpass(x, between(rng, 10_500, 13_000), 1)
    distance = draw_distance(rng, 0.1)
    x = at_distance(x, distance, rng)
    x = unit(x) + log_between(rng, 0.008, 0.02) * pink(n, rng)
    return finish(limited(x, 4), seconds, rng, {"tempo": tempo, "distance": distance})


GARDEN_MACHINES: dict[str, Recipe] = {"lawn_mower": lawn_mower, "chainsaw": chainsaw}
"""Recipes of candidate kinds, by name."""
