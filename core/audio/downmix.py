"""Several channels as one or two, without losing what is in them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_Sound = npt.NDArray[np.float32]

CANCELLED = 0.1
"""Power of the sum of channels, as a share of the sum of their powers, below which they cancel each
other: unrelated channels have 1, equal ones as many as there are, inverted ones 0."""
_BLOCKS = 100
"""Stretches of a sound that are looked at by themselves: part of it may be inverted."""
_AUDIBLE = 1e-3
"""Power of a stretch, as a share of the loudest one's, above which its loss would be heard."""
_FEW = 0.05
"""Share of the audible stretches that may be lost: a low note of a wide recording may cancel."""
_SIDES = {
    3: "LRC",
    4: "LRLR",
    5: "LRCLR",
    6: "LRCCLR",
    7: "LRCCCLR",
    8: "LRCCLRLR",
}
"""Left, right or centre, for each channel in the order of WAV: the fronts, the centre, the
subwoofer, then the backs and sides."""
_CENTRE = float(np.sqrt(0.5))


def mono_weights(samples: _Sound) -> _Sound:
    """Weight (n,) of each channel of samples (n, frames) in the one that they are mixed to.

    Equal ones, but for channels that cancel each other: then those that run against the loudest
    one are inverted; and where that only moves the loss elsewhere, the loudest one is taken.
    """
    count = len(samples)
    mean = np.full(count, 1 / count, dtype=np.float32)
    if count == 1 or not _cancels(samples, mean):
        return mean
    loudest = int(np.argmax([channel @ channel for channel in samples]))
    aligned: _Sound = np.where(samples @ samples[loudest] < 0, -mean, mean)
    if not _cancels(samples, aligned):
        return aligned
    alone: _Sound = np.eye(count, dtype=np.float32)[loudest]
    return alone


def cancel_each_other(samples: _Sound) -> bool:
    """Whether the mean of the channels (n, frames) would lose what is in them."""
    return len(samples) > 1 and _cancels(samples, np.full(len(samples), 1 / len(samples), "f4"))


def _cancels(samples: _Sound, weights: _Sound) -> bool:
    """Whether mixing by these weights, all of one size, loses more than a few stretches."""
    starts = np.unique(np.linspace(0, samples.shape[1], _BLOCKS, endpoint=False).astype(int))
    size = float(np.abs(weights).max())
    mixed = np.add.reduceat(np.square(weights @ samples), starts) / size**2
    powers = np.array([np.add.reduceat(np.square(channel), starts) for channel in samples]).sum(0)
    audible = powers > _AUDIBLE * powers.max()
    lost = mixed[audible] < CANCELLED * powers[audible]
    return bool(lost.size and lost.mean() > _FEW)


def to_mono(samples: _Sound) -> _Sound:
    """Samples (n, frames) as one channel (1, frames)."""
    mono: _Sound = mono_weights(samples) @ samples
    return mono[None]


def to_stereo(samples: _Sound) -> _Sound:
    """Samples (n, frames) as two channels (2, frames), turned down where they would clip."""
    if len(samples) == 1:
        return np.repeat(samples, 2, axis=0)
    if len(samples) == 2:
        return samples
    sides = _SIDES[len(samples)]
    gains = {"L": (1.0, 0.0), "R": (0.0, 1.0), "C": (_CENTRE, _CENTRE)}
    weights = np.array([gains[side] for side in sides], dtype=np.float32).T
    mixed = weights @ samples
    return np.asarray(mixed / max(1.0, float(np.abs(mixed).max())), dtype=np.float32)
