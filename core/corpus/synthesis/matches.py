"""A match drawn along the box: scrape, flare, small flame."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish, how_many
from core.corpus.synthesis.envelopes import arch, contour, strike, swell, wander
from core.corpus.synthesis.filters import bandpass, lowpass, resonances
from core.corpus.synthesis.grains import add_at, dust
from core.corpus.synthesis.levels import limited, peaked, unit
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
from core.corpus.synthesis.sources import white
from core.corpus.synthesis.space import room

_CATCHES = 0.75
"""Share of the last stroke after which the head takes fire."""


def _matchbox(rng: Rng) -> list[tuple[float, float, float]]:
    """A drawer of thin card, half full: hardly tuned hollows of 400 Hz to 2 kHz."""
    hollow = log_between(rng, 400, 900)
    return [(hollow, hollow / 2, 0.7), (2.3 * hollow, hollow, 0.5), (4600, 5000, 1.0)]


def _scrape(rng: Rng, box: list[tuple[float, float, float]], length: float) -> Signal:
    """The head over powdered glass: grains, denser and brighter as the hand goes faster."""
    m = frames(length)
    speed = contour(m, (0, 0.1), (0.25, 0.6), (between(rng, 0.6, 0.85), 1.0), (1, 0.3))
    speed = np.maximum(speed * (1 + 0.2 * wander(m, 25, rng)), 0.05)
    grains = dust(log_between(rng, 1800, 4500) * speed, rng, 1.6)
    rub = bandpass(white(m, rng), 1800, 11_000, 1) * swell(m, 70, rng, 0.6)
    x = unit(resonances(grains, *box)) + between(rng, 0.4, 1.0) * unit(rub)
    return peaked(x * speed * arch(m, 0.08, 0.12))


def _flare(n: int, rng: Rng, force: float) -> Signal:
    """Chlorate and sulphur burn off within a second: a hiss, a roar below 500 Hz and crackle.

    Of unit RMS at its height.
    """
    t = ticks(n)
    rise, fall = between(rng, 0.03, 0.09), between(rng, 0.5, 0.8) * (0.4 + force)
    burning = strike(n, rise, 4 * fall)
    hiss = unit(bandpass(white(n, rng), 1500, 11_000, 1)) * swell(n, 25, rng, 0.3)
    roar = unit(bandpass(white(n, rng), 60, 500, 1)) * swell(n, 18, rng, 0.5)
    spit = bandpass(dust(900 * force * np.exp(-t / (0.35 * fall)) + 1.0, rng, 1.8), 1500, 12_000, 1)
    x = hiss + between(rng, 0.2, 0.5) * roar + between(rng, 0.4, 0.9) * unit(spit)
    return unit(x) * burning


def _small_flame(n: int, rng: Rng) -> Signal:
    """Hot air flutters ten times a second, mostly below 300 Hz; the wood ticks now and then."""
    flutter = unit(lowpass(white(n, rng), 150, 2)) * swell(n, 9, rng, 0.6)
    air = unit(bandpass(white(n, rng), 800, 6000, 1)) * swell(n, 6, rng, 0.5)
    ticking = bandpass(dust(np.full(n, between(rng, 3, 12)), rng), 2000, 9000, 1)
    return flutter + 0.25 * air + 0.5 * unit(ticking)


def match_strike(seconds: float, rng: Rng) -> Synthesised:
    """A match takes at the first stroke or the third, flares up and settles to a small flame.

    A stroke lasts 0.1 to 0.35 s and sounds at 2 to 10 kHz over the box.
    """
    n = frames(seconds)
    strength, force = level(rng, light=0.3, moderate=0.65, heavy=1.0)
    box = _matchbox(rng)
    strokes = int(rng.choice([1, 1, 2, 3])) if seconds > 2.2 else 1
    x = np.zeros(n)
    t = between(rng, 0.03, 0.12)
    for left in range(strokes, 0, -1):
        length = between(rng, 0.13, 0.34)
        add_at(x, t, _scrape(rng, box, length), between(rng, 0.35, 0.65))
        t += _CATCHES * length if left == 1 else length + between(rng, 0.15, 0.4)
    rest = n - frames(t)
    add_at(x, t, _flare(rest, rng, force), 0.12 + 0.2 * force)
    flame = _small_flame(rest, rng) * np.minimum(1, ticks(rest) / 0.3)
    if seconds - t > 2.0 and chance(rng, 0.25):
        flame *= contour(rest, (0, 1), (0.6, 1), (0.95, 0.3), (1, 0.2))
    add_at(x, t, flame, between(rng, 0.007, 0.018) * (0.4 + force))
    x = room(x, rng)
    attributes = {"strength": strength, "count": how_many(strokes)}
    return finish(limited(x, 12), seconds, rng, attributes, fade_out=0.15)


MATCHES: dict[str, Recipe] = {"match_strike": match_strike}
"""By the name of the kind."""
