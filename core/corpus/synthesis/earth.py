"""Branches, a falling tree, rocks, poured gravel, a landslide, the ice of a lake."""

from __future__ import annotations

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.clip import Recipe, Synthesised, finish, how_many
from core.corpus.synthesis.envelopes import arch, contour, decay, strike, swell
from core.corpus.synthesis.filters import (
    bandpass,
    highpass,
    lowpass,
    resonances,
    shaped,
    sweeping,
)
from core.corpus.synthesis.grains import add_at, burst, bursts, dust, poisson, scatter, sizes
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
    ticks,
)
from core.corpus.synthesis.sources import pink, pulses, sine, white
from core.corpus.synthesis.space import at_distance, draw_distance, outdoors, reverb


def _crack(rng: Rng, size: float) -> Signal:
    """Wood breaks: a few fractures within some hundredths of a second ring its fibres.

    `size` is 1 for a branch as thick as a thumb: a thicker one is lower and breaks longer.
    """
    m = frames(0.25 + 0.15 * size)
    low = 420 / size**0.7 * between(rng, 0.8, 1.3)
    stick = wood(rng, low, 9000, 24, t60=0.05 * size**0.4)
    x = np.zeros(m)
    parts = int(rng.integers(1, 4 + round(2 * size)))
    times = np.sort(rng.exponential(0.012 * size, parts))
    times = times - times[0]
    main = int(rng.integers(parts))
    for index, late in enumerate(times.tolist()):
        gain = 1.0 if index == main else between(rng, 0.2, 0.7)
        add_at(x, late, stick.struck(frames(0.12), rng, 7000, vary=0.5), 0.7 * gain)
        snap = burst(rng, 700 / size**0.5, 13_000 / size**0.3, between(rng, 0.006, 0.025))
        add_at(x, late, snap, gain)
    splinters = dust(900 * decay(m, 0.12 * size**0.5) + 1e-3, rng, 1.3)
    x += 0.4 * peaked(highpass(splinters, 1200, 1))
    return peaked(x)


def _straining(rng: Rng, length: float, size: float) -> Signal:
    """Fibres tear one by one, faster and faster, before the wood gives way."""
    m = frames(length)
    rate = 6 + between(rng, 60, 200) * np.linspace(0, 1, m) ** 3
    places = poisson(m, rate, rng)
    bank = bursts(rng, 16, (700 / size**0.5, 6000), (0.003, 0.015), 1.3)
    return scatter(m, places, sizes(len(places), rng, 1.3, 10), bank, rng)


def _rustle(rng: Rng, length: float) -> Signal:
    """Twigs and leaves shaken, then still."""
    m = frames(length)
    force = contour(m, (0, 0), (0.15, 1), (1, 0)) * swell(m, 9, rng, 0.4)
    leaves = shaped(dust(4000 * force + 1e-3, rng, 1.6), (300, -26), (2000, -4), (5000, 0))
    return peaked(leaves)


def branches(seconds: float, rng: Rng) -> Synthesised:
    """Branches snap: a strained crackle, the crack, and a rustle as the piece falls."""
    n = frames(seconds)
    strength, thick = level(rng, light=0.45, moderate=1.0, heavy=2.4)
    thick *= between(rng, 0.8, 1.25)
    several = chance(rng, 0.65)
    x = np.zeros(n)
    t, made = between(rng, 0.01, 0.15), 0
    while made == 0 or (several and t < seconds - 0.35):
        size = thick * between(rng, 0.75, 1.3)
        if chance(rng, 0.45) and seconds - t > 0.8:
            strain = between(rng, 0.12, 0.6)
            add_at(x, t, _straining(rng, strain, size), between(rng, 0.2, 0.6))
            t += strain
        add_at(x, t, _crack(rng, size), between(rng, 0.7, 1.0))
        if chance(rng, 0.5):
            rustling = _rustle(rng, between(rng, 0.2, 0.7))
            add_at(x, t + 0.04, rustling, between(rng, 0.05, 0.25))
        t += between(rng, 0.15, 0.4) if chance(rng, 0.3) else between(rng, 0.4, 1.5)
        made += 1
    x = at_distance(x, draw_distance(rng, 0.0), rng)
    attributes = {"strength": strength, "count": how_many(made)}
    return finish(limited(x, 11), seconds, rng, attributes, fade_out=0.1)


