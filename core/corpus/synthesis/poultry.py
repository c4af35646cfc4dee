"""Ducks, geese, turkeys and cockerels: a syrinx that is pressed, in bills of their own."""

from __future__ import annotations

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, contour, swell, wander
from core.corpus.synthesis.filters import bandpass, lowpass
from core.corpus.synthesis.grains import Bank, add_at, bubbles, poisson, scatter, sizes
from core.corpus.synthesis.habitats import (
    kept_or_outside,
    open_air,
    over_ground,
    straw_yard,
)
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.pulsed_voices import Mouth, Pressed, pressed_call, scaled
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
from core.corpus.synthesis.space import draw_distance

_BILL_SHUT: Mouth = (
    (290, 130, 0.9),
    (580, 200, 1.0),
    (1250, 280, 0.6),
    (2250, 420, 0.3),
    (3500, 900, 0.08),
)
_BILL_OPEN: Mouth = (
    (300, 140, 0.75),
    (620, 200, 0.8),
    (900, 240, 0.7),
    (1450, 280, 1.0),
    (2350, 380, 0.75),
    (3500, 700, 0.3),
    (5600, 1800, 0.1),
)


def _quack(rng: Rng, f: float, size: float, seconds: float, drake: bool) -> Signal:
    """One quack: `w` of a shut bill, `a` as it opens, cut off by its shutting."""
    n = frames(seconds)
    hz = f * contour(n, (0, 0.82), (0.3, 1.0), (0.7, 1.06), (1, 0.85))
    if drake:
        how = Pressed(0.06, 0.35, 0.15, 0.8, 2500)
        loud = arch(n, 0.25, 0.5)
    else:
        how = Pressed(between(rng, 0.012, 0.035), 0.2, between(rng, 0, 0.4), 0.2, 6000)
        loud = contour(n, (0, 0), (0.1, 0.8), (0.35, 1), (0.75, 0.85), (1, 0))
    shut, wide = scaled(_BILL_SHUT, size), scaled(_BILL_OPEN, size)
    shapes = ((0, shut), (0.3, wide), (0.7, wide), (1, shut))
    return pressed_call(hz, loud, how, shapes, rng)


_FIRST_QUACK = 4
"""Place in a duck's bank, after its usual quacks, of the long one that begins a call."""


def _quacking(rng: Rng, seconds: float, pause: float) -> Signal:
    """One duck for a while: single quacks, even runs, and calls that die away."""
    out = np.zeros(frames(seconds))
    drake = chance(rng, 0.1)
    f = log_between(rng, 235, 310) * (0.85 if drake else 1.0)
    size, length = between(rng, 0.85, 1.1), between(rng, 0.13, 0.19)

    def quacked(index: int) -> Signal:
        if index == _FIRST_QUACK:
            return _quack(rng, f * 1.12, size, length * between(rng, 1.5, 2.2), drake)
        pitch = f * between(rng, 0.93, 1.07)
        return _quack(rng, pitch, size, length * between(rng, 0.85, 1.2), drake)

    quacks = Bank(_FIRST_QUACK, quacked)
    t = between(rng, 0.01, 0.1)
    while t < seconds - 0.1:
        calling = chance(rng, 0.35) and not drake
        run, step = int(rng.integers(3, 10)), length + pause * between(rng, 0.5, 1.0)
        for index in range(max(4, run) if calling else run):
            if t > seconds:
                break
            quack = quacks[_FIRST_QUACK] if calling and index == 0 else quacks.draw(rng)
            fading = 0.86**index if calling else between(rng, 0.7, 1.0)
            add_at(out, t, quack, fading)
            t += step * between(rng, 0.92, 1.1) + (len(quack) / SAMPLE_RATE - length)
        t += pause * between(rng, 1.0, 3.0)
    return lowpass(out, between(rng, 2500, 3300), 3)


def duck(seconds: float, rng: Rng) -> Synthesised:
    """Quacks at 215 to 310 Hz with their energy between 500 Hz and 3 kHz, 2 to 5 a second."""
    n = frames(seconds)
    tempo, pause = level(rng, slow=0.5, steady=0.28, fast=0.14)
    distance = draw_distance(rng, 0.25)
    count, number = level(rng, single=1, several=3, many=5)
    x = np.zeros(n)
    for index in range(number):
        gain = 1.0 if index == 0 else between(rng, 0.05, 0.35)
        bird = _quacking(rng, seconds, pause)
        late = 0.0 if index == 0 else between(rng, 0, 0.5 * seconds)
        add_at(x, late, bird, gain)
    if chance(rng, 0.4):
        places = poisson(n, 25.0 * np.clip(wander(n, 0.8, rng) - 0.5, 0, 2), rng)
        pond = scatter(n, places, sizes(len(places), rng), bubbles(rng, 20, 400, 2200), rng)
        x = peaked(x) + between(rng, 0.05, 0.25) * pond
    x = open_air(over_ground(limited(x, 9), distance, rng), rng)
    return finish(x, seconds, rng, {"count": count, "tempo": tempo, "distance": distance})


