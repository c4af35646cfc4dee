"""Fits the codec of two resolutions on the training clips of a corpus. Deterministic.

python app.py train codec --kind two-resolution --manifest DIR/manifest.jsonl --out FILE
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from core.codec.levels import Grain, Levels, measure_levels
from core.codec.two_resolution import (
    POWER,
    SCATTERING,
    Components,
    TwoResolutionCodec,
    TwoResolutionFit,
    distances,
    spectrum_and_movement,
)
from core.training.fit_codec import fitted_waveforms

SPECTRUM_CHANNELS = 160
MOVEMENT_CHANNELS = 96
_PATCHES = 40_000
"""Patches to fit on, half an hour."""
_NOISE_PATCHES = 400
"""Of white noise, whose scatter is the measure: 19 s."""


def fit_levels(blocks: Sequence[Levels], spectrum: int, movement: int) -> TwoResolutionFit:
    """The fit of the levels of waveforms.

    How far levels scatter around the expected ones is regressed on the latents; they are white, so
    the slope is a plain mean of products.

    Args:
        spectrum, movement: components of either part.
    """
    rows = [spectrum_and_movement(block) for block in blocks]
    first = components(torch.cat([row[0] for row in rows]), spectrum)
    second = components(torch.cat([row[1] for row in rows]), movement)
    total, channels = sum(len(row[0]) for row in rows), spectrum + movement
    spread, slope = torch.zeros(SCATTERING), torch.zeros(channels, SCATTERING)
    fit = TwoResolutionFit(first, second, spread, slope, noise_spread())
    for block in blocks:
        latents = fit.latents(block)
        distance = distances(block, fit.levels(latents))
        spread += distance.sum(0) / total
        slope += latents.T @ distance / total
    return fit


def components(rows: Tensor, count: int) -> Components:
    """The first `count` principal components of rows (T, P); signs are fixed."""
    mean = rows.mean(0)
    centred = (rows - mean).double()
    values, vectors = torch.linalg.eigh(centred.T @ centred / len(rows))
    found = vectors.flip(1)[:, :count].T
    largest = found.gather(1, found.abs().argmax(1, keepdim=True))
    stored = (found * torch.sign(largest)).half().float()  # so that the residual is the real one
    return Components(mean, stored, values.flip(0)[:count].clamp_min(1e-12).sqrt().float())


def noise_spread() -> Tensor:
    """Mean distance (70,) of the levels of white noise from their means."""
    noise = Grain.drawn(_NOISE_PATCHES, torch.Generator().manual_seed(0)).scatter()
    middle = noise.map(
        lambda x: ((x**POWER).mean((0, 1), keepdim=True) ** (1 / POWER)).expand_as(x)
    )
    return distances(noise, middle).mean(0)


def fit_two_resolution_codec(
    manifest: Path,
    out: Path,
    spectrum: int = SPECTRUM_CHANNELS,
    movement: int = MOVEMENT_CHANNELS,
    patches: int = _PATCHES,
    seed: int = 0,
) -> TwoResolutionCodec:
    """Fits the codec on the training clips of `manifest` and writes it to `out`.

    Raises:
        AudioFileError: the manifest lists no usable clip, or a clip cannot be read.
    """
    blocks = [measure_levels(waveform) for waveform in fitted_waveforms(manifest, patches, seed)]
    TwoResolutionCodec(fit_levels(blocks, spectrum, movement)).save(out)
    return TwoResolutionCodec.load(out)
