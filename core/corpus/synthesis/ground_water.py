"""Water in the earth: a geyser, mud underfoot, the inside of water, a dripping cave."""

from __future__ import annotations

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, beats, contour, strike, swell, wander
from core.corpus.synthesis.filters import bandpass, lowpass, resonances, shaped, sweeping
from core.corpus.synthesis.grains import (
    add_at,
    bubble,
    bubbles,
    burst,
    dust,
    poisson,
    scatter,
    sizes,
)
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    frames,
    level,
    log_between,
    spread,
    ticks,
)
from core.corpus.synthesis.sources import brown, pink, white
from core.corpus.synthesis.space import outdoors, reverb


def geyser(seconds: float, rng: Rng) -> Synthesised:
    """A geyser: gulps of boiling water, then a column of steam that hisses and roars in surges and
    rains back on its basin.

    Steam that leaves a vent is a band about 4 to 6 kHz, some 6 dB an octave weaker below; the roar
    of the vent lies below 250 Hz.
    """
    n = frames(seconds)
    strength, force = level(rng, moderate=0.7, heavy=1.2)
    begins = between(rng, 0.01, 0.08) * seconds
    t = ticks(n)
    column = 0.15 + 0.85 * np.clip((t - begins) / between(rng, 0.2, 0.6), 0, 1)
    column = column * contour(n, (0, 1), (0.7, 1), (1, between(rng, 0.5, 0.9)))
    jet = column * swell(n, between(rng, 0.8, 2.0), rng, between(rng, 0.12, 0.3))
    peak = log_between(rng, 4200, 6200)
    hiss = shaped(white(n, rng), (300, -26), (peak / 4, -12), (peak, 0), (14_000, -6))
    x = unit(hiss * jet)
    roar = shaped(brown(n, rng), (30, -8), (70, 0), (250, -3), (900, -14), (5000, -34))
    x += between(rng, 0.05, 0.14) * force * unit(roar * jet * swell(n, 7, rng, 0.2))
    gulps = np.maximum(1.1 - column, 0.1) * swell(n, 3, rng, 0.5)
    low = log_between(rng, 90, 180)
    places = poisson(n, 38 * gulps, rng)
    gains = sizes(len(places), rng, 2.2, 6)
    boiling = scatter(n, places, gains, bubbles(rng, 40, low, 900, 0.2), rng)
    x += between(rng, 0.1, 0.25) * unit(boiling)
    fallen = np.concatenate([np.zeros(frames(0.7)), jet])[:n]
    drops = dust(4000 * force * fallen + 1e-3, rng, 3.0, 8)
    splat = shaped(drops, (150, -14), (600, -2), (2200, 0), (7000, -5), (15_000, -14))
    x += between(rng, 0.05, 0.12) * force * unit(splat)
    for place in poisson(n, 1.5 * force * fallen + 1e-3, rng).tolist():
        k = frames(0.3)
        slap = bandpass(white(k, rng), 180, 3500, 1) * strike(k, 0.02, between(rng, 0.15, 0.3))
        add_at(x, place / SAMPLE_RATE, peaked(slap), between(rng, 0.3, 0.9))
    return finish(limited(outdoors(x, rng), 5), seconds, rng, {"strength": strength}, fade_out=0.2)


def _squelch(rng: Rng, length: float, low: float, rising: bool) -> Signal:
    """Mud squeezed (falling) or let go (rising): wet noise through a cavity that closes or opens.

    Many small bubbles burst in it, so that it is grainy, 20 to 60 a second.
    """
    m = frames(length)
    start, stop = (1.0, between(rng, 1.8, 3.2)) if rising else (between(rng, 1.5, 2.4), 1.0)
    glide = low * contour(m, (0, start), (1, stop)) * 2 ** (0.15 * wander(m, 14, rng))
    grains = swell(m, between(rng, 22, 50), rng, 0.8) * arch(m, 0.15, 0.35)
    wet = white(m, rng) * 0.5 + dust(1200 * grains + 1e-3, rng, 1.4) * 2
    x = 1.0 * unit(sweeping(wet, glide, 0.55)) + 0.7 * unit(sweeping(wet, 2.7 * glide, 0.6))
    x += 0.25 * unit(sweeping(wet, np.minimum(6.5 * glide, 9000), 1.2))
    return peaked(x * grains)


def _mud_step(rng: Rng, size: float, suck: float) -> tuple[Signal, float]:
    """A foot in mud: a slap, the squeeze, a rest, the long suck, and the pop that lets it go.

    Returns the sound, and its length in seconds.
    """
    low = log_between(rng, 190, 420) / size
    press, rest = between(rng, 0.14, 0.3), between(rng, 0.03, 0.2)
    pull = between(rng, 0.15, 0.4) * suck
    m = frames(press + rest + pull + 0.3)
    x = np.zeros(m)
    slap = frames(0.08)
    splat = peaked(lowpass(white(slap, rng), between(rng, 500, 1800)) * strike(slap, 0.004, 0.06))
    add_at(x, 0, splat, between(rng, 0.3, 0.7))
    add_at(x, 0.01, _squelch(rng, press, low, False), between(rng, 0.6, 1.0))
    off = press + rest
    add_at(x, off, _squelch(rng, pull, 1.2 * low, True), between(rng, 0.6, 1.0))
    pop = bubble(rng, low * between(rng, 1.2, 2.2), 0.6)
    add_at(x, off + 0.92 * pull, pop, between(rng, 0.4, 1.0))
    add_at(x, off + 0.92 * pull, burst(rng, 600, 4000, 0.012), between(rng, 0.2, 0.5))
    places = poisson(m, 30.0, rng)
    small = bubbles(rng, 16, 500, 2600, 0.3)
    x += 0.25 * scatter(m, places, sizes(len(places), rng, 1.6, 6), small, rng)
    return peaked(x), off + pull


