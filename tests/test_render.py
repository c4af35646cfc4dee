"""Bridge, performer and codec on the tiny profile: lengths, determinism, cancelling, keys."""

from __future__ import annotations

import dataclasses
import threading
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from core.audiostory import AudioStory, load_audiostory
from core.bridge.bridge import BridgedTokens
from core.errors import Cancelled, ProfileError
from core.language.stream import PlannedEvent
from core.performer import flow
from core.performer.flow_performer import seeded_noise
from core.performer.kinds import build_performer
from core.profile import RenderSettings, load_profile
from core.render.render import RenderProgress, render_events
from core.render.takes import plan_take
from core.story.story import Event, Story

SETTINGS = RenderSettings(steps=2, guidance=2.0)


@pytest.fixture
def story() -> Story:
    events = (
        Event("e1", "rain falling", 0.0, 1.5),
        Event("e2", "a dog barking", 1.5, 0.5),
        Event("bed", "wind", 0.2, 1.3, layer=1),
    )
    return Story("rain and a dog", 2.0, 5, "tiny", "Two events.", events)


def rendered(model: AudioStory, story: Story, *ids: str) -> dict[str, np.ndarray]:
    return {r.event_id: r.samples for r in render_events(model, story, ids, SETTINGS)}


def test_takes_last_as_long_as_the_event_and_its_crossfade(tiny: AudioStory, story: Story) -> None:
    takes = rendered(tiny, story, "e1", "e2", "bed")
    rate, tail = tiny.sample_rate, tiny.profile.crossfade
    assert takes["e1"].shape == (1, round((1.5 + tail) * rate))
    assert takes["e2"].shape == (1, round(0.5 * rate))
    assert takes["bed"].shape == (1, round(1.3 * rate))


def test_one_event_alone_sounds_as_it_does_among_all(tiny: AudioStory, story: Story) -> None:
    every = rendered(tiny, story, "e1", "e2", "bed")
    assert np.array_equal(rendered(tiny, story, "e2")["e2"], every["e2"])


def test_seeds_decide_the_sound(tiny: AudioStory, story: Story) -> None:
    first = rendered(tiny, story, "e1")["e1"]
    other = dataclasses.replace(story, seed=6)
    assert np.array_equal(first, rendered(tiny, story, "e1")["e1"])
    assert not np.array_equal(first, rendered(tiny, other, "e1")["e1"])


def test_a_take_key_covers_what_makes_the_sound(tiny: AudioStory, story: Story) -> None:
    def key(changed: Story, settings: RenderSettings = SETTINGS) -> str:
        return plan_take(changed, changed.event("e2"), settings, 0.5, "w").key

    def with_event(event_id: str, **values: object) -> Story:
        return story.replace_event(dataclasses.replace(story.event(event_id), **values))  # type: ignore[arg-type]

    same = key(story)
    assert key(with_event("e2", gain_db=-3.0, locked=True)) == same
    different = [
        key(with_event("e1", caption="hail falling")),
        key(with_event("e2", caption="a cat")),
        key(with_event("e2", seed=9)),
        key(dataclasses.replace(story, seed=6)),
        key(dataclasses.replace(story, reasoning="Other.")),
        key(story, RenderSettings(3, 2.0)),
        key(story, RenderSettings(2, 2.5)),
    ]
    assert len({same, *different}) == len(different) + 1


def test_what_came_before_reaches_an_event_through_its_residual_tokens_too(
    tiny: AudioStory,
) -> None:
    def tokens(first: str) -> BridgedTokens:
        events = [PlannedEvent(first, 1.0), PlannedEvent("a dog", 1.0)]
        stream = tiny.stream("x", 2.0, "y", events)
        states = tiny.backbone(input_ids=stream.ids[None]).last_hidden_state[0]
        return tiny.bridged(states, stream)

    rain, fire = tokens("rain"), tokens("fire")
    assert rain.condition.shape == (
        2,
        tiny.profile.bridge.semantic_tokens,
        tiny.profile.bridge.width,
    )
    torch.testing.assert_close(
        tiny.conditions("x", 2.0, "y", [PlannedEvent("rain", 1.0), PlannedEvent("a dog", 1.0)]),
        rain.condition,
    )
    exchanged = tiny.bridge.fuse(rain.semantic, fire.residual)
    for event in (0, 1):
        change = (exchanged[event] - rain.condition[event]).norm()
        assert change > 1e-3 * rain.condition[event].norm()


