"""Bears, lions, elephants and whales: long tracts and low, rough voices."""

from __future__ import annotations

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, contour, swell, wander
from core.corpus.synthesis.filters import lowpass, shaped
from core.corpus.synthesis.grains import Bank, add_at
from core.corpus.synthesis.habitats import open_air, over_ground
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.pulsed_voices import (
    Mouth,
    Pressed,
    articulated,
    pressed_call,
    scaled,
    strained,
)
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    chance,
    frames,
    level,
    log_between,
)
from core.corpus.synthesis.sources import brown, harmonics, pulses, tilted, white
from core.corpus.synthesis.space import draw_distance, reverb

_BEAR_SHUT: Mouth = ((250, 120, 1.0), (560, 200, 0.5), (1300, 400, 0.15), (2300, 800, 0.05))
_BEAR_OPEN: Mouth = (
    (270, 140, 0.8),
    (520, 200, 1.0),
    (900, 280, 0.6),
    (1700, 500, 0.25),
    (2600, 900, 0.12),
    (4200, 2000, 0.05),
)


def _huff(rng: Rng, size: float) -> Signal:
    """Breath blown out of a deep chest through the lips."""
    n = frames(between(rng, 0.18, 0.5))
    chest = scaled(((350, 300, 1.0), (900, 500, 0.6), (2000, 1200, 0.3), (4500, 3000, 0.12)), size)
    return peaked(articulated(white(n, rng), (0, chest)) * arch(n, 0.2, 0.6))


def _bear_roar(rng: Rng, f: float, size: float, seconds: float, open_wide: float) -> Signal:
    n = frames(seconds)
    hz = f * contour(n, (0, 0.7), (0.3, 1.0), (0.6, between(rng, 0.95, 1.15)), (1, 0.65))
    clean = Pressed(0.03, 0.3, between(rng, 0, 0.3), 0.4, 2500)
    torn = Pressed(0.12, 0.6, between(rng, 0.4, 0.8), 0.9, 3500)
    source = strained(hz, clean, torn, between(rng, 0.4, 1.0), rng)
    wide = tuple((hz, width, gain * open_wide ** (index / 2)) for index, (hz, width, gain) in
                 enumerate(_BEAR_OPEN))  # fmt: skip
    shut = scaled(_BEAR_SHUT, size)
    x = articulated(source, (0, shut), (0.35, scaled(wide, size)), (1, shut))
    loud = contour(n, (0, 0), (0.2, 0.7), (0.45, 1), (0.8, 0.6), (1, 0)) * swell(n, 10, rng, 0.2)
    return peaked(x * loud)


def bear(seconds: float, rng: Rng) -> Synthesised:
    """Huffs and growls at 45 to 95 Hz; the angrier, the more it roars at 110 to 250 Hz."""
    n = frames(seconds)
    x = np.zeros(n)
    strength, anger = level(rng, light=0.0, moderate=0.45, heavy=1.0)
    distance = draw_distance(rng, 0.2)
    size = between(rng, 0.95, 1.3)
    low, high = log_between(rng, 50, 90) / size, log_between(rng, 130, 230) / size
    t = between(rng, 0.01, 0.12)
    while t < seconds - 0.15:
        if chance(rng, 0.1 + 0.6 * anger):
            length = between(rng, 0.7, 2.0)
            call = _bear_roar(rng, high * between(rng, 0.85, 1.2), size, length, 0.6 + 0.6 * anger)
            gain = between(rng, 0.8, 1.0)
        elif chance(rng, 0.4):
            call = _bear_roar(rng, low, size, between(rng, 0.7, 2.2), 0.35)
            gain = between(rng, 0.4, 0.8)
        else:
            call, gain = _huff(rng, size), between(rng, 0.25, 0.7)
        add_at(x, t, call, gain)
        t += len(call) / SAMPLE_RATE + between(rng, 0.05, 0.6)
    x = over_ground(limited(x, 6), distance, rng)
    return finish(open_air(x, rng), seconds, rng, {"strength": strength, "distance": distance})


_LION_OPEN: Mouth = (
    (130, 80, 1.0),
    (270, 130, 1.0),
    (520, 220, 0.6),
    (1050, 350, 0.25),
    (1900, 700, 0.1),
    (3300, 1500, 0.04),
)


