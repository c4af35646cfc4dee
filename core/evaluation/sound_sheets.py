"""Sheets of spectrograms: a made clip of each candidate kind, beside a recording if there is one.

A family a sheet. Time runs to the right over the clip's length, frequency upwards on a logarithmic
axis, and black is `RANGE_DB` above white.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from scipy.signal import ShortTimeFFT
from scipy.signal.windows import hann

from core.corpus.candidates import CandidateKind
from core.corpus.recordings import SAMPLE_RATE, Waveform
from core.files import write_atomically

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RANGE_DB = 70.0
WINDOW, HOP = 1024, 256
"""Samples of a spectrum, and from one to the next."""
LOWEST, HIGHEST = 50.0, 20_000.0
"""Hz."""
ROWS = 96
"""Of a picture, between the lowest and the highest frequency."""
SHOWN_SECONDS = 5.0
"""Of a clip, at most."""
KINDS_A_ROW = 3
_TICKS = (100, 1000, 10_000)
_PANEL = (2.0, 1.2)
"""Width and height in inches."""
_DPI, _QUALITY = 90, 70


def draw_sheets(
    kinds: Sequence[CandidateKind],
    made: Mapping[str, Waveform],
    recorded: Mapping[str, Waveform],
    folder: Path,
) -> list[Path]:
    """Write a sheet of each family into `folder`; returns the files.

    Args:
        made, recorded: a clip of a kind by its name, at 44.1 kHz; a kind that was not made is left
            out.
    """
    families: dict[str, list[CandidateKind]] = defaultdict(list)
    for kind in kinds:
        if kind.name in made:
            families[kind.family].append(kind)
    sheets = []
    for family, members in families.items():
        sheets.append(folder / f"{family}.webp")
        write_atomically(sheets[-1], _sheet(members, made, recorded))
    return sheets


def log_spectrogram(samples: Waveform) -> npt.NDArray[np.float32]:
    """Levels in dB below the loudest, (ROWS, frames), the lowest frequency first."""
    transform = ShortTimeFFT(hann(WINDOW, sym=False), HOP, SAMPLE_RATE)
    padded = np.pad(samples, (0, max(0, WINDOW - len(samples))))
    power = transform.spectrogram(padded)
    wanted = np.geomspace(LOWEST, HIGHEST, ROWS)
    rows = np.stack([np.interp(wanted, transform.f, column) for column in power.T], axis=1)
    levels = 10 * np.log10(np.maximum(rows, 1e-12))
    return np.asarray(levels - levels.max(), dtype=np.float32)


def _sheet(
    kinds: Sequence[CandidateKind],
    made: Mapping[str, Waveform],
    recorded: Mapping[str, Waveform],
) -> bytes:
    lines = -(-len(kinds) // KINDS_A_ROW)
    size = (2 * KINDS_A_ROW * _PANEL[0], lines * _PANEL[1] + 0.2)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(lines, 2 * KINDS_A_ROW, squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
    for place, kind in enumerate(kinds):
        row, column = divmod(place, KINDS_A_ROW)
        left, right = panels[row, 2 * column : 2 * column + 2]
        _draw(left, made[kind.name], kind.name)
        if kind.name in recorded:
            _draw(right, recorded[kind.name], "recording")
    picture = io.BytesIO()
    figure.savefig(picture, format="webp", dpi=_DPI, pil_kwargs={"quality": _QUALITY})
    return picture.getvalue()


def _draw(axes: Axes, samples: Waveform, title: str) -> None:
    shown = samples[: int(SHOWN_SECONDS * SAMPLE_RATE)]
    axes.set_axis_on()
    axes.imshow(
        log_spectrogram(shown),
        origin="lower",
        aspect="auto",
        cmap="gray_r",
        vmin=-RANGE_DB,
        vmax=0.0,
        extent=(0.0, len(shown) / SAMPLE_RATE, 0.0, float(ROWS)),
    )
    places = [ROWS * np.log(hz / LOWEST) / np.log(HIGHEST / LOWEST) for hz in _TICKS]
    axes.set_yticks(places, [f"{hz / 1000:g}k" for hz in _TICKS], fontsize=5)
    axes.tick_params(axis="x", labelsize=5, length=2)
    axes.set_title(title, fontsize=7, pad=2)
