"""Edits of a story as pure functions: a story goes in, the edited story comes out.

The page, the command line and the tests use these and nothing else to change a story
(`core.story.selection` for several events at once). Each edit keeps the invariants of
`core.story.story`. On layer 0 it ripples: what follows shifts, the total follows, gaps stay as they
are. With `ripple=False`, a setting of the edit and not of the story, everything else stays where it
is (`core.story.row`). Layers above lie freely inside the total, which stays where a story has
nothing on layer 0. Points of shapes and envelopes and the moments of repetitions stay where they
are in time when an edge moves over them, and so does the sound: edges move over the take, and
nothing is rendered while it holds all of the event (`core.story.window`). Points of a lane's
envelopes (`core.story.lanes`) stay whatever the events do. All times are seconds and are kept to
the millisecond. A locked event can be moved by a ripple but never changed. Every function raises
`StoryError` in one sentence when an edit is impossible.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Literal

from core.errors import StoryError
from core.profile import AUTO
from core.story.lanes import scaled_lanes
from core.story.limits import (
    MAX_CAPTION,
    MAX_TOTAL,
    MIN_DURATION,
    TOLERANCE,
    check_number,
    to_milliseconds,
)
from core.story.marking import scaled_markers
from core.story.row import Row, free_ids, free_layer, laid_out, rippled
from core.story.same_source import with_source
from core.story.shape import DISTANT, joined_points, named_shape
from core.story.story import Event, Story
from core.story.take import Take
from core.story.window import (
    begun_later,
    in_parts,
    slipped,
    whole_again,
    with_length,
    with_scaled_length,
)

Status = Literal["new", "changed", "rendered"]
CHANGEABLE = frozenset(
    {
        "caption", "mood", "gain_db", "pan", "width", "fade_in", "fade_out", "seed", "placeholder",
        "role", "shape", "points", "count", "every", "at",
        "fade_in_curve", "fade_out_curve", "gain_envelope", "pan_envelope", "distance",
        "equaliser", "room", "loop", "performer",
    }
)  # fmt: skip
_REPETITIONS: dict[str, Any] = {"count": None, "every": None, "at": ()}


def status(event: Event) -> Status:
    """Whether the chosen take still is what the event asks for."""
    take = event.take
    if take is None:
        return "new"
    same = take.caption == event.caption and event.is_filled_by(take)
    seeded = event.seed is None or event.seed == take.seed
    return "rendered" if same and seeded else "changed"


def unrendered(
    story: Story, steps: int | None = None, guidance: float | None = None
) -> tuple[str, ...]:
    """Ids of the events that rendering all would render, in the story's order.

    These are the events without a take, and the unlocked ones whose take no longer fits them or,
    where settings are given, was made with others.
    """
    found = []
    for event in story.events:
        take = event.take
        settled = take is not None and status(event) == "rendered"
        if take is not None and steps is not None:
            settled = settled and (take.steps, take.guidance) == (steps, guidance)
        if take is None or not (settled or event.locked):
            found.append(event.id)
    return tuple(found)


def change(story: Story, event_id: str, **values: Any) -> Story:
    """Set fields that are not about time: caption, mood, gain_db, pan, fades, seed, placeholder,
    role, shape, repetitions, performer, and what the event goes through on its way into the mix.

    With another caption an event is no placeholder any more. A gain set by hand stays; before
    the first take it is added to the default. Another shape, and another way to repeat, take the
    place of the one so far.
    """
    unknown = sorted(set(values) - CHANGEABLE)
    if unknown:
        raise StoryError(f"An event's {unknown[0]} cannot be set this way.")
    event = _unlocked(story, event_id)
    if values.get("caption", event.caption) != event.caption:
        values = {"placeholder": False} | values
    if values.get("points") and "shape" not in values:
        values = {"shape": "points"} | values
    if "shape" in values:
        values = {"points": ()} | values
    if values.keys() & _REPETITIONS.keys():
        values = _REPETITIONS | values
    if "gain_db" in values and event.trim_db is not None:
        added = event.trim_db + values["gain_db"] - event.gain_db
        values["trim_db"] = None if event.take else min(24.0, max(-60.0, added))
    return story.replace_event(dataclasses.replace(event, **values))


def with_default_gain(story: Story, event_id: str) -> Story:
    """Give the gain of an event back to the studio, which sets it (`core.mix.levels`)."""
    event = _unlocked(story, event_id)
    if event.take is None:
        return story.replace_event(dataclasses.replace(event, gain_db=0.0, trim_db=None))
    return story.replace_event(dataclasses.replace(event, trim_db=0.0))


def share_source(story: Story, event_id: str, source_id: str | None) -> Story:
    """Let an event be the source of another heard again; None: a source of its own."""
    _unlocked(story, event_id)
    return with_source(story, event_id, source_id)


def lock(story: Story, event_id: str, locked: bool = True) -> Story:
    """Keep an event from every edit, or free it again."""
    return story.replace_event(dataclasses.replace(story.event(event_id), locked=locked))


def stretch(story: Story, event_id: str, duration: float, *, ripple: bool = True) -> Story:
    """Give an event a new length by moving its end.

    On layer 0 what follows shifts and the total changes; without ripple a gap opens, or the next
    event begins later in its sound.
    """
    event = _unlocked(story, event_id)
    longer = with_length(event, duration)
    if event.layer:
        room = story.total - event.start
        if longer.duration > room + TOLERANCE:
            raise StoryError(
                f"{event.caption!r} can last {room:g} s from where it starts; "
                "move it earlier or lengthen the story."
            )
        return story.replace_event(longer)
    more = longer.duration - event.duration
    row, place = Row.of(story), _position(story, event_id)
    if ripple:
        above = rippled(_above(story), event.end, more)
        return laid_out(story, row.with_event(place, longer), above)
    return laid_out(story, row.with_event(place, longer, after=-more).settled(place), _above(story))


def roll(story: Story, event_id: str, end: float) -> Story:
    """Move the seam between a layer-0 event and the next one; the total stays."""
    row, place = Row.of(story), _position(story, event_id)
    if place + 1 == len(row.events):
        raise StoryError("The last event has no seam after it; change its duration.")
    first, second = _unlocked(story, event_id), _unlocked(story, row.events[place + 1].id)
    if row.gaps[place + 1]:
        raise StoryError("The two events do not meet; move one of them to the other first.")
    end = to_milliseconds(end)
    if not first.start + MIN_DURATION <= end <= second.end - MIN_DURATION:
        raise StoryError(f"Both events need at least {MIN_DURATION:g} s; move the seam less.")
    row = row.with_event(place, with_length(first, end - first.start))
    later = begun_later(second, end - second.start, second.end - end)
    return laid_out(story, row.with_event(place + 1, later), _above(story))


def trim(story: Story, event_id: str, start: float, *, ripple: bool = True) -> Story:
    """Move an event's beginning over its sound.

    Above layer 0, and without ripple, its end stays; on layer 0 a gap opens before it, or the
    event before it ends sooner. With ripple it stays where it is on layer 0, and what follows
    moves along.
    """
    event = _unlocked(story, event_id)
    start = max(0.0, to_milliseconds(start))
    later = begun_later(event, start - event.start, event.end - start)
    if event.layer:
        return story.replace_event(dataclasses.replace(later, start=start))
    row, place = Row.of(story), _position(story, event_id)
    if ripple:
        above = rippled(_above(story), event.end, later.duration - event.duration)
        return laid_out(story, row.with_event(place, later), above)
    row = row.with_event(place, later, before=start - event.start)
    return laid_out(story, row.settled(place), _above(story))


def slip(story: Story, event_id: str, seconds: float) -> Story:
    """Let an event's sound come so much later (earlier: below 0) in it, its edges staying."""
    return story.replace_event(slipped(_unlocked(story, event_id), seconds))


