"""Edits of a story as pure functions: a story goes in, the edited story comes out.

The page, the command line and the tests use these and nothing else to change a story. Each edit
keeps the invariants of `core.story.story`: layer 0 tiles the story without gaps, so changing a
length there ripples (what follows shifts, the total follows); layers above lie freely inside the
total, which stays where a story has nothing on layer 0. Points of shapes and envelopes and the
moments of repetitions stay where they are in time when an edge moves over them; those of a lane's
envelopes (`core.story.lanes`) do whatever the events do. All times are seconds and are
kept to the millisecond. A locked event can be moved by a ripple but never changed. A part of a
take, as `split` makes it, keeps its sound while the take holds all of it: its edges move over the
take. Every function raises `StoryError` in one sentence when an edit is impossible.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from core.errors import StoryError
from core.story.lanes import scaled_lanes
from core.story.limits import (
    EVERY_RANGE,
    MAX_CAPTION,
    MAX_LAYER,
    MAX_TOTAL,
    MIN_DURATION,
    TOLERANCE,
    check_number,
)
from core.story.same_source import with_source, with_sources_kept
from core.story.shape import DISTANT, cut_points, joined_points, named_shape, scaled_points
from core.story.story import Event, Story
from core.story.take import Take, TakePart

Status = Literal["new", "changed", "rendered"]
_FAR = 1e9
"""Seconds beyond which a number is no time."""
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


def stretch(story: Story, event_id: str, duration: float) -> Story:
    """Give an event a new length; on layer 0 what follows shifts and the total changes."""
    event = _unlocked(story, event_id)
    longer = _lasting(event, duration)
    if event.layer:
        room = story.total - event.start
        if longer.duration > room + TOLERANCE:
            raise StoryError(
                f"{event.caption!r} can last {room:g} s from where it starts; "
                "move it earlier or lengthen the story."
            )
        return story.replace_event(longer)
    above = _shifted(_above(story), event.end, longer.duration - event.duration)
    return _laid_out(story, [longer if e.id == event_id else e for e in story.sequence], above)


def roll(story: Story, event_id: str, end: float) -> Story:
    """Move the seam between a layer-0 event and the next one; the total stays."""
    sequence = story.sequence
    index = _position(story, event_id)
    if index + 1 == len(sequence):
        raise StoryError("The last event has no seam after it; change its duration.")
    first, second = _unlocked(story, event_id), _unlocked(story, sequence[index + 1].id)
    end = _ms(end)
    if not first.start + MIN_DURATION <= end <= second.end - MIN_DURATION:
        raise StoryError(f"Both events need at least {MIN_DURATION:g} s; move the seam less.")
    first = _lasting(first, end - first.start)
    second = _begun_later(second, end - second.start, second.end - end)
    pair = {first.id: first, second.id: second}
    return _laid_out(story, [pair.get(e.id, e) for e in sequence], _above(story))


def trim(story: Story, event_id: str, start: float) -> Story:
    """Move an event's beginning and leave its end: on layer 0 the seam before it moves along."""
    event = _unlocked(story, event_id)
    start = max(0.0, _ms(start))
    if event.layer:
        later = _begun_later(event, start - event.start, event.end - start)
        return story.replace_event(dataclasses.replace(later, start=start))
    index = _position(story, event_id)
    if not index:
        later = _begun_later(event, start - event.start, event.end - start)
        above = _shifted(_above(story), event.end, later.duration - event.duration)
        return _laid_out(story, [later, *story.sequence[1:]], above)
    return roll(story, story.sequence[index - 1].id, start)


def move(story: Story, event_id: str, start: float) -> Story:
    """Move an event in time: freely above layer 0, to another place in the order on layer 0."""
    event = _unlocked(story, event_id)
    if event.layer:
        start = min(max(_ms(start), 0.0), _ms(story.total - event.duration))
        return story.replace_event(dataclasses.replace(event, start=max(start, 0.0)))
    centre = start + event.duration / 2
    others = [e for e in story.sequence if e.id != event_id]
    return reorder(story, event_id, sum(e.start + e.duration / 2 < centre for e in others))


def reorder(story: Story, event_id: str, position: int) -> Story:
    """Tell a layer-0 event at another place in the order (0 is first); the total stays."""
    _position(story, event_id)
    event = _unlocked(story, event_id)
    others = [e for e in story.sequence if e.id != event_id]
    position = min(max(position, 0), len(others))
    return _laid_out(story, [*others[:position], event, *others[position:]], _above(story))


