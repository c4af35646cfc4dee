"""Cries, laughs, coughs and calls: what a voice does besides talking, written along time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.envelopes import contour, wander
from core.corpus.synthesis.levels import peaked
from core.corpus.synthesis.sampling import Rng, Signal
from core.corpus.synthesis.tract import (
    CONTROL_HOP,
    FOURTH,
    VOWEL_WIDTHS,
    VOWELS,
    Larynx,
    at_samples,
    cascade,
    control_frames,
    hiss,
    phonation,
    through,
)

Points = Sequence[tuple[float, float]]
"""A curve's (fraction of the length, value) points."""
_HISS_OCTAVES = 1.5
_OPEN = 1.6
"""How much wider formants are while the glottis stands open for breath, over their own width."""


@dataclass
class VoiceTracks:
    """What a voice does, control frame by control frame; each array has the shape (frames,).

    Attributes:
        pitch: in Hz.
        effort: strength of the voice, 0 to 1.
        air: strength of the breath through the mouth, 0 to 1.
        rush: strength of the noise behind the teeth, 0 to 1.
        centre: its frequency in Hz.
        rough: irregular periods, 0 to 0.3.
        doubled: weakness of every second period, 0 to 1.
        formants: of a man, in Hz, shape (frames, 4).
    """

    pitch: Signal
    effort: Signal
    air: Signal
    rush: Signal
    centre: Signal
    rough: Signal
    doubled: Signal
    formants: Signal

    def write(
        self,
        start: float,
        seconds: float,
        pitch: Points = (),
        effort: Points = (),
        air: Points = (),
        rush: Points = (),
        vowels: Sequence[tuple[float, str]] = (),
        centre: float = 3500.0,
        rough: float = 0.0,
        doubled: float = 0.0,
    ) -> None:
        """One gesture from `start` on, both in seconds; pitch and mouth stay as it leaves them."""
        first = max(0, round(start * SAMPLE_RATE / CONTROL_HOP))
        count = max(2, round(seconds * SAMPLE_RATE / CONTROL_HOP))
        stop = min(len(self.pitch), first + count)
        kept = stop - first
        if kept < 1:
            return
        if pitch:
            self.pitch[first:stop] = contour(count, *pitch)[:kept]
            self.pitch[stop:] = pitch[-1][1]
        if vowels:
            at, where = np.linspace(0, 1, count), [place for place, _ in vowels]
            for index in range(3):
                targets = [VOWELS[vowel][index] for _, vowel in vowels]
                self.formants[first:stop, index] = np.interp(at, where, targets)[:kept]
                self.formants[stop:, index] = targets[-1]
        for track, points in ((self.effort, effort), (self.air, air), (self.rush, rush)):
            if points:
                track[first:stop] += contour(count, *points)[:kept]
        self.centre[first:] = centre
        self.rough[first:stop] = rough
        self.doubled[first:stop] = doubled

    def bend(self, start: float, seconds: float, factor: float) -> None:
        """Multiply the pitch for a while: a voice that breaks."""
        first, stop = (round(t * SAMPLE_RATE / CONTROL_HOP) for t in (start, start + seconds))
        self.pitch[first:stop] *= factor


def silent_voice(n: int, pitch: float) -> VoiceTracks:
    """The tracks of a voice of `pitch` Hz that does nothing for `n` samples yet."""
    count = control_frames(n)
    zeros = np.zeros((5, count))
    formants = np.tile([*VOWELS["@"], FOURTH], (count, 1))
    return VoiceTracks(
        np.full(count, pitch),
        zeros[0],
        zeros[1],
        zeros[2],
        np.full(count, 3500.0),
        zeros[3],
        zeros[4],
        formants,
    )


def vocal_sound(n: int, tracks: VoiceTracks, larynx: Larynx, size: float, rng: Rng) -> Signal:
    """What the tracks sound like in a tract of `size` (1 a man's), `n` samples of unit peak."""
    hz = at_samples(gaussian_filter1d(tracks.pitch, 2.0), n)
    hz = np.maximum(hz * 2 ** (0.015 * wander(n, 9, rng)), 40)
    effort = np.maximum(at_samples(gaussian_filter1d(tracks.effort, 1.2), n), 0)
    air = np.maximum(gaussian_filter1d(tracks.air, 0.8), 0)
    rush = np.maximum(gaussian_filter1d(tracks.rush, 0.8), 0)
    opened = 1 + _OPEN * air / (air + tracks.effort + 0.05)
    mouth = cascade(
        size * gaussian_filter1d(tracks.formants, 3.0, axis=0),
        opened[:, None] * VOWEL_WIDTHS,
        size,
    )
    voice = phonation(
        hz,
        effort,
        larynx,
        rng,
        at_samples(gaussian_filter1d(tracks.rough, 3.0), n),
        at_samples(gaussian_filter1d(tracks.doubled, 3.0), n),
    )
    breath = at_samples(air, n) * rng.standard_normal(n, np.float32)
    parts = [(voice + 0.5 * breath, mouth)]
    if rush.any():
        spray = at_samples(rush, n) * rng.standard_normal(n, np.float32)
        teeth = hiss(tracks.centre, np.full(len(rush), _HISS_OCTAVES), rush > 1e-3)
        parts.append((2.0 * spray, teeth))
    return peaked(through(n, *parts))
