"""Blows on a floor or table: something that falls, fingers that tap, steps on metal."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import beats, contour, strike, swell
from core.corpus.synthesis.filters import bandpass, lowpass
from core.corpus.synthesis.games import bounces
from core.corpus.synthesis.grains import add_at, burst, bursts, poisson, scatter, sizes
from core.corpus.synthesis.levels import limited, peaked
from core.corpus.synthesis.modes import Modes, metal, wood
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    chance,
    frames,
    level,
    log_between,
)
from core.corpus.synthesis.sources import sine, white
from core.corpus.synthesis.space import at_distance, draw_distance, hall, reverb, room

_QUIET = (-58.0, -44.0)
"""Noise floor, dB of the peak, of a room."""


def _floor(rng: Rng, surface: str) -> Modes:
    """Boards sound for a fifth of a second; stone, concrete and tiles hardly at all."""
    if surface == "wood":
        return wood(rng, between(rng, 60, 105), 1400, 16, t60=between(rng, 0.14, 0.26))
    low = {"stone": 130.0, "concrete": 110.0, "tiles": 260.0}[surface]
    return wood(rng, low * between(rng, 0.85, 1.2), 3200, 12, t60=0.05)


def _thump(rng: Rng, hz: float, t60: float) -> Signal:
    n = frames(2 * t60)
    return sine(hz * contour(n, (0, 1.5), (0.2, 1.0), (1, 0.85))) * strike(n, 0.004, t60)


Thing = Callable[[Rng, float], tuple[list[Signal], tuple[float, float]]]
"""Blows of a thing of a size (1 is usual), and lowest and highest speed that a bounce keeps."""


def _plank(rng: Rng, size: float) -> tuple[list[Signal], tuple[float, float]]:
    body = wood(rng, between(rng, 170, 290) / size, 4200, 20, t60=between(rng, 0.1, 0.2))
    return [body.struck(frames(0.5), rng, 4000, 0.7) for _ in range(5)], (0.3, 0.5)


def _box(rng: Rng, size: float) -> tuple[list[Signal], tuple[float, float]]:
    """Cardboard: a dull slap of its walls, and what is in it shifts."""
    inside = wood(rng, 500 / size, 5000, 14, t60=0.05)
    blows = []
    for _ in range(4):
        m = frames(0.4)
        walls = bandpass(white(m, rng), 90 / size, 900 / size, 1) * strike(
            m, 0.003, 0.11 * size**0.3
        )
        x = peaked(walls)
        for late in rng.uniform(0.005, 0.12, int(rng.integers(1, 6))):
            shift = inside.struck(frames(0.1), rng, 4000, 0.8)
            add_at(x, float(late), shift, between(rng, 0.03, 0.2))
        blows.append(peaked(x))
    return blows, (0.1, 0.25)


def _pan(rng: Rng, size: float) -> tuple[list[Signal], tuple[float, float]]:
    """Steel or aluminium that rings for half a second or more, and rocks on its rim."""
    body = metal(rng, log_between(rng, 380, 620) / size, 9000, 34, t60=between(rng, 0.4, 1.3))
    return [body.struck(frames(1.2), rng, 12_000, 0.7) for _ in range(5)], (0.45, 0.62)


def _book(rng: Rng, size: float) -> tuple[list[Signal], tuple[float, float]]:
    """A flat slap: the air is pressed out below, the pages flop."""
    blows = []
    for index in range(3):
        m = frames(0.3)
        slap = lowpass(white(m, rng), 2600 / size, 1) * strike(m, 0.0015, between(rng, 0.03, 0.06))
        air = bandpass(white(m, rng), 80 / size, 450, 1) * strike(m, 0.004, 0.09)
        pages = bandpass(white(m, rng), 1200, 6000, 1) * strike(m, 0.02, 0.1)
        x = peaked(slap) + between(rng, 0.5, 1.0) * peaked(air) + 0.06 * peaked(pages)
        blows.append(peaked(x) * (0.4 if index else 1.0))
    return blows, (0.05, 0.2)


_THINGS: tuple[Thing, ...] = (_plank, _box, _pan, _book)


def object_dropped(seconds: float, rng: Rng) -> Synthesised:
    """A plank, a box, a pan or a book falls from 0.3 to 1.2 m, bounces as it can and lies still.

    *strength* is its size: a large one sounds lower and shakes the floor more.
    """
    n = frames(seconds)
    strength, size = level(rng, light=0.6, moderate=1.0, heavy=1.8)
    surface = str(rng.choice(["wood", "wood", "stone", "concrete", "tiles"]))
    floor = _floor(rng, surface)
    blows, (least, most) = _THINGS[int(rng.integers(len(_THINGS)))](
        rng, size * between(rng, 0.9, 1.12)
    )
    x = np.zeros(n)
    start = between(rng, 0.04, 0.25)
    height = between(rng, 0.3, 1.2)
    for index, (t, speed) in enumerate(bounces(height, between(rng, least, most), seconds)[:14]):
        when = start + max(0.0, t + 0.012 * rng.standard_normal()) if index else start
        add_at(x, when, blows[int(rng.integers(len(blows)))], speed)
        add_at(x, when, floor.struck(frames(0.4), rng, 500 + 900 / size), 0.5 * speed * size**0.4)
        if index == 0:
            low = between(rng, 62, 90) / size**0.3
            add_at(x, when, _thump(rng, low, 0.16), 0.35 * size)
            add_at(x, when, burst(rng, 900, 6000 / size, 0.008), between(rng, 0.1, 0.4))
        if index > 0 and speed < 0.06:
            break
    x = hall(x, rng) if chance(rng, 0.25) else room(x, rng)
    attributes = {"strength": strength, "surface": surface, "count": "single"}
    return finish(limited(x, 14), seconds, rng, attributes, _QUIET, fade_out=0.15)


def _top(rng: Rng, surface: str) -> Modes:
    """What is tapped on, by the attribute *surface*."""
    if surface == "wood":
        return wood(rng, between(rng, 170, 380), 4500, 18, t60=between(rng, 0.04, 0.1))
    if surface == "glass":
        return metal(rng, log_between(rng, 900, 1700), 11_000, 16, t60=between(rng, 0.06, 0.2))
    if surface == "metal":
        return metal(rng, log_between(rng, 350, 800), 9000, 24, t60=between(rng, 0.1, 0.4))
    return wood(rng, between(rng, 600, 1100), 8000, 14, t60=0.02)


def _tap(rng: Rng, top: Modes, hard: float) -> Signal:
    """One tap of a finger, a pencil or a stick; the harder the tip, the brighter."""
    m = frames(0.25)
    x = top.struck(m, rng, 900 + 9000 * hard, 0.35)
    skin = lowpass(white(m, rng), 700, 2) * strike(m, 0.002, 0.025)
    add_at(x, 0, peaked(skin), between(rng, 0.3, 0.8) * (1 - hard))
    add_at(x, 0, burst(rng, 1800, 11_000, 0.003), between(rng, 0.1, 0.6) * hard)
    return peaked(x)


def tapping(seconds: float, rng: Rng) -> Synthesised:
    """A finger, a nail, a pencil or a stick taps on wood, glass, metal or stone.

    Evenly, in little groups, or four fingers rolled from the little one to the first.
    """
    n = frames(seconds)
    tempo, rate = level(rng, slow=1.9, steady=3.6, fast=6.8)
    surface = str(rng.choice(["wood", "wood", "glass", "metal", "stone"]))
    top, hard = _top(rng, surface), between(rng, 0.0, 1.0)
    manner = str(rng.choice(["even", "groups", "rolled"]))
    x = np.zeros(n)
    t = between(rng, 0.02, 0.15)
    while t < seconds - 0.05:
        if manner == "rolled":
            step = between(rng, 0.2, 0.32) / rate**0.5
            for finger in range(4):
                fall = _tap(rng, top.tuned(1 + 0.01 * finger), hard)
                add_at(x, t + finger * step, fall, 0.55 + 0.15 * finger + between(rng, -0.1, 0.1))
            t += 4 * step + between(rng, 0.8, 1.3) / rate
            continue
        for _ in range(1 if manner == "even" else int(rng.integers(2, 6))):
            add_at(x, t, _tap(rng, top, hard), between(rng, 0.65, 1.0))
            t += between(rng, 0.93, 1.08) / rate
        if manner == "groups":
            t += between(rng, 0.8, 2.2) / rate
    x = room(x, rng)
    attributes = {"tempo": tempo, "surface": surface}
    return finish(limited(x, 12), seconds, rng, attributes, _QUIET)


def _plate_step(rng: Rng, plate: Modes, rail: Modes, loose: list[Signal], force: float) -> Signal:
    """Heel, then sole, on a plate or grating that rings and shakes what is loose."""
    x = np.zeros(frames(1.0))
    for late, share in ((0.0, 1.0), (between(rng, 0.06, 0.12), between(rng, 0.3, 0.65))):
        add_at(x, late, plate.struck(frames(0.8), rng, 900 + 3500 * force, 0.5), share)
        sole = lowpass(white(frames(0.1), rng), 900, 1) * strike(frames(0.1), 0.002, 0.04)
        add_at(x, late, peaked(sole), 0.35 * share)
        add_at(x, late, burst(rng, 1500, 8000, 0.005), between(rng, 0.05, 0.2) * share)
    places = poisson(len(x), 22 * np.exp(-np.arange(len(x)) / frames(0.12)) * force, rng)
    x += 0.3 * scatter(len(x), places, sizes(len(places), rng), loose, rng)
    add_at(x, 0.004, rail.struck(frames(0.9), rng, 2500), between(rng, 0.05, 0.2))
    return peaked(x)


def footsteps_metal(seconds: float, rng: Rng) -> Synthesised:
    """Steps on metal stairs, a grating or a plate, 1.3 to 3 a second; *strength* is their weight.

    Plates sound from 90 Hz on for a third of a second and longer, gratings higher and shorter; the
    handrail rings with them. On stairs every step has its own tread.
    """
    n = frames(seconds)
    tempo, rate = level(rng, slow=1.35, steady=1.9, fast=2.9)
    strength, force = level(rng, light=0.4, moderate=0.7, heavy=1.0)
    grating = chance(rng, 0.5)
    low = log_between(rng, 190, 330) if grating else log_between(rng, 85, 170)
    treads = [
        metal(
            rng,
            low * between(rng, 0.88, 1.12) / (0.7 + 0.45 * force),
            4200 if grating else 2600,
            30,
            t60=between(rng, 0.18, 0.4) if grating else between(rng, 0.35, 0.8),
        )
        for _ in range(3)
    ]
    rail = metal(rng, log_between(rng, 420, 800), 5000, 14, t60=between(rng, 0.5, 1.2))
    loose = bursts(rng, 10, (1400, 6000), (0.008, 0.04), 1.0)
    x = np.zeros(n)
    for t in beats(
        seconds - 0.1, 1 / (rate * between(rng, 0.94, 1.06)), 0.04, rng, between(rng, 0.01, 0.2)
    ):
        step = _plate_step(rng, treads[int(rng.integers(3))], rail, loose, force)
        add_at(x, t, step, between(rng, 0.6, 1.0))
    x = reverb(x, rng, between(rng, 0.7, 2.2), between(rng, 0.1, 0.35), 3000)
    distance = draw_distance(rng, 0.15)
    if distance == "distant":
        x = at_distance(x, distance, rng)
    x *= swell(n, 0.3, rng, 0.1)
    attributes = {
        "tempo": tempo,
        "strength": strength,
        "distance": distance,
        "surface": "metal",
    }
    return finish(limited(x, 11), seconds, rng, attributes, _QUIET)


IMPACTS: dict[str, Recipe] = {
    "object_dropped": object_dropped,
    "tapping": tapping,
    "footsteps_metal": footsteps_metal,
}
"""By the name of the kind."""
