"""Dogs that whimper, pant and growl, cats that purr and hiss: pets at arm's length."""

from __future__ import annotations

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, contour, strike, swell, wander
from core.corpus.synthesis.filters import bandpass, highpass, lowpass, resonances, shaped
from core.corpus.synthesis.grains import add_at, burst
from core.corpus.synthesis.habitats import beside, kept_or_outside, open_air
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.pulsed_voices import (
    Mouth,
    Pressed,
    articulated,
    pressed_call,
    pulsed,
    scaled,
)
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
from core.corpus.synthesis.sources import harmonics, white
from core.corpus.synthesis.space import draw_distance

_MUZZLE: Mouth = ((420, 180, 1.0), (1050, 260, 0.7), (2300, 500, 0.3), (3600, 900, 0.14))
"""Tract of a dog of middling size with its mouth hardly open."""


def _whine(rng: Rng, f: float, seconds: float) -> Signal:
    """One whine through the nose: a thin tone that rises, breaks a little, and sinks."""
    n = frames(seconds)
    top = between(rng, 0.15, 0.6)
    hz = f * contour(
        n,
        (0, between(rng, 0.62, 0.9)),
        (top, 1.0),
        (0.75, between(rng, 0.8, 1.0)),
        (1, between(rng, 0.5, 0.8)),
    )
    shiver = np.sin(2 * np.pi * between(rng, 6, 12) * ticks(n) + 2 * wander(n, 2, rng))
    hz = hz * (1 + between(rng, 0, 0.03) * shiver + 0.008 * wander(n, 30, rng))
    gains = [1.0, between(rng, 0.12, 0.5), between(rng, 0.05, 0.25), 0.08, 0.05, 0.03, 0.015]
    tone = harmonics(hz, gains, rng)
    strain = np.clip(wander(n, 3, rng), 0, 1.5) * between(rng, 0, 0.5)
    tone = tone * (1 + strain * np.sin(np.pi * np.cumsum(hz) / SAMPLE_RATE))
    air = bandpass(white(n, rng), f, min(9 * f, 12_000), 1)
    loud = contour(n, (0, 0), (0.12, 0.6), (top, 1), (0.8, 0.5), (1, 0))
    loud = loud * (1 + between(rng, 0, 0.25) * shiver)
    return peaked((unit(tone) + between(rng, 0.02, 0.12) * unit(air)) * loud)


def _sniff(rng: Rng, seconds: float) -> Signal:
    """Breath drawn through a wet nose."""
    n = frames(seconds)
    air = resonances(white(n, rng), (1500, 900, 0.8), (3800, 1800, 0.7), (7500, 4000, 0.4))
    return peaked(air * arch(n, 0.4, 0.3))


def dog_whimper(seconds: float, rng: Rng) -> Synthesised:
    """Whines at 500 to 1500 Hz, a fundamental and little else, in bouts with short squeaks."""
    n = frames(seconds)
    x = np.zeros(n)
    count, number = level(rng, single=1, several=3) if chance(rng, 0.3) else ("single", 1)
    tempo, pause = level(rng, slow=1.1, steady=0.5, fast=0.2)
    for index in range(number):
        f = log_between(rng, 520, 1300)
        gain = 1.0 if index == 0 else between(rng, 0.2, 0.7)
        t = between(rng, 0.01, 0.15) + 0.5 * index * between(rng, 0, 1)
        while t < seconds - 0.1:
            for _ in range(int(rng.integers(1, 5))):
                squeak = chance(rng, 0.5)
                length = between(rng, 0.08, 0.25) if squeak else between(rng, 0.35, 1.2)
                pitch = f * between(rng, 0.85, 1.25) * (1.15 if squeak else 1.0)
                whine = _whine(rng, pitch, length)
                add_at(x, t, whine, gain * between(rng, 0.4, 1.0) * (0.7 if squeak else 1))
                t += length + between(rng, 0.04, 0.18)
            if chance(rng, 0.5):
                sniff = _sniff(rng, between(rng, 0.12, 0.3))
                add_at(x, t, sniff, gain * between(rng, 0.02, 0.1))
            t += pause * between(rng, 0.7, 1.6)
    distance = draw_distance(rng, 0.2)
    x = kept_or_outside(x, distance, rng, 0.7)
    attributes = {"distance": distance, "count": count, "tempo": tempo}
    return finish(open_air(x, rng), seconds, rng, attributes)


