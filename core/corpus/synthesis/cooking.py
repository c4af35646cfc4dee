"""What heat does in a kitchen: kettles, a pot on the boil, food in a hot pan."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, contour, strike, swell, wander
from core.corpus.synthesis.filters import bandpass, highpass, lowpass, resonances, shaped
from core.corpus.synthesis.grains import (
    add_at,
    bubble,
    bubbles,
    burst,
    bursts,
    dust,
    poisson,
    ringing,
    scatter,
    sizes,
)
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import metal, wood
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
from core.corpus.synthesis.sources import harmonics, pink, pulses, white
from core.corpus.synthesis.space import at_distance, draw_distance, room

POPS_BANK = 40
"""Different grains that a cloud draws from."""


def _snap_off(rng: Rng) -> Signal:
    """The thermostat of an electric kettle: a bimetal snaps over and the rocker falls."""
    m = frames(0.25)
    x = np.zeros(m)
    rocker = wood(rng, log_between(rng, 500, 1300), 9000, 18, t60=between(rng, 0.02, 0.05))
    add_at(x, 0.0, burst(rng, 2500, 14_000, 0.004), between(rng, 0.4, 0.9))
    add_at(x, between(rng, 0.008, 0.03), rocker.struck(m, rng, 6000))
    return peaked(x)


def _lid_rattle(n: int, rng: Rng, force: Signal | float) -> Signal:
    """A lid that steam lifts and lets fall, 5 to 14 times a second, never evenly."""
    lid = metal(rng, log_between(rng, 700, 2200), 9000, 16, t60=between(rng, 0.05, 0.2))
    hits = pulses(between(rng, 5, 14) * swell(n, 1.5, rng, 0.35), rng, 0.2, 0.5)
    hits *= np.clip(swell(n, 0.8, rng, 0.9) - 0.4, 0, 2) * force
    return ringing(hits, lid.struck(frames(0.2), rng, 5000))


def kettle_boil(seconds: float, rng: Rng) -> Synthesised:
    """Water that heats: it sings, roars before it boils, then rolls; many kettles click off.

    While the water is cold the vapour collapses at the element, a hiss of 1 to 6 kHz; the roar is
    loudest at some 90 degrees; at the boil bubbles of 100 to 800 Hz reach the surface.
    """
    n = frames(seconds)
    strength, heat = level(rng, light=0.35, moderate=0.65, heavy=0.92)
    t = ticks(n) / seconds
    span = min(0.45, 0.03 * seconds)
    progress = np.clip(heat + span * (t - 0.5) + 0.02 * wander(n, 0.6, rng), 0.1, 1.0)
    sing = np.exp(-(((progress - 0.65) / 0.25) ** 2))
    roar = np.exp(-(((progress - 0.8) / 0.22) ** 2))
    roll = np.clip((progress - 0.68) / 0.3, 0, 1) ** 1.5
    vessel = [
        (log_between(rng, 180, 2600), between(rng, 80, 350), between(rng, 0.4, 1.0))
        for _ in range(6)
    ]
    collapse = dust(np.full(n, between(rng, 1500, 4000)), rng, 1.8, 20.0)
    collapse = shaped(
        collapse, (200, -26), (900, -6), (2200, 0), (5000, -3), (10_000, -12), (18e3, -22)
    )
    boom = shaped(pink(n, rng), (50, -16), (180, 0), (700, 2), (1800, -8), (5000, -22), (16e3, -40))
    boom = unit(boom) * swell(n, 9, rng, 0.2)
    x = 0.9 * unit(collapse) * sing + boom * (0.08 + roar)
    x = x + 1.2 * unit(resonances(x, *vessel))
    bank = bubbles(rng, POPS_BANK, 110, 850, 0.2)
    places = poisson(n, 10 + 170 * roll * swell(n, 3, rng, 0.3), rng)
    rolling = limited(scatter(n, places, sizes(len(places), rng, 2.0, 6), bank, rng), 5)
    x += between(rng, 0.8, 1.6) * unit(rolling) * (0.1 + roll)
    steam = unit(shaped(white(n, rng), (800, -30), (3500, -6), (8000, 0), (16e3, -6)))
    x += between(rng, 0.04, 0.16) * steam * roll * swell(n, 2, rng, 0.3)
    if strength == "heavy" and chance(rng, 0.4):
        x += between(rng, 0.2, 0.6) * unit(_lid_rattle(n, rng, 1.0))
    if strength == "heavy" and seconds > 2.5 and chance(rng, 0.5):
        off = seconds - between(rng, 0.5, 1.3)
        x *= np.where(ticks(n) < off, 1.0, np.exp(-np.clip(ticks(n) - off, 0, None) / 0.45))
        add_at(x, off - 0.02, _snap_off(rng), between(rng, 4, 9))
    x = room(x, rng)
    return finish(limited(x, 6), seconds, rng, {"strength": strength}, fade_out=0.15)


def _whistle(n: int, rng: Rng, pressure: Signal, hz: float) -> Signal:
    """The hole tone of a two-hole whistle: pitch and harmonics grow with the steam's speed."""
    flutter = 1 + 0.004 * wander(n, 14, rng) + 0.003 * wander(n, 45, rng)
    pitch = hz * (0.72 + 0.28 * pressure) * flutter
    gains = [1, between(rng, 0.1, 0.4), between(rng, 0.04, 0.2), 0.04, 0.03]
    tone = unit(harmonics(pitch, gains, rng)) * np.clip((pressure - 0.35) / 0.4, 0, 1) ** 1.5
    breath = bandpass(white(n, rng), 0.75 * hz, 1.5 * hz, 1)
    hiss = highpass(white(n, rng), 3500, 1)
    splutter = swell(n, 11, rng, 0.15)
    return tone * splutter + (0.25 * unit(breath) + 0.12 * unit(hiss)) * (0.3 + 0.7 * pressure)


