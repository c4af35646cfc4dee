"""On a counter: a cash register, and the steam wand of an espresso machine."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import LIVED_IN, Recipe, Synthesised, finish, how_many
from core.corpus.synthesis.envelopes import arch, contour, strike, swell, wander
from core.corpus.synthesis.filters import bandpass, lowpass, resonances, shaped, sweeping
from core.corpus.synthesis.grains import add_at, bubbles, burst, poisson, scatter, sizes
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import Modes, metal
from core.corpus.synthesis.motors import mains_frequency
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    chance,
    frames,
    level,
    log_between,
    ticks,
)
from core.corpus.synthesis.sources import harmonics, pulses, sine, white
from core.corpus.synthesis.space import room
from core.corpus.synthesis.strings import decaying


def _bell(rng: Rng) -> Signal:
    """The bell that tells of the drawer: a thin steel cup of some 2 to 3 kHz."""
    hz = log_between(rng, 1800, 3000)
    ratios = np.array([1.0, 1.0025, 2.4, 2.41, 4.1, 6.2])
    n = frames(1.6)
    t60 = between(rng, 0.9, 1.6) * ratios**-0.7
    gains = np.array([1.0, 0.6, 0.5, 0.3, 0.3, 0.2]) * rng.uniform(0.6, 1.0, 6)
    return peaked(decaying(n, hz * ratios, t60, gains) * np.minimum(1, ticks(n) / 0.0008))


def _coins(rng: Rng) -> list[Signal]:
    """Coins that jump in their trays."""
    chinks = []
    for _ in range(8):
        coin = metal(rng, log_between(rng, 3200, 6500), 15_000, 8, t60=between(rng, 0.04, 0.12))
        chinks.append(coin.struck(frames(0.15), rng, 14_000))
    return chinks


def _drawer(x: Signal, t: float, rng: Rng, case: Modes, force: float) -> float:
    """The spring throws the drawer out: it runs on rollers, stops with a thud, and coins jump."""
    length = between(rng, 0.14, 0.28)
    m = frames(length)
    run = bandpass(white(m, rng), 200, 3000, 1) * contour(m, (0, 0.2), (0.4, 1), (1, 0.8))
    balls = resonances(pulses(np.full(m, between(rng, 60, 140)), rng, 0.2, 0.5), (900, 250, 1.0))
    add_at(x, t, burst(rng, 700, 5000, 0.015), between(rng, 0.4, 0.7))
    add_at(x, t, peaked(unit(run) + unit(balls)) * arch(m, 0.1, 0.1), between(rng, 0.15, 0.35))
    end = t + length
    n = frames(0.3)
    thud = lowpass(white(n, rng), 350, 2) * strike(n, 0.003, 0.12)
    add_at(x, end, peaked(thud), (0.4 + 0.5 * force) * between(rng, 0.8, 1.0))
    add_at(x, end, case.struck(frames(0.35), rng, 2500), between(rng, 0.3, 0.6) * force)
    chinks = _coins(rng)
    for _ in range(int(rng.integers(8, 20))):
        late = rng.exponential(0.07)
        add_at(x, end + late, chinks[int(rng.integers(8))], log_between(rng, 0.08, 0.45))
    return end + 0.3


def _key(rng: Rng, case: Modes, electronic: float) -> Signal:
    """A key of steel that drives levers, or a button that beeps at `electronic` Hz."""
    n = frames(0.16)
    if electronic:
        m = frames(between(rng, 0.06, 0.1))
        tone = harmonics(np.full(m, electronic), [1, 0.1, 0.3, 0.05, 0.12], rng)
        return np.pad(peaked(tone * arch(m, 0.05, 0.08)), (0, n - m)) * 0.5
    x = case.struck(n, rng, 3000)
    add_at(x, 0.0, burst(rng, 600, 4500, 0.015), between(rng, 0.6, 1.0))
    add_at(x, between(rng, 0.03, 0.07), burst(rng, 900, 6000, 0.012), between(rng, 0.4, 0.9))
    return peaked(x)


def _receipt(rng: Rng, length: float) -> Signal:
    """A printer that feeds line by line."""
    m = frames(length)
    lines = 0.5 + 0.5 * np.sign(np.sin(2 * np.pi * between(rng, 9, 16) * ticks(m)))
    buzz = resonances(
        pulses(np.full(m, between(rng, 180, 320)), rng, 0.05, 0.3),
        (1400, 500, 1.0),
        (3500, 1500, 0.8),
    )
    return peaked(buzz * lowpass(lines, 120, 1) * arch(m, 0.05, 0.05))


def cash_register(seconds: float, rng: Rng) -> Synthesised:
    """Keys, the bell, and the drawer that flies open with its coins; or beeps and a receipt.

    *tempo* is how fast it is keyed in; a drawer may be pushed shut again.
    """
    n = frames(seconds)
    tempo, gap = level(rng, slow=0.42, steady=0.27, fast=0.17)
    strength, force = level(rng, light=0.5, moderate=0.75, heavy=1.0)
    electronic = log_between(rng, 1900, 3200) if chance(rng, 0.4) else 0.0
    case = metal(rng, log_between(rng, 220, 420), 4500, 18, t60=between(rng, 0.06, 0.14))
    x = np.zeros(n)
    t = between(rng, 0.02, 0.12)
    most = min(int(rng.integers(2, 8)), max(0, int((seconds - 0.9) / gap)))
    for _ in range(most):
        add_at(x, t, _key(rng, case, electronic), between(rng, 0.4, 0.7))
        t += gap * between(rng, 0.7, 1.4)
    if electronic and seconds - t > 1.8 and chance(rng, 0.7):
        length = between(rng, 0.5, 1.0)
        add_at(x, t, _receipt(rng, length), between(rng, 0.15, 0.35))
        t += length + 0.1
    elif not electronic:
        add_at(x, t, case.struck(frames(0.3), rng, 1200), between(rng, 0.5, 0.9))
        add_at(x, t + between(rng, 0.02, 0.06), _bell(rng), between(rng, 0.45, 0.9))
        t += between(rng, 0.05, 0.12)
    t = _drawer(x, t, rng, case, force)
    t += between(rng, 0.8, 2.5)
    if t < seconds - 0.5 and chance(rng, 0.7):
        push = bandpass(white(frames(0.25), rng), 200, 2500, 1) * arch(frames(0.25), 0.4, 0.1)
        add_at(x, t, peaked(push), 0.15)
        add_at(x, t + 0.24, case.struck(frames(0.35), rng, 1800), between(rng, 0.6, 0.9) * force)
        add_at(x, t + 0.24, burst(rng, 500, 4000, 0.02), 0.5)
    x = room(limited(x, 12), rng)
    attributes = {"tempo": tempo, "strength": strength, "count": how_many(most + 1)}
    return finish(x, seconds, rng, attributes, LIVED_IN, 0.15)


def _steam(n: int, rng: Rng, jug: float, dip: Signal) -> Signal:
    """Steam through milk: a hiss, and under the surface a roar in the jug that gargles.

    `dip`, shape (n,), is how deep the nozzle lies: at 0 it draws air in, which tears like paper.
    """
    hiss = shaped(white(n, rng), (400, -22), (2000, -6), (5500, 0), (15_000, -8))
    roar = sweeping(white(n, rng), jug * (1.0 + 0.5 * (1 - dip)), 1.8)
    roar = unit(roar) * swell(n, 28, rng, 0.35)
    shriek = sweeping(white(n, rng), jug * 2.2 * 2 ** (0.25 * wander(n, 3, rng)), 0.18)
    tearing = np.clip(wander(n, 24, rng) + 0.2, 0, 2) * (1 - dip)
    torn = unit(bandpass(white(n, rng), 1500, 7500, 1)) * tearing
    gargle = bubbles(rng, 20, 200, 900, 0.2)
    places = poisson(n, 55 * dip + 1e-3, rng)
    below = scatter(n, places, sizes(len(places), rng), gargle, rng)
    x = 0.5 * unit(hiss) * (1 - 0.65 * dip) + roar * (0.35 + 0.75 * dip)
    return x + 0.25 * unit(shriek) * (1 - 0.5 * dip) + 1.1 * torn + 0.35 * unit(below + 1e-9)


def milk_steaming(seconds: float, rng: Rng) -> Synthesised:
    """The valve opens, air tears into cold milk, then the wand roars below it and grows duller.

    *strength* is the pressure of the steam, which makes it louder beside the pump and brighter.
    """
    n = frames(seconds)
    strength, force = level(rng, light=0.6, moderate=0.8, heavy=1.1)
    jug = log_between(rng, 420, 800) * force**0.5
    start = between(rng, 0.03, 0.2)
    length = max(0.5, min(seconds - start - 0.15, between(rng, 4, 25)))
    m = frames(length)
    tears = between(rng, 0.15, 0.4)
    dip = contour(m, (0, 0.1), (0.5 * tears, 0.2), (tears, 0.75), (1, between(rng, 0.85, 1.0)))
    dip = np.clip(dip + 0.12 * wander(m, 1.2, rng), 0, 1)
    steam = _steam(m, rng, jug, dip)
    steam *= contour(
        m, (0, 0), (min(0.1, 0.12 / length), 1), (1 - min(0.1, 0.12 / length), 1), (1, 0)
    )
    x = np.zeros(n)
    add_at(x, start, unit(steam))
    if start + length + 0.4 < seconds:
        k = frames(between(rng, 0.15, 0.4))
        purge = shaped(white(k, rng), (500, -20), (3000, 0), (12_000, -3)) * arch(k, 0.1, 0.4)
        add_at(x, start + length + 0.15, unit(purge), between(rng, 0.5, 0.9))
        knock = metal(rng, log_between(rng, 600, 1100), 6000, 12, t60=0.12).struck(
            frames(0.3), rng, 3000
        )
        for late in (0.0, between(rng, 0.2, 0.35)):
            add_at(x, start + length + 0.3 + late, knock, between(rng, 1.0, 2.0))
    mains = np.full(n, 2 * mains_frequency(rng))
    hum = sine(mains) + between(rng, 0.2, 0.6) * sine(2 * mains) + 0.2 * sine(3 * mains)
    x += between(rng, 0.02, 0.1) / force * unit(hum)
    x = lowpass(x, 6500 + 6500 * force, 1)
    return finish(limited(room(x, rng), 5), seconds, rng, {"strength": strength}, LIVED_IN, 0.1)


SHOP_COUNTER: dict[str, Recipe] = {"cash_register": cash_register, "milk_steaming": milk_steaming}
"""By the name of the kind."""
