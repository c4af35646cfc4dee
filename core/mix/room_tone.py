"""Room tone: the faint noise of a place, where a story would fall into digital silence.

A knock is heard for half a second of a block of four. What is there before and after it in any
place, and what every production records for it, is room tone. It is made, not recorded: noise of
random phases whose spectrum falls as a room's does, so that it repeats without a seam.
"""

from __future__ import annotations

import functools

import numpy as np

from core.mix.crossfade import Samples
from core.mix.loudness import Meter

ROOM_TONE_DB = -54.0
"""RMS of each channel in dBFS: a quiet room in a mix of -18 LUFS, 40 LU below it."""
_SECONDS = 8
"""After which it repeats."""
_LOWEST, _KNEE = 40.0, 200.0
"""Hz below which there is nothing, and above which the spectrum falls by 6 dB an octave."""
_SEEDS = (1, 2)
"""Of left and right, which have nothing in common, as the sound of a room."""


def room_tone(rate: int, start: int, count: int) -> Samples:
    """float32 (count, 2) from frame `start`, at `ROOM_TONE_DB`."""
    loop = _loop(rate)
    return loop[np.arange(start, start + count) % len(loop)]


@functools.lru_cache(maxsize=2)
def room_tone_power(rate: int) -> float:
    """Mean K-weighted power, summed over the channels."""
    meter = Meter(rate, peaks=False)
    meter.add(_loop(rate))
    return float(meter.powers.mean())


@functools.lru_cache(maxsize=2)
def _loop(rate: int) -> Samples:
    frames = _SECONDS * rate
    hertz = np.fft.rfftfreq(frames, 1.0 / rate)
    spectrum = np.where(hertz < _LOWEST, 0.0, 1.0 / np.hypot(1.0, hertz / _KNEE))
    channels = []
    for seed in _SEEDS:
        phases = np.random.default_rng(seed).uniform(0.0, 2.0 * np.pi, len(hertz))
        noise = np.fft.irfft(spectrum * np.exp(1j * phases), frames)
        channels.append(noise / np.sqrt(np.mean(noise**2)))
    loop = np.stack(channels, axis=1) * 10 ** (ROOM_TONE_DB / 20)
    return loop.astype(np.float32)
