"""Music from a loudspeaker in a room: drums, a bass, chords and a tune that nobody wrote."""

from __future__ import annotations

from functools import cache

import numpy as np

from core.corpus.synthesis.clip import LIVED_IN, Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import contour, strike
from core.corpus.synthesis.filters import bandpass, highpass, lowpass, resonances
from core.corpus.synthesis.grains import add_at
from core.corpus.synthesis.instruments import chords, semitones
from core.corpus.synthesis.levels import limited, peaked, unit
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
from core.corpus.synthesis.sources import sine, white
from core.corpus.synthesis.space import reverb
from core.corpus.synthesis.strings import bass_note, piano_note, plucked_note, released, sawtooth
from core.corpus.synthesis.tunes import tune

_KICKS = ((0.0, 2.0), (0.0, 1.0, 2.0, 3.0), (0.0, 1.5, 2.0), (0.0, 2.5))
_BASSES = ((0.0, 2.0), (0.0, 1.5, 2.0, 3.5), (0.0, 1.0, 2.0, 3.0), (0.0, 0.5, 2.0, 2.5))
"""Beats of a bar of four."""


def _drums(rng: Rng) -> tuple[Signal, Signal, Signal]:
    """A bass drum, a snare drum and a closed hi-hat."""
    n = frames(0.3)
    low = log_between(rng, 45, 65)
    kick = sine(low * contour(n, (0, 3.5), (0.12, 1.2), (1, 1.0))) * strike(n, 0.003, 0.25)
    m = frames(0.22)
    skin = sine(np.full(m, log_between(rng, 170, 230))) * strike(m, 0.001, 0.12)
    wires = bandpass(white(m, rng), 1200, 8000, 1) * strike(m, 0.001, between(rng, 0.12, 0.22))
    h = frames(0.08)
    hat = highpass(white(h, rng), 7000, 2) * strike(h, 0.0008, between(rng, 0.03, 0.07))
    return peaked(kick), peaked(0.6 * skin + peaked(wires)), peaked(hat)


def _beaten(x: Signal, rng: Rng, seconds: float, start: float, beat: float) -> None:
    """A bar's pattern of a drum kit again and again; the hi-hat goes in quavers."""
    kick, snare, hat = _drums(rng)
    kicks = _KICKS[int(rng.integers(len(_KICKS)))]
    while start < seconds:
        for place in kicks:
            add_at(x, start + place * beat, kick, between(rng, 0.8, 1.0))
        for place in (1, 3):
            add_at(x, start + place * beat, snare, between(rng, 0.5, 0.65))
        for half in range(8):
            loud = 0.2 if half % 2 else 0.3
            add_at(x, start + 0.5 * half * beat, hat, loud * between(rng, 0.7, 1.0))
        start += 4 * beat


def _pad(rng: Rng, hz: float, held: float) -> Signal:
    """Two sawtooth oscillators, dull and a little apart: an organ or a synthesiser."""
    n = frames(held + 0.1)
    pair = sawtooth(np.full(n, hz)) + sawtooth(np.full(n, hz * 2 ** (between(rng, 4, 12) / 1200)))
    tone = lowpass(pair, log_between(rng, 700, 1800), 2) * np.minimum(1, ticks(n) / 0.06)
    return released(peaked(tone), held, 0.1)


def _band(seconds: float, rng: Rng, beat: float) -> Signal:
    """Two to four players in time: chords, a bass, a tune, drums."""
    x = np.zeros(frames(seconds))
    key, start = log_between(rng, 196, 330), between(rng, 0.0, 0.15)
    progression = chords(rng, 4)
    chordal = str(rng.choice(["piano", "guitar", "pad"]))
    lead = str(rng.choice(["piano", "guitar", "pad", "none"]))
    drums, bass = chance(rng, 0.75), chance(rng, 0.85)

    @cache
    def note(player: str, steps: float, held: float) -> Signal:
        hz = semitones(key, steps)
        if player == "piano":
            return piano_note(rng, hz, held, 0.6)
        if player == "guitar":
            return plucked_note(rng, hz, held, 0.7)
        return bass_note(rng, hz, held) if player == "bass" else _pad(rng, hz, held)

    bassline = _BASSES[int(rng.integers(len(_BASSES)))]
    struck = (
        (0.0,)
        if chordal == "pad"
        else (0.0, 1.0, 2.0, 3.0)
        if chance(rng, 0.5)
        else (0.0, 1.5, 2.5)
    )
    bar, t = 0, start
    while t < seconds:
        triad = progression[bar % 4]
        for place in struck:
            held = round((4.0 if chordal == "pad" else 1.2) * beat, 2)
            for index, step in enumerate(triad):
                late = 0.012 * index if chordal == "guitar" else 0.0
                chord = note(chordal, step - 12.0 * (step > 9), held)
                add_at(x, t + place * beat + late, chord, 0.22 * between(rng, 0.8, 1.0))
        for place in bassline if bass else ():
            low = note("bass", triad[0] - 24.0, round(0.9 * beat, 2))
            add_at(x, t + place * beat, low, 0.8)
        t += 4 * beat
        bar += 1
    if lead != "none" or not bass:
        for at, long, steps in tune(seconds - start, rng, beat):
            height = note("piano" if lead == "none" else lead, 12.0 + steps, round(long, 1))
            add_at(x, start + at, height, between(rng, 0.3, 0.45))
    if drums or not bass:
        _beaten(x, rng, seconds, start, beat)
    return unit(x)


def _loudspeaker(x: Signal, rng: Rng, small: bool) -> Signal:
    """A pocket radio of 250 Hz to 5 kHz, or a pair of boxes; both with resonances of their own."""
    low = log_between(rng, 200, 350) if small else log_between(rng, 45, 90)
    high = log_between(rng, 3500, 6000) if small else log_between(rng, 8000, 14_000)
    peaks = [
        (log_between(rng, 2 * low, 0.5 * high), 200.0, between(rng, 0.2, 0.5)) for _ in range(3)
    ]
    driven = np.tanh((0.9 if small else 0.4) * unit(x))
    return lowpass(highpass(driven + resonances(driven, *peaks), low, 2), high, 2)


def music_playing(seconds: float, rng: Rng) -> Synthesised:
    """A few instruments in time from a radio or loudspeakers across a room, or through its door.

    *tempo* is 70 to 140 beats a minute; what is *distant* comes from the next room.
    """
    tempo, beat = level(rng, slow=0.8, steady=0.58, fast=0.45)
    x = _band(seconds, rng, beat * between(rng, 0.95, 1.06))
    x = _loudspeaker(x, rng, chance(rng, 0.45))
    x = reverb(x, rng, between(rng, 0.3, 0.9), between(rng, 0.25, 0.7), 3500)
    distance = "distant" if chance(rng, 0.25) else "close"
    if distance == "distant":
        x = lowpass(x, log_between(rng, 350, 1100), 2)
        x = reverb(x, rng, between(rng, 0.4, 0.9), between(rng, 0.4, 0.8), 1500)
    attributes = {"tempo": tempo, "distance": distance}
    return finish(limited(x, 5), seconds, rng, attributes, LIVED_IN, 0.15)


MUSIC_PLAYING: dict[str, Recipe] = {"music_playing": music_playing}
"""By the name of the kind."""
