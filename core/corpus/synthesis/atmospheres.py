"""What fills a space with one sound: wind chimes, a singing bowl, a drone, a portal, power."""

from __future__ import annotations

import numpy as np
from scipy import signal

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import beats, contour, strike, swell, wander
from core.corpus.synthesis.filters import bandpass, lowpass, shaped, sweeping
from core.corpus.synthesis.grains import add_at, burst, bursts, poisson, scatter, sizes
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import Modes
from core.corpus.synthesis.sampling import (
    Rng,
    between,
    chance,
    frames,
    level,
    log_between,
    ticks,
)
from core.corpus.synthesis.sources import brown, harmonics, pink, pulses, sine, tilted, white
from core.corpus.synthesis.space import outdoors, reverb

TUBE = np.array([1.0, 2.756, 5.404, 8.933, 13.34])
"""Frequencies of the bending modes of a free tube, as multiples of the lowest."""
PENTATONIC = (0, 2, 4, 7, 9, 12, 14, 16)
"""Semitones to which most chimes are tuned."""


def _chime(rng: Rng, hz: float, ring: float) -> Modes:
    """A tube hung near a node of its lowest mode; each mode is a pair that beats slowly."""
    ratios = TUBE * (1 + 0.004 * rng.standard_normal(5))
    t60 = ring * ratios**-0.8
    gains = ratios**-0.5 * np.exp(0.4 * rng.standard_normal(5))
    pair = 1 + rng.uniform(0.0004, 0.002, 5)
    return Modes(
        hz * np.concatenate([ratios, ratios * pair]),
        np.concatenate([t60, t60]),
        np.concatenate([gains, gains * rng.uniform(0.2, 0.8, 5)]),
    )


def wind_chimes(seconds: float, rng: Rng) -> Synthesised:
    """A clapper swings among five to eight tubes, more often in a gust; the wind is heard too.

    Metal rings for 2 to 5 s, glass and bamboo for less.
    """
    n = frames(seconds)
    strength, rate = level(rng, light=1.6, moderate=4.0, heavy=9.0)
    material = str(rng.choice(["metal", "metal", "metal", "glass"]))
    ring = between(rng, 1.8, 4.5) if material == "metal" else between(rng, 0.3, 0.7)
    root = log_between(rng, 700, 1500) if material == "metal" else log_between(rng, 2200, 3600)
    tubes = []
    for step in PENTATONIC[: int(rng.integers(5, 9))]:
        hz = root * 2 ** (step / 12) * (1 + 0.004 * rng.standard_normal())
        body = _chime(rng, hz, ring)
        tubes.append(
            [body.struck(frames(1.1 * ring), rng, log_between(rng, 4000, 12_000)) for _ in range(2)]
        )
    gust = swell(n, 0.35, rng, 0.7)
    x = np.zeros(n)
    near = 0
    for place in poisson(n, rate * gust, rng).tolist():
        near = int(np.clip(near + rng.integers(-2, 3), 0, len(tubes) - 1))
        blow = tubes[near][int(rng.integers(2))]
        add_at(x, place / frames(1.0), blow, log_between(rng, 0.15, 1.0))
    wind = unit(shaped(pink(n, rng), (60, 0), (300, -3), (1500, -12), (8000, -26))) * gust
    x = outdoors(peaked(x), rng) + between(rng, 0.004, 0.02) * wind
    return finish(limited(x, 8), seconds, rng, {"strength": strength}, fade_out=0.4)


BOWL = np.array([1.0, 2.71, 5.1, 8.1, 11.5])
"""Modes of a bowl's rim with 4, 6, 8, 10 and 12 nodes, as multiples of the lowest."""


