"""Bundles: a story opens again elsewhere; what is not one is refused and changes nothing."""

from __future__ import annotations

import dataclasses
import io
import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sounding_stories import RATE, noise, story_folder

from core import cli
from core.errors import FileError, StudioError
from core.export import ExportSettings, export, open_story, read_bundle
from core.export import bundle as bundles
from core.export.bundle import open_bundle
from core.mix.mix import MixSettings, mix
from core.story.folders import Library
from core.story.recording import Recording, keep_recording, recording_file
from core.story.story import Story
from core.story.take import Start


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return story_folder(tmp_path_factory.mktemp("stories") / "Harbour")


@pytest.fixture(scope="module")
def bundle(story: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = ExportSettings(bundle=True, format="flac")
    files = export(open_story(story), tmp_path_factory.mktemp("out"), settings).files
    return next(path for path in files if path.suffix == ".zip")


def test_a_bundle_opens_again_with_story_takes_and_mix(
    story: Path, bundle: Path, tmp_path: Path
) -> None:
    opened = read_bundle(bundle, tmp_path / "new" / "Harbour")
    assert opened == Story.load(story / "story.json")
    here, there = open_story(story), open_story(tmp_path / "new" / "Harbour")
    first = mix(here.story, here.sources, MixSettings(RATE))
    assert np.array_equal(first, mix(there.story, there.sources, MixSettings(RATE)))
    assert (tmp_path / "new" / "Harbour" / "takes" / "spare.flac").exists()
    assert (tmp_path / "new" / "Harbour" / "mix.flac").exists()


def with_recording(folder: Path) -> str:
    """The second event's take begins from a recording that lies in the folder; its digest."""
    recording = Recording(noise(1.0, 4, channels=2), RATE, "ab01" * 6)
    keep_recording(folder, recording)
    story = Story.load(folder / "story.json")
    event = story.event("e1")
    start = Start("recording", recording.digest, 0.5, 1, 1)
    takes = tuple(dataclasses.replace(take, start=start) for take in event.takes)
    story.replace_event(dataclasses.replace(event, takes=takes)).save(folder / "story.json")
    return recording.digest


def bundled(folder: Path, out: Path) -> Path:
    files = export(open_story(folder), out, ExportSettings(bundle=True, format="flac")).files
    return next(path for path in files if path.suffix == ".zip")


def test_a_bundle_takes_along_the_recordings_that_takes_began_from(tmp_path: Path) -> None:
    home = story_folder(tmp_path / "Harbour")
    digest = with_recording(home)
    (home / "recordings" / f"{'c' * 24}.flac").write_bytes(flac())
    there = tmp_path / "new" / "Harbour"
    assert read_bundle(bundled(home, tmp_path / "out"), there) == Story.load(home / "story.json")
    (kept,) = (there / "recordings").iterdir()
    assert kept.read_bytes() == recording_file(home, digest).read_bytes()


def test_a_take_that_is_gone_and_not_chosen_stops_no_export(tmp_path: Path) -> None:
    home = story_folder(tmp_path / "Harbour")
    (home / "takes" / "spare.flac").unlink()
    settings = ExportSettings(bundle=True, format="flac", reaper=True, otio=True)
    files = export(open_story(home), tmp_path / "out", settings).files
    path = next(path for path in files if path.suffix == ".zip")
    read_bundle(path, tmp_path / "new" / "Harbour")
    assert open_story(tmp_path / "new" / "Harbour").story == Story.load(home / "story.json")
    (home / "takes" / "k0.flac").unlink()
    with pytest.raises(FileError, match=r"k0\.flac.*missing"):
        export(open_story(home), tmp_path / "again", settings)


def test_the_command_opens_a_bundle_beside_the_other_stories(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["open", str(bundle), "--stories", str(tmp_path)]
    for title in ("Harbour", "Harbour 2"):
        assert cli.main(asked, serve=lambda _: None) == 0
        assert capsys.readouterr().out == f"{tmp_path / title}\n"
        assert open_story(tmp_path / title).title == title
    outer = tmp_path / "everything.zip"
    with zipfile.ZipFile(outer, "w") as archive:
        archive.write(bundle, bundle.name)
    assert cli.main(["open", str(outer), "--stories", str(tmp_path)], serve=lambda _: None) == 1
    assert f"{bundle.name!r} is inside" in capsys.readouterr().err


Members = dict[str, bytes]


def flac(seconds: float = 0.2, rate: int = RATE, form: str = "FLAC") -> bytes:
    data = io.BytesIO()
    soundfile.write(data, noise(seconds, 1).T, rate, format=form)
    return data.getvalue()


def changed_story(members: Members, **fields: object) -> Members:
    data = json.loads(members["story.json"])
    return {**members, "story.json": json.dumps({**data, **fields}).encode()}


def with_take_file(members: Members, file: str) -> Members:
    data = json.loads(members["story.json"])
    data["events"][0]["takes"][0]["file"] = file
    return {**members, "story.json": json.dumps(data).encode()}


def without(members: Members, name: str) -> Members:
    return {key: value for key, value in members.items() if key != name}


SPOILT: dict[str, Callable[[Members], Members]] = {
    "path escape": lambda m: {**m, "../evil.txt": b"x"},
    "take path escape": lambda m: {**m, "takes/../../evil.flac": flac()},
    "absolute path": lambda m: {**m, "/tmp/evil.flac": flac()},
    "windows path": lambda m: {**m, "takes\\evil.flac": flac()},
    "drive": lambda m: {**m, "C:evil.flac": flac()},
    "a program": lambda m: {**m, "takes/run.sh": b"#!/bin/sh"},
    "hidden": lambda m: {**m, "takes/.hidden.flac": flac()},
    "300 characters": lambda m: {**m, f"takes/{'x' * 300}.flac": flac()},
    "emoji": lambda m: {**m, "takes/🐦.flac": flac()},
    "no story": lambda m: without(m, "story.json"),
    "a take missing": lambda m: without(m, "takes/k1.flac"),
    "a take is text": lambda m: {**m, "takes/k1.flac": b"not a sound"},
    "a take is cut off": lambda m: {**m, "takes/k1.flac": m["takes/k1.flac"][:9000]},
    "a take is a WAV": lambda m: {**m, "takes/k1.flac": b"RIFF\x24\0\0\0WAVEfmt "},
    "a recording is text": lambda m: {**m, f"recordings/{'a' * 24}.flac": b"not a sound"},
    "a recording by another name": lambda m: {**m, "recordings/mine.flac": flac()},
    "a recording is a WAV": lambda m: {**m, f"recordings/{'a' * 24}.flac": flac(form="WAV")},
    "a recording is an MP3": lambda m: {**m, f"recordings/{'a' * 24}.flac": flac(form="MP3")},
    "a recording is cut off": lambda m: {**m, f"recordings/{'a' * 24}.flac": flac()[:9000]},
    "a take is an MP3": lambda m: {**m, "takes/k1.flac": flac(form="MP3")},
    "a take's rate is out of bounds": lambda m: {**m, "takes/k1.flac": flac(rate=600_000)},
    "a recording is empty": lambda m: {**m, f"recordings/{'a' * 24}.flac": flac(0.0)},
    "story is no JSON": lambda m: {**m, "story.json": b"{"},
    "story of another version": lambda m: changed_story(m, version=99),
    "story with an unknown field": lambda m: changed_story(m, extra=1),
    "story too large": lambda m: changed_story(m, reasoning="x" * 9_000_000),
    "take file elsewhere": lambda m: with_take_file(m, "../../etc/passwd"),
    "take file absolute": lambda m: with_take_file(m, "/etc/passwd"),
    "a bomb": lambda m: {**m, "mix.wav": b"\0" * 50_000_000},
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_bundle_is_refused_in_a_sentence_and_changes_nothing(
    bundle: Path, tmp_path: Path, name: str
) -> None:
    with zipfile.ZipFile(bundle) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    path = tmp_path / "in" / "given.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in SPOILT[name](members).items():
            archive.writestr(member, data)
    refused(path, tmp_path)


def refused(path: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    with pytest.raises(StudioError) as caught:
        read_bundle(path, library / "Harbour")
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 300
    assert list(library.iterdir()) == []
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "library"]


def test_links_encryption_doubles_and_counts_are_refused(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def linked(archive: zipfile.ZipFile) -> None:
        link = zipfile.ZipInfo("takes/link.flac")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")

    def doubled(archive: zipfile.ZipFile) -> None:
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("story.json", "{}")

    def many(archive: zipfile.ZipFile) -> None:
        for number in range(20):
            archive.writestr(f"takes/x{number}.flac", b"")

    monkeypatch.setattr(bundles, "MAX_MEMBERS", 20)
    for number, spoil in enumerate((linked, doubled, many)):
        place = tmp_path / str(number)
        path = place / "in" / "given.zip"
        path.parent.mkdir(parents=True)
        path.write_bytes(bundle.read_bytes())
        with zipfile.ZipFile(path, "a") as archive:
            spoil(archive)
        refused(path, place)


def test_any_flipped_or_missing_byte_is_refused_or_harmless(bundle: Path, tmp_path: Path) -> None:
    """Damage either shows, or the story that opens has every take sounding."""
    original = bundle.read_bytes()
    random = np.random.default_rng(0)
    sentences: list[str] = []
    for trial in range(40):
        data = bytearray(original)
        if trial % 4 == 0:
            del data[int(random.integers(len(data))) :]
        else:
            data[int(random.integers(len(data)))] ^= int(random.integers(1, 256))
        path = tmp_path / "damaged.zip"
        path.write_bytes(data)
        folder = tmp_path / f"story{trial}"
        try:
            read_bundle(path, folder)
            open_story(folder)
        except StudioError as error:
            sentences.append(str(error))
            assert not folder.exists()
    assert all(sentence.endswith(".") for sentence in sentences)
    assert len(sentences) > 20
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".part-")]


def test_a_bundle_that_unpacks_to_more_than_is_allowed_is_refused(
    bundle: Path, tmp_path: Path
) -> None:
    library = Library(tmp_path / "stories")
    with pytest.raises(FileError, match="too large"):
        open_bundle(bundle, library, most=bundle.stat().st_size // 2)
    assert not list((tmp_path / "stories").glob("*"))
    assert open_bundle(bundle, library, most=2 * bundle.stat().st_size).is_dir()


def test_an_existing_story_is_not_overwritten(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "Harbour").mkdir()
    (tmp_path / "Harbour" / "mine.txt").write_text("mine")
    with pytest.raises(StudioError, match="exists already"):
        read_bundle(bundle, tmp_path / "Harbour")
    assert [p.name for p in (tmp_path / "Harbour").iterdir()] == ["mine.txt"]
