"""What hands do on a timeline: a gesture's story, its sound beside the take, how it is undone."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sounding_stories import RATE, noise, save_take

from core.errors import StoryError
from core.export import open_story
from core.export.reaper import reaper_project
from core.mix.mix import MixSettings, mix, place_events
from core.story import selection, timeline
from core.story.clipboard import bring_sounds, clip_text, read_clip
from core.story.folders import StoryFolder
from core.story.library import Library
from core.story.story import Event, Story
from core.story.take import Take
from studio.editing.actions import act
from studio.editing.pasting import paste
from studio.sessions.session import Session
from studio.view.lanes import lanes

NULL_DB = -90.0
EDGE = 0.02
"""Seconds at an edge in which it is faded."""
LENGTHS = (4.0, 5.0, 6.0)


def event_of(number: int, start: float, seconds: float, layer: int = 0, **values: Any) -> Event:
    return Event(f"e{number}", f"sound {number}", start, seconds, layer=layer, **values)


def story_of(*above: Event) -> Story:
    """Events of 4, 5 and 6 seconds on layer 0."""
    starts = (0.0, 4.0, 9.0)
    told = (event_of(n, s, d) for n, (s, d) in enumerate(zip(starts, LENGTHS, strict=True), 1))
    return Story("a test", 15.0, 1, "tiny", "because", (*told, *above))


BED = event_of(4, 10.0, 2.0, 1)


def places(story: Story) -> dict[str, tuple[float, float, int]]:
    return {e.id: (e.start, e.duration, e.layer) for e in story.events}


E1, E2, E3, OVER = (0.0, 4.0, 0), (4.0, 5.0, 0), (9.0, 6.0, 0), (10.0, 2.0, 1)
Gesture = Callable[[Story], Story]
FREE: dict[str, tuple[Gesture, dict[str, tuple[float, float, int]], float]] = {
    "an end that opens a gap": (
        lambda s: timeline.stretch(s, "e2", 3.0, ripple=False),
        {"e1": E1, "e2": (4.0, 3.0, 0), "e3": E3, "e4": OVER},
        15.0,
    ),
    "an end over the next event": (
        lambda s: timeline.stretch(s, "e2", 7.0, ripple=False),
        {"e1": E1, "e2": (4.0, 7.0, 0), "e3": (11.0, 4.0, 0), "e4": OVER},
        15.0,
    ),
    "the last end": (
        lambda s: timeline.stretch(s, "e3", 8.0, ripple=False),
        {"e1": E1, "e2": E2, "e3": (9.0, 8.0, 0), "e4": OVER},
        17.0,
    ),
    "a beginning that opens a gap": (
        lambda s: timeline.trim(s, "e2", 5.0, ripple=False),
        {"e1": E1, "e2": (5.0, 4.0, 0), "e3": E3, "e4": OVER},
        15.0,
    ),
    "a beginning over the event before": (
        lambda s: timeline.trim(s, "e2", 3.0, ripple=False),
        {"e1": (0.0, 3.0, 0), "e2": (3.0, 6.0, 0), "e3": E3, "e4": OVER},
        15.0,
    ),
    "a beginning with ripple": (
        lambda s: timeline.trim(s, "e2", 5.0),
        {"e1": E1, "e2": (4.0, 4.0, 0), "e3": (8.0, 6.0, 0), "e4": (9.0, 2.0, 1)},
        14.0,
    ),
    "a start after a gap with ripple": (
        lambda s: timeline.begin_at(s, "e2", 6.0),
        {"e1": E1, "e2": (6.0, 5.0, 0), "e3": (11.0, 6.0, 0), "e4": (12.0, 2.0, 1)},
        17.0,
    ),
    "a start where another sound is": (
        lambda s: timeline.begin_at(s, "e2", 6.0, ripple=False),
        {"e1": E1, "e3": E3, "e4": OVER, "e2": (6.0, 5.0, 2)},
        15.0,
    ),
    "a start past the end": (
        lambda s: timeline.begin_at(s, "e2", 20.0, ripple=False),
        {"e1": E1, "e3": E3, "e4": OVER, "e2": (20.0, 5.0, 0)},
        25.0,
    ),
    "a start past the end above": (
        lambda s: timeline.begin_at(s, "e4", 14.5),
        {"e1": E1, "e2": E2, "e3": E3, "e4": (14.5, 2.0, 1)},
        16.5,
    ),
    "a hole": (
        lambda s: timeline.delete(s, "e2", ripple=False),
        {"e1": E1, "e3": E3, "e4": OVER},
        15.0,
    ),
    "a copy into a hole": (
        lambda s: timeline.duplicate(timeline.delete(s, "e2", ripple=False), "e1", ripple=False)[0],
        {"e1": E1, "e2": (4.0, 4.0, 0), "e3": E3, "e4": OVER},
        15.0,
    ),
    "a lifted event leaves its hole": (
        lambda s: timeline.set_layer(s, "e2", 2, ripple=False),
        {"e1": E1, "e3": E3, "e4": OVER, "e2": (4.0, 5.0, 2)},
        15.0,
    ),
    "and settles there again": (
        lambda s: timeline.set_layer(
            timeline.set_layer(s, "e2", 2, ripple=False), "e2", 0, 4.0, ripple=False
        ),
        {"e1": E1, "e2": E2, "e3": E3, "e4": OVER},
        15.0,
    ),
    "a new sound in a gap with ripple": (
        lambda s: timeline.add_at_moment(timeline.begin_at(s, "e2", 6.0), "new", 3.0, 5.0)[0],
        {
            "e1": E1,
            "e5": (5.0, 3.0, 0),
            "e2": (9.0, 5.0, 0),
            "e3": (14.0, 6.0, 0),
            "e4": (15.0, 2.0, 1),
        },
        20.0,
    ),
    "a new sound where others are": (
        lambda s: timeline.add_at_moment(s, "new", 3.0, 5.0, ripple=False)[0],
        {"e1": E1, "e2": E2, "e3": E3, "e5": (5.0, 3.0, 1), "e4": OVER},
        15.0,
    ),
    "several moved": (
        lambda s: selection.move_together(s, ["e2", "e3", "e4"], 2.0, ripple=False),
        {"e1": E1, "e2": (6.0, 5.0, 0), "e3": (11.0, 6.0, 0), "e4": (12.0, 2.0, 1)},
        17.0,
    ),
    "several in another order": (
        lambda s: selection.move_together(s, ["e1", "e2"], 8.0),
        {"e3": (0.0, 6.0, 0), "e1": (6.0, 4.0, 0), "e2": (10.0, 5.0, 0), "e4": OVER},
        15.0,
    ),
    "several deleted": (
        lambda s: selection.delete_together(s, ["e1", "e4"]),
        {"e2": (0.0, 5.0, 0), "e3": (5.0, 6.0, 0)},
        11.0,
    ),
    "several repeated": (
        lambda s: selection.duplicate_together(s, ["e3", "e4"])[0],
        {
            "e1": E1,
            "e2": E2,
            "e3": E3,
            "e5": (15.0, 6.0, 0),
            "e4": OVER,
            "e6": (16.0, 2.0, 1),
        },
        21.0,
    ),
    "all fitted with their gaps": (
        lambda s: timeline.fit(timeline.delete(s, "e2", ripple=False), 30.0),
        {"e1": (0.0, 7.98, 0), "e3": (17.98, 12.02, 0), "e4": (20.0, 4.0, 1)},
        30.0,
    ),
}


@pytest.mark.parametrize("name", FREE)
def test_a_gesture_leads_to_the_story_that_it_shows(name: str) -> None:
    gesture, expected, total = FREE[name]
    story = gesture(story_of(BED))
    assert places(story) == expected
    assert story.total == total
    assert Story.from_json(story.to_json()) == story


@pytest.mark.parametrize(
    ("gesture", "sentence"),
    [
        (lambda s: timeline.stretch(s, "e1", 8.95, ripple=False), "Nothing of 'sound 2'"),
        (lambda s: timeline.trim(s, "e3", 4.05, ripple=False), "Nothing of 'sound 2'"),
        (
            lambda s: timeline.trim(timeline.lock(s, "e1"), "e2", 3.0, ripple=False),
            "locked and gives no room",
        ),
        (lambda s: timeline.slip(s, "e2", 1.0), "no sound yet"),
        (lambda s: timeline.join(timeline.begin_at(s, "e2", 6.0), "e1"), "do not meet"),
        (lambda s: timeline.roll(timeline.begin_at(s, "e2", 6.0), "e1", 3.0), "do not meet"),
        (lambda s: timeline.set_layer(s, "e4", 0, ripple=False), "choose a free place"),
        (lambda s: selection.group(s, ["e1"]), "two events or more"),
        (lambda s: selection.delete_together(s, ["e1", "e2", "e3", "e4"]), "at least one"),
        (lambda s: selection.move_together(s, [], 1.0), "Nothing is selected"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(gesture: Gesture, sentence: str) -> None:
    with pytest.raises(StoryError, match=sentence) as refusal:
        gesture(story_of(BED))
    assert str(refusal.value).endswith(".")


def test_groups_are_selected_as_one_and_copied_as_another() -> None:
    story = selection.group(story_of(BED), ["e1", "e4"])
    assert selection.with_groups(story, ["e4"]) == ("e1", "e4")
    copied, new = selection.duplicate_together(story, ["e1", "e4"], ripple=False)
    assert [copied.event(i).group for i in new] == ["g2", "g2"]
    halves, rest = timeline.split(story, "e1", 2.0)
    assert halves.event(rest).group == "g1"
    loose = selection.ungroup(halves, ["e4"])
    assert {event.group for event in loose.events} == {None}
    assert '"group"' not in loose.to_json()


def test_louder_together_stays_as_far_apart() -> None:
    story = timeline.change(story_of(BED), "e1", gain_db=-6.0)
    louder = selection.change_gains(story, ["e1", "e4"], 1.5)
    assert [e.gain_db for e in louder.events] == [-4.5, 0.0, 0.0, 1.5]


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the takes of `rendered`, stereo noise."""
    folder = tmp_path_factory.mktemp("sounds")
    for event in rendered().events:
        sound = noise(event.duration, int(event.start), channels=2)
        save_take(folder, f"k{event.id}", sound, event.duration, 0.0)
    return folder