def move(story: Story, event_id: str, start: float, *, ripple: bool = True) -> Story:
    """Move an event in time: freely above layer 0, with ripple to another place in the order of
    layer 0, without it to any moment (`begin_at`)."""
    event = _unlocked(story, event_id)
    if event.layer:
        start = min(max(to_milliseconds(start), 0.0), _latest(story, event))
        return story.replace_event(dataclasses.replace(event, start=max(start, 0.0)))
    if not ripple:
        return begin_at(story, event_id, max(0.0, start), ripple=False)
    centre = start + event.duration / 2
    others = [e for e in story.sequence if e.id != event_id]
    return reorder(story, event_id, sum(e.start + e.duration / 2 < centre for e in others))


def begin_at(story: Story, event_id: str, start: float, *, ripple: bool = True) -> Story:
    """Let an event begin at a moment, whatever is there: it is where it was asked to be.

    On layer 0 what follows moves along with ripple, and a gap is left behind without. Where another
    sound of layer 0 is in the way the event is lifted to a free layer. The story gets longer where
    the event would end after it.
    """
    event = _unlocked(story, event_id)
    start = to_milliseconds(start)
    check_number("start", start, 0.0, MAX_TOTAL, "seconds")
    row = Row.of(story)
    if event.layer:
        above = [dataclasses.replace(e, start=start) if e is event else e for e in _above(story)]
        return laid_out(story, row.reaching(start + event.duration), above)
    place, by = _position(story, event_id), start - event.start
    if ripple and row.gaps[place] + by >= -TOLERANCE:
        above = rippled(_above(story), event.start, by)
        return laid_out(story, row.with_event(place, event, before=by), above)
    rest = row.without(place, closing=ripple)
    above = rippled(_above(story), event.end, -event.duration) if ripple else _above(story)
    free = None if ripple else rest.with_free(event, start)
    if free is not None:
        return laid_out(story, free, above)
    story = laid_out(story, rest.reaching(start + event.duration), above)
    layer = free_layer(story, start, event.duration)
    lifted = dataclasses.replace(event, start=start, layer=layer)
    return laid_out(story, Row.of(story), [*_above(story), lifted])


