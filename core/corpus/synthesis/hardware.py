"""Loose hard things: metal that clanks, a chain, a hand that rummages among tools and toys."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.doorbell import BAR
from core.corpus.synthesis.envelopes import beats, contour, strike, swell, wander
from core.corpus.synthesis.filters import bandpass, lowpass, resonances
from core.corpus.synthesis.grains import Bank, add_at, burst, poisson, scatter, sizes
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
from core.corpus.synthesis.sources import pulses, white
from core.corpus.synthesis.space import at_distance, draw_distance, hall, outdoors, room

_QUIET = (-58.0, -44.0)
"""Noise floor, dB of the peak, of a workshop or a room."""


def _pipe(rng: Rng, size: float) -> Modes:
    """A tube: a bar's modes, split in two by what is not round in it, and a few of its wall."""
    low = log_between(rng, 330, 780) / size
    bar = low * BAR * rng.uniform(0.97, 1.03, len(BAR))
    wall = low * rng.uniform(6, 18, 5)
    hz = np.concatenate([bar, bar * (1 + rng.uniform(0.002, 0.012, len(bar))), wall])
    t60 = between(rng, 0.35, 1.4) * (low / hz) ** 0.4
    return Modes(hz, t60, (low / hz) ** 0.25 * rng.uniform(0.3, 1.0, len(hz)))


def _pot(rng: Rng, size: float) -> Modes:
    return metal(rng, log_between(rng, 300, 650) / size, 9000, 30, t60=between(rng, 0.25, 0.9))


def _tool(rng: Rng, size: float) -> Modes:
    """A spanner, a hammer's head, a bolt: compact steel, high and short."""
    return metal(rng, log_between(rng, 1100, 2300) / size, 12_000, 22, t60=between(rng, 0.08, 0.3))


def _clank(rng: Rng, one: Modes, other: Modes, hard: float, held: float) -> Signal:
    """Two bodies strike each other, and touch again within some hundredths of a second."""
    m = frames(min(1.2, 1.8 * held))
    x = np.zeros(m)
    late, share = 0.0, 1.0
    for _ in range(int(rng.integers(1, 5))):
        for body in (one, other):
            blow = body.struck(m, rng, 2500 + 9000 * hard, 0.6)
            add_at(x, late, blow * np.exp(-4 * ticks(m) / held), share * between(rng, 0.4, 1.0))
        add_at(x, late, burst(rng, 1500, 12_000, 0.004), 0.3 * share * hard)
        late += between(rng, 0.02, 0.1)
        share *= between(rng, 0.25, 0.6)
    return peaked(x)


def metal_clank(seconds: float, rng: Rng) -> Synthesised:
    """Pipes, pots or tools that knock together, now and then or in a heap.

    *strength* is their size: pipes and plates of 150 Hz and up, small tools above 1 kHz. *tempo* is
    how often they meet.
    """
    n = frames(seconds)
    strength, size = level(rng, light=0.6, moderate=1.0, heavy=1.9)
    tempo, rate = level(rng, slow=1.1, steady=2.4, fast=5.0)
    make = (_pipe, _pot, _tool)[int(rng.integers(3))]
    things = [make(rng, size * between(rng, 0.75, 1.3)) for _ in range(4)]

    def meeting(_: int) -> Signal:
        a, b = rng.choice(4, 2, replace=False)
        held = log_between(rng, 0.12, 1.0)
        return _clank(rng, things[int(a)], things[int(b)], between(rng, 0.3, 1.0), held)

    bank = Bank(9, meeting)
    x = np.zeros(n)
    for t in beats(seconds - 0.08, 1 / rate, 0.55, rng, first=between(rng, 0.02, 0.2)):
        add_at(x, t, bank.draw(rng), log_between(rng, 0.15, 1.0))
    distance = draw_distance(rng, 0.15)
    if distance == "distant":
        x = at_distance(x, distance, rng)
    else:
        x = hall(x, rng) if chance(rng, 0.35) else room(x, rng)
    attributes = {"strength": strength, "tempo": tempo, "distance": distance}
    return finish(limited(x, 11), seconds, rng, attributes, _QUIET)