def _pant(rng: Rng, mouth: Mouth, seconds: float, outward: bool, voiced: float) -> Signal:
    """One breath through an open mouth over a wet tongue, out (lower, stronger) or in."""
    n = frames(seconds)
    air = white(n, rng) * (1 + 0.25 * wander(n, 60, rng))
    x = articulated(air, (0, scaled(mouth, 1.1)), (0.5, mouth), (1, scaled(mouth, 1.15)))
    if outward and voiced:
        x = unit(x) + voiced * unit(
            articulated(
                pulsed(np.full(n, log_between(rng, 150, 280)), Pressed(breath=0.5), rng), (0, mouth)
            )
        )
    else:
        x = highpass(x, 500, 1)
    x = unit(x) + between(rng, 0.1, 0.3) * unit(highpass(white(n, rng), 3500, 1))
    return peaked(x * arch(n, 0.25 if outward else 0.45, 0.6))


def dog_pant(seconds: float, rng: Rng) -> Synthesised:
    """Breath out and in, 2 to 6 pairs a second, with swallows; the smaller dog is the brighter."""
    n = frames(seconds)
    x = np.zeros(n)
    tempo, rate = level(rng, slow=2.0, steady=3.3, fast=5.0)
    rate *= between(rng, 0.9, 1.12)
    size = between(rng, 0.65, 1.5)
    mouth = scaled(((650, 500, 1.0), (1500, 600, 0.8), (2700, 900, 0.6), (4200, 1500, 0.4)), size)
    inward = scaled(mouth, between(rng, 0.75, 0.9))
    voiced = between(rng, 0, 0.25) if chance(rng, 0.4) else 0.0
    out_for, in_for = between(rng, 0.48, 0.58) / rate, between(rng, 0.36, 0.46) / rate
    outs = [_pant(rng, mouth, out_for * between(rng, 0.9, 1.1), True, voiced) for _ in range(8)]
    ins = [_pant(rng, inward, in_for * between(rng, 0.9, 1.1), False, 0) for _ in range(8)]
    soft = between(rng, 0.25, 0.65)
    breathing = swell(n, 0.5, rng, 0.25)
    t, rest = between(rng, 0.0, 0.05), between(rng, 3, 9)
    while t < seconds:
        add_at(x, t, outs[int(rng.integers(8))], between(rng, 0.75, 1.0))
        add_at(x, t + 0.54 / rate, ins[int(rng.integers(8))], soft * between(rng, 0.7, 1.2))
        t += between(rng, 0.95, 1.05) / rate
        if t > rest and chance(rng, 0.2):
            gulp = peaked(burst(rng, 300, 1600, 0.05)) * 0.3
            add_at(x, t + 0.06, gulp)
            add_at(x, t + 0.1, burst(rng, 1800, 6000, 0.012), 0.25)
            t += between(rng, 0.3, 0.6)
            rest = t + between(rng, 2, 8)
    x = x * breathing
    for t in np.sort(rng.uniform(0, seconds, rng.poisson(0.8 * seconds))):
        add_at(x, float(t), burst(rng, 1500, 7000, between(rng, 0.006, 0.015)), 0.08)
    x = beside(x, rng) if chance(rng, 0.5) else kept_or_outside(x, "close", rng, 0.0)
    return finish(open_air(limited(x, 7), rng), seconds, rng, {"tempo": tempo})


def _growl(rng: Rng, f: float, size: float, seconds: float, anger: float) -> Signal:
    """One growl on the breath: creaking pulses, the rattle of the throat, teeth showing."""
    n = frames(seconds)
    hz = f * contour(n, (0, 0.85), (0.35, 1.0), (0.8, 1.0 + 0.25 * anger), (1, 0.8))
    hz = hz * (1 + 0.07 * wander(n, 9, rng))
    how = Pressed(
        jitter=between(rng, 0.05, 0.1),
        shimmer=between(rng, 0.3, 0.5),
        doubling=between(rng, 0, 0.6),
        breath=0.35 + 0.5 * anger,
        edge=900 + 2600 * anger,
    )
    bared = tuple(
        (hz, width, gain * (1 + anger * place)) for place, (hz, width, gain) in enumerate(_MUZZLE)
    )
    x = articulated(
        pulsed(hz, how, rng), (0, scaled(_MUZZLE, size * 1.1)), (1, scaled(bared, size * 0.95))
    )
    rattle = between(rng, 22, 34) * (1 + 0.1 * wander(n, 4, rng))
    flutter = 0.5 + 0.5 * np.sin(2 * np.pi * np.cumsum(rattle) / SAMPLE_RATE)
    x = x * (1 - between(rng, 0.3, 0.75) * flutter**2)
    loud = contour(n, (0, 0), (0.15, 0.5), (0.6, 0.8), (0.9, 1), (1, 0)) * swell(n, 4, rng, 0.2)
    return peaked(x * loud)