def rendered() -> Story:
    """Events of 4, 5 and 6 s, and one of 2 s above, each with a take of its length."""
    story = story_of(BED)
    for event in story.events:
        key = f"k{event.id}"
        take = Take(key, None, event.caption, event.duration, 0.0, 7, 12, 3.0, "tiny", "w")
        story = timeline.add_take(
            story, event.id, dataclasses.replace(take, file=f"takes/{key}.flac")
        )
    return story


def sounding_folder(library: Library, sounds: Path) -> StoryFolder:
    folder = library.create(rendered(), "Gestures")
    (folder.path / "takes").mkdir()
    for file in (sounds / "takes").iterdir():
        os.link(file, folder.path / "takes" / file.name)
    return folder


@pytest.fixture
def folder(tmp_path: Path, sounds: Path) -> StoryFolder:
    return sounding_folder(Library(tmp_path / "stories"), sounds)


def heard(folder: StoryFolder, story: Story) -> np.ndarray:
    story.save(folder.path / "story.json")
    opened = open_story(folder.path)
    return mix(opened.story, opened.sources, MixSettings(RATE, ceiling_db=None))


def difference_db(one: np.ndarray, other: np.ndarray) -> float:
    return float(20.0 * np.log10(max(1e-9, np.abs(one - other).max())))


