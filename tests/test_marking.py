"""Markers: named moments of the story, edited, kept, and delivered to other programs."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import opentimelineio as otio
import pytest
from studio_stories import RATE, long_story

from core.errors import StoryError
from core.export import ExportSettings, export, open_story
from core.story import timeline
from core.story.library import Library
from core.story.marker import StoryMarker
from core.story.marking import mark, move_marker, rename_marker, unmark
from core.story.story import Event, Story
from studio.editing.actions import act
from studio.editing.labels import said
from studio.sessions.session import Session
from studio.view.lanes import lanes

TOTAL = 12.0


def story_of(*moments: tuple[float, str]) -> Story:
    events = tuple(Event(f"e{n}", f"sound {n}", 4.0 * n, 4.0) for n in range(3))
    markers = tuple(StoryMarker(at, name) for at, name in moments)
    return Story("a scene", TOTAL, 1, "tiny", "", events, markers=markers)


def named(story: Story) -> list[tuple[float, str]]:
    return [(marker.at, marker.name) for marker in story.markers]


def test_markers_are_set_moved_renamed_and_deleted_in_the_order_of_time() -> None:
    story = mark(mark(story_of(), 8.0), 2.5, "the door")
    assert named(story) == [(2.5, "the door"), (8.0, "Marker 1")]
    story = mark(story, 4.00049)
    assert named(story)[1] == (4.0, "Marker 2")
    story = move_marker(story, 2.5, 9.25)
    assert named(story) == [(4.0, "Marker 2"), (8.0, "Marker 1"), (9.25, "the door")]
    story = rename_marker(story, 4.0, " the storm ")
    assert named(unmark(story, 8.0)) == [(4.0, "the storm"), (9.25, "the door")]


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (lambda s: mark(s, 3.0, "again"), "a marker at 3 s already"),
        (lambda s: mark(s, 12.5), "within the story's 12 s"),
        (lambda s: mark(s, -0.5), "within the story's 12 s"),
        (lambda s: mark(s, float("nan")), "choose between"),
        (lambda s: mark(s, 1.0, "a" * 300), "shorten it"),
        (lambda s: move_marker(s, 3.0, 5.0), "a marker at 5 s already"),
        (lambda s: move_marker(s, 4.0, 6.0), "no longer in the story"),
        (lambda s: rename_marker(s, 3.0, "  "), "has a name"),
        (lambda s: unmark(s, 3.1), "no longer in the story"),
        (lambda s: story_of((5.0, "b"), (3.0, "a")), "not in the order"),
        (lambda s: story_of(*((n / 50, "m") for n in range(501))), "at most 500"),
    ],
)
def test_what_no_marker_can_be_is_refused_in_a_sentence(
    edit: Callable[[Story], Story], sentence: str
) -> None:
    with pytest.raises(StoryError, match=sentence) as refusal:
        edit(story_of((3.0, "one"), (5.0, "two")))
    assert str(refusal.value).endswith(".")


def test_markers_stay_where_they_are_when_events_move_and_scale_with_the_whole_story() -> None:
    story = story_of((3.0, "one"), (11.0, "two"))
    assert named(timeline.stretch(story, "e0", 1.0)) == named(story)
    assert named(timeline.delete(story, "e2")) == named(story)
    assert named(timeline.fit(story, 6.0)) == [(1.5, "one"), (5.5, "two")]


def test_a_story_without_markers_is_the_file_that_it_was(tmp_path: Path) -> None:
    assert "markers" not in story_of().to_json()
    story = story_of((3.0, "one"))
    assert Story.from_json(story.to_json()) == story
    with pytest.raises(StoryError):
        Story.from_json(story.to_json().replace('"at": 3.0', '"at": -3.0'))


def test_each_change_of_a_marker_is_one_step_of_undo_that_outlives_a_restart(
    tmp_path: Path,
) -> None:
    library = Library(tmp_path / "stories")
    folder = library.create(story_of(), "Marked")
    session = Session(library, tmp_path / "sounds")
    session.show(folder)
    act(session, "mark", {"at": 3.0, "text": "the door", "gesture": 1})
    for place, to in enumerate((3.1, 3.2, 3.3)):
        act(session, "move_marker", {"at": (3.0, 3.1, 3.2)[place], "to": to, "gesture": 2})
    act(session, "rename_marker", {"at": 3.3, "text": "the gate", "gesture": 3})
    assert [said(label) for label in folder.history] == [
        "marker set",
        "marker moved",
        "name of a marker",
    ]
    assert lanes(session)["markers"] == [{"at": 3.3, "name": "the gate"}]
    session.show(library.open("Marked"))
    seen = []
    for _ in range(3):
        act(session, "undo", {})
        seen.append(named(session.open_folder.story))
    assert seen == [[(3.3, "the door")], [(3.0, "the door")], []]
    act(session, "redo", {})
    act(session, "unmark", {"at": 3.0})
    assert named(session.open_folder.story) == []
    with pytest.raises(StoryError, match="no longer in the story"):
        act(session, "unmark", {"at": 3.0})


def test_markers_reach_reaper_timelines_lists_and_the_cue_points_of_the_sound(
    tmp_path: Path,
) -> None:
    folder = long_story(tmp_path / "stories", "Marked", 4, 40.0)
    folder.edit("mark", lambda story: mark(mark(story, 2.5, "the\ndoor"), 8.0, "=gate"))
    folder.edit("mark", lambda story: timeline.stretch(mark(story, 39.9, "late"), "e0", 7.0))
    settings = ExportSettings(reaper=True, otio=True, aaf=True, markers=("audacity", "csv", "json"))
    done = export(open_story(folder.path), tmp_path / "out", settings)

    def file_of(suffix: str) -> Path:
        return next(file for file in done.files if file.name.endswith(suffix))

    project = file_of(".rpp").read_text().splitlines()
    moments = [line.split(None, 3)[2:] for line in project if "MARKER" in line and "0 0" in line]
    assert ["2.5", '"the door" 0 0'] in moments
    assert ["8", "=gate 0 0"] in moments or ["8", '"=gate" 0 0'] in moments
    read = otio.adapters.read_from_file(str(file_of(".otio")))
    spans = {m.name: m.marked_range for m in read.tracks.markers}
    assert spans["the door"].start_time.to_seconds() == pytest.approx(2.5, abs=1e-4)
    assert spans["the door"].duration.value == 0
    assert "2.500000000\t2.500000000\tthe door\n" in file_of(".txt").read_text()
    assert f",the door,2.500000000,2.500000000,{round(2.5 * RATE)}" in file_of(".csv").read_text()
    assert ",'=gate," in file_of(".csv").read_text()
    listed = json.loads(file_of(".markers.json").read_text())["markers"]
    assert [m["label"] for m in listed if m["layer"] is None] == ["the door", "=gate"]
    sound = file_of(".wav").read_bytes()
    rate = struct.unpack("<I", sound[24:28])[0]
    points = sound.index(b"cue ") + 8
    count = struct.unpack_from("<I", sound, points)[0]
    starts = [struct.unpack_from("<I", sound, points + 8 + 24 * n)[0] for n in range(count)]
    assert round(2.5 * rate) in starts
    assert b"the door\0" in sound
    assert b"late" not in sound
