"""How near a coded recording is to itself: envelopes, levels and a listening-quality estimate.

Noise may be drawn anew by a codec, so nothing here compares samples or single bins.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import soxr
from scipy.signal import butter, sosfilt

from core.corpus.recordings import Waveform
from core.errors import WeightsError

_Levels = npt.NDArray[np.float64]

_OCTAVES = (125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16000.0)
"""Centres in Hz of the bands whose envelopes are compared."""
ENVELOPE_SECONDS = 0.006
"""A step of the envelopes: what an attack or a roughness of 70 Hz takes."""
_AUDIBLE_DB = 40.0
"""A band that lies further below the loudest is not compared."""
_THIRD_OCTAVES = 1000.0 * 2.0 ** (np.arange(-13, 13) / 3.0)
"""Centres in Hz, from 50 Hz to 16 kHz."""
LEVEL_SECONDS = 0.05
_FLOOR_DB = -60.0
"""Below the loudest cell of the recording: what lies lower counts as silence."""
VISQOL_RATE = 48_000
_TINY = 1e-12


def _band_power(sound: Waveform, rate: int, centre: float, width: float, step: float) -> _Levels:
    """Mean power in steps of `step` seconds of a band of `width` octaves, causal filters."""
    high = min(centre * 2 ** (width / 2), 0.49 * rate)
    band = butter(2, (centre * 2 ** (-width / 2), high), "bandpass", fs=rate, output="sos")
    power = np.square(sosfilt(band, sound.astype(np.float64)))
    length = round(step * rate)
    return np.asarray(power[: len(power) // length * length].reshape(-1, length).mean(axis=1))


def envelope_correlation(before: Waveform, after: Waveform, rate: int) -> float:
    """Mean over the audible octaves of the correlation of envelopes in steps of 6 ms."""
    pairs = [
        tuple(np.sqrt(_band_power(x, rate, hz, 1.0, ENVELOPE_SECONDS)) for x in (before, after))
        for hz in _OCTAVES
    ]
    loudest = max(float(np.mean(a**2)) for a, _ in pairs)
    heard = [(a, b) for a, b in pairs if np.mean(a**2) > loudest * 10 ** (-_AUDIBLE_DB / 10)]
    return float(np.mean([_correlation(a, b) for a, b in heard]))


def _correlation(a: _Levels, b: _Levels) -> float:
    a, b = a - a.mean(), b - b.mean()
    return float((a @ b) / (np.linalg.norm(a) * np.linalg.norm(b) + _TINY))


def log_spectral_distance(before: Waveform, after: Waveform, rate: int) -> float:
    """RMS difference in dB of the levels in third octaves and 50 ms, where one is audible."""
    levels = [
        np.stack([_band_power(x, rate, hz, 1 / 3, LEVEL_SECONDS) for hz in _THIRD_OCTAVES])
        for x in (before, after)
    ]
    floor = levels[0].max() * 10 ** (_FLOOR_DB / 10)
    heard = np.maximum(levels[0], levels[1]) > floor
    a, b = (10 * np.log10(np.maximum(x, floor)) for x in levels)
    return float(np.sqrt(np.mean(np.square(a - b)[heard])))


def listening_quality(before: Waveform, after: Waveform, rate: int) -> float:
    """ViSQOL's estimate of a listener's mark, 1 to 4.75 (audio mode; Chinen et al. 2020).

    Raises:
        WeightsError: the package is not installed.
    """
    try:
        from visqol import VisqolApi
    except ImportError:
        raise WeightsError("This needs visqol-python: run `pip install '.[judge]'`.") from None
    judge = VisqolApi()
    judge.create(mode="audio")
    heard = [soxr.resample(x, rate, VISQOL_RATE) for x in (before, after)]
    return float(judge.measure_from_arrays(*heard, VISQOL_RATE).moslqo)
