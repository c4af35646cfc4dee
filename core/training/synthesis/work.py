"""Anvil, saw, axe and pickaxe: blows and strokes of a worker."""

from __future__ import annotations

import numpy as np

from core.training.synthesis.clip import Synthesised, finish
from core.training.synthesis.envelopes import beats, contour, decay, strike, swell
from core.training.synthesis.filters import bandpass, highpass, lowpass, resonances
from core.training.synthesis.grains import add, burst, bursts, poisson, scatter, sizes
from core.training.synthesis.levels import limited, peaked, unit
from core.training.synthesis.modes import metal, wood
from core.training.synthesis.sampling import Rng, Signal, between, chance, frames, level, ticks
from core.training.synthesis.sources import pulses, sine, white
from core.training.synthesis.space import draw_distance, hall, outdoors, place, reverb, room


def anvil(seconds: float, rng: Rng) -> Synthesised:
    """Hammer on hot iron on an anvil: a bright, long inharmonic ring and lighter rebounds."""
    n = frames(seconds)
    tempo, interval = level(rng, slow=1.3, steady=0.8, fast=0.45)
    body = metal(rng, between(rng, 450, 1100), 11_000, 36, t60=between(rng, 0.4, 2.2))
    iron = metal(rng, 250, 3000, 16, t60=0.06)
    x = np.zeros(n)
    for t in beats(seconds - 0.2, interval, 0.06, rng, first=between(rng, 0.01, 0.2)):
        m = frames(2.5)
        blow = body.struck(m, rng, between(rng, 3000, 9000), vary=0.25)
        add(blow, 0, iron.struck(6000, rng), between(rng, 0.3, 0.9))
        add(blow, 0, burst(rng, 1500, 10_000, 0.01), between(rng, 0.3, 0.7))
        add(x, t, blow, between(rng, 0.75, 1.0))
        if chance(rng, 0.3):
            for tap in range(int(rng.integers(1, 3))):
                late = t + interval * (0.4 + 0.2 * tap) * between(rng, 0.9, 1.1)
                add(x, late, body.struck(m, rng, 6000), between(rng, 0.15, 0.35) / (tap + 1))
    distance = draw_distance(rng, 0.25)
    x = place(x, distance, rng) if distance == "distant" else room(x, rng)
    return finish(limited(x, 9), seconds, rng, {"tempo": tempo, "distance": distance})


def _stroke(
    length: float, force: float, rng: Rng, board: tuple[tuple[float, float, float], ...]
) -> Signal:
    """One pass of the blade: teeth bite at the blade's speed through the board."""
    n = frames(length)
    speed = np.sin(np.pi * np.linspace(0, 1, n)) ** between(rng, 0.5, 0.8)
    teeth = pulses(60 + between(rng, 350, 600) * speed, rng, 0.25, 0.5)
    bite = resonances(teeth, *board)
    rasp = bandpass(white(n, rng), 900, 5500, 1) * speed * swell(n, 60, rng, 0.4)
    fine = highpass(white(n, rng), 4000, 1) * speed**2
    x = unit(bite) * speed + between(rng, 0.6, 1.1) * unit(rasp) + 0.3 * unit(fine)
    return force * x


def saw(seconds: float, rng: Rng) -> Synthesised:
    """A hand saw: loud push, softer pull, in the rhythm of the arm."""
    n = frames(seconds)
    tempo, period = level(rng, slow=1.3, steady=0.85, fast=0.55)
    period *= between(rng, 0.92, 1.08)
    board = (
        (between(rng, 250, 450), 120, 0.6),
        (between(rng, 700, 1100), 250, 0.8),
        (between(rng, 1500, 2300), 500, 1.0),
        (between(rng, 3000, 4500), 1200, 0.8),
    )
    x = np.zeros(n)
    for t in beats(seconds, period, 0.03, rng, first=between(rng, 0, 0.1)):
        push = period * between(rng, 0.44, 0.5)
        add(x, t, _stroke(push, between(rng, 0.85, 1.0), rng, board))
        pull = _stroke(period - push - 0.03, between(rng, 0.35, 0.65), rng, board)
        add(x, t + push + 0.02, lowpass(pull, 5000, 1))
    x = room(x, rng) if chance(rng, 0.5) else outdoors(x, rng)
    return finish(limited(x, 5), seconds, rng, {"tempo": tempo})