@pytest.mark.parametrize("ripple", [True, False])
def test_what_is_split_trimmed_and_slipped_is_its_take_from_another_moment_on(
    folder: StoryFolder, ripple: bool
) -> None:
    whole = folder.samples(folder.story.event("e3").takes[0])[0].T
    story, rest = timeline.split(folder.story, "e3", 11.0)
    story = timeline.delete(story, "e4")
    story = timeline.delete(story, "e3", ripple=ripple)
    story = timeline.trim(story, rest, story.event(rest).start + 0.25, ripple=ripple)
    story = timeline.stretch(story, rest, 2.5, ripple=ripple)
    story = timeline.slip(story, rest, -1.1)
    part = story.event(rest)
    assert part.offset == pytest.approx(2.0 + 0.25 + 1.1)
    assert part.start == (9.0 if ripple else 11.25)
    assert timeline.unrendered(story) == ()
    sound = heard(folder, story)
    begin, end = (round(s * RATE) for s in (part.start + EDGE, part.end - EDGE))
    first = round((part.offset + EDGE) * RATE)
    assert difference_db(sound[begin:end], whole[first : first + end - begin]) < NULL_DB
    if not ripple:
        assert not sound[round((9.0 + EDGE) * RATE) : round((11.25 - EDGE) * RATE)].any()


