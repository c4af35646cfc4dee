"""The performer's training set: composed sounds as codec latents, with their captions.

python app.py train examples --corpus DIR --out DIR
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from core.codec import Codec
from core.evaluation.embedder import SoundEmbedder
from core.files import atomic_path, write_atomically
from core.training.captions import Caption, caption, mixture_caption
from core.training.scenes import (
    Clip,
    Samples,
    choose_clip,
    compose,
    mix_over,
    training_clips,
)
from core.training.typical import Listening, embedded, typical
from core.training.vocabulary import BY_NAME

FRAMES = 192
CAPTIONS = 8
ATTEMPTS = 3
"""A sound is composed anew where it is not heard as what it is; the last attempt is kept."""


@dataclass(frozen=True)
class Examples:
    """N sounds.

    Attributes:
        latents: (N, FRAMES, C) in half precision.
        captions: several of each.
        classes: one of each, two of a mixture.
        alone: one shot at the start and then silence, to be read from the start.
    """

    latents: Tensor
    captions: list[list[Caption]]
    classes: list[list[str]]
    alone: list[bool]

    def window(self, index: int, frames: int, generator: torch.Generator) -> Tensor:
        """A window (frames, C) of one sound: from its start or, as often, from anywhere."""
        room = self.latents.shape[1] - frames + 1
        anywhere = not self.alone[index] and int(torch.randint(2, (1,), generator=generator))
        start = int(torch.randint(room, (1,), generator=generator)) if anywhere else 0
        return self.latents[index, start : start + frames].float()

    def by_classes(self) -> dict[tuple[str, ...], list[int]]:
        """What can perform an event of these classes (sorted)."""
        found: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for index, classes in enumerate(self.classes):
            found[tuple(sorted(classes))].append(index)
        return found

    @staticmethod
    def load(folder: Path) -> Examples:
        rows = [json.loads(line) for line in (folder / "examples.jsonl").read_text().splitlines()]
        latents = load_file(folder / "latents.safetensors")["latents"]
        captions = [[Caption(*told) for told in row["captions"]] for row in rows]
        classes, alone = ([row[key] for row in rows] for key in ("classes", "alone"))
        return Examples(latents, captions, classes, alone)


def build(
    manifest: Path, codec: Codec, out: Path, per_class: int = 120, mixtures: int = 3000
) -> Examples:
    """Compose and encode the training set; deterministic for one manifest.

    Args:
        per_class: sounds of each class.
        mixtures: sounds of a bed with another class over it.
    """
    embedder = SoundEmbedder()
    every = training_clips(manifest)
    heard = embedded(every, embedder)
    clips = typical(every, heard)
    listening = Listening(clips, heard, embedder)
    samples = FRAMES * codec.hop
    latents: list[Tensor] = []
    rows: list[dict[str, Any]] = []
    plan = [(name,) for name in clips for _ in range(per_class)] + _pairs(clips, mixtures)
    for index, classes in enumerate(plan):
        for attempt in range(ATTEMPTS):
            rng = np.random.default_rng([7, index, attempt])
            chosen = [choose_clip(clips[name], rng) for name in classes]
            sound, alone = _composed(chosen, clips, samples, rng)
            if listening.hears(sound, classes):
                break
        latents.append(codec.encode(torch.from_numpy(sound)[None, None])[0, :FRAMES].half())
        told = [astuple(said) for said in _captions(chosen, random.Random(index))]
        rows.append({"classes": list(classes), "captions": told, "alone": alone})
    with atomic_path(out / "latents.safetensors") as temporary:
        save_file({"latents": torch.stack(latents)}, temporary)
    write_atomically(
        out / "examples.jsonl", "".join(json.dumps(row) + "\n" for row in rows).encode()
    )
    return Examples.load(out)


def _composed(
    chosen: Sequence[Clip], clips: dict[str, list[Clip]], samples: int, rng: np.random.Generator
) -> tuple[Samples, bool]:
    """One sound or a mixture of two, and whether it is one shot with silence after it."""
    mixed = len(chosen) > 1
    sounds = [compose(c, clips[c.sound_class], samples, rng, lasting=mixed) for c in chosen]
    if mixed:
        return mix_over(sounds[0].samples, sounds[1].samples, rng), False
    return sounds[0].samples, sounds[0].alone


def _pairs(clips: dict[str, list[Clip]], count: int) -> list[tuple[str, str]]:
    rng = np.random.default_rng(11)
    names = list(clips)
    beds = [name for name in names if BY_NAME[name].kind == "texture"]
    pairs: list[tuple[str, str]] = []
    while len(pairs) < count:
        bed, other = str(rng.choice(beds)), str(rng.choice(names))
        if bed != other:
            pairs.append((bed, other))
    return pairs


def _captions(chosen: Sequence[Clip], rng: random.Random) -> list[Caption]:
    """Several ways to say it; the plain caption of the class is among them for single sounds."""
    texts = [
        [caption(clip.sound_class, clip.attributes, rng) for _ in range(CAPTIONS)]
        for clip in chosen
    ]
    if len(chosen) == 2:
        return [mixture_caption(a, b, rng) for a, b in zip(*texts, strict=True)]
    plain = BY_NAME[chosen[0].sound_class].caption
    return [Caption(plain, plain), *texts[0]]
