"""Takes: renderings of an event, with everything that is needed to make them again."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from core.errors import StoryError
from core.profile import MAX_GUIDANCE, MAX_SAMPLER_STEPS, OWN, ConditionedBy, Sampler
from core.schema import read_dataclass
from core.story.context import Context, ContextReader
from core.story.limits import (
    MAX_CAPTION,
    MAX_NAME,
    MAX_SEED,
    MAX_TOTAL,
    check_number,
    check_text,
)

_SOURCE = re.compile(r"[A-Za-z0-9_-]{1,128}")


@dataclass(frozen=True)
class Start:
    """What a take began from beside noise (`core.performer.flow.KnownLatents`).

    Attributes:
        of: `take`: the latents kept with a take; `sound`: the sound of a take without latents;
            `recording`: a recording of the user's, kept in the story's folder.
        source: key of the take, or hash of the recording.
        strength: flow time at which it began: 0 keeps the source, 1 keeps nothing of it.
        seed: of the noise that the source was mixed with.
        span: seconds of the take, from and to, that were made anew; None: all of it.
        grain: seed with which the codec draws what latents leave out, so that what is kept
            sounds as it did.
        offset: seconds of the source before what the take begins from.
    """

    of: Literal["take", "sound", "recording"]
    source: str
    strength: float
    seed: int
    grain: int
    span: tuple[float, float] | None = None
    offset: float = 0.0

    def __post_init__(self) -> None:
        if not _SOURCE.fullmatch(self.source):
            raise StoryError("A take began from an unusable source; render its event again.")
        check_number("strength", self.strength, 0.0, 1.0, "(as it is to all new)")
        check_number("variation's seed", self.seed, 0, MAX_SEED, "")
        check_number("grain", self.grain, 0, MAX_SEED, "")
        check_number("source's beginning", self.offset, 0.0, MAX_TOTAL, "seconds")
        if self.span is not None:
            begin, end = self.span
            check_number("span's end", end, 0.0, MAX_TOTAL, "seconds")
            check_number("span's beginning", begin, 0.0, end, "seconds")


@dataclass(frozen=True)
class TakePart:
    """What an event that was split off a longer one uses of that one's take.

    Attributes:
        of: id of the event that was split; the side on which a mono take is heard depends on it.
        offset: seconds into the take at which the part begins.
    """

    of: str
    offset: float

    def __post_init__(self) -> None:
        check_text("part's event", self.of, MAX_NAME)
        check_number("part's offset", self.offset, 0.0, MAX_TOTAL, "seconds")


@dataclass(frozen=True)
class Take:
    """One rendering of an event, with everything that is needed to make it again.

    Attributes:
        key: hash of all fields that make the sound (`take_key`).
        context: the director's text up to and including the event, without bridging tokens;
            None: unknown.
        caption, duration, tail: what was asked; `tail` is the extra length for the cross-fade.
        seed, steps, guidance, sampler: the performer's settings.
        profile, weights: name of the profile and hash of its weights.
        file: FLAC file, relative to the story's folder; empty while only in memory.
        start: what it began from; None: noise alone, drawn by `seed`.
        part: what its event uses of it; None: it was made for an event of that length.
        made_on: the numeric path that computed it (`core.placement.numeric_path`): processor,
            precision and threads, which decide its last bits; empty: unknown.
        performer: who performed it, by name (`core.render.performers`).
        conditioning: how the event was told to it; `caption`: without bridging tokens.
        source, licence: of a recording, which file it is; of whatever performed it, under which
            terms; empty: not said.
    """

    key: str
    context: Context | None
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
    sampler: Sampler = "full"
    part: TakePart | None = None
    made_on: str = ""
    performer: str = OWN
    conditioning: ConditionedBy = "bridge"
    source: str = ""
    licence: str = ""

    def __post_init__(self) -> None:
        check_number("take's duration", self.duration, 0.0, MAX_TOTAL, "seconds")
        check_number("take's cross-fade", self.tail, 0.0, MAX_TOTAL, "seconds")
        check_number("take's seed", self.seed, 0, MAX_SEED, "")
        check_number("take's steps", self.steps, 0, MAX_SAMPLER_STEPS, "")
        check_number("take's guidance", self.guidance, -MAX_GUIDANCE, MAX_GUIDANCE, "")
        check_text("take's caption", self.caption, MAX_CAPTION)
        for name in ("key", "profile", "weights", "file", "made_on", "performer", "licence"):
            check_text(f"take's {name}", getattr(self, name), MAX_NAME)
        check_text("take's source", self.source, MAX_CAPTION)


_OF_SOUND = tuple(
    field.name
    for field in dataclasses.fields(Take)
    if field.name not in ("key", "file", "part", "made_on", "source", "licence")
)
"""Fields that make a take's sound: all but its key, its file, on what it was made, what its event
uses of it, and where a recording comes from (which its weights cover)."""


def take_key(take: Take) -> str:
    """Hash of everything that makes the take's sound."""
    parts = {name: value for name, value in take_data(take).items() if name in _OF_SOUND}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


def same_sound(one: Take, other: Take) -> bool:
    """Whether two takes have one key (`take_key`), without hashing them."""
    return all(getattr(one, name) == getattr(other, name) for name in _OF_SOUND)


_OF_FEW = tuple(
    field
    for field in dataclasses.fields(Take)
    if field.name in ("made_on", "performer", "conditioning", "source", "licence")
)


def take_data(take: Take) -> dict[str, Any]:
    """The take's fields as a file holds them, its context by its digest.

    What few takes have is left out where they do not, so that their keys stay those of earlier
    versions.
    """
    data = {field.name: getattr(take, field.name) for field in dataclasses.fields(take)}
    data["context"] = take.context.digest if take.context else None
    data["start"] = dataclasses.asdict(take.start) if take.start else None
    if take.start and not take.start.offset:
        del data["start"]["offset"]
    if take.part:
        data["part"] = dataclasses.asdict(take.part)
    else:
        del data["part"]
    for field in _OF_FEW:
        if data[field.name] == field.default:
            del data[field.name]
    return data


def read_take(data: object, contexts: ContextReader, where: str) -> Take:
    """A take from its form in a file.

    Raises:
        StoryError: the data are not a take, or its context is not among `contexts`.
    """
    if isinstance(data, Mapping) and "context" in data:
        data = {**data, "context": contexts.find(data["context"])}
    return read_dataclass(Take, data, where, StoryError)
