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
    chance,
    frames,
    level,
    log_between,
    spread,
    ticks,
)
from core.corpus.synthesis.sources import brown, pink, white
from core.corpus.synthesis.space import outdoors, reverb


def geyser(seconds: float, rng: Rng) -> Synthesised:
    """A geyser: gulps of boiling water, then a column of steam that roars in surges and rains
    back on its basin."""
    n = frames(seconds)
    strength, force = level(rng, moderate=0.7, heavy=1.2)
    begins = between(rng, 0.08, 0.3) * seconds
    t = ticks(n)
    column = np.clip((t - begins) / between(rng, 0.3, 1.2), 0, 1)
    column = column * contour(n, (0, 1), (0.7, 1), (1, between(rng, 0.35, 0.8)))
    surges = swell(n, between(rng, 1.2, 2.6), rng, 0.45)
    jet = column * surges
    centre = np.clip(700 + 1700 * force * jet, 300, 6000)
    steam = unit(sweeping(white(n, rng), centre, 3.6)) * jet**1.3
    hiss = shaped(white(n, rng), (500, -26), (2500, -4), (6000, 0), (16_000, -7))
    roar = shaped(brown(n, rng), (30, -8), (70, 0), (250, -3), (900, -14), (5000, -34))
    x = steam + between(rng, 0.25, 0.5) * unit(hiss) * jet
    x += between(rng, 0.5, 1.0) * force * unit(roar) * jet * swell(n, 10, rng, 0.3)
    gulps = np.maximum(1 - 0.8 * column, 0.1) * swell(n, 3, rng, 0.7)
    low = log_between(rng, 90, 180)
    places = poisson(n, 38 * gulps, rng)
    boiling = scatter(
        n, places, sizes(len(places), rng, 1.6, 6), bubbles(rng, 40, low, 900, 0.2), rng
    )
    x += between(rng, 0.7, 1.2) * unit(boiling)
    fallen = np.concatenate([np.zeros(frames(0.7)), jet])[:n]
    drops = dust(1500 * force * fallen + 1e-3, rng, 1.4, 10)
    splat = shaped(drops, (150, -14), (600, -2), (2200, 0), (7000, -5), (15_000, -14))
    x += between(rng, 0.35, 0.7) * unit(splat)
    for place in poisson(n, 2.5 * force * fallen + 1e-3, rng).tolist():
        k = frames(0.3)
        slap = bandpass(white(k, rng), 180, 3500, 1) * strike(k, 0.008, between(rng, 0.1, 0.25))
        add_at(x, place / SAMPLE_RATE, peaked(slap), between(rng, 0.6, 2.0))
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


def _plink(rng: Rng, low: float) -> Signal:
    """A drop into a pool: the tick of its impact, and some 10 ms later the bubble it traps."""
    m = frames(0.25)
    x = np.zeros(m)
    add_at(x, 0, burst(rng, 1500, 9000, 0.004), between(rng, 0.15, 0.4))
    hz = low * log_between(rng, 0.8, 1.5)
    add_at(x, between(rng, 0.006, 0.018), bubble(rng, hz, between(rng, 0.05, 0.35)), 1.0)
    if chance(rng, 0.3):
        add_at(x, between(rng, 0.03, 0.09), bubble(rng, 1.6 * hz, 0.2), between(rng, 0.2, 0.5))
    return peaked(x)


def cave(seconds: float, rng: Rng) -> Synthesised:
    """A cave: drips into pools, each with seconds of echo, and the air that hums in its hollows."""
    n = frames(seconds)
    tempo, rate = level(rng, slow=0.5, steady=1.1, fast=2.4)
    pools = [(log_between(rng, 550, 2400), between(rng, 0.25, 1.0)) for _ in range(5)]
    dry, far = np.zeros(n), np.zeros(n)
    for index, (low, gain) in enumerate(pools):
        own = 2.2 * len(pools) / rate * between(rng, 0.6, 1.4)
        first = between(rng, 0.02, 0.4) if index == 0 else between(rng, 0, own)
        for t in beats(seconds, own / 2.2, 0.12, rng, first=first):
            drop = _plink(rng, low)
            add_at(dry if gain > 0.55 else far, t, drop, gain * between(rng, 0.7, 1.0))
    t60 = between(rng, 2.5, 5.0)
    wet = reverb(dry + 0.1 * far, rng, t60, between(rng, 0.6, 1.1), 2200)
    wet += reverb(lowpass(far, 2500, 1), rng, t60, 1.6, 1500)
    late = frames(between(rng, 0.12, 0.35))
    wet[late:] += between(rng, 0.1, 0.3) * lowpass(wet[:-late], 2500, 1)
    hollow = [(float(hz), float(hz) / 9, 1.0) for hz in spread(rng, 45, 320, 5)]
    air = unit(resonances(pink(n, rng), *hollow)) * swell(n, 0.4, rng, 0.25)
    x = peaked(wet) + between(rng, 0.01, 0.035) * air
    if chance(rng, 0.35):
        trickle = poisson(n, between(rng, 15, 50), rng)
        rill = scatter(
            n, trickle, sizes(len(trickle), rng, 1.6, 6), bubbles(rng, 30, 600, 3000), rng
        )
        x += between(rng, 0.005, 0.02) * unit(reverb(rill, rng, 2.0, 1.2, 1500))
    return finish(limited(x, 12), seconds, rng, {"tempo": tempo})


GROUND_WATER: dict[str, Recipe] = {
    "geyser": geyser,
    "mud": mud,
    "under_water": under_water,
    "cave": cave,
}
"""Recipes of candidate kinds, by name."""
