"""A marble that rolls."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import contour, wander
from core.corpus.synthesis.filters import highpass, resonances, sweeping
from core.corpus.synthesis.games import bounces
from core.corpus.synthesis.grains import add_at, burst, dust
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import Modes, metal, pane, wood
from core.corpus.synthesis.sampling import Rng, Signal, between, chance, frames, level, log_between
from core.corpus.synthesis.sources import phase, white
from core.corpus.synthesis.space import room

_QUIET = (-58.0, -44.0)
"""Noise floor, dB of the peak, of a room."""


def _track(rng: Rng, surface: str, size: float) -> Modes:
    """What it rolls on."""
    if surface == "wood":
        return wood(rng, between(rng, 190, 340) / size**0.3, 5500, 20, t60=between(rng, 0.06, 0.14))
    if surface == "glass":
        return pane(rng, 1100, 11_000, 0.2)
    if surface == "metal":
        return metal(rng, log_between(rng, 420, 900), 9000, 26, t60=between(rng, 0.2, 0.6))
    return wood(rng, between(rng, 700, 1300), 7000, 14, t60=0.025)


def _speed(n: int, rng: Rng, fast: float, circles: bool) -> Signal:
    """Metres a second from the push to rest; in a bowl the ball hardly slows as it spirals in."""
    if circles:
        return fast * contour(n, (0, 1.0), (0.7, 0.85), (0.95, 0.6), (1, 0.02))
    if chance(rng, 0.3):
        return fast * contour(n, (0, 0.15), (0.5, 0.7), (0.9, 1.15), (1, 0.9))
    return fast * contour(n, (0, 1.0), (0.4, 0.75), (0.8, 0.35), (1, 0.02))


def marble_rolling(seconds: float, rng: Rng) -> Synthesised:
    """A glass or steel ball of 8 to 40 mm rolls over wood, glass, metal or stone.

    Its roughness and the ground's make noise that brightens and swells with the speed; what is not
    round in it beats once a turn. It is let fall from a hand's height, may circle in a bowl, and
    may knock against a wall at the end. *strength* is its size: a larger ball rolls lower.
    """
    n = frames(seconds)
    tempo, fast = level(rng, slow=0.35, steady=0.8, fast=1.7)
    strength, size = level(rng, light=0.6, moderate=1.0, heavy=2.0)
    size *= between(rng, 0.9, 1.12)
    surface = str(rng.choice(["wood", "wood", "glass", "metal", "stone"]))
    track = _track(rng, surface, size)
    start = between(rng, 0.03, 0.15)
    rolls = frames(max(0.5, min(seconds - start - 0.08, between(rng, 0.7, 1.0) * seconds)))
    circles = chance(rng, 0.25)
    fast *= between(rng, 0.88, 1.12)
    speed = _speed(rolls, rng, fast, circles)
    way = phase(speed)
    turn = way / (np.pi * 0.016 * size)
    lump = 1 + between(rng, 0.15, 0.5) * np.sin(2 * np.pi * turn + 0.5 * wander(rolls, 3, rng))
    rough = dust(1500 * speed / size**0.5 + 1e-3, rng, 1.5, 10)
    share = np.clip(speed / 0.8, 0.02, 3)
    rub = sweeping(white(rolls, rng), np.clip(1500 * share**0.5 / size**0.7, 150, 9000), 2.4)
    drive = unit(rough) + 0.4 * unit(rub)
    peaks = [
        (float(f), 10 + float(f) / 30, float(g)) for f, g in zip(track.hz, track.gains, strict=True)
    ]
    rolled = unit(resonances(drive * share**0.7, *peaks))
    hiss = unit(rub * share**1.2)
    hard = unit(highpass(rough, 2200 / size**0.5, 1) * share)
    x = (rolled + between(rng, 0.5, 0.9) * hiss + between(rng, 0.2, 0.5) * hard) * lump
    if circles:
        lap = way / between(rng, 0.35, 0.7)
        lap = lap * contour(rolls, (0, 1.0), (0.7, 1.15), (1, 1.6))
        x *= 1 + between(rng, 0.2, 0.45) * np.sin(2 * np.pi * lap)
    x *= contour(rolls, (0, 0), (0.03, 1), (0.97, 1), (1, 0))
    out = np.zeros(n)
    add_at(out, start, unit(x))
    ball = pane(rng, 3200 / size, 14_000, 0.06)
    for index, (t, pace) in enumerate(bounces(between(rng, 0.01, 0.12), 0.55, 0.6)[:8]):
        knock = track.struck(frames(0.2), rng, 9000 / size**0.5)
        knock += between(rng, 0.2, 0.6) * ball.struck(frames(0.2), rng)
        add_at(out, start + t, peaked(knock), pace * between(rng, 3.0, 6.0) * (1 if index else 0.8))
    end = start + rolls / frames(1.0)
    if float(speed[-1]) > 0.3 * fast and end < seconds - 0.02:
        add_at(out, end, track.struck(frames(0.25), rng, 6000), between(rng, 3.0, 6.0))
        add_at(out, end, burst(rng, 1500, 9000, 0.005), between(rng, 1.0, 3.0))
    attributes = {"tempo": tempo, "strength": strength, "surface": surface}
    return finish(limited(room(out, rng), 10), seconds, rng, attributes, _QUIET)


MARBLES: dict[str, Recipe] = {"marble_rolling": marble_rolling}
"""By the name of the kind."""