def singing_bowl(seconds: float, rng: Rng) -> Synthesised:
    """A bowl of bronze, struck with felt or rubbed with wood: each mode is a pair that beats.

    130 to 600 Hz, rings for 10 to 30 s; the beats come 0.5 to 5 times a second.
    """
    n = frames(seconds)
    hz = log_between(rng, 150, 600)
    ring = between(rng, 9, 25) * (200 / hz) ** 0.3
    ratios = BOWL * (1 + 0.02 * rng.standard_normal(5))
    gains = np.array([1.0, 0.7, 0.3, 0.12, 0.05]) * np.exp(0.4 * rng.standard_normal(5))
    apart = between(rng, 0.5, 4) * rng.uniform(0.6, 1.5, 5)
    t60 = ring * np.array([1, 0.6, 0.3, 0.15, 0.08])
    bowl = Modes(
        np.concatenate([hz * ratios, hz * ratios + apart]),
        np.concatenate([t60, t60]),
        np.concatenate([gains, gains * rng.uniform(0.3, 0.9, 5)]),
    )
    interval = log_between(rng, 3.0, 8.0)
    x = np.zeros(n)
    struck = beats(seconds - 0.8, interval, 0.1, rng, first=between(rng, 0.02, 0.3))
    for t in struck:
        rest = n - frames(t)
        add_at(x, t, bowl.struck(rest, rng, between(rng, 700, 2500), 0.15), between(rng, 0.7, 1.0))
        thud = lowpass(white(frames(0.1), rng), 900) * strike(frames(0.1), 0.002, 0.06)
        add_at(x, t, peaked(thud), between(rng, 0.05, 0.2))
    if chance(rng, 0.25):
        rub = bandpass(pink(n, rng), hz, 12 * hz, 1) * swell(n, 1.2, rng, 0.4)
        sung = sine(np.full(n, hz)) * (1 + 0.4 * sine(np.full(n, apart[0])))
        grow = contour(n, (0, 0), (0.6, 1), (1, 1))
        x += between(rng, 0.3, 0.8) * sung * grow + 0.02 * unit(rub) * grow
    x = reverb(x, rng, between(rng, 0.8, 2.5), between(rng, 0.15, 0.5), 3000)
    x = peaked(x) + between(rng, 0.0005, 0.003) * unit(pink(n, rng))
    count = "single" if len(struck) == 1 else "several"
    return finish(x, seconds, rng, {"count": count}, fade_out=min(1.0, seconds / 4))


_DRONE_STEP = 4
"""Its tones, none of them above 4 kHz, are made of every fourth sample."""


