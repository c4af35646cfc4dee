"""A judge of several sounds at once: which classes are heard in a mixture?

The nearest centroid is made for one sound. Of mixtures of two held-out recordings it finds both
classes among five in about one of four, so what it misses in a render says little of the render. A
tagger is a classifier of two layers on the same frozen embedding, with a sigmoid for each class, as
in audio tagging (Kong et al. 2020). It learns from mixtures of two training recordings; it hears no
render in training and no held-out recording, and how well it hears real mixtures is measured on
those (`python app.py evaluate tagger`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from core.errors import WeightsError
from core.evaluation.recognise import LabelledRecording, ignored
from core.files import atomic_path
from core.listener.aisfx import AISFX_RATE, Embedder
from core.listener.nearest import MIXTURE_SECONDS

MIXTURES = 12_000
LEVELS_DB = 6.0
"""By so much at most the second sound of a mixture is softer or louder than the first."""
HIDDEN = 512
DROPOUT = 0.4
RATE, DECAY = 1e-3, 0.05
EPOCHS = 60
_BATCH = 128
STEPS_SAID = 1000

Sounding = tuple[Tensor, tuple[str, ...]]
"""A waveform (N,), or its embedding (D,), and the classes that are heard in it."""


def unit_level(waveform: Tensor) -> Tensor:
    """The waveform at an RMS of 1; silence stays so."""
    return waveform / waveform.square().mean().sqrt().clamp_min(1e-6)


def mixtures(
    recordings: Sequence[LabelledRecording], count: int, seed: int = 0
) -> Iterator[Sounding]:
    """Mixtures of two recordings of different classes, classes drawn evenly; always the same."""
    draw = Random(seed)
    by_class: dict[str, list[LabelledRecording]] = {}
    for recording in recordings:
        by_class.setdefault(recording.name, []).append(recording)
    for _ in range(count):
        pair = draw.sample(sorted(by_class), 2)
        first, second = (
            unit_level(_excerpt(draw.choice(by_class[name]).waveform, draw)) for name in pair
        )
        gain = 10.0 ** (draw.uniform(-LEVELS_DB, LEVELS_DB) / 20.0)
        yield first + gain * second, tuple(pair)


def _excerpt(waveform: Tensor, draw: Random) -> Tensor:
    """As long as a render: from any place; a shorter sound is repeated or comes once, anywhere."""
    length = round(MIXTURE_SECONDS * AISFX_RATE)
    spare = length - len(waveform)
    if spare <= 0:
        start = draw.randint(0, -spare)
        return waveform[start : start + length]
    if draw.random() < 0.5:
        return waveform.repeat(-(-length // len(waveform)))[:length]
    before = draw.randint(0, spare)
    return F.pad(waveform, (before, spare - before))


class Tagger(nn.Module):
    """Logits of C classes from an embedding of D numbers."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, names: Sequence[str], dimensions: int):
        super().__init__()
        self.names = list(names)
        self.layers = nn.Sequential(
            nn.Dropout(DROPOUT),
            nn.Linear(dimensions, HIDDEN),
            nn.ReLU(),
            nn.Dropout(DROPOUT),
            nn.Linear(HIDDEN, len(self.names)),
        )
        self.register_buffer("mean", torch.zeros(dimensions))
        self.register_buffer("deviation", torch.ones(dimensions))

    def forward(self, embeddings: Tensor) -> Tensor:
        """Logits (B, C) of embeddings (B, D)."""
        return torch.as_tensor(self.layers((embeddings - self.mean) / self.deviation))

    @torch.inference_mode()
    def rank(self, embedding: Tensor) -> list[str]:
        """Class names, likeliest first, of an embedding (D,)."""
        order = self(embedding[None])[0].argsort(descending=True, stable=True)
        return [self.names[i] for i in order.tolist()]

    def save(self, path: Path) -> None:
        """Writes weights and names as safetensors, in half precision."""
        stored = {name: value.half().contiguous() for name, value in self.state_dict().items()}
        with atomic_path(path) as temporary:
            save_file(stored, temporary, metadata={"names": "\n".join(self.names)})

    @classmethod
    def load(cls, path: Path) -> Tagger:
        """The tagger that `save` wrote.

        Raises:
            WeightsError: the file is missing or damaged.
        """
        try:
            with safe_open(path, framework="pt") as file:
                names = file.metadata()["names"].split("\n")
                stored = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
            tagger = cls(names, len(stored["mean"]))
            tagger.load_state_dict(stored)
        except (OSError, SafetensorError, KeyError, TypeError, RuntimeError) as error:
            raise WeightsError(
                f"Cannot read {path}: run `python app.py evaluate tagger --manifest FILE` first."
            ) from error
        return tagger.eval().requires_grad_(False)


def fit_tagger(
    recordings: Sequence[LabelledRecording],
    embedder: Embedder,
    count: int = MIXTURES,
    seed: int = 0,
    say: Callable[[str], None] = ignored,
) -> Tagger:
    """A tagger that has heard the recordings, and `count` mixtures of two of them."""
    names = sorted({recording.name for recording in recordings})
    heard: list[Sounding] = [(embedder.embed(r.waveform), (r.name,)) for r in recordings]
    for number, (waveform, pair) in enumerate(mixtures(recordings, count, seed), 1):
        heard.append((embedder.embed(waveform), pair))
        if number % STEPS_SAID == 0:
            say(f"{number} of {count} mixtures heard")
    embeddings = torch.stack([embedding for embedding, _ in heard])
    present = torch.zeros(len(heard), len(names))
    for row, (_, pair) in enumerate(heard):
        present[row, [names.index(name) for name in pair]] = 1.0
    return _trained(names, embeddings, present, seed)


def _trained(names: Sequence[str], embeddings: Tensor, present: Tensor, seed: int) -> Tagger:
    """Binary cross-entropy on embeddings (N, D) and what is present in them (N, C)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        tagger = Tagger(names, embeddings.shape[1]).train()
        tagger.mean.copy_(embeddings.mean(0))
        tagger.deviation.copy_(embeddings.std(0).clamp_min(1e-6))
        optimizer = torch.optim.AdamW(tagger.parameters(), lr=RATE, weight_decay=DECAY)
        falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
        for _ in range(EPOCHS):
            for rows in torch.split(torch.randperm(len(embeddings)), _BATCH):
                loss = F.binary_cross_entropy_with_logits(tagger(embeddings[rows]), present[rows])
                optimizer.zero_grad()
                torch.autograd.backward(loss)
                optimizer.step()
            falling.step()
    return tagger.eval().requires_grad_(False)
