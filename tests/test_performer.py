"""The performer by its parts: noise, guidance, durations, solver, windows, cached blocks."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import FluxTransformer2DModel
from safetensors.torch import save_file
from torch import Tensor, nn

from core.errors import Cancelled, WeightsError
from core.performer import flow
from core.performer.flow_performer import FAST_WEIGHTS, seeded_noise
from core.performer.flux import DurationEmbedder, FluxPerformer
from core.performer.performer import WEIGHTS
from core.profile import PerformerConfig, RenderSettings, load_profile

TOKENS = 4
CONFIG: PerformerConfig = replace(
    load_profile("tiny").performer, temperature=1.25, order=2, shift=2.0, window_frames=24
)
"""Every field away from the value at which it would not be noticed."""


def performer(config: PerformerConfig = CONFIG) -> FluxPerformer:
    """A small random performer whose velocity depends on all it is given."""
    torch.manual_seed(0)
    made = FluxPerformer(config, TOKENS)
    nn.init.normal_(made.transformer.proj_out.weight, std=0.3)
    made.negative.normal_()
    return made.eval()


@pytest.fixture(scope="module")
def random() -> FluxPerformer:
    return performer()


def condition(count: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(7)
    return torch.randn(count, TOKENS, CONFIG.condition_width, generator=generator)


def silent(config: PerformerConfig) -> FluxPerformer:
    """A performer that changes nothing: its latents are the noise that it began from."""
    made = performer(config)
    nn.init.zeros_(made.transformer.proj_out.weight)
    nn.init.zeros_(made.transformer.proj_out.bias)
    return made


def test_a_duration_is_fourier_features_of_its_share_of_the_longest() -> None:
    torch.manual_seed(0)
    embedder = DurationEmbedder(5, max_seconds=8.0, frequencies=3)
    share = torch.tensor([[0.0], [0.25], [1.0], [1.0]])
    angles = 2.0 * math.pi * share * embedder.frequencies
    features = torch.cat([share, torch.sin(angles), torch.cos(angles)], 1)
    said = embedder(torch.tensor([-1.0, 2.0, 8.0, 30.0]))
    torch.testing.assert_close(said[:, 0], embedder.linear(features))
    assert said.shape == (4, 1, 5)


def test_the_noise_of_an_event_is_its_seeds_whatever_stands_beside_it() -> None:
    alone, beside = seeded_noise([5], 20, 64), seeded_noise([3, 5], 20, 64)
    assert torch.equal(alone[0], beside[1])
    assert torch.equal(alone[0], torch.randn(20, 64, generator=torch.Generator().manual_seed(5)))


def test_a_render_begins_from_noise_of_the_profiles_temperature() -> None:
    latents = silent(CONFIG).render(condition(2), [1.0, 1.0], 20, [3, 4], RenderSettings(2))
    torch.testing.assert_close(latents, 1.25 * seeded_noise([3, 4], 20, 64))


def test_a_fixed_canvas_is_rendered_whole_and_heard_from_its_beginning() -> None:
    fixed = silent(replace(CONFIG, fixed_frames=30, window_frames=0))
    assert (fixed.canvas(20), silent(CONFIG).canvas(20)) == (30, 20)
    latents = fixed.render(condition(), [1.0], 20, [3], RenderSettings(2))
    torch.testing.assert_close(latents, 1.25 * seeded_noise([3], 30, 64)[:, :20])


def test_a_velocity_is_the_transformers_over_condition_duration_and_frame_numbers(
    random: FluxPerformer,
) -> None:
    latents, t = torch.randn(2, 10, 64), torch.tensor([0.7, 0.2])
    given, seconds = condition(2), torch.tensor([1.0, 5.0])
    seen: list[dict[str, Any]] = []
    hook = random.transformer.register_forward_pre_hook(
        lambda module, args, kwargs: seen.append(kwargs), with_kwargs=True
    )
    velocity = random.velocity(latents, t, given, seconds)
    hook.remove()
    (kwargs,) = seen
    tokens = torch.cat([given, random.duration_embedder(seconds)], 1)
    pooled = torch.relu(random.pool[0](given.mean(1)))
    assert torch.equal(kwargs["hidden_states"], latents)
    assert torch.equal(kwargs["encoder_hidden_states"], tokens)
    torch.testing.assert_close(kwargs["pooled_projections"], pooled)
    assert torch.equal(kwargs["timestep"], t)
    assert torch.equal(kwargs["img_ids"], torch.arange(10.0)[:, None].expand(10, 3))
    assert torch.equal(kwargs["txt_ids"], torch.zeros(TOKENS + 1, 3))
    assert velocity.shape == latents.shape


def test_what_is_computed_in_half_precision_comes_back_as_it_went_in() -> None:
    half = performer().to(torch.bfloat16)
    latents, seconds = torch.randn(1, 10, 64), torch.tensor([1.0])
    coarse = half.velocity(latents, torch.tensor([0.5]), condition(), seconds)
    fine = performer().velocity(latents, torch.tensor([0.5]), condition(), seconds)
    assert coarse.dtype == torch.float32
    assert (coarse - fine).norm() < 0.05 * fine.norm()


@pytest.mark.parametrize("guidance", [1.0, 2.5, 0.5])
def test_guidance_goes_from_the_empty_caption_towards_the_condition(
    random: FluxPerformer, guidance: float
) -> None:
    latents, t = torch.randn(2, 10, 64), torch.tensor(0.6)
    given, seconds = condition(2), torch.tensor([1.0, 3.0])
    guided = random.guided_velocity(latents, t, given, seconds, guidance)
    positive = random.velocity(latents, t.expand(2), given, seconds)
    negative = random.velocity(latents, t.expand(2), random.negative.expand(2, -1, -1), seconds)
    wanted = negative + guidance * (positive - negative)
    torch.testing.assert_close(guided, wanted, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(positive, negative, atol=0.01)


def test_without_guidance_the_empty_caption_is_not_evaluated(random: FluxPerformer) -> None:
    sizes: list[int] = []
    hook = random.transformer.register_forward_pre_hook(
        lambda module, args, kwargs: sizes.append(len(kwargs["hidden_states"])), with_kwargs=True
    )
    random.render(condition(2), [1.0, 1.0], 10, [0, 1], RenderSettings(2, 1.0))
    random.render(condition(2), [1.0, 1.0], 10, [0, 1], RenderSettings(1, 2.0))
    hook.remove()
    assert sizes == [2, 2, 4]


@torch.no_grad()
def by_hand(made: FluxPerformer, frames: int, steps: int, guidance: float, order: int) -> Tensor:
    """A render of one window, step by step."""
    latents = made.config.temperature * seeded_noise([3], frames, 64)
    before = None
    for t, after in pairwise(flow.sigmas(steps, made.config.shift)):
        slope = made.guided_velocity(latents, t, condition(), torch.tensor([1.0]), guidance)
        length = after - t
        bend = 0.0
        if before is not None and order == 2:
            bend = length / (2 * before[0]) * (slope - before[1])
        latents = latents + length * (slope + bend)
        before = (length, slope)
    return latents


@pytest.mark.parametrize("order", [1, 2])
def test_a_render_integrates_by_the_profiles_order_and_shift(order: int) -> None:
    made = performer(replace(CONFIG, order=order))
    latents = made.render(condition(), [1.0], 12, [3], RenderSettings(4, 2.0))
    torch.testing.assert_close(latents, by_hand(made, 12, 4, 2.0, order), atol=1e-4, rtol=1e-3)
    other = by_hand(made, 12, 4, 2.0, 3 - order)
    assert not torch.allclose(latents, other, atol=1e-2)


def test_long_latents_are_rendered_in_windows_that_agree_until_late() -> None:
    """A recording says itself how the event is, and it may change in the course of it."""
    made = performer()
    seconds = torch.tensor([3.0 * CONFIG.window_frames / 60])

    def velocity(latents: Tensor, t: Tensor) -> Tensor:
        count = len(latents)
        conditions, lengths = condition().expand(count, -1, -1), seconds.expand(count)
        return made.guided_velocity(latents, t, conditions, lengths, 2.0)

    @torch.no_grad()
    def wanted(agreement: float) -> Tensor:
        def windowed(latents: Tensor, t: Tensor) -> Tensor:
            return flow.windowed(velocity, latents, t, CONFIG.window_frames, agreement)

        noise = 1.25 * seeded_noise([3], 60, 64)
        return flow.integrate(windowed, noise, flow.sigmas(3, 2.0), order=2)

    settings = RenderSettings(3, 2.0)
    anew = made.render(condition(), [3.0], 60, [3], settings)
    torch.testing.assert_close(anew, wanted(flow.AGREEMENT), atol=1e-4, rtol=1e-3)
    known = flow.KnownLatents(torch.zeros(1, 60, 64), torch.ones(1, 60))
    varied = made.render(condition(), [3.0], 60, [3], settings, known=known)
    torch.testing.assert_close(varied, wanted(1.0), atol=1e-4, rtol=1e-3)
    assert not torch.allclose(anew, varied, atol=1e-2)


def test_a_render_from_known_latents_takes_the_steps_through_their_strengths() -> None:
    made, taken = performer(), list[int]()
    known = flow.KnownLatents(torch.zeros(1, 10, 64), torch.tensor([[0.3] * 5 + [0.8] * 5]))
    settings = RenderSettings(6, 2.0)
    made.render(condition(), [1.0], 10, [3], settings, known=known, on_step=taken.append)
    levels = flow.levels_through(6, (0.8, 0.3, 0.0), CONFIG.shift)
    assert len(taken) == len(levels) - 1 == made.steps(settings, known)
    assert made.steps(settings) == 6


def test_a_fast_transformer_begins_as_a_copy_and_is_asked_for_by_the_sampler() -> None:
    made = performer()
    fast = RenderSettings(2, sampler="fast")
    with pytest.raises(WeightsError, match="no fast sampler"):
        made.render(condition(), [1.0], 10, [3], fast)
    copy = made.add_fast()
    assert made.fast is copy is not made.transformer
    for name, value in copy.state_dict().items():
        assert torch.equal(value, made.transformer.state_dict()[name])
    nn.init.zeros_(made.transformer.proj_out.weight)
    latents = made.render(condition(), [1.0], 10, [3], fast)
    torch.testing.assert_close(latents, by_hand(performer(), 10, 2, 1.0, 1), atol=1e-4, rtol=1e-3)


def test_the_weights_that_a_trainer_treats_alike_are_the_matrices_of_the_blocks() -> None:
    made = performer()
    known = {id(weight) for weight in made.block_weights()}
    blocks = [*made.transformer.transformer_blocks, *made.transformer.single_transformer_blocks]
    matrices = [w for block in blocks for w in block.parameters() if w.ndim == 2]
    assert known == {id(weight) for weight in matrices}
    assert id(made.transformer.x_embedder.weight) not in known


def test_both_transformers_are_compiled_block_by_block_unless_blocks_are_skipped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compiled: list[tuple[nn.Module, bool | None]] = []
    real = FluxTransformer2DModel.compile_repeated_blocks

    def watched(transformer: FluxTransformer2DModel, *, dynamic: bool | None = False) -> None:
        compiled.append((transformer, dynamic))
        real(transformer, dynamic=dynamic)

    monkeypatch.setattr(FluxTransformer2DModel, "compile_repeated_blocks", watched)
    made = performer()
    made.compile_blocks()
    assert compiled == [(made.transformer, True)]
    blocks = [*made.transformer.transformer_blocks, *made.transformer.single_transformer_blocks]
    assert all(block._compiled_call_impl is not None for block in blocks)
    compiled.clear()
    copy = made.add_fast()
    made.compile_blocks(dynamic=None)
    assert compiled == [(made.transformer, None), (copy, None)]
    compiled.clear()
    performer(replace(CONFIG, cache=9.0)).compile_blocks()
    assert compiled == []


def test_an_event_is_counted_with_what_one_block_holds_of_it_at_two_bytes_a_number() -> None:
    """Everything that the layers of the widest block put out, for both halves of guidance."""
    made = performer()
    held: dict[nn.Module, int] = {}
    blocks = [*made.transformer.transformer_blocks, *made.transformer.single_transformer_blocks]

    def count(block: nn.Module) -> Callable[[nn.Module, Any, Any], None]:
        def add(layer: nn.Module, inputs: Any, output: Tensor) -> None:
            held[block] = held.get(block, 0) + output.numel()

        return add

    for block in blocks:
        for layer in block.modules():
            if isinstance(layer, nn.Linear):
                layer.register_forward_hook(count(block))
    frames = CONFIG.window_frames
    made.render(condition(), [1.0], frames, [3], RenderSettings(1, 2.0))
    widest = 2 * max(held.values())
    assert widest <= made.event_bytes() <= 2 * widest
    unbounded = performer(replace(CONFIG, window_frames=0))
    assert unbounded.event_bytes() > 10 * made.event_bytes()


def test_each_step_is_announced_and_a_cancelled_render_makes_no_further_one() -> None:
    made, cancel = performer(), threading.Event()
    steps: list[int] = []

    def on_step(step: int) -> None:
        steps.append(step)
        if step == 2:
            cancel.set()

    settings = RenderSettings(5, 2.0)
    made.render(condition(), [1.0], 10, [3], settings, on_step=lambda step: steps.append(-step))
    assert steps == [0, -1, -2, -3, -4]
    steps.clear()
    with pytest.raises(Cancelled):
        made.render(condition(), [1.0], 10, [3], settings, on_step=on_step, cancel=cancel)
    assert steps == [0, 1, 2]


@pytest.mark.parametrize(("cache", "frames", "spared"), [(0.0, 20, 0), (9.0, 20, 5), (9.0, 30, 0)])
def test_the_cache_spares_later_blocks_in_one_window_alone(
    cache: float, frames: int, spared: int
) -> None:
    """Where the first block hardly moves, the later ones' last output is taken again."""
    made = performer(replace(CONFIG, cache=cache))
    calls: list[int] = []
    later = made.transformer.single_transformer_blocks[0].attn
    hook = later.register_forward_hook(lambda module, inputs, output: calls.append(1))
    for _ in range(2):
        calls.clear()
        made.render(condition(), [1.0], frames, [3], RenderSettings(6, 2.0))
        assert len(calls) == 6 - spared
    hook.remove()
    assert not made.transformer.is_cache_enabled


def test_weights_are_kept_by_file_the_distilled_ones_apart(tmp_path: Path) -> None:
    made, plain = performer(), performer()
    assert list(made.weight_files()) == [WEIGHTS]
    nn.init.normal_(made.add_fast().proj_out.weight)
    nn.init.normal_(made.pool[0].weight)
    files = made.weight_files()
    assert list(files) == [WEIGHTS, FAST_WEIGHTS]
    for name, weights in files.items():
        save_file(dict(weights), tmp_path / name)
    plain.load(tmp_path, fast=False)
    assert plain.fast is None
    plain.load(tmp_path)
    for name, value in made.state_dict().items():
        assert torch.equal(plain.state_dict()[name], value)
    (tmp_path / FAST_WEIGHTS).unlink()
    without = performer()
    without.load(tmp_path)
    assert without.fast is None