def dog_growl(seconds: float, rng: Rng) -> Synthesised:
    """A pulsing voice of 50 to 120 Hz on each breath out, a hoarse breath in; snarls when angry."""
    n = frames(seconds)
    x = np.zeros(n)
    strength, anger = level(rng, light=0.1, moderate=0.5, heavy=1.0)
    distance = draw_distance(rng, 0.15)
    size = between(rng, 0.7, 1.35)
    f = log_between(rng, 85, 105) / size**1.2
    t = between(rng, 0.01, 0.1)
    while t < seconds - 0.2:
        length = min(between(rng, 0.9, 3.2), max(0.5, seconds - t))
        add_at(x, t, _growl(rng, f * between(rng, 0.9, 1.15), size, length, anger))
        t += length
        if anger > 0.3 and chance(rng, 0.5 * anger):
            m = frames(between(rng, 0.12, 0.28))
            hz = f * 2.2 * contour(m, (0, 0.8), (0.3, 1.3), (1, 0.7))
            snap = pressed_call(
                hz, arch(m, 0.1, 0.6), Pressed(0.08, 0.5, 0.3, 0.8, 4500),
                ((0, scaled(_MUZZLE, size)), (0.4, scaled(_MUZZLE, 0.75 * size))), rng,
            )  # fmt: skip
            add_at(x, t - 0.1, snap, between(rng, 0.8, 1.4))
            t += m / SAMPLE_RATE
        breath = _pant(rng, scaled(_MUZZLE, 0.7), between(rng, 0.25, 0.5), False, 0)
        add_at(x, t, breath, between(rng, 0.04, 0.15))
        t += len(breath) / SAMPLE_RATE + between(rng, 0, 0.3)
    x = kept_or_outside(limited(x, 5), distance, rng, 0.5)
    attributes = {"strength": strength, "distance": distance}
    return finish(open_air(x, rng), seconds, rng, attributes)


def _purred_breath(rng: Rng, rate: float, body: Mouth, seconds: float, bright: float) -> Signal:
    """One breath of purring: the larynx opens and shuts `rate` times a second."""
    n = frames(seconds)
    hz = rate * contour(n, (0, 0.93), (0.25, 1.0), (0.8, 1.02), (1, 0.92))
    beat = np.flatnonzero(np.diff(np.floor(np.cumsum(hz) / SAMPLE_RATE + rng.random())) > 0)
    clap, puff = np.zeros(n), np.zeros(n)
    for place in beat.tolist():
        place += int(0.03 * SAMPLE_RATE / rate * rng.standard_normal())
        place = min(max(place, 0), n - 1)
        clap[place] += between(rng, 0.75, 1.15)
        again = min(n - 1, place + int(between(rng, 0.22, 0.4) * SAMPLE_RATE / rate))
        clap[again] -= between(rng, 0.2, 0.5)
        length = min(n - place, frames(0.6 / rate))
        puff[place : place + length] += strike(length, 0.006, 0.9 / rate)
    tone = unit(articulated(lowpass(clap, 700 * bright, 1), (0, body)))
    air = unit(bandpass(white(n, rng), 250, 3800 * bright, 1)) * puff
    x = tone + between(rng, 0.25, 0.6) * bright * air
    return peaked(x * arch(n, 0.08, 0.12) * swell(n, 2, rng, 0.12))


