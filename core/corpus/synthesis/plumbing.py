"""Water in the house: a tap, a glass being filled, a shower, a toilet."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import contour, swell, wander
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
from core.corpus.synthesis.sources import pink, room_air, white
from core.corpus.synthesis.space import at_distance, draw_distance, reverb, room

SOUND_SPEED = 343.0
"""Metres a second."""


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
    count, low, high, q = (9, 110, 2400, 14.0) if steel else (5, 180, 1400, 4.0)
    return [
        (float(hz), float(hz) / q, between(rng, 0.3, 1.0)) for hz in spread(rng, low, high, count)
    ]


def tap(seconds: float, rng: Rng) -> Synthesised:
    """A jet hits the sink: splatter, entrained bubbles, the valve's hiss, the basin's drumming.

    A trickle is single bubbles of 400 to 3000 Hz; a full jet is noise from 200 Hz to 14 kHz.
    """
    n = frames(seconds)
    strength, flow = level(rng, light=0.08, moderate=0.4, heavy=1.0)
    turned_on = seconds > 1.8 and chance(rng, 0.25)
    turned_off = seconds > 2.5 and chance(rng, 0.25)
    on = between(rng, 0.05, 0.3) if turned_on else None
    off = seconds - between(rng, 0.5, 0.9) if turned_off else None
    gate = _ramp(n, on, off, between(rng, 0.15, 0.4))
    hand = swell(n, between(rng, 1, 3), rng, 0.3) if chance(rng, 0.35) else np.ones(n)
    jet = shaped(
        white(n, rng),
        (60, -30),
        (250, -10),
        (900, -2),
        (3000, 0),
        (7000, -4),
        (12e3, -9),
        (19e3, -18),
    )
    jet = unit(jet) * swell(n, 18, rng, 0.1 + 0.15 * (1 - flow))
    bank = bubbles(rng, 70, log_between(rng, 260, 500), 3400, 0.1)
    places = poisson(n, 60 + 900 * flow, rng)
    babble = limited(unit(scatter(n, places, sizes(len(places), rng, 1.5, 8), bank, rng)), 6)
    splats = bursts(rng, 40, (2000, 9000), (0.001, 0.006), 1.4)
    places = poisson(n, 150 + 900 * flow, rng)
    splatter = unit(scatter(n, places, sizes(len(places), rng, 1.5), splats, rng))
    x = (
        (0.1 + 1.1 * flow) * jet
        + between(rng, 0.5, 1.1) * babble
        + between(rng, 0.3, 0.7) * splatter
    )
    steel = chance(rng, 0.55)
    x = unit(x) + between(rng, 0.3, 0.8) * unit(resonances(x, *_basin(rng, steel)))
    valve = unit(bandpass(white(n, rng), log_between(rng, 1200, 2800), 6500, 1))
    x = (x * hand + between(rng, 0.03, 0.25) * flow * valve) * gate
    if chance(rng, 0.35):
        gurgle = bubbles(rng, 30, 120, 500, 0.3)
        places = poisson(n, 18 * np.clip(swell(n, 0.8, rng, 1.0) - 0.5, 0, 3), rng)
        x += (
            between(rng, 0.3, 0.9) * scatter(n, places, sizes(len(places), rng), gurgle, rng) * gate
        )
    if off is not None:
        x += _drips(n, rng, off + 0.12, between(rng, 0.1, 0.25))
    x = tiled(x, rng) if chance(rng, 0.4) else room(x, rng)
    x = x + 0.004 * room_air(n, rng)
    attributes = {"strength": strength, "surface": "steel" if steel else "porcelain"}
    return finish(limited(x, 6), seconds, rng, attributes)


def _column(filled: Signal, height: float) -> Signal:
    """Quarter-wave resonance in Hz of the air over the liquid in a vessel `height` metres high."""
    air = height * (1 - filled) + 0.02
    return SOUND_SPEED / (4 * air)


def _glugs(n: int, rng: Rng, start: float, stop: float) -> Signal:
    """How a bottle lets go: air gulps in 2.5 to 6 times a second, slower as it empties."""
    gain = np.full(n, 0.25)
    t, period = start, between(rng, 0.16, 0.4)
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
    start = between(rng, 0.05, min(0.35, 0.1 * seconds))
    stop = min(seconds - 0.2, start + between(rng, 1.8, 7.0) / flow**0.5)
    t = ticks(n)
    poured = np.clip((t - start) / (stop - start), 0, 1)
    gate = _ramp(n, start, stop, 0.09)
    glug = _glugs(n, rng, start, stop) if chance(rng, 0.45) else swell(n, 5, rng, 0.2)
    bank = bubbles(rng, 70, 420 / flow**0.3, 3200, 0.12)
    places = poisson(n, 320 * flow * gate * np.minimum(glug, 1.6), rng)
    babble = limited(scatter(n, places, sizes(len(places), rng, 1.5, 8), bank, rng), 7)
    jet = shaped(white(n, rng), (150, -24), (700, -6), (2500, 0), (7000, -6), (16e3, -18))
    stream = (unit(babble) + between(rng, 0.25, 0.6) * unit(jet) * glug) * gate
    resonance = _column(between(rng, 0.75, 0.95) * poured**0.9, between(rng, 0.09, 0.16))
    x = stream + between(rng, 1.6, 3.0) * (
        sweeping(stream, resonance, 0.3) + 0.5 * sweeping(stream, 3 * resonance, 0.25)
    )
    if chance(rng, 0.35):
        neck = resonances(stream * glug, (log_between(rng, 130, 320), 40, 1.0), (480, 70, 0.4))
        x += between(rng, 0.5, 1.2) * matched(neck, x)
    if chance(rng, 0.35):
        tail = np.where(
            t < stop, poured, np.exp(-np.clip(t - stop, 0, None) / between(rng, 0.7, 2.5))
        )
        fizz = bursts(rng, 40, (4000, 14_000), (0.0006, 0.003), 1.0)
        places = poisson(n, 1500 * tail, rng)
        fizzing = scatter(n, places, sizes(len(places), rng, 1.6), fizz, rng)
        x += between(rng, 0.3, 0.7) * matched(fizzing, x)
    x += (
        0.5
        * float(np.max(np.abs(x)))
        * _drips(n, rng, stop + 0.06, 0.12, 4)
        * between(rng, 0.1, 0.4)
    )
    if chance(rng, 0.3):
        glass = pane(rng, log_between(rng, 1400, 2800), 12_000, 0.25)
        add_at(
            x,
            max(0.0, start - 0.05),
            glass.struck(frames(0.3), rng),
            0.4 * float(np.max(np.abs(x))),
        )
    x = room(peaked(x), rng) + 0.002 * room_air(n, rng)
    return finish(limited(x, 8), seconds, rng, {"strength": strength}, fade_out=0.15)


def shower(seconds: float, rng: Rng) -> Synthesised:
    """Scores of thin jets on a tray, tiles and a body: bright, dense, in a hard small room."""
    n = frames(seconds)
    strength, flow = level(rng, light=0.4, moderate=1.0, heavy=2.2)
    spray = shaped(
        white(n, rng),
        (100, -30),
        (400, -16),
        (1500, -5),
        (4500, 0),
        (9000, -2),
        (14e3, -7),
        (19e3, -15),
    )
    moved = swell(n, between(rng, 0.6, 1.6), rng, between(rng, 0.05, 0.35))
    drops = bursts(rng, 50, (1200, 9000), (0.001, 0.008), 1.6)
    places = poisson(n, 900 * flow**0.5, rng)
    patter = scatter(n, places, sizes(len(places), rng, 1.5), drops, rng)
    bank = bubbles(rng, 50, 400, 2600, 0.1)
    places = poisson(n, 160 * flow, rng)
    puddle = scatter(n, places, sizes(len(places), rng, 1.8, 6), bank, rng)
    x = unit(spray) * moved + between(rng, 0.35, 0.8) * unit(patter) / flow**0.3
    x += between(rng, 0.1, 0.35) * unit(puddle)
    tray = [(float(hz), float(hz) / 5, between(rng, 0.3, 1.0)) for hz in spread(rng, 90, 900, 5)]
    x += between(rng, 0.15, 0.5) * unit(resonances(x, *tray)) * moved
    pipe = unit(bandpass(white(n, rng), 600, log_between(rng, 1800, 4000), 1))
    x += between(rng, 0.02, 0.2) * pipe
    if chance(rng, 0.4):
        slaps = bursts(rng, 12, (250, 1200), (0.02, 0.09), 1.5)
        places = poisson(n, 1.5, rng)
        x += between(rng, 2, 5) * scatter(n, places, rng.uniform(0.3, 1, len(places)), slaps, rng)
    if seconds > 2.5 and chance(rng, 0.2):
        on, off = (0.1, None) if chance(rng, 0.5) else (None, seconds - 0.9)
        x = x * _ramp(n, on, off, 0.35)
        if off is not None:
            x += 3 * _drips(n, rng, off + 0.1, 0.08)
    distance = draw_distance(rng, 0.2)
    x = tiled(x, rng)
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


def _rushing(n: int, at: float, length: float) -> Signal:
    """Flow into the bowl, from `at` for `length`, both in fractions of the clip."""
    full, failing, over = at + 0.12 * length, at + 0.7 * length, at + 1.15 * length
    return contour(n, (0, 0), (at, 0), (full, 1), (failing, 0.75), (over, 0.04), (1, 0))


def toilet_flush(seconds: float, rng: Rng) -> Synthesised:
    """Lever, the rush into the bowl, the siphon's gulps as it empties, the cistern that fills.

    The rush is a roar of 100 Hz to 5 kHz that lasts 2 to 5 s; the gulps are of 60 to 400 Hz; the
    filling valve hisses at 1.5 to 8 kHz.
    """
    n = frames(seconds)
    strength, force = level(rng, light=0.6, moderate=1.0, heavy=1.6)
    t = ticks(n)
    at = between(rng, 0.15, min(0.5, 0.2 * seconds))
    rush = min(between(rng, 2.2, 4.5), 0.6 * seconds)
    swirl = _rushing(n, at / seconds, rush / seconds)
    centre = 700 * force**0.3 * (0.8 + 0.5 * swirl) * 2 ** (0.25 * wander(n, 2.5, rng))
    water = 0.6 * unit(sweeping(white(n, rng), centre, 3.2)) + 0.5 * unit(
        shaped(pink(n, rng), (60, -8), (200, 0), (900, 0), (3500, -5), (9000, -14), (18e3, -28))
    )
    water *= swell(n, 6, rng, 0.2)
    bank = bubbles(rng, 60, 160, 1600, 0.15)
    places = poisson(n, 260 * force * swirl, rng)
    x = water * swirl + 0.6 * unit(scatter(n, places, sizes(len(places), rng, 1.7, 8), bank, rng))
    bowl = [(float(hz), float(hz) / 5, between(rng, 0.4, 1.0)) for hz in spread(rng, 150, 900, 4)]
    x += between(rng, 0.5, 1.0) * unit(resonances(x, *bowl)) * 0.8
    gulp = np.exp(-(((t - at - rush) / between(rng, 0.5, 0.9)) ** 2))
    places = poisson(n, 34 * gulp, rng)
    gulps = scatter(
        n, places, rng.uniform(0.3, 1, len(places)), bubbles(rng, 30, 65, 420, 0.5), rng
    )
    x += between(rng, 0.8, 1.8) * gulps
    suck = (
        unit(bandpass(white(n, rng), 250, 1400, 1)) * gulp * np.clip(1.2 * wander(n, 9, rng), 0, 2)
    )
    x += between(rng, 0.2, 0.6) * suck
    fill = unit(shaped(white(n, rng), (300, -30), (1200, -8), (3500, 0), (8000, -5), (16e3, -18)))
    filling = 1 - np.exp(-np.clip(t - at - 0.4 * rush, 0, None) / 0.8)
    x += between(rng, 0.06, 0.25) * fill * filling * swell(n, 2, rng, 0.08)
    add_at(x, max(0.0, at - 0.12), _handle(rng), between(rng, 0.8, 2.0))
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
