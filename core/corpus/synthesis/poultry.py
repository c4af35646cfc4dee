"""Ducks, geese, turkeys and cockerels: a syrinx that is pressed, in bills of their own."""

from __future__ import annotations

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, contour, swell, wander
from core.corpus.synthesis.grains import add_at, bubbles, poisson, scatter, sizes
from core.corpus.synthesis.habitats import kept_or_outside, open_air, straw_yard
from core.corpus.synthesis.levels import limited, peaked
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
from core.corpus.synthesis.space import at_distance, draw_distance, reverb

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
        how = Pressed(0.12, 0.6, 0.3, 1.2, 2500)
        loud = arch(n, 0.25, 0.5)
    else:
        how = Pressed(between(rng, 0.015, 0.04), 0.25, between(rng, 0, 0.35), 0.25, 6000)
        loud = contour(n, (0, 0), (0.1, 0.8), (0.35, 1), (0.75, 0.85), (1, 0))
    shut, wide = scaled(_BILL_SHUT, size), scaled(_BILL_OPEN, size)
    return pressed_call(hz, loud, how, ((0, shut), (0.3, wide), (0.7, wide), (1, shut)), rng)


def _quacking(rng: Rng, seconds: float, pause: float) -> Signal:
    """One duck for a while: single quacks, even runs, and calls that die away."""
    out = np.zeros(frames(seconds))
    drake = chance(rng, 0.15)
    f = log_between(rng, 215, 310) * (0.8 if drake else 1.0)
    size, length = between(rng, 0.88, 1.15), between(rng, 0.11, 0.19)
    quacks = [
        _quack(rng, f * between(rng, 0.93, 1.07), size, length * between(rng, 0.85, 1.2), drake)
        for _ in range(4)
    ]
    first = _quack(rng, f * 1.12, size, length * between(rng, 1.5, 2.2), drake)
    t = between(rng, 0.01, 0.1)
    while t < seconds - 0.1:
        calling = chance(rng, 0.35) and not drake
        run, step = int(rng.integers(1, 9)), length + pause * between(rng, 0.4, 1.1)
        for index in range(max(4, run) if calling else run):
            quack = first if calling and index == 0 else quacks[int(rng.integers(4))]
            fading = 0.86**index if calling else between(rng, 0.7, 1.0)
            add_at(out, t, quack, fading)
            t += step * between(rng, 0.92, 1.1) + (len(quack) / SAMPLE_RATE - length)
        t += pause * between(rng, 1.0, 5.0)
    return out


def duck(seconds: float, rng: Rng) -> Synthesised:
    """Quacks at 215 to 310 Hz with their energy between 500 Hz and 3 kHz, 2 to 5 a second."""
    n = frames(seconds)
    tempo, pause = level(rng, slow=0.42, steady=0.24, fast=0.1)
    distance = draw_distance(rng, 0.25)
    count, number = level(rng, single=1, several=3, many=7)
    x = np.zeros(n)
    for index in range(number):
        gain = 1.0 if index == 0 else between(rng, 0.1, 0.6)
        bird = _quacking(rng, seconds, pause)
        late = 0.0 if index == 0 else between(rng, 0, 0.5 * seconds)
        add_at(x, late, bird, gain)
    if chance(rng, 0.4):
        places = poisson(n, 25.0 * np.clip(wander(n, 0.8, rng) - 0.5, 0, 2), rng)
        pond = scatter(n, places, sizes(len(places), rng), bubbles(rng, 20, 400, 2200), rng)
        x = peaked(x) + between(rng, 0.05, 0.25) * pond
    x = open_air(at_distance(limited(x, 9), distance, rng), rng)
    return finish(x, seconds, rng, {"count": count, "tempo": tempo, "distance": distance})


_LONG_NECK: Mouth = (
    (480, 170, 0.4),
    (820, 230, 1.0),
    (1350, 320, 0.8),
    (2200, 500, 0.4),
    (3300, 900, 0.25),
    (5500, 2000, 0.08),
)


def _honk(rng: Rng, kind: str, f: float, size: float, seconds: float) -> Signal:
    """One honk: of a Canada goose with its break upward, of a grey goose, or a gander's hiss."""
    n = frames(seconds)
    if kind == "canada":
        breaks = between(rng, 0.15, 0.4)
        hz = f * contour(
            n, (0, 0.5), (breaks, between(rng, 0.58, 0.7)), (breaks + 0.05, 1.0), (0.75, 0.98),
            (1, 0.72),
        )  # fmt: skip
        how = Pressed(0.012, 0.15, between(rng, 0, 0.12), 0.2, 5000)
    else:
        hz = 0.55 * f * contour(n, (0, 0.9), (0.3, 1.0), (0.8, 0.97), (1, 0.85))
        how = Pressed(0.045, 0.35, between(rng, 0.05, 0.4), 0.4, 5000)
    loud = contour(n, (0, 0), (0.12, 0.6), (0.4, 1), (0.75, 0.8), (1, 0))
    neck = scaled(_LONG_NECK, size)
    return pressed_call(hz, loud, how, ((0, scaled(neck, 1.2)), (0.35, neck), (1, neck)), rng)


