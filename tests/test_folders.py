"""Story folders: saved at every change, undone and redone across restarts, whole after a crash."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import fcntl
import gc
import json
import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from story_edits import EDIT, EDITS

from core.errors import AudioFileError, StoryError
from core.files import PART, copy_flushed
from core.profile import RenderSettings
from core.story import journal, timeline
from core.story import library as library_module
from core.story.folders import StoryFolder
from core.story.journal import Journal
from core.story.library import Library
from core.story.lock import FolderLock
from core.story.patches import Step, difference
from core.story.story import Event, Story
from core.story.take import Take
from core.story.titles import safe_title
from tests.soak import children, kills

RATE = 8000
PATIENCE = 60.0
"""Seconds after which something that should come has not."""


def sample_story(instruction: str = "rain, then a bell") -> Story:
    events = (Event("e1", "rain", 0.0, 4.0), Event("e2", "a bell", 4.0, 2.0))
    return Story(instruction, 6.0, 1, "tiny", "because", events)


def take(key: str, event: Event) -> Take:
    return Take(key, None, event.caption, event.duration, 0, 1, 4, 3.0, "tiny", "w")


def tone(seconds: float) -> np.ndarray:
    clock = np.arange(int(seconds * RATE)) / RATE
    return (0.5 * np.sin(2 * np.pi * 440 * clock))[None].astype(np.float32)


def reopened(folder: StoryFolder) -> StoryFolder:
    return Library(folder.path.parent).open(folder.title)


@pytest.fixture
def folder(tmp_path: Path) -> StoryFolder:
    return Library(tmp_path).create(sample_story())


def stretch(folder: StoryFolder, seconds: float) -> Story:
    return folder.edit("duration", lambda s: timeline.stretch(s, "e1", seconds))


def test_every_change_is_on_disk_at_once(folder: StoryFolder) -> None:
    stretch(folder, 5)
    assert Story.load(folder.path / "story.json") == folder.story
    assert folder.story.total == 7
    assert sorted(p.name for p in folder.path.iterdir()) == [".lock", "changes.jsonl", "story.json"]


def test_refused_edit_changes_nothing(folder: StoryFolder) -> None:
    before = folder.revision
    with pytest.raises(StoryError):
        folder.edit("split", lambda s: timeline.split(s, "e1", 99)[0])
    assert folder.revision == before
    assert folder.undo_label == ""


def test_undo_and_redo_survive_a_restart(folder: StoryFolder) -> None:
    texts = [folder.story.to_json(), stretch(folder, 5).to_json(), stretch(folder, 3).to_json()]
    again = reopened(folder)
    assert again.undo().to_json() == texts[1]
    again = reopened(again)
    assert again.undo().to_json() == texts[0]
    with pytest.raises(StoryError, match="nothing to undo"):
        again.undo()
    again = reopened(again)
    assert again.redo().to_json() == texts[1]
    assert again.redo_label == "duration"
    stretch(again, 9)
    assert reopened(again).redo_label == ""


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(st.lists(st.one_of(EDITS, st.sampled_from(["undo", "redo", "reopen"])), max_size=40))
def test_any_edits_are_undone_and_redone_one_by_one_also_after_reopening(
    tmp_path: Path, actions: list[str | tuple[str, int, float]]
) -> None:
    library = Library(tmp_path)
    folder = library.create(sample_story())
    past, future = [folder.story], []
    for action in actions:
        if action == "reopen":
            folder = reopened(folder)
        elif action == "undo" and len(past) > 1:
            future.append(past.pop())
            folder.undo()
        elif action == "redo" and future:
            past.append(future.pop())
            folder.redo()
        elif isinstance(action, tuple):
            kind, index, _ = action
            event = folder.story.events[index % len(folder.story.events)]
            with contextlib.suppress(StoryError):
                folder.edit(kind, lambda s, e=event, a=action: EDIT[a[0]](s, e, a[1], a[2]))
            if folder.story != past[-1]:
                past, future = [*past, folder.story], []
        assert folder.story == past[-1]
        assert (folder.undo_count, bool(folder.redo_label)) == (len(past) - 1, bool(future))


def test_a_gesture_that_ends_where_it_began_costs_no_press_of_undo_or_redo(
    folder: StoryFolder,
) -> None:
    first = folder.story
    longer = stretch(folder, 5)
    for seconds in (4.5, 5):
        folder.edit("stretch", lambda s, to=seconds: timeline.stretch(s, "e1", to), "stretch-1")  # type: ignore[misc]
    assert reopened(folder).story == longer
    assert folder.undo() == first
    assert folder.redo() == longer
    last = stretch(folder, 9)
    assert (folder.undo(), reopened(folder).undo(), reopened(folder).redo()) == (
        longer,
        first,
        longer,
    )
    assert folder.redo() == last


def test_takes_of_one_rendering_are_undone_together_and_their_sound_stays(
    folder: StoryFolder,
) -> None:
    stretch(folder, 5)
    plain = folder.story
    for event in plain.events:
        folder.keep_take(event.id, take(f"key-{event.id}", event), tone(1), RATE, group="r1")
    assert timeline.unrendered(folder.story) == ()
    samples, rate = folder.samples(folder.story.events[0].takes[0])
    assert rate == RATE
    assert np.max(np.abs(samples - tone(1))) < 2e-7
    rendered = folder.story
    again = reopened(folder)
    undone = again.undo()
    assert [event.take for event in undone.events] == [event.take for event in plain.events]
    assert [event.takes for event in undone.events] == [event.takes for event in rendered.events]
    assert len(list((folder.path / "takes").glob("*.flac"))) == 2
    assert again.redo() == rendered


def test_undo_past_a_rendering_keeps_its_takes_and_redo_drops_what_was_dropped(
    folder: StoryFolder,
) -> None:
    stretch(folder, 5)
    event = folder.story.events[0]
    folder.keep_take(event.id, take("one", event), tone(1), RATE, group="r1")
    folder.keep_take(event.id, take("two", event), tone(1), RATE, group="r2")
    folder.edit("drop", lambda s: timeline.drop_take(s, event.id, "one"))
    last = folder.story
    keys = lambda: {t.key for t in folder.story.event(event.id).takes}  # noqa: E731
    for _ in range(4):
        undone = folder.undo()
        assert keys() == {"one", "two"}
        folder = reopened(folder)
        assert folder.story == undone
    assert folder.undo_label == ""
    for _ in range(4):
        folder.redo()
    assert folder.story == last


def test_an_archived_story_comes_back_with_all_that_it_had(tmp_path: Path) -> None:
    library = Library(tmp_path)
    folder = library.create(sample_story(), "Harbour")
    stretch(folder, 5)
    story = folder.story
    library.archive("Harbour")
    assert library.archived() == ("Harbour",)
    library.create(sample_story(), "Harbour")
    back = library.restore("Harbour")
    assert (back.title, back.story, back.undo_label) == ("Harbour 2", story, "duration")
    assert library.archived() == ()
    for title in ("Harbour", "../Harbour 2", ""):
        with pytest.raises(StoryError, match="in the archive"):
            library.restore(title)


@pytest.mark.parametrize("way", ["edit", "undo", "redo"])
@pytest.mark.parametrize("part", [0.0, 0.5, 0.99, 1.0])
def test_a_change_that_did_not_reach_the_story_is_no_part_of_its_history(
    folder: StoryFolder, way: str, part: float
) -> None:
    """Killed, or the disk full, anywhere in the history's line or before story.json is replaced."""
    stretch(folder, 5)
    if way == "redo":
        stretch(folder, 6)
        folder.undo()
    changes, file = folder.path / "changes.jsonl", folder.path / "story.json"
    story, labels = folder.story, (folder.undo_label, folder.redo_label)
    old, begin = file.read_bytes(), changes.stat().st_size
    {"edit": lambda: stretch(folder, 8), "undo": folder.undo, "redo": folder.redo}[way]()
    line = changes.read_bytes()[begin:]
    file.write_bytes(old)
    changes.write_bytes(changes.read_bytes()[: begin + round(part * len(line))])
    again = reopened(folder)
    assert (again.story, again.undo_label, again.redo_label) == (story, *labels)
    newest = stretch(again, 9)
    assert reopened(again).story == newest
    assert reopened(again).undo() == story


