"""Hands that clap and snap, feet in high heels and in running shoes."""

from __future__ import annotations

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.clip import LIVED_IN, Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import beats, contour, decay, strike, swell
from core.corpus.synthesis.filters import bandpass, lowpass, resonances
from core.corpus.synthesis.grains import add_at, burst
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import Modes, wood
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    chance,
    frames,
    level,
    log_between,
    spread,
)
from core.corpus.synthesis.sources import pink, sine, white
from core.corpus.synthesis.space import hall, outdoors, reverb, room
from core.corpus.synthesis.tract import Larynx
from core.corpus.synthesis.vocal import silent_voice, vocal_sound


def _hands(rng: Rng) -> list[Signal]:
    """Claps of one pair of hands: cupped ones ring low, flat ones crack."""
    cup = log_between(rng, 500, 1900)
    flat = between(rng, 0.2, 1.0)
    claps = []
    for _ in range(4):
        n = frames(0.12)
        blow = white(n, rng) * strike(n, 0.0006, log_between(rng, 0.012, 0.035))
        tone = resonances(
            blow,
            (cup * between(rng, 0.93, 1.07), cup / 3, 1.0),
            (cup * 2.3, cup, 0.6),
        )
        crack = burst(rng, 2000, 9000, 0.012)
        x = peaked(tone)
        x[: len(crack)] += flat * between(rng, 0.3, 0.6) * crack
        claps.append(peaked(x))
    return claps


def clapping(seconds: float, rng: Rng) -> Synthesised:
    """One who claps, or a handful, each at a pace of their own or all together."""
    n = frames(seconds)
    count, people = level(rng, single=1, several=int(rng.integers(3, 8)))
    tempo, rate = level(rng, slow=1.4, steady=2.6, fast=4.4)
    together = people > 1 and chance(rng, 0.35)
    x = np.zeros(n)
    first = between(rng, 0.02, 0.15)
    for index in range(people):
        hands, near = _hands(rng), between(rng, 0.8, 1.0) if index == 0 else between(rng, 0.3, 0.9)
        pace = rate if together or people == 1 else rate * between(rng, 0.85, 1.15)
        start = first + (between(rng, 0, 0.02) if together else between(rng, 0, 0.8 / pace))
        for t in beats(seconds - 0.05, 1 / pace, 0.02 if together else 0.04, rng, first=start):
            late = abs(0.012 * rng.standard_normal()) if together else 0.0
            add_at(x, t + late, hands[int(rng.integers(4))], near * between(rng, 0.7, 1.0))
    x = hall(x, rng) if chance(rng, 0.3) else room(x, rng)
    return finish(limited(x, 11), seconds, rng, {"count": count, "tempo": tempo})


def _snap(rng: Rng, force: float) -> Signal:
    """The finger slides off the thumb and strikes the palm, a cavity of some 2 kHz."""
    slide = between(rng, 0.012, 0.04)
    x = np.zeros(frames(0.2))
    m = frames(slide)
    friction = bandpass(white(m, rng), 2500, 9000, 1) * contour(m, (0, 0), (0.8, 1), (1, 0.6))
    x[:m] += between(rng, 0.03, 0.12) * peaked(friction)
    n = frames(0.12)
    palm = log_between(rng, 1400, 2700)
    blow = white(n, rng) * strike(n, 0.0004, log_between(rng, 0.008, 0.02))
    tone = resonances(blow, (palm, palm / 7, 1.0), (palm * 1.9, palm / 3, 0.5), (600, 400, 0.25))
    crack = np.zeros(n)
    click = burst(rng, 3000, 12_000, 0.006)
    crack[: len(click)] = click
    add_at(x, slide, peaked(peaked(tone) + between(rng, 0.2, 0.6) * crack), force)
    return x


def finger_snap(seconds: float, rng: Rng) -> Synthesised:
    """Fingers that snap once, or in time."""
    n = frames(seconds)
    count, most = level(rng, single=1, several=5)
    x = np.zeros(n)
    pace = between(rng, 0.35, 0.85)
    for index, t in enumerate(beats(seconds - 0.25, pace, 0.04, rng, between(rng, 0.05, 0.3))):
        if index < most:
            add_at(x, t, _snap(rng, 1.0), between(rng, 0.6, 1.0))
    x = reverb(x, rng, between(rng, 0.3, 0.7), between(rng, 0.35, 0.6), 5000)
    return finish(x, seconds, rng, {"count": count} if seconds > 1.4 else {}, LIVED_IN)


_FLOORS = ("marble", "wood", "concrete", "tile")


def _floor(surface: str, rng: Rng) -> Modes:
    """What rings under a heel: boards low and long, stone high and short."""
    if surface == "wood":
        return wood(rng, between(rng, 110, 190), 4200, 20, t60=between(rng, 0.12, 0.22))
    low = {"marble": 900.0, "tile": 1300.0, "concrete": 650.0}[surface] * between(rng, 0.8, 1.25)
    hz = spread(rng, low, 9000, 12)
    t60 = between(rng, 0.02, 0.05) * (low / hz) ** 0.3
    return Modes(hz, t60, rng.uniform(0.4, 1.0, 12) * (low / hz) ** 0.25)


