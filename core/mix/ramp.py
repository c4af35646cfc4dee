"""Ramps: the fades of events and lanes, and the halves of cross-fades, played in blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.mix.crossfade import Curve, Samples, crossfade_gains, rise


@dataclass(frozen=True)
class Ramp:
    """A fade of `frames`, or one half of a cross-fade.

    Attributes:
        correlation: of the two sounds of a cross-fade; None: their level is not kept by it.
        lead: frames, the first of a fall, in which it gives way before an attack.
        duck: gain at the end of `lead`, from where the curve begins.
    """

    frames: int
    curve: Curve
    crossfade: bool = False
    correlation: float | None = None
    lead: int = 0
    duck: float = 1.0

    def gain(self, progress: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Gain of the rising half; the falling half is the same at `1 - progress`."""
        if self.lead:
            knee = 1.0 - self.lead / self.frames
            below = rise(self.curve, np.minimum(progress / knee, 1.0)) if knee > 0.0 else 1.0
            above = rise("s-curve", np.clip((progress - knee) / (1.0 - knee), 0.0, 1.0))
            return np.asarray(self.duck * below + (1.0 - self.duck) * above)
        if not self.crossfade:
            return rise(self.curve, progress)
        return crossfade_gains(self.curve, progress, self.correlation)[1]

    def fade_in(self, sound: Samples, start: int) -> None:
        """Fade `sound` in place, which begins `start` frames after the ramp does."""
        count = min(len(sound), self.frames - start)
        if count > 0:
            progress = (np.arange(start, start + count) + 0.5) / self.frames
            sound[:count] *= self.gain(progress)[:, None].astype(np.float32)

    def fade_out(self, sound: Samples, left: int) -> None:
        """Fade `sound` in place, which begins `left` frames before the ramp's end."""
        before = max(0, left - self.frames)
        if before < len(sound):
            progress = (left - np.arange(before, len(sound)) - 0.5) / self.frames
            sound[before:] *= self.gain(progress)[:, None].astype(np.float32)
