"""A car at the kerb: its door opens and shuts, its engine is cranked until it runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish, how_many
from core.corpus.synthesis.envelopes import arch, contour, strike, swell, wander
from core.corpus.synthesis.filters import bandpass, lowpass, resonances, shaped
from core.corpus.synthesis.grains import add_at, burst
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import Modes, metal
from core.corpus.synthesis.motors import commutator_motor
from core.corpus.synthesis.roads import in_the_street, piston_engine
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
from core.corpus.synthesis.sources import phase, pulses, sine, white

RING_TEETH = 130
"""Of a flywheel that the starter's pinion drives."""


@dataclass(frozen=True)
class _Door:
    """A car's door: sheet steel that is damped inside, a latch, a rubber seal and a hinge.

    Attributes:
        boom: the cabin's air in Hz as the door shuts it.
        skin: the sheet steel.
        latch: claw and striker.
        dry: how much the hinge creaks, 0 to 1.
    """

    boom: float
    skin: Modes
    latch: Modes
    dry: float


def _draw_door(rng: Rng) -> _Door:
    size = log_between(rng, 0.75, 1.4)
    return _Door(
        between(rng, 42, 62) / size**0.5,
        metal(rng, log_between(rng, 95, 150) / size, 2600, 30, t60=between(rng, 0.1, 0.24)),
        metal(rng, log_between(rng, 700, 1200), 8000, 20, t60=between(rng, 0.02, 0.05)),
        between(rng, 0.2, 1.0) if chance(rng, 0.35) else 0.0,
    )


def _latch(rng: Rng, door: _Door, hard: float) -> Signal:
    """One click of the claw: two stops of steel on steel, some ten milliseconds apart."""
    x = np.zeros(frames(0.12))
    for late in (0.0, between(rng, 0.008, 0.022)):
        add_at(x, late, door.latch.struck(frames(0.08), rng, 2500 + 5000 * hard), 1.0)
        add_at(x, late, burst(rng, 1500, 9000, 0.004), between(rng, 0.2, 0.5))
    return peaked(x)


def _opened(rng: Rng, door: _Door) -> Signal:
    """The handle's click, the seal that lets go, the hinge past its notches."""
    swing = between(rng, 0.35, 0.7)
    x = np.zeros(frames(swing + 0.3))
    add_at(x, 0.0, _latch(rng, door, 0.6), between(rng, 0.6, 1.0))
    m = frames(0.09)
    seal = bandpass(white(m, rng), 150, 1800, 1) * arch(m, 0.2, 0.6)
    add_at(x, 0.035, peaked(seal), between(rng, 0.15, 0.35))
    add_at(x, 0.03, door.skin.struck(frames(0.25), rng, 700), between(rng, 0.2, 0.45))
    if door.dry:
        m = frames(swing)
        rate = log_between(rng, 70, 190) * contour(m, (0, 0.6), (0.5, 1.0), (1, 0.7))
        slips = pulses(rate * 2 ** (0.1 * wander(m, 8, rng)), rng, 0.08, 0.4)
        peaks = [(float(hz), float(hz) / 14, 1.0) for hz in rng.uniform(500, 2600, 5)]
        add_at(x, 0.08, peaked(resonances(slips, *peaks) * arch(m, 0.2, 0.3)), 0.25 * door.dry)
    for late in sorted(rng.uniform(0.5, 1.0, 2)):
        stop = door.skin.struck(frames(0.2), rng, 450)
        add_at(x, float(late) * swing + 0.05, stop, between(rng, 0.12, 0.35))
    return x


def _shut(rng: Rng, door: _Door, force: float) -> tuple[Signal, float]:
    """The door swings to, presses the air into the cabin and is caught; and when it is caught."""
    swing = between(rng, 0.16, 0.28) / (0.6 + 0.5 * force)
    x = np.zeros(frames(swing + 0.7))
    m = frames(swing)
    rush = bandpass(white(m, rng), 120, 900, 1) * contour(m, (0, 0), (0.8, 0.7), (1, 1))
    add_at(x, 0.0, peaked(rush), 0.05 + 0.1 * force)
    n = frames(0.6)
    boom = sine(door.boom * contour(n, (0, 1.5), (0.2, 1.05), (1, 0.9)))
    boom *= strike(n, 0.006, between(rng, 0.22, 0.4))
    body = door.skin.struck(n, rng, 260 + 900 * force)
    slap = lowpass(white(n, rng), 600 + 2800 * force, 1) * strike(n, 0.002, between(rng, 0.05, 0.1))
    add_at(x, swing, boom, 0.3 + 0.35 * force)
    add_at(x, swing, body, between(rng, 0.7, 1.0))
    add_at(x, swing, peaked(slap), between(rng, 0.5, 0.9) * (0.5 + 0.5 * force))
    add_at(
        x,
        swing + between(rng, 0.0, 0.012),
        _latch(rng, door, force),
        between(rng, 0.5, 0.9) * (0.3 + 0.7 * force),
    )
    pane = shaped(white(n, rng), (200, -20), (500, 0), (1100, -2), (3000, -24))
    add_at(x, swing + 0.02, peaked(pane * strike(n, 0.006, 0.16)), 0.3 * force)
    return x * (0.35 + 0.65 * force), swing


