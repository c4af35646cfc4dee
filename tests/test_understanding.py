"""Stage II: the director learns to answer about a sound, and generation goes on beside it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import soundfile
import torch

from core.audiostory import AudioStory, build_audiostory
from core.describing import answer, describe
from core.errors import WeightsError
from core.hearing import EffectsListener
from core.profile import ListenerConfig, Profile, load_profile
from core.training.captions import Caption
from core.training.examples import Examples
from core.training.loop import TrainingRun
from core.training.manner import USUAL
from core.training.sounds import EventSounds
from core.training.understanding import (
    HeardClip,
    answer_loss,
    listen,
    question,
    train_understanding,
)
from core.training.vocabulary import CLASSES

RATE = 44100


@pytest.fixture(scope="module")
def profile() -> Profile:
    """The tiny profile with the pocket model's ear."""
    tiny = load_profile("tiny")
    return replace(
        tiny,
        bridge=replace(tiny.bridge, width=384),
        performer=replace(tiny.performer, condition_width=384),
        listener=ListenerConfig(4, 512, "aisfx"),
    )


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One hiss that is rain and one tone that is a horn, in the training split."""
    folder = tmp_path_factory.mktemp("corpus")
    time = torch.arange(RATE) / RATE
    sounds = {
        "rain": 0.1 * torch.randn(RATE, generator=torch.Generator().manual_seed(0)),
        "horn": 0.3 * torch.sin(2 * torch.pi * 220 * time),
    }
    rows = []
    for name, sound in sounds.items():
        soundfile.write(folder / f"{name}.wav", sound.numpy(), RATE)
        attributes = {"strength": "heavy"} if name == "rain" else {}
        row = {"path": f"{name}.wav", "class": name, "kind": "recorded", "split": "train"}
        rows.append(json.dumps(row | {"attributes": attributes}))
    (folder / "manifest.jsonl").write_text("\n".join(rows))
    return folder / "manifest.jsonl"


def hearing(profile: Profile) -> AudioStory:
    return build_audiostory(profile, adapter=True)


@pytest.fixture(scope="module")
def clips(profile: Profile, manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> list:
    listener = hearing(profile).listener
    assert isinstance(listener, EffectsListener)
    kept = tmp_path_factory.mktemp("run") / "features.safetensors"
    heard = listen(listener, manifest, kept, per_class=3)
    again = listen(listener, manifest, kept, per_class=3)
    assert all(torch.equal(a.features, b.features) for a, b in zip(heard, again, strict=True))
    return heard


@pytest.fixture(scope="module")
def sounds() -> EventSounds:
    latents = torch.ones(len(CLASSES), 192, 64).half()
    captions = [[Caption(c.caption, c.caption)] for c in CLASSES]
    names = [[c.name] for c in CLASSES]
    many = len(CLASSES)
    examples = Examples(latents, captions, names, [False] * many, [0] * many, [USUAL] * many)
    return EventSounds(examples, torch.ones(64), 2048 / RATE)


def test_questions_are_answered_truthfully(clips: list[HeardClip]) -> None:
    rain = next(clip for clip in clips if clip.sound_class == "rain")
    asked = {question(rain, Random(seed)) for seed in range(300)}
    told = dict(asked)
    assert told["Is it light or heavy?"] == "It is heavy."
    assert "Is it near or far away?" not in told
    for asking, answered in asked:
        if answered.startswith("Yes"):
            assert asking == "Is steady rain falling heard?"
        if answered.startswith("No"):
            assert "steady rain" not in asking


def test_what_is_heard_changes_the_answer(profile: Profile, clips: list[HeardClip]) -> None:
    model = hearing(profile)
    with torch.inference_mode():
        losses = {answer_loss(model, c, "What is this?", "a horn blowing").item() for c in clips}
    assert len(losses) == 2


def test_stage_two_trains_beside_generation_and_resumes(
    profile: Profile, clips: list[HeardClip], sounds: EventSounds, tmp_path: Path
) -> None:
    model = hearing(profile)
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    short, whole = (TrainingRun(steps, 3e-3, warmup=2, average=0.5) for steps in (10, 30))
    train_understanding(model, clips, sounds, short, tmp_path)
    train_understanding(model, clips, sounds, whole, tmp_path)
    rows = [line.split(",") for line in (tmp_path / "losses.csv").read_text().splitlines()]
    text = [float(value) for _, _, term, value in rows if term == "text"]
    assert [int(step) for step, _, term, _ in rows if term == "text"] == [10, 20, 30]
    assert text[-1] < text[0]
    assert {term for _, _, term, _ in rows} == {"text", "reason", "mse", "flow"}
    moved = {n for n, p in model.named_parameters() if not torch.equal(p, before[n])}
    for part in ("listener.projector", "lora_B", "bridge.semantic_projector", "performer."):
        assert any(part in n for n in moved), part
    assert isinstance(answer(model, 0.1 * torch.ones(1, RATE), RATE), str)


def test_a_model_without_an_ear_says_so(tiny: AudioStory, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "sound.wav", torch.full((RATE,), 0.1).numpy(), RATE)
    with pytest.raises(WeightsError, match="cannot hear"):
        describe(tiny, tmp_path / "sound.wav")
    with pytest.raises(WeightsError, match="no listener"):
        train_understanding(tiny, [], None, TrainingRun(1, 1e-3), tmp_path)
