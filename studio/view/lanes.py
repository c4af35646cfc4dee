"""The lanes of the story: its events to time scale, as data that the page draws.

assets/studio/timeline/lanes.js draws it. It holds nothing that would have to be heard first: what
sounds in the blocks follows when the page asks for it (studio/view/waves.py).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection
from typing import Any

from core.story import timeline
from core.story.cue_words import repetition_words, shape_words
from core.story.journal import KEPT
from core.story.story import Event, Story
from studio.editing.labels import said
from studio.editing.table import missing_sound, names_of
from studio.sessions.session import Session
from studio.view.strips import event_strip, mixer

_STAMP = itertools.count(1)


def lanes(session: Session, unknown: Collection[str] = ()) -> dict[str, Any]:
    """What the lanes show of the open story; empty when none is open.

    `stamp` is greater every time, so that the page draws anew even where an edit was refused and a
    dragged block has to go back, and knows an answer that was overtaken. `pick` is the number of
    the page's last pick that is known here: the page keeps what was picked after it.

    Args:
        unknown: ids of the events that are not rendered for want of a known sound.
    """
    folder = session.folder
    if folder is None:
        return {}
    story = folder.story
    layers = lane_order(story)
    selected, stamp = session.event, next(_STAMP)
    session.note_view(stamp)
    return {
        "stamp": stamp,
        "title": folder.title,
        "total": story.total,
        "selected": selected.id if selected else "",
        "pick": session.pick,
        "made": [session.made[0], list(session.made[1])],
        "busy": session.busy,
        "undo": said(folder.undo_label),
        "redo": said(folder.redo_label),
        "kept": f"{folder.undo_count} can be undone; Undo keeps {KEPT}.",
        "revision": folder.revision,
        "layers": layers,
        "markers": [{"at": marker.at, "name": marker.name} for marker in story.markers],
        "mixer": mixer(story, layers),
        "events": _blocks(session, story, unknown),
    }


def lane_order(story: Story) -> list[int]:
    """The layers that hold something, from the uppermost lane down.

    Those of beds lie beneath the others where that is said of them: a lane that followed from what
    lies over it would jump while something is dragged.
    """
    beds = {event.layer for event in story.events if event.layer}
    beds -= {event.layer for event in story.events if event.role != "bed"}
    used = {event.layer for event in story.events}
    return [*sorted(used - beds, reverse=True), *sorted(beds)]


def lanes_json(session: Session, unknown: Collection[str] = ()) -> str:
    """The lanes as the value of their component."""
    return json.dumps(lanes(session, unknown), separators=(",", ":"))


def _blocks(session: Session, story: Story, unknown: Collection[str]) -> list[dict[str, Any]]:
    names = names_of(story)
    return [
        _block(session, event, names[event.id])
        | {"missing": missing_sound(event, unknown)}
        | _cue(story, event)
        | event_strip(event)
        for event in story.events
    ]


def _block(session: Session, event: Event, name: str) -> dict[str, Any]:
    take = event.take
    return {
        "id": event.id,
        "name": name,
        "caption": event.caption,
        "start": event.start,
        "duration": event.duration,
        "layer": event.layer,
        "state": "rendering" if event.id in session.rendering else timeline.status(event),
        "locked": event.locked,
        "group": event.group,
        "gain": event.gain_db,
        "room": _room(event),
        "placeholder": event.placeholder,
        "takes": len(event.takes),
        "take": take.key if take else "",
        "offset": event.offset,
        "sounds": take.duration + take.tail if take else 0.0,
        "steps": take.steps if take else 0,
    }


def _room(event: Event) -> list[float]:
    """Seconds of the chosen take before and after what the event uses of it."""
    take = event.take
    if take is None or not event.is_filled_by(take):
        return [0.0, 0.0]
    after = take.duration - event.offset - event.duration
    return [round(event.offset, 3), round(max(0.0, after), 3)]


def _cue(story: Story, event: Event) -> dict[str, Any]:
    """What the cue sheet says of an event: role, words, and the curve of its level, as shares of
    its length and decibels."""
    curve = event.level_points
    return {
        "role": story.role_of(event),
        "cue": ", ".join(
            words
            for words in (
                shape_words(event.shape, event.points) if curve else "",
                repetition_words(event),
            )
            if words
        ),
        "moments": [round(event.start + moment, 3) for moment in event.at],
        "curve": [[round(time / event.duration, 4), round(level, 2)] for time, level in curve],
    }
