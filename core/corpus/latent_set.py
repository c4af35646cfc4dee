"""Building the performer's training set from the corpus.

    python app.py train examples --manifest DIR/manifest.jsonl --out DIR --workers 2

Most sounds are composed; and every recording stands in the set as it was made, from its beginning
to its end, so that a sound of a second is learned as a sound of a second, not as a part of a longer
one. After them come sounds of both kinds that are softer, stronger, farther away, slower or faster
than usual, whose captions say so (core/corpus/modifiers.py).
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from core.audio.attacks import attack_times
from core.codec.codec import Codec
from core.corpus.captions import GOES_WITHOUT_SAYING, Caption, caption, mixture_caption
from core.corpus.examples import EXAMPLE_FRAMES, Examples
from core.corpus.learnable import LEARNABLE
from core.corpus.modifiers import USUAL, Modifiers, draw_modifiers, in_series
from core.corpus.recordings import Waveform
from core.corpus.scenes import (
    Clip,
    choose_clip,
    compose,
    mix_over,
    training_clips,
    whole,
    with_level_curve,
)
from core.corpus.typicality import Listening, embedded, typical
from core.files import atomic_path, write_atomically
from core.listener.aisfx import SoundEmbedder
from core.listener.nearest import SHORTEST_RENDER

_CAPTIONS = 8
VERSIONS = 3
"""Of every recording taken whole, at other speeds and levels."""
MODIFIERS = 2
"""Further versions of it, each with other modifiers."""
_ATTEMPTS = 3
"""A sound is composed anew where it is not heard as what it is. The last attempt is kept of a
single sound; a mixture of which one part is not heard is left out."""
SHAPED = 0.25
"""Share of the composed single sounds that are given a slow course of level."""
MOST_ONSETS = 32
"""Of strokes in a sound: more are a rattle, which nobody writes moments for."""
SLOW_FRAMES = 33
"""Latent frames over which level is taken, 1.5 s: slower than strokes, which it is not to tell."""
_SHARD = 200
"""Sounds after which a build that was stopped goes on."""


@dataclass(frozen=True)
class _Sound:
    """One sound of the set, of the clips that it is made of."""

    latents: Tensor
    chosen: Sequence[Clip]
    alone: bool
    level_db: Tensor
    onsets: list[float] | None
    ends: int = 0
    modifiers: Modifiers = USUAL

    def row(self) -> dict[str, Any]:
        """What the set says of it, and what its captions are made from."""
        modifiers = self.modifiers.attributes()
        return {
            "classes": [clip.sound_class for clip in self.chosen],
            "known": [_usual(clip) | clip.attributes | modifiers for clip in self.chosen],
            "alone": self.alone,
            "ends": self.ends,
            "modifiers": modifiers,
            "onsets": self.onsets,
            "source": f"{self.chosen[0].sound_class}/{self.chosen[0].family}"
            if len(self.chosen) == 1
            else "",
        }


@dataclass(frozen=True)
class Composer:
    """Makes the sounds of the set; each is the same whenever and wherever it is made."""

    clips: dict[str, list[Clip]]
    listening: Listening
    codec: Codec
    judged: bool = True

    def composed(self, index: int, classes: tuple[str, ...]) -> _Sound | None:
        """A sound of one class or a mixture of two, where both are heard."""
        for attempt in range(_ATTEMPTS):
            rng = np.random.default_rng([7, index, attempt])
            chosen = [choose_clip(self.clips[name], rng) for name in classes]
            sound, alone = self._joined(chosen, rng)
            judged = self.judged or len(classes) > 1
            if not judged or self.listening.hears(sound, classes):
                break
        else:
            if len(classes) > 1:
                return None
        modifiers = USUAL if len(classes) > 1 else chosen[0].modifiers
        if len(classes) == 1 and rng.random() < SHAPED:
            sound = with_level_curve(sound, rng)
        return self._sound(sound, chosen, alone, modifiers=modifiers)

    def _joined(self, chosen: Sequence[Clip], rng: np.random.Generator) -> tuple[Waveform, bool]:
        """One sound or a mixture of two, and whether it is one shot with silence after it."""
        mixed, samples = len(chosen) > 1, EXAMPLE_FRAMES * self.codec.hop
        sounds = [
            compose(clip, self.clips[clip.sound_class], samples, rng, repeated=mixed)
            for clip in chosen
        ]
        if mixed:
            return mix_over(sounds[0].samples, sounds[1].samples, rng), False
        return sounds[0].samples, sounds[0].alone

    def taken_whole(self, index: int, clip: Clip) -> _Sound:
        """A recording as it was made."""
        return self._ending(whole(clip, np.random.default_rng([13, index])), clip, clip.modifiers)

    def modified(self, index: int, name: str) -> _Sound:
        """A sound of a class of which something is unusual."""
        rng = np.random.default_rng([17, index])
        clip = choose_clip(self.clips[name], rng)
        modifiers = draw_modifiers(name, clip.modifiers, rng, tempo=True)
        samples = EXAMPLE_FRAMES * self.codec.hop
        made = compose(clip, self.clips[name], samples, rng, modifiers=modifiers)
        return self._sound(made.samples, [clip], made.alone, modifiers=modifiers)

    def whole_modified(self, index: int, clip: Clip) -> _Sound:
        """A recording of which something was made unusual."""
        rng = np.random.default_rng([19, index])
        modifiers = draw_modifiers(clip.sound_class, clip.modifiers, rng, tempo=False)
        return self._ending(whole(clip, rng, modifiers), clip, modifiers)

    def _ending(self, sound: Waveform, clip: Clip, modifiers: Modifiers) -> _Sound:
        seconds = max(len(sound) / self.codec.sample_rate, SHORTEST_RENDER)
        ends = min(EXAMPLE_FRAMES, self.codec.frames(seconds))
        return self._sound(sound, [clip], True, ends, modifiers)

    def _sound(
        self,
        sound: Waveform,
        chosen: Sequence[Clip],
        alone: bool,
        ends: int = 0,
        modifiers: Modifiers = USUAL,
    ) -> _Sound:
        """The beginning of a sound, filled up with silence, and what is measured of it."""
        samples = np.zeros(EXAMPLE_FRAMES * self.codec.hop, dtype=np.float32)
        heard = sound[: len(samples)]
        samples[: len(heard)] = heard
        latents = self._latents(torch.from_numpy(samples)[None, None], chosen)
        onsets = self._onsets(samples, chosen)
        levels = slow_level_db(samples, self.codec.hop)
        return _Sound(latents, chosen, alone, levels, onsets, ends, modifiers)

    def _latents(self, samples: Tensor, chosen: Sequence[Clip]) -> Tensor:
        """Latents (FRAMES, C); what a recording of a low rate lacks is what the codec expects."""
        limits = [clip.limit_hz for clip in chosen]
        if len(limits) == 1 and limits[0] is not None:
            return self.codec.encode_below(samples, limits[0])[0, :EXAMPLE_FRAMES].half()
        return self.codec.encode(samples)[0, :EXAMPLE_FRAMES].half()

    def _onsets(self, samples: Waveform, chosen: Sequence[Clip]) -> list[float] | None:
        """The strokes of a shot or a series; of textures and mixtures nothing is said."""
        if len(chosen) > 1 or LEARNABLE[chosen[0].sound_class].kind == "texture":
            return None
        found = [round(moment, 3) for moment in attack_times(samples, self.codec.sample_rate)]
        return found if 0 < len(found) <= MOST_ONSETS else None


@dataclass(frozen=True)
class _Job:
    """One sound to make: how, which of its kind it is, and of what."""

    way: Callable[[Composer, int, Any], _Sound | None]
    index: int
    subject: Any

    def done(self, composer: Composer) -> _Sound | None:
        return self.way(composer, self.index, self.subject)


@dataclass(frozen=True)
class LatentSetPlan:
    """How many sounds there are to be.

    Attributes:
        per_class: composed of each class.
        mixtures: pairs of a bed with another class over it, of which some three in five will be
            heard as both.
        modifiers: further sounds of each class that have something unusual.
        judged: whether a composed single sound is to be heard as its class, which takes more time
            than all else; mixtures always are.
    """

    per_class: int = 120
    mixtures: int = 6000
    modifiers: int = 48
    judged: bool = True

    def jobs(self, clips: dict[str, list[Clip]]) -> list[_Job]:
        """All of them, in the order of the set."""
        kinds: list[tuple[Callable[[Composer, int, Any], _Sound | None], list[Any]]] = [
            (
                Composer.composed,
                [(name,) for name in clips for _ in range(self.per_class)]
                + _pairs(clips, self.mixtures),
            ),
            (Composer.taken_whole, _recordings(clips, VERSIONS)),
            (Composer.modified, [name for name in clips for _ in range(self.modifiers)]),
            (Composer.whole_modified, _recordings(clips, MODIFIERS)),
        ]
        return [_Job(way, n, subject) for way, of in kinds for n, subject in enumerate(of)]


def build_latent_set(
    manifest: Path,
    codec: Codec,
    out: Path,
    plan: LatentSetPlan,
    workers: int = 1,
    shard: int = _SHARD,
) -> Examples:
    """Compose and encode the training set; the same for one manifest and plan.

    Goes on after the last whole shard of a build that was stopped.

    Args:
        workers: processes, of one thread each.
        shard: sounds that are written together.
    """
    embedder = SoundEmbedder()
    every = training_clips(manifest)
    heard = embedded(every, embedder)
    clips = typical(every, heard)
    composer = Composer(clips, Listening(clips, heard, embedder), codec, plan.judged)
    jobs = plan.jobs(clips)
    about = manifest.read_bytes() + f"{plan} {shard}".encode()
    made = out / f"made-{hashlib.sha256(about).hexdigest()[:12]}"
    made.mkdir(parents=True, exist_ok=True)
    shards = {
        made / f"{first:06d}.safetensors": jobs[first : first + shard]
        for first in range(0, len(jobs), shard)
    }
    left = [file for file in shards if not file.exists()]
    with ProcessPoolExecutor(workers, initializer=_start_process, initargs=(composer,)) as pool:
        for _ in pool.map(_write, left, [shards[file] for file in left]):
            pass
    examples = _gathered(list(shards), out)
    shutil.rmtree(made)
    return examples


_composer: list[Composer] = []
"""That of a process."""


def _start_process(composer: Composer) -> None:
    torch.set_num_threads(1)
    _composer[:] = [composer]


def _write(file: Path, jobs: Sequence[_Job]) -> None:
    """Make the sounds of a shard."""
    with torch.inference_mode():
        sounds = [sound for job in jobs if (sound := job.done(_composer[0])) is not None]
    tensors = {str(number): sound.latents for number, sound in enumerate(sounds)}
    tensors["levels"] = torch.cat(
        [torch.zeros(0, EXAMPLE_FRAMES).half(), *(sound.level_db[None] for sound in sounds)]
    )
    rows = json.dumps([sound.row() for sound in sounds])
    with atomic_path(file) as temporary:
        save_file(tensors, temporary, metadata={"sounds": rows})


def _gathered(shards: Sequence[Path], out: Path) -> Examples:
    """The set of all shards, with captions."""
    latents: list[Tensor] = []
    levels: list[Tensor] = []
    rows: list[dict[str, Any]] = []
    for file in shards:
        with safe_open(file, framework="pt") as shard:
            sounds = json.loads(shard.metadata()["sounds"])
            latents += [shard.get_tensor(str(number)) for number in range(len(sounds))]
            levels.append(shard.get_tensor("levels"))
            rows += sounds
    for index, row in enumerate(rows):
        row["captions"] = [astuple(said) for said in _captions(row, random.Random(index))]
    with atomic_path(out / "latents.safetensors") as temporary:
        save_file({"latents": torch.stack(latents), "levels": torch.cat(levels)}, temporary)
    write_atomically(
        out / "examples.jsonl", "".join(json.dumps(row) + "\n" for row in rows).encode()
    )
    return Examples.load(out)


def slow_level_db(samples: Waveform, hop: int) -> Tensor:
    """Level (T,) of a sound's latent frames over `SLOW_FRAMES` of them, dB below the loudest."""
    power = np.square(samples.reshape(-1, hop), dtype=np.float64).mean(1)
    window = np.hanning(SLOW_FRAMES + 2)[1:-1]
    over = np.convolve(np.ones_like(power), window, mode="same")
    slow = np.convolve(power, window, mode="same") / over
    decibels = 10.0 * np.log10(np.maximum(slow / max(slow.max(), 1e-12), 1e-6))
    return torch.from_numpy(decibels).half()