def reorder(story: Story, event_id: str, position: int) -> Story:
    """Tell a layer-0 event at another place in the order (0 is first); the total stays."""
    place = _position(story, event_id)
    event = _unlocked(story, event_id)
    rest = Row.of(story).without(place, closing=True)
    position = min(max(position, 0), len(rest.events))
    return laid_out(
        story, rest.inserted(position, [event], 0.0, rest.gaps[position]), _above(story)
    )


def set_layer(
    story: Story, event_id: str, layer: int, at: float | None = None, *, ripple: bool = True
) -> Story:
    """Lift an event above the story, or settle it into the story at the nearest seam.

    With ripple, lifting closes the gap that it leaves, so the total shrinks by its length, and
    settling widens it; without, the gap stays, and it settles where nothing else is.

    Args:
        at: seconds at which it settles; None: where it starts.
    """
    event = _unlocked(story, event_id)
    placed = dataclasses.replace(event, layer=layer)
    if layer == event.layer:
        return story
    if event.layer and layer:
        return story.replace_event(placed)
    row = Row.of(story)
    if layer:
        rest = row.without(_position(story, event_id), closing=ripple)
        _require_sequence(rest.events)
        above = rippled(_above(story), event.end, -event.duration) if ripple else _above(story)
        return laid_out(story, rest, [*above, placed])
    if not story.sequence and len(story.events) > 1:
        raise StoryError(
            f"This story's events lie freely above layer 0; {event.caption!r} needs a layer of 1 "
            "or more."
        )
    start = event.start if at is None else at
    others = [e for e in _above(story) if e.id != event_id]
    if ripple:
        return _inserted(story, placed, row.seam(start), others)
    settled = row.with_free(placed, max(0.0, to_milliseconds(start)))
    if settled is None:
        raise StoryError("Another sound of layer 0 is there; choose a free place, or ripple.")
    return laid_out(story, settled, others)


