"""Named moments of a story: where a scene begins, or what happens in the picture that it is for.

Markers stand in seconds of the story and stay where they are when events move under them, as what
they mark is not the sound; only where the whole story is fitted to another length they are scaled
with it. Edits of them are in `core.story.marking`.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from core.errors import StoryError
from core.story.limits import MAX_MARKERS, MAX_NAME, MAX_TOTAL, TOLERANCE, check_number, check_text


@dataclass(frozen=True)
class StoryMarker:
    """A moment with a name.

    Attributes:
        at: seconds of the story.
        name: as people call it.
    """

    at: float
    name: str

    def __post_init__(self) -> None:
        check_number("marker's time", self.at, 0.0, MAX_TOTAL, "seconds")
        check_text("marker's name", self.name, MAX_NAME)
        if not self.name.strip():
            raise StoryError("A marker has a name; write one.")


def check_markers(markers: tuple[StoryMarker, ...]) -> None:
    """Refuse too many, two at one moment, and those out of order; raises StoryError."""
    if len(markers) > MAX_MARKERS:
        raise StoryError(f"A story has at most {MAX_MARKERS} markers; delete some.")
    for one, other in itertools.pairwise(markers):
        if abs(one.at - other.at) <= TOLERANCE / 2:
            raise StoryError(f"There is a marker at {one.at:g} s already; rename or move that one.")
        if one.at > other.at:
            raise StoryError("The story's markers are not in the order of time; sort them.")
