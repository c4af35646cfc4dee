"""Does an event of any length come out at exactly that length, without a loop and without a seam?

A loop shows in the autocorrelation of the sound's envelopes: at its period they are alike again,
while those of a texture that only drifts grow less and less alike. A seam shows as a change of the
spectrum that is larger where two windows of the performer meet than elsewhere. And a steady texture
keeps its level.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from core.codec.griffin_lim import Stft
from core.listener.aisfx import AISFX_RATE
from core.performer import flow

LENGTHS = (0.5, 1.0, 3.3, 12.0, 30.0, 60.0)
"""Seconds that are asked for."""
HOP_SECONDS = 0.02
_BANDS = 24
SHORTEST_PERIOD = 1.0
"""Seconds; what comes back sooner is a rhythm of the sound, not a loop."""
AROUND = 0.5
"""Seconds before and after a moment that are compared for a seam."""
SLOWLY = 3.0
"""Seconds over which a level is taken that must not wander in a steady texture."""


def band_levels(sound: Tensor) -> Tensor:
    """Log levels (T, 24) of 24 bands every 20 ms, of a mono sound (N,) at 44.1 kHz."""
    hop = round(HOP_SECONDS * AISFX_RATE)
    stft = Stft(4 * hop)
    whole = sound[: len(sound) // hop * hop]
    power = stft.forward(whole).abs().square()
    edges = torch.logspace(0.5, torch.log10(torch.tensor(power.shape[1])).item(), _BANDS + 1)
    whole_bins = [int(edge) for edge in edges]
    bands = [power[:, a : max(a + 1, b)].mean(1) for a, b in pairwise(whole_bins)]
    return torch.log(torch.stack(bands, dim=1) + 1e-8)


def periodicity(sound: Tensor) -> tuple[float, float]:
    """How strongly the band envelopes come back, and after how many seconds.

    The largest rise of their normalised autocorrelation over its lowest value at a shorter lag:
    near 1 for a loop, 0 for a sound that changes slowly and does not come back, about 0.1 for a
    minute of noise. Lags from 1 s to half the sound: at the last ones a slow drift up and down
    counts as a period, too.
    """
    levels = band_levels(sound)
    levels = levels - levels.mean(0)
    count = len(levels)
    spectra = torch.fft.rfft(levels, n=2 * count, dim=0)
    correlation = torch.fft.irfft(spectra.abs().square().sum(1))[: count // 2]
    overlap = torch.arange(count, count - count // 2, -1)
    normalised = correlation / overlap / (correlation[0] / count).clamp_min(1e-12)
    first = round(SHORTEST_PERIOD / HOP_SECONDS)
    rise = normalised - normalised.cummin(0).values
    lag = first + int(rise[first:].argmax())
    return float(rise[lag]), lag * HOP_SECONDS


def seam_contrast(sound: Tensor, seams: list[float]) -> float:
    """Mean change of the spectrum at `seams` (s) over its mean everywhere; 1: no seam shows.

    The change at a moment is the distance of the mean band levels of the half-seconds around it.
    """
    levels = band_levels(sound)
    width = round(AROUND / HOP_SECONDS)
    means = F.avg_pool1d(levels.T[None], width, stride=1)[0].T
    change = (means[width:] - means[:-width]).square().mean(1).sqrt()
    places = [round(s / HOP_SECONDS) - width for s in seams]
    inside = [p for p in places if 0 <= p < len(change)]
    return float(change[inside].mean() / change.mean()) if inside else float("nan")


def wandering(sound: Tensor) -> float:
    """By how many dB the loudest 3 s of a sound (N,) lie above the softest."""
    length = round(SLOWLY * AISFX_RATE)
    parts = sound[: len(sound) // length * length].reshape(-1, length)
    levels = 10.0 * torch.log10(parts.square().mean(1) + 1e-12)
    return float(levels.max() - levels.min())


def window_joints(total: int, longest: int, frame_seconds: float) -> list[float]:
    """Where the performer's windows begin and end, in seconds (see `core.performer.flow.windows`).

    Args:
        total: latent frames of the event.
        longest: latent frames of a window at most.
    """
    length, starts = flow.windows(total, longest)
    joints = {frame for start in starts for frame in (start, start + length)} - {0, total}
    return [frame * frame_seconds for frame in sorted(joints)]


@dataclass(frozen=True)
class DurationCheck:
    """What a render of a length turned out to be.

    Attributes:
        asked: seconds.
        exact: it has exactly as many samples as were asked for.
        periodicity, period: of its band envelopes; not a number for events under 10 s.
        seam: contrast of the spectrum's change at the performer's windows.
        wandering: of its level, dB; not a number for events under 10 s.
    """

    asked: float
    exact: bool
    periodicity: float
    period: float
    seam: float
    wandering: float


def measure_duration(sound: Tensor, asked: float, seams: list[float]) -> DurationCheck:
    """Measures a render (N,) of `asked` seconds."""
    exact = len(sound) == round(asked * AISFX_RATE)
    long = asked >= 10.0
    strength, period = periodicity(sound) if long else (float("nan"), float("nan"))
    wanders = wandering(sound) if long else float("nan")
    return DurationCheck(asked, exact, strength, period, seam_contrast(sound, seams), wanders)