_LONG_NECK: Mouth = (
    (435, 170, 0.8),
    (830, 230, 0.95),
    (1470, 320, 1.0),
    (2450, 500, 0.65),
    (3300, 900, 0.25),
    (5500, 2000, 0.06),
)


def _honk(rng: Rng, kind: str, f: float, size: float, seconds: float) -> Signal:
    """One honk: of a Canada goose with its break upward, of a grey goose, or a gander's hiss."""
    n = frames(seconds)
    if kind == "canada":
        breaks = between(rng, 0.15, 0.35)
        hz = f * contour(
            n, (0, 0.6), (breaks, between(rng, 0.82, 0.92)), (breaks + 0.05, 1.0), (0.75, 0.98),
            (1, 0.72),
        )  # fmt: skip
        how = Pressed(0.012, 0.15, between(rng, 0, 0.12), 0.2, 5000)
    else:
        hz = 0.78 * f * contour(n, (0, 0.9), (0.3, 1.0), (0.8, 0.97), (1, 0.85))
        how = Pressed(0.02, 0.2, between(rng, 0.0, 0.15), 0.25, 5000)
    loud = contour(n, (0, 0), (0.12, 0.6), (0.4, 1), (0.75, 0.8), (1, 0))
    neck = scaled(_LONG_NECK, size)
    return pressed_call(hz, loud, how, ((0, scaled(neck, 1.2)), (0.35, neck), (1, neck)), rng)


def goose(seconds: float, rng: Rng) -> Synthesised:
    """Honks that break upward at 380 to 460 Hz, or cackles at 290 to 360; one bird or more."""
    n = frames(seconds)
    tempo, pause = level(rng, slow=0.5, steady=0.22, fast=0.06)
    distance = draw_distance(rng, 0.25)
    kind = "canada" if chance(rng, 0.5) else "grey"
    count, number = level(rng, single=1, several=3, many=6)
    x = np.zeros(n)
    length = between(rng, 0.24, 0.34) if kind == "canada" else between(rng, 0.13, 0.17)
    run = (1, 4) if kind == "canada" else (3, 8)
    for index in range(number):
        f, size = log_between(rng, 375, 460), between(rng, 0.9, 1.08)

        def honk(_: int, f: float = f, size: float = size) -> Signal:
            pitch, lasts = f * between(rng, 0.94, 1.06), length * between(rng, 0.85, 1.15)
            return _honk(rng, kind, pitch, size, lasts)

        honks = Bank(3, honk)
        gain = 1.0 if index == 0 else between(rng, 0.06, 0.4)
        t = between(rng, 0.01, 0.12) if index == 0 else between(rng, 0, 1.5)
        while t < seconds - 0.1:
            for _ in range(int(rng.integers(*run))):
                add_at(x, t, honks.draw(rng), gain * between(rng, 0.65, 1.0))
                t += length * between(rng, 1.5, 1.8) + 0.3 * pause * between(rng, 0.4, 1)
            t += pause * between(rng, 0.4, 1.8)
    if count == "many":
        x = x * contour(n, (0, between(rng, 0.3, 1)), (0.5, 1), (1, between(rng, 0.3, 1)))
    x = open_air(over_ground(limited(x, 7), distance, rng), rng)
    return finish(x, seconds, rng, {"count": count, "tempo": tempo, "distance": distance})


_SNOOD: Mouth = (
    (680, 260, 0.8),
    (1080, 300, 1.0),
    (1900, 450, 0.4),
    (2900, 700, 0.3),
    (4600, 1500, 0.1),
)


