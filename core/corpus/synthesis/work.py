"""Anvil, saw, axe, pickaxe, shovel, typewriter and loom: blows and strokes of a worker."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Synthesised, finish
from core.corpus.synthesis.envelopes import arch, beats, contour, decay, strike, swell
from core.corpus.synthesis.filters import bandpass, highpass, lowpass, resonances, shaped, sweeping
from core.corpus.synthesis.grains import add_at, burst, bursts, poisson, scatter, sizes
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
from core.corpus.synthesis.sources import pulses, sine, white
from core.corpus.synthesis.space import at_distance, draw_distance, hall, outdoors, reverb, room


def anvil(seconds: float, rng: Rng) -> Synthesised:
    """Hammer on hot iron on an anvil: a bright, long inharmonic ring and lighter rebounds."""
    n = frames(seconds)
    tempo, interval = level(rng, slow=1.3, steady=0.8, fast=0.45)
    body = metal(rng, between(rng, 450, 1100), 11_000, 36, t60=between(rng, 0.4, 2.2))
    iron = metal(rng, 250, 3000, 16, t60=0.06)
    x = np.zeros(n)
    for t in beats(seconds - 0.2, interval, 0.06, rng, first=between(rng, 0.01, 0.2)):
        m = frames(2.5)
        blow = body.struck(m, rng, between(rng, 3000, 9000), vary=0.25)
        add_at(blow, 0, iron.struck(6000, rng), between(rng, 0.3, 0.9))
        add_at(blow, 0, burst(rng, 1500, 10_000, 0.01), between(rng, 0.3, 0.7))
        add_at(x, t, blow, between(rng, 0.75, 1.0))
        if chance(rng, 0.3):
            for tap in range(int(rng.integers(1, 3))):
                late = t + interval * (0.4 + 0.2 * tap) * between(rng, 0.9, 1.1)
                add_at(x, late, body.struck(m, rng, 6000), between(rng, 0.15, 0.35) / (tap + 1))
    distance = draw_distance(rng, 0.25)
    x = at_distance(x, distance, rng) if distance == "distant" else room(x, rng)
    return finish(limited(x, 9), seconds, rng, {"tempo": tempo, "distance": distance})


def _stroke(
    length: float, force: float, rng: Rng, board: tuple[tuple[float, float, float], ...]
) -> Signal:
    """One pass of the blade: teeth bite at the blade's speed through the board."""
    n = frames(length)
    speed = np.sin(np.pi * np.linspace(0, 1, n)) ** between(rng, 0.5, 0.8)
    teeth = pulses(60 + between(rng, 350, 600) * speed, rng, 0.25, 0.5)
    bite = resonances(teeth, *board)
    rasp = bandpass(white(n, rng), 900, 5500, 1) * speed * swell(n, 60, rng, 0.4)
    fine = highpass(white(n, rng), 4000, 1) * speed**2
    x = unit(bite) * speed + between(rng, 0.6, 1.1) * unit(rasp) + 0.3 * unit(fine)
    return force * x


def saw(seconds: float, rng: Rng) -> Synthesised:
    """A hand saw: loud push, softer pull, in the rhythm of the arm."""
    n = frames(seconds)
    tempo, period = level(rng, slow=1.3, steady=0.85, fast=0.55)
    period *= between(rng, 0.92, 1.08)
    board = (
        (between(rng, 250, 450), 120, 0.6),
        (between(rng, 700, 1100), 250, 0.8),
        (between(rng, 1500, 2300), 500, 1.0),
        (between(rng, 3000, 4500), 1200, 0.8),
    )
    x = np.zeros(n)
    for t in beats(seconds, period, 0.03, rng, first=between(rng, 0, 0.1)):
        push = period * between(rng, 0.44, 0.5)
        add_at(x, t, _stroke(push, between(rng, 0.85, 1.0), rng, board))
        pull = _stroke(period - push - 0.03, between(rng, 0.35, 0.65), rng, board)
        add_at(x, t + push + 0.02, lowpass(pull, 5000, 1))
    x = room(x, rng) if chance(rng, 0.5) else outdoors(x, rng)
    return finish(limited(x, 5), seconds, rng, {"tempo": tempo})


