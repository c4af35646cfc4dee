"""What can be done to the open story: one name an action, one function for all of them.

The timeline, the keyboard, the buttons and the public endpoints all come through `act`, so that an
edit means the same wherever it is made. The edits themselves are those of `core.story.timeline`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.errors import StoryError
from core.profile import OWN
from core.story import selection, timeline
from core.story.cue_words import read_repetitions, read_role, read_shape
from core.story.folders import StoryFolder
from core.story.limits import MAX_EVENTS, MAX_INSTRUCTION
from core.story.row import free_layer
from core.story.story import Event, Story
from studio.editing.cells import flag, number, seed, whole, words
from studio.editing.labels import label_about, label_of
from studio.editing.marking import MARKINGS
from studio.editing.strips import EVENT_ACTIONS, LANE_ACTIONS, lane_action, lane_label
from studio.sessions.session import Session

ActionValues = Mapping[str, Any]
Edit = Callable[[Story, Event, ActionValues], Story | tuple[Story, str]]
EditOfSeveral = Callable[[Story, Sequence[str], Event, ActionValues], tuple[Story, tuple[str, ...]]]
"""The story, the ids of what is selected, the event that was taken hold of: the story after it, and
the ids of what it made."""

NEW_CAPTION = "a new sound"
NEW_SECONDS = 4.0
SNAP_GRID = 0.5


def act(session: Session, name: str, values: ActionValues) -> None:
    """Do one action to the open story and keep the selection on what it made.

    Args:
        values: `id` of the event (default: the selected one), `ids` where several are selected, and
            what the action needs; numbers may be text, as they come from a page. `ripple` false:
            what follows stays where it is. Actions with one `gesture` are undone together.

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
    if name in ("undo", "redo", "go"):
        _step(folder, name, values)
        session.follow(selected)
        return
    ids = ids_of(values)
    if name == "master" or name in LANE_ACTIONS:
        label = label_about(name, lane_label(name, values))
        group = f"{name}-{values.get('lane')}-{gesture}" if gesture else ""
        folder.edit(label, lambda story: lane_action(name, story, values), group)
        return
    several = SEVERAL.get(name) if len(ids) > 1 or name not in ACTIONS else None
    edit = ACTIONS.get(name)
    if edit is None and several is None:
        raise StoryError(f"There is no action called {name[:30]!r}.")
    made: tuple[str, ...] = ()

    def apply(story: Story) -> Story:
        nonlocal made
        event = _event(session, story, values)
        if several is not None:
            story, made = several(story, ids or (event.id,), event, values)
            return story
        assert edit is not None
        done = edit(story, event, values)
        if isinstance(done, Story):
            return done
        story, new = done
        made = (new,)
        return story

    before = folder.story
    acted_on = next((e for e in before.events if e.id == wanted), selected)
    about = [e for e in before.events if e.id in ids] if several else [acted_on] if acted_on else []
    label = label_of(name, [] if name in MARKINGS else about)
    folder.edit(label, apply, f"{name}-{gesture}" if gesture else "")
    session.made_by_action(made)
    session.selected = made[0] if made else wanted or session.selected
    session.follow(acted_on)


def _step(folder: StoryFolder, name: str, values: ActionValues) -> None:
    """Along the history: a step, or to a place in its list."""
    if name == "go":
        folder.go_to(whole(values.get("place"), "place"))
    elif name == "undo":
        folder.undo()
    else:
        folder.redo()


def ripples(values: ActionValues) -> bool:
    """Whether what follows on layer 0 moves along with an edit; it does where nothing is said."""
    return flag(values.get("ripple", True))


def ids_of(values: ActionValues) -> tuple[str, ...]:
    """The ids of several selected events; none where one alone is meant.

    Raises:
        StoryError: they are no list of ids.
    """
    ids = values.get("ids")
    if ids is None:
        return ()
    if not isinstance(ids, list) or len(ids) > MAX_EVENTS:
        raise StoryError("The ids should be a list of them; select the events again.")
    return tuple(dict.fromkeys(words(each, "id") for each in ids))


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


def _begin(story: Story, event: Event, values: ActionValues) -> Story:
    start = _stepped(event.start, values, "start")
    return timeline.begin_at(story, event.id, start, ripple=ripples(values))


def _moved(story: Story, event: Event, values: ActionValues, start: float) -> Story:
    """Moved to a start; whichever of its edges is nearer to something snaps, but for what only
    comes to another place in the order."""
    ripple = ripples(values)
    if not event.layer and ripple:
        return timeline.move(story, event.id, start)
    first = _snapped(story, event, values, start)
    last = _snapped(story, event, values, start + event.duration) - event.duration
    nearest = first if abs(first - start) <= abs(last - start) else last
    return timeline.move(story, event.id, nearest, ripple=ripple)


