"""What can be done to the open story: one name an action, one function for all of them.

The timeline, the keyboard, the buttons and the public endpoints all come through `act`, so that an
edit means the same wherever it is made. The edits themselves are those of `core.story.timeline`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from core.errors import StoryError
from core.profile import OWN
from core.story import timeline
from core.story.cue_words import read_repetitions, read_role, read_shape
from core.story.limits import MAX_INSTRUCTION
from core.story.story import Event, Story
from studio.editing.cells import number, seed, whole, words
from studio.sessions.session import Session

ActionValues = Mapping[str, Any]
Edit = Callable[[Story, Event, ActionValues], Story | tuple[Story, str]]

NEW_CAPTION = "a new sound"
NEW_SECONDS = 4.0
SNAP_GRID = 0.5


_SAID = {
    "table": "edit in the table",
    "render": "choice of the takes rendered",
    "caption": "words of an event",
    "stretch": "length of an event",
    "trim": "beginning of an event",
    "roll": "seam between events",
    "layer": "change of layer",
    "add": "event added",
    "over": "sound laid over",
    "gain": "level",
    "fit": "length of the story",
    "keep": "choice of a take",
    "restore": "take restored",
    "drop": "take off the list",
    "performers": "performer of the story",
}
"""Changes in words, for Undo and Redo; others are called as they are."""


def said(label: str) -> str:
    """What a change was, in words; the history also holds labels of earlier versions."""
    return _SAID.get(label, label.replace("_", " "))


def act(session: Session, name: str, values: ActionValues) -> None:
    """Do one action to the open story and keep the selection on what it made.

    Args:
        values: `id` of the event (default: the selected one) and what the action needs; numbers
            may be text, as they come from a page. Actions with one `gesture` are undone together.

    Raises:
        StoryError: there is no such action, no story is open, or the story cannot be changed so.
    """
    folder = session.open_folder
    wanted = words(values.get("id"), "id")
    pick = whole(values.get("pick", 0), "pick")
    gesture = values.get("gesture")
    gesture = words(str(gesture) if isinstance(gesture, int) else gesture, "gesture")
    session.picked(wanted, pick)
    selected = session.event
    if name in ("undo", "redo"):
        folder.undo() if name == "undo" else folder.redo()
        session.follow(selected)
        return
    edit = ACTIONS.get(name)
    if edit is None:
        raise StoryError(f"There is no action called {name[:30]!r}.")
    made = ""

    def apply(story: Story) -> Story:
        nonlocal made
        done = edit(story, _event(session, story, values), values)
        if isinstance(done, tuple):
            done, made = done
        return done

    before = folder.story
    folder.edit(name, apply, f"{name}-{gesture}" if gesture else "")
    acted_on = next((e for e in before.events if e.id == wanted), selected)
    session.selected = made or wanted or session.selected
    session.follow(acted_on)


def _event(session: Session, story: Story, values: ActionValues) -> Event:
    wanted = words(values.get("id"), "id")
    if wanted:
        return story.event(wanted)
    return session.event or story.events[0]


def _seconds(values: ActionValues, name: str) -> float:
    return number(values.get(name), name)


def _or(values: ActionValues, name: str, default: float) -> float:
    """A number, or the default where none is given."""
    value = values.get(name)
    return default if value is None or value == "" else number(value, name)


def _snapped(story: Story, event: Event, values: ActionValues, seconds: float) -> float:
    """The given time, or the nearest edge within `reach` seconds where `snap` is on."""
    if not values.get("snap"):
        return seconds
    reach = number(values.get("reach", 0.1), "reach")
    return timeline.snapped(story, seconds, reach=reach, grid=SNAP_GRID, ignore=event.id)


def _stepped(seconds: float, values: ActionValues, name: str) -> float:
    """The time that is asked for, or the one that so many seconds `by` lead to."""
    return _seconds(values, name) if "by" not in values else seconds + _seconds(values, "by")


def _move(story: Story, event: Event, values: ActionValues) -> Story:
    return _moved(story, event, values, _stepped(event.start, values, "start"))


def _moved(story: Story, event: Event, values: ActionValues, start: float) -> Story:
    """Moved to a start; above layer 0 whichever of its edges is nearer to something snaps."""
    if not event.layer:
        return timeline.move(story, event.id, start)
    first = _snapped(story, event, values, start)
    last = _snapped(story, event, values, start + event.duration) - event.duration
    nearest = first if abs(first - start) <= abs(last - start) else last
    return timeline.move(story, event.id, nearest)


def _reorder(story: Story, event: Event, values: ActionValues) -> Story:
    place = story.sequence.index(event) if event in story.sequence else 0
    return timeline.reorder(story, event.id, place + whole(values.get("by"), "by"))


def _stretch(story: Story, event: Event, values: ActionValues) -> Story:
    end = event.start + _stepped(event.duration, values, "duration")
    return timeline.stretch(story, event.id, _snapped(story, event, values, end) - event.start)


def _trim(story: Story, event: Event, values: ActionValues) -> Story:
    """Move the beginning: on layer 0 the seam with the event before it, above freely."""
    start = _snapped(story, event, values, _seconds(values, "start"))
    return timeline.trim(story, event.id, start)


def _layer(story: Story, event: Event, values: ActionValues) -> Story:
    """To another layer; one that is dragged there has a start, too, which snaps as in a move."""
    layer = max(0, whole(values.get("layer"), "layer"))
    if values.get("start") is None:
        return timeline.set_layer(story, event.id, layer)
    start = _seconds(values, "start")
    if event.layer and not layer:
        return timeline.set_layer(story, event.id, layer, start)
    story = timeline.set_layer(story, event.id, layer)
    return _moved(story, story.event(event.id), values, start) if layer else story


def _add(story: Story, event: Event, values: ActionValues) -> tuple[Story, str]:
    """A new event after the selected one."""
    caption = words(values.get("text"), "caption") or NEW_CAPTION
    length = _or(values, "duration", NEW_SECONDS)
    if not story.sequence:
        return timeline.add(story, caption, length)
    after = event.id if not event.layer else story.sequence[-1].id
    place = [e.id for e in story.sequence].index(after) + 1
    return timeline.add(story, caption, length, position=place)


def _over(story: Story, event: Event, values: ActionValues) -> tuple[Story, str]:
    """A new event over the story: over the selected one, or from `at` seconds."""
    caption = words(values.get("text"), "caption") or NEW_CAPTION
    start = _seconds(values, "at") if values.get("at") is not None else event.start
    length = min(_or(values, "duration", event.duration), story.total)
    start = min(start, story.total - length)
    layer = timeline.free_layer(story, start, length)
    return timeline.lay_over(story, caption, start, length, layer=layer)


def _set(field: str, name: str) -> Edit:
    return lambda story, event, values: timeline.change(
        story, event.id, **{field: number(values.get("value"), name)}
    )


def _cue(values: ActionValues, name: str) -> str:
    return words(values.get("text"), name, MAX_INSTRUCTION)


def _shape(story: Story, event: Event, values: ActionValues) -> Story:
    shape, points = read_shape(_cue(values, "shape"))
    return timeline.change(story, event.id, shape=shape, points=points)


def _performers(story: Story, event: Event, values: ActionValues) -> Story:
    """Another performer for all events that do not ask for one themselves."""
    name = words(values.get("text"), "performer") or OWN
    return dataclasses.replace(story, performer=name)


def _text(field: str) -> Edit:
    return lambda story, event, values: timeline.change(
        story, event.id, **{field: words(values.get("text"), field)}
    )


ACTIONS: dict[str, Edit] = {
    "caption": _text("caption"),
    "mood": _text("mood"),
    "move": _move,
    "reorder": _reorder,
    "stretch": _stretch,
    "roll": lambda s, e, v: timeline.roll(s, e.id, _snapped(s, e, v, _seconds(v, "end"))),
    "trim": _trim,
    "layer": _layer,
    "add": _add,
    "over": _over,
    "split": lambda s, e, v: timeline.split(s, e.id, _seconds(v, "at")),
    "join": lambda s, e, v: timeline.join(s, e.id),
    "duplicate": lambda s, e, v: timeline.duplicate(s, e.id),
    "delete": lambda s, e, v: timeline.delete(s, e.id),
    "lock": lambda s, e, v: timeline.lock(s, e.id, not e.locked),
    "fit": lambda s, e, v: timeline.fit(s, _seconds(v, "total")),
    "gain": _set("gain_db", "gain"),
    "pan": _set("pan", "pan"),
    "fade_in": _set("fade_in", "fade in"),
    "fade_out": _set("fade_out", "fade out"),
    "role": lambda s, e, v: timeline.change(s, e.id, role=read_role(_cue(v, "role"))),
    "shape": _shape,
    "repeats": lambda s, e, v: timeline.change(s, e.id, **read_repetitions(_cue(v, "repetitions"))),
    "source": lambda s, e, v: timeline.share_source(s, e.id, words(v.get("of"), "source") or None),
    "placeholder": lambda s, e, v: timeline.change(s, e.id, placeholder=not e.placeholder),
    "performer": lambda s, e, v: timeline.change(
        s, e.id, performer=words(v.get("text"), "performer") or None
    ),
    "performers": _performers,
    "seed": lambda s, e, v: timeline.change(s, e.id, seed=seed(v.get("value"))),
    "keep": lambda s, e, v: timeline.choose_take(s, e.id, words(v.get("key"), "take")),
    "restore": lambda s, e, v: timeline.restore_take(s, e.id, words(v.get("key"), "take")),
    "drop": lambda s, e, v: timeline.drop_take(s, e.id, words(v.get("key"), "take")),
}