def chopping(seconds: float, rng: Rng) -> Synthesised:
    """An axe bites into a log; chips and, at times, the pieces fall."""
    n = frames(seconds)
    tempo, interval = level(rng, slow=2.0, steady=1.4, fast=0.9)
    log = wood(rng, between(rng, 130, 260), 3500, 20, t60=between(rng, 0.1, 0.22))
    x = np.zeros(n)
    for t in beats(seconds - 0.2, interval, 0.07, rng, first=between(rng, 0.02, 0.3)):
        m = frames(0.6)
        blow = log.struck(m, rng, between(rng, 900, 2500))
        thud = sine(between(rng, 70, 110) * contour(m, (0, 1.5), (0.2, 1), (1, 0.8))) * decay(
            m, 0.15
        )
        crack = bandpass(white(m, rng), 600, 6000, 1) * strike(m, 0.001, between(rng, 0.03, 0.09))
        blow += 0.7 * thud + between(rng, 0.4, 0.9) * peaked(crack)
        chips = bursts(rng, 12, (1200, 5000), (0.004, 0.02), 1.0)
        places = poisson(m, 160 * np.exp(-ticks(m) / 0.08), rng)
        blow += 0.6 * scatter(m, places, sizes(len(places), rng), chips, rng)
        add_at(x, t, blow, between(rng, 0.75, 1.0))
        if chance(rng, 0.25):
            for fall in range(2):
                late = t + between(rng, 0.25, 0.5) + 0.1 * fall
                piece = log.tuned(between(rng, 1.2, 2.0)).struck(frames(0.3), rng, 2000)
                add_at(x, late, piece, between(rng, 0.1, 0.3))
    distance = draw_distance(rng, 0.25)
    x = at_distance(x, distance, rng)
    return finish(limited(x, 9), seconds, rng, {"tempo": tempo, "distance": distance})


def mining(seconds: float, rng: Rng) -> Synthesised:
    """A pick rings on rock; grit and stones fall after each blow."""
    n = frames(seconds)
    tempo, interval = level(rng, slow=1.8, steady=1.15, fast=0.7)
    pick = metal(rng, between(rng, 900, 2000), 10_000, 22, t60=between(rng, 0.12, 0.6))
    rock = wood(rng, between(rng, 350, 700), 6000, 16, t60=0.05)
    bank = bursts(rng, 30, (700, 5000), (0.005, 0.025), 0.9)
    x = np.zeros(n)
    for t in beats(seconds - 0.2, interval, 0.08, rng, first=between(rng, 0.02, 0.25)):
        m = frames(1.2)
        blow = between(rng, 0.4, 0.9) * pick.struck(m, rng, 8000)
        add_at(blow, 0, rock.struck(5000, rng, 6000), 0.9)
        add_at(blow, 0, burst(rng, 500, 6000, between(rng, 0.02, 0.05)), 0.9)
        add_at(blow, 0, peaked(lowpass(white(4000, rng), 300)) * decay(4000, 0.08), 0.4)
        places = poisson(m, between(rng, 60, 260) * np.exp(-ticks(m) / 0.2), rng)
        debris = scatter(m, places, sizes(len(places), rng), bank, rng)
        add_at(blow, between(rng, 0.03, 0.1), debris, between(rng, 0.6, 1.3))
        add_at(x, t, blow, between(rng, 0.75, 1.0))
    cave = chance(rng, 0.4)
    x = hall(x, rng) if cave else reverb(x, rng, between(rng, 0.4, 1.0), between(rng, 0.1, 0.3))
    return finish(limited(x, 9), seconds, rng, {"tempo": tempo, "surface": "stone"})


