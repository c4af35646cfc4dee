"""Doors, knocks, breaking glass, clock, telephone, keys, light switch and chair."""

from __future__ import annotations

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.clip import Synthesised, finish
from core.corpus.synthesis.envelopes import arch, beats, contour, decay, strike, swell, wander
from core.corpus.synthesis.filters import bandpass, highpass, lowpass, resonances
from core.corpus.synthesis.grains import add_at, burst, poisson, scatter, sizes
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import Modes, metal, pane, wood
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
from core.corpus.synthesis.sources import harmonics, pulses, room_air, sine, white
from core.corpus.synthesis.space import hall, reverb, room


def _latch(rng: Rng) -> Signal:
    """Lock and handle: a few small metal clicks."""
    n = frames(0.25)
    x = np.zeros(n)
    body = metal(rng, 1400, 9000, 16, t60=0.05)
    for _ in range(int(rng.integers(2, 5))):
        add_at(x, between(rng, 0, 0.12), body.struck(4000, rng), between(rng, 0.3, 1.0))
    return peaked(x)


def door_creak(seconds: float, rng: Rng) -> Synthesised:
    """Stick-slip pulses of the hinge, their rate following the push, through the panel's modes."""
    n = frames(seconds)
    x = np.zeros(n)
    tempo, pushes = level(rng, slow=1, steady=2, fast=3)
    panel = wood(rng, between(rng, 130, 260), 3800, 16, t60=0.06)
    squeak = [(float(hz), float(hz) / 30, 0.8) for hz in spread(rng, 450, 2600, 5)]
    start = between(rng, 0.05, 0.3)
    if chance(rng, 0.5):
        add_at(x, 0.03, _latch(rng), between(rng, 0.15, 0.5))
        start += 0.2
    each = max(0.35, (seconds - start - 0.1) / pushes)
    for push in range(pushes):
        m = frames(each * between(rng, 0.7, 0.95))
        top = log_between(rng, 60, 260)
        marks = np.sort(rng.uniform(0.15, 0.85, 3))
        hz = contour(
            m,
            (0, top * 0.3),
            *[
                (float(mark) + 1e-3 * k, top * log_between(rng, 0.4, 1.6))
                for k, mark in enumerate(marks)
            ],
            (1, top * 0.2),
        )
        slip = pulses(hz * 2 ** (0.12 * wander(m, 14, rng)), rng, 0.02, 0.3)
        slip = slip + 0.02 * bandpass(white(m, rng), 400, 4000, 1) * np.minimum(1, hz / top)
        tone = resonances(
            slip, *[(float(f), float(f) / 8, g) for f, g in zip(panel.hz, panel.gains, strict=True)]
        )
        cry = 0.6 * peaked(tone) + peaked(resonances(slip, *squeak))
        add_at(x, start + push * each, cry * arch(m, 0.1, 0.2) * swell(m, 5, rng, 0.4))
    x = room(x, rng) if chance(rng, 0.6) else hall(x, rng)
    x = peaked(x) + between(rng, 0.001, 0.006) * room_air(n, rng)
    return finish(x, seconds, rng, {"tempo": tempo, "surface": "wood"})


def door_slam(seconds: float, rng: Rng) -> Synthesised:
    """The leaf hits the frame: a thump of air, wooden modes, latch and rattling fittings."""
    n = frames(seconds)
    strength, force = level(rng, moderate=0.6, heavy=1.0)
    metallic = chance(rng, 0.25)
    x = np.zeros(n)
    at = between(rng, 0.03, min(0.5, seconds * 0.3))
    m = frames(0.9)
    hz = between(rng, 55, 95)
    thump = sine(hz * contour(m, (0, 1.6), (0.15, 1.0), (1, 0.8))) * strike(m, 0.003, 0.3)
    if metallic:
        body = metal(rng, between(rng, 110, 220), 5000, 36, t60=between(rng, 0.4, 1.2))
    else:
        body = wood(rng, between(rng, 85, 150), 3200, 24, t60=between(rng, 0.18, 0.35))
    x_hit = thump * (0.7 + 0.5 * force) + body.struck(m, rng, 900 + 2500 * force)
    slap = lowpass(white(m, rng), 2500 + 5000 * force, 1) * strike(
        m, 0.001, between(rng, 0.06, 0.14)
    )
    x_hit += 0.6 * peaked(slap)
    add_at(x, at, x_hit)
    add_at(x, at + between(rng, 0.005, 0.05), _latch(rng), between(rng, 0.2, 0.6))
    for bounce in range(int(rng.integers(0, 4))):
        late = at + 0.07 + 0.06 * bounce * between(rng, 0.7, 1.3)
        add_at(
            x, late, body.struck(frames(0.3), rng, 1500), 0.35 * between(rng, 0.4, 1) / (bounce + 1)
        )
    whoosh = bandpass(white(n, rng), 150, 1200, 1) * np.exp(-(((ticks(n) - at) / 0.12) ** 2))
    x += 0.05 * whoosh
    x = hall(x, rng) if chance(rng, 0.4) else room(x, rng)
    attributes = {"strength": strength, "surface": "metal" if metallic else "wood"}
    return finish(limited(x, 10), seconds, rng, attributes, fade_out=0.2)


