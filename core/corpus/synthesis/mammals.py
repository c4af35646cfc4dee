"""Dog, wolf, horse, sheep, cow and cat: larynx, tract and, for the gallop, hooves."""

from __future__ import annotations

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.clip import Synthesised, finish
from core.corpus.synthesis.envelopes import arch, contour, decay, strike, wander
from core.corpus.synthesis.filters import bandpass, lowpass, moving, resonances
from core.corpus.synthesis.grains import add_at, burst, bursts, poisson, scatter, sizes
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import wood
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
from core.corpus.synthesis.sources import harmonics, pink, sine, tilted, white
from core.corpus.synthesis.space import at_distance, draw_distance, reverb, room
from core.corpus.synthesis.voices import Timbre, vocalise


def _meadow(x: Signal, rng: Rng) -> Signal:
    """The sound with a faint open-air floor."""
    air = unit(bandpass(pink(len(x), rng), 80, 5000, 1))
    return peaked(x) + between(rng, 0.001, 0.008) * air


def _bark(rng: Rng, f: float, tract: float, seconds: float) -> Signal:
    n = frames(seconds)
    hz = f * contour(n, (0, 0.6), (0.22, 1.0), (0.5, 0.9), (1, 0.5))
    mouth = (
        (500 * tract, 650 * tract, 300, 0.8),
        (1100 * tract, 1250 * tract, 350, 1.0),
        (2400 * tract, 2200 * tract, 700, 0.45),
        (3800 * tract, 3600 * tract, 1200, 0.2),
    )
    rough = between(rng, 0.8, 2.2)
    timbre = Timbre(mouth, slope=4, breath=0.3, rough=rough, subharmonic=between(rng, 0.1, 0.6))
    return vocalise(hz, arch(n, 0.12, 0.6), timbre, rng)


def dog(seconds: float, rng: Rng) -> Synthesised:
    """Barks in groups from a small or a large dog, at times with a growl before."""
    n = frames(seconds)
    x = np.zeros(n)
    size = between(rng, 0.0, 1.0)
    f, tract = 260 * 2.6**size, 0.8 + 0.7 * size
    length = between(rng, 0.16, 0.28) - 0.07 * size
    pace = between(rng, 0.3, 0.55)
    t = between(rng, 0.01, 0.1)
    if size < 0.5 and chance(rng, 0.25) and seconds > 2:
        m = frames(between(rng, 0.5, 1.0))
        hz = 75 * contour(m, (0, 0.9), (1, 1.3)) * (1 + 0.1 * wander(m, 20, rng))
        mouth = ((350, 450, 300, 1.0), (1000, 1100, 400, 0.5), (2200, 2200, 900, 0.2))
        add_at(x, t, vocalise(hz, arch(m, 0.3, 0.3), Timbre(mouth, 5, 0.4, 1.5, 0.5), rng), 0.4)
        t += m / SAMPLE_RATE
    while t < seconds - 0.15:
        for _ in range(int(rng.integers(1, 5))):
            bark = _bark(rng, f * between(rng, 0.9, 1.1), tract, length * between(rng, 0.85, 1.2))
            add_at(x, t, bark, between(rng, 0.75, 1.0))
            t += pace * between(rng, 0.85, 1.2)
        t += between(rng, 0.2, 1.2)
    distance = draw_distance(rng, 0.25)
    x = at_distance(x, distance, rng)
    return finish(_meadow(limited(x, 8), rng), seconds, rng, {"distance": distance})


def _howl(rng: Rng, seconds: float) -> Signal:
    n = frames(seconds)
    f = log_between(rng, 380, 680)
    hz = f * contour(
        n,
        (0, between(rng, 0.5, 0.7)),
        (between(rng, 0.1, 0.2), 1.0),
        (0.5, between(rng, 0.92, 1.04)),
        (0.8, between(rng, 0.8, 0.95)),
        (1, between(rng, 0.5, 0.65)),
    )
    hz = hz * (1 + 0.012 * wander(n, 4, rng))
    mouth = ((450, 600, 300, 1.0), (1000, 1150, 350, 0.5), (2300, 2300, 900, 0.1))
    timbre = Timbre(mouth, slope=12, breath=0.05, rough=0.08)
    return vocalise(hz, arch(n, 0.2, 0.35), timbre, rng)


