"""Killed, cancelled, full disk, read-only, strange names: nothing half-written, a sentence each."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
import soundfile
from sounding_stories import RATE, noise, story_folder

from core.audio.ffmpeg import CHOSEN
from core.errors import Cancelled, FileError, StudioError
from core.export import ExportSettings, export, open_story
from core.export.settings import FormatName
from core.story.story import Story
from tests.soak import disk, kills


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return story_folder(tmp_path_factory.mktemp("stories") / "Harbour")


def test_killed_at_any_moment(story: Path, tmp_path: Path) -> None:
    assert sum(kills.killed_export(seed, story, tmp_path / f"{seed}") for seed in range(3)) > 0


@pytest.mark.parametrize("name", disk.FORMATS)
@pytest.mark.parametrize("size", [3_000, 60_000])
def test_a_full_disk_leaves_nothing_half_written(
    story: Path, tmp_path: Path, name: FormatName, size: int
) -> None:
    disk.full_disk_export(story, tmp_path / "out", name, size)


def test_a_folder_that_cannot_be_written_to_is_said(story: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(FileError, match="choose another"):
        export(open_story(story), blocked / "exports", ExportSettings())
    assert blocked.read_text() == "in the way"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to read-only folders")
def test_a_read_only_folder_is_said(story: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(FileError, match="choose another"):
        export(open_story(story), tmp_path, ExportSettings())
    assert list(tmp_path.iterdir()) == []


def test_a_read_only_system_folder_is_said_even_to_root(story: Path) -> None:
    with pytest.raises(FileError, match=r"choose another"):
        export(open_story(story), Path("/proc/audiostory"), ExportSettings())


@pytest.mark.parametrize("name", ["../escape", "a/b", "🎧 story", "x" * 300, "CON:"])
def test_names_that_cannot_be_files_are_refused(story: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(FileError) as caught:
        export(open_story(story), tmp_path / "out", ExportSettings(name=name))
    assert str(caught.value).endswith(".")
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "escape.wav").exists()


@pytest.mark.parametrize("title", ["../../escape", "🎧", "x" * 300, "CON", "a\x00b"])
def test_any_title_gives_a_file_inside_the_folder(story: Path, tmp_path: Path, title: str) -> None:
    settings = ExportSettings(stems="events", markers=("csv",))
    delivery = export(open_story(story), tmp_path / "out", settings, title=title)
    for path in delivery.files:
        assert path.resolve().is_relative_to((tmp_path / "out").resolve())
        assert path.is_file()
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("moment", [0.0, 0.2, 0.45, 0.7])
def test_a_cancelled_export_leaves_nothing_half_written(
    story: Path, tmp_path: Path, moment: float
) -> None:
    cancel = threading.Event()

    def progress(done: float, what: str) -> None:
        if done >= moment:
            cancel.set()

    with pytest.raises(Cancelled):
        export(
            open_story(story),
            tmp_path,
            ExportSettings(stems="both", loudness=-16.0),
            on_progress=progress,
            cancel=cancel,
        )
    kills.check_whole(tmp_path, Story.load(story / "story.json").total)
    assert not list(tmp_path.rglob(".part-*"))
    export(open_story(story), tmp_path, ExportSettings())


def test_progress_rises_to_one(story: Path, tmp_path: Path) -> None:
    seen: list[float] = []
    export(
        open_story(story),
        tmp_path,
        ExportSettings(stems="both"),
        on_progress=lambda done, what: seen.append(done),
    )
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


class TestWithoutFfmpeg:
    """M4A alone needs it."""

    def test_m4a_is_refused_before_anything_is_mixed_and_the_rest_is_written(
        self, story: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(CHOSEN, "/nonexistent/ffmpeg")
        for settings in (
            ExportSettings(format="m4a"),
            ExportSettings(stems="events", stem_format="m4a"),
        ):
            with pytest.raises(FileError, match=r"M4A.*ffmpeg.*unset.*another format\."):
                export(open_story(story), tmp_path / "out", settings)
        assert not (tmp_path / "out").exists()
        for name in ("wav24", "flac", "mp3", "ogg"):
            export(open_story(story), tmp_path / "out", ExportSettings(format=name))

    @pytest.mark.parametrize(
        ("script", "said"),
        [
            ("exit 1", "cannot be run"),
            (
                '[ "$1" = -version ] || { echo "Unknown encoder \'aac\'" >&2; exit 1; }',
                "no encoder",
            ),
        ],
    )
    def test_an_ffmpeg_that_fails_is_named(
        self,
        story: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        script: str,
        said: str,
    ) -> None:
        (tmp_path / "ffmpeg").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "ffmpeg").chmod(0o755)
        monkeypatch.setenv(CHOSEN, str(tmp_path / "ffmpeg"))
        with pytest.raises(FileError, match=said):
            export(open_story(story), tmp_path / "out", ExportSettings(format="m4a"))


def take_changed(folder: Path, file: str) -> None:
    text = (folder / "story.json").read_text().replace('"takes/k0.flac"', f'"{file}"')
    (folder / "story.json").write_text(text)


@pytest.mark.parametrize("file", ["../outside.flac", "/etc/passwd", "takes/none.flac", "takes", ""])
def test_take_files_outside_the_folder_are_refused(tmp_path: Path, file: str) -> None:
    folder = story_folder(tmp_path / "Harbour")
    soundfile.write(tmp_path / "outside.flac", noise(3.0, 1).T, RATE)
    take_changed(folder, file)
    with pytest.raises(StudioError) as caught:
        open_story(folder)
    assert str(caught.value).endswith(".")


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    folder = story_folder(tmp_path / "Harbour")
    soundfile.write(tmp_path / "outside.flac", noise(3.0, 1).T, RATE)
    (folder / "takes" / "k0.flac").unlink()
    (folder / "takes" / "k0.flac").symlink_to(tmp_path / "outside.flac")
    with pytest.raises(FileError, match="render it again"):
        open_story(folder)


def test_an_event_that_was_not_rendered_is_named(tmp_path: Path) -> None:
    folder = story_folder(tmp_path / "Harbour")
    text = (folder / "story.json").read_text().replace('"chosen": "k2"', '"chosen": null')
    (folder / "story.json").write_text(text)
    with pytest.raises(FileError, match=r"gulls.*render it first"):
        open_story(folder)
