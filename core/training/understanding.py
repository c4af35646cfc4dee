"""Stage II of the paper (section 3.3): understanding beside generation, the audio encoder frozen.

    python app.py train stage2 --manifest DIR/manifest.jsonl --examples DIR --run DIR --steps 1500

Lessons of understanding are questions about one clip of the corpus and their answers, made from
what the corpus knows of it: its class and attributes, in plain words. Two of them go with one
lesson of generation. With `--ear-only` there is none of generation and only the ear's projector
learns (core/training/ear.py).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from core.audiostory import AudioStory
from core.bridge.text_encoder import TextEncoder
from core.corpus.captions import caption
from core.corpus.recordings import Waveform
from core.corpus.scenes import ENOUGH_RECORDINGS, SPEED, Clip, read, training_clips
from core.corpus.vocabulary import BY_NAME, CLASSES
from core.director.describe import QUESTION, question_embeddings
from core.errors import WeightsError
from core.files import atomic_path
from core.listener.aisfx import AISFX_RATE
from core.listener.effects import EffectsListener
from core.narratives.narratives import single
from core.training.devices import moved_to
from core.training.lesson import Ablation
from core.training.loop import TrainingRun, train
from core.training.objective import LAMBDA, Objective
from core.training.sounds import EventSounds
from core.training.stages import NO_ABLATION, lesson_of

UNDERSTANDING, GENERATION = 2, 1
"""Lessons of each kind a step."""
_LONGEST = 8.0
"""Seconds of a clip that are listened to."""
_SHORTEST = 1.0
"""Seconds of the shortest span of a longer clip."""
SILENCE, QUIET = 0.3, 1.0
"""How often there is silence before a span, or after it, and how many seconds of it at most."""
ASKING = (
    QUESTION,
    "What is in this clip?",
    "Describe this sound.",
    "What can be heard here?",
    "Write a caption for this recording.",
)
ATTRIBUTES: dict[str, tuple[str, dict[str, str]]] = {
    "distance": ("Is it near or far away?", {"close": "It is near.", "distant": "It is far away."}),
    "strength": (
        "Is it light or heavy?",
        {"light": "It is light.", "moderate": "It is moderate.", "heavy": "It is heavy."},
    ),
    "tempo": (
        "Is it slow or fast?",
        {"slow": "It is slow.", "steady": "It is steady.", "fast": "It is fast."},
    ),
    "count": (
        "How often does it sound?",
        {"single": "Once.", "several": "Several times.", "many": "Many times."},
    ),
}


@dataclass(frozen=True)
class HeardClip:
    """A clip as its pooled features (tokens, 512), with what is known of it."""

    features: Tensor
    sound_class: str
    attributes: dict[str, str]


@dataclass(frozen=True)
class Listened:
    """What is asked about a clip, and the answer."""

    clip: HeardClip
    question: str
    answer: str


def listen(
    listener: EffectsListener, manifest: Path, file: Path, per_class: int, views: int = 1
) -> list[HeardClip]:
    """Features of training clips of each class, kept in `file`.

    Args:
        per_class: clips of a class at most, recordings first; a class that has
            `ENOUGH_RECORDINGS` of them is learned from recordings alone, as by the performer.
        views: how often a recording is listened to: as it is, then in other spans (`_span`).

    Raises:
        AudioFileError: a clip cannot be read.
    """
    if not file.exists():
        rng = Random(0)
        heard: list[Tensor] = []
        about: list[tuple[str, dict[str, str]]] = []
        for clips in training_clips(manifest).values():
            for clip in _chosen(clips, per_class):
                for sound in _views(clip, views, rng):
                    heard.append(listener.pooled(torch.from_numpy(sound)[None], AISFX_RATE))
                    about.append((clip.sound_class, clip.attributes))
        with atomic_path(file) as temporary:
            kept = {"features": torch.stack(heard)}
            save_file(kept, temporary, metadata={"clips": json.dumps(about)})
    with safe_open(file, framework="pt") as found:
        rows = json.loads(found.metadata()["clips"])
        features = found.get_tensor("features")
    return [HeardClip(f, name, known) for f, (name, known) in zip(features, rows, strict=True)]


def _chosen(clips: Sequence[Clip], per_class: int) -> list[Clip]:
    recorded = [clip for clip in clips if clip.recorded]
    synthesised = [clip for clip in clips if not clip.recorded]
    return (recorded if len(recorded) >= ENOUGH_RECORDINGS else recorded + synthesised)[:per_class]


def _views(clip: Clip, views: int, rng: Random) -> Iterator[Waveform]:
    yield read(clip)[: round(_LONGEST * AISFX_RATE)]
    for _ in range(views - 1 if clip.recorded else 0):
        yield _span(read(clip, 1.0 + rng.uniform(-SPEED, SPEED)), rng)


def _span(sound: Waveform, rng: Random) -> Waveform:
    """Some seconds of a sound, now and then with silence before or after them.

    A recording that someone brings begins anywhere and is seldom cut as closely as the corpus.
    """
    length = min(len(sound), round(rng.uniform(_SHORTEST, _LONGEST) * AISFX_RATE))
    begin = rng.randrange(len(sound) - length + 1)
    around = [
        np.zeros(rng.randrange(round(QUIET * AISFX_RATE)) if rng.random() < SILENCE else 0)
        for _ in range(2)
    ]
    parts = (around[0], sound[begin : begin + length], around[1])
    return np.concatenate(parts).astype(np.float32)


def question(clip: HeardClip, rng: Random) -> tuple[str, str]:
    """A question about the clip and its answer; half of them ask for a caption.

    The answers are in the plain words that captions mean: they are what the performer knows best,
    and a small model that is to say the same in hundreds of ways says none of them surely.
    """
    meant = caption(clip.sound_class, clip.attributes, rng).meant
    kind = rng.random()
    if kind < 0.5:
        return rng.choice(ASKING), meant
    known = [key for key in ATTRIBUTES if clip.attributes.get(key) in ATTRIBUTES[key][1]]
    if kind < 0.6 and known:
        key = rng.choice(known)
        asking, answers = ATTRIBUTES[key]
        return asking, answers[clip.attributes[key]]
    other = rng.choice([c for c in CLASSES if c.name != clip.sound_class])
    own = BY_NAME[clip.sound_class]
    if kind < 0.8:
        pair = [own.caption, other.caption]
        rng.shuffle(pair)
        return f"Is it {pair[0]} or {pair[1]}?", own.caption
    if rng.random() < 0.5:
        return f"Is {own.caption} heard?", f"Yes, {meant}."
    return f"Is {other.caption} heard?", f"No, {meant}."


def draw(clips: Sequence[HeardClip], count: int, rng: Random) -> list[HeardClip]:
    """Some of the clips; a class of four times as many clips is drawn twice as often."""
    classes: dict[str, list[HeardClip]] = defaultdict(list)
    for clip in clips:
        classes[clip.sound_class].append(clip)
    names = sorted(classes)
    drawn = rng.choices(names, [len(classes[name]) ** 0.5 for name in names], k=count)
    return [rng.choice(classes[name]) for name in drawn]


def listening_lessons(clips: Sequence[HeardClip], count: int, rng: Random) -> list[Listened]:
    """Questions about drawn clips, and their answers."""
    return [Listened(clip, *question(clip, rng)) for clip in draw(clips, count, rng)]


def answer_loss(model: AudioStory, asked_of: Sequence[Listened]) -> Tensor:
    """Cross-entropy of the answers and of their turns' ends, given the sounds and the questions.

    Shorter lessons are filled up at their end, which a causal model does not see.
    """
    assert model.listener is not None
    features = torch.stack([lesson.clip.features.float() for lesson in asked_of])
    heard = model.listener(*moved_to(model.listener, features))
    written = [[*model.encode(lesson.answer), model.ids.turn_end] for lesson in asked_of]
    inputs = [
        question_embeddings(model, lesson.question, sound, answer[:-1])[0]
        for lesson, sound, answer in zip(asked_of, heard, written, strict=True)
    ]
    states = model.backbone(
        inputs_embeds=pad_sequence(inputs, batch_first=True), use_cache=False
    ).last_hidden_state
    answering = [
        row[len(given) - len(answer) : len(given)]
        for row, given, answer in zip(states, inputs, written, strict=True)
    ]
    targets = torch.tensor([token for answer in written for token in answer])
    scores = model.head(torch.cat(answering)).float()
    return functional.cross_entropy(scores, targets.to(scores.device))


def _step_losses(
    model: AudioStory, clips: Sequence[HeardClip], objective: Objective, generator: torch.Generator
) -> Iterator[Mapping[str, Tensor]]:
    """The loss terms of one step: two lessons of understanding, one of generation."""
    rng = Random(int(torch.randint(2**31, (1,), generator=generator)))
    yield {"text": answer_loss(model, listening_lessons(clips, UNDERSTANDING, rng))}
    for _ in range(GENERATION):
        yield dict(objective.terms(lesson_of(single(rng)), generator))


def train_understanding(
    model: AudioStory,
    clips: Sequence[HeardClip],
    sounds: EventSounds | None,
    run: TrainingRun,
    folder: Path,
    ablation: Ablation = NO_ABLATION,
) -> None:
    """Train adapter, the ear's projector, bridge and DiT; the ear itself stays as it is.

    Args:
        clips: from `listen`.
        sounds: latents for the lessons of generation; without them L_flow is left out.

    Raises:
        WeightsError: the profile has no ear.
    """
    if model.listener is None:
        raise WeightsError(f"The profile {model.profile.name} has no listener to train.")
    torch.manual_seed(run.seed)
    encoder = TextEncoder(model.profile.bridge.semantic_tokens)
    objective = Objective(model, encoder, sounds, ablation)
    model.performer.requires_grad_(sounds is not None)
    model.listener.requires_grad_(True)
    train(model, lambda g: _step_losses(model, clips, objective, g), LAMBDA, run, folder)
