"""Where and how precisely the model computes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from core import placement
from core.audiostory import AudioStory, load_audiostory
from core.grammar import PlannedEvent
from core.placement import Placement, best_placement
from core.profile import load_profile

WEIGHTS = {"director": 1, "performer": 1}


@pytest.mark.parametrize("multiplies", [True, False])
@pytest.mark.parametrize("half", [True, False])
def test_a_processor_performs_in_bf16_if_it_has_units_for_it_and_the_profile_allows_it(
    monkeypatch: pytest.MonkeyPatch, multiplies: bool, half: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(placement, "multiplies_bf16", lambda: multiplies)
    chosen = best_placement(replace(load_profile("pocket"), half=half), WEIGHTS)
    assert chosen == Placement(performing=torch.bfloat16 if multiplies and half else None)


def test_only_pocket_allows_it() -> None:
    assert load_profile("pocket").half
    assert not load_profile("audiostory-3b").half


def test_pocket_sounds_the_same_in_bf16() -> None:
    fine, coarse = (
        load_audiostory(load_profile("pocket"), Placement(performing=dtype))
        for dtype in (None, torch.bfloat16)
    )
    assert coarse.bridge.fuser.in_proj_weight.dtype == torch.float32
    assert coarse.performer.negative.dtype == torch.bfloat16
    exact, near = latents(fine), latents(coarse)
    assert near.dtype == torch.float32
    off = (near - exact).norm() / exact.norm()
    assert 0.0 < off < 0.02


def latents(model: AudioStory) -> torch.Tensor:
    """What the draft's sampler makes of a single event."""
    events = [PlannedEvent("steady rain on a roof", 3.0)]
    condition = model.conditions("rain", 3.0, "", events)
    assert condition.dtype == torch.float32
    frames = model.codec.frames(3.0)
    return model.performer.render(condition, [3.0], frames, [0], model.profile.draft)