def _heel(rng: Rng, floor: Modes, tip: float) -> Signal:
    """A hard tip of a few square millimetres, then the sole."""
    x = np.zeros(frames(0.4))
    n = frames(0.25)
    tap = floor.struck(n, rng, 9000, vary=0.2)
    click = burst(rng, tip / 1.5, tip * 1.8, 0.012)
    tap[: len(click)] += between(rng, 0.5, 0.9) * click
    add_at(x, 0.0, peaked(tap))
    m = frames(0.1)
    add_at(x, 0.0, sine(np.full(m, between(rng, 110, 190))) * strike(m, 0.002, 0.06), 0.12)
    sole = floor.struck(n, rng, 1800, vary=0.2)
    late = between(rng, 0.06, 0.11)
    add_at(x, late, sole, between(rng, 0.15, 0.4))
    k = frames(0.05)
    scuff = bandpass(white(k, rng), 1500, 6000, 1) * np.hanning(k)
    add_at(x, late, peaked(scuff), between(rng, 0.02, 0.1))
    return x


def heels(seconds: float, rng: Rng) -> Synthesised:
    """High heels on a hard floor, in a corridor, a hall or a room."""
    n = frames(seconds)
    tempo, rate = level(rng, slow=1.45, steady=1.9, fast=2.6)
    surface = _FLOORS[int(rng.integers(len(_FLOORS)))]
    floor, tip = _floor(surface, rng), log_between(rng, 1900, 4200)
    x = np.zeros(n)
    feet = rng.uniform(0.75, 1.0, 2)
    pace = 1 / (rate * between(rng, 0.94, 1.06))
    for index, t in enumerate(beats(seconds - 0.1, pace, 0.025, rng, between(rng, 0.01, 0.1))):
        add_at(x, t, _heel(rng, floor, tip), float(feet[index % 2]) * between(rng, 0.8, 1.0))
    corridor = reverb(x, rng, between(rng, 0.5, 1.3), between(rng, 0.2, 0.5), 5000)
    x = hall(x, rng) if chance(rng, 0.3) else corridor
    return finish(limited(x, 12), seconds, rng, {"tempo": tempo, "surface": surface})


def _running_step(rng: Rng, force: float) -> Signal:
    """A rubber sole slaps down, the body's weight follows, grit grinds as it leaves."""
    n = frames(0.28)
    slap = lowpass(white(n, rng), log_between(rng, 1400, 3500), 1)
    slap = peaked(slap * strike(n, 0.002, between(rng, 0.04, 0.08)))
    hz = between(rng, 60, 100) * contour(n, (0, 1.4), (0.2, 1), (1, 0.8))
    thump = sine(hz) * strike(n, 0.004, 0.12)
    grit = bandpass(white(n, rng), 2200, 9000, 1) * swell(n, 150, rng, 0.7)
    leaving = contour(n, (0, 0.5), (0.1, 0.15), (0.4, between(rng, 0.2, 0.6)), (0.7, 0.05), (1, 0))
    x = slap + between(rng, 0.2, 0.5) * force * thump
    return x + between(rng, 0.1, 0.35) * peaked(grit * leaving)


def _panting(n: int, rng: Rng, rate: float) -> Signal:
    """The runner's breath, in and out over two steps each."""
    voice = silent_voice(n, 150)
    half = 2 / rate
    for index, t in enumerate(np.arange(between(rng, 0, half), n / SAMPLE_RATE, half)):
        air = between(rng, 0.5, 1.0) * (1.0 if index % 2 else 0.6)
        voice.write(
            float(t),
            0.85 * half,
            air=((0, 0), (0.3, air), (1, 0)),
            vowels=((0, "A" if index % 2 else "E"), (1, "@")),
        )
    return vocal_sound(n, voice, Larynx(), 1.0, rng)


def running(seconds: float, rng: Rng) -> Synthesised:
    """Somebody who runs on pavement, 2.4 to 3.6 steps a second."""
    n = frames(seconds)
    tempo, rate = level(rng, slow=2.4, steady=2.9, fast=3.5)
    rate *= between(rng, 0.96, 1.04)
    x = np.zeros(n)
    feet = rng.uniform(0.75, 1.0, 2)
    for index, t in enumerate(beats(seconds - 0.1, 1 / rate, 0.025, rng, between(rng, 0.01, 0.1))):
        add_at(x, t, _running_step(rng, 1.0), float(feet[index % 2]) * between(rng, 0.8, 1.0))
    cloth = bandpass(pink(n, rng), 900, 5000, 1) * (
        1 + np.sin(np.arange(n) / SAMPLE_RATE * 2 * np.pi * rate)
    )
    x = peaked(x) + between(rng, 0.005, 0.02) * unit(cloth)
    if chance(rng, 0.4):
        x += between(rng, 0.03, 0.15) * _panting(n, rng, rate)
    x = outdoors(x, rng) if chance(rng, 0.8) else hall(x * decay(n, 60.0), rng)
    return finish(limited(x, 8), seconds, rng, {"tempo": tempo, "surface": "pavement"})


HANDS_AND_FEET: dict[str, Recipe] = {
    "clapping": clapping,
    "finger_snap": finger_snap,
    "heels": heels,
    "running": running,
}
"""By the name of the kind."""
