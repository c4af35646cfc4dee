"""Feet in dry leaves: they crush some, and push others before them."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import OUT_OF_DOORS, Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, beats, contour
from core.corpus.synthesis.filters import bandpass, lowpass, shaped
from core.corpus.synthesis.grains import add_at, bursts, dust, poisson, scatter, sizes
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.sampling import Rng, Signal, between, chance, frames, level
from core.corpus.synthesis.sources import white
from core.corpus.synthesis.space import outdoors


def _step(rng: Rng, crisp: list[Signal], force: float, deep: float) -> Signal:
    """One step: leaves break under heel and ball, and a swish of those that the toe pushes on.

    `deep`, 0 to 1, is how deep they lie.
    """
    n = frames(between(rng, 0.38, 0.5))
    heel, ball = between(rng, 0.1, 0.18), between(rng, 0.42, 0.55)
    t = np.linspace(0, 1, n)
    press = np.exp(-(((t - heel) / 0.08) ** 2)) + between(rng, 0.5, 0.9) * np.exp(
        -(((t - ball) / 0.12) ** 2)
    )
    places = poisson(n, force * 420 * press + 1e-3, rng)
    broken = scatter(n, places, sizes(len(places), rng, 1.3), crisp, rng)
    small = shaped(
        dust(2600 * press + 1e-3, rng, 1.5), (400, -22), (2200, -4), (5000, 0), (13_000, -6)
    )
    swish = (
        bandpass(white(n, rng), 1800, 8000, 1)
        * arch(n, 0.5, 0.35)
        * contour(n, (0, 0.2), (0.55, 0.5), (0.8, 1.0), (1, 0))
    )
    x = unit(broken + 1e-9) + 0.6 * unit(small + 1e-9) + deep * between(rng, 0.3, 0.7) * unit(swish)
    thump = lowpass(white(n, rng), 120, 2) * np.exp(-(((t - heel) / 0.06) ** 2))
    return peaked(x * arch(n, 0.04, 0.2)) + 0.07 * force * peaked(thump)


def footsteps_leaves(seconds: float, rng: Rng) -> Synthesised:
    """Somebody who walks through dry leaves, 1.2 to 2.6 steps a second.

    *strength* is how hard they tread; in deep leaves the feet swish.
    """
    n = frames(seconds)
    tempo, rate = level(rng, slow=1.25, steady=1.7, fast=2.4)
    strength, force = level(rng, light=0.5, moderate=0.8, heavy=1.2)
    rate *= between(rng, 0.94, 1.06)
    deep = between(rng, 0.2, 1.0)
    crisp = bursts(rng, 36, (1300, 6500), (0.002, 0.012), 1.2)
    if chance(rng, 0.5):
        crisp += bursts(rng, 4, (500, 1500), (0.004, 0.012), 1.0)
    feet = (1.0, between(rng, 0.75, 1.0))
    x = np.zeros(n)
    for index, t in enumerate(beats(seconds - 0.2, 1 / rate, 0.04, rng, between(rng, 0.01, 0.2))):
        add_at(x, t, _step(rng, crisp, force, deep), feet[index % 2] * between(rng, 0.7, 1.0))
    x = outdoors(limited(x, 9), rng)
    attributes = {"tempo": tempo, "strength": strength, "surface": "leaves"}
    return finish(x, seconds, rng, attributes, OUT_OF_DOORS)


LEAF_LITTER: dict[str, Recipe] = {"footsteps_leaves": footsteps_leaves}
"""By the name of the kind."""