def _link(rng: Rng, size: float) -> Modes:
    """A closed ring of steel wire: modes of a ring, short because its neighbours touch it."""
    low = log_between(rng, 1500, 2600) / size
    ring = low * np.array([1.0, 1.05, 2.83, 2.9, 5.4, 8.7]) * rng.uniform(0.95, 1.05, 6)
    t60 = between(rng, 0.03, 0.1) * size**0.4 * (low / ring) ** 0.3
    return Modes(ring, t60, rng.uniform(0.3, 1.0, 6))


def chain(seconds: float, rng: Rng) -> Synthesised:
    """Links that jingle as the chain is moved, run over an edge one by one, or fall in a heap.

    *strength* is the size of the links: a dog's lead lies above 2 kHz, an anchor chain clanks from
    600 Hz on.
    """
    n = frames(seconds)
    strength, size = level(rng, light=0.55, moderate=1.1, heavy=2.4)
    tempo, pace = level(rng, slow=0.8, steady=1.4, fast=2.6)
    links = [_link(rng, size * between(rng, 0.9, 1.1)) for _ in range(6)]
    m = frames(0.16 * size**0.3)
    bank = []
    for link in links:
        for _ in range(3):
            clink = link.struck(m, rng, 3000 + 8000 / size, 0.6)
            add_at(clink, 0, burst(rng, 2200 / size**0.5, 11_000, 0.003), between(rng, 0.1, 0.5))
            bank.append(peaked(clink))
    moved = np.zeros(n)
    x = np.zeros(n)
    time = ticks(n)
    for t in beats(seconds, 1 / pace, 0.35, rng, first=between(rng, 0.0, 0.2)):
        manner = str(rng.choice(["shaken", "shaken", "run", "heap"]))
        width = between(rng, 0.12, 0.4) / pace**0.5
        if manner == "run":
            run = frames(min(between(rng, 0.4, 1.0), max(0.2, seconds - t)))
            hz = between(rng, 11, 26) / size**0.6 * pace**0.4
            hits = pulses(hz * contour(run, (0, 0.5), (0.3, 1), (1, 0.6)), rng, 0.06, 0.3)
            places = np.flatnonzero(hits) + frames(t)
            places = places[places < n]
            x += scatter(n, places, rng.uniform(0.35, 0.9, len(places)), bank, rng)
        else:
            shape = np.exp(-(((time - t - width) / width) ** 2))
            moved += between(rng, 0.3, 1.0) * shape * (2.5 if manner == "heap" else 1.0)
    rate = 110 / size**0.5 * moved * np.clip(swell(n, 8, rng, 0.6), 0.1, 3)
    places = poisson(n, rate + 0.3, rng)
    x += scatter(n, places, sizes(len(places), rng, 1.4, 6) + 0.05, bank, rng)
    if chance(rng, 0.4):
        ground = wood(rng, between(rng, 90, 260), 2200, 12, t60=0.08).struck(frames(0.2), rng, 1500)
        landed = poisson(n, 6 * moved + 1e-3, rng)
        x += 0.3 * scatter(n, landed, sizes(len(landed), rng), [ground], rng)
    x = (
        hall(x, rng)
        if chance(rng, 0.35)
        else (outdoors(x, rng) if chance(rng, 0.3) else room(x, rng))
    )
    attributes = {"strength": strength, "tempo": tempo}
    return finish(limited(x, 10), seconds, rng, attributes, _QUIET)


_BOXES = {
    "wood": (140.0, 1800.0, 0.08),
    "metal": (260.0, 5000.0, 0.22),
    "cardboard": (120.0, 900.0, 0.04),
    "plastic": (280.0, 2600.0, 0.05),
}
"""Lowest and highest mode in Hz and decay in seconds of what things lie in."""