def wolf(seconds: float, rng: Rng) -> Synthesised:
    """One wolf howling, or a pack answering each other, in a valley."""
    n = frames(seconds)
    count, number = level(rng, single=1, several=3, many=6)
    x = np.zeros(n)
    for index in range(number):
        t = between(rng, 0.01, 0.2) if index == 0 else between(rng, 0.2, max(0.5, seconds - 2))
        while t < seconds - 0.8:
            length = min(between(rng, 2.0, 5.0), max(1.0, seconds - t - 0.2))
            add_at(x, t, _howl(rng, length), 1.0 if index == 0 else between(rng, 0.2, 0.6))
            t += length + between(rng, 0.4, 2.0)
    distance = draw_distance(rng, 0.5)
    wet = between(rng, 0.6, 1.0) if distance == "distant" else between(rng, 0.15, 0.4)
    x = reverb(x, rng, between(rng, 1.8, 3.5), wet, 1500)
    if distance == "distant":
        x = lowpass(x, 2500, 1)
    return finish(_meadow(x, rng), seconds, rng, {"count": count, "distance": distance})


def _hooves(surface: str, rng: Rng) -> list[Signal]:
    """Hoof falls on a ground: thump, click of the shoe, thrown grit."""
    bank = []
    for _ in range(12):
        m = frames(0.22)
        x = sine(between(rng, 60, 95) * contour(m, (0, 1.5), (0.3, 1), (1, 0.8))) * decay(m, 0.14)
        x = x + 0.7 * lowpass(rng.standard_normal(m), 500, 2) * strike(m, 0.003, 0.09)
        if surface == "stone":
            shoe = wood(rng, between(rng, 700, 1100), 5500, 10, t60=0.06).struck(m, rng)
            x = 0.4 * x + shoe + 0.5 * np.pad(burst(rng, 1500, 7000, 0.02), (0, m))[:m]
        else:
            dull = 900 if surface == "grass" else 2200
            x += 0.7 * lowpass(rng.standard_normal(m), dull, 1) * strike(m, 0.004, 0.07)
            bits = bursts(rng, 8, (800, 4000), (0.004, 0.015), 1)
            places = poisson(m, 150.0 if surface == "dirt" else 50.0, rng)
            x += 0.4 * scatter(m, places, sizes(len(places), rng), bits, rng)
        bank.append(peaked(x))
    return bank


def horse_gallop(seconds: float, rng: Rng) -> Synthesised:
    """Canter in three beats or gallop in four, each hoof with its own weight."""
    n = frames(seconds)
    tempo, rate = level(rng, slow=1.5, steady=1.9, fast=2.4)
    surface = str(rng.choice(["dirt", "grass", "stone"]))
    bank = _hooves(surface, rng)
    stride = 1 / (rate * between(rng, 0.93, 1.07))
    feet = (0.0, 0.13, 0.3, 0.42) if tempo == "fast" else (0.0, 0.24, 0.27, 0.5)
    weights = rng.uniform(0.6, 1.0, 4)
    count, horses = level(rng, single=1, several=3) if chance(rng, 0.4) else ("single", 1)
    x = np.zeros(n)
    for horse in range(horses):
        t, own = between(rng, 0, 0.3), stride * between(rng, 0.95, 1.05)
        while t < seconds:
            for foot, weight in zip(feet, weights, strict=True):
                fall = bank[int(rng.integers(len(bank)))]
                when = t + foot * own + 0.008 * rng.standard_normal()
                add_at(x, when, fall, float(weight) * between(rng, 0.8, 1.1) / (1 + horse))
            t += own * between(rng, 0.97, 1.03)
    passing = contour(n, (0, between(rng, 0.2, 1)), (0.5, 1), (1, between(rng, 0.1, 1)))
    distance = draw_distance(rng, 0.2)
    x = at_distance(x * passing, distance, rng)
    attributes = {"tempo": tempo, "surface": surface, "distance": distance, "count": count}
    return finish(_meadow(limited(x, 8), rng), seconds, rng, attributes)


def _snort(rng: Rng) -> Signal:
    """Air blown through fluttering lips and nostrils."""
    n = frames(between(rng, 0.4, 0.9))
    flutter = 0.5 + 0.5 * np.sin(2 * np.pi * between(rng, 18, 28) * ticks(n) + wander(n, 8, rng))
    air = resonances(rng.standard_normal(n), (500, 400, 1.0), (1500, 700, 0.7), (3500, 2000, 0.4))
    return peaked(air * flutter**1.5 * arch(n, 0.15, 0.6))


