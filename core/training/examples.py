"""The performer's training set: sounds as codec latents, with their captions.

Most are composed; and every recording stands in it as it was made, from its beginning to its end,
so that a sound of a second is learned as a sound of a second, not as a part of a longer one. After
them come sounds of both kinds that are softer, stronger, farther away, slower or faster than usual,
whose captions say so (core/training/manner.py).

python app.py train examples --corpus DIR --out DIR
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from core.codec import Codec
from core.evaluation.embedder import SoundEmbedder
from core.evaluation.recognise import SHORTEST
from core.files import atomic_path, write_atomically
from core.training.captions import GOES_WITHOUT_SAYING, Caption, caption, mixture_caption
from core.training.manner import USUAL, Manner, Samples, drawn, in_series
from core.training.scenes import (
    Clip,
    choose_clip,
    compose,
    mix_over,
    training_clips,
    whole,
)
from core.training.typical import Listening, embedded, typical
from core.training.vocabulary import BY_NAME

FRAMES = 192
CAPTIONS = 8
SPARSE = 68
"""Only from so many frames on may a shot with silence after it be what one expects of an event, and
only where no recording of the class is as long; how shorter ones sound is learned from recordings,
where a class has any."""
VERSIONS = 3
"""Of every recording taken whole, at other speeds and levels."""
MANNERS = 2
"""Further versions of it, each in another manner."""
FITS = 0.7
"""A window suits a shot taken whole that fills this share of it and ends before it does, and a
texture of which it shows this share: rain that stops is not to be learned."""
ATTEMPTS = 3
"""A sound is composed anew where it is not heard as what it is. The last attempt is kept of a
single sound; a mixture of which one part is not heard is left out."""


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
        manners: what is unusual about each; nothing of a mixture.
    """

    latents: Tensor
    captions: list[list[Caption]]
    classes: list[list[str]]
    alone: list[bool]
    ends: list[int]
    manners: list[Manner]

    def window(self, index: int, frames: int, generator: torch.Generator) -> Tensor:
        """A window (frames, C) of one sound: from its start or, as often, from anywhere."""
        room = self.latents.shape[1] - frames + 1
        anywhere = not self.alone[index] and int(torch.randint(2, (1,), generator=generator))
        start = int(torch.randint(room, (1,), generator=generator)) if anywhere else 0
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
        if BY_NAME[self.classes[index][0]].kind == "texture":
            return FITS * end <= frames <= end
        return FITS * frames <= end <= frames

    def told(self, index: int, frames: int) -> int:
        """How many frames the performer is told that a window of so many has sound for: the rest
        of a window after a whole recording is not part of the event."""
        return min(frames, self.ends[index] or frames)

    @cached_property
    def unusual(self) -> list[int]:
        """The sounds of which something is unusual."""
        return [index for index, manner in enumerate(self.manners) if manner != USUAL]

    def by_manner(self) -> dict[tuple[tuple[str, ...], Manner], list[int]]:
        """What can perform an event of these classes (sorted) in this manner."""
        found: dict[tuple[tuple[str, ...], Manner], list[int]] = defaultdict(list)
        for index, (classes, manner) in enumerate(zip(self.classes, self.manners, strict=True)):
            found[tuple(sorted(classes)), manner].append(index)
        return found

    @staticmethod
    def load(folder: Path) -> Examples:
        rows = [json.loads(line) for line in (folder / "examples.jsonl").read_text().splitlines()]
        latents = load_file(folder / "latents.safetensors")["latents"]
        captions = [[Caption(*told) for told in row["captions"]] for row in rows]
        classes, alone, ends = ([row[key] for row in rows] for key in ("classes", "alone", "ends"))
        manners = [Manner(**row["manner"]) for row in rows]
        return Examples(latents, captions, classes, alone, ends, manners)


