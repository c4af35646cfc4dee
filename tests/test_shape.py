"""What a cue sheet says of an event: shape of level, repetitions and source, and their edits."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import StoryError
from core.language.score import LevelShape, ScoreEvent
from core.narratives.scores import read_scores
from core.profile import RenderSettings
from core.render.takes import plan_take
from core.story import timeline
from core.story.score import score_events
from core.story.shape import LEVEL_SHAPES, Point, level_at, level_points
from core.story.story import Event, Story

BED = Event("bed", "rain", 0.0, 12.0, layer=2)
BELL = Event("e1", "a bell", 1.0, 4.0, layer=1)
DOG = Event("e2", "a dog", 6.0, 3.0, layer=1)
RAMP: tuple[Point, ...] = ((0.0, -20.0), (3.0, 0.0))


def free_story(*events: Event) -> Story:
    """A story with nothing on layer 0."""
    return Story("rain throughout, a bell, a dog", 12.0, 1, "tiny", "because", events)


def changed(event: Event, **values: object) -> Event:
    return timeline.change(free_story(event), event.id, **values).event(event.id)


@pytest.mark.parametrize(
    ("shape", "first", "middle", "last"),
    [
        ("steady", 0.0, 0.0, 0.0),
        ("fade in", -48.0, -6.0, 0.0),
        ("fade out", 0.0, -6.0, -48.0),
        ("swell", -18.0, 0.0, -18.0),
        ("approach", -18.0, -9.0, 0.0),
        ("recede", 0.0, -9.0, -18.0),
    ],
)
def test_named_shapes_follow_the_length(
    shape: LevelShape, first: float, middle: float, last: float
) -> None:
    for seconds in (1.0, 30.0):
        curve = level_points(shape, (), seconds)
        heard = [level_at(curve, share * seconds) for share in (0.0, 0.5, 1.0)]
        assert heard == pytest.approx([first, middle, last])


def test_points_are_joined_by_straight_lines_and_the_outer_ones_held() -> None:
    points = ((1.0, -20.0), (3.0, 0.0), (4.0, -10.0))
    assert [level_at(points, t) for t in (0.0, 1.0, 2.0, 3.0, 3.5, 9.0)] == [
        -20.0, -20.0, -10.0, 0.0, -5.0, -10.0,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"shape": "points"}, "needs some"),
        ({"shape": "swell", "points": RAMP}, "has no points"),
        ({"shape": "points", "points": ((5.0, 0.0),)}, "between 0 and 4"),
        ({"shape": "points", "points": ((0.0, 30.0),)}, "between -60 and 24"),
        ({"shape": "points", "points": ((2.0, 0.0), (1.0, 0.0))}, "too soon"),
        ({"shape": "points", "points": ((1.0, 0.0), (1.0, -9.0))}, "too soon"),
        ({"shape": "points", "points": tuple((n / 50, 0.0) for n in range(101))}, "at most 100"),
        ({"count": 3, "every": 1.0}, "in one way"),
        ({"count": 0}, "between 1 and 100"),
        ({"every": 0.0}, "between 0.05"),
        ({"at": (4.5,)}, "between 0 and 4"),
        ({"at": (2.0, 1.0)}, "in order"),
        ({"source": "e9"}, "not there"),
        ({"source": "e1"}, "not there"),
    ],
)
def test_what_no_event_can_be_is_refused_in_a_sentence(values: dict[str, object], why: str) -> None:
    whole = json.loads(free_story(BELL).to_json())
    whole["events"][0] |= values
    with pytest.raises(StoryError, match=why):
        Story.from_json(json.dumps(whole))


def test_a_story_without_a_score_is_written_as_before_and_one_with_it_is_read_back() -> None:
    assert not {"role", "shape", "points", "count", "every", "at", "source"} & set(
        json.loads(free_story(BELL).to_json())["events"][0]
    )
    shaped = dataclasses.replace(
        BELL, role="spot", shape="approach", points=RAMP, at=(0.5, 2.0), source="e2"
    )
    story = free_story(shaped, dataclasses.replace(DOG, every=0.5), BED)
    assert Story.from_json(story.to_json()) == story


def test_a_role_that_is_not_given_follows_from_what_comes_and_goes_meanwhile() -> None:
    story = free_story(BELL, DOG, BED)
    assert [story.role_of(e) for e in story.events] == ["spot", "spot", "bed"]
    story = timeline.change(story, "bed", role="spot")
    assert story.role_of(story.event("bed")) == "spot"
    quiet = dataclasses.replace(BELL, caption="silence")
    assert free_story(quiet, BED).role_of(BED) == "spot"
    told = (Event("a", "one", 0.0, 6.0), Event("b", "two", 6.0, 6.0))
    assert [free_story(*told).role_of(e) for e in told] == ["spot", "spot"]


def test_another_shape_and_another_way_to_repeat_take_the_place_of_the_one_before() -> None:
    event = changed(BELL, points=RAMP)
    assert (event.shape, event.points) == ("points", RAMP)
    event = changed(event, shape="swell")
    assert (event.shape, event.points) == ("swell", ())
    event = changed(changed(event, count=3), every=2.0)
    assert (event.count, event.every, event.at) == (None, 2.0, ())
    event = changed(event, at=(1.0, 2.5))
    assert (event.count, event.every, event.at) == (None, None, (1.0, 2.5))
    assert changed(event, count=None).at == ()
    with pytest.raises(StoryError, match="locked"):
        changed(dataclasses.replace(BELL, locked=True), shape="swell")


def test_an_edge_that_moves_leaves_points_and_moments_where_they_are_in_time() -> None:
    event = dataclasses.replace(BELL, shape="points", points=RAMP, at=(0.5, 2.0, 3.5))
    story = timeline.trim(free_story(event, BED), "e1", 2.5)
    later = story.event("e1")
    assert later.points == ((0.0, -10.0), (1.5, 0.0))
    assert later.at == (0.5, 2.0)
    shorter = timeline.stretch(story, "e1", 1.0).event("e1")
    assert shorter.points == ((0.0, -10.0), (1.0, pytest.approx(-10 / 3)))
    assert shorter.at == (0.5,)
    earlier = timeline.trim(free_story(event, BED), "e1", 0.5).event("e1")
    assert (earlier.points, earlier.at) == (((0.5, -20.0), (3.5, 0.0)), (1.0, 2.5, 4.0))
    named = dataclasses.replace(BELL, shape="fade out")
    assert timeline.trim(free_story(named, BED), "e1", 2.5).event("e1").shape == "fade out"


def test_fitting_to_a_total_scales_points_and_moments() -> None:
    event = dataclasses.replace(BELL, shape="points", points=RAMP, at=(0.5, 2.0))
    half = timeline.fit(free_story(event, dataclasses.replace(DOG, every=1.0), BED), 6.0)
    assert (half.event("e1").points, half.event("e1").at) == (((0.0, -20.0), (1.5, 0.0)), (0.25, 1))
    assert (half.event("e2").every, half.event("bed").duration, half.total) == (0.5, 6.0, 6.0)


@given(
    st.sampled_from(LEVEL_SHAPES[:-1]),
    st.lists(st.tuples(st.integers(0, 16), st.integers(-240, 96)), unique_by=lambda p: p[0]),
    st.integers(1, 39),
)
def test_the_halves_of_a_split_have_its_shape_and_joined_they_are_it(
    shape: LevelShape, places: list[tuple[int, int]], at: int
) -> None:
    points = tuple((place / 4, level / 4) for place, level in sorted(places))
    event = changed(BELL, points=points) if points else changed(BELL, shape=shape)
    cut = event.start + at / 10
    story, rest = timeline.split(free_story(event, BED), "e1", cut)
    first, second = story.event("e1"), story.event(rest)
    for time in (n * 0.0625 for n in range(65)):
        part, before = (first, 0.0) if time < at / 10 else (second, at / 10)
        whole = level_at(event.level_points, time)
        assert level_at(part.level_points, time - before) == pytest.approx(whole, abs=1e-3)
    assert (first.shape in ("approach", "recede")) == (event.shape in ("approach", "recede"))
    assert first.count is None
    told = dataclasses.replace(event, start=0.0, layer=0)
    after = Event("e9", "wind", 4.0, 8.0)
    story, rest = timeline.split(free_story(told, after), "e1", at / 10)
    joined = timeline.join(story, "e1").event("e1")
    assert joined.shape == event.shape or points
    for time in (n * 0.0625 for n in range(65)):
        whole = level_at(event.level_points, time)
        assert level_at(joined.level_points, time) == pytest.approx(whole, abs=0.02)
    assert len(joined.points) <= len(points) + 1


def test_different_shapes_are_joined_with_a_steep_step_between_them() -> None:
    told = (
        Event("a", "wind", 0.0, 6.0, shape="fade out"),
        Event("b", "wind", 6.0, 6.0, shape="points", points=((0.0, -3.0), (6.0, -9.0))),
    )
    joined = timeline.join(free_story(*told), "a").event("a")
    heard = [level_at(joined.level_points, t) for t in (3.0, 5.999, 6.02, 12.0)]
    assert heard == pytest.approx([-6.0, -48.0, -3.0, -9.0], abs=0.1)


def test_a_source_is_shared_and_passed_on_where_its_event_goes() -> None:
    third = dataclasses.replace(DOG, id="e3", start=9.0)
    story = free_story(BELL, DOG, third, BED)
    story = timeline.share_source(story, "e3", "e2")
    story = timeline.share_source(story, "e2", "e1")  # and what shares its source
    assert [e.source for e in story.events] == [None, "e1", "e1", None]
    assert timeline.share_source(story, "e1", "e3") == story
    assert story.first_of_source(story.event("e3")).id == "e1"
    moved = timeline.move(story, "e2", 0.0)
    assert moved.first_of_source(moved.event("e1")).id == "e2"
    gone = timeline.delete(story, "e1")
    assert {e.id: e.source for e in gone.events} == {"e2": None, "e3": "e2", "bed": None}
    alone = timeline.share_source(story, "e3", None)
    assert [e.source for e in alone.events] == [None, "e1", None, None]
    copied, copy = timeline.duplicate(story, "e1")
    assert copied.event(copy).source == "e1"
    parted, rest = timeline.split(story, "e2", 7.0)
    assert parted.event(rest).source == "e1"
    parted, rest = timeline.split(story, "e1", 2.0)
    assert parted.event(rest).source is None


def test_a_story_without_layer_0_keeps_its_length_and_grows_by_what_is_added() -> None:
    story = free_story(BELL, DOG, BED)
    assert timeline.delete(story, "bed").total == 12.0
    longer, added = timeline.add(story, "wind", 3.0)
    assert (longer.total, longer.event(added).start, longer.event(added).layer) == (15.0, 12.0, 1)
    with pytest.raises(StoryError, match="lie freely"):
        timeline.set_layer(story, "e1", 0)
    with pytest.raises(StoryError, match="at least one event"):
        timeline.delete(free_story(BED), "bed")


def test_no_take_is_another_for_what_a_score_says() -> None:
    """It is the mix's: what was rendered before stays, and nothing is due."""
    plain = free_story(BELL, DOG, BED)
    said = timeline.change(plain, "e1", role="spot", shape="approach", count=3)
    said = timeline.change(said, "e2", points=RAMP, every=1.5)
    said = timeline.share_source(timeline.change(said, "bed", role="bed", at=(1.0,)), "e2", "e1")
    settings = RenderSettings(4, 2.0)
    for event in plain.events:
        before = plan_take(plain, event, settings, 0.5, "w")
        assert plan_take(said, said.event(event.id), settings, 0.5, "w") == before


