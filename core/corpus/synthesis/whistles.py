"""What is blown: a referee's whistle, the chime whistle of a steam engine, a bottle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.corpus.synthesis.clip import OUT_OF_DOORS, Recipe, Synthesised, finish, how_many
from core.corpus.synthesis.doorbell import SEMITONE
from core.corpus.synthesis.envelopes import contour, swell, wander
from core.corpus.synthesis.filters import bandpass, highpass, resonances, shaped
from core.corpus.synthesis.grains import add_at
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    chance,
    frames,
    level,
    log_between,
)
from core.corpus.synthesis.sources import harmonics, phase, white
from core.corpus.synthesis.space import at_distance, draw_distance, hall, reverb

LONGEST_PIP = 0.28
"""Seconds; longer blasts are no pips."""


@dataclass(frozen=True)
class _Whistle:
    """A whistle of one to three chambers.

    Attributes:
        hz: the tone of each chamber, blown hard.
        flutter: how often a second the pea passes the opening.
        bend: depth in which the pea bends the pitch, as a share; 0: there is none.
        shut: how much of the tone the pea takes away, 0 to 1.
        breath: air beside the tone, as a share.
    """

    hz: tuple[float, ...]
    flutter: float
    bend: float
    shut: float
    breath: float


def _draw_whistle(rng: Rng, force: float) -> _Whistle:
    """A pea in one chamber, two long tubes of the police, or three chambers without a pea."""
    kind = str(rng.choice(["pea", "pea", "pea", "tubes", "chambers"]))
    breath = between(rng, 0.05, 0.2)
    flutter = between(rng, 30, 46) * force
    if kind == "pea":
        base = log_between(rng, 2500, 3500)
        hz: tuple[float, ...] = (base, base * between(rng, 1.02, 1.06))
        return _Whistle(hz, flutter, between(rng, 0.015, 0.045), between(rng, 0.5, 0.85), breath)
    if kind == "tubes":
        base = log_between(rng, 2000, 2700)
        shut = between(rng, 0.0, 0.5)
        return _Whistle((base, base * between(rng, 1.06, 1.16)), flutter, 0.01, shut, breath)
    base = log_between(rng, 2900, 3500)
    hz = (base, base * between(rng, 1.06, 1.1), base * between(rng, 1.16, 1.25))
    return _Whistle(hz, flutter, 0.0, 0.0, breath)


def _blast(seconds: float, rng: Rng, whistle: _Whistle, force: float) -> Signal:
    """One breath: the pitch climbs with the pressure within 30 ms, and sinks as it ends."""
    n = frames(seconds)
    rise, fall = min(0.3, 0.03 / seconds), max(0.6, 1 - 0.06 / seconds)
    pressure = contour(n, (0, 0.0), (rise, 1.0), (fall, between(rng, 0.85, 1.0)), (1, 0.0))
    pressure *= force * swell(n, 6, rng, 0.05)
    rate = whistle.flutter * np.sqrt(0.4 + 0.6 * pressure / force) * swell(n, 9, rng, 0.06)
    turn = 2 * np.pi * (phase(rate) + rng.random())
    pea = np.sin(turn) + 0.35 * np.sin(2 * turn + 1.0)
    opened = 1 - whistle.shut * np.clip(0.5 - 0.6 * pea, 0, 1) * swell(n, 40, rng, 0.15)
    x = np.zeros(n)
    for hz in whistle.hz:
        bent = hz * (0.93 + 0.07 * pressure) * (1 + whistle.bend * pea + 0.002 * wander(n, 60, rng))
        gains = [1.0, 0.06 * force, 0.05 * force, 0.015, 0.01]
        x += between(rng, 0.5, 1.0) * harmonics(bent, gains, rng)
    base = whistle.hz[0]
    air = bandpass(white(n, rng), 0.75 * base, 1.6 * base, 1)
    air = unit(air) + 0.4 * unit(highpass(white(n, rng), 2000, 1))
    breath: Signal = (unit(x) * opened + whistle.breath * air) * np.clip(pressure, 0, None)
    return breath


def _call(rng: Rng, seconds: float) -> list[tuple[float, float]]:
    """Lengths of the blasts of one signal and of the pauses behind them, in seconds."""
    short, long = between(rng, 0.1, LONGEST_PIP), between(rng, 0.6, 1.6)
    pause = between(rng, 0.08, 0.25)
    calls: tuple[Sequence[float], ...] = (
        (short,), (long,), (short, short), (short, long), (short, short, long), (long, long, long),
    )  # fmt: skip
    call = calls[int(rng.integers(len(calls)))]
    blasts = [(length * between(rng, 0.9, 1.1), pause * between(rng, 0.8, 1.3)) for length in call]
    room = seconds - 0.1 - sum(behind for _, behind in blasts)
    scale = min(1.0, max(0.2, room) / sum(length for length, _ in blasts))
    return [(max(0.08, length * scale), behind) for length, behind in blasts]


def referee_whistle(seconds: float, rng: Rng) -> Synthesised:
    """A pea whistle: tones of 2 to 4 kHz that beat, chopped and bent 25 to 55 times a second.

    Harder blown it is higher, brighter and flutters faster.
    """
    n = frames(seconds)
    strength, force = level(rng, light=0.75, moderate=1.0, heavy=1.25)
    whistle = _draw_whistle(rng, force)
    x = np.zeros(n)
    made, t = 0, between(rng, 0.02, 0.1)
    while made == 0 or (t < seconds - 0.6 and chance(rng, 0.7)):
        for length, behind in _call(rng, seconds - t):
            add_at(x, t, _blast(length, rng, whistle, force), between(rng, 0.8, 1.0))
            made += t < seconds - 0.05
            t += length + behind
        t += between(rng, 0.4, 1.6)
    distance = draw_distance(rng, 0.25)
    x = hall(x, rng) if chance(rng, 0.3) else at_distance(x, distance, rng)
    attributes = {"strength": strength, "count": how_many(made)}
    return finish(limited(x, 8), seconds, rng, attributes, floor_db=(-58, -38))


CHORDS: tuple[tuple[int, ...], ...] = (
    (0, 4, 7), (0, 4, 9), (0, 3, 7), (0, 3, 6, 9), (0, 4, 7, 10), (0, 3, 6, 8, 12),
    (0, 4, 7, 9, 12),
)  # fmt: skip
"""Semitones above its lowest chamber to which a chime whistle is tuned."""


def _steam(n: int, rng: Rng, pressure: Signal, hz: float, force: float) -> Signal:
    """One chamber, stopped at its top: mostly odd harmonics, in the hiss of the jet.

    As the pressure grows the jet is faster and the pitch rises by a semitone or two.
    """
    bent = hz * (0.88 + 0.12 * np.sqrt(np.clip(pressure, 0, None)))
    bent = bent * (1 + 0.0025 * wander(n, 11, rng) + 0.001 * wander(n, 70, rng))
    gains = np.array([1.0, 0.12, 0.35, 0.06, 0.16, 0.04, 0.08, 0.02, 0.05])
    gains = gains * np.exp(0.35 * rng.standard_normal(9)) * force ** np.arange(9.0)
    tone = unit(harmonics(bent, gains, rng)) * np.clip(pressure, 0, None) ** 1.5
    peaks = [(hz * k, 0.12 * hz * k, 1.0 / k) for k in (1, 3, 5, 7) if hz * k < 16_000]
    jet = unit(resonances(white(n, rng), *peaks))
    sounding: Signal = tone * swell(n, 14, rng, 0.1)
    return sounding + between(rng, 0.2, 0.5) * jet * np.clip(pressure, 0, None)


def _pulled(seconds: float, rng: Rng) -> Signal:
    """The valve of one blast, 0 to 1: opened in a tenth to half a second, let go as slowly."""
    n = frames(seconds)
    rise = min(0.45, between(rng, 0.08, 0.35) / seconds)
    fall = max(0.55, 1 - between(rng, 0.2, 0.6) / seconds)
    middle = between(rng, 0.75, 1.0)
    return contour(n, (0, 0), (rise, 0.95), (0.5 * (rise + fall), middle), (fall, 1.0), (1, 0))


def _signal(rng: Rng, seconds: float) -> list[float]:
    """Lengths of the blasts of an engine's signal: toots, a long one, or that for a crossing."""
    short, long = between(rng, 0.3, 0.6), between(rng, 1.0, 2.5)
    signals: tuple[Sequence[float], ...] = (
        (long,), (long,), (short, short), (short, long), (long, long, short, 1.3 * long),
    )  # fmt: skip
    lengths = signals[int(rng.integers(len(signals)))]
    scale = min(1.0, 0.8 * seconds / sum(lengths))
    return [max(0.25, length * scale * between(rng, 0.9, 1.1)) for length in lengths]


