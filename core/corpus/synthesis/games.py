"""Balls, dice and cards: small things that bounce, roll and flick."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import LIVED_IN, Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, beats, contour, decay, strike, swell
from core.corpus.synthesis.filters import bandpass, lowpass
from core.corpus.synthesis.grains import add_at, burst
from core.corpus.synthesis.levels import limited, peaked
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
from core.corpus.synthesis.sources import room_air, sine, white
from core.corpus.synthesis.space import hall, reverb, room

GRAVITY = 9.81
"""Metres a second squared."""
QUIETEST = 0.02
"""Share of the first impact's speed at which a bounce is no longer heard."""


def bounces(height: float, restitution: float, seconds: float) -> list[tuple[float, float]]:
    """Impacts of a thing dropped from `height` metres: times from the first, and relative speeds.

    Between two impacts passes twice the speed over the acceleration of gravity; each keeps
    `restitution` of its speed.
    """
    speed = (2 * GRAVITY * height) ** 0.5
    first, t = speed, 0.0
    found = []
    while t < seconds and speed > QUIETEST * first:
        found.append((t, speed / first))
        speed *= restitution
        t += 2 * speed / GRAVITY
    return found


def _floor(rng: Rng, surface: str) -> Modes:
    """What a ball meets: boards boom, concrete and tiles hardly answer."""
    if surface == "wood":
        return wood(rng, between(rng, 75, 140), 1500, 18, t60=between(rng, 0.12, 0.25))
    low = between(rng, 160, 320)
    return wood(rng, low, 3500, 12, t60=between(rng, 0.025, 0.06))


def _ball(rng: Rng, large: bool) -> tuple[Modes, float]:
    """A ball's shell and air, and its thump in Hz: basketball to small rubber ball."""
    low = between(rng, 480, 1000) if large else log_between(rng, 900, 2200)
    shell = spread(rng, low, 4.5 * low, 8)
    t60 = (between(rng, 0.08, 0.2) if large else between(rng, 0.02, 0.05)) * (low / shell) ** 0.5
    thump = between(rng, 70, 140) if large else between(rng, 180, 420)
    return Modes(shell, t60, (low / shell) ** 0.8 * rng.uniform(0.3, 1, 8)), thump


def _bounce(rng: Rng, ball: tuple[Modes, float], floor: Modes, speed: float, hard: bool) -> Signal:
    """One impact; a faster one is shorter in touch and so brighter."""
    m = frames(0.4)
    shell, hz = ball
    edge = (1800 if hard else 900) * (0.35 + 0.65 * speed)
    x = sine(hz * contour(m, (0, 1.5), (0.1, 1.0), (1, 0.9))) * strike(m, 0.002, 0.11)
    x = x + between(rng, 0.5, 0.9) * shell.struck(m, rng, 1.5 * edge, 0.15)
    x += between(rng, 0.4, 0.9) * floor.struck(m, rng, edge, 0.15)
    slap = lowpass(white(m, rng), 3 * edge, 1) * strike(m, 0.001, 0.025)
    return (x + between(rng, 0.3, 0.6) * peaked(slap)) * speed


def ball_bounce(seconds: float, rng: Rng) -> Synthesised:
    """A ball dribbled 0.8 to 3.5 times a second, or dropped and left: its bounces draw together.

    Each thumps at 70 to 420 Hz and pings at 0.5 to 2 kHz.
    """
    n = frames(seconds)
    tempo, rate = level(rng, slow=0.95, steady=1.7, fast=3.2)
    surface = str(rng.choice(["wood", "concrete", "tiles"]))
    large = chance(rng, 0.6)
    ball, floor = _ball(rng, large), _floor(rng, surface)
    x = np.zeros(n)
    t = between(rng, 0.03, 0.2)
    if tempo != "slow" and chance(rng, 0.45):
        height = 0.5 * GRAVITY * (0.5 / rate) ** 2 * between(rng, 1.0, 1.5)
        for late, speed in bounces(height, between(rng, 0.74, 0.88), seconds - t):
            add_at(x, t + late, _bounce(rng, ball, floor, speed, not large))
    else:
        for late in beats(seconds - t, 1 / rate, 0.07, rng):
            force = between(rng, 0.7, 1.0)
            add_at(x, t + late, _bounce(rng, ball, floor, force, not large))
            if large and chance(rng, 0.7):
                palm = burst(rng, 250, 1800, 0.025)
                add_at(x, t + late + 0.5 / rate, palm, between(rng, 0.05, 0.2))
    x = hall(x, rng) if chance(rng, 0.4) else room(x, rng)
    x = peaked(x) + between(rng, 0.0005, 0.004) * room_air(n, rng)
    attributes = {"tempo": tempo, "surface": surface}
    return finish(limited(x, 10), seconds, rng, attributes, fade_out=0.1)


def _celluloid(rng: Rng) -> Modes:
    """A table tennis ball: 40 mm of thin shell, first modes at 5 to 9 kHz."""
    hz = spread(rng, 4800, 11_000, 6)
    return Modes(hz, between(rng, 0.012, 0.03) * np.ones(6), rng.uniform(0.3, 1, 6))


