"""Machines that take coins for fun: a hall of arcade games, a slot machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.doorbell import SEMITONE
from core.corpus.synthesis.envelopes import beats, contour, decay, strike
from core.corpus.synthesis.filters import bandpass, highpass, lowpass, resonances, shaped
from core.corpus.synthesis.grains import add_at, burst
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import Modes, metal, wood
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    chance,
    frames,
    level,
    log_between,
)
from core.corpus.synthesis.sources import phase, pink, room_air, white
from core.corpus.synthesis.space import reverb, room
from core.corpus.synthesis.talk import babble

MAJOR = (0, 4, 7, 12, 16, 19, 24)
"""A major chord over two octaves, which chips run up when something is won."""
DUTIES = (0.125, 0.25, 0.5)
"""Shares of a period for which the square wave of an old sound chip is up."""
STEPS_OF_VOLUME = 15
"""Levels of such a chip's envelope."""


def _square(hz: Signal, duty: float) -> Signal:
    """The pulse wave of a chip, dulled a little above 9 kHz as its output stage does."""
    return lowpass(np.where(phase(hz) % 1.0 < duty, 1.0, -1.0) - (2 * duty - 1), 9000, 1)


def _stepped(gain: Signal) -> Signal:
    return np.round(gain * STEPS_OF_VOLUME) / STEPS_OF_VOLUME


def _tones(rng: Rng, steps: Sequence[float], length: float, base: float, ring: float) -> Signal:
    """Notes one after the other on one channel, each `length` seconds; the last rings."""
    m = frames(length)
    duty = float(rng.choice(DUTIES))
    held = [m] * (len(steps) - 1) + [m + frames(ring)]
    hz = np.concatenate([np.full(k, base * SEMITONE**s) for k, s in zip(held, steps, strict=True)])
    gain = np.concatenate([decay(k, 3 * k / frames(1.0)) for k in held])
    return _square(hz, duty) * _stepped(gain)


def _coin_taken(rng: Rng) -> Signal:
    """Two notes a fourth apart, the second left to ring."""
    return _tones(rng, [0.0, 5.0], between(rng, 0.06, 0.1), log_between(rng, 800, 1300), 0.6)


def _jump(rng: Rng) -> Signal:
    """A pitch that leaps up, or a shot that falls."""
    n = frames(between(rng, 0.1, 0.35))
    low, high = log_between(rng, 150, 500), log_between(rng, 800, 2500)
    ends = (low, high) if chance(rng, 0.5) else (high, low)
    hz = contour(n, (0, ends[0]), (1, ends[1]))
    return _square(hz, float(rng.choice(DUTIES))) * _stepped(decay(n, 2.5 * n / frames(1.0)))


def _crash(rng: Rng) -> Signal:
    """Noise of a shift register whose clock slows down."""
    n = frames(between(rng, 0.2, 0.7))
    clock = log_between(rng, 2000, 9000) * contour(n, (0, 1.0), (1, between(rng, 0.15, 0.6)))
    held = np.floor(phase(clock)).astype(int)
    noise = np.sign(white(int(held[-1]) + 1, rng))[held]
    crash: Signal = noise * _stepped(decay(n, 2 * n / frames(1.0)))
    return crash


def _jingle(rng: Rng) -> Signal:
    """A chord run up, a few notes of a tune."""
    steps = [float(s) for s in rng.choice(MAJOR, int(rng.integers(4, 10)))]
    if chance(rng, 0.5):
        steps.sort()
    return _tones(rng, steps, between(rng, 0.05, 0.13), log_between(rng, 260, 620), 0.3)


_CHIP: tuple[Callable[[Rng], Signal], ...] = (_coin_taken, _jump, _jump, _crash, _jingle)


