"""Machines of the kitchen and the laundry: fridge, microwave, blender, washing machine."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, beats, strike, swell, wander
from core.corpus.synthesis.filters import bandpass, lowpass, shaped
from core.corpus.synthesis.grains import (
    add_at,
    bubbles,
    burst,
    bursts,
    poisson,
    ringing,
    scatter,
    sizes,
)
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import Modes, metal
from core.corpus.synthesis.motors import (
    commutator_motor,
    housing,
    induction_hum,
    mains_frequency,
    switched,
)
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
from core.corpus.synthesis.sources import harmonics, phase, pink, pulses, room_air, tilted, white
from core.corpus.synthesis.space import room


def _rattle(n: int, rng: Rng, hz: float) -> Signal:
    """Bottles or a loose panel that the vibration sets knocking, now and then."""
    loose = metal(rng, log_between(rng, 900, 2500), 9000, 12, t60=0.05)
    hits = pulses(np.full(n, hz), rng, 0.03, 0.6) * np.clip(swell(n, 0.6, rng, 1.0) - 0.7, 0, 2)
    return ringing(hits, loose.struck(frames(0.06), rng))


def _shudder(rng: Rng) -> Signal:
    """The compressor on its springs as it starts or stops: a few swings, and the relay's click."""
    m = frames(0.7)
    swings = np.sin(2 * np.pi * between(rng, 6, 11) * np.arange(m) / frames(1.0))
    thump = lowpass(white(m, rng), 160) * strike(m, 0.02, 0.6) * (0.4 + 0.6 * np.abs(swings))
    x = peaked(thump)
    add_at(x, 0.0, burst(rng, 900, 7000, 0.02), between(rng, 0.1, 0.3))
    return x


def fridge(seconds: float, rng: Rng) -> Synthesised:
    """A compressor hums through thin panels, at twice the mains' frequency and its multiples.

    Beside it the rotor, which beats with the mains once or twice a second or slower, the air of a
    condenser fan, and sometimes the refrigerant's gurgle or a rattle.
    """
    n = frames(seconds)
    strength, force = level(rng, light=0.5, moderate=1.0, heavy=1.8)
    mains = mains_frequency(rng)
    hum = induction_hum(n, rng, mains, between(rng, 7, 12) - 1.5 * force)
    hum = unit(hum + 1.5 * unit(housing(hum, rng, 90, 900, 5, 12)))
    running, on, off = switched(n, rng, 0.25, 0.4, 0.2)
    air = unit(
        shaped(pink(n, rng), (40, -12), (150, 0), (600, -6), (2500, -16), (8000, -26), (16e3, -34))
    )
    fan = between(rng, 0.08, 0.35)
    x = running * (hum * swell(n, 0.5, rng, 0.05) + fan * air)
    if chance(rng, 0.35):
        bank = bubbles(rng, 40, 300, 1800, 0.15)
        places = poisson(n, 14.0 * np.clip(swell(n, 0.8, rng, 1.2) - 0.6, 0, 3), rng)
        x += between(rng, 0.3, 1.0) * scatter(n, places, sizes(len(places), rng), bank, rng)
    if strength == "heavy" or chance(rng, 0.15):
        x += between(rng, 0.15, 0.5) * unit(_rattle(n, rng, mains)) * running
    for when in (on, off):
        if when is not None:
            add_at(x, when, _shudder(rng), between(rng, 1.0, 2.5))
    x = room(x, rng) + 10 ** (between(rng, -36, -24) / 20) / force * air
    return finish(limited(x, 6), seconds, rng, {"strength": strength})


def _beep(rng: Rng, hz: float, length: float) -> Signal:
    """A piezo sounder: a square wave of which mostly the odd harmonics pass."""
    m = frames(length)
    tone = harmonics(np.full(m, hz), [1.0, 0.05, 0.4, 0.03, 0.2, 0.02, 0.12], rng)
    return peaked(tone * arch(m, 0.05, 0.08))


def _door(rng: Rng) -> Signal:
    """A microwave's door: hooks snap into switches, thin sheet metal answers."""
    m = frames(0.4)
    x = np.zeros(m)
    sheet = metal(rng, between(rng, 140, 300), 4000, 22, t60=between(rng, 0.08, 0.2))
    for late in (0.0, between(rng, 0.02, 0.08)):
        add_at(x, late, sheet.struck(m, rng, 1800), between(rng, 0.6, 1.0))
        add_at(x, late, burst(rng, 1500, 9000, 0.006), between(rng, 0.3, 0.8))
    return peaked(x)