def goose(seconds: float, rng: Rng) -> Synthesised:
    """Honks that break from 250 to 500 Hz or cackle at 200 Hz, from one bird or a whole skein."""
    n = frames(seconds)
    tempo, pause = level(rng, slow=0.7, steady=0.3, fast=0.08)
    distance = draw_distance(rng, 0.25)
    kind = "canada" if chance(rng, 0.8) else "grey"
    count, number = level(rng, single=1, several=3, many=9)
    x = np.zeros(n)
    length = between(rng, 0.22, 0.42) if kind == "canada" else between(rng, 0.12, 0.26)
    for index in range(number):
        f, size = log_between(rng, 400, 570), between(rng, 0.9, 1.15)
        honks = [
            _honk(rng, kind, f * between(rng, 0.94, 1.06), size, length * between(rng, 0.85, 1.15))
            for _ in range(3)
        ]
        gain = 1.0 if index == 0 else between(rng, 0.12, 0.7)
        t = between(rng, 0.01, 0.12) if index == 0 else between(rng, 0, 1.5)
        while t < seconds - 0.1:
            for _ in range(1 if kind == "canada" else int(rng.integers(1, 6))):
                add_at(x, t, honks[int(rng.integers(3))], gain * between(rng, 0.65, 1.0))
                t += length * between(rng, 1.05, 1.25) + 0.25 * pause * between(rng, 0.4, 1)
            t += pause * between(rng, 0.4, 1.8)
    if count == "many":
        x = x * contour(n, (0, between(rng, 0.3, 1)), (0.5, 1), (1, between(rng, 0.3, 1)))
    x = open_air(at_distance(limited(x, 7), distance, rng), rng)
    return finish(x, seconds, rng, {"count": count, "tempo": tempo, "distance": distance})


_SNOOD: Mouth = (
    (680, 260, 0.8),
    (1080, 300, 1.0),
    (1900, 450, 0.4),
    (2900, 700, 0.3),
    (4600, 1500, 0.1),
)


def _gobbles(rng: Rng, f: float, size: float, lengths: list[float]) -> list[Signal]:
    """Runs of 10 to 14 notes a second, each a yodel down from 1 kHz, as a wattle shakes."""
    rate = between(rng, 10, 14)
    notes = []
    for place in np.linspace(1.12, 0.85, 6):
        m = frames(between(rng, 0.75, 0.95) / rate)
        top = f * float(place) * between(rng, 0.88, 1.12)
        hz = top * contour(m, (0, 0.85), (0.25, 1.0), (1, between(rng, 0.45, 0.6)))
        how = Pressed(0.012, 0.15, between(rng, 0, 0.3), 0.2, 4500)
        bill = scaled(_SNOOD, size * between(rng, 0.92, 1.08))
        shapes = ((0, bill), (1, scaled(bill, 1.15)))
        notes.append(pressed_call(hz, arch(m, 0.12, 0.4), how, shapes, rng))
    runs = []
    for length in lengths:
        out = np.zeros(frames(length))
        t = 0.0
        while t < length - 0.06:
            where = t / length
            note = notes[int(np.clip(5 * where + 1.2 * rng.standard_normal(), 0, 5))]
            add_at(out, t, note, float(np.sin(np.pi * (0.12 + 0.8 * where)) ** 0.7))
            t += between(rng, 0.9, 1.12) / rate
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
    tempo, pause = level(rng, slow=2.2, steady=1.2, fast=0.5)
    x = np.zeros(n)
    birds = []
    for _ in range(number):
        f, size = log_between(rng, 780, 1180), between(rng, 0.88, 1.15)
        longest = max(0.5, seconds - 0.1)
        lengths = [min(between(rng, 0.75, 1.5), longest) for _ in range(2)]
        clucks = [_cluck(rng, 0.65 * f, size) for _ in range(2)]
        birds.append((_gobbles(rng, f, size, lengths), clucks))
    t = between(rng, 0.01, 0.12)
    while t < seconds - 0.3:
        for index, (gobbles, _) in enumerate(birds):
            if index == 0 or chance(rng, 0.6):
                gain = 1.0 if index == 0 else between(rng, 0.15, 0.65)
                late = 0.0 if index == 0 else between(rng, 0.1, 0.5)
                add_at(x, t + late, gobbles[int(rng.integers(2))], gain)
        t += len(birds[0][0][0]) / SAMPLE_RATE
        end = t + pause * between(rng, 0.6, 1.6)
        while t < end:
            _, clucks = birds[int(rng.integers(number))]
            add_at(x, t, clucks[int(rng.integers(2))], between(rng, 0.1, 0.35))
            t += between(rng, 0.18, 0.8)
        t = end
    distance = draw_distance(rng, 0.25)
    x = straw_yard(kept_or_outside(limited(x, 8), distance, rng, 0.2), rng)
    return finish(x, seconds, rng, {"count": count, "tempo": tempo, "distance": distance})