def test_a_reaper_project_reads_a_slipped_event_from_where_it_is_heard(
    folder: StoryFolder,
) -> None:
    story = timeline.stretch(folder.story, "e3", 3.0)
    story = timeline.slip(story, "e3", -1.25)
    story.save(folder.path / "story.json")
    opened = open_story(folder.path)
    placed = place_events(opened.story, opened.sources, MixSettings(RATE))
    media = {f"k{event.id}": f"takes/k{event.id}.flac" for event in story.events}
    project = reaper_project(opened.story, placed, media, (), RATE)
    item = project[project.index("POSITION 9\n") :]
    assert item[item.index("SOFFS") :].startswith("SOFFS 1.25\n")
    assert "LENGTH 3\n" in item


def test_an_edge_that_goes_out_and_back_leaves_the_take_whole(folder: StoryFolder) -> None:
    story = folder.story
    for out in (3.0, 7.5):
        there = timeline.stretch(story, "e2", out)
        assert timeline.status(there.event("e2")) == ("rendered" if out < 5 else "changed")
        assert timeline.stretch(there, "e2", 5.0) == story
    later = timeline.trim(story, "e4", 11.0)
    assert later.event("e4").offset == 1.0
    assert timeline.trim(later, "e4", 10.0) == story
    slipped = timeline.slip(timeline.stretch(story, "e2", 3.0), "e2", -9.0)
    assert slipped.event("e2").offset == 2.0
    assert timeline.slip(slipped, "e2", 9.0) == timeline.stretch(story, "e2", 3.0)
    with pytest.raises(StoryError, match="uses all of its sound"):
        timeline.slip(story, "e2", 1.0)


def test_takes_of_one_event_are_cut_and_slipped_together(folder: StoryFolder) -> None:
    other = dataclasses.replace(folder.story.event("e2").takes[0], key="other", duration=5.0)
    story = timeline.add_take(folder.story, "e2", other)
    event = timeline.slip(timeline.stretch(story, "e2", 2.0), "e2", -1.5).event("e2")
    assert [take.part and take.part.offset for take in event.takes] == [1.5, 1.5]
    assert timeline.choose_take(story, "e2", "ke2").event("e2").offset == 0.0


