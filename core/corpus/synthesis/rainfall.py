"""Hail, drizzle, rain on window, tent and umbrella, a gale, dry leaves."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import swell, wander
from core.corpus.synthesis.filters import bandpass, highpass, lowpass, resonances, shaped
from core.corpus.synthesis.grains import (
    Places,
    add_at,
    bubbles,
    burst,
    bursts,
    dust,
    poisson,
    scatter,
    sizes,
)
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import Modes, membrane, metal, wood
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    chance,
    frames,
    level,
    log_between,
    spread,
)
from core.corpus.synthesis.sources import phase, pink, white
from core.corpus.synthesis.space import outdoors, room


def _roof(surface: str, rng: Rng) -> Modes:
    """What the stones hit."""
    if surface == "tin":
        return metal(rng, log_between(rng, 400, 850), 11_000, 36, t60=between(rng, 0.05, 0.16))
    if surface == "car":
        return metal(rng, log_between(rng, 280, 550), 7000, 30, t60=between(rng, 0.03, 0.08))
    if surface == "glass":
        hz = spread(rng, 700, 11_000, 24)
        return Modes(hz, 0.05 * (800 / hz) ** 0.4, rng.uniform(0.3, 1.0, 24))
    return wood(rng, log_between(rng, 350, 800), 7000, 20, t60=between(rng, 0.015, 0.04))


def _stones(surface: str, rng: Rng) -> list[Signal]:
    """Single hailstones: a hard knock of a third of a millisecond, and one to three rebounds."""
    body = _roof(surface, rng)
    bank = []
    for _ in range(28):
        size = log_between(rng, 0.6, 1.7)
        x = np.zeros(frames(0.3))
        hit = body.tuned(between(rng, 0.85, 1.2)).struck(frames(0.18), rng, 12_000 / size, vary=0.6)
        knock = burst(rng, 1500 / size, 16_000 / size, between(rng, 0.004, 0.01))
        late, gain, pause = 0.0, 1.0, between(rng, 0.03, 0.09)
        for _ in range(int(rng.integers(1, 4))):
            add_at(x, late, hit, gain)
            add_at(x, late, knock, between(rng, 1.2, 2.2) * gain)
            late += pause
            pause *= between(rng, 0.4, 0.7)
            gain *= between(rng, 0.15, 0.4)
        bank.append(x)
    return bank


def hail(seconds: float, rng: Rng) -> Synthesised:
    """Hailstones knock and bounce on tin, a car, glass or hard ground, 20 to 300 of them a second.

    Ice is hard: the knock is short and bright, up to 10 kHz and more, where a drop's is dull.
    """
    n = frames(seconds)
    strength, rate = level(rng, light=22.0, moderate=75.0, heavy=240.0)
    surface = str(rng.choice(["tin", "car", "glass", "ground"]))
    waves = swell(n, between(rng, 0.3, 0.8), rng, 0.25)
    places = poisson(n, rate * between(rng, 0.8, 1.3) * waves, rng)
    near = scatter(n, places, sizes(len(places), rng, 1.7, 9) + 0.05, _stones(surface, rng), rng)
    far_rate = 14 * rate * waves
    far = highpass(dust(far_rate, rng, 1.8, 6), 900, 1)
    far = shaped(far, (200, -16), (1200, -3), (4000, 0), (9000, -4), (16_000, -14))
    rain = shaped(white(n, rng), (100, -20), (700, -5), (3000, 0), (9000, -5), (16_000, -16))
    beyond = {"light": 0.1, "moderate": 0.25, "heavy": 0.45}[strength]
    x = limited(unit(near), 14) + beyond * between(rng, 0.7, 1.3) * unit(far)
    x += between(rng, 0.0, 0.3) * beyond * unit(rain) * waves
    x = room(x, rng) if surface == "glass" else outdoors(x, rng)
    return finish(limited(x, 12), seconds, rng, {"strength": strength, "surface": surface})


def drizzle(seconds: float, rng: Rng) -> Synthesised:
    """Droplets too small to be told apart: a soft, bright, even hiss, and a rare drip."""
    n = frames(seconds)
    surface = str(rng.choice(["leaves", "grass", "pavement"]))
    dull = {"leaves": 2200, "grass": 1600, "pavement": 3500}[surface] * between(rng, 0.8, 1.25)
    fine = dust(between(rng, 2500, 6000) * swell(n, 0.3, rng, 0.08), rng, 2.5, 5)
    hiss = shaped(fine, (150, -34), (dull / 3, -12), (dull, -2), (2.2 * dull, 0), (12_000, -6))
    few = poisson(n, between(rng, 8, 25), rng)
    taps = bursts(rng, 30, (dull, 3 * dull), (0.003, 0.009), 1.2)
    drops = scatter(n, few, sizes(len(few), rng, 2.0, 6), taps, rng)
    x = unit(hiss) + between(rng, 0.15, 0.35) * unit(drops)
    rare = poisson(n, between(rng, 0.4, 2.0), rng)
    drips = bubbles(rng, 10, 900, 3000) + bursts(rng, 10, (500, 1600), (0.01, 0.03), 0.8)
    x += between(rng, 0.3, 0.8) * scatter(n, rare, rng.uniform(0.3, 1.0, len(rare)), drips, rng)
    air = shaped(pink(n, rng), (50, -6), (200, 0), (700, -8), (3000, -24), (12_000, -44))
    x = outdoors(x, rng) + between(rng, 0.02, 0.08) * unit(air)
    attributes = {"strength": "light", "surface": surface}
    return finish(limited(x, 5), seconds, rng, attributes)


def _handfuls(n: int, rate: float, rng: Rng) -> Places:
    """Drops that the wind throws: a steady fall, and sudden handfuls of twenty or so."""
    gusts = np.exp(1.6 * np.clip(wander(n, between(rng, 0.8, 2.0), rng), -1.5, 1.7)) / 2.2
    return poisson(n, rate * (0.4 + 0.6 * gusts), rng)


def rain_on_window(seconds: float, rng: Rng) -> Synthesised:
    """Inside, by the window: drops tap on the pane, gusts throw more, the rain itself is outside.

    A drop's tap is a tick of 2 to 5 kHz and the pane's low thud, of 90 to 400 Hz, in its frame;
    of the rain beyond, the glass lets through what is below 1 kHz or so.
    """
    n = frames(seconds)
    strength, rate = level(rng, light=9.0, moderate=30.0, heavy=110.0)
    pane = wood(rng, log_between(rng, 110, 320), 2600, 16, t60=between(rng, 0.04, 0.12))
    bank = []
    for _ in range(30):
        size = log_between(rng, 0.6, 1.8)
        tap = between(rng, 0.2, 0.7) * pane.struck(4500, rng, 1800 / size, vary=0.6)
        tick = log_between(rng, 1800, 5000) / size**0.5
        add_at(tap, 0, burst(rng, 0.7 * tick, 1.6 * tick, between(rng, 0.003, 0.01)), 0.8)
        bank.append(peaked(tap))
    places = _handfuls(n, rate * between(rng, 0.8, 1.3), rng)
    taps = scatter(n, places, sizes(len(places), rng, 1.8, 8) + 0.04, bank, rng)
    outside = shaped(white(n, rng), (50, -12), (180, 0), (600, -4), (1500, -15), (6000, -38))
    x = limited(room(unit(taps), rng), 9)
    ratio = {"light": 0.15, "moderate": 0.25, "heavy": 0.4}[strength] * between(rng, 0.6, 1.4)
    x += ratio * unit(outside) * swell(n, 0.6, rng, 0.15)
    if chance(rng, 0.4):
        runs = poisson(n, between(rng, 0.5, 2.0), rng)
        trickle = bubbles(rng, 12, 500, 1800)
        x += 0.4 * scatter(n, runs, rng.uniform(0.2, 0.8, len(runs)), trickle, rng)
    attributes = {"strength": strength, "surface": "window"}
    return finish(limited(x, 8), seconds, rng, attributes)


def rain_on_tent(seconds: float, rng: Rng) -> Synthesised:
    """Under canvas: every drop beats the stretched cloth, a dull drum close overhead.

    Cloth is heavily damped: 130 to 700 Hz for 20 to 50 ms, little above 5 kHz.
    """
    n = frames(seconds)
    strength, rate = level(rng, light=35.0, moderate=130.0, heavy=450.0)
    low = log_between(rng, 130, 300)
    bank = []
    for _ in range(36):
        size = log_between(rng, 0.6, 1.6)
        cloth = membrane(rng, low * between(rng, 0.7, 1.9) / size**0.3, between(rng, 0.05, 0.11))
        drop = cloth.struck(4000, rng, 1500 / size, vary=0.4)
        slap = burst(rng, 500 / size, 3200 / size, between(rng, 0.006, 0.014))
        add_at(drop, 0, slap, between(rng, 0.4, 0.9))
        bank.append(peaked(drop))
    slow = swell(n, 0.4, rng, 0.2)
    places = poisson(n, rate * between(rng, 0.8, 1.25) * slow, rng)
    drops = scatter(n, places, sizes(len(places), rng, 1.7, 8) + 0.03, bank, rng)
    far = dust(9 * rate * slow, rng, 2.0, 6)
    drumming = shaped(far, (60, -20), (low, 0), (3 * low, -2), (2500, -9), (7000, -24), (16e3, -42))
    x = limited(unit(drops), 8) + between(rng, 0.5, 0.9) * unit(drumming)
    around = shaped(white(n, rng), (80, -20), (500, -6), (2000, 0), (5000, -8), (14_000, -26))
    x += between(rng, 0.03, 0.1) * unit(around) * slow
    if chance(rng, 0.3):
        flaps = bandpass(white(n, rng), 60, 500, 1) * np.maximum(wander(n, 1.2, rng) - 0.8, 0)
        x += between(rng, 0.2, 0.5) * unit(flaps * swell(n, 14, rng, 0.6))
    return finish(limited(x, 7), seconds, rng, {"strength": strength, "surface": "canvas"})


def rain_on_umbrella(seconds: float, rng: Rng) -> Synthesised:
    """Under an umbrella: crisp pats on taut nylon overhead, the open rain all around.

    The cloth is small and tight: 450 to 1800 Hz for 10 to 25 ms.
    """
    n = frames(seconds)
    strength, rate = level(rng, light=18.0, moderate=60.0, heavy=190.0)
    low = log_between(rng, 450, 850)
    bank = []
    for _ in range(36):
        size = log_between(rng, 0.6, 1.6)
        cloth = membrane(rng, low * between(rng, 0.8, 2.0) / size**0.3, between(rng, 0.015, 0.035))
        pat = cloth.struck(2200, rng, 5000 / size, vary=0.5)
        add_at(pat, 0, burst(rng, 1500, 9000 / size, between(rng, 0.003, 0.007)), 0.6)
        bank.append(peaked(pat))
    slow = swell(n, 0.4, rng, 0.2)
    places = poisson(n, rate * between(rng, 0.8, 1.25) * slow, rng)
    pats = scatter(n, places, sizes(len(places), rng, 1.9, 7) + 0.05, bank, rng)
    dome = resonances(pats, (between(rng, 280, 420), 150, 0.6), (between(rng, 600, 900), 300, 0.5))
    around = dust(between(rng, 3000, 7000) * slow, rng, 1.8, 8)
    around = shaped(around, (100, -26), (600, -10), (2200, -2), (6000, 0), (17_000, -11))
    x = limited(unit(pats + dome), 8)
    x += {"light": 0.25, "moderate": 0.4, "heavy": 0.6}[strength] * unit(around)
    drips = poisson(n, between(rng, 0.8, 3.0), rng)
    edge = bubbles(rng, 14, 700, 2600)
    x += 0.8 * scatter(n, drips, rng.uniform(0.2, 0.8, len(drips)), edge, rng)
    attributes = {"strength": strength, "surface": "umbrella"}
    return finish(limited(outdoors(x, rng), 7), seconds, rng, attributes)


def gale(seconds: float, rng: Rng) -> Synthesised:
    """A gale round a house: it howls in gaps and chimney, roars, and rattles what is loose.

    Howls are narrow bands of noise, 250 to 900 Hz, whose pitch follows the gusts' speed.
    """
    n = frames(seconds)
    slow = np.clip(wander(n, between(rng, 0.25, 0.5), rng), -2, 2)
    nepers = 0.5 * slow + 0.15 * wander(n, 1.6, rng)
    gust = np.exp(nepers)
    roar = shaped(white(n, rng), (30, 11), (90, 10), (300, 2), (900, -9), (4000, -28), (14e3, -52))
    x = unit(roar) * np.exp(1.3 * nepers)
    loud = np.exp(1.8 * nepers)
    for _ in range(int(rng.integers(2, 5))):
        bend = 0.55 * nepers + 0.035 * wander(n, 1.5, rng)
        pitch = log_between(rng, 230, 700) * np.exp(bend)
        x += between(rng, 0.5, 1.3) * _howl(n, np.clip(pitch, 120, 2200), rng) * loud
    hiss = bandpass(white(n, rng), 2200, 9000, 1)
    x += between(rng, 0.05, 0.15) * unit(hiss) * loud
    if chance(rng, 0.6):
        loose = wood(rng, log_between(rng, 110, 300), 3500, 18, t60=0.08)
        bank = [loose.struck(5000, rng, 2500, vary=0.5) for _ in range(6)]
        rattling = np.maximum(gust / np.mean(gust) - 1.15, 0) * swell(n, 2, rng, 0.8)
        places = poisson(n, 14 * rattling + 1e-3, rng)
        rattle = scatter(n, places, rng.uniform(0.2, 1.0, len(places)), bank, rng)
        x += between(rng, 0.8, 2.0) * rattle
    x = room(x, rng) if chance(rng, 0.5) else x
    return finish(limited(x, 4.5), seconds, rng, {"strength": "heavy"})


def _howl(n: int, pitch: Signal, rng: Rng) -> Signal:
    """Noise about a gliding pitch: a slow random phasor, turned by the pitch, and its octave."""
    width = between(rng, 8, 22)
    one, other = wander(n, width, rng), wander(n, width, rng)
    angle = 2 * np.pi * phase(pitch)
    sin, cos = np.sin(angle), np.cos(angle)
    voice = one * sin + other * cos
    over = other * (2 * sin * cos) + one * (cos * cos - sin * sin)
    return unit(voice + between(rng, 0.1, 0.35) * over)


def dry_leaves(seconds: float, rng: Rng) -> Synthesised:
    """Dry leaves in the wind: crisp ticks of leaf on leaf, waves of them with each gust, and at
    times one that scuttles over the ground."""
    n = frames(seconds)
    strength, rate = level(rng, light=120.0, moderate=420.0, heavy=1300.0)
    gust = np.exp(0.75 * np.clip(wander(n, between(rng, 0.4, 0.9), rng), -2, 2))
    bank = []
    for _ in range(50):
        hz = log_between(rng, 1800, 8000)
        leaf = burst(rng, 0.5 * hz, min(2.2 * hz, 19_000), log_between(rng, 0.002, 0.012))
        bank.append(leaf)
    places = poisson(n, rate * between(rng, 0.8, 1.25) * gust / np.mean(gust), rng)
    ticks_ = scatter(n, places, sizes(len(places), rng, 1.4, 10), bank, rng)
    brush = shaped(dust(6000 * gust + 1.0, rng, 2.0), (300, -30), (2000, -6), (5000, 0), (14e3, -5))
    x = unit(ticks_) + between(rng, 0.35, 0.7) * unit(brush * gust**0.5)
    for _ in range(int(rng.poisson(0.35 * seconds))):
        k = frames(between(rng, 0.3, 1.2))
        hops = np.maximum(wander(k, between(rng, 6, 14), rng), 0)
        scrape = shaped(dust(700 * hops + 1e-3, rng), (400, -20), (1500, 0), (6000, -2), (15e3, -9))
        add_at(x, between(rng, 0, seconds), peaked(scrape), between(rng, 1.0, 4.0))
    air = unit(lowpass(pink(n, rng), between(rng, 250, 600), 1)) * gust
    x += between(rng, 0.02, 0.12) * air
    return finish(limited(outdoors(x, rng), 7), seconds, rng, {"strength": strength})


RAINFALL: dict[str, Recipe] = {
    "hail": hail,
    "drizzle": drizzle,
    "rain_on_window": rain_on_window,
    "rain_on_tent": rain_on_tent,
    "rain_on_umbrella": rain_on_umbrella,
    "gale": gale,
    "dry_leaves": dry_leaves,
}
"""Recipes of candidate kinds, by name."""