def kettle_whistle(seconds: float, rng: Rng) -> Synthesised:
    """Steam through a whistle of 1.1 to 3.2 kHz: it rises, holds, and may be taken off."""
    n = frames(seconds)
    strength, force = level(rng, light=0.7, moderate=0.87, heavy=1.0)
    start = 0.2 if chance(rng, 0.5) else 0.9 * force
    end = 0.15 if seconds > 2.0 and chance(rng, 0.4) else force
    rise = between(rng, 0.25, 0.6)
    fall = 1 - min(0.3, 0.9 / seconds)
    pressure = contour(n, (0, start), (rise, 0.96 * force), (fall, force), (1, end))
    pressure = np.clip(pressure + 0.015 * wander(n, 3, rng), 0.05, 1.1)
    hz = log_between(rng, 1100, 3200)
    x = _whistle(n, rng, pressure, hz)
    if chance(rng, 0.3):
        x += between(rng, 0.4, 0.9) * _whistle(n, rng, pressure, hz * between(rng, 1.12, 1.5))
    bank = bubbles(rng, POPS_BANK, 150, 900, 0.2)
    places = poisson(n, 90.0, rng)
    boil = scatter(n, places, sizes(len(places), rng, 2.0, 6), bank, rng)
    x = unit(x) + between(rng, 0.02, 0.1) * unit(boil)
    distance = draw_distance(rng, 0.25)
    x = room(x, rng)
    if distance == "distant":
        x = at_distance(x, distance, rng)
    attributes = {"strength": strength, "distance": distance}
    return finish(x, seconds, rng, attributes, fade_out=0.15)


def _glops(n: int, rng: Rng, per_second: float) -> Signal:
    """Thick stew: large slow bubbles that swell, burst and fall back."""
    bank = []
    for _ in range(16):
        m = frames(0.35)
        glop = np.zeros(m)
        for _ in range(int(rng.integers(1, 4))):
            add_at(glop, between(rng, 0, 0.06), bubble(rng, log_between(rng, 90, 420), 0.5))
        lips = lowpass(white(m, rng), between(rng, 900, 3000), 2) * strike(m, 0.01, 0.1)
        bank.append(peaked(peaked(glop) + between(rng, 0.05, 0.3) * peaked(lips)))
    places = poisson(n, per_second, rng)
    return scatter(n, places, rng.uniform(0.3, 1.0, len(places)), bank, rng)


def boiling_pot(seconds: float, rng: Rng) -> Synthesised:
    """Water in a pot, from a simmer to a rolling boil, or a thick stew; sometimes a lid rattles."""
    n = frames(seconds)
    tempo, rate = level(rng, slow=12.0, steady=60.0, fast=260.0)
    if tempo == "slow" and chance(rng, 0.5):
        x = unit(_glops(n, rng, between(rng, 2.5, 6)) + 1e-4 * white(n, rng))
    else:
        low = log_between(rng, 70, 190)
        bank = bubbles(rng, 60, low, low * between(rng, 5, 12), 0.15)
        gulps = np.clip(swell(n, between(rng, 2, 5), rng, 0.35), 0, 2.5)
        places = poisson(n, rate * gulps, rng)
        x = limited(unit(scatter(n, places, sizes(len(places), rng, 2.2, 5), bank, rng)), 6)
        splash = bursts(rng, POPS_BANK, (900, 5000), (0.002, 0.012), 1.2)
        places = poisson(n, 0.6 * rate * gulps, rng)
        drops = scatter(n, places, sizes(len(places), rng, 1.6), splash, rng)
        x += between(rng, 0.08, 0.22) * unit(drops)
        churn = shaped(pink(n, rng), (40, -20), (150, 0), (900, -3), (4000, -16), (16e3, -34))
        x += between(rng, 0.1, 0.4) * (rate / 260) ** 0.5 * unit(churn) * gulps
    pot = [
        (log_between(rng, 160, 1800), between(rng, 40, 200), between(rng, 0.3, 1.0))
        for _ in range(5)
    ]
    x = unit(x) + between(rng, 0.4, 0.9) * unit(resonances(x, *pot))
    if tempo == "fast" and chance(rng, 0.45):
        x += between(rng, 0.3, 0.9) * unit(_lid_rattle(n, rng, 1.0))
    flame = unit(shaped(pink(n, rng), (60, -6), (300, 0), (2000, -6), (8000, -14), (16e3, -26)))
    x += between(rng, 0.01, 0.1) * flame
    x = room(x, rng)
    return finish(limited(x, 7), seconds, rng, {"tempo": tempo})