def knock(seconds: float, rng: Rng) -> Synthesised:
    """Knuckles or a fist on a wooden door."""
    n = frames(seconds)
    strength, force = level(rng, light=0.4, moderate=0.7, heavy=1.0)
    body = wood(
        rng, between(rng, 110, 220) / (1 + 0.4 * force), 2800, 20, t60=between(rng, 0.1, 0.22)
    )
    x = np.zeros(n)
    t, pace = between(rng, 0.02, 0.2), between(rng, 0.16, 0.38)
    while t < seconds - 0.15:
        for _ in range(int(rng.integers(2, 6))):
            if t > seconds - 0.1:
                break
            blow = body.struck(frames(0.4), rng, 500 + 2200 * (1.2 - force), vary=0.15)
            thud = sine(np.full(frames(0.15), between(rng, 85, 120))) * decay(frames(0.15), 0.12)
            add_at(blow, 0, thud, force * 0.7)
            add_at(blow, 0, burst(rng, 700, 4500, 0.012), between(rng, 0.2, 0.5))
            add_at(x, t, blow, between(rng, 0.75, 1.0))
            t += pace * between(rng, 0.92, 1.08)
        t += between(rng, 0.6, 1.5)
    x = hall(x, rng) if chance(rng, 0.25) else room(x, rng)
    x = peaked(x) + between(rng, 0.0005, 0.004) * room_air(n, rng)
    return finish(limited(x, 10), seconds, rng, {"strength": strength, "surface": "wood"})


def _shards(n: int, rng: Rng, rate: float, fall: float) -> Signal:
    """Pieces of glass that land and bounce, fewer and fewer."""
    bank = []
    for _ in range(30):
        piece = pane(rng, log_between(rng, 1400, 4500), 16_000, log_between(rng, 0.05, 0.5))
        bank.append(piece.struck(frames(0.4), rng) * between(rng, 0.3, 1))
    places = poisson(n, rate * np.exp(-ticks(n) / fall), rng)
    return scatter(n, places, sizes(len(places), rng, 1.4), bank, rng)


def glass(seconds: float, rng: Rng) -> Synthesised:
    """A pane or vessel shatters: crack, dense high modes, then tinkling shards."""
    n = frames(seconds)
    strength, force = level(rng, light=0.4, moderate=1.0, heavy=2.0)
    x = np.zeros(n)
    at = between(rng, 0.02, 0.2)
    m = frames(min(1.2, seconds))
    count = int(60 * force**0.5)
    hz = spread(rng, 900 / force**0.3, 15_000, count)
    body = Modes(
        hz, 0.25 * (1500 / hz) ** 0.3 * np.exp(0.4 * rng.standard_normal(count)), rng.random(count)
    )
    crack = highpass(white(m, rng), 1200, 1) * strike(m, 0.0008, between(rng, 0.06, 0.2))
    add_at(x, at, body.struck(m, rng) + between(rng, 0.5, 1.0) * peaked(crack))
    if chance(rng, 0.5):
        thud = lowpass(white(m, rng), 400, 2) * strike(m, 0.002, 0.15)
        add_at(x, at, peaked(thud), 0.4)
    rest = n - frames(at)
    fall = _shards(rest, rng, 260 * force, between(rng, 0.15, 0.3) * force**0.3)
    late = _shards(rest, rng, 25 * force, between(rng, 0.4, 0.9))
    add_at(x, at + 0.02, fall, between(rng, 1.0, 1.8))
    add_at(x, at + between(rng, 0.15, 0.4), late, between(rng, 0.6, 1.2))
    x = room(x, rng)
    return finish(limited(x, 9), seconds, rng, {"strength": strength}, fade_out=0.2)


