"""What a change of the story was, in words: for Undo, Redo and the list of what was done.

The history keeps a label with each change: the action's name, and what it was done to.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.story.story import Event

_SAID = {
    "table": "edit in the table",
    "render": "choice of the takes rendered",
    "caption": "words of an event",
    "stretch": "length of an event",
    "trim": "beginning of an event",
    "slip": "sound slipped in its event",
    "begin": "start of an event",
    "roll": "seam between events",
    "layer": "change of layer",
    "add": "event added",
    "over": "sound laid over",
    "gain": "level",
    "gain_by": "level",
    "fit": "length of the story",
    "keep": "choice of a take",
    "restore": "take restored",
    "drop": "take off the list",
    "drop_others": "other takes off the list",
    "variations": "variations",
    "paste": "events pasted",
    "plan again": "plan made anew",
    "wish": "change in words",
    "performers": "performer of the story",
    "ungroup": "group dissolved",
    "mark": "marker set",
    "move_marker": "marker moved",
    "rename_marker": "name of a marker",
    "unmark": "marker deleted",
    "points": "envelope",
    "point_add": "point of an envelope added",
    "point_move": "point of an envelope",
    "point_remove": "point of an envelope taken off",
    "fade": "fade",
    "strip": "sound of an event",
    "duck": "ducking",
    "duck_beds": "ducking of the beds",
    "lane_gain": "level of a lane",
    "lane_pan": "pan of a lane",
    "lane_mute": "mute",
    "lane_solo": "solo",
    "lane_strip": "sound of a lane",
    "lane_duck": "ducking of a lane",
    "lane_points": "envelope of a lane",
    "lane_point_add": "point of a lane's envelope added",
    "lane_point_move": "point of a lane's envelope",
    "lane_point_remove": "point of a lane's envelope taken off",
    "master": "level of the master",
}
"""Changes in words; others are called as they are."""
_BETWEEN = ": "
_SHOWN = 40
"""Characters of a caption in a label."""


def label_of(name: str, events: Sequence[Event]) -> str:
    """The label of a change by its action and the events that it was done to."""
    if not events:
        return name
    return label_about(name, events[0].caption if len(events) == 1 else f"{len(events)} events")


def label_about(name: str, about: str) -> str:
    """The label of a change by its action and what it is about; empty: the story."""
    return f"{name}{_BETWEEN}{about[:_SHOWN]}" if about else name


def said(label: str) -> str:
    """What a change was, in words; the history also holds labels of earlier versions."""
    name, between, about = label.partition(_BETWEEN)
    return _SAID.get(name, name.replace("_", " ")) + between + about
