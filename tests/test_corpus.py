"""The corpus: packages unpacked safely, clean clips, and tests held out by recording."""

from __future__ import annotations

import json
import struct
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.corpus import corpus, packages
from core.corpus.corpus import ManifestClip, read_corpus, without_dull
from core.corpus.downloads import extract, fetch
from core.corpus.holdout import choose_held_out, group_takes, held_out_count, likeness
from core.corpus.licences import NOTICE, authors_of, notice
from core.corpus.packages import (
    Licences,
    Package,
    attributes_of,
    audio_packages,
    is_permissive,
    stanzas,
)
from core.corpus.recordings import PEAK, SAMPLE_RATE, decode, write_clip
from core.errors import AudioFileError
from core.profile import ASSETS

COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: tiny

Files: *
Copyright: 2026 somebody
License: GPL-2+

Files: data/sounds/weather/*
Copyright: 2026 somebody else
License: CC-BY-3.0
 Text of the licence.

Files: data/sounds/weather/secret.wav
Copyright: 2026 a company
License: non-free

License: GPL-2+
 Text of the licence.
"""


def noise(seed: int, seconds: float = 0.5, rate: int = 22_050) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, int(seconds * rate)).astype(np.float32)


def wave(path: Path, samples: np.ndarray, rate: int = 22_050) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, format="WAV")


def container(entries: list[tuple[str, bytes]]) -> bytes:
    """An OpenTTD sound container."""
    index, body = b"", b""
    for text, sound in entries:
        index += struct.pack("<II", 8 * len(entries) + len(body), len(sound))
        body += bytes([len(text) + 1]) + text.encode() + b"\0" + sound
    return index + body


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[Package, Path]:
    """A package like those of the table, with an inner archive and a sound container."""
    tree = tmp_path_factory.mktemp("package")
    share = tree / "usr/share/games/tiny/data"
    for seed in range(8):
        wave(share / f"sounds/weather/rain_{seed}.wav", noise(seed))
    wave(share / "sounds/weather/secret.wav", noise(90))
    wave(share / "sounds/voice/rain_says_a_man.wav", noise(91))
    wave(share / "sounds/weather/mud.wav", noise(92))
    wave(share / "sounds/copies/rain_again.wav", noise(3))
    wave(share / "inner.wav", noise(93))
    with zipfile.ZipFile(share / "inner.zip", "w") as archive:
        archive.write(share / "inner.wav", "dog/bark.wav")
        archive.write(share / "inner.wav", "../../escaped_bark.wav")
    wave(share / "inner.wav", noise(94))
    sound = (share / "inner.wav").read_bytes()
    text = '"Cow". By nobody. License: Creative Commons Zero 1.0.'
    (share / "all.cat").write_bytes(container([(text, sound)]))
    (share / "inner.wav").unlink()
    terms = tree / "usr/share/doc/tiny/copyright"
    terms.parent.mkdir(parents=True)
    terms.write_text(COPYRIGHT)
    control = (
        "Package: tiny\nVersion: 1\nArchitecture: all\nMaintainer: n <n@n.org>\nDescription: n\n"
    )
    (tree / "DEBIAN").mkdir()
    (tree / "DEBIAN/control").write_text(control)
    debs = tmp_path_factory.mktemp("debs")
    build = ["dpkg-deb", "--build", "-Znone", str(tree), str(debs / "tiny_1_all.deb")]
    subprocess.run(build, check=True, capture_output=True)
    classes = {
        "rain": packages._pattern("rain_|secret"),
        "dog": packages._pattern("bark"),
        "cow": packages._pattern(r"\d\d-Cow"),
    }
    return Package("tiny", "GPL-2+", classes, ("inner.zip", "all.cat")), debs


@pytest.fixture(scope="module")
def built(tiny: tuple[Package, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    source, debs = tiny
    root = tmp_path_factory.mktemp("corpus")
    corpus.build_corpus(root, [source], debs, per_class=0, workers=1)
    return root


@pytest.mark.parametrize(
    ("licence", "permissive"),
    [
        ("CC-BY-3.0", True),
        ("CC-BY-SA-3.0", False),
        ("CC0-1.0", True),
        ("public-domain", True),
        ("MIT", True),
        ("BSD-2-Clause", True),
        ("GPL-2+", False),
        ("GFDL-1.3", False),
        ("free-art", False),
        ("Artistic-1.0", False),
        ("GPL-2 or MIT", True),
        ("MIT and CC-BY-SA-4.0", False),
        ("CC-BY-SA-3.0 or GPL-3 or GPL-2", False),
    ],
)
def test_permissive_licences_have_neither_share_alike_nor_copyleft(
    licence: str, permissive: bool
) -> None:
    assert is_permissive(licence) == permissive


def test_a_permissive_corpus_leaves_out_what_is_under_the_gpl(
    tiny: tuple[Package, Path], built: Path, tmp_path: Path
) -> None:
    source, debs = tiny
    kept = corpus.build_corpus(tmp_path, [source], debs, per_class=0, workers=1, permissive=True)
    assert {clip.licence for clip in read_corpus(built)} == {"CC-BY-3.0", "GPL-2+", "CC0-1.0"}
    assert {clip.licence for clip in kept} == {"CC-BY-3.0", "CC0-1.0"}


def test_the_notice_names_authors_and_licence_of_every_recording(
    tiny: tuple[Package, Path], built: Path
) -> None:
    source, _ = tiny
    clips = read_corpus(built)
    text = notice(clips, authors_of(clips, [source], built / "raw"))
    assert all(f"- {clip.file}" in text for clip in clips)
    assert "CC-BY-3.0, somebody else:" in text
    assert "not named" in notice(clips, {})


def test_the_shipped_notice_holds_every_recording_of_the_table_that_was_learned_from() -> None:
    text = NOTICE.read_text()
    sources = {line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")}
    assert sources <= {source.package for source in audio_packages()}
    table = (ASSETS / "training" / "DATA.md").read_text().splitlines()
    learned = {line.split("|")[1].strip() for line in table if line.startswith("| ")}
    assert sources == learned - {"source", "core.corpus.synthesis"}


def test_every_pattern_of_the_table_belongs_to_a_class_and_a_free_licence() -> None:
    assert len(audio_packages()) >= 20
    for source in audio_packages():
        assert source.classes
        assert not packages.NOT_FREE.search(source.licence)


@pytest.mark.parametrize(
    ("package", "path", "class_name"),
    [
        ("minetest-data", "mods/default/sounds/default_gravel_footstep.2.ogg", "footsteps_gravel"),
        ("0ad-data", "audio/attack/impact/arrow_wood_03.ogg", None),
        ("0ad-data", "audio/attack/weapon/bow_attack_03.ogg", "arrow"),
        ("0ad-data", "audio/voice/greek/civ/rain_1.ogg", None),
        ("widelands-data", "sound/animals/wolf_01.ogg", "wolf"),
        ("openttd-opensfx", "opensfx/06-Ship-horn.wav", "ship_horn"),
    ],
)
def test_the_name_of_a_file_gives_its_class(
    package: str, path: str, class_name: str | None
) -> None:
    source = next(s for s in audio_packages() if s.package == package)
    assert source.class_of(path) == class_name


def test_a_name_gives_only_what_it_says() -> None:
    assert attributes_of("ambient/weather/windstorm_1.ogg") == {"strength": "heavy"}
    assert attributes_of("ambient/water/waverocky_1.ogg") == {"surface": "rocks"}
    assert attributes_of("ambient/weather/rain_1.ogg") == {}


def test_unpacking_takes_sounds_and_terms_and_nothing_outside(
    tiny: tuple[Package, Path], tmp_path: Path
) -> None:
    source, debs = tiny
    folder = extract(source, fetch(source, debs), tmp_path / "raw")
    names = {p.name for p in folder.rglob("*") if p.is_file()}
    assert {"rain_0.wav", "bark.wav", "00-Cow.wav", "copyright"} <= names
    assert not names & {"control", "inner.zip", "all.cat", "rain_says_a_man.wav"}
    assert not list(tmp_path.rglob("escaped_bark.wav"))
    assert not list(tmp_path.rglob("*.partial"))
    assert extract(source, tmp_path / "absent.deb", tmp_path / "raw") == folder


def test_a_damaged_package_is_reported_and_leaves_nothing(tmp_path: Path) -> None:
    deb = tmp_path / "tiny_1_all.deb"
    deb.write_bytes(b"not a package")
    with pytest.raises(AudioFileError, match="delete it and run again"):
        extract(Package("tiny", "CC0", {}), deb, tmp_path / "raw")
    assert not (tmp_path / "raw/tiny").exists()


def test_the_licence_is_that_of_the_closest_pattern(
    tiny: tuple[Package, Path], tmp_path: Path
) -> None:
    source, debs = tiny
    folder = extract(source, fetch(source, debs), tmp_path)
    licences = Licences(source, folder)
    sounds = "usr/share/games/tiny/data/sounds"
    assert licences.of(f"{sounds}/weather/rain_0.wav") == "CC-BY-3.0"
    assert licences.of(f"{sounds}/weather/secret.wav") == "non-free"
    assert licences.of(f"{sounds}/copies/rain_again.wav") == "GPL-2+"
    assert licences.of("usr/share/games/tiny/data/all/00-Cow.wav") == "CC0-1.0"
    assert stanzas("Some prose about a licence.") == []


def test_a_clip_is_mono_trimmed_and_at_the_corpus_rate_and_level(tmp_path: Path) -> None:
    quiet = np.zeros(11_025, np.float32)
    both = np.concatenate([quiet, noise(1, 1.0), quiet])
    stereo = np.round(np.stack([both, both * 0.5], axis=1) * 32_000).astype(np.int16)
    wave(tmp_path / "a.wav", stereo)
    samples, rate, mark = decode(tmp_path / "a.wav")
    assert rate == 22_050
    assert len(samples) / SAMPLE_RATE == pytest.approx(1.0, abs=0.1)
    assert np.max(np.abs(samples)) == pytest.approx(PEAK, abs=1e-3)
    wave(tmp_path / "again.wav", np.concatenate([quiet, quiet, both]))
    assert decode(tmp_path / "again.wav")[2] != mark, "a mono copy is another mixture"
    soundfile.write(tmp_path / "b.flac", stereo, 22_050)
    assert decode(tmp_path / "b.flac")[2] == mark, "the same audio in another format"


def test_rumble_and_long_gaps_are_taken_out(tmp_path: Path) -> None:
    seconds = np.arange(22_050) / 22_050
    rumble = (0.9 * np.sin(2 * np.pi * 5 * seconds)).astype(np.float32)
    wave(tmp_path / "a.wav", rumble + 0.1 * noise(1, 1.0))
    samples, _, _ = decode(tmp_path / "a.wav")
    spectrum = np.abs(np.fft.rfft(samples)) ** 2
    assert spectrum[:15].sum() < 0.05 * spectrum.sum()
    gap = np.zeros(4 * 22_050, np.float32)
    wave(tmp_path / "b.wav", np.concatenate([noise(2, 0.4), gap, noise(3, 1.2), gap, noise(4)]))
    assert len(decode(tmp_path / "b.wav")[0]) / SAMPLE_RATE == pytest.approx(1.2, abs=0.1)


def test_channels_that_cancel_keep_the_first(tmp_path: Path) -> None:
    wave(tmp_path / "a.wav", np.stack([noise(1), -noise(1)], axis=1))
    assert np.std(decode(tmp_path / "a.wav")[0]) > 0.1


@pytest.mark.parametrize(
    ("samples", "rate", "reason"),
    [
        (np.zeros(44_100, np.float32), 44_100, "silent"),
        (noise(1, 0.1), 22_050, "shorter"),
        (noise(1, 1.0, 8_000), 8_000, "rate"),
    ],
)
def test_what_is_no_clip_is_left_out(
    samples: np.ndarray, rate: int, reason: str, tmp_path: Path
) -> None:
    wave(tmp_path / "a.wav", samples, rate)
    with pytest.raises(AudioFileError, match=reason):
        decode(tmp_path / "a.wav")


def test_a_file_that_is_no_sound_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.ogg").write_text("hello")
    with pytest.raises(AudioFileError, match="cannot be decoded"):
        decode(tmp_path / "a.ogg")


def test_how_many_recordings_are_held_out() -> None:
    counts = {n: held_out_count(n) for n in (0, 2, 3, 5, 6, 20, 100)}
    assert counts == {0: 0, 2: 0, 3: 1, 5: 2, 6: 3, 20: 6, 100: 12}


def test_a_crop_at_another_level_is_the_same_take() -> None:
    long = noise(5, 2.0).astype(np.float64)
    assert likeness(long, 0.3 * long[9_000:20_000]) > 0.99
    assert likeness(long, noise(6, 1.0).astype(np.float64)) < 0.2


def test_crops_of_one_take_stay_on_one_side(tmp_path: Path) -> None:
    paths = []
    for seed in range(6):
        whole = noise(seed, 1.0, SAMPLE_RATE)
        for name, cut in (("a", whole), ("b", whole[10_000:30_000])):
            paths.append(tmp_path / f"{seed}{name}.flac")
            write_clip(paths[-1], cut)
    groups = group_takes(paths)
    assert [len(group) for group in groups] == [2] * 6
    test = choose_held_out(groups)
    assert len(test) == 4
    assert all(len(test & set(group)) in (0, 2) for group in groups)


def test_the_manifest_names_free_distinct_clips(built: Path) -> None:
    clips = read_corpus(built)
    assert sorted({c.class_name for c in clips}) == ["cow", "dog", "rain"]
    rain = [c for c in clips if c.class_name == "rain"]
    assert len(rain) == 8, "the copy appears once and the non-free file not at all"
    assert sum(c.split == "test" for c in rain) == 3
    assert {c.licence for c in clips} == {"CC-BY-3.0", "CC0-1.0", "GPL-2+"}
    row = json.loads((built / "manifest.jsonl").read_text().splitlines()[0])
    assert list(row) == [
        "path",
        "class",
        "kind",
        "source",
        "file",
        "licence",
        "seconds",
        "sample_rate",
        "attributes",
        "split",
    ]
    for clip in clips:
        info = soundfile.info(built / clip.path)
        assert (info.samplerate, info.channels, info.subtype) == (SAMPLE_RATE, 1, "PCM_16")
        assert info.duration == pytest.approx(clip.seconds, abs=2e-3)


def test_a_second_build_decodes_nothing_and_says_the_same(
    built: Path, tiny: tuple[Package, Path]
) -> None:
    source, debs = tiny
    before = (built / "manifest.jsonl").read_text()
    written = {p: p.stat().st_mtime_ns for p in built.rglob("*.flac")}
    corpus.build_corpus(built, [source], debs, per_class=0, workers=1)
    assert (built / "manifest.jsonl").read_text() == before
    assert {p: p.stat().st_mtime_ns for p in built.rglob("*.flac")} == written


def test_a_lost_clip_is_made_again_and_a_stray_one_removed(
    built: Path, tiny: tuple[Package, Path]
) -> None:
    source, debs = tiny
    lost, stray = built / read_corpus(built)[0].path, built / "clips/rain/stray.flac"
    lost.unlink()
    write_clip(stray, noise(1))
    corpus.build_corpus(built, [source], debs, per_class=0, workers=1)
    assert lost.is_file()
    assert stray.is_file(), "a training may be reading it"
    corpus.prune(built)
    assert lost.is_file()
    assert not stray.exists()


def test_dull_recordings_are_taken_only_where_few_are_not() -> None:
    def clips(class_name: str, full: int) -> list[ManifestClip]:
        rates = [44_100] * full + [11_025]
        return [
            ManifestClip("p", class_name, "recorded", "s", "f", "CC0", 1.0, rate) for rate in rates
        ]

    kept = without_dull(clips("wolf", 3) + clips("rain", 12))
    assert len([c for c in kept if c.class_name == "wolf"]) == 4
    assert len([c for c in kept if c.class_name == "rain"]) == 12


def test_synthesised_clips_repeat_and_only_train(tmp_path: Path) -> None:
    first = corpus._synthesise((tmp_path, "knock", 0))
    sound = (tmp_path / first["path"]).read_bytes()
    assert corpus._synthesise((tmp_path, "knock", 0)) == first
    assert (tmp_path / first["path"]).read_bytes() == sound
    assert (first["kind"], first["split"], first["class"]) == ("synthesised", "train", "knock")
