"""Eggs that are cracked on a rim and fall into a bowl or a pan."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish, how_many
from core.corpus.synthesis.envelopes import arch, contour, strike
from core.corpus.synthesis.filters import bandpass, highpass, lowpass, resonances
from core.corpus.synthesis.grains import add_at, bubbles, burst, bursts
from core.corpus.synthesis.levels import limited, peaked
from core.corpus.synthesis.modes import Modes, metal, pane, wood
from core.corpus.synthesis.sampling import Rng, Signal, between, chance, frames, level, log_between
from core.corpus.synthesis.sources import room_air, white
from core.corpus.synthesis.space import room


def _vessel(rng: Rng, surface: str) -> Modes:
    """What the egg is struck on."""
    if surface == "glass":
        return pane(rng, 1300, 8000, between(rng, 0.12, 0.35))
    if surface == "metal":
        return metal(rng, log_between(rng, 500, 1100), 7000, 18, t60=between(rng, 0.12, 0.4))
    return wood(rng, between(rng, 250, 450), 3000, 12, t60=0.07)


def _broken(x: Signal, t: float, rng: Rng, shell: list[Signal], count: int, over: float) -> None:
    """So many cracks of the shell within about `over` seconds, the first the largest."""
    for index in range(count):
        late = 0.0 if index == 0 else abs(over * rng.standard_normal())
        loud = 1.0 if index == 0 else log_between(rng, 0.08, 0.6)
        add_at(x, t + late, shell[int(rng.integers(len(shell)))], loud)


def _plop(rng: Rng) -> Signal:
    """White and yolk slide out and land: a soft, wet blow and a bubble or two."""
    n = frames(0.35)
    wet = bandpass(white(n, rng), 180, 900, 1) * strike(n, 0.015, between(rng, 0.1, 0.18))
    x = peaked(wet)
    for bubble in bubbles(rng, 3, 350, 1100, 0.3):
        add_at(x, between(rng, 0.0, 0.12), bubble, between(rng, 0.15, 0.5))
    suck = highpass(bandpass(white(n, rng), 700, 3000, 1), 500, 1) * arch(n, 0.3, 0.5)
    return peaked(x + 0.12 * peaked(suck))


def _one_egg(rng: Rng, vessel: Modes, force: float, left: float) -> Signal:
    """Tapped once to three times until it breaks, pulled apart, emptied, in `left` seconds."""
    shell = bursts(rng, 14, (1800, 7500), (0.0015, 0.006), 1.2)
    hollow = [peaked(s + 0.8 * resonances(s, (between(rng, 900, 1600), 300, 1.0))) for s in shell]
    x = np.zeros(frames(max(left, 0.3)))
    t = 0.0
    for tap in range(int(rng.integers(1, 4)) if left > 1.2 else 1):
        knock = vessel.struck(frames(0.3), rng, 2500 + 3500 * force)
        add_at(x, t, knock, between(rng, 0.25, 0.5) * (0.5 + 0.5 * force))
        add_at(x, t, burst(rng, 500, 2800, 0.012), 0.5)
        _broken(x, t + 0.002, rng, hollow, 2 + int(4 * force) + 2 * tap, 0.02)
        t += between(rng, 0.2, 0.35)
    apart = between(rng, 0.15, 0.35)
    m = frames(apart)
    membrane = bandpass(white(m, rng), 2500, 9000, 1) * contour(m, (0, 0), (0.5, 1), (1, 0))
    add_at(x, t, peaked(membrane), 0.05)
    _broken(x, t + 0.5 * apart, rng, shell, int(rng.integers(7, 15)), 0.25 * apart)
    add_at(x, t + apart + between(rng, 0.0, 0.12), _plop(rng), between(rng, 0.12, 0.3))
    return x


def egg_crack(seconds: float, rng: Rng) -> Synthesised:
    """Eggs cracked on glass, metal or wood: a knock, a crunch of thin shell, a wet fall.

    *strength* is how hard they are struck, which breaks more of the shell.
    """
    n = frames(seconds)
    strength, force = level(rng, light=0.4, moderate=0.7, heavy=1.0)
    count, most = level(rng, single=1, several=4)
    surface = str(rng.choice(["glass", "metal", "wood"]))
    vessel = _vessel(rng, surface)
    x = np.zeros(n)
    t, made = between(rng, 0.03, 0.15), 0
    while made == 0 or (made < most and t < seconds - 0.9):
        egg = _one_egg(rng, vessel, force, min(2.2, seconds - t))
        add_at(x, t, egg, between(rng, 0.8, 1.0))
        if chance(rng, 0.5):
            add_at(
                x, t + between(rng, 1.2, 1.7), burst(rng, 1200, 6000, 0.01), between(rng, 0.1, 0.3)
            )
        t += between(rng, 1.5, 2.6)
        made += 1
    x = lowpass(room(limited(x, 14), rng), 13_000, 1)
    x = peaked(x) + log_between(rng, 8e-4, 4e-3) * room_air(n, rng)
    counted = {"count": how_many(made) if most > 1 else count}
    attributes = {"strength": strength, "surface": surface, **counted}
    return finish(x, seconds, rng, attributes, fade_out=0.1)


EGGS: dict[str, Recipe] = {"egg_crack": egg_crack}
"""By the name of the kind."""
