"""Struck bodies as sums of decaying modes (Farnell's and van den Doel's modal synthesis)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.levels import peaked
from core.corpus.synthesis.sampling import Rng, Signal, between, spread

_BLOCK = 512


@dataclass(frozen=True)
class Modes:
    """A body: the frequency (Hz), 60 dB decay time (s) and gain of each mode, shape (m,)."""

    hz: Signal
    t60: Signal
    gains: Signal

    def struck(self, n: int, rng: Rng, hardness: float = 20_000.0, vary: float = 0.3) -> Signal:
        """One blow, `n` samples long, of unit peak.

        `hardness` is the frequency in Hz above which the hammer excites less; `vary` how
        much the place of the blow changes the gains.
        """
        out = np.zeros(-(-n // _BLOCK) * _BLOCK)
        gains = self.gains * np.exp(vary * rng.standard_normal(len(self.gains)))
        gains = gains / (1 + (self.hz / hardness) ** 2)
        for hz, t60, gain in zip(self.hz, self.t60, gains, strict=True):
            if hz > 20_000:
                continue
            blocks = min(len(out), int(1.3 * t60 * SAMPLE_RATE) + _BLOCK) // _BLOCK
            pole = (-6.908 / t60 + 2j * np.pi * hz) / SAMPLE_RATE
            inner = np.exp(pole * np.arange(_BLOCK)) * np.exp(2j * np.pi * rng.random()) * gain
            outer = np.exp(pole * _BLOCK * np.arange(blocks))
            out[: blocks * _BLOCK] += np.outer(outer, inner).imag.ravel()
        return peaked(out[:n])

    def tuned(self, factor: float) -> Modes:
        """The same body with every frequency multiplied, e.g. for a smaller one."""
        return Modes(self.hz * factor, self.t60, self.gains)


def wood(rng: Rng, low: float, high: float, count: int = 14, t60: float = 0.12) -> Modes:
    """A wooden board: dull, quickly damped modes, the higher the shorter."""
    hz = spread(rng, low, high, count)
    return Modes(
        hz,
        t60 * (low / hz) ** 0.5 * np.exp(0.25 * rng.standard_normal(count)),
        (low / hz) ** 0.6 * rng.uniform(0.4, 1.0, count),
    )


def metal(rng: Rng, low: float, high: float, count: int = 30, t60: float = 1.0) -> Modes:
    """A metal body: inharmonic, slowly decaying modes in close pairs that beat."""
    base = spread(rng, low, high, max(1, count // 2))
    pair = base * (1 + rng.uniform(0.001, 0.006, len(base)))
    hz = np.concatenate([base, pair])
    return Modes(
        hz,
        t60 * (low / hz) ** 0.45 * np.exp(0.35 * rng.standard_normal(len(hz))),
        (low / hz) ** 0.2 * rng.uniform(0.15, 1.0, len(hz)),
    )


def pane(rng: Rng, low: float = 1500, high: float = 14_000, t60: float = 0.35) -> Modes:
    """A piece of glass: few, high, thin modes."""
    count = int(rng.integers(5, 12))
    hz = spread(rng, low, high, count)
    return Modes(
        hz,
        t60 * (low / hz) ** 0.4 * np.exp(0.4 * rng.standard_normal(count)),
        rng.uniform(0.2, 1.0, count),
    )


def membrane(rng: Rng, hz: float, t60: float) -> Modes:
    """A drum head: Bessel-zero ratios of a circular membrane, air-loaded a little."""
    ratios = np.array([1, 1.594, 2.136, 2.296, 2.653, 2.918, 3.156, 3.501, 3.6, 4.06, 4.15])
    ratios = ratios * (1 + 0.01 * rng.standard_normal(len(ratios)))
    return Modes(
        hz * ratios,
        t60 * ratios**-0.9 * np.exp(0.15 * rng.standard_normal(len(ratios))),
        ratios ** -between(rng, 0.8, 1.6),
    )
