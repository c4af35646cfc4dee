"""The pocket model's renders, as they were: latents and levels within tolerance, path by path."""

from __future__ import annotations

import pytest
import torch
from golden_renders import GOLDEN, PATHS, QUIETEST, measured
from safetensors.torch import load_file

from core.audiostory import AudioStory, load_audiostory
from core.placement import multiplies_bf16

LATENTS = 1e-2
"""Largest distance of latents from the golden ones, relative to their norm."""
LEVELS = 0.1
"""dB."""

with_units = pytest.mark.skipif(not multiplies_bf16(), reason="no units for bf16 here")


@pytest.mark.parametrize("path", ["fp32", pytest.param("bf16", marks=with_units)])
def test_the_pocket_model_renders_what_it_rendered(pocket: AudioStory, path: str) -> None:
    golden = load_file(GOLDEN / f"renders-{path}.safetensors")
    plain = PATHS[path] == pocket.placement
    now = measured(pocket if plain else load_audiostory(pocket.profile, PATHS[path]))
    assert now.keys() == golden.keys()
    far: list[str] = []
    for name, wanted in golden.items():
        found = now[name].float()
        assert found.shape == wanted.shape, name
        if name.endswith("latents"):
            distance = (found - wanted.float()).norm() / wanted.float().norm()
            far += [f"{name}: {distance:.4f}"] * bool(distance > LATENTS)
        else:
            apart = (found - wanted)[wanted > QUIETEST].abs().max()
            far += [f"{name}: {apart:.2f} dB"] * bool(apart > LEVELS)
    assert not far, far


def test_the_golden_files_are_small_and_the_paths_differ() -> None:
    files = [GOLDEN / f"renders-{path}.safetensors" for path in PATHS]
    assert sum(file.stat().st_size for file in files) < 200_000
    fp32, bf16 = (load_file(file) for file in files)
    latents = [name for name in fp32 if name.endswith("latents")]
    assert any(not torch.equal(fp32[name], bf16[name]) for name in latents)
