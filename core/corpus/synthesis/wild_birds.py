"""Pigeons, beating wings, woodpeckers and cuckoos."""

from __future__ import annotations

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, beats, contour, strike, wander
from core.corpus.synthesis.filters import bandpass, resonances
from core.corpus.synthesis.grains import add_at, burst
from core.corpus.synthesis.habitats import among_birds, open_air, over_ground
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import wood
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    chance,
    frames,
    level,
    log_between,
)
from core.corpus.synthesis.sources import harmonics, white
from core.corpus.synthesis.space import draw_distance, reverb

_COOS: dict[str, tuple[tuple[float, float, float], ...]] = {
    # seconds, silence after it, pitch relative to the bird's own
    "feral": ((0.24, 0.03, 0.86), (0.62, 0.06, 1.05), (0.16, 0.0, 0.9)),
    "wood": (
        (0.28, 0.06, 1.0),
        (0.52, 0.05, 1.05),
        (0.42, 0.1, 0.97),
        (0.2, 0.06, 1.0),
        (0.22, 0.0, 0.94),
    ),
    "collared": ((0.22, 0.06, 0.95), (0.5, 0.06, 1.06), (0.24, 0.0, 0.93)),
}
_COO_HZ = {"feral": (230.0, 340.0), "wood": (400.0, 500.0), "collared": (470.0, 570.0)}


def _coo(rng: Rng, f: float, seconds: float, roll: float) -> Signal:
    """One note from a shut bill: the throat lets through the fundamental and hardly more.

    `roll` is the depth of its purring, 15 to 25 times a second.
    """
    n = frames(seconds)
    hz = f * contour(n, (0, 0.88), (0.3, 1.0), (0.65, 1.03), (1, 0.86))
    rate = between(rng, 15, 25) * (1 + 0.05 * wander(n, 3, rng))
    purr = 0.5 + 0.5 * np.sin(2 * np.pi * np.cumsum(rate) / SAMPLE_RATE)
    hz = hz * (1 + 0.03 * roll * (purr - 0.5) + 0.004 * wander(n, 30, rng))
    gains = [1.0, between(rng, 0.03, 0.14), between(rng, 0.01, 0.05), 0.008]
    air = bandpass(white(n, rng), 0.7 * f, 4 * f, 1)
    voice = unit(harmonics(hz, gains, rng)) + between(rng, 0.03, 0.12) * unit(air)
    return peaked(voice * (1 - roll * purr) * arch(n, 0.25, 0.4))


def pigeon(seconds: float, rng: Rng) -> Synthesised:
    """Coos of feral pigeons (230 to 340 Hz, rolling), wood pigeons or collared doves."""
    n = frames(seconds)
    kind = str(rng.choice(["feral", "feral", "wood", "collared"]))
    count, number = level(rng, single=1, several=3) if kind != "feral" else level(
        rng, single=1, several=3, many=6
    )  # fmt: skip
    x = np.zeros(n)
    for index in range(number):
        f, pace = log_between(rng, *_COO_HZ[kind]), between(rng, 0.85, 1.2)
        roll = between(rng, 0.35, 0.85) if kind == "feral" else between(rng, 0.0, 0.35)
        notes = [
            (_coo(rng, f * pitch * between(rng, 0.98, 1.02), length * pace, roll), gap * pace)
            for length, gap, pitch in _COOS[kind]
        ]
        gain = 1.0 if index == 0 else between(rng, 0.15, 0.6)
        t = between(rng, 0.01, 0.2) if index == 0 else between(rng, 0, 2.0)
        while t < seconds - 0.2:
            for _ in range(int(rng.integers(1, 5))):
                for note, gap in notes:
                    add_at(x, t, note, gain * between(rng, 0.75, 1.0))
                    t += len(note) / SAMPLE_RATE + gap * between(rng, 0.8, 1.3)
                t += between(rng, 0.08, 0.35) * pace
            t += between(rng, 0.3, 2.0)
    if chance(rng, 0.3):
        for t in beats(0.8, 1 / between(rng, 7, 9), 0.05, rng, between(rng, 0, seconds)):
            add_at(x, t, _flap(rng, 0.09, 1.0), between(rng, 0.05, 0.3))
    distance = draw_distance(rng, 0.2)
    x = over_ground(x, distance, rng)
    if distance == "close" and kind == "feral":
        x = reverb(x, rng, between(rng, 0.3, 1.5), between(rng, 0.1, 0.35), 2500)
    return finish(open_air(x, rng), seconds, rng, {"count": count, "distance": distance})