def steam_whistle(seconds: float, rng: Rng) -> Synthesised:
    """A whistle of one to five chambers: a gasp of steam, a chord that rises to its pitch, a fall.

    The larger, the lower and stronger: 750 to 1,200 Hz for a small engine's, 250 to 430 Hz for the
    lowest note of a large one's chord. Hiss reaches beyond 10 kHz.
    """
    n = frames(seconds)
    strength, (low, high) = level(
        rng, light=(750.0, 1200.0), moderate=(440.0, 700.0), heavy=(250.0, 430.0)
    )
    force = between(rng, 0.85, 1.1)
    base = log_between(rng, low, high)
    single = chance(rng, 0.6 if strength == "light" else 0.15)
    chord = (0,) if single else CHORDS[int(rng.integers(len(CHORDS)))]
    valve = np.zeros(n)
    made, t = 0, between(rng, 0.02, 0.12)
    for length in _signal(rng, seconds - t):
        made += t < seconds - 0.1
        add_at(valve, t, _pulled(length, rng))
        t += length + between(rng, 0.12, 0.4)
    valve = np.clip(valve * swell(n, 2.5, rng, 0.06), 0, 1.15)
    x = np.zeros(n)
    for step in chord:
        late = frames(between(rng, 0.0, 0.05))
        opened = np.concatenate([np.zeros(late), valve])[:n]
        hz = base * SEMITONE ** (step + 0.12 * rng.standard_normal())
        x += between(rng, 0.5, 1.0) * _steam(n, rng, opened, hz, force)
    hiss = shaped(
        white(n, rng), (100, -24), (500, -8), (1500, 0), (5000, -2), (11e3, -8), (18e3, -22)
    )
    x = unit(x) + between(rng, 0.2, 0.6) * unit(hiss) * np.sqrt(valve)
    distance = draw_distance(rng, 0.35)
    x = at_distance(x, distance, rng)
    attributes = {"strength": strength, "count": how_many(made), "distance": distance}
    return finish(peaked(limited(x, 6)), seconds, rng, attributes, OUT_OF_DOORS, 0.15)


