"""A gun in the hand: its parts as it is loaded and cocked, and its empty cases on the ground."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish, how_many
from core.corpus.synthesis.envelopes import arch, beats, strike
from core.corpus.synthesis.filters import highpass, lowpass, resonances
from core.corpus.synthesis.games import bounces
from core.corpus.synthesis.grains import Bank, add_at, burst
from core.corpus.synthesis.levels import limited, peaked
from core.corpus.synthesis.modes import Modes, metal, wood
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
from core.corpus.synthesis.sources import pulses, room_air, white
from core.corpus.synthesis.space import hall, room


class _Gun:
    """Steel parts in a frame of steel, plastic or wood that hands hold and damp.

    A larger gun has heavier parts: lower modes that ring longer.
    """

    def __init__(self, rng: Rng, size: float):
        self.rng = rng
        self.steel = metal(rng, log_between(rng, 900, 1600) / size, 12_000, 26, 0.03 * size**0.5)
        self.frame = wood(rng, log_between(rng, 260, 480) / size, 4000, 14, t60=0.025)

    def click(self, hard: float) -> Signal:
        """A sear, a catch or a safety falls into its notch."""
        m = frames(0.15)
        x = self.steel.struck(m, self.rng, 4000 + 9000 * hard, 0.5)
        x = x + between(self.rng, 0.3, 0.8) * self.frame.struck(m, self.rng, 3000 * hard + 500)
        add_at(x, 0.0, burst(self.rng, 2000, 14_000, 0.003), between(self.rng, 0.4, 1.0))
        return peaked(x) * hard

    def slide(self, length: float) -> Signal:
        """Steel runs over steel: rub and chatter through the modes of the slide."""
        m = frames(length)
        speed = arch(m, 0.3, 0.2)
        chatter = pulses(80 + 500 * speed, self.rng, 0.4, 0.7)
        rub = 0.3 * chatter + 0.25 * white(m, self.rng)
        picks = self.rng.choice(len(self.steel.hz), 6, replace=False)
        rung = resonances(rub, *[(float(self.steel.hz[k]), 250.0, 1.0) for k in picks])
        return peaked((rung + 0.15 * highpass(rub, 2500, 1)) * speed)


def _racked(x: Signal, t: float, rng: Rng, gun: _Gun) -> float:
    """Back and forth: the slide's two runs, each with its stop. Returns when it ends."""
    for _ in range(2):
        length = between(rng, 0.05, 0.14)
        add_at(x, t, gun.click(0.4), between(rng, 0.3, 0.7))
        add_at(x, t, gun.slide(length), between(rng, 0.25, 0.5))
        t += length
        add_at(x, t, gun.click(1.0), between(rng, 0.8, 1.0))
        add_at(x, t + between(rng, 0.004, 0.02), gun.click(0.7), between(rng, 0.3, 0.7))
        t += between(rng, 0.03, 0.15)
    return t


def _magazine(x: Signal, t: float, rng: Rng, gun: _Gun) -> float:
    """A magazine slides into its well and is slapped home."""
    length = between(rng, 0.08, 0.2)
    add_at(x, t, gun.slide(length), between(rng, 0.1, 0.25))
    t += length
    add_at(x, t, gun.click(0.9), 0.9)
    palm = lowpass(white(frames(0.1), rng), 900, 1) * strike(frames(0.1), 0.002, 0.07)
    add_at(x, t, peaked(palm), between(rng, 0.3, 0.7))
    return t + 0.1


def _rounds(x: Signal, t: float, rng: Rng, gun: _Gun) -> float:
    """Rounds are pressed in one by one, each with a scrape and two clicks."""
    for _ in range(int(rng.integers(2, 7))):
        add_at(x, t, gun.slide(0.05), between(rng, 0.08, 0.2))
        add_at(x, t + 0.05, gun.click(0.6), between(rng, 0.4, 0.8))
        add_at(x, t + between(rng, 0.08, 0.12), gun.click(0.4), between(rng, 0.3, 0.6))
        t += between(rng, 0.22, 0.45)
    return t


