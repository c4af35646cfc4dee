"""Which recordings test the performer: chosen by source recording, never by crop.

Two files may hold the same take, cut or encoded differently. Such files are found by the
peak of their normalised cross-correlation and always fall on the same side.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
from scipy.fft import irfft, next_fast_len, rfft

_Signal = npt.NDArray[np.float64]
_RATE = 11_025
COMPARED_SECONDS = 12.0
SAME_TAKE = 0.85


def held_out_count(files: int) -> int:
    """How many of a class's recordings to hold out."""
    if files < 3:
        return 0
    if files < 6:
        return min(files // 2, 2)
    return int(np.clip(round(0.3 * files), 3, 12))


def _excerpt(path: Path) -> _Signal:
    """The first seconds, with weight on what is above the rumble."""
    info = soundfile.info(path)
    frames = int(COMPARED_SECONDS * info.samplerate)
    samples, rate = soundfile.read(path, frames=frames, dtype="float64")
    x = soxr.resample(samples, rate, _RATE)
    return np.append(x[:1], x[1:] - 0.95 * x[:-1])


def likeness(a: _Signal, b: _Signal) -> float:
    """Largest normalised cross-correlation of the shorter signal with any cut of the longer."""
    short, long = sorted((a, b), key=len)
    size = next_fast_len(len(short) + len(long), real=True)
    found = irfft(rfft(long, size) * np.conj(rfft(short, size)), size)
    cuts = found[: len(long) - len(short) + 1]
    energy = np.cumsum(np.append(0.0, long**2))
    level = energy[len(short) :] - energy[: len(long) - len(short) + 1]
    enough = level > 0.1 * level.max()
    scale = np.sqrt(np.sum(short**2) * level[enough]) + 1e-12
    return float(np.max(np.abs(cuts[enough]) / scale))


def group_takes(paths: list[Path]) -> list[list[Path]]:
    """The files grouped by take, each group and the list of groups in the order given."""
    excerpts = [_excerpt(path) for path in paths]
    group = list(range(len(paths)))
    for i, a in enumerate(excerpts):
        for j in range(i):
            if group[i] != group[j] and likeness(a, excerpts[j]) > SAME_TAKE:
                old, new = max(group[i], group[j]), min(group[i], group[j])
                group = [new if g == old else g for g in group]
    return [[p for p, g in zip(paths, group, strict=True) if g == k] for k in sorted(set(group))]


def choose_held_out(groups: list[list[Path]]) -> set[Path]:
    """The recordings of one class that are held out, by hash of the names."""
    room = held_out_count(sum(len(group) for group in groups))
    chosen: set[Path] = set()
    for group in sorted(groups, key=lambda g: hashlib.sha256(g[0].name.encode()).digest()):
        if len(chosen) + len(group) <= room:
            chosen.update(group)
    return chosen
