"""Mosquitoes and flies, which are wings alone, and cicadas, whose ribs buckle."""

from __future__ import annotations

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, contour, swell, wander
from core.corpus.synthesis.filters import bandpass, highpass, lowpass
from core.corpus.synthesis.grains import add_at, burst
from core.corpus.synthesis.habitats import beside, open_air, over_ground
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
from core.corpus.synthesis.sources import harmonics, tilted, white
from core.corpus.synthesis.space import draw_distance

_TOP_HZ = 15_000.0
"""Above it a small wing makes nothing that is heard."""


def _wing_tone(hz: Signal, slope: float, rng: Rng) -> Signal:
    """A wing's harmonics up to 15 kHz, with gains of the animal's own; unit RMS."""
    count = int(np.clip(_TOP_HZ / float(np.mean(hz)), 6, 64))
    gains = tilted(count, slope) * np.exp(0.4 * rng.standard_normal(count))
    return unit(lowpass(harmonics(hz, gains, rng), between(rng, 3000, 6000), 2))


def _passes(n: int, per_second: float, rng: Rng) -> tuple[Signal, Signal]:
    """Loudness (0 to 1) and Doppler factor of something that circles nearer and farther."""
    way = wander(n, per_second, rng)
    near = 1 / (1 + np.exp(-1.6 * way))
    speed = np.gradient(way) * SAMPLE_RATE / max(per_second, 0.1)
    return near**1.5, 1 + 0.012 * np.clip(speed, -2.5, 2.5)


def mosquito(seconds: float, rng: Rng) -> Synthesised:
    """A whine of 350 to 700 Hz with strong harmonics to 4 kHz, circling a listener's ear."""
    n = frames(seconds)
    count, number = ("single", 1) if chance(rng, 0.7) else ("several", 3)
    distance = draw_distance(rng, 0.25)
    x = np.zeros(n)
    for index in range(number):
        f = log_between(rng, 350, 680)
        near, doppler = _passes(n, between(rng, 0.3, 1.2), rng)
        hz = f * doppler * 2 ** (0.035 * wander(n, 1.2, rng) + 0.004 * wander(n, 20, rng))
        tone = _wing_tone(hz, between(rng, 1.5, 4.5), rng)
        tone = tone * (1 + 0.12 * wander(n, 25, rng))
        floor = between(rng, 0.05, 0.5)
        x += (1.0 if index == 0 else between(rng, 0.2, 0.7)) * tone * (floor + (1 - floor) * near)
    x = highpass(x, 250, 1)
    if distance == "distant":
        x = lowpass(x, between(rng, 1800, 3200), 1)
    x = beside(x, rng) if distance == "distant" or chance(rng, 0.5) else x
    return finish(open_air(x, rng), seconds, rng, {"count": count, "distance": distance})


def _buzz(rng: Rng, f: float, seconds: float, bumps: float) -> Signal:
    """One flight of a fly: wings start at once, turn, hit the pane, stop at once."""
    n = frames(seconds)
    near, doppler = _passes(n, between(rng, 0.8, 2.5), rng)
    hz = f * doppler * contour(n, (0, 0.8), (min(0.3, 0.05 / seconds), 1.0), (0.9, 1.0), (1, 0.9))
    hz = hz * 2 ** (0.05 * wander(n, 2, rng) + 0.015 * wander(n, 35, rng))
    ticking = np.zeros(n)
    for t in np.sort(rng.uniform(0.05, max(0.06, seconds - 0.03), rng.poisson(bumps * seconds))):
        place, m = frames(float(t)), frames(0.06)
        hz[place : place + m] *= np.linspace(
            between(rng, 0.75, 0.92), 1, len(hz[place : place + m])
        )
        add_at(ticking, float(t), burst(rng, 900, 6000, 0.012), between(rng, 0.3, 1.0))
    tone = _wing_tone(np.maximum(hz, 60.0), between(rng, 2.0, 4.5), rng)
    tone = tone * (1 + 0.25 * wander(n, 40, rng)) * (0.12 + 0.88 * near)
    edge = min(0.3, 0.03 / seconds)
    return peaked(tone * arch(n, edge, edge)) + 0.5 * ticking


