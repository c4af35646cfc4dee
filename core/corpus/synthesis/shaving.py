"""What takes off hair by a small motor: electric shavers, trimmers and clippers."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import LIVED_IN, Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import swell, wander
from core.corpus.synthesis.fans import STILL
from core.corpus.synthesis.filters import bandpass, highpass, resonances, shaped
from core.corpus.synthesis.grains import add_at, burst, bursts, poisson, ringing, scatter, sizes
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import wood
from core.corpus.synthesis.motors import commutator_motor, housing, mains_frequency, switched
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    chance,
    frames,
    level,
    log_between,
)
from core.corpus.synthesis.sources import harmonics, phase, pulses, tilted, white
from core.corpus.synthesis.space import room


def _pressed(n: int, rng: Rng) -> Signal:
    """How hard the head is pressed to the skin: strokes of half a second or longer, 0 to 1."""
    strokes = np.sin(2 * np.pi * phase(between(rng, 0.5, 1.2) * swell(n, 0.5, rng, 0.25)))
    return np.clip(0.5 + 0.8 * strokes + 0.3 * wander(n, 1.5, rng), 0, 1)


def _rotating(turns: Signal, rng: Rng) -> Signal:
    """A small motor with brushes and gears, and heads or a foil's blades that it drives.

    The blades go to and fro once a turn and strike and rub the foil twice, each time a little else.
    """
    n = len(turns)
    gains = tilted(30, between(rng, 1.0, 3.0)) * np.exp(0.6 * rng.standard_normal(30))
    drive = unit(harmonics(turns * (1 + 0.004 * wander(n, 14, rng)), gains, rng))
    hits = pulses(2 * turns, rng, 0.01, 0.15)
    foil = unit(ringing(hits, burst(rng, 1500, 14_000, between(rng, 0.002, 0.006))))
    rub = np.abs(np.sin(2 * np.pi * phase(turns))) ** between(rng, 1, 4)
    hiss = unit(shaped(white(n, rng), (700, -20), (2500, 0), (7000, -1), (16_000, -10)) * rub)
    motor = commutator_motor(turns, rng, between(rng, 2.0, 5.0))
    rubbed = between(rng, 0.5, 1.2) * foil + between(rng, 0.4, 1.0) * hiss
    return drive + 0.5 * motor + rubbed


def _vibrating(turns: Signal, rng: Rng) -> Signal:
    """A magnet pulls the blade at twice the mains: a hard buzz of all its multiples."""
    n = len(turns)
    hits = pulses(turns, rng, 0.01, 0.15)
    blade = wood(rng, log_between(rng, 700, 1400), 12_000, 20, t60=0.008)
    rattle = ringing(hits, blade.struck(frames(0.012), rng, 12_000))
    gains = tilted(60, between(rng, 2.0, 4.0)) * np.exp(0.5 * rng.standard_normal(60))
    hiss = unit(highpass(white(n, rng), 2500, 1) * np.abs(np.sin(np.pi * phase(turns))) ** 3)
    buzz = unit(harmonics(turns, gains, rng)) + between(rng, 0.6, 1.4) * unit(rattle)
    return buzz + between(rng, 0.2, 0.6) * hiss


def shaver(seconds: float, rng: Rng) -> Synthesised:
    """A shaver or clippers in the hand: a thin buzz that sinks by 3 to 10 % as it is pressed on.

    A motor of 65 to 190 turns a second, or a magnet at 100 or 120 pulls; a plastic shell sounds
    between 400 Hz and 6 kHz; stubble crackles above 2 kHz while the head moves over it.
    """
    n = frames(seconds)
    tempo, speed = level(rng, slow=72.0, steady=115.0, fast=175.0)
    running, on, off = switched(n, rng, 0.12, 0.2, 0.3)
    pressed = _pressed(n, rng) if chance(rng, 0.8) else np.zeros(n)
    load = between(rng, 0.03, 0.1)
    if tempo == "steady" and chance(rng, 0.5):
        x = _vibrating(np.full(n, 2 * mains_frequency(rng)), rng)
    else:
        turns = np.maximum(running, STILL) * speed * between(rng, 0.9, 1.1)
        x = _rotating(turns * (1 - load * pressed), rng)
    shell = unit(housing(x, rng, 400, 6000, 9, 6))
    x = unit(between(rng, 0.4, 0.9) * unit(x) + shell)
    x = (x - between(rng, 0.1, 0.5) * pressed * highpass(x, 2500, 1)) * running
    if pressed.any():
        hairs = bursts(rng, 30, (2000, 9000), (0.001, 0.006), 1.2)
        places = poisson(n, log_between(rng, 60, 350) * pressed * running + 0.01, rng)
        crackle = scatter(n, places, sizes(len(places), rng, 1.8), hairs, rng)
        x += between(rng, 0.15, 0.5) * unit(crackle + 1e-9 * white(n, rng)) * running
    click = wood(rng, log_between(rng, 800, 1800), 9000, 12, t60=0.02).struck(frames(0.08), rng)
    add_at(click, 0.0, burst(rng, 2500, 13_000, 0.004), 0.5)
    for when in (on, off):
        if when is not None:
            add_at(x, when, click, between(rng, 0.8, 2.5))
    x = highpass(resonances(x, (2600, 4000, 0.4)) + x, between(rng, 100, 220), 2)
    tiles = unit(bandpass(white(n, rng), 200, 3000, 1))
    x = peaked(room(x, rng)) + between(rng, 0.001, 0.005) * tiles
    return finish(limited(x, 6), seconds, rng, {"tempo": tempo}, LIVED_IN)


SHAVING: dict[str, Recipe] = {"shaver": shaver}
"""By the name of the kind."""