def _lion_roar(rng: Rng, f: float, size: float, seconds: float) -> Signal:
    """One roar: square, loose vocal folds that flap at little breath, torn where it is loudest."""
    n = frames(seconds)
    hz = f * contour(
        n, (0, 0.6), (0.2, 1.0), (0.5, between(rng, 0.9, 1.1)), (1, between(rng, 0.45, 0.6))
    )
    clean = Pressed(0.03, 0.25, between(rng, 0.0, 0.4), 0.35, 2200)
    torn = Pressed(0.1, 0.5, between(rng, 0.4, 0.8), 0.7, 3000)
    source = strained(hz, clean, torn, between(rng, 0.4, 0.9), rng)
    wide = scaled(_LION_OPEN, size)
    x = articulated(source, (0, scaled(wide, 1.25)), (0.3, wide), (0.7, wide),
                    (1, scaled(wide, 1.2)))  # fmt: skip
    loud = contour(n, (0, 0), (0.15, 0.7), (0.4, 1), (0.75, 0.6), (1, 0)) * swell(n, 9, rng, 0.15)
    return peaked(x * loud)


def lion(seconds: float, rng: Rng) -> Synthesised:
    """A bout: a moan or two, full roars of 1 to 2 s that fall from 200 to 80 Hz, then grunts."""
    n = frames(seconds)
    x = np.zeros(n)
    tempo, pace = level(rng, slow=1.35, steady=1.0, fast=0.75)
    distance = draw_distance(rng, 0.35)
    size = between(rng, 0.85, 1.2)
    f = log_between(rng, 150, 230) / size
    grunts = Bank(3, lambda _: _lion_roar(rng, 0.8 * f, size, between(rng, 0.3, 0.5) * pace))
    t = between(rng, 0.01, 0.1)
    while t < seconds - 0.3:
        for index in range(int(rng.integers(2, 5))):
            length = between(rng, 0.9, 1.8) * pace
            if t < seconds:
                roar = _lion_roar(rng, f * between(rng, 0.9, 1.1), size, length)
                add_at(x, t, roar, min(1.0, 0.55 + 0.25 * index))
            t += length + between(rng, 0.1, 0.5) * pace
        number = int(rng.integers(4, 14))
        for index in range(number):
            if t > seconds:
                break
            add_at(x, t, grunts.draw(rng), 0.75 * (1 - 0.8 * index / number))
            t += between(rng, 0.75, 0.95) * pace
        t += between(rng, 1.0, 3.0)
    x = over_ground(limited(x, 6), distance, rng)
    return finish(open_air(x, rng), seconds, rng, {"tempo": tempo, "distance": distance})


_TRUNK: Mouth = (
    (620, 260, 0.9),
    (1150, 350, 1.0),
    (1850, 500, 0.7),
    (2700, 700, 0.4),
    (3900, 1100, 0.22),
    (6000, 2500, 0.1),
)


def _trumpet(rng: Rng, f: float, size: float, seconds: float) -> Signal:
    """Air forced through the trunk: brassy, breaking, with a rush of breath at its end."""
    n = frames(seconds)
    hz = f * contour(
        n,
        (0, between(rng, 0.6, 0.85)),
        (between(rng, 0.1, 0.25), 1.0),
        (0.55, between(rng, 0.95, 1.2)),
        (1, between(rng, 0.65, 0.9)),
    )
    hz = hz * (1 + 0.012 * wander(n, 20, rng))
    clean = Pressed(0.008, 0.1, between(rng, 0.0, 0.3), 0.2, 7000)
    torn = Pressed(0.06, 0.4, between(rng, 0.5, 0.9), 0.6, 7000)
    source = strained(hz, clean, torn, between(rng, 0.3, 0.9), rng)
    trunk = scaled(_TRUNK, size)
    x = articulated(source, (0, scaled(trunk, 1.2)), (0.2, trunk), (1, scaled(trunk, 1.1)))
    rush = shaped(white(n, rng), (100, -10), (900, 0), (4000, -6), (15_000, -20))
    late = contour(n, (0, 0.03), (0.7, 0.08), (0.95, 0.25), (1, 0.1))
    loud = contour(n, (0, 0), (0.06, 0.8), (0.35, 1), (0.85, 0.7), (1, 0))
    return peaked((unit(x) + late * unit(rush)) * loud)


def _rumble(rng: Rng, seconds: float) -> Signal:
    """The contact call: a fundamental below hearing, its harmonics a throb up to 250 Hz."""
    n = frames(seconds)
    hz = between(rng, 16, 27) * contour(n, (0, 0.85), (0.5, 1.0), (1, 0.9))
    chest = ((55, 40, 1.0), (110, 60, 0.8), (190, 90, 0.5), (420, 200, 0.2))
    how = Pressed(0.02, 0.1, 0.0, 0.1, 500)
    return pressed_call(hz, arch(n, 0.3, 0.4), how, ((0, chest),), rng)