def set_layer(story: Story, event_id: str, layer: int, at: float | None = None) -> Story:
    """Lift an event above the story, or settle it into the story at the nearest seam.

    Lifting closes the gap that it leaves, so the total shrinks by its length; settling widens it.

    Args:
        at: seconds at which it settles; None: where it starts.
    """
    event = _unlocked(story, event_id)
    placed = dataclasses.replace(event, layer=layer)
    if layer == event.layer:
        return story
    if event.layer and layer:
        return story.replace_event(placed)
    if layer:
        sequence = [e for e in story.sequence if e.id != event_id]
        _require_sequence(sequence)
        return _laid_out(
            story, sequence, [*_shifted(_above(story), event.end, -event.duration), placed]
        )
    if not story.sequence and len(story.events) > 1:
        raise StoryError(
            f"This story's events lie freely above layer 0; {event.caption!r} needs a layer of 1 "
            "or more."
        )
    position = _seam(story, event.start if at is None else at)
    others = [e for e in _above(story) if e.id != event_id]
    return _inserted(story, [placed], position, others)


def add(
    story: Story, caption: str, duration: float, *, position: int | None = None, mood: str = ""
) -> tuple[Story, str]:
    """Add an event to layer 0 at a place in the order (default: the end); returns its id too.

    Where a story has nothing on layer 0 it is added above it, after all others.
    """
    event = Event(id=_free_id(story), caption=caption, start=0.0, duration=_ms(duration), mood=mood)
    if not story.sequence:
        placed = dataclasses.replace(event, start=story.total, layer=1)
        total = _ms(story.total + event.duration)
        return _laid_out(story, [], [*story.events, placed], total), event.id
    where = len(story.sequence) if position is None else position
    return _inserted(story, [event], where, _above(story)), event.id


def lay_over(
    story: Story, caption: str, start: float, duration: float, *, layer: int = 1
) -> tuple[Story, str]:
    """Add an event above the story, cut to its end; returns its id too."""
    if layer < 1:
        raise StoryError("An event laid over the story needs a layer of 1 or more.")
    length = _ms(min(duration, story.total))
    start = min(max(_ms(start), 0.0), max(0.0, _ms(story.total - length)))
    event = Event(id=_free_id(story), caption=caption, start=start, duration=length, layer=layer)
    return _laid_out(story, story.sequence, [*_above(story), event]), event.id


def free_layer(story: Story, start: float, duration: float, layer: int = 1) -> int:
    """The lowest layer from `layer` on where nothing sounds during these seconds."""
    end = start + duration
    taken = {e.layer for e in story.events if e.start < end - TOLERANCE and start < e.end}
    return next((n for n in range(layer, MAX_LAYER) if n not in taken), MAX_LAYER)


def duplicate(story: Story, event_id: str) -> tuple[Story, str]:
    """Repeat an event right after itself, with its takes and its source; returns the copy's id too.

    Above layer 0, where there is no room after it, the copy lies over it on a free layer.
    """
    event = story.event(event_id)
    copy = dataclasses.replace(
        event, id=_free_id(story), locked=False, source=event.source or event.id
    )
    if event.layer:
        start = event.end if event.end + event.duration <= story.total + TOLERANCE else event.start
        layer = free_layer(story, start, event.duration, event.layer)
        above = [*_above(story), dataclasses.replace(copy, start=_ms(start), layer=layer)]
        return _laid_out(story, story.sequence, above), copy.id
    return _inserted(story, [copy], _position(story, event_id) + 1, _above(story)), copy.id


def split(story: Story, event_id: str, at: float) -> tuple[Story, str]:
    """Cut an event in two at `at` seconds of the story; returns the second part's id too.

    Both parts keep the takes, each its own stretch of them (`core.story.take.TakePart`), and of
    the shape, so that the story sounds as before. How often the whole was struck says nothing of
    the parts.
    """
    event = _unlocked(story, event_id)
    at = _ms(at)
    if not event.start + MIN_DURATION <= at <= event.end - MIN_DURATION:
        raise StoryError(f"Both parts need at least {MIN_DURATION:g} s; split nearer the middle.")
    whole = dataclasses.replace(
        event,
        takes=tuple(
            take if take.part else dataclasses.replace(take, part=TakePart(event.id, 0.0))
            for take in event.takes
        ),
    )
    whole = dataclasses.replace(whole, count=None, **_by_points(whole))
    first = _lasting(dataclasses.replace(whole, fade_out=0.0), at - event.start)
    rest = dataclasses.replace(whole, id=_free_id(story), start=at, fade_in=0.0)
    rest = _begun_later(rest, at - event.start, event.end - at)
    events = [part for e in story.events for part in ([first, rest] if e.id == event_id else [e])]
    sequence = [e for e in events if e.layer == 0]
    return _laid_out(story, sequence, [e for e in events if e.layer]), rest.id


