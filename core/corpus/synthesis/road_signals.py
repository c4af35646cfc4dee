"""What warns on a road: a car's horn, the beeper of what reverses, the bell of a level crossing."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish, how_many
from core.corpus.synthesis.envelopes import arch, beats, contour, swell, wander
from core.corpus.synthesis.filters import bandpass
from core.corpus.synthesis.grains import add_at, burst
from core.corpus.synthesis.levels import limited, unit
from core.corpus.synthesis.modes import Modes
from core.corpus.synthesis.roads import piston_engine, town, tyres
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    chance,
    frames,
    level,
    log_between,
)
from core.corpus.synthesis.sources import harmonics, white
from core.corpus.synthesis.space import at_distance, draw_distance, reverb


def _street(n: int, rng: Rng) -> Signal:
    """A street with a little traffic, of unit RMS."""
    rolling = tyres(n, 10, rng) * swell(n, 0.4, rng, 0.5)
    return unit(town(n, rng) + between(rng, 0.3, 0.8) * unit(rolling))


def _discs(length: float, pair: tuple[float, float], tone: Signal, rng: Rng) -> Signal:
    """A push on the button: diaphragms that strike their magnet, through disc and grille."""
    m = frames(length)
    x = np.zeros(m)
    for hz in pair:
        start = contour(m, (0, 0.96), (min(0.9, 0.03 / length), 1.0), (1, 0.995))
        x += harmonics(hz * start * (1 + 0.0015 * wander(m, 12, rng)), tone, rng)
    attack, release = min(0.4, 0.012 / length), min(0.4, 0.03 / length)
    return x * arch(m, attack, release)


def car_horn(seconds: float, rng: Rng) -> Synthesised:
    """Two disc horns a third apart, 340 to 440 Hz the lower: toots, or one long angry push.

    Their spectrum is nearly flat to 3 kHz, where the tone disc resonates; the street answers.
    """
    n = frames(seconds)
    low = log_between(rng, 340, 440)
    pair = (low, low * between(rng, 1.18, 1.27)) if chance(rng, 0.8) else (low, low * 1.004)
    order = np.arange(1.0, 25)
    disc = between(rng, 2000, 3000) / low
    tone = order ** -between(rng, 0.2, 0.6) / (1 + (order / disc) ** 4)
    tone = tone * np.exp(0.4 * rng.standard_normal(len(order)))
    x = np.zeros(n)
    made, t = 0, between(rng, 0.05, 0.3)
    long = chance(rng, 0.45)
    while t < seconds - 0.25 and made < 6:
        length = between(rng, 0.7, 2.2) if long and made != 1 else between(rng, 0.16, 0.45)
        length = min(length, seconds - t - 0.05)
        add_at(x, t, _discs(length, pair, tone, rng), between(rng, 0.85, 1))
        t += length + between(rng, 0.08, 0.3) * (3 if chance(rng, 0.25) else 1)
        made += 1
        if long and chance(rng, 0.3):
            break
    distance = draw_distance(rng, 0.25)
    x = reverb(unit(x), rng, between(rng, 0.6, 1.3), between(rng, 0.15, 0.35), 3000)
    if distance == "distant":
        x = at_distance(x, distance, rng)
    x = unit(x) + between(rng, 0.04, 0.15) * _street(n, rng)
    attributes = {"distance": distance, "count": how_many(made)}
    return finish(limited(x, 5), seconds, rng, attributes, fade_out=0.15)


def reversing_beeper(seconds: float, rng: Rng) -> Synthesised:
    """A sounder of 1.1 to 2.2 kHz, on and off about once a second, over a diesel that idles.

    The disc is nearly a sine at its resonance; walls of the yard throw it back.
    """
    n = frames(seconds)
    tempo, period = level(rng, slow=1.35, steady=1.05, fast=0.85)
    period *= between(rng, 0.92, 1.08)
    hz = log_between(rng, 1800, 2500) if chance(rng, 0.7) else log_between(rng, 1100, 1200)
    length = period * between(rng, 0.42, 0.55)
    m = frames(length)
    tone = harmonics(np.full(m, hz), [1, 0.01, 0.03], rng)
    tone *= arch(m, min(0.3, 0.008 / length), min(0.3, 0.012 / length))
    x = np.zeros(n)
    for t in beats(seconds, period, 0.0, rng, first=between(rng, 0.02, 0.4 * period)):
        add_at(x, t, unit(tone))
    crank = between(rng, 12, 16) * (1 + 0.02 * wander(n, 0.8, rng))
    motor = piston_engine(crank, np.full(n, between(rng, 0.2, 0.6)), 6, rng, 1.6, 0.6, 0.02)
    distance = draw_distance(rng, 0.15)
    x = x + between(rng, 0.12, 0.3) * unit(motor) + between(rng, 0.1, 0.25) * _street(n, rng)
    x = reverb(x, rng, between(rng, 0.9, 1.6), between(rng, 0.4, 0.9), 3000)
    if distance == "distant":
        x = at_distance(x, distance, rng)
    attributes = {"tempo": tempo, "distance": distance}
    return finish(limited(x, 5), seconds, rng, attributes)


def _gong(rng: Rng) -> Modes:
    """A crossing's bell, 25 to 35 cm wide: few strong modes, split in pairs that beat."""
    ratios = np.array([1.0, 1.52, 2.35, 2.93, 4.1, 5.35, 6.7, 8.3]) * rng.uniform(0.97, 1.03, 8)
    base = log_between(rng, 380, 700) * ratios
    hz = np.concatenate([base, base * (1 + rng.uniform(0.001, 0.005, 8))])
    t60 = between(rng, 0.9, 2.2) * np.tile(ratios, 2) ** -0.6
    gains = np.tile(rng.uniform(0.4, 1.0, 8) * ratios**-0.35, 2)
    return Modes(hz, t60, gains)


def level_crossing(seconds: float, rng: Rng) -> Synthesised:
    """A clapper on a bell, 1.6 to 3.5 blows a second without end; a train may rumble up."""
    n = frames(seconds)
    tempo, period = level(rng, slow=0.6, steady=0.42, fast=0.3)
    period *= between(rng, 0.92, 1.08)
    gong = _gong(rng)
    blows = [gong.struck(frames(1.6), rng, 7000, 0.12) for _ in range(4)]
    x = np.zeros(n)
    for index, t in enumerate(beats(seconds, period, 0.012, rng, first=between(rng, 0.0, 0.2))):
        add_at(x, t, blows[int(rng.integers(4))], 1.0 if index % 2 == 0 else between(rng, 0.8, 1))
        add_at(x, t, burst(rng, 1500, 8000, 0.006), 0.15)
    if chance(rng, 0.4):
        rumble = bandpass(white(n, rng), 60, 500, 1) * contour(
            n, (0, 0.05), (1, between(rng, 0.3, 1))
        )
        x = unit(x) + 0.4 * unit(rumble)
    distance = draw_distance(rng, 0.25)
    x = reverb(unit(x), rng, between(rng, 0.5, 1.2), between(rng, 0.08, 0.2), 3500)
    if distance == "distant":
        x = at_distance(x, distance, rng)
    x = unit(x) + between(rng, 0.03, 0.12) * _street(n, rng)
    return finish(limited(x, 6), seconds, rng, {"tempo": tempo, "distance": distance})


ROAD_SIGNALS: dict[str, Recipe] = {
    "car_horn": car_horn,
    "reversing_beeper": reversing_beeper,
    "level_crossing": level_crossing,
}
"""By the name of the kind."""
