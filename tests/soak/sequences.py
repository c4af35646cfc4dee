"""Random sequences of what hands do to a story in the studio.

After each step table, picture, mix and file say the same of the story, and what of a take is heard
alone null-tests against it, wherever it was split, trimmed, slipped and moved to. In the end all
of it is undone to the first story, byte for byte, and made again to the last one.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import soundfile
from hypothesis import strategies as st

from core.errors import StoryError
from core.mix.mix import MixSettings, place_events, story_frames, sum_blocks
from core.mix.sources import ArraySource
from core.story import timeline
from core.story.clipboard import clip_text
from core.story.folders import StoryFolder
from core.story.library import Library
from core.story.limits import GAIN_RANGE
from core.story.shape import LEVEL_SHAPES, ROLES
from core.story.story import Event, Story
from core.story.strip import (
    FADE_CURVES,
    HIGH_CUT_RANGE,
    LOW_CUT_RANGE,
    NEAR,
    PIVOT_RANGE,
    ROOM_NAMES,
    TILT_RANGE,
)
from core.story.take import Take
from studio.editing import table
from studio.editing.actions import act
from studio.editing.pasting import paste
from studio.editing.strips import Curve, points_of
from studio.sessions.session import Session
from studio.sound.peaks import PeakCache
from tests.soak.agreement import NULL_DB, RATE, nulled, picture_agrees, plan_agrees

TAIL = 0.5
"""Seconds of the takes beyond their events: what is cross-faded."""
MOST_EVENTS = 12
SHORTEST, LONGEST = 3, 14
"""Steps of a sequence."""


@dataclass(frozen=True)
class Step:
    """One thing that a hand does.

    Attributes:
        number: of the event that it is done to, and of a choice.
        along, up: shares, of a time and of a value.
        ripple: whether the switch is on; for switches, whether they are.
        many: whether more than one event is selected.
    """

    name: str
    number: int
    along: float
    up: float
    ripple: bool
    many: bool


Values = dict[str, Any]
_SETTINGS = ("distance", "low_cut", "high_cut", "tilt_db", "pivot", "room", "room_level")


def _between(limits: tuple[float, float], share: float) -> float:
    return round(limits[0] + (limits[1] - limits[0]) * share, 2)


def _times(story: Story, event: Event, step: Step) -> Values:
    moment = round(step.along * story.total, 3)
    return {
        **{"at": moment, "start": moment, "end": moment},
        **{"duration": round(12 * step.along, 3), "layer": step.number % 3},
        "total": round(5 + 30 * step.along, 1),
    }


def _inside(story: Story, event: Event, step: Step) -> Values:
    """At a moment of the event, or a little beside it."""
    moment = round(event.start + (1.2 * step.along - 0.1) * event.duration, 3)
    return {"at": moment, "start": moment, "end": round(event.end + step.up - step.along, 3)}


def _by(story: Story, event: Event, step: Step) -> Values:
    return {"by": round(6 * step.along - 3, 2)}


def _reordered(story: Story, event: Event, step: Step) -> Values:
    return {"by": step.number % 3 - 1}


def _curve(step: Step) -> tuple[str, tuple[float, float]]:
    """A curve, and the range of its values."""
    of = ("gain", "pan", "shape")[step.number % 3]
    return of, (-1.0, 1.0) if of == "pan" else GAIN_RANGE


def _length(story: Story, event: Event, step: Step) -> float:
    return story.total if step.name.startswith("lane_") else event.duration


def _point(story: Story, event: Event, step: Step) -> Values:
    of, limits = _curve(step)
    at = round(step.along * _length(story, event, step), 3)
    return {"of": of, "at": at, "value": _between(limits, step.up), "point": step.number % 2}


def _point_by(story: Story, event: Event, step: Step) -> Values:
    """By keys, which take a point along from where it is."""
    by = {"by": step.up - 0.5, "by_time": step.along - 0.5}
    return _that_point(story, event, step) | by


def _that_point(story: Story, event: Event, step: Step) -> Values:
    """One of a curve that has some, where one has."""
    strip = story.lane(event.layer) if step.name.startswith("lane_") else event
    curves: tuple[Curve, ...] = ("gain", "pan")
    drawn = [curve for curve in curves if points_of(strip, curve)]
    of: Curve = drawn[step.number % len(drawn)] if drawn else "shape"
    place = step.number % max(1, len(points_of(strip, of)))
    return _point(story, event, step) | {"of": of, "point": place, "value": 2 * step.up - 1}


def _points(story: Story, event: Event, step: Step) -> Values:
    of, limits = _curve(step)
    count, length = step.number % 5, _length(story, event, step)
    shares = [(n + step.along) / count for n in range(count)]
    points = [[share * length, _between(limits, step.up * (1 - share / 2))] for share in shares]
    return {"of": of, "points": points}


def _fade(story: Story, event: Event, step: Step) -> Values:
    values: Values = {"side": ("in", "out")[step.number % 2]}
    if not step.many:
        values["curve"] = ("", *FADE_CURVES)[step.number % 6]
    if step.many or step.ripple:
        values["value"] = round(step.along * event.duration, 3)
    return values


def _setting(story: Story, event: Event, step: Step) -> Values:
    of = _SETTINGS[step.number % len(_SETTINGS)]
    if of == "room":
        return {"of": of, "value": ("", *ROOM_NAMES)[round(5 * step.up)]}
    limits = {
        "distance": (NEAR, 100.0),
        "low_cut": LOW_CUT_RANGE,
        "high_cut": HIGH_CUT_RANGE,
        "tilt_db": TILT_RANGE,
        "pivot": PIVOT_RANGE,
        "room_level": (-60.0, 0.0),
    }[of]
    return {"of": of, "value": "" if step.many else _between(limits, step.up)}


def _ducking(story: Story, event: Event, step: Step) -> Values:
    return {"depth_db": 30 * step.up, "attack": 0.01 + step.along, "release": 0.01 + 2 * step.up}


def _value(limits: tuple[float, float]) -> Callable[[Story, Event, Step], Values]:
    def values(story: Story, event: Event, step: Step) -> Values:
        value = _between(limits, step.up)
        return {"by": value / 10} if step.many else {"value": value}

    return values


def _set(limits: tuple[float, float]) -> Callable[[Story, Event, Step], Values]:
    return lambda story, event, step: {"value": _between(limits, step.up)}


def _words(*choices: str) -> Callable[[Story, Event, Step], Values]:
    return lambda story, event, step: {"text": choices[step.number % len(choices)]}


def _on(story: Story, event: Event, step: Step) -> Values:
    return {"on": step.ripple}


def _marker(story: Story, event: Event, step: Step) -> Values:
    """At one that is there, where there is one."""
    at = round(step.along * story.total, 3)
    if story.markers and step.name != "mark":
        at = story.markers[step.number % len(story.markers)].at
    return {
        "at": at,
        "to": round(step.up * story.total, 3),
        "text": ("a door", "a bell")[step.many],
    }


def _take(story: Story, event: Event, step: Step) -> Values:
    keys = [take.key for take in event.takes] or [""]
    return {"key": keys[step.number % len(keys)]}


_SECONDS = (0.0, 4.0)
_FADERS = (GAIN_RANGE[0], 12.0)
VALUES: dict[str, Callable[[Story, Event, Step], Values]] = {
    **{name: _times for name in ("move", "begin", "stretch", "layer")},
    **{name: _inside for name in ("trim", "roll", "split")},
    **{name: _times for name in ("add", "over", "duplicate", "delete", "fit", "join", "lock")},
    **{name: _times for name in ("group", "ungroup", "paste", "paste from elsewhere", "cut")},
    **{name: _times for name in ("undo", "redo", "go")},
    "slip": _by,
    "gain_by": _by,
    "reorder": _reordered,
    "caption": _words("a far bell", "sound 2"),
    "role": _words("", *ROLES),
    "shape": _words(*LEVEL_SHAPES[:-1], "0:-20, 1.5:0"),
    "repeats": _words("", "3x", "every 2 s"),
    "loop": _on,
    "keep": _take,
    "gain": _set(_FADERS),
    "pan": _set((-1.0, 1.0)),
    "fade_in": _set(_SECONDS),
    "fade_out": _set(_SECONDS),
    **{name: _marker for name in ("mark", "move_marker", "rename_marker", "unmark")},
    **{name: _points for name in ("points", "lane_points")},
    **{name: _point for name in ("point_add", "lane_point_add")},
    **{name: _that_point for name in ("point_move", "point_remove")},
    **{name: _that_point for name in ("lane_point_move", "lane_point_remove")},
    **{name: _point_by for name in ("point nudged", "lane_point nudged")},
    "fade": _fade,
    **{name: _setting for name in ("strip", "lane_strip")},
    **{name: lambda s, e, step: {"times": 1.1 + 30 * step.up} for name in ("approach", "recede")},
    **{name: _ducking for name in ("duck", "duck_beds", "lane_duck")},
    **{name: _value(_FADERS) for name in ("lane_gain", "master")},
    "lane_pan": _value((-1.0, 1.0)),
    **{name: _on for name in ("lane_mute", "lane_solo")},
}
"""What a hand does, by the name of the action, and the values that the page sends with it."""
_OFTEN = ("split", "trim", "slip", "stretch", "move", "undo")
"""What changes where in its take a sound is, and is worth more tries than one in sixty."""
NAMES = (*sorted(VALUES), *_OFTEN)
STEPS = st.builds(
    Step,
    st.sampled_from(NAMES),
    st.integers(0, 30),
    st.floats(0.0, 1.0),
    st.floats(0.0, 1.0),
    st.booleans(),
    st.booleans(),
)


@dataclass
class Tally:
    """What was tried.

    Attributes:
        sequences: that were tried.
        done, refused: how often each kind of step was.
        nulled: seconds of takes that were compared with the mix.
        loudest: of what differed, in decibels below full scale.
    """

    sequences: int = 0
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    nulled: float = 0.0
    loudest: float = -200.0

    def __str__(self) -> str:
        return (
            f"{self.sequences} sequences, {self.done.total()} steps done, {self.refused.total()} "
            f"refused; {self.nulled:.0f} s null-tested, {self.loudest:.0f} dB at most"
        )


def trial(seed: int, folder: Path, count: int) -> Tally:
    """Try so many sequences; a failing one is shortened before it is raised."""
    tally, takes, cache = Tally(), write_takes(folder / "takes"), PeakCache()

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count, deadline=None, derandomize=False, database=None, print_blob=True
    )
    @hypothesis.given(st.lists(STEPS, min_size=SHORTEST, max_size=LONGEST))
    def any_sequence(steps: list[Step]) -> None:
        # In the same folder each time, so that what was measured on the takes is kept.
        Sequenced(folder / "stories", takes, cache, tally).follow(steps)

    any_sequence()
    return tally


def first_story() -> Story:
    """Events of 4, 5 and 6 s, the second with two takes; one of 2 s and a bed of 7 s above."""
    events = [
        Event(f"e{n}", f"sound {n}", start, seconds, layer=layer, role=role)
        for n, start, seconds, layer, role in (
            (1, 0.0, 4.0, 0, None),
            (2, 4.0, 5.0, 0, None),
            (3, 9.0, 6.0, 0, None),
            (4, 10.0, 2.0, 1, "spot"),
            (5, 0.0, 7.0, 2, "bed"),
        )
    ]
    story = Story("a test", 15.0, 1, "tiny", "because", tuple(events))
    for key, event_id in (("k1", "e1"), ("k2b", "e2"), ("k2", "e2"), *_ONE_TAKE):
        event = story.event(event_id)
        tail = 0.0 if event.layer or event_id == "e3" else TAIL
        take = Take(key, None, event.caption, event.duration, tail, 7, 12, 3.0, "tiny", "w")
        take = dataclasses.replace(take, file=f"takes/{key}.flac")
        story = timeline.add_take(story, event_id, take)
    return story


_ONE_TAKE = (("k3", "e3"), ("k4", "e4"), ("k5", "e5"))


def write_takes(folder: Path) -> dict[str, np.ndarray]:
    """The takes of the first story as files of a folder, and by key: stereo noise (frames, 2)."""
    folder.mkdir(parents=True, exist_ok=True)
    takes = {}
    for number, take in enumerate(t for e in first_story().events for t in e.takes):
        frames = round((take.duration + take.tail) * RATE)
        noise = 0.1 * np.random.default_rng(number).standard_normal((frames, 2))
        soundfile.write(folder / f"{take.key}.flac", noise, RATE, subtype="PCM_24")
        takes[take.key] = soundfile.read(folder / f"{take.key}.flac", dtype="float32")[0]
    for file in folder.iterdir():
        file.chmod(0o444)
    return takes


class Sequenced:
    """A story that steps are done to, one after the other."""

    def __init__(
        self, root: Path, takes: Mapping[str, np.ndarray], cache: PeakCache, tally: Tally
    ) -> None:
        shutil.rmtree(root, ignore_errors=True)
        library = Library(root)
        self.takes, self.cache, self.tally = takes, cache, tally
        self.elsewhere = _with_sounds(library.create(first_story(), "Elsewhere"), root.parent)
        self.folder = _with_sounds(library.create(first_story(), "Here"), root.parent)
        self.session = Session(library, root / "sounds")
        self.session.show(self.folder)
        self.first = self.bytes

    @property
    def bytes(self) -> bytes:
        return (self.folder.path / "story.json").read_bytes()

    def follow(self, steps: Sequence[Step]) -> None:
        """Do the steps, each with all that has to hold after it, and all that has to in the end."""
        self.agree()
        for step in steps:
            self.step(step)
        self.undone_and_made_again()

    def step(self, step: Step) -> bool:
        """Do one step, or see that one that is refused changes nothing; says which it was.

        One that needs something else first, a marker or a point, comes after it.
        """
        first = _FIRST.get(step.name)
        if first is not None and not self.ready(step.name):
            self.step(dataclasses.replace(step, name=first))
        before, content, history = self.folder.story, self.bytes, self.folder.history
        try:
            self.do(step)
        except StoryError:
            self.tally.refused[step.name] += 1
            assert (self.folder.story, self.bytes) == (before, content)
            assert self.folder.history == history
            return False
        self.tally.done[step.name] += 1
        self.agree()
        return True

    def ready(self, name: str) -> bool:
        """Whether there is what such a step is done to."""
        story = self.folder.story
        if name == "redo":
            return bool(self.folder.redo_label)
        if name.endswith("marker") or name == "unmark":
            return bool(story.markers)
        return any(_can(story, event, name) for event in story.events)

    def undone_and_made_again(self) -> None:
        """Byte for byte; and another program finds the same."""
        last, place = self.bytes, self.folder.undo_count
        reopened = StoryFolder(self.folder.path)
        assert (reopened.story, reopened.undo_count) == (self.folder.story, place)
        while self.folder.undo_label:
            self.folder.undo()
        assert self.bytes == self.first
        self.folder.go_to(place)
        assert self.bytes == last
        self.tally.sequences += 1

    def do(self, step: Step) -> None:
        """One step, as the page asks for it; raises StoryError where it is refused."""
        story, name = self.folder.story, step.name.replace(" nudged", "_move")
        able = [e for e in story.events if _can(story, e, step.name)] or story.events
        event = able[step.number % len(able)]
        values: Values = {"id": event.id, "ripple": step.ripple, "gesture": step.number}
        values |= VALUES[step.name](story, event, step) | {"lane": event.layer}
        if step.many or name == "group":
            values["ids"] = [e.id for e in story.events[step.number % len(story.events) :][:3]]
        chosen = values.get("ids", [event.id])
        if name in _MORE and len(story.events) >= MOST_EVENTS:
            name = "delete"
        if name == "go":
            values["place"] = step.number % (len(self.folder.history) + 1)
        if name == "paste from elsewhere":
            ids = [e.id for e in self.elsewhere.story.events][: 1 + step.number % 5]
            paste(self.session, values | {"clip": [clip_text(self.elsewhere.story, ids)]}, str)
        elif name in ("paste", "cut"):
            text = clip_text(story, chosen)
            if name == "cut":
                act(self.session, "delete", values)
            paste(self.session, values | {"clip": [text]}, str)
        else:
            act(self.session, name, values)

    def agree(self) -> None:
        """Table, picture, mix and file say the same of the story."""
        story = self.folder.story
        assert Story.load(self.folder.path / "story.json") == story
        assert table.edited(story, table.rows_of(story)) == story
        picture_agrees(self.session, self.cache)
        sources = {
            event.id: _Kept(self.takes[event.take.key], event.take.key)
            for event in story.events
            if event.take is not None and self.folder.has_sound(event.take)
        }
        plan = place_events(story, sources, SETTINGS, self.cache)
        plan_agrees(story, sources, plan)
        blocks = sum_blocks(plan, sources, 0, story_frames(story, RATE), SETTINGS.block)
        seconds, loudest = nulled(story, plan, self.takes, np.concatenate(list(blocks)))
        assert loudest < NULL_DB, loudest
        self.tally.nulled += seconds
        self.tally.loudest = max(self.tally.loudest, loudest)


class _Kept(ArraySource):
    """A take in memory, under the name by which what is measured on it is kept."""

    def __init__(self, sound: np.ndarray, key: str) -> None:
        super().__init__(sound.T)
        self._key = key

    @property
    def identity(self) -> str:
        return self._key


def _can(story: Story, event: Event, name: str) -> bool:
    """Whether a step that few events take can be done to one."""
    if name == "slip":
        return event.take is not None and event.duration < event.take.duration
    if name == "ungroup":
        return event.group is not None
    strip = story.lane(event.layer) if name.startswith("lane_") else event
    if _FIRST.get(name) in ("point_add", "lane_point_add"):
        return bool(strip.gain_envelope or strip.pan_envelope)
    return True


_FIRST = {
    **{name: "mark" for name in ("move_marker", "rename_marker", "unmark")},
    **{name: "point_add" for name in ("point_move", "point_remove", "point nudged")},
    **{f"lane_point{name}": "lane_point_add" for name in ("_move", "_remove", " nudged")},
    **{"slip": "split", "redo": "undo", "ungroup": "group"},
}
"""What is done first where there is nothing that a step could be done to."""
_MORE = ("add", "over", "split", "duplicate", "paste", "paste from elsewhere")
"""What makes events of which there are not to be too many."""
SETTINGS = MixSettings(RATE, ceiling_db=None)


def _with_sounds(folder: StoryFolder, home: Path) -> StoryFolder:
    (folder.path / "takes").mkdir()
    for file in (home / "takes").iterdir():
        os.link(file, folder.path / "takes" / file.name)
    return folder