def chopping(seconds: float, rng: Rng) -> Synthesised:
    """An axe bites into a log; chips and, at times, the pieces fall."""
    n = frames(seconds)
    tempo, interval = level(rng, slow=2.0, steady=1.4, fast=0.9)
    log = wood(rng, between(rng, 130, 260), 3500, 20, t60=between(rng, 0.1, 0.22))
    x = np.zeros(n)
    for t in beats(seconds - 0.2, interval, 0.07, rng, first=between(rng, 0.02, 0.3)):
        m = frames(0.6)
        blow = log.struck(m, rng, between(rng, 900, 2500))
        thud = sine(between(rng, 70, 110) * contour(m, (0, 1.5), (0.2, 1), (1, 0.8))) * decay(
            m, 0.15
        )
        crack = bandpass(white(m, rng), 600, 6000, 1) * strike(m, 0.001, between(rng, 0.03, 0.09))
        blow += 0.7 * thud + between(rng, 0.4, 0.9) * peaked(crack)
        chips = bursts(rng, 12, (1200, 5000), (0.004, 0.02), 1.0)
        places = poisson(m, 160 * np.exp(-ticks(m) / 0.08), rng)
        blow += 0.6 * scatter(m, places, sizes(len(places), rng), chips, rng)
        add(x, t, blow, between(rng, 0.75, 1.0))
        if chance(rng, 0.25):
            for fall in range(2):
                late = t + between(rng, 0.25, 0.5) + 0.1 * fall
                piece = log.tuned(between(rng, 1.2, 2.0)).struck(frames(0.3), rng, 2000)
                add(x, late, piece, between(rng, 0.1, 0.3))
    distance = draw_distance(rng, 0.25)
    x = place(x, distance, rng)
    return finish(limited(x, 9), seconds, rng, {"tempo": tempo, "distance": distance})


def mining(seconds: float, rng: Rng) -> Synthesised:
    """A pick rings on rock; grit and stones fall after each blow."""
    n = frames(seconds)
    tempo, interval = level(rng, slow=1.8, steady=1.15, fast=0.7)
    pick = metal(rng, between(rng, 900, 2000), 10_000, 22, t60=between(rng, 0.12, 0.6))
    rock = wood(rng, between(rng, 350, 700), 6000, 16, t60=0.05)
    bank = bursts(rng, 30, (700, 5000), (0.005, 0.025), 0.9)
    x = np.zeros(n)
    for t in beats(seconds - 0.2, interval, 0.08, rng, first=between(rng, 0.02, 0.25)):
        m = frames(1.2)
        blow = between(rng, 0.4, 0.9) * pick.struck(m, rng, 8000)
        add(blow, 0, rock.struck(5000, rng, 6000), 0.9)
        add(blow, 0, burst(rng, 500, 6000, between(rng, 0.02, 0.05)), 0.9)
        add(blow, 0, peaked(lowpass(white(4000, rng), 300)) * decay(4000, 0.08), 0.4)
        places = poisson(m, between(rng, 60, 260) * np.exp(-ticks(m) / 0.2), rng)
        debris = scatter(m, places, sizes(len(places), rng), bank, rng)
        add(blow, between(rng, 0.03, 0.1), debris, between(rng, 0.6, 1.3))
        add(x, t, blow, between(rng, 0.75, 1.0))
    cave = chance(rng, 0.4)
    x = hall(x, rng) if cave else reverb(x, rng, between(rng, 0.4, 1.0), between(rng, 0.1, 0.3))
    return finish(limited(x, 9), seconds, rng, {"tempo": tempo, "surface": "stone"})
