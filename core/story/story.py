"""The story that everything else works on: plain data, its invariants, and its JSON form.

Layer 0 tells the story: its events follow one another in order, and none begins before the one
before it ends. Layers above it lie over the story and may overlap anything. Nothing ends after the
total. All times are seconds.
"""

from __future__ import annotations

import bisect
import dataclasses
import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import StoryError
from core.files import write_atomically
from core.language.score import LevelShape
from core.profile import OWN
from core.schema import parse_json, read_dataclass
from core.story.context import ContextReader, ContextTable
from core.story.limits import (
    GAIN_RANGE,
    MAX_ALL_POINTS,
    MAX_CAPTION,
    MAX_EVENTS,
    MAX_INSTRUCTION,
    MAX_LAYER,
    MAX_NAME,
    MAX_NOTES,
    MAX_REASONING,
    MAX_SEED,
    MAX_TAKES,
    MAX_TOTAL,
    MIN_DURATION,
    TOLERANCE,
    check_number,
    check_text,
)
from core.story.marker import StoryMarker, check_markers
from core.story.shape import (
    Point,
    Role,
    check_repetitions,
    check_shape,
    level_points,
)
from core.story.strip import (
    NEAR,
    Equaliser,
    FadeCurve,
    Lane,
    RoomSend,
    check_distance,
    check_envelopes,
    check_lanes,
)
from core.story.take import Take, read_take, take_data
from core.story.versions import VERSION, modernised

SILENCE = "silence"
"""Caption of an event in which nothing is heard, on purpose."""
PLACEHOLDER = "[placeholder]"
"""What stands before the caption of one in file names, markers and projects."""
_OF_FEW_EVENTS = frozenset(
    {"role", "shape", "points", "count", "every", "at", "source", "performer", "group"}
)
_OF_STRIPS = frozenset(
    {
        "fade_in_curve", "fade_out_curve", "gain_envelope", "pan_envelope", "distance",
        "equaliser", "room", "loop",
    }
)  # fmt: skip
_OF_FEW_STORIES = frozenset({"lanes", "master_db", "performer", "markers"})
MAX_FILE_BYTES = 8_000_000
MAX_OLD_FILE_BYTES = 64_000_000
"""Of files of versions 1 and 2, in which every take holds all of its text: 500 events with three
takes each are 54 MB."""