def join(story: Story, event_id: str) -> Story:
    """Make one event of a layer-0 event and the one after it; their captions are joined.

    Where the second continues the first's take, as after `split`, it goes on sounding.
    """
    sequence = story.sequence
    index = _position(story, event_id)
    if index + 1 == len(sequence):
        raise StoryError("The last event has nothing after it to join; select an earlier one.")
    first, second = _unlocked(story, event_id), _unlocked(story, sequence[index + 1].id)
    caption = first.caption
    if second.caption != first.caption:
        caption = f"{first.caption}, then {second.caption}"[:MAX_CAPTION]
    kept = second.continues(first) and caption == first.caption
    whole = dataclasses.replace(
        first,
        caption=caption,
        duration=_ms(first.duration + second.duration),
        chosen=first.chosen if kept else None,
        fade_out=second.fade_out,
        fade_out_curve=second.fade_out_curve,
        **_joined_shape(first, second),
        **_joined_envelopes(first, second),
        **_joined_repetitions(first, second),
    )
    whole = dataclasses.replace(whole, takes=tuple(_whole_again(whole, t) for t in whole.takes))
    return _laid_out(story, [*sequence[:index], whole, *sequence[index + 2 :]], _above(story))


def delete(story: Story, event_id: str) -> Story:
    """Remove an event; on layer 0 what follows moves up and the total shrinks."""
    event = _unlocked(story, event_id)
    above = [e for e in _above(story) if e.id != event_id]
    if event.layer:
        _require_sequence([*story.sequence, *above])
        return _laid_out(story, story.sequence, above)
    sequence = [e for e in story.sequence if e.id != event_id]
    _require_sequence(sequence)
    return _laid_out(story, sequence, _shifted(above, event.end, -event.duration))


def fit(story: Story, total: float) -> Story:
    """Scale the unlocked events so that the story lasts exactly `total` seconds."""
    check_number("total duration", total, MIN_DURATION, MAX_TOTAL, "seconds")
    target = round(total * 1000)
    ratio = target / 1000 / story.total
    if not story.sequence:
        return _laid_out(scaled_lanes(story, ratio), [], _scaled_above(story, ratio), target / 1000)
    kept = sum(round(e.duration * 1000) for e in story.sequence if e.locked)
    free = [e for e in story.sequence if not e.locked]
    least = kept + len(free) * round(MIN_DURATION * 1000)
    if target < least or (not free and target != kept):
        raise StoryError(
            f"With its {len(story.sequence) - len(free)} locked events the story needs "
            f"{'exactly' if not free else 'at least'} {least / 1000:g} s; unlock one of them."
        )
    lengths = dict(zip((e.id for e in free), _shares(free, target - kept), strict=True))
    sequence = [_scaled(e, lengths[e.id]) if e.id in lengths else e for e in story.sequence]
    return _laid_out(scaled_lanes(story, ratio), sequence, _scaled_above(story, ratio))


def snapped(story: Story, seconds: float, *, reach: float, grid: float, ignore: str = "") -> float:
    """The nearest edge of another event within `reach`, else the nearest multiple of `grid`."""
    seconds = _ms(seconds)
    others = [e for e in story.events if e.id != ignore]
    edges = {0.0, story.total, *(e.start for e in others), *(e.end for e in others)}
    nearest = min(edges, key=lambda edge: abs(edge - seconds))
    if abs(nearest - seconds) <= reach:
        return nearest
    return _ms(round(seconds / grid) * grid) if grid > 0 else seconds


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
    """Choose a take and bring back the caption, length and seed that it was made with."""
    take = next((t for t in story.event(event_id).takes if t.key == key), None)
    if take is None:
        raise StoryError("That take is no longer in the story; choose another.")
    story = change(story, event_id, caption=take.caption, seed=take.seed)
    event = story.event(event_id)
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


def _ms(seconds: float) -> float:
    """A time to the millisecond; what no story could last is refused, before it is reckoned with.

    Edits cut and clamp what lies outside the story, so that the border is a wide one.
    """
    check_number("time", seconds, -_FAR, _FAR, "seconds")
    return float(round(seconds, 3))


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


def _lasting(event: Event, duration: float) -> Event:
    """The event with another length; its fades are shortened to fit, its shape is cut."""
    return _windowed(event, 0.0, duration)


def _windowed(event: Event, later: float, duration: float) -> Event:
    """The event with another length, from so much later (earlier: below 0) on."""
    duration = _ms(duration)
    if duration < MIN_DURATION:
        raise StoryError(f"An event lasts at least {MIN_DURATION:g} s; choose a longer duration.")
    moments = (_ms(moment - later) for moment in event.at)
    return dataclasses.replace(
        event,
        duration=duration,
        fade_in=min(event.fade_in, duration),
        fade_out=min(event.fade_out, duration),
        points=cut_points(event.points, later, later + duration),
        gain_envelope=cut_points(event.gain_envelope, later, later + duration),
        pan_envelope=cut_points(event.pan_envelope, later, later + duration),
        at=tuple(moment for moment in moments if 0.0 <= moment <= duration),
    )


