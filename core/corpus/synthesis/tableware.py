"""On the table: ice in a glass, glasses that touch, knives and forks on plates, a spoon stirred."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import LIVED_IN, Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, beats, decay, swell
from core.corpus.synthesis.filters import bandpass, resonances
from core.corpus.synthesis.grains import add_at, bubbles, burst, poisson, scatter, sizes
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
from core.corpus.synthesis.sources import pink, pulses, room_air, white
from core.corpus.synthesis.space import reverb, room

RIM = np.array([1.0, 2.32, 4.25, 6.63, 9.38])
"""Rim modes of a wine glass with 4, 6, 8, … nodes, as multiples of the lowest (French, 1983)."""


def drinking_glass(rng: Rng, hz: float, t60: float) -> Modes:
    """A glass whose rim bends in pairs of modes that beat; a full or held one rings shorter."""
    ratios = RIM * (1 + 0.03 * rng.standard_normal(len(RIM)))
    pair = ratios * (1 + rng.uniform(0.001, 0.006, len(RIM)))
    both = np.concatenate([ratios, pair])
    gains = both ** -between(rng, 0.1, 0.6) * rng.uniform(0.3, 1.0, len(both))
    return Modes(hz * both, t60 * both**-0.7 * np.exp(0.2 * rng.standard_normal(len(both))), gains)


def _ice_clink(rng: Rng, glass: Modes, force: float) -> Signal:
    """A cube knocks the wall: ice is soft beside steel, and touches more than once."""
    m = frames(0.35)
    x = np.zeros(m)
    for late in (0.0, *rng.uniform(0.01, 0.06, int(rng.integers(0, 3)))):
        blow = glass.struck(m, rng, log_between(rng, 3500, 9000), 0.7)
        add_at(x, float(late), blow, force * between(rng, 0.3, 1.0))
        add_at(x, float(late), burst(rng, 900, 4500, between(rng, 0.004, 0.012)), 0.3 * force)
    return x


def ice_in_glass(seconds: float, rng: Rng) -> Synthesised:
    """Cubes swirled or dropped in a tumbler: damped clinks of 1.8 to 4 kHz and a little water."""
    n = frames(seconds)
    tempo, pace = level(rng, slow=2.2, steady=4.5, fast=9.0)
    wet = chance(rng, 0.7)
    glass = drinking_glass(
        rng, log_between(rng, 1500, 3200), between(rng, 0.08, 0.2) if wet else 0.35
    )
    bank = [_ice_clink(rng, glass.tuned(between(rng, 0.96, 1.04)), 1.0) for _ in range(10)]
    x = np.zeros(n)
    turning = np.clip(swell(n, between(rng, 0.5, 1.2), rng, 0.9), 0.05, 2.2)
    for t in beats(seconds - 0.1, 1 / pace, 0.35, rng, between(rng, 0.02, 0.12)):
        gain = float(turning[min(n - 1, frames(t))]) * between(rng, 0.15, 1.0)
        for _ in range(int(rng.integers(1, 4))):
            clink = bank[int(rng.integers(len(bank)))]
            add_at(x, t + between(rng, 0, 0.07), clink, gain * between(rng, 0.3, 1.0))
    if wet:
        drink = bubbles(rng, 40, 500, 2500, 0.2)
        places = poisson(n, 9 * turning, rng)
        slosh = scatter(n, places, sizes(len(places), rng), drink, rng)
        wash = unit(bandpass(white(n, rng), 400, 3000, 1)) * turning**2
        x = peaked(x) + between(rng, 0.1, 0.4) * peaked(slosh) + between(rng, 0.002, 0.012) * wash
    x = room(x, rng)
    x = peaked(x) + between(rng, 0.0005, 0.003) * room_air(n, rng)
    return finish(limited(x, 10), seconds, rng, {"tempo": tempo})


def _clink(rng: Rng, pair: tuple[Modes, Modes], length: float) -> Signal:
    """Two glasses touch and both ring; the rims may chatter."""
    m = frames(length)
    x = np.zeros(m)
    for late in (0.0, *rng.uniform(0.012, 0.05, int(rng.choice([0, 0, 0, 1])))):
        for glass in pair:
            add_at(x, float(late), glass.struck(m, rng, 16_000, 0.4), between(rng, 0.5, 1.0))
        add_at(x, float(late), burst(rng, 3000, 15_000, 0.003), between(rng, 0.2, 0.6))
    return peaked(x)


def toasting_glasses(seconds: float, rng: Rng) -> Synthesised:
    """Wine glasses, flutes or mugs touch: what rings are the rim's upper modes, 1.5 kHz and up.

    Glass on glass is a hard, short blow, which the lowest mode hardly takes; wine and the hand that
    holds it damp the ring to 0.1 to 0.5 s. There is company: a room is heard around it.
    """
    n = frames(seconds)
    count, clinks = level(
        rng, single=1, several=int(rng.integers(2, 5)), many=int(rng.integers(7, 12))
    )
    thick = chance(rng, 0.25)
    low = log_between(rng, 2600, 3800) if thick else log_between(rng, 1500, 3000)
    ring = log_between(rng, 0.06, 0.15) if thick else log_between(rng, 0.1, 0.5)
    glasses = [
        _held_glass(rng, low * between(rng, 0.8, 1.25), ring * between(rng, 0.6, 1.2))
        for _ in range(2 if clinks == 1 else 5)
    ]
    x = np.zeros(n)
    t = between(rng, 0.02, 0.12)
    gap = min(0.6, (seconds - 0.4) / clinks)
    for _ in range(clinks):
        first, second = rng.choice(len(glasses), 2, replace=False)
        touch = _clink(rng, (glasses[int(first)], glasses[int(second)]), min(1.5, seconds))
        add_at(x, t, touch, between(rng, 0.45, 1.0))
        t += gap * between(rng, 0.4, 1.5)
        if t > seconds - 0.25:
            break
    x = reverb(x, rng, between(rng, 0.3, 0.8), between(rng, 0.15, 0.45), 5000)
    x = peaked(x) + log_between(rng, 0.0006, 0.004) * pink(n, rng)
    return finish(limited(x, 12), seconds, rng, {"count": count}, fade_out=0.25)


def _held_glass(rng: Rng, low: float, t60: float) -> Modes:
    """The upper rim modes of a glass that is held, in pairs that beat."""
    hz = spread(rng, low, 14_000, int(rng.integers(4, 12)))
    both = np.concatenate([hz, hz * (1 + rng.uniform(0.001, 0.008, len(hz)))])
    held = t60 * (low / both) ** 0.5 * np.exp(0.3 * rng.standard_normal(len(both)))
    gains = (both / low) ** between(rng, -0.5, 0.5) * rng.uniform(0.2, 1.0, len(both))
    return Modes(both, held, gains)


def _plate(rng: Rng) -> Modes:
    """China: modes from 1.4 kHz on, damped by the table in a tenth of a second."""
    hz = spread(rng, log_between(rng, 1400, 2200), 12_000, 18)
    t60 = between(rng, 0.05, 0.16) * (1500 / hz) ** 0.4
    return Modes(hz, t60, (1500 / hz) ** 0.2 * rng.uniform(0.2, 1.0, 18))


def _fork(rng: Rng) -> Modes:
    """A knife, fork or spoon in a hand, which damps it: a bar's modes above 2 kHz, and tines."""
    low = log_between(rng, 2000, 4800)
    hz = np.concatenate([low * np.array([1.0, 2.76, 5.4]), spread(rng, 2500, 12_000, 10)])
    return Modes(hz, between(rng, 0.03, 0.12) * (low / hz) ** 0.4, rng.uniform(0.2, 1.0, len(hz)))


