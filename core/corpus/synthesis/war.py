"""Blades, bows, guns and explosions, and the sounds of invented weapons, machines and spells."""

from __future__ import annotations

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.clip import Synthesised, finish
from core.corpus.synthesis.envelopes import arch, beats, contour, decay, strike, swell, wander
from core.corpus.synthesis.filters import bandpass, highpass, lowpass, resonances, sweeping
from core.corpus.synthesis.grains import add_at, burst, bursts, poisson, scatter, sizes
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
    ticks,
)
from core.corpus.synthesis.sources import brown, harmonics, pink, pulses, sine, tilted, white
from core.corpus.synthesis.space import at_distance, draw_distance, outdoors, reverb, room


def _blade(rng: Rng) -> Modes:
    low = log_between(rng, 1400, 3800)
    return metal(rng, low, 14_000, int(rng.integers(30, 50)), t60=log_between(rng, 0.25, 1.4))


def _scrape(rng: Rng, blade: Modes) -> Signal:
    """One edge sliding along another: noise and chatter through the blade's modes."""
    n = frames(between(rng, 0.2, 0.6))
    chatter = pulses(contour(n, (0, 300), (1, between(rng, 600, 2000))), rng, 0.3, 0.6)
    rub = 0.3 * chatter + 0.3 * white(n, rng)
    picks = rng.choice(len(blade.hz), 8, replace=False)
    ring = resonances(rub, *[(float(blade.hz[k]), 60.0, 1.0) for k in picks])
    edge = sweeping(white(n, rng), contour(n, (0, 3000), (1, between(rng, 5000, 9000))), 0.8)
    return peaked((unit(ring) + 0.7 * unit(edge)) * arch(n, 0.3, 0.4))


def sword(seconds: float, rng: Rng) -> Synthesised:
    """Blades clash, ring against each other, and slide off."""
    n = frames(seconds)
    tempo, interval = level(rng, slow=1.4, steady=0.8, fast=0.42)
    blades = [_blade(rng) for _ in range(2)]
    hits = beats(seconds - 0.2, interval, 0.3, rng, first=between(rng, 0.01, 0.25))
    single = chance(rng, 0.15)
    x = np.zeros(n)
    for t in hits[:1] if single else hits:
        m = frames(1.4)
        clash = np.zeros(m)
        for late in (0.0, *rng.uniform(0.005, 0.05, int(rng.integers(0, 3)))):
            for blade in blades:
                add_at(
                    clash, float(late), blade.struck(m, rng, 9000, vary=0.5), between(rng, 0.4, 1.0)
                )
        add_at(clash, 0, burst(rng, 1800, 12_000, between(rng, 0.01, 0.04)), between(rng, 0.6, 1.2))
        thud = lowpass(white(m, rng), log_between(rng, 150, 500)) * strike(m, 0.002, 0.12)
        clash = peaked(clash) + between(rng, 0.2, 0.8) * peaked(thud)
        add_at(x, t, clash, between(rng, 0.6, 1.0))
        if chance(rng, 0.4):
            add_at(x, t + 0.03, _scrape(rng, blades[0]), between(rng, 0.1, 0.4))
        if chance(rng, 0.4):
            m = frames(0.3)
            swing = sweeping(white(m, rng), contour(m, (0, 500), (0.7, 1800), (1, 900)), 1.2)
            add_at(x, t - 0.3, peaked(swing) * arch(m, 0.6, 0.3), between(rng, 0.04, 0.15))
    x = room(x, rng) if chance(rng, 0.5) else outdoors(x, rng)
    attributes = (
        {"count": "single"} if single or len(hits) == 1 else {"count": "several", "tempo": tempo}
    )
    return finish(limited(x, 9), seconds, rng, attributes)


