"""A click detector: sharpness of a sound at a place, over what it is around there.

A click is a step in the waveform or in its slope: for a moment its second derivative, which holds
little of most sounds but their highest octaves, stands far out of the same sound's just before and
after. An attack does so too, hence a join is compared with the take that begins there.
"""

from __future__ import annotations

import numpy as np

WINDOW = 0.001
AROUND = 0.03
CLICK_DB = 20.0
"""A hard cut of a tone or of brown noise stands out by 35 dB, a fade of 2.5 ms by 1."""


def sharpness_db(sound: np.ndarray, frame: int, rate: int) -> float:
    """Decibels by which the second derivative at `frame` of a sound (n, channels) stands out."""
    pad = round((WINDOW + AROUND) * rate)
    part = np.pad(sound, ((pad + 2, pad + 2), (0, 0)))[frame : frame + 2 * pad + 4]
    bent = np.square(np.diff(part.astype(np.float64), 2, axis=0)).max(axis=1)
    half = round(WINDOW * rate)
    middle = len(bent) // 2
    here = bent[middle - half : middle + half + 1].max()
    before, after = bent[: middle - 2 * half], bent[middle + 2 * half :]
    around = max(before.mean(), after.mean(), 1e-12)
    return float(10.0 * np.log10(max(here, 1e-12) / around))
