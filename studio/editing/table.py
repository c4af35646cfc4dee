"""The table of events: a story as rows, and edited rows as edits of the story.

The browser sends back the whole table, so the rows are compared with those that it was shown and
every cell that differs becomes one edit of `core.story.timeline`. Rows are known by their first
cell; a row without it is a new event, a missing one was deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal

from core.errors import StoryError
from core.story import timeline
from core.story.cue_words import (
    read_repetitions,
    read_role,
    read_shape,
    repetition_words,
    shape_words,
)
from core.story.limits import MAX_EVENTS, MAX_INSTRUCTION, check_text
from core.story.story import Event, Story
from studio.editing.actions import NEW_CAPTION, NEW_SECONDS
from studio.editing.cells import flag, number, seed, shown, words

_Type = Literal["str", "number", "bool"]
_COLUMNS: dict[str, tuple[_Type, int]] = {
    "#": ("str", 40),
    "Sound": ("str", 150),
    "Start": ("number", 64),
    "Length": ("number", 66),
    "Gain": ("number", 68),
    "Pan": ("number", 48),
    "In": ("number", 42),
    "Out": ("number", 46),
    "Role": ("str", 56),
    "Shape": ("str", 68),
    "Repeats": ("str", 76),
    "As": ("str", 40),
    "Seed": ("str", 56),
    "Lock": ("bool", 52),
    "State": ("str", 84),
}
"""Type and least width in pixels of each column."""
HEADERS = list(_COLUMNS)
TYPES: list[_Type] = [kind for kind, _ in _COLUMNS.values()]
WIDTHS: list[str | int] = [width for _, width in _COLUMNS.values()]
STATIC = [HEADERS.index("#"), HEADERS.index("State")]
_GAIN = HEADERS.index("Gain")
_LOCK = HEADERS.index("Lock")
_SOURCE = HEADERS.index("As")
MILLISECONDS = 3
"""Decimals of a time: a story from elsewhere may hold 31.499999999999996."""
_CHARACTER, _CELL_SIDES, _MOST_MORE = 7.8, 20, 190
"""Pixels: of a character as the table writes it, on average; of a cell beside its words; and of a
column beyond its least width, from where on its cells are wrapped."""
Row = list[Any]

_STATES = {"new": "new", "changed": "changed", "rendered": "ready"}


def rows_of(story: Story | None, unknown: Collection[str] = ()) -> list[Row]:
    """One row an event: those of layer 0, which are numbered, then those above it; by their start
    where nothing is on layer 0.

    Args:
        unknown: ids of the events that are not rendered for want of a known sound.
    """
    return [] if story is None else [_row(name, e, story, unknown) for name, e in _named(story)]


def widths_of(rows: Sequence[Row]) -> list[str | int]:
    """The width of every column in pixels: as its longest cell needs, within bounds."""
    columns = zip(*rows, strict=True) if rows else iter(())
    longest = [max(map(_characters, column)) for column in columns] or [0] * len(WIDTHS)
    return [
        min(max(int(width), _CELL_SIDES + round(_CHARACTER * count)), int(width) + _MOST_MORE)
        for width, count in zip(WIDTHS, longest, strict=True)
    ]


def _characters(cell: Any) -> int:
    """Of a cell as the page shows it; a bool is a box."""
    if isinstance(cell, bool):
        return 0
    return len(f"{cell:.10g}" if isinstance(cell, float) else str(cell))


def ids_of(story: Story) -> list[str]:
    """The events' ids, row by row."""
    return [event.id for _, event in _named(story)]


def names_of(story: Story) -> dict[str, str]:
    """The name of every event, by id: 1, 2, 3 and +1, +2 for those above."""
    return {event.id: name for name, event in _named(story)}


def name_of(story: Story, event: Event) -> str:
    """The event's name in the table and on its block: 1, 2, 3 and +1, +2 for those above."""
    return next(name for name, named in _named(story) if named.id == event.id)