@dataclass(frozen=True)
class Event:
    """One sound of the story: what is heard (caption), when, how loud, and its takes.

    Attributes:
        gain_db: how loud it is; where `trim_db` is a number the studio's default
            (`core.mix.levels`), set anew with every take.
        trim_db: decibels above the level that suits the sound, by which the default is set; None:
            the gain was set by hand or there is no take yet, and stays.
        pan: -1 left to 1 right; at 0 the mix may set a spot sound a little aside.
        width: how much of the width or place that suits a mono take it gets, 0 none to 1 all;
            None: all (see `core.mix.width`).
        placeholder: its sound is not known, and is performed as another on purpose.
        role: a bed carries on beneath, a spot happens; None: by its place (`Story.role_of`).
        shape: of its level over its length (`core.story.shape`).
        points: of a shape that is given by points.
        count, every, at: how often the sound is struck, or with how many seconds between, or at
            which seconds from the event's start; at most one of them.
        source: id of another event whose source sounds again, which has no such of its own.
        fade_in_curve, fade_out_curve: None: the mix's own.
        gain_envelope: seconds from the event's start, and decibels that are added to its gain and
            its shape; straight between points, the outer ones are held.
        pan_envelope: the same with -1 left to 1 right, in place of `pan`.
        distance: metres from which it is heard (`core.story.strip.NEAR`: as its take has it).
        equaliser, room: what it goes through (`core.story.strip`).
        loop: its take sounds over and over without a seam, however long the event is.
        performer: who performs it (`core.render.performers`); None: the story's.
        group: name that events which are edited together share; None: it is in no group.
    """

    id: str
    caption: str
    start: float
    duration: float
    mood: str = ""
    layer: int = 0
    gain_db: float = 0.0
    trim_db: float | None = None
    pan: float = 0.0
    width: float | None = None
    fade_in: float = 0.0
    fade_out: float = 0.0
    seed: int | None = None
    locked: bool = False
    placeholder: bool = False
    role: Role | None = None
    shape: LevelShape = "steady"
    points: tuple[Point, ...] = ()
    count: int | None = None
    every: float | None = None
    at: tuple[float, ...] = ()
    source: str | None = None
    fade_in_curve: FadeCurve | None = None
    fade_out_curve: FadeCurve | None = None
    gain_envelope: tuple[Point, ...] = ()
    pan_envelope: tuple[Point, ...] = ()
    distance: float = NEAR
    equaliser: Equaliser | None = None
    room: RoomSend | None = None
    loop: bool = False
    performer: str | None = None
    group: str | None = None
    takes: tuple[Take, ...] = ()
    chosen: str | None = None

    def __post_init__(self) -> None:
        if not self.id or len(self.id) > 40 or not self.id.replace("-", "").isalnum():
            raise StoryError("An event's id should be 1 to 40 letters, digits or dashes.")
        if not self.caption.strip():
            raise StoryError("A caption is empty; say what is heard.")
        check_text("caption", self.caption, MAX_CAPTION)
        check_text("mood", self.mood, 80)
        check_number("start", self.start, 0.0, MAX_TOTAL, "seconds")
        check_number("duration", self.duration, MIN_DURATION, MAX_TOTAL, "seconds")
        check_number("layer", self.layer, 0, MAX_LAYER, "")
        check_number("gain", self.gain_db, *GAIN_RANGE, "dB")
        if self.trim_db is not None:
            check_number("gain beside the default", self.trim_db, *GAIN_RANGE, "dB")
        check_number("pan", self.pan, -1.0, 1.0, "(left to right)")
        if self.width is not None:
            check_number("width", self.width, 0.0, 1.0, "(a point to its widest)")
        check_number("fade in", self.fade_in, 0.0, self.duration, "seconds")
        check_number("fade out", self.fade_out, 0.0, self.duration, "seconds")
        if self.seed is not None:
            check_number("seed", self.seed, 0, MAX_SEED, "")
        check_shape(self.shape, self.points, self.duration)
        check_repetitions(self.count, self.every, self.at, self.duration)
        check_envelopes(self.gain_envelope, self.pan_envelope, self.duration)
        check_distance(self.distance)
        if self.source is not None:
            check_text("source", self.source, MAX_NAME)
        if self.performer is not None:
            check_text("performer", self.performer, MAX_NAME)
        if self.group is not None:
            check_text("group", self.group, MAX_NAME)
        if self.chosen is not None and self.chosen not in {take.key for take in self.takes}:
            raise StoryError("An event's chosen take is not among its takes; choose another.")

    @property
    def end(self) -> float:
        return self.start + self.duration

    @property
    def silent(self) -> bool:
        """Whether it is a silence: nothing is rendered for it."""
        return self.caption.strip().lower() == SILENCE

    @property
    def level_points(self) -> tuple[Point, ...]:
        """The curve of its level: seconds from its start, and decibels; none where it is steady."""
        return level_points(self.shape, self.points, self.duration)

    @property
    def label(self) -> str:
        """The caption as other programs show it, a placeholder marked."""
        return f"{PLACEHOLDER} {self.caption}" if self.placeholder else self.caption

    @property
    def take(self) -> Take | None:
        """The chosen take, if the event has one."""
        return next((t for t in self.takes if t.key == self.chosen), None)

    @property
    def offset(self) -> float:
        """Seconds into its take at which the event begins: more than 0 for parts of a take only."""
        take = self.take
        return take.part.offset if take and take.part else 0.0

    def is_filled_by(self, take: Take) -> bool:
        """Whether a take is as long as the event, or holds all of the part that the event is; one
        that loops is long enough for any."""
        if self.loop:
            return True
        if take.part is None:
            return abs(take.duration - self.duration) <= TOLERANCE
        return take.part.offset + self.duration <= take.duration + TOLERANCE

    def continues(self, before: Event) -> bool:
        """Whether it goes on, on the same layer, in the take where `before` leaves it."""
        mine, other = self.take, before.take
        return (
            mine is not None
            and other is not None
            and mine.key == other.key
            and mine.part is not None
            and self.layer == before.layer
            and abs(self.start - before.end) <= TOLERANCE
            and abs(self.offset - before.offset - before.duration) <= TOLERANCE
        )


