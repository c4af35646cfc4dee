"""What turns in household machines: motors, fans, and how they start and stop."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.envelopes import wander
from core.corpus.synthesis.filters import resonances, shaped
from core.corpus.synthesis.levels import unit
from core.corpus.synthesis.sampling import Rng, Signal, between, chance, frames, spread, ticks
from core.corpus.synthesis.sources import harmonics, phase, pink, sine, tilted

SETTLED = 0.95
"""Share of its speed from which on a machine counts as running."""
PULSE_RISE = 0.0004
"""Seconds in which a valve or port lets the gas out."""


def mains_frequency(rng: Rng) -> float:
    """50 or 60 Hz."""
    return float(rng.choice([50.0, 60.0]))


def induction_hum(n: int, rng: Rng, mains: float, slope: float) -> Signal:
    """The hum of an induction motor's stator and rotor, of unit RMS.

    The iron pulls twice a period of the mains; the rotor, two poles or four, turns 2 to 5 % slower
    than the field, so that both beat slowly. `slope` is the fall of the harmonics in dB an octave.
    """
    still = harmonics(
        np.full(n, 2 * mains), tilted(16, slope) * np.exp(0.5 * rng.standard_normal(16)), rng
    )
    turn = mains / float(rng.integers(1, 3)) * (1 - between(rng, 0.02, 0.05))
    drift = 1 + 0.002 * wander(n, 0.4, rng)
    spun = harmonics(turn * drift, tilted(24, slope) * np.exp(0.6 * rng.standard_normal(24)), rng)
    return unit(unit(still) + between(rng, 0.3, 0.9) * unit(spun))


def housing(x: Signal, rng: Rng, low: float, high: float, count: int, sharpness: float) -> Signal:
    """A vibration through the panels of a machine: `count` resonances, `sharpness` is their Q."""
    peaks = [
        (float(hz), float(hz) / sharpness, between(rng, 0.3, 1.0))
        for hz in spread(rng, low, high, count)
    ]
    return resonances(x, *peaks)


def commutator_motor(turns: Signal, rng: Rng, slope: float) -> Signal:
    """A universal motor of `turns` revolutions a second: imbalance, brushes and their whine.

    The brushes pass some two dozen bars a revolution. Unit RMS.
    """
    count = 40
    gains = tilted(count, slope) * np.exp(0.7 * rng.standard_normal(count))
    shaft = harmonics(turns * (1 + 0.003 * wander(len(turns), 9, rng)), gains, rng)
    bars = float(rng.integers(20, 33))
    whine = sine(np.minimum(turns * bars, 17_000)) * (1 + 0.4 * np.sin(2 * np.pi * phase(turns)))
    return unit(unit(shaft) + between(rng, 0.02, 0.12) * unit(whine))


def blown_air(turns: Signal, blades: int, rng: Rng, *points: tuple[float, float]) -> Signal:
    """Air of a fan of so many blades: noise of a drawn spectrum, stronger as each blade passes.

    The noise of a fan grows by 50 dB with a tenfold speed; unit RMS at the highest speed.
    """
    air = unit(shaped(pink(len(turns), rng), *points))
    chop = np.sin(2 * np.pi * phase(turns * blades) + 2 * np.pi * rng.random())
    force = (turns / float(np.max(turns))) ** 2.5
    blown: Signal = air * (1 + between(rng, 0.03, 0.2) * chop) * force
    return blown


def switched(
    n: int, rng: Rng, run_up: float, run_down: float, probability: float = 0.35
) -> tuple[Signal, float | None, float | None]:
    """Speed of a machine, 0 to 1, that may be switched on or off in the clip.

    Returns:
        The speed of each sample, and when it was switched on and off in seconds, if it was.
    """
    seconds = n / frames(1.0)
    t = ticks(n)
    speed = np.ones(n)
    on = off = None
    if seconds > 1.5 * run_up + 1.0 and chance(rng, probability):
        on = between(rng, 0.1, 0.4)
        speed = 1 - np.exp(-np.clip(t - on, 0, None) * 3 / run_up)
    left = seconds - run_down
    if left > 2 * run_up + 1.0 and chance(rng, probability):
        off = left - between(rng, 0.0, 0.3)
        speed = speed * np.exp(-np.clip(t - off, 0, None) * 3 / run_down)
    return speed, on, off


def exhaust_pulses(rate: Signal, rng: Rng, uneven: float, fall: float, noise: float) -> Signal:
    """Gas that leaves a cylinder `rate` times a second, pulse by pulse.

    `uneven` is the deviation of the pulses' strength in natural-log units, `fall` the seconds in
    which a pulse sinks to 1/e, `noise` the turbulence in it, as a share.
    """
    cycles = phase(rate) + rng.random()
    which = np.floor(cycles).astype(int)
    strength = np.exp(uneven * rng.standard_normal(int(which[-1]) + 2))[which]
    since = (cycles - which) / np.maximum(rate, 1.0)
    pulse = np.exp(-since / fall) * np.minimum(1, since / PULSE_RISE)
    gas: Signal = strength * pulse * (1 + noise * rng.standard_normal(len(rate)))
    return gas


def bodies(
    rng: Rng, low: float, high: float, count: int, sharpness: float, slope: float
) -> list[tuple[float, float, float]]:
    """Resonances of pipes, casing and handles: `count` of (Hz, width in Hz, gain).

    `sharpness` is their Q, `slope` the power of the frequency with which their gain falls.
    """
    return [
        (float(hz), float(hz) / sharpness, (1000 / float(hz)) ** slope * between(rng, 0.5, 1.0))
        for hz in spread(rng, low, high, count)
    ]