def _flap(rng: Rng, seconds: float, size: float) -> Signal:
    """One beat: air pushed down, feathers rubbing, and a soft upstroke; larger wings are lower."""
    n = frames(seconds)
    down = frames(0.62 * seconds)
    air = resonances(
        white(down, rng), (260 / size, 300 / size, 0.8), (1150 / size, 1100 / size, 1.0),
        (2900 / size, 2600 / size, 0.5),
    )  # fmt: skip
    out = np.zeros(n)
    out[:down] = unit(air) * arch(down, 0.28, 0.6)
    feathers = unit(bandpass(white(n, rng), 2200, 9000, 1)) * arch(n, 0.3, 0.5)
    up = unit(bandpass(white(n - down, rng), 500 / size, 3500 / size, 1))
    out[down:] += 0.2 * up * arch(n - down, 0.4, 0.4)
    return peaked(out + between(rng, 0.12, 0.35) * feathers)


def _flight(rng: Rng, seconds: float, rate: float, claps: float) -> Signal:
    """Wings of one bird that takes off and flies away, or flutters where it is."""
    out = np.zeros(frames(seconds))
    size = (6.5 / rate) ** 0.6
    beat = min(0.28, 0.85 / rate)
    bank = [_flap(rng, beat * between(rng, 0.9, 1.1), size) for _ in range(6)]
    bout = 0
    t = between(rng, 0.0, 0.06)
    while t < seconds - 0.05:
        length = between(rng, 0.7, 2.6) * (1.6 if rate < 5 else 1)
        leaves = chance(rng, 0.5)
        end, start = min(seconds, t + length), t
        while t < end:
            where = (t - start) / length
            gain = (1 - 0.85 * where) if leaves else between(rng, 0.6, 1.0)
            add_at(out, t, bank[int(rng.integers(6))], gain * between(rng, 0.8, 1.1))
            if chance(rng, claps) and where < 0.35:
                add_at(out, t, burst(rng, 700, 5000, 0.025), 0.8 * gain)
            t += between(rng, 0.93, 1.08) * (1 + 0.25 * where * leaves) / rate
        bout += 1
        t += between(rng, 0.15, 1.0)
    return out


def wings(seconds: float, rng: Rng) -> Synthesised:
    """Wing beats: large birds 2 to 4 a second, pigeons 6 to 9, small ones a flutter of 11 to 16."""
    tempo, rate = level(rng, slow=2.8, steady=7.0, fast=13.0)
    count, number = level(rng, single=1, several=3, many=8)
    n = frames(seconds)
    x = np.zeros(n)
    claps = between(rng, 0.3, 0.8) if tempo == "steady" and chance(rng, 0.6) else 0.0
    for index in range(min(number, 5)):
        bird = _flight(rng, seconds, rate * between(rng, 0.82, 1.22), claps)
        gain = 1.0 if index == 0 else between(rng, 0.2, 0.8)
        x += gain * bird
        if count == "many":
            late = between(rng, 0.05, 0.4)
            add_at(x, late, bird, 0.5 * gain)
    distance = draw_distance(rng, 0.15)
    x = over_ground(limited(x, 7), distance, rng)
    attributes = {"tempo": tempo, "count": count, "distance": distance}
    return finish(open_air(x, rng), seconds, rng, attributes)


