"""The bridge: H = (T_semantic + Cross-Attn(T_semantic, T_residual, T_residual)) / scale."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from core.bridge.bridge import Bridge
from core.profile import BridgeConfig
from core.training.lesson import Ablation
from core.training.objective import bridge_states

HIDDEN, EVENTS = 20, 3
CONFIG = BridgeConfig(semantic_tokens=5, residual_tokens=4, width=24, heads=3, scale=1.7)


@pytest.fixture
def bridge() -> Bridge:
    torch.manual_seed(0)
    bridge = Bridge(HIDDEN, CONFIG)
    with torch.no_grad():  # biases begin at zero, where they would be missed by no one
        for parameter in bridge.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape))
    return bridge.eval().requires_grad_(False)


def states(seed: int, count: int) -> Tensor:
    return torch.randn(EVENTS, count, HIDDEN, generator=torch.Generator().manual_seed(seed))


def attention(bridge: Bridge, query: Tensor, keys: Tensor) -> Tensor:
    """Multi-head cross-attention by the textbook, one head after the other."""
    weights, biases = bridge.fuser.in_proj_weight.chunk(3), bridge.fuser.in_proj_bias.chunk(3)
    q, k, v = (x @ w.T + b for x, w, b in zip((query, keys, keys), weights, biases, strict=True))
    size = CONFIG.width // CONFIG.heads
    heads = []
    for h in range(CONFIG.heads):
        part = slice(h * size, (h + 1) * size)
        scores = q[..., part] @ k[..., part].transpose(1, 2) / math.sqrt(size)
        heads.append(scores.softmax(-1) @ v[..., part])
    out = bridge.fuser.out_proj
    return torch.cat(heads, dim=-1) @ out.weight.T + out.bias


def test_the_condition_is_what_the_paper_says(bridge: Bridge) -> None:
    semantic, residual = states(1, 5), states(2, 4)
    bridged = bridge(semantic, residual)
    assert bridged.semantic.shape == (EVENTS, 5, CONFIG.width)
    assert bridged.residual.shape == (EVENTS, 4, CONFIG.width)
    attended = attention(bridge, bridged.semantic, bridged.residual)
    assert attended.norm() > 0.05 * bridged.semantic.norm()
    torch.testing.assert_close(bridged.condition, (bridged.semantic + attended) / 1.7)


def test_each_kind_of_token_has_its_own_projector(bridge: Bridge) -> None:
    one, other = bridge(states(1, 5), states(2, 4)), bridge(states(1, 5), states(3, 4))
    assert torch.equal(one.semantic, other.semantic)
    assert (one.residual - other.residual).norm() > 0.5 * one.residual.norm()
    again = bridge(states(4, 5), states(2, 4))
    assert torch.equal(one.residual, again.residual)
    assert (one.semantic - again.semantic).norm() > 0.5 * one.semantic.norm()


def test_the_order_of_residual_tokens_says_nothing_and_that_of_semantic_ones_is_kept(
    bridge: Bridge,
) -> None:
    semantic, residual = states(1, 5), states(2, 4)
    whole = bridge(semantic, residual).condition
    torch.testing.assert_close(bridge(semantic, residual.flip(1)).condition, whole)
    torch.testing.assert_close(bridge(semantic.flip(1), residual).condition, whole.flip(1))


def test_without_residual_tokens_the_condition_hears_nothing_of_them(bridge: Bridge) -> None:
    ablation = Ablation(residual=False)
    one, other = (bridge_states(bridge, states(1, 5), states(seed, 4), ablation) for seed in (2, 3))
    assert torch.equal(one.condition, other.condition)
    nothing = torch.zeros(EVENTS, 4, CONFIG.width)
    attended = attention(bridge, one.semantic, nothing)
    torch.testing.assert_close(one.condition, (one.semantic + attended) / 1.7)
    full = bridge_states(bridge, states(1, 5), states(2, 4), Ablation())
    assert (full.condition - one.condition).norm() > 0.05 * one.condition.norm()