def add(
    story: Story, caption: str, duration: float, *, position: int | None = None, mood: str = ""
) -> tuple[Story, str]:
    """Add an event to layer 0 at a place in the order (default: the end); returns its id too.

    Where a story has nothing on layer 0 it is added above it, after all others.
    """
    event = _new_event(story, caption, duration, mood)
    if not story.sequence:
        placed = dataclasses.replace(event, start=story.total, layer=1)
        longer = Row.of(story).reaching(to_milliseconds(story.total + event.duration))
        return laid_out(story, longer, [*story.events, placed]), event.id
    where = len(story.sequence) if position is None else position
    return _inserted(story, event, where, _above(story)), event.id


def add_at_moment(
    story: Story, caption: str, duration: float, at: float, *, ripple: bool = True
) -> tuple[Story, str]:
    """Add an event to layer 0 at a moment; returns its id too.

    With ripple it comes at the nearest seam, or in a gap at that moment, and what follows moves
    along. Without, it begins at that moment, on a free layer where layer 0 is taken.
    """
    event, row = _new_event(story, caption, duration), Row.of(story)
    at = max(0.0, to_milliseconds(at))
    if ripple and row.events:
        place = row.seam(at)
        before = at - row.end_before(place)
        gap = row.gaps[place]
        if not 0.0 < before < gap:
            return _inserted(story, event, place, _above(story)), event.id
        above = rippled(_above(story), at, event.duration)
        return laid_out(story, row.inserted(place, [event], before, gap - before), above), event.id
    free = row.with_free(event, at) if row.events else None
    if free is not None:
        return laid_out(story, free, _above(story)), event.id
    layer = free_layer(story, at, event.duration)
    placed = dataclasses.replace(event, start=at, layer=layer)
    return laid_out(story, row.reaching(placed.end), [*_above(story), placed]), event.id


def lay_over(
    story: Story, caption: str, start: float, duration: float, *, layer: int = 1
) -> tuple[Story, str]:
    """Add an event above the story, cut to its end; returns its id too."""
    if layer < 1:
        raise StoryError("An event laid over the story needs a layer of 1 or more.")
    event = _new_event(story, caption, min(duration, story.total))
    start = min(max(to_milliseconds(start), 0.0), max(0.0, _latest(story, event)))
    placed = dataclasses.replace(event, start=start, layer=layer)
    return laid_out(story, Row.of(story), [*_above(story), placed]), event.id


def duplicate(story: Story, event_id: str, *, ripple: bool = True) -> tuple[Story, str]:
    """Repeat an event right after itself, with its takes and its source; returns the copy's id too.

    Above layer 0, where there is no room after it, the copy lies over it on a free layer; so it
    does on layer 0 without ripple.
    """
    event = story.event(event_id)
    copy = dataclasses.replace(
        event, id=free_ids(story, 1)[0], locked=False, source=event.source or event.id
    )
    row = Row.of(story)
    if event.layer:
        start = event.end if event.end + event.duration <= story.total + TOLERANCE else event.start
        layer = free_layer(story, start, event.duration, event.layer)
        placed = dataclasses.replace(copy, start=to_milliseconds(start), layer=layer)
        return laid_out(story, row, [*_above(story), placed]), copy.id
    if ripple:
        return _inserted(story, copy, _position(story, event_id) + 1, _above(story)), copy.id
    free = row.with_free(copy, event.end)
    if free is not None:
        return laid_out(story, free, _above(story)), copy.id
    start = to_milliseconds(event.end)
    placed = dataclasses.replace(copy, start=start, layer=free_layer(story, start, event.duration))
    return laid_out(story, row.reaching(placed.end), [*_above(story), placed]), copy.id


