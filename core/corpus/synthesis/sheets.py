"""Thin sheets: a plastic bag that crinkles, cloth that flaps in the wind, cloth that is torn."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish, how_many
from core.corpus.synthesis.envelopes import arch, contour, strike, swell, wander
from core.corpus.synthesis.filters import bandpass, highpass, lowpass, resonances, shaped, sweeping
from core.corpus.synthesis.grains import add_at, burst, bursts, dust, poisson, scatter, sizes
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
from core.corpus.synthesis.sources import phase, pink, pulses, white
from core.corpus.synthesis.space import at_distance, draw_distance, outdoors, reverb, room

_ROOM = (-60.0, -46.0)
"""Noise floor, dB of the peak: clicks stand far above the air of the room they are heard in."""


def _handled(n: int, rng: Rng, pause: float) -> Signal:
    """Movements of hands, 0.1 to 0.7 s each, about `pause` seconds apart."""
    t, at = ticks(n), between(rng, 0.0, 0.15)
    moved = np.zeros(n)
    while at < t[-1]:
        width = between(rng, 0.05, 0.22)
        rise = np.exp(-(((t - at - width) / width) ** 2))
        moved += between(rng, 0.3, 1.0) * rise
        at += 2 * width + pause * between(rng, 0.1, 1.6)
    return moved


def plastic_bag(seconds: float, rng: Rng) -> Synthesised:
    """Film a fiftieth of a millimetre thin snaps from fold to fold: thousands of clicks a second.

    A click lasts 0.5 to 4 ms and lies at 2 to 14 kHz, higher and shorter than paper's; their
    energies follow a power law. *strength* is how hard it is crumpled; now and then it is shaken.
    """
    n = frames(seconds)
    strength, (rate, pause) = level(
        rng, light=(350.0, 0.7), moderate=(900.0, 0.4), heavy=(2200.0, 0.15)
    )
    thin = log_between(rng, 0.75, 1.4)
    moved = _handled(n, rng, pause) * swell(n, 9, rng, 0.5)
    fine = dust(rate * moved * between(rng, 0.8, 1.2) + 1e-3, rng, 1.2, 20)
    fine = bandpass(fine, 2200 * thin, 13_000, 1) + 0.5 * highpass(fine, 6000, 1)
    bank = bursts(rng, 40, (1300 * thin, 8500), (0.0015, 0.007), 1.6)
    places = poisson(n, 0.12 * rate * moved + 1e-3, rng)
    large = scatter(n, places, sizes(len(places), rng, 1.1, 18), bank, rng)
    x = unit(fine) + between(rng, 0.7, 1.3) * unit(large + 1e-9)
    rub = shaped(white(n, rng), (300, -22), (1500, -6), (5000, 0), (11_000, -3)) * moved
    x = limited(x, 10) + between(rng, 0.1, 0.3) * unit(rub)
    if chance(rng, 0.4):
        t = between(rng, 0.1, max(0.2, 0.7 * seconds))
        m = frames(0.3)
        air = bandpass(white(m, rng), 90, 700, 1) * strike(m, 0.02, between(rng, 0.15, 0.3))
        add_at(x, t, peaked(air), between(rng, 0.8, 2.0))
    x = reverb(x, rng, between(rng, 0.15, 0.5), between(rng, 0.06, 0.2), 6000)
    return finish(limited(x, 10), seconds, rng, {"strength": strength}, _ROOM, fade_out=0.1)


def _flap(rng: Rng, size: float, hard: float) -> Signal:
    """A fold that runs out at the edge: it fills with a low thump and cracks like a small whip."""
    m = frames(0.22 * size**0.5 + 0.08)
    fill = bandpass(white(m, rng), 60 / size**0.5, 420 / size**0.5, 1)
    x = peaked(fill * strike(m, 0.02 * size**0.5, between(rng, 0.1, 0.2) * size**0.4))
    crack = np.zeros(m)
    late = between(rng, 0.01, 0.04)
    low = log_between(rng, 500, 1100) / size**0.4
    add_at(crack, late, burst(rng, low, low * 6, between(rng, 0.015, 0.05)), 1.0)
    add_at(crack, late, burst(rng, 2500, 11_000, 0.006), between(rng, 0.1, 0.5) * hard)
    return peaked(x * between(rng, 0.4, 1.0) + between(rng, 0.6, 1.5) * hard * crack)


def flag_flapping(seconds: float, rng: Rng) -> Synthesised:
    """Waves run along the cloth and snap at its edge, 1.5 to 9 times a second, as the gusts go.

    *strength* is the wind's, *tempo* the cloth's: a small flag flutters fast and high, a sail or
    tarpaulin beats slowly and low.
    """
    n = frames(seconds)
    strength, hard = level(rng, light=0.25, moderate=0.6, heavy=1.0)
    tempo, size = level(rng, slow=2.2, steady=1.0, fast=0.45)
    size *= between(rng, 0.85, 1.2)
    gust = np.clip(1 + 0.45 * wander(n, between(rng, 0.25, 0.6), rng), 0.15, 2.0)
    rate = 3.6 / size**0.75 * (0.75 + 0.5 * hard) * gust**0.7
    turn = phase(rate * (1 + 0.22 * wander(n, 3, rng)))
    places = np.flatnonzero(np.diff(np.floor(turn)) > 0)
    bank = [_flap(rng, size * between(rng, 0.85, 1.15), hard) for _ in range(14)]
    gains = gust[places] ** 1.5 * rng.uniform(0.25, 1.0, len(places))
    x = scatter(n, places, gains, bank, rng)
    flutter = 0.5 + 0.5 * np.sin(2 * np.pi * 3 * turn)
    ripple = shaped(white(n, rng), (80, -10), (300, -2), (900, 0), (3000, -6), (9000, -16))
    x = unit(x) + between(rng, 0.15, 0.4) * unit(ripple * flutter * gust**2)
    blown = sweeping(pink(n, rng), np.clip(220 * (0.5 + hard) * gust, 60, 1500), 2.2)
    x += (0.08 + 0.12 * hard) * between(rng, 0.6, 1.2) * unit(blown * gust)
    distance = draw_distance(rng, 0.15)
    x = outdoors(x, rng) if distance == "close" else at_distance(x, distance, rng)
    attributes = {"strength": strength, "tempo": tempo, "distance": distance}
    return finish(limited(x, 7), seconds, rng, attributes, fade_out=0.15)


def _rip(rng: Rng, length: float, pace: float, coarse: float) -> Signal:
    """Threads that part one after the other at the tip of the tear.

    They stand evenly, so that at speed the snaps run together into a buzz that climbs with the
    hands; the cloth about them sounds between 600 Hz and 5 kHz.
    """
    m = frames(length + 0.2)
    t = ticks(m) / length
    jerks = np.clip(swell(m, between(rng, 3, 7), rng, 0.45), 0.2, 2.0)
    speed = contour(m, (0, 0.2), (0.15, 0.6), (between(rng, 0.5, 0.75), 1.0), (1, 0.85)) * jerks
    speed = speed * (t < 1)
    threads = pulses(np.maximum(330 / coarse * pace * speed, 1.0), rng, 0.22, 0.6) * (t < 1)
    stray = dust(700 * pace * speed + 1e-3, rng, 1.4, 12)
    body = between(rng, 700, 1300) / coarse**0.5
    cloth = resonances(
        threads + 0.7 * stray, (body, body, 1.0), (2.3 * body, 1.6 * body, 0.8), (4800, 3500, 0.5)
    )
    hiss = sweeping(white(m, rng), 1400 / coarse**0.5 + 2200 * np.minimum(speed, 1.3), 2.4) * speed
    x = (unit(cloth) + between(rng, 0.25, 0.5) * unit(hiss)) * lowpass(speed**0.5, 60, 1)
    add_at(x, length - 0.01, burst(rng, 500, 6000, 0.04), between(rng, 1.0, 2.5))
    flop = frames(0.15)
    slack = bandpass(white(flop, rng), 120, 900, 1) * arch(flop, 0.15, 0.7)
    add_at(x, length + 0.01, peaked(slack), between(rng, 0.2, 0.7))
    return peaked(x)


def cloth_tearing(seconds: float, rng: Rng) -> Synthesised:
    """Cloth ripped once or in strips; *tempo* is the hands' speed, coarse cloth is lower."""
    n = frames(seconds)
    tempo, (length, pace) = level(rng, slow=(1.7, 0.35), steady=(0.8, 1.0), fast=(0.32, 2.2))
    count, tears = level(rng, single=1, several=4)
    coarse = log_between(rng, 0.6, 1.9)
    x = np.zeros(n)
    t, made = between(rng, 0.02, 0.15), 0
    while made < tears and (made == 0 or t + length < seconds - 0.15):
        now = min(length * between(rng, 0.75, 1.25), seconds - t - 0.15)
        add_at(x, t, _rip(rng, now, pace, coarse * between(rng, 0.93, 1.07)), between(rng, 0.7, 1))
        made += 1
        t += now + between(rng, 0.25, 0.7)
    x = room(x, rng)
    attributes = {"tempo": tempo, "count": how_many(made) if count == "several" else count}
    return finish(limited(x, 9), seconds, rng, attributes, _ROOM, fade_out=0.1)


SHEETS: dict[str, Recipe] = {
    "plastic_bag": plastic_bag,
    "flag_flapping": flag_flapping,
    "cloth_tearing": cloth_tearing,
}
"""By the name of the kind."""