def _reorder(story: Story, event: Event, values: ActionValues) -> Story:
    place = story.sequence.index(event) if event in story.sequence else 0
    return timeline.reorder(story, event.id, place + whole(values.get("by"), "by"))


def _stretch(story: Story, event: Event, values: ActionValues) -> Story:
    end = event.start + _stepped(event.duration, values, "duration")
    length = _snapped(story, event, values, end) - event.start
    return timeline.stretch(story, event.id, length, ripple=ripples(values))


def _trim(story: Story, event: Event, values: ActionValues) -> Story:
    start = _snapped(story, event, values, _stepped(event.start, values, "start"))
    return timeline.trim(story, event.id, start, ripple=ripples(values))


def _layer(story: Story, event: Event, values: ActionValues) -> Story:
    """To another layer; one that is dragged there has a start, too, which snaps as in a move."""
    layer, ripple = max(0, whole(values.get("layer"), "layer")), ripples(values)
    if values.get("start") is None:
        return timeline.set_layer(story, event.id, layer, ripple=ripple)
    start = _seconds(values, "start")
    if event.layer and not layer:
        return timeline.set_layer(story, event.id, layer, start, ripple=ripple)
    story = timeline.set_layer(story, event.id, layer, ripple=ripple)
    return _moved(story, story.event(event.id), values, start) if layer else story


def _add(story: Story, event: Event, values: ActionValues) -> tuple[Story, str]:
    """A new event after the selected one, or at a moment."""
    caption = words(values.get("text"), "caption") or NEW_CAPTION
    length = _or(values, "duration", NEW_SECONDS)
    if values.get("at") is not None:
        at = _seconds(values, "at")
        return timeline.add_at_moment(story, caption, length, at, ripple=ripples(values))
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
    layer = free_layer(story, start, length)
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


def _of_story(edit: Callable[[Story, ActionValues], Story]) -> Edit:
    """An action that no event has a part in."""
    return lambda story, event, values: edit(story, values)


ACTIONS: dict[str, Edit] = {
    "caption": _text("caption"),
    "mood": _text("mood"),
    "move": _move,
    "begin": _begin,
    "slip": lambda s, e, v: timeline.slip(s, e.id, _seconds(v, "by")),
    "reorder": _reorder,
    "stretch": _stretch,
    "roll": lambda s, e, v: timeline.roll(s, e.id, _snapped(s, e, v, _seconds(v, "end"))),
    "trim": _trim,
    "layer": _layer,
    "add": _add,
    "over": _over,
    "split": lambda s, e, v: timeline.split(s, e.id, _seconds(v, "at")),
    "join": lambda s, e, v: timeline.join(s, e.id),
    "duplicate": lambda s, e, v: timeline.duplicate(s, e.id, ripple=ripples(v)),
    "delete": lambda s, e, v: timeline.delete(s, e.id, ripple=ripples(v)),
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
    "loop": lambda s, e, v: timeline.change(
        s, e.id, loop=flag(v["on"]) if "on" in v else not e.loop
    ),
    "drop_others": lambda s, e, v: timeline.drop_other_takes(s, e.id),
    "drop": lambda s, e, v: timeline.drop_take(s, e.id, words(v.get("key"), "take")),
    **{name: _of_story(edit) for name, edit in MARKINGS.items()},
    **EVENT_ACTIONS,
}


def _move_several(
    story: Story, ids: Sequence[str], event: Event, values: ActionValues
) -> tuple[Story, tuple[str, ...]]:
    """All by as much as the one that is moved to a start, or by so many seconds."""
    by = _stepped(event.start, values, "start") - event.start
    return selection.move_together(story, ids, by, ripple=ripples(values)), ()


def _lock_several(
    story: Story, ids: Sequence[str], event: Event, values: ActionValues
) -> tuple[Story, tuple[str, ...]]:
    for event_id in ids:
        story = timeline.lock(story, event_id, not event.locked)
    return story, ()


SEVERAL: dict[str, EditOfSeveral] = {
    "move": _move_several,
    "gain_by": lambda s, ids, e, v: (selection.change_gains(s, ids, _seconds(v, "by")), ()),
    "delete": lambda s, ids, e, v: (selection.delete_together(s, ids, ripple=ripples(v)), ()),
    "duplicate": lambda s, ids, e, v: selection.duplicate_together(s, ids, ripple=ripples(v)),
    "group": lambda s, ids, e, v: (selection.group(s, ids), ()),
    "ungroup": lambda s, ids, e, v: (selection.ungroup(s, ids), ()),
    "lock": _lock_several,
}
"""Actions on all that is selected: the others are done to one event."""
