"""Engines, motorcycles, tyres, crashes, trains, helicopters, sirens, ships and bicycles."""

from __future__ import annotations

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.clip import Synthesised, finish
from core.corpus.synthesis.envelopes import arch, beats, contour, decay, strike, swell, wander
from core.corpus.synthesis.filters import bandpass, highpass, lowpass, resonances, shaped, sweeping
from core.corpus.synthesis.grains import add_at, burst, bursts, poisson, scatter, sizes
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import Modes, metal, pane
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
from core.corpus.synthesis.sources import brown, harmonics, phase, pink, pulses, sine, tilted, white
from core.corpus.synthesis.space import at_distance, draw_distance, outdoors, reverb


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
    x = at_distance(x, distance, rng)
    return finish(limited(x, 4), seconds, rng, {"tempo": tempo, "distance": distance})


def _throttle(n: int, rng: Rng, idle: float, top: float) -> Signal:
    """Crank speed (Hz) of a rider who blips the throttle: quick rises, slower falls."""
    seconds, t = n / SAMPLE_RATE, between(rng, 0.0, 0.4)
    points = [(0.0, idle)]
    while t < seconds - 0.9:
        peak = idle + (top - idle) * between(rng, 0.5, 1.0)
        rise, hold = between(rng, 0.15, 0.45), between(rng, 0.05, 0.6)
        fall = between(rng, 0.4, 0.9)
        for later, hz in ((0.02, idle), (rise, peak), (hold, peak * 0.97), (fall, idle)):
            t += later
            points.append((t / seconds, hz))
        t += between(rng, 0.1, 1.2)
    points = [point for point in points if point[0] < 1.0]
    return contour(n, *points, (1.0, points[-1][1]))


def _cylinders(crank: Signal, fires: tuple[float, ...], rng: Rng, lump: float) -> Signal:
    """Exhaust pulses at the angles `fires` (in cycles of two turns), uneven by `lump`."""
    cycles = phase(crank / 2)
    gas = np.zeros(len(crank))
    for fire in fires:
        beat = cycles + 1.0 - fire
        which = np.floor(beat).astype(int)
        count = int(which[-1]) + 2
        each = np.exp(lump * rng.standard_normal(count)) * between(rng, 0.75, 1.0)
        early = 0.06 * lump * rng.random(count)
        since = np.maximum(beat - which - early[which], 0) / np.maximum(crank / 2, 1.0)
        blow = np.exp(-since / between(rng, 0.004, 0.008)) * np.minimum(1, since / 0.0006)
        gas += each[which] * blow * (1 + 0.2 * white(len(crank), rng) * np.exp(-since / 0.006))
    return gas


def _pipe(rng: Rng) -> tuple[tuple[float, float, float], ...]:
    """Odd quarter-wave resonances of an open exhaust pipe, and its bright mouth."""
    base = between(rng, 75, 130)
    odd = tuple(
        (base * k * between(rng, 0.95, 1.05), 20 + 8.0 * k, k**-0.15) for k in (1, 3, 5, 7, 9, 13)
    )
    return (*odd, (between(rng, 1500, 2600), 1400, 0.6))


