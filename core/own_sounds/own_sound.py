"""An own sound: what is said of it, and its file, which can be handed on.

The file is a safetensors of a megabyte: the condition that the sound has in place of a caption's,
the low-rank updates of the performer's network, and, as its metadata, a table in JSON. A file of
someone else's is data like any other from outside: bounded, checked, and nothing in it is run.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import WeightsError
from core.files import atomic_path, open_weights
from core.performer.naming import words_of
from core.schema import is_writable, parse_json, read_dataclass

if TYPE_CHECKING:
    from torch import Tensor

    from core.performer.low_rank import Updates

SOUND_SUFFIX = ".safetensors"
_FORMAT = 1
_MOST_BYTES = 64_000_000
"""Of a file: the pocket performer's have one million, one with ten times its width a hundred."""
LONGEST_NAME = 60
MOST_WORDINGS = 20
_LONGEST_TEXT = 400
_MOST_TENSORS = 4000
_CONDITION = "condition"
_NAME = re.compile(r"[^\W_]([\w' -]*[^\W_])?")
CONSENT = (
    "I recorded these sounds myself, or whoever did allows it; whoever is heard in them agrees to "
    "their being learned."
)
"""What is agreed to before a sound is learned, and noted with it."""


@dataclass(frozen=True)
class OwnSound:
    """What is said of an own sound.

    Attributes:
        name: as captions name it: "grandma's kettle".
        wordings: other names of it.
        recorded_by: who recorded it; empty: not said.
        licence: under which terms it may be used.
        consent: what was agreed to, in words.
        learned: date, as 2026-11-30.
        recordings: how many it was learned from.
        shortest, longest: seconds of these.
        profile: title of the model that learned it.
        base: hash of the weights that it goes with (`core.own_sounds.base.base_digest`).
        format: of the file.
    """

    name: str
    licence: str
    consent: str
    learned: str
    recordings: int
    shortest: float
    longest: float
    profile: str
    base: str
    wordings: tuple[str, ...] = ()
    recorded_by: str = ""
    format: int = _FORMAT

    def __post_init__(self) -> None:
        check_sound_name(self.name)
        for wording in self.wordings:
            check_sound_name(wording)
        if len(self.wordings) > MOST_WORDINGS:
            raise WeightsError(
                f"A sound has {MOST_WORDINGS} further names at most; leave some out."
            )
        for what in ("licence", "consent", "learned", "profile", "base", "recorded_by"):
            text = getattr(self, what)
            if len(text) > _LONGEST_TEXT or not is_writable(text):
                raise WeightsError(
                    f"The {what} of {self.name!r} is too long or broken; shorten it."
                )
        if not self.licence.strip():
            raise WeightsError(f"{self.name!r} has no licence; say under which it may be used.")
        if not self.consent.strip():
            raise WeightsError(f"Nobody agreed to {self.name!r} being learned; ask for consent.")

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.wordings)


def check_sound_name(name: str) -> str:
    """A name by which captions can name a sound; raises WeightsError."""
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME or not words_of(name):
        raise WeightsError(
            f"A sound cannot be called {name[:LONGEST_NAME]!r}; use up to {LONGEST_NAME} letters, "
            "digits, spaces, dashes and apostrophes."
        )
    return name


def sound_file_name(name: str) -> str:
    """Of the sound's file; names that read alike have the same."""
    return "-".join(words_of(name)) + SOUND_SUFFIX


@dataclass(frozen=True, eq=False)
class LearnedSound:
    """What was learned of a sound.

    Attributes:
        about: what is said of it.
        condition: (S, width), in place of a caption's.
        updates: of the performer's network.
    """

    about: OwnSound
    condition: Tensor
    updates: Updates


def write_learned(path: Path, sound: LearnedSound) -> None:
    """Write a sound's file, in half precision.

    Raises:
        FileError: the folder cannot be written, or the disk is full.
    """
    from safetensors.torch import save_file

    from core.performer.low_rank import DOWN, UP

    tensors = {_CONDITION: sound.condition.half().contiguous()}
    for layer, factors in sound.updates.items():
        tensors[f"{layer}.{DOWN}"] = factors.down.half().contiguous()
        tensors[f"{layer}.{UP}"] = factors.up.half().contiguous()
    about = json.dumps(dataclasses.asdict(sound.about), sort_keys=True)
    with atomic_path(path) as temporary:
        save_file(tensors, temporary, metadata={"about": about})


def read_about(path: Path) -> OwnSound:
    """What a file says of its sound, without its weights.

    Raises:
        WeightsError: it is missing, damaged, too large, or no own sound.
    """
    try:
        size = path.stat().st_size
    except OSError as cause:
        raise WeightsError(f"{path.name} cannot be read ({cause.strerror}).") from None
    if size > _MOST_BYTES:
        raise WeightsError(
            f"{path.name} has {size / 1e6:.0f} MB, more than the {_MOST_BYTES / 1e6:.0f} that an "
            "own sound may have; ask for the right file."
        )
    with open_weights(path) as file:
        text = (file.metadata() or {}).get("about")
    if text is None:
        raise WeightsError(f"{path.name} is no own sound; `app.py sound export` writes one.")
    try:
        data = parse_json(text)
    except ValueError:
        raise WeightsError(f"{path.name} is damaged; fetch it again.") from None
    if isinstance(data, dict) and data.get("format", _FORMAT) != _FORMAT:
        raise WeightsError(f"{path.name} is of a later version; update the studio to use it.")
    return read_dataclass(OwnSound, data, path.name, WeightsError)


def read_learned(path: Path) -> LearnedSound:
    """A sound's file, in 32 bits.

    Raises:
        WeightsError: as `read_about`, or its weights are not numbers that fit together.
    """
    import torch

    from core.performer.low_rank import updates_of

    about = read_about(path)
    with open_weights(path) as file:
        names = list(file.keys())
        if len(names) > _MOST_TENSORS:
            raise WeightsError(f"{path.name} holds too many weights; ask for the right file.")
        tensors = {name: file.get_tensor(name).float() for name in names}
    condition = tensors.pop(_CONDITION, None)
    if condition is None or condition.ndim != 2:
        raise WeightsError(f"{path.name} lacks its condition; fetch it again.")
    if not all(bool(torch.isfinite(t).all()) for t in (condition, *tensors.values())):
        raise WeightsError(f"{path.name} holds weights that are no numbers; fetch it again.")
    return LearnedSound(about, condition, updates_of(tensors))


def sound_digest(path: Path) -> str:
    """Hash of a sound's file, which stands in the keys of its takes.

    Raises:
        WeightsError: it cannot be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError as cause:
        raise WeightsError(f"{path.name} cannot be read ({cause.strerror}).") from None
