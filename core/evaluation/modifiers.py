"""Is what is said to be far away heard far away, what is loud loud, what is fast fast?

The same caption is rendered twice with the same seed, with a modifier and with its opposite. What
the words promise is measured on the sound: what is far away or softly done is softer and duller,
what is fast strikes more often. By chance half of the pairs are in the right order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

import torch
import torch.nn.functional as F
from torch import Tensor

from core.corpus.modifiers import in_series
from core.corpus.vocabulary import BY_NAME
from core.evaluation.duration import band_levels
from core.evaluation.renders import Request
from core.listener.aisfx import AISFX_RATE

_SECONDS = 4.0
_QUIET = 1e-7
BRIGHT = 2000.0
"""Hertz: of what is far away, or softly done, less lies above."""
ATTACK = 1.5
"""How many deviations above the mean the rise of the bands is at the onset of a shot."""


@dataclass(frozen=True)
class Contrast:
    """A modifiers and its opposite.

    Attributes:
        less, more: what is added to a caption, in words of the training captions and in others.
        measures: of which the sound said to be `less` has less.
    """

    name: str
    less: tuple[str, str]
    more: tuple[str, str]
    measures: tuple[str, ...]


WORDS = ("seen", "unseen")
CONTRASTS = (
    Contrast(
        "distance",
        ("in the distance", "a very long way off"),
        ("nearby", "right in front of you"),
        ("level", "brightness"),
    ),
    Contrast(
        "strength",
        ("softly", "almost inaudible"),
        ("loudly", "with tremendous force"),
        ("level", "brightness"),
    ),
    Contrast(
        "tempo",
        ("slowly", "one every few seconds"),
        ("quickly", "in rapid succession"),
        ("onsets",),
    ),
)


def rms_level(sound: Tensor) -> float:
    """RMS in dB of full scale of a mono sound (N,)."""
    return 10.0 * float(torch.log10(sound.square().mean() + _QUIET))


def brightness(sound: Tensor) -> float:
    """Power above 2 kHz, in dB of the whole, of a mono sound (N,)."""
    power = torch.fft.rfft(sound).abs().square()
    above = power[torch.fft.rfftfreq(len(sound), 1 / AISFX_RATE) > BRIGHT]
    return 10.0 * float(torch.log10((above.sum() + _QUIET) / (power.sum() + _QUIET)))


def onsets(sound: Tensor) -> float:
    """Onsets a second of a mono sound (N,): peaks of the rise of its bands' levels."""
    rise = band_levels(sound).diff(dim=0).clamp_min(0.0).mean(1)
    smooth = F.avg_pool1d(rise[None, None], 3, stride=1, padding=1)[0, 0]
    inner = smooth[1:-1]
    peaks = (inner > smooth[:-2]) & (inner >= smooth[2:])
    strong = inner > smooth.mean() + ATTACK * smooth.std()
    return int((peaks & strong).sum()) / (len(sound) / AISFX_RATE)


MEASURES: dict[str, Callable[[Tensor], float]] = {
    "level": rms_level,
    "brightness": brightness,
    "onsets": onsets,
}


@dataclass(frozen=True)
class Ordered:
    """How many pairs a measure puts in the right order, and by how much on average (dB, and
    onsets a second)."""

    contrast: str
    words: str
    measure: str
    pairs: int
    right: float
    difference: float


def ordered(
    names: Sequence[str], render: Callable[[Request], Tensor], say: Callable[[str], None]
) -> Iterator[Ordered]:
    """Every contrast in words of both kinds, over the classes that can have it.

    Args:
        render: the mono sound (N,) of a request.
    """
    for contrast in CONTRASTS:
        for kind, less, more in zip(WORDS, contrast.less, contrast.more, strict=True):
            differences: dict[str, list[float]] = {m: [] for m in contrast.measures}
            for name in names:
                if contrast.name == "tempo" and not in_series(name):
                    continue
                caption = BY_NAME[name].caption
                pair = [
                    render(Request(f"{caption} {words}", _SECONDS, 0)) for words in (less, more)
                ]
                for measure, found in differences.items():
                    first, second = (MEASURES[measure](sound) for sound in pair)
                    found.append(second - first)
                changes = ", ".join(f"{m} {found[-1]:+.2f}" for m, found in differences.items())
                say(f"{contrast.name}, {kind} words: {name}: {changes}")
            for measure, found in differences.items():
                if found:
                    right = fmean(d > 0 for d in found)
                    yield Ordered(contrast.name, kind, measure, len(found), right, fmean(found))
