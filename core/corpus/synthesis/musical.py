"""Church bell, drums, horn, gong and music box."""

from __future__ import annotations

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.clip import Synthesised, finish
from core.corpus.synthesis.envelopes import beats, contour, strike, swell, wander
from core.corpus.synthesis.filters import bandpass, lowpass, resonances
from core.corpus.synthesis.grains import add_at, burst, bursts, poisson, scatter, sizes
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import Modes, membrane, wood
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    chance,
    frames,
    level,
    log_between,
)
from core.corpus.synthesis.sampling import spread as log_spread
from core.corpus.synthesis.sources import harmonics, pink, sine, white
from core.corpus.synthesis.space import draw_distance, hall, outdoors, reverb, room


def _bell(rng: Rng, prime: float) -> Modes:
    """Hum, prime, tierce, quint, nominal and upper partials, each a doublet that beats."""
    ratios = np.array([0.5, 1.0, 1.19, 1.5, 2.0, 2.51, 2.66, 3.01, 4.17, 5.43, 6.8, 8.2])
    ratios = ratios * (1 + 0.006 * rng.standard_normal(len(ratios)))
    gains = np.array([0.7, 0.8, 1.0, 0.4, 1.0, 0.4, 0.4, 0.5, 0.4, 0.3, 0.2, 0.15])
    t60 = between(rng, 7, 16) * (ratios * 2) ** -1.05 * (300 / prime) ** 0.3
    split = 1 + rng.uniform(0.0005, 0.003, len(ratios))
    return Modes(
        prime * np.concatenate([ratios, ratios * split]),
        np.concatenate([t60, t60 * 0.9]),
        np.concatenate([gains, gains * rng.uniform(0.2, 0.8, len(gains))]),
    )


def church_bell(seconds: float, rng: Rng) -> Synthesised:
    """A bell tolling, or a few rung together, from a tower."""
    n = frames(seconds)
    tempo, interval = level(rng, slow=3.2, steady=2.0, fast=1.2)
    count, number = level(rng, single=1, several=3)
    prime = log_between(rng, 170, 480)
    x = np.zeros(n)
    for index in range(number):
        bell = _bell(rng, prime * (1.0, 1.25, 1.5)[index])
        pace = interval * between(rng, 0.92, 1.1)
        hard = between(rng, 1500, 4500)
        for t in beats(seconds - 0.5, pace, 0.02, rng, first=between(rng, 0.02, 0.2) + 0.4 * index):
            blow = bell.struck(n - frames(t), rng, hard, vary=0.12)
            add_at(x, t, blow, between(rng, 0.7, 1.0) * 0.8**index)
            add_at(x, t, burst(rng, 400, 4000, 0.03), 0.12)
    distance = draw_distance(rng, 0.45)
    wet = between(rng, 0.5, 0.9) if distance == "distant" else between(rng, 0.1, 0.3)
    x = reverb(x, rng, between(rng, 1.5, 3.0), wet, 1800)
    if distance == "distant":
        x = lowpass(x, between(rng, 1500, 3000), 1)
    air = unit(bandpass(pink(n, rng), 80, 3000, 1)) * swell(n, 0.4, rng, 0.3)
    x = peaked(limited(x, 5)) + between(rng, 0.001, 0.01) * air
    attributes = {"tempo": tempo, "count": count, "distance": distance}
    return finish(x, seconds, rng, attributes, fade_out=min(1.0, seconds / 4))


def _blow(rng: Rng, head: Modes, hard: float, ring: float) -> Signal:
    """One stroke: the head's modes, a pitch that settles, and the slap of the stick."""
    n = frames(ring * 1.4)
    f = float(head.hz[0])
    settle = sine(f * contour(n, (0, 1.25), (0.08, 1.0), (1, 0.98))) * strike(n, 0.002, ring)
    x = settle + head.struck(n, rng, hard, vary=0.4)
    slap = np.pad(burst(rng, 200, hard, 0.03), (0, n))[:n]
    return peaked(x + 0.4 * slap)


_RHYTHMS = (
    (1.0,),
    (1.0, 0.5, 0.5),
    (1.0, 1.0, 0.5, 0.5, 1.0),
    (0.75, 0.75, 0.5),
    (0.5, 0.5, 1.0),
    (1.5, 0.5),
)


