"""Sea, stream, splashes and bubbles: Minnaert bubbles over turbulent noise."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Synthesised, finish
from core.corpus.synthesis.envelopes import beats, contour, strike, swell
from core.corpus.synthesis.filters import bandpass, highpass, lowpass, shaped, sweeping
from core.corpus.synthesis.grains import add_at, bubbles, bursts, poisson, scatter, sizes
from core.corpus.synthesis.levels import limited, unit
from core.corpus.synthesis.sampling import Rng, Signal, between, frames, level, log_between, ticks
from core.corpus.synthesis.sources import brown, pink, sine, white
from core.corpus.synthesis.space import at_distance, draw_distance, outdoors, reverb


def _breaker(length: float, brightness: float, shore: str, rng: Rng) -> Signal:
    """One wave: it swells, breaks and runs back over the shore hissing."""
    n = frames(length)
    crest = between(rng, 0.25, 0.4)
    force = contour(n, (0, 0), (crest * 0.7, 0.25), (crest, 1), (crest + 0.2, 0.45), (1, 0))
    centre = contour(n, (0, 200), (crest, 900 * brightness), (0.7, 1500 * brightness), (1, 2500))
    body = unit(sweeping(pink(n, rng), centre, 3.0)) * force
    hiss = unit(shaped(white(n, rng), (500, -30), (3000, -4), (7000, 0), (16_000, -9)))
    back = contour(n, (0, 0), (crest, 0.15), (crest + 0.18, 0.55), (1, 0)) * swell(n, 6, rng, 0.15)
    boom = unit(bandpass(brown(n, rng), 40, 200)) * contour(
        n, (0, 0), (crest, 1), (0.6, 0.1), (1, 0)
    )
    x = body + between(rng, 0.25, 0.6) * hiss * back + between(rng, 0.2, 0.6) * boom
    if shore == "pebbles":
        places = poisson(n, 400 * back / max(float(np.max(back)), 1e-9), rng)
        stones = bursts(rng, 24, (1500, 6000), (0.003, 0.012), 0.7)
        x += 0.6 * scatter(n, places, sizes(len(places), rng), stones, rng)
    return x


def waves(seconds: float, rng: Rng) -> Synthesised:
    """Breakers one after another over the steady noise of the sea."""
    n = frames(seconds)
    strength, force = level(rng, light=0.6, moderate=1.0, heavy=1.5)
    shore = str(rng.choice(["sand", "pebbles", "rocks"]))
    distance = draw_distance(rng, 0.2)
    bed = shaped(pink(n, rng), (40, -6), (200, 0), (1500, -3), (6000, -6), (16_000, -18))
    x = between(rng, 0.12, 0.3) * unit(bed) * swell(n, 0.3, rng, 0.2)
    period = between(rng, 4.5, 8.0) * force**0.3
    for t in beats(seconds + 3, period, 0.2, rng, first=-between(rng, 0, 3)):
        length = between(rng, 5, 9) * (0.7 if shore == "rocks" else 1.0) * force**0.3
        brightness = between(rng, 0.7, 1.4) * force**0.4
        add_at(x, t, _breaker(length, brightness, shore, rng), between(rng, 0.5, 1.0))
    attributes = {"strength": strength, "surface": shore, "distance": distance}
    return finish(limited(at_distance(x, distance, rng), 4.5), seconds, rng, attributes)


def stream(seconds: float, rng: Rng) -> Synthesised:
    """Many bubbles of all sizes over the noise of turbulent water."""
    n = frames(seconds)
    strength, rate = level(rng, light=70.0, moderate=220.0, heavy=700.0)
    low = log_between(rng, 250, 500) / (1.5 if strength == "heavy" else 1.0)
    bank = bubbles(rng, 80, low, 3500, rise=0.08)
    places = poisson(n, rate, rng)
    babble = scatter(n, places, sizes(len(places), rng, 1.3), bank, rng)
    flow = shaped(pink(n, rng), (60, -18), (300, -3), (800, 0), (3000, -1), (8000, -8), (16e3, -20))
    ratio = {"light": 0.12, "moderate": 0.35, "heavy": 1.1}[strength] * between(rng, 0.6, 1.5)
    x = limited(unit(babble), 6) + ratio * unit(flow) * swell(n, 3, rng, 0.08)
    return finish(limited(outdoors(x, rng), 5), seconds, rng, {"strength": strength})


def plunge(seconds: float, size: float, rng: Rng) -> Signal:
    """A body falls into water: slap, cavity closing with a plop, spray and drops."""
    n = frames(seconds)
    x = np.zeros(n)
    slap = bandpass(white(n, rng), 150 / size, 5000, 1) * strike(n, 0.004, between(rng, 0.12, 0.3))
    x += slap / np.max(np.abs(slap))
    pitch = log_between(rng, 110, 260) / size
    m = frames(between(rng, 0.08, 0.2))
    plop = sine(pitch * contour(m, (0, 1.0), (1, between(rng, 1.3, 2.2)))) * strike(m, 0.01, 0.25)
    add_at(x, between(rng, 0.04, 0.12), plop, between(rng, 0.3, 0.9))
    long = between(rng, 0.7, 1.5) * min(1.5, size)
    spray = highpass(sweeping(white(n, rng), contour(n, (0, 1300), (1, 3000)), 2.5), 300)
    x += (
        between(rng, 0.4, 0.8) * unit(spray) * strike(n, 0.05, long) * swell(n, 25, rng, 0.35) * 0.4
    )
    after = 300 * size * np.exp(-ticks(n) / (0.35 * size))
    places = poisson(n, after, rng)
    bank = bubbles(rng, 40, 300 / size, 3000) + bursts(rng, 10, (3000, 8000), (0.003, 0.01), 1)
    x += between(rng, 0.4, 0.9) * scatter(n, places, sizes(len(places), rng), bank, rng)
    return x


def splash(seconds: float, rng: Rng) -> Synthesised:
    """One plunge into water, small to large."""
    n = frames(seconds)
    strength, size = level(rng, light=0.6, moderate=1.0, heavy=1.7)
    x = np.zeros(n)
    at = between(rng, 0.02, 0.15)
    add_at(x, at, plunge(seconds, size * between(rng, 0.85, 1.15), rng))
    many = seconds > 1.8 and bool(rng.random() < 0.3)
    if many:
        for _ in range(int(rng.integers(1, 3))):
            again = between(rng, 0.4, seconds - 0.9)
            add_at(x, again, plunge(min(1.5, seconds), size, rng), between(rng, 0.4, 0.9))
    x = reverb(x, rng, between(rng, 0.4, 1.2), between(rng, 0.05, 0.25), 3000)
    attributes = {"strength": strength, "count": "several" if many else "single"}
    return finish(limited(x, 8), seconds, rng, attributes, fade_out=0.2)


def bubbling(seconds: float, rng: Rng) -> Synthesised:
    """Air rising through water or a pot on the boil: larger bubbles, in gulps."""
    n = frames(seconds)
    tempo, rate = level(rng, slow=10.0, steady=30.0, fast=90.0)
    low, high = log_between(rng, 100, 320), log_between(rng, 700, 2200)
    gulps = swell(n, between(rng, 1.0, 4.0), rng, 0.8)
    places = poisson(n, np.minimum(rate * gulps, rate * 4), rng)
    x = scatter(n, places, sizes(len(places), rng, 2.0, 5), bubbles(rng, 60, low, high, 0.2), rng)
    film = bandpass(pink(n, rng), low, high * 2, 1) * gulps
    x = unit(x) + between(rng, 0.02, 0.12) * unit(film)
    x = lowpass(x, between(rng, 2500, 9000), 1)
    x = reverb(x, rng, between(rng, 0.2, 0.7), between(rng, 0.05, 0.3), 2500)
    return finish(limited(x, 7), seconds, rng, {"tempo": tempo})