def _shot(rng: Rng) -> Signal:
    """String, arrow in flight, and its arrival in wood or earth."""
    flight = between(rng, 0.15, 0.5)
    n = frames(flight + 1.1)
    x = np.zeros(n)
    m = frames(0.4)
    f = between(rng, 50, 110)
    string = harmonics(f * contour(m, (0, 1.25), (0.3, 1), (1, 0.98)), tilted(20, 4), rng)
    twang = unit(string) * strike(m, 0.002, between(rng, 0.15, 0.4))
    limbs = wood(rng, 140, 2200, 12, t60=0.08).struck(m, rng)
    slap = np.pad(burst(rng, 500, 5000, 0.03), (0, m))[:m]
    push = lowpass(white(m, rng), 90) * strike(m, 0.003, 0.15)
    bow = peaked(0.4 * twang + 0.6 * limbs + 0.6 * slap) + between(rng, 0.4, 1.2) * peaked(push)
    add_at(x, 0.02, bow, between(rng, 0.5, 0.9))
    m = frames(flight + 0.15)
    top = log_between(rng, 4000, 9000)
    centre = contour(m, (0, top), (0.4, top * 0.8), (1, top * 0.3))
    whoosh = sweeping(white(m, rng), centre, 1.3) * arch(m, 0.2, 0.25)
    flutter = 1 + 0.5 * np.sin(2 * np.pi * between(rng, 35, 70) * ticks(m))
    add_at(x, 0.03, peaked(whoosh * flutter), between(rng, 0.25, 0.6))
    m = frames(0.8)
    target = wood(rng, between(rng, 130, 260), 2600, 16, t60=0.12).struck(m, rng, 2000)
    thud = 0.6 * target + peaked(lowpass(white(m, rng), 250) * strike(m, 0.001, 0.1))
    f = between(rng, 45, 90)
    quiver = sine(np.full(m, f)) * sine(np.full(m, f * 6.3)) * decay(m, 0.4)
    add_at(x, 0.02 + flight, peaked(thud) + between(rng, 0.1, 0.3) * quiver, between(rng, 0.6, 1.0))
    return x


def arrow(seconds: float, rng: Rng) -> Synthesised:
    """One arrow, or a few, shot from a bow."""
    n = frames(seconds)
    x = np.zeros(n)
    add_at(x, between(rng, 0.0, 0.1), _shot(rng))
    several = seconds > 2 and chance(rng, 0.4)
    if several:
        for t in beats(
            seconds - 0.8, between(rng, 0.5, 1.2), 0.3, rng, first=between(rng, 0.5, 0.9)
        ):
            add_at(x, t, _shot(rng), between(rng, 0.5, 1.0))
    x = room(x, rng) if chance(rng, 0.3) else outdoors(x, rng)
    return finish(limited(x, 10), seconds, rng, {"count": "several" if several else "single"})


def _blast(n: int, rng: Rng, length: float, bright: float) -> Signal:
    """Friedlander's blast wave, then hot gas: noise that darkens as it decays."""
    t = ticks(n)
    wave = (1 - t / length) * np.exp(-t / length * 1.2)
    gas = sweeping(white(n, rng), contour(n, (0, bright), (0.25, bright / 5), (1, 150)), 4.0)
    body = lowpass(white(n, rng), 500, 1) * strike(n, 0.002, length * 40)
    x = peaked(wave) + peaked(gas * strike(n, 0.0005, length * 35)) + 0.8 * peaked(body)
    return peaked(x)


def _field(x: Signal, rng: Rng, loud: float) -> Signal:
    """Slap-back from hills and walls, then a long dull roll."""
    out = x.copy()
    for _ in range(int(rng.integers(2, 7))):
        late = frames(between(rng, 0.08, 0.9))
        if late < len(x):
            out[late:] += (
                loud * between(rng, 0.05, 0.3) * lowpass(x[:-late], log_between(rng, 600, 3000), 1)
            )
    return reverb(out, rng, between(rng, 1.0, 2.8), loud * between(rng, 0.12, 0.45), 1200)


def gunshot(seconds: float, rng: Rng) -> Synthesised:
    """A pistol, rifle or burst: muzzle blast, mechanism, echoes."""
    n = frames(seconds)
    count, shots = level(rng, single=1, several=4, many=12)
    rifle = chance(rng, 0.5)
    automatic = count == "many"
    interval = between(rng, 0.08, 0.13) if automatic else between(rng, 0.35, 0.9)
    distance = draw_distance(rng, 0.3)
    bright = log_between(rng, 3000, 8000)
    length = between(rng, 0.002, 0.005) * (1.6 if rifle else 1.0)
    bolt = metal(rng, 1500, 9000, 14, t60=0.06)
    x = np.zeros(n)
    fired = 0
    for t in beats(seconds - 0.3, interval, 0.04, rng, first=between(rng, 0.01, 0.15))[:shots]:
        fired += 1
        add_at(x, t, _blast(frames(0.5), rng, length, bright), between(rng, 0.9, 1.0))
        if distance == "close" and chance(rng, 0.6):
            add_at(
                x, t + between(rng, 0.03, 0.07), bolt.struck(5000, rng), between(rng, 0.03, 0.12)
            )
    x = _field(limited(x, 14), rng, 1.0)
    if distance == "distant":
        x = at_distance(x, distance, rng)
    count = "single" if fired == 1 else count if fired < 6 else "many"
    attributes = {"distance": distance, "count": count}
    return finish(limited(x, 10), seconds, rng, attributes, fade_out=0.2)