def _thrust(rng: Rng, stones: list[Signal], blade: Modes) -> Signal:
    """The blade shears through soil: grains slip over the steel, faster, then slower."""
    length = between(rng, 0.22, 0.42)
    m = frames(length + 0.15)
    peak = between(rng, 0.12, 0.3)
    speed = contour(m, (0, 0), (0.03, 0.7), (peak, 1), (0.6, 0.35), (1, 0))
    centre = contour(m, (0, 700), (peak, log_between(rng, 1400, 3200)), (1, 700))
    shear = unit(sweeping(white(m, rng), centre, 2.8)) * speed * swell(m, 60, rng, 0.35)
    places = poisson(m, 1600 * speed**2, rng)
    grit = unit(scatter(m, places, sizes(len(places), rng), stones, rng))
    x = shear + between(rng, 0.6, 1.1) * grit * speed**0.5
    thud = peaked(lowpass(white(m, rng), between(rng, 120, 260)) * strike(m, 0.006, 0.14))
    x = peaked(x) + between(rng, 0.2, 0.6) * thud
    scraped = resonances(shear, *[(float(hz), 90.0, 1.0) for hz in blade.hz[:6]])
    x += between(rng, 0.02, 0.18) * peaked(scraped)
    if chance(rng, 0.3):
        add_at(
            x, length * between(rng, 0.2, 0.6), blade.struck(m, rng, 7000), between(rng, 0.1, 0.3)
        )
    return peaked(x)


def _soil(rng: Rng, stones: list[Signal]) -> Signal:
    """A shovelful lands: clods thud within a tenth of a second, then crumbs trickle."""
    m = frames(between(rng, 0.6, 0.9))
    t = ticks(m)
    clods = bursts(rng, 12, (90, 420), (0.03, 0.09), 1.2)
    middle = between(rng, 0.05, 0.1)
    places = poisson(m, 110 * np.exp(-(((t - middle) / 0.05) ** 2)), rng)
    lumps = scatter(m, places, sizes(len(places), rng, 1.5, 5), clods, rng)
    rush = shaped(white(m, rng), (80, -4), (400, 0), (1500, -6), (5000, -14), (15_000, -30))
    rush = rush * contour(m, (0, 0), (0.12, 1), (0.35, 0.2), (1, 0)) * swell(m, 40, rng, 0.3)
    places = poisson(m, 700 * np.exp(-np.maximum(t - middle, 0) / 0.12), rng)
    crumbs = scatter(m, places, sizes(len(places), rng), stones, rng)
    x = peaked(lumps) + between(rng, 0.4, 0.8) * peaked(rush)
    return peaked(x + between(rng, 0.15, 0.4) * peaked(crumbs))


def digging(seconds: float, rng: Rng) -> Synthesised:
    """A shovel in earth: the blade shears into the soil, then the load drops and trickles.

    Dry friction of many grains is noise whose loudness follows the blade's speed; what
    falls is a cloud of dull clods and small bright stones.
    """
    n = frames(seconds)
    tempo, interval = level(rng, slow=2.6, steady=1.9, fast=1.35)
    stones = bursts(rng, 40, (600, 4800), (0.002, 0.014), 1.0)
    blade = metal(rng, between(rng, 700, 1500), 8000, 16, t60=between(rng, 0.05, 0.2))
    x = np.zeros(n)
    for t in beats(seconds - 0.2, interval, 0.08, rng, first=between(rng, 0.01, 0.12)):
        add_at(x, t, _thrust(rng, stones, blade), between(rng, 0.7, 1.0))
        late = t + interval * between(rng, 0.42, 0.54)
        add_at(x, late, _soil(rng, stones), between(rng, 0.4, 0.85))
    distance = draw_distance(rng, 0.2)
    x = at_distance(x, distance, rng)
    return finish(limited(x, 8), seconds, rng, {"tempo": tempo, "distance": distance})


