"""The human voice: a larynx after Liljencrants and Fant, and a vocal tract whose formants move.

The source is the derivative of the glottal flow (the LF model, its shape set by Fant's Rd), with a
larynx's irregularity from period to period. The tract is a cascade of poles evaluated as spectra:
each short piece of the source is convolved with the tract of its moment, so that formants ring
behind every pulse as they do in a mouth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import fft, optimize, signal

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.sampling import Rng, Signal, between
from core.corpus.synthesis.sources import phase

Spectra = npt.NDArray[np.complex64]
"""Transfer functions of shape (frames, bins), one for every control frame."""

CONTROL_HOP = 256
"""Samples between two control frames: 5.8 ms, as formant synthesisers have it."""
_PIECE = 2 * CONTROL_HOP
_FFT = 1536
"""A piece and 23 ms of ringing, after which a formant 80 Hz wide has fallen by 50 dB."""
_HZ = fft.rfftfreq(_FFT, 1 / SAMPLE_RATE).astype(np.float32)
_HELD = 2
"""Control frames for which one reading of the formants stands; the pieces' overlap joins them."""
_TABLE = 4096
_NEUTRAL = (500.0, 1500.0, 2500.0, 3500.0)
"""Poles in Hz of a man's tract as an even tube, which the moving formants take the places of."""


