"""What is released at once: fireworks, a sparkler, a balloon, a whip, an electric arc."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish, how_many
from core.corpus.synthesis.envelopes import arch, beats, contour, strike, swell, wander
from core.corpus.synthesis.filters import bandpass, highpass, lowpass, shaped, sweeping
from core.corpus.synthesis.grains import add_at, burst, bursts, dust, poisson, scatter, sizes
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.motors import mains_frequency
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
from core.corpus.synthesis.sources import (
    harmonics,
    phase,
    pink,
    pulses,
    room_air,
    white,
)
from core.corpus.synthesis.space import (
    SPEED_OF_SOUND,
    at_distance,
    draw_distance,
    echoed,
    outdoors,
    reverb,
    room,
)


def _pressure_wave(n: int, length: float) -> Signal:
    """The N of a bursting volume of gas: the pressure falls from +1 to -1 over `length` seconds."""
    t = ticks(n) / length
    wave: Signal = np.where(t < 1, 1 - 2 * t, 0.0)
    return wave


def _shell(rng: Rng, bright: float) -> Signal:
    """A shell bursts 100 to 400 m away: a boom of 40 to 200 Hz under a dulled crack."""
    n = frames(1.2)
    t = ticks(n)
    length = between(rng, 0.004, 0.012)
    crack = lowpass((1 - t / length) * np.exp(-1.2 * t / length), bright, 1)
    gas = sweeping(white(n, rng), contour(n, (0, bright / 2), (0.1, 500), (1, 120)), 3.5)
    boom = lowpass(white(n, rng), log_between(rng, 90, 220), 2) * strike(n, 0.004, 0.7)
    x = peaked(crack) + between(rng, 0.5, 0.9) * peaked(gas * strike(n, 0.001, 0.45))
    return peaked(x + between(rng, 0.6, 1.1) * peaked(boom))


def _stars(rng: Rng, often: float) -> Signal:
    """Crackling stars: pellets that burst one by one for a second or two, ever fewer."""
    n = frames(between(rng, 1.0, 2.4))
    bank = bursts(rng, 16, (900, 6000), (0.006, 0.03), 2.5)
    rate = often * contour(n, (0, 0), (0.12, 1), (0.4, 0.7), (1, 0))
    places = poisson(n, rate, rng)
    return peaked(scatter(n, places, sizes(len(places), rng, 1.4, 6), bank, rng) + 1e-9)


def _rocket(rng: Rng) -> Signal:
    """A whistle that shrieks as it climbs and falls in pitch, or the hiss of a tail of sparks."""
    n = frames(between(rng, 0.7, 1.6))
    shape = arch(n, 0.25, 0.35)
    hiss = sweeping(white(n, rng), contour(n, (0, 3500), (1, 1500)), 1.6) * shape
    if chance(rng, 0.4):
        return peaked(hiss)
    top = log_between(rng, 1800, 3600)
    hz = top * contour(n, (0, 1.0), (0.2, 1.1), (1, between(rng, 0.55, 0.8)))
    tone = harmonics(hz * (1 + 0.006 * wander(n, 40, rng)), [1, 0.4, 0.2], rng)
    return peaked(unit(tone) * shape * swell(n, 18, rng, 0.3) + 0.4 * unit(hiss))


def _over_roofs(x: Signal, rng: Rng) -> Signal:
    """Faint echoes of house fronts and hills within a second, then a roll."""
    out = echoed(x, rng, int(rng.integers(2, 5)), (0.1, 1.0), 1800)
    return reverb(out, rng, between(rng, 1.2, 2.5), between(rng, 0.15, 0.3), 2000)


def fireworks(seconds: float, rng: Rng) -> Synthesised:
    """Rockets climb, shells burst, stars crackle; the booms roll over the roofs.

    What a microphone 100 to 400 m away holds of a boom lies above 200 Hz.
    """
    n = frames(seconds)
    strength, rate = level(rng, light=1.6, moderate=2.8, heavy=5.0)
    distance = draw_distance(rng, 0.25)
    low = log_between(rng, 200, 450)
    bright = log_between(rng, 1800, 4500)
    shells = [peaked(highpass(_shell(rng, bright), low, 1)) for _ in range(3)]
    stars = [_stars(rng, log_between(rng, 60, 260)) for _ in range(3)]
    rockets = [_rocket(rng) for _ in range(2)]
    x = np.zeros(n)
    for t in beats(seconds - 0.3, 1 / rate, 0.6, rng, first=between(rng, 0.05, 0.4)):
        gain = log_between(rng, 0.3, 1.0)
        add_at(x, t, shells[int(rng.integers(3))], gain * between(rng, 0.4, 0.8))
        if chance(rng, 0.65):
            late = between(rng, 0.1, 0.4)
            add_at(x, t + late, stars[int(rng.integers(3))], gain * log_between(rng, 0.5, 1.5))
        if chance(rng, 0.35):
            climb = rockets[int(rng.integers(2))]
            add_at(x, t - 0.2 - len(climb) / frames(1.0), climb, gain * between(rng, 0.08, 0.3))
    x = _over_roofs(limited(x, 8), rng)
    if distance == "distant":
        far = lowpass(x, between(rng, 2000, 3500), 1)
        x = reverb(far, rng, between(rng, 1.0, 2.0), between(rng, 0.2, 0.4), 1800)
    night = unit(lowpass(pink(n, rng), 2500, 1)) * swell(n, 0.5, rng, 0.3)
    x = peaked(x) + between(rng, 0.002, 0.008) * night
    attributes = {"strength": strength, "distance": distance}
    return finish(limited(x, 6), seconds, rng, attributes, fade_out=0.3)


def sparkler(seconds: float, rng: Rng) -> Synthesised:
    """Iron filings burn off a wire: thousands of tiny bursts a second, and snaps one can count.

    The fizz lies at 3 to 16 kHz; sparklers that are lit in the clip flare up within half a second.
    """
    n = frames(seconds)
    strength, snapping = level(rng, light=25.0, moderate=50.0, heavy=90.0)
    burning = swell(n, 1.5, rng, 0.15) * swell(n, 8, rng, 0.15)
    peak = log_between(rng, 5500, 8500)
    fizz = dust(between(rng, 4000, 6500) * burning, rng, 1.7, 20)
    fizz = shaped(fizz, (150, -34), (700, -20), (2200, -8), (peak, 0), (13_000, -2), (19e3, -10))
    bed = shaped(white(n, rng), (300, -34), (1500, -16), (peak, 0), (14_000, -3), (19e3, -10))
    x = unit(fizz) + between(rng, 0.4, 0.75) * unit(bed) * burning
    snaps = bursts(rng, 60, (2500, 12_000), (0.001, 0.008), 1.6)
    places = poisson(n, snapping * burning, rng)
    x += between(rng, 10, 14) * scatter(n, places, sizes(len(places), rng, 1.3), snaps, rng)
    if seconds > 2.5 and chance(rng, 0.3):
        lit = between(rng, 0.2, 0.5)
        x *= contour(n, (0, 0.02), (lit / seconds, 0.1), ((lit + 0.25) / seconds, 1), (1, 1))
    x = room(x, rng)
    x = unit(x) + between(rng, 0.01, 0.03) * room_air(n, rng)
    return finish(limited(x, 7), seconds, rng, {"strength": strength})


def _squeak(rng: Rng) -> Signal:
    """Fingers slip on stretched rubber: stick and slip at 300 to 1200 Hz."""
    n = frames(between(rng, 0.08, 0.3))
    hz = log_between(rng, 300, 900) * contour(n, (0, 1), (0.5, between(rng, 1.1, 1.6)), (1, 1.2))
    rub = pulses(hz * (1 + 0.03 * wander(n, 60, rng)), rng, 0.03, 0.3)
    return peaked(bandpass(rub, 500, 5000, 1) * arch(n, 0.2, 0.3))


def _balloon(rng: Rng, width: float) -> Signal:
    """A balloon `width` metres across bursts: an N as long as sound takes to cross it."""
    n = frames(0.12)
    x = 1.0 * lowpass(_pressure_wave(n, width / SPEED_OF_SOUND), between(rng, 5000, 12_000), 1)
    tear = highpass(white(n, rng), 1500, 1) * strike(n, 0.0004, between(rng, 0.01, 0.03))
    flap = bandpass(white(n, rng), 300, 2500, 1) * strike(n, 0.002, between(rng, 0.03, 0.08))
    return peaked(x + between(rng, 0.3, 0.7) * peaked(tear) + between(rng, 0.1, 0.3) * peaked(flap))


def balloon_pop(seconds: float, rng: Rng) -> Synthesised:
    """Rubber tears in a millisecond; the air that it held rings in the room.

    A wave of 0.5 to 1.5 ms, 18 to 50 cm across, so that most energy lies at 300 Hz to 1.2 kHz.
    """
    n = frames(seconds)
    strength, width = level(rng, light=0.18, moderate=0.3, heavy=0.5)
    number = 1 if seconds < 1.0 or chance(rng, 0.5) else int(rng.integers(2, 7))
    x = np.zeros(n)
    t, made = between(rng, 0.05, 0.3), 0
    if seconds > 1.2 and chance(rng, 0.3):
        for _ in range(int(rng.integers(1, 4))):
            add_at(x, t, _squeak(rng), between(rng, 0.02, 0.08))
            t += between(rng, 0.1, 0.3)
    while made < number and t < seconds - 0.2:
        add_at(x, t, _balloon(rng, width * between(rng, 0.85, 1.15)), between(rng, 0.6, 1.0))
        t += between(rng, 0.15, 0.7)
        made += 1
    x = reverb(x, rng, between(rng, 0.4, 1.4), between(rng, 0.3, 0.9), 5000)
    x = peaked(x) + between(rng, 0.0005, 0.003) * room_air(n, rng)
    attributes = {"strength": strength, "count": how_many(made)}
    return finish(x, seconds, rng, attributes, fade_out=0.1)


def _crack(rng: Rng, force: float) -> Signal:
    """A thong swung ever faster until its tip breaks the sound barrier, twice within 5 ms."""
    swing = between(rng, 0.25, 0.5)
    n = frames(swing + 0.25)
    x = np.zeros(n)
    m = frames(swing)
    centre = contour(m, (0, 250), (0.7, 700), (1, between(rng, 2000, 4000)))
    air = sweeping(white(m, rng), centre, 1.6) * contour(
        m, (0, 0), (0.6, 0.15), (0.97, 1), (1, 0.6)
    )
    add_at(x, 0.0, peaked(air), between(rng, 0.05, 0.2))
    for late, gain in ((0.0, 1.0), (between(rng, 0.001, 0.005), between(rng, 0.3, 0.7))):
        k = frames(0.2)
        boom = _pressure_wave(k, between(rng, 0.00025, 0.0006))
        snap = highpass(white(k, rng), 900, 1) * strike(k, 0.0002, between(rng, 0.015, 0.05))
        add_at(
            x, swing + late, gain * force * (peaked(boom) + between(rng, 0.4, 0.8) * peaked(snap))
        )
    return x


def whip(seconds: float, rng: Rng) -> Synthesised:
    """The thong swishes and its tip cracks: a wave of half a millisecond, energy to 16 kHz."""
    n = frames(seconds)
    number = 1 if seconds < 1.2 or chance(rng, 0.4) else int(rng.integers(2, 5))
    x = np.zeros(n)
    t, made = between(rng, 0.0, 0.15), 0
    while made < number and t < seconds - 0.6:
        add_at(x, t, _crack(rng, between(rng, 0.6, 1.0)))
        t += between(rng, 0.5, 1.1)
        made += 1
    distance = draw_distance(rng, 0.2)
    x = room(x, rng) if chance(rng, 0.3) else outdoors(x, rng)
    if distance == "distant":
        x = at_distance(x, distance, rng)
    x = peaked(x) + between(rng, 0.0005, 0.003) * unit(pink(n, rng))
    attributes = {"distance": distance, "count": how_many(made)}
    return finish(x, seconds, rng, attributes, fade_out=0.1)


def electric_arc(seconds: float, rng: Rng) -> Synthesised:
    """A spark jumps and holds: rasp at twice the mains, crackles, snaps as it breaks and strikes.

    The hot channel follows the current, so that the noise comes 100 or 120 times a second.
    """
    n = frames(seconds)
    tempo, pause = level(rng, slow=0.9, steady=0.45, fast=0.15)
    hz = 2 * mains_frequency(rng)
    x = np.zeros(n)
    bank = bursts(rng, 30, (1000, 9000), (0.001, 0.008), 2.0)
    t = between(rng, 0.02, 0.2)
    while t < seconds - 0.05:
        m = min(frames(log_between(rng, 0.08, 0.9)), n - frames(t))
        gate = np.clip(np.abs(np.sin(np.pi * (phase(np.full(m, hz)) + rng.random()))), 0, 1) ** 4
        rasp = highpass(white(m, rng), 1200, 1) * gate
        held = swell(m, 20, rng, 0.5) * arch(m, 0.02, 0.1)
        places = poisson(m, between(rng, 60, 250), rng)
        crackle = scatter(m, places, sizes(len(places), rng, 1.2), bank, rng)
        spark = between(rng, 0.3, 1.0) * unit(rasp) + between(rng, 0.8, 1.6) * unit(crackle + 1e-9)
        add_at(x, t, spark * held, log_between(rng, 0.4, 1.0))
        add_at(x, t, burst(rng, 700, 12_000, 0.012), between(rng, 3, 7))
        t += m / frames(1.0) + pause * log_between(rng, 0.4, 1.8)
    hum = unit(harmonics(np.full(n, hz), np.exp(-np.arange(20) / 5), rng))
    x = room(x, rng) + between(rng, 0.02, 0.1) * hum
    x = peaked(limited(x, 8)) + between(rng, 0.0005, 0.003) * room_air(n, rng)
    return finish(x, seconds, rng, {"tempo": tempo})


DISCHARGES: dict[str, Recipe] = {
    "fireworks": fireworks,
    "sparkler": sparkler,
    "balloon_pop": balloon_pop,
    "whip": whip,
    "electric_arc": electric_arc,
}
