"""Hail, drizzle, rain on window, tent and umbrella, a gale, dry leaves."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, swell, wander
from core.corpus.synthesis.filters import bandpass, highpass, lowpass, resonances, shaped, sweeping
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
from core.corpus.synthesis.sources import brown, pink, white
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
    strength, rate = level(rng, light=35.0, moderate=110.0, heavy=300.0)
    surface = str(rng.choice(["tin", "car", "glass", "ground"]))
    waves = swell(n, between(rng, 0.3, 0.8), rng, 0.25)
    places = poisson(n, rate * between(rng, 0.8, 1.3) * waves, rng)
    near = scatter(n, places, sizes(len(places), rng, 1.7, 9) + 0.05, _stones(surface, rng), rng)
    far_rate = 14 * rate * waves
    far = highpass(dust(far_rate, rng, 1.8, 6), 900, 1)
    far = shaped(far, (200, -16), (1200, -3), (4000, 0), (9000, -4), (16_000, -14))
    rain = shaped(white(n, rng), (100, -20), (700, -5), (3000, 0), (9000, -5), (16_000, -16))
    beyond = {"light": 0.35, "moderate": 0.5, "heavy": 0.7}[strength]
    x = limited(unit(near), 14) + beyond * between(rng, 0.7, 1.3) * unit(far)
    x += between(rng, 0.5, 1.2) * beyond * unit(rain) * waves
    x = room(x, rng) if surface == "glass" else outdoors(x, rng)
    return finish(limited(x, 12), seconds, rng, {"strength": strength, "surface": surface})


def drizzle(seconds: float, rng: Rng) -> Synthesised:
    """Droplets too small to be told apart: a soft, even rush, low taps near by and a rare drip."""
    n = frames(seconds)
    surface = str(rng.choice(["leaves", "grass", "pavement"]))
    dull = {"leaves": 2200, "grass": 1600, "pavement": 3200}[surface] * between(rng, 0.8, 1.25)
    slow = swell(n, 0.3, rng, 0.08)
    rush = shaped(white(n, rng), (100, -24), (dull / 3, -5), (dull, 0), (3 * dull, -6), (16e3, -16))
    few = poisson(n, between(rng, 120, 300), rng)
    taps = bursts(rng, 40, (0.7 * dull, 2.4 * dull), (0.006, 0.025), 1.6)
    drops = scatter(n, few, sizes(len(few), rng, 3.0, 6) + 0.06, taps, rng)
    x = unit(rush) * slow + between(rng, 0.6, 1.3) * unit(drops)
    rare = poisson(n, between(rng, 0.4, 2.0), rng)
    drips = bubbles(rng, 10, 900, 3000) + bursts(rng, 10, (500, 1600), (0.01, 0.03), 0.8)
    x += between(rng, 0.3, 0.8) * scatter(n, rare, rng.uniform(0.3, 1.0, len(rare)), drips, rng)
    air = shaped(pink(n, rng), (50, -6), (200, 0), (700, -8), (3000, -24), (12_000, -44))
    x = outdoors(x, rng) + between(rng, 0.04, 0.15) * unit(air)
    attributes = {"strength": "light", "surface": surface}
    return finish(limited(x, 5), seconds, rng, attributes)


def _handfuls(n: int, rate: float, rng: Rng) -> Places:
    """Drops that the wind throws: a steady fall, and sudden handfuls of twenty or so."""
    gusts = np.exp(1.6 * np.clip(wander(n, between(rng, 0.8, 2.0), rng), -1.5, 1.7)) / 2.2
    return poisson(n, rate * (0.4 + 0.6 * gusts), rng)


def rain_on_window(seconds: float, rng: Rng) -> Synthesised:
    """Inside, by the window: drops tap on the pane, gusts throw more, the rain itself is outside.

    A drop's tap is a tick of 1 to 5 kHz and the pane's low thud, of 90 to 400 Hz, in its frame;
    the rain beyond is a rush from 300 Hz on, that the glass dulls.
    """
    n = frames(seconds)
    strength, rate = level(rng, light=45.0, moderate=130.0, heavy=400.0)
    pane = wood(rng, log_between(rng, 110, 320), 2600, 16, t60=between(rng, 0.03, 0.08))
    bank = []
    for _ in range(40):
        size = log_between(rng, 0.6, 1.8)
        tap = between(rng, 0.1, 0.4) * pane.struck(4500, rng, 1800 / size, vary=0.6)
        tick = log_between(rng, 1000, 5000) / size**0.5
        add_at(tap, 0, burst(rng, 0.6 * tick, 1.8 * tick, between(rng, 0.005, 0.025)), 0.9)
        bank.append(peaked(tap))
    places = _handfuls(n, rate * between(rng, 0.8, 1.3), rng)
    taps = scatter(n, places, sizes(len(places), rng, 2.8, 8) + 0.06, bank, rng)
    top = log_between(rng, 1500, 4000)
    outside = shaped(white(n, rng), (60, -22), (300, -3), (700, 0), (top, -5), (4 * top, -24))
    x = limited(room(unit(taps), rng), 7)
    ratio = {"light": 0.4, "moderate": 0.6, "heavy": 0.9}[strength] * between(rng, 0.7, 1.3)
    x += ratio * unit(outside) * swell(n, 0.6, rng, 0.15)
    if chance(rng, 0.4):
        runs = poisson(n, between(rng, 0.5, 2.0), rng)
        trickle = bubbles(rng, 12, 500, 1800)
        x += 0.4 * scatter(n, runs, rng.uniform(0.2, 0.8, len(runs)), trickle, rng)
    attributes = {"strength": strength, "surface": "window"}
    return finish(limited(x, 7), seconds, rng, attributes)


def rain_on_tent(seconds: float, rng: Rng) -> Synthesised:
    """Under canvas: every drop beats the stretched cloth, a dull drum close overhead.

    Cloth is heavily damped: 150 to 900 Hz for 20 to 50 ms, and the slap of the drop itself up to
    4 kHz; the cloth lets the rush of the rain on all the rest of it through.
    """
    n = frames(seconds)
    strength, rate = level(rng, light=90.0, moderate=220.0, heavy=600.0)
    low = log_between(rng, 150, 340)
    bank = []
    for _ in range(40):
        size = log_between(rng, 0.6, 1.6)
        cloth = membrane(rng, low * between(rng, 0.7, 2.2) / size**0.3, between(rng, 0.04, 0.08))
        drop = between(rng, 0.4, 0.9) * cloth.struck(4000, rng, 2000 / size, vary=0.4)
        slap = burst(rng, 500 / size, 4500 / size, between(rng, 0.006, 0.018))
        add_at(drop, 0, slap, between(rng, 0.6, 1.1))
        bank.append(peaked(drop))
    slow = swell(n, 0.4, rng, 0.15)
    places = poisson(n, rate * between(rng, 0.8, 1.25) * slow, rng)
    drops = scatter(n, places, sizes(len(places), rng, 2.8, 8) + 0.06, bank, rng)
    far = dust(30 * rate * slow, rng, 3.0, 6)
    drumming = shaped(far, (60, -20), (low, 0), (4 * low, -1), (3000, -7), (8000, -18), (16e3, -36))
    x = limited(unit(drops), 7) + between(rng, 0.4, 0.8) * unit(drumming)
    around = shaped(white(n, rng), (80, -20), (500, -5), (2000, 0), (5000, -6), (14_000, -22))
    x += between(rng, 0.1, 0.3) * unit(around) * slow
    if chance(rng, 0.3):
        flaps = bandpass(white(n, rng), 60, 500, 1) * np.maximum(wander(n, 1.2, rng) - 0.8, 0)
        x += between(rng, 0.2, 0.5) * unit(flaps * swell(n, 14, rng, 0.6))
    return finish(limited(x, 7), seconds, rng, {"strength": strength, "surface": "canvas"})


def rain_on_umbrella(seconds: float, rng: Rng) -> Synthesised:
    """Under an umbrella: crisp pats on taut nylon overhead, the open rain all around.

    The cloth is small and tight: 450 to 1800 Hz for 10 to 25 ms under the drop's own splat, which
    reaches 6 kHz.
    """
    n = frames(seconds)
    strength, rate = level(rng, light=70.0, moderate=170.0, heavy=450.0)
    low = log_between(rng, 450, 850)
    bank = []
    for _ in range(40):
        size = log_between(rng, 0.6, 1.6)
        cloth = membrane(rng, low * between(rng, 0.8, 2.0) / size**0.3, between(rng, 0.015, 0.035))
        pat = between(rng, 0.1, 0.35) * cloth.struck(2200, rng, 5000 / size, vary=0.5)
        splat = burst(rng, 1300 / size, 7000 / size, between(rng, 0.008, 0.025))
        add_at(pat, 0, splat, between(rng, 0.6, 1.0))
        bank.append(peaked(pat))
    slow = swell(n, 0.4, rng, 0.15)
    places = poisson(n, rate * between(rng, 0.8, 1.25) * slow, rng)
    pats = scatter(n, places, sizes(len(places), rng, 3.2, 7) + 0.08, bank, rng)
    dome = resonances(pats, (between(rng, 280, 420), 150, 0.2), (between(rng, 600, 900), 300, 0.3))
    around = shaped(
        white(n, rng), (80, -24), (300, -8), (1200, -1), (4000, 0), (9e3, -7), (17e3, -15)
    )
    x = limited(unit(pats + dome), 7)
    wet = {"light": 0.6, "moderate": 0.75, "heavy": 0.95}[strength] * between(rng, 0.8, 1.25)
    x += wet * unit(around) * slow
    drips = poisson(n, between(rng, 0.8, 3.0), rng)
    edge = bubbles(rng, 14, 700, 2600)
    x += 0.5 * scatter(n, drips, rng.uniform(0.2, 0.8, len(drips)), edge, rng)
    attributes = {"strength": strength, "surface": "umbrella"}
    return finish(limited(outdoors(x, rng), 7), seconds, rng, attributes)


def gale(seconds: float, rng: Rng) -> Synthesised:
    """A gale round a house: it roars, hisses past the eaves, howls in gaps and chimney, and
    rattles what is loose.

    The roar falls by some 6 dB an octave and brightens with the gusts' speed; howls are bands of
    noise, 150 to 900 Hz and a third of an octave wide, whose pitch follows it too.
    """
    n = frames(seconds)
    slow = np.clip(wander(n, between(rng, 0.25, 0.7), rng), -2, 2)
    nepers = between(rng, 0.2, 0.4) * slow + 0.1 * wander(n, 1.6, rng)
    gust = np.exp(nepers) * swell(n, between(rng, 4, 12), rng, between(rng, 0.1, 0.3))
    centre = np.clip(log_between(rng, 120, 450) * gust, 50, 4000)
    x = unit(sweeping(pink(n, rng), centre, between(rng, 1.4, 2.4))) * gust
    for _ in range(int(rng.integers(1, 4))):
        pitch = np.clip(log_between(rng, 150, 700) * np.exp(0.55 * nepers), 100, 2200)
        howl = sweeping(white(n, rng), pitch, between(rng, 0.2, 0.5))
        x += between(rng, 0.15, 0.6) * unit(howl * gust**2)
    hiss = shaped(white(n, rng), (500, -20), (1800, -2), (4000, 0), (9000, -5), (16e3, -14))
    x += log_between(rng, 0.06, 0.3) * unit(hiss * gust**1.3)
    if chance(rng, 0.5):
        x += between(rng, 0.3, 1.2) * _loose_parts(n, gust, rng)
    x = room(x, rng) if chance(rng, 0.3) else outdoors(x, rng)
    return finish(limited(x, 4.5), seconds, rng, {"strength": "heavy"})


def _loose_parts(n: int, gust: Signal, rng: Rng) -> Signal:
    """A shutter or gutter that knocks where the gusts are strongest."""
    loose = wood(rng, log_between(rng, 110, 300), 3500, 18, t60=0.08)
    bank = [loose.struck(5000, rng, 2500, vary=0.5) for _ in range(6)]
    rattling = np.maximum(gust / np.mean(gust) - 1.3, 0) * swell(n, 2, rng, 0.8)
    places = poisson(n, 10 * rattling + 1e-3, rng)
    knocks = scatter(n, places, rng.uniform(0.2, 1.0, len(places)), bank, rng)
    return knocks


def dry_leaves(seconds: float, rng: Rng) -> Synthesised:
    """Dry leaves in the wind: thousands rub at once, a rush of 2 to 8 kHz that swells with each
    gust and flutters, out of which single leaves tick; at times one scuttles over the ground.
    """
    n = frames(seconds)
    strength, (rate, low) = level(rng, light=(60, 0.5), moderate=(200, 0.85), heavy=(600, 1.2))
    gust = swell(n, between(rng, 0.4, 1.2), rng, between(rng, 0.45, 0.8))
    gust *= swell(n, between(rng, 1.2, 3.0), rng, between(rng, 0.15, 0.4))
    flutter = swell(n, log_between(rng, 6, 10), rng, between(rng, 0.2, 0.45))
    peak, below, above = log_between(rng, 2800, 6000), between(rng, 5, 10), between(rng, 6, 11)
    rub = shaped(
        white(n, rng),
        (peak / 16, -4 * below),
        (peak / 2, -below),
        (peak, 0),
        (2 * peak, -above),
        (3.5 * peak, -2 * above),
    )
    x = unit(rub * gust * flutter)
    bank = bursts(rng, 50, (1500, 8000), (0.003, 0.02), 2.0)
    places = poisson(n, rate * between(rng, 0.8, 1.25) * gust * flutter, rng)
    single = scatter(n, places, sizes(len(places), rng, 2.5, 8) + 0.05, bank, rng)
    x += between(rng, 0.08, 0.22) * unit(single)
    for _ in range(int(rng.poisson(0.25 * seconds))):
        k = frames(between(rng, 0.3, 1.0))
        hops = np.maximum(wander(k, between(rng, 6, 14), rng), 0)
        scrape = shaped(dust(3000 * hops + 1e-3, rng, 3.0), (400, -20), (2000, 0), (9000, -6))
        add_at(
            x, between(rng, 0, seconds), unit(scrape) * arch(k, 0.2, 0.4), between(rng, 0.2, 0.8)
        )
    x += low * between(rng, 0.6, 1.4) * unit(lowpass(brown(n, rng), between(rng, 150, 400)) * gust)
    return finish(limited(outdoors(x, rng), 6), seconds, rng, {"strength": strength})


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