def _gobbles(rng: Rng, f: float, size: float, lengths: list[float]) -> list[Signal]:
    """Runs of 13 to 18 notes a second, each a yodel from 1 kHz down by more than an octave."""
    rate = between(rng, 13.5, 18)
    notes = []
    for place in np.linspace(1.12, 0.85, 7):
        m = frames(between(rng, 0.75, 0.95) / rate)
        top = f * float(place) * between(rng, 0.78, 1.22)
        hz = top * contour(m, (0, 0.85), (0.25, 1.0), (1, between(rng, 0.3, 0.42)))
        how = Pressed(0.012, 0.15, between(rng, 0, 0.2), 0.2, 4500)
        bill = scaled(_SNOOD, size * between(rng, 0.92, 1.08))
        shapes = ((0, bill), (1, scaled(bill, 1.15)))
        notes.append(pressed_call(hz, arch(m, 0.12, 0.4), how, shapes, rng))
    runs = []
    for length in lengths:
        out = np.zeros(frames(length))
        t = 0.0
        while t < length - 0.06:
            where = t / length
            note = notes[int(np.clip(6 * where + 1.5 * rng.standard_normal(), 0, 6))]
            add_at(out, t, note, float(np.sin(np.pi * (0.12 + 0.8 * where)) ** 0.7))
            t += between(rng, 0.82, 1.22) / rate
        runs.append(out)
    return runs


def _cluck(rng: Rng, f: float, size: float) -> Signal:
    """A turkey's yelp or cluck: one short note, hoarse."""
    n = frames(between(rng, 0.05, 0.16))
    hz = f * contour(n, (0, 0.8), (0.3, 1.0), (1, 0.6))
    how = Pressed(0.04, 0.3, 0.3, 0.5, 4000)
    return pressed_call(hz, arch(n, 0.15, 0.5), how, ((0, scaled(_SNOOD, size)),), rng)


def turkey(seconds: float, rng: Rng) -> Synthesised:
    """Gobbles of about a second with clucks between; others join in at once."""
    n = frames(seconds)
    count, number = level(rng, single=1, several=3) if chance(rng, 0.6) else ("many", 5)
    tempo, pause = level(rng, slow=1.6, steady=0.9, fast=0.4)
    x = np.zeros(n)
    birds = []
    for _ in range(min(number, 2)):
        f, size = log_between(rng, 880, 1150), between(rng, 0.82, 1.0)
        longest = max(0.5, seconds - 0.1)
        lengths = [min(between(rng, 0.75, 1.5), longest) for _ in range(2)]
        clucks = [_cluck(rng, 0.65 * f, size) for _ in range(2)]
        birds.append((_gobbles(rng, f, size, lengths), clucks))
    t = between(rng, 0.01, 0.12)
    while t < seconds - 0.3:
        for index in range(number):
            gobbles = birds[index % len(birds)][0]
            if index == 0 or chance(rng, 0.6):
                gain = 1.0 if index == 0 else between(rng, 0.06, 0.35)
                late = 0.0 if index == 0 else between(rng, 0.1, 0.5)
                add_at(x, t + late, gobbles[int(rng.integers(2))], gain)
        t += len(birds[0][0][0]) / SAMPLE_RATE
        end = t + pause * between(rng, 0.6, 1.6)
        while t < end:
            _, clucks = birds[int(rng.integers(len(birds)))]
            add_at(x, t, clucks[int(rng.integers(2))], between(rng, 0.1, 0.35))
            t += between(rng, 0.18, 0.8)
        t = end
    distance = draw_distance(rng, 0.25)
    x = straw_yard(kept_or_outside(limited(x, 8), distance, rng, 0.2), rng)
    return finish(x, seconds, rng, {"count": count, "tempo": tempo, "distance": distance})


def _crowed(rng: Rng, hz: Signal, torn: Signal) -> Signal:
    """A note of the syrinx, two partials of like strength, a weaker third, little above 3 kHz.

    `torn` (0 to 1, shape (n,)) is how far the note breaks into a hoarse, pulsing cry.
    """
    n, neck = len(hz), between(rng, 1550, 1950)
    gains = [between(rng, 0.4, 1.0), 1.0, between(rng, 0.05, 0.35), between(rng, 0.01, 0.08)]
    tone = unit(harmonics(hz, [*gains, 0.01, 0.005], rng))
    tone = tone * (1 + 0.1 * wander(n, 45, rng))
    hoarse = pressed_call(
        hz, np.ones(n), Pressed(0.05, 0.4, 0.6, 0.7, 5000),
        ((0, ((950, 350, 0.8), (neck, 450, 1.0), (2700, 600, 0.7), (3500, 900, 0.4))),), rng,
    )  # fmt: skip
    air = unit(bandpass(white(n, rng), 900, 3600, 2))
    return (1 - torn) * tone + torn * unit(hoarse) + (0.02 + 0.2 * torn) * air