def _blown(rng: Rng, hz: float, length: float, force: float) -> Signal:
    """A jet over a bottle's mouth drives the air in its neck: nearly a sine, with much breath.

    It speaks late, a little flat, and louder breath bends it up by a quarter-tone.
    """
    n = frames(length)
    breath = contour(
        n, (0, 0), (min(0.4, 0.12 / length), 0.85), (0.4, 1.0), (0.85, 0.8), (1, 0)
    ) * np.clip(swell(n, 5, rng, 0.12), 0.6, 1.4)
    speaks = contour(
        n, (0, 0), (min(0.3, 0.06 / length), 0.1), (min(0.6, 0.2 / length), 1), (0.92, 1), (1, 0)
    )
    pitch = hz * (0.985 + 0.03 * force * breath) * (1 + 0.003 * wander(n, 7, rng))
    tone = harmonics(pitch, [1.0, 0.06 * force, 0.1 * force, 0.01, 0.02 * force], rng)
    air = white(n, rng)
    rush = unit(shaped(air, (200, -18), (900, -4), (2500, 0), (6000, -4), (15_000, -16)))
    neck = unit(resonances(air, (hz, hz / 9, 1.0), (hz * 5.2, hz, 0.25)))
    x = unit(tone) * speaks * breath
    return x + (between(rng, 0.12, 0.3) * neck + between(rng, 0.05, 0.22) * rush) * breath


def bottle_blown(seconds: float, rng: Rng) -> Synthesised:
    """Someone blows across a bottle: hoots of 70 to 420 Hz by its size, once or again and again.

    The air in the neck swings on that in the belly (a Helmholtz resonator). *strength* is the size
    of the bottle: a jug is lowest.
    """
    n = frames(seconds)
    strength, hz = level(rng, light=330.0, moderate=185.0, heavy=98.0)
    count, most = level(rng, single=1, several=4)
    hz *= between(rng, 0.85, 1.2)
    force = between(rng, 0.4, 1.0)
    x = np.zeros(n)
    t, made = between(rng, 0.04, 0.2), 0
    while made < most and (made == 0 or t < seconds - 0.5):
        length = min(
            between(rng, 0.6, 2.4) if most == 1 else between(rng, 0.45, 1.3), seconds - t - 0.05
        )
        add_at(x, t, _blown(rng, hz, length, force * between(rng, 0.9, 1.1)), between(rng, 0.7, 1))
        made += 1
        t += length + between(rng, 0.2, 0.7)
    x = reverb(x, rng, between(rng, 0.25, 0.7), between(rng, 0.08, 0.25), 4000)
    attributes = {"strength": strength, "count": how_many(made) if count == "several" else count}
    return finish(limited(x, 7), seconds, rng, attributes)


WHISTLES: dict[str, Recipe] = {
    "referee_whistle": referee_whistle,
    "steam_whistle": steam_whistle,
    "bottle_blown": bottle_blown,
}
"""By the name of the kind."""