def drone(seconds: float, rng: Rng) -> Synthesised:
    """A low chord of detuned oscillators and wind-like noise whose filters wander."""
    n = frames(seconds)
    strength, fall = level(rng, light=10.0, moderate=6.5, heavy=3.0)  # dB an octave
    root = log_between(rng, 36, 80)
    m = -(-n // _DRONE_STEP)
    slow = np.zeros(m)
    for ratio in (1.0, 1.5, 2.0, float(rng.choice([2.4, 3.0, 2.67])), 4.0):
        for _ in range(2):
            tuned = root * ratio * (1 + 0.003 * rng.standard_normal())
            drifting = tuned * (1 + 0.002 * wander(m, 0.3 * _DRONE_STEP, rng))
            gains = tilted(12, fall * between(rng, 0.9, 1.1))
            tone = harmonics(_DRONE_STEP * drifting, gains, rng)
            slow += unit(tone) * swell(m, 0.2 * _DRONE_STEP, rng, 0.5) / ratio**0.6
    x = signal.resample_poly(slow, _DRONE_STEP, 1)[:n]
    x = lowpass(x, between(rng, 600, 1500), 1)
    wind = sweeping(pink(n, rng), root * 8 * swell(n, 0.25, rng, 0.6), 1.2)
    low = unit(lowpass(brown(n, rng), 90, 1)) * swell(n, 0.3, rng, 0.5)
    x = unit(x) + between(rng, 0.1, 0.5) * unit(wind) + between(rng, 0.1, 0.4) * low
    x = reverb(x, rng, between(rng, 3.0, 5.5), between(rng, 0.6, 1.2), 2500)
    return finish(
        limited(x, 5), seconds, rng, {"strength": strength}, fade_out=min(1.0, seconds / 5)
    )


def portal(seconds: float, rng: Rng) -> Synthesised:
    """Air swirls round a ring: noise whose band circles by two octaves, louder as it comes near.

    Under it the ground rumbles, over it sparks of 4 to 12 kHz ring for some hundredths of a second.
    """
    n = frames(seconds)
    tempo, turns = level(rng, slow=0.6, steady=1.2, fast=2.4)
    opening = contour(
        n, (0, 0), (between(rng, 0.08, 0.2), 1), (0.8, between(rng, 0.8, 1)), (1, 0.2)
    )
    swirl = sine(turns * (1 + 0.15 * wander(n, 0.4, rng)), rng.random())
    near = (0.5 + 0.5 * swirl) ** 2
    centre = log_between(rng, 1100, 2200) * 2 ** (between(rng, 0.8, 1.2) * swirl)
    air = unit(sweeping(white(n, rng), centre, between(rng, 1.2, 1.6)) * (0.05 + near))
    rumble = unit(bandpass(brown(n, rng), 50, log_between(rng, 120, 220), 1)) * swell(
        n, 2, rng, 0.3
    )
    bank = bursts(rng, 24, (4000, 12_000), (0.01, 0.06), 0.15)
    places = poisson(n, log_between(rng, 15, 60) * near, rng)
    sparks = scatter(n, places, sizes(len(places), rng), bank, rng)
    x = air + between(rng, 0.15, 0.45) * rumble + between(rng, 0.03, 0.1) * unit(sparks + 1e-9)
    x = reverb(x * opening, rng, between(rng, 1.0, 2.0), between(rng, 0.3, 0.5), 5000)
    return finish(limited(x, 5), seconds, rng, {"tempo": tempo}, fade_out=min(0.5, seconds / 4))


def power_up(seconds: float, rng: Rng) -> Synthesised:
    """A machine comes up: a relay, then a rotor and a whine that rise over a transformer's hum.

    The transformer stays at twice the mains; the rotor nears its speed exponentially, the air with
    it.
    """
    n = frames(seconds)
    tempo, rise = level(rng, slow=0.8, steady=0.5, fast=0.25)
    t = ticks(n)
    mains = 50.0 if chance(rng, 0.7) else 60.0
    speed = 0.15 + 0.85 * (1 - np.exp(-3 * t / (rise * seconds)))
    gains = tilted(40, between(rng, 5, 7)) * np.exp(0.5 * rng.standard_normal(40))
    gains[0::2] *= 0.3
    hum = unit(harmonics(np.full(n, mains), gains, rng))
    laminations = pulses(np.full(n, 2 * mains), rng, 0.002, 0.05)
    hum += between(rng, 0.1, 0.3) * unit(bandpass(laminations, 400, 4000, 1))
    turns = mains * float(rng.choice([3, 4, 6])) * speed * (1 + 0.003 * wander(n, 5, rng))
    rotor = unit(harmonics(turns, tilted(30, between(rng, 10, 14)), rng)) * speed
    whine = unit(harmonics(turns * float(rng.integers(5, 14)), [1, 0.3, 0.15], rng)) * speed**2
    air = unit(white(n, rng)) * (0.5 + 0.5 * speed)
    x = between(rng, 0.2, 0.4) * hum * np.minimum(1, 0.2 + 3 * t / (rise * seconds))
    x += rotor + between(rng, 0.03, 0.1) * whine + between(rng, 0.1, 0.2) * air
    add_at(x, 0.01, burst(rng, 200, 5000, 0.03), between(rng, 0.3, 1.0))
    x = reverb(x, rng, between(rng, 0.3, 0.8), between(rng, 0.1, 0.3), 3000)
    return finish(limited(x, 5), seconds, rng, {"tempo": tempo}, fade_out=min(0.3, seconds / 5))


ATMOSPHERES: dict[str, Recipe] = {
    "wind_chimes": wind_chimes,
    "singing_bowl": singing_bowl,
    "drone": drone,
    "portal": portal,
    "power_up": power_up,
}
