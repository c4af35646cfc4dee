"""How a cue sheet's shapes and repetitions are written in a cell or a line, and read back.

fade out
0:-20, 3:0
approach 0:-18, 4:-9
3x
every 5 s
at 1, 2.5, 4
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from core.errors import StoryError
from core.language.score import LevelShape
from core.story.limits import MAX_POINTS, MAX_REPETITIONS
from core.story.shape import DISTANT, LEVEL_SHAPES, ROLES, Point, Role
from core.story.story import Event, Story

_LONGEST = 40 * MAX_POINTS
"""Characters of a text that is read."""
_DECIMALS = 3
"""Of seconds and decibels that are written."""
_NUMBER = r"[-+]?\d{1,6}(?:\.\d{1,9})?"
_POINT = re.compile(rf"({_NUMBER})\s*s?\s*:\s*({_NUMBER})(?:\s*dB)?", re.IGNORECASE)
_COUNT = re.compile(r"(?:x\s*)?(\d{1,6})(?:\s*(?:x|times))?", re.IGNORECASE)
_EVERY = re.compile(rf"every\s+({_NUMBER})(?:\s*s(?:econds)?)?", re.IGNORECASE)
_AT = re.compile(r"at\s+(.+)", re.IGNORECASE)
_POINTS_FORM = 'points like "0:-20, 3:0"'
_REPETITIONS_FORM = '"3x", "every 5 s" or "at 1, 2.5"'


def shape_words(shape: LevelShape, points: Sequence[Point]) -> str:
    """A shape as it is written."""
    listed = ", ".join(f"{_plain(time)}:{_plain(level)}" for time, level in points)
    return listed if shape == "points" else f"{shape} {listed}".strip()


def read_shape(text: str) -> tuple[LevelShape, tuple[Point, ...]]:
    """A shape as it is written; an empty text is steady.

    Raises:
        StoryError: it is none.
    """
    plain = " ".join(text[:_LONGEST].replace("_", " ").split())
    words = plain.lower()
    for shape in LEVEL_SHAPES[:-1]:
        if words == shape:
            return shape, ()
    if not words:
        return "steady", ()
    distant = next((shape for shape in sorted(DISTANT) if words.startswith(f"{shape} ")), None)
    points = tuple(_points(plain[len(distant) :] if distant else plain))
    if not points:
        choices = ", ".join(LEVEL_SHAPES[:-1])
        raise StoryError(f"{plain[:20]!r} is no shape; write {choices}, or {_POINTS_FORM}.")
    return distant or "points", points


def _points(text: str) -> Iterator[Point]:
    for part in _parts(text):
        found = _POINT.fullmatch(part)
        if found is None:
            if ":" in text:
                raise StoryError(
                    f"{part[:20]!r} is no point of a shape; write seconds and decibels, "
                    f"{_POINTS_FORM}."
                )
            return
        yield float(found[1]), float(found[2])


def repetition_words(event: Event) -> str:
    """An event's repetitions as they are written; empty where there are none."""
    if event.count is not None:
        return f"{event.count}x"
    if event.every is not None:
        return f"every {_plain(event.every)} s"
    return "at " + ", ".join(map(_plain, event.at)) if event.at else ""


def read_repetitions(text: str) -> dict[str, int | float | tuple[float, ...] | None]:
    """Repetitions as they are written, as the fields of an event; an empty text is none.

    Raises:
        StoryError: they are none.
    """
    plain = " ".join(text[:_LONGEST].split())
    if not plain:
        return {"count": None}
    if found := _COUNT.fullmatch(plain):
        return {"count": int(found[1])}
    if found := _EVERY.fullmatch(plain.replace(",", ".")):
        return {"every": float(found[1])}
    if found := _AT.fullmatch(plain):
        moments = [part.removesuffix("s").strip() for part in _parts(found[1])]
        if len(moments) > MAX_REPETITIONS:
            raise StoryError(f"An event has at most {MAX_REPETITIONS} repetitions.")
        if all(re.fullmatch(_NUMBER, moment) for moment in moments):
            return {"at": tuple(sorted(map(float, moments)))}
    raise StoryError(f"{plain[:20]!r} is no way to repeat; write {_REPETITIONS_FORM}.")


def read_role(text: str) -> Role | None:
    """A role as it is written; None for an empty text: by its place.

    Raises:
        StoryError: it is none.
    """
    plain = text.strip().lower()
    if not plain:
        return None
    for role in ROLES:
        if plain == role:
            return role
    raise StoryError(f"{plain[:20]!r} is no role; write bed for what carries on beneath, or spot.")


def cue_lines(story: Story) -> list[str]:
    """The story as a cue sheet, a line an event, by start."""
    return [_cue_line(story, event) for event in sorted(story.events, key=lambda e: e.start)]


def _cue_line(story: Story, event: Event) -> str:
    shape = "" if event.shape == "steady" else shape_words(event.shape, event.points)
    first = story.first_of_source(event)
    again = f"the same as at {_plain(first.start)} s" if first is not event else ""
    said = [shape, repetition_words(event), again, event.mood]
    about = "; ".join(word for word in said if word)
    when = f"{_plain(event.start):>7} to {_plain(event.end):>7} s"
    return f"{when}  {story.role_of(event):<4}  {event.label}" + (f" ({about})" if about else "")


def _parts(text: str) -> list[str]:
    """What stands between commas; between semicolons, where a comma may be a decimal one."""
    if ";" in text:
        return [part.strip().replace(",", ".") for part in text.split(";")]
    return [part.strip() for part in text.split(",")]


def _plain(number: float) -> str:
    return f"{round(number, _DECIMALS) + 0.0:.{_DECIMALS}f}".rstrip("0").rstrip(".")