def horse_neigh(seconds: float, rng: Rng) -> Synthesised:
    """A whinny: a high strained start, a trembling fall, and often a snort after it."""
    n = frames(seconds)
    length = min(seconds - 0.05, between(rng, 1.3, 2.2))
    m = frames(length)
    top = log_between(rng, 900, 1500)
    hz = top * contour(m, (0, 0.6), (0.1, 1.0), (0.35, 0.85), (0.7, 0.5), (1, 0.22))
    depth = contour(m, (0, 0.0), (0.25, 0.3), (0.6, 1.0), (1, 1.0))
    rate = between(rng, 9, 13)
    tremble = np.sin(2 * np.pi * np.cumsum(rate * (1 + 0.08 * wander(m, 3, rng))) / SAMPLE_RATE)
    hz = hz * (1 + 0.1 * depth * tremble)
    loud = contour(m, (0, 0), (0.06, 0.8), (0.3, 1), (0.7, 0.7), (1, 0)) * (
        1 - 0.45 * depth * (1 - tremble) / 2
    )
    throat = (
        (800, 700, 500, 0.6),
        (1500, 1200, 500, 1.0),
        (2800, 2400, 900, 0.6),
        (4300, 4000, 1400, 0.3),
    )
    timbre = Timbre(throat, slope=5, breath=0.22, rough=0.35, subharmonic=between(rng, 0.2, 0.6))
    cry = vocalise(hz, loud, timbre, rng)
    second = vocalise(hz * 0.36 + 120, loud, Timbre(throat, 6, 0.2, 0.6, 0.3), rng)
    x = np.zeros(n)
    add_at(x, 0.02, cry + between(rng, 0.15, 0.5) * second)
    if seconds - length > 0.5 and chance(rng, 0.7):
        add_at(x, 0.02 + length + between(rng, 0, 0.15), _snort(rng), between(rng, 0.2, 0.6))
    distance = draw_distance(rng, 0.2)
    return finish(_meadow(at_distance(x, distance, rng), rng), seconds, rng, {"distance": distance})


def _bleat(rng: Rng, f: float, tract: float, seconds: float) -> Signal:
    n = frames(seconds)
    shake = np.sin(
        2 * np.pi * np.cumsum(between(rng, 7, 11) * (1 + 0.06 * wander(n, 4, rng))) / SAMPLE_RATE
    )
    depth = contour(n, (0, 0.2), (0.3, 1), (1, 1))
    hz = f * contour(n, (0, 0.9), (0.15, 1.04), (0.6, 1), (1, 0.85)) * (1 + 0.035 * depth * shake)
    loud = contour(n, (0, 0), (0.1, 1), (0.7, 0.8), (1, 0)) * (1 + 0.4 * depth * shake)
    mouth = (
        (350 * tract, 750 * tract, 220, 0.7),
        (1300 * tract, 1650 * tract, 320, 1.0),
        (2700 * tract, 2600 * tract, 500, 0.6),
        (3900 * tract, 3900 * tract, 900, 0.3),
    )
    timbre = Timbre(mouth, slope=4, breath=0.12, rough=0.35, subharmonic=between(rng, 0.05, 0.35))
    return vocalise(hz, loud, timbre, rng)


def sheep(seconds: float, rng: Rng) -> Synthesised:
    """Bleats: a nasal, trembling voice; lambs are higher."""
    n = frames(seconds)
    count, number = level(rng, single=1, several=3, many=7)
    x = np.zeros(n)
    for index in range(number):
        lamb = chance(rng, 0.3)
        f = log_between(rng, 380, 560) if lamb else log_between(rng, 150, 290)
        gain = 1.0 if index == 0 else between(rng, 0.15, 0.7)
        t = between(rng, 0.01, 0.15) if index == 0 else between(rng, 0, seconds)
        while t < seconds - 0.3:
            length = min(between(rng, 0.5, 1.2), seconds - t)
            add_at(x, t, _bleat(rng, f, 1.25 if lamb else between(rng, 0.9, 1.1), length), gain)
            t += length + between(rng, 0.4, 2.2)
    distance = draw_distance(rng, 0.25)
    x = _meadow(at_distance(x, distance, rng), rng)
    return finish(x, seconds, rng, {"count": count, "distance": distance})


def cow(seconds: float, rng: Rng) -> Synthesised:
    """A moo: closed lips, then an opening mouth, the pitch rising a little."""
    n = frames(seconds)
    x = np.zeros(n)
    f = log_between(rng, 85, 190)
    t = between(rng, 0.01, 0.1)
    while t < seconds - 0.5:
        length = min(between(rng, 1.1, 2.4), seconds - t)
        m = frames(length)
        hz = f * contour(m, (0, 0.8), (0.25, 0.95), (0.7, between(rng, 1.05, 1.4)), (1, 0.9))
        mouth = (
            (220, between(rng, 420, 620), 160, 1.0),
            (650, between(rng, 950, 1250), 250, 0.6),
            (2100, 2300, 600, 0.2),
            (3200, 3200, 900, 0.1),
        )
        rough = between(rng, 0.2, 0.7)
        timbre = Timbre(
            mouth, slope=5, breath=0.12, rough=rough, subharmonic=between(rng, 0.1, 0.5)
        )
        loud = contour(m, (0, 0), (0.15, 0.5), (0.6, 1), (0.85, 0.8), (1, 0))
        add_at(x, t, vocalise(hz, loud, timbre, rng), between(rng, 0.8, 1.0))
        t += length + between(rng, 0.5, 1.5)
    distance = draw_distance(rng, 0.25)
    x = room(x, rng) if distance == "close" and chance(rng, 0.3) else at_distance(x, distance, rng)
    return finish(_meadow(x, rng), seconds, rng, {"distance": distance})


