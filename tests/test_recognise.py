"""The recognisability measure: nearest centroid, nothing judged by itself, honest tables."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from torch import Tensor

from core.codec.linear import LinearCodec
from core.corpus.captions import HELD_OUT, PHRASES
from core.corpus.scenes import ENOUGH_RECORDINGS, Clip, mix_over
from core.corpus.typicality import Listening, embedded, typical
from core.errors import AudioFileError, WeightsError
from core.evaluation import recognise
from core.evaluation.recognise import Judge, Table
from core.listener.aisfx import SoundEmbedder
from core.listener.nearest import centroids, centroids_without, nearest_classes, top_k

RATE = 44100
FITTED = Path(__file__).parent.parent / "assets" / "pocket" / "codec.safetensors"


def sound(name: str, seconds: float, seed: int) -> Tensor:
    """Hiss for rain, a low chord for horn, beeps for alarm."""
    draw = torch.Generator().manual_seed(seed)
    time = torch.arange(round(seconds * RATE)) / RATE
    if name == "rain":
        return 0.1 * torch.randn(len(time), generator=draw)
    if name == "horn":
        return sum(
            (torch.sin(2 * torch.pi * (110 + seed) * k * time) / k for k in range(1, 9)),
            start=torch.zeros(len(time)),
        )
    return 0.3 * torch.sin(2 * torch.pi * (1500 + 50 * seed) * time) * (time * 4 % 1 < 0.4)


def corpus(folder: Path) -> Path:
    rows = []
    for name, count in {"rain": 3, "horn": 3, "alarm": 3, "owl": 2}.items():
        for i in range(count):
            path = f"{name}{i}.wav"
            soundfile.write(folder / path, sound(name, 1.5, i).numpy(), RATE)
            row = {"path": path, "class": name, "sample_rate": RATE}
            rows.append(row | {"kind": "recorded", "split": "test"})
            rows.append(row | {"kind": "recorded", "split": "train", "sample_rate": 44100})
            rows.append(row | {"kind": "synthesised", "split": "test"})
    manifest = folder / "manifest.jsonl"
    manifest.write_text("\n".join(json.dumps(r) for r in rows))
    return manifest


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    manifest = corpus(tmp_path_factory.mktemp("corpus"))
    codec = LinearCodec.load(FITTED)
    return Judge.of_recordings(recognise.held_out_recordings(manifest), SoundEmbedder(), codec)


def test_only_held_out_recordings_of_classes_with_three_are_used(judge: Judge) -> None:
    assert judge.labels == ["rain"] * 3 + ["horn"] * 3 + ["alarm"] * 3


def test_a_tagger_learns_from_the_training_recordings_of_its_classes_alone(tmp_path: Path) -> None:
    manifest = corpus(tmp_path)
    rows = [json.loads(line) for line in manifest.read_text().splitlines()]
    rows = [r for r in rows if not (r["split"] == "train" and r["path"] == "rain1.wav")]
    manifest.write_text("\n".join(json.dumps(r) for r in rows))
    found = recognise.training_recordings(manifest, ["rain", "owl"])
    assert [recording.name for recording in found] == ["rain", "rain", "owl", "owl"]
    with pytest.raises(AudioFileError, match="build the corpus first"):
        recognise.training_recordings(manifest, ["dog"])


def test_an_empty_manifest_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "manifest.jsonl").write_text("")
    with pytest.raises(AudioFileError, match="build the corpus first"):
        recognise.held_out_recordings(tmp_path / "manifest.jsonl")


def test_a_class_is_nearest_to_its_own_centroid() -> None:
    points = torch.eye(4) + 0.01
    classes = centroids(points, ["a", "b", "c", "d"])
    assert [nearest_classes(point, classes)[0] for point in points] == ["a", "b", "c", "d"]


def test_a_recording_does_not_help_the_centroid_it_is_judged_by() -> None:
    points = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.1, 1.0]])
    labels = ["a", "b", "b"]
    assert "a" not in centroids_without(points, labels, [0])
    one_left = centroids_without(points, labels, [1])["b"]
    assert torch.allclose(one_left, points[2] / points[2].norm())


def test_a_saved_judge_gives_the_same_tables(judge: Judge, tmp_path: Path) -> None:
    judge.save(tmp_path / "held_out.safetensors")
    again = Judge.load(tmp_path / "held_out.safetensors", judge.embedder)
    assert again.labels == judge.labels
    assert again.seconds == judge.seconds
    assert again.recordings_table() == judge.recordings_table()
    with pytest.raises(WeightsError, match="Cannot read"):
        Judge.load(tmp_path / "nowhere.safetensors", judge.embedder)


def test_top_k_counts_places() -> None:
    assert top_k([0, 1, 4, 5], 1) == 0.25
    assert top_k([0, 1, 4, 5], 5) == 0.75


def test_distinct_classes_are_recognised_also_through_the_codec(judge: Judge) -> None:
    assert judge.recordings_table().total.top_1 == 1.0
    table = judge.codec_table()
    assert table.total.top_5 == 1.0
    assert table.total.top_1 >= 2 / 3
    assert table.cosine is not None
    assert table.cosine > 0.8


def test_renders_are_made_from_words_that_training_never_saw(judge: Judge) -> None:
    asked: list[tuple[str, float, int]] = []
    said: list[str] = []

    def heard(caption: str, seconds: float, seed: int) -> Tensor:
        asked.append((caption, seconds, seed))
        return judge.embedder.embed(sound("rain", 1.0, seed + 10))

    table = judge.renders_table(heard, rounds=2, say=said.append)
    assert [seed for _, _, seed in asked] == [0, 1, 2, 3, 4, 5] * 3
    assert all(caption not in PHRASES["rain"] for caption, _, _ in asked)
    assert (HELD_OUT["rain"][1], 1.5, 1) in asked
    assert {r.name: r.top_1 for r in table.classes} == {"alarm": 0.0, "horn": 0.0, "rain": 1.0}
    assert table.total.top_1 == pytest.approx(1 / 3)
    assert len(said) == 18
    plainly = judge.renders_table(heard, 1, ["rain"], recognise.plain_paraphrase)
    assert plainly.total.count == 3
    assert asked[-1][0] == "steady rain falling"


def test_renders_stand_for_the_recordings_in_number_and_in_length() -> None:
    points = torch.eye(5, 512)
    labels, seconds = ["rain", "rain", "rain", "owl", "owl"], [0.2, 3.0, 10.0, 1.0, 2.0]
    judge = Judge(labels, seconds, points, points, SoundEmbedder())
    asked: list[tuple[float, int]] = []

    def heard(caption: str, seconds: float, seed: int) -> Tensor:
        asked.append((seconds, seed))
        return points[3]

    table = judge.renders_table(heard)
    assert asked == [(1.0, 0), (2.0, 1), (0.5, 0), (3.0, 1), (10.0, 2)]
    assert table.total.top_1 == pytest.approx(2 / 5)
    assert table.alike.top_1 == pytest.approx(1 / 2)
    assert judge.only(["owl"]).lengths("owl") == [1.0, 2.0]


def test_shares_name_the_weakest_family() -> None:
    recordings = Table.of("recordings", ["rain", "wind", "owl", "owl"], [0, 1, 0, 0])
    renders = Table.of("renders", ["rain", "wind", "owl", "owl"], [0, 1, 0, 9])
    share = recognise.share_of(renders, recordings)
    assert share["top_1"] == pytest.approx(2 / 3)
    assert share["top_5"] == pytest.approx(3 / 4)
    assert (share["weakest_family"], share["weakest_family_top_1"]) == ("animals", 0.5)


def test_a_table_prints_as_text_and_is_reported_as_plain_data() -> None:
    table = Table.of("recordings", ["rain", "rain", "owl"], [0, 3, 7])
    text = str(table).splitlines()
    assert len({len(line) for line in text}) == 1
    assert any(line.split() == ["rain", "2", "50.0%", "100.0%"] for line in text)
    assert any(line.split() == ["weather", "2", "50.0%", "100.0%"] for line in text)
    data = recognise.report([table])["recordings"]
    assert data["total"] == {
        "name": "all",
        "count": 3,
        "top_1": pytest.approx(1 / 3),
        "top_5": pytest.approx(2 / 3),
    }


def clips(folder: Path, name: str, sounds: list[str]) -> list[Clip]:
    made = []
    for i, heard in enumerate(sounds):
        path = folder / f"{name}{i}.wav"
        soundfile.write(path, sound(heard, 1.5, i).numpy(), RATE)
        made.append(Clip(path, name, recorded=True, attributes={}))
    return made


def test_a_recording_that_sounds_like_another_class_is_not_learned_from(tmp_path: Path) -> None:
    rain = clips(tmp_path, "rain", ["rain"] * 5 + ["horn"])
    horn = clips(tmp_path, "horn", ["horn"] * 5)
    alarm = clips(tmp_path, "alarm", ["alarm"] * (ENOUGH_RECORDINGS - 1) + ["horn"])
    synthesised = Clip(tmp_path / "made.wav", "rain", recorded=False, attributes={})
    given = {"rain": [*rain, synthesised], "horn": horn, "alarm": alarm}
    kept = typical(given, embedded(given, SoundEmbedder()), near=1)
    assert kept["rain"] == [*rain[:5], synthesised]
    assert kept["horn"] == horn
    assert kept["alarm"] == alarm


def test_a_composed_sound_must_be_heard_as_what_it_is_made_of(tmp_path: Path) -> None:
    given = {name: clips(tmp_path, name, [name] * 3) for name in ("rain", "horn", "alarm")}
    given["gong"] = clips(tmp_path, "gong", ["horn"])
    embedder = SoundEmbedder()
    listening = Listening(given, embedded(given, embedder), embedder)
    horn, alarm = (sound(name, 4.0, 7).numpy() for name in ("horn", "alarm"))
    assert listening.hears(horn, ["horn"])
    assert not listening.hears(horn, ["alarm"])
    assert listening.hears(horn, ["gong"])  # one recording judges nothing
    assert listening.hears(alarm + horn, ["alarm", "horn"])


def test_the_second_sound_of_a_mixture_is_about_as_loud_as_the_bed() -> None:
    rng = np.random.default_rng(0)
    bed, shot = sound("rain", 2.0, 1).numpy() / 50, sound("horn", 2.0, 2).numpy()
    for _ in range(20):
        mixed = mix_over(bed, shot, rng)
        over = np.sqrt(np.mean((mixed - bed) ** 2) / np.mean(bed**2))
        assert abs(20 * np.log10(over)) <= 4.0 + 1e-3