@dataclass(frozen=True)
class Story:
    """An instruction, the director's reasoning about it, and the events in time.

    Attributes:
        total: length of the story in seconds.
        corrections: what the studio changed in the director's plan, one sentence each.
        notes: what of the instruction was not kept, or has no event, one sentence each.
        lanes: channel strips of the layers that have one, in their order.
        master_db: of the fader that all lanes go through, before the mix's limiter.
        performer: who performs the events that do not say (`core.render.performers`).
        markers: named moments, in their order.
    """

    instruction: str
    total: float
    seed: int
    profile: str
    reasoning: str
    events: tuple[Event, ...]
    corrections: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    version: int = field(default=VERSION)
    lanes: tuple[Lane, ...] = ()
    master_db: float = 0.0
    performer: str = OWN
    markers: tuple[StoryMarker, ...] = ()

    def __post_init__(self) -> None:
        if self.version != VERSION:
            raise StoryError("A story of another version was not brought to this one; read it.")
        check_text("instruction", self.instruction, MAX_INSTRUCTION)
        check_text("reasoning", self.reasoning, MAX_REASONING)
        check_number("total duration", self.total, MIN_DURATION, MAX_TOTAL, "seconds")
        check_number("seed", self.seed, 0, MAX_SEED, "")
        check_text("profile's name", self.profile, MAX_NAME)
        check_text("performer's name", self.performer, MAX_NAME)
        for name, sentences in (("corrections", self.corrections), ("notes", self.notes)):
            if len(sentences) > MAX_NOTES:
                raise StoryError(f"A story has at most {MAX_NOTES} {name}; leave some out.")
            for sentence in sentences:
                check_text("note on the plan", sentence, MAX_REASONING)
        check_lanes(self.lanes)
        check_markers(self.markers)
        check_number("gain of the master", self.master_db, *GAIN_RANGE, "dB")
        points = sum(len(e.gain_envelope) + len(e.pan_envelope) for e in self.events)
        points += sum(len(lane.gain_envelope) + len(lane.pan_envelope) for lane in self.lanes)
        if points > MAX_ALL_POINTS:
            raise StoryError(
                f"The story's envelopes have {points} points in all, and at most {MAX_ALL_POINTS}; "
                "take some off."
            )
        self._check_events()

    def _check_events(self) -> None:
        if not 1 <= len(self.events) <= MAX_EVENTS:
            raise StoryError(f"A story has 1 to {MAX_EVENTS} events, not {len(self.events)}.")
        if len({event.id for event in self.events}) != len(self.events):
            raise StoryError("Two events share one id; give each its own.")
        takes = sum(len(event.takes) for event in self.events)
        if takes > MAX_TAKES:
            raise StoryError(
                f"A story holds at most {MAX_TAKES} takes, not {takes}; take some off their lists."
            )
        clock = 0.0
        for event in self.sequence:
            if event.start < clock - TOLERANCE:
                raise StoryError(
                    f"{event.caption!r} starts at {event.start:g} s, before the event before it "
                    f"ends at {clock:g} s; make them meet or move it to a layer above."
                )
            clock = event.end
        for event in self.events:
            if event.end > self.total + TOLERANCE:
                raise StoryError(f"{event.caption!r} ends after the story; shorten or move it.")
        first = {event.id for event in self.events if event.source is None}
        for event in self.events:
            if event.source is not None and event.source not in first:
                raise StoryError(
                    f"{event.caption!r} has the source of an event that is not there, or has "
                    "another's itself; choose another source."
                )

    @property
    def sequence(self) -> tuple[Event, ...]:
        """The events of layer 0, in the order told."""
        return tuple(event for event in self.events if event.layer == 0)

    @functools.cached_property
    def _carrying(self) -> frozenset[str]:
        """Ids of the events during which another one begins and ends."""
        heard = sorted((e for e in self.events if not e.silent), key=lambda e: e.start)
        starts = [event.start for event in heard]
        found = set()
        for event in heard:
            begin = bisect.bisect_left(starts, event.start - TOLERANCE)
            end = bisect.bisect_right(starts, event.end)
            if any(
                other.end <= event.end + TOLERANCE and other.duration < event.duration - TOLERANCE
                for other in heard[begin:end]
            ):
                found.add(event.id)
        return frozenset(found)

    @functools.cached_property
    def _firsts(self) -> dict[str, Event]:
        """The first event by start of each source, by the id of the event that has it."""
        firsts: dict[str, Event] = {}
        for event in sorted(self.events, key=lambda e: (e.start, e.source is not None)):
            firsts.setdefault(event.source or event.id, event)
        return firsts

    def role_of(self, event: Event) -> Role:
        """Whether an event is a bed or a spot.

        Where it is not said, what carries on while another sound comes and goes is a bed: that is
        what a bed is for, and where an event lies is known before it sounds.
        """
        return event.role or ("bed" if event.id in self._carrying else "spot")

    def first_of_source(self, event: Event) -> Event:
        """The first event, by start, of those with the source of this one: itself, or one before
        it."""
        return self._firsts[event.source or event.id]

    def lane(self, layer: int) -> Lane:
        """The channel strip of a layer: one that changes nothing where it has none."""
        return next((lane for lane in self.lanes if lane.layer == layer), Lane(layer))

    def hears(self, layer: int) -> bool:
        """Whether anything of a layer is heard, which its strip or the solo of others may forbid.

        The solo of a layer on which nothing lies any more counts for nothing.
        """
        used = {event.layer for event in self.events}
        soloed = {lane.layer for lane in self.lanes if lane.soloed} & used
        return not self.lane(layer).muted and (not soloed or layer in soloed)

    @property
    def last_id(self) -> str:
        """The id of the last event of layer 0; empty where there is none."""
        return next((event.id for event in reversed(self.events) if event.layer == 0), "")

    def event(self, event_id: str) -> Event:
        """The event with this id.

        Raises:
            StoryError: there is none.
        """
        for event in self.events:
            if event.id == event_id:
                return event
        raise StoryError("That event is no longer in the story; select another.")

    def replace_event(self, event: Event) -> Story:
        """The story with the event of the same id replaced."""
        self.event(event.id)
        events = tuple(event if e.id == event.id else e for e in self.events)
        return dataclasses.replace(self, events=events)

    def to_json(self) -> str:
        """The story as the text of a file: an event or a take on each line."""
        table = ContextTable()
        for event in self.events:
            table.add(take.context for take in event.takes)
        parts = {
            field.name: _json(getattr(self, field.name))
            for field in dataclasses.fields(self)
            if field.name != "events"
            and (getattr(self, field.name) != field.default or field.name not in _OF_FEW_STORIES)
        }
        parts["events"] = _lines(map(_event_text, self.events))
        parts["contexts"] = _table(
            {n: _lines(map(_json, rows)) for n, rows in table.news().items()}
        )
        return _table(parts) + "\n"

    def to_bytes(self) -> bytes:
        """The story as the content of a file that can be opened again.

        Raises:
            StoryError: it would be too large.
        """
        data = self.to_json().encode()
        if len(data) > MAX_FILE_BYTES:
            raise StoryError(
                f"The story's file would have {len(data) / 1e6:.1f} MB, more than the "
                f"{MAX_FILE_BYTES / 1e6:g} MB that can be opened again; drop takes that are not "
                "needed."
            )
        return data

    @staticmethod
    def from_json(text: str) -> Story:
        """Read a story back, of this version or an earlier one.

        Raises:
            StoryError: the text is not a story, in one sentence.
        """
        return Story.from_data(story_data(text))

    @staticmethod
    def from_data(values: dict[str, Any]) -> Story:
        """A story from the values of its file (`story_data`); raises as `from_json`."""
        data = modernised(values)
        contexts = ContextReader()
        contexts.read(data.pop("contexts", {"texts": [], "chains": []}))
        if isinstance(events := data.get("events"), list):
            data["events"] = [
                read_event(event, contexts, f"story.events[{i}]") for i, event in enumerate(events)
            ]
        return read_dataclass(Story, data, "story", StoryError)

    def save(self, path: Path) -> None:
        """Write story.json in one step, so that a crash leaves the old file or the new one.

        Raises:
            StoryError: the file would be too large to be opened again; nothing changed.
            FileError: the folder cannot be written to or the disk is full; nothing changed.
        """
        write_atomically(path, self.to_bytes())

    @staticmethod
    def load(path: Path) -> Story:
        """Read story.json.

        Raises:
            StoryError: the file cannot be read or is not a story.
        """
        return Story.from_json(read_text(path))