def clock(seconds: float, rng: Rng) -> Synthesised:
    """Tick and tock: drops of the escapement through gear plates and a wooden case."""
    n = frames(seconds)
    tempo, rate = level(rng, slow=1.0, steady=2.0, fast=4.0)
    case = wood(rng, log_between(rng, 220, 900), 4500, 14, t60=between(rng, 0.04, 0.14))
    plate = metal(rng, log_between(rng, 1800, 3500), 11_000, 18, t60=between(rng, 0.02, 0.08))
    x = np.zeros(n)
    sounds = []
    for factor in (1.0, between(rng, 0.8, 0.93)):
        m = frames(0.22)
        tick = np.zeros(m)
        for late in (0.0, between(rng, 0.004, 0.012), between(rng, 0.014, 0.03)):
            add_at(tick, late, plate.tuned(factor).struck(3500, rng), between(rng, 0.3, 1.0))
            add_at(tick, late, case.tuned(factor).struck(m, rng, 2500), between(rng, 0.3, 0.9))
        sounds.append(peaked(tick))
    limp = between(rng, 0.0, 0.06)
    pattern = (1 + limp, 1 - limp)
    times = beats(seconds, 1 / rate, 0.003, rng, between(rng, 0, 0.3), pattern)
    for index, t in enumerate(times):
        add_at(x, t, sounds[index % 2], between(rng, 0.88, 1.0))
    x = room(x, rng) if chance(rng, 0.8) else hall(x, rng)
    x = peaked(x) + between(rng, 0.001, 0.008) * room_air(n, rng)
    return finish(x, seconds, rng, {"tempo": tempo})


def _bell_ring(m: int, rng: Rng, gongs: list[Modes], rate: float) -> Signal:
    """Two gongs struck in turn by a clapper, `rate` times a second."""
    x = np.zeros(m)
    blows = [[g.struck(frames(0.7), rng, vary=0.05) for _ in range(2)] for g in gongs]
    stop = m / SAMPLE_RATE - 0.6
    for index, t in enumerate(beats(max(0.2, stop), 1 / rate, 0.015, rng)):
        pair = blows[index % 2]
        add_at(x, t, pair[int(rng.integers(2))], between(rng, 0.8, 1.0))
        add_at(x, t, burst(rng, 2000, 9000, 0.005), 0.15)
    return x


def telephone(seconds: float, rng: Rng) -> Synthesised:
    """An old bell telephone, or an electronic one that warbles between two tones."""
    n = frames(seconds)
    x = np.zeros(n)
    electronic = chance(rng, 0.35)
    twice = chance(rng, 0.35)
    rate = between(rng, 17, 26)
    base = log_between(rng, 900, 1500)
    ratios = np.array([1.0, 2.43, 2.47, 4.2, 5.9, 7.4])
    gongs = [
        Modes(base * tune * ratios, between(rng, 0.5, 1.0) * ratios**-0.6, ratios**-0.4)
        for tune in (1.0, between(rng, 1.1, 1.27))
    ]
    tones = (between(rng, 650, 950), between(rng, 1.15, 1.35))
    t = between(rng, 0.02, 0.15)
    while t < seconds - 0.2:
        for length in (0.5, 0.5) if twice else (between(rng, 1.2, 2.0),):
            m = frames(length + 0.6)
            if electronic:
                swap = np.sign(np.sin(2 * np.pi * rate * 0.6 * ticks(m)))
                hz = lowpass(tones[0] * np.where(swap > 0, 1.0, tones[1]), 400, 1)
                ring = harmonics(np.maximum(hz, 100), [1, 0.3, 0.35, 0.15, 0.2, 0.08, 0.1], rng)
                ring = ring * (ticks(m) < length) * arch(m, 0.02, 0.02)
                ring = peaked(bandpass(ring, 500, 5000, 1))
            else:
                ring = peaked(_bell_ring(m, rng, gongs, rate))
            add_at(x, t, ring)
            t += length + (0.25 if twice else 0.0)
        t += between(rng, 0.8, 2.0)
    x = reverb(x, rng, between(rng, 0.25, 0.8), between(rng, 0.1, 0.35), 4000)
    return finish(x, seconds, rng, {"distance": "close"})