def falling_tree(seconds: float, rng: Rng) -> Synthesised:
    """A tree falls: the hinge groans and cracks, the crown rushes through the air, and it hits.

    Cracks come faster until it goes; the rush grows for a second or two with the speed of the
    crown; the blow shakes the ground at 35 to 70 Hz under breaking branches.
    """
    n = frames(seconds)
    strength, size = level(rng, moderate=1.6, heavy=3.0)
    x = np.zeros(n)
    hit = min(between(rng, 0.5, 0.68) * seconds, 5.5)
    goes = max(hit - between(rng, 1.0, 2.0), 0.35 * hit)
    m = frames(goes + 0.2)
    slips = pulses(contour(m, (0, 14), (0.7, 40), (1, between(rng, 60, 110))), rng, 0.3, 0.6)
    trunk = wood(rng, between(rng, 80, 160), 2500, 22, t60=0.12)
    groan = resonances(slips, *[(float(hz), float(hz) / 9, 1.0) for hz in trunk.hz[:12]])
    groan = peaked(groan * contour(m, (0, 0.15), (0.8, 1), (1, 0.4)))
    add_at(x, 0.02, groan, between(rng, 0.25, 0.5))
    places = poisson(m, 0.8 + 9 * np.linspace(0, 1, m) ** 3, rng)
    for place in np.append(places, frames(0.9 * goes)).tolist():
        add_at(x, place / SAMPLE_RATE, _crack(rng, size), between(rng, 0.4, 1.1))
    k = frames(hit - goes + 0.15)
    rush = sweeping(white(k, rng), contour(k, (0, 900), (1, 3200)), 3.0)
    rush = unit(rush) * contour(k, (0, 0), (0.5, 0.3), (0.95, 1), (1, 0.8)) * swell(k, 9, rng, 0.25)
    twigs = highpass(dust(2500 * np.linspace(0, 1, k) ** 2 + 1.0, rng, 1.4), 1200, 1)
    add_at(x, goes, peaked(rush + 0.5 * unit(twigs)), between(rng, 0.4, 0.6))
    rest = n - frames(hit)
    if rest > 0:
        add_at(x, hit, _landing(rest, rng, size), 0.8)
    distance = draw_distance(rng, 0.25)
    x = at_distance(x, distance, rng)
    attributes = {"strength": strength, "distance": distance}
    return finish(limited(x, 7), seconds, rng, attributes, fade_out=0.2)


def _landing(n: int, rng: Rng, size: float) -> Signal:
    """The ground's thud, the crown breaking for half a second, twigs that settle."""
    m = frames(1.2)
    boom = sine(between(rng, 36, 62) * contour(m, (0, 1.6), (0.15, 1), (1, 0.8)))
    x = np.zeros(n)
    add_at(x, 0, boom * strike(m, 0.012, between(rng, 0.5, 0.9)), 0.9)
    dull = lowpass(white(m, rng), between(rng, 250, 500)) * strike(m, 0.006, 0.45)
    add_at(x, 0, peaked(dull), 0.9)
    force = np.exp(-ticks(n) / between(rng, 0.2, 0.4))
    crush = shaped(white(n, rng), (100, -14), (500, -3), (1800, 0), (6000, -5), (15_000, -18))
    x += 0.9 * peaked(crush * force * swell(n, 30, rng, 0.5))
    for place in poisson(n, 18 * force**1.5 + 0.2 * force**0.2, rng).tolist():
        add_at(x, place / SAMPLE_RATE, _crack(rng, size * between(rng, 0.2, 0.6)), 0.5)
    settling = 500 * np.exp(-ticks(n) / 0.7)
    twigs = shaped(dust(settling + 1e-3, rng, 1.4), (300, -20), (1500, -2), (5000, 0), (15e3, -8))
    return x + 0.4 * peaked(twigs)