def split(story: Story, event_id: str, at: float) -> tuple[Story, str]:
    """Cut an event in two at `at` seconds of the story; returns the second part's id too.

    Both parts keep the takes, each its own stretch of them (`core.story.window`), and of the shape,
    so that the story sounds as before. How often the whole was struck says nothing of the parts.
    """
    event = _unlocked(story, event_id)
    at = to_milliseconds(at)
    if not event.start + MIN_DURATION <= at <= event.end - MIN_DURATION:
        raise StoryError(f"Both parts need at least {MIN_DURATION:g} s; split nearer the middle.")
    whole = dataclasses.replace(in_parts(event), count=None, **_by_points(event))
    first = with_length(dataclasses.replace(whole, fade_out=0.0), at - event.start)
    rest = dataclasses.replace(whole, id=free_ids(story, 1)[0], start=at, fade_in=0.0)
    rest = begun_later(rest, at - event.start, event.end - at)
    row, above = Row.of(story), _above(story)
    if event.layer:
        parts = [part for e in above for part in ([first, rest] if e.id == event_id else [e])]
        return laid_out(story, row, parts), rest.id
    place = _position(story, event_id)
    halves = row.with_event(place, first).inserted(place + 1, [rest], 0.0, row.gaps[place + 1])
    return laid_out(story, halves, above), rest.id


def join(story: Story, event_id: str) -> Story:
    """Make one event of a layer-0 event and the one after it; their captions are joined.

    Where the second continues the first's take, as after `split`, it goes on sounding.
    """
    row, place = Row.of(story), _position(story, event_id)
    if place + 1 == len(row.events):
        raise StoryError("The last event has nothing after it to join; select an earlier one.")
    first, second = _unlocked(story, event_id), _unlocked(story, row.events[place + 1].id)
    if row.gaps[place + 1]:
        raise StoryError("The two events do not meet; move one of them to the other first.")
    caption = first.caption
    if second.caption != first.caption:
        caption = f"{first.caption}, then {second.caption}"[:MAX_CAPTION]
    kept = second.continues(first) and caption == first.caption
    whole = dataclasses.replace(
        first,
        caption=caption,
        duration=to_milliseconds(first.duration + second.duration),
        chosen=first.chosen if kept else None,
        fade_out=second.fade_out,
        fade_out_curve=second.fade_out_curve,
        **_joined_shape(first, second),
        **_joined_envelopes(first, second),
        **_joined_repetitions(first, second),
    )
    joined = row.with_event(place, whole_again(whole)).without(place + 1, closing=True)
    return laid_out(story, joined, _above(story))


def delete(story: Story, event_id: str, *, ripple: bool = True) -> Story:
    """Remove an event; on layer 0 what follows moves up and the total shrinks, or without ripple a
    gap is left."""
    event, row = _unlocked(story, event_id), Row.of(story)
    above = [e for e in _above(story) if e.id != event_id]
    if event.layer:
        _require_sequence([*row.events, *above])
        return laid_out(story, row, above)
    rest = row.without(_position(story, event_id), closing=ripple)
    _require_sequence(rest.events)
    above = rippled(above, event.end, -event.duration) if ripple else above
    return laid_out(story, rest, above)


def fit(story: Story, total: float) -> Story:
    """Scale the unlocked events, and the gaps, so that the story lasts exactly `total` seconds."""
    check_number("total duration", total, MIN_DURATION, MAX_TOTAL, "seconds")
    target, row = round(total * 1000), Row.of(story)
    ratio = target / 1000 / story.total
    if not row.events:
        return laid_out(
            _scaled_with_it(story, ratio), Row((), (target / 1000,)), _scaled_above(story, ratio)
        )
    kept = sum(round(e.duration * 1000) for e in row.events if e.locked)
    free = [e for e in row.events if not e.locked]
    least = kept + len(free) * round(MIN_DURATION * 1000)
    rigid = not free and not any(row.gaps)
    if target < least or (rigid and target != kept):
        raise StoryError(
            f"With its {len(row.events) - len(free)} locked events the story needs "
            f"{'exactly' if rigid else 'at least'} {least / 1000:g} s; unlock one of them."
        )
    gaps = _scaled_gaps(row, target, kept, target - least if free else None)
    between = sum(round(gap * 1000) for gap in gaps)
    lengths = dict(zip((e.id for e in free), _shares(free, target - kept - between), strict=True))
    events = (with_scaled_length(e, lengths[e.id]) if e.id in lengths else e for e in row.events)
    return laid_out(
        _scaled_with_it(story, ratio), Row(tuple(events), gaps), _scaled_above(story, ratio)
    )


