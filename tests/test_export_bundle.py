"""Bundles: a story opens again elsewhere; what is not one is refused and changes nothing."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import re
import shutil
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
from core.export.archive import dated
from core.export.bundle import NO_HISTORY, open_bundle
from core.mix.mix import MixSettings, mix
from core.story import timeline
from core.story.library import Library
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


def test_a_bundle_takes_its_history_along(
    story: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Library(tmp_path / "here").create(Story.load(story / "story.json"), "Harbour")
    shutil.copytree(story / "takes", home.path / "takes")
    first = home.story
    for gain in (-3, -6):
        home.edit("gain", lambda s, db=gain: timeline.change(s, "e1", gain_db=db))
    undone, newest = home.undo(), home.redo()
    path = bundled(home.path, tmp_path / "out")
    library = Library(tmp_path / "there")
    there = library.open(open_bundle(path, library).name)
    assert there.story == newest
    assert (there.undo(), there.undo()) == (undone, first)
    assert (there.redo(), there.redo()) == (undone, newest)
    with zipfile.ZipFile(path) as archive:
        spoilt = {name: archive.read(name) for name in archive.namelist()}
    for history in (b"", spoilt["changes.jsonl"].replace(b'"is"', b'"was"'), b"\xff\n[]\n" * 9):
        other = tmp_path / "Other.story.zip"
        other.write_bytes(packed(spoilt | {"changes.jsonl": history}))
        assert cli.main(["open", str(other), "--stories", str(tmp_path / "x")], lambda _: None) == 0
        assert NO_HISTORY in capsys.readouterr().err


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


def within(folder: str, members: Members) -> Members:
    return {folder + name: data for name, data in members.items()}


def encoded(members: Members, encoding: str) -> Members:
    text = members["story.json"].decode()
    return {**members, "story.json": text.encode(encoding, "replace")}


def packed(members: Members) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


RUBBISH = {".DS_Store": b"x", "takes/.DS_Store": b"x", "Thumbs.db": b"x", "desktop.ini": b"x"}
KEPT_BESIDE = {
    "takes/k0.safetensors": b"x",
    "changes.jsonl": b"{",
    "render.json": b"{",
    "exports/Harbour.wav": b"x",
    "exports/Harbour.story.zip": b"x",
    "exports/.part-abc.wav": b"x",
}
REZIPPED: dict[str, Callable[[Members], Members]] = {
    "Finder": lambda m: {
        "Harbour/": b"",
        **within("Harbour/", {**m, **RUBBISH}),
        "__MACOSX/._Harbour": b"x",
        **{f"__MACOSX/Harbour/._{name}": b"x" for name in ("story.json", "mix.flac")},
        "__MACOSX/Harbour/takes/._k0.flac": b"x",
    },
    "Explorer": lambda m: {
        name.replace("/", "\\"): data for name, data in within("Harbour/", {**m, **RUBBISH}).items()
    },
    "tar and others": lambda m: within("./", m),
    "folders around": lambda m: within("Users/me/Ton & Bild/Zürich 雨/", m),
    "a story's folder": lambda m: {**m, **KEPT_BESIDE},
    "a story's folder, and a folder around it": lambda m: within("Harbour/", {**m, **KEPT_BESIDE}),
    "byte order mark": lambda m: encoded(m, "utf-8-sig"),
    "UTF-16": lambda m: encoded(m, "utf-16"),
    "UTF-16 without a mark": lambda m: encoded(m, "utf-16-le"),
    "UTF-32": lambda m: encoded(m, "utf-32"),
    "a whole export": lambda m: {
        "Harbour.flac": m["mix.flac"],
        "Harbour takes/k0.flac": flac(),
        "Harbour.story.zip": packed(m),
        "Harbour.provenance.json": b"{}",
        "__MACOSX/._Harbour.story.zip": b"x",
    },
}


@pytest.mark.parametrize("name", REZIPPED)
def test_what_was_zipped_again_by_hand_opens(
    story: Path, bundle: Path, tmp_path: Path, name: str
) -> None:
    with zipfile.ZipFile(bundle) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    path = tmp_path / "given.zip"
    path.write_bytes(packed(REZIPPED[name](members)))
    folder = open_bundle(path, Library(tmp_path / "library"))
    assert open_story(folder).story == Story.load(story / "story.json")
    assert (folder / "story.json").read_bytes() == members["story.json"]
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert found == set(members)
    assert [p.name for p in (tmp_path / "library").iterdir()] == ["given"]


def test_a_folders_name_in_another_encoding_matters_to_nobody(
    story: Path, bundle: Path, tmp_path: Path
) -> None:
    """Finder writes UTF-8 without saying so, older tools whatever their system has."""
    with zipfile.ZipFile(bundle) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    for number, letters in enumerate((b"Z\xc3\xbcrich/", b"Z\x81\xfcrich/")):
        path = tmp_path / f"{number}.zip"
        path.write_bytes(packed(within("ZXXrich/", members)).replace(b"ZXXrich/", letters))
        assert read_bundle(path, tmp_path / str(number)) == Story.load(story / "story.json")


def marked(data: bytes, place: int, value: int) -> bytes:
    """A zip with another value in each entry of its table of contents."""
    changed = bytearray(data)
    at = data.find(b"PK\1\2")
    while at >= 0:
        changed[at + place] = value
        at = data.find(b"PK\1\2", at + 4)
    return bytes(changed)


NOT_ONE: dict[str, tuple[Callable[[Members], bytes], str]] = {
    "a library": (
        lambda m: packed(
            within("AudioStories/Harbour/", m) | within("AudioStories/Archive/Storm/", m)
        ),
        r"2 stories \('Harbour', 'Storm'\)",
    ),
    "two bundles": (
        lambda m: packed({"a.story.zip": packed(m), "b.story.zip": packed(m)}),
        r"2 bundles \('a\.story\.zip', 'b\.story\.zip'\)",
    ),
    "a password": (lambda m: marked(packed(m), 8, 1), "password"),
    "Deflate64": (lambda m: marked(packed(m), 10, 9), "packed in a way"),
    "another encoding": (lambda m: packed(encoded(m, "cp500")), "not text|not valid JSON"),
    "sounds alone": (lambda m: packed({"mix.flac": m["mix.flac"]}), r"no story\.json"),
    "a document": (lambda m: b"%PDF-1.7", "not a story bundle"),
    "an empty zip": (lambda m: packed({}), r"no story\.json"),
    "a bundle within that is none": (
        lambda m: packed({"a.story.zip": b"x" * 5000}),
        "not a story bundle",
    ),
    "a bomb within": (
        lambda m: packed({"a.story.zip": packed({**m, "takes/../../evil.flac": flac()})}),
        "does not belong",
    ),
}


@pytest.mark.parametrize("name", NOT_ONE)
def test_what_holds_no_one_story_gets_a_sentence_that_says_so(
    bundle: Path, tmp_path: Path, name: str
) -> None:
    with zipfile.ZipFile(bundle) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    make, said = NOT_ONE[name]
    path = tmp_path / "in" / "given.zip"
    path.parent.mkdir()
    path.write_bytes(make(members))
    refused(path, tmp_path, said)


@pytest.mark.parametrize(
    ("seconds", "date"),
    [
        (0.0, (1980, 1, 1, 0, 0, 0)),
        (-1e9, (1980, 1, 1, 0, 0, 0)),
        (4.6e9, (2107, 12, 31, 23, 59, 58)),
        (1e30, (1980, 1, 1, 0, 0, 0)),
    ],
)
def test_a_take_of_any_date_goes_into_a_bundle_that_opens(
    tmp_path: Path, seconds: float, date: tuple[int, ...]
) -> None:
    home = story_folder(tmp_path / "Harbour")
    if abs(seconds) < 1e10:
        for take in (home / "takes").iterdir():
            os.utime(take, (seconds, seconds))
    path = bundled(home, tmp_path / "out")
    assert read_bundle(path, tmp_path / "new") == Story.load(home / "story.json")
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        if abs(seconds) < 1e10:
            assert archive.getinfo("takes/k0.flac").date_time == date
    assert dated("a", seconds).date_time == date


def test_a_bundle_that_the_browser_unpacked_is_told_from_a_damaged_one(tmp_path: Path) -> None:
    home = story_folder(tmp_path / "Harbour")
    with pytest.raises(FileError, match="is a folder, not a zip"):
        open_bundle(home, Library(tmp_path / "library"))


def test_a_story_in_utf_16_opens_from_its_folder_too(tmp_path: Path) -> None:
    home = story_folder(tmp_path / "Harbour")
    story = Story.load(home / "story.json")
    (home / "story.json").write_text(story.to_json(), encoding="utf-16")
    assert Library(tmp_path).open("Harbour").story == story
    assert open_story(home).story == story


def refused(path: Path, tmp_path: Path, said: str = "") -> None:
    library = tmp_path / "library"
    library.mkdir()
    with pytest.raises(StudioError) as caught:
        read_bundle(path, library / "Harbour")
    message = str(caught.value)
    assert re.search(said, message)
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