def _key(rng: Rng) -> Modes:
    """A small free bar of brass or steel: a few bending and twisting modes."""
    low = log_between(rng, 1900, 6500)
    bar = np.array([1.0, 1.6, 2.76, 3.3, 5.4, 6.1]) * rng.uniform(0.9, 1.1, 6)
    hz = low * np.concatenate([bar, bar * (1 + rng.uniform(0.002, 0.012, 6))])
    t60 = between(rng, 0.12, 0.5) * (low / hz) ** 0.5 * np.exp(0.3 * rng.standard_normal(12))
    return Modes(hz, t60, (low / hz) ** 0.25 * rng.uniform(0.2, 1.0, 12))


def _clinks(rng: Rng, count: int) -> list[Signal]:
    """Blows of `count` keys on each other, some held short by the hand or their neighbours."""
    bank = []
    for _ in range(count):
        key = _key(rng)
        for _ in range(3):
            held = log_between(rng, 0.05, 0.6)
            m = frames(0.5)
            clink = key.struck(m, rng, vary=0.7) * decay(m, held)
            add_at(clink, 0, burst(rng, 3000, 12_000, 0.004), between(rng, 0.1, 0.5))
            bank.append(peaked(clink))
    return bank


def keys(seconds: float, rng: Rng) -> Synthesised:
    """A bunch of keys shaken: small bars strike each other in bursts, at each turn of the hand."""
    n = frames(seconds)
    strength, rate = level(rng, light=35.0, moderate=90.0, heavy=200.0)
    bank = _clinks(rng, int(rng.integers(4, 11)))
    shaken = np.zeros(n)
    t = between(rng, 0.02, 0.1)
    while t < seconds - 0.1:
        pace = between(rng, 0.09, 0.22)
        for _ in range(int(rng.integers(2, 9))):
            width = between(rng, 0.02, 0.05)
            shaken += between(rng, 0.4, 1.0) * np.exp(-(((ticks(n) - t) / width) ** 2))
            t += pace * between(rng, 0.8, 1.25)
        t += between(rng, 0.05, 0.6)
    places = poisson(n, rate * (shaken + 0.03), rng)
    places = np.append(places, frames(between(rng, 0.02, 0.1)))
    x = scatter(n, places, sizes(len(places), rng, 1.5, 8.0) + 0.03, bank, rng)
    ring = unit(bandpass(white(n, rng), 3500, 12_000, 1)) * shaken
    x = peaked(limited(x, 9)) + between(rng, 0.002, 0.012) * ring
    x = room(x, rng)
    return finish(x, seconds, rng, {"strength": strength})


def _snap(rng: Rng, plate: Modes, spring: Modes, wall: Modes, force: float) -> Signal:
    """One throw of the rocker: the finger's touch, the spring going over, the stop, a rebound."""
    m = frames(0.3)
    x = np.zeros(m)
    over = between(rng, 0.012, 0.045)
    add_at(x, 0.0, plate.struck(3000, rng, 5000), between(rng, 0.05, 0.25))
    add_at(x, over - 0.004, spring.struck(4000, rng), between(rng, 0.2, 0.7))
    add_at(x, over, plate.struck(m, rng, 7000 + 9000 * force), 1.0)
    add_at(x, over, wall.struck(m, rng, 900), between(rng, 0.1, 0.4) * force)
    add_at(x, over, burst(rng, 3000, 16_000, between(rng, 0.002, 0.008)), between(rng, 0.6, 1.4))
    for late in rng.uniform(0.004, 0.025, int(rng.integers(1, 4))):
        add_at(x, over + float(late), plate.struck(2500, rng, 7000), between(rng, 0.05, 0.35))
    return peaked(x)