def line(caption: str, start: float, seconds: float, role: str = "spot", **values) -> ScoreEvent:
    return ScoreEvent(
        caption, start, seconds, role, values.pop("level", "normal"),  # type: ignore[arg-type]
        values.pop("shape", "steady"), "calm", **values,
    )  # fmt: skip


def test_a_score_becomes_events_with_beds_in_layers_of_their_own() -> None:
    rain = line("rain", 0.0, 20.0, "bed", level="quiet", shape="fade out")
    bell = line("a bell", 4.0, 3.0, count=3)
    again = line("a bell again", 12.0, 3.0, source=1)
    dog = line("a dog", 9.0, 2.0, level="loud")
    events = score_events([rain, bell, dog, again], 20.0)
    assert [e.layer for e in events] == [3, 1, 2, 1]
    assert [e.gain_db for e in events] == [-8.0, 0.0, 6.0, 0.0]
    assert [e.source for e in events] == [None, None, None, "e2"]
    assert (events[0].shape, events[1].count, events[0].role) == ("fade out", 3, "bed")
    jump = line("wind", 0.0, 9.0, shape="points", points=((0.0, -9.0), (4.0, -9.0), (4.0, 0.0)))
    knocks = line("knocks", 9.0, 9.0, at=(3.0, 1.0, 3.0))
    wind, steps = score_events([jump, knocks], 20.0)
    assert (wind.points[1:], steps.at) == (((4.0, -9.0), (4.005, 0.0)), (1.0, 3.0))
    third = line("a bell once more", 16.0, 3.0, source=3)
    assert score_events([rain, bell, dog, again, third], 20.0)[4].source == "e2"


def test_spots_that_fill_the_whole_tell_the_story_over_their_beds() -> None:
    score = [line("rain", 0.0, 10.0, "bed"), line("one", 0.0, 4.0), line("two", 4.0, 6.0)]
    assert [e.layer for e in score_events(score, 10.0)] == [1, 0, 0]
    score[2] = line("two", 4.0, 5.0)
    assert [e.layer for e in score_events(score, 10.0)] == [3, 1, 2]


def test_every_written_score_becomes_a_story() -> None:
    for score in read_scores():
        events = score_events(score.events, score.seconds)
        story = Story(score.brief, score.seconds, 1, "tiny", score.reasoning, events)
        for one in story.events:
            beside = [e for e in story.events if e.layer == one.layer and e.id != one.id]
            assert not any(e.start < one.end and one.start < e.end for e in beside)
