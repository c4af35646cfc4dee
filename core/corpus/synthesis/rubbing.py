"""What is rubbed over a ground: a hard edge that scrapes, a heavy thing dragged, a broom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import beats, contour, strike, swell, wander
from core.corpus.synthesis.filters import bandpass, highpass, lowpass, resonances, shaped, sweeping
from core.corpus.synthesis.grains import add_at, burst, dust
from core.corpus.synthesis.levels import limited, peaked, unit
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
from core.corpus.synthesis.sources import pulses, white
from core.corpus.synthesis.space import hall, outdoors, reverb, room

_QUIET = (-58.0, -44.0)
"""Noise floor, dB of the peak, of a yard or a room."""


@dataclass(frozen=True)
class _Ground:
    """What an edge scrapes on.

    Attributes:
        grain: how coarse: the centre of the rub in Hz.
        grit: loose grains a second at full speed.
        ring: how much the edge itself rings, 0 to 1.
    """

    grain: float
    grit: float
    ring: float


_GROUNDS = {
    "glass": _Ground(4200, 900, 0.25),
    "metal": _Ground(3200, 250, 0.9),
    "stone": _Ground(2400, 700, 0.7),
    "concrete": _Ground(1900, 1300, 0.6),
}


def _stroke(rng: Rng, length: float, ground: _Ground, edge: Modes, force: float) -> Signal:
    """One stroke of the edge: it bites, chatters over the ground and lifts off.

    The chatter is 35 to 170 jumps a second; ice and grit break loose on the way.
    """
    m = frames(length)
    speed = contour(m, (0, 0.15), (between(rng, 0.2, 0.5), 1.0), (0.8, 0.85), (1, 0.3))
    speed = speed * np.clip(swell(m, 7, rng, 0.2), 0.5, 1.6)
    rub = sweeping(white(m, rng), ground.grain * (0.6 + 0.55 * speed), 2.6)
    jumps = pulses(log_between(rng, 35, 170) * (0.4 + 0.6 * speed), rng, 0.25, 0.7)
    grit = dust(ground.grit * speed + 1e-3, rng, 1.3, 12)
    peaks = [
        (float(hz), 15 + float(hz) / 45, float(g))
        for hz, g in zip(edge.hz, edge.gains, strict=True)
    ]
    drive = unit(jumps) + 0.6 * unit(grit) + 0.25 * unit(white(m, rng))
    rung = resonances(drive * speed, *peaks)
    crumbs = shaped(grit, (300, -18), (1500, -3), (5000, 0), (14_000, -4))
    x = unit(rub) * speed * (1 + 0.4 * np.minimum(lowpass(jumps, 200, 1) * 60, 2))
    x = x + ground.ring * between(rng, 0.5, 1.1) * unit(rung) + 0.5 * unit(crumbs)
    x = x * contour(m, (0, 0), (0.05, 1), (0.92, 1), (1, 0))
    bite = burst(rng, 900, 8000, 0.012)
    add_at(x, 0.0, bite, between(rng, 0.5, 1.5))
    return peaked(x) * (0.5 + 0.5 * force)


def scraping(seconds: float, rng: Rng) -> Synthesised:
    """An edge of metal or plastic scraped over glass, metal, stone or concrete, stroke by stroke.

    *strength* is the size of the tool: a shovel scrapes lower than a spatula.
    """
    n = frames(seconds)
    tempo, rate = level(rng, slow=0.75, steady=1.3, fast=2.4)
    strength, size = level(rng, light=0.6, moderate=1.0, heavy=1.8)
    surface = str(rng.choice(list(_GROUNDS)))
    ground = _GROUNDS[surface]
    ground = _Ground(ground.grain / size**0.6, ground.grit, ground.ring)
    edge = metal(rng, log_between(rng, 700, 1100) / size, 9000 / size**0.5, 22, t60=0.2)
    x = np.zeros(n)
    back = chance(rng, 0.4)
    for index, t in enumerate(beats(seconds - 0.1, 1 / rate, 0.1, rng, between(rng, 0.01, 0.15))):
        length = max(0.08, min(between(rng, 0.45, 0.8) / rate, seconds - t - 0.02))
        loud = 0.45 if back and index % 2 else 1.0
        add_at(x, t, _stroke(rng, length, ground, edge, loud), between(rng, 0.7, 1.0) * loud)
        if strength == "heavy" and chance(rng, 0.4):
            clang = edge.struck(frames(0.4), rng, 5000)
            add_at(x, t + length, clang, between(rng, 0.1, 0.35))
    x = room(x, rng) if surface == "metal" or chance(rng, 0.3) else outdoors(x, rng)
    attributes = {"tempo": tempo, "strength": strength, "surface": surface}
    return finish(limited(x, 8), seconds, rng, attributes, _QUIET)


_FLOORS = {"wood": (0.35, 1.0), "stone": (0.9, 0.45), "concrete": (1.0, 0.35)}
"""How gritty it is, and how much it sounds itself."""


def _pull(rng: Rng, length: float, body: Modes, floor: Modes, surface: str, size: float) -> Signal:
    """One pull: the thing sticks, jumps and judders 12 to 70 times a second, and grinds.

    A larger load judders more slowly; its case and the floor below sound with each jump.
    """
    gritty, hollow = _FLOORS[surface]
    m = frames(length)
    pull = contour(
        m, (0, 0.1), (between(rng, 0.15, 0.3), 1.0), (0.75, between(rng, 0.6, 1)), (1, 0.25)
    )
    rate = log_between(rng, 20, 48) / size**0.5 * pull**0.5
    jumps = pulses(rate * 2 ** (0.2 * wander(m, 9, rng)), rng, 0.15, 0.6)
    jumps += 0.5 * pulses(1.7 * rate * 2 ** (0.2 * wander(m, 13, rng)), rng, 0.2, 0.7)
    heavy = [
        (float(hz), 10 + float(hz) / 7, float(g)) for hz, g in zip(body.hz, body.gains, strict=True)
    ]
    below = [
        (float(hz), 12 + float(hz) / 6, float(g))
        for hz, g in zip(floor.hz, floor.gains, strict=True)
    ]
    x = unit(resonances(jumps, *heavy)) + hollow * unit(resonances(jumps, *below))
    grind = sweeping(white(m, rng), (260 + 500 * pull) / size**0.4, 2.6)
    x = x + between(rng, 0.6, 1.1) * unit(grind) * swell(m, 25, rng, 0.4)
    grit = shaped(dust(700 * gritty * pull + 1e-3, rng, 1.3, 12), (500, -20), (2500, 0), (9000, -4))
    x += gritty * between(rng, 0.15, 0.4) * unit(grit)
    return peaked(x * pull * contour(m, (0, 0), (0.06, 1), (0.94, 1), (1, 0)))


def dragging(seconds: float, rng: Rng) -> Synthesised:
    """Something heavy dragged pull by pull over wood, stone or concrete.

    *strength* is its weight: the heavier, the lower and slower the judder. Most of it lies below
    1 kHz, unlike the screech of a chair's legs.
    """
    n = frames(seconds)
    strength, size = level(rng, light=0.6, moderate=1.0, heavy=1.9)
    tempo, gap = level(rng, slow=1.1, steady=0.5, fast=0.2)
    surface = str(rng.choice(list(_FLOORS)))
    body = wood(rng, between(rng, 85, 140) / size**0.7, 1300 / size**0.5, 16, t60=0.12)
    floor = wood(rng, between(rng, 55, 85), 700, 10, t60=0.16)
    x = np.zeros(n)
    t = between(rng, 0.02, 0.2)
    while t < seconds - 0.2:
        length = max(0.25, min(between(rng, 0.6, 2.2) * (0.6 + gap), seconds - t - 0.05))
        add_at(x, t, _pull(rng, length, body, floor, surface, size), between(rng, 0.7, 1.0))
        t += length
        if chance(rng, 0.5):
            knock = floor.struck(frames(0.35), rng, 350) + 0.5 * body.struck(frames(0.35), rng, 800)
            add_at(x, t - 0.03, peaked(knock), between(rng, 0.2, 0.6))
        t += gap * between(rng, 0.6, 1.4)
    x = hall(x, rng) if chance(rng, 0.3) else room(x, rng)
    attributes = {"strength": strength, "tempo": tempo, "surface": surface}
    return finish(limited(x, 7), seconds, rng, attributes, _QUIET)


def _sweep(rng: Rng, length: float, stiff: float, gritty: float, force: float) -> Signal:
    """One stroke of the broom: bristles land, bend, hiss over the floor and flick off.

    Thousands of tips make a band of noise, 1 to 9 kHz, brighter the faster they go; what is swept
    runs before them and rattles on behind.
    """
    m = frames(length + 0.25)
    share = length / (length + 0.25)
    speed = contour(m, (0, 0.1), (0.3 * share, 0.8), (0.75 * share, 1.0), (share, 0.25), (1, 0.0))
    bristle = sweeping(white(m, rng), stiff * (900 + 2300 * speed), 2.8) * speed**1.2
    scratch = shaped(
        dust(2500 * stiff * speed + 1e-3, rng, 1.6, 8), (500, -14), (3000, 0), (9000, -2)
    )
    grains = dust(gritty * 500 * np.roll(speed, frames(0.06)) + 1e-3, rng, 1.2, 14)
    grains = highpass(shaped(grains, (700, -16), (3500, 0), (12_000, -3)), 900, 1)
    x = unit(bristle) + 0.5 * stiff * unit(scratch) * speed + 0.5 * gritty * unit(grains)
    x *= contour(m, (0, 0), (0.06, 1), (0.9, 1), (1, 0))
    wide = frames(0.08)
    landed = bandpass(white(wide, rng), 200, 1400, 1) * strike(wide, 0.008, 0.06)
    add_at(x, 0.0, peaked(landed), between(rng, 0.4, 1.2) * force)
    return peaked(x)


def sweeping_floor(seconds: float, rng: Rng) -> Synthesised:
    """Strokes of a soft or stiff broom over wood, stone or concrete, dust and grit before it."""
    n = frames(seconds)
    tempo, rate = level(rng, slow=0.7, steady=1.05, fast=1.7)
    strength, force = level(rng, light=0.5, moderate=0.75, heavy=1.0)
    surface = str(rng.choice(list(_FLOORS)))
    stiff = log_between(rng, 0.7, 1.4)
    gritty = _FLOORS[surface][0] * between(rng, 0.3, 1.2)
    x = np.zeros(n)
    for index, t in enumerate(beats(seconds - 0.15, 1 / rate, 0.07, rng, between(rng, 0.01, 0.2))):
        length = between(rng, 0.5, 0.7) / rate
        own = _sweep(rng, length, stiff * (0.75 + 0.3 * force), gritty, force)
        add_at(x, t, own, between(rng, 0.75, 1.0) * (1.0 if index % 2 else between(rng, 0.6, 1)))
        if chance(rng, 0.06):
            tap = wood(rng, 300, 3000, 10, t60=0.08).struck(frames(0.15), rng, 3000)
            add_at(x, t + length + 0.1, tap, between(rng, 0.1, 0.35))
    tail = between(rng, 0.3, 0.9)
    x = reverb(x, rng, tail, between(rng, 0.05, 0.25), 4000)
    attributes = {"tempo": tempo, "strength": strength, "surface": surface}
    return finish(limited(x, 8), seconds, rng, attributes, _QUIET)


RUBBING: dict[str, Recipe] = {
    "scraping": scraping,
    "dragging": dragging,
    "sweeping": sweeping_floor,
}
"""By the name of the kind."""