def car_door(seconds: float, rng: Rng) -> Synthesised:
    """The latch clicks and the door swings open; it is shut with a thud of 40 to 200 Hz.

    Steel skin that is damped inside makes the thud, the latch two clicks in it, and the air of the
    cabin a pressure below 60 Hz; who slams excites higher modes.
    """
    n = frames(seconds)
    strength, force = level(rng, light=0.3, moderate=0.6, heavy=1.0)
    door = _draw_door(rng)
    x = np.zeros(n)
    t, made = between(rng, 0.02, 0.1), 0
    while made == 0 or (t < seconds - 2.6 and made < 4):
        if made == 0 or chance(rng, 0.6):
            add_at(x, t, _opened(rng, door), between(rng, 0.3, 0.5))
            t += min(between(rng, 0.65, 1.8), max(0.45, seconds - t - 0.75))
        sound, swing = _shut(rng, door, force * between(rng, 0.9, 1.05))
        add_at(x, t, sound)
        t += swing + between(rng, 0.7, 2.0)
        made += 1
    x, distance = in_the_street(x, rng, 0.2, (0.01, 0.06))
    attributes = {"strength": strength, "distance": distance, "count": how_many(made)}
    return finish(limited(x, 14), seconds, rng, attributes, fade_out=0.15)


def _cranked(n: int, rng: Rng, beats: Signal) -> Signal:
    """A starter that drives the flywheel while the cylinders squeeze air `beats` times a second.

    The pinion's whine sinks as each cylinder comes up and hurries on behind it, which is heard as
    the chug; a four-cylinder engine squeezes twice a turn.
    """
    squeeze = np.sin(2 * np.pi * phase(beats))
    crank = beats / 2 * (1 + between(rng, 0.12, 0.22) * squeeze)
    teeth = crank * RING_TEETH
    mesh = unit(sine(teeth) + 0.6 * sine(2 * teeth) + 0.35 * sine(3 * teeth))
    rattle = bandpass(white(n, rng), 600, 4000, 1) * (0.6 + 0.4 * sine(teeth))
    motor = commutator_motor(crank * between(rng, 12, 15), rng, 5.0)
    puff = np.maximum(-squeeze, 0) ** 2
    air = unit(shaped(white(n, rng), (60, -4), (150, 0), (500, -6), (2500, -20)) * puff)
    x = 0.8 * mesh + 0.5 * unit(rattle) + 0.7 * motor
    x = resonances(x, (350, 300, 1.0), (900, 600, 0.9), (2200, 1500, 0.6)) + 0.2 * x
    return unit(x) * (0.55 + 0.45 * np.maximum(-squeeze, -0.6)) + 0.6 * air


def _run_up(n: int, rng: Rng, idle: float) -> Signal:
    """Turns a second of an engine that has caught: it stumbles, flares up and sinks to idle."""
    length = n / frames(1.0)
    flare = idle * between(rng, 1.7, 2.8)
    t = ticks(n)
    rise = between(rng, 0.25, 0.5)
    fall = between(rng, 0.5, 1.0)
    up = 1 - np.exp(-t / (0.4 * rise))
    turns = idle * 0.45 + (flare - 0.45 * idle) * up
    down = np.exp(-np.maximum(t - rise, 0) / fall)
    turns = idle + (turns - idle) * down
    turns *= 1 + 0.02 * wander(n, 2.5, rng)
    if length > 3.5 and chance(rng, 0.5):
        at, width = between(rng, 2.2, length - 1.0), between(rng, 0.2, 0.35)
        turns += idle * between(rng, 0.6, 2.0) * np.exp(-(((t - at) / width) ** 2))
    return turns


def engine_start(seconds: float, rng: Rng) -> Synthesised:
    """The key turns, the starter chugs 4 to 10 times a second, the engine catches and idles.

    *tempo* is how fast it is cranked: slowly by a flat or cold battery.
    """
    n = frames(seconds)
    tempo, beat = level(rng, slow=4.6, steady=6.8, fast=9.4)
    beat *= between(rng, 0.93, 1.07)
    start = between(rng, 0.03, 0.12)
    turned = min(between(rng, 0.5, 0.9) * between(rng, 1.0, 3.0), 0.45 * seconds)
    m = frames(turned)
    labour = contour(m, (0, 0.55), (min(0.4, 0.12 / turned), 1.0), (0.85, 0.97), (1, 1.25))
    starter = _cranked(m, rng, beat * labour * (1 + 0.03 * wander(m, 2, rng)))
    starter *= contour(m, (0, 0), (min(0.2, 0.03 / turned), 1), (0.94, 1), (1, 0.0))
    x = np.zeros(n)
    solenoid = metal(rng, log_between(rng, 350, 600), 5000, 18, t60=0.05)
    add_at(x, start, solenoid.struck(frames(0.12), rng, 5000), between(rng, 1.0, 2.0))
    add_at(x, start + 0.02, starter, between(rng, 0.7, 1.0))
    caught = start + turned - between(rng, 0.05, 0.2)
    rest = n - frames(caught)
    idle = between(rng, 11.5, 16)
    turns = _run_up(rest, rng, idle)
    diesel = between(rng, 0.5, 1.0) if chance(rng, 0.3) else 0.0
    load = np.clip(turns / (2.6 * idle), 0.3, 1.0)
    cylinders = int(rng.choice([4, 4, 4, 6, 8]))
    motor = piston_engine(turns, load, cylinders, rng, between(rng, 0.9, 1.4), diesel, 0.06)
    motor *= 1 - np.exp(-ticks(rest) / 0.05)
    stumble = 1 - 0.5 * np.exp(-ticks(rest) / 0.3) * (1 - swell(rest, 7, rng, 0.6)) ** 2
    add_at(x, caught, motor * np.clip(stumble, 0.2, 1), between(rng, 1.6, 2.6))
    x, distance = in_the_street(x, rng, 0.2, (0.03, 0.12))
    attributes = {"tempo": tempo, "distance": distance}
    return finish(limited(x, 6), seconds, rng, attributes, fade_out=0.15)


CARS: dict[str, Recipe] = {"car_door": car_door, "engine_start": engine_start}
"""By the name of the kind."""
