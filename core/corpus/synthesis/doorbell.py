"""Doorbells: struck bars, electronic chimes, a trembling bell, a buzzer."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, beats, strike
from core.corpus.synthesis.filters import resonances
from core.corpus.synthesis.grains import add_at, burst
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import Modes
from core.corpus.synthesis.motors import mains_frequency
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    chance,
    frames,
    log_between,
    ticks,
)
from core.corpus.synthesis.sources import harmonics, pink, pulses, tilted
from core.corpus.synthesis.space import at_distance, draw_distance, reverb

BAR = np.array([1.0, 2.756, 5.404, 8.933])
"""Frequencies of the bending modes of a free bar, as multiples of the lowest."""
SEMITONE = 2 ** (1 / 12)


def _bar(rng: Rng, hz: float, t60: float) -> Modes:
    """A chime's bar over its tube, which holds the lowest mode: that rings for seconds."""
    ratios = BAR * (1 + 0.004 * rng.standard_normal(len(BAR)))
    overtone = log_between(rng, 0.18, 0.32)
    gains = np.array([1.0, overtone, 0.5 * overtone, 0.2 * overtone])
    gains *= np.exp(0.2 * rng.standard_normal(4))
    tube = [1.0 + between(rng, 0.0006, 0.003), 2.0]
    return Modes(
        hz * np.concatenate([ratios, tube]),
        t60 * np.concatenate([ratios**-1.2, [0.9, 0.5]]),
        np.concatenate([gains, [log_between(rng, 0.2, 0.7), between(rng, 0.04, 0.11)]]),
    )


def _two_tones(length: float, rng: Rng) -> Signal:
    """Ding as the button's plunger flies to one bar, dong as it falls back on the other."""
    n = frames(length)
    x = np.zeros(n)
    high = log_between(rng, 640, 960)
    low = high / SEMITONE ** float(rng.choice([3, 4, 4, 4, 5]))
    held = min(log_between(rng, 0.3, 0.47), 0.45 * length)
    t60 = between(rng, 1.5, 2.5)
    for late, hz in ((0.0, high), (held, low)):
        bar = _bar(rng, hz, t60)
        add_at(x, late, bar.struck(n, rng, between(rng, 3000, 9000), 0.2), between(rng, 0.8, 1.0))
        add_at(x, late, burst(rng, 700, 6000, 0.012), log_between(rng, 0.08, 0.3))
    return x


def _melody(length: float, rng: Rng) -> Signal:
    """Notes of a chip: a few harmonics that ring off, up and down a chord."""
    n = frames(length)
    x = np.zeros(n)
    base = log_between(rng, 500, 1000)
    steps = rng.choice([0, 4, 7, 12, -5], size=int(rng.integers(3, 9)))
    pace = min(between(rng, 0.14, 0.4), 0.8 * length / len(steps))
    gains = tilted(8, between(rng, 6, 12)) * np.exp(0.4 * rng.standard_normal(8))
    t60 = between(rng, 0.5, 1.6)
    for index, step in enumerate(steps):
        m = min(n, frames(t60))
        note = harmonics(np.full(m, base * SEMITONE ** float(step)), gains, rng)
        add_at(x, index * pace, unit(note) * strike(m, 0.004, t60))
    return resonances(x, (1200, 1500, 1.0), (3500, 2500, 0.6))


def _trembler(length: float, rng: Rng) -> Signal:
    """A clapper that breaks its own circuit: 15 to 28 blows a second on a small bell."""
    n = frames(length)
    x = np.zeros(n)
    hz = log_between(rng, 1300, 2900)
    ratios = np.array([1.0, 1.004, 2.3, 2.31, 3.9, 5.6, 7.3]) * rng.uniform(0.97, 1.03, 7)
    bell = Modes(hz * ratios, between(rng, 0.6, 1.4) * ratios**-0.7, ratios**-0.5)
    blows = [bell.struck(frames(0.7), rng, vary=0.1) for _ in range(4)]
    pressed = 0.75 * length
    for t in beats(pressed, 1 / between(rng, 15, 28), 0.02, rng):
        add_at(x, t, blows[int(rng.integers(4))], between(rng, 0.8, 1.0))
        add_at(x, t, burst(rng, 1500, 9000, 0.005), 0.2)
    return x


def _buzzer(length: float, rng: Rng) -> Signal:
    """An armature that beats against its core twice a period of the mains, in a small box."""
    n = frames(length)
    hz = 2 * mains_frequency(rng)
    hits = pulses(np.full(n, hz), rng, 0.01, 0.12)
    box = [(log_between(rng, 300, 5500), between(rng, 120, 700), 1.0) for _ in range(7)]
    rasp = resonances(hits, *box)
    pressed = 0.9 * length
    return unit(rasp) * arch(n, 0.01, 0.02) * (ticks(n) < pressed)


def doorbell(seconds: float, rng: Rng) -> Synthesised:
    """Someone at the door: two bars, an electronic tune, a bell or a buzzer, once or again."""
    n = frames(seconds)
    x = np.zeros(n)
    ring = [_two_tones, _melody, _trembler, _buzzer][int(rng.choice(4, p=[0.88, 0.04, 0.04, 0.04]))]
    again = seconds > 2.6 and chance(rng, 0.5)
    at = between(rng, 0.03, min(0.25, 0.15 * seconds))
    length = min(seconds - at, 4.0)
    if ring in (_trembler, _buzzer):
        length = min(length, between(rng, 0.6, 2.2))
    pressed = peaked(ring(length, rng))
    add_at(x, at, pressed)
    if again:
        add_at(x, at + between(rng, 1.2, min(2.5, seconds - 1.3)), pressed, between(rng, 0.9, 1))
    distance = draw_distance(rng, 0.2)
    x = reverb(x, rng, between(rng, 0.45, 0.95), between(rng, 0.25, 0.75), 4000)
    if distance == "distant":
        x = at_distance(x, distance, rng)
    x = peaked(x) + log_between(rng, 0.0006, 0.002) * pink(n, rng)
    attributes = {"distance": distance, "count": "several" if again else "single"}
    return finish(limited(x, 8), seconds, rng, attributes, fade_out=0.2)


DOORBELL: dict[str, Recipe] = {"doorbell": doorbell}