def _contents(rng: Rng, size: float) -> list[Signal]:
    """Knocks of what lies in it on its neighbours: steel, hard plastic, wood, glass or tin."""
    bank = []
    for _ in range(int(rng.integers(3, 6))):
        if chance(rng, 0.5):
            thing = metal(
                rng, log_between(rng, 900, 3200) / size, 12_000, 16, t60=log_between(rng, 0.04, 0.2)
            )
        else:
            thing = wood(
                rng, log_between(rng, 500, 1900) / size, 9000, 14, t60=log_between(rng, 0.015, 0.05)
            )
        for _ in range(6):
            m = frames(0.18)
            knock = thing.struck(m, rng, 9000, 0.7)
            add_at(knock, 0, burst(rng, 1800, 10_000, 0.003), between(rng, 0.1, 0.5))
            bank.append(peaked(knock))
    return bank


def rummaging(seconds: float, rng: Rng) -> Synthesised:
    """A hand pushes hard things aside in a box: knocks, rattles and scrapes in bouts.

    The box of wood, metal, cardboard or plastic sounds below them. *tempo* is how hastily one
    searches; *strength* the size of the things.
    """
    n = frames(seconds)
    tempo, pace = level(rng, slow=0.9, steady=1.6, fast=3.0)
    strength, size = level(rng, light=0.65, moderate=1.0, heavy=1.7)
    surface = str(rng.choice(list(_BOXES)))
    low, high, t60 = _BOXES[surface]
    make = metal if surface == "metal" else wood
    box = make(rng, low * between(rng, 0.85, 1.2) / size**0.5, high, 16, t60=t60)
    walls = [box.struck(frames(0.3), rng, 1500, 0.6) for _ in range(5)]
    bank = _contents(rng, size)
    moved, time = np.zeros(n), ticks(n)
    for t in beats(seconds, 0.55 / pace**0.7, 0.45, rng, first=between(rng, 0.0, 0.1)):
        width = between(rng, 0.06, 0.2)
        moved += log_between(rng, 0.15, 1.0) * np.exp(-(((time - t - width) / width) ** 2))
    moved *= np.clip(1 + 0.6 * wander(n, 0.5, rng), 0.05, 2)
    places = poisson(n, 55 * pace**0.6 / size**0.4 * moved + 0.3, rng)
    x = scatter(n, places, sizes(len(places), rng, 1.25, 10) + 0.03, bank, rng)
    hits = poisson(n, 7 * pace**0.6 * moved + 0.05, rng)
    x += between(rng, 0.25, 0.6) * scatter(n, hits, sizes(len(hits), rng, 1.3, 6), walls, rng)
    scrape = resonances(
        white(n, rng) * np.clip(swell(n, 25, rng, 0.9), 0, 4),
        *[(float(f), float(f) / 12, 1.0) for f in rng.uniform(1200, 6500, 6) / size**0.5],
    )
    x = unit(x) + between(rng, 0.06, 0.2) * unit(scrape * moved)
    if surface == "cardboard":
        rub = bandpass(white(n, rng), 300, 2500, 1) * moved
        x += 0.2 * unit(rub)
    if chance(rng, 0.3):
        m = frames(0.25)
        lid = lowpass(white(m, rng), 1200, 1) * strike(m, 0.002, 0.08)
        add_at(x, between(rng, 0.0, 0.3 * seconds), peaked(lid), between(rng, 1.0, 3.0))
    attributes = {"tempo": tempo, "strength": strength, "surface": surface}
    return finish(limited(room(x, rng), 9), seconds, rng, attributes, _QUIET)


HARDWARE: dict[str, Recipe] = {
    "metal_clank": metal_clank,
    "chain": chain,
    "rummaging": rummaging,
}
"""By the name of the kind."""
