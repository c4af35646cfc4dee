"""The lanes of the story: its events to time scale, as data that the page draws.

assets/studio/lanes.js draws it with wavesurfer.js and its regions. The waveform in each lane is put
together from the peaks of the takes with each event's gain and fades, never from a new mix, so it
follows an edit at once.
"""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np

from core.story import timeline
from core.story.story import Event, Story
from studio.editing.table import name_of
from studio.sessions.session import Session
from studio.sound.peaks import PeakCache, Peaks, outline

MAX_COLUMNS = 4000
_STAMP = itertools.count(1)


def lanes(session: Session, cache: PeakCache) -> dict[str, Any]:
    """What the lanes show of the open story; empty when none is open.

    `stamp` differs every time, so that the page draws anew even where an edit was refused and a
    dragged block has to go back.
    """
    folder = session.folder
    if folder is None:
        return {}
    story = folder.story
    layers = sorted({event.layer for event in story.events}, reverse=True)
    shape = round(min(MAX_COLUMNS, max(200, story.total * 40)))
    selected = session.event
    return {
        "stamp": next(_STAMP),
        "title": folder.title,
        "total": story.total,
        "selected": selected.id if selected else "",
        "busy": session.busy,
        "layers": layers,
        "peaks": [
            _columns(outline(folder, cache, [e for e in story.events if e.layer == n]), shape)
            for n in layers
        ],
        "events": [_block(session, story, event) for event in story.events],
    }


def lanes_json(session: Session, cache: PeakCache) -> str:
    """The lanes as the value of their component."""
    return json.dumps(lanes(session, cache), separators=(",", ":"))


def _block(session: Session, story: Story, event: Event) -> dict[str, Any]:
    take = event.take
    sequence = story.sequence
    before = sequence[sequence.index(event) - 1] if event in sequence[1:] else None
    overlap = before.take.tail if before is not None and before.take is not None else 0.0
    return {
        "id": event.id,
        "name": name_of(story, event),
        "caption": event.caption,
        "start": event.start,
        "duration": event.duration,
        "layer": event.layer,
        "state": "rendering" if session.rendering_id == event.id else timeline.status(event),
        "locked": event.locked,
        "takes": len(event.takes),
        "steps": take.steps if take else 0,
        "overlap": min(overlap, event.duration),
    }


def _columns(peaks: Peaks, count: int) -> list[float]:
    """The outline in `count` columns, loud parts kept; at a power, so that quiet parts show."""
    edges = np.linspace(0, len(peaks), count + 1).astype(int)
    tops = np.maximum.reduceat(np.append(peaks, 0), edges[:-1]) if len(peaks) else np.zeros(count)
    return [round(float(top), 2) for top in np.minimum(tops, 1.0) ** 0.7]