def _keys(rng: Rng) -> list[Signal]:
    """Strikes of a dozen type bars: steel on a rubber platen, and the frame that answers."""
    frame = metal(rng, between(rng, 350, 700), 7000, 26, t60=between(rng, 0.05, 0.14))
    platen = wood(rng, between(rng, 180, 320), 3500, 14, t60=between(rng, 0.04, 0.08))
    snap, ring, thump = between(rng, 0.7, 1.2), between(rng, 0.3, 0.7), between(rng, 0.3, 0.7)
    keys = []
    for _ in range(12):
        m = frames(0.3)
        x = np.zeros(m)
        late = between(rng, 0.018, 0.032)
        add_at(x, 0, platen.tuned(1.3).struck(m, rng, 1800), 0.2 * thump)
        add_at(x, late, burst(rng, 1800, between(rng, 7000, 12_000), 0.008), snap)
        add_at(x, late, frame.struck(m, rng, 9000, vary=0.5), ring)
        add_at(x, late, platen.struck(m, rng, 3500), thump)
        add_at(x, late + between(rng, 0.01, 0.02), burst(rng, 2500, 9000, 0.006), 0.4 * snap)
        back = late + between(rng, 0.05, 0.09)
        add_at(x, back, burst(rng, 900, 5000, 0.012), between(rng, 0.1, 0.25))
        add_at(x, back, frame.struck(m, rng, 3000), 0.12 * ring)
        keys.append(peaked(x))
    return keys


def _carriage(rng: Rng, stop: Signal) -> Signal:
    """The carriage is thrown back: line feed, the ratchet's teeth, and its stop."""
    length = between(rng, 0.4, 0.75)
    m = frames(length)
    x = np.zeros(m + frames(0.4))
    speed = contour(m, (0, 0.3), (0.5, 1.0), (1, 0.8))
    teeth = pulses(between(rng, 60, 130) * speed, rng, 0.05, 0.3)
    ratchet = resonances(teeth, (1400, 500, 0.7), (2900, 900, 1.0), (5200, 1800, 0.8))
    slide = bandpass(white(m, rng), 700, 5000, 1) * speed
    add_at(x, 0, peaked(ratchet) * arch(m, 0.1, 0.05), 0.6)
    add_at(x, 0, peaked(slide) * arch(m, 0.2, 0.05), between(rng, 0.12, 0.3))
    for click in range(2):
        add_at(x, 0.06 * click, burst(rng, 1500, 8000, 0.012), 0.5)
    add_at(x, length, stop, 1.0)
    add_at(x, length, peaked(lowpass(white(8000, rng), 350)) * decay(8000, 0.09), 0.8)
    return x


def typewriter(seconds: float, rng: Rng) -> Synthesised:
    """A mechanical typewriter: words of key strikes, at times the margin bell and carriage.

    Each key is three clicks, lever, type on the platen and return, in a sheet-metal frame.
    """
    n = frames(seconds)
    tempo, interval = level(rng, slow=0.3, steady=0.17, fast=0.105)
    keys = _keys(rng)
    bell = Modes(
        between(rng, 2000, 3200) * np.array([1, 1.004, 2.71, 4.9]),
        between(rng, 0.7, 1.6) * np.array([1.0, 0.9, 0.5, 0.25]),
        np.array([1.0, 0.5, 0.35, 0.15]),
    )
    x = np.zeros(n)
    t = between(rng, 0.0, 0.12)
    left = int(rng.integers(8, 60))
    word = int(rng.integers(2, 9))
    while t < seconds:
        key = keys[int(rng.integers(len(keys)))]
        add_at(x, t, lowpass(key, 2500, 1) if word == 0 else key, between(rng, 0.55, 1.0))
        left, word = left - 1, word - 1
        t += interval * between(rng, 0.65, 1.4) * (1.5 if word == 0 else 1.0)
        if word < 0:
            word = int(rng.integers(2, 9))
            t += interval * between(rng, 0.0, 2.0)
        if left == 5:
            add_at(x, t - 0.5 * interval, bell.struck(frames(1.6), rng), between(rng, 0.35, 0.7))
        if left == 0:
            t += between(rng, 0.25, 0.5)
            add_at(x, t, _carriage(rng, keys[0]), between(rng, 0.7, 1.0))
            t += between(rng, 0.9, 1.3)
            left = int(rng.integers(30, 60))
    return finish(limited(room(x, rng), 10), seconds, rng, {"tempo": tempo})


def _creak(rng: Rng, frame: tuple[tuple[float, float, float], ...]) -> Signal:
    """A treadle turns in its dry wooden joint: stick-slip pulses through the frame."""
    m = frames(between(rng, 0.15, 0.4))
    hz = between(rng, 60, 150) * contour(m, (0, 0.6), (0.4, 1.2), (1, 0.8))
    slips = pulses(hz, rng, 0.12, 0.4)
    return peaked(resonances(slips, *frame) * arch(m, 0.3, 0.4))