def story_data(text: str) -> dict[str, Any]:
    """The values of a story's file, whatever its version.

    Raises:
        StoryError: it is too large, or not a table in JSON.
    """
    if len(text) > MAX_OLD_FILE_BYTES:
        raise StoryError(_TOO_LARGE)
    try:
        data = parse_json(text)
    except ValueError:
        raise StoryError("The story file is not valid JSON; choose another file.") from None
    if not isinstance(data, dict):
        raise StoryError("story should be a table of named values.")
    if data.get("version", VERSION) == VERSION and len(text) > MAX_FILE_BYTES:
        raise StoryError(_TOO_LARGE)
    return data


_TOO_LARGE = "The story file is too large to be a story; choose another file."


def read_text(path: Path) -> str:
    """The text of a story's file, in UTF-8, UTF-16 or UTF-32, with or without a byte order mark:
    editors save it as they like.

    Raises:
        StoryError: it cannot be read, is too large, or is not text.
    """
    try:
        if path.stat().st_size > MAX_OLD_FILE_BYTES:
            raise StoryError(f"{path.name} is too large to be a story; choose another file.")
        data = path.read_bytes()
        return data.decode(json.detect_encoding(data))
    except OSError as cause:
        raise StoryError(
            f"{path.name} cannot be read ({cause.strerror}); check the path."
        ) from None
    except UnicodeDecodeError:
        raise StoryError(f"{path.name} is not text; choose a story.json.") from None


