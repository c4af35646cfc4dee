"""Tools driven by current or compressed air: drill, sander, jackhammer, air gun."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish, how_many
from core.corpus.synthesis.envelopes import swell, wander
from core.corpus.synthesis.filters import bandpass, lowpass, resonances, shaped
from core.corpus.synthesis.grains import add_at, burst, dust, ringing, scatter
from core.corpus.synthesis.levels import limited, unit
from core.corpus.synthesis.modes import metal, wood
from core.corpus.synthesis.motors import bodies, exhaust_pulses, housing
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    frames,
    level,
    log_between,
    ticks,
)
from core.corpus.synthesis.sources import harmonics, phase, pink, pulses, tilted, white
from core.corpus.synthesis.space import at_distance, draw_distance, reverb


def _geared_motor(pull: Signal, turn: Signal, rng: Rng) -> Signal:
    """A universal motor whose field pulls `pull` times a second, and the pinion on its shaft.

    The load of each `turn` of the chuck is heard in the whine of the teeth.
    """
    gains = tilted(24, between(rng, -2, 1.5)) * np.exp(0.7 * rng.standard_normal(24))
    motor = harmonics(pull, gains, rng)
    teeth = between(rng, 5, 6.3)
    whine = harmonics(pull * teeth, [1, 0.5, 0.3, 0.2, 0.1], rng)
    whine = whine * (1 + between(rng, 0.12, 0.34) * np.sin(2 * np.pi * phase(turn)))
    x = unit(motor) + log_between(rng, 1.0, 2.0) * unit(whine)
    return unit(np.tanh(between(rng, 1.2, 1.7) * unit(x)))


def drill(seconds: float, rng: Rng) -> Synthesised:
    """A motor of 16,000 to 27,000 turns a minute geared down to a bit that bites into a wall.

    Its two poles pull at 550 to 900 Hz; the pinion whines at 3 to 5 kHz. As the bit bites the
    whole glides down by up to a third; the bit turns 13 to 25 times a second, and grinds.
    """
    n = frames(seconds)
    tempo, speed = level(rng, slow=0.85, steady=1.0, fast=1.15)
    bite = np.clip(0.5 + 0.5 * wander(n, log_between(rng, 1.1, 2.5), rng), 0, 1.3)
    pull = between(rng, 620, 780) * speed * (1 - between(rng, 0.17, 0.3) * bite)
    pull = pull * (1 + 0.003 * wander(n, 9, rng))
    turn = pull / between(rng, 33, 44)
    x = _geared_motor(pull, turn, rng)
    shell = unit(housing(x, rng, 300, 5000, 8, between(rng, 6.5, 9)))
    x = unit(x + log_between(rng, 0.5, 1.1) * shell)
    grind = bandpass(white(n, rng), log_between(rng, 1000, 1700), 9000, 1)
    grind *= 1 + between(rng, 0.28, 0.42) * np.sin(2 * np.pi * 2 * phase(turn))
    grind *= swell(n, 14, rng, between(rng, 0.05, 0.4))
    x += log_between(rng, 0.42, 0.9) * unit(grind)
    wall = wood(rng, 200, 4000, 14, t60=0.06).struck(frames(0.1), rng, 3000)
    x += log_between(rng, 0.05, 0.15) * unit(ringing(pulses(2 * turn, rng, 0.08, 0.4), wall))
    x = reverb(x, rng, between(rng, 0.42, 0.63), between(rng, 0.2, 0.45), 4000)
    x = unit(x) + log_between(rng, 0.017, 0.07) * pink(n, rng)
    return finish(limited(x, 5), seconds, rng, {"tempo": tempo})


def sander(seconds: float, rng: Rng) -> Synthesised:
    """Abrasive paper that a motor swings and an arm rubs to and fro over a board.

    The paper's noise lies about 1 to 8 kHz, pulses with the motor's 130 to 220 turns a second,
    and is loud on every stroke of the arm, 1.2 to 3.5 of them a second.
    """
    n = frames(seconds)
    tempo, strokes = level(rng, slow=1.5, steady=2.2, fast=3.2)
    strokes = strokes * between(rng, 0.9, 1.1)
    arm = phase(strokes * swell(n, 1, rng, 0.3)) + rng.random()
    press = 0.5 + 0.5 * np.sin(2 * np.pi * arm)
    turns = between(rng, 136, 222) * (1 - between(rng, 0.07, 0.12) * press)
    turns = turns * (1 + 0.003 * wander(n, 9, rng))
    gains = tilted(40, between(rng, 1.8, 5.2)) * np.exp(0.7 * rng.standard_normal(40))
    motor = harmonics(turns, gains, rng)
    motor = unit(motor) + between(rng, 0.6, 1.1) * unit(housing(motor, rng, 250, 4000, 8, 7))
    low, high = log_between(rng, 570, 930), log_between(rng, 3900, 5400)
    paper = shaped(white(n, rng), (100, -24), (low, -4), (high, 0), (10_000, -8), (16_000, -20))
    rub = between(rng, 0.77, 0.95)
    paper *= (1 + between(rng, 0.3, 0.55) * np.sin(2 * np.pi * phase(turns))) * (
        (1 - rub) + rub * press
    )
    x = unit(paper * swell(n, 12, rng, 0.25))
    x += log_between(rng, 0.05, 0.12) * unit(motor) * swell(n, 2, rng, 0.1)
    grains = bandpass(dust(np.full(n, log_between(rng, 170, 490)), rng), 1500, 10_000, 1) * press
    x += log_between(rng, 0.05, 0.13) * unit(grains)
    x = reverb(x, rng, between(rng, 0.32, 0.53), between(rng, 0.28, 0.43), 4000)
    x = lowpass(unit(x) + log_between(rng, 0.014, 0.035) * pink(n, rng), between(rng, 8e3, 1e4), 1)
    return finish(limited(x, 5), seconds, rng, {"tempo": tempo})


def jackhammer(seconds: float, rng: Rng) -> Synthesised:
    """A pneumatic hammer of 15 to 28 blows a second that breaks a road.

    Each cycle lets a puff of compressed air out, harsh from 200 Hz to 8 kHz; between the puffs the
    piston strikes the chisel, which rings shortly, and chips fly. A compressor runs further off.
    """
    n = frames(seconds)
    tempo, rate = level(rng, slow=18.5, steady=21.5, fast=25.0)
    blows = rate * between(rng, 0.94, 1.06) * swell(n, 2, rng, between(rng, 0.03, 0.07))
    blows = blows * (1 + between(rng, 0.002, 0.018) * wander(n, 25, rng))
    uneven, fall = between(rng, 0.15, 0.27), log_between(rng, 0.0016, 0.0029)
    puffs = exhaust_pulses(blows, rng, uneven, fall, between(rng, 0.6, 1.0))
    x = unit(
        resonances(
            puffs, *bodies(rng, 200, 5000, 8, between(rng, 1.7, 3.8), between(rng, -0.55, 0.0))
        )
    )
    struck = np.flatnonzero(np.diff(np.floor(phase(blows) + rng.random())) > 0)
    hits = np.zeros(n)
    hits[struck] = np.exp(0.25 * rng.standard_normal(len(struck)))
    chisel = metal(rng, log_between(rng, 580, 1400), 9000, 24, t60=log_between(rng, 0.05, 0.13))
    ring = ringing(hits, chisel.struck(frames(0.25), rng, log_between(rng, 2200, 5500)))
    x += log_between(rng, 0.04, 0.16) * unit(ring)
    low, t60 = log_between(rng, 1000, 2900), log_between(rng, 0.012, 0.04)
    chips = scatter(n, struck, hits[struck], [burst(rng, low, 9000, t60) for _ in range(12)], rng)
    x += log_between(rng, 0.15, 0.53) * unit(chips)
    x = np.tanh(between(rng, 1.0, 1.7) * unit(x))
    distance = draw_distance(rng, 0.1)
    x = reverb(x, rng, between(rng, 0.7, 1.05), between(rng, 0.18, 0.3), 3000)
    x = at_distance(x, distance, rng, dry=True)
    compressor = shaped(pink(n, rng), (40, -6), (120, 0), (800, -6), (6000, -18))
    x = unit(x) + log_between(rng, 0.011, 0.045) * unit(compressor)
    return finish(limited(x, 6), seconds, rng, {"tempo": tempo, "distance": distance})


def compressed_air(seconds: float, rng: Rng) -> Synthesised:
    """Air that bursts from a nozzle: noise about 5 kHz that sinks as the pressure does.

    A turbulent jet is loudest where its width fits the speed of the air: a millimetre or two at
    the speed of sound make 4 to 7 kHz; below it falls by 6 dB an octave or more.
    """
    n = frames(seconds)
    strength, force = level(rng, light=0.7, moderate=1.0, heavy=1.4)
    x = np.zeros(n)
    mean, sinking, opening = log_between(rng, 0.6, 1.4), between(rng, 0.9, 1.9), 0.0
    t, made = between(rng, 0.02, 0.15), 0
    while t < seconds - 0.3:
        length = force * mean * between(rng, 0.6, 1.4)
        opening = log_between(rng, 0.012, 0.035)
        late = ticks(frames(length + 0.3))
        valve = np.minimum(late / opening, 1) * np.exp(-np.clip(late - length, 0, None) * 30)
        add_at(x, t, white(len(late), rng) * valve * np.exp(-late * sinking / force))
        t += length + log_between(rng, 0.1, 0.35)
        made += 1
    peak = log_between(rng, 4200, 6500) * force**-0.3
    top = between(rng, -5, 0)
    x = shaped(x, (100, -30), (log_between(rng, 850, 1500), -6), (peak, 0), (16_000, top))
    x = reverb(x, rng, between(rng, 0.4, 0.9), between(rng, 0.08, 0.35), 5000)
    x = unit(x) + log_between(rng, 0.006, 0.025) * pink(n, rng)
    return finish(
        limited(x, 6), seconds, rng, {"strength": strength, "count": how_many(made)}, fade_out=0.1
    )


POWER_TOOLS: dict[str, Recipe] = {
    "drill": drill,
    "sander": sander,
    "jackhammer": jackhammer,
    "compressed_air": compressed_air,
}
"""Recipes of candidate kinds, by name."""
