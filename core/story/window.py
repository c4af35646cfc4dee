"""What an event uses of its takes, so that its edges move over its sound and nothing is rendered.

An event that is shorter than its take is a part of it (`core.story.take.TakePart`), from an offset
on; where it has all of the take again, the take is whole. A take that does not hold what an event
asks for stays in its list, and the event asks for another one.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from core.errors import StoryError
from core.story.limits import (
    EVERY_RANGE,
    MAX_TOTAL,
    MIN_DURATION,
    TOLERANCE,
    to_milliseconds,
)
from core.story.shape import cut_points, scaled_points
from core.story.story import Event
from core.story.take import Take, TakePart


def with_length(event: Event, duration: float) -> Event:
    """The event with another end; its fades are shortened to fit, its shape and sound are cut.

    Raises:
        StoryError: that is shorter than any event.
    """
    return begun_later(event, 0.0, duration)


def begun_later(event: Event, seconds: float, duration: float) -> Event:
    """The event with another length, from so much later (earlier: below 0) on in its shape and its
    takes. Its start is the caller's. A take that does not reach back so far is no part any more.

    Raises:
        StoryError: that is shorter than any event.
    """
    duration = to_milliseconds(duration)
    if duration < MIN_DURATION:
        raise StoryError(f"An event lasts at least {MIN_DURATION:g} s; choose a longer duration.")
    moments = (to_milliseconds(moment - seconds) for moment in event.at)
    return dataclasses.replace(
        event,
        duration=duration,
        fade_in=min(event.fade_in, duration),
        fade_out=min(event.fade_out, duration),
        points=cut_points(event.points, seconds, seconds + duration),
        gain_envelope=cut_points(event.gain_envelope, seconds, seconds + duration),
        pan_envelope=cut_points(event.pan_envelope, seconds, seconds + duration),
        at=tuple(moment for moment in moments if 0.0 <= moment <= duration),
        takes=tuple(_cut(take, event, seconds, duration) for take in event.takes),
    )


def with_scaled_length(event: Event, duration: float) -> Event:
    """The event with another length, its shape, envelopes and repetitions in proportion; raises as
    `with_length`."""
    ratio = duration / event.duration
    curves: dict[str, Any] = {
        name: scaled_points(getattr(event, name), ratio, duration)
        for name in ("points", "gain_envelope", "pan_envelope")
    }
    moments = (min(to_milliseconds(m * ratio), to_milliseconds(duration)) for m in event.at)
    every = event.every and min(EVERY_RANGE[1], max(EVERY_RANGE[0], event.every * ratio))
    plain = dataclasses.replace(
        event, at=(), points=(), shape="steady", gain_envelope=(), pan_envelope=()
    )
    return dataclasses.replace(
        with_length(plain, duration), at=tuple(dict.fromkeys(moments)), every=every,
        shape=event.shape, **curves,
    )  # fmt: skip


def slipped(event: Event, seconds: float) -> Event:
    """The event at its place with its sound so much later (earlier: below 0) in it, as far as the
    chosen take reaches. Other takes that reach as far go along, so that they can be compared.

    Raises:
        StoryError: it has no sound, or all of it.
    """
    take = event.take
    if take is None:
        raise StoryError(f"{event.caption!r} has no sound yet; render it before you slip it.")
    room = _spare(take, event)
    if room <= TOLERANCE:
        raise StoryError(
            f"{event.caption!r} uses all of its sound; make it shorter, and there is some to slip."
        )
    later = min(max(event.offset - seconds, 0.0), room) - event.offset
    takes = tuple(_slipped(take, event, later) for take in event.takes)
    return dataclasses.replace(event, takes=takes)


def in_parts(event: Event) -> Event:
    """The event with all its takes as parts of what they are now, for what is split off it."""
    takes = tuple(
        take if take.part else dataclasses.replace(take, part=TakePart(event.id, 0.0))
        for take in event.takes
    )
    return dataclasses.replace(event, takes=takes)


def whole_again(event: Event) -> Event:
    """The event, its takes no parts any more where it has all of them."""
    takes = tuple(
        dataclasses.replace(take, part=None) if _is_whole(take.part, take, event) else take
        for take in event.takes
    )
    return dataclasses.replace(event, takes=takes)


def _is_whole(part: TakePart | None, take: Take, event: Event) -> bool:
    same = abs(take.duration - event.duration) <= TOLERANCE
    return part == TakePart(event.id, 0.0) and same


def _spare(take: Take, event: Event) -> float:
    """Seconds of a take that its event leaves out; one that loops goes on for ever."""
    return MAX_TOTAL if event.loop else take.duration - event.duration


def _cut(take: Take, event: Event, seconds: float, duration: float) -> Take:
    """The take with what its event uses of it, from so much later on, at this length."""
    before = take.part or TakePart(event.id, 0.0)
    offset = to_milliseconds(before.offset + seconds)
    if offset < 0.0:
        return dataclasses.replace(take, part=None)
    too_short = offset + duration > take.duration + TOLERANCE
    if take.part is None and too_short and not event.loop:
        return take
    part: TakePart | None = TakePart(before.of, offset)
    if part == TakePart(event.id, 0.0) and abs(take.duration - duration) <= TOLERANCE:
        part = None
    return dataclasses.replace(take, part=part)


def _slipped(take: Take, event: Event, later: float) -> Take:
    part = take.part or TakePart(event.id, 0.0)
    offset = to_milliseconds(part.offset + later)
    if not 0.0 <= offset <= _spare(take, event) + TOLERANCE:
        return take
    return dataclasses.replace(take, part=TakePart(part.of, offset))
