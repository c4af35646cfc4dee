"""Dogs that whimper, pant and growl, cats that purr and hiss: pets at arm's length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, contour, swell, wander
from core.corpus.synthesis.filters import bandpass, highpass, lowpass, resonances
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
from core.corpus.synthesis.sources import harmonics, pink, pulses, white
from core.corpus.synthesis.space import draw_distance

_MUZZLE: Mouth = ((420, 180, 1.0), (1050, 260, 0.45), (2300, 500, 0.16), (3600, 900, 0.15))
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
    """One growl on the breath: a hoarse, fluttering voice behind a muzzle that is hardly open.

    The source is more breath than voice, falls by 6 dB an octave from 1 kHz on, and is broken by
    the false folds, which flap 20 to 34 times a second; the teeth of an angry dog let more out.
    """
    n = frames(seconds)
    hz = f * contour(n, (0, 0.85), (0.35, 1.0), (0.8, 1.1), (1, 0.8))
    hz = hz * (1 + between(rng, 0.02, 0.07) * wander(n, 9, rng))
    how = Pressed(
        jitter=between(rng, 0.025, 0.055),
        shimmer=between(rng, 0.05, 0.18),
        doubling=between(rng, 0.05, 0.4),
        breath=between(rng, 1.1, 1.9),
        edge=between(rng, 750, 900) * (1 + 0.5 * anger),
    )
    open_by, narrow = 0.75 + 0.45 * anger, between(rng, 0.5, 0.78)
    muzzle = tuple(
        (hz, width * narrow, gain * (open_by if place else 1.0))
        for place, (hz, width, gain) in enumerate(_MUZZLE)
    )
    source = pulsed(hz, how, rng)
    x = articulated(source, (0, scaled(muzzle, 1.1 * size)), (1, scaled(muzzle, 0.95 * size)))
    flapping = np.cumsum(between(rng, 22, 33) * (1 + 0.1 * wander(n, 4, rng))) / SAMPLE_RATE
    flutter = 0.5 + 0.5 * np.sin(2 * np.pi * flapping)
    x = x * (1 - between(rng, 0.45, 0.75) * flutter**2)
    loud = contour(n, (0, 0), (0.15, 0.5), (0.6, 0.8), (0.9, 1), (1, 0)) * swell(n, 4, rng, 0.2)
    return peaked(x * loud)


def dog_growl(seconds: float, rng: Rng) -> Synthesised:
    """Growls of half a second to a second, at 165 to 230 Hz, with a hoarse breath in between."""
    n = frames(seconds)
    x = np.zeros(n)
    strength, anger = level(rng, light=0.0, moderate=0.5, heavy=1.0)
    distance = draw_distance(rng, 0.15)
    size = between(rng, 0.7, 1.3)
    f = log_between(rng, 190, 225) / size**0.3
    longest = between(rng, 0.7, 1.0)
    t = between(rng, 0.01, 0.1)
    while t < seconds - 0.2:
        length = min(longest * between(rng, 0.7, 1.2), max(0.4, seconds - t))
        growl = _growl(rng, f * between(rng, 0.93, 1.07), size, length, anger)
        add_at(x, t, growl, between(rng, 0.75, 1.0))
        t += length + between(rng, 0.02, 0.1)
        if chance(rng, 0.6):
            breath = _pant(rng, scaled(_MUZZLE, 0.7), between(rng, 0.12, 0.25), False, 0)
            add_at(x, t, breath, between(rng, 0.01, 0.04))
        t += between(rng, 0.08, 0.25)
    x = kept_or_outside(limited(x, 6), distance, rng, 0.5)
    x = peaked(x) + log_between(rng, 0.005, 0.013) * unit(pink(n, rng))
    return finish(x, seconds, rng, {"strength": strength, "distance": distance})


@dataclass(frozen=True)
class _Purr:
    """A cat's purring: `rate` closings of the larynx a second, and the body that they ring in."""

    rate: float
    jitter: float
    uneven: float
    edge: float
    air: float
    puffs: float
    body: Mouth


def _purred_breath(rng: Rng, purr: _Purr, seconds: float, faster: float, size: float) -> Signal:
    """One breath of purring: the larynx claps shut and lets air through, over and over."""
    n = frames(seconds)
    rate = purr.rate * faster * (1 + 0.03 * wander(n, 4, rng))
    claps = pulses(rate, rng, purr.jitter, purr.uneven)
    open_for = np.maximum(lowpass(claps, 1.5 * purr.rate, 2), 0)
    gate = purr.puffs * open_for / (float(np.max(open_for)) + 1e-9) + 1 - purr.puffs
    source = unit(lowpass(claps, purr.edge, 1)) + purr.air * unit(white(n, rng) * gate)
    return unit(articulated(source, (0, scaled(purr.body, size)))) * arch(n, 0.12, 0.15)


def cat_purr(seconds: float, rng: Rng) -> Synthesised:
    """Pulses at 20 to 30 a second through breath in and out, the one inward much the softer.

    Most energy lies below 1 kHz, puffs of breath reach 5 kHz; a breath takes 0.7 to 1.4 s. It is
    so quiet that the air of the room is heard beside it.
    """
    n = frames(seconds)
    x = np.zeros(n)
    strength, near = level(rng, light=0.6, moderate=1.0, heavy=1.6)
    kitten = chance(rng, 0.3)
    low, high = between(rng, 180, 300) * (1.15 if kitten else 1.0), near * between(rng, 0.07, 0.16)
    wide = between(rng, 1.1, 2.2)
    body: Mouth = (
        (low, 120 * wide, 1.0),
        (2.2 * low, 150 * wide, 0.8),
        (4.5 * low, 300 * wide, 1.7 * high),
        (9.0 * low, 700 * wide, high),
        (16.0 * low, 1200 * wide, 0.6 * high),
    )
    purr = _Purr(
        rate=between(rng, 25, 30) if kitten else between(rng, 21, 27),
        jitter=between(rng, 0.012, 0.026),
        uneven=between(rng, 0.05, 0.35),
        edge=near * log_between(rng, 400, 1900),
        air=log_between(rng, 0.07, 0.4),
        puffs=between(rng, 0.2, 0.9),
        body=body,
    )
    breath = between(rng, 0.8, 1.4) * (0.85 if kitten else 1.0)
    inward, smaller = between(rng, 0.33, 0.45), between(rng, 0.88, 0.95)
    t, outward = -between(rng, 0, 0.4), True
    while t < seconds:
        length = breath * between(rng, 0.88, 1.12)
        drawn = (1.0, 1.0) if outward else (between(rng, 1.04, 1.12), smaller)
        add_at(x, t, _purred_breath(rng, purr, length, *drawn), 1.0 if outward else inward)
        t += length * between(rng, 0.96, 1.0)
        outward = not outward
    if chance(rng, 0.25):
        rub = bandpass(white(n, rng), 1500, 9000, 1) * np.clip(wander(n, 0.6, rng) - 0.8, 0, 1)
        x += between(rng, 0.02, 0.1) * rub
    x = peaked(beside(x, rng)) + log_between(rng, 0.012, 0.03) * unit(pink(n, rng))
    return finish(x, seconds, rng, {"strength": strength})


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
