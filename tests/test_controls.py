"""What may be said of a sound beside its caption: strokes, a level curve, an earlier sound."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from core.audio.attacks import attack_times
from core.bridge.text_encoder import TextEncoder
from core.corpus.captions import Caption
from core.corpus.examples import EXAMPLE_FRAMES, Examples
from core.corpus.latent_set import slow_level_db
from core.corpus.modifiers import USUAL
from core.errors import ProfileError
from core.performer.controls import (
    CONTROL_CHANNELS,
    EARLIER_TOKENS,
    LEVEL,
    LEVEL_KNOWN,
    ONSET,
    ONSETS_KNOWN,
    WITHIN,
    Controls,
    control_track,
    earlier_tokens,
)
from core.performer.flow_performer import FlowPerformer, flow_performer
from core.performer.flux import preconditioned
from core.performer.kinds import build_performer, with_controls
from core.profile import Profile, load_profile
from core.training import command
from core.training.control_draws import ControlDraws
from core.training.fit_two_resolution import MOVEMENT_CHANNELS, SPECTRUM_CHANNELS
from core.training.loop import TrainingRun
from core.training.pretrain import Batches, pretrain

RATE = 44100
FRAME = 2048 / RATE


@pytest.fixture(scope="module")
def profile() -> Profile:
    tiny = load_profile("tiny")
    return replace(
        tiny,
        bridge=replace(tiny.bridge, width=384),
        performer=replace(tiny.performer, condition_width=384, controls=True),
    )


def strokes(moments: list[float], seconds: float, hiss: float = 0.002) -> np.ndarray:
    """Decaying bursts at some moments over soft noise."""
    draw = np.random.default_rng(0)
    sound = hiss * draw.standard_normal(round(seconds * RATE))
    burst = np.exp(-np.arange(RATE // 5) / (0.03 * RATE)) * draw.standard_normal(RATE // 5)
    for moment in moments:
        place = round(moment * RATE)
        sound[place : place + len(burst)] += 0.3 * burst[: len(sound) - place]
    return sound.astype(np.float32)


@pytest.mark.parametrize("moments", [[0.0], [1.0, 2.5, 4.0], [0.3, 0.45, 0.6, 2.0]])
def test_strokes_are_found_where_they_begin(moments: list[float]) -> None:
    assert attack_times(strokes(moments, 5.0), RATE) == pytest.approx(moments, abs=0.012)


def test_what_goes_on_evenly_has_no_strokes() -> None:
    assert attack_times(strokes([], 3.0, hiss=0.1), RATE) == []
    assert attack_times(np.zeros(RATE, dtype=np.float32), RATE) == []
    assert attack_times(np.zeros(10, dtype=np.float32), RATE) == []


def test_a_track_says_in_which_frame_and_where_in_it_a_stroke_begins() -> None:
    track = control_track(40, FRAME, onsets=[1.0, 1.5, 9.0])
    places = track[:, ONSET].nonzero().flatten().tolist()
    assert places == [int(1.0 / FRAME), int(1.5 / FRAME)], "what lies outside is left out"
    for place, moment in zip(places, (1.0, 1.5), strict=True):
        assert (place + 0.5 + float(track[place, WITHIN])) * FRAME == pytest.approx(moment)
    assert bool((track[:, ONSETS_KNOWN] == 1).all())
    assert not track[:, [LEVEL, LEVEL_KNOWN]].any()


def test_no_stroke_is_not_the_same_as_nothing_said() -> None:
    assert not control_track(8, FRAME).any()
    assert bool((control_track(8, FRAME, onsets=[])[:, ONSETS_KNOWN] == 1).all())


def test_a_level_is_in_units_of_20_db() -> None:
    track = control_track(3, FRAME, level_db=torch.tensor([0.0, -10.0, -90.0]))
    torch.testing.assert_close(track[:, LEVEL], torch.tensor([0.0, -0.5, -3.0]))


def test_the_measured_level_is_slower_than_strokes_and_follows_a_fade() -> None:
    hop, frames = 2048, EXAMPLE_FRAMES
    steady = strokes([0.2 * k for k in range(44)], frames * FRAME)[: hop * frames]
    level = slow_level_db(np.pad(steady, (0, hop * frames - len(steady))), hop).float()
    assert float(level[10:-20].min()) > -3.0
    fade = steady * np.logspace(0, -1.5, len(steady))
    level = slow_level_db(np.pad(fade, (0, hop * frames - len(fade))), hop).float()
    assert float(level[20]) > -5.0
    assert float(level[170]) == pytest.approx(-26.0, abs=3.0)


def test_an_earlier_sound_is_told_by_its_colour_whatever_its_length() -> None:
    latents = torch.randn(300, 6, generator=torch.Generator().manual_seed(0)) + 3.0
    for length in (5, 40, 300):
        tokens = earlier_tokens(latents[:length])
        assert tokens.shape == (EARLIER_TOKENS, 13)
        assert float(tokens[:, :6].mean()) == pytest.approx(3.0, abs=0.4)
        assert bool((tokens[:, -1] == 1).all())


def awake(profile: Profile) -> FlowPerformer:
    """A performer whose output depends on all that it reads."""
    torch.manual_seed(0)
    return flow_performer(build_performer(profile))


def velocity(performer: FlowPerformer, controls: Controls | None) -> Tensor:
    draw = torch.Generator().manual_seed(1)
    latents = torch.randn(1, 20, performer.latent_channels, generator=draw)
    condition = torch.randn(1, 4, 384, generator=draw)
    asked = performer.velocity if controls is None else with_controls(performer, controls)
    with torch.inference_mode():
        return asked(latents, torch.tensor([0.5]), condition, torch.tensor([0.9]))


def test_a_performer_heeds_each_control_and_needs_none(profile: Profile) -> None:
    performer = awake(profile)
    channels = performer.latent_channels
    none = Controls.none(1, 20, channels)
    plain = velocity(performer, None)
    assert torch.equal(velocity(performer, none), plain)
    onsets = replace(none, track=control_track(20, FRAME, onsets=[0.5])[None])
    level = replace(none, track=control_track(20, FRAME, level_db=torch.zeros(20))[None])
    earlier = replace(none, earlier=earlier_tokens(torch.ones(30, channels))[None])
    for said in (onsets, level, earlier):
        assert not torch.allclose(velocity(performer, said), plain)


def test_a_performer_that_has_learned_none_refuses_controls(profile: Profile) -> None:
    without = replace(profile, performer=replace(profile.performer, controls=False))
    performer = awake(without)
    with pytest.raises(ProfileError, match="train it anew"):
        with_controls(performer, Controls.none(1, 20, performer.latent_channels))


@pytest.fixture(scope="module")
def examples() -> Examples:
    """Two sources of two sounds each, and a mixture; every sound is struck at half a second."""
    draw = torch.Generator().manual_seed(0)
    return Examples(
        torch.randn(5, EXAMPLE_FRAMES, 64, generator=draw).half() + torch.arange(5)[:, None, None],
        [[Caption("a dog barking", "a dog barking")]] * 5,
        [["dog"]] * 4 + [["rain", "dog"]],
        [True] * 5,
        [40, 40, 40, 40, 0],
        [USUAL] * 5,
        [[0.5], [0.5], [0.5], None, None],
        torch.linspace(0, -20, EXAMPLE_FRAMES).expand(5, -1).half(),
        ["dog/a", "dog/b", "dog/a", "dog/b", ""],
    )


def test_each_control_is_said_half_of_the_time_and_by_itself(examples: Examples) -> None:
    draws, count = ControlDraws(examples, FRAME), 400
    places = [(0, 0)] * count
    drawn = draws.draw(places, 48, torch.Generator().manual_seed(0))
    said = torch.stack(
        [
            drawn.track[:, 0, ONSETS_KNOWN],
            drawn.track[:, 0, LEVEL_KNOWN],
            drawn.earlier[:, 0, -1],
        ],
        dim=1,
    )
    torch.testing.assert_close(said.mean(0), torch.full((3,), 0.5), atol=0.08, rtol=0)
    for combination in torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 3):
        assert bool((said == combination).all(1).any())


def test_an_earlier_sound_is_another_of_the_same_source(examples: Examples) -> None:
    drawn = ControlDraws(examples, FRAME).draw(
        [(0, 0)] * 20 + [(1, 0)] * 20 + [(4, 0)] * 20, 48, torch.Generator().manual_seed(0)
    )
    means = drawn.earlier[:, :, :64].mean((1, 2))
    known = drawn.earlier[:, 0, -1] == 1
    assert torch.allclose(means[:20][known[:20]].round(), torch.tensor(2.0))
    assert torch.allclose(means[20:40][known[20:40]].round(), torch.tensor(3.0))
    assert not known[40:].any(), "a mixture has no source"


def test_onsets_move_with_the_window_and_unknown_ones_are_not_said(examples: Examples) -> None:
    drawn = ControlDraws(examples, FRAME).draw(
        [(0, 5)] * 20 + [(3, 5)] * 20, 48, torch.Generator().manual_seed(0)
    )
    for track in drawn.track[:20]:
        if track[0, ONSETS_KNOWN]:
            assert track[:, ONSET].nonzero().flatten().tolist() == [int(0.5 / FRAME) - 5]
    assert not drawn.track[20:, :, ONSETS_KNOWN].any()


def test_sounds_of_an_older_set_are_refused(examples: Examples) -> None:
    with pytest.raises(ValueError, match="build them again"):
        ControlDraws(replace(examples, onsets=None), FRAME)


def test_a_performer_is_trained_on_what_is_said(
    profile: Profile, examples: Examples, tmp_path: Path
) -> None:
    """What reads controls moves, which without them would have no gradient."""
    moved = {}
    for run, sounds in (("said", examples), ("unsaid", unsaid(examples))):
        torch.manual_seed(0)
        start = awake(profile)
        before = {name: p.detach().clone() for name, p in start.named_parameters()}
        settings = TrainingRun(steps=3, rate=1e-3, warmup=1, average=0.0, weight_decay=0.0)
        after = dict(
            pretrain(
                profile, sounds, torch.ones(64), FRAME, settings, tmp_path / run, start
            ).named_parameters()
        )
        inputs = "transformer.x_embedder.weight"
        columns = slice(-CONTROL_CHANNELS, -2)
        moved[run] = (
            not torch.equal(after["earlier.weight"], before["earlier.weight"]),
            not torch.equal(after[inputs][:, columns], before[inputs][:, columns]),
        )
    assert moved == {"said": (True, True), "unsaid": (False, False)}


def unsaid(examples: Examples) -> Examples:
    """The same sounds, of which nothing is known."""
    return replace(
        examples,
        onsets=[None] * 5,
        levels=torch.zeros_like(examples.latents[:, :, 0]),
        sources=[""] * 5,
    )


def test_batches_have_the_controls_of_their_windows(profile: Profile, examples: Examples) -> None:
    batches = Batches(examples, TextEncoder(profile.bridge.semantic_tokens), FRAME, controls=True)
    latents, _, _, controls = batches.draw(torch.Generator().manual_seed(9))
    assert controls is not None
    assert controls.track.shape == (*latents.shape[:2], CONTROL_CHANNELS)
    assert controls.earlier.shape == (len(latents), EARLIER_TOKENS, 129)


def test_the_performer_in_training_renders_what_its_codec_decodes() -> None:
    """As many channels as are fitted; and no shipped profile knows of it."""
    wide = load_profile(str(Path(command.__file__).with_name("wide.toml")))
    assert wide.performer.latent_channels == SPECTRUM_CHANNELS + MOVEMENT_CHANNELS
    assert wide.performer.controls
    performer = flow_performer(build_performer(wide))
    assert velocity_shape(performer) == (1, 12, SPECTRUM_CHANNELS + MOVEMENT_CHANNELS)
    assert not load_profile("pocket").performer.controls


def velocity_shape(performer: FlowPerformer) -> tuple[int, ...]:
    with torch.inference_mode():
        found = performer.velocity(
            torch.zeros(1, 12, performer.latent_channels),
            torch.tensor([0.5]),
            torch.zeros(1, 32, performer.condition_width),
            torch.tensor([0.5]),
        )
    return tuple(found.shape)


@pytest.mark.parametrize("t", [0.05, 0.5, 0.95])
def test_the_remainder_of_a_velocity_has_unit_variance_and_is_not_in_the_latents(t: float) -> None:
    """v = noise - data = a x_t + b F, with x_t = (1 - t) data + t noise (Karras et al. 2022)."""
    draw = torch.Generator().manual_seed(0)
    data, noise = torch.randn(2, 1, 400, 64, generator=draw)
    at = torch.full((1, 1, 1), t)
    latents = (1 - t) * data + t * noise
    linear = preconditioned(latents, torch.zeros_like(latents), at)
    scale = preconditioned(torch.zeros_like(latents), torch.ones_like(latents), at)
    remainder = (noise - data - linear) / scale
    assert float(remainder.std()) == pytest.approx(1.0, abs=0.02)
    assert float((remainder * latents).mean()) == pytest.approx(0.0, abs=0.03)


def test_a_performer_may_predict_the_remainder(profile: Profile) -> None:
    found = {}
    for predicts in ("velocity", "remainder"):
        config = replace(profile.performer, predicts=predicts)
        found[predicts] = velocity(awake(replace(profile, performer=config)), None)
    draw = torch.Generator().manual_seed(1)
    latents = torch.randn(1, 20, profile.performer.latent_channels, generator=draw)
    at = torch.full((1, 1, 1), 0.5)
    expected = preconditioned(latents, found["velocity"], at)
    torch.testing.assert_close(found["remainder"], expected)
