"""Songbirds, gulls, owl, crow and chickens: a syrinx with its pitch contours."""

from __future__ import annotations

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.clip import Synthesised, finish
from core.corpus.synthesis.envelopes import arch, contour, swell, wander
from core.corpus.synthesis.filters import bandpass, lowpass, shaped
from core.corpus.synthesis.grains import add_at, bursts, poisson, scatter, sizes
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
from core.corpus.synthesis.sources import brown, harmonics, pink
from core.corpus.synthesis.space import at_distance, draw_distance, outdoors, reverb, room
from core.corpus.synthesis.voices import Timbre, vocalise


def _syllable(rng: Rng, home: float) -> Signal:
    """One syllable of a song: a whistle, sweep, warble or trill of pitch near `home` Hz."""
    kind = rng.choice(["whistle", "down", "up", "warble", "trill", "hook"])
    seconds = {"whistle": (0.12, 0.4), "warble": (0.15, 0.5), "trill": (0.25, 0.8)}
    n = frames(log_between(rng, *seconds.get(str(kind), (0.04, 0.16))))
    f = home * log_between(rng, 0.8, 1.3)
    ratio = log_between(rng, 1.15, 1.7)
    t = ticks(n)
    if kind == "whistle":
        hz = f * contour(n, (0, 0.97), (0.3, 1.0), (1, between(rng, 0.9, 1.05)))
    elif kind == "down":
        hz = f * contour(n, (0, ratio), (0.5, 1.05), (1, 1 / ratio**0.5))
    elif kind == "up":
        hz = f * contour(n, (0, 1 / ratio**0.5), (0.5, 1), (1, ratio))
    elif kind == "warble":
        hz = f * (1 + between(rng, 0.05, 0.16) * np.sin(2 * np.pi * between(rng, 14, 40) * t))
    elif kind == "hook":
        hz = f * contour(n, (0, 1), (0.35, ratio), (1, 0.9))
    else:
        rate = between(rng, 12, 30)
        saw = (t * rate) % 1.0
        hz = f * (1 + 0.22 * (0.5 - saw))
        gate = np.sin(np.pi * saw) ** 1.5
        return harmonics(hz, [1, 0.08, 0.03], rng) * gate * arch(n, 0.1, 0.15)
    tone = harmonics(hz * (1 + 0.004 * wander(n, 60, rng)), [1, between(rng, 0, 0.2), 0.04], rng)
    return tone * arch(n, 0.25, 0.4) * (1 + 0.15 * wander(n, 50, rng))


def song(seconds: float, rng: Rng) -> Signal:
    """One bird: phrases of a few repeated syllables with pauses between."""
    out = np.zeros(frames(seconds))
    home = log_between(rng, 2300, 5200)
    repertoire = [_syllable(rng, home) for _ in range(int(rng.integers(2, 6)))]
    pause = log_between(rng, 0.6, 2.5)
    t = between(rng, 0, 1.0)
    while t < seconds:
        for _ in range(int(rng.integers(1, 4))):
            syllable = repertoire[int(rng.integers(len(repertoire)))]
            gap = between(rng, 0.02, 0.14)
            for _ in range(int(rng.integers(1, 6))):
                add_at(out, t, syllable, between(rng, 0.6, 1.0))
                t += len(syllable) / SAMPLE_RATE + gap * between(rng, 0.8, 1.2)
        t += pause * between(rng, 0.5, 1.6)
    return out


def _leaves(n: int, rng: Rng) -> Signal:
    """The quiet of a wood or garden."""
    air = shaped(pink(n, rng), (40, -6), (300, 0), (2000, -6), (6000, -8), (15_000, -20))
    return unit(air) * swell(n, 0.4, rng, 0.25)


def birds(seconds: float, rng: Rng) -> Synthesised:
    """A few songbirds at different distances in the open."""
    n = frames(seconds)
    count, number = level(rng, single=1, several=3, many=8)
    x = np.zeros(n)
    for index in range(number):
        sung = song(seconds, rng)
        far = 0.0 if index == 0 else between(rng, 0.2, 1.0)
        sung = lowpass(sung, 14_000 - 8000 * far, 1) * (1 - 0.8 * far)
        x += reverb(sung, rng, between(rng, 0.8, 2.0), 0.1 + 0.5 * far, 3500)
    x += between(rng, 0.015, 0.08) * float(np.max(np.abs(x))) * _leaves(n, rng)
    return finish(x, seconds, rng, {"count": count})