def microwave(seconds: float, rng: Rng) -> Synthesised:
    """Transformer and blower in a steel box; a door, keys that beep, and the end's beeps or bell.

    The transformer hums at twice the mains with strong harmonics up to 2 kHz; sounders beep at 1.9
    to 4 kHz.
    """
    n = frames(seconds)
    strength, force = level(rng, light=0.6, moderate=1.0, heavy=1.6)
    hz = log_between(rng, 1900, 4000)
    start = end = None
    if seconds > 2.0 and chance(rng, 0.35):
        start = between(rng, 0.5, 0.9)
    if seconds > 2.5 and chance(rng, 0.55):
        end = seconds - between(rng, 1.2, min(2.2, 0.5 * seconds))
    t = ticks(n)
    running = np.ones(n)
    if start is not None:
        running *= 1 - np.exp(-np.clip(t - start, 0, None) / 0.06)
    if end is not None:
        running *= np.exp(-np.clip(t - end, 0, None) / 0.05)
    mains = mains_frequency(rng)
    hum = induction_hum(n, rng, mains, between(rng, 4, 7))
    hum = unit(hum + between(rng, 0.8, 1.6) * unit(housing(hum, rng, 150, 1800, 7, 14)))
    air = shaped(
        pink(n, rng), (60, -8), (250, 0), (1200, -1), (4000, -12), (10e3, -24), (18e3, -38)
    )
    whir = np.sin(2 * np.pi * between(rng, 180, 420) * t) * swell(n, 4, rng, 0.2)
    blow = unit(air) + between(rng, 0.03, 0.2) * whir
    x = running * (between(rng, 0.5, 1.0) * force * hum + between(rng, 0.5, 1.0) * blow)
    if chance(rng, 0.5):
        turning = 1 + 0.12 * np.sin(2 * np.pi * between(rng, 1.0, 3.0) * t)
        x *= turning
    if start is not None:
        if chance(rng, 0.5):
            add_at(x, start - 0.45, _door(rng), between(rng, 2, 5))
        for back in (0.3, 0.12):
            add_at(x, start - back, _beep(rng, hz, 0.09), between(rng, 1.0, 2.5))
    if end is not None:
        _finished(x, rng, end + 0.1, hz)
    x = room(x, rng)
    x = peaked(x) + between(rng, 0.002, 0.008) * room_air(n, rng)
    return finish(limited(x, 6), seconds, rng, {"strength": strength})


def _finished(x: Signal, rng: Rng, at: float, hz: float) -> None:
    """The food is ready: three to five beeps, or the bell of a clockwork timer, added to `x`."""
    loud = between(rng, 1.5, 3.0)
    if chance(rng, 0.3):
        ratios = np.array([1.0, 1.003, 2.7, 5.2])
        bell = Modes(log_between(rng, 1500, 2800) * ratios, 1.6 * ratios**-0.8, ratios**-0.7)
        add_at(x, at, bell.struck(frames(1.5), rng), 1.6 * loud)
        return
    length = between(rng, 0.12, 0.6)
    for index in range(int(rng.integers(3, 6))):
        add_at(x, at + 1.7 * index * length, _beep(rng, hz, length), loud)


def blender(seconds: float, rng: Rng) -> Synthesised:
    """A motor of 8,000 to 22,000 turns a minute screams in its jug, slower under load.

    Every harmonic of 130 to 370 turns a second sounds, in bands of the jug and base; ice and fruit
    knock against the walls until they are cut.
    """
    n = frames(seconds)
    tempo, speed = level(rng, slow=0.5, steady=0.75, fast=1.0)
    running, on, _ = switched(n, rng, 0.35, 0.7, 0.35)
    if seconds > 2.0 and chance(rng, 0.2):
        beat = between(rng, 0.6, 1.2)
        down = lowpass((ticks(n) % beat < 0.62 * beat).astype(float), 2.5, 1)
        running = running * np.clip(down, 0.05, 1.0)
    load = between(rng, 0.01, 0.06) * swell(n, between(rng, 2, 6), rng, 0.5)
    turns = np.maximum(running, 1e-3) * between(rng, 270, 370) * speed * (1 - load)
    motor = commutator_motor(turns, rng, between(rng, 1.0, 4.0))
    gears = harmonics(turns * float(rng.integers(3, 9)), [1.0, 0.5, 0.35, 0.2, 0.12], rng)
    drive = motor + between(rng, 0.3, 0.9) * unit(gears)
    drive = unit(np.tanh(1.5 * drive))
    x = drive + 1.2 * unit(housing(drive, rng, 300, 5000, 8, 7))
    blades = shaped(white(n, rng), (200, -22), (1000, -4), (3000, 0), (8000, -5), (18e3, -16))
    x = (x + between(rng, 0.25, 0.7) * unit(blades)) * running**1.5
    churn = bandpass(pink(n, rng), 120, 900, 1) * np.clip(swell(n, 8, rng, 0.7) - 0.4, 0, 3)
    x += between(rng, 0.2, 0.6) * unit(churn) * running
    if chance(rng, 0.45):
        since = np.clip(ticks(n) - (on or -1.0), 0, None)
        hard = 60 * np.exp(-since / between(rng, 1.5, 5.0)) * running
        ice = bursts(rng, 30, (500, 5000), (0.006, 0.03), 1.3)
        places = poisson(n, hard + 0.1, rng)
        x += between(rng, 2, 5) * scatter(n, places, sizes(len(places), rng, 1.5), ice, rng)
    x = room(x, rng)
    x = peaked(x) + 0.003 * room_air(n, rng)
    return finish(limited(x, 4), seconds, rng, {"tempo": tempo})


