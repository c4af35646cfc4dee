"""Times in an instruction: what is one, which event it belongs to, and that it is kept exactly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.director.clauses import align, related, split_clauses
from core.director.times import TimedInstruction, number_of, read_times
from core.story.durations import Span, fit_story, natural


def tied(instruction: str, phrases: list[str], total: float = 30.0) -> dict[str, float]:
    """Length of each phrase that the instruction gives one, "@" before those given a start."""
    timing = TimedInstruction(instruction, total).timing(phrases)
    lengths = {phrases[i]: seconds for i, seconds in timing.lengths.items()}
    return lengths | {f"@{phrases[i]}": seconds for i, seconds in timing.starts.items()}


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
    ],
)  # fmt: skip
def test_a_time_belongs_to_the_event_of_its_clause(
    instruction: str, phrases: list[str], expected: dict[str, float]
) -> None:
    assert tied(instruction, phrases, 100.0) == expected


@pytest.mark.parametrize(
    "instruction",
    [
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
    assert read_times(instruction, 30.0) == ()


@given(st.integers(1, 99))
def test_numbers_are_read_in_digits_and_in_words(value: int) -> None:
    ones = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    teens = [*ones.split(), "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
    tens = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
    word = teens[value] if value < 20 else tens[value // 10 - 2]
    if value > 20 and value % 10:
        word += f"-{teens[value % 10]}"
    assert number_of(word) == number_of(str(value)) == value
    (time,) = read_times(f"{word} seconds of rain, then wind", 100.0)
    assert time.seconds == value


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
    fitted = fit_story(wanted, total, given_lengths, {})
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
    fitted = fit_story([5, 5, 5, 5], 18.0, {}, {0: 0.0, 1: 4.0, 2: 7.0, 3: 10.0})
    assert fitted.seconds == pytest.approx((4, 3, 3, 8))
    assert fitted.contradictions == ()
    late = fit_story([5, 5], 10.0, {}, {1: 12.0})
    assert "was not kept" in late.contradictions[0]
    much = fit_story([5, 5], 10.0, {0: 8.0, 1: 8.0}, {})
    assert much.seconds == pytest.approx((5, 5))
    assert "sum to 16 s" in much.contradictions[0]


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
