"""Goats, pigs and donkeys: rough, pulsing voices in a yard or a stall."""

from __future__ import annotations

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, contour, swell, wander
from core.corpus.synthesis.grains import Bank, add_at
from core.corpus.synthesis.habitats import kept_or_outside, straw_yard
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.pulsed_voices import (
    Mouth,
    Pressed,
    articulated,
    pressed_call,
    pulsed,
    scaled,
    strained,
)
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    chance,
    frames,
    level,
    log_between,
)
from core.corpus.synthesis.sources import white
from core.corpus.synthesis.space import draw_distance

_GOAT_SHUT: Mouth = ((380, 150, 1.0), (1100, 300, 0.35), (2500, 500, 0.15))
_GOAT_OPEN: Mouth = (
    (740, 200, 1.0),
    (1550, 320, 0.7),
    (2550, 450, 0.7),
    (3500, 700, 0.5),
    (5200, 1500, 0.2),
)


def _goat_bleat(rng: Rng, f: float, size: float, seconds: float) -> Signal:
    """One `meh-eh-eh`: the voice stops nearly at each of its 8 to 13 tremors a second."""
    n = frames(seconds)
    rate = between(rng, 8, 13) * (1 + 0.07 * wander(n, 3, rng))
    shake = np.sin(2 * np.pi * (np.cumsum(rate) / SAMPLE_RATE + rng.random()))
    depth = contour(n, (0, 0.1), (0.25, 0.8), (0.6, 1.0), (1, 1.0)) * between(rng, 0.7, 1.0)
    hz = f * contour(n, (0, 0.85), (0.15, 1.0), (0.5, 1.03), (1, 0.82))
    hz = hz * (1 + 0.05 * depth * shake)
    loud = contour(n, (0, 0), (0.08, 0.7), (0.25, 1), (0.75, 0.75), (1, 0))
    loud = loud * (1 - 0.85 * depth * (0.5 - 0.5 * shake) ** 1.5)
    how = Pressed(
        jitter=between(rng, 0.01, 0.035),
        shimmer=0.2,
        doubling=between(rng, 0, 0.35),
        breath=between(rng, 0.15, 0.4),
        edge=log_between(rng, 3000, 7000),
    )
    wide, shut = scaled(_GOAT_OPEN, size), scaled(_GOAT_SHUT, size)
    opens = between(rng, 0.03, 0.16)
    return pressed_call(hz, loud, how, ((0, shut), (opens, wide), (0.8, wide), (1, shut)), rng)


def goat(seconds: float, rng: Rng) -> Synthesised:
    """Bleats at 210 to 380 Hz, kids at 450 to 750, of half a second to a second."""
    n = frames(seconds)
    count, number = level(rng, single=1, several=3, many=6)
    distance = draw_distance(rng, 0.25)
    tempo, pause = level(rng, slow=2.0, steady=1.0, fast=0.4)
    x = np.zeros(n)
    for index in range(number):
        kid = chance(rng, 0.35)
        f = log_between(rng, 450, 750) if kid else log_between(rng, 210, 380)
        size = between(rng, 0.68, 0.82) if kid else between(rng, 0.9, 1.15)
        gain = 1.0 if index == 0 else between(rng, 0.12, 0.6)
        longest = max(0.4, seconds - 0.15)

        def bleat(_: int, f: float = f, size: float = size, longest: float = longest) -> Signal:
            length = min(between(rng, 0.45, 1.1), longest)
            return _goat_bleat(rng, f * between(rng, 0.93, 1.07), size, length)

        bleats = Bank(3 if index == 0 else 2, bleat)
        t = between(rng, 0.01, 0.12) if index == 0 else between(rng, 0, seconds)
        while t < seconds - 0.25 or t < 0.15:
            call = bleats.draw(rng)
            add_at(x, t, call, gain * between(rng, 0.75, 1))
            t += len(call) / SAMPLE_RATE + pause * between(rng, 0.4, 1.6)
    x = straw_yard(kept_or_outside(x, distance, rng, 0.4), rng)
    return finish(x, seconds, rng, {"count": count, "distance": distance, "tempo": tempo})


_SNOUT: Mouth = (
    (170, 90, 0.6),
    (310, 130, 1.0),
    (640, 160, 0.3),
    (1650, 380, 0.5),
    (2450, 550, 0.4),
    (4300, 1600, 0.18),
)
_SNOUT_WIDE: Mouth = (
    (430, 170, 1.0),
    (1000, 260, 0.5),
    (1900, 420, 0.6),
    (2800, 700, 0.4),
    (4800, 1800, 0.2),
)