def _cut(rng: Rng, plate: Modes, length: float) -> Signal:
    """A knife drawn over a plate: grains of the glaze, and sometimes a squeal."""
    m = frames(length)
    draw = arch(m, 0.25, 0.3)
    grain = pulses(log_between(rng, 300, 1200) * (0.3 + draw), rng, 0.4, 0.7) * draw
    body = resonances(
        grain,
        *[
            (float(f), 40 + float(f) / 12, float(g))
            for f, g in zip(plate.hz, plate.gains, strict=True)
        ],
    )
    rub = bandpass(white(m, rng), 2500, 11_000, 1) * draw * swell(m, 50, rng, 0.5)
    x = unit(body) + between(rng, 0.3, 0.8) * unit(rub)
    if chance(rng, 0.3):
        x += between(rng, 0.3, 1.0) * unit(
            resonances(grain, (log_between(rng, 1800, 4800), 25, 1.0))
        )
    return peaked(x * draw)


def cutlery(seconds: float, rng: Rng) -> Synthesised:
    """A meal: knives and forks tap, cut and scrape on china, put down now and then on the table."""
    n = frames(seconds)
    tempo, rate = level(rng, slow=1.4, steady=3.5, fast=8.0)
    plates = [_plate(rng) for _ in range(int(rng.integers(1, 4)))]
    forks = [_fork(rng) for _ in range(int(rng.integers(2, 5)))]
    table = wood(rng, between(rng, 120, 260), 2000, 10, t60=0.09)
    x = np.zeros(n)
    for t in beats(seconds - 0.15, 1 / rate, 0.55, rng, between(rng, 0.02, 0.2)):
        plate = plates[int(rng.integers(len(plates)))]
        fork = forks[int(rng.integers(len(forks)))]
        gain = log_between(rng, 0.2, 1.0)
        if chance(rng, 0.2):
            length = min(between(rng, 0.12, 0.45), seconds - t)
            add_at(x, t, _cut(rng, plate, length), 0.5 * gain)
            continue
        for late in (0.0, *rng.uniform(0.02, 0.12, int(rng.integers(0, 3)))):
            m = frames(0.4)
            held = decay(m, log_between(rng, 0.06, 0.5))
            blow = plate.struck(m, rng, log_between(rng, 5000, 14_000), 0.6)
            tool = fork.tuned(between(rng, 0.98, 1.02)).struck(m, rng, vary=0.6)
            add_at(x, t + float(late), (blow + between(rng, 0.6, 1.6) * tool) * held, gain)
            add_at(
                x, t + float(late), burst(rng, 2500, 13_000, 0.004), between(rng, 0.1, 0.5) * gain
            )
            gain *= between(rng, 0.3, 0.8)
        if chance(rng, 0.2):
            add_at(x, t, table.struck(frames(0.2), rng, 1200), 0.15 * gain)
    x = reverb(x, rng, between(rng, 0.35, 0.9), between(rng, 0.15, 0.4), 5000)
    x = peaked(x) + log_between(rng, 0.006, 0.03) * pink(n, rng)
    return finish(limited(x, 10), seconds, rng, {"tempo": tempo, "surface": "china"})


