"""Air: what a distance takes of the high tones.

Source: ISO 9613-1:1993, equations 3 to 5 (attenuation by the relaxation of oxygen and nitrogen and
by the classical losses), in decibels for each metre.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

CELSIUS, HUMIDITY = 20.0, 70.0
"""A mild day, at sea level: one of the conditions of the table in ISO 9613-2."""
KILOPASCALS = 101.325
_REFERENCE_KELVIN, _TRIPLE_POINT = 293.15, 273.16
_TAPS = 513
"""Of the filter: enough for curves as smooth as these are, down to 100 Hz."""
_FFT = 8192
_LEAST = 1e-4
"""Gain (-80 dB) below which it does not matter how much is gone."""
_Values = npt.NDArray[np.float64]


def air_absorption(
    hz: _Values,
    celsius: float = CELSIUS,
    humidity: float = HUMIDITY,
    kilopascals: float = KILOPASCALS,
) -> _Values:
    """Decibels that each metre of air takes of a tone.

    Args:
        humidity: relative, in per cent.
    """
    kelvin = celsius + 273.15
    warmth, pressure = kelvin / _REFERENCE_KELVIN, kilopascals / KILOPASCALS
    saturation = 10.0 ** (4.6151 - 6.8346 * (_TRIPLE_POINT / kelvin) ** 1.261)
    water = humidity * saturation / pressure
    oxygen = pressure * (24.0 + 4.04e4 * water * (0.02 + water) / (0.391 + water))
    nitrogen = (
        pressure
        * warmth**-0.5
        * (9.0 + 280.0 * water * np.exp(-4.170 * (warmth ** (-1.0 / 3.0) - 1.0)))
    )
    squared = np.square(hz)
    relaxation = 0.01275 * np.exp(-2239.1 / kelvin) / (oxygen + squared / oxygen)
    relaxation += 0.1068 * np.exp(-3352.0 / kelvin) / (nitrogen + squared / nitrogen)
    classical = 1.84e-11 * warmth**0.5 / pressure
    return np.asarray(8.686 * squared * (classical + warmth**-2.5 * relaxation))


def air_taps(metres: float, rate: int) -> _Values:
    """A minimum-phase filter (n,) that takes of a sound what so much air does."""
    from scipy.signal import firwin2, minimum_phase  # slow to import, and few mixes need it

    hz = np.linspace(0.0, 0.5 * rate, 257)
    gains = np.maximum(10.0 ** (-metres * air_absorption(hz) / 20.0), _LEAST)
    linear = firwin2(_TAPS, hz, gains, fs=rate)
    return np.asarray(minimum_phase(linear, n_fft=_FFT, half=False), dtype=np.float64)