def _grunt(rng: Rng, f: float, size: float, seconds: float) -> Signal:
    """One grunt: 50 to 100 pulses a second through snout and chest, with much breath."""
    n = frames(seconds)
    hz = f * contour(n, (0, 0.8), (0.35, between(rng, 1.0, 1.3)), (1, between(rng, 0.7, 1.0)))
    how = Pressed(0.06, 0.4, between(rng, 0, 0.4), between(rng, 0.35, 0.8), 2600)
    shapes = ((0, scaled(_SNOUT, size)), (0.5, scaled(_SNOUT_WIDE, size)),
              (1, scaled(_SNOUT, size)))  # fmt: skip
    return pressed_call(hz, arch(n, 0.12, 0.5), how, shapes, rng)


def _snort(rng: Rng, size: float, seconds: float) -> Signal:
    """Air drawn in so that the soft palate flutters, 25 to 55 times a second."""
    n = frames(seconds)
    rate = between(rng, 28, 52) * contour(n, (0, 0.8), (0.5, 1.1), (1, 1.3))
    flap = np.sin(np.pi * np.cumsum(rate * (1 + 0.1 * wander(n, 9, rng))) / SAMPLE_RATE) ** 2
    air = white(n, rng) * flap**2.5
    clack = pulsed(rate, Pressed(0.08, 0.5, 0.0, 0.3, 3500), rng)
    nose = ((650, 250, 0.8), (1500, 400, 1.0), (2600, 600, 0.8), (4200, 1500, 0.4))
    x = articulated(unit(air) + 0.8 * clack, (0, scaled(nose, size)), (1, scaled(nose, 0.9 * size)))
    return peaked(x * arch(n, 0.2, 0.3))


def _squeal(rng: Rng, f: float, seconds: float) -> Signal:
    """A squeal: up at once, held and strained, breaking into roughness, harmonics to 12 kHz."""
    n = frames(seconds)
    hz = f * contour(
        n,
        (0, between(rng, 0.4, 0.7)),
        (between(rng, 0.1, 0.3), 1.0),
        (0.6, between(rng, 0.85, 1.15)),
        (1, between(rng, 0.45, 0.75)),
    )
    hz = hz * (1 + 0.02 * wander(n, 25, rng))
    shut = ((900, 350, 1.0), (2100, 600, 0.6), (3600, 900, 0.4), (6000, 2000, 0.15))
    wide = (
        (1150, 400, 0.7),
        (2500, 700, 1.0),
        (3700, 900, 0.9),
        (5600, 1500, 0.45),
        (9000, 3500, 0.25),
    )
    loud = contour(n, (0, 0), (0.1, 0.7), (0.35, 1), (0.8, 0.8), (1, 0)) * swell(n, 12, rng, 0.15)
    clean = Pressed(0.008, 0.1, between(rng, 0, 0.2), 0.15, 7000)
    torn = Pressed(0.09, 0.5, between(rng, 0.4, 0.9), 0.6, 7000)
    shapes = ((0.0, shut), (0.25, wide), (1.0, shut))
    source = strained(hz, clean, torn, between(rng, 0.3, 1.0), rng)
    return peaked(articulated(source, *shapes) * loud)


_DIFFERENT = 10
"""Grunts, and as many snorts, of one pig."""


def _pig(rng: Rng, seconds: float, pause: float, excited: float) -> Signal:
    """One pig for a while: grunts in runs, snorts, and squeals where it is excited."""
    out = np.zeros(frames(seconds))
    piglet = chance(rng, 0.3)
    size = between(rng, 0.6, 0.8) if piglet else between(rng, 0.9, 1.3)
    f = log_between(rng, 100, 150) if piglet else log_between(rng, 55, 95)
    cry = log_between(rng, 1000, 1700) if piglet else log_between(rng, 650, 1200)
    grunts = Bank(
        _DIFFERENT,
        lambda _: _grunt(rng, f * between(rng, 0.85, 1.2), size, between(rng, 0.09, 0.24)),
    )
    snorts = Bank(_DIFFERENT, lambda _: _snort(rng, size, between(rng, 0.1, 0.28)))
    t = between(rng, 0.01, 0.12)
    due = between(rng, 0.1, 0.6) * seconds if excited else seconds
    while t < seconds - 0.08:
        if t > due or chance(rng, 0.35 * excited):
            due = seconds
            squeal = _squeal(rng, cry * between(rng, 0.85, 1.15), between(rng, 0.25, 1.0))
            add_at(out, t, squeal, between(rng, 0.7, 1.0))
            t += len(squeal) / SAMPLE_RATE + between(rng, 0.05, 0.2)
            continue
        oink = chance(rng, 0.6)
        for _ in range(int(rng.integers(1, 6))):
            if t > seconds:
                break
            grunt = grunts.draw(rng)
            add_at(out, t, grunt, between(rng, 0.45, 0.8))
            t += len(grunt) / SAMPLE_RATE
            if oink:
                snort = snorts.draw(rng)
                add_at(out, t - 0.01, snort, between(rng, 0.3, 0.6))
                t += len(snort) / SAMPLE_RATE
            t += pause * between(rng, 0.3, 1.3)
        t += pause * between(rng, 0.5, 2.0)
    return out


