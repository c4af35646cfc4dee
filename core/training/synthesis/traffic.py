"""Engines, tyres, crashes, trains, helicopters, sirens and ships."""

from __future__ import annotations

import numpy as np

from core.training.synthesis.clip import Synthesised, finish
from core.training.synthesis.envelopes import arch, beats, contour, decay, strike, swell, wander
from core.training.synthesis.filters import (
    bandpass,
    highpass,
    lowpass,
    resonances,
    shaped,
    sweeping,
)
from core.training.synthesis.grains import add, bursts, poisson, scatter, sizes
from core.training.synthesis.levels import limited, peaked, unit
from core.training.synthesis.modes import metal, pane
from core.training.synthesis.sampling import (
    RATE,
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
from core.training.synthesis.sources import brown, harmonics, phase, pink, sine, tilted, white
from core.training.synthesis.space import draw_distance, outdoors, place, reverb


def _exhaust(rng: Rng, big: float) -> tuple[tuple[float, float, float], ...]:
    """Resonances of manifold, pipe and muffler; lower in a larger engine."""
    return (
        (between(rng, 60, 110) / big, 40, 1.0),
        (between(rng, 140, 240) / big, 80, 0.9),
        (between(rng, 320, 520) / big, 160, 0.5),
        (between(rng, 800, 1300), 500, 0.22),
        (between(rng, 2000, 3200), 1200, 0.1),
    )


def _combustion(hz: Signal, cylinders: int, rng: Rng) -> Signal:
    """Pressure pulses of cylinders of unequal strength, `hz` firings a second."""
    fires = phase(hz)
    which = np.floor(fires).astype(int)
    own = np.exp(0.25 * rng.standard_normal(cylinders))[which % cylinders]
    each = np.exp(0.12 * rng.standard_normal(int(which[-1]) + 2))[which]
    within = fires - which
    pulse = np.exp(-within * between(rng, 5, 12)) * np.minimum(1, within * 25)
    gas: Signal = own * each * pulse * (1 + 0.5 * white(len(hz), rng) * np.exp(-within * 6))
    return gas


def engine(seconds: float, rng: Rng) -> Synthesised:
    """A four-stroke engine idling, driving steadily or being revved."""
    n = frames(seconds)
    tempo, rpm = level(rng, slow=800.0, steady=2000.0, fast=3600.0)
    diesel = chance(rng, 0.35)
    cylinders = int(rng.choice([1, 2, 4, 4, 6, 8]))
    rpm *= between(rng, 0.8, 1.2) * (0.75 if diesel else 1.0)
    drift = 2 ** (0.02 * wander(n, 2, rng))
    if tempo == "fast" and chance(rng, 0.6):
        drift *= swell(n, between(rng, 0.3, 0.6), rng, 0.25)
    hz = rpm / 60 * cylinders / 2 * drift
    big = 1.4 if diesel else between(rng, 0.8, 1.2)
    fire = _combustion(hz, cylinders, rng)
    x = unit(resonances(fire, *_exhaust(rng, big)))
    x += 0.5 * unit(lowpass(fire, 250 / big, 2))
    beat = 0.4 + 0.6 * np.exp(-4 * (phase(hz) % 1.0))
    clatter = bandpass(white(n, rng), 1500, 6500, 1) * beat
    x += (0.28 if diesel else between(rng, 0.03, 0.12)) * unit(clatter)
    intake = bandpass(pink(n, rng), 150, 1500, 1) * (0.6 + 0.4 * beat)
    x += between(rng, 0.08, 0.25) * unit(intake)
    x += between(rng, 0.0, 0.06) * unit(harmonics(hz * between(rng, 5, 9), [1, 0.4, 0.2], rng))
    x = lowpass(x, between(rng, 3500, 11_000), 1)
    distance = draw_distance(rng, 0.15)
    x = place(x, distance, rng)
    return finish(limited(x, 4), seconds, rng, {"tempo": tempo, "distance": distance})


def _squeal(n: int, rng: Rng) -> Signal:
    """Rubber sliding: several close tones that jump and wander, over hiss."""
    base = log_between(rng, 650, 1300)
    bend = 2 ** (0.1 * wander(n, 3, rng) + 0.015 * wander(n, 40, rng))
    glide = contour(n, (0, 1.05), (0.3, 1.0), (1, between(rng, 0.75, 0.95)))
    x = np.zeros(n)
    for tune in (1.0, between(rng, 1.02, 1.12), between(rng, 1.2, 1.5)):
        hz = base * tune * bend * glide
        rough = 1 + 0.5 * bandpass(white(n, rng), 20, 150, 1) * 6
        tone = harmonics(hz, [1, 0.55, 0.35, 0.2, 0.12, 0.06], rng) * np.clip(rough, 0, 3)
        x += between(rng, 0.3, 1.0) * tone * np.clip(swell(n, 4, rng, 0.5), 0, 2)
    rub = bandpass(white(n, rng), 500, 2500, 1)
    return lowpass(unit(x) + between(rng, 0.15, 0.5) * unit(rub), 4000, 1)


def skid(seconds: float, rng: Rng) -> Synthesised:
    """Tyres squealing on asphalt, or sliding on gravel."""
    n = frames(seconds)
    gravel = chance(rng, 0.2)
    length = seconds * between(rng, 0.7, 0.97)
    m = frames(length)
    if gravel:
        bed = shaped(white(m, rng), (80, -6), (400, 0), (2500, -2), (8000, -10)) * swell(
            m, 12, rng, 0.3
        )
        places = poisson(m, 900.0, rng)
        stones = bursts(rng, 30, (800, 6000), (0.004, 0.015), 1.0)
        slide = unit(bed) + unit(scatter(m, places, sizes(len(places), rng), stones, rng))
    else:
        slide = _squeal(m, rng)
    slide = slide * contour(m, (0, 0), (0.06, 1.0), (0.6, 0.9), (0.9, 0.5), (1, 0))
    x = np.zeros(n)
    add(x, 0.01, slide)
    rumble = unit(lowpass(brown(n, rng), 200)) * contour(n, (0, 1), (0.8, 0.3), (1, 0))
    x = outdoors(x + between(rng, 0.05, 0.2) * rumble, rng)
    attributes = {"surface": "gravel" if gravel else "asphalt"}
    return finish(limited(x, 5), seconds, rng, attributes, fade_out=0.15)


def _wreck(n: int, rng: Rng, force: float) -> Signal:
    """Bodywork folding: a boom, many metal blows within half a second, glass and scrap."""
    x = np.zeros(n)
    m = frames(1.0)
    boom = sine(between(rng, 42, 65) * contour(m, (0, 1.8), (0.2, 1), (1, 0.7))) * strike(
        m, 0.004, 0.5
    )
    crush = lowpass(bandpass(white(m, rng), 150, 1500, 1), between(rng, 2000, 5000), 1) * strike(
        m, 0.002, between(rng, 0.25, 0.6)
    )
    add(x, 0, boom, 0.9)
    add(x, 0, peaked(crush * swell(m, 35, rng, 0.6)), 1.4)
    sheet = [
        metal(rng, log_between(rng, 100, 400), 4000, 24, t60=log_between(rng, 0.1, 0.6))
        for _ in range(8)
    ]
    blows = [body.struck(frames(0.6), rng, 5000) for body in sheet]
    places = poisson(n, 90 * force * np.exp(-ticks(n) / 0.18) + 3 * np.exp(-ticks(n) / 0.8), rng)
    x += 1.2 * scatter(n, places, sizes(len(places), rng, 1.5, 6), blows, rng)
    shards = [pane(rng, log_between(rng, 1600, 4000)).struck(frames(0.3), rng) for _ in range(20)]
    places = poisson(n, 90 * np.exp(-np.abs(ticks(n) - 0.15) / 0.35), rng)
    x += between(rng, 0.1, 0.4) * scatter(n, places, sizes(len(places), rng), shards, rng)
    grit = bursts(rng, 20, (300, 3000), (0.005, 0.04), 1.0)
    places = poisson(n, 150 * np.exp(-ticks(n) / 0.5), rng)
    return x + 0.7 * scatter(n, places, sizes(len(places), rng), grit, rng)


def crash(seconds: float, rng: Rng) -> Synthesised:
    """A car crash, often after a short skid."""
    n = frames(seconds)
    strength, force = level(rng, moderate=0.7, heavy=1.3)
    x = np.zeros(n)
    at = between(rng, 0.02, 0.15)
    if seconds > 2 and chance(rng, 0.45):
        at = between(rng, 0.4, min(1.2, seconds * 0.35))
        m = frames(at)
        add(x, 0, peaked(_squeal(m, rng)) * contour(m, (0, 0), (0.1, 1), (1, 1)), 0.3)
    add(x, at, _wreck(n - frames(at), rng, force))
    x = reverb(x, rng, between(rng, 0.8, 1.8), between(rng, 0.1, 0.3), 2500)
    return finish(limited(x, 6), seconds, rng, {"strength": strength}, fade_out=0.3)


def _clacks(n: int, rng: Rng, speed: float) -> Signal:
    """Wheels over rail joints: two axles of each bogie, car after car."""
    rail = metal(rng, 180, 4000, 18, t60=0.12)
    bank = [
        rail.struck(frames(0.25), rng, 1800)
        + 0.8 * peaked(lowpass(white(frames(0.25), rng), 350)) * decay(frames(0.25), 0.12)
        for _ in range(8)
    ]
    axle, bogie = 2.4 / speed, 11.0 / speed
    x = np.zeros(n)
    for t in beats(n / RATE, bogie, 0.02, rng, first=between(rng, 0, bogie)):
        for late in (0.0, axle):
            add(x, t + late, bank[int(rng.integers(len(bank)))], between(rng, 0.6, 1.0))
    return x


def _steam(n: int, rng: Rng, rate: float) -> Signal:
    """Exhaust beats of a steam locomotive, one of four a little stronger."""
    x = np.zeros(n)
    for index, t in enumerate(beats(n / RATE, 1 / rate, 0.02, rng, first=between(rng, 0, 0.2))):
        m = frames(min(0.5, 0.9 / rate))
        puff = shaped(white(m, rng), (60, -6), (250, 0), (900, -3), (4000, -10), (12_000, -22))
        add(x, t, peaked(puff) * strike(m, 0.02, 0.8 / rate), 1.0 if index % 4 == 0 else 0.75)
    return x


def _whistle(rng: Rng) -> Signal:
    """A chime whistle or diesel horn of three to five notes."""
    n = frames(between(rng, 1.0, 2.2))
    root = log_between(rng, 290, 480)
    x = np.zeros(n)
    for ratio in (1.0, 1.19, 1.5, 1.78)[: int(rng.integers(3, 5))]:
        hz = root * ratio * contour(n, (0, 0.96), (0.1, 1), (0.9, 1), (1, 0.94))
        x += harmonics(hz * (1 + 0.002 * wander(n, 8, rng)), tilted(8, 5), rng)
    x = unit(x) + 0.15 * unit(bandpass(white(n, rng), root, root * 8, 1))
    return peaked(x * arch(n, 0.08, 0.12))


def train(seconds: float, rng: Rng) -> Synthesised:
    """A train goes by: rumble, rail joints, and steam or electric traction."""
    n = frames(seconds)
    tempo, speed = level(rng, slow=7.0, steady=13.0, fast=22.0)
    peak = between(rng, 0.3, 0.7)
    near = contour(n, (0, 0.25), (peak, 1), (1, 0.2)) if chance(rng, 0.6) else np.ones(n)
    rumble = 0.4 * unit(bandpass(brown(n, rng), 45, 180, 1))
    rumble += unit(bandpass(pink(n, rng), 130, between(rng, 700, 1500), 1))
    roll = unit(bandpass(white(n, rng), 900, 3500, 1)) * swell(n, 5, rng, 0.15)
    x = rumble * swell(n, 3, rng, 0.15) + between(rng, 0.1, 0.25) * roll
    x += between(rng, 0.9, 1.8) * unit(_clacks(n, rng, speed))
    if chance(rng, 0.45):
        x += between(rng, 0.7, 1.4) * unit(_steam(n, rng, speed * between(rng, 0.25, 0.45)))
    if chance(rng, 0.3):
        screech = sweeping(
            white(n, rng), log_between(rng, 2200, 4500) * swell(n, 2, rng, 0.05), 0.06
        )
        x += between(rng, 0.05, 0.2) * unit(screech) * swell(n, 1.5, rng, 0.8)
    x = limited(x * near, 4.5)
    if chance(rng, 0.4):
        add(x, between(rng, 0, seconds * 0.5), _whistle(rng), between(rng, 1.0, 2.5))
    distance = draw_distance(rng, 0.25)
    x = place(x, distance, rng)
    return finish(limited(x, 5), seconds, rng, {"tempo": tempo, "distance": distance})


def helicopter(seconds: float, rng: Rng) -> Synthesised:
    """Blade slap over chopped air, a tail rotor's buzz and a turbine's whine."""
    n = frames(seconds)
    hz = log_between(rng, 9.5, 22) * (1 + 0.01 * wander(n, 0.5, rng))
    cycle = phase(hz) % 1.0
    slap = np.exp(-(((cycle - 0.5) / 0.07) ** 2)) - 0.6 * np.exp(-(((cycle - 0.62) / 0.09) ** 2))
    blades = np.exp(0.12 * rng.standard_normal(4))[np.floor(phase(hz)).astype(int) % 4]
    thump = bandpass(slap * blades, 15, between(rng, 120, 300), 1)
    chop = bandpass(pink(n, rng), 100, 2200, 1) * (0.15 + np.exp(-(((cycle - 0.52) / 0.12) ** 2)))
    tail = harmonics(hz * between(rng, 4.3, 5.6), tilted(14, 5), rng)
    whine = sum(
        gain * sine(np.full(n, f) * (1 + 0.001 * wander(n, 1, rng)))
        for f, gain in zip(spread(rng, 1800, 9000, 4), (1.0, 0.6, 0.4, 0.3), strict=True)
    )
    jet = bandpass(white(n, rng), 1500, 9000, 1)
    x = unit(thump) * between(rng, 0.8, 1.4) + between(rng, 0.7, 1.2) * unit(chop)
    x += between(rng, 0.08, 0.3) * unit(tail) * swell(n, 1, rng, 0.3)
    x += between(rng, 0.01, 0.06) * unit(np.asarray(whine)) + between(rng, 0.05, 0.15) * unit(jet)
    x += 0.3 * unit(lowpass(brown(n, rng), 120))
    passing = contour(
        n, (0, between(rng, 0.3, 1)), (between(rng, 0.3, 0.7), 1), (1, between(rng, 0.2, 1))
    )
    distance = draw_distance(rng, 0.3)
    x = place(x * passing, distance, rng)
    return finish(limited(x, 4), seconds, rng, {"distance": distance})


def _siren_pitch(n: int, rng: Rng, kind: str) -> tuple[str, Signal]:
    """Tempo and pitch curve of a kind of siren."""
    t = ticks(n) + between(rng, 0, 4)
    if kind == "wail":
        turn = 0.5 - 0.5 * np.cos(2 * np.pi * t / between(rng, 3.5, 6))
        return "slow", between(rng, 550, 700) * 2.3 ** (turn**0.8)
    if kind == "yelp":
        saw = (t * between(rng, 2.5, 4.0)) % 1.0
        return "fast", between(rng, 600, 750) * 2.0 ** np.sin(np.pi * np.minimum(saw, 0.95))
    if kind == "hilo":
        high = np.sin(2 * np.pi * t / between(rng, 0.9, 1.3)) > 0
        hz = np.where(high, between(rng, 560, 620), between(rng, 420, 460))
        return "steady", np.maximum(lowpass(hz - hz[0], 25, 1) + hz[0], 100)
    spin = np.clip(0.5 - 0.75 * np.cos(2 * np.pi * t / between(rng, 6, 11)), 0.12, 1.0)
    return "slow", between(rng, 400, 520) * spin**0.5


def siren(seconds: float, rng: Rng) -> Synthesised:
    """Emergency wail, yelp and two-tone, or a mechanical air-raid siren."""
    n = frames(seconds)
    kind = str(rng.choice(["wail", "yelp", "hilo", "raid"]))
    tempo, hz = _siren_pitch(n, rng, kind)
    hz = hz * (1 + 0.002 * wander(n, 10, rng))
    distance = draw_distance(rng, 0.4)
    if chance(rng, 0.5):
        hz = hz * contour(n, (0, 1.03), (0.45, 1.02), (0.6, 0.97), (1, 0.96))
    tone = harmonics(hz, tilted(16, between(rng, 4, 8)), rng)
    if kind == "raid":
        tone += 0.6 * harmonics(hz * 6 / 5, tilted(12, 5), rng)
    horn = resonances(tone, (900, 700, 1.0), (1700, 900, 0.9), (3000, 1500, 0.5)) + 0.15 * tone
    near = contour(n, (0, between(rng, 0.3, 1)), (0.5, 1), (1, between(rng, 0.3, 1)))
    street = unit(shaped(pink(n, rng), (50, 0), (300, -2), (2000, -12), (9000, -28)))
    x = unit(horn) * near * swell(n, 1, rng, 0.1) + between(rng, 0.01, 0.08) * street
    x = reverb(x, rng, between(rng, 0.8, 2.2), between(rng, 0.2, 0.5), 2500)
    x = place(x, distance, rng)
    return finish(limited(x, 4), seconds, rng, {"tempo": tempo, "distance": distance})


def ship_horn(seconds: float, rng: Rng) -> Synthesised:
    """A deep horn of one or more pipes, echoing over the water."""
    n = frames(seconds)
    x = np.zeros(n)
    f = log_between(rng, 75, 190)
    pipes = (1.0, between(rng, 1.005, 1.02), float(rng.choice([1.26, 1.335, 1.5])))
    length = min(seconds * between(rng, 0.5, 0.75), 4.5)
    blasts = 2 if seconds > 3 and chance(rng, 0.25) else 1
    m = frames(length / blasts)
    for blast in range(blasts):
        rise = contour(m, (0, 0.93), (0.08, 1.0), (0.92, 1.0), (1, 0.9))
        tone = np.zeros(m)
        for pipe in pipes[: int(rng.integers(1, 4))]:
            hz = f * pipe * rise * (1 + 0.002 * wander(m, 12, rng))
            tone += harmonics(hz, tilted(40, between(rng, 4, 6)), rng)
        tone = resonances(
            tone, (f * 2, 150, 1), (450, 350, 1.0), (900, 600, 0.7), (1900, 1200, 0.25)
        )
        steam = bandpass(white(m, rng), 200, 3500, 1)
        blow = (unit(tone) + between(rng, 0.04, 0.15) * unit(steam)) * arch(m, 0.1, 0.12)
        add(x, 0.05 + blast * (length / blasts + 0.25), blow)
    distance = draw_distance(rng, 0.45)
    wet = between(rng, 0.6, 1.0) if distance == "distant" else between(rng, 0.2, 0.45)
    x = reverb(x, rng, between(rng, 2.0, 4.0), wet, 900)
    if distance == "distant":
        x = lowpass(x, between(rng, 700, 1500), 1)
    sea = unit(highpass(pink(n, rng), 100, 1)) * swell(n, 0.3, rng, 0.3)
    x = peaked(x) + between(rng, 0.001, 0.01) * sea
    count = "single" if blasts == 1 else "several"
    return finish(x, seconds, rng, {"distance": distance, "count": count}, fade_out=0.4)