def _scaled(event: Event, duration: float) -> Event:
    """The event with another length, its shape, envelopes and repetitions in proportion."""
    ratio = duration / event.duration
    curves: dict[str, Any] = {
        name: scaled_points(getattr(event, name), ratio, duration)
        for name in ("points", "gain_envelope", "pan_envelope")
    }
    at = dict.fromkeys(min(_ms(moment * ratio), _ms(duration)) for moment in event.at)
    every = event.every and min(EVERY_RANGE[1], max(EVERY_RANGE[0], event.every * ratio))
    plain = dataclasses.replace(
        event, at=(), points=(), shape="steady", gain_envelope=(), pan_envelope=()
    )
    return dataclasses.replace(
        _lasting(plain, duration), at=tuple(at), every=every, shape=event.shape, **curves
    )


def _scaled_above(story: Story, ratio: float) -> list[Event]:
    above = []
    for event in _above(story):
        scaled = event
        if not event.locked:
            scaled = _scaled(event, max(MIN_DURATION, event.duration * ratio))
        above.append(dataclasses.replace(scaled, start=_ms(event.start * ratio)))
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
    length = _ms(first.duration + second.duration)
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
    at = (*first.at, *(_ms(first.duration + moment) for moment in second.at))
    if every is not None or count is not None:
        at = ()
    return {"every": every, "count": count, "at": tuple(dict.fromkeys(at))}


def _begun_later(event: Event, seconds: float, duration: float) -> Event:
    """The event with another length, its parts of takes beginning so much later (earlier: below
    0) in them.

    A take that does not reach back so far is no part any more.
    """
    event = _windowed(event, seconds, duration)
    takes = []
    for take in event.takes:
        if take.part is not None:
            offset = _ms(take.part.offset + seconds)
            part = TakePart(take.part.of, offset) if offset >= 0.0 else None
            take = dataclasses.replace(take, part=part)
        takes.append(take)
    return dataclasses.replace(event, takes=tuple(takes))


def _whole_again(event: Event, take: Take) -> Take:
    """The take, no part any more where the event has all of it."""
    whole = (
        TakePart(event.id, 0.0) == take.part and abs(take.duration - event.duration) <= TOLERANCE
    )
    return dataclasses.replace(take, part=None) if whole else take


def _shifted(events: Iterable[Event], since: float, delta: float) -> list[Event]:
    """Events above the story follow a ripple when they start at or after it."""
    return [
        dataclasses.replace(e, start=max(0.0, _ms(e.start + delta)))
        if e.start >= since - TOLERANCE
        else e
        for e in events
    ]


def _seam(story: Story, seconds: float) -> int:
    """The position in the order whose seam is nearest to a time."""
    seams = [0.0, *(e.end for e in story.sequence)]
    return min(range(len(seams)), key=lambda i: abs(seams[i] - seconds))


def _inserted(
    story: Story, events: Sequence[Event], position: int, above: Sequence[Event]
) -> Story:
    sequence = list(story.sequence)
    position = min(max(position, 0), len(sequence))
    since = sequence[position].start if position < len(sequence) else story.total
    shifted = _shifted(above, since, sum(e.duration for e in events))
    return _laid_out(story, [*sequence[:position], *events, *sequence[position:]], shifted)


def _laid_out(
    story: Story, sequence: Sequence[Event], above: Sequence[Event], total: float | None = None
) -> Story:
    """The story with this order on layer 0, starts and total made to follow from it.

    Args:
        total: of a story that has nothing on layer 0; None: as it was.
    """
    clock = 0.0
    placed = []
    for event in sequence:
        placed.append(dataclasses.replace(event, start=_ms(clock)))
        clock += event.duration
    whole = _ms(clock) if placed else (story.total if total is None else total)
    inside = sorted((_inside(e, whole) for e in above), key=lambda e: (e.layer, e.start, e.id))
    events = with_sources_kept((*placed, *inside))
    return dataclasses.replace(story, total=whole, events=events)


def _inside(event: Event, total: float) -> Event:
    if event.duration > total + TOLERANCE:
        if event.locked:
            raise StoryError(f"{event.caption!r} is locked and longer than that; unlock it first.")
        event = _lasting(event, total)
    return dataclasses.replace(event, start=max(0.0, min(event.start, _ms(total - event.duration))))


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


def _free_id(story: Story) -> str:
    taken = {e.id for e in story.events}
    return next(name for n in range(1, len(taken) + 2) if (name := f"e{n}") not in taken)