@pytest.mark.parametrize(
    "damage",
    ["", '{"step": {"label"', "[]\n", '{"go": 7, "is": "", "was": ""}\n', "\x00\xff\n", "9\n"],
)
def test_damaged_history_never_costs_the_story(folder: StoryFolder, damage: str) -> None:
    story = stretch(folder, 5)
    with (folder.path / "changes.jsonl").open("a") as file:
        file.write(damage)
    again = reopened(folder)
    assert again.story == story
    stretch(again, 8)
    assert reopened(again).undo() == story


def test_story_replaced_by_hand_starts_a_new_history(folder: StoryFolder) -> None:
    stretch(folder, 5)
    by_hand = timeline.change(folder.story, "e2", caption="a gong")
    by_hand.save(folder.path / "story.json")
    again = reopened(folder)
    assert again.story == by_hand
    assert again.undo_label == ""


def test_what_another_program_did_to_a_story_is_read_first_and_stays(folder: StoryFolder) -> None:
    """Two libraries know no more of one another than two programs do."""
    stretch(folder, 5)
    other = reopened(folder)
    for number in range(3):
        other.edit("add", lambda s, n=number: timeline.add(s, f"wind {n}", 1.0)[0])
        stretch(folder, 6 + number)
    captions = [event.caption for event in folder.story.events]
    assert captions == ["rain", "a bell", "wind 0", "wind 1", "wind 2"]
    assert folder.story.event("e1").duration == 8
    assert Story.load(folder.path / "story.json") == folder.story
    for program in (other, folder, other, folder, other, folder, other):
        program.undo()
    assert reopened(folder).story == sample_story()
    assert reopened(folder).undo_label == ""