def edited(
    story: Story, rows: Sequence[Row], seen: Story | None = None, *, ripple: bool = True
) -> Story:
    """The story after what a person changed in the table.

    Args:
        ripple: what follows on layer 0 moves along.
        seen: the story whose table the person changed, where another tab went on since: what
            differs from it is done to the same events of the story as it is now.

    Raises:
        StoryError: a cell holds something that an event cannot be, or its event is gone.
    """
    check_rows(rows)
    named = dict(_named(seen or story))
    shown = {name: _row(name, event, seen or story) for name, event in named.items()}
    kept = [str(row[0] or "") for row in rows]
    for name, event in named.items():
        if name not in kept:
            story = timeline.delete(story, event.id, ripple=ripple)
    for place, row in enumerate(rows):
        name = str(row[0] or "")
        if name not in named:
            if any(str(cell or "").strip() for cell in row):
                story = _added(story, row, place)
        elif row != shown[name]:
            story = _changed(story, named[name].id, shown[name], row, named, ripple)
    return story


def check_rows(rows: object) -> None:
    """Refuse what is no table of events.

    Raises:
        StoryError: a row has too few or too many cells, or a cell is neither text nor a number.
    """
    if not isinstance(rows, Sequence) or isinstance(rows, str) or len(rows) > 2 * MAX_EVENTS:
        raise StoryError("That is no table of events; load the page again.")
    for row in rows:
        if not isinstance(row, Sequence) or isinstance(row, str) or len(row) != len(HEADERS):
            raise StoryError(f"A row of the table has {len(HEADERS)} cells; load the page again.")
        for cell in row:
            if cell is not None and not isinstance(cell, (str, int, float)):
                raise StoryError(f"A cell holds text or a number, not {shown(cell)}; type it anew.")
            if isinstance(cell, str):
                check_text("cell", cell, MAX_INSTRUCTION)


def start_notes(seen: Story, after: Story) -> tuple[str, ...]:
    """What of the story's own layer a typed start has lifted above another sound: a sentence each.

    Args:
        seen: the story as its table was typed into, `after` the one that it led to.
    """
    before = {event.id: event.layer for event in seen.events}
    return tuple(
        f"{event.caption[:40]!r} begins at {event.start:g} s on layer {event.layer}: another sound "
        "of the story's own layer is there."
        for event in after.events
        if event.layer and before.get(event.id) == 0
    )


def emptied_gains(rows: Sequence[Row], seen: Story) -> tuple[str, ...]:
    """Ids of the events whose gain was cleared, which brings the default back.

    Args:
        rows: the table as it was typed into, when it showed `seen`.
    """
    typed = {str(row[0] or ""): row[_GAIN] for row in rows}
    return tuple(event.id for name, event in _named(seen) if _is_empty(typed.get(name, 0.0)))


def gain_notes(event_ids: Sequence[str], after: Story) -> tuple[str, ...]:
    """What clearing the gains of events has done, a sentence each."""
    return tuple(
        f"The gain of {event.caption[:40]!r} is the studio's own again: "
        + (f"{event.gain_db:+g} dB suit the sound." if event.take else "it comes with the sound.")
        for event in after.events
        if event.id in event_ids
    )


def _is_empty(cell: Any) -> bool:
    return cell is None or not str(cell).strip()


def _named(story: Story) -> list[tuple[str, Event]]:
    """All events with their names, in the order of the rows."""
    above = [event for event in story.events if event.layer]
    if not story.sequence:
        above.sort(key=lambda event: (event.start, event.layer))
        return [(str(n), e) for n, e in enumerate(above, 1)]
    return [
        *((str(n), e) for n, e in enumerate(story.sequence, 1)),
        *((f"+{n}", e) for n, e in enumerate(above, 1)),
    ]


def missing_sound(event: Event, unknown: Collection[str]) -> str:
    """Why an event has no sound and gets none; "" where it has one or will be rendered."""
    if event.take is not None or event.id not in unknown:
        return ""
    return "silence" if event.silent else "not known"


def _row(name: str, event: Event, story: Story, unknown: Collection[str] = ()) -> Row:
    first = story.first_of_source(event)
    return [
        name,
        event.caption,
        round(event.start, MILLISECONDS),
        round(event.duration, MILLISECONDS),
        event.gain_db,
        event.pan,
        event.fade_in,
        event.fade_out,
        story.role_of(event),
        shape_words(event.shape, event.points),
        repetition_words(event),
        "" if first is event else name_of(story, first),
        "" if event.seed is None else str(event.seed),
        event.locked,
        _state(event, unknown),
    ]


