"""Machines that move air: vacuum cleaner, hair dryer, fan, air conditioner."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, strike, swell, wander
from core.corpus.synthesis.filters import bandpass, lowpass, resonances, shaped
from core.corpus.synthesis.grains import (
    add_at,
    bubble,
    burst,
    bursts,
    poisson,
    ringing,
    scatter,
    sizes,
)
from core.corpus.synthesis.levels import limited, matched, peaked, unit
from core.corpus.synthesis.modes import metal, wood
from core.corpus.synthesis.motors import (
    blown_air,
    commutator_motor,
    housing,
    induction_hum,
    mains_frequency,
    switched,
)
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
from core.corpus.synthesis.sources import harmonics, phase, pink, pulses, room_air, sine, white
from core.corpus.synthesis.space import at_distance, draw_distance, room

STILL = 1e-3
"""Share of its speed at which a machine stands, so that no logarithm meets zero."""


def _click(rng: Rng) -> Signal:
    """A rocker or slide switch on a plastic housing."""
    m = frames(0.12)
    shell = wood(rng, log_between(rng, 600, 1500), 9000, 14, t60=0.03)
    x = shell.struck(m, rng, 7000)
    add_at(x, 0.0, burst(rng, 2500, 13_000, 0.004), between(rng, 0.4, 1.0))
    return peaked(x)


def _clicked(x: Signal, rng: Rng, times: tuple[float | None, float | None]) -> Signal:
    """The sound with the switch heard at the times at which the machine was switched."""
    for when in times:
        if when is not None:
            add_at(x, when, _click(rng), between(rng, 0.2, 0.5) * float(np.max(np.abs(x))))
    return x


def _strokes(n: int, rng: Rng) -> Signal:
    """Pushing and pulling a nozzle, 0.35 to 0.9 strokes a second, between -1 and 1."""
    rate = between(rng, 0.35, 0.9) * (1 + 0.25 * np.clip(wander(n, 0.4, rng), -2, 2))
    return np.sin(2 * np.pi * (phase(rate) + rng.random()))


def vacuum_cleaner(seconds: float, rng: Rng) -> Synthesised:
    """A fan of 20,000 to 34,000 turns a minute roars through hose and bag, its motor whines.

    The whine lies at the turns a second, 330 to 570 Hz, and its multiples; blades pass at 2.5 to
    5 kHz; the roar reaches from 150 Hz to 10 kHz. A nozzle that seals lets the motor run up.
    """
    n = frames(seconds)
    strength, force = level(rng, light=0.8, moderate=1.0, heavy=1.15)
    running, on, off = switched(n, rng, 0.9, 1.6, 0.3)
    strokes = _strokes(n, rng) if chance(rng, 0.7) else np.zeros(n)
    sealed = between(rng, 0.004, 0.03) * strokes + 0.004 * wander(n, 1.5, rng)
    turns = np.maximum(running, STILL) * between(rng, 350, 500) * force * (1 + sealed)
    blades = int(rng.integers(7, 12))
    low = log_between(rng, 220, 500)
    high = log_between(rng, 1800, 4500)
    roar = blown_air(
        turns, blades, rng, (50, -20), (low, 3), (900, -1), (high, 2), (8000, -9), (18e3, -24)
    )
    duct = housing(roar, rng, 200, 2800, 6, 6)
    motor = commutator_motor(turns, rng, between(rng, 3.0, 7.0))
    blade = sine(np.minimum(turns * blades, 16_000)) * swell(n, 20, rng, 0.15)
    x = roar + between(rng, 0.3, 0.7) * matched(duct, roar)
    x += (between(rng, 0.3, 0.8) * motor + between(rng, 0.1, 0.5) * blade) * running**2
    passing = bandpass(white(n, rng), 1500, 9000, 1) * (0.4 + np.abs(strokes))
    x += between(rng, 0.05, 0.25) * unit(passing) * running
    if chance(rng, 0.3):
        grit = bursts(rng, 30, (1200, 7000), (0.002, 0.01), 1.2)
        places = poisson(n, 25 * np.clip(swell(n, 0.9, rng, 1.2) - 0.8, 0, 3) * running, rng)
        x += 3 * scatter(n, places, sizes(len(places), rng), grit, rng)
    if chance(rng, 0.25) and seconds > 1.5:
        knock = wood(rng, between(rng, 150, 300), 2500, 12, t60=0.08)
        for t in rng.uniform(0.5, seconds - 0.3, int(rng.integers(1, 3))):
            add_at(x, float(t), knock.struck(frames(0.2), rng, 1200), between(rng, 1.5, 4))
    x = _clicked(x, rng, (on, off))
    distance = draw_distance(rng, 0.2)
    x = room(x, rng)
    if distance == "distant":
        x = at_distance(x, distance, rng)
    x = peaked(x) + 0.003 * room_air(n, rng)
    attributes = {"strength": strength, "distance": distance}
    return finish(limited(x, 5), seconds, rng, attributes)


def hair_dryer(seconds: float, rng: Rng) -> Synthesised:
    """A small fan close by: hot air of 500 Hz to 12 kHz over a motor of 150 to 270 turns a second.

    The dryer is moved about: its air brushes past, and its tone with it.
    """
    n = frames(seconds)
    strength, force = level(rng, light=0.65, moderate=0.85, heavy=1.0)
    running, on, off = switched(n, rng, 0.5, 0.9, 0.35)
    turns = np.maximum(running, STILL) * between(rng, 210, 270) * force
    turns = turns * (1 + 0.002 * wander(n, 3, rng))
    blades = int(rng.integers(5, 10))
    bright = between(rng, -3, 4) + 3 * (force - 0.8)
    air = blown_air(
        turns, blades, rng, (80, -30), (400, -9), (1100, 0), (2800, bright), (8000, bright - 3),
        (14e3, bright - 10), (19e3, -20),
    )  # fmt: skip
    nozzle = housing(air, rng, 700, 3800, 3, 5)
    motor = commutator_motor(turns, rng, between(rng, 6, 10))
    blade = harmonics(turns * blades, [1.0, 0.35, 0.12], rng)
    x = air + between(rng, 0.2, 0.6) * matched(nozzle, air)
    x += (between(rng, 0.05, 0.2) * motor + between(rng, 0.1, 0.4) * unit(blade)) * running**2
    near = swell(n, between(rng, 0.5, 1.2), rng, between(rng, 0.1, 0.45))
    gust = unit(lowpass(pink(n, rng), 400, 1)) * np.clip(near - 1.0, 0, 2)
    x = x * near + between(rng, 0.1, 0.5) * gust * running
    x = _clicked(x, rng, (on, off))
    x = room(x, rng)
    x = peaked(x) + 0.003 * room_air(n, rng)
    return finish(limited(x, 5), seconds, rng, {"strength": strength})


def _ticking(n: int, rng: Rng, turn: Signal) -> Signal:
    """A blade or string that touches the guard once a turn."""
    cage = metal(rng, log_between(rng, 700, 2400), 7000, 10, t60=0.06)
    hits = pulses(turn, rng, 0.02, 0.4) * np.clip(swell(n, 0.6, rng, 0.8) - 0.3, 0, 2)
    return ringing(hits, cage.struck(frames(0.07), rng, 5000))


def fan(seconds: float, rng: Rng) -> Synthesised:
    """Three to five blades of a desk, floor or ceiling fan: soft air that beats at their passing.

    7 to 23 turns a second (a ceiling fan 1.5 to 4), so that the air throbs at 6 to 100 Hz; the
    motor hums at twice the mains.
    """
    n = frames(seconds)
    tempo, speed = level(rng, slow=0.5, steady=0.75, fast=1.0)
    ceiling = chance(rng, 0.2)
    running, on, off = switched(n, rng, 1.2, 2.0, 0.2)
    full = between(rng, 3.0, 4.5) if ceiling else between(rng, 17, 24)
    turns = np.maximum(running, STILL) * full * speed * (1 + 0.004 * wander(n, 0.7, rng))
    blades = int(rng.integers(3, 6))
    top = 900 * speed * between(rng, 0.8, 1.6)
    air = unit(shaped(pink(n, rng), (30, -10), (120, 0), (top, -1), (4 * top, -14), (16e3, -36)))
    beat = phase(turns * blades) + rng.random()
    throb = np.sin(2 * np.pi * beat) + 0.4 * np.sin(4 * np.pi * beat + 1.0)
    wobble = np.sin(2 * np.pi * phase(turns))
    depth = between(rng, 0.35, 0.7) if ceiling else between(rng, 0.12, 0.4)
    x = air * np.clip(1 + depth * throb + between(rng, 0.02, 0.2) * wobble, 0.05, None) * running**2
    if not ceiling:
        tone = harmonics(turns * blades, [1.0, 0.5, 0.3, 0.2, 0.1], rng)
        x += between(rng, 0.1, 0.4) * unit(tone) * running**2
    hum = housing(induction_hum(n, rng, mains_frequency(rng), 9), rng, 90, 700, 4, 8)
    x += between(rng, 0.08, 0.4) * unit(hum) * running
    if chance(rng, 0.3):
        head = np.sin(2 * np.pi * (ticks(n) * between(rng, 0.08, 0.16) + rng.random()))
        x *= 1 + 0.35 * head
    if chance(rng, 0.35):
        x += between(rng, 0.1, 0.45) * unit(_ticking(n, rng, turns)) * running
    x = _clicked(x, rng, (on, off))
    x = room(x, rng)
    x = peaked(x) + between(rng, 0.003, 0.01) * room_air(n, rng)
    return finish(limited(x, 6), seconds, rng, {"tempo": tempo})


def _louvre(rng: Rng) -> Signal:
    """The flap of a split unit: a small geared motor that whirs."""
    m = frames(between(rng, 0.5, 1.2))
    teeth = pulses(np.full(m, between(rng, 90, 240)), rng, 0.05, 0.3)
    whir = resonances(teeth, (log_between(rng, 700, 1500), 300, 1.0), (2600, 500, 0.6))
    return peaked(whir * arch(m, 0.1, 0.1))


def air_conditioning(seconds: float, rng: Rng) -> Synthesised:
    """Air through a grille, 60 Hz to 3 kHz, smoother than any fan, over a compressor further off.

    A window unit hums and rattles; a split unit is nearly air alone; water may drip.
    """
    n = frames(seconds)
    strength, force = level(rng, light=0.5, moderate=1.0, heavy=1.7)
    window = chance(rng, 0.45)
    top = log_between(rng, 600, 1500) * force**0.4
    running, on, off = switched(n, rng, 1.5, 1.8, 0.15)
    air = shaped(
        pink(n, rng), (40, -4), (120, 0), (top, 1), (3 * top, -8), (9000, -22), (18e3, -38)
    )
    grille = housing(air, rng, 150, 2000, 5, 4)
    hiss = shaped(white(n, rng), (500, -24), (2500, -3), (5000, 0), (12e3, -12))
    x = unit(air) + between(rng, 0.3, 0.7) * unit(grille)
    x += between(rng, 0.03, 0.12) * force * unit(hiss)
    x *= swell(n, 0.5, rng, 0.05) * running
    mains = mains_frequency(rng)
    hum = induction_hum(n, rng, mains, 10)
    amount = between(rng, 0.4, 1.0) if window else between(rng, 0.03, 0.25)
    x += amount * unit(hum + unit(housing(hum, rng, 80, 600, 4, 9))) * running
    if window and chance(rng, 0.6):
        sheet = metal(rng, log_between(rng, 250, 800), 5000, 14, t60=0.07)
        hits = pulses(np.full(n, mains / 2), rng, 0.05, 0.6)
        hits *= np.clip(swell(n, 0.8, rng, 1.0) - 0.7, 0, 2)
        rattle = ringing(hits, sheet.struck(frames(0.08), rng, 3000))
        x += between(rng, 0.1, 0.5) * unit(rattle) * running
    if chance(rng, 0.2):
        for t in rng.uniform(0.1, seconds - 0.1, int(1 + seconds)):
            add_at(x, float(t), bubble(rng, log_between(rng, 700, 1800), 0.2), between(rng, 1, 3))
    if not window and seconds > 2.5 and chance(rng, 0.25):
        add_at(x, between(rng, 0.1, seconds - 1.5), _louvre(rng), between(rng, 0.4, 1.0))
    for when in (on, off):
        if when is not None:
            thud = peaked(lowpass(white(frames(0.3), rng), 200) * strike(frames(0.3), 0.01, 0.25))
            add_at(x, when, thud, between(rng, 1.0, 3.0))
    x = room(x, rng)
    x = peaked(x) + between(rng, 0.004, 0.01) * room_air(n, rng)
    return finish(limited(x, 5), seconds, rng, {"strength": strength})


FANS: dict[str, Recipe] = {
    "vacuum_cleaner": vacuum_cleaner,
    "hair_dryer": hair_dryer,
    "fan": fan,
    "air_conditioning": air_conditioning,
}