def _spatula(rng: Rng, pan: Signal) -> Signal:
    """A turner scrapes over the pan's bottom."""
    m = len(pan)
    scrape = bandpass(white(m, rng), 900, 7000, 1) * swell(m, 70, rng, 0.7)
    ring = resonances(scrape, (log_between(rng, 1200, 3500), 60, 1.0), (4300, 120, 0.6))
    return (unit(scrape) + unit(ring)) * pan


def frying(seconds: float, rng: Rng) -> Synthesised:
    """Water flashes to steam in hot fat: thousands of tiny pops a second, and single spits.

    The sizzle lies at 3 to 14 kHz; deep fat adds bubbles of 300 to 1500 Hz; food that has just
    been put in sizzles three times as hard and calms down.
    """
    n = frames(seconds)
    strength, heat = level(rng, light=0.25, moderate=1.0, heavy=3.0)
    start = np.ones(n)
    at = 0.0
    laid_in = seconds > 1.5 and chance(rng, 0.3)
    if laid_in:
        at = between(rng, 0.15, 0.5)
        since = np.clip(ticks(n) - at, 0, None)
        start = np.where(ticks(n) < at, 0.25, 1 + 2.0 * np.exp(-since / between(rng, 0.6, 2.0)))
    force = start * swell(n, 1.5, rng, 0.12) * swell(n, 8, rng, 0.12)
    peak = log_between(rng, 4500, 8500)
    fizz = dust(2600 * heat**0.6 * np.minimum(force, 3.5), rng, 1.7, 20.0)
    fizz = shaped(fizz, (150, -34), (700, -20), (2200, -8), (peak, 0), (13_000, -5), (19e3, -14))
    bed = shaped(white(n, rng), (300, -34), (1500, -16), (peak, 0), (14_000, -6), (19e3, -14))
    x = unit(fizz) + between(rng, 0.2, 0.45) * heat**0.3 * unit(bed) * force
    pops = bursts(rng, POPS_BANK, (900, 9000), (0.0015, 0.014), 1.6)
    places = poisson(n, between(rng, 12, 45) * heat**0.5 * np.minimum(force, 3), rng)
    x += between(rng, 5, 11) * scatter(n, places, sizes(len(places), rng, 1.3), pops, rng)
    if chance(rng, 0.35):
        fat = bubbles(rng, POPS_BANK, 300, 1600, 0.1)
        places = poisson(n, 160 * heat**0.5 * np.minimum(force, 3), rng)
        deep = scatter(n, places, sizes(len(places), rng, 2.0, 6), fat, rng)
        x += between(rng, 0.15, 0.4) * unit(deep)
    pan = [
        (log_between(rng, 350, 3200), between(rng, 15, 80), between(rng, 0.3, 1.0))
        for _ in range(5)
    ]
    x += between(rng, 0.1, 0.3) * unit(resonances(x, *pan))
    if laid_in:
        add_at(
            x,
            at,
            peaked(lowpass(white(frames(0.12), rng), 1500) * strike(frames(0.12), 0.003, 0.1)),
            2.0,
        )
    elif seconds > 2.0 and chance(rng, 0.3):
        for _ in range(int(rng.integers(1, 4))):
            m = frames(between(rng, 0.2, 0.6))
            add_at(
                x,
                between(rng, 0.2, seconds - 0.8),
                _spatula(rng, arch(m, 0.3, 0.4)),
                between(rng, 0.4, 1),
            )
    x = room(x, rng)
    low = unit(shaped(pink(n, rng), (50, -6), (200, 0), (900, -8), (4000, -24), (16e3, -44)))
    x = unit(x) + between(rng, 0.02, 0.1) * low
    return finish(limited(x, 9), seconds, rng, {"strength": strength})


COOKING: dict[str, Recipe] = {
    "kettle_boil": kettle_boil,
    "kettle_whistle": kettle_whistle,
    "boiling_pot": boiling_pot,
    "frying": frying,
}
