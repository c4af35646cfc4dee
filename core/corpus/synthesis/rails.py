"""On rails: an underground train that comes, goes or runs in its tunnel, and a tram."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, contour, strike, swell, wander
from core.corpus.synthesis.filters import resonances, shaped, sweeping
from core.corpus.synthesis.grains import add_at, ringing
from core.corpus.synthesis.levels import limited, unit
from core.corpus.synthesis.modes import Modes, metal
from core.corpus.synthesis.roads import in_the_street
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    chance,
    frames,
    level,
    log_between,
    spread,
)
from core.corpus.synthesis.sources import harmonics, phase, pink, white
from core.corpus.synthesis.space import reverb

CAR_AXLES = (0.0, 2.1, 10.5, 12.6)
"""Metres from the first axle of a car to the others: two in each of its bogies."""


def joints(speed: Signal, rail: float, rng: Rng, axles: tuple[float, ...] = CAR_AXLES) -> Signal:
    """Wheels over joints that are `rail` metres apart, `speed` in metres a second.

    Two axles of each bogie make the pairs of beats; a faster wheel strikes harder.
    """
    n = len(speed)
    way = phase(speed)
    start = rng.random()
    places = [
        np.flatnonzero(
            np.diff(np.floor((way - axle * between(rng, 0.97, 1.03)) / rail + start)) > 0
        )
        for axle in axles
    ]
    hits = np.sort(np.concatenate(places)).astype(np.int64)
    force = (speed[hits] / max(float(np.max(speed)), 1e-6)) ** 0.7
    blows = np.zeros(n)
    np.add.at(blows, hits, force * np.exp(0.25 * rng.standard_normal(len(hits))))
    m = frames(0.25)
    shake = ringing(blows, strike(m, 0.008, between(rng, 0.12, 0.22)))
    clatter = shaped(
        white(n, rng),
        (60, -6),
        (150, 0),
        (450, 2),
        (1200, 0),
        (2600, -8),
        (9000, -26),
        (16_000, -40),
    )
    body = metal(rng, 220, 3000, 16, t60=0.12).struck(m, rng, 1800)
    return unit(clatter * shake) + 0.4 * unit(ringing(blows, body * arch(m, 0.02, 0.3)))


def rolling(speed: Signal, rng: Rng) -> Signal:
    """Steel on steel: noise of 100 Hz to 2 kHz by the roughness of both, louder with speed."""
    n = len(speed)
    x = shaped(
        pink(n, rng),
        (30, -8), (80, 0), (250, 2), (700, between(rng, 0, 4)), (1500, -2),
        (3500, -12), (12_000, -30),
    )  # fmt: skip
    peaks = [(float(hz), float(hz) / 6, between(rng, 0.4, 1)) for hz in spread(rng, 200, 1600, 5)]
    share = (speed / max(float(np.max(speed)), 1e-6)) ** 1.3
    return (unit(x) + 0.6 * unit(resonances(x, *peaks))) * share * swell(n, 5, rng, 0.15)


def flange_squeal(n: int, rng: Rng) -> Signal:
    """A wheel that sticks and slips in a curve: a few pure tones of 1 to 5 kHz that come and go."""
    x = np.zeros(n)
    for hz in spread(rng, 1100, 4200, 3):
        tone = harmonics(hz * (1 + 0.004 * wander(n, 3, rng)), [1, 0.2, 0.08], rng)
        x += between(rng, 0.3, 1.0) * tone * np.clip(swell(n, 1.2, rng, 1.2) - 0.6, 0, 2.5)
    hiss = sweeping(white(n, rng), np.full(n, log_between(rng, 2500, 5000)), 0.6)
    return unit(x) + 0.3 * unit(hiss) * swell(n, 1.5, rng, 0.5)


def traction(speed: Signal, rng: Rng, slope: float) -> Signal:
    """Motors and gears of an electric train: 22 to 40 Hz for each metre a second, of unit RMS.

    `slope` is the fall of the harmonics in dB an octave.
    """
    teeth = between(rng, 22, 40)
    orders = np.arange(1.0, 9)
    gains = orders ** (-slope / 6.02) * np.exp(0.5 * rng.standard_normal(8))
    hum = harmonics(
        np.maximum(speed, 0.05) * teeth * (1 + 0.002 * wander(len(speed), 4, rng)), gains, rng
    )
    return unit(hum)


def _doors(rng: Rng) -> Signal:
    """Warning tones, then leaves that run together and meet."""
    m = frames(1.6)
    x = np.zeros(m)
    hz = log_between(rng, 650, 1500)
    for index in range(int(rng.integers(2, 5))):
        k = frames(0.16)
        beep = harmonics(np.full(k, hz * (1.0 if index % 2 == 0 else 0.8)), [1, 0.1, 0.3], rng)
        add_at(x, 0.2 * index, unit(beep) * arch(k, 0.05, 0.1), 0.5)
    slide = shaped(white(frames(0.6), rng), (100, -6), (500, 0), (2500, -8), (9000, -24))
    add_at(x, 0.85, unit(slide) * arch(len(slide), 0.2, 0.2), 0.8)
    thud = metal(rng, 110, 2500, 16, t60=0.12).struck(frames(0.3), rng, 900)
    add_at(x, 1.42, thud, 3.0)
    return x


def underground(seconds: float, rng: Rng) -> Synthesised:
    """An underground train runs in its tunnel, comes into a station, or leaves it.

    The tube holds its roar (reverberation of 1.5 to 3 s); curves squeal; motors glide in pitch.
    """
    n = frames(seconds)
    tempo, top = level(rng, slow=8.0, steady=13.0, fast=19.0)
    scene = str(rng.choice(["runs", "runs", "comes", "leaves"]))
    top *= between(rng, 0.9, 1.1)
    courses: dict[str, tuple[tuple[float, float], ...]] = {
        "runs": ((0, between(rng, 0.8, 1)), (1, 1.0)),
        "comes": ((0, 1.0), (0.75, between(rng, 0.25, 0.4)), (1, 0.1)),
        "leaves": ((0, 0.02), (0.2, 0.1), (1, 1.0)),
    }
    speed = top * contour(n, *courses[scene])
    x = rolling(speed, rng)
    x += between(rng, 0.25, 0.45) * unit(joints(speed, between(rng, 15, 20), rng))
    x += (
        between(rng, 0.05, 0.2)
        * traction(speed, rng, between(rng, 3, 7))
        * (0.3 + speed / top)
        / 1.3
    )
    x += between(rng, 0.2, 0.45) * flange_squeal(n, rng) * (speed / top)
    x = reverb(x, rng, between(rng, 1.5, 2.6), between(rng, 0.8, 1.3), 1800)
    if scene == "leaves" and seconds > 3:
        add_at(x, 0.1, reverb(_doors(rng), rng, 1.5, 0.5, 2500), 0.35)
    air = shaped(pink(n, rng), (40, 2), (150, 0), (600, -8), (3000, -24), (12_000, -40))
    x = unit(x) + between(rng, 0.1, 0.25) * unit(air)
    return finish(limited(x, 4.5), seconds, rng, {"tempo": tempo}, fade_out=0.3)


def _gong(rng: Rng) -> Modes:
    """The pedal gong under a tram's floor."""
    ratios = np.array([1.0, 2.1, 3.4, 4.9, 6.6]) * rng.uniform(0.97, 1.03, 5)
    return Modes(log_between(rng, 700, 1200) * ratios, 1.2 * ratios**-0.6, ratios**-0.6)


