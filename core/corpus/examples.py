"""The performer's training set: sounds as codec latents, with their captions.

core/corpus/latent_set.py builds it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from core.corpus.captions import Caption
from core.corpus.learnable import LEARNABLE
from core.corpus.modifiers import USUAL, Modifiers

EXAMPLE_FRAMES = 192
SPARSE = 68
"""Only from so many frames on may a shot with silence after it be what one expects of an event, and
only where no recording of the class is as long; how shorter ones sound is learned from recordings,
where a class has any."""
FITS = 0.7
"""A window suits a shot taken whole that fills this share of it and ends before it does, and a
texture of which it shows this share: rain that stops is not to be learned."""


@dataclass(frozen=True)
class Examples:
    """N sounds.

    Attributes:
        latents: (N, FRAMES, C) in half precision.
        captions: several of each.
        classes: one of each, two of a mixture.
        alone: one shot at the start and then silence, to be read from the start.
        ends: the frame at which a recording taken whole ends, after which there is silence; 0 for
            composed sounds.
        modifiers: what is unusual about each; nothing of a mixture.
        onsets: seconds from its start at which each is struck; None where that is not known. All
            None in a set that was built before they were measured; so are levels and sources.
        levels: (N, FRAMES) slow course of level, dB below the loudest moment.
        sources: what each was made of: recordings of one family, by one clip; empty of a mixture.
    """

    latents: Tensor
    captions: list[list[Caption]]
    classes: list[list[str]]
    alone: list[bool]
    ends: list[int]
    modifiers: list[Modifiers]
    onsets: list[list[float] | None] | None = None
    levels: Tensor | None = None
    sources: list[str] | None = None

    def window(self, index: int, frames: int, generator: torch.Generator) -> Tensor:
        """A window (frames, C) of one sound: from its start or, as often, from anywhere."""
        return self.cut(index, self.start(index, frames, generator), frames)

    def start(self, index: int, frames: int, generator: torch.Generator) -> int:
        """The frame at which a window of so many frames begins."""
        room = self.latents.shape[1] - frames + 1
        anywhere = not self.alone[index] and int(torch.randint(2, (1,), generator=generator))
        return int(torch.randint(room, (1,), generator=generator)) if anywhere else 0

    def cut(self, index: int, start: int, frames: int) -> Tensor:
        """The window (frames, C) of one sound that begins at a frame."""
        return self.latents[index, start : start + frames].float()

    def suiting(self, frames: int) -> tuple[list[int], list[int], list[int]]:
        """What a window of so many frames may show: whole recordings that mostly fill it, and any
        mixtures and composed single sounds."""
        whole = [index for index, end in enumerate(self.ends) if end]
        filling = [index for index in whole if self._fills(index, frames)]
        better = {self.classes[index][0] for index in (whole if frames < SPARSE else filling)}
        composed = [
            index
            for index, end in enumerate(self.ends)
            if not end and not (self.alone[index] and self.classes[index][0] in better)
        ]
        return (
            filling,
            [index for index in composed if len(self.classes[index]) > 1],
            [index for index in composed if len(self.classes[index]) == 1],
        )

    def _fills(self, index: int, frames: int) -> bool:
        end = self.ends[index]
        if LEARNABLE[self.classes[index][0]].kind == "texture":
            return FITS * end <= frames <= end
        return FITS * frames <= end <= frames

    def sounding_frames(self, index: int, frames: int) -> int:
        """How many frames of a window of so many have sound, for the duration embedder: the rest
        of a window after a whole recording is not part of the event."""
        return min(frames, self.ends[index] or frames)

    @cached_property
    def unusual(self) -> list[int]:
        """The sounds of which something is unusual."""
        return [index for index, modifiers in enumerate(self.modifiers) if modifiers != USUAL]

    def by_modifiers(self) -> dict[tuple[tuple[str, ...], Modifiers], list[int]]:
        """What can perform an event of these classes (sorted) with these modifiers."""
        found: dict[tuple[tuple[str, ...], Modifiers], list[int]] = defaultdict(list)
        for index, (classes, modifiers) in enumerate(
            zip(self.classes, self.modifiers, strict=True)
        ):
            found[tuple(sorted(classes)), modifiers].append(index)
        return found

    @staticmethod
    def load(folder: Path) -> Examples:
        rows = [
            json.loads(line)
            for line in (folder / "examples.jsonl").read_text(encoding="utf-8").splitlines()
        ]
        tensors = load_file(folder / "latents.safetensors")
        measured = "levels" in tensors
        captions = [[Caption(*pair) for pair in row["captions"]] for row in rows]
        classes, alone, ends = ([row[key] for row in rows] for key in ("classes", "alone", "ends"))
        modifiers = [Modifiers(**row["modifiers"]) for row in rows]
        return Examples(
            tensors["latents"],
            captions,
            classes,
            alone,
            ends,
            modifiers,
            [row["onsets"] for row in rows] if measured else None,
            tensors.get("levels"),
            [row["source"] for row in rows] if measured else None,
        )
