"""The equaliser of a channel strip: low cut, high cut and tilt, as one impulse response.

Cuts are Butterworth filters of third order: 3 dB down at their frequency, 18 dB an octave beyond
it, and no bump before. The tilt is the first-order filter (g s + w) / (s + g w): 1 / g far below
the pivot w, g far above it, and exactly 1 there.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.story.strip import Equaliser

ORDER = 3
_SECONDS = 0.3
"""In which the response of the lowest cut, of 20 Hz, has fallen by 100 dB."""
_NOTHING = 1e-6
"""Share of the highest tap (-120 dB) below which the rest of a response is left out."""
_HIGHEST = 0.49
"""Share of the rate up to which a cut can lie."""


def equaliser_taps(equaliser: Equaliser, rate: int) -> npt.NDArray[np.float64]:
    """The impulse response (n,) of an equaliser at `rate` Hz."""
    from scipy.signal import bilinear, butter, sosfilt  # slow to import, and few mixes need it

    taps = np.zeros(round(_SECONDS * rate))
    taps[0] = 1.0
    for cut, kind in ((equaliser.low_cut, "highpass"), (equaliser.high_cut, "lowpass")):
        if cut is not None and (kind == "highpass" or cut < _HIGHEST * rate):
            corner = min(cut, _HIGHEST * rate)
            taps = sosfilt(butter(ORDER, corner, kind, output="sos", fs=rate), taps)
    if equaliser.tilt_db:
        half = 10.0 ** (0.5 * equaliser.tilt_db / 20.0)
        pivot = 2.0 * rate * np.tan(np.pi * min(equaliser.pivot, _HIGHEST * rate) / rate)
        above, below = bilinear([half, pivot], [1.0, half * pivot], fs=rate)
        taps = sosfilt([[*above, 0.0, *below, 0.0]], taps)
    loud = np.flatnonzero(np.abs(taps) > _NOTHING * np.abs(taps).max())
    return np.asarray(taps[: loud[-1] + 1])
