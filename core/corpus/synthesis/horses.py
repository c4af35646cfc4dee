"""A horse that snorts, and one whose shod hooves clop on a hard road."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish, how_many
from core.corpus.synthesis.envelopes import arch, contour, decay, strike, swell, wander
from core.corpus.synthesis.filters import bandpass, lowpass, resonances
from core.corpus.synthesis.grains import Bank, add_at, burst, bursts
from core.corpus.synthesis.habitats import kept_or_outside, straw_yard
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import metal
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    chance,
    frames,
    level,
    log_between,
)
from core.corpus.synthesis.sources import phase, white
from core.corpus.synthesis.space import at_distance, draw_distance, echoed, reverb
from core.corpus.synthesis.voices import Timbre, vocalise

_QUIET_ROAD = (-54.0, -42.0)
"""Noise floor, dB of the peak, where a horse is the only traffic."""


def _blow(rng: Rng, length: float, force: float, size: float) -> Signal:
    """Breath thrown out through nostrils and lips that flap 14 to 30 times a second.

    It starts at its hardest; the flaps slow down as the breath ends, and each lets out a puff.
    """
    n = frames(length)
    breath = contour(n, (0, 0), (0.06, 1.0), (0.4, 0.75), (0.8, 0.3), (1, 0))
    rate = between(rng, 19, 30) / size * contour(n, (0, 1.15), (0.5, 1.0), (1, 0.6))
    flap = phase(rate * 2 ** (0.12 * wander(n, 6, rng))) % 1.0
    puff = np.exp(-flap * between(rng, 2.5, 5.0)) * np.minimum(1, flap * 12)
    depth = between(rng, 0.5, 0.95)
    air = resonances(
        white(n, rng),
        (between(rng, 350, 550) / size, 300, 1.0),
        (between(rng, 1100, 1600) / size, 700, 0.7),
        (between(rng, 2600, 3600), 1800, 0.25 + 0.3 * force),
    )
    low = lowpass(white(n, rng), 260 / size, 2) * puff
    x = unit(air) * breath * (1 - depth + depth * 2 * puff) + 0.5 * force * unit(low) * breath
    return peaked(x)


def _nicker(rng: Rng, length: float, size: float) -> Signal:
    """A low rumble in the throat, broken 10 to 16 times a second."""
    n = frames(length)
    f = log_between(rng, 90, 150) / size
    hz = f * contour(n, (0, 0.85), (0.4, 1.1), (1, 0.8))
    beat = 0.5 + 0.5 * np.sin(2 * np.pi * phase(np.full(n, between(rng, 10, 16))))
    tract = (
        (420 / size, 400 / size, 200, 1.0),
        (950 / size, 900 / size, 350, 0.6),
        (2200, 2100, 800, 0.2),
    )
    return vocalise(
        hz, arch(n, 0.2, 0.4) * (0.25 + 0.75 * beat), Timbre(tract, 8, 0.15, 0.5, 0.3), rng
    )


def horse_snort(seconds: float, rng: Rng) -> Synthesised:
    """One snort or a few, 0.5 to 1.4 s each; some begin or end in a low nicker."""
    n = frames(seconds)
    strength, force = level(rng, light=0.4, moderate=0.7, heavy=1.0)
    count, most = level(rng, single=1, several=4)
    size = log_between(rng, 0.82, 1.25)
    x = np.zeros(n)
    t, made = between(rng, 0.04, 0.25), 0
    while t < seconds - 0.35 and made < most:
        length = min(between(rng, 0.6, 0.8) * (0.5 + 0.8 * force), seconds - t - 0.05)
        if chance(rng, 0.2) and seconds - t > 1.0:
            rumble = _nicker(rng, between(rng, 0.4, 0.8), size)
            add_at(x, t, rumble, between(rng, 0.1, 0.35))
            t += 0.8 * len(rumble) / frames(1.0)
            length = min(length, seconds - t - 0.05)
        add_at(x, t, _blow(rng, length, force, size), between(rng, 0.75, 1.0))
        made += 1
        t += length + between(rng, 0.3, 1.4)
    distance = draw_distance(rng, 0.15)
    x = straw_yard(kept_or_outside(x, distance, rng, 0.5), rng)
    counted = {"count": how_many(made)} if count == "several" else {"count": count}
    return finish(
        limited(x, 8), seconds, rng, {"strength": strength, "distance": distance, **counted}
    )


_ROADS = {"stone": (0.9, 1.0), "cobbles": (1.0, 0.9), "asphalt": (0.55, 0.6)}
"""How much the shoe rings, and how bright the clop is."""


def _clops(rng: Rng, surface: str, size: float) -> Bank[Signal]:
    """Falls of a shod hoof: a hollow cup of horn about 700 to 1200 Hz, the iron, the weight.

    The cup is stopped by the ground, so it is hardly longer than 40 ms; iron rings above 2 kHz.
    """
    iron, bright = _ROADS[surface]
    shoe = metal(rng, log_between(rng, 1700, 2600) / size, 9000, 14, t60=between(rng, 0.05, 0.12))

    def fall(_: int) -> Signal:
        m = frames(0.25)
        hollow = log_between(rng, 700, 1150) / size * between(rng, 0.93, 1.07)
        blow = white(m, rng) * strike(m, 0.001, between(rng, 0.012, 0.02))
        cup = resonances(
            blow, (hollow, hollow / 11, 1.0), (hollow * between(rng, 1.9, 2.4), hollow / 5, 0.45)
        )
        x = peaked(cup * decay(m, between(rng, 0.1, 0.17)))
        x += 0.18 * iron * shoe.struck(m, rng, 4000 + 8000 * bright)
        add_at(x, 0, burst(rng, 1200, 8000, 0.006), between(rng, 0.06, 0.2) * bright)
        thump = lowpass(white(m, rng), 170, 2) * strike(m, 0.004, 0.07)
        add_at(x, 0.002, peaked(thump), between(rng, 0.15, 0.35))
        return peaked(x)

    return Bank(8, fall)


def hooves(seconds: float, rng: Rng) -> Synthesised:
    """A horse at a walk, four even beats a stride, or at a trot, two; *fast* is the trot.

    A stride takes about a second at the walk and three quarters of one at the trot. The feet
    differ in weight and tone, and now and then a shoe slips or scrapes.
    """
    n = frames(seconds)
    tempo, stride = level(rng, slow=1.35, steady=1.05, fast=0.72)
    stride *= between(rng, 0.94, 1.06)
    surface = str(rng.choice(list(_ROADS)))
    size = log_between(rng, 0.85, 1.25)
    feet = [_clops(rng, surface, size * between(rng, 0.95, 1.05)) for _ in range(4)]
    falls = (0.0, 0.5, 0.02, 0.52) if tempo == "fast" else (0.0, 0.25, 0.5, 0.75)
    weights = rng.uniform(0.65, 1.0, 4)
    x = np.zeros(n)
    scrapes = bursts(rng, 6, (1200, 5000), (0.03, 0.1), 1.5)
    t = -between(rng, 0.0, 0.9) * stride
    while t < seconds:
        for foot, bank, weight in zip(falls, feet, weights, strict=True):
            when = t + stride * foot + 0.012 * rng.standard_normal()
            if 0.0 < when < seconds - 0.06:
                add_at(x, when, bank.draw(rng), float(weight) * between(rng, 0.75, 1.05))
                if chance(rng, 0.12):
                    add_at(x, when + 0.03, scrapes[int(rng.integers(6))], between(rng, 0.03, 0.12))
        t += stride * between(rng, 0.97, 1.03)
    x *= contour(n, (0, between(rng, 0.5, 1)), (0.5, 1), (1, between(rng, 0.5, 1)))
    x = echoed(x, rng, int(rng.integers(1, 4)), (0.04, 0.2), 3000)
    x = reverb(x, rng, between(rng, 0.4, 1.2), between(rng, 0.05, 0.2), 3000)
    distance = draw_distance(rng, 0.2)
    if distance == "distant":
        x = at_distance(x, distance, rng)
    tack = bandpass(white(n, rng), 900, 5000, 1) * swell(n, 1 / stride, rng, 0.8)
    x = peaked(limited(x, 10)) + between(rng, 0.001, 0.006) * unit(tack)
    attributes = {"tempo": tempo, "surface": surface, "distance": distance}
    return finish(x, seconds, rng, attributes, _QUIET_ROAD)


HORSES: dict[str, Recipe] = {"horse_snort": horse_snort, "hooves": hooves}
"""By the name of the kind."""