def build(
    manifest: Path,
    codec: Codec,
    out: Path,
    per_class: int = 120,
    mixtures: int = 6000,
    in_manners: int = 48,
) -> Examples:
    """Compose and encode the training set; deterministic for one manifest.

    Args:
        per_class: sounds of each class.
        mixtures: pairs of a bed with another class over it, of which some three in five will be
            heard as both.
        in_manners: further sounds of each class that have something unusual.
    """
    embedder = SoundEmbedder()
    every = training_clips(manifest)
    heard = embedded(every, embedder)
    clips = typical(every, heard)
    listening = Listening(clips, heard, embedder)
    sounds: list[_Sound] = []
    plan = [(name,) for name in clips for _ in range(per_class)] + _pairs(clips, mixtures)
    for index, classes in enumerate(plan):
        for attempt in range(ATTEMPTS):
            rng = np.random.default_rng([7, index, attempt])
            chosen = [choose_clip(clips[name], rng) for name in classes]
            sound, alone = _composed(chosen, clips, FRAMES * codec.hop, rng)
            if listening.hears(sound, classes):
                break
        else:
            if len(classes) > 1:
                continue
        manner = USUAL if len(classes) > 1 else chosen[0].manner
        sounds.append(_Sound(_latents(codec, sound), chosen, alone, manner=manner))
    for clip in _recordings(clips, VERSIONS):
        sound = whole(clip, np.random.default_rng([13, len(sounds)]))
        sounds.append(_taken_whole(codec, sound, clip))
    for index, name in enumerate(name for name in clips for _ in range(in_manners)):
        rng = np.random.default_rng([17, index])
        clip = choose_clip(clips[name], rng)
        manner = drawn(name, clip.manner, rng, tempo=True)
        made = compose(clip, clips[name], FRAMES * codec.hop, rng, manner=manner)
        sounds.append(_Sound(_latents(codec, made.samples), [clip], made.alone, manner=manner))
    for index, clip in enumerate(_recordings(clips, MANNERS)):
        rng = np.random.default_rng([19, index])
        manner = drawn(clip.sound_class, clip.manner, rng, tempo=False)
        sounds.append(_taken_whole(codec, whole(clip, rng, manner), clip, manner))
    return _kept(sounds, out)


@dataclass(frozen=True)
class _Sound:
    """One sound of the set, of the clips that it is made of."""

    latents: Tensor
    chosen: Sequence[Clip]
    alone: bool
    ends: int = 0
    manner: Manner = USUAL


def _taken_whole(codec: Codec, sound: Samples, clip: Clip, manner: Manner | None = None) -> _Sound:
    ends = min(FRAMES, codec.frames(max(len(sound) / codec.sample_rate, SHORTEST)))
    own = clip.manner if manner is None else manner
    return _Sound(_latents(codec, sound), [clip], True, ends, own)


def _latents(codec: Codec, sound: Samples) -> Tensor:
    """Latents (FRAMES, C) of the beginning of a sound, filled up with silence."""
    samples = np.zeros(FRAMES * codec.hop, dtype=np.float32)
    heard = sound[: len(samples)]
    samples[: len(heard)] = heard
    return codec.encode(torch.from_numpy(samples)[None, None])[0, :FRAMES].half()


def _recordings(clips: dict[str, list[Clip]], versions: int) -> list[Clip]:
    recorded = [clip for own in clips.values() for clip in own if clip.recorded]
    return [clip for clip in recorded for _ in range(versions)]


def _kept(sounds: Sequence[_Sound], out: Path) -> Examples:
    rows = [
        {
            "classes": [clip.sound_class for clip in sound.chosen],
            "captions": [astuple(said) for said in _captions(sound, random.Random(index))],
            "alone": sound.alone,
            "ends": sound.ends,
            "manner": sound.manner.attributes(),
        }
        for index, sound in enumerate(sounds)
    ]
    with atomic_path(out / "latents.safetensors") as temporary:
        save_file({"latents": torch.stack([sound.latents for sound in sounds])}, temporary)
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


def _captions(sound: _Sound, rng: random.Random) -> list[Caption]:
    """Several ways to say it; the plain caption is among them for a single sound as usual."""
    chosen, manner = sound.chosen, sound.manner
    known = [usual(clip) | clip.attributes | manner.attributes() for clip in chosen]
    texts = [
        [caption(clip.sound_class, attributes, rng) for _ in range(CAPTIONS)]
        for clip, attributes in zip(chosen, known, strict=True)
    ]
    if len(chosen) == 2:
        return [mixture_caption(a, b, rng) for a, b in zip(*texts, strict=True)]
    plain = BY_NAME[chosen[0].sound_class].caption
    return [Caption(plain, plain), *texts[0]] if manner == USUAL else texts[0]


def usual(clip: Clip) -> dict[str, str]:
    """How a clip sounds of which no more is known."""
    timed = in_series(clip.sound_class)
    return {k: v for k, v in GOES_WITHOUT_SAYING.items() if timed or k != "tempo"}
