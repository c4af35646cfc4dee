"""Tunes that nobody wrote: notes that step through a scale in short rhythmic figures."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.sampling import Rng, between

_SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 7, 9))
"""Major, minor and pentatonic, in semitones."""


def tune(seconds: float, rng: Rng, beat: float) -> list[tuple[float, float, float]]:
    """Notes of an invented tune: (start, seconds, semitones).

    They come in phrases of four to ten notes with a rest after each, `beat` seconds a beat.
    """
    scale = _SCALES[int(rng.integers(len(_SCALES)))]
    notes, t, place = [], between(rng, 0.02, 0.2), int(rng.integers(0, 5))
    figure = rng.choice([0.5, 0.5, 1.0, 1.0, 1.5, 2.0], size=int(rng.integers(3, 6)))
    while t < seconds:
        for index in range(int(rng.integers(4, 11))):
            long = beat * float(figure[index % len(figure)]) * between(rng, 0.96, 1.04)
            place = int(np.clip(place + rng.choice([-2, -1, -1, 0, 1, 1, 2, 4, -3]), -3, 9))
            octave, degree = divmod(place, len(scale))
            notes.append((t, long, 12.0 * octave + scale[degree]))
            t += long
        t += beat * between(rng, 0.5, 1.5)
    return notes