def test_undo_and_redo_take_what_another_program_did_last(folder: StoryFolder) -> None:
    other = reopened(folder)
    stretched = stretch(folder, 5)
    added = other.edit("add", lambda s: timeline.add(s, "wind", 1.0)[0])
    assert folder.undo() == stretched
    assert other.redo() == added
    assert folder.undo() == stretched


def test_what_a_killed_program_did_not_finish_is_no_part_of_the_history_for_others(
    folder: StoryFolder,
) -> None:
    old = (folder.path / "story.json").read_bytes()
    stretch(reopened(folder), 5)
    (folder.path / "story.json").write_bytes(old)  # killed between the journal and the story
    added = folder.edit("add", lambda s: timeline.add(s, "wind", 1.0)[0])
    assert added.event("e1").duration == 4
    assert reopened(folder).undo() == sample_story()
    assert reopened(folder).redo() == added


def test_a_story_opened_again_is_the_one_on_disk(tmp_path: Path) -> None:
    library = Library(tmp_path)
    folder = library.create(sample_story())
    new = stretch(reopened(folder), 5)
    assert library.open(folder.title) is folder
    assert folder.story == new


def test_takes_of_two_programs_are_all_kept(folder: StoryFolder) -> None:
    other = reopened(folder)
    one, two = folder.story.events
    other.keep_take("e1", take("k1", one), tone(1), RATE, "r1")
    folder.keep_take("e2", take("k2", two), tone(1), RATE, "r2")
    other.keep_take("e1", take("k3", one), tone(1), RATE, "r1")
    stretch(folder, 5)
    takes = {event.id: [t.key for t in event.takes] for event in folder.story.events}
    assert takes == {"e1": ["k1", "k3"], "e2": ["k2"]}
    assert Story.load(folder.path / "story.json") == folder.story


def test_what_is_half_written_goes_unless_a_living_process_writes_it(folder: StoryFolder) -> None:
    library = Library(folder.path.parent)
    writer = children.start("write", folder.path / "takes" / "k1.flac", library.root / "Copy")
    assert writer.stdout is not None
    assert writer.stdout.readline() == "writing\n"
    left = lambda: sorted(library.root.rglob(".part-*"))  # noqa: E731
    parts = left()
    assert [part.parent for part in parts] == [library.root, folder.path / "takes"]
    reopened(folder)
    library.tidy()
    assert left() == parts
    assert not list(library.duplicate(folder.title).path.rglob(".part-*"))
    kills.kill_after(writer, lines=0)
    assert left() == parts
    reopened(folder)
    assert left() == parts[:1]
    library.tidy()
    assert left() == []