def table_tennis(seconds: float, rng: Rng) -> Synthesised:
    """Bat, table, bat, table: rubber knocks at 700 Hz to 1.6 kHz, the table higher and drier.

    Between two bats passes 0.45 to 1.1 s; the ball meets the table at about three fifths of it.
    Now and then it is lost and bounces away.
    """
    n = frames(seconds)
    tempo, stroke = level(rng, slow=1.0, steady=0.7, fast=0.46)
    ball = _celluloid(rng)
    board = wood(rng, log_between(rng, 380, 700), 3800, 16, t60=between(rng, 0.02, 0.05))
    blades = [wood(rng, log_between(rng, 650, 1100), 2600, 8, t60=0.035) for _ in range(2)]

    def on_table(force: float) -> Signal:
        m = frames(0.15)
        x = board.struck(m, rng, 5000, 0.2) + between(rng, 0.35, 0.6) * ball.struck(m, rng)
        add_at(x, 0.0, burst(rng, 1500, 11_000, 0.004), 0.5)
        return peaked(x) * force

    def on_bat(side: int, force: float) -> Signal:
        m = frames(0.15)
        x = blades[side].struck(m, rng, 2500, 0.2) + 0.2 * ball.struck(m, rng)
        rubber = lowpass(white(m, rng), 1600, 1) * strike(m, 0.001, 0.02)
        return peaked(x + 0.5 * peaked(rubber)) * force

    x = np.zeros(n)
    t, side = between(rng, 0.03, 0.15), 0
    while t < seconds - 0.1:
        for _ in range(int(rng.integers(5, 18))):
            place = (1.0, between(rng, 0.55, 0.8))[side]
            add_at(x, t, on_bat(side, between(rng, 0.6, 1.0)), place)
            add_at(x, t + between(rng, 0.55, 0.65) * stroke, on_table(between(rng, 0.6, 1)), 0.9)
            t += stroke * between(rng, 0.88, 1.12)
            side = 1 - side
        for late, speed in bounces(between(rng, 0.15, 0.3), between(rng, 0.8, 0.88), 1.6):
            add_at(x, t + late, on_table(0.7 * speed))
        t += between(rng, 1.0, 2.0)
    x = reverb(x, rng, between(rng, 0.5, 1.4), between(rng, 0.15, 0.4), 4000)
    x = peaked(x) + between(rng, 0.0005, 0.004) * room_air(n, rng)
    return finish(limited(x, 12), seconds, rng, {"tempo": tempo}, fade_out=0.06)


def _die(rng: Rng) -> Modes:
    """A cube of plastic: few, short, high modes."""
    hz = spread(rng, log_between(rng, 2200, 4200), 12_000, 7)
    return Modes(hz, between(rng, 0.008, 0.02) * np.ones(7), rng.uniform(0.3, 1, 7))


def _landings(rng: Rng, die: Modes, table: Modes) -> list[Signal]:
    """A die lands on the table: hard, less so, hardly."""
    m = frames(0.2)
    hard = (3300.0, 2300.0, 1400.0)
    blows = [0.6 * table.struck(m, rng, edge) + 0.7 * die.struck(m, rng) for edge in hard]
    for blow in blows:
        add_at(blow, 0.0, burst(rng, 1800, 12_000, 0.003), 0.4)
    return blows


def _tumble(x: Signal, t: float, rng: Rng, blows: list[Signal]) -> float:
    """Add one die's throw to `x` from `t` on: hops, then rolls over its edges. Returns its end."""
    gap, force = between(rng, 0.09, 0.17), between(rng, 0.7, 1.0)
    while force > 0.04:
        blow = blows[0 if force > 0.5 else 1 if force > 0.2 else 2]
        for late in (0.0, *rng.uniform(0.008, 0.03, int(rng.integers(0, 2)))):
            add_at(x, t + float(late), blow, force * between(rng, 0.5, 1.0))
        t += gap * between(rng, 0.6, 1.4)
        gap = max(gap * between(rng, 0.78, 0.92), 0.025)
        force *= between(rng, 0.66, 0.86)
    return t