def _tumbling(n: int, rng: Rng, turn: float) -> Signal:
    """Wet clothes in a drum that turns `turn` times a second: they fall, and water slaps."""
    x = np.zeros(n)
    for t in beats(n / frames(1.0), 1 / turn, 0.12, rng, between(rng, 0, 1 / turn)):
        m = frames(between(rng, 0.3, 0.6))
        fall = lowpass(white(m, rng), log_between(rng, 150, 450), 2) * strike(m, 0.04, 0.4)
        add_at(x, t, peaked(fall), between(rng, 0.4, 1.0))
        slap = (
            bandpass(white(m, rng), 250, 1400, 1) * strike(m, 0.06, 0.35) * swell(m, 20, rng, 0.5)
        )
        add_at(x, t + between(rng, 0, 0.1), peaked(slap), between(rng, 0.1, 0.4))
    places = poisson(n, 22 * np.clip(swell(n, turn, rng, 0.9), 0, 3), rng)
    water = scatter(n, places, sizes(len(places), rng), bubbles(rng, 40, 180, 1100, 0.25), rng)
    if chance(rng, 0.3):
        buttons = bursts(rng, 10, (1500, 6000), (0.003, 0.012), 1.0)
        places = poisson(n, 3.0, rng)
        x += between(rng, 0.2, 0.6) * scatter(
            n, places, rng.uniform(0.2, 1, len(places)), buttons, rng
        )
    swish = unit(bandpass(pink(n, rng), 200, 1800, 1))
    swish *= np.clip(swell(n, 2 * turn, rng, 0.7), 0, 3)
    return x + between(rng, 0.4, 1.2) * water + between(rng, 0.03, 0.12) * swish


def washing_machine(seconds: float, rng: Rng) -> Synthesised:
    """A drum that tumbles wet clothes some 50 turns a minute, or spins at 400 to 1400.

    Spinning, the imbalance shakes the cabinet at 7 to 23 Hz and the belt whines at some ten times
    that and above; draining, a pump hums.
    """
    n = frames(seconds)
    tempo, turn = level(rng, slow=0.8, steady=9.0, fast=20.0)
    turn *= between(rng, 0.85, 1.15)
    if tempo == "slow":
        turns = np.full(n, turn)
    else:
        climb = between(rng, 0.5, 1.0) if chance(rng, 0.5) else 1.0
        turns = turn * (climb + (1 - climb) * np.minimum(1, 1.3 * ticks(n) / seconds))
        turns *= 1 + 0.003 * wander(n, 0.8, rng)
    ratio = 110.0 if tempo == "slow" else between(rng, 9, 13)
    belt = harmonics(turns * ratio, tilted(24, 5) * np.exp(0.5 * rng.standard_normal(24)), rng)
    motor = unit(housing(belt, rng, 120, 2500, 6, 8)) + 0.5 * unit(belt)
    rumble = shaped(
        pink(n, rng), (25, -6), (60, 0), (200, -2), (900, -12), (5000, -26), (16e3, -42)
    )
    if tempo == "slow":
        gate = np.clip(
            3 * np.sin(2 * np.pi * (ticks(n) / between(rng, 9, 16) + rng.random())) + 2.5, 0, 1
        )
        x = 1.3 * unit(_tumbling(n, rng, turn)) * gate
        x += (between(rng, 0.12, 0.4) * motor + 0.12 * unit(rumble)) * gate
    else:
        shake = 1 + between(rng, 0.2, 0.6) * np.sin(2 * np.pi * phase(turns))
        knock = harmonics(turns, tilted(12, 4) * np.exp(0.4 * rng.standard_normal(12)), rng)
        roar = shaped(pink(n, rng), (60, -10), (300, 0), (1500, -3), (5000, -14), (16e3, -32))
        x = (
            unit(rumble) * shake
            + between(rng, 0.3, 0.8) * unit(knock)
            + between(rng, 0.4, 1.0) * motor
        )
        x += between(rng, 0.3, 0.9) * unit(roar) * shake * (turns / turns.max()) ** 2
        if chance(rng, 0.4):
            x += between(rng, 0.1, 0.4) * unit(_rattle(n, rng, turn))
    if chance(rng, 0.25):
        x += between(rng, 0.2, 0.6) * induction_hum(n, rng, mains_frequency(rng), 7)
    x = room(x, rng)
    x = peaked(x) + between(rng, 0.002, 0.008) * room_air(n, rng)
    return finish(limited(x, 6), seconds, rng, {"tempo": tempo})


APPLIANCES: dict[str, Recipe] = {
    "fridge": fridge,
    "microwave": microwave,
    "blender": blender,
    "washing_machine": washing_machine,
}
