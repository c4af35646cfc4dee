"""A clock in a room that ticks and strikes: rods or a coiled gong under felt hammers."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import LIVED_IN, Recipe, Synthesised, finish, how_many
from core.corpus.synthesis.filters import resonances
from core.corpus.synthesis.grains import add_at, burst
from core.corpus.synthesis.levels import limited, peaked
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
from core.corpus.synthesis.space import at_distance, draw_distance, hall, room
from core.corpus.synthesis.strings import decaying

_ROD = np.array([1.0, 2.8, 5.45, 9.0, 13.3])
"""Modes of a rod that is held at one end, from the one that is heard as its note."""
_COIL = np.array([1.0, 1.53, 2.1, 2.74, 3.4, 4.1, 5.0, 6.1])
"""Modes of a coiled wire, which are many and close."""
_CHANGES = ((4, 2, 0, -5), (0, 2, 4, -5), (4, 0, 2, -5), (-5, 2, 4, 0))
"""Orders of four notes, in semitones above the last of the hour before."""


def _stroke(rng: Rng, hz: float, ratios: Signal, ring: float, felt: float) -> Signal:
    """One blow: each mode is a close pair that beats; the case knocks."""
    n = frames(min(ring, 4.0))
    spread = ratios * (1 + 0.01 * rng.standard_normal(len(ratios)))
    pair = 1 + rng.uniform(0.0008, 0.003, len(ratios))
    gains = rng.uniform(0.5, 1.0, len(ratios)) / (1 + (hz * ratios / felt) ** 2)
    t60 = ring * ratios**-0.55
    x = decaying(
        n,
        hz * np.concatenate([spread, spread * pair]),
        np.concatenate([t60, t60]),
        np.concatenate([gains, 0.6 * gains]),
    )
    x = peaked(x * np.minimum(1, ticks(n) / 0.002))
    add_at(x, 0.0, burst(rng, 250, 1200, 0.03), between(rng, 0.05, 0.15))
    return x * np.clip((n - np.arange(n)) / frames(0.3), 0, 1)


def _ticking(x: Signal, rng: Rng, seconds: float, rate: float, loud: float) -> None:
    """Tick and tock, `rate` a second, in the wood of the case."""
    pair = []
    for bright in (1.0, between(rng, 0.7, 0.9)):
        click = np.pad(burst(rng, 900 * bright, 5000 * bright, 0.012), (0, frames(0.05)))
        pair.append(peaked(click + resonances(click, (420, 60, 1.0), (900, 150, 0.8))))
    t, turn = between(rng, 0.02, 1 / rate), 0
    while t < seconds - 0.08:
        add_at(x, t, pair[turn % 2], loud * between(rng, 0.85, 1.0))
        t += 1 / rate
        turn += 1


def clock_chime(seconds: float, rng: Rng) -> Synthesised:
    """A mantel or long-case clock strikes the hour, or plays four notes before it; it ticks on.

    *count* is how often it strikes; blows are 1.1 to 2.2 s apart.
    """
    n = frames(seconds)
    tempo, gap = level(rng, slow=2.1, steady=1.6, fast=1.15)
    gap *= between(rng, 0.95, 1.05)
    coil = chance(rng, 0.4)
    hz = log_between(rng, 180, 330) if coil else log_between(rng, 260, 520)
    ratios, ring = (_COIL, between(rng, 3, 5)) if coil else (_ROD, between(rng, 2.5, 4.5))
    felt = log_between(rng, 900, 2600)
    hour = _stroke(rng, hz, ratios, ring, felt)
    x = np.zeros(n)
    t, made = between(rng, 0.04, 0.3), 0
    if seconds > 4.0 and chance(rng, 0.5):
        pace = 0.42 * gap
        notes = {
            step: _stroke(rng, hz * 2 ** (step / 12), _ROD, ring, felt) for step in (-5, 0, 2, 4)
        }
        for step in _CHANGES[int(rng.integers(len(_CHANGES)))]:
            add_at(x, t, notes[step], between(rng, 0.6, 0.8))
            t += pace
            made += 1
        t += pace
    blows = int(rng.integers(1, 13))
    while made == 0 or (blows > 0 and t < seconds - 0.25):
        add_at(x, t, hour, between(rng, 0.85, 1.0))
        t += gap
        made += 1
        blows -= 1
    x = peaked(x)
    if chance(rng, 0.7):
        _ticking(x, rng, seconds, float(rng.choice([1.0, 2.0, 2.0])), between(rng, 0.02, 0.1))
    distance = draw_distance(rng, 0.2)
    if distance == "distant":
        x = at_distance(x, distance, rng)
    else:
        x = hall(x, rng) if chance(rng, 0.2) else room(x, rng)
    attributes = {"tempo": tempo, "count": how_many(made), "distance": distance}
    return finish(limited(x, 7), seconds, rng, attributes, LIVED_IN, 0.3)


STRIKING_CLOCKS: dict[str, Recipe] = {"clock_chime": clock_chime}
"""By the name of the kind."""
