"""Machinery, radio static and alarms."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Synthesised, finish
from core.corpus.synthesis.envelopes import arch, beats, decay, strike, swell, wander
from core.corpus.synthesis.filters import bandpass, highpass, lowpass, resonances, shaped, sweeping
from core.corpus.synthesis.grains import add_at, bursts, poisson, scatter, sizes
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import metal
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
from core.corpus.synthesis.sources import brown, harmonics, pink, sine, tilted, white
from core.corpus.synthesis.space import at_distance, draw_distance, hall, reverb, room


def _beat(n: int, rng: Rng, rate: float) -> Signal:
    """A working cycle: clank, release of air, thump."""
    frame = metal(rng, between(rng, 100, 350), 4000, 22, t60=between(rng, 0.08, 0.3))
    blows = [frame.struck(frames(0.4), rng, between(rng, 900, 3500)) for _ in range(4)]
    x = np.zeros(n)
    steps = sorted(rng.uniform(0, 0.8, int(rng.integers(1, 4))))
    weights = rng.uniform(0.3, 1.0, len(steps))
    hiss = chance(rng, 0.4)
    for t in beats(n / 44_100, 1 / rate, 0.01, rng, first=between(rng, 0, 0.5 / rate)):
        for step, weight in zip(steps, weights, strict=True):
            add_at(x, t + float(step) / rate, blows[int(rng.integers(4))], float(weight))
        if hiss:
            m = frames(0.3 / rate)
            add_at(
                x,
                t + 0.5 / rate,
                highpass(white(m, rng), 2500, 1) * strike(m, 0.01, 0.25 / rate),
                0.08,
            )
        m = frames(0.3)
        add_at(x, t, peaked(lowpass(white(m, rng), 200)) * decay(m, 0.2), 0.5)
    return x


def machine(seconds: float, rng: Rng) -> Synthesised:
    """Motor hum with fan noise, and often the working cycle of a machine."""
    n = frames(seconds)
    tempo, rate = level(rng, slow=0.8, steady=2.0, fast=5.0)
    mains = float(rng.choice([50.0, 60.0])) * 2
    drift = 1 + 0.002 * wander(n, 0.5, rng)
    hum = unit(
        harmonics(mains * drift, tilted(20, between(rng, 4, 8)) * rng.uniform(0.3, 1.5, 20), rng)
    )
    turn = between(rng, 18, 60)
    motor = unit(harmonics(turn * drift, rng.uniform(0.1, 1, 40) * tilted(40, 2.5), rng))
    motor = resonances(
        motor, *[(log_between(rng, 70, 1200), 100.0, between(rng, 0.3, 1)) for _ in range(5)]
    )
    fan = shaped(pink(n, rng), (50, -3), (150, 0), (700, -9), (3000, -22), (12_000, -40))
    fan = unit(fan) * (1 + 0.15 * np.sin(2 * np.pi * turn / 3 * ticks(n))) * swell(n, 2, rng, 0.06)
    x = (
        between(rng, 0.2, 0.8) * hum
        + between(rng, 0.4, 1.0) * unit(motor)
        + between(rng, 0.5, 1.1) * fan
    )
    if chance(rng, 0.3):
        whine = harmonics(log_between(rng, 700, 3000) * drift, [1, 0.3, 0.2, 0.1], rng)
        x += between(rng, 0.03, 0.15) * unit(whine)
    attributes = {}
    if chance(rng, 0.6):
        x = unit(x) + between(rng, 0.5, 1.4) * unit(_beat(n, rng, rate * between(rng, 0.9, 1.1)))
        attributes["tempo"] = tempo
    distance = draw_distance(rng, 0.2)
    x = hall(x, rng) if distance == "close" and chance(rng, 0.5) else room(x, rng)
    if distance == "distant":
        x = at_distance(x, distance, rng)
    attributes["distance"] = distance
    return finish(limited(x, 5), seconds, rng, attributes)


def static(seconds: float, rng: Rng) -> Synthesised:
    """Radio noise: hiss in the speaker's band, crackle, heterodyne whistles and fading."""
    n = frames(seconds)
    strength, rate = level(rng, light=6.0, moderate=40.0, heavy=160.0)
    top = log_between(rng, 2600, 9000)
    hiss = unit(bandpass(white(n, rng), between(rng, 150, 500), top, 1))
    hiss *= swell(n, between(rng, 0.5, 3), rng, between(rng, 0.05, 0.4))
    gate = np.clip(swell(n, 2, rng, 1.0), 0, 4)
    bank = bursts(rng, 30, (800, 7000), (0.0006, 0.008), 2.0)
    places = poisson(n, rate * gate, rng)
    crackle = scatter(n, places, sizes(len(places), rng, 1.2), bank, rng)
    x = hiss + between(rng, 0.4, 1.2) * unit(crackle)
    if chance(rng, 0.4):
        hz = np.clip(log_between(rng, 500, 2500) * 2 ** (0.8 * wander(n, 0.5, rng)), 80, 6000)
        x += between(rng, 0.05, 0.35) * sine(hz) * np.clip(swell(n, 0.7, rng, 1.0) - 0.6, 0, 2)
    if chance(rng, 0.35):
        tuned = sweeping(white(n, rng), np.clip(1200 * swell(n, 0.8, rng, 0.7), 200, 8000), 0.8)
        x += between(rng, 0.2, 0.6) * unit(tuned)
    if chance(rng, 0.3):
        x += between(rng, 0.03, 0.15) * unit(harmonics(np.full(n, 100.0), tilted(30, 3), rng))
    for t in beats(seconds, between(rng, 1.0, 4.0), 0.5, rng, first=between(rng, 0.5, 3)):
        m = frames(between(rng, 0.03, 0.2))
        start = frames(t)
        x[start : start + m] *= between(rng, 0.05, 0.5)
    x += 0.1 * unit(brown(n, rng))
    x = highpass(lowpass(x, top * 1.2, 4), 200, 2)
    return finish(limited(x, 5), seconds, rng, {"strength": strength}, floor_db=(-92, -80))