def test_a_rendering_is_gone_on_with_once_its_process_has_ended(folder: StoryFolder) -> None:
    with children.start("keep", folder.path) as program:
        assert program.stdout is not None
        assert program.stdout.readline()
        other = reopened(folder)
        assert other.unfinished is None
        with pytest.raises(StoryError, match="Another program is rendering this story; wait"):
            other.begin_rendering(["e1"], RenderSettings(4, 3.0))
        noted = (folder.path / "render.json").read_bytes()
        other.adopt_take("e2", take("k2", other.story.event("e2")), "r")
        assert (folder.path / "render.json").read_bytes() == noted
        program.kill()
    assert other.unfinished is not None
    assert other.unfinished.event_ids == ("e2",)
    other.begin_rendering(["e1"], RenderSettings(4, 3.0))
    other.end_rendering()


def test_a_number_that_another_process_has_by_now_is_not_the_process(folder: StoryFolder) -> None:
    folder.begin_rendering(["e1"], RenderSettings(4, 3.0))
    file = folder.path / "render.json"
    noted = json.loads(file.read_text())
    with children.start("keep", folder.path.parent / "none") as program:
        owner = noted["owner"] | {"pid": program.pid}  # which began long after this process
        file.write_text(json.dumps(noted | {"owner": owner}))
        assert reopened(folder).unfinished is not None


def test_a_rendering_of_another_machine_is_believed_while_it_brings_takes(
    folder: StoryFolder,
) -> None:
    folder.begin_rendering(["e1"], RenderSettings(4, 3.0))
    file = folder.path / "render.json"
    noted = json.loads(file.read_text())
    file.write_text(json.dumps(noted | {"owner": noted["owner"] | {"host": "elsewhere"}}))
    assert reopened(folder).unfinished is None
    long_ago = time.time() - 3700
    os.utime(file, (long_ago, long_ago))
    assert reopened(folder).unfinished is not None


def test_waiting_for_another_program_ends_in_a_sentence(folder: StoryFolder) -> None:
    other = FolderLock(folder.path)
    impatient = FolderLock(folder.path, patience=0.1)
    with (
        other.held(),
        pytest.raises(StoryError, match=r"has been writing .* for 0\.1 s; try again"),
        impatient.held(),
    ):
        pass
    with impatient.held(), impatient.held():
        pass


def test_a_disk_that_knows_no_locks_has_a_file_that_names_the_holder(
    folder: StoryFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refused)
    with FolderLock(folder.path).held():
        assert (folder.path / ".lock-holder").is_file()
        with (
            pytest.raises(StoryError, match="Another program"),
            FolderLock(folder.path, patience=0.1).held(),
        ):
            pass
    stretch(reopened(folder), 5)
    kills.kill_after(children.start("hold", folder.path), lines=1)
    assert (folder.path / ".lock-holder").is_file()
    stretch(folder, 6)
    Library(folder.path.parent).rename(folder.title, "Harbour")
    assert not list(folder.path.parent.rglob(".lock-holder"))