def fly(seconds: float, rng: Rng) -> Synthesised:
    """Flights of a third of a second to three at 150 to 240 Hz, with stops; some hit a window."""
    n = frames(seconds)
    count, number = ("single", 1) if chance(rng, 0.7) else ("several", 3)
    distance = draw_distance(rng, 0.2)
    bumps = between(rng, 1.5, 5) if chance(rng, 0.4) else 0.0
    x = np.zeros(n)
    for index in range(number):
        f = log_between(rng, 150, 240)
        gain = 1.0 if index == 0 else between(rng, 0.15, 0.6)
        t = 0.0 if chance(rng, 0.6) else between(rng, 0, 0.4)
        while t < seconds - 0.1:
            length = min(log_between(rng, 0.35, 3.0), max(0.12, seconds - t))
            add_at(x, t, _buzz(rng, f * between(rng, 0.9, 1.1), length, bumps), gain)
            t += length + (between(rng, 0.08, 0.9) if chance(rng, 0.7) else 0.02)
    x = lowpass(x, between(rng, 1500, 2500), 1) if distance == "distant" else x
    x = beside(x, rng) if chance(rng, 0.75) else over_ground(x, "close", rng)
    return finish(
        open_air(limited(x, 6), rng), seconds, rng, {"count": count, "distance": distance}
    )


def _ribs(n: int, centre: float, width: float, rate: float, rng: Rng) -> Signal:
    """The song's carrier: ribs of a tymbal that click `rate` times a second about `centre` Hz."""
    turn = np.cumsum(rate * (1 + 0.02 * wander(n, 6, rng))) / SAMPLE_RATE
    clicks = np.exp(-9.0 * (turn % 1.0)) * white(n, rng)
    low, high = centre * 2**-width, min(centre * 2**width, 17_000)
    ringing = bandpass(bandpass(clicks, low, high, 2), low / 1.3, min(1.3 * high, 18_000), 1)
    return unit(ringing)


def _phrasing(n: int, kind: str, period: float, rng: Rng) -> Signal:
    """Loudness of a song: an unbroken drone, pulsing phrases, or a rattle that swells and dies."""
    if kind == "drone":
        return swell(n, 0.5, rng, 0.2)
    turn = (ticks(n) / period + rng.random()) % 1.0
    if kind == "pulsing":
        return 0.12 + 0.88 * np.clip(np.sin(np.pi * turn) * 1.4, 0, 1) ** 2
    rattle = 0.5 + 0.5 * np.sign(np.sin(2 * np.pi * between(rng, 14, 26) * ticks(n)))
    body = np.interp(turn, [0, 0.55, 0.85, 1.0], [0.08, 1.0, 0.6, 0.08])
    return body * (0.3 + 0.7 * lowpass(rattle, 120, 1))


def cicadas(seconds: float, rng: Rng) -> Synthesised:
    """Bands of 4 to 9 kHz clicked at 80 to 260 Hz: a drone, or phrases of 0.3 to 5 s."""
    n = frames(seconds)
    count, number = level(rng, single=1, several=3, many=6)
    kind = str(rng.choice(["drone", "pulsing", "rattling"]))
    tempo, pace = level(rng, slow=1.6, steady=0.7, fast=0.32)
    period = pace * (3.0 if kind == "rattling" else 1.0)
    centre, rate = log_between(rng, 4200, 8200), log_between(rng, 80, 260)
    width = between(rng, 0.06, 0.25)
    x = np.zeros(n)
    for index in range(number):
        song = _ribs(n, centre * between(rng, 0.9, 1.12), width, rate * between(rng, 0.9, 1.1), rng)
        song *= _phrasing(n, kind, period * between(rng, 0.93, 1.08), rng)
        x += (1.0 if index == 0 else between(rng, 0.15, 0.7)) * song
    if number > 1:
        wash = unit(bandpass(white(n, rng), 0.75 * centre, min(1.4 * centre, 15_000), 2))
        x += between(rng, 0.1, 0.4) * wash * swell(n, 0.3, rng, 0.3)
    distance = draw_distance(rng, 0.2)
    attributes = {"count": count, "distance": distance}
    if kind != "drone":
        attributes["tempo"] = tempo
    x = open_air(over_ground(limited(x, 6), distance, rng), rng)
    return finish(x, seconds, rng, attributes)


FLYING_INSECTS: dict[str, Recipe] = {"mosquito": mosquito, "fly": fly, "cicadas": cicadas}
