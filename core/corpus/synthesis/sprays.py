"""What sprays: a can that is shaken first, a lawn sprinkler."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import contour, decay, strike, swell, wander
from core.corpus.synthesis.filters import bandpass, highpass, resonances, shaped
from core.corpus.synthesis.grains import add_at, burst, bursts, poisson, scatter, sizes
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import metal
from core.corpus.synthesis.sampling import Rng, Signal, between, chance, frames, level, log_between
from core.corpus.synthesis.sources import phase, white
from core.corpus.synthesis.space import at_distance, draw_distance, outdoors, room

_QUIET = (-60.0, -46.0)
"""Noise floor, dB of the peak."""


def _puff(rng: Rng, length: float, full: float, fine: float) -> Signal:
    """Propellant through a nozzle: a hiss of 2 to 15 kHz that spits as the valve opens."""
    n = frames(length + 0.06)
    share = length / (length + 0.06)
    valve = contour(
        n, (0, 0), (min(0.2, 0.012 / length), 1.0), (share, between(rng, 0.75, 1)), (1, 0)
    )
    jet = shaped(
        white(n, rng),
        (300, -30), (1200 * fine, -14), (3500 * fine, -2), (6500 * fine, 0), (16_000, -7),
    )  # fmt: skip
    tone = between(rng, 3200, 5200) * fine
    whistle = resonances(white(n, rng), (tone, tone / 12, 1.0), (2.1 * tone, tone / 8, 0.5))
    can = resonances(white(n, rng), (between(rng, 500, 900) / full, 120, 1.0))
    flutter = np.clip(swell(n, between(rng, 20, 60), rng, 0.12), 0.5, 1.6)
    x = unit(jet) + between(rng, 0.05, 0.3) * unit(whistle) + 0.06 * unit(can)
    out = unit(x) * valve * flutter
    add_at(out, 0.0, burst(rng, 2000, 12_000, 0.006), between(rng, 1.0, 2.5))
    return out


def _shaken(x: Signal, t: float, rng: Rng, rate: float, shakes: int, full: float) -> float:
    """The mixing ball knocks at both ends of the can, twice a shake; returns when it ends."""
    can = metal(rng, log_between(rng, 1500, 2600) / full**0.3, 11_000, 20, t60=0.09 / full)
    body = metal(rng, log_between(rng, 480, 800) / full**0.5, 3500, 12, t60=0.06)
    for index in range(2 * shakes):
        m = frames(0.12)
        knock = can.struck(m, rng, 9000, 0.5) + between(rng, 0.3, 0.7) * body.struck(m, rng, 3000)
        add_at(knock, 0, burst(rng, 2000, 12_000, 0.003), between(rng, 0.3, 0.8))
        late = 0.006 * rng.standard_normal()
        add_at(
            x,
            max(0.0, t + late),
            peaked(knock),
            between(rng, 0.55, 1.0) * (1.0 if index % 2 else 0.75),
        )
        if chance(rng, 0.4):
            add_at(x, t + between(rng, 0.012, 0.035), peaked(knock), between(rng, 0.1, 0.35))
        t += between(rng, 0.9, 1.1) / (2 * rate)
    return t


def spray_can(seconds: float, rng: Rng) -> Synthesised:
    """A can shaken 2.5 to 6 times a second, its ball knocking, and sprayed in one puff or many.

    *tempo* is how fast it is shaken; a full can knocks dully.
    """
    n = frames(seconds)
    tempo, rate = level(rng, slow=2.6, steady=3.9, fast=5.8)
    full, fine = between(rng, 0.8, 1.6), between(rng, 0.75, 1.25)
    short = chance(rng, 0.5)
    x = np.zeros(n)
    t = between(rng, 0.02, 0.1)
    while t < seconds - 0.2:
        room_left = seconds - t
        shakes = int(np.clip(rate * room_left * between(rng, 0.25, 0.5), 1, rng.integers(3, 14)))
        t = _shaken(x, t, rng, rate, shakes, full) + between(rng, 0.1, 0.4)
        for _ in range(int(rng.integers(1, 6)) if short else int(rng.integers(1, 3))):
            length = between(rng, 0.08, 0.35) if short else between(rng, 0.5, 1.8)
            length = min(length, seconds - t - 0.1)
            if length < 0.08:
                break
            add_at(x, t, _puff(rng, length, full, fine), between(rng, 0.12, 0.25))
            t += length + between(rng, 0.08, 0.5)
        t += between(rng, 0.1, 0.6)
    x = room(x, rng) if chance(rng, 0.6) else outdoors(x, rng)
    return finish(limited(x, 10), seconds, rng, {"tempo": tempo}, _QUIET)


def _spray(n: int, rng: Rng, force: Signal) -> Signal:
    """A jet that breaks up in the air, and drops that patter on grass and leaves."""
    jet = shaped(white(n, rng), (200, -20), (900, -8), (3000, -1), (6000, 0), (15_000, -8))
    drops = bursts(rng, 24, (900, 6000), (0.003, 0.015), 1.0)
    places = poisson(n, 130 * np.clip(np.roll(force, frames(0.25)), 0, 3), rng)
    patter = scatter(n, places, sizes(len(places), rng), drops, rng)
    return unit(jet) * force + between(rng, 0.25, 0.6) * unit(patter)


def head_turns(n: int, rng: Rng, rate: float) -> tuple[Signal, Signal]:
    """Strikes a second of a sprinkler's arm, and where its head points, 0 to 1.

    Forward it goes by `rate` strikes a second for 3 to 9 s; most heads then run back three times as
    fast, others go on round.
    """
    forward, back = between(rng, 3.0, 9.0), between(rng, 0.9, 1.8)
    returns = chance(rng, 0.75)
    whole = forward + back if returns else forward
    when = (np.arange(n) / frames(1.0) + between(rng, 0, whole)) % whole
    backward = when > forward
    pace = np.where(backward, 3.0 * rate, rate) * (1 + 0.02 * wander(n, 2, rng))
    way = np.where(backward, (whole - when) / back, when / forward)
    return pace, np.clip(way, 0, 1)


def sprinkler(seconds: float, rng: Rng) -> Synthesised:
    """An arm strikes the jet 2.5 to 7 times a second and turns the head by a notch each time.

    The jet is cut at each stroke. At the end of its way the head runs back, ticking three times as
    fast; its jet comes nearer and goes as it turns.
    """
    n = frames(seconds)
    tempo, rate = level(rng, slow=2.8, steady=4.2, fast=6.4)
    strength, power = level(rng, light=0.5, moderate=0.8, heavy=1.2)
    rate *= between(rng, 0.93, 1.07)
    pace, way = head_turns(n, rng, rate)
    backward = pace > 2 * rate
    beat = phase(pace)
    strikes = np.flatnonzero(np.diff(np.floor(beat)) > 0)
    arm = metal(rng, log_between(rng, 700, 1300), 8000, 16, t60=between(rng, 0.04, 0.1))
    bank = []
    for _ in range(6):
        m = frames(0.15)
        tick = arm.struck(m, rng, 4500, 0.3)
        splash = bandpass(white(m, rng), 1500, 9000, 1) * strike(m, 0.006, 0.05)
        add_at(tick, 0, burst(rng, 1800, 9000, 0.004), between(rng, 0.2, 0.5))
        bank.append(peaked(tick + between(rng, 0.4, 0.9) * peaked(splash)))
    gains = rng.uniform(0.75, 1.0, len(strikes)) * np.where(backward[strikes], 0.55, 1.0)
    ticking = scatter(n, strikes, gains, bank, rng)
    since = (beat % 1.0) / np.maximum(pace, 0.1)
    cut = 1 - 0.75 * np.exp(-since / 0.035)
    facing = 0.45 + 0.55 * np.sin(np.pi * way) ** 2
    jet = _spray(n, rng, cut * facing * power)
    x = 0.5 * unit(ticking) * (0.7 + 0.3 * facing) + power * between(rng, 0.5, 0.9) * unit(jet)
    x += 0.08 * unit(highpass(ticking * decay(n, 1e3), 5000, 1))
    distance = draw_distance(rng, 0.25)
    x = outdoors(x, rng) if distance == "close" else at_distance(x, distance, rng)
    attributes = {"tempo": tempo, "strength": strength, "distance": distance}
    return finish(limited(x, 7), seconds, rng, attributes)


SPRAYS: dict[str, Recipe] = {"spray_can": spray_can, "sprinkler": sprinkler}
"""By the name of the kind."""
