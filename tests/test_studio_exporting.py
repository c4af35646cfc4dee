"""The zip that the page's export hands out opens again."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import gradio as gr
import pytest
from sounding_stories import story_folder

from core.export import ExportSettings
from core.export.archive import pack_folder
from core.story.library import Library
from core.story.story import Story
from studio.handlers.exporting import export_story
from studio.jobs.model_service import ModelService
from studio.sessions.session import Session
from studio.sessions.stories import show_bundle


@pytest.mark.parametrize("more", [{}, {"stems": "events", "reaper": True, "markers": ("csv",)}])
def test_what_was_exported_with_its_story_opens_again(
    tmp_path: Path, more: dict[str, object]
) -> None:
    title = "Été à Zürich"
    home = story_folder(tmp_path / "stories" / title)
    session = Session(Library(tmp_path / "stories"), tmp_path / "served")
    session.show(session.library.open(title))
    settings = ExportSettings(format="flac", bundle=True, **more)  # type: ignore[arg-type]
    files, _ = export_story(ModelService("tiny"), session, settings, gr.Progress())
    assert [path.suffix for path in files] == [".flac", ".zip"]
    show_bundle(session, str(files[1]))
    assert session.open_folder.title == f"{title} 2"
    assert session.story == Story.load(home / "story.json")


def test_a_folder_with_files_of_any_date_is_packed(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    (folder / "Harbour takes").mkdir(parents=True)
    for number, date in enumerate((0, 4.6e9)):
        path = folder / "Harbour takes" / f"{number}.flac"
        path.write_bytes(bytes([number]) * 70_000)
        os.utime(path, (date, date))
    pack_folder(folder, tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["Harbour takes/0.flac", "Harbour takes/1.flac"]
        assert [info.date_time[0] for info in archive.infolist()] == [1980, 2107]
