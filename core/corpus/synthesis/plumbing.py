"""Water in the house: a tap, a glass being filled, a shower, a toilet."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import swell
from core.corpus.synthesis.filters import bandpass, lowpass, resonances, shaped, sweeping
from core.corpus.synthesis.grains import (
    add_at,
    bubble,
    bubbles,
    burst,
    bursts,
    poisson,
    scatter,
    sizes,
)
from core.corpus.synthesis.levels import limited, matched, peaked, unit
from core.corpus.synthesis.modes import metal, pane, wood
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
from core.corpus.synthesis.sources import room_air, white
from core.corpus.synthesis.space import SPEED_OF_SOUND, at_distance, draw_distance, reverb, room


def tiled(x: Signal, rng: Rng) -> Signal:
    """A bathroom: small, hard and bright."""
    return reverb(x, rng, between(rng, 0.4, 1.1), between(rng, 0.25, 0.6), 7000)


def _ramp(n: int, on: float | None, off: float | None, each: float) -> Signal:
    """Flow, 0 to 1, of a valve that is opened or closed within `each` seconds."""
    t = ticks(n)
    flow = np.ones(n)
    if on is not None:
        flow *= np.clip((t - on) / each, 0, 1) ** 2
    if off is not None:
        flow *= np.clip((off - t) / each + 1, 0, 1) ** 2
    return flow


def _drips(n: int, rng: Rng, start: float, spacing: float, most: int = 12) -> Signal:
    """Last drops, further and further apart: each a plink of a bubble under a tick."""
    x = np.zeros(n)
    hz = log_between(rng, 700, 2200)
    t = start
    for _ in range(most):
        if t > n / frames(1.0) - 0.1:
            break
        add_at(x, t, burst(rng, 1500, 9000, 0.004), 0.4)
        add_at(x, t + between(rng, 0.008, 0.02), bubble(rng, hz * between(rng, 0.85, 1.2), 0.2))
        t += spacing * between(rng, 0.8, 1.3)
        spacing *= 1.25
    return x


def _basin(rng: Rng, steel: bool) -> list[tuple[float, float, float]]:
    """Resonances of a sink: thin steel drums, a stone or china one hardly sounds."""
    count, low, high, q = (9, 250, 4500, 12.0) if steel else (7, 250, 3500, 7.0)
    return [
        (float(hz), float(hz) / q, between(rng, 0.3, 1.0)) for hz in spread(rng, low, high, count)
    ]


def tap(seconds: float, rng: Rng) -> Synthesised:
    """A jet hits the sink: splatter, entrained bubbles, the valve's hiss, the basin's drumming.

    A trickle is single bubbles of 400 to 5000 Hz; a full jet is noise from 200 Hz to 14 kHz. Both
    are heard in a kitchen or bathroom, whose walls give back nearly as much as comes straight.
    """
    n = frames(seconds)
    strength, flow = level(rng, light=0.08, moderate=0.4, heavy=1.0)
    turned_on = seconds > 1.8 and chance(rng, 0.25)
    turned_off = seconds > 2.5 and chance(rng, 0.25)
    on = between(rng, 0.05, 0.3) if turned_on else None
    off = seconds - between(rng, 0.5, 0.9) if turned_off else None
    gate = _ramp(n, on, off, between(rng, 0.15, 0.4))
    hand = swell(n, between(rng, 1, 3), rng, 0.3) if chance(rng, 0.35) else np.ones(n)
    steel = chance(rng, 0.55)
    x = _running(n, flow, rng) * hand
    x = unit(x) + between(rng, 0.35, 0.9) * unit(resonances(x, *_basin(rng, steel)))
    valve = unit(bandpass(white(n, rng), log_between(rng, 1200, 2800), 6500, 1))
    x = (x + between(rng, 0.02, 0.12) * flow * valve) * gate
    if off is not None:
        x += _drips(n, rng, off + 0.12, between(rng, 0.1, 0.25))
    x = reverb(x, rng, between(rng, 0.2, 0.5), between(rng, 0.4, 0.6), 6000)
    x = x + 0.01 * room_air(n, rng)
    attributes = {"strength": strength, "surface": "steel" if steel else "porcelain"}
    return finish(limited(x, 6), seconds, rng, attributes)


def _running(n: int, flow: float, rng: Rng) -> Signal:
    """A jet of `flow`, 0 to 1, into the water on the bottom: bubbles over noise, and splatter."""
    jet = shaped(
        white(n, rng), (40, -20), (150, -8), (700, 0), (3000, -4), (8000, -12), (18e3, -24)
    )
    jet = unit(jet) * swell(n, between(rng, 1, 3), rng, between(rng, 0.08, 0.3))
    bank = bubbles(rng, 60, log_between(rng, 330, 900), 5000, 0.1)
    places = poisson(n, 15 + 130 * flow, rng)
    gains = sizes(len(places), rng, 2.2, 8) + 0.03
    babble = limited(unit(scatter(n, places, gains, bank, rng)), 7)
    splats = bursts(rng, 40, (2500, 9000), (0.0015, 0.006), 1.4)
    places = poisson(n, 300 + 900 * flow, rng)
    splatter = unit(scatter(n, places, sizes(len(places), rng, 2.5, 8) + 0.05, splats, rng))
    return babble + (0.22 + 0.25 * flow) * jet + between(rng, 0.15, 0.28) * splatter


def _column(filled: Signal, height: float) -> Signal:
    """Quarter-wave resonance in Hz of the air over the liquid in a vessel `height` metres high."""
    air = height * (1 - filled) + 0.02
    return SPEED_OF_SOUND / (4 * air)


def _glugs(n: int, rng: Rng, start: float, stop: float) -> Signal:
    """How a bottle lets go: air gulps in 2.5 to 6 times a second, slower as it empties."""
    gain = np.full(n, 0.5)
    t, period = start, between(rng, 0.2, 0.45)
    while t < stop:
        width = 0.3 * period
        gain += np.exp(-(((ticks(n) - t) / width) ** 2))
        t += period * between(rng, 0.85, 1.15)
        period *= 1.02
    return gain


def pouring(seconds: float, rng: Rng) -> Synthesised:
    """A drink into a glass: bubbles and splashing, through air that resonates higher as it fills.

    The column's quarter wave climbs from 500 to 900 Hz to beyond 2 kHz; bottles glug, fizzy drinks
    hiss on.
    """
    n = frames(seconds)
    strength, flow = level(rng, light=0.35, moderate=0.7, heavy=1.2)
    start = between(rng, 0.02, min(0.25, 0.1 * seconds))
    stop = seconds - between(rng, 0.15, 0.12 * seconds + 0.15)
    t = ticks(n)
    poured = np.clip((t - start) / (stop - start), 0, 1)
    gate = _ramp(n, start, stop, 0.09)
    glug = _glugs(n, rng, start, stop) if chance(rng, 0.2) else swell(n, 1.4, rng, 0.35)
    bank = bubbles(rng, 70, log_between(rng, 500, 800) / flow**0.2, 3500, 0.15)
    places = poisson(n, 210 * flow**0.6 * gate * np.minimum(glug, 1.6), rng)
    babble = limited(scatter(n, places, sizes(len(places), rng, 2.6, 8) + 0.03, bank, rng), 7)
    jet = shaped(white(n, rng), (40, -20), (150, -8), (700, 0), (3000, -4), (8e3, -12), (18e3, -24))
    stream = (unit(babble) + between(rng, 0.22, 0.4) * unit(jet) * glug) * gate
    resonance = _column(between(rng, 0.7, 0.95) * poured**0.9, between(rng, 0.075, 0.095))
    column = sweeping(stream, resonance, 0.2) + 0.5 * sweeping(stream, 3 * resonance, 0.2)
    x = unit(stream) + between(rng, 0.5, 1.1) * unit(column)
    if chance(rng, 0.15):
        neck = resonances(stream * glug, (log_between(rng, 130, 320), 40, 1.0), (480, 70, 0.4))
        x += between(rng, 0.2, 0.6) * matched(neck, x)
    if chance(rng, 0.35):
        x += between(rng, 0.3, 0.7) * matched(_fizz(n, poured, stop, rng), x)
    loudest = float(np.max(np.abs(x)))
    x += loudest * between(rng, 0.05, 0.2) * _drips(n, rng, stop + 0.06, 0.12, 4)
    if chance(rng, 0.3):
        glass = pane(rng, log_between(rng, 1400, 2800), 12_000, 0.25)
        add_at(x, max(0.0, start - 0.05), glass.struck(frames(0.3), rng), 0.4 * loudest)
    x = room(peaked(x), rng)
    x = peaked(x) + between(rng, 0.002, 0.008) * room_air(n, rng)
    return finish(limited(x, 8), seconds, rng, {"strength": strength}, fade_out=0.15)


def _fizz(n: int, poured: Signal, stop: float, rng: Rng) -> Signal:
    """Bubbles of gas that burst, more of them as the glass fills, and die away after `stop`."""
    late = np.clip(ticks(n) - stop, 0, None)
    tail = np.where(late > 0, np.exp(-late / between(rng, 0.7, 2.5)), poured)
    bank = bursts(rng, 40, (4000, 14_000), (0.0006, 0.003), 1.0)
    places = poisson(n, 1500 * tail, rng)
    return scatter(n, places, sizes(len(places), rng, 1.6), bank, rng)


def shower(seconds: float, rng: Rng) -> Synthesised:
    """Scores of thin jets on a tray, tiles and a body: bright, dense, in a hard small room.

    The spray is a band of 1.5 to 12 kHz, the drops' own rush; the tray drums below 900 Hz.
    """
    n = frames(seconds)
    strength, flow = level(rng, light=0.4, moderate=1.0, heavy=2.2)
    peak, below, above = log_between(rng, 3500, 6200), between(rng, 7, 11), between(rng, 5, 9)
    spray = shaped(
        white(n, rng),
        (peak / 16, -3.2 * below),
        (peak / 2, -below),
        (peak, 0),
        (2 * peak, -above),
        (3.5 * peak, -2 * above),
    )
    moved = swell(n, between(rng, 0.6, 1.6), rng, between(rng, 0.05, 0.25))
    moved *= swell(n, between(rng, 6, 10), rng, between(rng, 0.04, 0.15))
    drops = bursts(rng, 50, (1200, 8000), (0.002, 0.012), 1.6)
    places = poisson(n, 500 * flow**0.5, rng)
    patter = scatter(n, places, sizes(len(places), rng, 2.5, 8) + 0.05, drops, rng)
    x = unit(spray * moved) + between(rng, 0.06, 0.16) * unit(patter) / flow**0.3
    bank = bubbles(rng, 50, 400, 2600, 0.1)
    places = poisson(n, 160 * flow, rng)
    puddle = scatter(n, places, sizes(len(places), rng, 2.2, 6), bank, rng)
    x += between(rng, 0.015, 0.05) * unit(puddle)
    tray = [(float(hz), float(hz) / 5, between(rng, 0.3, 1.0)) for hz in spread(rng, 90, 900, 5)]
    x += between(rng, 0.02, 0.07) * flow**0.3 * unit(resonances(white(n, rng), *tray)) * moved
    if chance(rng, 0.3):
        slaps = bursts(rng, 12, (250, 1200), (0.02, 0.09), 1.5)
        places = poisson(n, 1.2, rng)
        x += between(rng, 1, 3) * scatter(n, places, rng.uniform(0.3, 1, len(places)), slaps, rng)
    if seconds > 2.5 and chance(rng, 0.2):
        on, off = (0.1, None) if chance(rng, 0.5) else (None, seconds - 0.9)
        x = x * _ramp(n, on, off, 0.35)
        if off is not None:
            x += 3 * _drips(n, rng, off + 0.1, 0.08)
    distance = draw_distance(rng, 0.2)
    x = reverb(x, rng, between(rng, 0.25, 0.6), between(rng, 0.08, 0.25), 7000)
    if distance == "distant":
        x = lowpass(at_distance(x, distance, rng), between(rng, 900, 2500), 1)
    attributes = {"strength": strength, "distance": distance}
    return finish(limited(x, 5), seconds, rng, attributes)


def _handle(rng: Rng) -> Signal:
    """A lever or button of the cistern, and the flap behind it."""
    m = frames(0.4)
    x = np.zeros(m)
    lever = metal(rng, log_between(rng, 900, 2200), 8000, 14, t60=0.06)
    cistern = wood(rng, between(rng, 140, 320), 2500, 14, t60=0.15)
    add_at(x, 0.0, lever.struck(m, rng, 5000), between(rng, 0.3, 0.8))
    add_at(x, between(rng, 0.04, 0.15), cistern.struck(m, rng, 1500), between(rng, 0.5, 1.0))
    return peaked(x)


def toilet_flush(seconds: float, rng: Rng) -> Synthesised:
    """Lever, the rush into the bowl, the siphon's gulps as it empties, the cistern that fills.

    The rush is a roar of 100 Hz to 6 kHz that lasts 2 to 5 s, coloured by the bowl; the gulps are
    of 60 to 400 Hz; the filling valve hisses at 1.5 to 8 kHz.
    """
    n = frames(seconds)
    strength, force = level(rng, light=0.6, moderate=1.0, heavy=1.6)
    t = ticks(n)
    at = between(rng, 0.05, min(0.35, 0.1 * seconds))
    rush = min(between(rng, 2.4, 5.0), 0.72 * seconds)
    swirl = np.clip((t - at) / between(rng, 0.1, 0.3), 0, 1)
    swirl *= 1 / (1 + np.exp((t - at - rush) / between(rng, 0.1, 0.25)))
    water = shaped(
        white(n, rng), (60, -24), (250, -6), (800, 0), (2500, -1), (6000, -7), (16e3, -22)
    )
    bank = bubbles(rng, 60, log_between(rng, 160, 350), 3000, 0.15)
    places = poisson(n, 330 * force * swirl + 1e-3, rng)
    babble = scatter(n, places, sizes(len(places), rng, 2.0, 8), bank, rng)
    x = unit(water) * swell(n, 3, rng, 0.12) * swirl + between(rng, 0.5, 0.9) * unit(babble)
    bowl = [(float(hz), float(hz) / 13, between(rng, 0.3, 1)) for hz in spread(rng, 110, 2400, 9)]
    x = unit(x) + between(rng, 0.4, 0.9) * unit(resonances(x, *bowl))
    gulp = np.exp(-(((t - at - rush) / between(rng, 0.4, 0.7)) ** 2))
    places = poisson(n, 34 * gulp, rng)
    low = bubbles(rng, 30, 65, 420, 0.5)
    x += between(rng, 0.8, 1.6) * scatter(n, places, rng.uniform(0.3, 1, len(places)), low, rng)
    fill = unit(shaped(white(n, rng), (300, -24), (1200, -6), (3500, 0), (8000, -5), (16e3, -18)))
    filling = 1 - np.exp(-np.clip(t - at - 0.3 * rush, 0, None) / 0.8)
    x += between(rng, 0.1, 0.3) * fill * filling * swell(n, 2, rng, 0.08)
    add_at(x, max(0.0, at - 0.1), _handle(rng), between(rng, 0.8, 2.0))
    distance = draw_distance(rng, 0.2)
    x = tiled(x, rng)
    if distance == "distant":
        x = lowpass(at_distance(x, distance, rng), between(rng, 700, 2000), 1)
    attributes = {"strength": strength, "distance": distance}
    return finish(limited(x, 6), seconds, rng, attributes, fade_out=0.3)


PLUMBING: dict[str, Recipe] = {
    "tap": tap,
    "pouring": pouring,
    "shower": shower,
    "toilet_flush": toilet_flush,
}
