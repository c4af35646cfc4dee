"""The night chorus: frogs, crickets and bees."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Synthesised, finish
from core.corpus.synthesis.envelopes import arch, beats, contour, swell, wander
from core.corpus.synthesis.filters import bandpass, highpass, lowpass, resonances, shaped
from core.corpus.synthesis.grains import add_at
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    chance,
    frames,
    level,
    log_between,
    ticks,
)
from core.corpus.synthesis.sources import harmonics, pink, pulses, sine, tilted
from core.corpus.synthesis.space import outdoors, reverb


def _night(n: int, rng: Rng) -> Signal:
    """Quiet air with a far, fused hum of insects."""
    air = unit(shaped(pink(n, rng), (40, -4), (300, 0), (1500, -10), (12_000, -26)))
    insects = unit(bandpass(rng.standard_normal(n), 3800, 5600, 2)) * swell(n, 0.5, rng, 0.1)
    return air + between(rng, 0.1, 0.6) * insects


def _croak(rng: Rng, kind: str, f: float) -> Signal:
    """A ribbit (pulse train through a vocal sac), a low bullfrog moan, or a peep."""
    if kind == "peeper":
        n = frames(between(rng, 0.08, 0.2))
        hz = min(6 * f, 3400.0) * contour(n, (0, 0.92), (0.6, 1), (1, 1.04))
        return harmonics(hz, [1, 0.1, 0.05], rng) * arch(n, 0.2, 0.3)
    if kind == "bullfrog":
        n = frames(between(rng, 0.5, 0.9))
        source = pulses(between(rng, 85, 120) * contour(n, (0, 0.9), (1, 1.1)), rng, 0.03, 0.3)
        x = resonances(source, (220, 60, 1.0), (420, 120, 0.7), (1300, 400, 0.35))
        return peaked(x * arch(n, 0.25, 0.4))
    n = frames(between(rng, 0.18, 0.45))
    rate = between(rng, 35, 70) * contour(n, (0, 0.8), (0.6, 1.1), (1, 1.4))
    source = pulses(rate, rng, 0.03, 0.25)
    x = resonances(source, (f, f / 9, 0.9), (f * 2.1, f / 4, 1.0), (f * 3.3, f / 3, 0.35))
    split = 1 - 0.8 * np.exp(-(((np.linspace(0, 1, n) - 0.45) / 0.08) ** 2))
    return peaked(x * arch(n, 0.15, 0.25) * (split if kind == "ribbit" else 1.0))


def frogs(seconds: float, rng: Rng) -> Synthesised:
    """A pond at night: each frog calls at its own pace."""
    n = frames(seconds)
    count, number = level(rng, single=1, several=4, many=12)
    kinds = rng.permutation(["ribbit", "croak", "peeper", "bullfrog", "ribbit"])[
        : 1 if number == 1 else 2
    ]
    x = np.zeros(n)
    for index in range(number):
        kind, f = str(rng.choice(kinds)), log_between(rng, 500, 1500)
        croak = [_croak(rng, kind, f * between(rng, 0.98, 1.02)) for _ in range(4)]
        gain = 1.0 if index == 0 else between(rng, 0.1, 0.6)
        pace = between(rng, 0.35, 1.1) + (0.7 if kind == "bullfrog" else 0)
        active = between(rng, 0.6, 1.0)
        for t in beats(seconds, pace, 0.08, rng, first=between(rng, 0, pace)):
            if chance(rng, active):
                add_at(x, t, croak[int(rng.integers(4))], gain * between(rng, 0.7, 1.0))
    x = reverb(peaked(x), rng, between(rng, 0.6, 1.6), between(rng, 0.1, 0.4), 2500)
    x += between(rng, 0.004, 0.03) * _night(n, rng)
    return finish(limited(x, 7), seconds, rng, {"count": count})


def _chirp(rng: Rng, hz: float, pulse_rate: float, count: int) -> Signal:
    """One chirp: `count` strokes of the file over the scraper."""
    n = frames(count / pulse_rate)
    t = ticks(n)
    stroke: Signal = np.sin(np.pi * ((t * pulse_rate) % 1.0)) ** 2
    rise = np.linspace(0.5, 1.0, n)
    pitch = hz * (1 - 0.02 * ((t * pulse_rate) % 1.0))
    tone = harmonics(pitch, [1.0, 0.12, 0.04], rng)
    teeth = 1 + 0.25 * bandpass(rng.standard_normal(n), 60, 1500, 1)
    return tone * stroke * rise * teeth


def crickets(seconds: float, rng: Rng) -> Synthesised:
    """Chirping field crickets, with trilling tree crickets behind them."""
    n = frames(seconds)
    count, number = level(rng, single=1, several=4, many=10)
    x = np.zeros(n)
    home = log_between(rng, 2700, 5200)
    for index in range(number):
        chirp = _chirp(
            rng, home * between(rng, 0.92, 1.08), between(rng, 24, 42), int(rng.integers(2, 5))
        )
        gain = 1.0 if index == 0 else between(rng, 0.1, 0.6)
        for t in beats(seconds, between(rng, 0.28, 0.7), 0.04, rng, first=between(rng, 0, 0.6)):
            add_at(x, t, chirp, gain * between(rng, 0.85, 1.0))
    if number > 1:
        for _ in range(int(rng.integers(1, 4))):
            trill = sine(home * between(rng, 0.6, 1.3) * (1 + 0.003 * wander(n, 3, rng)))
            gate = np.sin(np.pi * ticks(n) * between(rng, 35, 60)) ** 2
            x += between(rng, 0.02, 0.2) * trill * gate * swell(n, 0.3, rng, 0.3)
    x = reverb(x, rng, between(rng, 0.5, 1.2), between(rng, 0.1, 0.4), 5000)
    x = peaked(x) + between(rng, 0.008, 0.05) * _night(n, rng)
    return finish(x, seconds, rng, {"count": count})


def _bee(n: int, rng: Rng, hz: float) -> Signal:
    """Wing beats: a buzzing harmonic tone of wandering pitch and loudness."""
    pitch = hz * 2 ** (0.06 * wander(n, 1.5, rng) + 0.01 * wander(n, 25, rng))
    tone = harmonics(pitch, tilted(20, between(rng, 3, 6)), rng)
    return unit(tone) * swell(n, 1.2, rng, 0.7)


def bees(seconds: float, rng: Rng) -> Synthesised:
    """A hive or a few bees, some flying past the microphone."""
    n = frames(seconds)
    count, number = level(rng, single=1, several=4, many=10)
    x = np.zeros(n)
    home = log_between(rng, 170, 250)
    for _ in range(number):
        x += _bee(n, rng, home * between(rng, 0.85, 1.2)) / number**0.5
    if count == "many":
        hum = bandpass(rng.standard_normal(n), home, home * 6, 1)
        x += between(rng, 0.1, 0.4) * unit(hum) * swell(n, 1, rng, 0.2)
    for t in beats(seconds, between(rng, 1.5, 4), 0.4, rng, first=between(rng, 0, 2)):
        m = frames(between(rng, 0.8, 2.0))
        doppler = contour(m, (0, 1.06), (0.4, 1.04), (0.6, 0.95), (1, 0.93))
        near = np.exp(-(((np.linspace(0, 1, m) - 0.5) / between(rng, 0.1, 0.25)) ** 2))
        pitch = home * between(rng, 0.9, 1.3) * doppler * (1 + 0.01 * wander(m, 20, rng))
        add_at(x, t, unit(harmonics(pitch, tilted(30, 3), rng)) * near, between(rng, 0.5, 2.0))
    air = highpass(pink(n, rng), 300, 1)
    x = lowpass(x, between(rng, 4000, 9000), 1) + between(rng, 0.01, 0.06) * air
    return finish(limited(outdoors(x, rng), 4.5), seconds, rng, {"count": count})
