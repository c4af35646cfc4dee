"""Edits of lanes, the channel strips of layers, as pure functions beside those of the timeline.

A lane's envelopes are in seconds of the story and stay where they are when events move under them,
as a mixer's automation does; only where the whole story is fitted to another length they are scaled
with it.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from core.errors import StoryError
from core.story.limits import MAX_TOTAL
from core.story.shape import scaled_points
from core.story.story import Story
from core.story.strip import Lane

LANE_FIELDS = frozenset(field.name for field in dataclasses.fields(Lane) if field.name != "layer")


def change_lane(story: Story, layer: int, **values: Any) -> Story:
    """Set fields of a layer's strip; one that changes nothing any more is dropped.

    Raises:
        StoryError: a strip has no such field, or the value lies out of its range.
    """
    unknown = sorted(set(values) - LANE_FIELDS)
    if unknown:
        raise StoryError(f"A lane has no {unknown[0][:40]} that can be set; choose another field.")
    changed = dataclasses.replace(story.lane(layer), **values)
    others = [lane for lane in story.lanes if lane.layer != layer]
    kept = others if changed == Lane(layer) else [*others, changed]
    return dataclasses.replace(story, lanes=tuple(sorted(kept, key=lambda lane: lane.layer)))


def scaled_lanes(story: Story, ratio: float) -> Story:
    """The story with the envelopes and fades of its lanes in proportion."""
    lanes = tuple(
        dataclasses.replace(
            lane,
            gain_envelope=scaled_points(lane.gain_envelope, ratio, MAX_TOTAL),
            pan_envelope=scaled_points(lane.pan_envelope, ratio, MAX_TOTAL),
            fade_in=min(MAX_TOTAL, lane.fade_in * ratio),
            fade_out=min(MAX_TOTAL, lane.fade_out * ratio),
        )
        for lane in story.lanes
    )
    return dataclasses.replace(story, lanes=lanes) if lanes else story
