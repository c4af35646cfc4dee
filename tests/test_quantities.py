"""Quantities: every way of writing a duration or a moment gives its seconds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.director.quantities import Quantity, read_quantities

TO_NINETEEN = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen"
)
TO_NINETY = "twenty thirty forty fifty sixty seventy eighty ninety"
ONES, TENS = TO_NINETEEN.split(), TO_NINETY.split()


def in_words(number: int) -> str:
    if number < 20:
        return ONES[number]
    tens, ones = divmod(number, 10)
    return TENS[tens - 2] + (f"-{ONES[ones]}" if ones else "")


def only(text: str) -> Quantity:
    (quantity,) = read_quantities(text)
    return quantity


numbers = st.integers(1, 99)
units = st.sampled_from(
    [(1.0, "s"), (1.0, "sec"), (1.0, "secs"), (1.0, "seconds"), (60.0, "min"), (60.0, "mins"),
     (60.0, "minutes"), (0.001, "ms"), (0.001, "milliseconds"), (3600.0, "hours")]
)  # fmt: skip
around = st.sampled_from(["{}", "rain for {}, then wind", "{} of rain", "(a door, {})", "{}."])


@given(numbers, units, st.sampled_from(["", " ", "-"]), around)
def test_figures_and_words_with_any_unit(
    number: int, unit: tuple[float, str], joint: str, around: str
) -> None:
    seconds, name = unit
    for written in (f"{number}{joint}{name}", f"{in_words(number)}{joint or ' '}{name}"):
        quantity = only(around.format(written))
        assert quantity.form == "duration"
        assert quantity.value == pytest.approx(number * seconds)
        assert around.format(written)[quantity.begin : quantity.end] == written


@given(st.integers(0, 99), st.integers(1, 99), units, st.sampled_from([".", ","]))
def test_a_decimal_point_may_be_a_comma(
    whole: int, hundredths: int, unit: tuple[float, str], mark: str
) -> None:
    text = f"{whole}{mark}{hundredths:02d} {unit[1]}"
    assert only(text).value == pytest.approx((whole + hundredths / 100) * unit[0])


@given(st.integers(1, 9), st.integers(1, 59))
def test_minutes_and_seconds_together(minutes: int, seconds: int) -> None:
    total = 60 * minutes + seconds
    few = "" if minutes == 1 else "s"
    for text in (
        f"{minutes}m{seconds}s", f"{minutes}m {seconds}s", f"{minutes}m{seconds:02d}",
        f"{minutes} min {seconds}", f"{minutes} min {seconds} s", f"{minutes}min{seconds}sec",
        f"{minutes} minute{few} and {seconds} seconds", f"{minutes} minute{few}, {seconds} seconds",
        f"{in_words(minutes)} minute{few} {in_words(seconds)}",
        f"{in_words(minutes)} minute{few} {in_words(seconds)} seconds",
        f"{minutes}'{seconds:02d}\"", f"{minutes}\u2032{seconds:02d}\u2033",
        f"{minutes}:{seconds:02d} min",
    ):  # fmt: skip
        quantity = only(text)
        assert (quantity.form, quantity.value) == ("duration", total), text
        assert quantity.end == len(text), text


@given(st.integers(0, 59), st.integers(0, 59), st.integers(0, 2))
def test_clock_times(minutes: int, seconds: int, hours: int) -> None:
    assert only(f"at {minutes}:{seconds:02d} rain").value == 60 * minutes + seconds
    assert only(f"[{hours:02d}:{minutes:02d}:{seconds:02d}] rain") == Quantity(
        "clock", 3600.0 * hours + 60 * minutes + seconds, 1, 9
    )


@given(st.integers(1, 9), units)
def test_shares_of_a_unit(number: int, unit: tuple[float, str]) -> None:
    seconds, name = unit
    for text, value in (
        (f"{number}½ {name}", number + 1 / 2),
        (f"{number} 1/2 {name}", number + 1 / 2),
        (f"{number}¼{name}", number + 1 / 4),
        (f"{in_words(number)} and a half {name}", number + 1 / 2),
        (f"{number} and three quarters {name}", number + 3 / 4),
        (f"{in_words(number)} {name} and a half", number + 1 / 2),
        (f"{in_words(number)} point five {name}", number + 1 / 2),
    ):
        assert only(text).value == pytest.approx(value * seconds), text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("half a second", 0.5), ("a quarter of a minute", 15), ("three quarters of a minute", 45),
        ("half a minute", 30), ("a half-minute loop", 30), ("two thirds of a minute", 40),
        ("a minute and a half", 90), ("½ minute", 30), ("1/2 min", 30), ("a couple of seconds", 2),
        ("a hundred and twenty seconds", 120), ("one hundred seconds", 100), ("1,000 ms", 1),
        ("two seconds and 500 ms", 2.5), ("a two-and-a-half second gap", 2.5), (".5 s", 0.5),
        ("six more seconds", 6), ("1h05", 3900), ("0.25min", 15), ("one-and-a-half-minute", 90),
    ],
)  # fmt: skip
def test_durations_as_people_write_them(text: str, seconds: float) -> None:
    quantity = only(text)
    assert (quantity.form, quantity.value) == ("duration", pytest.approx(seconds))


@pytest.mark.parametrize(
    "text",
    ["mp3", "5th", "the third second", "at 7:15 am", "a few seconds", "1.2.3 s", "10:30:15:02",
     "half", "a", "the second knock"],
)  # fmt: skip
def test_what_is_no_quantity(text: str) -> None:
    assert [q for q in read_quantities(text) if q.form != "number"] == []


def test_a_comma_ends_a_duration_where_the_next_has_its_own_sound() -> None:
    durations = read_quantities("rain for 1 minute, 30 seconds of thunder")
    assert [q.value for q in durations] == [60, 30]
    assert [q.value for q in read_quantities("5 seconds and half a second")] == [5, 0.5]


@given(st.text(max_size=60))
def test_any_text_is_read_in_order_and_without_overlaps(text: str) -> None:
    found = read_quantities(text)
    edges = [edge for q in found for edge in (q.begin, q.end)]
    assert edges == sorted(edges)
    assert all(q.begin < q.end <= len(text) and q.value >= 0 for q in found)