def _stone(rng: Rng, size: float) -> Modes:
    """A stone that is free to ring: few, inharmonic modes; fist-sized at 1, about 1 to 8 kHz."""
    count = int(rng.integers(7, 13))
    hz = spread(rng, 950 / size, 8500 / size**0.5, count)
    return Modes(hz, between(rng, 0.02, 0.06) * (hz[0] / hz) ** 0.5, rng.uniform(0.3, 1.0, count))


def _knocks(rng: Rng, count: int, size: float) -> list[Signal]:
    """Stones of about one size knocked on each other; large ones thud besides."""
    bank = []
    for _ in range(count):
        own = size * log_between(rng, 0.6, 1.6)
        x = _stone(rng, own).struck(frames(0.06 + 0.08 * min(own, 2)), rng, 12_000 / own, vary=0.6)
        click = burst(rng, 1500 / own**0.5, 12_000 / own**0.3, between(rng, 0.003, 0.009))
        add_at(x, 0, click, between(rng, 0.5, 1.0))
        if own > 1.3:
            thud = lowpass(white(len(x), rng), 300 / own**0.5) * strike(len(x), 0.002, 0.1)
            add_at(x, 0, peaked(thud), between(rng, 0.2, 0.5))
        bank.append(peaked(x))
    return bank


def _tumble(length: float, rng: Rng) -> Signal:
    """How often a falling stone strikes: hops that grow shorter as it comes to rest."""
    times, t = [], 0.0
    hop = between(rng, 0.14, 0.4)
    while t < length:
        times.append(t)
        t += hop * between(rng, 0.5, 1.3)
        hop *= between(rng, 0.75, 1.02)
        if hop < 0.015:
            break
    return np.array(times)


def rocks(seconds: float, rng: Rng) -> Synthesised:
    """Rocks knock and tumble: stones of some hand's breadths, each on its way down in hops.

    They hit other stone and earth: each knock has a dull part below 400 Hz, loosens grit, and
    what slides along with them hisses and rumbles under the knocks.
    """
    n = frames(seconds)
    strength, size = level(rng, light=0.9, moderate=1.5, heavy=2.8)
    _, stones = level(rng, several=1.6, many=4.5)
    bank = _knocks(rng, 30, size)
    grit = bursts(rng, 20, (1000, 6000), (0.004, 0.016), 1.2)
    earth = [peaked(lowpass(white(3500, rng), 400 / size**0.5) * decay(3500, 0.1)) for _ in "abcd"]
    x, moved = np.zeros(n), np.zeros(n)
    falls = [between(rng, 0.01, 0.1)]
    falls += rng.uniform(0, max(0.2, seconds - 0.5), max(1, int(stones * seconds / 2))).tolist()
    swept = decay(frames(0.5), 0.5)
    for start in falls:
        own = int(rng.integers(len(bank)))
        for hop in _tumble(between(rng, 0.5, 2.4), rng).tolist():
            blow = bank[own] if chance(rng, 0.5) else bank[int(rng.integers(len(bank)))]
            gain = log_between(rng, 0.15, 1.0) * np.exp(-0.8 * hop)
            add_at(x, start + hop, blow, gain)
            add_at(x, start + hop, earth[int(rng.integers(4))], between(rng, 0.1, 0.4) * gain)
            add_at(moved, start + hop, swept, gain)
    places = poisson(n, between(rng, 30, 100) * moved + 1e-3, rng)
    x += 0.5 * scatter(n, places, sizes(len(places), rng, 1.4), grit, rng)
    slide = shaped(pink(n, rng), (60, -8), (200, 0), (900, -3), (3500, -6), (12_000, -18))
    x += between(rng, 0.004, 0.02) * unit(slide) * np.minimum(moved, 2.0) * swell(n, 12, rng, 0.4)
    x = at_distance(x, "close", rng)
    return finish(
        limited(x, 10), seconds, rng, {"strength": strength, "count": how_many(len(falls))}
    )


