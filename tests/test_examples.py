"""The performer's training set: composed sounds, and recordings taken whole."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import pytest
import soundfile
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from core.bridge.text_encoder import TextEncoder
from core.codec.codec import Codec
from core.codec.kinds import load_codec
from core.corpus.captions import Caption, said_by
from core.corpus.examples import EXAMPLE_FRAMES, Examples
from core.corpus.latent_set import MODIFIERS, VERSIONS, LatentSetPlan, build_latent_set
from core.corpus.modifiers import USUAL
from core.corpus.scenes import training_clips
from core.corpus.typicality import Listening, embedded
from core.listener.aisfx import SoundEmbedder
from core.listener.nearest import FEWEST_RECORDINGS
from core.profile import load_profile
from core.training.pretrain import SHARES, WINDOWS, Batches, batch_size

RATE = 44100
RECORDINGS = FEWEST_RECORDINGS
SMALL = LatentSetPlan(2, 2, 3)
LENGTHS = {"rain": 12.0, "horn": 1.5, "knock": 0.2}
ENDS = {
    ("rain", False): 192, ("horn", False): 33, ("knock", False): 11,
    ("rain", True): 192, ("horn", True): 50, ("knock", True): 22,
}  # fmt: skip
"""Frames (46 ms) of the recordings as they are and far away, which rings on for 0.8 s: of a sound
of 8.9 s at most and of half a second at least."""


@pytest.fixture(scope="module")
def codec() -> Codec:
    return load_codec(load_profile("pocket").codec)


def recorded(folder: Path, lengths: Mapping[str, float]) -> Path:
    """A manifest of recordings: hisses for rain, clicks for knocks, tones for all else."""
    rows = []
    for (place, name), number in product(enumerate(lengths), range(RECORDINGS)):
        time = torch.arange(round((lengths[name] + 0.01 * number) * RATE)) / RATE
        hiss = torch.randn(len(time), generator=torch.Generator().manual_seed(number))
        tone = torch.sin(2 * torch.pi * (220 * place + 9 * number) * time)
        sound = 0.1 * hiss if name in ("rain", "knock") else 0.3 * tone
        soundfile.write(folder / f"{name}{number}.wav", sound.numpy(), RATE)
        row = {"path": f"{name}{number}.wav", "class": name, "kind": "recorded", "split": "train"}
        rows.append(json.dumps(row | {"attributes": {}, "sample_rate": RATE}))
    (folder / "manifest.jsonl").write_text("\n".join(rows))
    return folder / "manifest.jsonl"


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recorded(tmp_path_factory.mktemp("corpus"), LENGTHS)


@pytest.fixture(scope="module")
def built(manifest: Path, codec: Codec, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("examples")
    build_latent_set(manifest, codec, out, SMALL)
    return out


def test_the_set_has_composed_sounds_mixtures_and_every_recording_whole(built: Path) -> None:
    examples = Examples.load(built)
    counted = {wanted: len(found) for wanted, found in examples.by_modifiers().items()}
    assert all(counted[(name,), USUAL] == 2 + VERSIONS * RECORDINGS for name in LENGTHS)
    whole, mixtures, single = examples.suiting(EXAMPLE_FRAMES)
    assert {examples.classes[index][0] for index in whole} == {"rain"}
    assert all(len(examples.classes[index]) == 2 for index in mixtures)
    assert len(single) == (2 + 3) * len(LENGTHS)
    unusual = (3 + MODIFIERS * RECORDINGS) * len(LENGTHS)
    assert len(examples.unusual) == unusual
    assert len(examples.classes) == len(mixtures) + unusual + sum(
        counted[(name,), USUAL] for name in LENGTHS
    )


def test_captions_say_what_is_unusual_and_nothing_else(built: Path) -> None:
    examples = Examples.load(built)
    for modifiers, classes, captions in zip(
        examples.modifiers, examples.classes, examples.captions, strict=True
    ):
        if len(classes) == 1:
            assert {said_by(classes, told.meant) for told in captions} == {modifiers}


def test_mixtures_of_which_one_part_is_not_heard_are_left_out(codec: Codec, tmp_path: Path) -> None:
    lengths = dict.fromkeys(("rain", "horn", "knock", "dog", "owl", "siren", "cat", "bees"), 4.0)
    manifest = recorded(tmp_path, lengths)
    clips = training_clips(manifest)
    embedder = SoundEmbedder()
    listening = Listening(clips, embedded(clips, embedder), embedder)
    kept = build_latent_set(manifest, codec, tmp_path, LatentSetPlan(1, 20, 0))
    mixtures = kept.suiting(EXAMPLE_FRAMES)[1]
    assert 0 < len(mixtures) < 20
    heard = []
    for index in mixtures:
        sound = codec.decode(kept.latents[index].float()[None], seed=0)[0, 0].numpy()
        heard.append(listening.hears(sound, kept.classes[index]))
    assert sum(heard) >= 0.8 * len(heard), "the codec alone may hide a part of some"


def test_a_recording_taken_whole_ends_where_it_ended(built: Path, codec: Codec) -> None:
    examples = Examples.load(built)
    silence = codec.encode(torch.zeros(1, 1, 8 * codec.hop))[0, 4]
    for index, end in enumerate(examples.ends):
        if not end:
            continue
        far = bool(examples.modifiers[index].distance)
        assert end == pytest.approx(ENDS[examples.classes[index][0], far], rel=0.1, abs=1)
        after = examples.latents[index, end + 1 :].float()
        torch.testing.assert_close(after, silence.expand_as(after), atol=0.02, rtol=0.0)
        assert not torch.allclose(examples.latents[index, 1].float(), silence, atol=0.5)


def test_the_set_is_the_same_when_built_again(
    built: Path, manifest: Path, codec: Codec, tmp_path: Path
) -> None:
    again = build_latent_set(manifest, codec, tmp_path, SMALL, workers=2)
    assert torch.equal(again.latents, Examples.load(built).latents)
    files = (folder / "examples.jsonl" for folder in (built, tmp_path))
    assert len({file.read_text() for file in files}) == 1


BUILDING = """
import sys
from pathlib import Path
from core.codec.kinds import load_codec
from core.profile import load_profile
from core.corpus.latent_set import LatentSetPlan, build_latent_set

