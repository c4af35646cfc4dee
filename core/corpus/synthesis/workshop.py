"""Work of hands and hoists: hammering nails, a ratchet, arc welding, a crane."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import beats, decay, swell, wander
from core.corpus.synthesis.filters import lowpass, resonances, shaped
from core.corpus.synthesis.grains import add_at, burst, bursts, dust, poisson, scatter
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import Modes, metal, wood
from core.corpus.synthesis.motors import housing, mains_frequency
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    chance,
    frames,
    level,
    log_between,
)
from core.corpus.synthesis.sources import harmonics, phase, pink, pulses, tilted, white
from core.corpus.synthesis.space import reverb

BLOWS_A_NAIL = 6
"""About so many until its head is flush."""
DEEPER = 0.03
"""By so much of its pitch a nail sounds higher with each blow, as less of it swings."""


def _blow(rng: Rng, board: Modes, nail: Modes, driven: float, thud_hz: float) -> Signal:
    """One blow: board, fibres and nail answer, steel clicks on steel, a thud."""
    x = board.struck(frames(0.6), rng, log_between(rng, 1800, 3300), vary=0.5)
    ring = nail.tuned(1 + DEEPER * driven).struck(frames(0.3), rng, 9000)
    add_at(x, 0, ring, log_between(rng, 0.035, 0.14))
    click = burst(rng, log_between(rng, 640, 1100), 9000, between(rng, 0.015, 0.025))
    add_at(x, 0, click, log_between(rng, 0.35, 1.0))
    low = log_between(rng, 280, 430)
    add_at(x, 0, burst(rng, low, 4 * low, between(rng, 0.035, 0.08)), log_between(rng, 0.6, 1.3))
    m = frames(0.2)
    thud = peaked(lowpass(white(m, rng), thud_hz, 2) * decay(m, 0.15))
    add_at(x, 0, thud, log_between(rng, 0.28, 0.7))
    return peaked(x)


def hammering(seconds: float, rng: Rng) -> Synthesised:
    """A hammer drives nails into timber, two or three blows a second, which a room answers.

    Boards ring at 210 to 6000 Hz for less than a tenth of a second; the nail's own ring rises as
    it goes in; now and then the hammer rebounds.
    """
    n = frames(seconds)
    tempo, interval = level(rng, slow=0.52, steady=0.42, fast=0.34)
    interval *= between(rng, 0.94, 1.06)
    low, high = log_between(rng, 210, 340), log_between(rng, 3000, 5700)
    board = wood(rng, low, high, int(rng.integers(25, 35)), t60=log_between(rng, 0.054, 0.093))
    nail = metal(rng, log_between(rng, 1200, 1850), 9000, 14, t60=log_between(rng, 0.07, 0.15))
    thud_hz = between(rng, 120, 200)
    rebounds = between(rng, 0.25, 0.39)
    jitter = between(rng, 0.1, 0.16)
    x = np.zeros(n)
    for index, t in enumerate(beats(seconds, interval, jitter, rng, between(rng, 0.02, 0.3))):
        blow = _blow(rng, board, nail, index % BLOWS_A_NAIL, thud_hz)
        if chance(rng, rebounds):
            tap = board.struck(frames(0.2), rng, 2000)
            add_at(blow, between(rng, 0.03, 0.09), tap, between(rng, 0.05, 0.25))
        add_at(x, t, blow, between(rng, 0.7, 1.0))
    x = reverb(x, rng, between(rng, 0.7, 1.25), between(rng, 0.26, 0.55), between(rng, 2300, 3450))
    x = peaked(x) + log_between(rng, 0.002, 0.0055) * pink(n, rng)
    return finish(limited(x, 10), seconds, rng, {"tempo": tempo})


def _clicks(rng: Rng) -> list[Signal]:
    """The pawl falls from tooth to tooth: six clicks of one ratchet that differ a little."""
    pawl = metal(rng, log_between(rng, 1600, 4500), 13_000, 20, t60=log_between(rng, 0.012, 0.036))
    head = metal(rng, log_between(rng, 300, 780), 5000, 14, t60=log_between(rng, 0.02, 0.04))
    low, t60 = log_between(rng, 1500, 2500), between(rng, 0.005, 0.0085)
    body, snap = log_between(rng, 0.05, 0.27), log_between(rng, 0.55, 1.5)
    second = between(rng, 0.004, 0.0105) if chance(rng, 0.35) else None
    bank = []
    for _ in range(6):
        click = np.zeros(frames(0.15))
        add_at(click, 0, pawl.struck(frames(0.1), rng, log_between(rng, 5000, 9000)))
        add_at(click, 0, head.struck(frames(0.12), rng, 4000), body)
        add_at(click, 0, burst(rng, low, 12_000, t60), snap)
        if second is not None:
            add_at(click, second, pawl.tuned(0.9).struck(frames(0.08), rng, 7000), 0.4)
        bank.append(peaked(click))
    return bank


def ratchet(seconds: float, rng: Rng) -> Synthesised:
    """A ratchet wrench swung back over its teeth: 20 to 60 clicks a second in strokes."""
    n = frames(seconds)
    tempo, rate = level(rng, slow=28.0, steady=40.0, fast=52.0)
    rate *= between(rng, 0.9, 1.1)
    bank = _clicks(rng)
    stroke, pause = log_between(rng, 0.32, 0.66), log_between(rng, 0.15, 0.4)
    jitter = between(rng, 0.05, 0.13)
    x = np.zeros(n)
    t = between(rng, 0.02, 0.2)
    while t < seconds - 0.1:
        length = stroke * between(rng, 0.7, 1.3)
        gone = 0.0
        while gone < length and t + gone < seconds:
            swing = np.sin(np.pi * float(np.clip(gone / length, 0.08, 0.95))) ** 0.5
            loud = between(rng, 0.6, 1.0) * (0.4 + 0.6 * swing)
            add_at(x, t + gone, bank[int(rng.integers(len(bank)))], loud)
            gone += max(0.5, 1 + jitter * rng.standard_normal()) / (rate * swing)
        t += length + pause * between(rng, 0.6, 1.4)
    x = reverb(x, rng, between(rng, 0.32, 0.56), between(rng, 0.3, 0.55), between(rng, 3100, 4300))
    x = peaked(x) + log_between(rng, 0.001, 0.006) * pink(n, rng)
    return finish(limited(x, 10), seconds, rng, {"tempo": tempo})


def welding(seconds: float, rng: Rng) -> Synthesised:
    """An electric arc: drops of metal short it some thousand times a second, it hisses and hums.

    The crackle lies at 2 to 10 kHz as that of fat in a pan; under it are the mains, which the
    transformer and the arc take up twice a period, and single spatters that crack.
    """
    n = frames(seconds)
    strength, force = level(rng, light=0.6, moderate=1.0, heavy=1.7)
    rate = force * log_between(rng, 800, 3500) * swell(n, 8, rng, 0.6)
    crackle = dust(rate, rng, between(rng, 1.9, 2.2), 20)
    hz = log_between(rng, 3500, 5200)
    crackle = resonances(crackle, (hz, 0.8 * hz, 1.0), (2.6 * hz, 1.5 * hz, 0.8))
    low, high = log_between(rng, 2300, 3700), log_between(rng, 4000, 6000)
    hiss = shaped(white(n, rng), (100, -26), (low, -4), (high, 0), (16_000, -10))
    hiss = hiss * swell(n, 30, rng, between(rng, 0.08, 0.22))
    mains = np.full(n, 2 * mains_frequency(rng))
    buzz = resonances(
        pulses(mains, rng, 0.01, 0.3) * white(n, rng), (1200, 900, 1.0), (3500, 2000, 0.8)
    )
    hum = harmonics(mains, tilted(20, 4), rng)
    x = unit(hiss) + log_between(rng, 0.6, 1.4) * unit(crackle)
    x += log_between(rng, 0.07, 0.2) * unit(buzz) + log_between(rng, 0.037, 0.14) * unit(hum)
    pops = bursts(rng, 20, (700, 5000), (0.004, 0.02), 1.3)
    places = poisson(n, force * log_between(rng, 4, 18), rng)
    gains = np.minimum(rng.pareto(1.5, len(places)) + 0.15, 12.0) / 12.0
    x = unit(x) + log_between(rng, 0.5, 1.3) * scatter(n, places, gains, pops, rng)
    x = reverb(x, rng, between(rng, 0.65, 1.0), between(rng, 0.18, 0.4), 4000)
    x = unit(x) + log_between(rng, 0.016, 0.04) * pink(n, rng)
    return finish(limited(x, 7), seconds, rng, {"strength": strength})


def crane(seconds: float, rng: Rng) -> Synthesised:
    """A hoist winds its rope: motor, gears tooth by tooth, the drum's rumble, chain and creaks."""
    n = frames(seconds)
    tempo, speed = level(rng, slow=0.75, steady=1.0, fast=1.3)
    run = np.clip(swell(n, 0.5, rng, between(rng, 0.15, 0.35)), 0.3, 1.5)
    turns = speed * log_between(rng, 50, 80) * run
    gains = tilted(40, between(rng, 1.6, 4)) * np.exp(0.6 * rng.standard_normal(40))
    motor = unit(harmonics(turns, gains, rng))
    whine = harmonics(turns * between(rng, 8.8, 12.4), [1, 0.5, 0.3, 0.2], rng)
    motor = unit(motor + log_between(rng, 0.18, 0.55) * unit(whine))
    motor += log_between(rng, 0.27, 0.58) * unit(housing(motor, rng, 200, 3000, 8, 8))
    teeth = speed * log_between(rng, 18, 30) * run
    steps = np.flatnonzero(pulses(teeth, rng, 0.1))
    bank = [peaked(click) for click in _clicks(rng)]
    gears = scatter(n, steps, rng.uniform(0.5, 1.0, len(steps)), bank, rng)
    x = log_between(rng, 0.1, 0.3) * unit(motor) + unit(gears)
    low = log_between(rng, 205, 460)
    rumble = shaped(pink(n, rng), (40, -4), (low, 0), (4 * low, -10), (8000, -30))
    rumble = rumble * (1 + 0.3 * np.sin(2 * np.pi * phase(teeth / 8)))
    x += log_between(rng, 0.15, 0.4) * unit(rumble)
    creak = pulses(30 * np.clip(wander(n, 1.5, rng), 0.01, 3), rng, 0.2, 0.5)
    creak = resonances(creak, (600, 80, 1.0), (1400, 150, 0.8), (2900, 300, 0.5))
    x += log_between(rng, 0.035, 0.1) * unit(creak)
    chain = metal(rng, 200, 5000, 26, t60=0.4)
    for t in beats(seconds, between(rng, 1.2, 2.1), 0.4, rng, first=between(rng, 0.1, 1)):
        add_at(x, t, chain.struck(frames(0.6), rng, 3000), log_between(rng, 0.6, 2.5))
    x = reverb(x, rng, between(rng, 0.6, 1.2), between(rng, 0.13, 0.34), 3000)
    x = unit(x) + log_between(rng, 0.01, 0.034) * pink(n, rng)
    return finish(limited(x, 6), seconds, rng, {"tempo": tempo})


WORKSHOP: dict[str, Recipe] = {
    "hammering": hammering,
    "ratchet": ratchet,
    "welding": welding,
    "crane": crane,
}
"""Recipes of candidate kinds, by name."""