def test_cancel_stops_within_a_step_and_the_next_render_works(
    tiny: AudioStory, story: Story
) -> None:
    cancel = threading.Event()
    steps: list[RenderProgress] = []

    def on_progress(progress: RenderProgress) -> None:
        steps.append(progress)
        if progress.event == 2 and progress.step == 1:
            cancel.set()

    done = []
    settings = RenderSettings(steps=4, guidance=2.0)
    running = render_events(
        tiny, story, ["e1", "e2", "bed"], settings, on_progress=on_progress, cancel=cancel
    )
    with pytest.raises(Cancelled):
        done.extend(take.event_id for take in running)
    assert done == ["e1"]
    assert (steps[-1].event, steps[-1].step) == (2, 1)
    unread = lambda *plan: pytest.fail("what is cancelled needs no conditions")  # noqa: E731
    with pytest.raises(Cancelled):
        list(render_events(tiny, story, ["e1"], settings, conditioning=unread, cancel=cancel))
    assert rendered(tiny, story, "e2")["e2"].size


@pytest.mark.parametrize("order", [1, 2])
def test_along_straight_paths_any_number_of_steps_reaches_the_data(order: int) -> None:
    data, noise = torch.randn(2, 5, 3), torch.randn(2, 5, 3)
    for steps in (1, 2, 7):
        reached = flow.integrate(
            lambda x, t: flow.target_velocity(data, noise), noise, flow.sigmas(steps), order=order
        )
        assert torch.allclose(reached, data, atol=1e-5)


