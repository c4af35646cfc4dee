"""Stories of earlier versions open with every take found, nothing due and their whole history.

`data/story-2` was written by version 2 on the tiny profile: drafts and finals, a variation of a
variation, a repainted take and one from a recording, eleven changes and one that was undone.
`data/story-2-undone.json` says what that version showed at every undo, takes by their sound.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from long_stories import CROSSFADE, QUALITIES, long_story

from core.errors import FileError, StoryError
from core.export import read_bundle
from core.export.bundle import open_bundle
from core.profile import RenderSettings, load_profile
from core.render.takes import contexts, due, plan_take, resumed
from core.story import migration
from core.story.context import Context
from core.story.folders import StoryFolder
from core.story.library import Library
from core.story.story import MAX_FILE_BYTES, Story
from core.story.take import Start, Take, take_data, take_key
from core.story.versions import modernised

OLD = Path(__file__).parent / "data" / "story-2"
UNDONE = json.loads(OLD.with_name("story-2-undone.json").read_text())
TINY = load_profile("tiny")
Values = dict[str, Any]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return shutil.copytree(OLD, tmp_path / "stories" / "Rain")


def opened(path: Path) -> StoryFolder:
    return Library(path.parent).open(path.name)


def sound_of(folder: StoryFolder, take: Take) -> str:
    return hashlib.sha256(folder.take_file(take).read_bytes()).hexdigest()[:12]


def shown(folder: StoryFolder) -> Values:
    """The state of a folder as `story-2-undone.json` has it."""
    events = [
        [
            event.id, event.caption, event.mood, event.duration, event.gain_db,
            [sound_of(folder, take) for take in event.takes],
            sound_of(folder, event.take) if event.take else None,
        ]
        for event in folder.story.events
    ]  # fmt: skip
    labels = {"undo": folder.undo_label, "redo": folder.redo_label}
    return {**labels, "total": folder.story.total, "events": events}


def less_takes(state: Values) -> Values:
    return {**state, "events": [[*event[:5], event[6]] for event in state["events"]]}


def files(path: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()
    }


def test_every_take_of_an_old_story_is_found_and_nothing_is_due(old: Path) -> None:
    folder = opened(old)
    assert shown(folder) == UNDONE[0]
    assert due(folder, TINY.final, TINY.crossfade) == ()
    assert due(folder, TINY.draft, TINY.crossfade, accept=(TINY.final,)) == ()
    for event in folder.story.events:
        for take in event.takes:
            assert folder.latents_file(take).is_file()
            assert take.key == take_key(take)
            assert take.file == f"takes/{take.key}.flac"
    assert json.loads((old / "story.json").read_text())["version"] == 3
    names = {path.name for path in old.iterdir()}
    assert names == {".lock", "story.json", "changes.jsonl", "takes", "recordings"}
    before, after = (
        sorted(hashlib.sha256(f.read_bytes()).hexdigest() for f in (path / "takes").iterdir())
        for path in (OLD, old)
    )
    assert after == before


def test_an_old_story_is_undone_and_redone_step_by_step(old: Path) -> None:
    folder = opened(old)
    for go, states in ((folder.undo, UNDONE[1:]), (folder.redo, UNDONE[-2::-1])):
        for state in states:
            go()
            assert less_takes(shown(folder)) == less_takes(state)
            for (*_, takes, _), (*_, then, _) in zip(
                shown(folder)["events"], state["events"], strict=True
            ):
                assert set(then) <= set(takes)  # undo takes none away
    folder.redo()
    assert folder.story.event("e1").mood == "wild"
    assert folder.redo_label == ""


def test_variations_of_an_old_story_still_name_what_they_began_from(old: Path) -> None:
    takes = {take.key: take for event in opened(old).story.events for take in event.takes}
    starts = [take.start for take in takes.values() if take.start]
    varied = [start for start in starts if start.of == "take"]
    assert len(varied) == 3
    assert all(start.source in takes for start in varied)
    second = next(takes[s.source] for s in varied if takes[s.source].start)
    assert second.start is not None
    assert takes[second.start.source].start is None
    (recorded,) = (start for start in starts if start.of == "recording")
    assert (old / "recordings" / f"{recorded.source}.flac").is_file()


def test_an_old_take_is_the_one_that_would_be_planned_today(old: Path) -> None:
    """The total and the captions are those that it was made with, and so its text is."""
    story = opened(old).story
    event = story.event("e1")
    assert event.take is not None
    weights = event.take.weights
    assert plan_take(story, event, TINY.final, TINY.crossfade, weights).key == event.take.key
    assert event.take.context == contexts(story)["e1"]


def test_a_change_that_was_not_saved_before_a_crash_is_not_lost(old: Path) -> None:
    """The undoing of the mood is in the history only."""
    data = json.loads((old / "story.json").read_text())
    lines = [json.loads(line) for line in (old / "history.jsonl").read_text().splitlines()]
    assert lines[-1]["go"] == -1
    data["events"][0] = lines[-2]["step"]["after"]["events"]["e1"]
    text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == lines[-1]["was"]
    (old / "story.json").write_text(text)
    assert shown(opened(old)) == UNDONE[0]


@pytest.mark.parametrize("damage", ['{"go": 7, "is": "", "was": ""}\n', "[]\n", '{"step": 3}\n'])
def test_a_damaged_old_history_does_not_cost_the_story(old: Path, damage: str) -> None:
    with (old / "history.jsonl").open("a") as file:
        file.write(damage)
    folder = opened(old)
    assert shown(folder)["events"] == UNDONE[0]["events"]
    assert folder.undo_label == ""


def test_what_a_crash_of_the_old_version_left_to_render_can_be_resumed(old: Path) -> None:
    data = json.loads((old / "story.json").read_text())
    source = data["events"][1]["takes"][1]["key"]
    start = dataclasses.asdict(Start("take", source, 0.5, 1, 7))
    left = {"event_ids": ["e1", "e2"], "steps": 8, "guidance": 0.0, "starts": [None, start]}
    (old / "render.json").write_text(json.dumps(left))
    folder = opened(old)
    asked = resumed(folder)
    assert asked is not None
    (first, second), settings = asked
    assert settings == RenderSettings(8, sampler="fast")
    assert first.start is None
    assert second.start is not None
    assert second.start.source == folder.story.event("e2").takes[1].key


def killed_after(steps: int, work: Callable[[], object]) -> bool:
    """Do the work in a child that dies at its `steps`-th change of a file; says whether it died."""
    child = os.fork()
    if not child:
        left = steps

        def counted(change: Callable[..., Any]) -> Callable[..., Any]:
            def changing(*args: Any, **options: Any) -> Any:
                nonlocal left
                if not left:
                    os._exit(9)
                left -= 1
                return change(*args, **options)

            return changing

        for name in ("replace", "link", "unlink", "open"):
            setattr(os, name, counted(getattr(os, name)))
        try:
            work()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def test_a_migration_can_be_killed_at_any_moment(old: Path, tmp_path: Path) -> None:
    opened(old)
    wanted, kills = files(old), 0
    while True:
        path = shutil.copytree(OLD, tmp_path / f"after {kills}" / "Rain")
        if not killed_after(kills, lambda path=path: opened(path)):
            break
        if (path / "story.json").read_bytes() == (OLD / "story.json").read_bytes():
            assert files(OLD).items() <= files(path).items()
        assert shown(opened(path)) == UNDONE[0]
        assert files(path) == wanted
        kills += 1
    assert kills > 60


def test_an_old_story_on_a_full_or_locked_disk_stays_as_it_was(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(migration.os, "link", full)
    monkeypatch.setattr(migration.shutil, "copyfile", full)
    with pytest.raises(FileError, match="No space left"):
        opened(old)
    assert files(OLD).items() <= files(old).items()
    monkeypatch.undo()
    assert shown(opened(old)) == UNDONE[0]


def test_an_old_story_is_migrated_where_there_are_no_links(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(migration.os, "link", unsupported)
    assert shown(opened(old)) == UNDONE[0]
    assert len(list((old / "takes").iterdir())) == len(list((OLD / "takes").iterdir()))


def test_an_old_story_is_read_where_nothing_can_be_written() -> None:
    """For an export or the list of stories; its files keep their names."""
    story = Story.load(OLD / "story.json")
    takes = [take for event in story.events for take in event.takes]
    assert all((OLD / take.file).is_file() for take in takes)
    assert len(Library(OLD.parent).stories()) == 1


def test_an_old_bundle_opens_in_todays_form(tmp_path: Path) -> None:
    bundle = tmp_path / "Rain.story.zip"
    takes = {
        take["file"]
        for event in json.loads((OLD / "story.json").read_text())["events"]
        for take in event["takes"]
    }
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.write(OLD / "story.json", "story.json", zipfile.ZIP_DEFLATED)
        for name in (*takes, "recordings/21fb7c9ca3320dd790f5d228.flac"):
            archive.write(OLD / name, name)
    library = Library(tmp_path / "stories")
    path = open_bundle(bundle, library)
    files = {p.name for p in path.iterdir() if not p.name.startswith(".")}
    assert files == {"story.json", "changes.jsonl", "takes", "recordings"}
    folder = library.open("Rain")
    assert shown(folder)["events"] == UNDONE[0]["events"]
    assert due(folder, TINY.final, TINY.crossfade) == ()


def old_values(story: Story) -> Values:
    """A story as version 2 wrote it."""
    data = json.loads(story.to_json())
    del data["contexts"]
    for values, event in zip(data["events"], story.events, strict=True):
        values["takes"] = []
        for take in event.takes:
            old = {k: v for k, v in take_data(take).items() if k not in ("context", "sampler")}
            assert take.context is not None
            old["stream"] = take.context.text
            if take.sampler == "fast":
                old["guidance"] = 0.0
            old["key"] = old_key(old)
            old["file"] = f"takes/{old['key']}.flac"
            values["takes"].append(old)
        values["chosen"] = values["takes"][-1]["key"] if values["takes"] else None
    return data | {"version": 2}


def old_key(take: Values) -> str:
    parts = {name: value for name, value in take.items() if name not in ("key", "file")}
    if parts["start"] is None:
        del parts["start"]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


@pytest.mark.parametrize("takes", [1, None, "k1", {"k1": 1}])
def test_takes_of_an_old_story_that_are_no_list_are_refused(takes: object) -> None:
    event = {"id": "e1", "caption": "rain", "start": 0.0, "duration": 1.0, "takes": takes}
    with pytest.raises(StoryError, match=r"story\.events\[0\]\.takes should be a list"):
        modernised({"version": 1, "events": [event]})


def test_the_old_key_of_the_test_is_that_of_the_old_version() -> None:
    for event in json.loads((OLD / "story.json").read_text())["events"]:
        assert [take["key"] for take in event["takes"]] == list(map(old_key, event["takes"]))


def test_a_story_too_large_for_the_version_that_wrote_it_opens(tmp_path: Path) -> None:
    story = long_story(200)
    values = old_values(story)
    text = json.dumps(values, indent=2, ensure_ascii=False) + "\n"
    assert len(text) > 8_600_000
    path = tmp_path / "Long"
    (path / "takes").mkdir(parents=True)
    (path / "story.json").write_text(text)
    for event in values["events"]:
        for take in event["takes"]:
            (path / take["file"]).write_bytes(b"")
    folder = opened(path)
    assert folder.story == story
    assert due(folder, QUALITIES[-1], CROSSFADE) == ()
    assert all(folder.has_sound(take) for event in folder.story.events for take in event.takes)
    assert (path / "story.json").stat().st_size < 500_000
    bundle = tmp_path / "Long.story.zip"
    for event in values["events"]:
        event["chosen"] = None
    with zipfile.ZipFile(bundle, "w") as archive:
        text = json.dumps(values, indent=2, ensure_ascii=False) + "\n"
        archive.writestr("story.json", text, zipfile.ZIP_DEFLATED)
    assert len(read_bundle(bundle, tmp_path / "unpacked").events) == 200


def test_a_story_that_could_not_be_opened_again_is_not_saved(tmp_path: Path) -> None:
    folder = Library(tmp_path).create(long_story(1))
    before = files(folder.path)

    def swell(story: Story) -> Story:
        event = story.events[0]
        texts = [Context(f"{n} " + "rain " * 500) for n in range(MAX_FILE_BYTES // 2500)]
        take = event.takes[0]
        more = tuple(
            dataclasses.replace(take, key=f"k{n}", context=text) for n, text in enumerate(texts)
        )
        return story.replace_event(dataclasses.replace(event, takes=(*event.takes, *more)))

    with pytest.raises(StoryError, match="drop takes"):
        folder.edit("swell", swell)
    assert files(folder.path) == before
    assert folder.undo_label == ""
    with pytest.raises(StoryError, match="drop takes"):
        swell(folder.story).save(folder.path / "story.json")
    assert files(folder.path) == before
    assert opened(folder.path).story == folder.story