def test_events_and_their_sounds_go_to_another_story_as_text(folder: StoryFolder) -> None:
    library = Library(folder.path.parent)
    source = selection.group(timeline.stretch(folder.story, "e2", 3.0), ["e2", "e4"])
    other = library.create(Story("elsewhere", 8.0, 1, "tiny", "", (event_of(1, 0.0, 8.0),)))
    session = Session(library, folder.path / "sounds")
    session.show(other)
    text = clip_text(source, ["e2", "e4"])
    told: list[str] = []
    paste(session, {"clip": [text[:300], text[300:]], "at": 8.0}, told.append)
    assert told == []
    story = other.story
    assert places(story) == {
        "e1": (0.0, 8.0, 0),
        "e2": (8.0, 3.0, 0),
        "e3": (12.0, 2.0, 1),
    }
    assert timeline.unrendered(story) == ("e1",)
    assert other.has_sound(story.event("e2").takes[0])
    assert {story.event(i).group for i in ("e2", "e3")} == {"g1"}
    assert lanes(session)["made"] == [1, ["e2", "e3"]]
    library.archive(folder.title)
    fresh = Library(folder.path.parent / "visitor")
    lonely = fresh.create(other.story, "Lonely")
    brought, lost = bring_sounds(read_clip(text), lonely, fresh)
    assert (lost, [event.takes for event in brought]) == (2, [(), ()])
    archived = library.create(Story("last", 8.0, 1, "tiny", "", (event_of(1, 0.0, 8.0),)))
    assert bring_sounds(read_clip(text), archived, library)[1] == 0


def with_clip(**values: Any) -> str:
    return json.dumps(json.loads(clip_text(story_of(), ["e1"])) | values)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "no events"),
        ("a sentence that was copied", "no events"),
        ("[]", "no events"),
        (with_clip(audiostory="clip"), "no events"),
        (with_clip(events=[]), "no events"),
        (with_clip(events={}), "no events"),
        (with_clip(version=True), "another version"),
        (with_clip(version=99), "another version"),
        (with_clip(contexts=None), "damaged"),
        (with_clip(events=[{"id": "e1"}]), "lacks the field"),
        (with_clip(events=[1]), "table of named values"),
        (with_clip(events=json.loads(with_clip())["events"] * 2), "share one id"),
        ("[" * 100_000, "no events"),
        (" " * 5_000_000, "more than the studio takes"),
    ],
)
def test_a_foreign_clipboard_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(StoryError, match=sentence) as refusal:
        read_clip(text)
    assert len(str(refusal.value)) < 250


def test_a_take_on_a_clipboard_names_no_file_elsewhere(folder: StoryFolder) -> None:
    data = json.loads(clip_text(folder.story, ["e1"]))
    data["events"][0]["takes"][0]["key"] = data["events"][0]["chosen"] = "../../secret"
    brought, lost = bring_sounds(read_clip(json.dumps(data)), folder, Library(folder.path.parent))
    assert (lost, brought[0].takes, brought[0].chosen) == (1, (), None)


def test_the_history_is_a_list_in_words_that_is_jumped_along(folder: StoryFolder) -> None:
    session = Session(Library(folder.path.parent), folder.path / "sounds")
    session.show(folder)
    stories = [folder.story]
    for name, values in (
        ("split", {"id": "e2", "at": 6.0}),
        ("gain_by", {"ids": ["e1", "e3"], "by": -3}),
        ("delete", {"id": "e4"}),
    ):
        act(session, name, values)
        stories.append(folder.story)
    assert folder.history == ("split: sound 2", "gain_by: 2 events", "delete: sound 4")
    for place in (1, 3, 0, 2):
        act(session, "go", {"place": place})
        assert folder.story == stories[place]
        assert folder.undo_count == place
        assert folder.version(3) == stories[3]
    assert StoryFolder(folder.path).history == folder.history
    assert folder.redo_label == "delete: sound 4"
    beside = session.library.duplicate(folder.title, 1)
    assert beside.story == stories[1]
    assert folder.story == stories[2]
    with pytest.raises(StoryError, match="no longer in the history"):
        act(session, "go", {"place": 4})