def explosion(seconds: float, rng: Rng) -> Synthesised:
    """Blast, fireball, rumble, and debris raining down."""
    n = frames(seconds)
    strength, force = level(rng, moderate=0.7, heavy=1.3)
    distance = draw_distance(rng, 0.35)
    x = np.zeros(n)
    at = between(rng, 0.02, 0.25)
    rest = n - frames(at)
    blast = _blast(rest, rng, between(rng, 0.008, 0.02) * force, log_between(rng, 2500, 6000))
    boom = sine(between(rng, 32, 55) * contour(rest, (0, 2.0), (0.05, 1.2), (1, 0.6)))
    boom = boom * strike(rest, 0.01, between(rng, 0.9, 1.8))
    fireball = sweeping(
        brown(rest, rng) + 0.3 * pink(rest, rng), contour(rest, (0, 900), (0.2, 350), (1, 90)), 4.5
    )
    roll = (
        unit(fireball)
        * strike(rest, 0.02, seconds * between(rng, 0.6, 1.1))
        * swell(rest, 6, rng, 0.3)
    )
    add_at(x, at, blast + 0.9 * boom * force + 0.6 * roll)
    if distance == "close":
        bank = bursts(rng, 30, (300, 4000), (0.006, 0.05), 1.0)
        falling = 90 * force * np.exp(-(((ticks(rest) - 0.9) / 0.8) ** 2))
        places = poisson(rest, falling, rng)
        debris = scatter(rest, places, sizes(len(places), rng), bank, rng)
        add_at(x, at, debris, between(rng, 0.15, 0.5))
    x = _field(limited(x, 8), rng, 1.2)
    x = at_distance(x, distance, rng) if distance == "distant" else x
    attributes = {"strength": strength, "distance": distance}
    return finish(limited(x, 5), seconds, rng, attributes, fade_out=min(0.8, seconds / 4))


def _muzzle(rng: Rng, n: int, force: float) -> Signal:
    """A cannon's muzzle: short crack, deep blast of powder gas, and a boom that sinks."""
    length = between(rng, 0.008, 0.016) * force
    x = between(rng, 0.7, 1.0) * _blast(n, rng, length, log_between(rng, 1500, 3500))
    add_at(x, 0, burst(rng, 900, 7000, between(rng, 0.02, 0.04)), between(rng, 0.3, 0.7))
    boom = sine(between(rng, 38, 60) / force * contour(n, (0, 1.9), (0.04, 1.15), (1, 0.7)))
    x += between(rng, 0.35, 0.65) * boom * strike(n, 0.006, between(rng, 0.5, 1.0) * force)
    gas = sweeping(white(n, rng), contour(n, (0, 900), (0.1, 350), (0.4, 170), (1, 90)), 3.2)
    tail = unit(gas) * strike(n, 0.01, between(rng, 0.9, 1.8) * force) * swell(n, 9, rng, 0.25)
    return peaked(x) + between(rng, 0.7, 1.2) * peaked(tail)


def _hills(x: Signal, rng: Rng) -> Signal:
    """The boom comes back from far slopes, duller the later, and rolls away."""
    out = x.copy()
    for _ in range(int(rng.integers(2, 5))):
        away = between(rng, 0.25, 1.8)
        late = frames(away)
        if late < len(x):
            echo = lowpass(x[:-late], 1200 / (1 + away), 1)
            out[late:] += between(rng, 0.15, 0.4) / (1 + away) * echo
    return reverb(out, rng, between(rng, 2.2, 4.5), between(rng, 0.25, 0.55), 700)


