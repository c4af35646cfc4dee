"""A piano, a guitar, a violin: somebody who plays alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from scipy.ndimage import gaussian_filter1d

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.clip import LIVED_IN, Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import wander
from core.corpus.synthesis.grains import add_at, bursts
from core.corpus.synthesis.levels import limited, peaked
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
from core.corpus.synthesis.space import at_distance, draw_distance, hall, room
from core.corpus.synthesis.strings import (
    bow_strokes,
    bowed,
    guitar_body,
    piano_note,
    plucked_note,
    violin_body,
)
from core.corpus.synthesis.tunes import tune

MAJOR_TRIADS = ((0, 4, 7), (5, 9, 12), (7, 11, 14), (9, 12, 16), (2, 5, 9))
MINOR_TRIADS = ((0, 3, 7), (5, 8, 12), (7, 10, 14), (8, 12, 15), (3, 7, 10))
"""Chords that go together, in semitones above the key note."""


def chords(rng: Rng, count: int) -> list[tuple[int, ...]]:
    """A round of `count` chords in one key that begins on its own."""
    triads = MAJOR_TRIADS if chance(rng, 0.6) else MINOR_TRIADS
    return [triads[0], *(triads[int(rng.integers(len(triads)))] for _ in range(count - 1))]


def semitones(hz: float, steps: float) -> float:
    """The note so many semitones above `hz`."""
    return float(hz * 2 ** (steps / 12))


def _placed(x: Signal, rng: Rng, seconds: float, attributes: dict[str, str]) -> Synthesised:
    """In a room or a hall, near or far."""
    distance = draw_distance(rng, 0.2)
    if distance == "distant":
        x = at_distance(x, distance, rng)
    else:
        x = hall(x, rng) if chance(rng, 0.25) else room(x, rng)
    attributes = {**attributes, "distance": distance}
    return finish(limited(x, 7), seconds, rng, attributes, LIVED_IN, 0.25)


def piano(seconds: float, rng: Rng) -> Synthesised:
    """A tune in the right hand over chords, broken or struck, in the left.

    *strength* is how hard the keys are struck: harder ones sound brighter as well.
    """
    n = frames(seconds)
    strength, force = level(rng, light=0.25, moderate=0.55, heavy=0.95)
    tempo, beat = level(rng, slow=0.9, steady=0.6, fast=0.36)
    beat *= between(rng, 0.92, 1.08)
    key = log_between(rng, 220, 392)
    pedal = between(rng, 1.0, 2.2)

    @cache
    def note(steps: float, held: float) -> Signal:
        return piano_note(rng, semitones(key, steps), held, force)

    x = np.zeros(n)
    for start, long, steps in tune(seconds, rng, beat):
        add_at(x, start, note(steps, round(long * pedal, 1)), between(rng, 0.7, 1.0))
    broken = chance(rng, 0.5)
    start, bar = between(rng, 0.02, 0.15), 0
    progression = chords(rng, 4)
    while start < seconds:
        triad = progression[bar % 4]
        for index in range(4):
            at = start + beat * index
            struck = triad[:1] if index == 0 else triad[1:]
            for step in (triad[(0, 1, 2, 1)[index]],) if broken else struck:
                late = abs(0.006 * rng.standard_normal())
                left = note(step - 12.0, round(1.6 * beat * pedal, 1))
                add_at(x, at + late, left, between(rng, 0.4, 0.65))
        start += 4 * beat
        bar += 1
    return _placed(x, rng, seconds, {"strength": strength, "tempo": tempo})


_OPEN_STRINGS = (82.41, 110.0, 146.83, 196.0, 246.94, 329.63)
"""E A D G B E in Hz."""
_SHAPES = {
    "major": ((0, 2, 2, 1, 0, 0), (-1, 0, 2, 2, 2, 0), (-1, -1, 0, 2, 3, 2), (3, 2, 0, 0, 0, 3)),
    "minor": ((0, 2, 2, 0, 0, 0), (-1, 0, 2, 2, 1, 0), (-1, 3, 2, 0, 1, 0), (3, 2, 0, 0, 0, 3)),
}
"""Frets of chords as hands find them first, string by string; -1 is not played."""
_STRUMS = ((0, "down"), (1, "down"), (1.5, "up"), (2.5, "up"), (3, "down"), (3.5, "up"))
"""Beats of a bar and ways of the hand."""


_Note = Callable[[int, int], Signal]
"""The sound of a string (0 is the lowest) stopped at a fret."""


def _strummed(
    x: Signal, rng: Rng, bars: Sequence[tuple[float, tuple[int, ...]]], beat: float, note: _Note
) -> None:
    """Chords: the hand takes 10 to 50 ms over six strings, down and lighter up."""
    for start, shape in bars:
        for place, way in _STRUMS:
            if chance(rng, 0.12):
                continue
            at, spread = start + place * beat, between(rng, 0.012, 0.045)
            strings = [s for s in range(6) if shape[s] >= 0]
            strings = strings if way == "down" else strings[:-4:-1]
            loud = between(rng, 0.7, 1.0) * (1.0 if way == "down" else 0.6)
            for rank, string in enumerate(strings):
                late = spread * rank / len(strings)
                add_at(x, at + late, note(string, shape[string]), loud * between(rng, 0.8, 1.0))


def _picked(
    x: Signal, rng: Rng, bars: Sequence[tuple[float, tuple[int, ...]]], beat: float, note: _Note
) -> None:
    """Broken chords: the thumb on a low string, fingers on the high ones, in quavers."""
    pattern = [int(p) for p in rng.choice([3, 4, 5, 4, 3], size=8)]
    for start, shape in bars:
        low = next(s for s in range(6) if shape[s] >= 0)
        for index, string in enumerate(pattern):
            at = start + 0.5 * beat * index + 0.006 * abs(rng.standard_normal())
            string = low if index % 4 == 0 else string
            loud = between(rng, 0.6, 0.9) if index % 4 else 1.0
            add_at(x, at, note(string, shape[string]), loud)


def guitar(seconds: float, rng: Rng) -> Synthesised:
    """An acoustic guitar, chords strummed or broken; nylon or steel, with a capo at any fret.

    Fingers squeak on wound strings now and then.
    """
    n = frames(seconds)
    tempo, beat = level(rng, slow=0.85, steady=0.6, fast=0.42)
    beat *= between(rng, 0.94, 1.06)
    bright = between(rng, 0.1, 1.0)
    capo = 2 ** (float(rng.integers(0, 6)) / 12) * between(rng, 0.99, 1.01)
    ring = between(rng, 1.2, 2.4)

    @cache
    def note(string: int, fret: int) -> Signal:
        hz = semitones(_OPEN_STRINGS[string] * capo, fret)
        return plucked_note(rng, hz, ring, bright)

    shapes = _SHAPES[str(rng.choice(list(_SHAPES)))]
    bars = []
    start = between(rng, 0.02, 0.12)
    while start < seconds:
        bars.append((start, shapes[int(rng.integers(len(shapes)))]))
        start += 4 * beat
    x = np.zeros(n)
    (_strummed if chance(rng, 0.5) else _picked)(x, rng, bars, beat, note)
    squeaks = bursts(rng, 3, (1800, 4500), (0.04, 0.1), 0.7)
    for start, _ in bars[1:]:
        if chance(rng, 0.4):
            add_at(x, start - 0.08, squeaks[int(rng.integers(3))], between(rng, 0.02, 0.08))
    return _placed(peaked(guitar_body(x, rng)), rng, seconds, {"tempo": tempo})


def violin(seconds: float, rng: Rng) -> Synthesised:
    """A tune on a violin, legato or note by note, with a vibrato of 5 to 6.5 a second."""
    n = frames(seconds)
    strength, force = level(rng, light=0.4, moderate=0.7, heavy=1.0)
    tempo, beat = level(rng, slow=0.95, steady=0.6, fast=0.3)
    beat *= between(rng, 0.92, 1.08)
    key = log_between(rng, 294, 587)
    notes = tune(seconds, rng, beat)
    steps = np.zeros(n)
    strokes: list[tuple[float, float]] = []
    slurred = chance(rng, 0.5)
    for start, long, height in notes:
        steps[frames(start) :] = height
        follows = bool(strokes) and abs(sum(strokes[-1]) - start) < 1e-6
        if slurred and follows and strokes[-1][1] < 1.5:
            strokes[-1] = (strokes[-1][0], strokes[-1][1] + long)
        else:
            strokes.append((start, long))
    steps[: frames(notes[0][0])] = notes[0][2]
    hop = 64
    glided = gaussian_filter1d(steps[::hop], between(rng, 0.008, 0.03) * SAMPLE_RATE / hop)
    rate = between(rng, 5.0, 6.5) * ticks(n)[::hop] + 0.3 * wander(n, 0.7, rng)[::hop]
    glided = glided + between(rng, 0.08, 0.3) * np.sin(2 * np.pi * rate)
    hz = key * 2 ** (np.interp(np.arange(n), np.arange(0, n, hop), glided) / 12)
    pressed = bow_strokes(n, strokes, force, rng)
    x = violin_body(bowed(hz, pressed, rng), rng)
    return _placed(peaked(x), rng, seconds, {"strength": strength, "tempo": tempo})


INSTRUMENTS: dict[str, Recipe] = {"guitar": guitar, "piano": piano, "violin": violin}
"""By the name of the kind."""
