"""A bowling alley: the ball is laid on the lane, rolls away and meets the pins."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import LIVED_IN, Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import contour, strike, swell, wander
from core.corpus.synthesis.filters import bandpass, lowpass, shaped, sweeping
from core.corpus.synthesis.grains import add_at, burst
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import wood
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
from core.corpus.synthesis.sources import brown, phase, white
from core.corpus.synthesis.space import reverb
from core.corpus.synthesis.talk import babble

_PINS = 8
"""Different knocks of pins; a pin is maple in a skin of plastic, 38 cm tall."""


def _laid(rng: Rng) -> Signal:
    """Seven kilograms on boards: a thud, and the lane above it."""
    n = frames(0.5)
    thud = lowpass(white(n, rng), between(rng, 110, 190), 2) * strike(
        n, 0.004, between(rng, 0.15, 0.3)
    )
    lane = wood(rng, between(rng, 90, 150), 1500, 16, t60=0.14).struck(n, rng, 700)
    return peaked(peaked(thud) + between(rng, 0.3, 0.7) * lane)


def _rolling(length: float, rng: Rng) -> Signal:
    """The ball on the lane: a rumble of 60 to 600 Hz that beats with its turns and moves away."""
    n = frames(length)
    turns = between(rng, 4.5, 8.0) * contour(n, (0, 0.5), (0.5, 1.0), (1, 1.05))
    beat = 1 + between(rng, 0.2, 0.5) * np.sin(2 * np.pi * phase(turns))
    rumble = shaped(brown(n, rng), (40, -6), (90, 0), (250, -2), (700, -14), (2500, -34))
    surface = sweeping(white(n, rng), np.full(n, log_between(rng, 350, 600)), 2.0)
    x = unit(rumble) + between(rng, 0.25, 0.5) * unit(surface) * swell(n, 30, rng, 0.3)
    away = contour(n, (0, 0.6), (0.1, 1.0), (1, between(rng, 0.3, 0.5)))
    return peaked(x * beat * away * (1 + 0.1 * wander(n, 4, rng)) * np.minimum(1, ticks(n) / 0.03))


def _crash(rng: Rng, pins: int) -> Signal:
    """The ball meets the first pin; pins meet pins, walls and the floor, and roll on.

    Each pin knocks some seven times; it rings at 800 Hz to 5 kHz for a tenth of a second.
    """
    bank = []
    for _ in range(_PINS):
        pin = wood(rng, log_between(rng, 650, 1100), 6500, 12, t60=between(rng, 0.09, 0.16))
        knock = pin.struck(frames(0.22), rng, 5000)
        add_at(knock, 0.0, burst(rng, 900, 6000, 0.01), between(rng, 0.3, 0.8))
        bank.append(peaked(knock))
    x = np.zeros(frames(1.8))
    add_at(x, 0.0, _laid(rng), 0.6)
    add_at(x, 0.0, bank[0], 1.0)
    for _ in range(7 * pins):
        late = rng.gamma(1.6, 0.13)
        loud = log_between(rng, 0.25, 1.0) * np.exp(-1.6 * late)
        add_at(x, late, bank[int(rng.integers(_PINS))], loud)
    for _ in range(pins // 2):
        late = between(rng, 0.25, 0.9)
        floor = lowpass(white(frames(0.2), rng), 400, 2) * strike(frames(0.2), 0.003, 0.1)
        add_at(x, late, peaked(floor), between(rng, 0.15, 0.4))
    return peaked(x)


def bowling(seconds: float, rng: Rng) -> Synthesised:
    """A ball is laid down, rolls for 1 to 2.6 s and strikes pins; others bowl and talk behind.

    *strength* is how many fall: light two or three, heavy all ten. *tempo* is the ball's speed.
    """
    n = frames(seconds)
    strength, pins = level(rng, light=3, moderate=6, heavy=10)
    tempo, travel = level(rng, slow=2.4, steady=1.8, fast=1.3)
    x = np.zeros(n)
    t = between(rng, 0.03, 0.15)
    while t < seconds - 0.5:
        roll = min(travel * between(rng, 0.9, 1.1), max(0.4, seconds - t - 0.9))
        add_at(x, t, _laid(rng), between(rng, 0.5, 0.9))
        add_at(x, t + 0.03, _rolling(roll, rng), between(rng, 0.2, 0.4))
        add_at(x, t + roll, _crash(rng, pins), between(rng, 0.75, 1.0) * (0.6 + 0.04 * pins))
        t += roll + between(rng, 2.2, 4.5)
    x = reverb(x, rng, between(rng, 0.8, 1.6), between(rng, 0.25, 0.5), 3000)
    if chance(rng, 0.5):
        others = bandpass(babble(n, rng, ("man", "woman"), 5, 0.6, 2, 1.8), 150, 2500, 1)
        x = peaked(x) + between(rng, 0.01, 0.03) * unit(others)
    attributes = {"strength": strength, "tempo": tempo}
    return finish(limited(x, 9), seconds, rng, attributes, LIVED_IN, 0.2)


BOWLING: dict[str, Recipe] = {"bowling": bowling}
"""By the name of the kind."""