def read_event(data: object, contexts: ContextReader, where: str) -> Event:
    """An event from its form in a file.

    Raises:
        StoryError: the data are not an event, or a take's context is not among `contexts`.
    """
    if isinstance(data, Mapping) and isinstance(takes := data.get("takes"), list):
        read = [
            take if isinstance(take, Take) else read_take(take, contexts, f"{where}.takes[{i}]")
            for i, take in enumerate(takes)
        ]
        data = {**data, "takes": read}
    return read_dataclass(Event, data, where, StoryError)


def event_data(event: Event) -> dict[str, Any]:
    """The event's fields as a file holds them, less its takes.

    What few events have is left out where it is not given, so that files of earlier versions
    stay what they are to the byte. Strips' own dataclasses are left as they are
    (`plain_data`).
    """
    return {
        field.name: value
        for field in dataclasses.fields(event)
        if field.name != "takes"
        and (
            (value := getattr(event, field.name)) != field.default
            or field.name not in _OF_FEW_EVENTS | _OF_STRIPS
        )
    }


def _event_text(event: Event) -> str:
    takes = _lines(_json(take_data(take)) for take in event.takes)
    return f'{_json(event_data(event))[:-1]}, "takes": {takes}}}'


def _lines(items: Iterable[str]) -> str:
    """A list in JSON with an item on each line."""
    text = ",\n ".join(items)
    return f"[\n {text}]" if text else "[]"


def _table(parts: Mapping[str, str]) -> str:
    """A table in JSON with a name on each line; `parts` are in JSON already."""
    lines = ",\n".join(f"{_json(name)}: {text}" for name, text in parts.items())
    return f"{{\n{lines}\n}}"


def plain_data(part: Any) -> dict[str, Any]:
    """A part of a strip as JSON holds it, what is as usual left out."""
    return {
        field.name: value
        for field in dataclasses.fields(part)
        if (value := getattr(part, field.name)) != field.default
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=plain_data)