def motorcycle(seconds: float, rng: Rng) -> Synthesised:
    """A single or a V-twin: uneven pulses of one or two cylinders through an open pipe.

    A V-twin of one crank pin fires at unequal angles (45 degrees apart: 315 and 405), which
    gives the limping idle; revving moves the pulses together into a tone.
    """
    n = frames(seconds)
    tempo, (low, high) = level(rng, slow=(13.0, 19.0), steady=(32.0, 50.0), fast=(70.0, 115.0))
    twin = chance(rng, 0.6)
    fires = (0.0, float(rng.choice([0.4375, 0.375, 0.5]))) if twin else (0.0,)
    speed = between(rng, low, high)
    crank = np.full(n, speed)
    if tempo == "fast":
        crank = _throttle(n, rng, between(rng, 18, 30), speed)
    elif tempo == "steady":
        crank = speed * contour(n, (0, between(rng, 0.8, 1)), (0.5, 1), (1, between(rng, 0.8, 1.2)))
    crank = crank * 2 ** (0.025 * wander(n, 3, rng))
    gas = _cylinders(crank, fires, rng, 0.3 if tempo == "slow" else 0.15)
    load = np.clip(crank / 60, 0.35, 1.3)
    roar = resonances(gas, *_pipe(rng))
    x = np.tanh(between(rng, 0.8, 1.8) * unit(roar))
    x += between(rng, 0.2, 0.45) * unit(lowpass(gas, 150))
    crackle = bandpass(gas * white(n, rng), 500, 2800, 1)
    x = unit(x) * load**0.5 + between(rng, 0.04, 0.18) * unit(crackle) * load
    intake = bandpass(pink(n, rng), 150, 1800, 1) * (0.5 + 0.5 * load)
    x += between(rng, 0.04, 0.12) * unit(intake)
    valves = pulses(crank, rng, 0.05, 0.4)
    tick = resonances(valves, (between(rng, 2000, 3200), 500, 1.0), (5200, 1500, 0.7))
    x += between(rng, 0.02, 0.08) * unit(tick)
    x = lowpass(x, between(rng, 3500, 8000), 1)
    distance = draw_distance(rng, 0.2)
    x = at_distance(x, distance, rng)
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
    add_at(x, 0.01, slide)
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
    add_at(x, 0, boom, 0.9)
    add_at(x, 0, peaked(crush * swell(m, 35, rng, 0.6)), 1.4)
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
        add_at(x, 0, peaked(_squeal(m, rng)) * contour(m, (0, 0), (0.1, 1), (1, 1)), 0.3)
    add_at(x, at, _wreck(n - frames(at), rng, force))
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
    for t in beats(n / SAMPLE_RATE, bogie, 0.02, rng, first=between(rng, 0, bogie)):
        for late in (0.0, axle):
            add_at(x, t + late, bank[int(rng.integers(len(bank)))], between(rng, 0.6, 1.0))
    return x


def _steam(n: int, rng: Rng, rate: float) -> Signal:
    """Exhaust beats of a steam locomotive, one of four a little stronger."""
    x = np.zeros(n)
    for index, t in enumerate(
        beats(n / SAMPLE_RATE, 1 / rate, 0.02, rng, first=between(rng, 0, 0.2))
    ):
        m = frames(min(0.5, 0.9 / rate))
        puff = shaped(white(m, rng), (60, -6), (250, 0), (900, -3), (4000, -10), (12_000, -22))
        add_at(x, t, peaked(puff) * strike(m, 0.02, 0.8 / rate), 1.0 if index % 4 == 0 else 0.75)
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


def railway_train(seconds: float, rng: Rng) -> Synthesised:
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
        add_at(x, between(rng, 0, seconds * 0.5), _whistle(rng), between(rng, 1.0, 2.5))
    distance = draw_distance(rng, 0.25)
    x = at_distance(x, distance, rng)
    return finish(limited(x, 5), seconds, rng, {"tempo": tempo, "distance": distance})


def _chuff(rng: Rng, length: float, tone: float, hard: float) -> Signal:
    """One exhaust beat up the chimney: a steep burst of steam that chokes off."""
    m = frames(length * 1.6)
    puff = shaped(
        white(m, rng),
        (50, -8),
        (0.5 * tone, -2),
        (tone, 0),
        (4 * tone, -5 - 5 / hard),
        (12_000, -24 - 8 / hard),
    )
    shape = strike(m, between(rng, 0.01, 0.025), length * between(rng, 1.1, 1.5))
    low = peaked(lowpass(white(m, rng), 0.5 * tone)) * strike(m, 0.015, length)
    return peaked(puff) * shape + between(rng, 0.3, 0.6) * low