def _gull_cry(rng: Rng, top: float, seconds: float) -> Signal:
    """`kee-ow`: a fast rise, a held strained top, a long fall."""
    n = frames(seconds)
    hz = top * contour(
        n, (0, 0.62), (0.12, 0.95), (0.3, 1.0), (0.55, between(rng, 0.75, 0.92)), (1, 0.5)
    )
    tract = (
        (1300, 1000, 500, 0.7),
        (2600, 2100, 700, 1.0),
        (4200, 3600, 1200, 0.5),
        (6500, 6000, 2000, 0.2),
    )
    timbre = Timbre(tract, slope=4, breath=0.15, rough=0.25, subharmonic=between(rng, 0, 0.4))
    return vocalise(hz, arch(n, 0.15, 0.35), timbre, rng)


def gulls(seconds: float, rng: Rng) -> Synthesised:
    """Long calls and single cries of gulls over a quiet shore."""
    n = frames(seconds)
    count, number = level(rng, single=1, several=3, many=6)
    distance = draw_distance(rng, 0.35)
    x = np.zeros(n)
    for index in range(number):
        top, gain = log_between(rng, 800, 1500), 1.0 if index == 0 else between(rng, 0.15, 0.7)
        bird = np.zeros(n)
        length = between(rng, 0.35, 0.8)
        cries = [
            _gull_cry(rng, top * (1 - 0.03 * late), length * 0.9**late * between(rng, 0.9, 1.1))
            for late in range(5)
        ]
        t = between(rng, 0, 0.4 if index == 0 else min(2.0, seconds / 2))
        while t < seconds:
            for cry in cries[: int(rng.integers(1, 6))]:
                add_at(bird, t, cry, between(rng, 0.6, 1.0))
                t += len(cry) / SAMPLE_RATE * between(rng, 1.0, 1.3)
            t += between(rng, 0.5, 2.0)
        x += gain * reverb(bird, rng, between(rng, 0.8, 2.0), between(rng, 0.1, 0.4), 3000)
    sea = shaped(pink(n, rng), (60, -3), (400, 0), (3000, -8), (12_000, -20)) * swell(
        n, 0.3, rng, 0.3
    )
    x = at_distance(x, distance, rng) / float(np.max(np.abs(x))) + between(rng, 0.005, 0.05) * unit(
        sea
    )
    return finish(x, seconds, rng, {"count": count, "distance": distance})


def _hoot(rng: Rng, f: float, seconds: float) -> Signal:
    n = frames(seconds)
    hz = f * contour(n, (0, 0.93), (0.25, 1.0), (0.7, 0.99), (1, 0.92))
    hz = hz * (1 + 0.008 * np.sin(2 * np.pi * between(rng, 5, 9) * ticks(n)))
    tone = harmonics(hz, [1, 0.12, 0.06, 0.015], rng) * arch(n, 0.3, 0.4)
    air = bandpass(rng.standard_normal(n), f * 0.7, f * 2.5, 1) * arch(n, 0.3, 0.5)
    return tone + 0.05 * air


def owl(seconds: float, rng: Rng) -> Synthesised:
    """A tawny or a great horned owl in a night wood."""
    n = frames(seconds)
    tawny = chance(rng, 0.5)
    f = log_between(rng, 600, 850) if tawny else log_between(rng, 280, 420)
    lengths = (0.7, 0.12, 0.14, 1.0) if tawny else (0.35, 0.22, 0.22, 0.5, 0.45)
    gaps = (1.2, 0.08, 0.1, 2.5) if tawny else (0.15, 0.12, 0.3, 0.25, 2.5)
    x = np.zeros(n)
    t, scale = between(rng, 0.02, 0.3), between(rng, 0.8, 1.2)
    while t < seconds - 0.2:
        for length, gap in zip(lengths, gaps, strict=True):
            hoot = _hoot(rng, f, length * scale)
            if tawny and length == 1.0:
                tremble = 0.6 + 0.4 * np.sin(2 * np.pi * 14 * ticks(len(hoot)))
                hoot = hoot * tremble
            add_at(x, t, hoot, between(rng, 0.7, 1.0))
            t += (length + gap * between(rng, 0.8, 1.3)) * scale
    distance = draw_distance(rng, 0.4)
    x = reverb(x, rng, between(rng, 1.2, 2.5), 0.6 if distance == "distant" else 0.2, 1500)
    x += between(rng, 0.003, 0.02) * _leaves(n, rng)
    return finish(x, seconds, rng, {"distance": distance})