def woodpecker(seconds: float, rng: Rng) -> Synthesised:
    """Drum rolls of 8 to 24 blows, 10 to 26 a second, on a trunk that rings; slow: single pecks."""
    n = frames(seconds)
    x = np.zeros(n)
    tempo, rate = level(rng, slow=3.0, steady=12.0, fast=21.0)
    distance = draw_distance(rng, 0.35)
    rate *= between(rng, 0.85, 1.2)
    low = log_between(rng, 380, 1100)
    trunk = wood(rng, low, 5.5 * low, 14, t60=between(rng, 0.035, 0.11))
    bank = []
    for _ in range(6):
        m = frames(0.16)
        blow = trunk.struck(m, rng, between(rng, 2500, 6000), 0.15)
        blow = blow + np.pad(between(rng, 0.2, 0.6) * burst(rng, 1500, 8000, 0.007), (0, m))[:m]
        bank.append(peaked(blow * strike(m, 0.0005, 0.3)))
    t = between(rng, 0.02, 0.15)
    while t < seconds - 0.1:
        number = int(rng.integers(2, 9)) if tempo == "slow" else int(rng.integers(8, 25))
        for index in range(number):
            where = index / number
            loud = 1.0 if tempo == "slow" else min(1.0, 0.55 + 2 * where) * (1.15 - 0.75 * where)
            add_at(x, t, bank[int(rng.integers(6))], loud * between(rng, 0.9, 1.05))
            uneven = 0.3 if tempo == "slow" else 0.02
            step = max(0.4, 1 + uneven * rng.standard_normal()) * (1.05 - 0.15 * where)
            t += step / rate
        t += between(rng, 0.8, 2.5)
    x = over_ground(x, distance, rng)
    x = among_birds(x, seconds, rng, log_between(rng, 0.1, 0.35))
    return finish(x, seconds, rng, {"tempo": tempo, "distance": distance})


def _hoot(rng: Rng, f: float, seconds: float) -> Signal:
    """One note of a cuckoo: nearly a sine, swelling and dying softly."""
    n = frames(seconds)
    hz = f * contour(n, (0, 0.97), (0.35, 1.0), (0.7, 0.99), (1, 0.93))
    tone = harmonics(hz, [1.0, between(rng, 0.02, 0.06), between(rng, 0.005, 0.03)], rng)
    air = unit(bandpass(white(n, rng), 0.8 * f, 2.5 * f, 1))
    return peaked((unit(tone) + 0.03 * air) * arch(n, 0.3, 0.45))


def cuckoo(seconds: float, rng: Rng) -> Synthesised:
    """Two notes, 580 to 740 Hz and 2 to 5 semitones below, called over and over in a wood."""
    n = frames(seconds)
    x = np.zeros(n)
    tempo, period = level(rng, slow=1.75, steady=1.3, fast=1.0)
    distance = draw_distance(rng, 0.45)
    f = log_between(rng, 580, 740)
    low = f * 2 ** (-between(rng, 2.2, 5.0) / 12)
    first, second = between(rng, 0.13, 0.2), between(rng, 0.2, 0.3)
    apart = between(rng, 0.3, 0.4) * min(1.0, period / 1.2)
    t = between(rng, 0.02, 0.3)
    while t < seconds - 0.3:
        for _ in range(int(rng.integers(3, 12))):
            if t > seconds:
                break
            pitch = between(rng, 0.99, 1.01)
            add_at(x, t, _hoot(rng, f * pitch, first), between(rng, 0.8, 1.0))
            if chance(rng, 0.06):
                add_at(x, t + 0.7 * apart, _hoot(rng, 0.97 * f, first), 0.8)
            add_at(x, t + apart, _hoot(rng, low * pitch, second), between(rng, 0.75, 0.95))
            t += period * between(rng, 0.96, 1.05)
        t += between(rng, 0.8, 3.0)
    x = over_ground(x, distance, rng)
    x = reverb(x, rng, between(rng, 0.6, 1.6), between(rng, 0.02, 0.1), 1800)
    x = among_birds(x, seconds, rng, log_between(rng, 0.06, 0.2))
    return finish(x, seconds, rng, {"tempo": tempo, "distance": distance})


WILD_BIRDS: dict[str, Recipe] = {
    "pigeon": pigeon,
    "wings": wings,
    "woodpecker": woodpecker,
    "cuckoo": cuckoo,
}
