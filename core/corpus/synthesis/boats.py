"""On the water: a motorboat, and a boat that is rowed."""

from __future__ import annotations

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, beats, contour, strike, swell, wander
from core.corpus.synthesis.filters import shaped, sweeping
from core.corpus.synthesis.grains import add_at, bubbles, poisson, ringing, scatter, sizes
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import wood
from core.corpus.synthesis.roads import piston_engine
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    chance,
    frames,
    level,
    log_between,
)
from core.corpus.synthesis.sources import pink, pulses, white
from core.corpus.synthesis.space import at_distance, draw_distance, outdoors


def _wash(n: int, rng: Rng, speed: float) -> Signal:
    """Water thrown from a bow: it swells as the hull meets waves; faster is brighter."""
    top = 900 + 1400 * speed
    x = shaped(
        white(n, rng), (60, -14), (200, -4), (600, 0), (top, -3), (3 * top, -16), (16_000, -38)
    )
    return unit(x) * swell(n, between(rng, 1.2, 2.5), rng, 0.3)


def _slaps(n: int, rng: Rng, rate: float) -> Signal:
    """A hull that falls on waves, `rate` a second: a hollow thud and spray."""
    x = np.zeros(n)
    m = frames(0.5)
    for t in beats(n / SAMPLE_RATE, 1 / rate, 0.3, rng, first=between(rng, 0.0, 1 / rate)):
        spray = shaped(white(m, rng), (60, 0), (180, 2), (700, -4), (3000, -12), (12_000, -28))
        add_at(
            x, t, peaked(spray) * strike(m, 0.015, between(rng, 0.25, 0.5)), between(rng, 0.4, 1)
        )
    return x


def motorboat(seconds: float, rng: Rng) -> Synthesised:
    """An outboard or inboard motor of two to six cylinders, with wash and slaps of the hull.

    Idling it putters at 10 to 17 turns a second; at speed 45 to 80, and the propeller loads it so
    that it never runs free.
    """
    n = frames(seconds)
    tempo, (turns, speed) = level(rng, slow=(24.0, 0.4), steady=(44.0, 0.7), fast=(56.0, 1.0))
    crank = turns * between(rng, 0.85, 1.15) * (1 + 0.012 * wander(n, 1.2, rng))
    crank = crank * contour(n, (0, between(rng, 0.95, 1)), (1, between(rng, 0.95, 1.05)))
    cylinders = int(rng.choice([2, 3, 3, 4]))
    load = np.full(n, between(rng, 0.6, 1.0))
    x = unit(piston_engine(crank, load, cylinders, rng, between(rng, 0.9, 1.4), 0.3, 0.04))
    x = x + between(rng, 0.35, 0.55) * (0.35 + 0.65 * speed) * _wash(n, rng, speed)
    if speed > 0.3:
        x += between(rng, 0.2, 0.4) * unit(_slaps(n, rng, between(rng, 1.2, 2.6)))
    else:
        bank = bubbles(rng, 20, 250, 900)
        places = poisson(n, 14.0, rng)
        x += 0.8 * scatter(n, places, sizes(len(places), rng), bank, rng)
    if chance(rng, 0.4):
        x *= contour(n, (0, between(rng, 0.3, 0.7)), (0.5, 1), (1, between(rng, 0.3, 0.7)))
    distance = draw_distance(rng, 0.25)
    x = outdoors(x, rng)
    if distance == "distant":
        x = at_distance(x, distance, rng)
    lake = shaped(pink(n, rng), (60, 0), (400, -3), (2000, -10), (9000, -26))
    x = unit(x) + between(rng, 0.03, 0.1) * unit(lake) * swell(n, 0.5, rng, 0.3)
    attributes = {"tempo": tempo, "distance": distance}
    return finish(limited(x, 4.5), seconds, rng, attributes, fade_out=0.2)


