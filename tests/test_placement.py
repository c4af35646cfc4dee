"""Where and how precisely the model computes."""

from __future__ import annotations

import platform
from dataclasses import replace

import pytest
import torch
from torch import nn

from core.audiostory import AudioStory, load_audiostory
from core.language.packing import X86, PackedLinear, pack, packs
from core.language.stream import PlannedEvent
from core.placement import Placement, on_processor
from core.profile import load_profile

where_it_packs = pytest.mark.skipif(not packs(), reason="weights are not packed on this machine")


@pytest.mark.parametrize("multiplies", [True, False])
@pytest.mark.parametrize("packing", [True, False])
def test_a_processor_takes_the_quick_ways_that_it_has_if_the_profile_allows_it(
    multiplies: bool, packing: bool
) -> None:
    quick = load_profile("pocket")
    chosen = on_processor(quick, multiplies=multiplies, packing=packing)
    assert chosen == Placement(performing=torch.bfloat16 if multiplies else None, packed=packing)
    exact = replace(quick, quick=False)
    assert on_processor(exact, multiplies=multiplies, packing=packing) == Placement()


def test_this_kind_of_processor_packs_weights_where_it_was_tried() -> None:
    assert packs() == (platform.machine() in X86)


def test_only_pocket_allows_it() -> None:
    assert load_profile("pocket").quick
    assert not load_profile("audiostory-3b").quick


@where_it_packs
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(1, 1), (2, 9), (1, 116), (300,)])
def test_packed_layers_multiply_as_linear_ones_do(bias: bool, shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(576, 192, bias=bias), nn.Sequential(nn.Linear(192, 40)))
    module.requires_grad_(False)
    x = torch.randn(*shape, 576)
    across = torch.randn(576, *shape).movedim(0, -1)
    plain = [module(x), module(across)]
    pack(module)
    assert isinstance(module[0], PackedLinear)
    assert isinstance(module[1][0], PackedLinear)
    for ours, theirs in zip([module(x), module(across)], plain, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5)
    assert torch.equal(module(x), module(x))


@where_it_packs
def test_the_packed_director_conditions_as_before(pocket: AudioStory) -> None:
    packed = load_audiostory(load_profile("pocket"), Placement(packed=True))
    exact, near = (rain(model) for model in (pocket, packed))
    assert (near - exact).norm() / exact.norm() < 1e-4


def test_pocket_sounds_the_same_in_bf16(pocket: AudioStory) -> None:
    coarse = load_audiostory(load_profile("pocket"), Placement(performing=torch.bfloat16))
    assert coarse.bridge.fuser.in_proj_weight.dtype == torch.float32
    assert coarse.performer.negative.dtype == torch.bfloat16
    exact, near = latents(pocket), latents(coarse)
    assert near.dtype == torch.float32
    off = (near - exact).norm() / exact.norm()
    assert 0.0 < off < 0.02


def rain(model: AudioStory) -> torch.Tensor:
    """The condition of a single event."""
    return model.conditions("rain", 3.0, "", [PlannedEvent("steady rain on a roof", 3.0)])


def latents(model: AudioStory) -> torch.Tensor:
    """What the draft's sampler makes of a single event."""
    condition = rain(model)
    assert condition.dtype == torch.float32
    frames = model.codec.frames(3.0)
    return model.performer.render(condition, [3.0], frames, [0], model.profile.draft)