def _state(event: Event, unknown: Collection[str]) -> str:
    if event.locked:
        return "locked"
    if event.placeholder:
        return "placeholder"
    return missing_sound(event, unknown) or _STATES[timeline.status(event)]


def _changed(
    story: Story, event_id: str, old: Row, new: Row, named: Mapping[str, Event], ripple: bool
) -> Story:
    """One edit a differing cell; a row is unlocked first and locked last."""
    if new[_LOCK] == "":  # emptied by Delete, which unlocks nothing
        new = [*new[:_LOCK], old[_LOCK], *new[_LOCK + 1 :]]
    if flag(old[_LOCK]) and not flag(new[_LOCK]):
        story = timeline.lock(story, event_id, False)
    for column, (was, now) in enumerate(zip(old, new, strict=True)):
        if was != now and column in _EDITS_OF_TIME:
            story = _EDITS_OF_TIME[column](story, event_id, now, ripple)
        elif was != now and column in _EDITS:
            story = _EDITS[column](story, event_id, now)
        elif was != now and column == _SOURCE:
            story = timeline.share_source(story, event_id, _named_source(now, named))
    if flag(new[_LOCK]) and not flag(old[_LOCK]):
        story = timeline.lock(story, event_id)
    return story


def _named_source(cell: Any, named: Mapping[str, Event]) -> str | None:
    """The id of the event that a cell names; None where it is empty."""
    name = _written(cell, "source")
    if not name:
        return None
    if name not in named:
        raise StoryError(
            f"There is no event {name[:20]!r}; write the number of the one whose source is heard "
            "again."
        )
    return named[name].id


def _written(cell: Any, name: str) -> str:
    """A text; a table of numbers sends a whole one for what looks like it."""
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        cell = f"{cell:g}"
    return words(cell, name, MAX_INSTRUCTION)


def _set_shape(story: Story, event_id: str, cell: Any) -> Story:
    shape, points = read_shape(_written(cell, "shape"))
    return timeline.change(story, event_id, shape=shape, points=points)


def _added(story: Story, row: Row, place: int) -> Story:
    caption = words(row[1], "caption") or NEW_CAPTION
    seconds = number(row[3], "length") if str(row[3] or "").strip() else NEW_SECONDS
    return timeline.add(story, caption, seconds, position=place)[0]


def _setting(field: str, name: str) -> Callable[[Story, str, Any], Story]:
    """An emptied cell is 0: in the middle, without a fade."""
    return lambda story, event_id, cell: timeline.change(
        story, event_id, **{field: 0.0 if _is_empty(cell) else number(cell, name)}
    )


def _set_gain(story: Story, event_id: str, cell: Any) -> Story:
    if _is_empty(cell):
        return timeline.with_default_gain(story, event_id)
    return timeline.change(story, event_id, gain_db=number(cell, "gain"))


_EDITS: dict[int, Callable[[Story, str, Any], Story]] = {
    1: lambda story, event_id, cell: timeline.change(
        story, event_id, caption=words(cell, "caption")
    ),
    _GAIN: _set_gain,
    5: _setting("pan", "pan"),
    6: _setting("fade_in", "fade in"),
    7: _setting("fade_out", "fade out"),
    8: lambda story, event_id, cell: timeline.change(
        story, event_id, role=read_role(_written(cell, "role"))
    ),
    9: _set_shape,
    10: lambda story, event_id, cell: timeline.change(
        story, event_id, **read_repetitions(_written(cell, "repetitions"))
    ),
    HEADERS.index("Seed"): lambda story, event_id, cell: timeline.change(
        story, event_id, seed=seed(cell)
    ),
}
_EDITS_OF_TIME: dict[int, Callable[[Story, str, Any, bool], Story]] = {
    HEADERS.index("Start"): lambda story, event_id, cell, ripple: timeline.begin_at(
        story, event_id, number(cell, "start"), ripple=ripple
    ),
    HEADERS.index("Length"): lambda story, event_id, cell, ripple: timeline.stretch(
        story, event_id, number(cell, "length"), ripple=ripple
    ),
}
