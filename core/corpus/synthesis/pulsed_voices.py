"""Voices whose source is a train of sharp pulses: quacks, grunts, growls, purrs and brays.

A larynx or syrinx that is pressed shuts hard once a period, and its tract rings after each closing.
Where the pitch is low or rough that is heard as buzz, rattle or creak, which a sum of smooth
harmonics (`core.corpus.synthesis.voices`) lacks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.envelopes import wander
from core.corpus.synthesis.filters import highpass, lowpass, resonate
from core.corpus.synthesis.levels import peaked, unit
from core.corpus.synthesis.sampling import Rng, Signal
from core.corpus.synthesis.sources import phase

Mouth = Sequence[tuple[float, float, float]]
"""One shape of a tract: formants, each (Hz, width in Hz, gain)."""

_SOURCE_FLOOR_HZ = 30.0
"""Below it a voice radiates nothing that is heard, and a train of pulses has its mean."""


@dataclass(frozen=True)
class Pressed:
    """How a pressed source vibrates.

    Attributes:
        jitter: deviation of each pulse from its time, in periods.
        shimmer: relative deviation of each pulse's height.
        doubling: how much weaker every second pulse is, 0 to 1: an octave below is heard.
        breath: noise beside the pulses, relative to their RMS; it comes in puffs with them.
        edge: Hz above which the pulses fall by 6 dB an octave: the harder, the higher.
    """

    jitter: float = 0.02
    shimmer: float = 0.15
    doubling: float = 0.0
    breath: float = 0.15
    edge: float = 3000.0


def pulsed(hz: Signal, how: Pressed, rng: Rng) -> Signal:
    """A train of pulses of instantaneous rate `hz`, shape (n,), with its breath; unit RMS."""
    n = len(hz)
    beat = np.flatnonzero(np.diff(np.floor(phase(hz) + rng.random())) > 0)
    period = SAMPLE_RATE / np.maximum(hz[beat], 1.0)
    where = np.clip(beat + period * how.jitter * rng.standard_normal(len(beat)), 0, n - 1)
    height = np.maximum(0.05, 1 + how.shimmer * rng.standard_normal(len(beat)))
    height[1::2] *= 1 - how.doubling
    before, late = where.astype(int), where % 1.0
    train = np.zeros(n + 1)
    np.add.at(train, before, height * (1 - late))
    np.add.at(train, before + 1, height * late)
    train = train[:n]
    train = highpass(lowpass(train, how.edge, 1), _SOURCE_FLOOR_HZ, 1)
    open_for = lowpass(np.abs(train), 2 * float(np.mean(hz)), 1)
    puffs = 0.4 + 0.6 * open_for / (float(np.mean(open_for)) + 1e-12)
    air = unit(puffs * rng.standard_normal(n))
    return unit(unit(train) + how.breath * air)


def strained(hz: Signal, clean: Pressed, torn: Pressed, depth: float, rng: Rng) -> Signal:
    """A source that passes from one vibration into another and back, as a breaking voice does.

    `depth` (0 to 1) is how far into the torn one it gets.
    """
    share = np.clip(0.5 + 0.7 * wander(len(hz), 3, rng), 0, 1) * depth
    return pulsed(hz, clean, rng) * (1 - share) + pulsed(hz, torn, rng) * share


def articulated(x: Signal, *shapes: tuple[float, Mouth]) -> Signal:
    """A source through a tract that passes from one shape to the next, each at a fraction of it.

    The formants of a shape stand in parallel with signs in turn, so that they fill the valleys
    between each other instead of cancelling there; shapes are cross-faded.
    """
    places = [place for place, _ in shapes]
    shares: dict[tuple[tuple[float, float, float], ...], Signal] = {}
    t = np.linspace(0, 1, len(x))
    for index, (_, mouth) in enumerate(shapes):
        share = np.interp(t, places, np.eye(len(shapes))[index])
        shares[tuple(mouth)] = shares.get(tuple(mouth), 0.0) + share
    out = np.zeros(len(x))
    for mouth, share in shares.items():
        formants = np.zeros(len(x))
        for turn, (hz, width, gain) in enumerate(mouth):
            formants += (-1) ** turn * gain * resonate(x, hz, width)
        out += share * formants
    return out


def pressed_call(
    hz: Signal, level: Signal, how: Pressed, shapes: Sequence[tuple[float, Mouth]], rng: Rng
) -> Signal:
    """A call of pitch `hz` and loudness `level`, both of shape (n,), of unit peak."""
    pitch = hz * (1 + 0.012 * wander(len(hz), 14, rng))
    return peaked(articulated(pulsed(pitch, how, rng), *shapes) * level)


def scaled(mouth: Mouth, size: float) -> Mouth:
    """The same tract `size` times as long: every formant lower by that."""
    return tuple((hz / size, width / size**0.5, gain) for hz, width, gain in mouth)