def _blade(rng: Rng, pull: float) -> Signal:
    """An oar: it dips with a plop, drags water along for `pull` seconds, and lifts dripping."""
    m = frames(pull + 1.2)
    x = np.zeros(m)
    k = frames(0.35)
    dip = shaped(white(k, rng), (150, -10), (500, 0), (1500, -1), (5000, -10), (14_000, -26))
    add_at(x, 0.0, peaked(dip) * strike(k, 0.02, between(rng, 0.2, 0.35)), between(rng, 0.3, 0.55))
    for _ in range(int(rng.integers(3, 8))):
        plop = bubbles(rng, 1, 180, 700)[0]
        add_at(x, between(rng, 0.0, 0.25), plop, between(rng, 0.1, 0.4))
    k = frames(pull)
    swirl = sweeping(white(k, rng), 500 * contour(k, (0, 0.8), (0.5, 1.6), (1, 1.1)), 2.4)
    rush = unit(swirl) * arch(k, 0.3, 0.4) * swell(k, 9, rng, 0.5)
    add_at(x, 0.08, rush, between(rng, 0.06, 0.14))
    gurgles = bubbles(rng, 16, 250, 1400)
    places = poisson(k, 20 * arch(k, 0.4, 0.3), rng)
    add_at(x, 0.1, scatter(k, places, sizes(len(places), rng), gurgles, rng), 0.5)
    drops = bubbles(rng, 12, 900, 3200, 0.2)
    k = frames(1.1)
    falling = poisson(k, 22 * np.exp(-np.arange(k) / (0.4 * SAMPLE_RATE)), rng)
    add_at(x, pull + 0.1, scatter(k, falling, sizes(len(falling), rng), drops, rng), 0.5)
    return x


def _rowlock(rng: Rng, pull: float) -> Signal:
    """Wood that turns in a rowlock: sticks and slips some 40 to 130 times a second, then knocks."""
    m = frames(pull + 0.3)
    k = frames(pull * between(rng, 0.5, 0.9))
    rate = log_between(rng, 45, 120) * contour(k, (0, 0.7), (0.5, 1.1), (1, 0.85))
    slips = pulses(rate, rng, 0.06, 0.4) * arch(k, 0.2, 0.3)
    body = wood(rng, between(rng, 250, 450), 3500, 16, t60=0.05)
    x = np.zeros(m)
    creak = ringing(slips, body.struck(frames(0.05), rng, 4000))
    add_at(x, 0.05, peaked(creak), between(rng, 0.3, 0.8))
    knock = wood(rng, between(rng, 120, 240), 2000, 14, t60=0.1).struck(frames(0.25), rng, 1200)
    add_at(x, pull, knock, between(rng, 0.1, 0.35))
    return x


def rowing(seconds: float, rng: Rng) -> Synthesised:
    """Oars dip, pull and drip 18 to 42 times a minute; rowlocks creak, the hull gurgles.

    The two blades of a stroke meet the water within 60 ms of each other.
    """
    n = frames(seconds)
    tempo, period = level(rng, slow=3.0, steady=2.2, fast=1.6)
    period *= between(rng, 0.9, 1.1)
    pull = period * between(rng, 0.3, 0.4)
    blades = [_blade(rng, pull) for _ in range(3)]
    rowlocks = [_rowlock(rng, pull) for _ in range(2)]
    x, locks = np.zeros(n), np.zeros(n)
    for t in beats(seconds, period, 0.04, rng, first=-between(rng, 0.2, 0.8) * period):
        for late in (0.0, between(rng, 0.0, 0.06)):
            add_at(x, t + late, blades[int(rng.integers(3))], between(rng, 0.7, 1.0))
        add_at(locks, t, rowlocks[int(rng.integers(2))], between(rng, 0.4, 1.0))
        add_at(locks, t + 0.6 * period, rowlocks[int(rng.integers(2))], between(rng, 0.1, 0.4))
    lapping = shaped(pink(n, rng), (80, -4), (300, 0), (900, -2), (3000, -12), (12_000, -30))
    lapping = unit(lapping) * swell(n, 0.9, rng, 0.5)
    places = poisson(n, 40.0, rng)
    trickle = scatter(n, places, sizes(len(places), rng), bubbles(rng, 24, 300, 1500), rng)
    x = unit(x) + between(rng, 0.25, 0.5) * unit(locks) + between(rng, 0.2, 0.45) * lapping
    x += between(rng, 0.3, 0.6) * unit(trickle)
    distance = draw_distance(rng, 0.15)
    x = outdoors(x, rng)
    if distance == "distant":
        x = at_distance(x, distance, rng)
    attributes = {"tempo": tempo, "distance": distance}
    return finish(limited(x, 6), seconds, rng, attributes, fade_out=0.2)


BOATS: dict[str, Recipe] = {"motorboat": motorboat, "rowing": rowing}
"""By the name of the kind."""
