"""The table of events: a story as rows, and edited rows as edits of the story.

The browser sends back the whole table, so the rows are compared with the story and every cell that
differs becomes one edit of `core.timeline`. Rows are known by their first cell; a row without it is
a new event, a missing one was deleted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from core import timeline
from core.errors import StoryError
from core.story import MAX_SEED, Event, Story

HEADERS = ["#", "Sound", "Start", "Length", "Gain", "Pan", "In", "Out", "Seed", "Lock", "State"]
TYPES = ["str", "str", *["number"] * 6, "str", "bool", "str"]
WIDTHS = [46, 424, 72, 72, 62, 58, 58, 58, 84, 56, 84]
STATIC = [0, 10]
NEW_CAPTION = "a new sound"
NEW_SECONDS = 4.0
Row = list[Any]

_STATES = {"new": "new", "changed": "changed", "rendered": "ready"}


def rows_of(story: Story | None) -> list[Row]:
    """One row an event, in the story's order; a layered event is numbered with its layer."""
    return [] if story is None else [_row(name, e) for name, e in _named(story)]


def edited(story: Story, rows: Sequence[Row]) -> Story:
    """The story after what a person changed in the table.

    Raises:
        StoryError: a cell holds something that an event cannot be.
    """
    named = dict(_named(story))
    shown = {name: _row(name, event) for name, event in named.items()}
    kept = [str(row[0] or "") for row in rows]
    for name, event in named.items():
        if name not in kept:
            story = timeline.delete(story, event.id)
    for place, row in enumerate(rows):
        name = str(row[0] or "")
        if name not in named:
            if any(str(cell or "").strip() for cell in row):
                story = _added(story, row, place)
        elif row != shown[name]:
            story = _changed(story, named[name].id, shown[name], row)
    return story


def _named(story: Story) -> list[tuple[str, Event]]:
    """Events with the names they have in the table: 1, 2, 3 and +1, +2 for those above."""
    above = [event for event in story.events if event.layer]
    return [
        *((str(n), e) for n, e in enumerate(story.sequence, 1)),
        *((f"+{n}", e) for n, e in enumerate(above, 1)),
    ]


def _row(name: str, event: Event) -> Row:
    return [
        name,
        event.caption,
        event.start,
        event.duration,
        event.gain_db,
        event.pan,
        event.fade_in,
        event.fade_out,
        "" if event.seed is None else str(event.seed),
        event.locked,
        "locked" if event.locked else _STATES[timeline.status(event)],
    ]


def _changed(story: Story, event_id: str, old: Row, new: Row) -> Story:
    """One edit a differing cell; a row is unlocked first and locked last."""
    if _flag(old[9]) and not _flag(new[9]):
        story = timeline.lock(story, event_id, False)
    for column, (was, now) in enumerate(zip(old, new, strict=True)):
        if was != now and column in _EDITS:
            story = _EDITS[column](story, event_id, now)
    if _flag(new[9]) and not _flag(old[9]):
        story = timeline.lock(story, event_id)
    return story


def _added(story: Story, row: Row, place: int) -> Story:
    caption = str(row[1] or "").strip() or NEW_CAPTION
    seconds = _number(row[3], "length") if str(row[3] or "").strip() else NEW_SECONDS
    return timeline.add(story, caption, seconds, position=place)[0]


def _number(cell: Any, name: str) -> float:
    try:
        value = float(str(cell).replace(",", ".").strip())
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise StoryError(f"The {name} should be a number; {str(cell)[:20]!r} is none.")
    return value


def _seed(cell: Any) -> int | None:
    text = str(cell if cell is not None else "").strip()
    if not text:
        return None
    if not text.isdecimal() or int(text) > MAX_SEED:
        raise StoryError("A seed is a whole number; leave it empty for the story's own.")
    return int(text)


def _flag(cell: Any) -> bool:
    return cell is True or str(cell).lower() == "true"


def _setting(field: str, name: str) -> Callable[[Story, str, Any], Story]:
    return lambda story, event_id, cell: timeline.change(
        story, event_id, **{field: _number(cell, name)}
    )


_EDITS: dict[int, Callable[[Story, str, Any], Story]] = {
    1: lambda story, event_id, cell: timeline.change(story, event_id, caption=str(cell).strip()),
    2: lambda story, event_id, cell: timeline.move(story, event_id, _number(cell, "start")),
    3: lambda story, event_id, cell: timeline.stretch(story, event_id, _number(cell, "length")),
    4: _setting("gain_db", "gain"),
    5: _setting("pan", "pan"),
    6: _setting("fade_in", "fade in"),
    7: _setting("fade_out", "fade out"),
    8: lambda story, event_id, cell: timeline.change(story, event_id, seed=_seed(cell)),
}
