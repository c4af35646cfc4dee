"""What sounds in each block: its wave and the fades that are heard, as data that the page draws.

They take reading of sound, so they come after the blocks, when the page asks for them:
assets/studio/timeline/wave.js does, and draws them. What is drawn is what is heard: waves, fades
and tails are those of the mix (core/mix/outline.py), to a tenth of a second.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from core.mix.mix import PlacedEvent
from core.mix.outline import Peaks
from core.story.story import Event, Story
from studio.sessions.session import Session
from studio.sound.peaks import PeakCache, outline_of

COLUMNS_A_SECOND, LEAST_COLUMNS, MOST_COLUMNS = 40, 200, 6000
"""Of a story's length; the most are ten a second of ten minutes."""
_LOUDEST = 255
"""Of a column; assets/studio/timeline/wave.js has it too."""
SHORTEST_FADE = 0.02
"""Seconds of a fade that can be seen; shorter ones only keep an edge from clicking."""
Columns = npt.NDArray[np.uint8]


def waves(session: Session, cache: PeakCache) -> dict[str, Any]:
    """What sounds in the blocks of the open story, by the events' ids, and in all of it together.

    Each names the take and the part of it that it is of: the page may show another one by then.
    """
    folder = session.folder
    if folder is None:
        return {"title": "", "whole": "", "blocks": {}}
    story = folder.story
    drawn = outline_of(folder, story, cache)
    count = round(min(MOST_COLUMNS, max(LEAST_COLUMNS, story.total * COLUMNS_A_SECOND)))
    lanes = {layer: _columns(peaks, count) for layer, peaks in drawn.lanes.items()} if drawn else {}
    placed = {p.event_id: p for p in drawn.placements} if drawn else {}
    before = {after.id: event for event, after in itertools.pairwise(story.sequence)}
    return {
        "title": folder.title,
        "whole": _text(np.maximum.reduce(list(lanes.values()))) if lanes else "",
        "blocks": {
            event.id: _block(story, event, lanes.get(event.layer), placed, before.get(event.id))
            for event in story.events
        },
    }


def _block(
    story: Story,
    event: Event,
    lane: Columns | None,
    placed: Mapping[str, PlacedEvent],
    before: Event | None,
) -> dict[str, Any]:
    return {
        "take": event.take.key if event.take else "",
        "offset": event.offset,
        "duration": event.duration,
        "peaks": "" if lane is None else _text(_part(lane, story, event)),
        **_fades(event, placed.get(event.id), placed.get(before.id) if before else None),
    }


def _fades(
    event: Event, placement: PlacedEvent | None, before: PlacedEvent | None
) -> dict[str, float]:
    """Seconds of fades as they are heard, within the block.

    `overlap` is what sounds on of the event before it, `rise` the fade-in, `fall` the fade-out.
    """
    overlap = rise = fall = 0.0
    if before is not None:
        overlap = min(event.duration, before.end / before.rate - event.start)
    if placement is not None:
        rate = placement.rate
        rise = max((ramp.frames for ramp in placement.rises), default=0) / rate
        end = placement.end / rate
        if end > event.end - SHORTEST_FADE:
            longest = max((ramp.frames for ramp in placement.falls), default=0) / rate
            fall = event.end - (end - longest)
    lengths = {"overlap": overlap, "rise": rise, "fall": min(fall, event.duration)}
    return {
        name: round(seconds, 3) if seconds >= SHORTEST_FADE else 0.0
        for name, seconds in lengths.items()
    }


def _columns(peaks: Peaks, count: int) -> Columns:
    """The outline of a lane in `count` columns, loud parts kept; at a power, so that quiet parts
    show."""
    edges = np.linspace(0, len(peaks), count + 1).astype(int)
    tops = np.maximum.reduceat(np.append(peaks, 0), edges[:-1]) if len(peaks) else np.zeros(count)
    return np.rint(np.minimum(tops, 1.0) ** 0.7 * _LOUDEST).astype(np.uint8)


def _part(lane: Columns, story: Story, event: Event) -> Columns:
    """The columns of a lane that an event covers."""
    rate = len(lane) / story.total
    return lane[round(event.start * rate) : round(event.end * rate)]


def _text(columns: Columns) -> str:
    """A byte a column, in Base64."""
    return base64.b64encode(columns.tobytes()).decode()
