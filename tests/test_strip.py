"""Channel strips as data: what events and lanes may have, ducking, movement, and their edits."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import pytest

from core.errors import StoryError
from core.profile import RenderSettings
from core.render.takes import due, plan_take
from core.story import timeline
from core.story.ducking import Ducking, duck_event, duck_lane, ducking_points
from core.story.lanes import change_lane
from core.story.library import Library
from core.story.limits import MAX_ALL_POINTS
from core.story.movement import approach, movement_points, recede
from core.story.shape import level_at
from core.story.story import Event, Story
from core.story.strip import Equaliser, Lane, RoomSend
from core.story.take import Take

RAMP = ((0.0, -20.0), (3.0, 0.0))
BED = Event("bed", "rain", 0.0, 12.0, layer=2, role="bed")
BELL = Event("e1", "a bell", 2.0, 4.0, layer=1)
DOG = Event("e2", "a dog", 8.0, 1.0, layer=1)
TREATED = {
    "fade_in_curve": "exponential",
    "fade_out_curve": "logarithmic",
    "gain_envelope": RAMP,
    "pan_envelope": ((0.5, -1.0), (2.0, 1.0)),
    "distance": 20.0,
    "equaliser": Equaliser(low_cut=80.0, tilt_db=-3.0),
    "room": RoomSend("hall", -9.0),
    "loop": True,
}


def story_of(*events: Event, **values: object) -> Story:
    return Story("rain, a bell", 12.0, 1, "tiny", "because", events, **values)  # type: ignore[arg-type]


def treated() -> Story:
    """A story in which an event and a lane have all that a strip can have."""
    story = timeline.change(story_of(BELL, DOG, BED), "e1", **TREATED)
    strip = {name: value for name, value in TREATED.items() if name != "loop"}
    return change_lane(story, 2, gain_db=-3.0, pan=0.5, muted=True, fade_out=2.0, **strip)


def test_a_story_without_strips_is_written_as_before_and_one_with_them_is_read_back() -> None:
    plain = json.loads(story_of(BELL, BED).to_json())
    assert "lanes" not in plain
    assert not set(TREATED) & set(plain["events"][0])
    story = treated()
    assert Story.from_json(story.to_json()) == story
    assert json.loads(story.to_json())["events"][0]["equaliser"] == {
        "low_cut": 80.0, "tilt_db": -3.0,
    }  # fmt: skip


def test_strips_are_undone_redone_and_read_again(tmp_path: Path) -> None:
    folder = Library(tmp_path).create(story_of(BELL, DOG, BED), "Harbour")
    states = [folder.story]
    for name, value in TREATED.items():
        values = {name: value}
        states.append(folder.edit(name, lambda s, v=values: timeline.change(s, "e1", **v)))
    states.append(folder.edit("lane", lambda s: change_lane(s, 1, room=RoomSend("church"))))
    states.append(folder.edit("delete", lambda s: timeline.delete(s, "e1")))
    for state in reversed(states[:-1]):
        assert folder.undo() == state
    again = Library(tmp_path).open("Harbour")
    for state in states[1:]:
        assert again.redo() == state


def test_no_take_is_another_for_a_strip_and_a_loop_is_long_enough(tmp_path: Path) -> None:
    plain, settings = story_of(BELL, DOG, BED), RenderSettings(4, 2.0)
    for event in plain.events:
        before = plan_take(plain, event, settings, 0.5, "w")
        assert plan_take(treated(), treated().event(event.id), settings, 0.5, "w") == before
    folder = Library(tmp_path).create(plain, "Harbour")
    for event in plain.events:
        take = plan_take(plain, event, settings, 0.5, "w")
        folder.path.joinpath("takes").mkdir(exist_ok=True)
        folder.take_file(take).write_bytes(b"there")
        folder.adopt_take(event.id, take, "g")
    folder.edit("longer", lambda s: timeline.stretch(s, "e2", 3.5))
    assert [request.event_id for request in due(folder, settings, 0.5)] == ["e2"]
    folder.edit("loop", lambda s: timeline.change(s, "e2", loop=True))
    assert due(folder, settings, 0.5) == ()
    assert timeline.status(folder.story.event("e2")) == "rendered"


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"gain_envelope": [[0, -61]]}, "between -60 and 24"),
        ({"gain_envelope": [[5, 0]]}, "between 0 and 4"),
        ({"gain_envelope": [[1, 0], [1, 3]]}, "too soon"),
        ({"pan_envelope": [[0, 1.5]]}, "between -1 and 1"),
        ({"fade_in_curve": "steep"}, "one of linear"),
        ({"distance": 0.5}, "between 1 and 1000"),
        ({"equaliser": {"low_cut": 5}}, "low cut"),
        ({"room": {"room": "cupboard"}}, "one of open air"),
        ({"room": {"room": "hall", "level_db": 99}}, "level of the room"),
    ],
)
def test_what_no_strip_can_be_is_refused_in_a_sentence(values: dict[str, object], why: str) -> None:
    whole = json.loads(story_of(BELL).to_json())
    whole["events"][0] |= values
    with pytest.raises(StoryError, match=why):
        Story.from_json(json.dumps(whole))


def test_lanes_are_one_for_a_layer_and_a_story_bears_so_many_points() -> None:
    with pytest.raises(StoryError, match="one layer"):
        story_of(BELL, lanes=(Lane(1), Lane(1)))
    with pytest.raises(StoryError, match="can be set"):
        change_lane(story_of(BELL), 1, start=3.0)
    many = tuple((n * 0.005, 0.0) for n in range(2000))
    lanes = [Lane(layer, gain_envelope=many, pan_envelope=many) for layer in range(13)]
    with pytest.raises(StoryError, match=f"at most {MAX_ALL_POINTS}"):
        story_of(BELL, lanes=tuple(lanes))
    assert story_of(BELL, lanes=tuple(lanes[:12])).to_bytes()
    story = change_lane(change_lane(story_of(BELL), 1, gain_db=-3.0), 1, gain_db=0.0)
    assert story == story_of(BELL)


def test_envelopes_stay_in_time_when_an_edge_moves_and_go_along_with_halves() -> None:
    event = dataclasses.replace(BELL, gain_envelope=RAMP, pan_envelope=((0.0, -1.0), (4.0, 1.0)))
    later = timeline.trim(story_of(event, BED), "e1", 3.5).event("e1")
    assert later.gain_envelope == ((0.0, -10.0), (1.5, 0.0))
    assert later.pan_envelope == ((0.0, -0.25), (2.5, 1.0))
    story, rest = timeline.split(story_of(event, BED), "e1", 3.5)
    assert story.event("e1").gain_envelope == ((0.0, -20.0), (1.5, -10.0))
    assert story.event(rest).gain_envelope == ((0.0, -10.0), (1.5, 0.0))
    told = (
        dataclasses.replace(event, start=0.0, layer=0),
        Event("e3", "wind", 4.0, 8.0, pan=0.5, gain_envelope=((0.0, -6.0),)),
    )
    joined = timeline.join(story_of(*told), "e1").event("e1")
    for time, level, pan in (
        (1.5, -10.0, -0.25),
        (3.9, 0.0, 0.95),
        (4.1, -6.0, 0.5),
        (9.0, -6.0, 0.5),
    ):
        assert level_at(joined.gain_envelope, time) == pytest.approx(level, abs=0.01)
        assert level_at(joined.pan_envelope, time) == pytest.approx(pan, abs=0.01)
    half = timeline.fit(change_lane(story_of(event, BED), 1, gain_envelope=RAMP, fade_in=3.0), 6.0)
    assert (
        half.event("e1").gain_envelope == half.lane(1).gain_envelope == ((0.0, -20.0), (1.5, 0.0))
    )
    assert half.lane(1).fade_in == 1.5


def test_a_bed_makes_way_for_the_spots_over_it_and_for_nothing_else() -> None:
    quiet = Event("q", "silence", 10.0, 1.0, layer=3)
    bed = dataclasses.replace(BED, start=1.0, duration=11.0)
    story = story_of(BELL, DOG, dataclasses.replace(BED, id="b2"), quiet, bed)
    ducking = Ducking(depth_db=12.0, attack=0.5, release=1.5)
    points = duck_event(story, "bed", ducking).event("bed").gain_envelope
    assert points == (
        (0.5, 0.0), (1.0, -12.0), (5.0, -12.0), (6.5, 0.0), (7.0, -12.0), (8.0, -12.0), (9.5, 0.0),
    )  # fmt: skip
    lane = duck_lane(story, 2, ducking).lane(2).gain_envelope
    for time, level in ((0.0, 0.0), (1.75, -6.0), (2.0, -12.0), (6.0, -12.0), (6.75, -6.0)):
        assert level_at(lane, time) == pytest.approx(level)
        assert level_at(points, max(0.0, time - 1.0)) == pytest.approx(level)
    alone = story_of(BED)
    for edit in (lambda: duck_event(alone, "bed", ducking), lambda: duck_lane(alone, 2, ducking)):
        with pytest.raises(StoryError, match="No spot"):
            edit()
    drawn = timeline.change(duck_event(story, "bed", ducking), "bed", gain_envelope=points[:2])
    assert drawn.event("bed").gain_envelope == points[:2]


def test_a_bed_that_has_not_come_back_turns_where_the_lines_cross() -> None:
    points = ducking_points([(4.0, 5.0), (1.0, 3.0)], Ducking(10.0, attack=1.0, release=1.0))
    assert points == (
        (0.0, 0.0), (1.0, -10.0), (3.0, -10.0), (3.5, -5.0),
        (4.0, -10.0), (5.0, -10.0), (6.0, 0.0),
    )  # fmt: skip
    close = ducking_points([(1.0, 2.0), (2.01, 3.0), (2.5, 2.8)], Ducking(10.0, 1.0, 1.0))
    assert [time for time, _ in close] == [0.0, 1.0, 3.0, 4.0]


def test_what_moves_follows_the_inverse_distance_law_and_sinks_into_a_room() -> None:
    points = movement_points(8.0, 4.0, away=True)
    for time in (0.0, 0.5, 1.0, 2.0, 4.0):
        distance = 1.0 + 7.0 * time / 4.0
        assert level_at(points, time) == pytest.approx(-20 * math.log10(distance), abs=0.05)
    going, coming = (edit(story_of(BELL), "e1").event("e1") for edit in (recede, approach))
    assert (going.shape, coming.shape) == ("recede", "approach")
    assert going.room == coming.room == RoomSend("open air", -24.0)
    for time in (0.0, 0.7, 3.0):
        assert level_at(going.points, time) == pytest.approx(
            level_at(coming.points, 4.0 - time), abs=0.01
        )
    indoors = dataclasses.replace(BELL, room=RoomSend("church"), duration=0.1)
    short = recede(story_of(indoors), "e1", 1000.0).event("e1")
    assert short.room == RoomSend("church")
    assert (short.points[0][1], short.points[-1]) == (0.0, (0.1, -60.0))


def test_the_sound_of_a_loop_stays_in_time_when_its_edges_move() -> None:
    take = Take("k", None, "rain", 3.0, 0.0, 1, 4, 3.0, "tiny", "w")
    bed = dataclasses.replace(BED, loop=True, takes=(take,), chosen="k")
    later = timeline.trim(story_of(bed), "bed", 5.0)
    assert (later.event("bed").offset, later.event("bed").duration) == (5.0, 7.0)
    story, rest = timeline.split(later, "bed", 9.0)
    assert story.event(rest).offset == 9.0
    assert story.event(rest).continues(story.event("bed"))
    assert timeline.slip(story, rest, 2.0).event(rest).offset == 7.0
    assert all(timeline.status(event) == "rendered" for event in story.events)
