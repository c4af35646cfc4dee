"""Edits of a story's markers, as pure functions beside those of the timeline.

A marker is known by its moment, to the millisecond: there is one at most.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from core.errors import StoryError
from core.story.limits import MAX_TOTAL, TOLERANCE, to_milliseconds
from core.story.marker import StoryMarker
from core.story.story import Story


def mark(story: Story, at: float, name: str = "") -> Story:
    """The story with a marker at a moment of it, named by its number where no name is given.

    Raises:
        StoryError: there is one already, or the moment lies outside of the story.
    """
    made = StoryMarker(_within(story, at), name.strip() or _free_name(story))
    return _with_markers(story, (*story.markers, made))


def move_marker(story: Story, at: float, to: float) -> Story:
    """The marker at a moment brought to another one; raises StoryError as `mark`."""
    moved = dataclasses.replace(marker_at(story, at), at=_within(story, to))
    return _with_markers(story, (*_others(story, at), moved))


def rename_marker(story: Story, at: float, name: str) -> Story:
    """The marker at a moment with another name; raises StoryError where there is none."""
    named = dataclasses.replace(marker_at(story, at), name=name.strip())
    return _with_markers(story, (*_others(story, at), named))


def unmark(story: Story, at: float) -> Story:
    """The story without the marker at a moment; raises StoryError where there is none."""
    marker_at(story, at)
    return _with_markers(story, _others(story, at))


def marker_at(story: Story, at: float) -> StoryMarker:
    """The marker at a moment.

    Raises:
        StoryError: there is none.
    """
    for marker in story.markers:
        if abs(marker.at - at) <= TOLERANCE / 2:
            return marker
    raise StoryError("That marker is no longer in the story; choose another.")


def scaled_markers(story: Story, ratio: float) -> Story:
    """The story with its markers in proportion; of those that meet by it the first is kept."""
    scaled: dict[float, StoryMarker] = {}
    for marker in story.markers:
        at = min(MAX_TOTAL, to_milliseconds(marker.at * ratio))
        scaled.setdefault(at, dataclasses.replace(marker, at=at))
    return _with_markers(story, scaled.values()) if scaled else story


def _within(story: Story, at: float) -> float:
    at = to_milliseconds(at)
    if not 0.0 <= at <= story.total:
        raise StoryError(f"A marker lies within the story's {story.total:g} s; choose a moment.")
    return at


def _free_name(story: Story) -> str:
    names = {marker.name for marker in story.markers}
    numbers = range(1, len(names) + 2)
    return next(name for name in (f"Marker {n}" for n in numbers) if name not in names)


def _others(story: Story, at: float) -> list[StoryMarker]:
    gone = marker_at(story, at)
    return [marker for marker in story.markers if marker is not gone]


def _with_markers(story: Story, markers: Iterable[StoryMarker]) -> Story:
    in_time = tuple(sorted(markers, key=lambda marker: marker.at))
    return dataclasses.replace(story, markers=in_time)