def _crow_phrase(rng: Rng, f: float, seconds: float) -> Signal:
    """`cock-a-doodle-doo`: two short notes, a rise, and a long note that falls at its end."""
    size = (800 / f) ** 0.4
    bill = scaled(
        ((920, 420, 0.8), (1750, 500, 1.0), (2750, 700, 0.45), (4100, 1100, 0.25),
         (6200, 2200, 0.1)), size,
    )  # fmt: skip
    shut = scaled(bill, 1.25)
    out = np.zeros(frames(seconds))
    drop = between(rng, 0.35, 0.6)
    notes = (
        # share of the length, silence after it, pitch at start, middle and end, loudness
        (between(rng, 0.07, 0.11), between(rng, 0.02, 0.05), 0.8, 0.93, 0.85, 0.7),
        (between(rng, 0.05, 0.08), between(rng, 0.01, 0.03), 0.82, 0.95, 0.9, 0.6),
        (between(rng, 0.12, 0.18), between(rng, 0.0, 0.015), 0.85, 1.0, 1.02, 0.95),
        (1.0, 0.0, 0.98, between(rng, 0.94, 1.0), drop, 1.0),
    )
    t = 0.0
    for share, gap, start, middle, end, loudness in notes:
        last = share == 1.0
        length = seconds - t if last else share * seconds
        n = frames(length)
        turns = ((0, start), (0.12, 1.0), (0.6, middle), (0.88, 0.96 * middle), (1, end))
        hz = f * (contour(n, *turns) if last else contour(n, (0, start), (0.5, middle), (1, end)))
        hz = hz * (1 + 0.006 * wander(n, 18, rng))
        how = Pressed(0.006, 0.08, between(rng, 0.0, 0.1), between(rng, 0.1, 0.25), 5500)
        loud = contour(n, (0, 0), (0.1, 0.85), (0.5, 1), (0.85, 0.7), (1, 0)) * loudness
        note = pressed_call(hz, loud, how, ((0, shut), (0.2, bill), (0.8, bill), (1, shut)), rng)
        add_at(out, t, note * swell(n, 8, rng, 0.08), loudness)
        t += length + gap * seconds
    return out


def cockerel(seconds: float, rng: Rng) -> Synthesised:
    """Crows of 1.3 to 2.6 s, held at 550 to 1000 Hz, their second harmonic as strong as the first.

    In the distance another bird may answer.
    """
    n = frames(seconds)
    x = np.zeros(n)
    f = log_between(rng, 540, 980)
    length = between(rng, 1.3, 2.5) * (800 / f) ** 0.2
    tempo, pause = level(rng, slow=4.0, steady=2.0, fast=0.7)
    t = between(rng, 0.01, 0.12)
    while t < seconds - 1.0 or t < 0.15:
        crow = _crow_phrase(rng, f * between(rng, 0.97, 1.03), min(length, seconds - t - 0.03))
        add_at(x, t, crow, between(rng, 0.85, 1.0))
        t += len(crow) / SAMPLE_RATE + pause * between(rng, 0.6, 1.5)
    distance = draw_distance(rng, 0.3)
    count = "single"
    if chance(rng, 0.3) and seconds > 2.5:
        count = "several"
        for _ in range(int(rng.integers(1, 3))):
            other = _crow_phrase(rng, log_between(rng, 540, 980), between(rng, 1.3, 2.2))
            late = between(rng, 0.5, max(0.6, seconds - 1.5))
            add_at(x, late, at_distance(other, "distant", rng), between(rng, 0.08, 0.3))
    x = reverb(at_distance(x, distance, rng), rng, between(rng, 0.4, 1.4), 0.12, 2500)
    x = straw_yard(x, rng)
    return finish(x, seconds, rng, {"tempo": tempo, "distance": distance, "count": count})


POULTRY: dict[str, Recipe] = {
    "duck": duck,
    "goose": goose,
    "turkey": turkey,
    "cockerel": cockerel,
}