def _beep(rng: Rng, kind: str, hz: float, length: float) -> Signal:
    """One sound of an alarm: piezo beep, square buzzer, two-tone or klaxon sweep."""
    n = frames(length)
    t = ticks(n)
    if kind == "buzzer":
        tone = harmonics(np.full(n, hz / 5), tilted(30, 3.5), rng)
        return peaked(bandpass(tone, 250, 6000, 1) * arch(n, 0.03, 0.05))
    if kind == "klaxon":
        pitch = hz / 3 * (0.7 + 0.5 * np.minimum(1, t / (0.6 * length)))
        tone = harmonics(pitch, tilted(24, 3), rng)
        return peaked(np.tanh(2 * unit(tone)) * arch(n, 0.08, 0.12))
    pitch = np.full(n, hz)
    if kind == "two":
        pitch = np.where(t < length / 2, hz, hz * 0.8)
    tone = harmonics(pitch, [1, 0.15, 0.35, 0.08, 0.18, 0.04, 0.1], rng)
    return peaked(tone * arch(n, 0.04, 0.06))


def alarm(seconds: float, rng: Rng) -> Synthesised:
    """Beeps in groups or without end, a buzzer, a two-tone alarm or a klaxon."""
    n = frames(seconds)
    kind = str(rng.choice(["beep", "beep", "buzzer", "two", "klaxon"]))
    tempo, period = level(rng, slow=1.1, steady=0.55, fast=0.26)
    if kind == "klaxon":
        tempo, period = "slow", between(rng, 0.9, 1.4)
    hz = log_between(rng, 850, 3200)
    duty = between(rng, 0.4, 0.75) if kind != "two" else 0.98
    sound = _beep(rng, kind, hz, period * duty)
    group = int(rng.choice([0, 0, 3, 4])) if kind == "beep" else 0
    pattern = (1.0,) * (group - 1) + (2.2,) if group else (1.0,)
    x = np.zeros(n)
    for t in beats(seconds, period, 0.0, rng, first=between(rng, 0, 0.2), pattern=pattern):
        add_at(x, t, sound)
    distance = draw_distance(rng, 0.25)
    x = resonances(x, (hz, hz, 1.0), (2800, 2500, 0.5)) + 0.3 * x
    x = reverb(x, rng, between(rng, 0.3, 1.5), between(rng, 0.1, 0.4), 4000)
    if distance == "distant":
        x = at_distance(x, distance, rng)
    x = peaked(x) + between(rng, 0.001, 0.008) * unit(lowpass(brown(n, rng), 800))
    return finish(x, seconds, rng, {"tempo": tempo, "distance": distance})