def _throw(rng: Rng, box: Modes) -> Signal:
    """The shuttle is knocked from its box, runs over the warp and hits the other box."""
    flight = between(rng, 0.16, 0.3)
    m = frames(flight)
    x = np.zeros(m + frames(0.4))
    run = shaped(white(m, rng), (200, -10), (900, 0), (3000, -3), (9000, -16))
    rattle = pulses(np.full(m, between(rng, 90, 200)), rng, 0.3, 0.5)
    run = unit(run) + unit(bandpass(rattle, 800, 4000, 1))
    add_at(x, 0, box.struck(frames(0.35), rng, between(rng, 1500, 3500)), between(rng, 0.6, 0.9))
    add_at(x, 0.005, peaked(run) * arch(m, 0.15, 0.1), between(rng, 0.12, 0.3))
    add_at(x, flight, box.tuned(1.12).struck(frames(0.35), rng, 3500), between(rng, 0.7, 1.0))
    bounce = flight + between(rng, 0.04, 0.08)
    add_at(x, bounce, box.tuned(1.12).struck(frames(0.2), rng, 3000), between(rng, 0.1, 0.3))
    return x


def _beater(rng: Rng, beam: Modes) -> Signal:
    """The heavy beater swings against the cloth: a dull thump and the reed's rattle."""
    m = frames(0.5)
    thud = sine(between(rng, 65, 110) * contour(m, (0, 1.4), (0.2, 1), (1, 0.8)))
    x = 0.8 * thud * strike(m, 0.003, between(rng, 0.14, 0.28))
    x += 0.9 * beam.struck(m, rng, between(rng, 700, 1600))
    dents = bursts(rng, 12, (1500, 6000), (0.003, 0.012), 0.8)
    places = poisson(m, 350 * np.exp(-ticks(m) / 0.035), rng)
    x += between(rng, 0.2, 0.5) * scatter(m, places, sizes(len(places), rng), dents, rng)
    return peaked(x)


def loom(seconds: float, rng: Rng) -> Synthesised:
    """A hand loom: treadle creak and harness clack, shuttle, beater, over and over.

    Wooden bodies excited by knocks; the shuttle runs through and hits its box, and the
    beater's mass gives the lowest blow of the cycle.
    """
    n = frames(seconds)
    tempo, period = level(rng, slow=2.2, steady=1.45, fast=0.95)
    box = wood(rng, between(rng, 260, 480), 5000, 18, t60=between(rng, 0.08, 0.16))
    beam = wood(rng, between(rng, 90, 170), 2200, 18, t60=between(rng, 0.15, 0.28))
    harness = wood(rng, between(rng, 400, 800), 6000, 14, t60=0.05)
    frame = tuple((log_between(rng, 250, 2600), between(rng, 40, 120), 1.0) for _ in range(5))
    twice, creaky = chance(rng, 0.35), between(rng, 0.08, 0.4)
    at = (between(rng, 0.18, 0.26), between(rng, 0.58, 0.68))
    x = np.zeros(n)
    for t in beats(seconds, period, 0.03, rng, first=between(rng, -0.4 * period, 0.1)):
        add_at(x, t, _creak(rng, frame), creaky * between(rng, 0.4, 1.0))
        for clack in range(int(rng.integers(1, 4))):
            late = t + 0.06 + 0.05 * clack * between(rng, 0.7, 1.3)
            add_at(x, late, harness.struck(frames(0.2), rng, 4000), between(rng, 0.15, 0.4))
        add_at(x, t + period * at[0], _throw(rng, box), between(rng, 0.6, 0.9))
        add_at(x, t + period * at[1], _beater(rng, beam), between(rng, 0.85, 1.0))
        if twice:
            again = t + period * (at[1] + 0.16)
            add_at(x, again, _beater(rng, beam), between(rng, 0.5, 0.8))
    return finish(limited(room(x, rng), 8), seconds, rng, {"tempo": tempo})