def _crow_phrase(rng: Rng, f: float, seconds: float) -> Signal:
    """`cock-a-doodle-doo`: hoarse short notes that rise, then a long one that sinks and dies."""
    out = np.zeros(frames(seconds))
    sunk, torn = between(rng, 0.8, 0.95), between(rng, 0.3, 0.9)
    notes = (
        # share of the length, silence after it, pitch at start, middle and end, level
        (between(rng, 0.07, 0.11), between(rng, 0.02, 0.06), 0.72, 0.85, 0.75, 0.35),
        (between(rng, 0.09, 0.13), between(rng, 0.01, 0.04), 0.85, 0.96, 1.0, 1.0),
        (between(rng, 0.14, 0.22), 0.0, 0.92, 1.02, 1.0, 1.0),
        (1.0, 0.0, 0.97, 1.0, sunk, 0.75),
    )
    t = 0.0
    for share, gap, start, middle, end, loudness in notes:
        last = share == 1.0
        length = seconds - t if last else share * seconds
        n = frames(length)
        hz = contour(n, (0, start), (0.08 if last else 0.35, middle), (1, end))
        hz = f * hz * (1 + 0.003 * wander(n, 12, rng))
        if last:
            broken = contour(n, (0, 1), (0.1, 0.8), (0.16, 0.05), (0.9, 0.03), (0.93, 0.6), (1, 1))
            loud = contour(n, (0, 0), (0.03, 1), (0.5, 0.75), (0.88, 0.4), (0.93, 0.3), (1, 0))
        else:
            broken = contour(n, (0, 1), (0.5, 0.8), (1, 0.5)) * (1.1 if t == 0 else 1.0)
            loud = arch(n, 0.12, 0.25)
        note = _crowed(rng, hz, np.clip(torn * broken, 0, 1)) * loud * swell(n, 10, rng, 0.08)
        add_at(out, t, note, loudness)
        t += length + gap * seconds
    return peaked(out)


def _hen(rng: Rng, f: float) -> Signal:
    """One `bok` of a hen that feeds beside him."""
    n = frames(between(rng, 0.05, 0.13))
    hz = f * contour(n, (0, 0.8), (0.3, 1.15), (1, 0.7))
    throat = ((650, 250, 1.0), (1300, 350, 0.8), (2500, 600, 0.4), (3800, 1200, 0.15))
    return pressed_call(hz, arch(n, 0.1, 0.6), Pressed(0.02, 0.2, 0.2, 0.2, 4000),
                        ((0, throat),), rng)  # fmt: skip


def cockerel(seconds: float, rng: Rng) -> Synthesised:
    """Crows of 1.3 to 1.9 s, held at 750 to 1000 Hz, among hens that cluck now and then.

    In the distance another bird may answer.
    """
    n = frames(seconds)
    x = np.zeros(n)
    f = log_between(rng, 780, 1000)
    length = between(rng, 1.3, 1.8)
    tempo, pause = level(rng, slow=2.2, steady=1.1, fast=0.4)
    t = between(rng, 0.01, 0.12)
    while t < seconds - 0.9 or t < 0.15:
        crow = _crow_phrase(rng, f * between(rng, 0.97, 1.03), min(length, seconds - t - 0.03))
        add_at(x, t, crow, between(rng, 0.85, 1.0))
        t += len(crow) / SAMPLE_RATE + pause * between(rng, 0.6, 1.5)
    distance = draw_distance(rng, 0.3)
    count = "single"
    if chance(rng, 0.3) and seconds > 2.5:
        count = "several"
        for _ in range(int(rng.integers(1, 3))):
            other = _crow_phrase(rng, log_between(rng, 750, 1000), between(rng, 1.3, 1.8))
            late = between(rng, 0.5, max(0.6, seconds - 1.5))
            add_at(x, late, over_ground(other, "distant", rng), between(rng, 0.08, 0.3))
    hens = [_hen(rng, log_between(rng, 450, 700)) for _ in range(5)]
    near, t = log_between(rng, 0.03, 0.2), between(rng, 0, 0.5)
    while t < seconds:
        add_at(x, t, hens[int(rng.integers(5))], near * between(rng, 0.4, 1.0))
        t += log_between(rng, 0.15, 0.9)
    x = straw_yard(over_ground(x, distance, rng), rng)
    return finish(x, seconds, rng, {"tempo": tempo, "distance": distance, "count": count})


POULTRY: dict[str, Recipe] = {
    "duck": duck,
    "goose": goose,
    "turkey": turkey,
    "cockerel": cockerel,
}
