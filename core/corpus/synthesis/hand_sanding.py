"""Wood smoothed by hand: sandpaper to and fro, or a plane that lifts a shaving."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, beats, contour, swell, wander
from core.corpus.synthesis.filters import bandpass, resonances, shaped, sweeping
from core.corpus.synthesis.grains import add_at, burst, dust
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import Modes, wood
from core.corpus.synthesis.sampling import Rng, Signal, between, chance, frames, level, log_between
from core.corpus.synthesis.sources import pulses, white
from core.corpus.synthesis.space import room

_WORKSHOP = (-54.0, -42.0)
"""Noise floor, dB of the peak, of a quiet workshop."""


def _answered(x: Signal, board: Modes) -> Signal:
    """The board sounds with what rubs it."""
    peaks = [
        (float(hz), 20 + float(hz) / 8, float(g))
        for hz, g in zip(board.hz, board.gains, strict=True)
    ]
    return resonances(x, *peaks)


def _sanded(rng: Rng, length: float, grit: float, board: Modes, forth: float) -> Signal:
    """A stroke of the paper: noise as bright as the stroke is fast; grains bite into the wood."""
    m = frames(length)
    speed = np.sin(np.pi * np.linspace(0, 1, m)) ** 0.7 * swell(m, 12, rng, 0.1)
    centre = forth * (4600 - 2600 * grit) * (0.55 + 0.6 * speed)
    rub = unit(sweeping(white(m, rng), centre, 2.6))
    bite = shaped(dust(3200 * speed + 1e-3, rng, 1.8, 6), (500, -10), (2500, 0), (9000, -3))
    x = (rub + grit * 0.8 * unit(bite)) * speed**1.3
    return peaked(x + 0.35 * unit(_answered(x, board)) * speed)


def _planed(rng: Rng, length: float, grit: float, board: Modes, forth: float) -> Signal:
    """A stroke of the plane: it bites, the iron hisses and chatters, the shaving curls."""
    m = frames(length)
    speed = contour(m, (0, 0.2), (0.2, 0.9), (0.8, 1.0), (1, 0.3))
    centre = forth * (2600 - 900 * grit) * (0.7 + 0.4 * speed)
    cut = unit(sweeping(white(m, rng), centre, 3.0))
    chatter = pulses(
        log_between(rng, 90, 240) * speed * 2 ** (0.1 * wander(m, 9, rng)), rng, 0.2, 0.6
    )
    curl = shaped(dust(700 * speed + 1e-3, rng, 1.4, 10), (800, -14), (3500, 0), (12_000, -6))
    x = (cut + 0.5 * unit(curl)) * speed
    x += (
        (0.5 + 0.5 * grit)
        * unit(_answered(chatter + 0.2 * np.abs(chatter) * white(m, rng), board))
        * speed
    )
    x *= arch(m, 0.06, 0.06)
    knock = burst(rng, 250, 1800, 0.025)
    add_at(x, 0.0, knock, between(rng, 0.5, 1.0))
    return peaked(x)


def hand_sanding(seconds: float, rng: Rng) -> Synthesised:
    """Strokes of sandpaper over wood, 1.5 to 5 a second, or of a plane, each followed by a rest.

    *strength* is how coarse the paper or the cut is: the coarser, the lower and grainier.
    """
    n = frames(seconds)
    tempo, rate = level(rng, slow=1.7, steady=2.8, fast=4.6)
    strength, grit = level(rng, light=0.1, moderate=0.5, heavy=1.0)
    rate *= between(rng, 0.92, 1.08)
    plane = chance(rng, 0.3)
    board = wood(rng, between(rng, 160, 300), 2200, 12, t60=0.05)
    x = np.zeros(n)
    if plane:
        rate *= 0.42
    for index, t in enumerate(beats(seconds - 0.08, 1 / rate, 0.05, rng, between(rng, 0.01, 0.12))):
        share = between(rng, 0.5, 0.65) if plane else between(rng, 0.82, 0.95)
        length = max(0.06, min(share / rate, seconds - t - 0.01))
        forth = 1.0 if plane or index % 2 == 0 else 0.86
        stroke = (_planed if plane else _sanded)(rng, length, grit, board, forth)
        add_at(x, t, stroke, between(rng, 0.75, 1.0) * (1.0 if forth == 1.0 else 0.8))
    hands = bandpass(white(n, rng), 500, 3000, 1) * swell(n, 2, rng, 0.6)
    x = peaked(limited(x, 7)) + between(rng, 0.001, 0.005) * unit(hands)
    attributes = {"tempo": tempo, "strength": strength, "surface": "wood"}
    return finish(room(x, rng), seconds, rng, attributes, _WORKSHOP)


HAND_SANDING: dict[str, Recipe] = {"hand_sanding": hand_sanding}
"""By the name of the kind."""