def _chuffs(n: int, rng: Rng, turns: Signal) -> Signal:
    """Four beats a turn of the driving wheel, each port with a strength and tone of its own."""
    beat = phase(4 * turns) + rng.random()
    starts = np.flatnonzero(np.diff(np.floor(beat)) > 0)
    strength, tone = (
        rng.uniform(0.65, 1.0, 4),
        log_between(rng, 350, 700) * rng.uniform(0.85, 1.15, 4),
    )
    hard = between(rng, 0.6, 1.6)
    rod = metal(rng, between(rng, 300, 600), 5000, 16, t60=0.12)
    clank = between(rng, 0.03, 0.25)
    x = np.zeros(n)
    for index, start in enumerate(starts.tolist()):
        t, gap = start / SAMPLE_RATE, 1 / (4 * float(turns[start]))
        port = index % 4
        chuff = _chuff(rng, min(0.75 * gap, 0.45), float(tone[port]), hard)
        add_at(x, t, chuff, float(strength[port]) * between(rng, 0.9, 1.1))
        if port in (0, 2):
            add_at(
                x, t + 0.3 * gap, rod.struck(frames(0.2), rng, 3000), clank * between(rng, 0.5, 1)
            )
    return x


def _steam_whistle(rng: Rng) -> Signal:
    """A chime of three or more stopped pipes blown by steam: odd partials and much breath."""
    n = frames(between(rng, 0.7, 2.0))
    root = log_between(rng, 350, 620)
    rise = contour(n, (0, 0.9), (0.12, 1), (0.85, 1), (1, 0.88))
    x = np.zeros(n)
    for ratio in (1.0, 1.26, 1.5, 1.68)[: int(rng.integers(2, 5))]:
        hz = root * ratio * rise * (1 + 0.003 * wander(n, 9, rng))
        x += harmonics(hz, [1, 0.12, 0.35, 0.06, 0.15, 0.04, 0.07], rng) * swell(n, 12, rng, 0.15)
        x += 0.8 * sweeping(white(n, rng), hz, 0.12)
    x = unit(x) + between(rng, 0.15, 0.4) * unit(bandpass(white(n, rng), 1500, 8000, 1))
    return peaked(x * arch(n, 0.12, 0.2))


def steam_train(seconds: float, rng: Rng) -> Synthesised:
    """A steam locomotive pulls away: chuffs draw together, rods clank, wheels cross joints.

    Two double-acting cylinders exhaust four times a turn of the wheel into the chimney.
    """
    n = frames(seconds)
    tempo, turns = level(rng, slow=0.42, steady=0.85, fast=1.6)
    gain = between(rng, 1.0, 1.5)
    speed = turns * between(rng, 0.88, 1.12) * contour(n, (0, 1 / gain), (1, gain))
    x = unit(_chuffs(n, rng, speed))
    hiss = shaped(white(n, rng), (300, -20), (2500, -2), (6000, 0), (15_000, -14))
    x += between(rng, 0.04, 0.15) * unit(hiss) * swell(n, 2, rng, 0.4)
    rumble = unit(bandpass(pink(n, rng), 40, 700, 1)) * swell(n, 3, rng, 0.2)
    x += between(rng, 0.2, 0.45) * rumble
    x += between(rng, 0.15, 0.45) * unit(_clacks(n, rng, 5.0 * turns))
    near = contour(n, (0, between(rng, 0.5, 1)), (0.5, 1), (1, between(rng, 0.5, 1)))
    x = limited(x * near, 5)
    if chance(rng, 0.35):
        whistle, first = _steam_whistle(rng), between(rng, 0, max(0.1, seconds - 2))
        for blast in range(int(rng.integers(1, 3))):
            late = first + blast * (len(whistle) / SAMPLE_RATE + 0.2)
            add_at(x, late, whistle, between(rng, 1.0, 2.2))
    distance = draw_distance(rng, 0.25)
    x = at_distance(x, distance, rng)
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
    x = at_distance(x * passing, distance, rng)
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
    x = at_distance(x, distance, rng)
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
        add_at(x, 0.05 + blast * (length / blasts + 0.25), blow)
    distance = draw_distance(rng, 0.45)
    wet = between(rng, 0.6, 1.0) if distance == "distant" else between(rng, 0.2, 0.45)
    x = reverb(x, rng, between(rng, 2.0, 4.0), wet, 900)
    if distance == "distant":
        x = lowpass(x, between(rng, 700, 1500), 1)
    sea = unit(highpass(pink(n, rng), 100, 1)) * swell(n, 0.3, rng, 0.3)
    x = peaked(x) + between(rng, 0.001, 0.01) * sea
    count = "single" if blasts == 1 else "several"
    return finish(x, seconds, rng, {"distance": distance, "count": count}, fade_out=0.4)