def tram(seconds: float, rng: Rng) -> Synthesised:
    """A tram in a street: wheels grind in grooved rails, clack over points, motors hum; a gong."""
    n = frames(seconds)
    tempo, top = level(rng, slow=5.0, steady=8.5, fast=13.0)
    top *= between(rng, 0.9, 1.1)
    ends = sorted((between(rng, 0.75, 1), 1.0), reverse=chance(rng, 0.5))
    speed = top * contour(n, (0, ends[0]), (1, ends[1]))
    x = rolling(speed, rng)
    x += between(rng, 0.3, 0.5) * unit(joints(speed, between(rng, 8, 14), rng))
    x += between(rng, 0.08, 0.2) * traction(speed, rng, between(rng, 4, 8))
    x += between(rng, 0.12, 0.35) * flange_squeal(n, rng)
    near = contour(
        n, (0, between(rng, 0.35, 0.8)), (between(rng, 0.35, 0.65), 1), (1, between(rng, 0.35, 0.8))
    )
    x = unit(x * near)
    if chance(rng, 0.45):
        gong = _gong(rng)
        t = between(rng, 0.1, max(0.2, seconds - 1.5))
        for blow in range(int(rng.integers(2, 5))):
            add_at(x, t + blow * between(rng, 0.2, 0.3), gong.struck(frames(1.2), rng, 6000), 2.0)
    x, distance = in_the_street(x, rng, 0.2, (0.08, 0.2))
    attributes = {"tempo": tempo, "distance": distance}
    return finish(limited(x, 5), seconds, rng, attributes, fade_out=0.2)


RAILS: dict[str, Recipe] = {"underground": underground, "tram": tram}
"""By the name of the kind."""