def light_switch(seconds: float, rng: Rng) -> Synthesised:
    """A switch on a wall: a bistable spring snaps a plastic rocker against its plate."""
    n = frames(seconds)
    x = np.zeros(n)
    count, clicks = level(rng, single=1, several=int(rng.integers(2, 5)))
    plate = wood(rng, log_between(rng, 900, 2600), 15_000, 24, t60=between(rng, 0.012, 0.04))
    spring = metal(rng, log_between(rng, 2800, 6000), 15_000, 14, t60=between(rng, 0.03, 0.12))
    wall = wood(rng, between(rng, 130, 320), 1400, 10, t60=between(rng, 0.04, 0.1))
    back = between(rng, 0.88, 1.12)
    t = between(rng, 0.02, 0.2)
    for click in range(clicks):
        throw = plate.tuned(back if click % 2 else 1.0)
        add_at(
            x, t, _snap(rng, throw, spring, wall, between(rng, 0.4, 1.0)), between(rng, 0.8, 1.0)
        )
        if click and t > seconds - 0.1:
            break
        t += between(rng, 0.2, max(0.25, min(0.8, (seconds - 0.35) / clicks)))
    x = room(x, rng)
    x = peaked(x) + between(rng, 0.001, 0.004) * room_air(n, rng)
    return finish(x, seconds, rng, {"count": count}, fade_out=0.1)


def _scrape(rng: Rng, seat: Modes, length: float, force: float) -> Signal:
    """Legs dragged: each sticks and slips at a rate that follows the push, and shakes the seat."""
    m = frames(length)
    push = contour(
        m, (0, 0.25), (between(rng, 0.15, 0.35), 1.0), (0.75, between(rng, 0.5, 1)), (1, 0.3)
    )
    pitch = log_between(rng, 70, 330)
    x = np.zeros(m)
    for _ in range(int(rng.integers(2, 5))):
        hz = pitch * between(rng, 0.85, 1.2) * push**0.5 * 2 ** (0.12 * wander(m, 18, rng))
        slip = pulses(hz, rng, 0.08, 0.5) * np.clip(0.7 + 0.6 * wander(m, 9, rng), 0, 1.5)
        x += between(rng, 0.4, 1.0) * slip
    rub = bandpass(white(m, rng), 500, 7000, 1) * push * swell(m, 60, rng, 0.7)
    x = x + between(rng, 0.05, 0.2) * rub
    wooden = zip(seat.hz, seat.gains, strict=True)
    body = resonances(x, *[(float(f), 20 + float(f) / 7, float(g)) for f, g in wooden])
    shriek = [(float(f), float(f) / 22, 1.0) for f in spread(rng, 450, 2800, 4)]
    x = peaked(body) + between(rng, 0.2, 1.0) * peaked(resonances(x, *shriek)) + 0.12 * peaked(rub)
    return peaked(x * arch(m, 0.08, 0.15) * (0.5 + 0.5 * push)) * force


def _leg(rng: Rng, seat: Modes) -> Signal:
    """A leg set down: the floor's thump and the seat's wood."""
    m = frames(0.4)
    x = seat.struck(m, rng, log_between(rng, 600, 2000))
    low = sine(between(rng, 65, 120) * contour(m, (0, 1.3), (0.2, 1.0), (1, 0.9)))
    return peaked(x + between(rng, 0.4, 1.0) * low * strike(m, 0.003, 0.16))


def chair(seconds: float, rng: Rng) -> Synthesised:
    """A chair pushed over a floor: stick-slip of its legs through the seat, and thumps."""
    n = frames(seconds)
    strength, force = level(rng, light=0.45, moderate=0.75, heavy=1.0)
    seat = wood(rng, between(rng, 110, 240), 4200, 22, t60=between(rng, 0.08, 0.18))
    x = np.zeros(n)
    t = between(rng, 0.02, 0.15)
    if chance(rng, 0.5):
        add_at(x, t, _leg(rng, seat), force * between(rng, 0.3, 0.8))
        t += between(rng, 0.05, 0.2)
    while t < seconds - 0.3:
        length = min(between(rng, 0.25, 1.1), seconds - t - 0.1)
        add_at(x, t, _scrape(rng, seat, length, between(rng, 0.6, 1.0)))
        t += length
        for _ in range(int(rng.integers(0, 3))):
            add_at(x, t, _leg(rng, seat), force * between(rng, 0.3, 0.9))
            t += between(rng, 0.06, 0.16)
        t += between(rng, 0.05, 0.7)
    x = hall(x, rng) if chance(rng, 0.3) else room(x, rng)
    x = peaked(x) + between(rng, 0.001, 0.004) * room_air(n, rng)
    return finish(limited(x, 9), seconds, rng, {"strength": strength})
