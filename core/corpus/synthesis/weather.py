"""Rain, thunder and wind (after the chapters on natural elements in Designing Sound)."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Synthesised, finish
from core.corpus.synthesis.envelopes import contour, decay, strike, swell, wander
from core.corpus.synthesis.filters import bandpass, highpass, lowpass, shaped, sweeping
from core.corpus.synthesis.grains import add_at, bubbles, bursts, poisson, scatter, sizes
from core.corpus.synthesis.levels import limited, unit
from core.corpus.synthesis.modes import metal
from core.corpus.synthesis.sampling import Rng, Signal, between, chance, frames, level, log_between
from core.corpus.synthesis.sources import brown, coloured, pink, white
from core.corpus.synthesis.space import draw_distance, outdoors, reverb, room


def _drops(surface: str, rng: Rng) -> list[Signal]:
    """The sound of single drops on a surface."""
    if surface == "tin":
        sheet = metal(rng, between(rng, 350, 700), 7000, 24, t60=between(rng, 0.04, 0.12))
        return [sheet.tuned(between(rng, 0.8, 1.25)).struck(6000, rng, 5000) for _ in range(24)]
    if surface == "leaves":
        return bursts(rng, 40, (900, 4500), (0.004, 0.015), 1.2)
    if surface == "window":
        return bursts(rng, 40, (1200, 5000), (0.005, 0.02), 0.6)
    if surface == "puddles":
        return bubbles(rng, 40, 900, 6000) + bursts(rng, 20, (2500, 9000), (0.002, 0.006), 1.5)
    return bursts(rng, 40, (2000, 9000), (0.002, 0.008), 1.6)


_BED = {
    "tin": ((60, -20), (250, -6), (700, 0), (2500, -3), (6000, -9), (16_000, -22)),
    "leaves": ((60, -26), (400, -8), (1500, -2), (4000, 0), (8000, -5), (16_000, -18)),
    "window": ((60, -12), (200, -3), (900, 0), (3000, -6), (7000, -14), (16_000, -30)),
    "puddles": ((60, -22), (400, -8), (1500, 0), (4000, 0), (9000, -4), (17_000, -14)),
    "pavement": ((60, -22), (300, -8), (1200, -2), (4000, 0), (9000, -3), (17_000, -12)),
}


def rain(seconds: float, rng: Rng) -> Synthesised:
    """Poisson drops on a surface over the fused noise of the drops farther off."""
    n = frames(seconds)
    strength, rate = level(rng, light=70.0, moderate=350.0, heavy=1400.0)
    surface = str(rng.choice(list(_BED)))
    slow = swell(n, 0.25, rng, 0.12)
    places = poisson(n, rate * between(rng, 0.7, 1.4), rng)
    drops = scatter(n, places, sizes(len(places), rng), _drops(surface, rng), rng)
    bed = shaped(white(n, rng), *_BED[surface]) * swell(n, 2.0, rng, 0.04)
    if strength == "heavy":
        bed = unit(bed) + 0.6 * unit(bandpass(pink(n, rng), 90, 900, 1))
    ratio = {"light": 0.5, "moderate": 0.9, "heavy": 1.6}[strength] * between(rng, 0.7, 1.4)
    x = limited(unit(drops), 7) + ratio * unit(bed)
    x = room(x, rng) if surface == "window" else outdoors(x, rng)
    attributes = {"strength": strength, "surface": surface}
    return finish(limited(x * slow, 5), seconds, rng, attributes)


def _n_waves(n: int, rng: Rng, distance: str) -> Signal:
    """Shock waves of the channel's segments, arriving over seconds as it winds away."""
    count = int(log_between(rng, 60, 350))
    out = np.zeros(n)
    spreading = between(rng, 0.5, 1.6) * (1.6 if distance == "distant" else 1.0)
    times = rng.exponential(spreading, count) + between(rng, 0, 0.2)
    for t in times:
        length = frames(log_between(rng, 0.004, 0.03) * (2 if distance == "distant" else 1))
        wave = np.linspace(1, -1, length)
        add_at(out, float(t), wave, float(rng.pareto(2.5) + 0.2) * np.exp(-t / (spreading * 1.6)))
    return out


