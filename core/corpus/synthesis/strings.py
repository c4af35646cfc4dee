"""Strings that are struck, plucked or bowed, as sums of decaying partials or as a sawtooth."""

from __future__ import annotations

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.envelopes import contour, wander
from core.corpus.synthesis.filters import bandpass, highpass, lowpass, resonances
from core.corpus.synthesis.grains import add_at, burst
from core.corpus.synthesis.levels import peaked, unit
from core.corpus.synthesis.sampling import Rng, Signal, between, frames, log_between, ticks
from core.corpus.synthesis.sources import phase, white

_BLOCK = 512
_HIGHEST = 16_000.0
"""Hz above which partials are left out."""
_LONGEST = 3.0
"""Seconds after which a note is let go."""


def decaying(n: int, hz: Signal, t60: Signal, gains: Signal) -> Signal:
    """The sum of partials that start at zero and die away, `n` samples; each array (m,).

    `t60` are the seconds in which a partial falls by 60 dB. Sines of a block times the turn of its
    beginning are one product of matrices, which costs little a partial.
    """
    heard = hz < _HIGHEST
    pole = (-6.908 / t60[heard] + 2j * np.pi * hz[heard]) / SAMPLE_RATE
    inner = np.exp(np.outer(pole, np.arange(_BLOCK)))
    outer = np.exp(np.outer(np.arange(-(-n // _BLOCK)) * _BLOCK, pole)) * gains[heard]
    out: Signal = outer.real @ inner.imag + outer.imag @ inner.real
    return out.ravel()[:n]


def released(x: Signal, held: float, seconds: float) -> Signal:
    """A note that is damped after `held` seconds, within so many seconds."""
    fall = np.clip((ticks(len(x)) - held) / seconds, 0, 1)
    return x * (0.5 + 0.5 * np.cos(np.pi * fall))


def piano_note(rng: Rng, hz: float, held: float, force: float) -> Signal:
    """A hammer on two or three strings, held and damped; `force` is 0 to 1.

    Stiff strings sound sharp upwards (inharmonicity of 0.0002 to 0.002); the strings of a note are
    not quite in tune, so that it sings on after a first, fast decay. A harder hammer is brighter,
    and its felt strikes an eighth from the end.
    """
    held = min(held, _LONGEST)
    n = frames(held + 0.2)
    count = int(np.clip(9000 / hz, 4, 36))
    order = np.arange(1, count + 1)
    stiff = 0.0003 * (hz / 200) ** 0.8
    partials = hz * order * np.sqrt(1 + stiff * order**2)
    cut = (700 + 2600 * force) * (hz / 260) ** 0.4
    gains = np.abs(np.sin(np.pi * order / 8)) / order**0.6 / (1 + (partials / cut) ** 2)
    ring = 7.0 * (200 / hz) ** 0.6 * order**-0.55
    detuned = 2 ** (between(rng, 0.4, 1.6) / 1200)
    x = decaying(
        n,
        np.concatenate([partials, partials * detuned]),
        np.concatenate([0.35 * ring, ring]),
        np.concatenate([gains, 0.35 * gains]),
    )
    x = peaked(x * np.minimum(1, ticks(n) / 0.0025))
    m = frames(0.12)
    knock = (
        lowpass(white(m, rng), 500, 2) * np.exp(-ticks(m) / 0.02) * np.minimum(1, ticks(m) / 2e-3)
    )
    add_at(x, 0.0, peaked(knock), 0.04 + 0.1 * force)
    return released(x, held, 0.14) * (0.25 + 0.75 * force)


def plucked_note(rng: Rng, hz: float, held: float, bright: float) -> Signal:
    """A string plucked at a fifth of its length; `bright` is 0 (nylon, thumb) to 1 (steel, pick).

    Partials fall by 12 dB an octave and more; the higher ones die first.
    """
    held = min(held, _LONGEST)
    n = frames(held + 0.12)
    count = int(np.clip(9000 / hz, 4, 40))
    order = np.arange(1, count + 1)
    place = between(rng, 0.16, 0.26)
    gains = np.abs(np.sin(np.pi * order * place)) / order ** (1.9 - 0.7 * bright)
    ring = (2.2 + 2.5 * bright) * (150 / hz) ** 0.4 / (1 + (0.16 - 0.1 * bright) * order)
    partials = hz * order * np.sqrt(1 + 6e-5 * order**2)
    x = decaying(n, partials, ring, gains) * np.minimum(1, ticks(n) / 0.0012)
    x = peaked(x)
    add_at(x, 0.0, burst(rng, 1200 + 1500 * bright, 7000, 0.008), 0.04 + 0.1 * bright)
    return released(x, held, 0.08)


def bass_note(rng: Rng, hz: float, held: float) -> Signal:
    """A bass string, dull and round."""
    return lowpass(plucked_note(rng, hz, held, 0.3), 900, 2)


def guitar_body(x: Signal, rng: Rng) -> Signal:
    """The box: its air at about 100 Hz, its top at about 200 and 400."""
    air = between(rng, 92, 118)
    peaks = (
        (air, 22.0, 0.4),
        (air * between(rng, 1.85, 2.1), 30.0, 0.6),
        (air * between(rng, 3.6, 4.4), 90.0, 0.5),
        (log_between(rng, 1000, 1600), 500.0, 0.3),
    )
    return highpass(x + 0.9 * resonances(x, *peaks), 70, 2)


def sawtooth(hz: Signal) -> Signal:
    """A sawtooth of instantaneous frequency `hz`, of about unit peak.

    Differences of a parabola of the phase, which keeps what would fold back low.
    """
    saw = 2 * (phase(hz) % 1.0) - 1
    wave: Signal = np.diff(saw * saw, prepend=saw[0] ** 2) * SAMPLE_RATE / (4 * np.maximum(hz, 1.0))
    return wave


def violin_body(x: Signal, rng: Rng) -> Signal:
    """Air at 280 Hz, wood at 450 and 550, and the bridge's hill at 2 to 3 kHz; dull above 5 kHz."""
    peaks = (
        (between(rng, 265, 290), 25.0, 1.0),
        (between(rng, 420, 470), 30.0, 1.3),
        (between(rng, 520, 580), 35.0, 1.3),
        (between(rng, 900, 1150), 120.0, 0.8),
        (between(rng, 1500, 1900), 300.0, 0.8),
        (between(rng, 2200, 2900), 800.0, 1.4),
    )
    return lowpass(highpass(0.15 * x + resonances(x, *peaks), 170, 2), 5500, 2)


def bowed(hz: Signal, pressed: Signal, rng: Rng) -> Signal:
    """A bowed string: stick and slip make a sawtooth; the bow's hair adds a rush. Unit RMS.

    `hz` and `pressed` (0 to 1) have the shape (n,); a harder pressed bow is brighter.
    """
    n = len(hz)
    uneven = 2 ** (0.004 * wander(n, 35, rng))
    string = sawtooth(hz * uneven)
    soft = lowpass(string, 1200, 1)
    string = soft + pressed**2 * (string - soft)
    hair = bandpass(white(n, rng), 1200, 6000, 1) * (0.03 + 0.03 * np.abs(string))
    return unit((string + hair) * pressed)


def bow_strokes(n: int, starts: list[tuple[float, float]], force: float, rng: Rng) -> Signal:
    """Pressure of the bow, (n,): each stroke of (start, seconds) bites, swells and is lifted."""
    pressed = np.zeros(n)
    for start, long in starts:
        m = frames(long)
        bite = min(0.3, between(rng, 0.03, 0.09) / long)
        top = force * between(rng, 0.8, 1.0)
        stroke = contour(
            m, (0, 0), (bite, 0.8 * top), (0.55, top), (1 - 0.6 * bite, 0.6 * top), (1, 0)
        )
        a = frames(start)
        pressed[a : a + m] = np.maximum(pressed[a : a + m], stroke[: max(0, n - a)])
    return pressed
