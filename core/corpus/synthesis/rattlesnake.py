"""A rattlesnake's tail."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import contour, swell, wander
from core.corpus.synthesis.filters import bandpass
from core.corpus.synthesis.grains import add_at, bursts, poisson, scatter, sizes
from core.corpus.synthesis.habitats import beside, open_air, over_ground
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.sampling import Rng, Signal, between, chance, frames, level, log_between
from core.corpus.synthesis.sources import phase, white
from core.corpus.synthesis.space import draw_distance


def _shaken(n: int, rng: Rng, rate: Signal, low: float) -> Signal:
    """Hollow segments of horn that knock together on both ways of each shake.

    Every knock is a click of 3 to 9 ms between `low` Hz and 15 kHz; the many segments never knock
    quite at once.
    """
    turn = phase(2 * rate * (1 + 0.03 * wander(n, 9, rng)))
    knocks = np.flatnonzero(np.diff(np.floor(turn)) > 0)
    bank = bursts(rng, 24, (1.3 * low, 11_000), (0.003, 0.009), 2.0)
    x = np.zeros(n)
    for share in (1.0, 0.7, 0.5):
        late = np.abs(rng.normal(0, 0.0016, len(knocks)) * frames(1.0)).astype(np.int64)
        places = np.minimum(knocks + late, n - 1)
        gains = share * rng.uniform(0.3, 1.0, len(places))
        gains[::2] *= between(rng, 0.6, 0.95)
        x += scatter(n, places, gains, bank, rng)
    hiss = bandpass(white(n, rng), low, 14_000, 1) * (0.5 + 0.5 * np.cos(2 * np.pi * turn))
    return unit(x) + between(rng, 0.1, 0.25) * unit(hiss)


def rattlesnake(seconds: float, rng: Rng) -> Synthesised:
    """The rattle shaken 25 to 90 times a second, as warmth and anger have it, for seconds on end.

    It is taken up within a tenth of a second and sinks as it is let go; long rattles are lower.
    """
    n = frames(seconds)
    tempo, hz = level(rng, slow=32.0, steady=54.0, fast=82.0)
    hz *= between(rng, 0.92, 1.08)
    low = log_between(rng, 2600, 5500)
    x = np.zeros(n)
    t = between(rng, 0.0, 0.2)
    short = chance(rng, 0.35)
    while t < seconds - 0.25:
        length = between(rng, 0.4, 1.2) if short else between(rng, 1.5, 7.0)
        length = min(length, seconds - t - 0.02)
        m = frames(length)
        speed = hz * contour(m, (0, 0.6), (min(0.3, 0.15 / length), 1.0), (0.9, 0.97), (1, 0.6))
        loud = contour(m, (0, 0), (min(0.3, 0.12 / length), 1.0), (0.88, 0.9), (1, 0))
        add_at(x, t, _shaken(m, rng, speed, low) * loud * swell(m, 1.5, rng, 0.15))
        t += length + (between(rng, 0.15, 0.8) if short else between(rng, 0.4, 1.5))
    grass = bursts(rng, 12, (1500, 6000), (0.01, 0.05), 1.5)
    places = poisson(n, 3.0, rng)
    x = peaked(x) + 0.06 * scatter(n, places, sizes(len(places), rng), grass, rng)
    distance = draw_distance(rng, 0.15)
    x = (
        beside(x, rng)
        if distance == "close" and chance(rng, 0.25)
        else over_ground(x, distance, rng)
    )
    return finish(
        open_air(limited(x, 7), rng), seconds, rng, {"tempo": tempo, "distance": distance}
    )


RATTLESNAKE: dict[str, Recipe] = {"rattlesnake": rattlesnake}
"""By the name of the kind."""