codec = load_codec(load_profile("pocket").codec)
build_latent_set(Path(sys.argv[1]), codec, Path(sys.argv[2]), LatentSetPlan(2, 2, 3), shard=4)
"""


def test_a_build_that_was_killed_goes_on_after_its_last_whole_shard(
    built: Path, manifest: Path, codec: Codec, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", BUILDING, str(manifest), str(tmp_path)]
    building = subprocess.Popen(command, start_new_session=True)
    while not (there := sorted(tmp_path.glob("made-*/[0-9]*.safetensors"))):
        assert building.poll() is None
        time.sleep(0.01)
    os.killpg(building.pid, signal.SIGKILL)
    building.wait()
    with safe_open(there[0], framework="pt") as first:
        about = first.metadata()
    marked = {name: latents + 1 for name, latents in load_file(there[0]).items()}
    save_file(marked, there[0], metadata=about)
    again = build_latent_set(manifest, codec, tmp_path, SMALL, shard=4)
    whole = Examples.load(built)
    assert again.captions == whole.captions
    assert torch.equal(again.latents[:4], whole.latents[:4] + 1), "made again instead of taken"
    assert torch.equal(again.latents[4:], whole.latents[4:])
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["examples.jsonl", "latents.safetensors"]


def numbered(ends: list[int], name: str) -> Examples:
    """Sounds of a class whose latents say which they are and which frame it is."""
    frame = torch.arange(EXAMPLE_FRAMES) / EXAMPLE_FRAMES
    latents = torch.stack([(index + frame)[:, None].expand(-1, 64) for index in range(len(ends))])
    captions = [[Caption("steady rain falling", "steady rain falling")] for _ in ends]
    names, alone = [[name] for _ in ends], [bool(end) for end in ends]
    return Examples(latents, captions, names, alone, ends, [USUAL] * len(ends))


@pytest.mark.parametrize("name", ["dog", "rain"])
def test_a_shot_ends_within_its_window_and_a_texture_never_does(name: str) -> None:
    ends = list(range(WINDOWS[0], EXAMPLE_FRAMES + 1))
    examples = numbered(ends, name)
    suited = {frames: examples.suiting(frames)[0] for frames in WINDOWS}
    assert set().union(*suited.values()) == set(range(len(ends)))
    for frames, indices in suited.items():
        for index in indices:
            shorter, longer = sorted((frames, ends[index]))
            assert shorter >= 0.7 * longer
            assert shorter == (ends[index] if name == "dog" else frames)
            assert examples.sounding_frames(index, frames) == shorter


@pytest.mark.parametrize(("name", "shown"), [("dog", {68, 96, 192}), ("cat", set(WINDOWS))])
def test_an_event_is_no_shot_with_silence_where_recordings_are_as_long(
    name: str, shown: set[int]
) -> None:
    """Of the dog there are recordings of 30 and of 100 frames, of the cat there are none."""
    examples = numbered([30, 100, 0, 0], "dog")
    examples.classes[2][0] = name
    examples.alone[2] = True
    windows = {frames for frames in WINDOWS if 2 in examples.suiting(frames)[2]}
    assert windows == shown
    assert all(3 in examples.suiting(frames)[2] for frames in WINDOWS)


def test_whole_recordings_mixtures_and_single_sounds_have_their_shares() -> None:
    examples = numbered([0] * 20 + [20, 60, 150], "rain")
    for index in range(10):
        examples.classes[index].append("dog")
    batches = Batches(examples, TextEncoder(4), 2048 / RATE)
    counts = torch.zeros(3)
    for seed in range(60):
        latents, condition, seconds, controls = batches.draw(torch.Generator().manual_seed(seed))
        frames = latents.shape[1]
        assert controls is None
        assert len(latents) == len(condition) == len(seconds) == batch_size(frames, 4)
        pools = examples.suiting(frames)
        for window, told in zip(latents, seconds, strict=True):
            index = int(window[0, 0])
            end = examples.ends[index] or frames
            assert float(told) == pytest.approx(min(frames, end) * 2048 / RATE)
            assert any(index in pool for pool in pools)
            if index >= 20:
                torch.testing.assert_close(window, examples.latents[index, :frames])
            if pools[0]:
                counts += torch.tensor([float(index in pool) for pool in pools])
    torch.testing.assert_close(counts / counts.sum(), torch.tensor(SHARES), atol=0.05, rtol=0.0)