def drum(seconds: float, rng: Rng) -> Synthesised:
    """War drums, a frame drum or a tom in a repeated rhythm, one player or more."""
    n = frames(seconds)
    tempo, beat = level(rng, slow=1.0, steady=0.6, fast=0.32)
    beat *= between(rng, 0.92, 1.08)
    count, players = level(rng, single=1, several=4)
    low = log_between(rng, 50, 130)
    ring = between(rng, 0.35, 1.1) * (80 / low) ** 0.3
    pattern = _RHYTHMS[int(rng.integers(len(_RHYTHMS)))]
    first = between(rng, 0.01, 0.2)
    accents = rng.uniform(0.55, 1.0, len(pattern))
    accents[0] = 1.0
    x = np.zeros(n)
    for index in range(players):
        head = membrane(rng, low * (1 + 0.15 * index * rng.standard_normal()), ring)
        strokes = [_blow(rng, head, log_between(rng, 500, 2500), ring) for _ in range(5)]
        for turn, t in enumerate(beats(seconds - 0.1, beat, 0.006, rng, first, pattern)):
            when = t + 0.012 * abs(rng.standard_normal()) * (index > 0)
            accent = float(accents[turn % len(pattern)])
            add_at(x, when, strokes[int(rng.integers(5))], accent * between(rng, 0.8, 1.0))
    x = hall(x, rng) if chance(rng, 0.5) else outdoors(x, rng)
    return finish(limited(x, 6), seconds, rng, {"tempo": tempo, "count": count})


def _tone(rng: Rng, hz: float, length: float, bright: float) -> Signal:
    """A blown note: the louder, the brighter (the lip reed's harmonics grow with pressure)."""
    n = frames(length)
    press = contour(n, (0, 0), (0.06, 0.8), (0.2, 0.75), (0.8, between(rng, 0.8, 1.0)), (1, 0))
    pitch = hz * contour(n, (0, between(rng, 0.92, 0.98)), (0.08, 1.0), (0.93, 1.0), (1, 0.96))
    vibrato = (
        1 + 0.004 * np.sin(2 * np.pi * 5 * np.arange(n) / SAMPLE_RATE) + 0.003 * wander(n, 9, rng)
    )
    x = np.zeros(n)
    for order in (1, 2, 3):
        gains = np.exp(-np.arange(24) / (1.2 * bright * order))
        x += unit(harmonics(pitch * vibrato, gains, rng)) * press**order
    x = resonances(x, (350, 300, 1.0), (800, 500, 0.9), (1700, 1200, 0.6)) + 0.3 * x
    air = bandpass(white(n, rng), hz, hz * 12, 1) * press
    return peaked(x + 0.03 * air)


def horn(seconds: float, rng: Rng) -> Synthesised:
    """A hunting or war horn: one long note, or a call of a few natural harmonics."""
    n = frames(seconds)
    root = log_between(rng, 95, 240)
    bright = between(rng, 1.2, 3.0)
    call = chance(rng, 0.45)
    x, notes = np.zeros(n), 1
    if call:
        t, notes = 0.03, 0
        while t < seconds - 0.25:
            notes += 1
            length = min(float(rng.choice([0.25, 0.4, 0.8, 1.4])), seconds - t - 0.05)
            ratio = float(rng.choice([1.0, 1.0, 1.5, 2.0, 1.333]))
            add_at(x, t, _tone(rng, root * ratio, length, bright), between(rng, 0.85, 1.0))
            t += length + between(rng, 0.0, 0.08)
    else:
        add_at(x, 0.03, _tone(rng, root, seconds * between(rng, 0.6, 0.85), bright))
    distance = draw_distance(rng, 0.4)
    wet = between(rng, 0.6, 0.9) if distance == "distant" else between(rng, 0.15, 0.4)
    x = reverb(x, rng, between(rng, 1.2, 3.0), wet, 1500)
    if distance == "distant":
        x = lowpass(x, between(rng, 900, 2000), 1)
    attributes = {"distance": distance, "count": "several" if notes > 1 else "single"}
    return finish(x, seconds, rng, attributes, fade_out=0.3)


def gong(seconds: float, rng: Rng) -> Synthesised:
    """A large gong: a low stroke from which energy climbs into dense, shimmering modes."""
    n = frames(seconds)
    x = np.zeros(n)
    strength, force = level(rng, light=0.35, moderate=0.7, heavy=1.0)
    low = log_between(rng, 60, 140)
    at = between(rng, 0.01, 0.15)
    core = Modes(
        low * np.array([1, 1.51, 2.02, 2.49, 2.96, 3.47, 4.1, 4.7]),
        between(rng, 5, 10) * np.array([1, 0.9, 0.9, 0.8, 0.7, 0.6, 0.6, 0.5]),
        np.array([1, 0.7, 0.9, 0.5, 0.6, 0.4, 0.35, 0.3]),
    ).struck(n, rng, 900)
    for low_hz, high_hz, bloom, t60, gain in (
        (250, 900, 0.05, 5.0, 0.9),
        (900, 2500, 0.15, 3.5, 0.8 * force),
        (2500, 8000, 0.35, 2.2, 0.7 * force**2),
    ):
        hz = log_spread(rng, low_hz, high_hz, 45)
        spread_t60 = t60 * np.exp(0.3 * rng.standard_normal(45))
        band = Modes(hz, spread_t60, rng.uniform(0.3, 1, 45)).struck(n, rng)
        core = core + gain * band * (
            1 - np.exp(-np.arange(n) / SAMPLE_RATE / (bloom * between(rng, 0.7, 1.5)))
        )
    add_at(x, at, core)
    mallet = lowpass(white(frames(0.2), rng), 400 + 800 * force) * strike(frames(0.2), 0.003, 0.08)
    add_at(x, at, peaked(mallet), 0.6)
    x = hall(x, rng) if chance(rng, 0.6) else room(x, rng)
    fade_out = min(1.5, seconds / 3)
    return finish(limited(x, 5), seconds, rng, {"strength": strength}, fade_out=fade_out)


_SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 4, 7, 9), (0, 2, 3, 5, 7, 8, 10))
"""Major, pentatonic and minor, in semitones."""
_CHORDS = (0, 3, 4, 5)
"""Degrees on which the tune's bars may stand."""


def _tine(rng: Rng, hz: float, ring: float) -> Signal:
    """A plucked steel tooth: a clamped bar (1 : 6.27 : 17.5) on a sounding board."""
    ratios = np.array([1.0, 1.0008, 2.0, 3.01, 6.27, 17.55])
    gains = np.array([1.0, 0.35, 0.16, 0.1, 0.3, 0.08])
    t60 = ring * (1000 / hz) ** 0.5 * np.array([1.0, 1.1, 0.6, 0.4, 0.2, 0.05])
    n = frames(1.2 * ring * (1000 / hz) ** 0.5)
    x = Modes(hz * ratios, t60, gains).struck(n, rng, vary=0.25)
    add_at(x, 0, burst(rng, 2500, 9000, 0.006), between(rng, 0.06, 0.25))
    return x


def _tune(rng: Rng, seconds: float, beat: float) -> list[tuple[float, int, float]]:
    """Notes (seconds, degree, gain) of a slow tune: steps and small leaps over broken chords."""
    notes = []
    rhythm = [float(x) for x in rng.choice([0.5, 1.0, 1.0, 1.0, 2.0], int(rng.integers(4, 9)))]
    t, degree, turn = between(rng, 0.05, 0.3), int(rng.integers(5, 10)), 0
    while t < seconds:
        notes.append((t, degree, between(rng, 0.75, 1.0)))
        degree += int(rng.choice([-2, -1, -1, 0, 1, 1, 2, 4, -3]))
        degree = int(np.clip(degree, 3, 12))
        t += beat * rhythm[turn % len(rhythm)]
        turn += 1
    t, step = notes[0][0], 0
    root = 0
    while t < seconds:
        root = _CHORDS[int(rng.integers(4))] if step % 4 == 0 else root
        notes.append((t, root + (0, 2, 4, 2)[step % 4], between(rng, 0.3, 0.5)))
        t += beat
        step += 1
    return notes


def _clockwork(n: int, rng: Rng) -> Signal:
    """The governor's whirr and the ticking of gears, through the box."""
    rate = between(rng, 14, 40)
    whirr = bandpass(pink(n, rng), 900, 5000, 1) * (1 + 0.6 * sine(np.full(n, rate)))
    teeth = bursts(rng, 10, (1500, 6000), (0.003, 0.01), 1.0)
    places = poisson(n, between(rng, 8, 30), rng)
    return unit(whirr) + 0.6 * unit(scatter(n, places, sizes(len(places), rng), teeth, rng) + 1e-9)


def music_box(seconds: float, rng: Rng) -> Synthesised:
    """A music box: a comb of tuned tines plucked by a turning pin drum, on a wooden box."""
    n = frames(seconds)
    tempo, beat = level(rng, slow=0.95, steady=0.68, fast=0.44)
    beat *= between(rng, 0.93, 1.07)
    scale = _SCALES[int(rng.integers(len(_SCALES)))]
    key, ring = log_between(rng, 520, 1050), between(rng, 0.8, 2.2)
    tuning = 2 ** (0.006 * rng.standard_normal(40))
    slowing = between(rng, 0.0, 0.04)
    box = wood(rng, between(rng, 250, 500), 2500, 8, t60=0.06)
    x = np.zeros(n)
    for t, degree, gain in _tune(rng, seconds - 0.1, beat):
        octave, place = divmod(degree, len(scale))
        hz = key * 2 ** (octave + scale[place] / 12) * float(tuning[degree])
        when = t * (1 + slowing * t / seconds) + 0.008 * rng.standard_normal()
        add_at(x, max(0.0, when), _tine(rng, hz, ring), gain)
        add_at(
            x, max(0.0, when), box.struck(frames(0.1), rng, 1500), gain * between(rng, 0.02, 0.08)
        )
    x = peaked(x) + between(rng, 0.001, 0.008) * _clockwork(n, rng)
    x = reverb(x, rng, between(rng, 0.3, 1.2), between(rng, 0.15, 0.4), 4500)
    return finish(x, seconds, rng, {"tempo": tempo}, fade_out=min(0.4, seconds / 5))
