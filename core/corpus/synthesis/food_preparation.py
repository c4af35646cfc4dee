"""Food and drink made ready: a knife on a board, a can with a ring pull, ground coffee."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import LIVED_IN, Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, beats, contour, strike, swell, wander
from core.corpus.synthesis.filters import bandpass, highpass, resonances, shaped
from core.corpus.synthesis.grains import add_at, burst, bursts, dust, poisson, scatter, sizes
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import Modes, metal, wood
from core.corpus.synthesis.motors import blown_air, commutator_motor, housing, switched
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
from core.corpus.synthesis.sources import sine, white
from core.corpus.synthesis.space import reverb, room

_CUTS = 8
"""Different cuts of one cook, of which a clip is put together."""


def _fibres(rng: Rng, length: float, crisp: float) -> Signal:
    """The blade on its way: cells burst one by one, in a carrot hard, in an onion juicy."""
    m = frames(length)
    snaps = dust(np.full(m, log_between(rng, 700, 2500)), rng, 1.2)
    low = log_between(rng, 500, 1200) * (1 + crisp)
    hard = bandpass(snaps, low, 9000, 1)
    juice = bandpass(white(m, rng), 700, 5000, 1) * swell(m, 120, rng, 0.7)
    return peaked((crisp * peaked(hard) + 0.3 * peaked(juice)) * arch(m, 0.3, 0.1))


def _knife_cut(rng: Rng, board: Modes, blade: Modes, crisp: float) -> Signal:
    """One cut: through the vegetable in some 40 ms, then the edge rolls on to the board."""
    m = frames(0.3)
    x = np.zeros(m)
    way = between(rng, 0.02, 0.06)
    add_at(x, 0.0, _fibres(rng, way, crisp), between(rng, 0.3, 0.8))
    knock = np.zeros(m)
    for late in np.linspace(0, between(rng, 0.002, 0.012), int(rng.integers(1, 4))):
        blow = board.struck(m, rng, log_between(rng, 1200, 3500), 0.8)
        add_at(knock, float(late), blow, between(rng, 0.4, 1.0))
    knock = peaked(knock)
    add_at(knock, 0.0, burst(rng, 250, 2500, between(rng, 0.012, 0.03)), between(rng, 0.9, 1.8))
    hz = between(rng, 90, 160)
    thump = sine(np.full(frames(0.15), hz)) * strike(frames(0.15), 0.003, 0.09)
    add_at(x, way, peaked(knock))
    add_at(x, way, thump, between(rng, 0.15, 0.45))
    add_at(x, way, burst(rng, 1500, 10_000, between(rng, 0.003, 0.008)), between(rng, 0.25, 0.6))
    add_at(x, way, blade.struck(frames(0.15), rng), between(rng, 0.04, 0.16))
    return peaked(x)


def _swept_aside(rng: Rng, board: Modes) -> Signal:
    """The back of the blade pushes the pieces along the board."""
    m = frames(between(rng, 0.2, 0.45))
    grain = dust(np.full(m, 900.0), rng)
    panels = [
        (float(f), float(f) / 6, float(g)) for f, g in zip(board.hz, board.gains, strict=True)
    ]
    rub = bandpass(white(m, rng), 1200, 7500, 1) * swell(m, 40, rng, 0.5)
    x = unit(rub) + between(rng, 0.2, 0.6) * unit(resonances(grain, *panels))
    return peaked(x * arch(m, 0.3, 0.4))


def knife_chopping(seconds: float, rng: Rng) -> Synthesised:
    """A cook cuts vegetables, 1.7 to 8 cuts a second, in runs with a moment between them.

    Every cut is a crunch of 20 to 60 ms and the edge on wood: modes from 200 to 450 Hz on that wet
    wood and hand damp within 70 ms, a click above 1.5 kHz, hardly any ring of the blade.
    """
    n = frames(seconds)
    tempo, rate = level(rng, slow=1.7, steady=3.8, fast=7.5)
    rate *= between(rng, 0.92, 1.1)
    board = wood(rng, log_between(rng, 190, 430), 6000, 30, t60=between(rng, 0.03, 0.07))
    blade = metal(rng, log_between(rng, 2500, 4500), 12_000, 10, t60=between(rng, 0.02, 0.06))
    crisp = between(rng, 0.1, 1.0)
    cuts = [
        _knife_cut(rng, board.tuned(between(rng, 0.97, 1.03)), blade, crisp) for _ in range(_CUTS)
    ]
    x = np.zeros(n)
    t = between(rng, 0.02, 0.1)
    while t < seconds - 0.12:
        for _ in range(int(rng.integers(5, 9) * max(1.0, rate / 4))):
            add_at(x, t, cuts[int(rng.integers(_CUTS))], between(rng, 0.45, 1.0))
            t += max(0.5, 1 + 0.11 * rng.standard_normal()) / rate
            if t > seconds - 0.12:
                break
        if chance(rng, 0.3) and t < seconds - 0.6:
            add_at(x, t, _swept_aside(rng, board), between(rng, 0.08, 0.25))
            t += 0.4
        t += between(rng, 0.15, 0.6)
    x = reverb(x, rng, between(rng, 0.3, 0.8), between(rng, 0.2, 0.5), 5000)
    return finish(limited(x, 9), seconds, rng, {"tempo": tempo, "surface": "wood"}, LIVED_IN)


def _lid_opens(rng: Rng, force: float) -> tuple[Signal, float]:
    """The score line gives, gas rushes out and the tab folds the lid in; and when gas begins.

    Sheet of 0.2 mm rings at 1.5 to 9 kHz for a few hundredths of a second over the can's hollow.
    """
    lid = metal(rng, log_between(rng, 1300, 2200), 11_000, 22, t60=between(rng, 0.025, 0.07))
    x = np.zeros(frames(0.9))
    crack = between(rng, 0.004, 0.012)
    add_at(x, 0.0, burst(rng, 1200, 14_000, 0.006), 0.7)
    add_at(x, 0.0, lid.struck(frames(0.15), rng), 0.9)
    m = frames(0.6)
    rush = white(m, rng) * strike(m, 0.003, between(rng, 0.12, 0.22) * (0.5 + force))
    hollow = log_between(rng, 900, 1700)
    jet = unit(bandpass(rush, 1800, 13_000, 1)) + 0.5 * unit(resonances(rush, (hollow, 350, 1.0)))
    add_at(x, crack, peaked(jet), 0.35 + 0.75 * force)
    tear = crack + between(rng, 0.07, 0.22)
    for late in np.linspace(0, between(rng, 0.03, 0.08), int(rng.integers(3, 7))):
        add_at(
            x, tear + float(late), lid.struck(frames(0.1), rng, 6000), log_between(rng, 0.1, 0.5)
        )
    pop = resonances(burst(rng, 300, 5000, 0.02), (hollow * 0.6, 200, 1.0))
    add_at(x, tear, peaked(pop), between(rng, 0.3, 0.7))
    return peaked(x), crack


def _fizz(n: int, rng: Rng, force: float, fall: float) -> Signal:
    """Bubbles of a tenth of a millimetre burst, thousands a second, ever fewer: 3 to 15 kHz."""
    rate = 7000 * (0.3 + force) * np.exp(-ticks(n) / fall) + 25
    crackle = dust(rate, rng, 1.4)
    tuned = [(log_between(rng, 2500, 12_000), 2500.0, between(rng, 0.4, 1.0)) for _ in range(4)]
    spray = resonances(crackle, *tuned)
    foam = highpass(white(n, rng), 3500, 1) * np.exp(-ticks(n) / (0.8 * fall))
    return peaked(peaked(spray) + between(rng, 0.1, 0.3) * peaked(foam))


def drink_can(seconds: float, rng: Rng) -> Synthesised:
    """A can of something fizzy: a nail under the tab, the crack, gas, and a fizz that dies away."""
    n = frames(seconds)
    strength, force = level(rng, light=0.15, moderate=0.5, heavy=1.0)
    tab = metal(rng, log_between(rng, 2200, 4200), 11_000, 12, t60=between(rng, 0.01, 0.035))
    x = np.zeros(n)
    t = between(rng, 0.03, 0.1)
    for _ in range(int(rng.integers(0, 3)) if seconds < 1.5 else int(rng.integers(1, 4))):
        add_at(x, t, tab.struck(frames(0.08), rng), log_between(rng, 0.06, 0.25))
        t += between(rng, 0.05, 0.16)
    lid, crack = _lid_opens(rng, force)
    add_at(x, t, lid)
    left = n - frames(t + crack)
    fall = min(between(rng, 0.5, 1.1) * (0.6 + force), 0.4 * seconds)
    fizz = _fizz(left, rng, force, fall) * np.minimum(1, ticks(left) / 0.08)
    add_at(x, t + crack, fizz, between(rng, 0.1, 0.18) * (0.5 + 1.5 * force))
    x = room(x, rng)
    return finish(limited(x, 14), seconds, rng, {"strength": strength}, fade_out=0.15)


def _broken_beans(n: int, rng: Rng, fill: Signal, coarse: float) -> Signal:
    """Beans that burst between burrs or under blades: cracks of 0.8 to 7 kHz, fewer and finer."""
    cracks = dust(700 * fill**0.7 + 1e-3, rng, 1.3, 12)
    rough = shaped(cracks, (300, -12), (900 * coarse, 0), (3000 * coarse, 2), (9000, -8))
    bank = bursts(rng, 30, (900 * coarse, 5000), (0.003, 0.012), 1.2)
    places = poisson(n, 90 * fill + 1e-3, rng)
    return unit(rough) * fill**0.5 + 0.8 * unit(
        scatter(n, places, sizes(len(places), rng, 1.3), bank, rng) + 1e-9
    )


def coffee_grinder(seconds: float, rng: Rng) -> Synthesised:
    """A small universal motor under load, and beans that crack the less the finer they are.

    A blade grinder spins up to 300 to 450 turns a second in bursts while a finger is on it; burrs
    turn evenly. As the beans are ground the motor is freed and its whine climbs.
    """
    n = frames(seconds)
    tempo, turns = level(rng, slow=130.0, steady=230.0, fast=370.0)
    turns *= between(rng, 0.92, 1.08)
    blades = chance(rng, 0.45)
    speed, _, _ = switched(n, rng, 0.25, 0.5)
    if blades and seconds > 2.0:
        t = np.arange(n) / n * seconds
        for at in beats(
            seconds - 0.5, between(rng, 1.6, 3.0), 0.2, rng, first=between(rng, 1.2, 2)
        ):
            gap = between(rng, 0.15, 0.35)
            off = np.clip((t - at) / 0.12, 0, 1) * np.clip((at + gap + 0.12 - t) / 0.12, 0, 1)
            speed *= 1 - 0.85 * off
    fill = contour(n, (0, 1.0), (0.5, between(rng, 0.5, 0.9)), (1, between(rng, 0.1, 0.6)))
    load = fill * np.clip(swell(n, 9, rng, 0.25), 0.5, 1.6)
    spin = np.maximum(turns * speed * (1 - 0.12 * load + 0.01 * wander(n, 4, rng)), 1.0)
    motor = commutator_motor(spin, rng, between(rng, 3.0, 5.0)) * speed
    air = blown_air(spin, 6, rng, (200, -14), (900, 0), (3000, -3), (9000, -12))
    case = housing(motor + 0.3 * air, rng, 180, 4500, 12, 7)
    beans = _broken_beans(n, rng, np.clip(load * speed, 0, 3), between(rng, 0.8, 1.25))
    x = 0.5 * unit(motor) + 0.9 * unit(case) + 0.35 * unit(air)
    x += between(rng, 1.1, 1.8) * unit(beans)
    x = reverb(
        x * np.clip(speed, 0, 1) ** 0.3, rng, between(rng, 0.25, 0.6), between(rng, 0.1, 0.3), 4000
    )
    return finish(limited(x, 6), seconds, rng, {"tempo": tempo})


FOOD_PREPARATION: dict[str, Recipe] = {
    "knife_chopping": knife_chopping,
    "drink_can": drink_can,
    "coffee_grinder": coffee_grinder,
}
"""By the name of the kind."""