def gravel_poured(seconds: float, rng: Rng) -> Synthesised:
    """Gravel slides off a lip and lands on its heap: thousands of small knocks a second."""
    n = frames(seconds)
    strength, (rate, size) = level(rng, light=(500, 0.28), moderate=(1300, 0.4), heavy=(2600, 0.6))
    stop = seconds * between(rng, 0.75, 1.1)
    flow = np.clip(ticks(n) / between(rng, 0.08, 0.5), 0, 1) * np.clip(
        (stop - ticks(n)) / 0.4, 0, 1
    )
    flow = flow * swell(n, between(rng, 1.0, 3.0), rng, 0.3)
    bank = _knocks(rng, 50, size)
    places = poisson(n, rate * flow + 1e-3, rng)
    knocks = scatter(n, places, sizes(len(places), rng, 1.6, 10), bank, rng)
    mass = dust(9000 * flow + 1e-3, rng, 1.8)
    mass = shaped(mass, (80, -12), (350, -4), (1500 / size**0.5, 0), (6000, -3), (15_000, -12))
    slide = shaped(pink(n, rng), (60, -10), (250, -2), (900, 0), (4000, -5), (12_000, -18)) * flow
    x = unit(knocks) + between(rng, 0.35, 0.7) * unit(mass) + between(rng, 0.1, 0.35) * unit(slide)
    if chance(rng, 0.4):
        tray = [(float(hz), float(hz) / 14, 1.0) for hz in spread(rng, 150, 1400, 7)]
        x += between(rng, 0.15, 0.4) * unit(resonances(x, *tray))
    late = np.maximum(ticks(n) - stop, 0)
    after: Signal = np.where(late > 0, 40 * np.exp(-late / 0.4), 0.0)
    places = poisson(n, after + 1e-3, rng)
    x += scatter(n, places, sizes(len(places), rng), bank, rng)
    return finish(limited(outdoors(x, rng), 7), seconds, rng, {"strength": strength})


def landslide(seconds: float, rng: Rng) -> Synthesised:
    """Earth and boulders run down a slope: a rumble that swells, blows in it, stones, dust."""
    n = frames(seconds)
    peak = between(rng, 0.3, 0.65)
    mass = contour(n, (0, 0.04), (peak * 0.6, 0.5), (peak, 1), (0.85, 0.35), (1, 0.1))
    mass = mass * swell(n, between(rng, 0.8, 2.0), rng, 0.25)
    rumble = shaped(white(n, rng), (18, 25), (35, 29), (110, 19), (300, 2), (1200, -26))
    x = unit(rumble) * mass * swell(n, 7, rng, 0.25)
    flow = shaped(white(n, rng), (60, 0), (250, 6), (1000, -2), (4000, -15), (12_000, -35))
    x += between(rng, 0.5, 0.9) * unit(flow * mass**1.2 * swell(n, 12, rng, 0.25))
    boulders = []
    for _ in range(10):
        k = frames(0.5)
        blow = lowpass(white(k, rng), log_between(rng, 120, 420)) * strike(k, 0.004, 0.3)
        knock = _knocks(rng, 1, log_between(rng, 2.0, 5.0))[0]
        add_at(blow := peaked(blow), 0, knock, between(rng, 0.2, 0.6))
        boulders.append(blow)
    places = poisson(n, between(rng, 9, 22) * mass + 0.05, rng)
    x += 1.6 * scatter(n, places, sizes(len(places), rng, 1.4, 8), boulders, rng)
    places = poisson(n, between(rng, 150, 400) * mass, rng)
    stones = scatter(n, places, sizes(len(places), rng, 1.5), _knocks(rng, 24, 0.9), rng)
    x += between(rng, 0.25, 0.5) * unit(stones)
    if chance(rng, 0.4):
        for place in poisson(n, 1.0 * mass, rng).tolist():
            add_at(x, place / SAMPLE_RATE, _crack(rng, 2.5), between(rng, 0.4, 1.2))
    distance = draw_distance(rng, 0.3)
    x = at_distance(x, distance, rng)
    attributes = {"strength": "heavy", "distance": distance}
    return finish(limited(x, 5), seconds, rng, attributes, fade_out=min(0.6, seconds / 6))


