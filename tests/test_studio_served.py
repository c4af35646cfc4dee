"""What a running studio keeps of a tab: its story while the connection breaks, its sounds no longer
than it is open, and no copies of them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from gradio_client import Client, handle_file
from studio_stories import long_story

from core.export import ExportSettings, export
from core.export import open_story as exported_story
from core.story import timeline
from core.story.folders import StoryFolder
from core.story.story import Story
from studio.addresses import file_url
from studio.jobs.model_service import ModelService
from studio.server import serving
from studio.sessions.registry import Sessions
from studio.sessions.session import Session
from studio.sound.peaks import PeakCache
from studio.state import Studio
from tests.soak import memory
from tests.soak.server import free_port

PATIENCE = 60.0
"""Seconds."""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Gradio's own folder of files."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    sessions = Sessions(tmp_path / "stories", tmp_path / "served", private=False)
    return Studio(ModelService("tiny"), sessions, PeakCache())


@pytest.fixture
def client(studio: Studio, cache: Path, tmp_path: Path) -> Iterator[Client]:
    with serving(studio, "127.0.0.1", free_port()) as blocks:
        client = Client(blocks.local_url, verbose=False, download_files=tmp_path / "downloads")
        yield client
        client.close()


@pytest.fixture
def folder(tmp_path: Path) -> StoryFolder:
    return long_story(tmp_path / "stories", "A short night", events=2, total=40.0)


def open_story(client: Client, folder: StoryFolder) -> None:
    client.predict(folder.title, {"title": "", "visitor": ""}, api_name="/open")


def lose_connection(client: Client, session: Session) -> None:
    """What Gradio takes for a closed tab: the stream that shows that it lives has an end."""
    address = f"{client.src}gradio_api/heartbeat/{client.session_hash}"
    with httpx.stream("GET", address) as alive:
        next(alive.iter_lines())
    wait_for(lambda: not session.sounds.exists())


def wait_for(there: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE
    while not there():
        assert time.monotonic() < until
        time.sleep(0.1)


def test_a_page_goes_on_with_its_story_after_its_connection_broke(
    client: Client, studio: Studio, folder: StoryFolder
) -> None:
    open_story(client, folder)
    session = studio.sessions.of(client.session_hash)
    session.sounds.mkdir(parents=True, exist_ok=True)
    lose_connection(client, session)
    answered = client.predict("caption", {"id": "e0", "text": "hail"}, api_name="/act")
    assert Story.from_json(str(answered)).event("e0").caption == "hail"
    assert folder.title == studio.sessions.of(client.session_hash).open_folder.title


def test_names_that_nobody_uses_again_cost_nothing_and_a_story_that_went_with_them_comes_back(
    studio: Studio, cache: Path, folder: StoryFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gradio keeps the whole page for every name, so that its number is bounded too."""
    monkeypatch.setattr("studio.server.MAX_TABS", 3)
    monkeypatch.setattr("studio.sessions.registry.MAX_TABS", 3)
    with serving(studio, "127.0.0.1", free_port()) as blocks:
        page = Client(blocks.local_url, verbose=False)
        open_story(page, folder)
        kept = blocks.app.state_holder.session_data
        memory.forgets_names(0, page.src, names=5)
        assert len(kept) == 3
        assert page.session_hash not in kept
        assert len(studio.sessions) == 3
        answered = page.predict("caption", {"id": "e0", "text": "hail"}, api_name="/act")
        assert Story.from_json(str(answered)).event("e0").caption == "hail"
        page.close()


def test_sounds_are_served_in_place_and_gone_with_their_tab(
    client: Client, studio: Studio, cache: Path, folder: StoryFolder
) -> None:
    folder.edit("seed", lambda story: timeline.change(story, "e0", seed=7))
    folder.edit("drop", lambda story: timeline.drop_take(story, "e0", "k0"))
    open_story(client, folder)
    client.predict(api_name="/render")
    client.predict("", "wav24", [], api_name="/export")
    session = studio.sessions.of(client.session_hash)
    made = [path for path in session.sounds.rglob("*") if path.is_file()]
    assert {path.parent.parent.name[:6] for path in made} >= {"export", session.sounds.name[:6]}
    assert len(session.sounds.name) >= 32
    assert not [path for path in cache.rglob("*") if path.suffix in (".wav", ".json", ".flac")]
    addresses = [f"{client.src}{file_url(path)}" for path in made]
    assert {httpx.get(where).status_code for where in addresses} == {200}
    for outside in (folder.path / "story.json", studio.sessions.served, session.sounds):
        assert httpx.get(f"{client.src}{file_url(outside)}").status_code == 403
    lose_connection(client, session)
    assert {httpx.get(where).status_code for where in addresses} == {403}


def test_an_upload_that_finds_no_room_is_answered_with_a_sentence(
    studio: Studio, cache: Path
) -> None:
    with serving(studio, "127.0.0.1", free_port()) as blocks:
        blocks.app.uploaded_file_dir = "/proc/uploads"  # where nobody can write
        sent = {"files": ("rain.wav", b"RIFF")}
        answer = httpx.post(f"{blocks.local_url}gradio_api/upload", files=sent)
    assert answer.status_code == 507
    assert re.fullmatch(r"The file cannot be taken \(.+\); .*(folder|disk at) .*\.", answer.text), (
        answer.text
    )


NOTHING_OPEN = {"title": "", "visitor": ""}


def test_a_story_from_a_zip_is_opened_beside_the_others_and_no_copy_of_the_zip_stays(
    client: Client, studio: Studio, cache: Path, folder: StoryFolder, tmp_path: Path
) -> None:
    files = export(exported_story(folder.path), tmp_path / "out", ExportSettings(bundle=True)).files
    zipped = next(path for path in files if path.suffix == ".zip")
    client.predict(handle_file(str(zipped)), NOTHING_OPEN, api_name="/open_zip")
    shown = studio.sessions.of(client.session_hash).open_folder
    assert shown.path != folder.path
    assert shown.path.parent == folder.path.parent
    assert shown.story == folder.story
    assert all(shown.has_sound(take) for event in shown.story.events for take in event.takes)
    assert not list(cache.rglob("*.zip"))


def test_a_zip_that_is_no_story_leaves_the_page_as_it_is(
    client: Client, studio: Studio, cache: Path, folder: StoryFolder, tmp_path: Path
) -> None:
    open_story(client, folder)
    wrong = tmp_path / "Harbour.story.zip"
    wrong.write_bytes(b"PK no story")
    client.predict(handle_file(str(wrong)), NOTHING_OPEN, api_name="/open_zip")
    assert studio.sessions.of(client.session_hash).open_folder.title == folder.title
    visible = [p.name for p in folder.path.parent.iterdir() if not p.name.startswith(".lock")]
    assert visible == [folder.title]
    assert not list(cache.rglob("*.zip"))