def control_frames(n: int) -> int:
    """Control frames that span `n` samples."""
    return -(-n // CONTROL_HOP) + 1


def at_samples(track: Signal, n: int) -> Signal:
    """A control track, shape (frames,), as `n` samples."""
    return np.interp(np.arange(n) / CONTROL_HOP, np.arange(len(track)), track)


@lru_cache(maxsize=64)
def _lf_pulse(rd: float) -> tuple[Signal, Signal]:
    """One period of flow derivative, of unit excitation, and of flow, of unit peak."""
    ra = (-1 + 4.8 * rd) / 100
    rk = (22.4 + 11.8 * rd) / 100
    rg = rk * (0.5 + 1.2 * rk) / (4 * (0.11 * rd - ra * (0.5 + 1.2 * rk)))
    peak = 1 / (2 * rg)
    closing = min(peak * (1 + rk), 0.97)
    ra = max(ra, 0.004)
    rest = 1 - closing
    epsilon = optimize.brentq(
        lambda e: e * ra - 1 + np.exp(-e * rest), 1e-3 / ra, 2 / ra, disp=False
    )
    t = np.arange(_TABLE) / _TABLE
    opening = t < closing
    after = np.where(opening, 0, t - closing)
    fall = -(np.exp(-epsilon * after) - np.exp(-epsilon * rest)) / (epsilon * ra)

    def wave(alpha: float) -> Signal:
        rise = np.exp(alpha * (t - closing)) * np.sin(np.pi * t / peak)
        scale = -1 / np.sin(np.pi * closing / peak)
        period: Signal = np.where(opening, scale * rise, fall)
        return period

    alpha = optimize.brentq(lambda a: float(np.sum(wave(a))), -60, 200, disp=False)
    derivative = wave(float(alpha))
    flow = np.maximum(np.cumsum(derivative), 0)
    return derivative, flow / flow.max()


@dataclass(frozen=True)
class Larynx:
    """How the vocal folds swing.

    Attributes:
        tense: Fant's Rd at full effort: 0.5 is pressed, 1 plain.
        lax: Rd of the softest voice: 2.5 is breathy.
        breath: noise beside the voice, 0 to 1.
        jitter: deviation of a period, as a share of it: 0.01 is a healthy voice.
        shimmer: deviation of a period's strength.
    """

    tense: float = 0.8
    lax: float = 2.2
    breath: float = 0.08
    jitter: float = 0.008
    shimmer: float = 0.05


def draw_larynx(rng: Rng) -> Larynx:
    """A healthy voice among many."""
    return Larynx(
        tense=round(between(rng, 0.6, 1.1), 1),
        lax=round(between(rng, 1.6, 2.6), 1),
        breath=between(rng, 0.03, 0.16),
        jitter=between(rng, 0.004, 0.012),
        shimmer=between(rng, 0.02, 0.08),
    )


def phonation(
    hz: Signal,
    effort: Signal,
    larynx: Larynx,
    rng: Rng,
    rough: Signal | float = 0.0,
    doubled: Signal | float = 0.0,
) -> Signal:
    """The voice at the glottis, of pitch `hz` and `effort` 0 to 1, both of shape (n,).

    `rough` adds irregular periods (0.3 is a scream), `doubled` makes every second period weaker
    and late, the creak of a strained voice; both may change in time.
    """
    steady = phase(hz)
    cycles = np.arange(int(steady[-1]) + 2)
    places = np.minimum(np.searchsorted(steady, cycles), len(hz) - 1)
    strained = np.broadcast_to(doubled, hz.shape)[places]
    irregular = np.broadcast_to(rough, hz.shape)[places]
    odd = cycles % 2 == 1
    period = 1 + (larynx.jitter + irregular) * rng.standard_normal(len(cycles))
    period = np.clip(period + np.where(odd, -0.12, 0.12) * strained, 0.5, 1.8)
    starts = np.concatenate([[0.0], np.cumsum(period)])
    turn = np.interp(steady, starts / starts[-1] * len(cycles), np.arange(len(starts)))
    strength = 1 + (larynx.shimmer + irregular) * rng.standard_normal(len(cycles) + 1)[:-1]
    strength *= 1 - 0.6 * np.minimum(strained, 1) * odd
    cycle = turn.astype(np.int32)
    where = ((turn - cycle) * _TABLE).astype(np.int32)
    tense, _ = _lf_pulse(larynx.tense)
    lax, flow = _lf_pulse(larynx.lax)
    wave = lax[where] + np.minimum(effort, 1) * (tense - lax)[where]
    wave *= strength[np.minimum(cycle, len(strength) - 1)]
    air = rng.standard_normal(len(hz), np.float32) * (larynx.breath * (0.15 + flow))[where]
    return np.asarray((wave + air) * effort)


def _loss(hz: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Width in Hz of a resonance at `hz`: the higher, the more is lost at the lips."""
    return np.asarray(70 + 25 * (hz / 1000) ** 1.5, np.float32)


@lru_cache(maxsize=32)
def _tube(size: float) -> Spectra:
    """Inverse of an even tube, all its poles but the first four, shape (1, bins)."""
    inverse = np.cos(np.pi * (_HZ - 0.5j * _loss(_HZ)) / (1000 * size))
    for pole in np.asarray(_NEUTRAL, np.float32) * size:
        inverse = inverse / (1 - (_HZ / pole) ** 2 + 1j * _HZ * _loss(pole) / pole**2)
    return np.asarray(inverse[None], np.complex64)


def cascade(tracks: Signal, widths: Signal, size: float = 1.0) -> Spectra:
    """A mouth's transfer functions from formant `tracks` in Hz, shape (frames, 4).

    `widths` in Hz broadcast to them. `size` scales the fixed poles above: 1 a man's tract of
    17.5 cm, 1.17 a woman's, 1.4 a child's.
    """
    hz = _HZ[None, :]
    every = slice(None, None, _HELD)
    tracks, widths = tracks[every], np.broadcast_to(widths, tracks.shape)[every]
    inverse = np.repeat(_tube(size), len(tracks), 0)
    square = hz**2
    for index in range(tracks.shape[1]):
        pole = np.maximum(tracks[:, index, None], 60).astype(np.float32)
        width = widths[:, index, None].astype(np.float32)
        factor = np.empty((len(tracks), len(_HZ)), np.complex64)
        factor.real = 1 - square / pole**2
        factor.imag = hz * (width / pole**2)
        inverse *= factor
    spectra: Spectra = np.repeat(np.reciprocal(inverse, out=inverse), _HELD, 0)
    return spectra


def hiss(centre: Signal, octaves: Signal, heard: npt.NDArray[np.bool_]) -> Spectra:
    """Transfer functions of a narrow passage, silent in the frames that are not `heard`.

    A band at `centre` Hz, `octaves` wide, both of shape (frames,).
    """
    spectra = np.zeros((len(centre), len(_HZ)), np.complex64)
    wide = octaves[heard, None].astype(np.float32) / 2
    peak = np.log2(centre[heard, None]).astype(np.float32)
    distance = (np.log2(np.maximum(_HZ[None, :], 40)) - peak) / wide
    above = 0.6  # turbulence falls more slowly above its peak
    spectra[heard] = np.exp(-0.5 * (distance * np.where(distance < 0, 1, above)) ** 2)
    return spectra


def through(n: int, *parts: tuple[Signal, Spectra]) -> Signal:
    """The sum of sources, each of shape (n,) through its own moving transfer function."""
    count = control_frames(n)
    window = signal.windows.hann(_PIECE, sym=False).astype(np.float32)
    total: npt.NDArray[np.complex64] | None = None
    for source, spectra in parts:
        padded = np.zeros((count + 1) * CONTROL_HOP, np.float32)
        padded[CONTROL_HOP : CONTROL_HOP + n] = source
        pieces = np.lib.stride_tricks.sliding_window_view(padded, _PIECE)[::CONTROL_HOP][:count]
        heard = fft.rfft(pieces * window, _FFT) * spectra[:count]
        total = heard if total is None else total + heard
    ringing = fft.irfft(total, _FFT)
    out = np.zeros((count + _FFT // CONTROL_HOP) * CONTROL_HOP)
    for part in range(_FFT // CONTROL_HOP):
        piece = ringing[:, part * CONTROL_HOP : (part + 1) * CONTROL_HOP].ravel()
        out[part * CONTROL_HOP : part * CONTROL_HOP + len(piece)] += piece
    return out[CONTROL_HOP : CONTROL_HOP + n]


VOWELS: dict[str, tuple[float, float, float]] = {
    "i": (280, 2250, 3000),
    "I": (390, 1990, 2550),
    "e": (430, 2080, 2600),
    "E": (530, 1840, 2480),
    "a": (660, 1650, 2430),
    "A": (740, 1120, 2480),
    "O": (570, 850, 2420),
    "o": (450, 830, 2350),
    "U": (430, 1020, 2240),
    "u": (310, 870, 2250),
    "V": (630, 1200, 2400),
    "@": (500, 1450, 2480),
    "y": (290, 1800, 2250),
    "3": (480, 1350, 1690),
}
"""First three formants of a man's vowels in Hz, about those of Peterson and Barney (1952)."""
FOURTH = 3500.0
"""The fourth formant of a man in Hz, which hardly moves."""


def vowel_tracks(
    n: int, points: Sequence[tuple[float, str]], size: float, ease: float = 0.0
) -> Signal:
    """Tracks (frames, 4) that glide through vowels, each at a fraction of the length.

    `ease` (0 to 1) mixes in the neutral vowel, as slack mouths do.
    """
    where = [place for place, _ in points]
    targets = np.array([(*VOWELS[vowel], FOURTH) for _, vowel in points])
    targets = (1 - ease) * targets + ease * np.array([(*VOWELS["@"], FOURTH)])
    at = np.linspace(0, 1, control_frames(n))
    return size * np.stack([np.interp(at, where, column) for column in targets.T], axis=1)


VOWEL_WIDTHS = np.array([80.0, 100.0, 140.0, 220.0])
"""Widths in Hz of the four moving formants of an open mouth."""