def _china_cup(rng: Rng) -> Modes:
    """A cup or mug with tea in it: modes from 900 Hz on, gone within a tenth of a second."""
    hz = spread(rng, log_between(rng, 900, 1900), 11_000, 14)
    t60 = between(rng, 0.05, 0.14) * (1200 / hz) ** 0.4
    return Modes(hz, t60, (1200 / hz) ** 0.3 * rng.uniform(0.2, 1.0, 14))


def _touch(rng: Rng, wall: Modes, spoon: Modes, length: float) -> Signal:
    """The spoon meets the wall, and now and then bounces once."""
    m = frames(length)
    x = np.zeros(m)
    for late in (0.0, *rng.uniform(0.012, 0.04, int(rng.choice([0, 0, 1])))):
        add_at(x, float(late), wall.struck(m, rng, log_between(rng, 5000, 14_000), 0.5))
        add_at(x, float(late), spoon.struck(m, rng), between(rng, 0.1, 0.4))
        add_at(x, float(late), burst(rng, 2500, 12_000, 0.003), between(rng, 0.1, 0.4))
    return peaked(x)


def stirring_glass(seconds: float, rng: Rng) -> Synthesised:
    """A spoon goes round in a glass or cup, 1.2 to 4 turns a second; it may tap the rim at the end.

    It touches the wall three to five times a turn, seldom hard, and rubs along it: the drink damps
    the ring to 0.05 to 0.2 s. Tapped on its rim the vessel rings longer.
    """
    n = frames(seconds)
    tempo, rate = level(rng, slow=1.2, steady=2.2, fast=3.9)
    rate *= between(rng, 0.92, 1.08)
    surface = "china" if chance(rng, 0.4) else "glass"
    wall = (
        _china_cup(rng)
        if surface == "china"
        else drinking_glass(rng, log_between(rng, 1300, 3000), between(rng, 0.06, 0.2))
    )
    spoon = _fork(rng)
    bank = [_touch(rng, wall.tuned(between(rng, 0.98, 1.02)), spoon, 0.35) for _ in range(10)]
    taps = int(rng.integers(2, 4)) if seconds > 2.0 and chance(rng, 0.5) else 0
    stop = seconds - (0.25 * taps + 0.25 if taps else 0.08)
    x = np.zeros(n)
    weights = sizes(int(rng.integers(3, 6)), rng, 1.5, 3.0) + 0.1
    for index, t in enumerate(
        beats(stop, 1 / (rate * len(weights)), 0.3, rng, between(rng, 0.02, 0.15))
    ):
        touch = bank[int(rng.integers(len(bank)))]
        add_at(x, t, touch, float(weights[index % len(weights)]) * between(rng, 0.4, 1.0))
    turning = swell(n, rate, rng, 0.5) * np.clip(8 * (stop - np.arange(n) / frames(1.0)), 0, 1)
    rub = unit(bandpass(white(n, rng), 1800, 8000, 1)) * turning
    wash = unit(bandpass(white(n, rng), 300, 1800, 1)) * turning
    x = peaked(x) + log_between(rng, 0.01, 0.04) * rub + log_between(rng, 0.008, 0.03) * wash
    drops = bubbles(rng, 20, 500, 2500, 0.2)
    places = poisson(n, 8 * turning, rng)
    x += between(rng, 0.05, 0.25) * peaked(scatter(n, places, sizes(len(places), rng), drops, rng))
    rim = Modes(wall.hz, 1.8 * wall.t60, wall.gains)
    for index in range(taps):
        tap = _touch(rng, rim, spoon, 0.5)
        add_at(x, stop + 0.1 + 0.22 * index, tap, between(rng, 0.8, 1.2))
    x = room(x, rng)
    attributes = {"tempo": tempo, "surface": surface}
    return finish(limited(x, 12), seconds, rng, attributes, LIVED_IN, fade_out=0.1)


TABLEWARE: dict[str, Recipe] = {
    "ice_in_glass": ice_in_glass,
    "toasting_glasses": toasting_glasses,
    "cutlery": cutlery,
    "stirring_glass": stirring_glass,
}