def _caw(rng: Rng, f: float, seconds: float, formant: float) -> Signal:
    n = frames(seconds)
    hz = f * contour(n, (0, 0.85), (0.15, 1.0), (0.6, 0.97), (1, 0.75))
    tract = (
        (formant, formant * 0.95, 300, 1.0),
        (formant * 1.4, formant * 1.3, 350, 0.9),
        (formant * 2.2, formant * 2.0, 900, 0.3),
    )
    timbre = Timbre(tract, slope=1, breath=0.15, rough=between(rng, 0.5, 1.2), subharmonic=0.4)
    return vocalise(hz, arch(n, 0.08, 0.3), timbre, rng)


def crow(seconds: float, rng: Rng) -> Synthesised:
    """Groups of rough caws."""
    n = frames(seconds)
    x = np.zeros(n)
    f, formant, length = (
        log_between(rng, 280, 520),
        between(rng, 1000, 1600),
        between(rng, 0.22, 0.5),
    )
    t = between(rng, 0.01, 0.15)
    while t < seconds - 0.1:
        for _ in range(int(rng.integers(2, 5))):
            caw = _caw(rng, f * between(rng, 0.95, 1.05), length * between(rng, 0.85, 1.1), formant)
            add_at(x, t, caw, between(rng, 0.75, 1))
            t += length * between(rng, 1.25, 1.9)
        t += between(rng, 0.6, 1.6)
    count = "single"
    if chance(rng, 0.3):
        count = "several"
        for _ in range(int(rng.integers(2, 6))):
            other = _caw(rng, log_between(rng, 280, 520), length, formant * between(rng, 0.85, 1.2))
            add_at(x, between(rng, 0, seconds), lowpass(other, 3000, 1), between(rng, 0.15, 0.4))
    distance = draw_distance(rng, 0.35)
    x = peaked(at_distance(x, distance, rng)) + between(rng, 0.002, 0.015) * _leaves(n, rng)
    return finish(x, seconds, rng, {"distance": distance, "count": count})


def _cluck(rng: Rng, f: float, seconds: float, rise: float) -> Signal:
    n = frames(seconds)
    hz = f * contour(n, (0, 0.8), (0.3, 1.0), (1, rise))
    tract = ((900, 1100, 400, 1.0), (1900, 2200, 500, 0.8), (3400, 3500, 900, 0.35))
    timbre = Timbre(tract, slope=5, breath=0.2, rough=0.4, subharmonic=between(rng, 0, 0.3))
    return vocalise(hz, arch(n, 0.12, 0.55), timbre, rng)


def chicken(seconds: float, rng: Rng) -> Synthesised:
    """Hens clucking: `bok bok` and now and then a long `bok-aaah`."""
    n = frames(seconds)
    count, number = level(rng, single=1, several=3, many=6)
    x = np.zeros(n)
    for index in range(number):
        gain, f = 1.0 if index == 0 else between(rng, 0.15, 0.7), log_between(rng, 420, 750)
        pace = between(rng, 0.22, 0.55)
        clucks = [
            _cluck(rng, f * between(rng, 0.85, 1.15), between(rng, 0.05, 0.13), 0.7)
            for _ in range(6)
        ]
        cackle = _cluck(rng, f * 1.5, between(rng, 0.4, 0.8), between(rng, 0.8, 1.3))
        t = between(rng, 0, 0.2 + 0.6 * index)
        while t < seconds:
            if chance(rng, 0.12):
                add_at(x, t, cackle, gain)
                t += len(cackle) / SAMPLE_RATE
            else:
                add_at(x, t, clucks[int(rng.integers(6))], gain * between(rng, 0.35, 0.8))
            t += pace * between(rng, 0.5, 1.6) + (between(rng, 0.3, 1.0) if chance(rng, 0.1) else 0)
    straw = bursts(rng, 20, (2500, 7000), (0.004, 0.02), 1.5)
    places = poisson(n, 8.0 * swell(n, 0.7, rng, 0.8), rng)
    x = peaked(x) + between(rng, 0.01, 0.1) * scatter(
        n, places, sizes(len(places), rng), straw, rng
    )
    x += between(rng, 0.002, 0.012) * unit(brown(n, rng) + _leaves(n, rng))
    x = room(x, rng) if chance(rng, 0.3) else outdoors(x, rng)
    return finish(limited(x, 12), seconds, rng, {"count": count})