def thunder(seconds: float, rng: Rng) -> Synthesised:
    """A crack when near, then superposed N-waves and a long rumble of rolling lobes."""
    n = frames(seconds)
    distance = draw_distance(rng, 0.5)
    close = distance == "close"
    strike_at = between(rng, 0.05, 0.4)
    shocks = _n_waves(n, rng, distance)
    shocks = lowpass(shocks, log_between(rng, 1200, 4000) if close else between(rng, 150, 400), 1)
    fall = strike(n, between(rng, 0.01, 0.2) if close else between(rng, 0.4, 1.2), seconds * 1.3)
    lobes = np.abs(wander(n, between(rng, 1.0, 2.5), rng)) + 0.25
    rumble = lowpass(brown(n, rng), between(rng, 180, 500) if close else between(rng, 90, 200))
    rumble = unit(rumble) * lobes * fall
    x = between(rng, 0.6, 1.3) * unit(shocks * decay(n, seconds * 2)) + unit(rumble)
    if close:
        crack = np.zeros(n)
        for t in np.sort(rng.exponential(0.12, int(rng.integers(6, 20)))):
            piece = white(frames(0.25), rng) * decay(frames(0.25), log_between(rng, 0.02, 0.25))
            add_at(crack, float(t), piece, between(rng, 0.3, 1.0) * np.exp(-t * 3))
        crack = lowpass(highpass(crack, 200, 1), between(rng, 4000, 9000), 1)
        x += between(rng, 2.0, 4.5) * crack / np.max(np.abs(crack))
    x = reverb(x, rng, between(rng, 2.5, 5.0), between(rng, 0.5, 1.0), 600)
    x = limited(np.concatenate([np.zeros(frames(strike_at)), x]), 5)
    x[:n] *= contour(n, (0, 1), (0.6, 1), (1, 0.15))
    return finish(x, seconds, rng, {"distance": distance}, fade_out=min(1.5, seconds / 4))


def wind(seconds: float, rng: Rng) -> Synthesised:
    """Noise in bands that follow the gusts, with whistles where it is strong."""
    n = frames(seconds)
    strength, force = level(rng, light=0.35, moderate=0.65, heavy=1.0)
    gust = np.exp(
        (0.25 + 0.35 * force) * np.clip(wander(n, between(rng, 0.15, 0.4), rng), -2, 2)
        + 0.12 * wander(n, 1.5, rng)
    )
    centre = np.clip(log_between(rng, 180, 420) * (0.6 + 0.6 * force) * gust**0.8, 60, 3000)
    body = unit(sweeping(pink(n, rng), centre, between(rng, 1.6, 2.6)))
    low = unit(lowpass(brown(n, rng), between(rng, 90, 200)))
    x = gust * (body + between(rng, 0.1, 0.5) * force * low)
    if force > 0.5 and chance(rng, 0.6):
        for _ in range(int(rng.integers(1, 4))):
            pitch = log_between(rng, 450, 1300) * gust**0.5 * 2 ** (0.03 * wander(n, 2, rng))
            whistle = unit(sweeping(white(n, rng), np.clip(pitch, 200, 4000), 0.1))
            x += between(rng, 0.08, 0.35) * whistle * gust * gust / np.max(gust)
    attributes = {"strength": strength}
    if chance(rng, 0.35):
        leaves = shaped(coloured(n, 1.0, rng), (200, -40), (1500, -6), (5000, 0), (15_000, -12))
        x += between(rng, 0.15, 0.5) * unit(leaves) * gust**1.6
        attributes["surface"] = "trees"
    return finish(limited(x, 4), seconds, rng, attributes)
