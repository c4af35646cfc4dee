"""A cigarette lighter: flint and wheel, the gas, a small flame, at times a metal lid."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish, how_many
from core.corpus.synthesis.envelopes import contour, strike, swell
from core.corpus.synthesis.filters import bandpass, highpass, lowpass
from core.corpus.synthesis.grains import add_at, burst
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import metal
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
from core.corpus.synthesis.sources import brown, pulses, white
from core.corpus.synthesis.space import room


def _spark(rng: Rng, force: float) -> Signal:
    """The toothed wheel over the flint: some 15 teeth in 40 to 80 ms, 2 to 14 kHz, and its stop."""
    m = frames(between(rng, 0.04, 0.08) / (0.7 + 0.4 * force))
    teeth = pulses(
        log_between(rng, 250, 420) * contour(m, (0, 0.6), (0.5, 1.2), (1, 0.8)), rng, 0.15, 0.4
    )
    rasp = bandpass(white(m, rng), 2000, 9000, 1) * (
        0.35 + np.minimum(lowpass(teeth, 900, 1) * 20, 1.5)
    )
    rasp = rasp * contour(m, (0, 0), (0.15, 1), (0.75, 0.8), (1, 0))
    x = np.zeros(m + frames(0.06))
    add_at(x, 0.0, peaked(rasp + highpass(rasp, 6000, 1)), 0.75)
    add_at(x, (m - 150) / frames(1.0), burst(rng, 900, 6000, 0.012), between(rng, 0.4, 0.9))
    return x


def _lit(n: int, rng: Rng) -> Signal:
    """Gas hisses at 3 to 10 kHz; it catches with a soft puff and burns with hardly a sound."""
    gas = bandpass(white(n, rng), between(rng, 2500, 4000), 11_000, 1)
    hiss = unit(gas) * (0.3 + 0.7 * np.exp(-ticks(n) / 0.05)) * np.minimum(1, ticks(n) / 0.004)
    puff = lowpass(brown(n, rng), between(rng, 350, 700), 1)
    caught = unit(puff) * strike(n, 0.02, between(rng, 0.18, 0.35))
    flame = unit(lowpass(brown(n, rng), 400, 1)) * swell(n, 11, rng, 0.5)
    return between(rng, 0.03, 0.08) * hiss + between(rng, 0.25, 0.6) * caught + 0.02 * flame


def lighter(seconds: float, rng: Rng) -> Synthesised:
    """The wheel is flicked once or until it lights; then a flame, and the lever snaps up again.

    A petrol lighter has a steel lid, which is thrown open before and shut behind it.
    """
    n = frames(seconds)
    strength, force = level(rng, light=0.5, moderate=0.75, heavy=1.0)
    count, most = level(rng, single=1, several=4)
    lid = metal(rng, log_between(rng, 1900, 3200), 12_000, 16, t60=between(rng, 0.06, 0.2))
    lidded = chance(rng, 0.35)
    x = np.zeros(n)
    t = between(rng, 0.02, 0.1)
    if lidded and seconds > 1.0:
        add_at(x, t, lid.struck(frames(0.3), rng, 9000), between(rng, 0.5, 0.8))
        t += between(rng, 0.16, 0.35)
    flicks = 1 if most == 1 else int(rng.integers(2, 5))
    made = 0
    while made == 0 or (made < flicks and t < seconds - 0.4):
        add_at(x, t, _spark(rng, force), between(rng, 0.75, 1.0) * (0.5 + 0.5 * force))
        made += 1
        last = t
        t += between(rng, 0.3, 0.6)
    burns = min(between(rng, 0.5, 2.5), seconds - last - 0.1)
    if burns > 0.1:
        m = frames(burns)
        flame = _lit(m, rng) * contour(m, (0, 1), (0.97, 1), (1, 0))
        add_at(x, last + 0.05, flame, 0.35 + 0.3 * force)
        out = last + 0.05 + burns
        add_at(x, out, burst(rng, 1200, 6000, 0.01), between(rng, 0.1, 0.3))
        if lidded and out + 0.15 < seconds:
            shut = lid.struck(frames(0.2), rng, 6000) * strike(frames(0.2), 0.001, 0.06)
            add_at(x, out + 0.08, peaked(shut), between(rng, 0.6, 0.9))
    x = peaked(limited(room(x, rng), 14)) + log_between(rng, 6e-4, 3e-3) * unit(
        lowpass(brown(n, rng), 500, 1)
    )
    counted = {"count": how_many(made) if most > 1 else count}
    return finish(x, seconds, rng, {"strength": strength, **counted}, fade_out=0.1)


LIGHTERS: dict[str, Recipe] = {"lighter": lighter}
"""By the name of the kind."""
