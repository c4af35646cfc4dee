"""Snakes, monkeys and bats: hisses, chatter and screeches, squeaks in the dark."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, beats, contour, swell, wander
from core.corpus.synthesis.filters import bandpass, highpass, resonances
from core.corpus.synthesis.grains import Bank, add_at, bursts
from core.corpus.synthesis.habitats import kept_or_outside, open_air, over_ground, woodland
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.pulsed_voices import (
    Mouth,
    Pressed,
    articulated,
    pressed_call,
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
from core.corpus.synthesis.sources import harmonics, sine, white
from core.corpus.synthesis.space import draw_distance, reverb


def _snake_breath(rng: Rng, seconds: float, centre: float, force: float) -> Signal:
    """Air through a glottis held narrow: a band about `centre` Hz, without any voice."""
    n = frames(seconds)
    air = resonances(
        white(n, rng), (0.5 * centre, 0.5 * centre, 0.35), (centre, 0.6 * centre, 1.0),
        (1.6 * centre, centre, 0.7),
    )  # fmt: skip
    air = highpass(air, 0.3 * centre, 1)
    steep = 0.06 + 0.25 * (1 - force)
    loud = contour(n, (0, 0), (steep, 1.0), (0.6, between(rng, 0.6, 0.9)), (1, 0))
    return peaked(air * loud * (1 + 0.08 * wander(n, 40, rng)) * swell(n, 3, rng, 0.12))


def snake(seconds: float, rng: Rng) -> Synthesised:
    """Hisses of 0.7 to 3.5 s between 3 and 12 kHz with a quieter breath in."""
    n = frames(seconds)
    x = np.zeros(n)
    strength, force = level(rng, light=0.1, moderate=0.5, heavy=1.0)
    centre = log_between(rng, 3800, 7200)
    t = between(rng, 0.0, 0.1)
    while t < seconds - 0.1:
        length = between(rng, 0.7, 3.2) * (1.1 - 0.4 * force)
        hiss = _snake_breath(rng, length, centre * between(rng, 0.92, 1.1), force)
        add_at(x, t, hiss, between(rng, 0.7, 1.0))
        t += length + between(rng, 0.02, 0.15)
        if chance(rng, 0.6):
            inward = _snake_breath(rng, between(rng, 0.3, 0.8), 0.7 * centre, 0.2)
            add_at(x, t, inward, between(rng, 0.1, 0.35))
            t += len(inward) / SAMPLE_RATE
        t += between(rng, 0.05, 0.8)
    distance = draw_distance(rng, 0.1)
    x = kept_or_outside(x, distance, rng, 0.3)
    return finish(open_air(x, rng), seconds, rng, {"strength": strength, "distance": distance})


_LIPS_ROUND: Mouth = ((520, 200, 1.0), (1000, 300, 0.5), (2600, 700, 0.12))
_LIPS_WIDE: Mouth = (
    (950, 300, 0.9),
    (1800, 450, 1.0),
    (3000, 700, 0.7),
    (4300, 1100, 0.45),
    (7000, 2500, 0.2),
)


_Calls = list[tuple[float, Signal]]
"""When each begins, in seconds, and how it sounds."""


def _monkey_hoots(rng: Rng, f: float, size: float, pace: float, longest: float) -> _Calls:
    """A pant-hoot: `hoo` out and a breathy one in, quicker and louder, up to open cries.

    None begins later than `longest` seconds, which is all that a clip holds.
    """
    calls: _Calls = []
    t, number = 0.0, int(rng.integers(4, 9))
    round_lips, wide = scaled(_LIPS_ROUND, size), scaled(_LIPS_WIDE, size)
    for index in range(number):
        if t > longest:
            break
        rising = index / number
        n = frames(between(rng, 0.14, 0.24) * pace)
        hz = f * (1 + 0.5 * rising) * contour(n, (0, 0.85), (0.5, 1.0), (1, 0.85))
        how = Pressed(0.01, 0.1, 0.0, 0.25 + 0.2 * rising, 1500 + 2500 * rising)
        mouth = wide if rising > 0.7 else round_lips
        hoot = pressed_call(hz, arch(n, 0.3, 0.4), how, ((0, round_lips), (0.5, mouth)), rng)
        calls.append((t, (0.4 + 0.6 * rising) * hoot))
        t += n / SAMPLE_RATE + 0.03 * pace
        m = frames(between(rng, 0.1, 0.18) * pace)
        inward = Pressed(0.03, 0.2, 0.0, 1.5, 1500)
        breath = pressed_call(np.full(m, 1.25 * f), arch(m, 0.4, 0.3), inward,
                              ((0, round_lips),), rng)  # fmt: skip
        calls.append((t, (0.1 + 0.25 * rising) * breath))
        t += m / SAMPLE_RATE + 0.04 * pace * (1 - 0.5 * rising)
    return calls


def _screech(rng: Rng, f: float, size: float, seconds: float) -> Signal:
    """A scream with bared teeth: high, torn, falling."""
    n = frames(seconds)
    hz = f * contour(n, (0, 0.7), (0.2, 1.0), (0.6, between(rng, 0.85, 1.1)), (1, 0.6))
    clean = Pressed(0.006, 0.1, 0.1, 0.15, 8000)
    torn = Pressed(0.1, 0.5, 0.7, 0.6, 8000)
    source = strained(hz, clean, torn, between(rng, 0.2, 0.9), rng)
    wide = scaled(_LIPS_WIDE, size)
    x = articulated(source, (0, scaled(wide, 1.15)), (0.3, wide), (1, scaled(wide, 1.1)))
    return peaked(x * arch(n, 0.12, 0.35))


def _chatter(rng: Rng, f: float, size: float, pace: float, longest: float) -> _Calls:
    """Short barks in a run, 6 to 12 a second, for `longest` seconds at most."""
    rate = between(rng, 7, 11) / pace
    wide, shut = scaled(_LIPS_WIDE, size), scaled(_LIPS_WIDE, 1.25 * size)
    bank = []
    for _ in range(4):
        n = frames(between(rng, 0.4, 0.75) / rate)
        hz = f * between(rng, 0.85, 1.2) * contour(n, (0, 0.8), (0.3, 1.1), (1, 0.65))
        how = Pressed(between(rng, 0.01, 0.06), 0.25, between(rng, 0, 0.4), 0.4, 6000)
        bank.append(pressed_call(hz, arch(n, 0.12, 0.5), how, ((0, shut), (0.4, wide)), rng))
    times = beats(min(longest, between(rng, 0.5, 1.8)), 1 / rate, 0.12, rng)
    return [(t, between(rng, 0.5, 1.0) * bank[int(rng.integers(4))]) for t in times]


_Voice = Callable[[Rng, float, float, float, float], _Calls]


def monkey(seconds: float, rng: Rng) -> Synthesised:
    """Chatter (6 to 12 notes a second), screeches at 0.9 to 2.4 kHz, and hoots of apes."""
    n = frames(seconds)
    x = np.zeros(n)
    tempo, pace = level(rng, slow=1.35, steady=1.0, fast=0.75)
    distance = draw_distance(rng, 0.25)
    count, number = level(rng, single=1, several=3, many=4)
    ape = chance(rng, 0.4)
    for index in range(number):
        size = between(rng, 0.95, 1.25) if ape else between(rng, 0.6, 0.9)
        f = log_between(rng, 280, 420) if ape else log_between(rng, 600, 1300)
        cry = log_between(rng, 900, 1500) if ape else log_between(rng, 1300, 2400)
        gain = 1.0 if index == 0 else between(rng, 0.12, 0.6)
        voice = _monkey_hoots if ape else _chatter

        def bout(_: int, f: float = f, size: float = size, voice: _Voice = voice) -> _Calls:
            return voice(rng, f, size, pace, seconds)

        def screech(_: int, cry: float = cry, size: float = size) -> _Calls:
            return [(0.0, _screech(rng, cry, size, between(rng, 0.25, 0.8) * pace))]

        bouts, screeches = Bank(2 if index == 0 else 1, bout), Bank(1, screech)
        t = between(rng, 0.01, 0.12) if index == 0 else between(rng, 0, 0.7 * seconds)
        screeching = chance(rng, 0.5)
        while t < seconds - 0.1:
            screeching = not screeching and chance(rng, 0.6)
            calls = screeches[0] if screeching else bouts.draw(rng)
            for late, call in calls:
                add_at(x, t + late, call, gain * between(rng, 0.8, 1.0))
            t += calls[-1][0] + len(calls[-1][1]) / SAMPLE_RATE + between(rng, 0.05, 0.7) * pace
    x = woodland(over_ground(limited(x, 8), distance, rng), rng)
    return finish(x, seconds, rng, {"tempo": tempo, "distance": distance, "count": count})


def _bat_call(rng: Rng, kind: str) -> Signal:
    """A chirp that falls from 16 to 6 kHz, a squabbling squeak, or a click."""
    if kind == "click":
        return bursts(rng, 1, (7000, 12_000), (0.003, 0.006), 1.0)[0]
    if kind == "chirp":
        n = frames(between(rng, 0.006, 0.03))
        top = between(rng, 11_500, 16_500)
        hz = top * contour(n, (0, 1.0), (0.4, 0.75), (1, between(rng, 0.4, 0.6)))
        return peaked(sine(hz) * arch(n, 0.2, 0.4))
    n = frames(between(rng, 0.025, 0.12))
    hz = log_between(rng, 4500, 8500) * contour(
        n, (0, between(rng, 0.7, 1.0)), (0.3, 1.0), (1, between(rng, 0.6, 1.1))
    )
    hz = hz * (1 + 0.05 * wander(n, 120, rng))
    tone = harmonics(hz, [1.0, between(rng, 0.2, 0.6), 0.1], rng)
    air = unit(bandpass(white(n, rng), 4000, 13_000, 1))
    return peaked((unit(tone) + 0.25 * air) * arch(n, 0.15, 0.35))


def bat(seconds: float, rng: Rng) -> Synthesised:
    """Chirps of 6 to 30 ms that fall from 16 to 6 kHz, squeaks in bursts, leather wings, a cave."""
    n = frames(seconds)
    x = np.zeros(n)
    count, number = level(rng, single=1, several=4, many=10)
    tempo, pace = level(rng, slow=0.9, steady=0.45, fast=0.2)
    bank = {kind: [_bat_call(rng, kind) for _ in range(7)] for kind in ("chirp", "squeak", "click")}
    for index in range(number):
        gain = 1.0 if index == 0 else between(rng, 0.1, 0.7)
        t = between(rng, 0.01, 0.1) if index == 0 else between(rng, 0, 1.0)
        while t < seconds - 0.05:
            kind = str(rng.choice(["chirp", "chirp", "squeak", "squeak", "click"]))
            apart = between(rng, 0.05, 0.12) if kind != "click" else between(rng, 0.02, 0.05)
            for _ in range(int(rng.integers(2, 9))):
                add_at(x, t, bank[kind][int(rng.integers(7))], gain * between(rng, 0.4, 1.0))
                t += apart * between(rng, 0.8, 1.3)
            t += pace * between(rng, 0.4, 1.8)
    x = peaked(x)
    flapping = between(rng, 0.03, 0.15)
    beat = [
        peaked(bandpass(white(frames(0.055), rng), 250, 3200, 1) * arch(frames(0.055), 0.3, 0.5))
        for _ in range(5)
    ]
    for _ in range(min(number, 4)):
        for start in beats(seconds, between(rng, 1.0, 2.5), 0.4, rng, between(rng, 0, 1.2)):
            for t in beats(between(rng, 0.4, 1.3), 1 / between(rng, 10, 14), 0.06, rng):
                fading = flapping * float(np.exp(-1.5 * t)) * between(rng, 0.6, 1)
                add_at(x, start + t, beat[int(rng.integers(5))], fading)
    caved = chance(rng, 0.6)
    x = reverb(x, rng, between(rng, 0.7, 2.2), between(rng, 0.2, 0.5), 6000) if caved else (
        over_ground(x, "close", rng)
    )  # fmt: skip
    return finish(open_air(limited(x, 10), rng), seconds, rng, {"count": count, "tempo": tempo})


SMALL_WILD_ANIMALS: dict[str, Recipe] = {"snake": snake, "monkey": monkey, "bat": bat}
