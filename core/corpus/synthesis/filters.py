"""Filters: Butterworth bands, resonances, drawn spectra and filters that move in time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy import fft, signal

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.sampling import Signal

Response = Callable[[Signal, Signal], Signal]
"""Gain of shape (T, F) for times (T, 1) in fractions of the length and frequencies (1, F) in Hz."""

_NYQUIST = SAMPLE_RATE / 2
_WINDOW, _HOP = 1024, 256


_PROTOTYPES = {
    order: tuple(complex(-np.exp(0.5j * np.pi * m / order)) for m in range(1 - order, order, 2))
    for order in (1, 2)
}
"""Poles of the analogue Butterworth low-pass of 1 rad/s, by order."""


def _divided(a: complex, b: complex) -> complex:
    """The quotient by Smith's method with one reciprocal, as numpy has it."""
    if abs(b.real) >= abs(b.imag):
        ratio = b.imag / b.real
        scale = 1.0 / (b.real + b.imag * ratio)
        return complex((a.real + a.imag * ratio) * scale, (a.imag - a.real * ratio) * scale)
    ratio = b.real / b.imag
    scale = 1.0 / (b.imag + b.real * ratio)
    return complex((a.real * ratio + a.imag) * scale, (a.imag * ratio - a.real) * scale)


def edge_section(order: int, hz: float, kind: str) -> Signal:
    """What `signal.butter` says of a `lowpass` or `highpass` of order 1 or 2, to the bit.

    Of the hundreds of short grains of a clip scipy's design would take longer than their samples:
    it takes 0.2 ms, this 6 µs. Shape (1, 6).
    """
    warped = complex(4.0 * float(np.tan(np.pi * (hz / _NYQUIST) / 2.0)))
    prototype = _PROTOTYPES[order]
    if kind == "lowpass":
        poles, zero, over = [warped * pole for pole in prototype], -1.0, 1.0
        gain = warped.real**order
    else:
        poles, zero, over = [_divided(warped, pole) for pole in prototype], 1.0, 4.0**order
        gain = _divided(1.0 + 0j, complex(math.prod(-pole for pole in prototype))).real
    gain *= _divided(complex(over), complex(math.prod(4.0 - pole for pole in poles))).real
    first, *second = [_divided(4.0 + pole, 4.0 - pole) for pole in poles]
    if not second:
        return np.array([[gain, -zero * gain, 0.0, 1.0, -first.real, 0.0]])
    total, product = (first + second[0]).real, (first * second[0]).real
    return np.array([[gain, -2 * zero * gain, gain, 1.0, -total, product]])


def _edge(x: Signal, hz: float, kind: str, order: int) -> Signal:
    hz = _inside(hz)
    if order in _PROTOTYPES:
        sections = edge_section(order, hz, kind)
    else:
        sections = signal.butter(order, hz, kind, fs=SAMPLE_RATE, output="sos")
    y: Signal = signal.sosfilt(sections, x)
    return y


def _inside(hz: float) -> float:
    return float(min(max(hz, 5.0), 0.98 * _NYQUIST))


def lowpass(x: Signal, hz: float, order: int = 2) -> Signal:
    """Butterworth low-pass at `hz`, 6 dB an octave for each of `order`."""
    return _edge(x, hz, "lowpass", order)


def highpass(x: Signal, hz: float, order: int = 2) -> Signal:
    """Butterworth high-pass at `hz`, 6 dB an octave for each of `order`."""
    return _edge(x, hz, "highpass", order)


def bandpass(x: Signal, low: float, high: float, order: int = 2) -> Signal:
    """Butterworth band from `low` to `high` Hz."""
    low = _inside(low)
    high = max(_inside(high), low * 1.05)
    if order == 1:
        return resonate(x, (low * high) ** 0.5, high - low)
    sections = signal.butter(order, [low, high], "bandpass", fs=SAMPLE_RATE, output="sos")
    y: Signal = signal.sosfilt(sections, x)
    return y


def resonate(x: Signal, hz: float, width: float) -> Signal:
    """Two-pole resonance of unit peak gain at `hz`, `width` Hz wide."""
    beta = np.tan(np.pi * min(max(width, 1.0), 0.45 * SAMPLE_RATE) / SAMPLE_RATE)
    gain = 1 / (1 + beta)
    feedback = [1.0, -2 * gain * np.cos(2 * np.pi * _inside(hz) / SAMPLE_RATE), 2 * gain - 1]
    y: Signal = signal.lfilter([1 - gain, 0.0, gain - 1], feedback, x)
    return y


def resonances(x: Signal, *peaks: tuple[float, float, float]) -> Signal:
    """Parallel resonances, each (Hz, width in Hz, gain)."""
    out = np.zeros(len(x))
    for hz, width, gain in peaks:
        out += gain * resonate(x, hz, width)
    return out


def shaped(x: Signal, *points: tuple[float, float]) -> Signal:
    """The signal through a drawn spectrum: (Hz, dB) points joined in log-frequency."""
    size = fft.next_fast_len(len(x) + 2048, real=True)
    where, gains = zip(*points, strict=True)
    hz = np.maximum(fft.rfftfreq(size, 1 / SAMPLE_RATE), 10.0)
    gain_db = np.interp(np.log(hz), np.log(np.asarray(where)), np.asarray(gains))
    y: Signal = fft.irfft(fft.rfft(x, size) * 10 ** (gain_db / 20), size)[: len(x)]
    return y


def moving(x: Signal, response: Response) -> Signal:
    """The signal through a filter that changes in time, by short-time spectra (23 ms)."""
    n = len(x)
    count = -(-n // _HOP) + 3
    padded = np.zeros((count + 3) * _HOP)
    padded[3 * _HOP : 3 * _HOP + n] = x
    window = np.sqrt(signal.windows.hann(_WINDOW, sym=False))
    blocks = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP][:count]
    times = np.linspace(0, 1, count)[:, None]
    gains = response(times, fft.rfftfreq(_WINDOW, 1 / SAMPLE_RATE)[None, :])
    blocks = fft.irfft(fft.rfft(blocks * window) * gains, _WINDOW) * window
    out = np.zeros((count + 4) * _HOP)
    for part in range(_WINDOW // _HOP):
        piece = blocks[:, part * _HOP : (part + 1) * _HOP].ravel()
        out[part * _HOP : part * _HOP + len(piece)] += piece
    return out[3 * _HOP : 3 * _HOP + n] / 2


def sweeping(x: Signal, centre: Signal, octaves: float) -> Signal:
    """The signal through a band around `centre` (Hz for each sample), `octaves` wide."""

    def response(times: Signal, hz: Signal) -> Signal:
        where = np.minimum((times * (len(centre) - 1)).astype(int), len(centre) - 1)
        distance = np.log2(np.maximum(hz, 20.0) / centre[where])
        gains: Signal = np.exp(-0.5 * (distance / (octaves / 2)) ** 2)
        return gains

    return moving(x, response)


def formants(x: Signal, peaks: Sequence[tuple[float, float, float, float]]) -> Signal:
    """The signal through gliding formants: (first Hz, last Hz, width in Hz, gain) each."""

    def response(times: Signal, hz: Signal) -> Signal:
        total = np.full((len(times), hz.shape[1]), 0.01)
        for first, last, width, gain in peaks:
            centre = first + (last - first) * times
            total += gain / (1 + ((hz - centre) / (width / 2)) ** 2)
        return total

    return moving(x, response)
