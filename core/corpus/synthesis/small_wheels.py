"""What rolls by muscle: a bicycle, a skateboard, a trolley on castors."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import beats, contour, swell, wander
from core.corpus.synthesis.filters import resonances, shaped
from core.corpus.synthesis.grains import add_at, dust, ringing
from core.corpus.synthesis.levels import limited, unit
from core.corpus.synthesis.modes import Modes, metal, wood
from core.corpus.synthesis.rails import joints, rolling
from core.corpus.synthesis.roads import in_the_street
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    chance,
    frames,
    level,
    log_between,
)
from core.corpus.synthesis.sources import phase, pulses
from core.corpus.synthesis.space import hall
from core.corpus.synthesis.traffic import bicycle_bell

BOARD_AXLES = (0.0, 0.37)
"""Metres from a skateboard's first axle to each."""


def _freewheel(rate: Signal, rng: Rng) -> Signal:
    """Pawls that fall from tooth to tooth, `rate` a second: small hard clicks in a hub."""
    hub = metal(rng, log_between(rng, 1400, 2600), 11_000, 14, t60=0.02)
    clicks = pulses(rate, rng, 0.04, 0.25)
    return ringing(clicks, hub.struck(frames(0.03), rng, 12_000))


def _chain(cadence: Signal, rng: Rng) -> Signal:
    """A chain over its rings: 40 or so links a turn of the pedals, and what is loose rattles."""
    links = pulses(cadence * between(rng, 38, 50), rng, 0.12, 0.5)
    body = metal(rng, log_between(rng, 900, 1800), 8000, 14, t60=0.02)
    pedalled = 0.6 + 0.4 * np.sin(4 * np.pi * phase(cadence))
    return ringing(links * pedalled, body.struck(frames(0.03), rng, 6000))


def bicycle(seconds: float, rng: Rng) -> Synthesised:
    """A bicycle rides past: the freewheel ticks, or the chain runs; tyres hum; sometimes its bell.

    10 to 14 pawl clicks a turn of a 2.1 m wheel: 10 to 35 a second as it coasts.
    """
    n = frames(seconds)
    tempo, speed = level(rng, slow=2.2, steady=3.4, fast=5.0)
    turns = (
        speed / 2.1 * between(rng, 0.9, 1.1) * contour(n, (0, 1.05), (1, between(rng, 0.8, 1.0)))
    )
    coasts = np.clip(1.5 * wander(n, 0.5, rng) + between(rng, -0.2, 1.2), 0, 1)
    ticking = _freewheel(turns * float(rng.choice([10, 12, 14])), rng)
    chain = _chain(turns / between(rng, 2.0, 3.0), rng)
    tyre = rolling(2.1 * turns, rng) * (1 + 0.2 * np.sin(2 * np.pi * phase(turns)))
    x = unit(ticking) * coasts + between(rng, 0.3, 0.7) * unit(chain) * (1 - 0.8 * coasts)
    x = between(rng, 0.25, 0.5) * x + unit(tyre * swell(n, 9, rng, 0.2))
    rattles = metal(rng, 500, 5000, 16, t60=0.06)
    for t in beats(seconds, between(rng, 0.5, 1.5), 0.6, rng, first=between(rng, 0, 0.6)):
        add_at(x, t, rattles.struck(frames(0.12), rng, 5000), between(rng, 0.3, 1.0))
    near = contour(
        n, (0, between(rng, 0.3, 0.8)), (between(rng, 0.35, 0.65), 1), (1, between(rng, 0.3, 0.8))
    )
    x = unit(x * near)
    if chance(rng, 0.6):
        bell = bicycle_bell(min(seconds, 1.8), rng).samples.astype(np.float64)
        add_at(x, between(rng, 0.05, max(0.1, seconds - 1.5)), bell, between(rng, 2, 4))
    x, distance = in_the_street(x, rng, 0.15, (0.05, 0.2))
    attributes = {"tempo": tempo, "distance": distance}
    return finish(limited(x, 7), seconds, rng, attributes)


def _deck(rng: Rng) -> Modes:
    """Seven plies of maple on two metal trucks."""
    board = wood(rng, between(rng, 220, 340), 4500, 18, t60=0.09)
    trucks = metal(rng, 900, 6000, 10, t60=0.06)
    return Modes(
        np.concatenate([board.hz, trucks.hz]),
        np.concatenate([board.t60, trucks.t60]),
        np.concatenate([board.gains, 0.35 * trucks.gains]),
    )


def skateboard(seconds: float, rng: Rng) -> Synthesised:
    """Hard wheels of 5 cm on concrete: a loud grainy roll, slab joints under both axles, tricks.

    The wheels turn 15 to 40 times a second; the roll lies between 200 Hz and 4 kHz. An ollie is a
    pop of the tail, half a second of air without any roll, and four wheels that land.
    """
    n = frames(seconds)
    tempo, speed = level(rng, slow=2.2, steady=3.6, fast=5.5)
    surface = str(rng.choice(["concrete", "concrete", "asphalt", "tiles"]))
    metres = speed * contour(n, (0, between(rng, 0.85, 1)), (1, between(rng, 0.85, 1)))
    slab = {"concrete": 1.2, "asphalt": 3.0, "tiles": 0.5}[surface] * between(rng, 0.8, 1.3)
    x = rolling(metres, rng) * swell(n, 22, rng, 0.12)
    x += between(rng, 0.35, 0.7) * unit(joints(metres, slab, rng, BOARD_AXLES))
    deck = _deck(rng)
    t = between(rng, 0.6, 2.0)
    while t < seconds - 0.8 and chance(rng, 0.7):
        air = between(rng, 0.3, 0.5)
        lifted = np.concatenate([np.ones(frames(t)), np.full(frames(air), 0.05), np.ones(n)])
        x *= lifted[:n]
        add_at(x, t, deck.tuned(1.6).struck(frames(0.12), rng, 7000), between(rng, 0.8, 1.5))
        for late in (0.0, between(rng, 0.01, 0.05)):
            add_at(x, t + air + late, deck.struck(frames(0.2), rng, 4000), between(rng, 1, 2))
        t += air + between(rng, 1.0, 3.0)
    near = contour(n, (0, between(rng, 0.4, 0.9)), (0.5, 1), (1, between(rng, 0.4, 0.9)))
    x, distance = in_the_street(x * near, rng, 0.15, (0.03, 0.1))
    attributes = {"tempo": tempo, "surface": surface, "distance": distance}
    return finish(limited(x, 7), seconds, rng, attributes)