def cannon(seconds: float, rng: Rng) -> Synthesised:
    """A muzzle-loading cannon, alone or in a battery: crack, deep blast, long rolling echo.

    A larger charge in a wider bore gives a longer Friedlander wave, hence a deeper boom.
    """
    n = frames(seconds)
    strength, force = level(rng, moderate=0.85, heavy=1.25)
    distance = draw_distance(rng, 0.35)
    salvo = seconds > 3.5 and chance(rng, 0.35)
    hits = beats(seconds - 1.0, between(rng, 0.7, 1.8), 0.35, rng, first=between(rng, 0.01, 0.15))
    fired = hits[: int(rng.integers(2, 6))] if salvo else hits[:1] or [0.01]
    x = np.zeros(n)
    for t in fired:
        add_at(x, t, _muzzle(rng, min(n, frames(4.0)), force), between(rng, 0.7, 1.0))
    x = _hills(limited(x, 9), rng)
    x = at_distance(x, distance, rng) if distance == "distant" else x
    count = "single" if len(fired) == 1 else "several"
    attributes = {"strength": strength, "distance": distance, "count": count}
    return finish(limited(x, 7), seconds, rng, attributes, fade_out=min(0.6, seconds / 4))


def _zap(rng: Rng, top: float, length: float, index: float) -> Signal:
    """One shot: a steep fall in pitch of a frequency-modulated tone, with a burst of air."""
    n = frames(length)
    hz = top * (log_between(rng, 0.04, 0.15) ** contour(n, (0, 0), (0.3, 0.55), (1, 1)))
    ratio = float(rng.choice([0.5, 1.0, 1.41, 2.0, 3.5]))
    modulation = index * sine(hz * ratio) * decay(n, length * 2)
    tone = np.sin(2 * np.pi * np.cumsum(hz) / SAMPLE_RATE + modulation)
    tone += 0.4 * np.sin(2 * np.pi * np.cumsum(hz * 1.011) / SAMPLE_RATE + modulation)
    air = sweeping(white(n, rng), np.clip(hz * 1.5, 200, 12_000), 1.5)
    x = (tone + between(rng, 0.1, 0.5) * peaked(air)) * strike(n, 0.002, length * 1.2)
    return peaked(np.tanh(1.5 * x))


def laser(seconds: float, rng: Rng) -> Synthesised:
    """Science-fiction shots, alone or in a salvo."""
    n = frames(seconds)
    tempo, interval = level(rng, slow=0.9, steady=0.45, fast=0.18)
    top, length = log_between(rng, 1000, 6000), between(rng, 0.18, 0.5)
    index, thump = between(rng, 0.5, 5), between(rng, 0.2, 1.1)
    hits = beats(seconds - 0.15, interval, 0.1, rng, first=between(rng, 0.01, 0.1))
    single = chance(rng, 0.2)
    x = np.zeros(n)
    for t in hits[:1] if single else hits:
        add_at(x, t, _zap(rng, top * between(rng, 0.9, 1.1), length, index), between(rng, 0.7, 1.0))
        m = frames(0.2)
        kick = sine(90 * contour(m, (0, 2.5), (0.3, 1), (1, 0.6))) * decay(m, 0.15)
        add_at(x, t, kick, thump)
        add_at(x, t, burst(rng, 800, 6000, 0.02), 0.3 * thump)
    late = frames(between(rng, 0.003, 0.012))
    x[late:] += between(rng, 0.2, 0.6) * x[:-late]
    x = reverb(x, rng, between(rng, 0.4, 1.5), between(rng, 0.1, 0.4), 4000)
    one = single or len(hits) == 1
    attributes = {"count": "single"} if one else {"count": "several", "tempo": tempo}
    return finish(limited(x, 7), seconds, rng, attributes)


def _servo(rng: Rng, length: float, base: float) -> Signal:
    """One move of a joint: the motor spins up, holds and brakes; gears and brushes sound."""
    n = frames(length)
    top = base * log_between(rng, 0.7, 1.5)
    speed = contour(n, (0, 0.15), (0.2, 1.0), (0.75, between(rng, 0.8, 1.15)), (1, 0.12))
    hz = top * speed * (1 + 0.01 * wander(n, 15, rng))
    motor = harmonics(hz, [1, 0.7, 0.5, 0.6, 0.3, 0.25, 0.2, 0.15, 0.1, 0.1], rng)
    gear = harmonics(hz * between(rng, 2.2, 3.8), [0.6, 0.3, 0.15], rng)
    teeth = 1 + 0.5 * np.sin(2 * np.pi * np.cumsum(hz / between(rng, 6, 14)) / SAMPLE_RATE)
    brush = bandpass(white(n, rng), 1500, 9000, 1) * speed
    x = (unit(motor) + 0.6 * unit(gear)) * teeth + between(rng, 0.15, 0.5) * unit(brush)
    x = resonances(x, (top, top, 0.8), (1800, 1200, 1.0), (3600, 2200, 0.8)) + 0.2 * x
    return peaked(x * (0.3 + 0.7 * speed) * arch(n, 0.08, 0.12))


