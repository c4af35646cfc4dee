"""Small bells that are shaken: sleigh bells on a strap, a hand bell, the bells of animals."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import LIVED_IN, Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import beats, swell, wander
from core.corpus.synthesis.filters import highpass, shaped
from core.corpus.synthesis.grains import Bank, add_at, burst, poisson
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import Modes
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    chance,
    frames,
    level,
    log_between,
)
from core.corpus.synthesis.sources import pink
from core.corpus.synthesis.space import at_distance, draw_distance, room

CUP = np.array([1.0, 2.6, 4.5, 5.4, 7.2, 9.3])
"""Modes of a small cast bell's rim, as multiples of the lowest."""
PELLET_BELL = np.array([1.0, 1.24, 1.53, 1.9, 2.3, 2.75, 3.2, 3.8, 4.4, 5.1])
"""The same of a round bell with a slit: its two lips and the shell behind them, close together."""
STRAP_BANK = 12
"""Different bells on a strap; the others are like one of them."""
STROKES = 3
"""Different strokes of a bell; of one among many on a strap, a stroke less."""


def _bell(rng: Rng, ratios: Signal, hz: float, ring: float, strokes: int = STROKES) -> Bank[Signal]:
    """Strokes of a bell of lowest mode `hz`; each mode is a pair, as no rim is quite round.

    `ring` is the 60 dB decay of the lowest mode in seconds.
    """
    count = len(ratios)
    drawn = hz * ratios * (1 + 0.03 * rng.standard_normal(count))
    pair = 1 + rng.uniform(0.001, 0.008, count)
    t60 = ring * ratios**-0.7 * np.exp(0.2 * rng.standard_normal(count))
    gains = ratios**-0.2 * np.exp(0.4 * rng.standard_normal(count))
    body = Modes(
        np.concatenate([drawn, drawn * pair]),
        np.concatenate([t60, t60]),
        np.concatenate([gains, gains * rng.uniform(0.2, 0.8, count)]),
    )

    def stroke(_: int) -> Signal:
        blow = body.struck(frames(1.1 * ring), rng, log_between(rng, 7000, 16_000))
        add_at(blow, 0.0, burst(rng, 3000, 15_000, 0.003), between(rng, 0.1, 0.5))
        return blow

    return Bank(strokes, stroke)


def _strap(seconds: float, rng: Rng, rate: float) -> Signal:
    """Ten to thirty pellet bells on one strap or stick, all shaken `rate` times a second.

    In each shake every pellet flies against its shell once or twice, within a tenth
    of a second of the others.
    """
    base = log_between(rng, 1900, 3400)
    ring = between(rng, 0.1, 0.3)

    def bell(_: int) -> Bank[Signal]:
        hz = base * log_between(rng, 0.75, 1.5)
        return _bell(rng, PELLET_BELL, hz, ring * between(rng, 0.7, 1.3), STROKES - 1)

    bank = Bank(STRAP_BANK, bell)
    number = int(rng.integers(10, 31))
    loose = between(rng, 0.018, 0.05)
    accent = (1.0, between(rng, 0.4, 1.0))
    x = np.zeros(frames(seconds))
    shakes = beats(seconds, 1 / rate, 0.05, rng, first=between(rng, 0.02, 0.12))
    for index, t in enumerate(shakes):
        force = accent[index % 2] * between(rng, 0.75, 1.0)
        for _ in range(int(number * between(rng, 1.2, 2.2))):
            late = abs(loose * rng.standard_normal())
            stroke = bank.draw(rng).draw(rng)
            add_at(x, t + late, stroke, force * log_between(rng, 0.15, 1.0))
    return x


def _hand_bell(seconds: float, rng: Rng, rate: float) -> Signal:
    """One to three bells on a handle: the clapper meets either side in turn as it is swung."""
    base = log_between(rng, 1300, 3000)
    ring = log_between(rng, 0.6, 2.2)
    x = np.zeros(frames(seconds))
    for index in range(int(rng.choice([1, 1, 3]))):
        strokes = _bell(rng, CUP, base * (1 + 0.19 * index), ring)
        sides = (1.0, between(rng, 0.5, 1.0))
        blows = beats(seconds, 0.5 / rate, 0.1, rng, first=between(rng, 0.02, 0.15))
        for turn, t in enumerate(blows):
            force = sides[turn % 2] * log_between(rng, 0.5, 1.0)
            add_at(x, t, strokes[turn % STROKES], force)
    return x


def _herd(seconds: float, rng: Rng, rate: float) -> Signal:
    """Three to six animals, each with its bell, which strikes as the animal moves its head."""
    n = frames(seconds)
    low, high = (700.0, 1900.0) if chance(rng, 0.6) else (2200.0, 4500.0)
    x = np.zeros(n)
    for _ in range(int(rng.integers(3, 7))):
        strokes = _bell(rng, CUP, log_between(rng, low, high), log_between(rng, 0.25, 0.9))
        near = log_between(rng, 0.2, 1.0)
        moves = np.clip(1.2 * wander(n, 0.7, rng) + 0.6, 0, 2)
        for place in poisson(n, rate * moves + 0.2, rng).tolist():
            blow = strokes.draw(rng)
            add_at(x, place / frames(1.0), blow, near * log_between(rng, 0.2, 1.0))
    return x


def small_bells(seconds: float, rng: Rng) -> Synthesised:
    """Sleigh bells shaken in time, a hand bell swung, or the bells of a few animals.

    Sleigh bells ring for a tenth to half a second, at 2 to 12 kHz, and beat 1.5 to 5 times a
    second; a hand bell has one clear note of 1.3 to 3 kHz.
    """
    n = frames(seconds)
    tempo, rate = level(rng, slow=1.7, steady=2.8, fast=4.6)
    rate *= between(rng, 0.9, 1.1)
    kind = str(rng.choice(["strap", "strap", "strap", "hand", "herd"]))
    if kind == "strap":
        x, count = _strap(seconds, rng, rate), "many"
    elif kind == "hand":
        x, count = _hand_bell(seconds, rng, rate), "single"
    else:
        x, count = _herd(seconds, rng, rate), "several"
    if chance(rng, 0.3):
        x = highpass(x, between(rng, 600, 1500), 1)
    distance = draw_distance(rng, 0.2)
    x = peaked(limited(x, 9))
    x = room(x, rng) if distance == "close" and kind != "herd" else at_distance(x, distance, rng)
    air = shaped(pink(n, rng), (60, 0), (400, -4), (2500, -14), (9000, -28))
    x = peaked(x) + between(rng, 0.001, 0.006) * unit(air) * swell(n, 0.5, rng, 0.3)
    attributes = {"tempo": tempo, "count": count, "distance": distance}
    return finish(x, seconds, rng, attributes, LIVED_IN, 0.2)


BELLS: dict[str, Recipe] = {"small_bells": small_bells}
"""By the name of the kind."""