def _basket(rng: Rng) -> Modes:
    """The welded wires of a shopping trolley: rods of many lengths on one frame."""
    return metal(rng, log_between(rng, 420, 800), 9000, 40, t60=between(rng, 0.08, 0.22))


def _hollow_case(rng: Rng) -> Modes:
    """A suitcase: a plastic shell round air, with a handle that is loose in its tubes."""
    return wood(rng, between(rng, 120, 230), 2400, 18, t60=0.07)


def _castors(metres: Signal, surface: str, rng: Rng) -> Signal:
    """Wheels of some centimetres: a hard roll, a flat spot once a turn, one that shimmies."""
    n = len(metres)
    rough = {"tiles": 0.6, "concrete": 1.0, "asphalt": 1.5}[surface]
    grains = dust(900 * rough * metres + 1e-3, rng, 1.6, 9)
    roll = shaped(grains, (90, -8), (300, 0), (1400, 0), (4000, -8), (12_000, -24))
    turn = phase(metres / between(rng, 0.16, 0.42))
    shimmy = np.sin(2 * np.pi * phase(between(rng, 7, 13) * (metres / 1.3) ** 0.5))
    flat = 1 + between(rng, 0.1, 0.5) * np.cos(2 * np.pi * turn)
    return unit(roll) * flat * (1 + between(rng, 0.0, 0.5) * shimmy) * swell(n, 6, rng, 0.15)


def trolley(seconds: float, rng: Rng) -> Synthesised:
    """A shopping trolley, a luggage cart or a suitcase pushed or pulled along on castors.

    The wires of a basket jingle 0.4 to 9 kHz, a suitcase booms hollowly; both jump at each joint of
    the tiles or slabs. *tempo* is the walking pace.
    """
    n = frames(seconds)
    tempo, speed = level(rng, slow=0.8, steady=1.3, fast=2.3)
    surface = str(rng.choice(["tiles", "concrete", "asphalt"]))
    speed *= between(rng, 0.93, 1.07)
    metres = speed * np.clip(1 + 0.08 * wander(n, 0.8, rng), 0.6, 1.4)
    wired = chance(rng, 0.6)
    body = _basket(rng) if wired else _hollow_case(rng)
    roll = _castors(metres, surface, rng)
    slab = {"tiles": 0.3, "concrete": 0.9, "asphalt": 2.5}[surface] * between(rng, 0.8, 1.4)
    jolts = joints(metres, slab, rng, (0.0, between(rng, 0.4, 0.8)) if wired else (0.0, 0.02))
    shaken = np.abs(roll) * swell(n, 12, rng, 0.6)
    rattles = pulses((18.0 if wired else 7.0) * metres * np.clip(shaken, 0.2, 3), rng, 0.3, 0.8)
    grain = body.struck(frames(0.2), rng, 9000 if wired else 2500)
    x = unit(roll) + between(rng, 0.25, 0.6) * unit(jolts)
    x += (between(rng, 0.6, 1.2) if wired else between(rng, 0.3, 0.6)) * unit(
        ringing(rattles, grain)
    )
    peaks = [
        (float(f), 12 + float(f) / 14, float(g)) for f, g in zip(body.hz, body.gains, strict=True)
    ]
    x += (0.4 if wired else 0.9) * unit(resonances(roll, *peaks[:9]))
    for t in beats(seconds, between(rng, 0.4, 1.4), 0.7, rng, first=between(rng, 0, 0.6)):
        add_at(
            x,
            t,
            body.tuned(between(rng, 0.9, 1.3)).struck(frames(0.3), rng, 7000),
            between(rng, 0.8, 3),
        )
    squeak = between(rng, 0.0, 0.3) if chance(rng, 0.35) else 0.0
    if squeak:
        hz = log_between(rng, 1600, 3400)
        axle = np.clip(np.sin(2 * np.pi * phase(metres / 0.4)), 0, 1) ** 3
        x += squeak * axle * np.sin(2 * np.pi * phase(hz * (1 + 0.04 * axle)))
    x *= contour(n, (0, between(rng, 0.5, 1)), (0.5, 1), (1, between(rng, 0.5, 1)))
    x = hall(x, rng) if surface == "tiles" and chance(rng, 0.6) else x
    x, distance = in_the_street(x, rng, 0.15, (0.02, 0.08))
    attributes = {"tempo": tempo, "surface": surface, "distance": distance}
    return finish(limited(x, 7), seconds, rng, attributes)


SMALL_WHEELS: dict[str, Recipe] = {
    "bicycle": bicycle,
    "skateboard": skateboard,
    "trolley": trolley,
}
"""By the name of the kind."""
