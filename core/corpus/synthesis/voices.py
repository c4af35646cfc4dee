"""Animal and human voices: a larynx or syrinx as source, a tract of formants as filter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.corpus.synthesis.envelopes import wander
from core.corpus.synthesis.filters import formants
from core.corpus.synthesis.levels import peaked, unit
from core.corpus.synthesis.sampling import Rng, Signal
from core.corpus.synthesis.sources import harmonics, phase, tilted

Formants = Sequence[tuple[float, float, float, float]]


@dataclass(frozen=True)
class Timbre:
    """How a voice is made.

    Attributes:
        tract: formants, each (first Hz, last Hz, width in Hz, gain).
        slope: fall of the source's harmonics in dB an octave.
        breath: noise beside the tone, 0 to 1.
        rough: depth of the random period-to-period change of pitch (1 is a semitone or so).
        subharmonic: depth of amplitude change at half the pitch, the sign of a strained voice.
    """

    tract: Formants
    slope: float = 9.0
    breath: float = 0.05
    rough: float = 0.1
    subharmonic: float = 0.0


def vocalise(hz: Signal, level: Signal, timbre: Timbre, rng: Rng) -> Signal:
    """A call of pitch `hz` and loudness `level`, both of shape (n,), of unit peak."""
    n = len(hz)
    pitch = hz * 2 ** (timbre.rough / 12 * wander(n, 120, rng) + 0.02 * wander(n, 12, rng))
    count = int(np.clip(14_000 / np.min(pitch), 1, 60))
    tone = harmonics(pitch, tilted(count, timbre.slope), rng)
    if timbre.subharmonic:
        tone *= 1 + timbre.subharmonic * np.sin(np.pi * phase(pitch)) * (
            1 + 0.4 * wander(n, 90, rng)
        )
    tone = unit(tone)
    air = timbre.breath * rng.standard_normal(n) * (0.7 + 0.3 * np.abs(tone))
    call = formants((tone * (1 - 0.5 * timbre.breath) + air) * level, timbre.tract)
    return peaked(call)