def test_titles_are_given_once_among_programs(tmp_path: Path) -> None:
    libraries = [Library(tmp_path) for _ in range(4)]
    made: list[StoryFolder] = []

    def create(library: Library) -> None:
        made.extend(library.create(sample_story()) for _ in range(5))

    threads = [threading.Thread(target=create, args=(library,)) for library in libraries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({folder.path for folder in made}) == 20


def test_a_story_that_moved_meanwhile_is_not_made_anew_where_it_was(folder: StoryFolder) -> None:
    library = Library(folder.path.parent)
    library.rename(folder.title, "Harbour")
    for change in (lambda: stretch(folder, 5), folder.undo):
        with pytest.raises(StoryError, match="cannot be read any more"):
            change()
    assert not folder.path.exists()
    assert stretch(library.open("Harbour"), 5).total == 7


def test_library_lists_creates_opens_duplicates_renames_archives(tmp_path: Path) -> None:
    library = Library(tmp_path)
    assert library.stories() == ()
    folder = library.create(sample_story())
    event = folder.story.events[0]
    folder.keep_take("e1", take("k1", event), tone(1), RATE, "r")
    assert folder.title == "rain, then a bell"
    assert library.create(sample_story()).title == "rain, then a bell 2"
    copy = library.duplicate(folder.title)
    assert copy.title == "rain, then a bell 3"
    assert copy.has_sound(copy.story.events[0].takes[0])
    renamed = library.rename(folder.title, "Harbour: 1/2?")
    assert renamed is folder
    assert renamed.title == "Harbour 1 2"
    stretch(renamed, 5)
    assert library.open("Harbour 1 2").undo() == Story.load(renamed.path / "story.json")
    library.archive("Harbour 1 2")
    assert [s.title for s in library.stories()] == ["rain, then a bell 3", "rain, then a bell 2"]
    assert (tmp_path / "Archive" / "Harbour 1 2" / "takes" / "k1.flac").is_file()


def test_while_a_story_is_copied_others_are_made_opened_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy is what the story was, under a title that is still free when it is whole."""
    library = Library(tmp_path)
    folder = library.create(sample_story(), "Harbour")
    folder.keep_take("e1", take("k1", folder.story.events[0]), tone(1), RATE, "r")
    before, begun, over = folder.story, threading.Event(), threading.Event()

    def copy_slowly(source: str, target: str) -> None:
        begun.set()
        over.wait(PATIENCE)
        copy_flushed(source, target)

    monkeypatch.setattr(library_module, "copy_flushed", copy_slowly)
    with ThreadPoolExecutor() as threads:
        copying = threads.submit(library.duplicate, "Harbour")
        assert begun.wait(PATIENCE)
        meanwhile = threads.submit(lambda: library.create(sample_story(), "Harbour"))
        assert meanwhile.result(PATIENCE).title == "Harbour 2"
        assert threads.submit(library.rename, "Harbour 2", "Quay").result(PATIENCE).title == "Quay"
        assert threads.submit(Library(tmp_path).open, "Harbour").result(PATIENCE).story == before
        library.create(sample_story(), "Harbour")
        threads.submit(stretch, folder, 5).result(PATIENCE)
        assert not copying.done()
        over.set()
        copy = copying.result(PATIENCE)
    assert copy.title == "Harbour 3"
    assert copy.story == before
    assert copy.has_sound(copy.story.events[0].takes[0])
    assert not list(tmp_path.glob(f"{PART}*"))


def test_a_story_that_is_moved_while_it_is_copied_is_not_copied_in_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library(tmp_path)
    folder = library.create(sample_story(), "Harbour")
    folder.keep_take("e1", take("k1", folder.story.events[0]), tone(1), RATE, "r")
    monkeypatch.setattr(library_module, "copy_flushed", lambda *copy: library.archive("Harbour"))
    with pytest.raises(StoryError, match="no story called 'Harbour'"):
        library.duplicate("Harbour")
    assert not library.titles()
    assert not list(tmp_path.glob(f"{PART}*"))


def test_a_story_that_another_program_holds_keeps_no_other_from_being_opened(
    tmp_path: Path,
) -> None:
    for title in ("Harbour", "Quay"):
        Library(tmp_path).create(sample_story(), title)
    library = Library(tmp_path)
    with ThreadPoolExecutor() as threads, FolderLock(tmp_path / "Harbour").held():
        held = threads.submit(library.open, "Harbour")
        assert library.open("Quay").title == "Quay"
        assert not held.done()


def test_two_tabs_share_one_story_and_closed_ones_are_forgotten(tmp_path: Path) -> None:
    library = Library(tmp_path)
    first = library.create(sample_story())
    assert library.open(first.title) is first
    seen = first.revision
    stretch(library.open(first.title), 5)
    assert first.revision == seen + 1
    title = first.title
    del first
    gc.collect()
    assert library.open(title).revision == 0


@pytest.mark.parametrize(
    "title", ["", ".", "..", "../outside", "a/b", "Archive", "x" * 5000, "a\x00b", "/etc", "~"]
)
def test_titles_cannot_reach_outside_the_library(tmp_path: Path, title: str) -> None:
    sample_story().save(tmp_path / "outside" / "story.json")
    sample_story().save(tmp_path / "stories" / "Archive" / "story.json")
    library = Library(tmp_path / "stories")
    for reach in (library.open, library.duplicate, library.archive):
        with pytest.raises(StoryError, match="no story called"):
            reach(title)


def test_takes_cannot_name_files_outside_their_folder(folder: StoryFolder) -> None:
    evil = Take("../../secret", None, "rain", 4, 0, 1, 4, 3, "tiny", "w", file="/etc/passwd")
    with pytest.raises(AudioFileError):
        folder.samples(evil)
    assert not folder.has_sound(evil)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("  A storm\nrolls in…", "A storm rolls in"),
        ("CON", "Story CON"),
        ("///", "Story"),
        ("..", "Story"),
        ("\N{SNOWMAN} été à la mer", "été à la mer"),
        ("long " * 40, ("long " * 12).strip()),
    ],
)
def test_titles_are_safe_folder_names(text: str, title: str) -> None:
    assert safe_title(text) == title
    assert safe_title(title) == title


def test_killed_rendering_keeps_finished_takes_and_can_be_resumed(folder: StoryFolder) -> None:
    kills.kill_after(children.start("keep", folder.path), lines=1)
    half = folder.path / "takes" / ".part-0123456789abcdef.flac"
    half.write_bytes(b"fLaC")
    again = reopened(folder)
    assert timeline.status(again.story.event("e1")) == "rendered"
    assert again.has_sound(again.story.events[0].takes[0])
    assert again.unfinished is not None
    assert again.unfinished.event_ids == ("e2",)
    assert again.unfinished.steps == 4
    assert not list(again.path.rglob(".part-*"))
    again.keep_take("e2", take("k2", again.story.event("e2")), tone(1), RATE, "r")
    assert again.unfinished is None
    assert soundfile.info(again.path / "takes" / "k2.flac").frames == RATE


def test_edits_from_many_threads_all_arrive(folder: StoryFolder) -> None:
    def work(number: int) -> None:
        for _ in range(10):
            folder.edit("add", lambda s: timeline.add(s, f"by {number}", 0.5)[0])

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(folder.story.events) == 42
    assert Story.load(folder.path / "story.json") == folder.story


def edited_often(folder: StoryFolder, steps: int) -> None:
    """Give a story a history of so many plain edits, as if each had been made."""
    event, written = folder.story.event("e1"), []
    for number in range(steps):
        now = dataclasses.replace(event, caption=f"rain {number}")
        old, new = (folder.story.replace_event(e) for e in (event, now))
        written.append(Step("caption", *difference(old, new)))
        event = now
    story = folder.story.replace_event(event)
    story.save(folder.path / "story.json")
    Journal(folder.path / "changes.jsonl").begin_with(written, steps, story.to_bytes())


def test_five_thousand_plain_edits_can_be_undone_and_open_at_once(folder: StoryFolder) -> None:
    edited_often(folder, 6000)
    began = time.process_time()
    again = reopened(folder)
    assert time.process_time() - began < 1.0
    assert again.undo_count == 6000
    assert again.undo().event("e1").caption == "rain 5998"
    stretch(again, 5)
    assert reopened(again).undo_count == 6000
    assert again.take_notice() == ""


def test_undo_keeps_the_newest_changes_that_fit_and_says_once_that_others_went(
    folder: StoryFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "MAX_JOURNAL_BYTES", 20_000)
    monkeypatch.setattr(journal, "KEPT_BYTES", 12_000)
    other = reopened(folder)
    event = folder.story.event("e1")
    folder.keep_take("e1", take("one", event), tone(0.1), RATE, "r1")
    texts, notices = [], []
    for number in range(150):
        dropping = number == 120
        edit = (
            (lambda s: timeline.drop_take(s, "e1", "one"))
            if dropping
            else (lambda s, n=number: timeline.change(s, "e1", caption=f"rain {n}"))
        )
        texts.append(folder.story)
        folder.edit("caption", edit)
        if notice := folder.take_notice():
            notices.append(notice)
        assert (folder.path / "changes.jsonl").stat().st_size <= 20_000
    assert len(notices) == 1
    assert "Undo keeps the newest" in notices[0]
    other.catch_up()
    assert other.take_notice() == notices[0]
    assert reopened(folder).take_notice() == ""
    last, back = folder.story, []
    while other.undo_count:
        back.append(other.undo())
    with pytest.raises(StoryError, match=r"nothing to undo\. Undo keeps the newest"):
        other.undo()
    assert 30 <= len(back) < 150
    assert back == texts[: -len(back) - 1 : -1]
    for story in [*back[-2::-1], last]:
        assert folder.redo() == story


def test_each_step_tells_when_it_was_done_and_one_of_an_earlier_version_does_not(
    folder: StoryFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter((1000.4, 2000.0, 3000.0, 4000.0))
    monkeypatch.setattr(time, "time", lambda: next(moments))
    stretch(folder, 5)
    folder.edit("gain", lambda s: timeline.change(s, "e1", gain_db=-1.0), "one gesture")
    folder.edit("gain", lambda s: timeline.change(s, "e1", gain_db=-2.0), "one gesture")
    monkeypatch.undo()
    dated = (("duration", 1000), ("gain", 3000))
    assert folder.dated_history == dated
    folder.undo()
    assert reopened(folder).dated_history == dated

    changes = folder.path / "changes.jsonl"
    text = changes.read_text()
    changes.write_text(text.replace('"made": 1000, ', ""))
    older = reopened(folder)
    assert older.dated_history == (("duration", None), dated[1])
    assert older.redo().event("e1").gain_db == -2.0
    older._journal._compact()
    assert reopened(folder).dated_history == (("duration", None), dated[1])

    changes.write_text(text.replace('"made": 1000', '"made": "noon"'))
    spoilt = reopened(folder)
    assert (spoilt.dated_history, spoilt.story) == ((), older.story)


def test_a_step_that_is_damaged_ends_the_history_and_no_more(folder: StoryFolder) -> None:
    for seconds in (5, 6, 7):
        stretch(folder, seconds)
    file = folder.path / "changes.jsonl"
    file.write_text(file.read_text().replace('"duration": {"e1"', '"duration": {"e9"'))
    again = reopened(folder)
    with pytest.raises(StoryError, match="damaged; Undo begins anew"):
        again.undo()
    stretch(again, 8)
    assert reopened(again).undo_count == 1
    assert reopened(again).undo().total == 9


def random_edit(story: Story, dice: random.Random) -> Story:
    event = dice.choice(story.events)
    match dice.randrange(5):
        case 0:
            return timeline.stretch(story, event.id, dice.uniform(0.2, 6))
        case 1 if len(story.events) < 10:
            return timeline.duplicate(story, event.id)[0]
        case 2:
            return timeline.delete(story, event.id)
        case 3:
            return timeline.set_layer(story, event.id, dice.randrange(3))
        case _:
            return timeline.change(story, event.id, caption=f"sound {dice.random():.3f}")


def test_memory_disk_and_history_agree_after_five_hundred_edits(folder: StoryFolder) -> None:
    dice = random.Random(7)
    for number in range(500):
        with contextlib.suppress(StoryError):
            if dice.random() < 0.2:
                dice.choice([folder.undo, folder.undo, folder.redo])()
            else:
                folder.edit("edit", lambda story: random_edit(story, dice))
        if number % 50 == 0:
            folder = reopened(folder)
    assert Story.load(folder.path / "story.json") == folder.story
    last = folder.story
    steps = 0
    while folder.undo_label:
        folder.undo()
        steps += 1
    for _ in range(steps):
        folder.redo()
    assert steps
    assert folder.story == last


def test_opening_a_long_story_is_quick(tmp_path: Path) -> None:
    library = Library(tmp_path)
    story = sample_story("long")
    for _ in range(22):
        story, _ = timeline.add(story, "wind", 6.0)
    folder = library.create(story)
    for event in folder.story.events:
        for number in range(2):
            kept = take(f"k-{event.id}-{number}", event)
            folder.keep_take(event.id, kept, tone(0.1), RATE, f"r{number}")
    began = time.process_time()
    opened = reopened(folder)
    assert time.process_time() - began < 0.5
    assert len(opened.story.events) == 24
    lines = (folder.path / "changes.jsonl").read_text().splitlines()
    assert all(json.loads(line) for line in lines)