def dice(seconds: float, rng: Rng) -> Synthesised:
    """Dice shaken in hand or cup 12 to 20 times a second, thrown, hopping to rest on a table."""
    n = frames(seconds)
    count, thrown = level(
        rng, single=1, several=int(rng.integers(2, 4)), many=int(rng.integers(5, 9))
    )
    many = [_die(rng) for _ in range(thrown)]
    table = wood(rng, between(rng, 150, 340), 2800, 16, t60=between(rng, 0.06, 0.14))
    cup = wood(rng, log_between(rng, 400, 1100), 5000, 10, t60=0.025)
    landings = [_landings(rng, die, table) for die in many]
    rattles = [
        cup.struck(frames(0.06), rng, 4000) + die.struck(frames(0.06), rng)
        for die in (many * 6)[:6]
    ]
    x = np.zeros(n)
    t = between(rng, 0.02, 0.1)
    shaken = seconds > 1.3 and chance(rng, 0.6)
    while t < seconds - 0.3:
        if shaken:
            for late in beats(between(rng, 0.35, 0.9), 1 / between(rng, 12, 20), 0.3, rng):
                for _ in range(min(3, thrown)):
                    at = t + late + between(rng, 0, 0.03)
                    add_at(x, at, rattles[int(rng.integers(6))], between(rng, 0.08, 0.3))
            t += between(rng, 0.75, 1.05)
        t = max([_tumble(x, t + between(rng, 0, 0.1), rng, blows) for blows in landings])
        t += between(rng, 0.4, 1.2)
        if chance(rng, 0.5):
            break
    x = room(x, rng)
    x = peaked(x) + between(rng, 0.0005, 0.003) * room_air(n, rng)
    attributes = {"count": count, "surface": "wood"}
    return finish(limited(x, 11), seconds, rng, attributes, fade_out=0.1)


def _flick(rng: Rng, force: float) -> Signal:
    """One card springs free: a snap of stiff paper."""
    m = frames(0.04)
    snap = bandpass(white(m, rng), log_between(rng, 900, 2000), log_between(rng, 5000, 12_000), 1)
    return peaked(snap * strike(m, 0.0008, between(rng, 0.008, 0.025))) * force


def _riffle(rng: Rng, length: float, bank: list[Signal]) -> Signal:
    """Two halves of a pack let go card by card, faster towards the end."""
    m = frames(length + 0.1)
    x = np.zeros(m)
    count = 50
    times = length * (np.arange(count) / count) ** between(rng, 0.7, 0.95)
    for t in times + 0.004 * rng.standard_normal(count):
        add_at(x, max(0.0, float(t)), bank[int(rng.integers(len(bank)))], between(rng, 0.3, 1.0))
    return x * contour(m, (0, 0.6), (0.8, 1.0), (1, 0.8))


def _brush(rng: Rng, length: float) -> Signal:
    """Packets of cards slide over each other."""
    m = frames(length)
    slide = bandpass(white(m, rng), 1200, 9000, 1) * arch(m, 0.3, 0.3) * swell(m, 30, rng, 0.3)
    return peaked(slide)


def cards(seconds: float, rng: Rng) -> Synthesised:
    """A pack riffled at 60 to 120 snaps a second and squared, shuffled overhand, or dealt."""
    n = frames(seconds)
    tempo, pace = level(rng, slow=1.4, steady=1.0, fast=0.65)
    bank = [_flick(rng, between(rng, 0.5, 1.0)) for _ in range(16)]
    table = wood(rng, between(rng, 170, 330), 2500, 12, t60=0.07)
    shuffle = str(rng.choice(["riffle", "riffle", "overhand", "deal"]))
    x = np.zeros(n)
    t = between(rng, 0.02, 0.12)
    while t < seconds - 0.2:
        if shuffle == "riffle":
            length = pace * between(rng, 0.5, 0.8)
            add_at(x, t, _riffle(rng, length, bank), between(rng, 0.6, 1.0))
            t += length + pace * between(rng, 0.1, 0.2)
            if chance(rng, 0.6):
                bridge = pace * between(rng, 0.3, 0.5)
                add_at(x, t, _riffle(rng, bridge, bank), between(rng, 0.3, 0.6))
                t += bridge + 0.05
            for _ in range(int(rng.integers(1, 4))):
                square = table.struck(frames(0.15), rng, 1500) + 0.8 * np.resize(
                    bank[0], frames(0.15)
                ) * decay(frames(0.15), 0.03)
                add_at(x, t, square, between(rng, 0.2, 0.5))
                t += pace * between(rng, 0.14, 0.24)
            t += pace * between(rng, 0.1, 0.4)
        else:
            gap = pace * (0.24 if shuffle == "overhand" else 0.36)
            add_at(x, t, _brush(rng, 0.5 * gap), between(rng, 0.12, 0.3))
            slap = bank[int(rng.integers(16))]
            add_at(x, t + 0.5 * gap, slap, between(rng, 0.6, 1.0))
            low = lowpass(white(frames(0.05), rng), 900) * strike(frames(0.05), 0.002, 0.04)
            add_at(x, t + 0.5 * gap, peaked(low), between(rng, 0.15, 0.45))
            if shuffle == "deal":
                add_at(x, t + 0.62 * gap, table.struck(frames(0.1), rng, 900), 0.15)
            t += gap * between(rng, 0.85, 1.2)
    x = lowpass(room(x, rng), log_between(rng, 4200, 6000), 1)
    return finish(limited(x, 10), seconds, rng, {"tempo": tempo}, LIVED_IN, fade_out=0.06)


GAMES: dict[str, Recipe] = {
    "ball_bounce": ball_bounce,
    "table_tennis": table_tennis,
    "dice": dice,
    "cards": cards,
}