def cat_purr(seconds: float, rng: Rng) -> Synthesised:
    """Pulses at 20 to 30 a second that go on through breath in and out, with a hitch between.

    Most energy lies below 700 Hz, bursts of breath reach 4 kHz; a breath takes 0.7 to 1.4 s, the
    one inward is a little faster and brighter or duller than the one outward.
    """
    n = frames(seconds)
    x = np.zeros(n)
    strength, near = level(rng, light=0.6, moderate=1.0, heavy=1.5)
    kitten = chance(rng, 0.3)
    rate = between(rng, 25, 31) if kitten else between(rng, 20.5, 27)
    size = between(rng, 0.62, 0.8) if kitten else between(rng, 0.85, 1.2)
    chest: Mouth = scaled(
        ((150, 90, 1.0), (330, 130, 0.8), (620, 220, 0.45), (1250, 500, 0.2), (2600, 1000, 0.1)),
        size,
    )
    nose: Mouth = scaled(
        ((190, 110, 0.9), (420, 150, 0.9), (820, 260, 0.5), (1600, 600, 0.3), (3000, 1200, 0.14)),
        size,
    )
    breath = between(rng, 0.75, 1.35) * (0.8 if kitten else 1.0)
    inward_rate, inward_gain = rate * between(rng, 1.02, 1.14), between(rng, 0.55, 0.95)
    t, outward = -between(rng, 0, 0.5), True
    while t < seconds:
        length = breath * between(rng, 0.88, 1.14) * (1.1 if outward else 0.85)
        pulse = rate if outward else inward_rate
        body, bright = (chest, near) if outward else (nose, near * 1.2)
        purr = _purred_breath(rng, pulse * between(rng, 0.98, 1.02), body, length, bright)
        add_at(x, t, purr, 1.0 if outward else inward_gain)
        t += length - between(rng, -0.02, 0.07)
        outward = not outward
    if chance(rng, 0.25):
        rub = bandpass(white(n, rng), 1500, 9000, 1) * np.clip(wander(n, 0.6, rng) - 0.8, 0, 1)
        x += between(rng, 0.05, 0.2) * rub
    x = beside(shaped(x, (30, 4), (400, 0), (2000, -2), (15_000, -8)), rng)
    return finish(open_air(limited(x, 6), rng), seconds, rng, {"strength": strength})


def _hiss(rng: Rng, seconds: float, spit: float) -> Signal:
    """Breath forced over an arched tongue, let go with a spit where it begins."""
    n = frames(seconds)
    air = white(n, rng) * (1 + between(rng, 0.05, 0.3) * wander(n, 50, rng))
    tight = between(rng, 0.85, 1.2)
    shapes: list[tuple[float, Mouth]] = []
    for place in (0.0, 0.3, 0.7, 1.0):
        narrow = tight * between(rng, 0.88, 1.12)
        shapes.append(
            (place, scaled(((1100, 500, 0.25), (2600, 900, 0.8), (4600, 1400, 1.0),
                            (7200, 2400, 0.75), (10_500, 4000, 0.5)), narrow))
        )  # fmt: skip
    x = unit(articulated(air, *shapes))
    loud = contour(n, (0, 0), (0.05, 1), (0.3, 0.85), (0.7, between(rng, 0.3, 0.7)), (1, 0))
    x = x * loud
    if spit:
        burst_of = burst(rng, 700, 6500, 0.06)
        add_at(x, 0.004, burst_of, spit * 6)
    return peaked(x)


def cat_hiss(seconds: float, rng: Rng) -> Synthesised:
    """Hisses of 0.3 to 1.5 s, 2 to 10 kHz wide, some spat out, some with a growl under them."""
    n = frames(seconds)
    x = np.zeros(n)
    strength, force = level(rng, light=0.0, moderate=0.4, heavy=1.0)
    t = between(rng, 0.01, 0.12)
    while True:
        length = min(between(rng, 0.45, 1.5) * (0.8 + 0.3 * force), max(0.3, seconds - t - 0.05))
        add_at(x, t, _hiss(rng, length, force), between(rng, 0.75, 1.0))
        if chance(rng, 0.2 + 0.4 * force):
            m = frames(length * between(rng, 0.7, 1.0))
            hz = log_between(rng, 180, 420) * contour(m, (0, 1), (0.5, 1.15), (1, 0.7))
            yowl = pressed_call(
                hz, arch(m, 0.15, 0.4), Pressed(0.05, 0.4, 0.4, 0.7, 2500),
                ((0, ((700, 300, 1.0), (1700, 500, 0.5), (3400, 900, 0.3))),), rng,
            )  # fmt: skip
            add_at(x, t + 0.02, yowl, between(rng, 0.1, 0.45))
        t += length + between(rng, 0.25, 1.4)
        if t > seconds - 0.4:
            break
    distance = draw_distance(rng, 0.1)
    x = kept_or_outside(x, distance, rng, 0.6)
    attributes = {"strength": strength, "distance": distance}
    return finish(open_air(x, rng), seconds, rng, attributes)


DOGS_AND_CATS: dict[str, Recipe] = {
    "dog_whimper": dog_whimper,
    "dog_pant": dog_pant,
    "dog_growl": dog_growl,
    "cat_purr": cat_purr,
    "cat_hiss": cat_hiss,
}