def _captions(row: dict[str, Any], rng: random.Random) -> list[Caption]:
    """Several ways to say it; the plain caption is among them for a single sound as usual."""
    names = row["classes"]
    texts = [
        [caption(name, known, rng) for _ in range(_CAPTIONS)]
        for name, known in zip(names, row["known"], strict=True)
    ]
    if len(names) == 2:
        return [mixture_caption(a, b, rng) for a, b in zip(*texts, strict=True)]
    plain = LEARNABLE[names[0]].caption
    return texts[0] if row["modifiers"] else [Caption(plain, plain), *texts[0]]


def _usual(clip: Clip) -> dict[str, str]:
    """How a clip sounds of which no more is known."""
    timed = in_series(clip.sound_class)
    return {k: v for k, v in GOES_WITHOUT_SAYING.items() if timed or k != "tempo"}


def _recordings(clips: dict[str, list[Clip]], versions: int) -> list[Clip]:
    recorded = [clip for own in clips.values() for clip in own if clip.recorded]
    return [clip for clip in recorded for _ in range(versions)]


def _pairs(clips: dict[str, list[Clip]], count: int) -> list[tuple[str, ...]]:
    rng = np.random.default_rng(11)
    names = list(clips)
    beds = [name for name in names if LEARNABLE[name].kind == "texture"]
    pairs: list[tuple[str, ...]] = []
    while len(pairs) < count:
        bed, other = str(rng.choice(beds)), str(rng.choice(names))
        if bed != other:
            pairs.append((bed, other))
    return pairs