def _flexural(rng: Rng, high: float, spread_seconds: float) -> Signal:
    """A crack heard through a floating sheet, where high tones travel faster than low ones.

    A flexural wave's speed grows with the root of its frequency, so that what arrives at time
    t after the first has fallen as 1/t**2: the *pew* of a frozen lake.
    """
    m = frames(min(6 * spread_seconds, 1.6))
    t = ticks(m)
    hz = np.maximum(high / (1 + t / spread_seconds) ** 2, 60)
    x = np.zeros(m)
    for tune in (1.0, between(rng, 1.005, 1.03)):
        x += sine(hz * tune, between(rng, 0, 1))
    tone = x * (hz / high) ** between(rng, 0.1, 0.4)
    rough = 1 + 0.5 * bandpass(white(m, rng), 30, 200, 1)
    return peaked(tone * rough * np.minimum(t / 0.002, 1) * decay(m, 9 * spread_seconds))


def ice_cracking(seconds: float, rng: Rng) -> Synthesised:
    """A frozen lake: cracks, falling chirps from far along the sheet, groans as it settles."""
    n = frames(seconds)
    _, rate = level(rng, several=0.9, many=2.6)
    x = np.zeros(n)
    times = [between(rng, 0.02, 0.2), *rng.uniform(0.1, seconds, int(rate * seconds)).tolist()]
    for t in times:
        gain = between(rng, 0.25, 1.0)
        if chance(rng, 0.55):
            chirp = _flexural(rng, log_between(rng, 2500, 9000), log_between(rng, 0.02, 0.16))
            add_at(x, t, chirp, gain)
            if chance(rng, 0.4):
                add_at(x, t + between(rng, 0.08, 0.4), chirp, 0.4 * gain)
        if chance(rng, 0.7):
            add_at(x, t, _ice_crack(rng), gain)
        if chance(rng, 0.3):
            k = frames(between(rng, 0.4, 1.2))
            hz = log_between(rng, 70, 180) * contour(k, (0, 1), (1, between(rng, 0.6, 1.4)))
            slips = pulses(hz, rng, 0.1, 0.4)
            groan = resonances(slips, (180, 60, 1), (420, 120, 0.7), (950, 300, 0.4))
            add_at(x, t, peaked(groan * arch(k, 0.3, 0.5)), 0.35 * gain)
    x = reverb(x, rng, between(rng, 1.0, 2.5), between(rng, 0.25, 0.6), 2500)
    air = shaped(pink(n, rng), (40, -4), (150, 0), (600, -10), (3000, -26), (12_000, -44))
    x = peaked(x) + between(rng, 0.002, 0.008) * unit(air)
    return finish(limited(x, 9), seconds, rng, {"count": how_many(len(times))}, fade_out=0.15)


def _ice_crack(rng: Rng) -> Signal:
    """A fracture that runs: clicks thick at first, within a few hundredths of a second."""
    k = frames(between(rng, 0.08, 0.35))
    splits = dust(between(rng, 300, 1200) * decay(k, 0.15) + 1e-3, rng, 1.2)
    split = shaped(splits, (150, -14), (700, -2), (2500, 0), (8000, -3), (16_000, -9))
    crack = peaked(split)
    add_at(crack, 0, burst(rng, 500, 11_000, between(rng, 0.01, 0.04)), 1.0)
    thump = lowpass(white(k, rng), between(rng, 150, 400)) * strike(k, 0.003, 0.12)
    add_at(crack, 0, peaked(thump), between(rng, 0.2, 0.7))
    return peaked(crack)


EARTH: dict[str, Recipe] = {
    "branches": branches,
    "falling_tree": falling_tree,
    "rocks": rocks,
    "gravel_poured": gravel_poured,
    "landslide": landslide,
    "ice_cracking": ice_cracking,
}
"""Recipes of candidate kinds, by name."""
