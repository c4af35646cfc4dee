"""What the codec of two resolutions keeps of a sound, and a sound with these levels.

Below 1 kHz and above, magnitudes of windows of 1024 samples, eight frames a patch of 2048; above
11 kHz they are bands of noise. Beside them the time envelope of core/codec/time_envelope.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from core.codec.crossover import CODEC_RATE, DECIMATION, HIGHEST_HZ, LOWEST_HZ, divide, resample
from core.codec.griffin_lim import Stft, find_phases
from core.codec.noise_bands import NoiseBands
from core.codec.time_envelope import (
    STEP,
    impose_envelope,
    measure_envelope,
)

PATCH_SAMPLES = 2048
LONG_WINDOW = 1024
LOW_STFT = Stft(LONG_WINDOW // DECIMATION)
HIGH_STFT = Stft(LONG_WINDOW)
_HALF_STFT = Stft(LONG_WINDOW // 2)
"""The bins below 11 kHz of HIGH_STFT are all that a signal of half the rate has: phases are found
there, at half the cost."""
PATCH_FRAMES = PATCH_SAMPLES // HIGH_STFT.hop
PATCH_STEPS = PATCH_SAMPLES // STEP
BIN_HZ = CODEC_RATE / LONG_WINDOW
LOW_BINS = math.ceil(HIGHEST_HZ / BIN_HZ) + 1
_FIRST = int(LOWEST_HZ / BIN_HZ)
_MIDDLE = LONG_WINDOW // 4
"""The bin at 11 kHz: from there on, noise in bands."""
_HISS_BANDS = 24
_HISS = NoiseBands.spaced(_MIDDLE, LONG_WINDOW // 2 + 1, _HISS_BANDS)
HIGH_BINS = _MIDDLE - _FIRST + _HISS_BANDS
LOW_ROUNDS = 32
"""Of Griffin-Lim below 1 kHz, where a round costs a sixteenth: with 8, a tone of 440 Hz flutters
by 2.3 dB, with 32 by 0.3."""
_HANN_POWER = 0.375
"""Mean square of a Hann window."""
_TINY = 1e-6


@dataclass(frozen=True)
class Levels:
    """Magnitudes of T patches; a sine of full scale has 0.5.

    Attributes:
        low: (T, 8, 27) bins below 1 kHz.
        high: (T, 8, 260) bins from 0.9 to 11 kHz, and RMS of 24 bands above.
        envelope: (T, 32, 7) bands of the high part in steps of 1.5 ms, its spectrum tilted.
    """

    low: Tensor
    high: Tensor
    envelope: Tensor

    def map(self, change: Callable[[Tensor], Tensor]) -> Levels:
        """All three changed alike."""
        return Levels(change(self.low), change(self.high), change(self.envelope))


def high_edges_hz() -> list[float]:
    """Lower edges of the 260 numbers of the high part, and the upper one of the last, in Hz."""
    return [k * BIN_HZ for k in (*range(_FIRST, _MIDDLE), *_HISS.edges)]


def measure_levels(waveform: Tensor) -> Levels:
    """The levels of a waveform (N,); its last patch is filled up with silence."""
    patches = math.ceil(len(waveform) / PATCH_SAMPLES)
    low, high = divide(F.pad(waveform, (0, patches * PATCH_SAMPLES - len(waveform))))
    spectra = HIGH_STFT.forward(high)
    magnitudes = torch.cat([spectra[:, _FIRST:_MIDDLE].abs(), _HISS.levels(spectra)], dim=1)
    return Levels(
        _patched(LOW_STFT.forward(low)[:, :LOW_BINS].abs() / (LOW_STFT.window / 2), PATCH_FRAMES),
        _patched(magnitudes / (LONG_WINDOW / 2), PATCH_FRAMES),
        _patched(measure_envelope(high), PATCH_STEPS),
    )


def _patched(rows: Tensor, count: int) -> Tensor:
    return rows.reshape(-1, count, rows.shape[1])


@dataclass(frozen=True)
class Grain:
    """White noise that a sound is made from: its phases, and how its levels scatter.

    Attributes:
        low: (N / 16,) at a sixteenth of the rate, of unit power.
        high: (N,), of unit power.
    """

    low: Tensor
    high: Tensor

    @classmethod
    def drawn(cls, patches: int, generator: torch.Generator) -> Grain:
        samples = patches * PATCH_SAMPLES
        return cls(
            torch.randn(samples // DECIMATION, generator=generator),
            torch.randn(samples, generator=generator),
        )

    def scatter(self) -> Levels:
        """Magnitudes of the noise as shares of their RMS, in the shapes of `Levels`."""
        low = LOW_STFT.forward(self.low)[:, :LOW_BINS].abs()
        spectra = HIGH_STFT.forward(self.high)
        high = torch.cat([spectra[:, _FIRST:_MIDDLE].abs(), _HISS.levels(spectra)], dim=1)
        envelope = measure_envelope(self.high)
        return Levels(
            _patched(low / math.sqrt(LOW_STFT.window * _HANN_POWER), PATCH_FRAMES),
            _patched(high / math.sqrt(LONG_WINDOW * _HANN_POWER), PATCH_FRAMES),
            _patched(envelope / envelope.square().mean(0).sqrt(), PATCH_STEPS),
        )


def synthesise_levels(levels: Levels, grain: Grain, rounds: int, gains: int) -> Tensor:
    """A waveform (T * 2048,) that has the levels.

    Args:
        rounds: of fast Griffin-Lim between 1 and 11 kHz.
        gains: rounds in which the time envelope is imposed.
    """
    low, high, envelope = (x.flatten(0, 1) for x in (levels.low, levels.high, levels.envelope))
    start = LOW_STFT.forward(grain.low)
    missing = start.shape[1] - LOW_BINS
    phased = find_phases(
        LOW_STFT, F.pad(low * (LOW_STFT.window / 2), (0, missing)), start, LOW_ROUNDS
    )
    below = resample(LOW_STFT.inverse(phased), len(grain.high))
    above = _high_part(high * (LONG_WINDOW / 2), envelope, grain.high, rounds)
    return below + impose_envelope(above, envelope, gains)


def _high_part(magnitudes: Tensor, envelope: Tensor, noise: Tensor, rounds: int) -> Tensor:
    """The part above 1 kHz. The search for phases starts from noise that has the envelope already:
    the frames around an attack then agree where it is."""
    start = HIGH_STFT.forward(impose_envelope(noise, envelope, 1))
    tones = F.pad(magnitudes[:, : _MIDDLE - _FIRST], (_FIRST, 1))
    phased = find_phases(_HALF_STFT, tones, start[:, : _MIDDLE + 1], rounds)[:, :_MIDDLE]
    gains = magnitudes[:, _MIDDLE - _FIRST :] / (_HISS.levels(start) + _TINY)
    hiss = start[:, _MIDDLE:] * gains[:, _HISS.of_bin]
    return HIGH_STFT.inverse(torch.cat([phased, hiss], dim=1))
