"""Stage II of the paper (section 3.3): understanding beside generation, the audio encoder frozen.

    python app.py train stage2 --manifest DIR/manifest.jsonl --examples DIR --run DIR --steps 1500

Lessons of understanding are questions about one clip of the corpus and their answers, made from
what the corpus knows of it: its class and attributes in the words of the training captions. Two of
them go with one lesson of generation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import soundfile
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from core.audiostory import AudioStory
from core.describing import QUESTION, asked
from core.errors import WeightsError
from core.evaluation.embedder import SAMPLE_RATE
from core.files import atomic_path
from core.hearing import EffectsListener
from core.text_encoder import TextEncoder
from core.training.captions import caption
from core.training.loop import TrainingRun, train
from core.training.narratives import single
from core.training.objective import LAMBDA, Ablation, Objective
from core.training.scenes import Clip, training_clips
from core.training.sounds import EventSounds
from core.training.stages import FULL, lesson_of
from core.training.vocabulary import BY_NAME, CLASSES

UNDERSTANDING, GENERATION = 2, 1
"""Lessons of each kind a step."""
LONGEST = 8.0
"""Seconds of a clip that are listened to."""
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


def listen(
    listener: EffectsListener, manifest: Path, file: Path, per_class: int
) -> list[HeardClip]:
    """Features of the first training clips of each class, recorded ones first; kept in `file`.

    Raises:
        AudioFileError: a clip cannot be read.
    """
    if not file.exists():
        chosen = [
            clip
            for clips in training_clips(manifest).values()
            for clip in sorted(clips, key=lambda c: not c.recorded)[:per_class]
        ]
        features = torch.stack([listener.pooled(*_sound(clip)) for clip in chosen])
        about = [[clip.sound_class, clip.attributes] for clip in chosen]
        with atomic_path(file) as temporary:
            save_file({"features": features}, temporary, metadata={"clips": json.dumps(about)})
    with safe_open(file, framework="pt") as kept:
        rows = json.loads(kept.metadata()["clips"])
        features = kept.get_tensor("features")
    return [HeardClip(f, name, known) for f, (name, known) in zip(features, rows, strict=True)]


def _sound(clip: Clip) -> tuple[Tensor, int]:
    samples, rate = soundfile.read(
        clip.path, frames=round(LONGEST * SAMPLE_RATE), dtype="float32", always_2d=True
    )
    return torch.from_numpy(samples.T), rate


def question(clip: HeardClip, rng: Random) -> tuple[str, str]:
    """A question about the clip and its answer; half of them ask for a caption."""
    told = caption(clip.sound_class, clip.attributes, rng).said
    kind = rng.random()
    if kind < 0.5:
        return rng.choice(ASKING), told
    known = [key for key in ATTRIBUTES if clip.attributes.get(key) in ATTRIBUTES[key][1]]
    if kind < 0.65 and known:
        asking, answers = ATTRIBUTES[rng.choice(known)]
        return asking, answers[clip.attributes[_key_of(asking)]]
    other = rng.choice([c for c in CLASSES if c.name != clip.sound_class])
    own = BY_NAME[clip.sound_class]
    if kind < 0.85:
        pair = [own.caption, other.caption]
        rng.shuffle(pair)
        return f"Is it {pair[0]} or {pair[1]}?", own.caption
    if rng.random() < 0.5:
        return f"Is {own.caption} heard?", f"Yes, {told}."
    return f"Is {other.caption} heard?", f"No, {told}."


def _key_of(asking: str) -> str:
    return next(key for key, (text, _) in ATTRIBUTES.items() if text == asking)


def answer_loss(model: AudioStory, clip: HeardClip, asking: str, answer: str) -> Tensor:
    """Cross-entropy of the answer and of the turn's end, given the sound and the question."""
    assert model.listener is not None
    heard = model.listener(clip.features.float())
    written = torch.tensor([*model.encode(answer), model.ids.turn_end])
    inputs = asked(model, asking, heard, written[:-1].tolist())
    states = model.backbone(inputs_embeds=inputs).last_hidden_state[0]
    logits = model.head(states[-len(written) :])
    return functional.cross_entropy(logits, written)


def step_losses(
    model: AudioStory, clips: Sequence[HeardClip], objective: Objective, generator: torch.Generator
) -> Iterator[Mapping[str, Tensor]]:
    """The loss terms of one step: two lessons of understanding, one of generation."""
    rng = Random(int(torch.randint(2**31, (1,), generator=generator)))
    for _ in range(UNDERSTANDING):
        clip = rng.choice(clips)
        yield {"text": answer_loss(model, clip, *question(clip, rng))}
    for _ in range(GENERATION):
        yield dict(objective.terms(lesson_of(single(rng)), generator))


def train_understanding(
    model: AudioStory,
    clips: Sequence[HeardClip],
    sounds: EventSounds | None,
    run: TrainingRun,
    folder: Path,
    ablation: Ablation = FULL,
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
    train(model, lambda g: step_losses(model, clips, objective, g), LAMBDA, run, folder)