def _hammer(x: Signal, t: float, rng: Rng, gun: _Gun) -> float:
    """A hammer is cocked past two notches, or a cylinder turned past six."""
    notches = int(rng.choice([2, 2, 3, 6]))
    for index in range(notches):
        add_at(x, t, gun.click(0.5 + 0.5 * (index == notches - 1)), between(rng, 0.5, 1.0))
        t += between(rng, 0.04, 0.1)
    return t


_Handling = Callable[[Signal, float, Rng, _Gun], float]
_STEPS: tuple[_Handling, ...] = (_racked, _racked, _magazine, _rounds, _hammer)


def gun_loading(seconds: float, rng: Rng) -> Synthesised:
    """Magazine, rounds, slide and hammer: clicks of 1 to 12 kHz in pairs, scrapes between them."""
    n = frames(seconds)
    tempo, pause = level(rng, slow=0.55, steady=0.3, fast=0.12)
    gun = _Gun(rng, log_between(rng, 0.7, 1.8))
    x = np.zeros(n)
    t = between(rng, 0.03, 0.15)
    while t < seconds - 0.25:
        t = _STEPS[int(rng.integers(len(_STEPS)))](x, t, rng, gun)
        t += pause * between(rng, 0.5, 1.5)
    x = room(x, rng)
    x = peaked(limited(x, 14)) + between(rng, 0.0005, 0.004) * room_air(n, rng)
    return finish(x, seconds, rng, {"tempo": tempo}, fade_out=0.06)


def _case(rng: Rng, size: float) -> Modes:
    """A brass tube closed at one end: modes from 2 to 6 kHz on, in pairs, rung for 0.1 to 0.5 s."""
    low = log_between(rng, 3200, 5200) / size
    base = spread(rng, low, 15_000, 9)
    hz = np.concatenate([base, base * (1 + rng.uniform(0.004, 0.02, 9))])
    t60 = between(rng, 0.1, 0.25) * (low / hz) ** 0.4
    return Modes(hz, t60, rng.uniform(0.2, 1.0, 18))


def shell_cases(seconds: float, rng: Rng) -> Synthesised:
    """Brass cases fall, tinkle, bounce four to ten times and roll to rest on the floor."""
    n = frames(seconds)
    number = level(rng, single=1, several=4, many=22)[1]
    surface = str(rng.choice(["concrete", "wood", "tiles"]))
    floor = wood(rng, between(rng, 200, 500), 3000, 10, t60=0.12 if surface == "wood" else 0.04)
    size = log_between(rng, 0.7, 1.6)
    cases = [_case(rng, size * between(rng, 0.9, 1.1)) for _ in range(5)]
    m = frames(0.6)

    def struck(index: int) -> Signal:
        blow = cases[index // 3].struck(m, rng, vary=0.7)
        add_at(blow, 0.0, burst(rng, 2500, 14_000, 0.003), between(rng, 0.2, 0.5))
        add_at(blow, 0.0, floor.struck(frames(0.15), rng, 1500), between(rng, 0.05, 0.25))
        return blow

    blows = Bank(15, struck)
    x = np.zeros(n)
    interval = (seconds - 0.5) / number if number > 1 else seconds
    dropped = 0
    for t in beats(seconds - 0.3, interval, 0.5, rng, first=between(rng, 0.03, 0.2)):
        dropped += 1
        which = int(rng.integers(5))
        gain = between(rng, 0.5, 1.0)
        for late, speed in bounces(between(rng, 0.3, 1.2), between(rng, 0.4, 0.6), 1.5):
            for again in (0.0, between(rng, 0.01, 0.04)):
                blow = blows[3 * which + int(rng.integers(3))]
                add_at(x, t + late + again, blow, gain * speed * between(rng, 0.5, 1.0))
        late, rate = between(rng, 0.5, 0.9), between(rng, 14, 30)
        for turn in beats(between(rng, 0.2, 0.7), 1 / rate, 0.3, rng):
            add_at(x, t + late + turn, blows[3 * which], gain * between(rng, 0.03, 0.12))
    x = hall(x, rng) if chance(rng, 0.3) else room(x, rng)
    x = peaked(x) + between(rng, 0.0005, 0.004) * room_air(n, rng)
    attributes = {"count": how_many(dropped), "surface": surface}
    return finish(limited(x, 12), seconds, rng, attributes, fade_out=0.1)


FIREARMS: dict[str, Recipe] = {"gun_loading": gun_loading, "shell_cases": shell_cases}