def snapped(story: Story, seconds: float, *, reach: float, grid: float, ignore: str = "") -> float:
    """The nearest edge of another event within `reach`, else the nearest multiple of `grid`."""
    seconds = to_milliseconds(seconds)
    others = [e for e in story.events if e.id != ignore]
    edges = {0.0, story.total, *(e.start for e in others), *(e.end for e in others)}
    nearest = min(edges, key=lambda edge: abs(edge - seconds))
    if abs(nearest - seconds) <= reach:
        return nearest
    return to_milliseconds(round(seconds / grid) * grid) if grid > 0 else seconds


def add_take(story: Story, event_id: str, take: Take) -> Story:
    """Add a take to an event and choose it; a take with the same key is replaced."""
    event = story.event(event_id)
    takes = (*(t for t in event.takes if t.key != take.key), take)
    return story.replace_event(dataclasses.replace(event, takes=takes, chosen=take.key))


def choose_take(story: Story, event_id: str, key: str) -> Story:
    """Let an event sound as one of its takes; a seed of its own follows the take's."""
    event = dataclasses.replace(_unlocked(story, event_id), chosen=key)
    if event.seed is not None and event.take is not None:
        event = dataclasses.replace(event, seed=event.take.seed)
    return story.replace_event(event)


def restore_take(story: Story, event_id: str, key: str) -> Story:
    """Choose a take and bring back the caption, length and seed that it was made with, and who
    performed it."""
    take = next((t for t in story.event(event_id).takes if t.key == key), None)
    if take is None:
        raise StoryError("That take is no longer in the story; choose another.")
    story = change(story, event_id, caption=take.caption, seed=take.seed)
    event = story.event(event_id)
    if (event.performer or story.performer) not in (AUTO, take.performer):
        event = dataclasses.replace(event, performer=take.performer)
    takes = tuple(dataclasses.replace(t, part=None) if t.key == key else t for t in event.takes)
    story = story.replace_event(dataclasses.replace(event, takes=takes))
    if abs(story.event(event_id).duration - take.duration) > TOLERANCE:
        story = stretch(story, event_id, take.duration)
    return choose_take(story, event_id, key)


def drop_take(story: Story, event_id: str, key: str) -> Story:
    """Take a take off an event's list; the newest of the others is chosen if it was the chosen."""
    event = _unlocked(story, event_id)
    takes = tuple(t for t in event.takes if t.key != key)
    chosen = event.chosen if event.chosen != key else (takes[-1].key if takes else None)
    return story.replace_event(dataclasses.replace(event, takes=takes, chosen=chosen))


def drop_other_takes(story: Story, event_id: str) -> Story:
    """Take all takes but the chosen one off an event's list.

    Raises:
        StoryError: the event is locked, or none of its takes is chosen.
    """
    event = _unlocked(story, event_id)
    if event.take is None:
        raise StoryError(f"{event.caption!r} has no kept take; keep one of them first.")
    return story.replace_event(dataclasses.replace(event, takes=(event.take,)))


def _above(story: Story) -> list[Event]:
    return [e for e in story.events if e.layer]


def _unlocked(story: Story, event_id: str) -> Event:
    event = story.event(event_id)
    if event.locked:
        raise StoryError(f"{event.caption!r} is locked; unlock it to change it.")
    return event


def _position(story: Story, event_id: str) -> int:
    event = story.event(event_id)
    if event.layer:
        raise StoryError(f"{event.caption!r} lies above the story; it has no place in the order.")
    return story.sequence.index(event)


def _require_sequence(sequence: Sequence[Event]) -> None:
    if not sequence:
        raise StoryError("The story needs at least one event of its own; add another one first.")


def _scaled_with_it(story: Story, ratio: float) -> Story:
    """The story with what stands in its own seconds in proportion: lanes' envelopes and markers."""
    return scaled_markers(scaled_lanes(story, ratio), ratio)


def _scaled_above(story: Story, ratio: float) -> list[Event]:
    above = []
    for event in _above(story):
        scaled = event
        if not event.locked:
            scaled = with_scaled_length(event, max(MIN_DURATION, event.duration * ratio))
        above.append(dataclasses.replace(scaled, start=to_milliseconds(event.start * ratio)))
    return above


