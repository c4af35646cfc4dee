"""An ear for a director that stays as it is: the projector alone learns.

    python app.py train stage2 --ear-only --from published --manifest DIR/manifest.jsonl \
        --run DIR --steps 700 --per-class 200 --views 7 --average 0.98

The language model, with its adapter merged, is frozen, and so are bridge and performer: what they
write and render is the same to the bit. Only the map from the frozen sound encoder's features into
the embeddings is trained, through the frozen model, by cross-entropy of the answers. So it is done
for pictures by LiMBeR (Merullo et al., ICLR 2023) and, with a mapper of more layers, by ClipCap's
variant with a frozen language model (Mokady et al. 2021). Both begin from random weights; here the
projector is first warmed up by L_mse, as the paper's stage I does it with the semantic tokens:
towards the mean of the embeddings of the words in the plain caption. The encoder's features tell
the classes apart, and that much is learned in seconds without the language model: after 200 steps
more the answers' loss was 1.1, without the warm-up (at twice the rate) 1.8.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import torch
from peft import PeftModel
from torch import Tensor
from torch.nn import functional

from core.audiostory import AudioStory
from core.corpus.vocabulary import CLASSES
from core.errors import WeightsError
from core.training.devices import moved_to
from core.training.loop import TrainingRun, precision, train
from core.training.objective import LAMBDA
from core.training.understanding import HeardClip, answer_loss, draw, listening_lessons

LESSONS = 16
"""Lessons a step."""
ALIGNMENT = TrainingRun(1500, 1e-3, warmup=50, average=0.99)
ALIGNED = 64
"""Clips a step of the warm-up."""


def train_ear(
    model: AudioStory,
    clips: Sequence[HeardClip],
    run: TrainingRun,
    folder: Path,
    count: int = LESSONS,
) -> None:
    """Train the ear's projector; afterwards the model's adapter is merged.

    The warm-up is a run of its own in the subfolder `aligned`.

    Args:
        clips: from `listen`.
        count: lessons a step, answered as one batch.

    Raises:
        WeightsError: the profile has no ear.
    """
    if model.listener is None:
        raise WeightsError(f"The profile {model.profile.name} has no listener to train.")
    if isinstance(model.llm, PeftModel):
        model.llm = model.llm.merge_and_unload()
    model.requires_grad_(False)
    model.listener.requires_grad_(True)
    meant = plain_embeddings(model)

    def distances(generator: torch.Generator) -> Iterator[Mapping[str, Tensor]]:
        drawn = draw(clips, ALIGNED, _random(generator))
        assert model.listener is not None
        features = torch.stack([clip.features.float() for clip in drawn])
        wanted = torch.stack([meant[clip.sound_class] for clip in drawn])
        features, wanted = moved_to(model.listener, features, wanted)
        heard = model.listener(features).float()
        yield {"mse": functional.mse_loss(heard.mean(1), wanted)}

    def losses(generator: torch.Generator) -> Iterator[Mapping[str, Tensor]]:
        yield {"text": answer_loss(model, listening_lessons(clips, count, _random(generator)))}

    aligning = replace(ALIGNMENT, parts=run.parts)
    train(model, distances, LAMBDA, aligning, folder / "aligned")
    if precision() == "bf16":
        model.llm.to(torch.bfloat16)
    # On short sequences a step with plain attention takes three fifths of one with the fused.
    model.llm.set_attn_implementation("eager")
    train(model, losses, LAMBDA, run, folder)


def plain_embeddings(model: AudioStory) -> dict[str, Tensor]:
    """The mean (hidden,) of the embeddings of each class' plain caption."""
    table = model.llm.get_input_embeddings().weight.detach()
    return {c.name: table[torch.tensor(model.encode(c.caption))].mean(0) for c in CLASSES}


def _random(generator: torch.Generator) -> Random:
    return Random(int(torch.randint(2**31, (1,), generator=generator)))
