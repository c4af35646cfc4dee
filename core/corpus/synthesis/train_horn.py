"""The horn of a diesel or electric train: a chord of reeds, near or miles away over the land."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish, how_many
from core.corpus.synthesis.envelopes import contour, wander
from core.corpus.synthesis.filters import bandpass, lowpass, resonances
from core.corpus.synthesis.grains import add_at
from core.corpus.synthesis.levels import limited, unit
from core.corpus.synthesis.rails import rolling
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
from core.corpus.synthesis.sources import brown, harmonics, white
from core.corpus.synthesis.space import SPEED_OF_SOUND, at_distance, draw_distance, echoed, reverb

_CHORDS: tuple[tuple[float, ...], ...] = (
    (311.1, 370.0, 415.3, 493.9, 622.3),
    (311.1, 370.0, 440.0),
    (255.0, 311.1, 370.0, 440.0, 523.3),
    (277.2, 329.6, 440.0),
    (370.0, 440.0, 554.4),
)
"""Bells in Hz of horns of three and five chimes."""
_TWO_TONES = (660.0, 370.0)
"""High and low tone in Hz of a horn that sounds them by turns."""
_PATTERNS: tuple[tuple[float, ...], ...] = (
    (1.0,),
    (1.0, 1.0, 0.35, 1.6),
    (0.3, 0.3),
    (1.0, 0.4),
    (1.8,),
)
"""Blasts as parts of a long one: a warning, the signal before a crossing, two toots, and more."""


def _blast(rng: Rng, chord: tuple[float, ...], length: float, slope: float, air: float) -> Signal:
    """One pull of the cord: pressure comes up in a tenth of a second and the reeds follow it.

    While it is low they speak flat and not together; as the valve shuts they sag again.
    """
    tail = 0.25
    n = frames(length + tail)
    up, held = min(0.1, 0.3 * length) / (length + tail), length / (length + tail)
    x = np.zeros(n)
    for hz in chord:
        late = between(rng, 0.2, 1.0) * up
        flat = between(rng, 0.9, 0.97)
        bend = contour(n, (0, flat), (late + up, 1.0), (held, 1.0), (1, between(rng, 0.88, 0.95)))
        loud = contour(n, (0, 0), (late, 0.1), (late + up, 1.0), (held, 0.95), (1, 0.0))
        order = np.arange(1.0, 19)
        gains = order ** (-slope / 6.02) * np.exp(0.35 * rng.standard_normal(len(order)))
        tone = harmonics(hz * bend * (1 + 0.0012 * wander(n, 14, rng)), gains, rng)
        x += between(rng, 0.7, 1.0) * unit(tone) * loud
    bells = resonances(x, (900, 900, 0.8), (1900, 1500, 0.9), (3300, 2200, 0.6))
    hiss = bandpass(white(n, rng), 900, 7000, 1)
    pressure = contour(n, (0, 0), (up, 1.0), (held, 1.0), (1, 0.0))
    return (unit(x) + 0.8 * unit(bells) + air * unit(hiss)) * pressure**0.3


def _passed(x: Signal, rng: Rng, speed: float) -> Signal:
    """What a train of `speed` m/s sounds like that goes by: the pitch falls, the level peaks."""
    n = len(x)
    t = ticks(n)
    away, by = log_between(rng, 10, 40), between(rng, 0.3, 0.7) * t[-1]
    distance = np.hypot(speed * (t - by), away)
    late = (distance - away) / SPEED_OF_SOUND
    heard = np.interp(t - late, t, x)
    gone: Signal = heard * (away / distance) ** 0.8
    return gone


def train_horn(seconds: float, rng: Rng) -> Synthesised:
    """Three to five reeds of 250 to 620 Hz, or two tones by turns; the land echoes them.

    Each bell is rich up to 4 kHz and hardly in tune with the others. What passes sinks in pitch by
    a semitone or two.
    """
    n = frames(seconds)
    count, most = level(rng, single=1, several=4)
    alternating = chance(rng, 0.2)
    tune = between(rng, 0.95, 1.05)
    pick = _CHORDS[int(rng.integers(len(_CHORDS)))]
    chord = tuple(hz * tune * between(rng, 0.99, 1.01) for hz in pick)
    slope, air = between(rng, 2.0, 4.5), between(rng, 0.03, 0.12)
    whole = between(rng, 1.0, 2.4)
    pattern = (1.2,) if most == 1 else _PATTERNS[1 + int(rng.integers(3))]
    if most > 1:
        whole = min(whole, 0.8 * seconds / (sum(pattern) + 0.3 * len(pattern)))
    x = np.zeros(n)
    t, made = between(rng, 0.03, 0.2), 0
    for index in range(most):
        length = min(whole * pattern[index % len(pattern)], max(0.3, seconds - t - 0.35))
        if made and t > seconds - 0.6:
            break
        if alternating:
            tones = (tune * _TWO_TONES[index % 2], tune * _TWO_TONES[index % 2] * 1.004)
            add_at(x, t, _blast(rng, tones, length, slope, air))
        else:
            add_at(x, t, _blast(rng, chord, length, slope, air))
        made += 1
        t += length + between(rng, 0.25, 0.6)
    distance = draw_distance(rng, 0.35)
    speed = between(rng, 14, 35)
    passes = distance == "close" and chance(rng, 0.35)
    if passes:
        x = _passed(x, rng, speed)
    x = echoed(unit(x), rng, int(rng.integers(2, 5)), (0.25, 1.4), 1800)
    x = reverb(x, rng, between(rng, 1.2, 3.0), between(rng, 0.12, 0.35), 1500)
    if distance == "distant":
        x = at_distance(x, distance, rng)
    else:
        wheels = rolling(np.full(n, speed), rng)
        x = unit(x) + between(rng, 0.05, 0.3 if passes else 0.15) * unit(wheels)
    wind = unit(lowpass(brown(n, rng), 400, 1))
    x = unit(x) + between(rng, 0.01, 0.05) * wind
    attributes = {"distance": distance, "count": how_many(made) if count == "several" else count}
    return finish(limited(x, 5), seconds, rng, attributes, fade_out=0.2)


TRAIN_HORN: dict[str, Recipe] = {"train_horn": train_horn}
"""By the name of the kind."""