def _by_points(event: Event) -> dict[str, Any]:
    """The event's shape by points, as those of its parts are; a steady one has none."""
    if event.shape == "steady":
        return {}
    kind = event.shape if event.shape in DISTANT else "points"
    return {"shape": kind, "points": event.level_points}


def _joined_shape(first: Event, second: Event) -> dict[str, Any]:
    """The shape of two events as one; that of a named shape where they were split off one."""
    if first.shape == second.shape == "steady":
        return {}
    length = to_milliseconds(first.duration + second.duration)
    same = first.shape == second.shape and first.shape in DISTANT
    kind = first.shape if same else "points"
    points = joined_points(first.level_points, second.level_points, first.duration)
    name = named_shape(kind, points, length)
    return {"shape": name, "points": ()} if name else {"shape": kind, "points": points}


def _joined_envelopes(first: Event, second: Event) -> dict[str, Any]:
    """The envelopes of two events as one, where either has one."""
    joined = {}
    if first.gain_envelope or second.gain_envelope:
        joined["gain_envelope"] = joined_points(
            first.gain_envelope, second.gain_envelope, first.duration
        )
    if first.pan_envelope or second.pan_envelope:
        one, other = (event.pan_envelope or ((0.0, event.pan),) for event in (first, second))
        joined["pan_envelope"] = joined_points(one, other, first.duration)
    return joined


def _joined_repetitions(first: Event, second: Event) -> dict[str, Any]:
    """The repetitions of two events as one, where both repeat in one way."""
    every = first.every if first.every == second.every else None
    count = first.count + second.count if first.count and second.count else None
    at = (*first.at, *(to_milliseconds(first.duration + moment) for moment in second.at))
    if every is not None or count is not None:
        at = ()
    return {"every": every, "count": count, "at": tuple(dict.fromkeys(at))}


def _new_event(story: Story, caption: str, duration: float, mood: str = "") -> Event:
    event_id = free_ids(story, 1)[0]
    return Event(event_id, caption, start=0.0, duration=to_milliseconds(duration), mood=mood)


def _latest(story: Story, event: Event) -> float:
    """Seconds at which an event can begin at the latest, to end within the story."""
    return to_milliseconds(story.total - event.duration)


def _inserted(story: Story, event: Event, place: int, above: Sequence[Event]) -> Story:
    """The story with an event at a place in the order; what follows moves along."""
    row = Row.of(story)
    place = min(max(place, 0), len(row.events))
    since = row.end_before(place)
    follows = row.inserted(place, [event], 0.0, row.gaps[place])
    return laid_out(story, follows, rippled(above, since, event.duration))


def _scaled_gaps(row: Row, target: int, kept: int, room: int | None) -> tuple[float, ...]:
    """The gaps of a row that will last `target` ms, `kept` of them locked, in whole milliseconds.

    Args:
        room: ms that gaps can have at most; None: they have all that is not locked.
    """
    between = round(sum(row.gaps) * 1000)
    if not between:
        return row.gaps
    now = round(sum(event.duration for event in row.events) * 1000) + between - kept
    wanted = target - kept if room is None else min(room, round(between * (target - kept) / now))
    gaps, given, reached = [], 0, 0.0
    for gap in row.gaps:
        reached += gap * 1000
        upto = round(wanted * reached / between)
        gaps.append((upto - given) / 1000)
        given = upto
    return tuple(gaps)


def _shares(events: Sequence[Event], milliseconds: int) -> list[float]:
    """Split a time among events in proportion to their lengths, in whole milliseconds."""
    least = round(MIN_DURATION * 1000)
    spare = milliseconds - least * len(events)
    weights = [max(0.0, e.duration - MIN_DURATION) for e in events]
    whole = sum(weights) or float(len(weights))
    weights = weights if sum(weights) else [1.0] * len(weights)
    shares, given, reached = [], 0, 0.0
    for weight in weights:
        reached += weight
        upto = round(spare * reached / whole)
        shares.append((least + upto - given) / 1000)
        given = upto
    return shares
