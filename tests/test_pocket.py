"""The shipped pocket model: what is asked becomes a plan that sums and a sound that is heard."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from core.audiostory import AudioStory, build_audiostory, load_audiostory
from core.cli import main
from core.corpus.vocabulary import BY_NAME
from core.director.describe import describe
from core.errors import WeightsError
from core.evaluation import duration
from core.evaluation.recognise import Judge
from core.evaluation.renders import Renderer, Request
from core.listener.aisfx import SoundEmbedder
from core.listener.nearest import rank_of, top_k
from core.profile import ASSETS, EAR
from core.render.render import render_events
from core.story.story import Event, Story
from tests.soak import instructions


@pytest.mark.parametrize("seed", range(4))
def test_any_instruction_becomes_a_plan_that_sums_and_renders(
    pocket: AudioStory, seed: int
) -> None:
    instructions.trial(seed, pocket)


HEARD = ("anvil", "bees", "birds", "fire", "footsteps_snow", "saw", "sheep", "wolf")
"""Classes that the full model renders so that the judge knows them among 44."""


def test_a_draft_sounds_like_recordings_of_what_it_is_to_be(pocket: AudioStory) -> None:
    judge = Judge.load(ASSETS / "evaluation" / "held_out.safetensors", SoundEmbedder())
    ranks = {}
    for name in HEARD:
        caption = BY_NAME[name].caption
        events = (Event("e1", caption, 0.0, 3.0),)
        story = Story(caption, 3.0, 0, "pocket", f"One event. 1. {caption} (3 s).", events)
        sound = next(render_events(pocket, story, ["e1"], pocket.profile.draft)).samples
        embedding = judge.embedder.embed(torch.from_numpy(sound.mean(0)))
        ranks[name] = rank_of(name, embedding, judge.classes)
    assert max(ranks.values()) < 5, ranks
    assert top_k(list(ranks.values()), 1) >= 6 / 8, ranks


def test_the_command_line_renders_a_story_to_the_sample(tmp_path: Path) -> None:
    out = tmp_path / "story.wav"
    asked = ["rain falls, then a dog barks", "--duration", "6", "--steps", "4"]
    assert main(["render", *asked, "--out", str(out)], serve=lambda _: None) == 0
    sound, rate = soundfile.read(out)
    assert (len(sound), rate) == (6 * 44100, 44100)
    assert np.abs(sound).max() <= 10 ** (-1 / 20) + 1e-6


def test_a_minute_of_rain_has_its_length_no_period_no_seam_and_one_level(
    pocket: AudioStory,
) -> None:
    renderer = Renderer(pocket, pocket.profile.draft)
    sound = renderer(Request("steady rain falling", 60.0, 0))
    window = pocket.performer.window_frames
    joints = duration.window_joints(pocket.codec.frames(60.0), window, 2048 / 44100)
    found = duration.measure_duration(sound, 60.0, joints)
    assert found.exact
    assert found.periodicity < 0.4
    assert found.seam < 1.5
    assert found.wandering < 2.5


def test_what_it_renders_it_can_describe(pocket: AudioStory, tmp_path: Path) -> None:
    renderer = Renderer(pocket, pocket.profile.final)
    for caption, word in (("a cow mooing", "cow"), ("swords clashing", "sword")):
        sound = renderer(Request(caption, 3.0, 0))
        soundfile.write(tmp_path / "sound.flac", sound.numpy(), pocket.sample_rate)
        assert word in describe(pocket, tmp_path / "sound.flac")
        asked = f"Is it {caption} or a clock ticking?"
        assert word in describe(pocket, tmp_path / "sound.flac", asked)


def test_without_its_ear_the_model_is_the_same_but_deaf(pocket: AudioStory, tmp_path: Path) -> None:
    profile = pocket.profile
    assert profile.hears
    for path in profile.folder.iterdir():
        if path.name != EAR:
            (tmp_path / path.name).symlink_to(path)
    deaf = load_audiostory(replace(profile, weights=str(tmp_path)))
    assert not deaf.profile.hears
    soundfile.write(tmp_path / "sound.wav", np.full(44100, 0.1), 44100)
    with pytest.raises(WeightsError, match="cannot hear"):
        describe(deaf, tmp_path / "sound.wav")
    (tmp_path / EAR).symlink_to(profile.folder / EAR)
    assert build_audiostory(deaf.profile, adapter=False).weights == deaf.weights
    assert deaf.profile.hears
