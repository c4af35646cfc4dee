"""Envelopes, fades, ducking and strips as actions of the page: what each makes of the story."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import StoryError
from core.story import timeline
from core.story.folders import StoryFolder
from core.story.library import Library
from core.story.story import Event, Story
from core.story.strip import Equaliser, RoomSend
from studio.editing.actions import act
from studio.editing.labels import said
from studio.sessions.session import Session
from studio.view.lanes import lanes

POINTS = ((1.0, -6.0), (3.0, 0.0))


def rain_and_knocks() -> Story:
    """A bed of ten seconds under two spots."""
    knocks = (Event("e1", "a knock", 0.0, 4.0), Event("e2", "a door", 6.0, 4.0))
    bed = Event("bed", "rain", 0.0, 10.0, layer=1, gain_envelope=POINTS)
    return Story("rain", 10.0, 1, "tiny", "", (*knocks, bed))


@pytest.fixture
def session(tmp_path: Path) -> Session:
    library = Library(tmp_path / "stories")
    session = Session(library, tmp_path / "sounds")
    session.show(library.create(rain_and_knocks()))
    return session


def folder_of(session: Session) -> StoryFolder:
    assert session.folder is not None
    return session.folder


def bed(story: Story) -> Event:
    return story.event("bed")


ON_BED: dict[str, tuple[str, dict[str, Any], Callable[[Event], bool]]] = {
    "a point added in its place": (
        "point_add", {"at": 2.0, "value": -12},
        lambda e: e.gain_envelope == ((1.0, -6.0), (2.0, -12.0), (3.0, 0.0)),
    ),
    "a point put elsewhere": (
        "point_move", {"point": 1, "at": 9.5, "value": "3,5"},
        lambda e: e.gain_envelope == ((1.0, -6.0), (9.5, 3.5)),
    ),
    "a point moved by a key": (
        "point_move", {"point": 0, "by_time": 0.1, "by": -1},
        lambda e: e.gain_envelope == ((1.1, -7.0), (3.0, 0.0)),
    ),
    "a point taken off": (
        "point_remove", {"point": 0}, lambda e: e.gain_envelope == ((3.0, 0.0),)
    ),
    "a curve cleared": ("points", {"points": []}, lambda e: e.gain_envelope == ()),
    "a pan drawn": (
        "points", {"of": "pan", "points": [[0, -1], [10, 1]]},
        lambda e: e.pan_envelope == ((0.0, -1.0), (10.0, 1.0)) and e.gain_envelope == POINTS,
    ),
    "a shape drawn": (
        "point_add", {"of": "shape", "at": 5, "value": -9},
        lambda e: (e.shape, e.points) == ("points", ((5.0, -9.0),)),
    ),
    "a fade and its curve": (
        "fade", {"side": "in", "value": 1.5, "curve": "s-curve"},
        lambda e: (e.fade_in, e.fade_in_curve, e.fade_out) == (1.5, "s-curve", 0.0),
    ),
    "a fade by a key": ("fade", {"side": "out", "by": 0.1}, lambda e: e.fade_out == 0.1),
    "distance": ("strip", {"of": "distance", "value": "12,5"}, lambda e: e.distance == 12.5),
    "a low cut": (
        "strip", {"of": "low_cut", "value": 120},
        lambda e: e.equaliser == Equaliser(low_cut=120.0),
    ),
    "a tilt": (
        "strip", {"of": "tilt_db", "value": "-3"}, lambda e: e.equaliser == Equaliser(tilt_db=-3.0)
    ),
    "a room": (
        "strip", {"of": "room", "value": "stairwell"}, lambda e: e.room == RoomSend("stairwell")
    ),
    "approach": (
        "approach", {},
        lambda e: e.shape == "approach" and e.points[0][1] == pytest.approx(-18.06, abs=0.01)
        and e.points[-1] == (10.0, 0.0) and e.room is not None,
    ),
    "recede": ("recede", {"times": 2}, lambda e: e.points[-1][1] == pytest.approx(-6.02, abs=0.01)),
    "ducking": (
        "duck", {"depth_db": "6"},
        lambda e: min(level for _, level in e.gain_envelope) == -6.0
        and e.gain_envelope[0] == (0.0, -6.0),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ON_BED)
def test_an_action_on_an_event_leaves_the_strip_written_for_it_and_is_undone(
    session: Session, name: str
) -> None:
    action, values, holds = ON_BED[name]
    folder = folder_of(session)
    first = (folder.path / "story.json").read_bytes()
    act(session, action, {"id": "bed", **values})
    saved = Story.load(folder.path / "story.json")
    assert holds(bed(saved)), bed(saved)
    block = next(b for b in lanes(session)["events"] if b["id"] == "bed")
    assert block["curves"]["gain"] == [list(point) for point in bed(saved).gain_envelope]
    assert said(folder.undo_label).endswith(": rain")
    act(session, "undo", {})
    assert (folder.path / "story.json").read_bytes() == first


def test_settings_that_are_emptied_are_as_usual_again_and_a_room_keeps_its_level(
    session: Session,
) -> None:
    def set_to(of: str, value: object) -> Event:
        act(session, "strip", {"id": "bed", "of": of, "value": value})
        return bed(folder_of(session).story)

    act(session, "fade", {"id": "bed", "side": "out", "curve": "linear"})
    act(session, "fade", {"id": "bed", "side": "out", "curve": ""})
    assert bed(folder_of(session).story).fade_out_curve is None
    set_to("low_cut", 80)
    assert set_to("high_cut", 8000).equaliser == Equaliser(80.0, 8000.0)
    assert set_to("low_cut", "").equaliser == Equaliser(high_cut=8000.0)
    assert set_to("high_cut", None).equaliser is None
    assert set_to("distance", 40).distance == 40.0
    assert set_to("distance", "").distance == 1.0
    set_to("room", "hall")
    set_to("room_level", -20)
    assert set_to("room", "church").room == RoomSend("church", -20.0)
    assert set_to("room_level", "").room == RoomSend("church")
    assert set_to("room", "").room is None


def test_beds_are_ducked_in_one_step_and_the_envelope_is_edited_and_taken_off(
    session: Session,
) -> None:
    folder = folder_of(session)
    act(session, "points", {"id": "bed", "of": "gain", "points": []})
    begun = folder.undo_count
    act(session, "duck_beds", {})
    points = bed(folder.story).gain_envelope
    assert points == ((0.0, -9.0), (4.0, -9.0), (4.8, 0.0), (5.8, 0.0), (6.0, -9.0), (10.0, -9.0))
    act(session, "point_move", {"id": "bed", "point": 0, "at": 0.0, "value": -3})
    assert bed(folder.story).gain_envelope[0] == (0.0, -3.0)
    act(session, "points", {"id": "bed", "points": []})
    assert bed(folder.story).gain_envelope == ()
    assert folder.undo_count == begun + 3
    act(session, "lock", {"id": "bed"})
    with pytest.raises(StoryError, match="no bed to duck"):
        act(session, "duck_beds", {})


def test_a_lane_has_curves_filters_a_room_and_ducking_of_its_own(session: Session) -> None:
    folder = folder_of(session)
    act(session, "lane_point_add", {"lane": 1, "of": "gain", "at": 2, "value": -3})
    act(session, "lane_point_add", {"lane": 1, "of": "gain", "at": 5, "value": 0})
    act(session, "lane_point_move", {"lane": 1, "of": "gain", "point": 1, "by_time": -1, "by": 1})
    assert folder.story.lane(1).gain_envelope == ((2.0, -3.0), (4.0, 1.0))
    act(session, "lane_point_remove", {"lane": 1, "of": "gain", "point": 0})
    act(session, "lane_points", {"lane": 1, "of": "pan", "points": [[0, 0.5]]})
    act(session, "lane_strip", {"lane": 1, "of": "room", "value": "hall"})
    act(session, "lane_strip", {"lane": 1, "of": "low_cut", "value": 200})
    lane = folder.story.lane(1)
    assert (lane.gain_envelope, lane.pan_envelope) == (((4.0, 1.0),), ((0.0, 0.5),))
    assert (lane.room, lane.equaliser) == (RoomSend("hall"), Equaliser(low_cut=200.0))
    act(session, "lane_duck", {"lane": 1})
    assert folder.story.lane(1).gain_envelope[0] == (0.0, -9.0)
    shown = lanes(session)["mixer"]["lanes"][0]
    assert shown["strip"]["room"] == "hall"
    assert shown["curves"]["gain"][0] == [0.0, -9.0]


REFUSED: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("point_add", {"at": 99, "value": 0}, "time of a gain envelope's point"),
    ("point_add", {"at": 1.001, "value": 0}, "too soon"),
    ("point_add", {"at": "soon", "value": 0}, "should be a number"),
    ("point_move", {"point": 0, "at": 4, "value": 0}, "too soon"),
    ("point_move", {"point": 0, "by_time": 0, "by": -60}, "level of a gain envelope's point"),
    ("point_move", {"point": 9, "at": 1, "value": 0}, "no longer there"),
    ("point_remove", {"point": -1}, "no longer there"),
    ("point_add", {"of": "width", "at": 1, "value": 0}, "gain, pan and shape"),
    ("points", {"points": "0:1"}, "list of seconds"),
    ("points", {"points": [[1, 2, 3]]}, "list of seconds"),
    ("fade", {"side": "up", "value": 1}, "in or out"),
    ("fade", {"side": "in", "value": 11}, "fade in"),
    ("fade", {"side": "in", "curve": "steep"}, "no curve called"),
    ("strip", {"of": "low_cut", "value": 5}, "low cut"),
    ("strip", {"of": "high_cut", "value": "high"}, "should be a number"),
    ("strip", {"of": "distance", "value": 0.2}, "distance"),
    ("strip", {"of": "room", "value": "cave"}, "no room called"),
    ("strip", {"of": "room_level", "value": -20}, "choose a room first"),
    ("strip", {"of": "warmth", "value": 1}, "no setting called"),
    ("approach", {"times": 1}, "ratio of the distances"),
    ("duck", {"depth_db": 99}, "depth of the ducking"),
    ("duck", {"id": "e1"}, "No spot is heard over"),
    ("lane_points", {"lane": 1, "of": "shape", "points": []}, "no shape"),
)


@pytest.mark.parametrize(("action", "values", "sentence"), REFUSED)
def test_what_a_strip_cannot_have_is_refused_in_a_sentence(
    session: Session, action: str, values: dict[str, Any], sentence: str
) -> None:
    before = folder_of(session).story
    with pytest.raises(StoryError, match=sentence):
        act(session, action, {"id": "bed", **values})
    assert folder_of(session).story == before


def test_a_locked_event_keeps_its_strip(session: Session) -> None:
    folder = folder_of(session)
    folder.edit("lock", lambda story: timeline.lock(story, "bed"))
    for action, values in (("point_add", {"at": 5, "value": 0}), ("strip", {"of": "distance"})):
        with pytest.raises(StoryError, match="locked"):
            act(session, action, {"id": "bed", **values})


def test_a_distant_shape_stays_one_where_its_points_are_edited(session: Session) -> None:
    act(session, "approach", {"id": "bed"})
    act(session, "point_move", {"id": "bed", "of": "shape", "point": 0, "at": 0, "value": -12})
    event = bed(folder_of(session).story)
    assert (event.shape, event.points[0]) == ("approach", (0.0, -12.0))
    act(session, "points", {"id": "bed", "of": "shape", "points": []})
    assert bed(folder_of(session).story).shape == "steady"