def _cat_mouth(x: Signal, opening: Signal, front: Signal, tract: float) -> Signal:
    """A cat's tract: the first formant follows the jaw's opening, the second the tongue."""

    def response(times: Signal, hz: Signal) -> Signal:
        where = np.minimum((times * (len(opening) - 1)).astype(int), len(opening) - 1)
        jaw, tongue = opening[where], front[where]
        total: Signal = 0.004 + 0.02 * jaw
        for centre, width, gain in (
            (tract * (520 + 620 * jaw), 260.0, 1.0),
            (tract * (1250 + 450 * jaw + 1100 * tongue), 420.0, 0.15 + 0.75 * jaw),
            (tract * (3100 + 300 * tongue), 750.0, 0.05 + 0.5 * jaw),
            (tract * 4700, 1200.0, 0.02 + 0.22 * jaw),
        ):
            total = total + gain / (1 + ((hz - centre) / (width / 2)) ** 2)
        return total

    return moving(x, response)


def _meow(rng: Rng, f: float, tract: float, length: float) -> Signal:
    """One call, from closed lips (m) through a front vowel (ia) to rounded ones (ow)."""
    n = frames(length)
    peak = between(rng, 0.25, 0.55)
    hz = f * contour(
        n,
        (0, between(rng, 0.7, 0.9)),
        (peak, 1.0),
        (0.8, between(rng, 0.75, 0.95)),
        (1, between(rng, 0.5, 0.8)),
    )
    hz = hz * 2 ** (between(rng, 0.005, 0.02) * wander(n, 60, rng) + 0.02 * wander(n, 7, rng))
    wide = between(rng, 0.7, 1.0)
    opening = contour(n, (0, 0.03), (0.12, 0.25), (peak, wide), (0.75, 0.6 * wide), (1, 0.08))
    front = contour(n, (0, 0.6), (peak * 0.8, 1.0), (0.75, 0.25), (1, 0.0))
    tone = unit(harmonics(hz, tilted(int(np.clip(16_000 / f, 4, 45)), between(rng, 3, 6)), rng))
    strain = between(rng, 0.0, 0.35) * np.clip(wander(n, 3, rng), 0, 1)
    tone = tone * (1 + strain * np.sin(np.pi * np.cumsum(hz) / SAMPLE_RATE))
    air = between(rng, 0.03, 0.12) * white(n, rng)
    loud = contour(n, (0, 0), (0.1, 0.45), (peak, 1), (0.75, 0.6), (1, 0))
    return peaked(_cat_mouth((tone + air) * loud, opening, front, tract))


def cat(seconds: float, rng: Rng) -> Synthesised:
    """Meows: a glottal tone through a mouth that opens and closes, with short calls between."""
    n = frames(seconds)
    x = np.zeros(n)
    kitten = chance(rng, 0.3)
    f = log_between(rng, 800, 1300) if kitten else log_between(rng, 430, 800)
    tract = between(rng, 1.15, 1.35) if kitten else between(rng, 0.9, 1.1)
    t, calls = between(rng, 0.01, 0.12), 0
    while t < seconds - 0.4 or calls == 0:
        short = chance(rng, 0.3)
        length = between(rng, 0.22, 0.4) if short else between(rng, 0.55, 1.3)
        length = min(length, max(0.3, seconds - t - 0.05))
        call = _meow(rng, f * between(rng, 0.88, 1.12), tract, length)
        add_at(x, t, call, between(rng, 0.55, 0.85) if short else between(rng, 0.8, 1.0))
        t += length + (between(rng, 0.1, 0.4) if short else between(rng, 0.3, 1.8))
        calls += 1
    distance = draw_distance(rng, 0.2)
    x = room(x, rng) if distance == "close" and chance(rng, 0.6) else at_distance(x, distance, rng)
    return finish(_meadow(x, rng), seconds, rng, {"distance": distance})
