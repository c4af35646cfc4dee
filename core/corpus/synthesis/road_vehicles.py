"""Vehicles on a road: a car that passes on a dry or a wet road, and traffic."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, contour, swell, wander
from core.corpus.synthesis.filters import shaped
from core.corpus.synthesis.grains import bursts, poisson, scatter, sizes
from core.corpus.synthesis.levels import limited, unit
from core.corpus.synthesis.roads import (
    Drive,
    drive_past,
    piston_engine,
    town,
    tyres,
)
from core.corpus.synthesis.sampling import Rng, Signal, between, chance, frames, level, log_between
from core.corpus.synthesis.sources import pink, white
from core.corpus.synthesis.space import outdoors

_SPEEDS = {"slow": 9.0, "steady": 15.0, "fast": 22.0}
"""Metres a second: a side street, a main road, out of town."""


def _car(
    n: int,
    speed: float,
    rng: Rng,
    wet: float = 0.0,
    motor: tuple[float, float] = (2.0, 3.2),
) -> Signal:
    """A car as it drives: tyres, wind about it, and an engine of 1200 to 3200 turns a minute."""
    crank = between(rng, 35, 46) * (speed / 15) ** 0.2 * np.ones(n)
    crank = crank * (1 + 0.004 * wander(n, 1.0, rng)) * contour(n, (0, 0.97), (1, 1.03))
    load = np.full(n, between(rng, 0.4, 0.8))
    whine = between(rng, 0.05, 0.12) if motor[0] > 1 else between(rng, 0.0, 0.03)
    cylinders = int(rng.choice([4, 4, 6, 6]))
    sound = piston_engine(crank, load, cylinders, rng, diesel=between(rng, 0, 0.3), whine=whine)
    wind = shaped(white(n, rng), (60, -6), (250, 0), (900, -8), (4000, -20), (15_000, -36))
    x = tyres(n, speed, rng, wet) + between(rng, *motor) * sound
    return x + 0.25 * (speed / 20) ** 3 * unit(wind)


def _passing(seconds: float, rng: Rng, wet: float) -> Synthesised:
    n = frames(seconds)
    tempo = str(rng.choice(list(_SPEEDS)))
    speed = _SPEEDS[tempo] * between(rng, 0.85, 1.15)
    distance = "distant" if chance(rng, 0.25) else "close"
    nearest = log_between(rng, 14, 22) if distance == "distant" else log_between(rng, 5, 9)
    drive = Drive(speed, nearest, seconds * between(rng, 0.35, 0.6))
    x = drive_past(_car(n, speed, rng, wet), drive)
    if wet > 0:
        drops = bursts(rng, 30, (1500, 7000), (0.002, 0.012), 1.0)
        thrown = 150 * np.minimum(1, (1.5 * nearest / drive.distances(n)) ** 2)
        places = poisson(n, thrown, rng)
        x += 0.1 * scatter(n, places, sizes(len(places), rng), drops, rng)
    x = outdoors(x, rng)
    x = unit(x) + 10 ** (between(rng, -30, -20) / 20) * town(n, rng)
    return finish(
        limited(x, 4.5), seconds, rng, {"tempo": tempo, "distance": distance}, fade_out=0.25
    )


def car_passing(seconds: float, rng: Rng) -> Synthesised:
    """A car comes, passes and goes: tyres loudest, its engine under them, lower as it leaves.

    At 15 m/s and 5 m the sound is within 6 dB of its peak for half a second.
    """
    return _passing(seconds, rng, 0.0)


def car_passing_wet(seconds: float, rng: Rng) -> Synthesised:
    """A car on a wet road: the hiss of water thrown by the tread, 2 to 9 kHz, over tyres."""
    return _passing(seconds, rng, between(rng, 0.5, 1.0))


def _crowded(seconds: float, rng: Rng, often: float) -> Signal:
    """Vehicles that pass both ways, `often` a second, of unit RMS."""
    bank = []
    length = 3.4
    m = frames(length)
    speed = log_between(rng, 11, 21)
    for index in range(3):
        own = speed * between(rng, 0.8, 1.2)
        drive = Drive(own, log_between(rng, 6, 14), length / 2)
        sound = _lorry_rolling(m, own, rng) if index == 0 else _car(m, own, rng, motor=(0.8, 2.0))
        bank.append(unit(drive_past(sound, drive)) * arch(m, 0.25, 0.25))
    lead = frames(length / 2)
    n = frames(seconds) + lead
    places = poisson(n, often, rng)
    if not len(places):
        places = np.array([lead])
    return unit(
        scatter(n, places, np.exp(0.3 * rng.standard_normal(len(places))), bank, rng)[lead:]
    )


def traffic(seconds: float, rng: Rng) -> Synthesised:
    """A road that is never empty: vehicles pass at 6 to 14 m, over the roar of all the others.

    The roar of many tyres falls slowly to 1 kHz and steeply above; it swells as they bunch.
    """
    n = frames(seconds)
    strength, often = level(rng, light=0.5, moderate=1.0, heavy=2.0)
    x = _crowded(seconds, rng, often)
    roar = shaped(
        pink(n, rng), (35, -3), (90, 1), (300, -2), (900, 0), (1600, -8), (5000, -24), (15_000, -44)
    )
    x = x + between(rng, 0.5, 0.8) * unit(roar) * swell(n, 0.5, rng, 0.25)
    x = outdoors(x, rng) + between(rng, 0.3, 0.6) * town(n, rng)
    return finish(limited(x, 5), seconds, rng, {"strength": strength}, fade_out=0.2)


def _lorry_rolling(n: int, speed: float, rng: Rng) -> Signal:
    """A lorry at speed: 1100 to 1700 turns a minute, many tyres."""
    crank = between(rng, 19, 28) * np.ones(n) * (1 + 0.004 * wander(n, 1, rng))
    load = np.full(n, between(rng, 0.6, 1))
    motor = piston_engine(crank, load, 6, rng, size=1.6, diesel=0.3, whine=0.02)
    return tyres(n, speed, rng) + between(rng, 0.8, 1.6) * motor


ROAD_VEHICLES: dict[str, Recipe] = {
    "car_passing": car_passing,
    "car_passing_wet": car_passing_wet,
    "traffic": traffic,
}
"""By the name of the kind."""
