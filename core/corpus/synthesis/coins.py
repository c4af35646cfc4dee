"""Coins: discs that ring as they strike, bounce and whirl to rest."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import beats, decay, swell
from core.corpus.synthesis.filters import highpass
from core.corpus.synthesis.games import bounces
from core.corpus.synthesis.grains import Bank, add_at, burst
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import Modes, wood
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    chance,
    frames,
    level,
    log_between,
)
from core.corpus.synthesis.sources import room_air, white
from core.corpus.synthesis.space import room


def _coin(rng: Rng, size: float) -> Modes:
    """A disc of 17 to 28 mm: a free plate's modes from 5 to 12 kHz on, in pairs that beat."""
    low = log_between(rng, 8000, 11_000) / size
    ratios = np.array([1.0, 1.68, 2.32, 3.0]) * (1 + 0.02 * rng.standard_normal(4))
    hz = low * np.concatenate([ratios, ratios * (1 + rng.uniform(0.002, 0.012, 4))])
    t60 = between(rng, 0.12, 0.45) * (low / hz) ** 0.6
    return Modes(hz, t60, (low / hz) ** 0.4 * rng.uniform(0.3, 1.0, 8))


def _chink(rng: Rng, coin: Modes, below: Modes, force: float, held: float) -> Signal:
    """A coin strikes coin or table; what lies against others is damped."""
    m = frames(min(0.4, 1.1 * held + 0.05))
    ring = coin.struck(m, rng, vary=0.6) * decay(m, held)
    x = ring + between(rng, 0.03, 0.15) * below.struck(m, rng, 2500)
    add_at(x, 0.0, burst(rng, 2500, 14_000, 0.003), between(rng, 0.2, 0.5))
    return x * force


def _drop(x: Signal, t: float, rng: Rng, coin: Modes, table: Modes) -> float:
    """Add a coin that falls to `x`: it bounces, then whirls down ever faster. Returns its end."""
    blows = Bank(3, lambda _: _chink(rng, coin, table, 1.0, 0.6))
    touches = Bank(4, lambda _: _chink(rng, coin, table, 1.0, 0.12))
    last = t
    for late, speed in bounces(between(rng, 0.15, 0.5), between(rng, 0.45, 0.65), 1.2):
        if t + late < len(x) / frames(1.0):
            add_at(x, t + late, blows.draw(rng), speed)
        last = t + late
    t = last + 0.03
    rate, force = between(rng, 9, 16), between(rng, 0.15, 0.35)
    whirls = int(rng.integers(4, 28))
    for index in range(whirls):
        if t < len(x) / frames(1.0):
            add_at(x, t, touches.draw(rng), force * (1 - 0.8 * index / whirls))
        t += 1 / rate
        rate = min(rate * 1.09, 70)
    return t


def coins(seconds: float, rng: Rng) -> Synthesised:
    """Coins dropped, poured, counted or jingled in a hand: bright chinks of 5 to 16 kHz on a table.

    A single coin bounces, then whirls to rest at 10 to 70 touches a second.
    """
    n = frames(seconds)
    count, number = level(
        rng, single=1, several=int(rng.integers(3, 7)), many=int(rng.integers(12, 30))
    )
    purse = [_coin(rng, between(rng, 0.85, 1.6)) for _ in range(min(number, 9))]
    table = wood(rng, between(rng, 180, 420), 3500, 14, t60=between(rng, 0.05, 0.12))
    x = np.zeros(n)
    t = between(rng, 0.02, 0.12)
    if count == "single" or (count == "several" and chance(rng, 0.5)):
        while t < seconds - 0.25:
            end = t
            for coin in purse:
                start = t + (between(rng, 0, 0.5) if number > 1 else 0.0)
                end = max(end, _drop(x, start, rng, coin, table))
            t = end + between(rng, 0.5, 1.5)
    else:
        rate = between(rng, 5, 9) if count == "several" else between(rng, 18, 45)
        shaking = np.clip(swell(n, between(rng, 2, 5), rng, 0.9), 0.05, 2.0)

        def chink(index: int) -> Signal:
            coin = purse[index % len(purse)]
            return _chink(rng, coin, table, 1.0, log_between(rng, 0.05, 0.4))

        bank = Bank(24, chink)
        for late in beats(seconds - 0.05, 1 / rate, 0.6, rng, t):
            gain = float(shaking[min(n - 1, frames(late))]) * log_between(rng, 0.15, 1.0)
            add_at(x, late, bank.draw(rng), gain)
        rub = unit(highpass(white(n, rng), 3000, 1)) * shaking
        x = peaked(limited(x, 9)) + between(rng, 0.002, 0.01) * rub
    x = room(x, rng)
    x = peaked(x) + between(rng, 0.0005, 0.003) * room_air(n, rng)
    return finish(limited(x, 11), seconds, rng, {"count": count}, fade_out=0.1)


COINS: dict[str, Recipe] = {"coins": coins}
