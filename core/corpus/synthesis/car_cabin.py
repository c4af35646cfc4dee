"""Heard from the driver's seat: the wipers on the windscreen, the relay of the indicator."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, beats, contour, strike, swell, wander
from core.corpus.synthesis.filters import bandpass, lowpass, resonances, shaped, sweeping
from core.corpus.synthesis.grains import add_at, burst, dust
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.motors import commutator_motor, exhaust_pulses
from core.corpus.synthesis.sampling import Rng, Signal, between, chance, frames, level, log_between
from core.corpus.synthesis.sources import pulses, white
from core.corpus.synthesis.space import reverb

_QUIET = (-62.0, -48.0)
"""Noise floor, dB of the peak, of a parked car."""


def _cabin(x: Signal, rng: Rng) -> Signal:
    """A small, padded space."""
    return reverb(x, rng, between(rng, 0.08, 0.16), between(rng, 0.2, 0.45), 2500)


def _idling(n: int, rng: Rng) -> Signal:
    """Four cylinders at idle through the bulkhead: little of it above 300 Hz. Unit RMS."""
    fires = 2 * between(rng, 11.5, 15) * (1 + 0.01 * wander(n, 1.5, rng))
    gas = exhaust_pulses(fires, rng, 0.15, 0.006, 0.2)
    engine = resonances(gas, (between(rng, 60, 90), 40, 1.0), (between(rng, 130, 200), 80, 0.6))
    air = white(n, rng)
    x = unit(engine) + between(rng, 0.3, 0.9) * unit(lowpass(air, 90, 1))
    return unit(lowpass(x, between(rng, 180, 320), 2))


def _wipe(rng: Rng, length: float, dry: float, back: bool) -> Signal:
    """One sweep: the lip hisses over the glass, and judders or squeaks where it is dry."""
    n = frames(length)
    speed = contour(n, (0, 0.05), (0.25, 0.9), (0.6, 1.0), (0.9, 0.5), (1, 0.05))
    centre = (0.85 if back else 1.0) * log_between(rng, 900, 1600) * (0.6 + 0.6 * speed)
    hiss = unit(sweeping(white(n, rng), centre, 2.4))
    spray = shaped(white(n, rng), (300, -18), (2500, -2), (6000, 0), (14_000, -12))
    x = (hiss + between(rng, 0.15, 0.4) * unit(spray)) * speed
    if dry > 0.05:
        rate = log_between(rng, 45, 160) * (0.5 + 0.6 * speed) * 2 ** (0.12 * wander(n, 7, rng))
        slips = pulses(rate, rng, 0.06, 0.3)
        peaks = [(float(hz), float(hz) / 9, 1.0) for hz in rng.uniform(250, 1500, 4)]
        where = np.clip(wander(n, 2.5, rng) + 0.4, 0, 1.5) * speed
        x += dry * unit(resonances(slips, *peaks) * where + 1e-9) * arch(n, 0.1, 0.15)
    return peaked(x * arch(n, 0.05, 0.08))


def _turnover(rng: Rng) -> Signal:
    """The blade flips at the end of a sweep and the linkage takes up its play: a double thud."""
    n = frames(0.22)
    x = bandpass(white(n, rng), 70, 420, 2) * strike(n, 0.004, between(rng, 0.06, 0.1))
    x = peaked(x)
    add_at(x, between(rng, 0.02, 0.05), burst(rng, 500, 2500, 0.018), between(rng, 0.15, 0.4))
    return x


def windscreen_wipers(seconds: float, rng: Rng) -> Synthesised:
    """Wipers to and fro, a sweep in 0.45 to 0.95 s, with the thud of each turn and their motor.

    *tempo* slow is the interval setting, which rests between; it may rain on the roof.
    """
    n = frames(seconds)
    tempo, sweep = level(rng, slow=0.85, steady=0.68, fast=0.46)
    sweep *= between(rng, 0.94, 1.08)
    rest = between(rng, 0.8, 2.0) if tempo == "slow" else 0.05
    dry = float(rng.choice([0.0, 0.15, 0.5, 1.0]))
    rubber, driven = np.zeros(n), np.zeros(n)
    there = [(_wipe(rng, sweep, dry, back), _turnover(rng)) for back in (False, True, False, True)]
    t, turn = between(rng, 0.02, 0.25), 0
    while t < seconds - 0.1:
        wiped, thud = there[turn % 4]
        add_at(rubber, t, wiped, between(rng, 0.8, 1.0))
        add_at(rubber, t + 0.96 * sweep, thud, between(rng, 0.5, 0.8))
        a = frames(t)
        driven[a : a + frames(sweep)] = 1.0
        t += sweep + (rest if turn % 2 else 0.05)
        turn += 1
    labour = lowpass(driven, 4, 1)
    motor = commutator_motor(between(rng, 28, 42) * (0.9 + 0.1 * labour), rng, 4.5)
    motor = bandpass(motor, 90, 1800, 1) * np.clip(labour, 0, 1)
    x = peaked(rubber) + between(rng, 0.02, 0.07) * unit(motor)
    if chance(rng, 0.6):
        drops = dust(np.full(n, log_between(rng, 40, 300)), rng, 1.4)
        patter = shaped(drops, (120, -8), (500, 0), (2500, -4), (8000, -18))
        x += between(rng, 0.02, 0.07) * unit(patter)
    x = _cabin(x, rng) + between(rng, 0.02, 0.08) * _idling(n, rng) * swell(n, 0.5, rng, 0.1)
    return finish(limited(x, 8), seconds, rng, {"tempo": tempo}, _QUIET, 0.1)


def _relay(rng: Rng, pitch: float) -> Signal:
    """A relay's armature: it meets its stop and bounces once or twice; the dashboard answers."""
    x = np.zeros(frames(0.09))
    for bounce in range(int(rng.integers(1, 4))):
        late = 0.0035 * bounce * between(rng, 0.7, 1.4)
        click = burst(rng, 1500 * pitch, 7500 * pitch, between(rng, 0.004, 0.008))
        add_at(x, late, click, 0.45**bounce)
    body = (620 * pitch, 90.0, 0.9), (1250 * pitch, 160.0, 0.8), (2700 * pitch, 320.0, 0.6)
    return peaked(x + 1.4 * resonances(x, *body))


def indicator(seconds: float, rng: Rng) -> Synthesised:
    """A turn signal: tick and tock, 60 to 120 pairs a minute, over an idling engine or in silence.

    *tempo* fast is about the 120 of a lamp that has failed.
    """
    n = frames(seconds)
    tempo, rate = level(rng, slow=1.1, steady=1.42, fast=1.9)
    rate *= between(rng, 0.96, 1.04)
    pitch = log_between(rng, 0.7, 1.5)
    tick, tock = _relay(rng, pitch), _relay(rng, pitch * between(rng, 0.62, 0.85))
    duty = between(rng, 0.42, 0.55)
    x = np.zeros(n)
    softer = between(rng, 0.5, 0.95)
    for t in beats(seconds, 1 / rate, 0.002, rng, first=between(rng, 0.03, 0.25)):
        add_at(x, t, tick, between(rng, 0.92, 1.0))
        add_at(x, t + duty / rate, tock, softer * between(rng, 0.92, 1.0))
    x = peaked(_cabin(x, rng))
    if chance(rng, 0.65):
        x += log_between(rng, 0.01, 0.06) * _idling(n, rng)
    return finish(limited(x, 20), seconds, rng, {"tempo": tempo}, _QUIET, 0.08)


CAR_CABIN: dict[str, Recipe] = {"indicator": indicator, "windscreen_wipers": windscreen_wipers}
"""By the name of the kind."""