def robot(seconds: float, rng: Rng) -> Synthesised:
    """Servo moves with clicks of the stops, at times a hiss of air or a heavy foot."""
    n = frames(seconds)
    tempo, pace = level(rng, slow=0.9, steady=0.55, fast=0.28)
    base = log_between(rng, 220, 1000)
    click = metal(rng, between(rng, 500, 1500), 8000, 16, t60=0.1)
    heavy = chance(rng, 0.35)
    x = np.zeros(n)
    t = between(rng, 0.01, 0.1)
    while t < seconds - 0.1:
        length = pace * between(rng, 0.6, 1.3)
        add_at(x, t, _servo(rng, length, base), between(rng, 0.6, 1.0))
        add_at(x, t + length, click.struck(8000, rng), between(rng, 0.15, 0.5))
        if heavy and chance(rng, 0.5):
            m = frames(0.5)
            foot = metal(rng, 80, 2500, 20, t60=0.25).struck(m, rng, 1200)
            add_at(x, t + length, foot + peaked(lowpass(white(m, rng), 250) * decay(m, 0.2)), 0.6)
        if chance(rng, 0.2):
            m = frames(between(rng, 0.15, 0.4))
            puff = highpass(white(m, rng), 2000, 1) * strike(m, 0.01, m / SAMPLE_RATE)
            add_at(x, t + length, peaked(puff), between(rng, 0.1, 0.35))
        t += length + pace * between(rng, 0.05, 0.5)
    hum = unit(harmonics(np.full(n, between(rng, 50, 120)), tilted(12, 5), rng))
    x = room(peaked(x) + between(rng, 0.001, 0.02) * hum, rng)
    return finish(limited(x, 7), seconds, rng, {"tempo": tempo})


def magic(seconds: float, rng: Rng) -> Synthesised:
    """A rising swell of glassy bells, sparkles and air, dissolving in a long tail."""
    n = frames(seconds)
    tempo, rate = level(rng, slow=9.0, steady=18.0, fast=40.0)
    root = log_between(rng, 230, 800)
    steps = np.array([0, 2, 4, 7, 9, 11, 12, 14, 16, 19, 21, 24, 28, 31, 36])
    bells = []
    for step in steps:
        ratios = np.array([1, 2.756, 5.404, 2.005, 4.02])
        body = Modes(root * 2 ** (step / 12) * ratios, 1.2 * ratios**-0.7, ratios**-0.8)
        bells.append(body.struck(frames(1.4), rng))
    peak = between(rng, 0.3, 0.6)
    shape = contour(n, (0, 0.05), (peak, 1.0), (0.8, 0.3), (1, 0))
    places = poisson(n, rate * shape, rng)
    x = np.zeros(n)
    up = chance(rng, 0.6)
    for place_, gain in zip(
        places.tolist(), rng.uniform(0.2, 1, len(places)).tolist(), strict=True
    ):
        progress = place_ / n if up else 1 - place_ / n
        index = int(np.clip(progress * len(bells) + 2.5 * rng.standard_normal(), 0, len(bells) - 1))
        add_at(x, place_ / SAMPLE_RATE, bells[index], gain)
    sparkle = bursts(rng, 20, (6000, 13_000), (0.01, 0.05), 0.15)
    places = poisson(n, 60 * shape, rng)
    dust = scatter(n, places, sizes(len(places), rng), sparkle, rng)
    centre = contour(n, (0, 400), (peak, 2500), (1, 900 if up else 5000))
    whoosh = sweeping(white(n, rng), centre, 1.4) * shape**1.5
    pad = sum(
        sine(root * 0.5 * r * (1 + 0.004 * wander(n, 4, rng)))
        for r in (1, 1.498, 2.003, 3.01, 4.02)
    )
    tremble = 1 + 0.4 * np.sin(2 * np.pi * between(rng, 5, 12) * ticks(n))
    x = peaked(x) + between(rng, 0.03, 0.2) * peaked(dust) + between(rng, 0.1, 0.4) * peaked(whoosh)
    x += between(rng, 0.03, 0.15) * np.asarray(pad) * shape * tremble
    low = peaked(lowpass(brown(n, rng), 150)) * shape
    x = reverb(
        x + between(rng, 0, 0.2) * low, rng, between(rng, 1.8, 3.5), between(rng, 0.5, 0.9), 6000
    )
    return finish(limited(x, 7), seconds, rng, {"tempo": tempo}, fade_out=min(0.6, seconds / 4))
