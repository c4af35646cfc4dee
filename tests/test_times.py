"""Times in an instruction: what is one, which event it belongs to, and that it is kept exactly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.director.clauses import align, related, split_clauses
from core.director.times import TimedInstruction, read_times, whole_length
from core.story.durations import GivenTimes, Span, fit_story, natural


def tied(instruction: str, phrases: list[str], total: float = 30.0) -> dict[str, float]:
    """Length of each phrase that the instruction gives one; "@" before those given a start, "..."
    before those given an end."""
    timing = TimedInstruction(instruction, total).timing(phrases)
    marks = {"": timing.lengths, "@": timing.starts, "...": timing.ends}
    return {f"{mark}{phrases[i]}": s for mark, given in marks.items() for i, s in given.items()}


@pytest.mark.parametrize(
    ("instruction", "phrases", "expected"),
    [
        ("5 seconds of rain, then a dog", ["rain", "a dog"], {"rain": 5}),
        ("rain falls for ten seconds and then thunder rolls for three", ["rain falls",
         "thunder rolls"], {"rain falls": 10, "thunder rolls": 3}),
        ("Start with wind. After 10 s a door slams.", ["wind", "a door slams"], {"wind": 10}),
        ("wind, 4 seconds later a door slams", ["wind", "a door slams"], {"wind": 4}),
        ("after 6 seconds of birdsong a rifle cracks", ["birdsong", "a rifle cracks"],
         {"birdsong": 6}),
        ("rain, at 0:12 a door slams", ["rain", "a door slams"], {"@a door slams": 12}),
        ("[0s] rain [12s] thunder", ["rain", "thunder"], {"@rain": 0, "@thunder": 12}),
        ("0:00 engine starts 0:04 tires squeal", ["engine starts", "tires squeal"],
         {"@engine starts": 0, "@tires squeal": 4}),
        ("0s rain, 5s thunder, 9s a dog", ["rain", "thunder", "a dog"],
         {"@rain": 0, "@thunder": 5, "@a dog": 9}),
        ("half a minute of rain, then a dog", ["rain", "a dog"], {"rain": 30}),
        ("rain for a minute and a half, then a dog", ["rain", "a dog"], {"rain": 90}),
        ("a fire, the last 4 seconds are applause", ["a fire", "applause"], {"applause": 4}),
        ("glass breaks (2 s), dog barks (4.5 s)", ["glass breaks", "dog barks"],
         {"glass breaks": 2, "dog barks": 4.5}),
        ("Horses, 7 seconds, at a gallop. Crows.", ["horses at a gallop", "crows"],
         {"horses at a gallop": 7}),
        ("5s: rain, 4s: thunder", ["rain", "thunder"], {"rain": 5, "thunder": 4}),
        ("sawing: 8 sec. chopping: 6 sec.", ["sawing", "chopping"], {"sawing": 8, "chopping": 6}),
        ("two sounds, nine seconds each: rain, fire", ["rain", "fire"], {"rain": 9, "fire": 9}),
        ("give the waves twenty seconds, the gulls fifteen", ["the waves", "the gulls"],
         {"the waves": 20, "the gulls": 15}),
        ("a 5 second drum roll, then a gong", ["a drum roll", "a gong"], {"a drum roll": 5}),
        ("rain for 1:30, then thunder for 0:10", ["rain", "thunder"],
         {"rain": 90, "thunder": 10}),
        ("1:15 of rain, then thunder, 0:20 long", ["rain", "thunder"], {"rain": 75, "thunder": 20}),
        ("rain (1:20), thunder (0:10)", ["rain", "thunder"], {"rain": 80, "thunder": 10}),
        ("rain (0:10), thunder (1:30)", ["rain", "thunder"], {"rain": 10, "thunder": 90}),
        ("rain (0:10), thunder (0:20)", ["rain", "thunder"], {"@rain": 10, "@thunder": 20}),
        ("rain at 0:05 for 0:03, then thunder", ["rain", "thunder"], {"@rain": 5, "rain": 3}),
        ("2,5 seconds of rain, 500 ms of a click", ["rain", "a click"],
         {"rain": 2.5, "a click": 0.5}),
        ("rain 1m30s, thunder", ["rain", "thunder"], {"rain": 90}),
        ("rain. From 0:15 to 0:20 footsteps. Then thunder until 0:30.",
         ["rain", "footsteps", "thunder"],
         {"@footsteps": 15, "...footsteps": 20, "...thunder": 30}),
        ("rain until 0:30, then thunder", ["rain", "thunder"], {"...rain": 30}),
        ("footsteps start at 0:15 and stop at 0:20, then rain", ["footsteps", "rain"],
         {"@footsteps": 15, "...footsteps": 20}),
        ("0-8s crickets; 8-12s an owl", ["crickets", "an owl"],
         {"@crickets": 0, "...crickets": 8, "@an owl": 8, "...an owl": 12}),
        ("from 1.6 to 4.4 s a dog barks, then rain", ["a dog barks", "rain"],
         {"@a dog barks": 1.6, "...a dog barks": 4.4}),
        ("0:00\u20130:08 rain, 0:08\u20130:12 thunder", ["rain", "thunder"],
         {"@rain": 0, "...rain": 8, "@thunder": 8, "...thunder": 12}),
        ("rain: 0:00 to 0:10, thunder: 0:10 to 0:20", ["rain", "thunder"],
         {"@rain": 0, "...rain": 10, "@thunder": 10, "...thunder": 20}),
        ("00:05 - 00:10: rain\n00:10 - 00:20: thunder", ["rain", "thunder"],
         {"@rain": 5, "...rain": 10, "@thunder": 10, "...thunder": 20}),
        ("between 4 and 8 s rain, then thunder", ["rain", "thunder"], {"@rain": 4, "...rain": 8}),
        ("from second 3 to second 7 rain, thunder", ["rain", "thunder"],
         {"@rain": 3, "...rain": 7}),
        ("5 to 10 seconds of rain, then thunder", ["rain", "thunder"], {"rain": 7.5}),
        ("rain, 5 seconds before the end a dog barks", ["rain", "a dog barks"],
         {"@a dog barks": 95}),
        ("Rain. 3 seconds. Then thunder. Then wind.", ["rain", "thunder", "wind"], {"rain": 3}),
        ("rain, in 5 seconds thunder", ["rain", "thunder"], {"rain": 5}),
        ("0-8: rain, 8-12: thunder", ["rain", "thunder"],
         {"@rain": 0, "...rain": 8, "@thunder": 8, "...thunder": 12}),
        ("seconds 3 to 8 rain, thunder", ["rain", "thunder"], {"@rain": 3, "...rain": 8}),
        ("rain fades out by 0:20, then thunder", ["rain", "thunder"], {"...rain": 20}),
        ("rain (3s) thunder (4s) wind (5s)", ["rain", "thunder", "wind"],
         {"rain": 3, "thunder": 4, "wind": 5}),
        ("rain (0:00 to 0:10) wind (0:10 to 0:20)", ["rain", "wind"],
         {"@rain": 0, "...rain": 10, "@wind": 10, "...wind": 20}),
        ("rain, from 0:15 until the end thunder", ["rain", "thunder"], {"@thunder": 15}),
    ],
)  # fmt: skip
def test_a_time_belongs_to_the_event_of_its_clause(
    instruction: str, phrases: list[str], expected: dict[str, float]
) -> None:
    assert tied(instruction, phrases, 100.0) == expected


@pytest.mark.parametrize(
    "instruction",
    [
        "a bell at one beat a second",
        "two knocks, then rain",
        "a knock, a second knock, a third",
        "the phone rings 4 times",
        "30 seconds in all: rain and wind",
        "a 30 second scene with rain",
        "an 80s disco, then the 1920s",
        "a bell every 5 seconds",
        "a few seconds of rain",
    ],
)
def test_what_is_no_time_of_an_event_is_left_alone(instruction: str) -> None:
    assert [time for time in read_times(instruction, 30.0) if time.kind != "whole"] == []


LISTED = "a rooster crows, shutters roll up, a cart rolls over cobblestones"


@pytest.mark.parametrize("total", [30.0, 24.0])
@pytest.mark.parametrize(
    "instruction",
    [
        f"A market at dawn, thirty seconds, ten events: {LISTED}",
        f"{LISTED}. 30 seconds.",
        f"Half a minute. {LISTED}",
        f"{LISTED} in 30 s",
        f"A thirty-second market: {LISTED}",
        f"A market, 0:30 long: {LISTED}",
        f"{LISTED}. It lasts about 30 sec.",
        f"Duration: 30s. {LISTED}",
        f"a 30 second scene: {LISTED}",
    ],
)
def test_a_length_that_is_the_whole_is_no_length_of_an_event(
    instruction: str, total: float
) -> None:
    timed = TimedInstruction(instruction, total)
    assert timed.times == ()
    assert set(LISTED.split(", ")) <= set(timed.clause_texts)
    other = "The instruction asks for 30 s in all, the story lasts 24 s"
    assert [note.startswith(other) for note in timed.notes] == ([] if total == 30.0 else [True])


@pytest.mark.parametrize(
    ("instruction", "seconds"),
    [
        (f"{LISTED}. 60 seconds.", 60.0),
        (f"A thirty-second market: {LISTED}", 30.0),
        (f"{LISTED} in 45 s", 45.0),
        ("rain for 5 seconds, then thunder", None),
        ("rain until 0:30, then thunder 5 seconds before the end", None),
    ],
)
def test_the_whole_is_known_without_a_total(instruction: str, seconds: float | None) -> None:
    assert whole_length(instruction) == seconds


def test_two_lengths_of_the_whole_contradict_each_other() -> None:
    assert tied("Rain, 12 s. Wind, 12 s.", ["rain", "wind"], 12.0) == {"rain": 12, "wind": 12}


def test_a_second_time_of_the_same_sound_is_told_and_not_kept() -> None:
    timed = TimedInstruction("a dog from 0:05 to 0:07 and again from 0:10 to 0:12, rain", 20.0)
    assert timed.timing(["a dog", "rain"]).starts == {0: 5.0}
    assert "\u201cfrom 0:10 to 0:12\u201d was not kept" in timed.notes[0]


def test_two_minutes_of_a_scene_are_the_whole() -> None:
    timed = TimedInstruction(f"two minutes of a market: {LISTED}", 120.0)
    assert timed.times == ()
    assert timed.notes == ()


def test_a_number_of_events_is_no_event() -> None:
    timed = TimedInstruction(f"A market, ten events: {LISTED}", 30.0)
    assert timed.count == 10
    assert timed.clause_texts == ("a market", *LISTED.split(", "))
    assert TimedInstruction(f"a market in five scenes: {LISTED}", 30.0).count == 5
    assert TimedInstruction("two shots, then three knocks", 30.0).count is None


@pytest.mark.parametrize(
    ("instruction", "written"),
    [
        ("rain for 40 seconds, then thunder", "for 40 seconds"),
        ("At 6:45 the alarm clock rings, rain", "At 6:45"),
        ("rain, at 0:30 thunder", "at 0:30"),
    ],
)
def test_a_time_that_the_story_does_not_have_is_told_and_not_kept(
    instruction: str, written: str
) -> None:
    timed = TimedInstruction(instruction, 30.0)
    assert timed.times == ()
    assert timed.notes == (
        f"\u201c{written}\u201d is not within the story's 30 s; it was not kept.",
    )


def test_phrases_find_their_clauses_in_order() -> None:
    parts = split_clauses("Knock knock. Nobody answers. Knock knock knock, and the door slams.")
    assert align(["knocking", "knocking again", "the door slamming"], parts) == [0, 2, 3]
    assert align(["a cow"], parts) == [None]
    assert related("a helicopter circling", "a hellicopter circels")
    assert not related("a helicopter circling", "a heavy door")


lengths = st.lists(st.floats(0.0, 60.0), min_size=1, max_size=12)


@given(lengths, st.integers(60, 1500), st.data())
def test_given_times_are_exact_wherever_they_can_be(
    wanted: list[float], tenths: int, data: st.DataObject
) -> None:
    total = tenths / 10
    places = data.draw(st.sets(st.integers(0, len(wanted) - 1), max_size=len(wanted)))
    given_lengths = {i: data.draw(st.integers(1, 200)) / 10 for i in places}
    fitted = fit_story(wanted, total, GivenTimes(given_lengths))
    assert sum(fitted.seconds) == pytest.approx(total, abs=1e-6)
    assert min(fitted.seconds) >= 0.1 - 1e-9
    if not fitted.contradictions:
        for i, seconds in given_lengths.items():
            assert fitted.seconds[i] == pytest.approx(seconds)
    else:
        free = len(wanted) - len(given_lengths)
        told = sum(given_lengths.values())
        assert told + 0.1 * free > total - 1e-6 or not free


def test_moments_are_kept_and_contradictions_are_explained() -> None:
    fitted = fit_story([5, 5, 5, 5], 18.0, GivenTimes(starts={0: 0.0, 1: 4.0, 2: 7.0, 3: 10.0}))
    assert fitted.seconds == pytest.approx((4, 3, 3, 8))
    assert fitted.contradictions == ()
    late = fit_story([5, 5], 10.0, GivenTimes(starts={1: 12.0}))
    assert "was not kept" in late.contradictions[0]
    much = fit_story([5, 5], 10.0, GivenTimes({0: 8.0, 1: 8.0}))
    assert much.seconds == pytest.approx((5, 5))
    assert "sum to 16 s" in much.contradictions[0]


def test_what_has_a_start_and_an_end_is_told_in_turn_or_lies_over_the_others() -> None:
    in_turn = fit_story([5, 5, 5], 30.0, GivenTimes(starts={1: 15.0}, ends={1: 20.0}))
    assert in_turn.seconds == pytest.approx((15, 5, 10))
    assert in_turn.above == {}
    over = fit_story([5, 5], 30.0, GivenTimes(starts={1: 10.0}, ends={1: 12.0}))
    assert over.seconds == pytest.approx((30, 2))
    assert over.above == {1: 10.0}
    assert over.contradictions == ()
    both = fit_story([5, 5], 30.0, GivenTimes(starts={0: 0.0, 1: 10.0}, ends={0: 30.0, 1: 12.0}))
    assert both.seconds == pytest.approx((30, 2))
    assert both.above == {1: 10.0}
    first = fit_story([5, 5], 30.0, GivenTimes({0: 5.0}, starts={0: 15.0}))
    assert first.seconds == pytest.approx((5, 30))
    assert first.above == {0: 15.0}


def test_an_end_after_which_nothing_is_told_is_explained() -> None:
    cues = fit_story([5, 5], 30.0, GivenTimes(starts={0: 0.0, 1: 8.0}, ends={0: 8.0, 1: 12.0}))
    assert cues.seconds == pytest.approx((8, 22))
    assert cues.contradictions == (
        "Event 2 was to end at 12 s, but nothing else is told until 30 s; it goes on until then.",
    )
    exact = fit_story([5, 5], 12.0, GivenTimes(starts={0: 0.0, 1: 8.0}, ends={0: 8.0, 1: 12.0}))
    assert exact.seconds == pytest.approx((8, 4))
    assert exact.contradictions == ()


def test_a_knock_stays_short_where_rain_can_take_the_time() -> None:
    knock, rain = Span(1, 4, False), Span(4, 60, True)
    assert natural([10, 10], [knock, rain], 24.0) == pytest.approx([4, 20])
    assert sum(natural([10, 10], [knock, knock], 24.0)) == pytest.approx(24.0)
    assert sum(natural([0, 3], [None, rain], 2.0)) == pytest.approx(2.0)


def test_a_length_that_is_given_away_counts_before_it_is_told() -> None:
    timed = TimedInstruction("Horses, 7 seconds, at a gallop. Swords, 7 seconds, clashing.", 14.0)
    assert timed.given_seconds == 14.0
    assert TimedInstruction("rain, after 5 seconds thunder", 14.0).given_seconds == 0.0


@pytest.mark.parametrize(
    ("instruction", "texts"),
    [
        ("I'd like to hear 10 seconds of rain!", ("rain",)),
        ("Give me the sound of a door, then silence.", ("a door", "silence")),
        ("a heavy autumn rain falls on the old tin roof of a barn in the hills", None),
    ],
)
def test_what_a_clause_says_is_whole_and_without_what_introduces_it(
    instruction: str, texts: tuple[str, ...] | None
) -> None:
    assert TimedInstruction(instruction, 20.0).clause_texts == (texts or (instruction,))