def test_the_second_order_keeps_the_spread_that_euler_loses() -> None:
    """Data of variance 1 has a known velocity, and noise ends as it began."""

    def velocity(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return x * (2.0 * t - 1.0) / ((1.0 - t).square() + t.square())

    noise = torch.randn(1, 8, 3)
    by_order = [flow.integrate(velocity, noise, flow.sigmas(16), order=o) for o in (1, 2)]
    kept = [float((reached / noise).mean()) for reached in by_order]
    assert kept[0] == pytest.approx(0.923, abs=0.002)
    assert kept[1] == pytest.approx(0.998, abs=0.002)


@pytest.mark.parametrize("guidance", [2.0, 1.0])
@pytest.mark.parametrize("frames", [40, 100])
def test_a_render_stays_on_the_device_of_its_condition(guidance: float, frames: int) -> None:
    """The meta device computes nothing and, like a graphics card, refuses what lies elsewhere."""
    profile = load_profile("tiny")
    performer = build_performer(profile).to("meta")
    condition = torch.zeros(2, 4, 32, device="meta")
    known = flow.KnownLatents(torch.zeros(2, frames, 64), torch.full((2, frames), 0.5))
    for beginning in (None, known):
        latents = performer.render(
            condition, [1.0, 2.0], frames, [0, 1], RenderSettings(3, guidance), known=beginning
        )
        assert latents.device.type == "meta"
        assert latents.shape == (2, frames, 64)


def test_windows_blend_to_the_velocity_of_one_piece() -> None:
    latents = torch.randn(2, 50, 3)
    for frames in (0, 8, 9, 49, 50, 64):
        blended = flow.windowed(lambda x, t: 2 * x + t, latents, torch.tensor(0.5), frames)
        assert torch.allclose(blended, 2 * latents + 0.5, atol=1e-5)


@given(st.integers(1, 2000), st.integers(2, 200))
def test_windows_cover_all_frames_by_halves_and_none_is_too_long(total: int, longest: int) -> None:
    length, starts = flow.windows(total, longest)
    assert length <= max(longest, 1)
    assert (starts[0], starts[-1] + length) == (0, total)
    steps = [later - start for start, later in pairwise(starts)]
    assert all(0 < step <= length // 2 + 1 for step in steps)


def test_an_event_little_longer_than_a_window_is_rendered_in_two_shorter_ones() -> None:
    assert flow.windows(192, 192) == (192, [0])
    assert flow.windows(216, 192) == (144, [0, 72])
    assert flow.windows(288, 192) == (192, [0, 96])
    assert flow.windows(10, 5) == (4, [0, 2, 4, 6]), "half a window of five are two frames"


def test_windows_in_agreement_end_at_one_mean_and_differ_within() -> None:
    latents, t = torch.randn(2, 60, 3), torch.tensor(0.8)
    ends = 0.1 * torch.randn(5, 2, 20, 3) + torch.arange(5.0)[:, None, None, None]

    def towards_their_own_ends(parts: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return (parts - ends.flatten(0, 1)) / t

    velocity = flow.windowed(towards_their_own_ends, latents, t, 20, agreement=0.5)
    reached = latents - t * velocity
    assert (reached.mean(1) - ends.mean((0, 2))).abs().max() < 0.1
    within = reached[:, :10] - reached[:, :10].mean(1, keepdim=True)
    first = ends[0, :, :10] - ends[0, :, :10].mean(1, keepdim=True)
    torch.testing.assert_close(within, first)


def test_windows_go_apart_again_near_the_sound() -> None:
    latents = torch.randn(1, 60, 3)
    for time in (0.5, 0.2):
        t = torch.tensor(time)
        alone = flow.windowed(lambda x, t: x.square(), latents, t, 20)
        assert torch.equal(flow.windowed(lambda x, t: x.square(), latents, t, 20, 0.5), alone)


def test_guidance_of_one_is_the_positive_and_zero_the_negative() -> None:
    positive, negative = torch.randn(3), torch.randn(3)
    assert torch.allclose(flow.guided(positive, negative, 1.0), positive)
    assert torch.allclose(flow.guided(positive, negative, 0.0), negative)


def test_the_fast_sampler_is_the_distilled_transformer_by_eulers_method_unguided() -> None:
    profile = load_profile("tiny")
    second_order = dataclasses.replace(profile.performer, order=2)
    model = load_audiostory(dataclasses.replace(profile, performer=second_order))
    distilled = model.performer.add_fast()
    with torch.no_grad():
        distilled.proj_out.bias.add_(0.5)
    condition = torch.randn(1, profile.bridge.semantic_tokens, profile.bridge.width)
    seconds = torch.tensor([1.0])

    def rendered(settings: RenderSettings) -> Tensor:
        return model.performer.render(condition, [1.0], 20, [3], settings)

    fast = rendered(RenderSettings(3, sampler="fast"))
    latents = profile.performer.temperature * seeded_noise([3], 20, 64)
    with torch.no_grad():
        for t, after in pairwise(flow.sigmas(3, profile.performer.shift)):
            slope = model.performer.velocity(latents, t[None], condition, seconds, "fast")
            latents = latents + (after - t) * slope
    assert torch.allclose(fast, latents, atol=1e-5)
    assert not torch.allclose(fast, rendered(RenderSettings(3)), atol=0.1)


def test_the_fast_sampler_takes_no_guidance_and_a_guidance_asks_for_the_full_one() -> None:
    fast, full = RenderSettings(8, sampler="fast"), RenderSettings(10, 3.5)
    with pytest.raises(ProfileError, match="learned its guidance"):
        RenderSettings(8, 2.0, "fast")
    with pytest.raises(ProfileError, match="learned its guidance"):
        full.with_changes(guidance=2.0, sampler="fast")
    assert fast.with_changes(steps=4) == RenderSettings(4, sampler="fast")
    assert fast.with_changes(guidance=2.0) == RenderSettings(8, 2.0)
    assert full.with_changes(sampler="fast") == RenderSettings(10, sampler="fast")
    assert full.with_changes() == full


@pytest.mark.parametrize("seconds", [0.5, 3.0, 9.7])
def test_the_performer_says_the_duration_through_its_embedder(
    tiny: AudioStory, seconds: float
) -> None:
    embedder = tiny.performer.duration_embedder
    one = embedder(torch.tensor([seconds]))
    assert one.shape == (1, 1, tiny.profile.performer.condition_width)
    assert not torch.allclose(one, embedder(torch.tensor([seconds + 1.0])))
    beyond = embedder(torch.tensor([99.0, 12.0]))
    assert torch.allclose(beyond[0], beyond[1])


@pytest.mark.parametrize(("frames", "told"), [(30, 30), (48, 48), (120, 48)])
def test_the_performer_is_told_how_long_a_window_is_and_no_longer(
    tiny: AudioStory, frames: int, told: int
) -> None:
    seconds = tiny.codec.hop / tiny.sample_rate
    heard: list[torch.Tensor] = []
    embedder = tiny.performer.duration_embedder
    hook = embedder.register_forward_hook(lambda module, inputs, output: heard.append(inputs[0]))
    condition = torch.zeros(1, 4, tiny.profile.bridge.width)
    tiny.performer.render(condition, [frames * seconds], frames, [0], SETTINGS)
    hook.remove()
    for said in heard:
        torch.testing.assert_close(said, torch.full_like(said, told * seconds))
