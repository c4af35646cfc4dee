"""Heavy vehicles: a bus that stops and goes on, a lorry."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, contour, swell, wander
from core.corpus.synthesis.filters import bandpass, shaped
from core.corpus.synthesis.grains import add_at
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import metal
from core.corpus.synthesis.roads import Drive, drive_past, piston_engine, town, tyres
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
from core.corpus.synthesis.sources import harmonics, pink, white
from core.corpus.synthesis.space import outdoors

_IDLE = 11.0
"""Turns a second of a large diesel that idles."""


def air_release(rng: Rng, t60: float) -> Signal:
    """Compressed air let out of a brake or a door: a burst of hiss that chokes off.

    It leaves the valve faster than sound: noise from 1 to 12 kHz. Of unit peak.
    """
    n = frames(1.6 * t60)
    hiss = shaped(
        white(n, rng), (300, -20), (1200, -4), (3000, 0), (7000, -2), (12_000, -8), (19_000, -20)
    )
    t = ticks(n)
    spent = np.minimum(1, t / 0.006) * (np.exp(-t * 5 / t60) + 0.3 * np.exp(-t * 2 / t60))
    return peaked(hiss * spent * arch(n, 0.005, 0.3))


def _brake_squeal(rng: Rng) -> Signal:
    """A disc that sings against its pads as it slows: tones of 1.4 to 3 kHz that waver."""
    n = frames(between(rng, 0.5, 1.2))
    hz = log_between(rng, 1400, 2900) * (1 + 0.01 * wander(n, 2.5, rng))
    x = harmonics(hz, [1, between(rng, 0.1, 0.4), between(rng, 0.05, 0.2)], rng)
    return unit(x * np.clip(swell(n, 6, rng, 0.4), 0, 3)) * arch(n, 0.3, 0.15)


def _air_horn(rng: Rng) -> Signal:
    """Two trumpets on the roof, a third apart, 220 to 330 Hz the lower."""
    n = frames(between(rng, 0.5, 1.4))
    low = log_between(rng, 220, 330)
    x = np.zeros(n)
    for hz in (low, low * between(rng, 1.18, 1.27)):
        rise = contour(n, (0, 0.93), (0.08, 1.0), (1, 0.99)) * (1 + 0.002 * wander(n, 12, rng))
        x += harmonics(hz * rise, np.arange(1.0, 20) ** -between(rng, 0.4, 0.8), rng)
    return unit(x) * arch(n, 0.05, 0.08)


def _diesel(crank: Signal, load: Signal, rng: Rng, fan: float = 0.3) -> Signal:
    """Six cylinders under a floor or a cab, and the `fan` that they drive."""
    n = len(crank)
    x = piston_engine(crank, load, 6, rng, between(rng, 1.3, 1.8), between(rng, 0.3, 0.6), 0.0)
    air = shaped(pink(n, rng), (80, -6), (300, 0), (900, -2), (3000, -12), (12_000, -34))
    return x + fan * between(rng, 0.7, 1.3) * unit(air) * (0.5 + 0.5 * load)


def _gears(n: int, first: float, last: float, shifts: int, rng: Rng) -> tuple[Signal, Signal]:
    """Crank (turns a second) and load of a vehicle that speeds up, with so many shifts."""
    points, loads = [(0.0, first)], [(0.0, 0.4)]
    step = 1.0 / (shifts + 1)
    for index in range(shifts):
        at = (index + 1) * step * between(rng, 0.92, 1.05)
        points += [(at - 0.04, last), (at + 0.02, 0.68 * last)]
        loads += [(at - 0.05, 1.0), (at - 0.02, 0.1), (at + 0.03, 0.9)]
    points.append((1.0, last * between(rng, 0.8, 1.0)))
    loads.append((1.0, 1.0))
    return contour(n, *points), contour(n, *loads)


def bus(seconds: float, rng: Rng) -> Synthesised:
    """A city bus pulls in, stands or pulls away: a diesel, air for brakes and doors, a squeal.

    It idles at 650 turns a minute and shifts at 1900; doors take two breaths of air.
    """
    n = frames(seconds)
    scene = str(rng.choice(["arrives", "leaves", "leaves", "drives"]))
    tempo = {"arrives": "slow", "leaves": "steady", "drives": "fast"}[scene]
    if scene == "arrives":
        stop = between(rng, 0.5, 0.65)
        crank = contour(n, (0, between(rng, 22, 28)), (stop, _IDLE * 1.15), (1, _IDLE))
        load = contour(n, (0, 0.3), (stop, 0.15), (1, 0.2))
        speed = contour(n, (0, 1.0), (stop, 0.02), (1, 0.0))
    elif scene == "leaves":
        stop = between(rng, 0.1, 0.25)
        crank, load = _gears(n, _IDLE, 31, 1 if seconds < 7 else 2, rng)
        speed = contour(n, (0, 0), (stop, 0.02), (1, 0.9))
    else:
        stop = 0.0
        crank, load = _gears(n, between(rng, 20, 24), 30, 1, rng)
        speed = contour(n, (0, 0.7), (1, 1.0))
    crank = crank * (1 + 0.008 * wander(n, 1.5, rng))
    rolled = tyres(n, 14, rng) * speed**1.3
    x = between(rng, 0.8, 1.3) * _diesel(crank, load, rng, 0.45) + between(rng, 0.9, 1.4) * rolled
    near = contour(
        n, (0, 0.45 + 0.5 * (scene == "leaves")), (0.5, 1), (1, 1 - 0.4 * (scene != "arrives"))
    )
    x = unit(x * near)
    if scene == "arrives":
        add_at(x, seconds * (stop - 0.25), _brake_squeal(rng), between(rng, 0.2, 0.6))
    if scene != "drives":
        at = seconds * stop + between(rng, 0.0, 0.2)
        for late in (0.0, between(rng, 0.5, 0.9)):
            if at + late < seconds - 0.4:
                add_at(x, at + late, air_release(rng, between(rng, 0.4, 0.9)), between(rng, 1.5, 3))
    body = metal(rng, 90, 2500, 18, t60=0.08)
    rattle = bandpass(white(n, rng), 60, 400, 1) * speed
    x += 0.15 * unit(rattle)
    add_at(x, between(rng, 0.2, 0.8) * seconds, body.struck(frames(0.2), rng, 1200), 0.6)
    x = outdoors(x, rng) + between(rng, 0.2, 0.4) * town(n, rng)
    return finish(limited(x, 4.5), seconds, rng, {"tempo": tempo}, fade_out=0.25)


def lorry(seconds: float, rng: Rng) -> Synthesised:
    """A lorry drives past, or pulls away after its brakes have let go their air; some sound a horn.

    Ten or more tyres and a diesel of 1100 to 1700 turns a minute; the load rattles.
    """
    n = frames(seconds)
    tempo, metres = level(rng, slow=7.0, steady=13.0, fast=21.0)
    metres *= between(rng, 0.9, 1.1)
    if tempo == "slow":
        crank, load = _gears(n, 14, 29, 1 if seconds < 7 else 2, rng)
    else:
        crank = between(rng, 19, 27) * contour(n, (0, 0.97), (1, 1.03))
        load = np.full(n, between(rng, 0.7, 1.0))
    crank = crank * (1 + 0.006 * wander(n, 1.2, rng))
    x = tyres(n, metres, rng) + between(rng, 1.2, 2.2) * _diesel(crank, load, rng)
    x += 0.3 * unit(bandpass(white(n, rng), 50, 220, 1)) * swell(n, 3, rng, 0.4)
    if tempo != "slow":
        drive = Drive(metres, log_between(rng, 6, 10), seconds * between(rng, 0.35, 0.6))
        x = drive_past(x, drive)
    x = unit(x)
    if tempo == "slow" or chance(rng, 0.8):
        for _ in range(2):
            at = between(rng, 0.05, 0.7) * seconds
            add_at(x, at, air_release(rng, between(rng, 0.7, 1.4)), between(rng, 2.5, 4.5))
    if chance(rng, 0.5):
        add_at(x, between(rng, 0.1, 0.5) * seconds, _air_horn(rng), between(rng, 1.0, 2.0))
    x = outdoors(x, rng) + between(rng, 0.06, 0.15) * town(n, rng)
    return finish(limited(x, 4.5), seconds, rng, {"tempo": tempo}, fade_out=0.25)


HEAVY_VEHICLES: dict[str, Recipe] = {"bus": bus, "lorry": lorry}
"""By the name of the kind."""