def _loop(n: int, rng: Rng) -> Signal:
    """A game's music: a bass and a tune of square waves that go round."""
    length = between(rng, 0.11, 0.2)
    base = log_between(rng, 180, 360)
    turn = [float(s) for s in rng.choice((0, 2, 4, 7, 9, 12), 8)]
    tune = _tones(rng, turn, length, base, 0.0)
    bass = _tones(rng, [0.0, 0.0, 7.0, 0.0, 5.0, 5.0, 7.0, 7.0], length, base / 4, 0.0)
    bar = tune[: len(bass)] + 0.8 * bass[: len(tune)]
    return np.tile(bar, n // len(bar) + 1)[:n]


def _game(seconds: float, rng: Rng, pause: float) -> Signal:
    """One cabinet: its sounds as somebody plays, its music, through a loudspeaker of 10 cm."""
    n = frames(seconds)
    bank = [_CHIP[int(rng.integers(len(_CHIP)))](rng) for _ in range(4)]
    x = np.zeros(n)
    for t in beats(seconds, pause, 0.6, rng, first=between(rng, 0.0, pause)):
        add_at(x, t, bank[int(rng.integers(4))], between(rng, 0.4, 1.0))
    if chance(rng, 0.5):
        x += between(rng, 0.2, 0.5) * _loop(n, rng)
    return unit(resonances(x, (400, 500, 0.7), (1600, 2200, 1.0), (4000, 3000, 0.5)) + 0.1 * x)


def arcade(seconds: float, rng: Rng) -> Synthesised:
    """Two to eight cabinets play at once, two of them near, in a hall where people talk."""
    n = frames(seconds)
    strength, number = level(rng, light=2, moderate=4, heavy=8)
    x = np.zeros(n)
    for index in range(number):
        near = between(rng, 0.6, 1.0) if index < 2 else between(rng, 0.15, 0.45)
        game = _game(seconds, rng, log_between(rng, 0.2, 0.8))
        x += near * (game if index < 2 else lowpass(game, 3000, 1))
    x = reverb(unit(x), rng, between(rng, 0.6, 1.4), between(rng, 0.2, 0.5), 3500)
    people = babble(n, rng, ("man", "woman", "child"), 6, 0.6, distinct=3)
    x = unit(x) + between(rng, 0.05, 0.25) * people + 0.03 * room_air(n, rng)
    return finish(limited(x, 5), seconds, rng, {"strength": strength}, fade_out=0.1)


def _clunk(rng: Rng, body: Modes, hard: float) -> Signal:
    m = frames(0.3)
    x = body.struck(m, rng, hard, 0.4)
    thud = lowpass(white(m, rng), 500) * strike(m, 0.001, 0.06)
    add_at(x, 0.0, burst(rng, 1200, 9000, 0.006), between(rng, 0.3, 0.7))
    return peaked(x + between(rng, 0.3, 0.8) * peaked(thud))


def _reels(rng: Rng, length: float, rate: float, body: Modes) -> Signal:
    """Three reels whirr, click by click, and stop one after the other with a thunk."""
    n = frames(length + 0.3)
    x = np.zeros(n)
    tick = [0.3 * peaked(body.struck(frames(0.04), rng, 5000)) for _ in range(4)]
    for click in tick:
        add_at(click, 0.0, burst(rng, 1500, 8000, 0.003), 0.3)
    for reel in range(3):
        stop = length * (0.5 + 0.25 * reel)
        for t in beats(stop, 1 / (rate * between(rng, 0.9, 1.1)), 0.05, rng):
            add_at(x, t, tick[int(rng.integers(4))], between(rng, 0.6, 1.0))
        add_at(x, stop, _clunk(rng, body, 3000), between(rng, 0.7, 1.0))
    whirr = bandpass(pink(n, rng), 300, 3000, 1) * contour(n, (0, 0), (0.1, 1), (0.5, 1), (1, 0))
    return x + 0.12 * unit(whirr)


def _payout(rng: Rng, length: float) -> Signal:
    """Coins of brass and nickel drop into a steel tray, 8 to 18 a second, under a chip's tune."""
    n = frames(length)
    x = np.zeros(n)
    tray = metal(rng, between(rng, 350, 700), 6000, 16, t60=0.15)
    bank = []
    for _ in range(10):
        hz = log_between(rng, 4500, 8000) * np.array([1.0, 1.004, 1.68, 1.69, 2.32])
        coin = Modes(hz, between(rng, 0.08, 0.3) * np.ones(5), rng.uniform(0.3, 1, 5))
        chink = coin.struck(frames(0.3), rng) + between(rng, 0.2, 0.6) * tray.struck(
            frames(0.3), rng, 2500
        )
        add_at(chink, 0.0, burst(rng, 2500, 14_000, 0.003), 0.4)
        bank.append(chink)
    for t in beats(length - 0.1, 1 / between(rng, 8, 18), 0.5, rng):
        add_at(x, t, bank[int(rng.integers(10))], between(rng, 0.4, 1.0))
    tune = [_jingle(rng) for _ in range(2)]
    t = 0.0
    while t < length - 0.3:
        sound = tune[int(rng.integers(2))]
        add_at(x, t, peaked(sound), 0.35)
        t += len(sound) / frames(1.0)
    return x


def slot_machine(seconds: float, rng: Rng) -> Synthesised:
    """A button or lever, three reels that whirr and stop in turn, and now and then a win."""
    n = frames(seconds)
    tempo, length = level(rng, slow=2.2, steady=1.5, fast=0.9)
    rate = log_between(rng, 14, 30)
    body = metal(rng, between(rng, 250, 600), 7000, 20, t60=between(rng, 0.05, 0.15))
    cabinet = wood(rng, between(rng, 120, 240), 2500, 14, t60=0.1)
    x = np.zeros(n)
    t = between(rng, 0.02, 0.15)
    while t < seconds - 0.3:
        add_at(x, t, _clunk(rng, cabinet, 2000) + 0.5 * _clunk(rng, body, 5000), 0.8)
        t += between(rng, 0.1, 0.25)
        spin = length * between(rng, 0.85, 1.2)
        add_at(x, t, _reels(rng, spin, rate / length, body))
        if chance(rng, 0.5):
            chip = _tones(rng, list(MAJOR) * 2, spin / 14, log_between(rng, 300, 600), 0.1)
            add_at(x, t, peaked(highpass(chip, 400, 1)), between(rng, 0.08, 0.25))
        t += spin + between(rng, 0.1, 0.3)
        if chance(rng, 0.45):
            won = between(rng, 0.8, 2.5)
            add_at(x, t, peaked(_payout(rng, won)), between(rng, 0.6, 1.0))
            t += won
        t += between(rng, 0.2, 0.7)
    hall = shaped(pink(n, rng), (80, -4), (400, 0), (2500, -12), (9000, -28))
    x = peaked(limited(room(x, rng), 10)) + between(rng, 0.002, 0.012) * unit(hall)
    return finish(x, seconds, rng, {"tempo": tempo}, fade_out=0.1)


AMUSEMENTS: dict[str, Recipe] = {"arcade": arcade, "slot_machine": slot_machine}