def pig(seconds: float, rng: Rng) -> Synthesised:
    """Grunts, oinks of a grunt and a snort, and squeals: none, some, or most of it (heavy)."""
    strength, excited = level(rng, light=0.0, moderate=0.4, heavy=1.4)
    distance = draw_distance(rng, 0.15)
    count, number = level(rng, single=1, several=3) if chance(rng, 0.5) else ("single", 1)
    tempo, pause = level(rng, slow=0.6, steady=0.28, fast=0.1)
    x = np.zeros(frames(seconds))
    for index in range(number):
        gain = 1.0 if index == 0 else between(rng, 0.15, 0.6)
        x += gain * _pig(rng, seconds, pause, excited)
    x = straw_yard(kept_or_outside(limited(x, 8), distance, rng, 0.6), rng)
    attributes = {"strength": strength, "count": count, "tempo": tempo, "distance": distance}
    return finish(x, seconds, rng, attributes)


def _hee(rng: Rng, f: float, seconds: float, wheeze: float) -> Signal:
    """The breath drawn in: a strained arch of 600 to 900 Hz with a wheeze about it."""
    n = frames(seconds)
    hz = f * contour(n, (0, 0.75), (0.3, 0.93), (0.65, 1.0), (1, 0.9))
    how = Pressed(0.012, 0.15, between(rng, 0.05, 0.5), 0.25 + wheeze, 4500)
    throat = ((750, 250, 1.0), (1600, 350, 0.7), (2600, 500, 0.45), (3800, 900, 0.25),
              (6000, 2000, 0.1))  # fmt: skip
    return pressed_call(hz, arch(n, 0.3, 0.2), how, ((0, throat), (1, scaled(throat, 0.92))), rng)


def _haw(rng: Rng, f: float, size: float, seconds: float) -> Signal:
    """The breath let out: 150 to 270 Hz, harsh, at the top of the lungs, sinking a little."""
    n = frames(seconds)
    hz = f * contour(n, (0, 1.15), (0.15, 1.0), (0.7, 0.95), (1, 0.9))
    hz = hz * (1 + 0.015 * wander(n, 30, rng))
    how = Pressed(0.035, 0.35, between(rng, 0.1, 0.6), between(rng, 0.35, 0.6), 5500)
    wide = ((230, 110, 0.9), (560, 190, 1.0), (980, 240, 0.95), (1900, 400, 0.5), (2700, 500, 0.45),
            (3700, 900, 0.3), (6000, 2500, 0.12))  # fmt: skip
    narrow = (
        (210, 110, 1.0),
        (400, 170, 1.0),
        (850, 240, 0.6),
        (2000, 450, 0.25),
        (3200, 900, 0.1),
    )
    shapes = ((0, scaled(wide, size)), (0.7, scaled(wide, size)), (1, scaled(narrow, size)))
    return pressed_call(hz, arch(n, 0.06, 0.3), how, shapes, rng)


def donkey(seconds: float, rng: Rng) -> Synthesised:
    """Hee-haws: in and out at 0.7 to 1.3 s each, swelling, then running out in low sobs."""
    n = frames(seconds)
    x = np.zeros(n)
    tempo, pace = level(rng, slow=1.3, steady=1.0, fast=0.78)
    size = between(rng, 0.85, 1.2)
    high, low = log_between(rng, 580, 900), log_between(rng, 170, 270) / size
    t = between(rng, 0.01, 0.1)
    while t < seconds - 0.4:
        brays = int(rng.integers(3, 8))
        for index in range(brays):
            swelling = min(1.0, 0.5 + 0.3 * index)
            late = max(0.0, (index - brays + 3) / 3)
            inward = between(rng, 0.26, 0.45) * pace
            hee = _hee(rng, high * between(rng, 0.95, 1.05), inward, between(rng, 0.1, 0.6))
            add_at(x, t, hee, swelling * 0.55 * (1 - 0.7 * late))
            t += inward + between(rng, 0.03, 0.12) * pace
            outward = between(rng, 0.4, 0.68) * pace * (1 - 0.3 * late)
            haw = _haw(rng, low * (1 - 0.12 * late), size, outward)
            add_at(x, t, haw, swelling * (1 - 0.4 * late))
            t += outward + between(rng, 0.04, 0.15) * pace
        t += between(rng, 1.0, 3.0)
    distance = draw_distance(rng, 0.3)
    x = straw_yard(kept_or_outside(limited(x, 6), distance, rng, 0.2), rng)
    return finish(x, seconds, rng, {"tempo": tempo, "distance": distance})


FARM_ANIMALS: dict[str, Recipe] = {"goat": goat, "pig": pig, "donkey": donkey}