def mud(seconds: float, rng: Rng) -> Synthesised:
    """Feet in mud: each step is squeezed in and sucked out."""
    n = frames(seconds)
    tempo, pause = level(rng, slow=0.75, steady=0.3, fast=0.05)
    size, suck = log_between(rng, 0.75, 1.4), {"slow": 1.5, "steady": 1.0, "fast": 0.6}[tempo]
    x = np.zeros(n)
    t = between(rng, 0.01, 0.12)
    while t < seconds - 0.35:
        step, length = _mud_step(rng, size * between(rng, 0.9, 1.1), suck)
        add_at(x, t, step, between(rng, 0.65, 1.0))
        t += length + pause * between(rng, 0.6, 1.4)
    return finish(limited(outdoors(x, rng), 6), seconds, rng, {"tempo": tempo}, fade_out=0.1)


def under_water(seconds: float, rng: Rng) -> Synthesised:
    """The head under water: a dull pressure of noise, and bubbles that rise in streams.

    Above 700 Hz or so little is left; bubbles are low, and glide up as they near the surface.
    """
    n = frames(seconds)
    tempo, rate = level(rng, slow=0.35, steady=0.7, fast=1.5)
    bed = shaped(brown(n, rng), (20, -8), (50, 0), (160, -1), (450, -10), (1500, -32), (6000, -60))
    x = unit(bed) * swell(n, between(rng, 0.3, 0.8), rng, 0.4) * between(rng, 0.35, 0.7)
    tones = [(float(hz), float(hz) / 5, 1.0) for hz in spread(rng, 90, 600, 5)]
    currents = resonances(pink(n, rng) * swell(n, 1.2, rng, 0.7), *tones)
    x += between(rng, 0.15, 0.4) * unit(currents)
    gurgles = np.zeros(n)
    for t in beats(seconds, 1 / rate, 0.45, rng, first=between(rng, 0.05, 0.4)):
        length = between(rng, 0.35, 1.6)
        m = frames(length)
        stream = poisson(m, between(rng, 14, 55) * arch(m, 0.15, 0.6) + 1e-3, rng)
        low = log_between(rng, 110, 300)
        gulp = scatter(
            m, stream, sizes(len(stream), rng, 1.6, 5), bubbles(rng, 24, low, 6 * low, 0.35), rng
        )
        add_at(gurgles, t, gulp, between(rng, 0.5, 1.0))
    gurgles = lowpass(gurgles, between(rng, 650, 1400), 1)
    x = x + between(rng, 0.9, 2.0) * limited(unit(gurgles), 6)
    x = reverb(lowpass(x, between(rng, 1500, 3000)), rng, between(rng, 0.3, 0.9), 0.35, 500)
    return finish(limited(x, 6), seconds, rng, {"tempo": tempo})


def _plink(rng: Rng, hz: float, tick: float) -> Signal:
    """A drop into a pool: the tick of its fall, and some 10 ms later the bubble it traps."""
    m = frames(0.2)
    x = np.zeros(m)
    add_at(x, 0, burst(rng, 1500, 8000, between(rng, 0.004, 0.012)), tick)
    add_at(x, between(rng, 0.006, 0.018), bubble(rng, hz, between(rng, 0.1, 0.45)), 1.0)
    return x


def cave(seconds: float, rng: Rng) -> Synthesised:
    """A cave: drops fall into pools all around, a few of them near, each with a second of echo.

    A drop is a tick and a rising bubble of 700 to 5000 Hz. Most fall far off and are faint; a
    little water runs, and the air hums in the cave's hollows.
    """
    n = frames(seconds)
    tempo, rate = level(rng, slow=11.0, steady=22.0, fast=45.0)
    low = log_between(rng, 750, 1150)
    octaves, tick = between(rng, 1.8, 2.8), between(rng, 0.25, 0.8)
    bank = [_plink(rng, log_between(rng, low, low * 2**octaves), tick) for _ in range(40)]
    places = poisson(n, rate, rng)
    gains = sizes(len(places), rng, between(rng, 2.0, 2.5), 11) + 0.02
    drops = scatter(n, places, gains, bank, rng)
    add_at(drops, between(rng, 0.02, 0.3), bank[0], between(rng, 0.3, 0.6))
    hz = log_between(rng, 350, 1000)
    rill = shaped(white(n, rng), (hz / 8, -24), (hz / 3, -6), (hz, 0), (3 * hz, -6), (12 * hz, -24))
    x = unit(drops) + log_between(rng, 0.1, 0.35) * unit(rill)
    hollow = [(float(hz), float(hz) / 9, 1.0) for hz in spread(rng, 45, 320, 5)]
    x += between(rng, 0.03, 0.12) * unit(resonances(pink(n, rng), *hollow))
    x = reverb(x, rng, between(rng, 0.9, 2.4), between(rng, 0.2, 0.5), log_between(rng, 2000, 4000))
    return finish(limited(x, 12), seconds, rng, {"tempo": tempo})


GROUND_WATER: dict[str, Recipe] = {
    "geyser": geyser,
    "mud": mud,
    "under_water": under_water,
    "cave": cave,
}
"""Recipes of candidate kinds, by name."""