def elephant(seconds: float, rng: Rng) -> Synthesised:
    """Trumpets of 0.6 to 2 s at 380 to 720 Hz with harmonics to 8 kHz, at times over a rumble."""
    n = frames(seconds)
    x = np.zeros(n)
    count, number = level(rng, single=1, several=3)
    distance = draw_distance(rng, 0.3)
    for index in range(number):
        calf = chance(rng, 0.2)
        f = log_between(rng, 600, 800) if calf else log_between(rng, 380, 620)
        size = between(rng, 0.7, 0.85) if calf else between(rng, 0.9, 1.2)
        gain = 1.0 if index == 0 else between(rng, 0.2, 0.7)
        t = between(rng, 0.01, 0.12) if index == 0 else between(rng, 0.2, max(0.4, seconds - 1))
        while t < seconds - 0.4 or t < 0.13:
            length = min(between(rng, 0.6, 2.0), max(0.5, seconds - t - 0.05))
            add_at(x, t, _trumpet(rng, f * between(rng, 0.9, 1.12), size, length), gain)
            t += length + (between(rng, 0.1, 0.4) if chance(rng, 0.4) else between(rng, 0.8, 3.0))
    x = limited(x, 6)
    if chance(rng, 0.3):
        low = _rumble(rng, min(seconds - 0.05, between(rng, 1.5, 4.0)))
        add_at(x, between(rng, 0, max(0.02, seconds - len(low) / SAMPLE_RATE)), low, 0.4)
    x = over_ground(x, "close", rng) if distance == "close" else over_ground(x, distance, rng)
    return finish(open_air(x, rng), seconds, rng, {"count": count, "distance": distance})


def _unit_of_song(rng: Rng, kind: str) -> Signal:
    """One unit of a humpback's song: a moan, a cry, a whoop upward, or a pulsing groan."""
    lengths = {"moan": (1.2, 3.5), "cry": (0.7, 2.0), "whoop": (0.4, 1.0), "groan": (0.8, 2.2)}
    n = frames(between(rng, *lengths[kind]))
    if kind == "groan":
        rate = between(rng, 14, 38) * contour(n, (0, 0.8), (0.6, 1.2), (1, 1.5))
        source = pulses(rate, rng, 0.02, 0.1)
        low = log_between(rng, 90, 220)
        body = ((low, 40, 1.0), (2.3 * low, 90, 0.8), (5 * low, 250, 0.35))
        return peaked(articulated(source, (0, body), (1, scaled(body, 0.8))) * arch(n, 0.2, 0.3))
    if kind == "moan":
        f, turns = log_between(rng, 110, 420), ((0, 1.05), (0.4, 0.92), (0.8, 1.0), (1, 0.8))
    elif kind == "cry":
        f, turns = log_between(rng, 380, 1100), ((0, 0.75), (0.3, 1.0), (0.7, 1.25), (1, 0.85))
    else:
        f, turns = log_between(rng, 200, 480), ((0, 0.7), (0.4, 1.0), (0.8, 2.2), (1, 3.0))
    hz = f * contour(n, *turns) * 2 ** (0.03 * wander(n, 2.5, rng))
    tone = harmonics(hz, tilted(12, between(rng, 6, 12)), rng) * (1 + 0.1 * wander(n, 12, rng))
    if chance(rng, 0.3):
        growl = 0.5 + 0.5 * np.sin(2 * np.pi * between(rng, 18, 45) * np.arange(n) / SAMPLE_RATE)
        tone = tone * (1 - between(rng, 0.2, 0.7) * growl)
    return peaked(tone * arch(n, 0.25, 0.35))


def whale(seconds: float, rng: Rng) -> Synthesised:
    """Phrases of two to four units of song, over and over, in the echoing dark of the sea."""
    n = frames(seconds)
    x = np.zeros(n)
    tempo, pause = level(rng, slow=1.8, steady=0.9, fast=0.35)
    distance = draw_distance(rng, 0.4)
    kinds = rng.choice(["moan", "cry", "whoop", "groan", "moan", "cry"], int(rng.integers(2, 5)))
    theme = [_unit_of_song(rng, str(kind)) for kind in kinds]
    t = between(rng, 0.01, 0.3)
    while t < seconds - 0.3:
        for note in theme:
            add_at(x, t, note, between(rng, 0.6, 1.0))
            t += len(note) / SAMPLE_RATE + pause * between(rng, 0.3, 1.2)
        t += pause * between(rng, 0.5, 1.5)
    far = distance == "distant"
    x = reverb(x, rng, between(rng, 2.0, 4.5), between(rng, 0.7, 1.1) if far else 0.35, 900)
    x = lowpass(x, between(rng, 900, 1800) if far else between(rng, 3500, 7000), 1)
    sea = unit(lowpass(brown(n, rng), 1500, 1)) * swell(n, 0.2, rng, 0.2)
    x = peaked(x) + log_between(rng, 0.002, 0.02) * sea
    return finish(x, seconds, rng, {"tempo": tempo, "distance": distance}, floor_db=(-92, -80))


LARGE_ANIMALS: dict[str, Recipe] = {
    "bear": bear,
    "lion": lion,
    "elephant": elephant,
    "whale": whale,
}
