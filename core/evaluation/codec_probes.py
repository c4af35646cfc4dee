"""Probes of a codec: made sounds of which one number is known, measured before and after it.

Each probe is a sound (N,) at the codec's rate and a measure of it; what the codec loses is the
difference of the measure between what went in and what came out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, hilbert, sosfiltfilt

from core.corpus.recordings import Waveform

Measure = Callable[[Waveform, int], float]

_SECONDS = 3.0
_LEVEL = 0.25
"""Peak of a steady probe, full scale 1: 12 dB of headroom."""
CLICK_SECONDS = 1e-3
_CLICKS_EVERY = 0.5
_EDGE = 0.25
"""Seconds at either end that are not measured: a codec pads there."""
_TINY = 1e-12


@dataclass(frozen=True)
class Probe:
    """A sound and what is measured of it.

    Attributes:
        make: the sound (N,) at a rate in Hz.
        measure: the number, of a sound and its rate.
        unit: ms or dB.
    """

    name: str
    make: Callable[[int], Waveform]
    measure: Measure
    unit: str


def _times(rate: int, seconds: float = _SECONDS) -> npt.NDArray[np.float64]:
    return np.arange(round(seconds * rate)) / rate


def _noise(rate: int, seed: int, seconds: float = _SECONDS) -> npt.NDArray[np.float64]:
    noise = np.random.default_rng(seed).standard_normal(round(seconds * rate))
    return noise * _LEVEL / 4.0


def tone(hertz: float) -> Callable[[int], Waveform]:
    """A steady sine."""
    return lambda rate: np.float32(_LEVEL) * np.sin(2 * np.pi * hertz * _times(rate)).astype("f4")


def modulated_noise(hertz: float) -> Callable[[int], Waveform]:
    """White noise whose amplitude follows 1 + cos: fully modulated."""

    def make(rate: int) -> Waveform:
        wave = 1.0 + np.cos(2 * np.pi * hertz * _times(rate))
        return np.asarray(_noise(rate, 1) * wave, np.float32)

    return make


def clicks(rate: int) -> Waveform:
    """Bursts of noise, a millisecond long each, two a second."""
    made = np.zeros(round(_SECONDS * rate))
    burst = np.random.default_rng(2).standard_normal(round(CLICK_SECONDS * rate))
    for start in np.arange(_CLICKS_EVERY / 2, _SECONDS - _EDGE, _CLICKS_EVERY):
        at = round(start * rate)
        made[at : at + len(burst)] = 0.9 * burst / np.abs(burst).max()
    return made.astype(np.float32)


def ringing_sword(rate: int) -> Waveform:
    """Partials of a struck blade that ring for seconds, over a floor of noise."""
    times = _times(rate)
    made = np.zeros(len(times))
    for hertz, level, decay in _PARTIALS:
        made += level * np.exp(-times / decay) * np.sin(2 * np.pi * hertz * times)
    return np.asarray(made * _LEVEL + _noise(rate, 3) * _SWORD_FLOOR, np.float32)


_PARTIALS = (
    (843.0, 0.5, 1.6),
    (1467.0, 1.0, 2.0),
    (2391.0, 0.7, 1.5),
    (3512.0, 0.5, 1.2),
    (4878.0, 0.35, 0.9),
    (7120.0, 0.2, 0.7),
)
"""Hz, amplitude and seconds to 1/e: inharmonic, as of a bar that is held at one end."""
_SWORD_FLOOR = 0.3


def crackling_fire(rate: int) -> Waveform:
    """Sparse snaps of 2 to 5 ms over a low bed of noise."""
    draw = np.random.default_rng(4)
    made = _noise(rate, 5) * 0.02
    for start in np.sort(draw.uniform(_EDGE, _SECONDS - _EDGE, 14)):
        length = round(draw.uniform(2e-3, 5e-3) * rate)
        snap = draw.standard_normal(length) * np.exp(-np.arange(length) / (0.25 * length))
        at = round(start * rate)
        made[at : at + length] += draw.uniform(0.3, 0.9) * snap / np.abs(snap).max()
    return np.asarray(made, np.float32)


def envelope(sound: Waveform, rate: int, seconds: float) -> npt.NDArray[np.float64]:
    """RMS over `seconds` around each sample."""
    width = max(1, round(seconds * rate))
    power = np.convolve(np.square(sound, dtype=np.float64), np.ones(width) / width, mode="same")
    return np.asarray(np.sqrt(np.maximum(power, 0.0)))


def attack_ms(sound: Waveform, rate: int) -> float:
    """Milliseconds from 10 to 90 % of the peak, the median over the hits of a sound."""
    level = envelope(sound, rate, 5e-4)
    gap = round(0.1 * rate)
    found: list[float] = []
    rest = level.copy()
    while len(found) < _MOST_HITS:
        peak = int(rest.argmax())
        if rest[peak] < 0.25 * level.max():
            break
        before = level[max(0, peak - gap) : peak + 1]
        low = np.flatnonzero(before < 0.1 * level[peak])
        start = low[-1] if len(low) else 0
        high = start + int(np.argmax(before[start:] >= 0.9 * level[peak]))
        found.append(1000.0 * (high - start) / rate)
        rest[max(0, peak - gap) : peak + gap] = 0.0
    return float(np.median(found))


_MOST_HITS = 20


def modulation_db(low: float, high: float) -> Measure:
    """Level of the envelope between two rates in Hz against its mean, in dB."""

    def measure(sound: Waveform, rate: int) -> float:
        level = np.abs(hilbert(sound.astype(np.float64)))
        band = butter(2, (low, high), "bandpass", fs=rate, output="sos")
        edge = round(_EDGE * rate)
        moved = sosfiltfilt(band, level)[edge:-edge]
        return float(20 * np.log10(np.std(moved) / np.mean(level[edge:-edge]) + _TINY))

    return measure


def flutter_db(sound: Waveform, rate: int) -> float:
    """Between the 5th and the 95th percentile of the level in 10 ms, in dB."""
    edge = round(_EDGE * rate)
    level = envelope(sound, rate, 0.01)[edge:-edge]
    low, high = np.percentile(level, (5, 95))
    return float(20 * np.log10((high + _TINY) / (low + _TINY)))


def third_octave_db(hertz: float) -> Measure:
    """Level of the third octave around a frequency, in dB of full scale."""

    def measure(sound: Waveform, rate: int) -> float:
        band = butter(
            4, (hertz * 2 ** (-1 / 6), hertz * 2 ** (1 / 6)), "bandpass", fs=rate, output="sos"
        )
        edge = round(_EDGE * rate)
        heard = sosfiltfilt(band, sound.astype(np.float64))[edge:-edge]
        return float(20 * np.log10(np.sqrt(np.mean(heard**2)) + _TINY))

    return measure


def peak_to_noise_db(sound: Waveform, rate: int) -> float:
    """The highest partial above the median of the spectrum from 0.5 to 8 kHz, in dB."""
    length = 1 << 14
    at = round(_EDGE * rate)
    spectrum = np.abs(np.fft.rfft(sound[at : at + length] * np.hanning(length)))
    bins = slice(round(500 * length / rate), round(8000 * length / rate))
    return float(20 * np.log10(spectrum[bins].max() / (np.median(spectrum[bins]) + _TINY)))


def crest_db(sound: Waveform, rate: int) -> float:
    """Peak over RMS, in dB."""
    return float(20 * np.log10(np.abs(sound).max() / (np.sqrt(np.mean(np.square(sound))) + _TINY)))


CODEC_PROBES = (
    Probe("click attack", clicks, attack_ms, "ms"),
    Probe("noise modulated at 70 Hz", modulated_noise(70.0), modulation_db(30.0, 120.0), "dB"),
    Probe("noise modulated at 30 Hz", modulated_noise(30.0), modulation_db(15.0, 60.0), "dB"),
    Probe("flutter of 440 Hz", tone(440.0), flutter_db, "dB"),
    Probe("level of 3 kHz", tone(3000.0), third_octave_db(3000.0), "dB"),
    Probe("sword, peak to noise", ringing_sword, peak_to_noise_db, "dB"),
    Probe("fire, attack", crackling_fire, attack_ms, "ms"),
    Probe("fire, crest", crackling_fire, crest_db, "dB"),
)
