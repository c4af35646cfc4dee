"""The story that everything else works on: plain data, its invariants, and its JSON form.

Layer 0 tells the story: its events follow one another without a gap and their durations sum to
the total. Layers above it lie over the story and may overlap anything. All times are seconds.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from core.errors import StoryError
from core.files import write_atomically
from core.schema import read_dataclass

SCHEMA_VERSION = 2
READABLE_VERSIONS = (1, 2)
"""Version 1 had no `Take.start`; its files open as they are and are saved as version 2."""
MAX_TOTAL = 3600.0
MIN_DURATION = 0.1
MAX_EVENTS = 500
MAX_LAYER = 15
MAX_INSTRUCTION = 4000
MAX_CAPTION = 400
MAX_REASONING = 20_000
MAX_FILE_BYTES = 8_000_000
MAX_SEED = 2**63 - 1
TOLERANCE = 1e-3
_SOURCE = re.compile(r"[A-Za-z0-9_-]{1,128}")


def _check_text(name: str, text: str, limit: int) -> None:
    if len(text) > limit:
        raise StoryError(f"The {name} has {len(text)} characters; shorten it to {limit}.")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise StoryError(f"The {name} holds a broken character; type it again.")


def _check_number(name: str, value: float, low: float, high: float, unit: str) -> None:
    if not math.isfinite(value) or not low <= value <= high:
        raise StoryError(f"The {name} is {value:g}; choose between {low:g} and {high:g} {unit}.")


def _readable(version: object) -> int:
    """The version that a file of this version is read as; what is new since has defaults."""
    if type(version) is not int or version not in READABLE_VERSIONS:
        raise StoryError(
            f"The story has an unknown version ({str(version)[:20]}); "
            "open it with the studio that wrote it."
        )
    return SCHEMA_VERSION


@dataclass(frozen=True)
class Start:
    """What a take began from, where that was not noise alone (see `core.performer.flow.Anchor`).

    Attributes:
        of: `take`: the latents kept with a take; `sound`: the sound of a take without latents;
            `recording`: a recording of the user's, kept in the story's folder.
        source: key of the take, or hash of the recording.
        strength: flow time at which it began: 0 keeps the source, 1 keeps nothing of it.
        seed: of the noise that the source was mixed with.
        span: seconds of the take, from and to, that were made anew; None: all of it.
        grain: seed with which the codec draws what latents leave out, so that what is kept
            sounds as it did.
    """

    of: Literal["take", "sound", "recording"]
    source: str
    strength: float
    seed: int
    grain: int
    span: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if not _SOURCE.fullmatch(self.source):
            raise StoryError("A take began from an unusable source; render its event again.")
        _check_number("strength", self.strength, 0.0, 1.0, "(as it is to all new)")
        _check_number("variation's seed", self.seed, 0, MAX_SEED, "")
        _check_number("grain", self.grain, 0, MAX_SEED, "")
        if self.span is not None:
            begin, end = self.span
            _check_number("span's end", end, 0.0, MAX_TOTAL, "seconds")
            _check_number("span's beginning", begin, 0.0, end, "seconds")


@dataclass(frozen=True)
class Take:
    """One rendering of an event, with everything that is needed to make it again.

    Attributes:
        key: hash of all fields that make the sound (see `core.render.takes.take_key`).
        stream: the director's text up to and including the event, without bridging tokens.
        caption, duration, tail: what was asked; `tail` is the extra length for the cross-fade.
        seed, steps, guidance: the performer's settings.
        profile, weights: name of the profile and hash of its weights.
        file: FLAC file, relative to the story's folder; empty while only in memory.
        start: what it began from; None: noise alone, drawn by `seed`.
    """

    key: str
    stream: str
    caption: str
    duration: float
    tail: float
    seed: int
    steps: int
    guidance: float
    profile: str
    weights: str
    file: str = ""
    start: Start | None = None

    def __post_init__(self) -> None:
        _check_number("take's duration", self.duration, 0.0, MAX_TOTAL, "seconds")
        _check_number("take's cross-fade", self.tail, 0.0, MAX_TOTAL, "seconds")
        _check_number("take's seed", self.seed, 0, MAX_SEED, "")
        _check_number("take's steps", self.steps, 0, 10_000, "")


@dataclass(frozen=True)
class Event:
    """One sound of the story: what is heard (caption), when, how loud, and its takes.

    Attributes:
        pan: -1 left to 1 right; at 0 the mix may set a spot sound a little aside.
        width: how much of the width or place that suits a mono take it gets, 0 none to 1 all;
            None: all (see `core.mix.width`).
    """

    id: str
    caption: str
    start: float
    duration: float
    mood: str = ""
    layer: int = 0
    gain_db: float = 0.0
    pan: float = 0.0
    width: float | None = None
    fade_in: float = 0.0
    fade_out: float = 0.0
    seed: int | None = None
    locked: bool = False
    takes: tuple[Take, ...] = ()
    chosen: str | None = None

    def __post_init__(self) -> None:
        if not self.id or len(self.id) > 40 or not self.id.replace("-", "").isalnum():
            raise StoryError("An event's id should be 1 to 40 letters, digits or dashes.")
        if not self.caption.strip():
            raise StoryError("A caption is empty; say what is heard.")
        _check_text("caption", self.caption, MAX_CAPTION)
        _check_text("mood", self.mood, 80)
        _check_number("start", self.start, 0.0, MAX_TOTAL, "seconds")
        _check_number("duration", self.duration, MIN_DURATION, MAX_TOTAL, "seconds")
        _check_number("layer", self.layer, 0, MAX_LAYER, "")
        _check_number("gain", self.gain_db, -60.0, 24.0, "dB")
        _check_number("pan", self.pan, -1.0, 1.0, "(left to right)")
        if self.width is not None:
            _check_number("width", self.width, 0.0, 1.0, "(a point to its widest)")
        _check_number("fade in", self.fade_in, 0.0, self.duration, "seconds")
        _check_number("fade out", self.fade_out, 0.0, self.duration, "seconds")
        if self.seed is not None:
            _check_number("seed", self.seed, 0, MAX_SEED, "")
        if self.chosen is not None and self.chosen not in {take.key for take in self.takes}:
            raise StoryError("An event's chosen take is not among its takes; choose another.")

    @property
    def end(self) -> float:
        return self.start + self.duration

    @property
    def take(self) -> Take | None:
        """The chosen take, if the event has one."""
        return next((t for t in self.takes if t.key == self.chosen), None)


@dataclass(frozen=True)
class Story:
    """An instruction, the director's reasoning about it, and the events in time.

    Attributes:
        total: length of the story in seconds.
        corrections: what the studio changed in the director's plan, one sentence each.
    """

    instruction: str
    total: float
    seed: int
    profile: str
    reasoning: str
    events: tuple[Event, ...]
    corrections: tuple[str, ...] = ()
    version: int = field(default=SCHEMA_VERSION)

    def __post_init__(self) -> None:
        if self.version != SCHEMA_VERSION:
            raise StoryError(
                f"The story has version {self.version}, this studio reads version "
                f"{SCHEMA_VERSION}; open it with the studio that wrote it."
            )
        _check_text("instruction", self.instruction, MAX_INSTRUCTION)
        _check_text("reasoning", self.reasoning, MAX_REASONING)
        _check_number("total duration", self.total, MIN_DURATION, MAX_TOTAL, "seconds")
        _check_number("seed", self.seed, 0, MAX_SEED, "")
        self._check_events()

    def _check_events(self) -> None:
        if not 1 <= len(self.events) <= MAX_EVENTS:
            raise StoryError(f"A story has 1 to {MAX_EVENTS} events, not {len(self.events)}.")
        if len({event.id for event in self.events}) != len(self.events):
            raise StoryError("Two events share one id; give each its own.")
        clock = 0.0
        for event in self.sequence:
            if abs(event.start - clock) > TOLERANCE:
                raise StoryError(
                    f"{event.caption!r} starts at {event.start:g} s where the event before it "
                    f"ends at {clock:g} s; make them meet or move it to a layer above."
                )
            clock = event.end
        if self.sequence and abs(clock - self.total) > TOLERANCE:
            raise StoryError(
                f"The durations sum to {clock:g} s, the story lasts {self.total:g} s; "
                "change one of them."
            )
        for event in self.events:
            if event.end > self.total + TOLERANCE:
                raise StoryError(f"{event.caption!r} ends after the story; shorten or move it.")

    @property
    def sequence(self) -> tuple[Event, ...]:
        """The events of layer 0, in the order told."""
        return tuple(event for event in self.events if event.layer == 0)

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
        return json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False) + "\n"

    @staticmethod
    def from_json(text: str) -> Story:
        """Read a story back.

        Raises:
            StoryError: the text is not a story of this version, in one sentence.
        """
        if len(text) > MAX_FILE_BYTES:
            raise StoryError("The story file is too large to be a story; choose another file.")
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            raise StoryError("The story file is not valid JSON; choose another file.") from None
        if isinstance(data, dict) and "version" in data:
            data |= {"version": _readable(data["version"])}
        return read_dataclass(Story, data, "story", StoryError)

    def save(self, path: Path) -> None:
        """Write story.json in one step, so that a crash leaves the old file or the new one."""
        write_atomically(path, self.to_json().encode())

    @staticmethod
    def load(path: Path) -> Story:
        try:
            if path.stat().st_size > MAX_FILE_BYTES:
                raise StoryError(f"{path.name} is too large to be a story; choose another file.")
            text = path.read_text(encoding="utf-8")
        except OSError as cause:
            raise StoryError(
                f"{path.name} cannot be read ({cause.strerror}); check the path."
            ) from None
        except UnicodeDecodeError:
            raise StoryError(f"{path.name} is not text; choose a story.json.") from None
        return Story.from_json(text)
