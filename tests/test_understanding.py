"""Stage II: the director learns to answer about a sound, and generation goes on beside it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import soundfile
import torch
from safetensors.torch import load_file

from core.audiostory import AudioStory, build_audiostory
from core.corpus.captions import Caption
from core.corpus.examples import Examples
from core.corpus.modifiers import USUAL
from core.corpus.vocabulary import BY_NAME, CLASSES
from core.director.describe import MAX_QUESTION, QUESTION, answer, describe, embed_sound
from core.errors import PlanError, WeightsError
from core.evaluation.describe import described, likelihoods
from core.evaluation.recognise import held_out_recordings
from core.listener.effects import EffectsListener
from core.profile import EAR, ListenerConfig, Profile, load_profile
from core.training.ear import train_ear
from core.training.loop import TrainingRun
from core.training.publish import publish, publish_ear
from core.training.sounds import EventSounds
from core.training.understanding import (
    HeardClip,
    Listened,
    answer_loss,
    listen,
    listening_lessons,
    question,
    train_understanding,
)

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
        row = {
            "path": f"{name}.wav",
            "class": name,
            "kind": "recorded",
            "split": "train",
            "sample_rate": 44100,
        }
        rows.append(json.dumps(row | {"attributes": attributes}))
    kept_back = {"path": "not_there.wav", "class": "owl", "kind": "recorded", "split": "test"}
    rows.append(json.dumps(kept_back | {"attributes": {}}))
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
        asked = [Listened(c, "What is this?", "a horn blowing") for c in clips]
        losses = {answer_loss(model, [lesson]).item() for lesson in asked}
    assert len(losses) == 2


def test_lessons_of_a_batch_do_not_see_each_other(profile: Profile, clips: list[HeardClip]) -> None:
    model = hearing(profile)
    asked = [
        Listened(clips[0], "What is this?", "a horn"),
        Listened(
            clips[1], "What is heard in this long and windy recording?", "steady rain falling"
        ),
    ]
    tokens = [len(model.encode(lesson.answer)) + 1 for lesson in asked]
    with torch.inference_mode():
        apart = [answer_loss(model, [lesson]).item() for lesson in asked]
        together = answer_loss(model, asked).item()
    expected = sum(a * n for a, n in zip(apart, tokens, strict=True)) / sum(tokens)
    assert together == pytest.approx(expected, rel=1e-4)


def test_recordings_are_heard_several_times_and_rare_classes_not_drowned(
    profile: Profile, manifest: Path, tmp_path: Path
) -> None:
    listener = hearing(profile).listener
    assert isinstance(listener, EffectsListener)
    heard = listen(listener, manifest, tmp_path / "features.safetensors", 3, views=3)
    assert [clip.sound_class for clip in heard] == ["horn"] * 3 + ["rain"] * 3
    assert len({clip.features.sum().item() for clip in heard}) == 6
    many = [*heard[:1], *heard[3:], *heard[3:], *heard[3:]]
    drawn = [lesson.clip.sound_class for lesson in listening_lessons(many, 400, Random(0))]
    assert 70 < drawn.count("horn") < 130


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
    assert isinstance(answer(model, embed_sound(model, 0.1 * torch.ones(1, RATE), RATE)), str)


def test_the_ear_alone_learns_and_all_else_stays_to_the_bit(
    profile: Profile, clips: list[HeardClip], tmp_path: Path
) -> None:
    model, untrained = hearing(profile), hearing(profile)
    untrained.llm = untrained.llm.merge_and_unload()
    short, whole = (TrainingRun(steps, 2e-2, warmup=2, average=0.5) for steps in (20, 60))
    train_ear(model, clips, short, tmp_path, 4)
    train_ear(model, clips, whole, tmp_path, 4)
    rows = [line.split(",") for line in (tmp_path / "losses.csv").read_text().splitlines()]
    assert [(int(step), term) for step, _, term, _ in rows] == [
        (step, "text") for step in range(10, 61, 10)
    ]
    with torch.inference_mode():
        untaught, taught = (
            answer_loss(m, listening_lessons(clips, 64, Random(7))) for m in (untrained, model)
        )
    assert taught < untaught - 1e-3
    now, before = model.state_dict(), untrained.state_dict()
    moved = {name for name, value in before.items() if not torch.equal(now[name].float(), value)}
    learned = {
        "listener.projector." + part for part in ("0.weight", "0.bias", "2.weight", "2.bias")
    }
    kept = load_file(tmp_path / "average.safetensors")
    assert kept.keys() == learned
    assert {name for name in moved if not name.startswith("llm.")} == learned


def test_the_ear_is_a_file_of_its_own_that_no_render_depends_on(
    profile: Profile, tmp_path: Path
) -> None:
    placed = replace(profile, weights=str(tmp_path))
    model = build_audiostory(placed, adapter=True)
    listener, model.listener = model.listener, None
    assert listener is not None
    publish(model, tmp_path)
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    deaf = build_audiostory(placed, adapter=True).weights
    publish_ear(listener, tmp_path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.name != EAR} == files
    assert all(value.dtype == torch.float16 for value in load_file(tmp_path / EAR).values())
    assert build_audiostory(placed, adapter=True).weights == deaf


def test_the_evaluation_asks_about_every_recording(profile: Profile, tmp_path: Path) -> None:
    rows = []
    for number in range(6):
        name = ("rain", "horn")[number % 2]
        sound = torch.randn(RATE, generator=torch.Generator().manual_seed(number))
        soundfile.write(tmp_path / f"{number}.wav", (0.1 * sound).numpy(), RATE)
        row = {"path": f"{number}.wav", "class": name, "kind": "recorded", "split": "test"}
        rows.append(json.dumps(row))
    (tmp_path / "manifest.jsonl").write_text("\n".join(rows))
    model = hearing(profile)
    told: list[str] = []
    found = described(model, held_out_recordings(tmp_path / "manifest.jsonl"), told.append)
    assert len(told) == found.answers.total.count == found.likeliest.total.count == 6
    captions = [BY_NAME[name].caption for name in ("horn", "rain")]
    likely = 0
    for recording in held_out_recordings(tmp_path / "manifest.jsonl"):
        heard = embed_sound(model, recording.waveform[None], RATE)
        best = likelihoods(model, heard, QUESTION, captions).argmax()
        likely += captions[int(best)] == BY_NAME[recording.name].caption
    assert found.likeliest.total.top_1 == pytest.approx(likely / 6)
    assert (found.yes, found.no) == (0.0, 0.0), "untrained, it says neither yes nor no"


def test_likelihoods_are_those_of_the_answers(profile: Profile, clips: list[HeardClip]) -> None:
    model = hearing(profile)
    assert model.listener is not None
    clip, texts = clips[0], ["a horn blowing", "rain"]
    with torch.inference_mode():
        heard = model.listener(clip.features)
        found = likelihoods(model, heard, "What is this?", texts)
        losses = [answer_loss(model, [Listened(clip, "What is this?", text)]) for text in texts]
    for text, likely, loss in zip(texts, found, losses, strict=True):
        tokens = len(model.encode(text)) + 1
        assert likely.item() == pytest.approx(-loss.item() * tokens, rel=1e-4)


def test_a_model_without_an_ear_says_so(tiny: AudioStory, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "sound.wav", torch.full((RATE,), 0.1).numpy(), RATE)
    with pytest.raises(WeightsError, match="cannot hear"):
        describe(tiny, tmp_path / "sound.wav")
    with pytest.raises(WeightsError, match="no listener"):
        train_understanding(tiny, [], None, TrainingRun(1, 1e-3), tmp_path)
    with pytest.raises(WeightsError, match="no listener"):
        train_ear(tiny, [], TrainingRun(1, 1e-3), tmp_path)
    with pytest.raises(PlanError, match="shorten"):
        describe(tiny, tmp_path / "sound.wav", "?" * (MAX_QUESTION + 1))