def _dome(rng: Rng) -> Modes:
    """A small steel dome: few inharmonic modes, each split in two that beat slowly."""
    ratios = np.array([1.0, between(rng, 2.3, 2.8), between(rng, 4.2, 4.9), between(rng, 6.3, 7.2)])
    base = log_between(rng, 1500, 2900) * ratios
    split = base * (1 + rng.uniform(0.0015, 0.006, len(base)))
    hz = np.concatenate([base, split])
    t60 = between(rng, 0.8, 2.2) * np.tile(ratios, 2) ** -0.7
    gains = np.tile([1.0, between(rng, 0.6, 1.2), between(rng, 0.2, 0.5), 0.15], 2)
    return Modes(hz, t60, gains * rng.uniform(0.5, 1.0, len(hz)))


def _ring(rng: Rng, dome: Modes, length: float, rate: float) -> Signal:
    """One push of the thumb lever: geared clappers strike the dome as they spin."""
    m = frames(length + 2.0)
    x = np.zeros(m)
    blows = [dome.struck(frames(2.0), rng, 9000) for _ in range(4)]
    spin = contour(frames(length), (0, 0.7), (0.35, 1.0), (1, 0.55))
    starts = np.flatnonzero(np.diff(np.floor(phase(rate * spin))) > 0) / SAMPLE_RATE
    for t in (0.0, *starts.tolist()):
        add_at(x, t, blows[int(rng.integers(4))], between(rng, 0.6, 1.0))
        add_at(x, t, burst(rng, 2500, 12_000, 0.006), between(rng, 0.2, 0.5))
    grind = pulses(rate * 4 * spin, rng, 0.1, 0.4)
    gears = resonances(grind, (3400, 1200, 1.0), (6500, 2500, 0.8))
    add_at(x, 0, peaked(gears), between(rng, 0.03, 0.15))
    return peaked(x)


def bicycle_bell(seconds: float, rng: Rng) -> Synthesised:
    """Ring-ring: a thumb lever spins clappers against a bright dome, or one flips and dings.

    The dome's modes are inharmonic, and its slight asymmetry splits each into a warbling pair.
    """
    n = frames(seconds)
    dome = _dome(rng)
    ding = chance(rng, 0.2)
    length, rate = (0.01, 1.0) if ding else (between(rng, 0.2, 0.38), between(rng, 22, 38))
    pause = between(rng, 0.3, 0.5) if ding else length + between(rng, 0.06, 0.16)
    pushes = int(rng.integers(1, 3 if seconds < 2 else 5))
    x = np.zeros(n)
    rung, t = 0, between(rng, 0.01, 0.1)
    while rung < pushes and t < seconds - 0.25:
        add_at(x, t, _ring(rng, dome, length, rate), between(rng, 0.8, 1.0))
        rung += 1
        t += pause * between(rng, 0.9, 1.15) * (2.2 if rung % 2 == 0 else 1.0)
    distance = draw_distance(rng, 0.2)
    x = at_distance(x, distance, rng)
    attributes = {"distance": distance, "count": "single" if rung == 1 else "several"}
    return finish(limited(x, 8), seconds, rng, attributes, fade_out=0.2)
